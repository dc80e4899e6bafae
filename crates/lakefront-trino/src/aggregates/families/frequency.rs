//! `numeric_histogram` and `approx_most_frequent`

use super::super::fold::{Fold, Row};
use super::super::{Aggregate, aggregate, fold};
use crate::error::{Error, Result};
use crate::types::Type;
use crate::value::{Value, identical};

pub(super) fn all() -> Vec<Aggregate> {
    let histogram = |signature| {
        aggregate("numeric_histogram", signature, |types, _| {
            fold(Histogram { real: types.arguments[1] == Type::Real, weighted: types.arguments.len() == 3 })
        })
    };
    let frequent = |signature| {
        aggregate("approx_most_frequent", signature, |types, _| fold(MostFrequent { of: types.arguments[1].clone() }))
    };
    vec![
        histogram("(bigint, double) -> map(double, double)"),
        histogram("(bigint, real) -> map(real, real)"),
        histogram("(bigint, double, double) -> map(double, double)"),
        histogram("(bigint, real, double) -> map(real, real)"),
        frequent("(bigint, bigint, bigint) -> map(bigint, bigint)"),
        frequent("(bigint, varchar, bigint) -> map(varchar, bigint)"),
    ]
}

#[derive(Debug, PartialEq)]
struct Histogram {
    real: bool,
    weighted: bool,
}

/// Ben-Haim, Tom-Tov: A Streaming Parallel Decision Tree Algorithm.
#[derive(Debug, Default)]
struct Buckets {
    most: usize,
    /// Values and weights.
    buckets: Vec<(f64, f64)>,
}

impl Buckets {
    /// What buckets may be over the number asked for before they are merged.
    const BUFFER: usize = 100;

    fn add(&mut self, value: f64, weight: f64) -> Result<()> {
        if value.is_nan() {
            return Err(beyond_numbers());
        }
        if self.buckets.len() >= self.most + Self::BUFFER {
            self.compact()?;
        }
        self.buckets.push((value, weight));
        Ok(())
    }

    fn compact(&mut self) -> Result<()> {
        self.buckets.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        self.buckets.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        while self.buckets.len() > self.most {
            let penalty = |pair: &[(f64, f64)]| {
                let ((a, a_weight), (b, b_weight)) = (pair[0], pair[1]);
                let weight = a_weight + b_weight;
                weight * (a - b) * (a - b) * (a_weight * b_weight / (weight * weight))
            };
            let penalties: Vec<f64> = self.buckets.windows(2).map(penalty).collect();
            if penalties.iter().any(|penalty| penalty.is_nan()) {
                return Err(beyond_numbers());
            }
            let least = penalties.iter().enumerate().min_by(|(_, a), (_, b)| a.total_cmp(b));
            let Some((at, _)) = least else { return Ok(()) };
            let ((a, a_weight), (b, b_weight)) = (self.buckets[at], self.buckets.remove(at + 1));
            let weight = a_weight + b_weight;
            self.buckets[at] = ((a * a_weight + b * b_weight) / weight, weight);
        }
        self.buckets.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        Ok(())
    }

    fn compacted(&self) -> Result<Vec<(f64, f64)>> {
        let mut copy = Buckets { most: self.most, buckets: self.buckets.clone() };
        copy.compact()?;
        Ok(copy.buckets)
    }
}

/// Which buckets Trino merges then, if it does not fail, has no rule.
fn beyond_numbers() -> Error {
    Error::not_here("A numeric_histogram of NaN or of infinities that have to be merged")
}

impl Fold for Histogram {
    type State = Buckets;

    fn start(&self) -> Buckets {
        Buckets::default()
    }

    fn add(&self, state: &mut Buckets, row: Row<'_>) -> Result<()> {
        let (Some(most), Some(value)) = (row.int(0), row.double(1)) else { return Ok(()) };
        let weight = match self.weighted {
            true => match row.double(2) {
                Some(weight) => weight,
                None => return Ok(()),
            },
            false => 1.0,
        };
        if state.most == 0 {
            if most < 2 {
                return Err(Error::invalid_argument("numeric_histogram bucket count must be greater than one"));
            }
            state.most = usize::try_from(most).unwrap_or(usize::MAX / 2);
        }
        state.add(value, weight)
    }

    fn carried(&self) -> Vec<Type> {
        vec![Type::Bigint, Type::array(Type::Double), Type::array(Type::Double)]
    }

    fn save(&self, state: &Buckets) -> Result<Vec<Value>> {
        let (values, weights) =
            state.compacted()?.into_iter().map(|(value, weight)| (Value::Double(value), Value::Double(weight))).unzip();
        Ok(vec![Value::Int(state.most as i64), Value::Array(values), Value::Array(weights)])
    }

