//! Least, greatest, and sorting.

use std::cmp::Ordering;

use datafusion::arrow::array::ArrayRef;

use super::super::super::{Function, scalar};
use super::items;
use crate::call::Call;
use crate::error::{Code, Error, Result};
use crate::value::{Value, order};

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("array_min", "(array(T)) -> T where orderable T", min),
        scalar("array_max", "(array(T)) -> T where orderable T", max),
        scalar("array_sort", "(array(T)) -> array(T) where orderable T", sort),
    ]
}

#[derive(Clone, Copy, PartialEq)]
enum Nan {
    First,
    Last,
}

/// The order of two values that are not null.
fn compare(a: &Value, b: &Value, nan: Nan) -> Result<Ordering> {
    let numbers = |a: f64, b: f64| match a.partial_cmp(&b) {
        Some(order) => order,
        None if nan == Nan::Last => a.is_nan().cmp(&b.is_nan()),
        None => b.is_nan().cmp(&a.is_nan()),
    };
    let within = |a: &[Value], b: &[Value], of: &str| {
        for (a, b) in a.iter().zip(b) {
            if a.is_null() || b.is_null() {
                return Err(Error::new(
                    Code::NotSupported,
                    format!("{of} comparison not supported for values with null elements"),
                ));
            }
            let order = compare(a, b, nan)?;
            if order.is_ne() {
                return Ok(order);
            }
        }
        Ok(a.len().cmp(&b.len()))
    };
    match (a, b) {
        (Value::Real(a), Value::Real(b)) => Ok(numbers((*a).into(), (*b).into())),
        (Value::Double(a), Value::Double(b)) => Ok(numbers(*a, *b)),
        (Value::Array(a), Value::Array(b)) => within(a, b, "ARRAY"),
        (Value::Row(a), Value::Row(b)) => within(a, b, "ROW"),
        _ => Ok(order(a, b)),
    }
}

/// The element that all others are on one side of; null where one is null.
fn extreme(call: &Call, nan: Nan, side: Ordering) -> Result<ArrayRef> {
    let array = call.any(0);
    call.values(|row| {
        let mut best: Option<Value> = None;
        for item in items(array.get(row)) {
            if item.is_null() {
                return Ok(None);
            }
            best = match best {
                Some(best) if compare(&item, &best, nan)? != side => Some(best),
                _ => Some(item),
            };
        }
        Ok(best)
    })
}

/// NaN is never the least or the greatest of several.
fn min(call: &Call) -> Result<ArrayRef> {
    extreme(call, Nan::Last, Ordering::Less)
}

fn max(call: &Call) -> Result<ArrayRef> {
    extreme(call, Nan::First, Ordering::Greater)
}

fn sort(call: &Call) -> Result<ArrayRef> {
    let array = call.any(0);
    call.values(|row| {
        let mut items = items(array.get(row));
        let mut failure = None;
        items.sort_by(|a, b| match (a.is_null(), b.is_null()) {
            (false, false) => compare(a, b, Nan::Last).unwrap_or_else(|error| {
                failure = Some(error);
                Ordering::Equal
            }),
            (a, b) => a.cmp(&b),
        });
        failure.map_or(Ok(Some(Value::Array(items))), Err)
    })
}
