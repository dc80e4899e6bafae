//! What sketches tell.

use datafusion::arrow::array::ArrayRef;

use super::super::{Function, scalar};
use crate::aggregates::{HyperLogLog, SetDigest, TDigest};
use crate::call::Call;
use crate::error::{Code, Error, Result};
use crate::value::Value;

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("cardinality", "(HyperLogLog) -> bigint", distinct),
        scalar("empty_approx_set", "() -> HyperLogLog", empty),
        scalar("cardinality", "(SetDigest) -> bigint", size),
        scalar("intersection_cardinality", "(SetDigest, SetDigest) -> bigint", common),
        scalar("jaccard_index", "(SetDigest, SetDigest) -> double", similarity),
        scalar("hash_counts", "(SetDigest) -> map(bigint, smallint)", counts),
        scalar("value_at_quantile", "(tdigest, double) -> double", value_at),
        scalar("values_at_quantiles", "(tdigest, array(double)) -> array(double)", values_at),
    ]
}

fn unreadable(name: &str) -> Error {
    Error::new(Code::GenericInternalError, format!("Cannot deserialize {name}"))
}

fn distinct(call: &Call) -> Result<ArrayRef> {
    let bytes = call.bytes(0);
    call.bigints(|row| {
        let Some(bytes) = bytes.get(row) else { return Ok(None) };
        let log = HyperLogLog::read(bytes).ok_or_else(|| unreadable("HyperLogLog"))?;
        Ok(Some(log.cardinality()))
    })
}

fn empty(call: &Call) -> Result<ArrayRef> {
    let bytes = HyperLogLog::new(HyperLogLog::BUCKETS_OF_SETS).write();
    call.blobs(|_| Ok(Some(&bytes)))
}

fn digest(bytes: Option<&[u8]>) -> Result<SetDigest> {
    bytes.and_then(SetDigest::read).ok_or_else(|| unreadable("SetDigest"))
}

fn size(call: &Call) -> Result<ArrayRef> {
    let bytes = call.bytes(0);
    call.bigints(|row| Ok(Some(digest(bytes.get(row))?.cardinality())))
}

fn common(call: &Call) -> Result<ArrayRef> {
    let (a, b) = (call.bytes(0), call.bytes(1));
    call.bigints(|row| Ok(Some(digest(a.get(row))?.intersection_cardinality(&digest(b.get(row))?))))
}

fn similarity(call: &Call) -> Result<ArrayRef> {
    let (a, b) = (call.bytes(0), call.bytes(1));
    call.doubles(|row| Ok(Some(digest(a.get(row))?.jaccard_index(&digest(b.get(row))?))))
}

fn counts(call: &Call) -> Result<ArrayRef> {
    let bytes = call.bytes(0);
    call.values(|row| {
        let digest = digest(bytes.get(row))?;
        let entry = |(hash, count): (i64, i16)| (Value::Int(hash), Value::Int(count.into()));
        Ok(Some(Value::Map(digest.counts().map(entry).collect())))
    })
}

fn quantile(digest: &TDigest, quantile: f64) -> Result<f64> {
    if !(0.0..=1.0).contains(&quantile) {
        return Err(Error::new(Code::GenericInternalError, "quantiles should be in [0, 1] range"));
    }
    Ok(digest.value_at(quantile))
}

fn value_at(call: &Call) -> Result<ArrayRef> {
    let (bytes, quantiles) = (call.bytes(0), call.double(1)?);
    call.doubles(|row| {
        let digest = bytes.get(row).and_then(TDigest::read).ok_or_else(|| unreadable("TDigest"))?;
        quantiles.get(row).map(|at| quantile(&digest, at)).transpose()
    })
}

fn values_at(call: &Call) -> Result<ArrayRef> {
    let (bytes, quantiles) = (call.bytes(0), call.any(1));
    call.values(|row| {
        let digest = bytes.get(row).and_then(TDigest::read).ok_or_else(|| unreadable("TDigest"))?;
        let Value::Array(quantiles) = quantiles.get(row) else { return Ok(None) };
        let quantiles: Vec<f64> = quantiles
            .iter()
            .map(|quantile| match quantile {
                Value::Double(quantile) => *quantile,
                _ => 0.0,
            })
            .collect();
        if !quantiles.is_sorted() {
            return Err(Error::invalid_argument("percentiles must be sorted in increasing order"));
        }
        let values = quantiles.into_iter().map(|at| quantile(&digest, at).map(Value::Double));
        Ok(Some(Value::Array(values.collect::<Result<_>>()?)))
    })
}
