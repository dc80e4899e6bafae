//! Decimals: their operators, and the types of what these give.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{ArrowNativeTypeOp, Decimal128Type};

mod rounding;

use super::super::{Function, scalar};
use crate::call::Call;
use crate::decimal::{fits, remainder, scaled_quotient, ten_to};
use crate::error::{Code, Error, Result};
use crate::lanes;
use crate::types::{MAX_PRECISION, Type};

pub(super) fn all() -> Vec<Function> {
    const BINARY: &str = "(decimal, decimal) -> decimal";
    let mut all = rounding::all();
    all.extend([
        scalar("+", BINARY, add).returning(sum_type),
        scalar("-", BINARY, subtract).returning(sum_type),
        scalar("*", BINARY, multiply).returning(product_type),
        scalar("/", BINARY, divide).returning(quotient_type),
        scalar("%", BINARY, modulus).returning(remainder_type),
        scalar("mod", BINARY, modulus).returning(remainder_type),
        scalar("negate", "(decimal(p, s)) -> decimal(p, s)", negate),
    ]);
    all
}

/// Precision and scale.
fn digits(of: &Type) -> (u8, u8) {
    match of {
        Type::Decimal { precision, scale } => (*precision, *scale),
        _ => (MAX_PRECISION, 0),
    }
}

fn pair(types: &[Type]) -> ((u8, u8), (u8, u8)) {
    (digits(&types[0]), digits(&types[1]))
}

fn overflow() -> Error {
    Error::out_of_range("Decimal overflow")
}

fn decimal_type(precision: u8, scale: u8) -> Result<Type> {
    let precision = precision.min(MAX_PRECISION);
    if scale > precision {
        return Err(Error::new(
            Code::InvalidFunctionArgument,
            format!("DECIMAL scale must be in range [0, precision ({precision})]: {scale}"),
        ));
    }
    Ok(Type::decimal(precision, scale))
}

fn sum_type(types: &[Type]) -> Result<Type> {
    let ((p, s), (q, t)) = pair(types);
    let scale = s.max(t);
    decimal_type((p - s).max(q - t) + scale + 1, scale)
}

fn product_type(types: &[Type]) -> Result<Type> {
    let ((p, s), (q, t)) = pair(types);
    decimal_type(p + q, s + t)
}

fn quotient_type(types: &[Type]) -> Result<Type> {
    let ((p, s), (_, t)) = pair(types);
    decimal_type(p + t + t.saturating_sub(s), s.max(t))
}

fn remainder_type(types: &[Type]) -> Result<Type> {
    let ((p, s), (q, t)) = pair(types);
    decimal_type((p - s).min(q - t) + s.max(t), s.max(t))
}

/// What both have to be multiplied with for the scale of a sum.
fn factors(call: &Call) -> (i128, i128) {
    let ((_, s), (_, t)) = pair(call.types);
    let scale = s.max(t);
    (ten_to(scale - s), ten_to(scale - t))
}

fn sum(call: &Call, of: impl Fn(i128, i128) -> (i128, bool)) -> Result<ArrayRef> {
    let (a_factor, b_factor) = factors(call);
    let tight = digits(call.returns).0 == MAX_PRECISION;
    let error = |_, _| overflow();
    if !tight {
        // The result's precision leaves room for every sum.
        return lanes::overflowing::<Decimal128Type, Decimal128Type, Decimal128Type>(
            call,
            |a, b| (of(a.wrapping_mul(a_factor), b.wrapping_mul(b_factor)).0, false),
            error,
        );
    }
    lanes::overflowing::<Decimal128Type, Decimal128Type, Decimal128Type>(
        call,
        |a, b| {
            let (a, a_over) = a.overflowing_mul(a_factor);
            let (b, b_over) = b.overflowing_mul(b_factor);
            let (sum, over) = of(a, b);
            (sum, a_over | b_over | over | !fits(sum, MAX_PRECISION))
        },
        error,
    )
}

fn add(call: &Call) -> Result<ArrayRef> {
    sum(call, i128::overflowing_add)
}

fn subtract(call: &Call) -> Result<ArrayRef> {
    sum(call, i128::overflowing_sub)
}

fn multiply(call: &Call) -> Result<ArrayRef> {
    let ((p, _), (q, _)) = pair(call.types);
    if p + q <= MAX_PRECISION {
        return lanes::overflowing::<Decimal128Type, Decimal128Type, Decimal128Type>(
            call,
            |a, b| (a.wrapping_mul(b), false),
            |_, _| overflow(),
        );
    }
    lanes::overflowing::<Decimal128Type, Decimal128Type, Decimal128Type>(
        call,
        |a, b| {
            let (product, over) = a.overflowing_mul(b);
            (product, over | !fits(product, MAX_PRECISION))
        },
        |_, _| overflow(),
    )
}

fn divide(call: &Call) -> Result<ArrayRef> {
    let ((_, s), (_, t)) = pair(call.types);
    let power = s.max(t) - s + t;
    lanes::binary::<Decimal128Type, Decimal128Type, Decimal128Type>(call, |a, b| {
        if b.is_zero() {
            return Err(Error::division_by_zero());
        }
        scaled_quotient(a, power, b).ok_or_else(overflow)
    })
}

fn modulus(call: &Call) -> Result<ArrayRef> {
    let ((_, s), (_, t)) = pair(call.types);
    let scale = s.max(t);
    lanes::binary::<Decimal128Type, Decimal128Type, Decimal128Type>(call, |a, b| {
        if b.is_zero() {
            return Err(Error::division_by_zero());
        }
        remainder(a, scale - s, b, scale - t).ok_or_else(overflow)
    })
}

fn negate(call: &Call) -> Result<ArrayRef> {
    lanes::unary::<Decimal128Type, Decimal128Type>(call, |a| Ok(-a))
}
