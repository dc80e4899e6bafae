use arrow::datatypes::FieldRef;

use super::*;

fn item(data_type: DataType) -> FieldRef {
    Arc::new(Field::new("item", data_type, true))
}

#[test]
fn every_type_is_told_as_trino_writes_it() {
    use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
    for (text, expected) in [
        ("unknown", DataType::Null),
        ("boolean", DataType::Boolean),
        ("tinyint", DataType::Int8),
        ("smallint", DataType::Int16),
        ("integer", DataType::Int32),
        ("bigint", DataType::Int64),
        ("real", DataType::Float32),
        ("double", DataType::Float64),
        ("decimal(38,9)", DataType::Decimal128(38, 9)),
        ("decimal(39,0)", DataType::Utf8),
        ("varchar", DataType::Utf8),
        ("varchar(12)", DataType::Utf8),
        ("char(3)", DataType::Utf8),
        ("varbinary", DataType::Binary),
        ("date", DataType::Date32),
        ("time(0)", DataType::Time32(Second)),
        ("time(3)", DataType::Time32(Millisecond)),
        ("time(6)", DataType::Time64(Microsecond)),
        ("time(9)", DataType::Time64(Nanosecond)),
        ("time(12)", DataType::Utf8),
        ("time(3) with time zone", DataType::Utf8),
        ("timestamp(0)", DataType::Timestamp(Second, None)),
        ("timestamp(3)", DataType::Timestamp(Millisecond, None)),
        ("timestamp(6)", DataType::Timestamp(Microsecond, None)),
        ("timestamp(1)", DataType::Utf8),
        ("timestamp(9)", DataType::Utf8),
        ("timestamp(12)", DataType::Utf8),
        ("timestamp(3) with time zone", DataType::Utf8),
        ("interval day to second", DataType::Duration(Millisecond)),
        ("interval year to month", DataType::Utf8),
        ("json", DataType::Utf8),
        ("uuid", DataType::Utf8),
        ("ipaddress", DataType::Utf8),
        ("HyperLogLog", DataType::Utf8),
        ("Geometry", DataType::Utf8),
        ("array(varchar(3))", DataType::List(Arc::new(field("item", "varchar(3)")))),
        ("array(array(bigint))", DataType::List(item(DataType::List(item(DataType::Int64))))),
        ("array(", DataType::Utf8),
        ("map(bigint)", DataType::Utf8),
    ] {
        let field = field("x", text);
        assert_eq!(field.data_type(), &expected, "{text}");
        assert_eq!(told(&field), text);
        assert_eq!(field.metadata().is_empty(), trino_type(&expected) == text, "{text}");
    }
}

#[test]
fn rows_keep_the_names_of_their_fields() {
    let text = r#"row(a bigint, "b, ""c"")" decimal(5, 2), time time(3) with time zone, interval interval day to second, double)"#;
    let field = field("x", text);
    let DataType::Struct(fields) = field.data_type() else { panic!("{field:?}") };
    let fields: Vec<(&str, String)> = fields.iter().map(|field| (field.name().as_str(), told(field))).collect();
    assert_eq!(
        fields,
        [
            ("a", "bigint".to_owned()),
            ("b, \"c\")", "decimal(5,2)".to_owned()),
            ("time", "time(3) with time zone".to_owned()),
            ("interval", "interval day to second".to_owned()),
            ("field4", "double".to_owned()),
        ]
    );
    assert_eq!(told(&super::field("x", text)), text.replace("5, 2", "5,2"));
    assert_eq!(told(&super::field("x", "row(Abc bigint)")), "row(\"Abc\" bigint)");
}

#[test]
fn types_written_as_in_sql_are_told_as_all_others() {
    for (written, expected) in [
        ("decimal(10, 2)", "decimal(10,2)"),
        ("INTERVAL DAY TO SECOND", "interval day to second"),
        ("INTERVAL YEAR TO MONTH", "interval year to month"),
        ("map(integer, row(a varchar(1), b decimal(3, 1)))", "map(integer, row(a varchar(1), b decimal(3,1)))"),
        ("array(map(varchar(1), unknown))", "array(map(varchar(1), unknown))"),
        ("row(integer, decimal(2, 1))", "row(integer, decimal(2,1))"),
    ] {
        assert_eq!(told(&field("x", written)), expected);
    }
}

#[test]
fn keys_of_maps_are_what_the_protocol_can_say() {
    let keys = |text: &str| {
        let DataType::Map(entries, false) = field("x", text).data_type().clone() else { panic!("{text}") };
        let DataType::Struct(fields) = entries.data_type().clone() else { panic!("{text}") };
        assert!(!fields[0].is_nullable());
        (fields[0].data_type().clone(), told(&fields[0]), told(&fields[1]))
    };
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let (key, names) = (DataType::Int64, pair("bigint", "row(a varchar(2), b map(varchar, real))"));
    assert_eq!(keys("map(bigint, row(a varchar(2), b map(varchar,real)))"), (key, names.0, names.1));
    let (key, names) = (DataType::Utf8, pair("array(integer)", "date"));
    assert_eq!(keys("map(array(integer),date)"), (key, names.0, names.1));
}

#[test]
fn depth_has_an_end() {
    for (open, inside) in [("array(", "bigint"), ("row(", "a b"), ("row(r ", "bigint"), ("map(bigint, ", "bigint")] {
        let text = format!("{}{inside}{}", open.repeat(100_000), ")".repeat(100_000));
        assert_eq!(told(&field("x", &text)), text);
    }
}
