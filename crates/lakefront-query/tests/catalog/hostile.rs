//! Files that are not what they should be: a typed error that names the file, never a panic, memory in bounds.

use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray};

use crate::folder::{Lake, parquet};

fn good() -> Vec<u8> {
    let ids = Int64Array::from_iter_values(0..1000);
    let names = StringArray::from_iter_values((0..1000).map(|i| format!("name {i}")));
    parquet(&RecordBatch::try_from_iter([("id", Arc::new(ids) as _), ("name", Arc::new(names) as _)]).expect("a batch"))
}

/// The code of the error, or `OK`; the error must name the file.
async fn outcome(key: &str, bytes: &[u8]) -> String {
    let lake = Lake::new();
    lake.write(key, bytes);
    match lake.table().await.engine_table() {
        Ok(_) => "OK".to_owned(),
        Err(error) => {
            assert!(error.message.contains(key) || error.message.contains("empty"), "{}", error.message);
            error.code.to_owned()
        }
    }
}

#[tokio::test]
async fn parquet_cut_off_anywhere_is_invalid() {
    let good = good();
    for percent in 1..100 {
        let cut = &good[..good.len() * percent / 100];
        assert_eq!(outcome("t.parquet", cut).await, "INVALID_FILE", "{percent} %");
    }
    assert_eq!(outcome("t.parquet", b"").await, "INVALID_FILE");
    assert_eq!(outcome("t.parquet", b"PAR1").await, "INVALID_FILE");
    assert_eq!(outcome("t.parquet", &[0; 5000]).await, "INVALID_FILE");
    assert_eq!(outcome("t.parquet", b"PAR1\xff\xff\xff\x7fPAR1PAR1").await, "INVALID_FILE");
    assert_eq!(outcome("t.parquet", b"PAR1\xff\xff\xff\xffPAR1").await, "INVALID_FILE");
}

#[tokio::test]
async fn a_footer_that_counts_what_it_does_not_hold_is_invalid() {
    // FileMetaData {1: version 1, 2: list<SchemaElement> with 2^31-1 elements}, and the same for other lists.
    let most = [0xff, 0xff, 0xff, 0xff, 0x07];
    for (field, element) in [(2, 0x0c), (4, 0x0c), (5, 0x0c), (7, 0x0c)] {
        let footer = [&[0x15, 0x02, (field - 1) << 4 | 9, 0xf0 | element][..], &most, &[0, 0, 0]].concat();
        assert_eq!(outcome("t.parquet", &file_of(&footer)).await, "INVALID_FILE");
    }
    // A root with 2^31-1 children, then none.
    let root =
        [&[0x15, 0x02, 0x19, 0x1c, 0x48, 0x01, b'r', 0x15][..], &[0xfe, 0xff, 0xff, 0xff, 0x0f], &[0, 0]].concat();
    assert_eq!(outcome("t.parquet", &file_of(&root)).await, "INVALID_FILE");
    // Groups in groups, 50,000 deep: name "g", num_children 1.
    let mut deep = vec![0x15, 0x02, 0x19, 0xfc, 0xd0, 0x86, 0x03];
    for _ in 0..50_000 {
        deep.extend([0x48, 0x01, b'g', 0x15, 0x02, 0x00]);
    }
    deep.push(0);
    assert_eq!(outcome("t.parquet", &file_of(&deep)).await, "INVALID_FILE");
}

fn file_of(footer: &[u8]) -> Vec<u8> {
    let length = u32::try_from(footer.len()).expect("short").to_le_bytes();
    [b"PAR1", footer, &length, b"PAR1"].concat()
}

#[tokio::test]
async fn damaged_footers_never_panic() {
    let good = good();
    let footer = u32::from_le_bytes(good[good.len() - 8..good.len() - 4].try_into().expect("four bytes")) as usize;
    let start = good.len() - 8 - footer;
    let mut seed = 1_u64;
    for _ in 0..1500 {
        // xorshift: the same bytes every time.
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let mut bad = good.clone();
        bad[start + (seed as usize >> 8) % footer] = seed as u8;
        let outcome = outcome("t.parquet", &bad).await;
        assert!(["OK", "INVALID_FILE"].contains(&outcome.as_str()), "{outcome}");
    }
}

