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

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use lakefront_trino::types::TYPE_KEY;

use super::wire::ColumnInfo;
use crate::values::{BATCH_BYTES, BATCH_ROWS, Column, Values, text};
use crate::{ErrorKind, QueryError};

/// Collects rows as record batches.
pub(super) struct Rows {
    schema: SchemaRef,
    columns: Vec<Column>,
    rows: usize,
    bytes: usize,
    /// A value of bytes.
    decoded: Vec<u8>,
}

/// The columns of a result, however it is read.
pub(super) fn schema(info: &[ColumnInfo]) -> SchemaRef {
    let field = |info: &ColumnInfo| {
        let (data_type, exact) = kind(info);
        let field = Field::new(&info.name, data_type, true);
        match exact {
            Some(exact) => field.with_metadata(HashMap::from([(TYPE_KEY.to_owned(), exact)])),
            None => field,
        }
    };
    Arc::new(Schema::new(info.iter().map(field).collect::<Vec<_>>()))
}

impl Rows {
    pub(super) fn new(schema: SchemaRef) -> Self {
        let columns = schema.fields().iter().map(|field| Column::new(field.data_type())).collect();
        Self { schema, columns, rows: 0, bytes: 0, decoded: Vec::new() }
    }

    pub(super) fn width(&self) -> usize {
        self.columns.len()
    }

    /// The value of a column in the row that is being written; every column gets one, in any order.
    pub(super) fn value(&mut self, column: usize, value: Option<&str>) -> Result<(), QueryError> {
        self.bytes += value.map_or(1, str::len);
        let Self { columns, decoded, bytes, .. } = self;
        let column_of = &mut columns[column];
        let taken = match (value, &column_of.values) {
            (None, _) => {
                column_of.null(bytes);
                Some(())
            }
            (Some(value), Values::Binary(_)) => {
                text::hexadecimal(value, decoded).and_then(|()| column_of.bytes(decoded))
            }
            (Some(value), _) => column_of.text(value),
        };
        if taken.is_none() {
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
        let arrays = self.columns.iter_mut().map(Column::finish).collect::<Result<Vec<_>, _>>();
        let arrays = arrays.map_err(QueryError::internal)?;
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

pub(super) fn unreadable(field: &Field, value: &str) -> QueryError {
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
            let mut rows = Rows::new(schema(&[info]));
            let error = rows.value(0, Some(wrong)).expect_err(name);
            assert_eq!(error.code, "RESULT_UNREADABLE");
            assert!(!error.message.contains(wrong) || wrong.is_empty() || wrong == "1");
        }
    }
}
