//! The columns of a result: Arrow's own types where Arrow has them, text as Trino writes it elsewhere.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array, ListArray, MapArray, StringArray, StructArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Fields, Int64Type, TimeUnit};
use datafusion::logical_expr::Expr;

use crate::call::Call;
use crate::cast;
use crate::error::Result;
use crate::temporal::{is_instant, millis_overflow};
use crate::types::{MAX_FRACTION, TYPE_KEY, Type, VARCHAR};
use crate::udf::Presented;
use crate::value::{Value, Values, array_of};

/// The Arrow type of a result's column.
pub fn arrow(of: &Type) -> DataType {
    match of {
        Type::Time(0) => DataType::Time32(TimeUnit::Second),
        Type::Time(3) => DataType::Time32(TimeUnit::Millisecond),
        Type::Time(6) => DataType::Time64(TimeUnit::Microsecond),
        Type::Time(9) => DataType::Time64(TimeUnit::Nanosecond),
        Type::Timestamp(0) => DataType::Timestamp(TimeUnit::Second, None),
        Type::Array(element) => DataType::List(Arc::new(Field::new("item", arrow(element), true))),
        Type::Map(key, value) => {
            let entries =
                Fields::from(vec![Field::new("key", arrow(key), false), Field::new("value", arrow(value), true)]);
            DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entries), false)), false)
        }
        Type::Row(fields) => DataType::Struct(
            fields
                .iter()
                .enumerate()
                .map(|(at, (name, of))| {
                    Field::new(name.clone().unwrap_or_else(|| format!("field{at}")), arrow(of), true)
                })
                .collect(),
        ),
        other if is_text(other) => DataType::Utf8,
        other => other.arrow(),
    }
}

/// A field of a result, which names its Trino type.
pub fn field(name: &str, of: &Type) -> Field {
    Field::new(name, arrow(of), true).with_metadata([(TYPE_KEY.to_owned(), of.to_string())].into())
}

/// Whether Arrow has no type that holds all its values and tells its number of digits.
fn is_text(of: &Type) -> bool {
    match of {
        Type::Time(digits) => !matches!(digits, 0 | 3 | 6 | 9),
        Type::Timestamp(digits) => !matches!(digits, 0 | 3 | 6),
        Type::Char(_)
        | Type::Json
        | Type::TimeTz(_)
        | Type::TimestampTz(_)
        | Type::IntervalDayToSecond
        | Type::IntervalYearToMonth
        | Type::IpAddress
        | Type::Uuid => true,
        _ => false,
    }
}

fn is_same(of: &Type) -> bool {
    match of {
        Type::Char(_) => false,
        other => other.arrow() == arrow(other) && !is_nested(other),
    }
}

fn is_nested(of: &Type) -> bool {
    match of {
        Type::Array(element) => !is_same(element),
        Type::Map(key, value) => !is_same(key) || !is_same(value),
        Type::Row(_) => true,
        _ => false,
    }
}

pub(crate) fn expression(expr: Expr, of: &Type) -> Expr {
    if is_same(of) { expr } else { Presented::new(of.clone()).on(expr) }
}

pub(crate) fn kernel(call: &Call) -> Result<ArrayRef> {
    present(&call.array(0)?, &call.types[0])
}

fn present(array: &ArrayRef, of: &Type) -> Result<ArrayRef> {
    if is_same(of) {
        return Ok(Arc::clone(array));
    }
    Ok(match of {
        Type::Array(element) => {
            let list = array.as_list::<i32>();
            let items = present(list.values(), element)?;
            let field = Arc::new(Field::new("item", arrow(element), true));
            Arc::new(ListArray::try_new(field, list.offsets().clone(), items, list.nulls().cloned())?)
        }
        Type::Map(key, value) => {
            let map = array.as_map();
            let DataType::Map(field, _) = arrow(of) else { return Ok(Arc::clone(array)) };
            let DataType::Struct(fields) = field.data_type().clone() else { return Ok(Arc::clone(array)) };
            let columns = vec![present(map.keys(), key)?, present(map.values(), value)?];
            let entries = StructArray::try_new(fields, columns, None)?;
            Arc::new(MapArray::try_new(field, map.offsets().clone(), entries, map.nulls().cloned(), false)?)
        }
        Type::Row(fields) => {
            let row = array.as_struct();
            let DataType::Struct(arrow_fields) = arrow(of) else { return Ok(Arc::clone(array)) };
            let columns = row
                .columns()
                .iter()
                .zip(fields)
                .map(|(column, (_, of))| present(column, of))
                .collect::<Result<Vec<_>>>()?;
            Arc::new(StructArray::try_new_with_length(arrow_fields, columns, row.nulls().cloned(), row.len())?)
        }
        Type::Time(digits @ (0 | 3 | 6 | 9)) => {
            let unit = 10_i64.pow(u32::from(MAX_FRACTION - digits));
            let units: Int64Array = array.as_primitive::<Int64Type>().unary(|picos| picos / unit);
            let units = if *digits > 3 { Arc::new(units) as ArrayRef } else { cast(&units, &DataType::Int32)? };
            cast(&units, &arrow(of))?
        }
        Type::Timestamp(0) => cast(array, &arrow(of))?,
        other => {
            let values = Values::new(array, other);
            let texts: Vec<Option<String>> = (0..array.len())
                .map(|row| match values.get(row) {
                    Value::Null => Ok(None),
                    value => text(&value, other).map(Some),
                })
                .collect::<Result<_>>()?;
            Arc::new(StringArray::from(texts))
        }
    })
}

fn text(value: &Value, of: &Type) -> Result<String> {
    match (value, of) {
        (Value::Text(text), Type::Char(length)) => {
            let missing = (*length as usize).saturating_sub(text.chars().count());
            Ok(format!("{text}{}", " ".repeat(missing)))
        }
        (Value::Text(text), Type::Json) => Ok(text.clone()),
        // What is more precise than milliseconds counts further than can be sent.
        (Value::TimestampTz(instant, _), _) if !is_instant(*instant, 3) => Err(millis_overflow(*instant)),
        _ => match cast::value(value, of, &VARCHAR)? {
            Value::Text(text) => Ok(text),
            _ => Ok(String::new()),
        },
    }
}

/// Values of a type as an array of a result.
///
/// # Errors
/// Where a value is out of the type's range.
pub fn array(of: &Type, values: &[Value]) -> Result<ArrayRef> {
    present(&array_of(of, values)?, of)
}
