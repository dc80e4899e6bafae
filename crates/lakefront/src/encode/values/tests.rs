#![expect(clippy::unwrap_used, reason = "a test may end where a value is missing")]

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, Decimal128Array, DurationMillisecondArray, Int32Builder, Int64Array, IntervalYearMonthArray,
    MapBuilder, StringArray, StringBuilder, StructArray, TimestampMillisecondArray,
};
use arrow::datatypes::Field;

use super::*;

fn json(array: &dyn Array) -> Vec<String> {
    let values = Values::new(array);
    (0..array.len())
        .map(|row| {
            let mut out = Vec::new();
            values.json(row, &mut out);
            String::from_utf8(out).unwrap()
        })
        .collect()
}

#[test]
fn rows_are_lists_and_maps_are_objects() {
    let row = StructArray::from(vec![
        (Arc::new(Field::new("a", DataType::Int64, true)), Arc::new(Int64Array::from(vec![Some(1), None])) as ArrayRef),
        (Arc::new(Field::new("b", DataType::Utf8, true)), Arc::new(StringArray::from(vec!["x", "<\u{2028}\">"])) as _),
    ]);
    assert_eq!(json(&row), [r#"[1,"x"]"#, "[null,\"<\u{2028}\\\">\"]"]);

    let mut map = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    map.keys().append_value("k\"");
    map.values().append_value(1);
    map.append(true).unwrap();
    map.append(true).unwrap();
    map.append(false).unwrap();
    assert_eq!(json(&map.finish()), [r#"{"k\"":1}"#, "{}", "null"]);
}

#[test]
fn decimals_keep_their_digits_and_moments_their_zone() {
    let decimal = Decimal128Array::from(vec![150, -5, 0]).with_precision_and_scale(10, 2).unwrap();
    assert_eq!(json(&decimal), [r#""1.50""#, r#""-0.05""#, r#""0.00""#]);

    let summer_and_winter = TimestampMillisecondArray::from(vec![1_714_990_272_123, 1_704_067_200_000]);
    let paris = summer_and_winter.clone().with_timezone("Europe/Paris");
    assert_eq!(
        json(&paris),
        [r#""2024-05-06 12:11:12.123 Europe/Paris""#, r#""2024-01-01 01:00:00.000 Europe/Paris""#]
    );
    assert_eq!(json(&summer_and_winter), [r#""2024-05-06 10:11:12.123""#, r#""2024-01-01 00:00:00.000""#]);
}

#[test]
fn years_of_more_than_four_digits_have_a_sign() {
    let days = Date32Array::from(vec![3_672_554, 2_932_896, -735_525]);
    assert_eq!(json(&days), [r#""+12025-02-10""#, r#""9999-12-31""#, r#""-0044-03-15""#]);
}

#[test]
fn intervals_are_days_and_months() {
    let days = DurationMillisecondArray::from(vec![90_061_001, -1]);
    assert_eq!(json(&days), [r#""1 01:01:01.001""#, r#""-0 00:00:00.001""#]);
    let months = IntervalYearMonthArray::from(vec![14, -1]);
    assert_eq!(json(&months), [r#""1-2""#, r#""-0-1""#]);
}
