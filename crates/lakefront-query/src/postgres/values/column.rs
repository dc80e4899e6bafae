//! The values of one column, or of the items of its lists, as they come.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder, Float64Builder,
    Int16Builder, Int32Builder, Int64Builder, ListArray, NullBufferBuilder, StringBuilder, Time64MicrosecondBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, FieldRef};
use fallible_iterator::FallibleIterator;
use postgres_protocol::types::array_from_sql;

use super::numeric;
use crate::QueryError;
use crate::postgres::failure::unexpected;
use crate::postgres::types::Kind;

/// Days and microseconds from 1970, where Arrow counts from, to 2000, where PostgreSQL does.
const EPOCH_DAYS: i32 = 10_957;
const EPOCH_MICROSECONDS: i64 = 946_684_800_000_000;
const DAY_MICROSECONDS: i64 = 86_400_000_000;

/// Values not yet in an array.
pub(super) struct Column {
    name: String,
    values: Values,
}

enum Values {
    Boolean(BooleanBuilder),
    Int2(Int16Builder),
    Int4(Int32Builder),
    Int8(Int64Builder),
    Oid(Int64Builder),
    Float4(Float32Builder),
    Float8(Float64Builder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder),
    Bytes(BinaryBuilder),
    Decimal(Decimal128Builder, u8),
    Numeric(StringBuilder),
    Uuid(StringBuilder),
    Jsonb(StringBuilder),
    Text(StringBuilder),
    List { field: FieldRef, ends: Vec<i32>, valid: NullBufferBuilder, items: Box<Column> },
}

impl Column {
    pub(super) fn new(name: &str, kind: &Kind) -> Self {
        let values = match kind {
            Kind::Boolean => Values::Boolean(BooleanBuilder::new()),
            Kind::Int2 => Values::Int2(Int16Builder::new()),
            Kind::Int4 => Values::Int4(Int32Builder::new()),
            Kind::Int8 => Values::Int8(Int64Builder::new()),
            Kind::Oid => Values::Oid(Int64Builder::new()),
            Kind::Float4 => Values::Float4(Float32Builder::new()),
            Kind::Float8 => Values::Float8(Float64Builder::new()),
            Kind::Date => Values::Date(Date32Builder::new()),
            Kind::Time => Values::Time(Time64MicrosecondBuilder::new()),
            Kind::Timestamp { .. } => {
                Values::Timestamp(TimestampMicrosecondBuilder::new().with_data_type(kind.data_type()))
            }
            Kind::Bytes => Values::Bytes(BinaryBuilder::new()),
            Kind::Decimal(_, scale) => {
                Values::Decimal(Decimal128Builder::new().with_data_type(kind.data_type()), scale.unsigned_abs())
            }
            Kind::Numeric => Values::Numeric(StringBuilder::new()),
            Kind::Uuid => Values::Uuid(StringBuilder::new()),
            Kind::Jsonb => Values::Jsonb(StringBuilder::new()),
            Kind::Text(_) | Kind::Sized(..) => Values::Text(StringBuilder::new()),
            Kind::List(item) => {
                let field = match kind.data_type() {
                    DataType::List(field) => field,
                    _ => Arc::new(item.field("item")),
                };
                let items = Box::new(Column::new(name, item));
                Values::List { field, ends: vec![0], valid: NullBufferBuilder::new(0), items }
            }
        };
        Self { name: name.to_owned(), values }
    }

