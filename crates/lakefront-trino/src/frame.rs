//! Window frames: which rows of a partition a window function reads for each of them.

use std::cmp::Ordering;
use std::ops::Range;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::compute::partition;

use crate::aggregates::gathered::Direction;
use crate::comparison::is_native;
use crate::error::{Code, Error, Result};
use crate::types::Type;
use crate::value::{Value, Values, identical, order};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Units {
    Rows,
    Range,
    Groups,
}

/// Numbers are places of arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Bound {
    /// The partition's first row as a start, its last as an end.
    Unbounded,
    CurrentRow,
    /// As many rows or groups of peers before, or after.
    Preceding(usize),
    Following(usize),
    /// Where the key reaches a value, which the offset gave.
    Value(Reach),
}

/// A bound of `RANGE`, by the arguments that hold its offset, what the offset makes of the key, and the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Reach {
    pub(crate) offset: usize,
    pub(crate) value: usize,
    pub(crate) key: usize,
    pub(crate) preceding: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Frame {
    pub(crate) units: Units,
    pub(crate) start: Bound,
    pub(crate) end: Bound,
    /// Of the first key that rows are sorted by.
    pub(crate) direction: Direction,
}

/// The rows with the same keys as a row.
#[derive(Debug)]
pub(crate) struct Peers {
    groups: Vec<Range<usize>>,
    /// The group of each row.
    of_row: Vec<usize>,
}

impl Peers {
    pub(crate) fn of(keys: &[ArrayRef], types: &[Type], rows: usize) -> Result<Self> {
        let groups: Vec<Range<usize>> = if rows == 0 {
            Vec::new()
        } else if keys.is_empty() {
            std::iter::once(0..rows).collect()
        } else if types.iter().all(|of| is_native(of) || of.is_floating()) {
            partition(keys)?.ranges()
        } else {
            let columns: Vec<Values<'_>> = keys.iter().zip(types).map(|(key, of)| Values::new(key, of)).collect();
            let row = |row: usize| columns.iter().map(|column| column.get(row)).collect::<Vec<_>>();
            let mut groups = Vec::new();
            let mut start = 0;
            let mut before = row(0);
            for at in 1..rows {
                let here = row(at);
                if !before.iter().zip(&here).all(|(a, b)| identical(a, b)) {
                    groups.push(start..at);
                    start = at;
                }
                before = here;
            }
            groups.push(start..rows);
            groups
        };
        let of_row = groups.iter().enumerate().flat_map(|(at, group)| std::iter::repeat_n(at, group.len())).collect();
        Ok(Self { groups, of_row })
    }

    pub(crate) fn group(&self, row: usize) -> usize {
        self.of_row[row]
    }

    pub(crate) fn rows(&self, row: usize) -> &Range<usize> {
        &self.groups[self.of_row[row]]
    }
}

/// What is read to find the frames of a partition.
#[derive(Debug)]
pub(crate) struct Partition<'a> {
    pub(crate) arguments: &'a [ArrayRef],
    pub(crate) types: &'a [Type],
    pub(crate) peers: &'a Peers,
    pub(crate) rows: usize,
}

impl Frame {
    /// The frame of each row of a partition.
    pub(crate) fn ranges(&self, partition: &Partition<'_>) -> Result<Vec<Range<usize>>> {
        let starts = self.places(self.start, true, partition)?;
        let ends = self.places(self.end, false, partition)?;
        Ok(starts.into_iter().zip(ends).map(|(start, end)| start..end.max(start)).collect())
    }

    /// Where frames start, or the places after their ends.
    fn places(&self, bound: Bound, is_start: bool, partition: &Partition<'_>) -> Result<Vec<usize>> {
        let rows = partition.rows;
        let edge = |range: &Range<usize>| if is_start { range.start } else { range.end };
        match bound {
            Bound::Unbounded => Ok(vec![if is_start { 0 } else { rows }; rows]),
            Bound::CurrentRow if self.units == Units::Rows => Ok((0..rows).map(|row| edge(&(row..row + 1))).collect()),
            Bound::CurrentRow => Ok((0..rows).map(|row| edge(partition.peers.rows(row))).collect()),
            Bound::Preceding(at) | Bound::Following(at) => {
                let sign = if matches!(bound, Bound::Preceding(_)) { -1 } else { 1 };
                let offsets = Values::new(&partition.arguments[at], &partition.types[at]);
                (0..rows)
                    .map(|row| {
                        let offset = i128::from(checked(&offsets.get(row))?) * sign;
                        let units = if self.units == Units::Rows { rows } else { partition.peers.groups.len() };
                        let here = if self.units == Units::Rows { row } else { partition.peers.group(row) };
                        let place = here as i128 + offset;
                        if place < 0 {
                            return Ok(0);
                        }
                        if place >= units as i128 {
                            return Ok(rows);
                        }
                        let place = place as usize;
                        Ok(if self.units == Units::Rows {
                            edge(&(place..place + 1))
                        } else {
                            edge(&partition.peers.groups[place])
                        })
                    })
                    .collect()
            }
            Bound::Value(reach) => self.reached(reach, is_start, partition),
        }
    }

    fn reached(&self, reach: Reach, is_start: bool, partition: &Partition<'_>) -> Result<Vec<usize>> {
        let column = |at: usize| Values::new(&partition.arguments[at], &partition.types[at]);
        let (offsets, values, keys) = (column(reach.offset), column(reach.value), column(reach.key));
        let keys: Vec<Value> = (0..partition.rows).map(|row| keys.get(row)).collect();
        if (0..partition.rows).any(|row| is_nan(&keys[row]) || is_nan(&values.get(row))) {
            return Err(Error::not_here("A RANGE frame with an offset over NaN"));
        }
        let first = keys.iter().position(|key| !key.is_null()).unwrap_or(0);
        let present = keys[first..].iter().take_while(|key| !key.is_null()).count();
        let known = &keys[first..first + present];
        let sorted = |a: &Value, b: &Value| if self.direction.ascending { order(a, b) } else { order(b, a) };
        (0..partition.rows)
            .map(|row| {
                checked(&offsets.get(row))?;
                let peers = partition.peers.rows(row);
                if keys[row].is_null() {
                    return Ok(if is_start { peers.start } else { peers.end });
                }
                let bound = values.get(row);
                let behind = if reach.preceding { Ordering::Greater } else { Ordering::Less };
                if sorted(&bound, &keys[row]) == behind {
                    return Err(Error::not_here("A RANGE frame of times of day that passes midnight"));
                }
                let place = known.partition_point(|key| match sorted(key, &bound) {
                    Ordering::Less => true,
                    Ordering::Equal => !is_start,
                    Ordering::Greater => false,
                });
                Ok(first + place)
            })
            .collect()
    }
}

fn is_nan(value: &Value) -> bool {
    match value {
        Value::Double(it) => it.is_nan(),
        Value::Real(it) => it.is_nan(),
        _ => false,
    }
}

/// An offset, if frames may have it.
fn checked(offset: &Value) -> Result<i64> {
    let number = match offset {
        Value::Int(number) if *number >= 0 => Some(*number),
        Value::Double(number) if *number >= 0.0 => Some(0),
        Value::Real(number) if *number >= 0.0 => Some(0),
        Value::Decimal(number) if *number >= 0 => Some(0),
        _ => None,
    };
    number.ok_or_else(|| Error::new(Code::InvalidWindowFrame, "Window frame offset value must not be negative or null"))
}
