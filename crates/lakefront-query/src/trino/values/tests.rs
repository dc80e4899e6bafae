#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DurationMillisecondType, Float32Type, Float64Type, Int64Type, Time64NanosecondType, TimestampMicrosecondType,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::*;

fn rows(types: &[&str]) -> Rows {
    let columns: Vec<answer::Column> = types
        .iter()
        .enumerate()
        .map(|(at, kind)| answer::Column { name: format!("c{at}"), r#type: (*kind).to_owned() })
        .collect();
    Rows::new(&columns)
}

/// The number of rows of a page, and the batches that became full with it.
fn read(rows: &mut Rows, data: &str) -> Result<(u64, Vec<RecordBatch>), QueryError> {
    let mut batches = Vec::new();
    let count = rows.read(data.as_bytes(), |batch| {
        batches.push(batch);
        Ok(())
    })?;
    Ok((count, batches))
}

fn batch(types: &[&str], data: &str) -> RecordBatch {
    let mut rows = rows(types);
    assert!(read(&mut rows, data).unwrap().1.is_empty());
    rows.rest().unwrap().unwrap()
}

fn refused(kind: &str, value: &str) -> bool {
    read(&mut rows(&[kind]), &format!("[[{value}]]")).is_err()
}

/// As Arrow prints them.
fn printed(kind: &str, data: &str) -> Vec<String> {
    let batch = batch(&[kind], data);
    let options = FormatOptions::default().with_null("null");
    let formatter = ArrayFormatter::try_new(batch.column(0), &options).unwrap();
    (0..batch.num_rows()).map(|row| formatter.value(row).to_string()).collect()
}

#[test]
fn each_type_is_read_from_its_json() {
    for (kind, data, expected) in [
        ("unknown", "[[null]]", vec!["null"]),
        ("boolean", "[[true],[null]]", vec!["true", "null"]),
        ("tinyint", "[[-128]]", vec!["-128"]),
        ("smallint", "[[32767]]", vec!["32767"]),
        ("integer", "[[-2147483648]]", vec!["-2147483648"]),
        (
            "bigint",
            "[[9223372036854775807],[-9223372036854775808]]",
            vec!["9223372036854775807", "-9223372036854775808"],
        ),
        (
            "decimal(38,2)",
            r#"[["123456789012345678901234567890123456.78"]]"#,
            vec!["123456789012345678901234567890123456.78"],
        ),
        ("varchar(3)", r#"[["a\u0000\"ž"],[""],[null]]"#, vec!["a\0\"ž", "", "null"]),
        ("char(5)", r#"[["ab   "]]"#, vec!["ab   "]),
        ("varbinary", r#"[["SGVsbG8="],[""]]"#, vec!["48656c6c6f", ""]),
        ("date", r#"[["2024-05-06"],["1969-12-31"]]"#, vec!["2024-05-06", "1969-12-31"]),
        ("time(3)", r#"[["10:11:12.123"]]"#, vec!["10:11:12.123"]),
        ("timestamp(0)", r#"[["2024-05-06 10:11:12"]]"#, vec!["2024-05-06T10:11:12"]),
        ("timestamp(3)", r#"[["2024-05-06 10:11:12.123"]]"#, vec!["2024-05-06T10:11:12.123"]),
        ("timestamp(12)", r#"[["2024-05-06 10:11:12.123456789012"]]"#, vec!["2024-05-06 10:11:12.123456789012"]),
        (
            "timestamp(3) with time zone",
            r#"[["2024-05-06 10:11:12.123 Europe/Paris"]]"#,
            vec!["2024-05-06 10:11:12.123 Europe/Paris"],
        ),
        ("interval year to month", r#"[["-1-2"]]"#, vec!["-1-2"]),
        ("json", r#"[["{\"a\": [1, 2]}"]]"#, vec![r#"{"a": [1, 2]}"#]),
        ("uuid", r#"[["12151fd2-7586-11e9-8f9e-2a86e4085a59"]]"#, vec!["12151fd2-7586-11e9-8f9e-2a86e4085a59"]),
        ("ipaddress", r#"[["10.0.0.1"]]"#, vec!["10.0.0.1"]),
        ("Mystery", r#"[[{"a":[1,true]}],[7],["text"],[null]]"#, vec![r#"{"a":[1,true]}"#, "7", "text", "null"]),
        ("array(integer)", "[[[1,null]],[[]],[null]]", vec!["[1, null]", "[]", "null"]),
        ("map(bigint,varchar)", r#"[[{"1":"a","-2":null}],[{}],[null]]"#, vec!["{1: a, -2: null}", "{}", "null"]),
        ("map(boolean,date)", r#"[[{"true":"2024-05-06"}]]"#, vec!["{true: 2024-05-06}"]),
        ("map(varbinary,integer)", r#"[[{"SGU=":1}]]"#, vec!["{4865: 1}"]),
        ("map(array(integer), integer)", r#"[[{"[1, 2]":1}]]"#, vec!["{[1, 2]: 1}"]),
        ("map(double,tinyint)", r#"[[{"1.0E10":1}]]"#, vec!["{10000000000.0: 1}"]),
        (
            "row(a bigint, \"b c\" array(varchar))",
            r#"[[[1,["x"]]],[[null,null]],[null]]"#,
            vec!["{a: 1, b c: [x]}", "{a: null, b c: null}", "null"],
        ),
        ("row(bigint, bigint)", "[[[1,2]]]", vec!["{field0: 1, field1: 2}"]),
    ] {
        assert_eq!(printed(kind, data), expected, "{kind}");
    }
}

#[test]
fn no_number_is_rounded_twice() {
    let batch = batch(
        &["double", "real", "bigint", "time(9)", "timestamp(6)", "interval day to second"],
        r#"[[123456.789e-7, 16777217.000000001, 9007199254740993, "23:59:59.999999999", "0001-01-01 00:00:00.000001", "-1 00:00:00.001"],
            ["NaN", "Infinity", null, null, null, null],
            [1.7976931348623157E308, "-Infinity", null, null, null, null],
            [4.9E-324, null, null, null, null, null]]"#,
    );
    let doubles = batch.column(0).as_primitive::<Float64Type>();
    assert_eq!(doubles.value(0), 0.0123456789);
    assert!(doubles.value(1).is_nan());
    assert_eq!((doubles.value(2), doubles.value(3)), (f64::MAX, f64::from_bits(1)));
    let reals = batch.column(1).as_primitive::<Float32Type>();
    // Through an f64 it would be the even neighbour, 16777216.
    assert_eq!((reals.value(0), reals.value(1), reals.value(2)), (16_777_218.0, f32::INFINITY, f32::NEG_INFINITY));
    assert!(reals.is_null(3));
    assert_eq!(batch.column(2).as_primitive::<Int64Type>().value(0), 9_007_199_254_740_993);
    assert_eq!(batch.column(3).as_primitive::<Time64NanosecondType>().value(0), 86_399_999_999_999);
    assert_eq!(batch.column(4).as_primitive::<TimestampMicrosecondType>().value(0), -62_135_596_799_999_999);
    assert_eq!(batch.column(5).as_primitive::<DurationMillisecondType>().value(0), -86_400_001);
}

#[test]
fn what_is_no_value_of_its_type_is_refused() {
    for (kind, value) in [
        ("tinyint", "128"),
        ("integer", "1.5"),
        ("bigint", "9223372036854775808"),
        ("bigint", "true"),
        ("boolean", "1"),
        ("double", "\"one\""),
        ("double", "[1]"),
        ("decimal(3,2)", "\"10.00\""),
        ("decimal(3,2)", "1.00"),
        ("varbinary", "\"%%\""),
        ("date", "\"2023-02-29\""),
        ("date", "19849"),
        ("timestamp(3)", "\"2024-05-06T10:11:12.123\""),
        ("array(bigint)", "{}"),
        ("array(bigint)", "[\"x\"]"),
        ("map(bigint,bigint)", "[]"),
        ("map(bigint,bigint)", "{\"x\":1}"),
        ("row(a bigint)", "[]"),
        ("row(a bigint)", "[1,2]"),
        ("bigint", "1,2"),
    ] {
        assert!(refused(kind, value), "{kind} {value}");
    }
    assert!(read(&mut rows(&["bigint"]), "[[]]").is_err());
    assert!(read(&mut rows(&["bigint"]), "[1]").is_err());
}

#[test]
fn batches_are_bounded_in_rows_and_bytes_and_reach_over_pages() {
    let mut counted = rows(&["bigint"]);
    let page = format!("[{}]", vec!["[7]"; 5_000].join(","));
    let mut sizes = Vec::new();
    for _ in 0..5 {
        let (count, batches) = read(&mut counted, &page).unwrap();
        assert_eq!(count, 5_000);
        sizes.extend(batches.iter().map(RecordBatch::num_rows));
    }
    assert_eq!(sizes, [8192, 8192, 8192]);
    assert_eq!(counted.rest().unwrap().map(|batch| batch.num_rows()), Some(424));
    assert!(counted.rest().unwrap().is_none());

    let mut long = rows(&["varchar"]);
    let page = format!("[{}]", vec![format!("[\"{}\"]", "x".repeat(10_000)); 250].join(","));
    let sizes: Vec<usize> = read(&mut long, &page).unwrap().1.iter().map(RecordBatch::num_rows).collect();
    assert_eq!(sizes, [105, 105]);
}

#[test]
fn a_null_counts_what_its_fields_take() {
    let fields: Vec<String> = (0..5_000).map(|field| format!("a{field} bigint")).collect();
    let mut wide = rows(&[&format!("row({})", fields.join(", "))]);
    let page = format!("[{}]", vec!["[null]"; 60].join(","));
    let (_, batches) = read(&mut wide, &page).unwrap();
    let sizes: Vec<usize> = batches.iter().map(RecordBatch::num_rows).collect();
    assert_eq!(sizes, [27, 27]);
    assert!(batches[0].get_array_memory_size() < 8 << 20, "{}", batches[0].get_array_memory_size());
}

#[test]
fn nobody_reads_on_when_nobody_takes() {
    let mut endless = rows(&["bigint"]);
    let page = format!("[{}]", vec!["[7]"; 100_000].join(","));
    let mut taken = 0;
    let error = endless.read(page.as_bytes(), |_| {
        taken += 1;
        if taken < 3 { Ok(()) } else { Err(Refused) }
    });
    assert_eq!((error.unwrap_err().code, taken), ("CANCELLED", 3));
}

#[test]
fn a_number_of_an_unknown_type_is_text_and_of_a_known_one_no_secret() {
    assert_eq!(printed("geometry", "[[1.5],[7],[null]]"), ["1.5", "7", "null"]);
    let column = Column::new(&arrow::datatypes::DataType::Int64);
    let (mut column, mut bytes) = (column, 0);
    let value = Value { column: &mut column, bytes: &mut bytes };
    let error = value.deserialize(&mut serde_json::Deserializer::from_str("271.828")).unwrap_err().to_string();
    assert!(!error.contains("271"), "{error}");
}