    fn merge(&self, state: &mut Buckets, saved: Row<'_>) -> Result<()> {
        state.most = state.most.max(saved.int(0).unwrap_or(0) as usize);
        for pair in saved.items(1).into_iter().zip(saved.items(2)) {
            if let (Value::Double(value), Value::Double(weight)) = pair {
                state.buckets.push((value, weight));
            }
        }
        if !state.buckets.is_empty() {
            state.compact()?;
        }
        Ok(())
    }

    fn finish(&self, state: &Buckets) -> Result<Value> {
        if state.most == 0 {
            return Ok(Value::Null);
        }
        let number = |value: f64| if self.real { Value::Real(value as f32) } else { Value::Double(value) };
        let entries = state.compacted()?.into_iter().map(|(value, weight)| (number(value), number(weight)));
        Ok(Value::Map(entries.collect()))
    }

    fn kept(&self, state: &Buckets) -> usize {
        state.buckets.len()
    }

    fn held(&self) -> usize {
        16
    }
}

#[derive(Debug, PartialEq)]
struct MostFrequent {
    of: Type,
}

/// Metwally, Agrawal, Abbadi: Efficient Computation of Frequent and Top-k Elements in Data Streams.
#[derive(Debug, Default)]
struct Counters {
    buckets: usize,
    capacity: usize,
    counters: Vec<Counter>,
    clock: u64,
}

#[derive(Debug)]
struct Counter {
    value: Value,
    count: i64,
    /// When the count became what it is.
    since: u64,
}

impl Counters {
    fn add(&mut self, value: Value, more: i64) {
        self.clock += 1;
        let since = self.clock;
        if let Some(counter) = self.counters.iter_mut().find(|counter| identical(&counter.value, &value)) {
            counter.count += more;
            counter.since = since;
        } else if self.counters.len() < self.capacity {
            self.counters.push(Counter { value, count: more, since });
        } else if let Some(least) = self.counters.iter_mut().min_by_key(|counter| (counter.count, counter.since)) {
            *least = Counter { value, count: least.count + more, since };
        }
    }

    fn top(&self, most: usize) -> Vec<&Counter> {
        let mut sorted: Vec<&Counter> = self.counters.iter().collect();
        sorted.sort_by_key(|counter| (-counter.count, counter.since));
        sorted.truncate(most);
        sorted
    }
}

impl Fold for MostFrequent {
    type State = Counters;

    fn start(&self) -> Counters {
        Counters::default()
    }

    fn add(&self, state: &mut Counters, row: Row<'_>) -> Result<()> {
        let (Some(buckets), false, Some(capacity)) = (row.int(0), row.is_null(1), row.int(2)) else { return Ok(()) };
        if state.buckets == 0 {
            if buckets < 2 {
                return Err(Error::invalid_argument("approx_most_frequent bucket count must be greater than one"));
            }
            let number = |value: i64| {
                i32::try_from(value)
                    .ok()
                    .and_then(|value| usize::try_from(value).ok())
                    .ok_or_else(|| Error::not_here("This capacity of approx_most_frequent"))
            };
            (state.buckets, state.capacity) = (number(buckets)?, number(capacity)?);
        }
        state.add(row.value(1), 1);
        Ok(())
    }

    fn carried(&self) -> Vec<Type> {
        vec![Type::Bigint, Type::Bigint, Type::array(self.of.clone()), Type::array(Type::Bigint)]
    }

    fn save(&self, state: &Counters) -> Result<Vec<Value>> {
        let (values, counts) = state
            .top(state.capacity)
            .into_iter()
            .map(|counter| (counter.value.clone(), Value::Int(counter.count)))
            .unzip();
        Ok(vec![
            Value::Int(state.buckets as i64),
            Value::Int(state.capacity as i64),
            Value::Array(values),
            Value::Array(counts),
        ])
    }

    fn merge(&self, state: &mut Counters, saved: Row<'_>) -> Result<()> {
        state.buckets = state.buckets.max(saved.int(0).unwrap_or(0) as usize);
        state.capacity = state.capacity.max(saved.int(1).unwrap_or(0) as usize);
        for (value, count) in saved.items(2).into_iter().zip(saved.items(3)) {
            if let Value::Int(count) = count {
                state.add(value, count);
            }
        }
        Ok(())
    }

    fn finish(&self, state: &Counters) -> Result<Value> {
        if state.buckets == 0 {
            return Ok(Value::Null);
        }
        let entries = state.top(state.buckets).into_iter();
        Ok(Value::Map(entries.map(|counter| (counter.value.clone(), Value::Int(counter.count))).collect()))
    }
}
