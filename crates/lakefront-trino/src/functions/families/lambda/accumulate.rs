//! `reduce`.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, UInt64Array, new_null_array};
use datafusion::arrow::compute::{interleave, take};

use super::super::super::{Function, scalar};
use super::flat::{self, Flat};
use crate::call::Call;
use crate::error::Result;

pub(super) fn all() -> Vec<Function> {
    vec![scalar("reduce", "(array(T), S, function(S, T, S), function(S, R)) -> R", reduce).on_nulls()]
}

/// All rows take a step together, those with more elements more steps.
fn reduce(call: &Call) -> Result<ArrayRef> {
    let array = call.array(0)?;
    let mut state = call.array(1)?;
    if array.data_type() == &datafusion::arrow::datatypes::DataType::Null {
        return Ok(new_null_array(&call.returns.arrow(), call.rows));
    }
    let flat = Flat::of_list(array.as_list())?;
    let length = |row: usize| (flat.offsets[row + 1] - flat.offsets[row]) as usize;
    let steps = (0..call.rows).map(length).max().unwrap_or(0);
    for step in 0..steps {
        let active: Vec<u64> = (0..call.rows).filter(|row| length(*row) > step).map(|row| row as u64).collect();
        let elements: UInt64Array =
            active.iter().map(|row| (flat.offsets[*row as usize] as usize + step) as u64).collect::<Vec<_>>().into();
        let elements = take(&flat.columns[0], &elements, None)?;
        state = if active.len() == call.rows {
            call.lambdas[0].apply(vec![state, elements], &active)?
        } else {
            let before = take(&state, &UInt64Array::from(active.clone()), None)?;
            let after = call.lambdas[0].apply(vec![before, elements], &active)?;
            let mut sources: Vec<(usize, usize)> = (0..call.rows).map(|row| (0, row)).collect();
            for (at, row) in active.iter().enumerate() {
                sources[*row as usize] = (1, at);
            }
            interleave(&[state.as_ref(), after.as_ref()], &sources)?
        };
    }
    let present: Vec<u64> = (0..call.rows).filter(|row| array.is_valid(*row)).map(|row| row as u64).collect();
    if present.len() == call.rows {
        return flat::apply(&call.lambdas[1], vec![state], &present);
    }
    let states = take(&state, &UInt64Array::from(present.clone()), None)?;
    let results = flat::apply(&call.lambdas[1], vec![states], &present)?;
    let mut places = vec![None; call.rows];
    for (at, row) in present.iter().enumerate() {
        places[*row as usize] = Some(at as u64);
    }
    Ok(take(&results, &UInt64Array::from(places), None)?)
}
