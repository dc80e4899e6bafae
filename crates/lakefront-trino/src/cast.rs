//! What a value becomes as another type.

mod json;
mod nested;
mod network;
mod scalar;
mod sketch;
mod temporal;

pub(crate) use nested::may_lose_names;
pub(crate) use scalar::number_text::{double_digits, real_digits};
pub(crate) use temporal::{at_offset, on_day_kernel};

use datafusion::arrow::array::ArrayRef;

use crate::call::Call;
use crate::error::{Error, Result};
use crate::types::Type;
use crate::value::Value;

/// Who knows a cast.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Json,
    Nested,
    Network,
    Temporal,
    Scalar,
    Sketch,
}

fn family(from: &Type, to: &Type) -> Family {
    let either = |is: fn(&Type) -> bool| is(from) || is(to);
    if either(|of| matches!(of, Type::Json)) {
        Family::Json
    } else if either(|of| matches!(of, Type::Array(_) | Type::Map(..) | Type::Row(_))) {
        Family::Nested
    } else if either(Type::is_temporal) {
        Family::Temporal
    } else if either(|of| matches!(of, Type::IpAddress | Type::Uuid)) {
        Family::Network
    } else if either(sketch::is_sketch) {
        Family::Sketch
    } else {
        Family::Scalar
    }
}

/// Whether there is a cast at all.
pub(crate) fn exists(from: &Type, to: &Type) -> bool {
    from == to
        || *from == Type::Unknown
        || match family(from, to) {
            Family::Json => json::exists(from, to),
            Family::Nested => nested::exists(from, to),
            Family::Network => network::exists(from, to),
            Family::Temporal => temporal::exists(from, to),
            Family::Scalar => scalar::exists(from, to),
            Family::Sketch => sketch::exists(from, to),
        }
}

/// Casts one value; null stays null.
///
/// # Errors
/// `INVALID_CAST_ARGUMENT` or `NUMERIC_VALUE_OUT_OF_RANGE`, as in Trino.
pub(crate) fn value(value: &Value, from: &Type, to: &Type) -> Result<Value> {
    if value.is_null() || from == to {
        return Ok(value.clone());
    }
    match family(from, to) {
        Family::Json => json::value(value, from, to),
        Family::Nested => nested::value(value, from, to),
        Family::Network => network::value(value, from, to),
        Family::Temporal => temporal::value(value, from, to),
        Family::Scalar => scalar::value(value, from, to),
        Family::Sketch => sketch::value(value, from, to),
    }
}

/// Casts the one argument of a call: pairs of scalar types by loops of their own, the rest value by value.
///
/// # Errors
/// As [`value`].
pub(crate) fn array(call: &Call) -> Result<ArrayRef> {
    let (from, to) = (&call.types[0], call.returns);
    let array = match family(from, to) {
        Family::Scalar => scalar::array(call, from, to)?,
        Family::Temporal => temporal::array(call, from, to)?,
        Family::Json | Family::Nested | Family::Network | Family::Sketch => None,
    };
    if let Some(array) = array {
        return Ok(array);
    }
    let values = call.any(0);
    call.values(|row| value(&values.get(row), from, to).map(Some))
}

fn unknown(from: &Type, to: &Type) -> Error {
    Error::type_mismatch(format!("Cannot cast {from} to {to}"))
}
