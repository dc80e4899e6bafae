//! Window functions, on the rows of a partition in their order.

use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, Float64Array, Int64Array, UInt64Array};
use datafusion::arrow::compute::{interleave, take};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::Result as EngineResult;
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{PartitionEvaluator, Signature, Volatility, WindowUDF, WindowUDFImpl};

use crate::aggregates::fold::{Folding, Input, Row};
use crate::error::{Error, Result};
use crate::frame::{Frame, Partition, Peers};
use crate::types::Type;
use crate::value::{Value, Values, array_of};

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Rank,
    DenseRank,
    PercentRank,
    CumulativeDistribution,
    Ntile,
    Lag,
    Lead,
    First,
    Last,
    Nth,
    Aggregate(Arc<dyn Folding>),
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Kind::Aggregate(a), Kind::Aggregate(b)) => a.is_same(b.as_ref()),
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

/// A function with its frame. Its arguments are its own, then the keys that rows are sorted by, then what the frame reads.
#[derive(Debug, Clone)]
pub(crate) struct Windowed {
    /// What no other function of the statement is called.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) ignores_nulls: bool,
    pub(crate) frame: Frame,
    pub(crate) types: Vec<Type>,
    pub(crate) own: usize,
    pub(crate) keys: usize,
    pub(crate) returns: Type,
    pub(crate) signature: Signature,
}

impl Windowed {
    pub(crate) fn any_signature() -> Signature {
        Signature::variadic_any(Volatility::Immutable)
    }

    pub(crate) fn udwf(self) -> Arc<WindowUDF> {
        Arc::new(WindowUDF::new_from_impl(self))
    }
}

impl PartialEq for Windowed {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.ignores_nulls == other.ignores_nulls
            && self.frame == other.frame
            && self.types == other.types
            && self.own == other.own
            && self.keys == other.keys
            && self.returns == other.returns
    }
}

impl Eq for Windowed {}

impl Hash for Windowed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.ignores_nulls, &self.frame, &self.types, &self.returns).hash(state);
    }
}

impl WindowUDFImpl for Windowed {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn partition_evaluator(&self, _: PartitionEvaluatorArgs) -> EngineResult<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(Evaluator(self.clone())))
    }

    fn field(&self, args: WindowUDFFieldArgs) -> EngineResult<FieldRef> {
        Ok(Arc::new(Field::new(args.name(), self.returns.arrow(), true)))
    }
}

#[derive(Debug)]
struct Evaluator(Windowed);

impl PartitionEvaluator for Evaluator {
    fn evaluate_all(&mut self, arguments: &[ArrayRef], rows: usize) -> EngineResult<ArrayRef> {
        Ok(self.0.evaluate(arguments, rows)?)
    }
}

impl Windowed {
    fn evaluate(&self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let keys = self.own..self.own + self.keys;
        let peers = Peers::of(&arguments[keys.clone()], &self.types[keys], rows)?;
        let partition = Partition { arguments, types: &self.types, peers: &peers, rows };
        match &self.kind {
            Kind::Rank => {
                Ok(Arc::new(Int64Array::from_iter_values((0..rows).map(|row| peers.rows(row).start as i64 + 1))))
            }
            Kind::DenseRank => {
                Ok(Arc::new(Int64Array::from_iter_values((0..rows).map(|row| peers.group(row) as i64 + 1))))
            }
            Kind::PercentRank => {
                let share = |row: usize| match rows {
                    1 => 0.0,
                    _ => peers.rows(row).start as f64 / (rows - 1) as f64,
                };
                Ok(Arc::new(Float64Array::from_iter_values((0..rows).map(share))))
            }
            Kind::CumulativeDistribution => Ok(Arc::new(Float64Array::from_iter_values(
                (0..rows).map(|row| peers.rows(row).end as f64 / rows as f64),
            ))),
            Kind::Ntile => self.ntile(arguments, rows),
            Kind::Lag | Kind::Lead => self.neighbour(arguments, rows),
            Kind::First | Kind::Last | Kind::Nth => self.picked(arguments, &self.frame.ranges(&partition)?),
            Kind::Aggregate(folding) => self.aggregate(folding, arguments, &self.frame.ranges(&partition)?),
        }
    }

    fn ntile(&self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let buckets = Values::new(&arguments[0], &self.types[0]);
        let all = rows as i64;
        let tiles = (0..rows)
            .map(|row| {
                let Value::Int(buckets) = buckets.get(row) else { return Ok(None) };
                if buckets <= 0 {
                    return Err(Error::invalid_argument("Buckets must be greater than 0"));
                }
                let row = row as i64;
                let (size, larger) = (all / buckets, all % buckets);
                Ok(Some(match row < (size + 1) * larger {
                    true => row / (size + 1) + 1,
                    false => (row - larger) / size + 1,
                }))
            })
            .collect::<Result<Vec<Option<i64>>>>()?;
        Ok(Arc::new(Int64Array::from(tiles)))
    }

