//! Athena's columns as Arrow's.
//!
//! | Athena | Arrow |
//! | --- | --- |
//! | boolean, tinyint … bigint, float, double, decimal | the same |
//! | varchar without length, string | text |
//! | varbinary | bytes |
//! | date, time and timestamp of 3 or 6 digits | the same |
//! | interval day to second | duration in ms |
//! | all others | text as Athena wrote it, with the type's exact name in the field's metadata |
//!
//! The others are those that Arrow can't hold as they are. A zone belongs to each value in Athena and to the column in
//! Arrow; 64 bits of nanoseconds end in 2262; and the text of nested values can't be read back: `[1, 2]` may hold one
//! text or two.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryBuilder, BooleanBuilder, Decimal128Builder, Float32Builder, Float64Builder, Int8Builder,
    Int16Builder, Int32Builder, Int64Builder, NullArray, RecordBatch, RecordBatchOptions, StringBuilder, make_array,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

use super::text;
use super::wire::ColumnInfo;
use crate::result::TRINO_TYPE;
use crate::{ErrorKind, QueryError};

/// A batch ends with the row that reaches either.
const BATCH_ROWS: usize = 8192;
const BATCH_BYTES: usize = 1 << 20;

/// Collects rows as record batches.
pub(super) struct Rows {
    schema: SchemaRef,
    columns: Vec<Column>,
    rows: usize,
    bytes: usize,
}

impl Rows {
    pub(super) fn new(info: &[ColumnInfo]) -> Result<Self, QueryError> {
        let kinds: Vec<(DataType, Option<String>)> = info.iter().map(kind).collect();
        let fields: Vec<Field> = info
            .iter()
            .zip(&kinds)
            .map(|(info, (data_type, exact))| {
                let field = Field::new(&info.name, data_type.clone(), true);
                match exact {
                    Some(exact) => field.with_metadata(HashMap::from([(TRINO_TYPE.to_owned(), exact.clone())])),
                    None => field,
                }
            })
            .collect();
        let columns = kinds.iter().map(|(data_type, _)| Column::new(data_type)).collect::<Result<_, _>>()?;
        Ok(Self { schema: Arc::new(Schema::new(fields)), columns, rows: 0, bytes: 0 })
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub(super) fn width(&self) -> usize {
        self.columns.len()
    }

    /// The value of a column in the row that is being written; every column gets one, in any order.
    pub(super) fn value(&mut self, column: usize, value: Option<&str>) -> Result<(), QueryError> {
        self.bytes += value.map_or(1, str::len);
        if self.columns[column].push(value).is_none() {
            return Err(unreadable(self.schema.field(column), value.unwrap_or_default()));
        }
        Ok(())
    }

    pub(super) fn end_row(&mut self) {
        self.rows += 1;
    }

    pub(super) fn is_full(&self) -> bool {
        self.rows >= BATCH_ROWS || self.bytes >= BATCH_BYTES
    }

    /// The rows so far; `None` where there are none.
    pub(super) fn take(&mut self) -> Result<Option<RecordBatch>, QueryError> {
        if self.rows == 0 {
            return Ok(None);
        }
        let fields = self.schema.fields().iter();
        let arrays = self.columns.iter_mut().zip(fields).map(|(column, field)| column.finish(field.data_type()));
        let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options);
        (self.rows, self.bytes) = (0, 0);
        batch.map(Some).map_err(QueryError::internal)
    }
}

