//! Sketches that later statements read: sets, quantiles.

use std::sync::Arc;

use super::super::fold::{Fold, Folding, Row};
use super::super::hash;
use super::super::hyperloglog::HyperLogLog;
use super::super::setdigest::SetDigest;
use super::super::tdigest::TDigest;
use super::super::{Aggregate, Types, aggregate, fold};
use super::percentile::{self, check_weight};
use crate::closure::Closure;
use crate::error::{Code, Error, Result};
use crate::types::Type;
use crate::value::Value;

pub(super) fn all() -> Vec<Aggregate> {
    let refused = |name, signature| aggregate(name, signature, not_here);
    vec![
        aggregate("approx_set", "(bigint) -> HyperLogLog", |_, _| fold(Logs)),
        aggregate("approx_set", "(double) -> HyperLogLog", |_, _| fold(Logs)),
        aggregate("approx_set", "(varchar) -> HyperLogLog", |_, _| fold(Logs)),
        aggregate("make_set_digest", "(T) -> SetDigest", |types, _| match &types.arguments[0] {
            Type::Double | Type::Boolean | Type::Array(_) | Type::Map(..) | Type::Row(_) => Err(Error::new(
                Code::FunctionImplementationMissing,
                "Unexpected parameters for function make_set_digest",
            )),
            Type::Decimal { precision: 19.., .. } | Type::Timestamp(7..) | Type::TimestampTz(_) | Type::TimeTz(_) => {
                Err(Error::not_here(format!("make_set_digest of {}", types.arguments[0])))
            }
            _ => fold(Sets { merges: false }),
        }),
        aggregate("merge_set_digest", "(SetDigest) -> SetDigest", |_, _| fold(Sets { merges: true })),
        aggregate("tdigest_agg", "(double) -> tdigest", |_, _| fold(Digests { merges: false })),
        aggregate("tdigest_agg", "(double, double) -> tdigest", |_, _| fold(Digests { merges: false })),
        aggregate("merge", "(tdigest) -> tdigest", |_, _| fold(Digests { merges: true })),
        refused("qdigest_agg", "(bigint) -> qdigest(bigint)"),
        refused("qdigest_agg", "(double) -> qdigest(double)"),
        refused("qdigest_agg", "(real) -> qdigest(real)"),
        refused("qdigest_agg", "(bigint, bigint) -> qdigest(bigint)"),
        refused("qdigest_agg", "(double, bigint) -> qdigest(double)"),
        refused("qdigest_agg", "(real, bigint) -> qdigest(real)"),
        refused("qdigest_agg", "(bigint, bigint, double) -> qdigest(bigint)"),
        refused("qdigest_agg", "(double, bigint, double) -> qdigest(double)"),
        refused("qdigest_agg", "(real, bigint, double) -> qdigest(real)"),
        refused("merge", "(qdigest(T)) -> qdigest(T)"),
    ]
}

fn not_here(_: &Types<'_>, _: Vec<Closure>) -> Result<Arc<dyn Folding>> {
    Err(Error::not_here("A qdigest"))
}

fn unreadable(name: &str) -> Error {
    Error::new(Code::GenericInternalError, format!("Cannot deserialize {name}"))
}

/// Bytes of a value as sketches hash it.
fn hashed<R>(row: Row<'_>, then: impl FnOnce(&[u8]) -> R) -> Option<R> {
    if let Some(value) = row.int(0) {
        return Some(then(&value.to_le_bytes()));
    }
    if let Some(text) = row.text(0) {
        return Some(then(text.as_bytes()));
    }
    match row.value(0) {
        Value::Null => None,
        Value::Real(value) => {
            let bits = if value.is_nan() { f32::NAN } else { value }.to_bits();
            Some(then(&i64::from(bits.cast_signed()).to_le_bytes()))
        }
        Value::Double(value) => {
            let bits = if value.is_nan() { f64::NAN } else { value }.to_bits();
            Some(then(&bits.to_le_bytes()))
        }
        Value::Decimal(value) => Some(then(&(value as i64).to_le_bytes())),
        Value::Timestamp(picos) => Some(then(&(picos.div_euclid(1_000_000) as i64).to_le_bytes())),
        Value::Bytes(bytes) => Some(then(&bytes)),
        _ => None,
    }
}

#[derive(Debug, PartialEq)]
struct Logs;

impl Fold for Logs {
    type State = Option<HyperLogLog>;

    fn start(&self) -> Self::State {
        None
    }

