//! `approx_percentile`

use super::super::fold::{Fold, Row};
use super::super::tdigest::TDigest;
use super::super::{Aggregate, aggregate, fold};
use crate::error::{Code, Error, Result};
use crate::types::Type;
use crate::value::Value;

pub(super) fn all() -> Vec<Aggregate> {
    let one = |signature| {
        aggregate("approx_percentile", signature, |types, _| {
            fold(Percentile { of: types.arguments[0].clone(), weighted: types.arguments.len() == 3 })
        })
    };
    let inexact = |signature| {
        aggregate("approx_percentile", signature, |_, _| Err(Error::not_here("approx_percentile with an accuracy")))
    };
    vec![
        one("(bigint, double) -> bigint"),
        one("(double, double) -> double"),
        one("(real, double) -> real"),
        one("(bigint, double, double) -> bigint"),
        one("(double, double, double) -> double"),
        one("(real, double, double) -> real"),
        one("(bigint, array(double)) -> array(bigint)"),
        one("(double, array(double)) -> array(double)"),
        one("(real, array(double)) -> array(real)"),
        one("(bigint, double, array(double)) -> array(bigint)"),
        one("(double, double, array(double)) -> array(double)"),
        one("(real, double, array(double)) -> array(real)"),
        inexact("(bigint, double, double, double) -> bigint"),
        inexact("(double, double, double, double) -> double"),
        inexact("(real, double, double, double) -> real"),
    ]
}

#[derive(Debug, PartialEq)]
struct Percentile {
    of: Type,
    weighted: bool,
}

#[derive(Debug, Default)]
struct State {
    digest: TDigest,
    /// What was asked for last: a percentile, or an array of them.
    asked: Option<Value>,
}

/// Adds a number to a digest, in Trino's bounds.
pub(super) fn add(digest: &mut TDigest, value: f64, weight: f64) -> Result<()> {
    if !value.is_finite() {
        let message = if value.is_nan() { "value is NaN" } else { "value must be finite" };
        return Err(Error::new(Code::GenericInternalError, message));
    }
    digest.add(value, weight);
    Ok(())
}

fn exact(value: i64) -> Result<f64> {
    match value as f64 {
        exact if exact as i64 == value => Ok(exact),
        _ => Err(Error::invalid_argument(format!("no exact double representation for long: {value}"))),
    }
}

pub(super) fn check_weight(weight: f64) -> Result<f64> {
    if !weight.is_finite() {
        return Err(Error::invalid_argument(format!("weight must be finite, was {weight}")));
    }
    if weight < 1.0 {
        return Err(Error::invalid_argument(format!("weight must be >= 1, was {weight}")));
    }
    Ok(weight)
}

impl Percentile {
    fn value(&self, digest: &TDigest, percentile: &Value) -> Result<Value> {
        let percentile = match percentile {
            Value::Double(percentile) if (0.0..=1.0).contains(percentile) => *percentile,
            _ => return Err(Error::invalid_argument("Percentile must be between 0 and 1")),
        };
        let value = digest.value_at(percentile);
        Ok(match self.of {
            Type::Bigint => Value::Int((value + 0.5).floor() as i64),
            Type::Real => Value::Real(value as f32),
            _ => Value::Double(value),
        })
    }
}

impl Fold for Percentile {
    type State = State;

    fn start(&self) -> State {
        State::default()
    }

    fn add(&self, state: &mut State, row: Row<'_>) -> Result<()> {
        let last = if self.weighted { 2 } else { 1 };
        // Nearly every row: a number, and the percentile of the row before.
        if let (Some(value), Some(percentile), Some(Value::Double(asked))) =
            (row.double(0), row.double(last), &state.asked)
            && !self.weighted
            && percentile.to_bits() == asked.to_bits()
        {
            return add(&mut state.digest, value, 1.0);
        }
        if row.is_null(0) || row.is_null(last) || row.is_null(1) {
            return Ok(());
        }
        let weight = match row.double(1) {
            Some(weight) if self.weighted => check_weight(weight)?,
            _ => 1.0,
        };
        let value = match row.double(0) {
            Some(value) => value,
            None => exact(row.int(0).unwrap_or_default())?,
        };
        add(&mut state.digest, value, weight)?;
        state.asked = Some(row.double(last).map_or_else(|| row.value(last), Value::Double));
        Ok(())
    }

    fn carried(&self) -> Vec<Type> {
        vec![Type::TDigest, Type::Double, Type::array(Type::Double)]
    }

    fn save(&self, state: &State) -> Result<Vec<Value>> {
        Ok(match &state.asked {
            None => vec![Value::Null; 3],
            Some(one @ Value::Double(_)) => vec![Value::Bytes(state.digest.write()), one.clone(), Value::Null],
            Some(many) => vec![Value::Bytes(state.digest.write()), Value::Null, many.clone()],
        })
    }

    fn merge(&self, state: &mut State, saved: Row<'_>) -> Result<()> {
        if let Some(digest) = saved.bytes(0).and_then(TDigest::read) {
            state.digest.merge(&digest);
            state.asked = Some(if saved.is_null(1) { saved.value(2) } else { saved.value(1) });
        }
        Ok(())
    }

    fn finish(&self, state: &State) -> Result<Value> {
        match &state.asked {
            None => Ok(Value::Null),
            Some(Value::Array(many)) => {
                Ok(Value::Array(many.iter().map(|one| self.value(&state.digest, one)).collect::<Result<_>>()?))
            }
            Some(one) => self.value(&state.digest, one),
        }
    }

    fn kept(&self, state: &State) -> usize {
        state.digest.kept_bytes()
    }

    fn held(&self) -> usize {
        1
    }
}