#[tokio::test]
async fn csv_that_is_none_has_a_line() {
    let wide = format!("{}\n1\n", "a,".repeat(1_000_000));
    let ragged: String = (0..10_000).map(|width| format!("x{}\n", ",1".repeat(width % 50 + 1))).collect();
    let unclosed = format!("a,b\n1,\"{}", "x\n".repeat(4 << 20));
    let endless = format!("a,b\n{}", "x".repeat(40 << 20));
    for (what, text, line) in [
        ("a million columns", wide.as_bytes(), "line 1"),
        ("ten thousand widths", ragged.as_bytes(), "line 2"),
        ("an unclosed quote", unclosed.as_bytes(), "line 2"),
        ("one endless line", endless.as_bytes(), ""),
        ("a short unclosed quote", b"a,b\n1,2\n3,\"4\n", "line 3"),
        ("a NUL byte", b"a,b\n1,x\0y\n", "line 2"),
        ("Latin-1", b"a,b\n1,caf\xe9\n", "line 2"),
        ("UTF-16", b"\xff\xfea\0,\0b\0\n\0", "UTF-16"),
        ("UTF-16 without a mark", b"a\0,\0b\0\n\0", "UTF-16"),
        ("too few values", b"a,b\n1,2\n3\n", "line 3"),
        ("too many values", b"a,b\n1,2\n3,4,5\n", "line 3"),
        ("no text at all", b"\n\n\n", ""),
    ] {
        let lake = Lake::new();
        lake.write("t.csv", text);
        let table = lake.table().await;
        match table.engine_table() {
            // What lies behind the part that is looked at is the reader's to find.
            Ok(_) => assert_eq!(what, "one endless line"),
            Err(error) => {
                assert_eq!(error.code, "INVALID_FILE", "{what}");
                assert!(error.message.contains(line), "{what}: {}", error.message);
            }
        }
    }
}

#[tokio::test]
async fn json_that_is_none_has_a_line() {
    let deep = format!("{{\"a\": {}1{}}}\n", "[".repeat(100_000), "]".repeat(100_000));
    let wide = format!("{{{}\"z\": 1}}\n", (0..20_000).map(|i| format!("\"k{i}\": 1, ")).collect::<String>());
    let endless = "{\"a\": \"".to_owned() + &"x".repeat(40 << 20);
    for (what, text, line) in [
        ("an array", "[{\"a\": 1}]\n", "array in line 1"),
        ("a pretty object", "{\n  \"a\": 1\n}\n", "line 1"),
        ("numbers", "1\n2\n", "line 1"),
        ("half an object", "{\"a\": 1}\n{\"a\": \n", "line 2"),
        ("a mixed array", "{\"a\": [1, \"x\"]}\n", "line 1"),
        ("depth", &deep, "line 1"),
        ("width", &wide, "line 1"),
        ("one endless line", &endless, "line 1"),
    ] {
        let lake = Lake::new();
        lake.write("t.json", text);
        let error = lake.error().await;
        assert_eq!(error.code, "INVALID_FILE", "{what}");
        assert!(error.message.contains(line), "{what}: {}", error.message);
    }
}

#[tokio::test]
async fn compressed_files_that_are_none_or_too_much() {
    assert_eq!(outcome("t.csv.gz", b"a,b\n1,2\n").await, "INVALID_FILE");
    assert_eq!(outcome("t.csv.zst", b"a,b\n1,2\n").await, "INVALID_FILE");
    // A frame that asks for a window of gigabytes.
    assert_eq!(outcome("t.csv.zst", &[0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0, 0, 0]).await, "INVALID_FILE");

    // Half a gibibyte of zeros in half a mebibyte: looked at up to the bound.
    let lake = Lake::new();
    let zeros = std::io::Read::take(std::io::repeat(0), 512 << 20);
    lake.write("t.csv.zst", zstd::encode_all(zeros, 1).expect("memory"));
    assert_eq!(lake.error().await.code, "INVALID_FILE");
}
