//! What an aggregate function is: a state for each group of rows.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array,
    Int8Array, Int16Array, Int32Array, Int64Array, StringArray,
};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::logical_expr::EmitTo;

use crate::error::{Code, Error, Result};
use crate::types::Type;
use crate::value::{Value, Values, array_of};

/// An aggregate function on arguments of certain types.
pub(crate) trait Fold: Debug + PartialEq + Send + Sync + 'static {
    type State: Debug + Send + Sync + 'static;

    fn start(&self) -> Self::State;

    fn add(&self, state: &mut Self::State, row: Row<'_>) -> Result<()>;

    /// Takes a row away that was added; `false` where only a new state is without it.
    fn remove(&self, _state: &mut Self::State, _row: Row<'_>) -> Result<bool> {
        Ok(false)
    }

    /// The types of [`Fold::save`]'s values.
    fn carried(&self) -> Vec<Type>;

    /// What the states of a group's parts are merged from.
    fn save(&self, state: &Self::State) -> Result<Vec<Value>>;

    fn merge(&self, state: &mut Self::State, saved: Row<'_>) -> Result<()>;

    fn finish(&self, state: &Self::State) -> Result<Value>;

    /// Adds the numbers of rows without NULL; `false` where it adds rows only.
    fn add_doubles(&self, _state: &mut Self::State, _values: &[f64]) -> bool {
        false
    }

    /// Things that a state keeps elsewhere than in itself, in no time.
    fn kept(&self, _state: &Self::State) -> usize {
        0
    }

    /// Bytes of each of them, about, but for texts.
    fn held(&self) -> usize {
        0
    }
}

/// The simplest fold: two values become one, so the state is what was made of those so far.
pub(crate) trait Reduce: Debug + PartialEq + Send + Sync + 'static {
    type Item: Clone + Debug + Send + Sync + 'static;

    /// The value of a row, or of a part's state; `None` does not count.
    fn item(&self, row: Row<'_>) -> Option<Self::Item>;

    fn reduce(&self, so_far: Self::Item, next: Self::Item) -> Result<Self::Item>;

    /// The type that a state is carried as.
    fn carried_as(&self) -> Type;

    /// A state as it is carried.
    fn value(&self, item: Self::Item) -> Value;

    fn result(&self, item: Self::Item) -> Value {
        self.value(item)
    }

    /// As [`Fold::add_doubles`].
    fn add_doubles(&self, _state: &mut Option<Self::Item>, _values: &[f64]) -> bool {
        false
    }
}

impl<R: Reduce> Fold for R {
    type State = Option<R::Item>;

    fn start(&self) -> Self::State {
        None
    }

    fn add(&self, state: &mut Self::State, row: Row<'_>) -> Result<()> {
        if let Some(next) = self.item(row) {
            *state = Some(match state.take() {
                Some(so_far) => self.reduce(so_far, next)?,
                None => next,
            });
        }
        Ok(())
    }

    fn carried(&self) -> Vec<Type> {
        vec![self.carried_as()]
    }

    fn save(&self, state: &Self::State) -> Result<Vec<Value>> {
        Ok(vec![Value::or_null(state.clone().map(|item| self.value(item)))])
    }

    fn merge(&self, state: &mut Self::State, saved: Row<'_>) -> Result<()> {
        self.add(state, saved)
    }

    fn finish(&self, state: &Self::State) -> Result<Value> {
        Ok(Value::or_null(state.clone().map(|item| self.result(item))))
    }

    fn add_doubles(&self, state: &mut Self::State, values: &[f64]) -> bool {
        Reduce::add_doubles(self, state, values)
    }
}

/// The arguments of one row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Row<'a> {
    Of(&'a [Input<'a>], usize),
    Values(&'a [Value]),
}

/// An argument of a batch.
#[derive(Debug)]
pub(crate) struct Input<'a> {
    nulls: Option<&'a NullBuffer>,
    kind: Kind<'a>,
}