/// The Arrow type, and the exact name where that does not say it.
fn kind(info: &ColumnInfo) -> (DataType, Option<String>) {
    let full = info.kind.trim().to_lowercase();
    let (name, arguments) = match full.split_once('(') {
        Some((name, rest)) => (name.trim(), rest.split_once(')')),
        None => (full.split('<').next().unwrap_or_default().trim(), None),
    };
    let suffix = arguments.map_or("", |(_, suffix)| suffix.trim());
    let mut numbers = arguments.map_or("", |(numbers, _)| numbers).split(',').map(|number| number.trim().parse().ok());
    let first: Option<i32> = numbers.next().flatten();
    let second: Option<i32> = numbers.next().flatten();
    // Athena has had 3 digits for long, and not always said so.
    let fraction = first.unwrap_or(if (1..=12).contains(&info.precision) { info.precision } else { 3 });
    let length = first.unwrap_or(info.precision);
    let text = |exact: String| (DataType::Utf8, Some(exact));
    let data_type = match (name, suffix) {
        ("boolean", _) => DataType::Boolean,
        ("tinyint", _) => DataType::Int8,
        ("smallint", _) => DataType::Int16,
        ("integer" | "int", _) => DataType::Int32,
        ("bigint", _) => DataType::Int64,
        ("float" | "real", _) => DataType::Float32,
        ("double", _) => DataType::Float64,
        ("decimal", _) => {
            let (precision, scale) = (first.unwrap_or(info.precision), second.unwrap_or(info.scale));
            match (u8::try_from(precision), i8::try_from(scale)) {
                (Ok(precision @ 1..=38), Ok(scale)) if (0..=precision as i8).contains(&scale) => {
                    DataType::Decimal128(precision, scale)
                }
                _ => return text(format!("decimal({precision},{scale})")),
            }
        }
        ("varchar", _) if (1..i32::MAX).contains(&length) => return text(format!("varchar({length})")),
        ("varchar" | "string", _) => DataType::Utf8,
        ("varbinary" | "binary", _) => DataType::Binary,
        ("date", _) => DataType::Date32,
        ("timestamp", "") if fraction == 3 => DataType::Timestamp(TimeUnit::Millisecond, None),
        ("timestamp", "") if fraction == 6 => DataType::Timestamp(TimeUnit::Microsecond, None),
        ("time", "") if fraction == 3 => DataType::Time32(TimeUnit::Millisecond),
        ("time", "") if fraction == 6 => DataType::Time64(TimeUnit::Microsecond),
        ("timestamp" | "time", "") => return text(format!("{name}({fraction})")),
        ("timestamp" | "time", "with time zone") => return text(format!("{name}({fraction}) with time zone")),
        ("timestamp with time zone" | "time with time zone", _) => {
            let (name, _) = name.split_once(' ').unwrap_or((name, ""));
            return text(format!("{name}({fraction}) with time zone"));
        }
        ("interval day to second" | "interval_day_time", _) => DataType::Duration(TimeUnit::Millisecond),
        ("interval year to month" | "interval_year_month", _) => return text("interval year to month".to_owned()),
        ("unknown", _) => DataType::Null,
        ("char", _) => return text(format!("char({})", length.max(1))),
        _ => return text(full),
    };
    (data_type, None)
}

/// A column that is being written.
enum Column {
    Boolean(BooleanBuilder),
    Tinyint(Int8Builder),
    Smallint(Int16Builder),
    /// Days and milliseconds too: the type's own number of 32 bits.
    Narrow(Int32Builder, fn(&str) -> Option<i32>),
    /// Ticks of a decimal part of a second too; the parser is told how many digits.
    Wide(Int64Builder, fn(&str, u32) -> Option<i64>, u32),
    Real(Float32Builder),
    Double(Float64Builder),
    Decimal(Decimal128Builder, u8, u32),
    Text(StringBuilder),
    Bytes(BinaryBuilder, Vec<u8>),
    Nothing(usize),
}

