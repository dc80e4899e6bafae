//! How two numbers go together.

use super::super::fold::{Fold, Row};
use super::super::{Aggregate, Types, aggregate, fold};
use crate::error::{Error, Result};
use crate::types::Type;
use crate::value::Value;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Measure {
    Correlation,
    CovariancePopulation,
    CovarianceSample,
    Slope,
    Intercept,
}

#[derive(Debug, PartialEq)]
struct Pairs {
    measure: Measure,
    real: bool,
}

fn pairs(measure: Measure, types: &Types<'_>) -> Pairs {
    Pairs { measure, real: *types.returns == Type::Real }
}

pub(super) fn all() -> Vec<Aggregate> {
    let of = |text| {
        [
            aggregate("corr", text, |types, _| fold(pairs(Measure::Correlation, types))),
            aggregate("covar_pop", text, |types, _| fold(pairs(Measure::CovariancePopulation, types))),
            aggregate("covar_samp", text, |types, _| fold(pairs(Measure::CovarianceSample, types))),
            aggregate("regr_slope", text, |types, _| fold(pairs(Measure::Slope, types))),
            aggregate("regr_intercept", text, |types, _| fold(pairs(Measure::Intercept, types))),
        ]
    };
    of("(double, double) -> double").into_iter().chain(of("(real, real) -> real")).collect()
}

/// The dependent number is y, the first argument.
#[derive(Debug, Default, Clone, Copy)]
struct Moments {
    count: f64,
    mean_x: f64,
    mean_y: f64,
    /// Sums of products of deviations.
    xy: f64,
    xx: f64,
    yy: f64,
}

impl Fold for Pairs {
    type State = Moments;

    fn start(&self) -> Moments {
        Moments::default()
    }

    fn add(&self, state: &mut Moments, row: Row<'_>) -> Result<()> {
        let (Some(y), Some(x)) = (row.double(0), row.double(1)) else { return Ok(()) };
        state.count += 1.0;
        let n = state.count;
        let (delta_x, delta_y) = (x - state.mean_x, y - state.mean_y);
        state.mean_x += delta_x / n;
        state.mean_y += delta_y / n;
        state.xy += delta_x * (y - state.mean_y);
        state.xx += delta_x * (x - state.mean_x);
        state.yy += delta_y * (y - state.mean_y);
        Ok(())
    }

    fn carried(&self) -> Vec<Type> {
        vec![Type::Double; 6]
    }

    fn save(&self, state: &Moments) -> Result<Vec<Value>> {
        let Moments { count, mean_x, mean_y, xy, xx, yy } = *state;
        Ok([count, mean_x, mean_y, xy, xx, yy].map(Value::Double).to_vec())
    }

    fn merge(&self, state: &mut Moments, saved: Row<'_>) -> Result<()> {
        let part = |at: usize| saved.double(at).unwrap_or(0.0);
        let (na, nb) = (state.count, part(0));
        if nb == 0.0 {
            return Ok(());
        }
        let n = na + nb;
        let (delta_x, delta_y) = (part(1) - state.mean_x, part(2) - state.mean_y);
        state.count = n;
        state.mean_x += delta_x * nb / n;
        state.mean_y += delta_y * nb / n;
        state.xy += part(3) + delta_x * delta_y * na * nb / n;
        state.xx += part(4) + delta_x * delta_x * na * nb / n;
        state.yy += part(5) + delta_y * delta_y * na * nb / n;
        Ok(())
    }

    fn finish(&self, state: &Moments) -> Result<Value> {
        let n = state.count;
        let slope = state.xy / state.xx;
        let is_covariance = matches!(self.measure, Measure::CovariancePopulation | Measure::CovarianceSample);
        // What comes of it depends on the order in which parts were merged.
        let products = [state.xx, state.yy, state.mean_x * state.mean_x, state.mean_y * state.mean_y];
        if products.into_iter().any(f64::is_infinite) {
            return Err(Error::not_here("A covariance, correlation or regression of numbers as large as these"));
        }
        let result = match self.measure {
            Measure::CovariancePopulation if n == 0.0 => return Ok(Value::Null),
            Measure::CovarianceSample if n < 2.0 => return Ok(Value::Null),
            Measure::CovariancePopulation => state.xy / n,
            Measure::CovarianceSample => state.xy / (n - 1.0),
            Measure::Correlation => state.xy / (state.xx.sqrt() * state.yy.sqrt()),
            Measure::Slope => slope,
            Measure::Intercept => state.mean_y - slope * state.mean_x,
        };
        Ok(match result.is_finite() || is_covariance {
            false => Value::Null,
            true if self.real => Value::Real(result as f32),
            true => Value::Double(result),
        })
    }
}
