//! `array_sort` by a lambda.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, UInt64Array};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::Int32Type;

use super::super::super::{Function, scalar};
use super::flat::Flat;
use crate::call::Call;
use crate::error::{Error, Result};

pub(super) fn all() -> Vec<Function> {
    vec![scalar("array_sort", "(array(T), function(T, T, integer)) -> array(T)", sort)]
}

/// Two sorted runs of places that become one.
struct Merge {
    row: u64,
    left: Vec<u64>,
    right: Vec<u64>,
    taken_left: usize,
    taken_right: usize,
    merged: Vec<u64>,
}

/// A merge sort from the bottom up. All merges of all rows that are open compare their heads in one batch.
fn sort(call: &Call) -> Result<ArrayRef> {
    let flat = Flat::of_list(call.array(0)?.as_list())?;
    let range = |row: usize| flat.offsets[row] as u64..flat.offsets[row + 1] as u64;
    let mut runs: Vec<Vec<Vec<u64>>> = (0..call.rows).map(|row| range(row).map(|at| vec![at]).collect()).collect();
    while runs.iter().any(|runs| runs.len() > 1) {
        let mut merges = Vec::new();
        for (row, runs) in runs.iter_mut().enumerate() {
            let mut pairs = std::mem::take(runs).into_iter();
            while let Some(left) = pairs.next() {
                let right = pairs.next().unwrap_or_default();
                let merged = Vec::with_capacity(left.len() + right.len());
                merges.push(Merge { row: row as u64, left, right, taken_left: 0, taken_right: 0, merged });
            }
        }
        merge(call, &flat.columns[0], &mut merges)?;
        for merge in merges {
            runs[merge.row as usize].push(merge.merged);
        }
    }
    let places: Vec<u64> = runs.into_iter().flatten().flatten().collect();
    flat.list(take(&flat.columns[0], &UInt64Array::from(places), None)?, call.returns)
}

fn merge(call: &Call, elements: &ArrayRef, merges: &mut [Merge]) -> Result<()> {
    loop {
        let mut open: Vec<&mut Merge> = merges
            .iter_mut()
            .filter(|merge| merge.taken_left < merge.left.len() && merge.taken_right < merge.right.len())
            .collect();
        if open.is_empty() {
            break;
        }
        let heads = |of: fn(&Merge) -> u64| {
            let places: Vec<u64> = open.iter().map(|merge| of(merge)).collect();
            take(elements, &UInt64Array::from(places), None)
        };
        let (right, left) = (heads(|it| it.right[it.taken_right])?, heads(|it| it.left[it.taken_left])?);
        let rows: Vec<u64> = open.iter().map(|merge| merge.row).collect();
        let order = call.lambdas[0].apply(vec![right, left], &rows)?;
        let order = order.as_primitive::<Int32Type>();
        for (at, merge) in open.iter_mut().enumerate() {
            match if order.is_null(at) { None } else { Some(order.value(at)) } {
                Some(-1) => {
                    merge.merged.push(merge.right[merge.taken_right]);
                    merge.taken_right += 1;
                }
                Some(0 | 1) => {
                    merge.merged.push(merge.left[merge.taken_left]);
                    merge.taken_left += 1;
                }
                _ => return Err(Error::invalid_argument("Lambda comparator must return either -1, 0, or 1")),
            }
        }
    }
    for merge in merges {
        merge.merged.extend_from_slice(&merge.left[merge.taken_left..]);
        merge.merged.extend_from_slice(&merge.right[merge.taken_right..]);
    }
    Ok(())
}
