//! `sum` with a faster loop for doubles.
//!
//! Files are written in some order, often that of the column people group by, so one group has long runs of rows. Adding
//! row by row to a group's sum in memory waits for the last addition to be stored, at every row; a run is summed in
//! registers, several rows at a time.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array};
use datafusion::arrow::buffer::{BooleanBuffer, NullBuffer};
use datafusion::arrow::compute::nullif;
use datafusion::arrow::datatypes::{DataType, FieldRef, Float64Type};
use datafusion::common::Result;
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, Expr, GroupsAccumulator, Operator, ReversedUDAF,
    SetMonotonicity, Signature, StatisticsArgs,
};
use datafusion::scalar::ScalarValue;

pub(super) fn sum() -> AggregateUDF {
    AggregateUDF::from(Sum { inner: sum_udaf() })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Sum {
    inner: Arc<AggregateUDF>,
}

impl AggregateUDFImpl for Sum {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(types)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        self.inner.accumulator(args)
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        self.inner.create_sliding_accumulator(args)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        self.inner.state_fields(args)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        self.inner.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        match args.return_field.data_type() {
            DataType::Float64 => Ok(Box::new(Sums::default())),
            _ => self.inner.create_groups_accumulator(args),
        }
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        self.inner.inner().reverse_expr()
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.inner.order_sensitivity()
    }

    fn set_monotonicity(&self, data_type: &DataType) -> SetMonotonicity {
        self.inner.inner().set_monotonicity(data_type)
    }

    fn simplify_expr_op_literal(
        &self,
        call: &AggregateFunction,
        arg: &Expr,
        operator: Operator,
        literal: &Expr,
        arg_is_left: bool,
    ) -> Result<Option<Expr>> {
        self.inner.simplify_expr_op_literal(call, arg, operator, literal, arg_is_left)
    }

    fn value_from_stats(&self, statistics: &StatisticsArgs) -> Option<ScalarValue> {
        self.inner.value_from_stats(statistics)
    }
}

/// The sums of all groups.
#[derive(Default)]
struct Sums {
    sums: Vec<f64>,
    /// Whether a group has had a value; the sum of none is NULL.
    seen: Vec<bool>,
}

impl Sums {
    fn add(&mut self, values: &Float64Array, groups: &[usize], filter: Option<&BooleanArray>) {
        let wanted = filter.map(|filter| NullBuffer::new(wanted(filter)));
        let counted = NullBuffer::union(values.nulls(), wanted.as_ref());
        match counted.filter(|counted| counted.null_count() > 0) {
            None => self.add_runs(values.values(), groups),
            Some(counted) => {
                for row in counted.valid_indices() {
                    self.sums[groups[row]] += values.value(row);
                    self.seen[groups[row]] = true;
                }
            }
        }
    }

    fn add_runs(&mut self, values: &[f64], groups: &[usize]) {
        let mut rest = values;
        for run in groups.chunk_by(|a, b| a == b) {
            let (run_values, after) = rest.split_at(run.len());
            self.sums[run[0]] += in_lanes(run_values);
            self.seen[run[0]] = true;
            rest = after;
        }
    }

    fn emit(&mut self, emit_to: EmitTo) -> ArrayRef {
        let sums = emit_to.take_needed(&mut self.sums);
        let seen = emit_to.take_needed(&mut self.seen);
        Arc::new(Float64Array::new(sums.into(), Some(NullBuffer::from(seen))))
    }
}

/// The rows that a filter lets through; not those where it is NULL.
fn wanted(filter: &BooleanArray) -> BooleanBuffer {
    match filter.nulls() {
        Some(nulls) => filter.values() & nulls.inner(),
        None => filter.values().clone(),
    }
}

/// The sum of a run: what does not wait for each other is added at the same time.
fn in_lanes(values: &[f64]) -> f64 {
    const LANES: usize = 8;
    if let [value] = values {
        return *value;
    }
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value;
        }
    }
    lanes.iter().chain(rest).sum()
}