impl Column {
    fn new(data_type: &DataType) -> Result<Self, QueryError> {
        let narrow = |parse| Column::Narrow(Int32Builder::new(), parse);
        let wide = |parse, digits| Column::Wide(Int64Builder::new(), parse, digits);
        Ok(match data_type {
            DataType::Boolean => Column::Boolean(BooleanBuilder::new()),
            DataType::Int8 => Column::Tinyint(Int8Builder::new()),
            DataType::Int16 => Column::Smallint(Int16Builder::new()),
            DataType::Int32 => narrow(|text| text.parse().ok()),
            DataType::Int64 => wide(|text, _| text.parse().ok(), 0),
            DataType::Float32 => Column::Real(Float32Builder::new()),
            DataType::Float64 => Column::Double(Float64Builder::new()),
            DataType::Decimal128(precision, scale) => {
                let builder = Decimal128Builder::new().with_data_type(data_type.clone());
                Column::Decimal(builder, *precision, u32::from(scale.unsigned_abs()))
            }
            DataType::Utf8 => Column::Text(StringBuilder::new()),
            DataType::Binary => Column::Bytes(BinaryBuilder::new(), Vec::new()),
            DataType::Date32 => narrow(text::date),
            DataType::Time32(_) => narrow(|text| text::time(text, 3).and_then(|ticks| ticks.try_into().ok())),
            DataType::Time64(unit) => wide(text::time, digits(*unit)),
            DataType::Timestamp(unit, _) => wide(text::timestamp, digits(*unit)),
            DataType::Duration(_) => wide(|text, _| text::day_to_second(text), 3),
            DataType::Null => Column::Nothing(0),
            other => return Err(QueryError::internal(format!("no column of Athena is {other}"))),
        })
    }

    fn push(&mut self, value: Option<&str>) -> Option<()> {
        match (self, value) {
            (Column::Boolean(builder), Some(text)) => builder.append_value(match text {
                "true" => true,
                "false" => false,
                _ => return None,
            }),
            (Column::Tinyint(builder), Some(text)) => builder.append_value(text.parse().ok()?),
            (Column::Smallint(builder), Some(text)) => builder.append_value(text.parse().ok()?),
            (Column::Narrow(builder, parse), Some(text)) => builder.append_value(parse(text)?),
            (Column::Wide(builder, parse, digits), Some(text)) => builder.append_value(parse(text, *digits)?),
            (Column::Real(builder), Some(text)) => builder.append_value(text.parse().ok()?),
            (Column::Double(builder), Some(text)) => builder.append_value(text.parse().ok()?),
            (Column::Decimal(builder, precision, scale), Some(text)) => {
                let value = text::decimal(text, *scale)?;
                if value.unsigned_abs() >= 10_u128.pow(u32::from(*precision)) {
                    return None;
                }
                builder.append_value(value);
            }
            (Column::Text(builder), Some(text)) => builder.append_value(text),
            (Column::Bytes(builder, bytes), Some(text)) => {
                text::bytes(text, bytes)?;
                builder.append_value(bytes);
            }
            (Column::Nothing(_), Some(_)) => return None,
            (Column::Boolean(builder), None) => builder.append_null(),
            (Column::Tinyint(builder), None) => builder.append_null(),
            (Column::Smallint(builder), None) => builder.append_null(),
            (Column::Narrow(builder, _), None) => builder.append_null(),
            (Column::Wide(builder, ..), None) => builder.append_null(),
            (Column::Real(builder), None) => builder.append_null(),
            (Column::Double(builder), None) => builder.append_null(),
            (Column::Decimal(builder, ..), None) => builder.append_null(),
            (Column::Text(builder), None) => builder.append_null(),
            (Column::Bytes(builder, _), None) => builder.append_null(),
            (Column::Nothing(rows), None) => *rows += 1,
        }
        Some(())
    }

    fn finish(&mut self, data_type: &DataType) -> Result<ArrayRef, QueryError> {
        // Days and ticks are stored as the integers they are.
        let as_type = |array: ArrayRef| -> Result<ArrayRef, QueryError> {
            let data = array.to_data().into_builder().data_type(data_type.clone()).build();
            Ok(make_array(data.map_err(QueryError::internal)?))
        };
        Ok(match self {
            Column::Boolean(builder) => Arc::new(builder.finish()),
            Column::Tinyint(builder) => Arc::new(builder.finish()),
            Column::Smallint(builder) => Arc::new(builder.finish()),
            Column::Narrow(builder, _) => as_type(Arc::new(builder.finish()))?,
            Column::Wide(builder, ..) => as_type(Arc::new(builder.finish()))?,
            Column::Real(builder) => Arc::new(builder.finish()),
            Column::Double(builder) => Arc::new(builder.finish()),
            Column::Decimal(builder, ..) => Arc::new(builder.finish()),
            Column::Text(builder) => Arc::new(builder.finish()),
            Column::Bytes(builder, _) => Arc::new(builder.finish()),
            Column::Nothing(rows) => Arc::new(NullArray::new(std::mem::take(rows))),
        })
    }
}

