//! Variance, skewness and kurtosis.

use super::super::fold::{Fold, Row};
use super::super::{Aggregate, Make, aggregate, fold};
use crate::error::{Error, Result};
use crate::types::Type;
use crate::value::Value;

#[derive(Debug, PartialEq)]
enum Measure {
    VariancePopulation,
    VarianceSample,
    DeviationPopulation,
    DeviationSample,
    Skewness,
    Kurtosis,
}

pub(super) fn all() -> Vec<Aggregate> {
    // That there is one of whole numbers matters where `DISTINCT` compares them.
    const OF: [&str; 2] = ["(bigint) -> double", "(double) -> double"];
    let all: [(&str, Make); 8] = [
        ("variance", |_, _| fold(Measure::VarianceSample)),
        ("var_samp", |_, _| fold(Measure::VarianceSample)),
        ("var_pop", |_, _| fold(Measure::VariancePopulation)),
        ("stddev", |_, _| fold(Measure::DeviationSample)),
        ("stddev_samp", |_, _| fold(Measure::DeviationSample)),
        ("stddev_pop", |_, _| fold(Measure::DeviationPopulation)),
        ("skewness", |_, _| fold(Measure::Skewness)),
        ("kurtosis", |_, _| fold(Measure::Kurtosis)),
    ];
    all.into_iter().flat_map(|(name, make)| OF.map(|text| aggregate(name, text, make))).collect()
}

/// Central moments, without division by the count.
#[derive(Debug, Default, Clone, Copy)]
struct Moments {
    count: f64,
    mean: f64,
    second: f64,
    third: f64,
    fourth: f64,
}

impl Moments {
    /// The first two.
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let delta = value - self.mean;
        self.mean += delta / self.count;
        self.second += delta * (value - self.mean);
    }

    /// Pébay: Formulas for Robust, One-Pass Parallel Computation of Covariances and Arbitrary-Order Statistical Moments.
    fn merge(&mut self, other: Moments) {
        if other.count == 0.0 {
            return;
        }
        let (na, nb) = (self.count, other.count);
        let n = na + nb;
        let delta = other.mean - self.mean;
        let part = delta / n;
        let fourth = self.fourth
            + other.fourth
            + na * nb * (na * na - na * nb + nb * nb) * delta * part * part * part
            + 6.0 * (na * na * other.second + nb * nb * self.second) * part * part
            + 4.0 * (na * other.third - nb * self.third) * part;
        let third = self.third
            + other.third
            + na * nb * (na - nb) * delta * part * part
            + 3.0 * (na * other.second - nb * self.second) * part;
        let second = self.second + other.second + na * nb * delta * part;
        *self = Moments { count: n, mean: self.mean + nb * part, second, third, fourth };
    }
}

impl Fold for Measure {
    type State = Moments;

    fn start(&self) -> Moments {
        Moments::default()
    }

    fn add(&self, state: &mut Moments, row: Row<'_>) -> Result<()> {
        let Some(value) = row.number(0) else { return Ok(()) };
        match self {
            Measure::Skewness | Measure::Kurtosis => {
                let before = state.count;
                state.count += 1.0;
                let n = state.count;
                let delta = value - state.mean;
                let part = delta / n;
                let part_squared = part * part;
                let spread = delta * part * before;
                state.mean += part;
                state.fourth += spread * part_squared * (n * n - 3.0 * n + 3.0) + 6.0 * part_squared * state.second
                    - 4.0 * part * state.third;
                state.third += spread * part * (n - 2.0) - 3.0 * part * state.second;
                state.second += spread;
            }
            _ => state.add(value),
        }
        Ok(())
    }

    fn add_doubles(&self, state: &mut Moments, values: &[f64]) -> bool {
        let is_variance = !matches!(self, Measure::Skewness | Measure::Kurtosis);
        if is_variance {
            let mut sum = *state;
            values.iter().for_each(|value| sum.add(*value));
            *state = sum;
        }
        is_variance
    }

    fn carried(&self) -> Vec<Type> {
        vec![Type::Double; 5]
    }

    fn save(&self, state: &Moments) -> Result<Vec<Value>> {
        Ok([state.count, state.mean, state.second, state.third, state.fourth].map(Value::Double).to_vec())
    }

    fn merge(&self, state: &mut Moments, saved: Row<'_>) -> Result<()> {
        let part = |at: usize| saved.double(at).unwrap_or(0.0);
        state.merge(Moments { count: part(0), mean: part(1), second: part(2), third: part(3), fourth: part(4) });
        Ok(())
    }

    fn finish(&self, state: &Moments) -> Result<Value> {
        let n = state.count;
        let least = match self {
            Measure::VariancePopulation | Measure::DeviationPopulation => 1.0,
            Measure::VarianceSample | Measure::DeviationSample => 2.0,
            Measure::Skewness => 3.0,
            Measure::Kurtosis => 4.0,
        };
        if n < least {
            return Ok(Value::Null);
        }
        // Where a power of the mean overflows, Trino answers one thing for one part of the rows and NaN once it merges
        // two, an empty one too.
        let power = match self {
            Measure::Skewness => 3,
            Measure::Kurtosis => 4,
            _ => 2,
        };
        let overflows = match state.mean.is_finite() {
            true => !(state.mean.powi(power) * n).is_finite(),
            // Of numbers that are infinite themselves it is NaN either way.
            false => !state.second.is_nan(),
        };
        if overflows {
            return Err(Error::not_here("A variance or a higher moment of numbers as large as these"));
        }
        Ok(Value::Double(match self {
            Measure::VariancePopulation => state.second / n,
            Measure::VarianceSample => state.second / (n - 1.0),
            Measure::DeviationPopulation => (state.second / n).sqrt(),
            Measure::DeviationSample => (state.second / (n - 1.0)).sqrt(),
            Measure::Skewness => n.sqrt() * state.third / state.second.powf(1.5),
            Measure::Kurtosis => {
                let variance = state.second / (n - 1.0);
                (n * (n + 1.0)) / ((n - 1.0) * (n - 2.0) * (n - 3.0)) * state.fourth / (variance * variance)
                    - 3.0 * (n - 1.0).powi(2) / ((n - 2.0) * (n - 3.0))
            }
        }))
    }
}
