//! `abs`, `sign`, `ceiling`, `floor`, `truncate` and `round` of decimals.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{Decimal128Type, Int32Type};

use super::super::super::{Function, scalar};
use super::{digits, overflow};
use crate::call::Call;
use crate::decimal::{divide, fits, round_off, ten_to};
use crate::error::Result;
use crate::lanes;
use crate::types::{MAX_PRECISION, Type};

pub(super) fn all() -> Vec<Function> {
    const ONE: &str = "(decimal(p, s)) -> decimal(p, s)";
    const WITH_DIGITS: &str = "(decimal(p, s), integer) -> decimal(p, s)";
    vec![
        scalar("abs", ONE, |call: &Call| of_one(call, i128::abs)),
        scalar("sign", ONE, |call: &Call| of_one(call, i128::signum)).returning(|_| Ok(Type::decimal(1, 0))),
        scalar("ceiling", ONE, ceiling).returning(whole_type),
        scalar("ceil", ONE, ceiling).returning(whole_type),
        scalar("floor", ONE, floor).returning(whole_type),
        scalar("round", ONE, round).returning(whole_type),
        scalar("round", WITH_DIGITS, round_to).returning(|types| {
            let (precision, scale) = digits(&types[0]);
            Ok(Type::decimal((precision + 1).min(MAX_PRECISION), scale))
        }),
        scalar("truncate", ONE, truncate).returning(|types| {
            let (precision, scale) = digits(&types[0]);
            Ok(Type::decimal((precision - scale).max(1), 0))
        }),
        scalar("truncate", WITH_DIGITS, truncate_to),
    ]
}

/// Without a fraction, and a digit more for what is carried out of it.
fn whole_type(types: &[Type]) -> Result<Type> {
    let (precision, scale) = digits(&types[0]);
    Ok(Type::decimal((precision - scale + scale.min(1)).min(MAX_PRECISION), 0))
}

fn of_one(call: &Call, of: impl Fn(i128) -> i128) -> Result<ArrayRef> {
    lanes::unary::<Decimal128Type, Decimal128Type>(call, |value| Ok(of(value)))
}

fn ceiling(call: &Call) -> Result<ArrayRef> {
    let unit = ten_to(digits(&call.types[0]).1);
    of_one(call, |value| {
        let (quotient, rest) = divide(value, unit);
        quotient + i128::from(rest > 0)
    })
}

fn floor(call: &Call) -> Result<ArrayRef> {
    let unit = ten_to(digits(&call.types[0]).1);
    of_one(call, |value| {
        let (quotient, rest) = divide(value, unit);
        quotient - i128::from(rest < 0)
    })
}

fn round(call: &Call) -> Result<ArrayRef> {
    let scale = digits(&call.types[0]).1;
    of_one(call, |value| round_off(value, scale))
}

fn truncate(call: &Call) -> Result<ArrayRef> {
    let unit = ten_to(digits(&call.types[0]).1);
    of_one(call, |value| divide(value, unit).0)
}

/// How many digits go for so many to be left behind the point. `None` where none go.
fn dropped(scale: u8, kept: i32) -> Option<u8> {
    let dropped = i64::from(scale) - i64::from(kept);
    (dropped > 0).then(|| dropped.min(u8::MAX.into()) as u8)
}

fn round_to(call: &Call) -> Result<ArrayRef> {
    let scale = digits(&call.types[0]).1;
    let most = digits(call.returns).0;
    // Trino scales up again what it rounded, which numbers of two words can't be by more digits than they have.
    let is_long = most > 18;
    lanes::binary::<Decimal128Type, Int32Type, Decimal128Type>(call, |value, kept| {
        let Some(dropped) = dropped(scale, kept) else { return Ok(value) };
        if is_long && dropped > MAX_PRECISION {
            return Err(overflow());
        }
        let rounded = round_off(value, dropped);
        if rounded == 0 {
            return Ok(0);
        }
        rounded.checked_mul(ten_to(dropped)).filter(|rounded| fits(*rounded, most)).ok_or_else(overflow)
    })
}

fn truncate_to(call: &Call) -> Result<ArrayRef> {
    let scale = digits(&call.types[0]).1;
    lanes::binary::<Decimal128Type, Int32Type, Decimal128Type>(call, |value, kept| {
        Ok(match dropped(scale, kept) {
            None => value,
            Some(dropped) if dropped > MAX_PRECISION => 0,
            Some(dropped) => value - divide(value, ten_to(dropped)).1,
        })
    })
}
