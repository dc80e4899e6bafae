//! What is computed number by number with the machine's own functions.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::datatypes::Float64Type;

use super::super::super::{Function, scalar};
use crate::call::Call;
use crate::error::Result;
use crate::lanes;

macro_rules! of_doubles {
    ($($name:literal $of:expr),* $(,)?) => {
        vec![$(scalar($name, "(double) -> double", |call: &Call| {
            let of: fn(f64) -> f64 = $of;
            lanes::unary::<Float64Type, Float64Type>(call, |value| Ok(of(value)))
        })),*]
    };
}

macro_rules! of_two_doubles {
    ($($name:literal $of:expr),* $(,)?) => {
        vec![$(scalar($name, "(double, double) -> double", |call: &Call| {
            let of: fn(f64, f64) -> f64 = $of;
            lanes::binary::<Float64Type, Float64Type, Float64Type>(call, |a, b| Ok(of(a, b)))
        })),*]
    };
}

macro_rules! constants {
    ($($name:literal $value:expr),* $(,)?) => {
        vec![$(scalar($name, "() -> double", |call: &Call| call.doubles(|_| Ok(Some($value))))),*]
    };
}

pub(super) fn all() -> Vec<Function> {
    let mut all = of_doubles![
        "acos" f64::acos,
        "asin" f64::asin,
        "atan" f64::atan,
        "cbrt" f64::cbrt,
        "cos" f64::cos,
        "cosh" f64::cosh,
        "degrees" |value| value * (180.0 / std::f64::consts::PI),
        "exp" f64::exp,
        "ln" f64::ln,
        "log2" |value| value.ln() / std::f64::consts::LN_2,
        "log10" f64::log10,
        "radians" |value| value * (std::f64::consts::PI / 180.0),
        "sin" f64::sin,
        "sinh" f64::sinh,
        "sqrt" f64::sqrt,
        "tan" f64::tan,
        "tanh" f64::tanh,
    ];
    all.extend(of_two_doubles![
        "atan2" f64::atan2,
        "log" |base, value| value.ln() / base.ln(),
        "power" power,
        "pow" power,
    ]);
    all.extend(constants![
        "e" std::f64::consts::E,
        "pi" std::f64::consts::PI,
        "nan" f64::NAN,
        "infinity" f64::INFINITY,
    ]);
    all.extend([
        scalar("is_nan", "(double) -> boolean", |call: &Call| test(call, f64::is_nan)),
        scalar("is_nan", "(real) -> boolean", |call: &Call| test(call, f64::is_nan)),
        scalar("is_finite", "(double) -> boolean", |call: &Call| test(call, f64::is_finite)),
        scalar("is_infinite", "(double) -> boolean", |call: &Call| test(call, f64::is_infinite)),
    ]);
    all
}

/// Java's power of ±1 and an infinity or NaN is NaN, where C's is 1.
fn power(base: f64, exponent: f64) -> f64 {
    if exponent.is_nan() || exponent.is_infinite() && base.abs() == 1.0 { f64::NAN } else { base.powf(exponent) }
}

fn test(call: &Call, of: fn(f64) -> bool) -> Result<ArrayRef> {
    let array = datafusion::arrow::compute::cast(&call.array(0)?, &datafusion::arrow::datatypes::DataType::Float64)?;
    let values = datafusion::arrow::array::AsArray::as_primitive::<Float64Type>(&array);
    let held = BooleanBuffer::collect_bool(values.len(), |row| of(values.value(row)));
    Ok(Arc::new(BooleanArray::new(held, datafusion::arrow::array::Array::nulls(values).cloned())))
}
