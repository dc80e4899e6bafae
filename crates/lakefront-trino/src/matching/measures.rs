//! What is computed of matches.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array, StringArray, UInt64Array};
use datafusion::arrow::compute::take;

use super::{Aggregated, Computed, Line, Match, Place, Read, Recognition, is_among};
use crate::aggregates::fold::Row;
use crate::error::Result;
use crate::value::{Value, array_of};

/// The output of a partition.
#[derive(Debug)]
pub(super) struct Measured<'a> {
    pub(super) recognition: &'a Recognition,
    pub(super) arguments: &'a [ArrayRef],
    pub(super) rows: usize,
    pub(super) matches: &'a [Match],
    pub(super) lines: &'a [Line],
}

impl Measured<'_> {
    /// A measure for each line; null where there is no match.
    pub(super) fn values(&self, measure: &Computed) -> Result<ArrayRef> {
        let count = self.with_match().count();
        let parameters = measure.reads.iter().map(|read| self.read(read)).collect::<Result<Vec<ArrayRef>>>()?;
        let values = measure.closure.evaluate(parameters, count)?;
        if count == self.lines.len() {
            return Ok(values);
        }
        let mut next = 0;
        let places = self.lines.iter().map(|line| {
            line.of.map(|_| {
                next += 1;
                next - 1
            })
        });
        Ok(take(&values, &UInt64Array::from_iter(places), None)?)
    }

    /// The rows of the partition that lines are, with their matches.
    fn with_match(&self) -> impl Iterator<Item = (usize, &Match)> {
        self.lines.iter().filter_map(|line| Some((line.row, &self.matches[line.of?])))
    }

    fn read(&self, read: &Read) -> Result<ArrayRef> {
        match read {
            Read::Column(at, place) => {
                let places = self.places(place).map(|(found, place)| {
                    let row = u64::try_from(found.start as i64 + place?).ok()?;
                    (row < self.rows as u64).then_some(row)
                });
                Ok(take(&self.arguments[*at], &UInt64Array::from_iter(places), None)?)
            }
            Read::Classifier(place) => {
                let names = self.places(place).map(|(found, place)| {
                    let variable = found.variables.get(usize::try_from(place?).ok()?)?;
                    Some(self.recognition.variables[*variable as usize].as_str())
                });
                Ok(Arc::new(StringArray::from_iter(names)))
            }
            Read::MatchNumber => {
                Ok(Arc::new(Int64Array::from_iter_values(self.with_match().map(|(_, found)| found.number))))
            }
            Read::Aggregate(aggregated) => self.aggregates(aggregated),
        }
    }

    /// Where each line's row reads, counted from the first row of its match; it may be beyond the match.
    fn places(&self, place: &Place) -> impl Iterator<Item = (&Match, Option<i64>)> {
        let mut rows: Vec<usize> = Vec::new();
        let mut of: Option<*const Match> = None;
        self.with_match().map(move |(row, found)| {
            if of.replace(found) != Some(found) {
                rows = rows_of(found, &place.variables);
            }
            let at = match place.last {
                true if place.running => {
                    rows.partition_point(|known| found.start + known <= row).checked_sub(place.logical + 1)
                }
                true => rows.len().checked_sub(place.logical + 1),
                // Even while it is running, the first row may be one that comes later.
                false => Some(place.logical),
            };
            (found, at.and_then(|at| rows.get(at)).map(|row| *row as i64 + place.physical))
        })
    }

    fn aggregates(&self, aggregated: &Aggregated) -> Result<ArrayRef> {
        let of_partition = aggregated.of_partition(self.arguments, self.rows);
        let mut group = aggregated.group();
        let mut values: Vec<Value> = Vec::with_capacity(self.lines.len());
        for lines in self.lines.chunk_by(|a, b| a.of == b.of) {
            let [Line { of: Some(of), .. }, ..] = lines else { continue };
            let found = &self.matches[*of];
            let mut rows = rows_of(found, &aggregated.variables);
            if aggregated.running {
                let last = lines.iter().map(|line| line.row).max().unwrap_or_default();
                rows.retain(|row| found.start + row <= last);
            }
            let of_match;
            let (arguments, offset) = match &of_partition {
                Some(arguments) => (arguments, Some(found.start)),
                None => {
                    let rows: Vec<(usize, &str)> = rows
                        .iter()
                        .map(|row| {
                            let variable = found.variables[*row] as usize;
                            (found.start + row, self.recognition.variables[variable].as_str())
                        })
                        .collect();
                    of_match = aggregated.of_rows(self.arguments, &rows, found.number)?;
                    (&of_match, None)
                }
            };
            let inputs = aggregated.inputs(arguments);
            group.clear();
            group.grow(1);
            let mut added = 0;
            let mut last: Option<Value> = None;
            for line in lines {
                let until = match aggregated.running {
                    true => rows.partition_point(|row| found.start + row <= line.row),
                    false => rows.len(),
                };
                let value = match last.take() {
                    Some(value) if until == added => value,
                    _ => {
                        for (at, row) in rows.iter().enumerate().take(until).skip(added) {
                            group.add(0, Row::Of(&inputs, offset.map_or(at, |offset| offset + row)))?;
                        }
                        added = until;
                        group.result(0)?
                    }
                };
                last = Some(value.clone());
                values.push(value);
            }
        }
        array_of(&aggregated.returns, &values)
    }
}

/// The rows of some variables, counted from the first of the match.
fn rows_of(found: &Match, variables: &[usize]) -> Vec<usize> {
    let all = found.variables.iter().enumerate();
    all.filter(|(_, variable)| is_among(variables, **variable)).map(|(row, _)| row).collect()
}
