//! Sketches are bytes that only their own functions read.

use crate::aggregates::{HyperLogLog, SetDigest};
use crate::error::{Code, Error, Result};
use crate::types::Type;
use crate::value::Value;

pub(super) fn is_sketch(of: &Type) -> bool {
    matches!(of, Type::HyperLogLog | Type::P4HyperLogLog | Type::TDigest | Type::QDigest(_) | Type::SetDigest)
}

pub(super) fn exists(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (Type::Varbinary, to) => is_sketch(to),
        (from, Type::Varbinary) => is_sketch(from),
        (Type::HyperLogLog, Type::P4HyperLogLog) | (Type::P4HyperLogLog | Type::SetDigest, Type::HyperLogLog) => true,
        _ => false,
    }
}

pub(super) fn value(value: &Value, from: &Type, to: &Type) -> Result<Value> {
    let Value::Bytes(bytes) = value else { return Ok(Value::Null) };
    let unreadable = || Error::new(Code::GenericInternalError, format!("Cannot deserialize {from}"));
    let bytes = match (from, to) {
        (Type::SetDigest, Type::HyperLogLog) => SetDigest::read(bytes).ok_or_else(unreadable)?.log().write(),
        (Type::HyperLogLog, Type::P4HyperLogLog) => HyperLogLog::read(bytes).ok_or_else(unreadable)?.dense().write(),
        _ => bytes.clone(),
    };
    Ok(Value::Bytes(bytes))
}
