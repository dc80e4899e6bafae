//! Averages.

use datafusion::functions_aggregate::average::avg_udaf;

use super::super::fold::{Fold, Row};
use super::super::{Aggregate, aggregate, fold};
use super::sum::Decimals;
use crate::error::Result;
use crate::types::Type;
use crate::value::Value;

pub(super) fn all() -> Vec<Aggregate> {
    vec![
        aggregate("avg", "(bigint) -> double", |_, _| fold(Mean::Double)),
        aggregate("avg", "(double) -> double", |_, _| fold(Mean::Double)).native(|_| Some(avg_udaf())),
        aggregate("avg", "(real) -> real", |_, _| fold(Mean::Real)),
        aggregate("avg", "(decimal(p, s)) -> decimal(p, s)", |_, _| fold(Decimals::Mean)),
        aggregate("avg", "(interval day to second) -> interval day to second", |_, _| fold(Mean::Interval)),
        aggregate("avg", "(interval year to month) -> interval year to month", |_, _| fold(Mean::Interval)),
        aggregate("geometric_mean", "(bigint) -> double", |_, _| fold(Mean::Geometric)),
        aggregate("geometric_mean", "(double) -> double", |_, _| fold(Mean::Geometric)),
        aggregate("geometric_mean", "(real) -> real", |_, _| fold(Mean::GeometricReal)),
    ]
}

#[derive(Debug, PartialEq)]
enum Mean {
    Double,
    Real,
    Interval,
    Geometric,
    GeometricReal,
}

#[derive(Debug, Default)]
struct Sum {
    count: i64,
    sum: f64,
}

impl Fold for Mean {
    type State = Sum;

    fn start(&self) -> Sum {
        Sum::default()
    }

    fn add(&self, state: &mut Sum, row: Row<'_>) -> Result<()> {
        if let Some(value) = row.number(0) {
            state.count += 1;
            state.sum += match self {
                Mean::Geometric | Mean::GeometricReal => value.ln(),
                _ => value,
            };
        }
        Ok(())
    }

    fn remove(&self, state: &mut Sum, row: Row<'_>) -> Result<bool> {
        if !matches!(self, Mean::Double | Mean::Real) {
            return Ok(false);
        }
        if let Some(value) = row.number(0) {
            state.count -= 1;
            state.sum -= value;
        }
        Ok(true)
    }

    fn carried(&self) -> Vec<Type> {
        vec![Type::Bigint, Type::Double]
    }

    fn save(&self, state: &Sum) -> Result<Vec<Value>> {
        Ok(vec![Value::Int(state.count), Value::Double(state.sum)])
    }

    fn merge(&self, state: &mut Sum, saved: Row<'_>) -> Result<()> {
        state.count += saved.int(0).unwrap_or(0);
        state.sum += saved.double(1).unwrap_or(0.0);
        Ok(())
    }

    fn finish(&self, state: &Sum) -> Result<Value> {
        if state.count == 0 {
            return Ok(Value::Null);
        }
        let mean = state.sum / state.count as f64;
        Ok(match self {
            Mean::Double => Value::Double(mean),
            Mean::Real => Value::Real(mean as f32),
            Mean::Interval => Value::Int((mean + 0.5).floor() as i64),
            Mean::Geometric => Value::Double(mean.exp()),
            Mean::GeometricReal => Value::Real(mean.exp() as f32),
        })
    }
}
