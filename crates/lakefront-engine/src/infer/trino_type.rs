//! The names people know Arrow's types by: Trino's.

use arrow::datatypes::{DataType, IntervalUnit, TimeUnit};

/// Trino's name of an Arrow type, as it stands in a `CAST`: `bigint`, `timestamp(3)`, `array(varchar)`,
/// `row(lat double, lon double)`.
pub fn trino_type(data_type: &DataType) -> String {
    match data_type {
        DataType::Null => "unknown".to_owned(),
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int8 => "tinyint".to_owned(),
        DataType::Int16 | DataType::UInt8 => "smallint".to_owned(),
        DataType::Int32 | DataType::UInt16 => "integer".to_owned(),
        DataType::Int64 | DataType::UInt32 => "bigint".to_owned(),
        DataType::UInt64 => "decimal(20,0)".to_owned(),
        DataType::Float16 | DataType::Float32 => "real".to_owned(),
        DataType::Float64 => "double".to_owned(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "varchar".to_owned(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "varbinary".to_owned()
        }
        DataType::Date32 | DataType::Date64 => "date".to_owned(),
        DataType::Time32(unit) | DataType::Time64(unit) => format!("time({})", digits(*unit)),
        DataType::Timestamp(unit, None) => format!("timestamp({})", digits(*unit)),
        DataType::Timestamp(unit, Some(_)) => {
            format!("timestamp({}) with time zone", digits(*unit))
        }
        DataType::Duration(_) | DataType::Interval(IntervalUnit::DayTime | IntervalUnit::MonthDayNano) => {
            "interval day to second".to_owned()
        }
        DataType::Interval(IntervalUnit::YearMonth) => "interval year to month".to_owned(),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => format!("decimal({precision},{scale})"),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => format!("array({})", trino_type(item.data_type())),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) if fields.len() == 2 => {
                format!("map({}, {})", trino_type(fields[0].data_type()), trino_type(fields[1].data_type()))
            }
            other => trino_type(other),
        },
        DataType::Struct(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|field| format!("{} {}", name(field.name()), trino_type(field.data_type())))
                .collect();
            format!("row({})", fields.join(", "))
        }
        DataType::Union(..) => "unknown".to_owned(),
        DataType::Dictionary(_, value) => trino_type(value),
        DataType::RunEndEncoded(_, value) => trino_type(value.data_type()),
    }
}

fn digits(unit: TimeUnit) -> u8 {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    }
}

/// A field's name, quoted where it would not be read as one.
fn name(name: &str) -> String {
    let plain = name.chars().next().is_some_and(|c| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::datatypes::{Field, Fields};

    use super::*;

    #[test]
    fn types_have_the_names_a_cast_takes() {
        let item = |data_type| Arc::new(Field::new("item", data_type, true));
        let place = DataType::Struct(Fields::from(vec![
            Field::new("lat", DataType::Float64, true),
            Field::new("Is Open", DataType::Boolean, true),
        ]));
        let map = DataType::Map(
            item(DataType::Struct(Fields::from(vec![
                Field::new("key", DataType::Utf8, false),
                Field::new("value", DataType::Decimal128(10, 2), true),
            ]))),
            false,
        );
        for (data_type, expected) in [
            (DataType::Int64, "bigint"),
            (DataType::Int32, "integer"),
            (DataType::Float32, "real"),
            (DataType::Utf8View, "varchar"),
            (DataType::Timestamp(TimeUnit::Millisecond, None), "timestamp(3)"),
            (DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())), "timestamp(9) with time zone"),
            (DataType::Time64(TimeUnit::Microsecond), "time(6)"),
            (DataType::Interval(IntervalUnit::YearMonth), "interval year to month"),
            (DataType::List(item(place)), "array(row(lat double, \"Is Open\" boolean))"),
            (map, "map(varchar, decimal(10,2))"),
        ] {
            assert_eq!(trino_type(&data_type), expected);
        }
    }
}
