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

fn batch(types: &[&str], data: &str) -> RecordBatch {
    let mut rows = rows(types);
    let page = rows.read(serde_json::from_str(data).unwrap()).unwrap();
    assert!(page.batches.is_empty());
    rows.rest().unwrap().unwrap()
}

fn refused(kind: &str, value: &str) -> bool {
    rows(&[kind]).read(serde_json::from_str(&format!("[[{value}]]")).unwrap()).is_err()
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
    assert!(rows(&["bigint"]).read(serde_json::from_str("[[]]").unwrap()).is_err());
    assert!(rows(&["bigint"]).read(serde_json::from_str("[1]").unwrap()).is_err());
}

#[test]
fn batches_are_bounded_in_rows_and_bytes_and_reach_over_pages() {
    let mut counted = rows(&["bigint"]);
    let page = format!("[{}]", vec!["[7]"; 5_000].join(","));
    let mut sizes = Vec::new();
    for _ in 0..5 {
        let page = counted.read(serde_json::from_str(&page).unwrap()).unwrap();
        assert_eq!(page.rows, 5_000);
        sizes.extend(page.batches.iter().map(RecordBatch::num_rows));
    }
    assert_eq!(sizes, [8192, 8192, 8192]);
    assert_eq!(counted.rest().unwrap().map(|batch| batch.num_rows()), Some(424));
    assert!(counted.rest().unwrap().is_none());

    let mut long = rows(&["varchar"]);
    let page = format!("[{}]", vec![format!("[\"{}\"]", "x".repeat(10_000)); 250].join(","));
    let page = long.read(serde_json::from_str(&page).unwrap()).unwrap();
    let sizes: Vec<usize> = page.batches.iter().map(RecordBatch::num_rows).collect();
    assert_eq!(sizes, [105, 105]);
}