    /// `lag` and `lead`
    fn neighbour(&self, arguments: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let forward = matches!(self.kind, Kind::Lead);
        let (values, of) = (&arguments[0], &self.types[0]);
        let present = present(values, of);
        let offsets = (self.own > 1).then(|| Values::new(&arguments[1], &self.types[1]));
        let default = (self.own > 2).then(|| &arguments[2]);
        let nothing = datafusion::arrow::array::new_null_array(&of.arrow(), 1);
        let mut picks = Vec::with_capacity(rows);
        for row in 0..rows {
            let offset = match offsets.as_ref().map(|offsets| offsets.get(row)) {
                None => 1,
                Some(Value::Int(offset)) if offset >= 0 => offset,
                Some(Value::Int(_)) => return Err(Error::invalid_argument("Offset must be at least 0")),
                Some(_) => return Err(Error::invalid_argument("Offset must not be null")),
            };
            let place = match self.ignores_nulls && offset > 0 {
                false if forward => (row as i64).checked_add(offset).filter(|place| *place < rows as i64),
                false => Some(row as i64 - offset).filter(|place| *place >= 0),
                true => {
                    let count = offset as usize;
                    // Of those that are not null, how many stand before the row.
                    let before = present.partition_point(|place| *place < row);
                    let here = present.get(before) == Some(&row);
                    let at = match forward {
                        true => (before + usize::from(here)).checked_add(count - 1),
                        false => before.checked_sub(count),
                    };
                    at.and_then(|at| present.get(at)).map(|place| *place as i64)
                }
            };
            picks.push(match place {
                Some(place) => (0, place as usize),
                None if default.is_some() => (2, row),
                None => (1, 0),
            });
        }
        let default = default.unwrap_or(&nothing);
        Ok(interleave(&[values.as_ref(), nothing.as_ref(), default.as_ref()], &picks)?)
    }

    /// `first_value`, `last_value` and `nth_value`
    fn picked(&self, arguments: &[ArrayRef], frames: &[Range<usize>]) -> Result<ArrayRef> {
        let (values, of) = (&arguments[0], &self.types[0]);
        let present = if self.ignores_nulls { present(values, of) } else { Vec::new() };
        let numbers = (self.own > 1).then(|| Values::new(&arguments[1], &self.types[1]));
        let mut places: Vec<Option<u64>> = Vec::with_capacity(frames.len());
        for (row, frame) in frames.iter().enumerate() {
            let number = match (&self.kind, numbers.as_ref().map(|numbers| numbers.get(row))) {
                (Kind::Nth, Some(Value::Int(number))) if number < 1 => {
                    return Err(Error::invalid_argument("Offset must be at least 1"));
                }
                (Kind::Nth, Some(Value::Int(number))) => number as usize - 1,
                (Kind::Nth, _) => {
                    places.push(None);
                    continue;
                }
                _ => 0,
            };
            // The rows that count: those of the frame, or of them those that are not null.
            let range = match self.ignores_nulls {
                false => frame.clone(),
                true => {
                    let place = |bound: usize| present.partition_point(|place| *place < bound);
                    place(frame.start)..place(frame.end)
                }
            };
            let place = match self.kind {
                Kind::Last => range.end.checked_sub(1).filter(|place| *place >= range.start),
                _ => range.start.checked_add(number).filter(|place| *place < range.end),
            };
            let place = if self.ignores_nulls { place.map(|place| present[place]) } else { place };
            places.push(place.map(|place| place as u64));
        }
        Ok(take(values, &UInt64Array::from(places), None)?)
    }

    fn aggregate(
        &self,
        folding: &Arc<dyn Folding>,
        arguments: &[ArrayRef],
        frames: &[Range<usize>],
    ) -> Result<ArrayRef> {
        let inputs: Vec<Input<'_>> =
            arguments[..self.own].iter().zip(&self.types).map(|(array, of)| Input::new(array, of)).collect();
        let mut group = Arc::clone(folding).groups(&self.returns);
        group.grow(1);
        let mut held = 0..0;
        let mut results: Vec<Value> = Vec::with_capacity(frames.len());
        for frame in frames {
            if let Some(last) = results.last()
                && *frame == held
            {
                results.push(last.clone());
                continue;
            }
            let mut added = held.end..frame.end;
            if frame.start != held.start || frame.end < held.end || frame.is_empty() {
                let kept = frame.start.max(held.start)..frame.end.min(held.end);
                // Where most rows stay, the others are taken away: what that makes of infinities is Trino's result.
                let slides = kept.len() > held.len() - kept.len();
                let gone = (held.start..kept.start).chain(kept.end..held.end);
                let mut is_kept = slides && !kept.is_empty();
                for row in gone {
                    is_kept = is_kept && group.remove(0, Row::Of(&inputs, row))?;
                }
                if is_kept {
                    for row in frame.start..kept.start {
                        group.add(0, Row::Of(&inputs, row))?;
                    }
                    added = kept.end..frame.end;
                } else {
                    group.clear();
                    group.grow(1);
                    added = frame.clone();
                }
            }
            for row in added {
                group.add(0, Row::Of(&inputs, row))?;
            }
            held = frame.clone();
            results.push(group.result(0)?);
        }
        array_of(&self.returns, &results)
    }
}

/// The places of values that are not null.
fn present(values: &ArrayRef, of: &Type) -> Vec<usize> {
    match (of, values.data_type()) {
        (Type::Unknown, _) | (_, DataType::Null) => Vec::new(),
        _ => (0..values.len()).filter(|row| values.is_valid(*row)).collect(),
    }
}