impl GroupsAccumulator for Sums {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.sums.resize(total, 0.0);
        self.seen.resize(total, false);
        self.add(values[0].as_primitive::<Float64Type>(), groups, filter);
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        Ok(self.emit(emit_to))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.emit(emit_to)])
    }

    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.update_batch(values, groups, None, total)
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let Some(filter) = filter else { return Ok(vec![values[0].clone()]) };
        Ok(vec![nullif(&values[0], &BooleanArray::new(!&wanted(filter), None))?])
    }

    fn size(&self) -> usize {
        self.sums.capacity() * size_of::<f64>() + self.seen.capacity()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use super::*;

    /// Groups in runs of 1 to 40 rows, values that add up exactly, every seventh one NULL if asked for.
    fn rows(nulls: bool) -> (Vec<usize>, Float64Array) {
        let runs = (0..300_usize).flat_map(|run| std::iter::repeat_n(run * 31 % 17, run * 13 % 40 + 1));
        let groups: Vec<usize> = runs.collect();
        let value = |row: usize| (!nulls || !row.is_multiple_of(7)).then_some((row % 1_000) as f64);
        let values = (0..groups.len()).map(value).collect();
        (groups, values)
    }

    fn by_row(groups: &[usize], values: &Float64Array, wanted: impl Fn(usize) -> bool) -> Vec<Option<f64>> {
        let mut sums = vec![None; 20];
        for (row, group) in groups.iter().enumerate() {
            if values.is_valid(row) && wanted(row) {
                *sums[*group].get_or_insert(0.0) += values.value(row);
            }
        }
        sums
    }

    #[test]
    fn a_sum_in_runs_is_the_sum_by_rows() {
        for nulls in [false, true] {
            let (groups, values) = rows(nulls);
            // NULL, false and true in turn; group 3 is left out entirely.
            let kept = |row: usize| row % 3 == 2 && groups[row] != 3;
            let filter: BooleanArray =
                (0..groups.len()).map(|row| (!row.is_multiple_of(3)).then_some(kept(row))).collect();
            let column: ArrayRef = Arc::new(values.clone());
            for filter in [None, Some(&filter)] {
                let expected = by_row(&groups, &values, |row| filter.is_none() || kept(row));
                let expected: ArrayRef = Arc::new(Float64Array::from(expected));

                let mut whole = Sums::default();
                whole.update_batch(std::slice::from_ref(&column), &groups, filter, 20).unwrap();
                assert_eq!(&whole.evaluate(EmitTo::All).unwrap(), &expected);

                // The same by way of partial sums, and of rows turned into states.
                let mut partial = Sums::default();
                partial.update_batch(std::slice::from_ref(&column), &groups, filter, 20).unwrap();
                let mut last = Sums::default();
                last.merge_batch(&partial.state(EmitTo::All).unwrap(), &(0..20).collect::<Vec<_>>(), 20).unwrap();
                assert_eq!(&last.evaluate(EmitTo::All).unwrap(), &expected);
                let states = Sums::default().convert_to_state(std::slice::from_ref(&column), filter).unwrap();
                last.merge_batch(&states, &groups, 20).unwrap();
                assert_eq!(&last.evaluate(EmitTo::All).unwrap(), &expected);
            }
        }
    }

    #[test]
    fn groups_leave_in_their_order() {
        let mut sums = Sums::default();
        let values: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2.0, 4.0]));
        sums.update_batch(&[values], &[0, 2, 2], None, 3).unwrap();
        let first: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.0), None]));
        assert_eq!(&sums.evaluate(EmitTo::First(2)).unwrap(), &first);
        let rest: ArrayRef = Arc::new(Float64Array::from(vec![6.0]));
        assert_eq!(&sums.evaluate(EmitTo::All).unwrap(), &rest);
    }
}
