//! `+ - * / %` and the sign `-` of integers and floating point numbers.

use std::fmt::Display;

use datafusion::arrow::datatypes::{Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type};

use super::super::super::{Function, scalar};
use crate::call::Call;
use crate::error::{Code, Error};
use crate::lanes;

pub(super) fn all() -> Vec<Function> {
    let mut all = Vec::new();
    macro_rules! integers {
        ($($arrow:ty, $native:ty, $name:literal, $two:literal, $one:literal);*) => {$(
            all.extend([
                scalar("+", $two, |call: &Call| {
                    lanes::overflowing::<$arrow, $arrow, $arrow>(call, <$native>::overflowing_add, |a, b| {
                        overflow($name, "addition", a, "+", b)
                    })
                }),
                scalar("-", $two, |call: &Call| {
                    lanes::overflowing::<$arrow, $arrow, $arrow>(call, <$native>::overflowing_sub, |a, b| {
                        overflow($name, "subtraction", a, "-", b)
                    })
                }),
                scalar("*", $two, |call: &Call| {
                    lanes::overflowing::<$arrow, $arrow, $arrow>(call, <$native>::overflowing_mul, |a, b| {
                        overflow($name, "multiplication", a, "*", b)
                    })
                }),
                scalar("/", $two, |call: &Call| lanes::binary::<$arrow, $arrow, $arrow>(call, |a, b| match b {
                    0 => Err(Error::division_by_zero()),
                    _ => a.checked_div(b).ok_or_else(|| overflow($name, "division", a, "/", b)),
                })),
                scalar("negate", $one, |call: &Call| lanes::unary::<$arrow, $arrow>(call, |a| {
                    a.checked_neg().ok_or_else(|| Error::out_of_range(format!("{} negation overflow: {a}", $name)))
                })),
            ]);
            all.push(scalar("%", $two, |call: &Call| lanes::binary::<$arrow, $arrow, $arrow>(call, |a, b| match b {
                0 => Err(Error::division_by_zero()),
                _ => Ok(a.wrapping_rem(b)),
            })));
            // Unlike the operator it has no error of its own for this, and none that TRY forgives.
            all.push(scalar("mod", $two, |call: &Call| lanes::binary::<$arrow, $arrow, $arrow>(call, |a, b| match b {
                0 => Err(Error::new(Code::GenericInternalError, "/ by zero")),
                _ => Ok(a.wrapping_rem(b)),
            })));
        )*};
    }
    macro_rules! floats {
        ($($arrow:ty, $two:literal, $one:literal);*) => {$(
            all.extend([
                scalar("+", $two, |call: &Call| lanes::binary::<$arrow, $arrow, $arrow>(call, |a, b| Ok(a + b))),
                scalar("-", $two, |call: &Call| lanes::binary::<$arrow, $arrow, $arrow>(call, |a, b| Ok(a - b))),
                scalar("*", $two, |call: &Call| lanes::binary::<$arrow, $arrow, $arrow>(call, |a, b| Ok(a * b))),
                scalar("/", $two, |call: &Call| lanes::binary::<$arrow, $arrow, $arrow>(call, |a, b| Ok(a / b))),
                scalar("%", $two, |call: &Call| lanes::binary::<$arrow, $arrow, $arrow>(call, |a, b| Ok(a % b))),
                scalar("mod", $two, |call: &Call| lanes::binary::<$arrow, $arrow, $arrow>(call, |a, b| Ok(a % b))),
                scalar("negate", $one, |call: &Call| lanes::unary::<$arrow, $arrow>(call, |a| Ok(-a))),
            ]);
        )*};
    }
    integers![
        Int64Type, i64, "bigint", "(bigint, bigint) -> bigint", "(bigint) -> bigint";
        Int32Type, i32, "integer", "(integer, integer) -> integer", "(integer) -> integer";
        Int16Type, i16, "smallint", "(smallint, smallint) -> smallint", "(smallint) -> smallint";
        Int8Type, i8, "tinyint", "(tinyint, tinyint) -> tinyint", "(tinyint) -> tinyint"
    ];
    floats![
        Float64Type, "(double, double) -> double", "(double) -> double";
        Float32Type, "(real, real) -> real", "(real) -> real"
    ];
    all
}

fn overflow<T: Display>(of: &str, what: &str, a: T, sign: &str, b: T) -> Error {
    Error::out_of_range(format!("{of} {what} overflow: {a} {sign} {b}"))
}
