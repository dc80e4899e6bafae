//! Lambdas over the entries of maps.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, MapArray, UInt64Array};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::{interleave, take};
use datafusion::arrow::datatypes::DataType;

use super::super::super::{Function, scalar};
use super::super::map::check_keys;
use super::flat::{self, Flat};
use crate::call::Call;
use crate::error::{Error, Result};
use crate::types::Type;
use crate::value::{Key, Values, is_key};

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("transform_keys", "(map(K, V), function(K, V, L)) -> map(L, V) where comparable L", transform_keys),
        scalar("transform_values", "(map(K, V), function(K, V, W)) -> map(K, W)", transform_values),
        scalar("map_filter", "(map(K, V), function(K, V, boolean)) -> map(K, V)", filter),
        scalar("map_zip_with", "(map(K, A), map(K, B), function(K, A, B, C)) -> map(K, C)", zip_with),
    ]
}

fn transform_keys(call: &Call) -> Result<ArrayRef> {
    let flat = Flat::of_map(call.array(0)?.as_map())?;
    let keys = flat.apply(&call.lambdas[0])?;
    let of = call.lambdas[0].returns();
    check_keys(&keys, of, &flat.offsets)?;
    flat.map(Arc::clone(&keys), Arc::clone(&flat.columns[1]), call.returns)
}

fn transform_values(call: &Call) -> Result<ArrayRef> {
    let flat = Flat::of_map(call.array(0)?.as_map())?;
    let values = flat.apply(&call.lambdas[0])?;
    flat.map(Arc::clone(&flat.columns[0]), values, call.returns)
}

fn filter(call: &Call) -> Result<ArrayRef> {
    let flat = Flat::of_map(call.array(0)?.as_map())?;
    let chosen = flat.apply(&call.lambdas[0])?;
    let chosen = chosen.as_boolean();
    let offsets = flat.offsets_of(|at| chosen.is_valid(at) && chosen.value(at));
    let part = |column: &ArrayRef| datafusion::arrow::compute::filter(column, chosen);
    flat::map(part(&flat.columns[0])?, part(&flat.columns[1])?, offsets, flat.nulls, call.returns)
}

/// All keys of both maps, with a null for the value that a map does not have.
fn zip_with(call: &Call) -> Result<ArrayRef> {
    let (left, right) = (call.array(0)?, call.array(1)?);
    let (left, right): (&MapArray, &MapArray) = (left.as_map(), right.as_map());
    let nulls = NullBuffer::union(left.nulls(), right.nulls());
    let Type::Map(key, _) = &call.types[0] else { return Err(Error::invalid_argument("map_zip_with needs maps")) };
    let (left_keys, right_keys) = (Values::new(left.keys(), key), Values::new(right.keys(), key));
    let range = |map: &MapArray, row: usize| map.value_offsets()[row] as usize..map.value_offsets()[row + 1] as usize;
    let (mut keys, mut from_left, mut from_right) = (Vec::new(), Vec::new(), Vec::new());
    let (mut rows, mut lengths) = (Vec::new(), Vec::new());
    for row in 0..call.rows {
        let before = keys.len();
        if !nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            // A key that is not equal to itself is found by none.
            let (mut others, mut lost) = (HashMap::new(), Vec::new());
            for at in range(right, row) {
                let key = right_keys.get(at);
                if is_key(&key, &key) {
                    others.insert(Key(key), at);
                } else {
                    lost.push(at);
                }
            }
            for at in range(left, row) {
                keys.push((0, at));
                from_left.push(Some(at as u64));
                from_right.push(others.remove(&Key(left_keys.get(at))).map(|at| at as u64));
            }
            let mut rest: Vec<usize> = others.into_values().chain(lost).collect();
            rest.sort_unstable();
            for at in rest {
                keys.push((1, at));
                from_left.push(None);
                from_right.push(Some(at as u64));
            }
        }
        rows.extend(std::iter::repeat_n(row as u64, keys.len() - before));
        lengths.push(keys.len() - before);
    }
    let keys = if left.keys().data_type() == &DataType::Null {
        left.keys().slice(0, 0)
    } else {
        interleave(&[left.keys().as_ref(), right.keys().as_ref()], &keys)?
    };
    let parameters = vec![
        Arc::clone(&keys),
        take(left.values(), &UInt64Array::from(from_left), None)?,
        take(right.values(), &UInt64Array::from(from_right), None)?,
    ];
    let values = flat::apply(&call.lambdas[0], parameters, &rows)?;
    flat::map(keys, values, OffsetBuffer::from_lengths(lengths), nulls, call.returns)
}