fn digits(unit: TimeUnit) -> u32 {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    }
}

fn unreadable(field: &Field, value: &str) -> QueryError {
    let (name, data_type) = (field.name(), field.data_type());
    let shown: String = value.chars().take(100).collect();
    tracing::error!(column = name, "Athena wrote {shown:?} in column {name}, which is read as {data_type}");
    QueryError::new(
        "RESULT_UNREADABLE",
        ErrorKind::Internal,
        format!("A value of column \"{name}\" is none of the type that Athena gives it."),
    )
    .with_hint(format!("CAST(\"{name}\" AS varchar) shows it."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, precision: i32, scale: i32) -> (DataType, Option<String>) {
        kind(&ColumnInfo { kind: name.to_owned(), precision, scale, ..ColumnInfo::default() })
    }

    #[test]
    fn types_come_with_their_exact_names() {
        let text = |exact: &str| (DataType::Utf8, Some(exact.to_owned()));
        for (name, precision, scale, expected) in [
            ("bigint", 19, 0, (DataType::Int64, None)),
            ("float", 17, 0, (DataType::Float32, None)),
            ("decimal", 10, 2, (DataType::Decimal128(10, 2), None)),
            ("decimal(38,38)", 0, 0, (DataType::Decimal128(38, 38), None)),
            ("varchar", 2_147_483_647, 0, (DataType::Utf8, None)),
            ("string", 0, 0, (DataType::Utf8, None)),
            ("varchar", 5, 0, text("varchar(5)")),
            ("char", 5, 0, text("char(5)")),
            ("timestamp", 3, 0, (DataType::Timestamp(TimeUnit::Millisecond, None), None)),
            ("timestamp", 0, 0, (DataType::Timestamp(TimeUnit::Millisecond, None), None)),
            ("timestamp(6)", 0, 0, (DataType::Timestamp(TimeUnit::Microsecond, None), None)),
            ("timestamp", 9, 0, text("timestamp(9)")),
            ("timestamp(0)", 0, 0, text("timestamp(0)")),
            ("timestamp with time zone", 3, 0, text("timestamp(3) with time zone")),
            ("timestamp(6) with time zone", 0, 0, text("timestamp(6) with time zone")),
            ("time", 3, 0, (DataType::Time32(TimeUnit::Millisecond), None)),
            ("json", 0, 0, text("json")),
            ("array", 0, 0, text("array")),
            ("array<int>", 0, 0, text("array<int>")),
            ("row(a integer)", 0, 0, text("row(a integer)")),
            ("interval day to second", 0, 0, (DataType::Duration(TimeUnit::Millisecond), None)),
            ("interval year to month", 0, 0, text("interval year to month")),
            ("unknown", 0, 0, (DataType::Null, None)),
        ] {
            assert_eq!(of(name, precision, scale), expected, "{name}({precision},{scale})");
        }
    }

    #[test]
    fn a_value_of_another_type_is_an_error_and_no_null() {
        for (name, wrong) in [("integer", "x"), ("boolean", "1"), ("decimal", "1.234"), ("unknown", "x"), ("date", "")]
        {
            let info = ColumnInfo { name: "c".into(), kind: name.to_owned(), precision: 3, scale: 2, label: None };
            let mut rows = Rows::new(&[info]).expect("a known type");
            let error = rows.value(0, Some(wrong)).expect_err(name);
            assert_eq!(error.code, "RESULT_UNREADABLE");
            assert!(!error.message.contains(wrong) || wrong.is_empty() || wrong == "1");
        }
    }
}