    /// Takes in a value, or a null.
    pub(super) fn push(&mut self, value: Option<&[u8]>) -> Result<(), QueryError> {
        let name = &self.name;
        match &mut self.values {
            Values::Boolean(values) => values.append_option(fixed(name, value)?.map(|[byte]| byte != 0)),
            Values::Int2(values) => values.append_option(fixed(name, value)?.map(i16::from_be_bytes)),
            Values::Int4(values) => values.append_option(fixed(name, value)?.map(i32::from_be_bytes)),
            Values::Int8(values) => values.append_option(fixed(name, value)?.map(i64::from_be_bytes)),
            Values::Oid(values) => values.append_option(fixed(name, value)?.map(u32::from_be_bytes).map(i64::from)),
            Values::Float4(values) => values.append_option(fixed(name, value)?.map(f32::from_be_bytes)),
            Values::Float8(values) => values.append_option(fixed(name, value)?.map(f64::from_be_bytes)),
            Values::Date(values) => {
                let days = fixed(name, value)?.map(i32::from_be_bytes);
                let days = days.map(|days| match days {
                    i32::MIN | i32::MAX => Err(endless(name)),
                    days => days.checked_add(EPOCH_DAYS).ok_or_else(|| too_far(name)),
                });
                values.append_option(days.transpose()?);
            }
            Values::Time(values) => {
                let time = fixed(name, value)?.map(i64::from_be_bytes);
                if time.is_some_and(|time| !(0..DAY_MICROSECONDS).contains(&time)) {
                    return Err(no_place(name, "the time 24:00:00"));
                }
                values.append_option(time);
            }
            Values::Timestamp(values) => {
                let time = fixed(name, value)?.map(i64::from_be_bytes);
                let time = time.map(|time| match time {
                    i64::MIN | i64::MAX => Err(endless(name)),
                    time => time.checked_add(EPOCH_MICROSECONDS).ok_or_else(|| too_far(name)),
                });
                values.append_option(time.transpose()?);
            }
            Values::Bytes(values) => values.append_option(value),
            Values::Decimal(values, scale) => {
                let number = |bytes| {
                    let beyond = || match numeric::text(bytes) {
                        Some(text) => no_place(name, &format!("the number {text}")),
                        None => wrong(name),
                    };
                    numeric::scaled(bytes, *scale).ok_or_else(beyond)
                };
                values.append_option(value.map(number).transpose()?);
            }
            Values::Numeric(values) => {
                let text = |bytes| numeric::text(bytes).ok_or_else(|| wrong(name));
                values.append_option(value.map(text).transpose()?);
            }
            Values::Uuid(values) => {
                values.append_option(fixed(name, value)?.map(|bytes: [u8; 16]| uuid(u128::from_be_bytes(bytes))));
            }
            Values::Jsonb(values) => {
                let text = |bytes: &[u8]| match bytes.split_first() {
                    // The version of the form.
                    Some((1, text)) => text_of(name, text).map(str::to_owned),
                    _ => Err(wrong(name)),
                };
                values.append_option(value.map(text).transpose()?);
            }
            Values::Text(values) => values.append_option(value.map(|text| text_of(name, text)).transpose()?),
            Values::List { ends, valid, items, .. } => {
                valid.append(value.is_some());
                let mut end = ends.last().copied().unwrap_or_default();
                if let Some(bytes) = value {
                    let list = array_from_sql(bytes).map_err(|_| wrong(name))?;
                    if list.dimensions().count().map_err(|_| wrong(name))? > 1 {
                        return Err(no_place(name, "a list of lists"));
                    }
                    let mut values = list.values();
                    while let Some(item) = values.next().map_err(|_| wrong(name))? {
                        items.push(item)?;
                        end = end.checked_add(1).ok_or_else(|| wrong(name))?;
                    }
                }
                ends.push(end);
            }
        }
        Ok(())
    }

    pub(super) fn finish(&mut self) -> ArrayRef {
        match &mut self.values {
            Values::Boolean(values) => Arc::new(values.finish()),
            Values::Int2(values) => Arc::new(values.finish()),
            Values::Int4(values) => Arc::new(values.finish()),
            Values::Int8(values) | Values::Oid(values) => Arc::new(values.finish()),
            Values::Float4(values) => Arc::new(values.finish()),
            Values::Float8(values) => Arc::new(values.finish()),
            Values::Date(values) => Arc::new(values.finish()),
            Values::Time(values) => Arc::new(values.finish()),
            Values::Timestamp(values) => Arc::new(values.finish()),
            Values::Bytes(values) => Arc::new(values.finish()),
            Values::Decimal(values, _) => Arc::new(values.finish()),
            Values::Numeric(values) | Values::Uuid(values) | Values::Jsonb(values) | Values::Text(values) => {
                Arc::new(values.finish())
            }
            Values::List { field, ends, valid, items } => {
                let ends = OffsetBuffer::new(std::mem::replace(ends, vec![0]).into());
                Arc::new(ListArray::new(field.clone(), ends, items.finish(), valid.finish()))
            }
        }
    }
}

fn fixed<const N: usize>(name: &str, value: Option<&[u8]>) -> Result<Option<[u8; N]>, QueryError> {
    value.map(|bytes| bytes.try_into().map_err(|_| wrong(name))).transpose()
}

fn text_of<'a>(name: &str, bytes: &'a [u8]) -> Result<&'a str, QueryError> {
    std::str::from_utf8(bytes).map_err(|_| no_place(name, "text that is not of UTF-8"))
}

fn uuid(value: u128) -> String {
    let hex = format!("{value:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

fn endless(name: &str) -> QueryError {
    no_place(name, "the date infinity")
}

fn too_far(name: &str) -> QueryError {
    no_place(name, "a date too far away")
}

fn no_place(name: &str, what: &str) -> QueryError {
    QueryError::user(
        "NUMERIC_VALUE_OUT_OF_RANGE",
        format!("The column \"{name}\" has {what}, for which its type here has no place."),
    )
    .with_hint("Write the column as text (::text), or leave such rows out.")
}

fn wrong(name: &str) -> QueryError {
    unexpected(format!("PostgreSQL sent a value of \"{name}\" that is not of the column's type."))
}
