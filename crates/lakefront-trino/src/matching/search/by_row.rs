//! Conditions that depend on the row's place in the partition alone: evaluated for all rows at once.

use std::collections::HashMap;
use std::ops::Range;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, UInt64Array};
use datafusion::arrow::compute::take;

use super::super::{Computed, Place, Read, is_among};
use crate::error::{Error, Result};

#[derive(Debug)]
pub(super) struct ByRow<'a> {
    computed: &'a Computed,
    known: Known,
}

#[derive(Debug)]
enum Known {
    Nothing,
    All(BooleanArray),
    /// For some row the condition fails: it is evaluated for those alone that are asked for.
    Some(HashMap<usize, bool>),
}

/// Whether a condition of a variable reads the same wherever in the pattern the row stands.
pub(super) fn is_by_row(read: &Read, variable: usize) -> bool {
    match read {
        Read::Column(_, place) => place.last && place.logical == 0 && is_among(&place.variables, variable as u32),
        Read::Classifier(_) | Read::MatchNumber | Read::Aggregate(_) => false,
    }
}

pub(super) fn holds(values: &BooleanArray, row: usize) -> bool {
    values.is_valid(row) && values.value(row)
}

impl<'a> ByRow<'a> {
    pub(super) fn new(computed: &'a Computed) -> Self {
        Self { computed, known: Known::Nothing }
    }

    pub(super) fn holds(&mut self, arguments: &[ArrayRef], rows: usize, row: usize) -> Result<bool> {
        if matches!(self.known, Known::Nothing) {
            self.known = match self.evaluated(arguments, rows, 0..rows) {
                Ok(values) => Known::All(values),
                Err(_) => Known::Some(HashMap::new()),
            };
        }
        if let Known::All(values) = &self.known {
            return Ok(holds(values, row));
        }
        if let Known::Some(known) = &self.known
            && let Some(known) = known.get(&row)
        {
            return Ok(*known);
        }
        let value = holds(&self.evaluated(arguments, rows, row..row + 1)?, 0);
        if let Known::Some(known) = &mut self.known {
            known.insert(row, value);
        }
        Ok(value)
    }

    fn evaluated(&self, arguments: &[ArrayRef], rows: usize, of: Range<usize>) -> Result<BooleanArray> {
        let parameters = self.computed.reads.iter().map(|read| match read {
            Read::Column(at, Place { physical: 0, .. }) => Ok(arguments[*at].slice(of.start, of.len())),
            Read::Column(at, place) => {
                let places = of.clone().map(|row| {
                    let row = u64::try_from(row as i64 + place.physical).ok()?;
                    (row < rows as u64).then_some(row)
                });
                Ok(take(&arguments[*at], &UInt64Array::from_iter(places), None)?)
            }
            _ => Err(Error::not_here("This condition of a row pattern")),
        });
        let parameters = parameters.collect::<Result<Vec<ArrayRef>>>()?;
        Ok(self.computed.closure.evaluate(parameters, of.len())?.as_boolean().clone())
    }
}