#[derive(Debug)]
enum Kind<'a> {
    Null,
    Boolean(&'a BooleanArray),
    Int8(&'a Int8Array),
    Int16(&'a Int16Array),
    Int32(&'a Int32Array),
    Int64(&'a Int64Array),
    Date(&'a Date32Array),
    Real(&'a Float32Array),
    Double(&'a Float64Array),
    Decimal(&'a Decimal128Array),
    Text(&'a StringArray),
    Bytes(&'a BinaryArray),
    Other(Values<'a>),
}

impl<'a> Input<'a> {
    /// On average, of what is of no fixed width.
    fn bytes_of_a_row(&self) -> usize {
        let (bytes, rows) = match &self.kind {
            Kind::Text(texts) => (texts.value_offsets(), texts.len()),
            Kind::Bytes(bytes) => (bytes.value_offsets(), bytes.len()),
            Kind::Other(values) => return values.bytes().checked_div(values.len()).unwrap_or(0),
            _ => return 0,
        };
        let whole = bytes.last().zip(bytes.first()).map_or(0, |(last, first)| (last - first) as usize);
        whole.checked_div(rows).unwrap_or(0)
    }

    pub(crate) fn new(array: &'a ArrayRef, of: &'a Type) -> Self {
        let kind = match of {
            Type::Unknown => Kind::Null,
            Type::Boolean => Kind::Boolean(array.as_boolean()),
            Type::Tinyint => Kind::Int8(array.as_primitive()),
            Type::Smallint => Kind::Int16(array.as_primitive()),
            Type::Integer | Type::IntervalYearToMonth => Kind::Int32(array.as_primitive()),
            Type::Bigint | Type::Time(_) | Type::IntervalDayToSecond => Kind::Int64(array.as_primitive()),
            Type::Date => Kind::Date(array.as_primitive()),
            Type::Real => Kind::Real(array.as_primitive()),
            Type::Double => Kind::Double(array.as_primitive()),
            Type::Decimal { .. } => Kind::Decimal(array.as_primitive()),
            Type::Varchar(_) | Type::Char(_) | Type::Json => Kind::Text(array.as_string()),
            Type::Timestamp(_)
            | Type::TimestampTz(_)
            | Type::TimeTz(_)
            | Type::Array(_)
            | Type::Map(..)
            | Type::Row(_) => Kind::Other(Values::new(array, of)),
            _ => Kind::Bytes(array.as_binary()),
        };
        Self { nulls: array.nulls(), kind }
    }

    fn is_null(&self, row: usize) -> bool {
        matches!(self.kind, Kind::Null) || self.nulls.is_some_and(|nulls| nulls.is_null(row))
    }

    fn int(&self, row: usize) -> Option<i64> {
        if self.is_null(row) {
            return None;
        }
        match self.kind {
            Kind::Int64(array) => Some(array.value(row)),
            Kind::Int32(array) => Some(array.value(row).into()),
            Kind::Int16(array) => Some(array.value(row).into()),
            Kind::Int8(array) => Some(array.value(row).into()),
            Kind::Date(array) => Some(array.value(row).into()),
            _ => None,
        }
    }

    fn value(&self, row: usize) -> Value {
        if self.is_null(row) {
            return Value::Null;
        }
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Boolean(array) => Value::Boolean(array.value(row)),
            Kind::Int8(_) | Kind::Int16(_) | Kind::Int32(_) | Kind::Int64(_) | Kind::Date(_) => {
                self.int(row).map_or(Value::Null, Value::Int)
            }
            Kind::Real(array) => Value::Real(array.value(row)),
            Kind::Double(array) => Value::Double(array.value(row)),
            Kind::Decimal(array) => Value::Decimal(array.value(row)),
            Kind::Text(array) => Value::Text(array.value(row).to_owned()),
            Kind::Bytes(array) => Value::Bytes(array.value(row).to_vec()),
            Kind::Other(values) => values.get(row),
        }
    }
}

impl<'a> Row<'a> {
    pub(crate) fn len(self) -> usize {
        match self {
            Row::Of(inputs, _) => inputs.len(),
            Row::Values(values) => values.len(),
        }
    }

    pub(crate) fn is_null(self, at: usize) -> bool {
        match self {
            Row::Of(inputs, row) => inputs[at].is_null(row),
            Row::Values(values) => values[at].is_null(),
        }
    }

    /// What 64 bits carry. `None` is null, here and below.
    pub(crate) fn int(self, at: usize) -> Option<i64> {
        match self {
            Row::Of(inputs, row) => inputs[at].int(row),
            Row::Values(values) => match values[at] {
                Value::Int(value) => Some(value),
                _ => None,
            },
        }
    }

    pub(crate) fn boolean(self, at: usize) -> Option<bool> {
        match self {
            Row::Of(inputs, row) => match inputs[at].kind {
                Kind::Boolean(array) if !array.is_null(row) => Some(array.value(row)),
                _ => None,
            },
            Row::Values(values) => match values[at] {
                Value::Boolean(value) => Some(value),
                _ => None,
            },
        }
    }

    /// A `real` or `double`.
    pub(crate) fn double(self, at: usize) -> Option<f64> {
        match self {
            Row::Of(inputs, row) => match inputs[at].kind {
                Kind::Double(array) if !array.is_null(row) => Some(array.value(row)),
                Kind::Real(array) if !array.is_null(row) => Some(array.value(row).into()),
                _ => None,
            },
            Row::Values(values) => match values[at] {
                Value::Double(value) => Some(value),
                Value::Real(value) => Some(value.into()),
                _ => None,
            },
        }
    }

    /// Any number but a decimal.
    pub(crate) fn number(self, at: usize) -> Option<f64> {
        self.double(at).or_else(|| self.int(at).map(|value| value as f64))
    }

    /// A decimal without its point.
    pub(crate) fn decimal(self, at: usize) -> Option<i128> {
        match self {
            Row::Of(inputs, row) => match inputs[at].kind {
                Kind::Decimal(array) if !array.is_null(row) => Some(array.value(row)),
                _ => None,
            },
            Row::Values(values) => match values[at] {
                Value::Decimal(value) => Some(value),
                _ => None,
            },
        }
    }

    pub(crate) fn text(self, at: usize) -> Option<&'a str> {
        match self {
            Row::Of(inputs, row) => match inputs[at].kind {
                Kind::Text(array) if !array.is_null(row) => Some(array.value(row)),
                _ => None,
            },
            Row::Values(values) => match &values[at] {
                Value::Text(value) => Some(value),
                _ => None,
            },
        }
    }

    pub(crate) fn bytes(self, at: usize) -> Option<&'a [u8]> {
        match self {
            Row::Of(inputs, row) => match inputs[at].kind {
                Kind::Bytes(array) if !array.is_null(row) => Some(array.value(row)),
                _ => None,
            },
            Row::Values(values) => match &values[at] {
                Value::Bytes(value) => Some(value),
                _ => None,
            },
        }
    }

    pub(crate) fn value(self, at: usize) -> Value {
        match self {
            Row::Of(inputs, row) => inputs[at].value(row),
            Row::Values(values) => values[at].clone(),
        }
    }

    /// All arguments.
    pub(crate) fn values(self) -> Vec<Value> {
        match self {
            Row::Of(inputs, row) => inputs.iter().map(|input| input.value(row)).collect(),
            Row::Values(values) => values.to_vec(),
        }
    }

    /// An array, as the states of lists are carried.
    pub(crate) fn items(self, at: usize) -> Vec<Value> {
        match self.value(at) {
            Value::Array(items) => items,
            _ => Vec::new(),
        }
    }
}

/// An aggregate function, whatever its states are.
pub(crate) trait Folding: Any + Debug + Send + Sync {
    fn carried(&self) -> Vec<Type>;

    /// No group yet.
    fn groups(self: Arc<Self>, returns: &Type) -> Box<dyn Groups>;

    fn is_same(&self, other: &dyn Folding) -> bool;
}

impl<F: Fold> Folding for F {
    fn carried(&self) -> Vec<Type> {
        Fold::carried(self)
    }

    fn groups(self: Arc<Self>, returns: &Type) -> Box<dyn Groups> {
        let carried = Fold::carried(self.as_ref());
        Box::new(States { fold: self, carried, returns: returns.clone(), states: Vec::new(), kept_bytes: 0 })
    }

    fn is_same(&self, other: &dyn Folding) -> bool {
        (other as &dyn Any).downcast_ref::<F>().is_some_and(|other| self == other)
    }
}

/// The states of many groups.
pub(crate) trait Groups: Debug + Send + Sync {
    /// Makes new groups up to the given number of them.
    fn grow(&mut self, total: usize);

    fn add(&mut self, group: usize, row: Row<'_>) -> Result<()>;

    /// Takes a row away that was added; `false` where the state has to be made anew.
    fn remove(&mut self, group: usize, row: Row<'_>) -> Result<bool>;

    /// Adds the rows of a batch; `groups` tells the group of each, `filter` which of them count.
    fn add_all(&mut self, inputs: &[Input<'_>], groups: &[usize], filter: Option<&BooleanArray>) -> Result<()>;

    fn merge_all(&mut self, saved: &[ArrayRef], groups: &[usize]) -> Result<()>;

    fn save(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>>;

    fn finish(&mut self, emit_to: EmitTo) -> Result<ArrayRef>;

    /// The result of one group, which stays as it is.
    fn result(&self, group: usize) -> Result<Value>;

    /// A state of its own for each row.
    fn saved_rows(&self, inputs: &[Input<'_>], rows: usize, filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>>;

    fn clear(&mut self);

    fn size(&self) -> usize;
}

#[derive(Debug)]
struct States<F: Fold> {
    fold: Arc<F>,
    carried: Vec<Type>,
    returns: Type,
    states: Vec<F::State>,
    /// What the states keep elsewhere than in themselves, about.
    kept_bytes: usize,
}

impl<F: Fold> States<F> {
    fn take(&mut self, emit_to: EmitTo) -> Vec<F::State> {
        let all = self.states.len().max(1);
        let taken = emit_to.take_needed(&mut self.states);
        self.kept_bytes -= (self.kept_bytes as u128 * taken.len() as u128 / all as u128) as usize;
        taken
    }

    /// Changes a state, and counts what it keeps since; `texts` are the bytes of a row that it may keep.
    fn change(&mut self, group: usize, texts: usize, by: impl FnOnce(&F, &mut F::State) -> Result<()>) -> Result<()> {
        let state = &mut self.states[group];
        let before = self.fold.kept(state);
        by(&self.fold, state)?;
        let after = self.fold.kept(state);
        if after > before {
            self.kept_bytes += (after - before) * self.fold.held() + texts;
        } else {
            self.kept_bytes = self.kept_bytes.saturating_sub((before - after) * self.fold.held());
        }
        Ok(())
    }

    fn columns<'s>(&self, states: impl Iterator<Item = &'s F::State>) -> Result<Vec<ArrayRef>> {
        let mut columns: Vec<Vec<Value>> = vec![Vec::new(); self.carried.len()];
        for state in states {
            for (column, value) in columns.iter_mut().zip(self.fold.save(state)?) {
                column.push(value);
            }
        }
        self.carried.iter().zip(&columns).map(|(of, column)| array_of(of, column)).collect()
    }
}

fn counts(filter: Option<&BooleanArray>, row: usize) -> bool {
    filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row))
}

impl<F: Fold> Groups for States<F> {
    fn grow(&mut self, total: usize) {
        let fold = &self.fold;
        if self.states.len() < total {
            self.states.resize_with(total, || fold.start());
        }
    }

    fn add(&mut self, group: usize, row: Row<'_>) -> Result<()> {
        self.change(group, 0, |fold, state| fold.add(state, row))
    }

    fn remove(&mut self, group: usize, row: Row<'_>) -> Result<bool> {
        self.fold.remove(&mut self.states[group], row)
    }

    fn add_all(&mut self, inputs: &[Input<'_>], groups: &[usize], filter: Option<&BooleanArray>) -> Result<()> {
        if let ([state], [Input { nulls: None, kind: Kind::Double(array) }], None) =
            (self.states.as_mut_slice(), inputs, filter)
            && self.fold.add_doubles(state, array.values())
        {
            return Ok(());
        }
        let texts = inputs.iter().map(Input::bytes_of_a_row).sum();
        for (row, group) in groups.iter().enumerate() {
            if counts(filter, row) {
                self.change(*group, texts, |fold, state| fold.add(state, Row::Of(inputs, row)))?;
            }
        }
        Ok(())
    }

    fn merge_all(&mut self, saved: &[ArrayRef], groups: &[usize]) -> Result<()> {
        let carried = self.carried.clone();
        let inputs: Vec<Input<'_>> = saved.iter().zip(&carried).map(|(array, of)| Input::new(array, of)).collect();
        let texts = inputs.iter().map(Input::bytes_of_a_row).sum();
        for (row, group) in groups.iter().enumerate() {
            self.change(*group, texts, |fold, state| fold.merge(state, Row::Of(&inputs, row)))?;
        }
        Ok(())
    }

    fn save(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let states = self.take(emit_to);
        self.columns(states.iter())
    }

    fn finish(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let states = self.take(emit_to);
        let values = states.iter().map(|state| self.fold.finish(state)).collect::<Result<Vec<_>>>()?;
        array_of(&self.returns, &values)
    }

    fn result(&self, group: usize) -> Result<Value> {
        let state = self.states.get(group).ok_or_else(|| Error::new(Code::GenericInternalError, "no such group"))?;
        self.fold.finish(state)
    }

    fn saved_rows(&self, inputs: &[Input<'_>], rows: usize, filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let mut states = Vec::with_capacity(rows);
        for row in 0..rows {
            let mut state = self.fold.start();
            if counts(filter, row) {
                self.fold.add(&mut state, Row::Of(inputs, row))?;
            }
            states.push(state);
        }
        self.columns(states.iter())
    }

    fn clear(&mut self) {
        self.states.clear();
        self.kept_bytes = 0;
    }

    fn size(&self) -> usize {
        self.states.capacity() * size_of::<F::State>() + self.kept_bytes
    }
}
