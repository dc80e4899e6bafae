//! `greatest` and `least`.

use std::cmp::Ordering;

use datafusion::arrow::array::{Array, ArrayRef, make_array};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::compute::kernels::{cmp, zip::zip};
use datafusion::arrow::datatypes::{ArrowPrimitiveType, Float32Type, Float64Type};

use super::super::{Function, scalar};
use crate::call::Call;
use crate::comparison::is_native;
use crate::error::{Code, Error, Result};
use crate::lanes;
use crate::types::Type;
use crate::value::{self, Value};

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("greatest", "(E, E...) -> E where orderable E", |call: &Call| extreme(call, Ordering::Greater))
            .on_nulls(),
        scalar("least", "(E, E...) -> E where orderable E", |call: &Call| extreme(call, Ordering::Less)).on_nulls(),
    ]
}

fn extreme(call: &Call, side: Ordering) -> Result<ArrayRef> {
    match call.returns {
        Type::Unknown => call.array(0),
        Type::Real => extreme_float::<Float32Type>(call, side),
        Type::Double => extreme_float::<Float64Type>(call, side),
        of if is_native(of) => extreme_native(call, side),
        _ => extreme_value(call, side),
    }
}

/// NaN is never the extreme, unless there is nothing else.
fn extreme_float<T: ArrowPrimitiveType>(call: &Call, side: Ordering) -> Result<ArrayRef> {
    let lanes: Vec<_> = (0..call.arguments.len()).map(|at| lanes::lane::<T>(call, at)).collect();
    lanes::rows::<T>(call, |row| {
        let values = lanes.iter().map(|(values, constant)| values[if *constant { 0 } else { row }]);
        let extreme = values.reduce(|best, next| match next.partial_cmp(&best) {
            Some(order) if order == side => next,
            // One of them is NaN, and only NaN differs from itself.
            None if best.partial_cmp(&best).is_none() => next,
            _ => best,
        });
        Ok(extreme.unwrap_or_default())
    })
}

fn extreme_native(call: &Call, side: Ordering) -> Result<ArrayRef> {
    let mut best = call.array(0)?;
    let mut nulls = best.logical_nulls();
    for at in 1..call.arguments.len() {
        let next = call.array(at)?;
        nulls = NullBuffer::union(nulls.as_ref(), next.logical_nulls().as_ref());
        let better = if side == Ordering::Greater { cmp::gt(&next, &best)? } else { cmp::lt(&next, &best)? };
        best = zip(&better, &next, &best)?;
    }
    let data = best.to_data().into_builder().nulls(nulls).build()?;
    Ok(make_array(data))
}

fn extreme_value(call: &Call, side: Ordering) -> Result<ArrayRef> {
    let columns: Vec<_> = (0..call.arguments.len()).map(|at| call.any(at)).collect();
    call.values(|row| {
        let mut best: Option<Value> = None;
        for column in &columns {
            let next = column.get(row);
            // What stands before a null has been compared by then, and may have failed.
            if next.is_null() {
                return Ok(None);
            }
            best = match best {
                Some(best) if compare(&next, &best, side.reverse())? != side => Some(best),
                _ => Some(next),
            };
        }
        Ok(best)
    })
}

/// The order of two values in which NaN is on the given side of all numbers.
fn compare(a: &Value, b: &Value, nan: Ordering) -> Result<Ordering> {
    let numbers = |a: f64, b: f64| {
        a.partial_cmp(&b).unwrap_or_else(|| match (a.is_nan(), b.is_nan()) {
            (true, true) => Ordering::Equal,
            (true, false) => nan,
            _ => nan.reverse(),
        })
    };
    match (a, b) {
        (Value::Real(a), Value::Real(b)) => Ok(numbers((*a).into(), (*b).into())),
        (Value::Double(a), Value::Double(b)) => Ok(numbers(*a, *b)),
        (Value::Array(a), Value::Array(b)) => {
            for (a, b) in a.iter().zip(b) {
                let order = compare_items(a, b, nan, "ARRAY comparison not supported for arrays with null elements")?;
                if order.is_ne() {
                    return Ok(order);
                }
            }
            Ok(a.len().cmp(&b.len()))
        }
        (Value::Row(a), Value::Row(b)) => {
            for (a, b) in a.iter().zip(b) {
                let order = compare_items(a, b, nan, "ROW comparison not supported for rows with null elements")?;
                if order.is_ne() {
                    return Ok(order);
                }
            }
            Ok(Ordering::Equal)
        }
        _ => Ok(value::order(a, b)),
    }
}

fn compare_items(a: &Value, b: &Value, nan: Ordering, nulls: &str) -> Result<Ordering> {
    if a.is_null() || b.is_null() {
        return Err(Error::new(Code::NotSupported, nulls));
    }
    compare(a, b, nan)
}
