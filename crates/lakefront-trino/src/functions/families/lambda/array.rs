//! `transform`, `filter`, `zip_with` and the tests of all elements.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, ListArray, UInt64Array};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::take;

use super::super::super::{Function, scalar};
use super::flat::{self, Flat};
use crate::call::Call;
use crate::error::Result;

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("transform", "(array(T), function(T, U)) -> array(U)", transform),
        scalar("filter", "(array(T), function(T, boolean)) -> array(T)", filter),
        scalar("zip_with", "(array(T), array(U), function(T, U, R)) -> array(R)", zip_with),
        scalar("any_match", "(array(T), function(T, boolean)) -> boolean", any_match),
        scalar("all_match", "(array(T), function(T, boolean)) -> boolean", all_match),
        scalar("none_match", "(array(T), function(T, boolean)) -> boolean", none_match),
    ]
}

fn transform(call: &Call) -> Result<ArrayRef> {
    let flat = Flat::of_list(call.array(0)?.as_list())?;
    let elements = flat.apply(&call.lambdas[0])?;
    flat.list(elements, call.returns)
}

fn filter(call: &Call) -> Result<ArrayRef> {
    let flat = Flat::of_list(call.array(0)?.as_list())?;
    let chosen = flat.apply(&call.lambdas[0])?;
    let chosen = chosen.as_boolean();
    let offsets = flat.offsets_of(|at| chosen.is_valid(at) && chosen.value(at));
    let elements = datafusion::arrow::compute::filter(&flat.columns[0], chosen)?;
    flat::list(elements, offsets, flat.nulls, call.returns)
}

/// The shorter array is continued by nulls.
fn zip_with(call: &Call) -> Result<ArrayRef> {
    let (left, right) = (call.array(0)?, call.array(1)?);
    let (left, right): (&ListArray, &ListArray) = (left.as_list(), right.as_list());
    let nulls = NullBuffer::union(left.nulls(), right.nulls());
    let is_null = |row: usize| nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
    let (mut from_left, mut from_right, mut rows, mut lengths) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in 0..call.rows {
        let (in_left, in_right) = (left.value_length(row), right.value_length(row));
        let length = if is_null(row) { 0 } else { in_left.max(in_right) };
        for at in 0..length {
            from_left.push((at < in_left).then(|| (left.value_offsets()[row] + at) as u64));
            from_right.push((at < in_right).then(|| (right.value_offsets()[row] + at) as u64));
            rows.push(row as u64);
        }
        lengths.push(length as usize);
    }
    let parameters = vec![
        take(left.values(), &UInt64Array::from(from_left), None)?,
        take(right.values(), &UInt64Array::from(from_right), None)?,
    ];
    let elements = flat::apply(&call.lambdas[0], parameters, &rows)?;
    flat::list(elements, OffsetBuffer::from_lengths(lengths), nulls, call.returns)
}

/// Whether the lambda gives `decisive` for an element; null where that is not known.
fn any(call: &Call, decisive: bool) -> Result<Vec<Option<bool>>> {
    let flat = Flat::of_list(call.array(0)?.as_list())?;
    let is_null = |row: usize| flat.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
    let found = match flat.apply(&call.lambdas[0]) {
        Ok(found) => found,
        // An element behind the decisive one may fail.
        Err(_) => return one_by_one(call, &flat, decisive),
    };
    let found: &BooleanArray = found.as_boolean();
    Ok((0..call.rows)
        .map(|row| {
            let mut range = flat.offsets[row] as usize..flat.offsets[row + 1] as usize;
            if is_null(row) {
                None
            } else if range.clone().any(|at| found.is_valid(at) && found.value(at) == decisive) {
                Some(true)
            } else {
                (!range.any(|at| found.is_null(at))).then_some(false)
            }
        })
        .collect())
}

fn one_by_one(call: &Call, flat: &Flat, decisive: bool) -> Result<Vec<Option<bool>>> {
    let mut results = Vec::with_capacity(call.rows);
    for row in 0..call.rows {
        let mut result = (!flat.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))).then_some(false);
        for at in flat.offsets[row] as usize..flat.offsets[row + 1] as usize {
            let found = call.lambdas[0].apply(vec![flat.columns[0].slice(at, 1)], &[row as u64])?;
            let found: &BooleanArray = found.as_boolean();
            if found.is_null(0) {
                result = None;
            } else if found.value(0) == decisive {
                result = Some(true);
                break;
            }
        }
        results.push(result);
    }
    Ok(results)
}

fn any_match(call: &Call) -> Result<ArrayRef> {
    let found = any(call, true)?;
    call.booleans(|row| Ok(found[row]))
}

fn all_match(call: &Call) -> Result<ArrayRef> {
    let found = any(call, false)?;
    call.booleans(|row| Ok(found[row].map(|found| !found)))
}

fn none_match(call: &Call) -> Result<ArrayRef> {
    let found = any(call, true)?;
    call.booleans(|row| Ok(found[row].map(|found| !found)))
}
