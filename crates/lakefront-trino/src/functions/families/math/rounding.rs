//! `abs`, `sign`, `ceiling`, `floor`, `truncate` and `round` of integers and floating point numbers.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
};

use super::super::super::{Function, scalar};
use crate::call::Call;
use crate::error::{Code, Error, Result};
use crate::lanes;

pub(super) fn all() -> Vec<Function> {
    let mut all = Vec::new();
    macro_rules! integers {
        ($($arrow:ty, $one:literal, $two:literal, $name:literal);*) => {$(
            all.extend([
                scalar("abs", $one, |call: &Call| lanes::unary::<$arrow, $arrow>(call, |value| {
                    value.checked_abs().ok_or_else(|| {
                        Error::out_of_range(format!("Value {value} is out of range for abs({})", $name))
                    })
                })),
                scalar("sign", $one, |call: &Call| {
                    lanes::unary::<$arrow, $arrow>(call, |value| Ok(value.signum()))
                }),
                scalar("ceiling", $one, same),
                scalar("ceil", $one, same),
                scalar("floor", $one, same),
                scalar("round", $one, same),
                scalar("round", $two, |call: &Call| round_integer::<$arrow>(call, $name)),
            ]);
        )*};
    }
    integers![
        Int64Type, "(bigint) -> bigint", "(bigint, integer) -> bigint", "bigint";
        Int32Type, "(integer) -> integer", "(integer, integer) -> integer", "integer";
        Int16Type, "(smallint) -> smallint", "(smallint, integer) -> smallint", "smallint";
        Int8Type, "(tinyint) -> tinyint", "(tinyint, integer) -> tinyint", "tinyint"
    ];
    macro_rules! floats {
        ($($arrow:ty, $one:literal, $two:literal);*) => {$(
            all.extend([
                scalar("abs", $one, |call: &Call| lanes::unary::<$arrow, $arrow>(call, |value| Ok(value.abs()))),
                scalar("sign", $one, |call: &Call| lanes::unary::<$arrow, $arrow>(call, |value| {
                    Ok(if value == 0.0 { value } else { value.signum() })
                })),
                scalar("ceiling", $one, |call: &Call| lanes::unary::<$arrow, $arrow>(call, |value| Ok(value.ceil()))),
                scalar("ceil", $one, |call: &Call| lanes::unary::<$arrow, $arrow>(call, |value| Ok(value.ceil()))),
                scalar("floor", $one, |call: &Call| lanes::unary::<$arrow, $arrow>(call, |value| Ok(value.floor()))),
                scalar("truncate", $one, |call: &Call| lanes::unary::<$arrow, $arrow>(call, |value| Ok(value.trunc()))),
                scalar("round", $one, |call: &Call| lanes::unary::<$arrow, $arrow>(call, |value| {
                    Ok(round(value.into(), 0) as _)
                })),
                scalar("round", $two, |call: &Call| {
                    lanes::binary::<$arrow, Int32Type, $arrow>(call, |value, digits| Ok(round(value.into(), digits) as _))
                }),
            ]);
        )*};
    }
    floats![
        Float64Type, "(double) -> double", "(double, integer) -> double";
        Float32Type, "(real) -> real", "(real, integer) -> real"
    ];
    all
}

fn same(call: &Call) -> Result<ArrayRef> {
    call.array(0)
}

/// Of ten, as far as doubles hold them exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// Away from zero from the half on, in Java's way: by a whole number of 64 bits, which has no negative zero.
fn round(value: f64, digits: i32) -> f64 {
    if !value.is_finite() {
        return value;
    }
    let factor = match usize::try_from(digits).ok().and_then(|digits| POWERS.get(digits)) {
        Some(power) => *power,
        None => 10f64.powf(digits.into()),
    };
    let sign = if value < 0.0 { -1.0 } else { 1.0 };
    let scaled = sign * value * factor;
    if scaled.is_nan() {
        // Nothing, times more than there is.
        return 0.0;
    }
    if scaled < 9_223_372_036_854_775_807.0 {
        let whole = scaled as i64;
        let up = i64::from(scaled - whole as f64 >= 0.5);
        return sign * ((whole + up) as f64 / factor);
    }
    // There is nothing to round any more.
    if scaled.is_infinite() { value } else { sign * scaled / factor }
}

fn round_integer<T>(call: &Call, name: &str) -> Result<ArrayRef>
where
    T: ArrowPrimitiveType,
    T::Native: Into<i64> + TryFrom<i64>,
{
    lanes::binary::<T, Int32Type, T>(call, |value, digits| {
        if digits >= 0 {
            return Ok(value);
        }
        let value: i64 = value.into();
        let factor = 10i64
            .checked_pow(digits.unsigned_abs())
            .ok_or_else(|| Error::out_of_range(format!("numerical overflow: {value}")))?;
        let (quotient, rest) = (value / factor, value % factor);
        let quotient = if rest.abs() >= factor / 2 { quotient + value.signum() } else { quotient };
        quotient.checked_mul(factor).and_then(|rounded| T::Native::try_from(rounded).ok()).ok_or_else(|| match name {
            // What is no error of its own in Trino, TRY does not forgive.
            "integer" => Error::new(Code::GenericInternalError, "integer overflow"),
            name => Error::out_of_range(format!("Out of range for {name}: {value}")),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::round;

    #[test]
    fn doubles_are_rounded_as_javas() {
        assert_eq!(round(-0.5, 0), -1.0);
        assert_eq!(round(1234.567, 2), 1234.57);
        assert_eq!(round(923.0, 16), 923.0);
        assert_eq!(round(1250.0, -2), 1300.0);
        assert_eq!(round(0.49999999999999994, 0), 0.0);
    }
}
