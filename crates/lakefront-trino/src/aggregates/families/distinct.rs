//! `approx_distinct`, `approx_set` and `checksum`: what is told by hashes.

use super::super::fold::{Fold, Row};
use super::super::hash;
use super::super::hyperloglog::HyperLogLog;
use super::super::{Aggregate, aggregate, fold};
use crate::error::{Code, Error, Result};
use crate::types::Type;
use crate::value::Value;

pub(super) fn all() -> Vec<Aggregate> {
    vec![
        aggregate("approx_distinct", "(T) -> bigint where comparable T", |types, _| {
            fold(Distinct { of: types.arguments[0].clone() })
        })
        .of_set(),
        aggregate("approx_distinct", "(T, double) -> bigint where comparable T", |types, _| {
            fold(Distinct { of: types.arguments[0].clone() })
        })
        .of_set(),
        aggregate("checksum", "(T) -> varbinary where comparable T", |types, _| {
            fold(Checksum { of: types.arguments[0].clone() })
        }),
        aggregate("merge", "(HyperLogLog) -> HyperLogLog", |_, _| fold(Merge)).of_set(),
    ]
}

const DEFAULT_ERROR: f64 = 0.023;

#[derive(Debug, PartialEq)]
struct Distinct {
    of: Type,
}

impl Fold for Distinct {
    type State = Option<HyperLogLog>;

    fn start(&self) -> Self::State {
        None
    }

    fn add(&self, state: &mut Self::State, row: Row<'_>) -> Result<()> {
        if row.is_null(0) {
            return Ok(());
        }
        let error = match row.len() {
            1 => DEFAULT_ERROR,
            _ => match row.double(1) {
                Some(error) => error,
                None => return Ok(()),
            },
        };
        // Trino counts booleans one by one, whatever error it may make.
        let error = if self.of == Type::Boolean { DEFAULT_ERROR } else { error };
        if state.is_none() && !(0.004_062_5..=0.26).contains(&error) {
            let message = format!("Max standard error must be in [0.0040625, 0.26]: {error}");
            return Err(Error::invalid_argument(message));
        }
        let log = state.get_or_insert_with(|| HyperLogLog::new(HyperLogLog::buckets_for(error)));
        let hash = match (row.int(0), row.text(0)) {
            (Some(value), _) => hash::of_long(value),
            (_, Some(text)) => hash::of_bytes(text.as_bytes()),
            _ => match (row.value(0), &self.of) {
                (Value::Bytes(bytes), _) => hash::of_bytes(&bytes),
                (value, of) => hash::of_value(&value, of)?,
            },
        };
        log.add(hash);
        Ok(())
    }

    fn carried(&self) -> Vec<Type> {
        vec![Type::HyperLogLog]
    }

    fn save(&self, state: &Self::State) -> Result<Vec<Value>> {
        Ok(vec![Value::or_null(state.as_ref().map(|log| Value::Bytes(log.write())))])
    }

    fn merge(&self, state: &mut Self::State, saved: Row<'_>) -> Result<()> {
        merge(state, saved)
    }

    fn finish(&self, state: &Self::State) -> Result<Value> {
        Ok(Value::Int(state.as_ref().map_or(0, HyperLogLog::cardinality)))
    }

    fn kept(&self, state: &Self::State) -> usize {
        state.as_ref().map_or(0, HyperLogLog::kept_bytes)
    }

    fn held(&self) -> usize {
        1
    }
}

fn merge(state: &mut Option<HyperLogLog>, saved: Row<'_>) -> Result<()> {
    let Some(bytes) = saved.bytes(0) else { return Ok(()) };
    let Some(log) = HyperLogLog::read(bytes) else {
        return Err(Error::new(Code::GenericInternalError, "Cannot deserialize HyperLogLog"));
    };
    match state {
        None => *state = Some(log),
        Some(known) if known.fits(&log) => known.merge(&log),
        Some(_) => {
            return Err(Error::invalid_argument(
                "Cannot merge HyperLogLog instances with different numbers of buckets",
            ));
        }
    }
    Ok(())
}

#[derive(Debug, PartialEq)]
struct Merge;

impl Fold for Merge {
    type State = Option<HyperLogLog>;

    fn start(&self) -> Self::State {
        None
    }

    fn add(&self, state: &mut Self::State, row: Row<'_>) -> Result<()> {
        merge(state, row)
    }

    fn carried(&self) -> Vec<Type> {
        vec![Type::HyperLogLog]
    }

    fn save(&self, state: &Self::State) -> Result<Vec<Value>> {
        Ok(vec![self.finish(state)?])
    }

    fn merge(&self, state: &mut Self::State, saved: Row<'_>) -> Result<()> {
        merge(state, saved)
    }

    fn finish(&self, state: &Self::State) -> Result<Value> {
        Ok(Value::or_null(state.as_ref().map(|log| Value::Bytes(log.write()))))
    }
}

#[derive(Debug, PartialEq)]
struct Checksum {
    of: Type,
}

const PRIME: i64 = 0x9E37_79B1_85EB_CA87_u64 as i64;

impl Fold for Checksum {
    type State = Option<i64>;

    fn start(&self) -> Option<i64> {
        None
    }

    fn add(&self, state: &mut Option<i64>, row: Row<'_>) -> Result<()> {
        let part = match row.value(0) {
            Value::Null => PRIME,
            value => hash::of_value(&value, &self.of)?.wrapping_mul(PRIME),
        };
        *state = Some(state.unwrap_or(0).wrapping_add(part));
        Ok(())
    }

    fn carried(&self) -> Vec<Type> {
        vec![Type::Bigint]
    }

    fn save(&self, state: &Option<i64>) -> Result<Vec<Value>> {
        Ok(vec![Value::or_null(state.map(Value::Int))])
    }

    fn merge(&self, state: &mut Option<i64>, saved: Row<'_>) -> Result<()> {
        if let Some(part) = saved.int(0) {
            *state = Some(state.unwrap_or(0).wrapping_add(part));
        }
        Ok(())
    }

    fn finish(&self, state: &Option<i64>) -> Result<Value> {
        Ok(Value::or_null(state.map(|sum| Value::Bytes(sum.to_le_bytes().to_vec()))))
    }
}
