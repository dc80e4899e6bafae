use std::io::Write;
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Float32Array, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::DataType;
use lakefront_engine::{Compression, EngineErrorKind, Format, Limits, Table};

use crate::lake::{LIMITS, Lake, data_file, forecast, schema, write_parquet};

const CSV: Format = Format::Csv { delimiter: b',', quote: b'"', header: true, compression: Compression::None };
const JSON: Format = Format::Json { compression: Compression::None };

fn write(lake: &Lake, path: &str, content: &[u8]) {
    let path = lake.root().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

#[tokio::test]
async fn csv_and_json_lines_are_read() {
    let mut lake = Lake::new();
    write(&lake, "c.csv", b"id,name,price\n1,\"a, \"\"b\"\"\nc\",1.5\n2,,\n");
    write(&lake, "j.json", b"{\"Id\":1,\"Name\":\"x\"}\n{\"Name\":\"y\"}\n");
    let columns = schema(&[("id", DataType::Int64), ("name", DataType::Utf8), ("price", DataType::Float64)]);
    lake.add("c", CSV, columns, &[], &[("c.csv", &[])]);
    lake.add("j", JSON, schema(&[("Id", DataType::Int64), ("Name", DataType::Utf8)]), &[], &[("j.json", &[])]);
    let rows = lake.ask("select * from c order by id").await.unwrap().rows();
    assert_eq!(rows, [["1", "a, \"b\"\nc", "1.5"], ["2", "NULL", "NULL"]]);
    let rows = lake.ask("select name, id from j order by name").await.unwrap().rows();
    assert_eq!(rows, [["x", "1"], ["y", "NULL"]]);
    let answer = lake.ask("select sum(price) from c").await.unwrap();
    assert_eq!(answer.estimate.bytes, answer.statistics.scanned_bytes);
    assert!(!answer.estimate.exact);
}

#[tokio::test]
async fn compressed_text_is_read() {
    let mut lake = Lake::new();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(b"id\n1\n2\n").unwrap();
    write(&lake, "c.csv.gz", &packed.finish().unwrap());
    let format = Format::Csv { delimiter: b',', quote: b'"', header: true, compression: Compression::Gzip };
    lake.add("c", format, schema(&[("id", DataType::Int64)]), &[], &[("c.csv.gz", &[])]);
    assert_eq!(lake.cell("select sum(id) from c").await, "3");
}

/// A query that keeps nothing needs no more memory for a large file than for a small one.
#[tokio::test]
async fn a_long_text_file_is_read_in_little_memory() {
    let mut lake = Lake::new();
    // Unoptimised, five million rows take their time.
    lake.limits = Limits { deadline: Duration::from_secs(300), ..LIMITS };
    let rows = 5_000_000;
    let lines = |line: &dyn Fn(usize) -> String| (0..rows).map(line).collect::<String>();
    write(&lake, "c.csv", format!("n,text\n{}", lines(&|row| format!("{},some more text\n", row % 10))).as_bytes());
    write(&lake, "j.json", lines(&|row| format!("{{\"n\":{},\"m\":1}}\n", row % 10)).as_bytes());
    let columns = schema(&[("n", DataType::Int64), ("text", DataType::Utf8)]);
    lake.add("c", CSV, columns, &[], &[("c.csv", &[])]);
    lake.add("j", JSON, schema(&[("n", DataType::Int64), ("m", DataType::Int64)]), &[], &[("j.json", &[])]);
    for table in ["c", "j"] {
        assert_eq!(lake.cell(&format!("select sum(n) from {table}")).await, "22500000", "{table}");
        let peaks = lake.peaks();
        assert!(peaks.iter().all(|peak| *peak < 128 << 20), "{table}: {peaks:?}");
    }
}

#[tokio::test]
async fn a_bad_value_is_named_with_file_row_and_column() {
    let mut lake = Lake::new();
    write(&lake, "good.csv", b"id,price\n1,1.5\n");
    write(&lake, "bad.csv", b"id,price\n1,1.5\n2,oops\n");
    let columns = schema(&[("id", DataType::Int64), ("price", DataType::Float64)]);
    lake.add("c", CSV, columns, &[], &[("good.csv", &[]), ("bad.csv", &[])]);
    let error = lake.fails_with("select sum(price) from c", EngineErrorKind::InvalidFile).await;
    for part in ["bad.csv", "price", "3"] {
        assert!(error.message.contains(part), "{part} is missing in: {}", error.message);
    }
    assert!(!error.message.contains("good.csv"));
}

#[tokio::test]
async fn columns_may_be_missing_or_narrower_in_a_file_but_not_of_another_kind() {
    let mut lake = Lake::new();
    let wide = batch(vec![
        ("id", Arc::new(Int64Array::from(vec![1])) as ArrayRef),
        ("y", Arc::new(arrow::array::Float64Array::from(vec![0.5]))),
    ]);
    let narrow = batch(vec![
        ("y", Arc::new(Float32Array::from(vec![0.25])) as ArrayRef),
        ("ID", Arc::new(Int32Array::from(vec![2]))),
    ]);
    let partial = batch(vec![("id", Arc::new(Int64Array::from(vec![3])) as ArrayRef)]);
    let other = batch(vec![("id", Arc::new(StringArray::from(vec!["four"])) as ArrayRef)]);
    for (path, rows) in [("w.parquet", &wide), ("n.parquet", &narrow), ("p.parquet", &partial), ("o.parquet", &other)] {
        write_parquet(&lake.root().join(path), rows, 10);
    }
    let columns = wide.schema();
    lake.add(
        "t",
        Format::Parquet,
        Arc::clone(&columns),
        &[],
        &[("w.parquet", &[]), ("n.parquet", &[]), ("p.parquet", &[])],
    );
    lake.add("bad", Format::Parquet, columns, &[], &[("w.parquet", &[]), ("o.parquet", &[])]);
    let rows = lake.ask("select id, y from t order by id").await.unwrap().rows();
    assert_eq!(rows, [["1", "0.5"], ["2", "0.25"], ["3", "NULL"]]);
    assert_eq!(lake.cell("select y from t where id = 2").await, "0.25");
    let error = lake.fails_with("select sum(y) from bad", EngineErrorKind::SchemaConflict).await;
    assert!(error.message.contains("o.parquet") && error.message.contains("'id'"), "{}", error.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_parquet_is_an_error_of_that_file() {
    let mut lake = Lake::new();
    write_parquet(&lake.root().join("whole.parquet"), &forecast(3_000), 500);
    let whole = std::fs::read(lake.root().join("whole.parquet")).unwrap();
    let footer = |length: u32, body: &[u8]| [b"PAR1", body, &length.to_le_bytes()[..], b"PAR1"].concat();
    // A list of 2^31 - 1 structs in three bytes of thrift.
    let huge_list = [0x15, 0x02, 0x19, 0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 0x07];
    let middle = whole.len() / 2;
    let mut flipped = whole.clone();
    flipped[4..middle].iter_mut().for_each(|byte| *byte ^= 0x5A);
    let footer_length = u32::from_le_bytes(whole[whole.len() - 8..whole.len() - 4].try_into().unwrap()) as usize;
    let footer_at = whole.len() - 8 - footer_length;
    let mut damaged = vec![
        ("empty".to_owned(), Vec::new()),
        ("truncated".to_owned(), whole[..middle].to_vec()),
        ("text".to_owned(), b"id,name\n1,x\n".to_vec()),
        ("long-footer".to_owned(), footer(0xFFFF_FFF0, b"xx")),
        ("garbage-footer".to_owned(), footer(64, &[0xAB; 64])),
        ("huge-list".to_owned(), footer(huge_list.len() as u32, &huge_list)),
        ("flipped-data".to_owned(), flipped),
    ];
    for at in (0..footer_length).step_by(footer_length / 12) {
        let mut bent = whole.clone();
        bent[footer_at + at] ^= 0xFF;
        damaged.push((format!("bent-footer-{at}"), bent));
    }
    let columns = forecast(0).schema();
    for (name, content) in &damaged {
        let path = format!("{name}.parquet");
        write(&lake, &path, content);
        lake.add(name, Format::Parquet, Arc::clone(&columns), &[], &[(&path, &[])]);
    }
    for (name, _) in &damaged {
        match lake
            .ask(&format!("select sum(y_05), min(dma_id), max(restaurant_id), min(business_date) from \"{name}\""))
            .await
        {
            Err(error) => {
                use EngineErrorKind::*;
                assert!(
                    [InvalidFile, SchemaConflict, ResourceLimit, EngineCrashed].contains(&error.kind),
                    "{name}: {error:?}"
                );
                assert!(!error.message.contains(lake.root().to_str().unwrap()), "{}", error.message);
            }
            // Some bits of a footer mean nothing.
            Ok(_) => assert!(name.starts_with("bent-footer"), "{name} was read"),
        }
        assert_eq!(lake.cell("select 1").await, "1", "after {name}");
    }
}

#[tokio::test]
async fn keys_are_literal() {
    let mut lake = Lake::new();
    let odd = ["a%2Fb.csv", "two words+more.csv", "ünï\u{1F4C8}.csv", "state=C%41/x.csv", "q?&#.csv"];
    for (number, path) in odd.iter().enumerate() {
        write(&lake, path, format!("id\n{number}\n").as_bytes());
    }
    let files: Vec<(&str, &[&str])> = odd.iter().map(|path| (*path, &[][..])).collect();
    lake.add("t", CSV, schema(&[("id", DataType::Int64)]), &[], &files);
    assert_eq!(lake.cell("select sum(id) from t").await, "10");
}

#[tokio::test]
async fn files_outside_the_root_are_not_opened() {
    let mut lake = Lake::new();
    let secret = lake.folder.path().join("secret.csv");
    std::fs::write(&secret, "id\n42\n").unwrap();
    write(&lake, "inside.csv", b"id\n1\n");
    symlink(&secret, lake.root().join("out.csv")).unwrap();
    symlink("../secret.csv", lake.root().join("relative.csv")).unwrap();
    symlink(lake.folder.path(), lake.root().join("up")).unwrap();
    symlink(lake.root().join("inside.csv"), lake.root().join("absolute-inside.csv")).unwrap();
    symlink("inside.csv", lake.root().join("relative-inside.csv")).unwrap();
    let columns = schema(&[("id", DataType::Int64)]);
    for (name, path) in
        [("out", "out.csv"), ("relative", "relative.csv"), ("up", "up/secret.csv"), ("dots", "../secret.csv")]
    {
        lake.add(name, CSV, Arc::clone(&columns), &[], &[(path, &[])]);
    }
    for name in ["out", "relative", "up", "dots"] {
        lake.fails_with(&format!("select * from {name}"), EngineErrorKind::InvalidLocation).await;
    }
    for (name, path) in [("a", "absolute-inside.csv"), ("b", "relative-inside.csv")] {
        lake.add(name, CSV, Arc::clone(&columns), &[], &[(path, &[])]);
        assert_eq!(lake.cell(&format!("select id from {name}")).await, "1");
    }
}

#[tokio::test]
async fn a_file_that_changed_is_never_mixed_in() {
    let mut lake = Lake::new();
    write_parquet(&lake.root().join("t.parquet"), &forecast(300), 100);
    write(&lake, "c.csv", b"id\n1\n");
    lake.add("t", Format::Parquet, forecast(0).schema(), &[], &[("t.parquet", &[])]);
    lake.add("c", CSV, schema(&[("id", DataType::Int64)]), &[], &[("c.csv", &[])]);
    assert_eq!(lake.cell("select count(y_05) from t where y_05 >= 0").await, "300");
    std::thread::sleep(std::time::Duration::from_millis(20));
    write_parquet(&lake.root().join("t.parquet"), &forecast(600), 100);
    write(&lake, "c.csv", b"id\n7\n");
    for sql in ["select sum(y_05) from t", "select * from c"] {
        let error = lake.fails_with(sql, EngineErrorKind::DataChanged).await;
        assert!(error.message.contains("Refresh"), "{}", error.message);
    }
    // The refreshed table has another version, which the worker does not take for the old one.
    let old = Arc::unwrap_or_clone(lake.tables.remove(0));
    let files = vec![data_file(&lake.root(), "t.parquet", &[])];
    lake.tables.push(Arc::new(Table { version: "t-2".to_owned(), files, ..old }));
    assert_eq!(lake.cell("select count(y_05) from t where y_05 >= 0").await, "600");
}
