//! `+ - * / %` and the sign `-` of integers and floating point numbers.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type};

use super::super::super::{Function, scalar};
use crate::call::Call;
use crate::error::{Error, Result};
use crate::lanes;

macro_rules! integers {
    ($module:ident, $arrow:ty, $name:literal) => {
        mod $module {
            #[allow(clippy::wildcard_imports, unused_imports, reason = "the one type the macro is called with")]
            use super::*;
            use super::{ArrayRef, Call, Error, Result, lanes};

            type Native = <$arrow as datafusion::arrow::datatypes::ArrowPrimitiveType>::Native;

            fn overflow(what: &str, a: Native, sign: &str, b: Native) -> Error {
                Error::out_of_range(format!("{} {what} overflow: {a} {sign} {b}", $name))
            }

            pub(super) fn add(call: &Call) -> Result<ArrayRef> {
                lanes::overflowing::<$arrow, $arrow, $arrow>(call, Native::overflowing_add, |a, b| {
                    overflow("addition", a, "+", b)
                })
            }

            pub(super) fn subtract(call: &Call) -> Result<ArrayRef> {
                lanes::overflowing::<$arrow, $arrow, $arrow>(call, Native::overflowing_sub, |a, b| {
                    overflow("subtraction", a, "-", b)
                })
            }

            pub(super) fn multiply(call: &Call) -> Result<ArrayRef> {
                lanes::overflowing::<$arrow, $arrow, $arrow>(call, Native::overflowing_mul, |a, b| {
                    overflow("multiplication", a, "*", b)
                })
            }

            pub(super) fn divide(call: &Call) -> Result<ArrayRef> {
                lanes::binary::<$arrow, $arrow, $arrow>(call, |a, b| {
                    if b == 0 {
                        return Err(Error::division_by_zero());
                    }
                    a.checked_div(b).ok_or_else(|| overflow("division", a, "/", b))
                })
            }

            pub(super) fn remainder(call: &Call) -> Result<ArrayRef> {
                lanes::binary::<$arrow, $arrow, $arrow>(call, |a, b| {
                    if b == 0 { Err(Error::division_by_zero()) } else { Ok(a.wrapping_rem(b)) }
                })
            }

            pub(super) fn negate(call: &Call) -> Result<ArrayRef> {
                lanes::unary::<$arrow, $arrow>(call, |a| {
                    a.checked_neg().ok_or_else(|| Error::out_of_range(format!("{} negation overflow: {a}", $name)))
                })
            }
        }
    };
}

macro_rules! floats {
    ($module:ident, $arrow:ty) => {
        mod $module {
            #[allow(clippy::wildcard_imports, unused_imports, reason = "the one type the macro is called with")]
            use super::*;
            use super::{ArrayRef, Call, Result, lanes};

            pub(super) fn add(call: &Call) -> Result<ArrayRef> {
                lanes::binary::<$arrow, $arrow, $arrow>(call, |a, b| Ok(a + b))
            }

            pub(super) fn subtract(call: &Call) -> Result<ArrayRef> {
                lanes::binary::<$arrow, $arrow, $arrow>(call, |a, b| Ok(a - b))
            }

            pub(super) fn multiply(call: &Call) -> Result<ArrayRef> {
                lanes::binary::<$arrow, $arrow, $arrow>(call, |a, b| Ok(a * b))
            }

            pub(super) fn divide(call: &Call) -> Result<ArrayRef> {
                lanes::binary::<$arrow, $arrow, $arrow>(call, |a, b| Ok(a / b))
            }

            pub(super) fn remainder(call: &Call) -> Result<ArrayRef> {
                lanes::binary::<$arrow, $arrow, $arrow>(call, |a, b| Ok(a % b))
            }

            pub(super) fn negate(call: &Call) -> Result<ArrayRef> {
                lanes::unary::<$arrow, $arrow>(call, |a| Ok(-a))
            }
        }
    };
}

integers!(tinyint, Int8Type, "tinyint");
integers!(smallint, Int16Type, "smallint");
integers!(integer, Int32Type, "integer");
integers!(bigint, Int64Type, "bigint");
floats!(real, Float32Type);
floats!(double, Float64Type);

pub(super) fn all() -> Vec<Function> {
    macro_rules! operators {
        ($($module:ident $binary:literal $unary:literal),*) => {
            vec![$(
                scalar("+", $binary, $module::add),
                scalar("-", $binary, $module::subtract),
                scalar("*", $binary, $module::multiply),
                scalar("/", $binary, $module::divide),
                scalar("%", $binary, $module::remainder),
                scalar("mod", $binary, $module::remainder),
                scalar("negate", $unary, $module::negate),
            )*]
        };
    }
    operators![
        bigint "(bigint, bigint) -> bigint" "(bigint) -> bigint",
        integer "(integer, integer) -> integer" "(integer) -> integer",
        smallint "(smallint, smallint) -> smallint" "(smallint) -> smallint",
        tinyint "(tinyint, tinyint) -> tinyint" "(tinyint) -> tinyint",
        double "(double, double) -> double" "(double) -> double",
        real "(real, real) -> real" "(real) -> real"
    ]
}
