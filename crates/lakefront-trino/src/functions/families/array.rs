//! Arrays. What works on the elements themselves, whatever they are, goes by dynamic values; access goes by Arrow arrays.

use super::super::Function;
use crate::call::Call;
use crate::value::Value;

mod access;
mod build;
mod order;
mod sequence;
mod set;

pub(super) fn all() -> Vec<Function> {
    [access::all(), build::all(), order::all(), sequence::all(), set::all()].into_iter().flatten().collect()
}

/// The elements of an array.
pub(super) fn items(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        _ => Vec::new(),
    }
}

fn items_at(call: &Call, argument: usize, row: usize) -> Vec<Value> {
    items(call.any(argument).get(row))
}
