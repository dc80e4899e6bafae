//! Sums.

use datafusion::functions_aggregate::sum::sum_udaf;

use super::super::fold::{Fold, Row};
use super::super::{Aggregate, aggregate, fold};
use crate::error::{Code, Error, Result};
use crate::types::{MAX_PRECISION, Type};
use crate::value::Value;

pub(super) fn all() -> Vec<Aggregate> {
    vec![
        aggregate("sum", "(bigint) -> bigint", |_, _| fold(Whole::Bigint)),
        aggregate("sum", "(double) -> double", |_, _| fold(Floating { real: false })).native(|_| Some(sum_udaf())),
        aggregate("sum", "(real) -> real", |_, _| fold(Floating { real: true })),
        aggregate("sum", "(decimal(p, s)) -> decimal(38, s)", |_, _| fold(Decimals::Sum)),
        aggregate("sum", "(interval day to second) -> interval day to second", |_, _| fold(Whole::Milliseconds)),
        aggregate("sum", "(interval year to month) -> interval year to month", |_, _| fold(Whole::Months)),
    ]
}

#[derive(Debug, PartialEq)]
enum Whole {
    Bigint,
    Milliseconds,
    Months,
}

impl Whole {
    fn sum(&self, a: i64, b: i64) -> Result<i64> {
        let sum = a.checked_add(b);
        match self {
            Whole::Bigint => sum.ok_or_else(|| Error::out_of_range(format!("bigint addition overflow: {a} + {b}"))),
            Whole::Milliseconds => sum.ok_or_else(|| Error::new(Code::GenericInternalError, "long overflow")),
            Whole::Months => sum
                .filter(|sum| i32::try_from(*sum).is_ok())
                .ok_or_else(|| Error::new(Code::GenericInternalError, "integer overflow")),
        }
    }
}

/// Of values that are not null.
#[derive(Debug, Default)]
struct Total<T> {
    count: i64,
    sum: T,
}

impl Fold for Whole {
    type State = Total<i64>;

    fn start(&self) -> Total<i64> {
        Total::default()
    }

    fn add(&self, state: &mut Total<i64>, row: Row<'_>) -> Result<()> {
        if let Some(value) = row.int(0) {
            state.sum = self.sum(state.sum, value)?;
            state.count += 1;
        }
        Ok(())
    }

    fn remove(&self, state: &mut Total<i64>, row: Row<'_>) -> Result<bool> {
        if *self != Whole::Bigint {
            return Ok(false);
        }
        if let Some(value) = row.int(0) {
            let sum = state.sum;
            state.sum = sum
                .checked_sub(value)
                .ok_or_else(|| Error::out_of_range(format!("bigint subtraction overflow: {sum} - {value}")))?;
            state.count -= 1;
        }
        Ok(true)
    }

    fn carried(&self) -> Vec<Type> {
        vec![Type::Bigint, Type::Bigint]
    }

    fn save(&self, state: &Total<i64>) -> Result<Vec<Value>> {
        Ok(vec![Value::Int(state.count), Value::Int(state.sum)])
    }

    fn merge(&self, state: &mut Total<i64>, saved: Row<'_>) -> Result<()> {
        state.sum = self.sum(state.sum, saved.int(1).unwrap_or(0))?;
        state.count += saved.int(0).unwrap_or(0);
        Ok(())
    }

    fn finish(&self, state: &Total<i64>) -> Result<Value> {
        Ok(if state.count == 0 { Value::Null } else { Value::Int(state.sum) })
    }
}

#[derive(Debug, PartialEq)]
struct Floating {
    real: bool,
}

impl Fold for Floating {
    type State = Total<f64>;

    fn start(&self) -> Total<f64> {
        Total::default()
    }

    fn add(&self, state: &mut Total<f64>, row: Row<'_>) -> Result<()> {
        if let Some(value) = row.double(0) {
            state.sum += value;
            state.count += 1;
        }
        Ok(())
    }

    fn remove(&self, state: &mut Total<f64>, row: Row<'_>) -> Result<bool> {
        if self.real {
            return Ok(false);
        }
        if let Some(value) = row.double(0) {
            state.sum -= value;
            state.count -= 1;
        }
        Ok(true)
    }

    fn carried(&self) -> Vec<Type> {
        vec![Type::Bigint, Type::Double]
    }