    fn add(&self, state: &mut Self::State, row: Row<'_>) -> Result<()> {
        if let Some(hash) = hashed(row, hash::murmur) {
            state.get_or_insert_with(|| HyperLogLog::new(HyperLogLog::BUCKETS_OF_SETS)).add(hash);
        }
        Ok(())
    }

    fn carried(&self) -> Vec<Type> {
        vec![Type::HyperLogLog]
    }

    fn save(&self, state: &Self::State) -> Result<Vec<Value>> {
        Ok(vec![self.finish(state)?])
    }

    fn merge(&self, state: &mut Self::State, saved: Row<'_>) -> Result<()> {
        let Some(bytes) = saved.bytes(0) else { return Ok(()) };
        let log = HyperLogLog::read(bytes).ok_or_else(|| unreadable("HyperLogLog"))?;
        match state {
            Some(known) => known.merge(&log),
            None => *state = Some(log),
        }
        Ok(())
    }

    fn finish(&self, state: &Self::State) -> Result<Value> {
        Ok(Value::or_null(state.as_ref().map(|log| Value::Bytes(log.write()))))
    }
}

#[derive(Debug, PartialEq)]
struct Sets {
    merges: bool,
}

impl Fold for Sets {
    type State = Option<SetDigest>;

    fn start(&self) -> Self::State {
        None
    }

    fn add(&self, state: &mut Self::State, row: Row<'_>) -> Result<()> {
        if self.merges {
            return self.merge(state, row);
        }
        if !row.is_null(0) {
            let digest = state.get_or_insert_with(SetDigest::default);
            hashed(row, |bytes| digest.add(bytes));
        }
        Ok(())
    }

    fn carried(&self) -> Vec<Type> {
        vec![Type::SetDigest]
    }

    fn save(&self, state: &Self::State) -> Result<Vec<Value>> {
        Ok(vec![self.finish(state)?])
    }

    fn merge(&self, state: &mut Self::State, saved: Row<'_>) -> Result<()> {
        let Some(bytes) = saved.bytes(0) else { return Ok(()) };
        let digest = SetDigest::read(bytes).ok_or_else(|| unreadable("SetDigest"))?;
        match state {
            Some(known) if known.log().fits(digest.log()) => known.merge(&digest),
            Some(_) => return Err(unreadable("SetDigest")),
            None => *state = Some(digest),
        }
        Ok(())
    }

    fn finish(&self, state: &Self::State) -> Result<Value> {
        Ok(Value::or_null(state.as_ref().map(|digest| Value::Bytes(digest.write()))))
    }

    fn kept(&self, state: &Self::State) -> usize {
        state.as_ref().map_or(0, SetDigest::kept_bytes)
    }

    fn held(&self) -> usize {
        1
    }
}

#[derive(Debug, PartialEq)]
struct Digests {
    merges: bool,
}

impl Fold for Digests {
    type State = Option<TDigest>;

    fn start(&self) -> Self::State {
        None
    }

    fn add(&self, state: &mut Self::State, row: Row<'_>) -> Result<()> {
        if self.merges {
            return self.merge(state, row);
        }
        let Some(value) = row.double(0) else { return Ok(()) };
        let weight = match row.len() {
            1 => 1.0,
            _ => match row.double(1) {
                Some(weight) => check_weight(weight)?,
                None => return Ok(()),
            },
        };
        percentile::add(state.get_or_insert_with(TDigest::default), value, weight)
    }

    fn carried(&self) -> Vec<Type> {
        vec![Type::TDigest]
    }

    fn save(&self, state: &Self::State) -> Result<Vec<Value>> {
        Ok(vec![self.finish(state)?])
    }

    fn merge(&self, state: &mut Self::State, saved: Row<'_>) -> Result<()> {
        let Some(bytes) = saved.bytes(0) else { return Ok(()) };
        let digest = TDigest::read(bytes).ok_or_else(|| unreadable("TDigest"))?;
        match state {
            Some(known) => known.merge(&digest),
            None => *state = Some(digest),
        }
        Ok(())
    }

    fn finish(&self, state: &Self::State) -> Result<Value> {
        Ok(Value::or_null(state.as_ref().map(|digest| Value::Bytes(digest.write()))))
    }

    fn kept(&self, state: &Self::State) -> usize {
        state.as_ref().map_or(0, TDigest::kept_bytes)
    }

    fn held(&self) -> usize {
        1
    }
}
