//! Stored columns as the types that operators work on.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use datafusion::arrow::compute::cast as arrow_cast;
use datafusion::arrow::datatypes::{DataType, TimeUnit, TimestampNanosecondType};
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::Cast;

use crate::call::Call;
use crate::error::Result;
use crate::types::Type;
use crate::udf::Udf;
use crate::value::{Value, array_of};
use crate::zone::Zone;

pub(crate) fn expression(column: Expr, stored: &DataType, of: &Type) -> Expr {
    if castable(of) && !matches!(stored, DataType::Time32(_) | DataType::Time64(_)) {
        return Expr::Cast(Cast::new(Box::new(column), of.arrow()));
    }
    Udf::new("ingest", kernel, vec![of.clone()], of.clone()).on(vec![column])
}

fn castable(of: &Type) -> bool {
    match of {
        Type::Time(_) | Type::TimestampTz(_) | Type::Timestamp(7..) | Type::Char(_) | Type::IntervalDayToSecond => {
            false
        }
        Type::Array(element) => castable(element),
        Type::Map(key, value) => castable(key) && castable(value),
        Type::Row(_) => false,
        _ => true,
    }
}

fn kernel(call: &Call) -> Result<ArrayRef> {
    ingest(&call.array(0)?, call.returns)
}

fn ingest(array: &ArrayRef, of: &Type) -> Result<ArrayRef> {
    if *array.data_type() == of.arrow() && !matches!(of, Type::Char(_)) {
        return Ok(Arc::clone(array));
    }
    let by_number = |factor: i128, make: &dyn Fn(i128) -> Value, numbers: &Int64Array| {
        let values: Vec<Value> = numbers
            .iter()
            .map(|number| number.map_or(Value::Null, |number| make(i128::from(number) * factor)))
            .collect();
        array_of(of, &values)
    };
    let numbers = |array: &ArrayRef| -> Result<Int64Array> {
        Ok(arrow_cast(array, &DataType::Int64)?.as_primitive::<datafusion::arrow::datatypes::Int64Type>().clone())
    };
    match (array.data_type(), of) {
        (DataType::Time32(_) | DataType::Time64(_), Type::Time(_)) => {
            let nanos = arrow_cast(array, &DataType::Time64(TimeUnit::Nanosecond))?;
            by_number(1000, &|picos| Value::Int(picos as i64), &numbers(&nanos)?)
        }
        (DataType::Timestamp(TimeUnit::Nanosecond, None), Type::Timestamp(7..)) => {
            let nanos = array.as_primitive::<TimestampNanosecondType>();
            by_number(1000, &Value::Timestamp, &nanos.reinterpret_cast())
        }
        (DataType::Timestamp(unit, Some(_)), Type::TimestampTz(_)) => {
            let factor = match unit {
                TimeUnit::Second => 1_000_000_000_000,
                TimeUnit::Millisecond => 1_000_000_000,
                TimeUnit::Microsecond => 1_000_000,
                TimeUnit::Nanosecond => 1_000,
            };
            let plain = arrow_cast(array, &DataType::Timestamp(*unit, None))?;
            by_number(factor, &|picos| Value::TimestampTz(picos, Zone::UTC), &numbers(&plain)?)
        }
        (DataType::Duration(_), Type::IntervalDayToSecond) => {
            let millis = arrow_cast(array, &DataType::Duration(TimeUnit::Millisecond))?;
            by_number(1, &|millis| Value::Int(millis as i64), &numbers(&millis)?)
        }
        (_, Type::Char(_)) => {
            let text = arrow_cast(array, &DataType::Utf8)?;
            let trimmed: datafusion::arrow::array::StringArray =
                text.as_string::<i32>().iter().map(|text| text.map(|text| text.trim_end_matches(' '))).collect();
            Ok(Arc::new(trimmed))
        }
        (DataType::Struct(_), Type::Row(fields)) => {
            let row = array.as_struct();
            let columns = row
                .columns()
                .iter()
                .zip(fields)
                .map(|(column, (_, of))| ingest(column, of))
                .collect::<Result<Vec<_>>>()?;
            let DataType::Struct(arrow) = of.arrow() else { return Ok(Arc::clone(array)) };
            Ok(Arc::new(datafusion::arrow::array::StructArray::try_new_with_length(
                arrow,
                columns,
                row.nulls().cloned(),
                row.len(),
            )?))
        }
        (DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..), Type::Array(element)) => {
            let DataType::List(field) = of.arrow() else { return Ok(Arc::clone(array)) };
            let item = match array.data_type() {
                DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => item.clone(),
                _ => return Ok(Arc::clone(array)),
            };
            let list = arrow_cast(array, &DataType::List(item))?;
            let list = list.as_list::<i32>();
            let items = ingest(list.values(), element)?;
            Ok(Arc::new(datafusion::arrow::array::ListArray::try_new(
                field,
                list.offsets().clone(),
                items,
                list.nulls().cloned(),
            )?))
        }
        (DataType::Map(..), Type::Map(key, value)) => {
            let map = array.as_map();
            let DataType::Map(field, _) = of.arrow() else { return Ok(Arc::clone(array)) };
            let DataType::Struct(fields) = field.data_type().clone() else { return Ok(Arc::clone(array)) };
            let columns = vec![ingest(map.keys(), key)?, ingest(map.values(), value)?];
            let entries = datafusion::arrow::array::StructArray::try_new(fields, columns, None)?;
            Ok(Arc::new(datafusion::arrow::array::MapArray::try_new(
                field,
                map.offsets().clone(),
                entries,
                map.nulls().cloned(),
                false,
            )?))
        }
        _ => Ok(arrow_cast(array, &of.arrow())?),
    }
}