    fn save(&self, state: &Total<f64>) -> Result<Vec<Value>> {
        Ok(vec![Value::Int(state.count), Value::Double(state.sum)])
    }

    fn merge(&self, state: &mut Total<f64>, saved: Row<'_>) -> Result<()> {
        state.sum += saved.double(1).unwrap_or(0.0);
        state.count += saved.int(0).unwrap_or(0);
        Ok(())
    }

    fn finish(&self, state: &Total<f64>) -> Result<Value> {
        Ok(match state.count {
            0 => Value::Null,
            _ if self.real => Value::Real(state.sum as f32),
            _ => Value::Double(state.sum),
        })
    }
}

/// What is made of the sum of decimals.
#[derive(Debug, PartialEq)]
pub(super) enum Decimals {
    Sum,
    Mean,
}

/// A sum that may leave 128 bits on its way.
#[derive(Debug, Default)]
pub(super) struct WideSum {
    pub(super) count: i64,
    low: i128,
    /// How often the sum passed the end of 128 bits, upwards or downwards.
    overflow: i64,
}

impl WideSum {
    pub(super) fn add(&mut self, value: i128) {
        let (sum, passed) = self.low.overflowing_add(value);
        self.low = sum;
        if passed {
            self.overflow += if value > 0 { 1 } else { -1 };
        }
    }

    pub(super) fn carried() -> Vec<Type> {
        vec![Type::Bigint, Type::decimal(MAX_PRECISION, 0), Type::Bigint]
    }

    pub(super) fn save(&self) -> Vec<Value> {
        vec![Value::Int(self.count), Value::Decimal(self.low), Value::Int(self.overflow)]
    }

    pub(super) fn merge(&mut self, saved: Row<'_>) {
        self.add(saved.decimal(1).unwrap_or(0));
        self.count += saved.int(0).unwrap_or(0);
        self.overflow += saved.int(2).unwrap_or(0);
    }

    /// The sum, if a decimal can be that large.
    pub(super) fn total(&self) -> Result<i128> {
        match self.overflow == 0 && self.low.unsigned_abs() < 10u128.pow(MAX_PRECISION.into()) {
            true => Ok(self.low),
            false => Err(Error::new(Code::GenericInternalError, "Decimal overflow")),
        }
    }

    /// The sum divided by the count, halves away from zero.
    pub(super) fn mean(&self) -> Result<i128> {
        let count = i128::from(self.count);
        let (mut quotient, mut rest) = (self.low.div_euclid(count), self.low.rem_euclid(count));
        // Every passing of the end stands for 2^128 = (2^128 / count) * count + rest.
        for _ in 0..self.overflow.unsigned_abs() {
            let (whole, left) = (u128::MAX / count as u128, (u128::MAX % count as u128) as i128 + 1);
            let sign = i128::from(self.overflow.signum());
            quotient = quotient.wrapping_add(sign.wrapping_mul(whole as i128));
            rest += sign * left;
            quotient = quotient.wrapping_add(rest.div_euclid(count));
            rest = rest.rem_euclid(count);
        }
        let up = match (rest * 2).cmp(&count) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => quotient >= 0,
            std::cmp::Ordering::Less => false,
        };
        Ok(quotient + i128::from(up))
    }
}

impl Fold for Decimals {
    type State = WideSum;

    fn start(&self) -> WideSum {
        WideSum::default()
    }

    fn add(&self, state: &mut WideSum, row: Row<'_>) -> Result<()> {
        if let Some(value) = row.decimal(0) {
            state.add(value);
            state.count += 1;
        }
        Ok(())
    }

    fn carried(&self) -> Vec<Type> {
        WideSum::carried()
    }

    fn save(&self, state: &WideSum) -> Result<Vec<Value>> {
        Ok(state.save())
    }

    fn merge(&self, state: &mut WideSum, saved: Row<'_>) -> Result<()> {
        state.merge(saved);
        Ok(())
    }

    fn finish(&self, state: &WideSum) -> Result<Value> {
        if state.count == 0 {
            return Ok(Value::Null);
        }
        let result = match self {
            Decimals::Sum => state.total(),
            Decimals::Mean => state.mean(),
        };
        result.map(Value::Decimal)
    }
}
