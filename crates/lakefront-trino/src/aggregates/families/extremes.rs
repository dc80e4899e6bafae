//! The least and the greatest, and what goes with them.

use std::cmp::Ordering;

use datafusion::functions_aggregate::min_max::{max_udaf, min_udaf};

use super::super::fold::{Fold, Reduce, Row};
use super::super::{Aggregate, aggregate, fold};
use crate::comparison::is_native;
use crate::error::{Error, Result};
use crate::types::Type;
use crate::value::{Value, compare_nan_first, compare_nan_last, order, sortable};

pub(super) fn all() -> Vec<Aggregate> {
    vec![
        aggregate("min", "(T) -> T where orderable T", |types, _| extreme(Side::Least, &types.arguments[0]))
            .native(|types| types.iter().all(is_native).then(min_udaf))
            .of_set(),
        aggregate("max", "(T) -> T where orderable T", |types, _| extreme(Side::Greatest, &types.arguments[0]))
            .native(|types| types.iter().all(is_native).then(max_udaf))
            .of_set(),
        aggregate("min", "(T, bigint) -> array(T) where orderable T", |types, _| {
            fold(Best::new(Side::Least, "min", types.arguments[0].clone(), None))
        }),
        aggregate("max", "(T, bigint) -> array(T) where orderable T", |types, _| {
            fold(Best::new(Side::Greatest, "max", types.arguments[0].clone(), None))
        }),
        aggregate("min_by", "(V, K) -> V where orderable K", |types, _| by(Side::Least, types.arguments)),
        aggregate("max_by", "(V, K) -> V where orderable K", |types, _| by(Side::Greatest, types.arguments)),
        aggregate("min_by", "(V, K, bigint) -> array(V) where orderable K", |types, _| {
            fold(Best::new(Side::Least, "min_by", types.arguments[1].clone(), Some(types.arguments[0].clone())))
        }),
        aggregate("max_by", "(V, K, bigint) -> array(V) where orderable K", |types, _| {
            fold(Best::new(Side::Greatest, "max_by", types.arguments[1].clone(), Some(types.arguments[0].clone())))
        }),
        aggregate("arbitrary", "(T) -> T", |types, _| fold(First(types.arguments[0].clone()))),
        aggregate("any_value", "(T) -> T", |types, _| fold(First(types.arguments[0].clone()))),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Side {
    Least,
    Greatest,
}

impl Side {
    /// NaN is what is looked for least, also within arrays and rows.
    fn compare(self, a: &Value, b: &Value) -> Result<Option<Ordering>> {
        match self {
            Side::Least => compare_nan_last(a, b),
            Side::Greatest => compare_nan_first(a, b),
        }
    }

    /// Whether a value takes the place of another.
    fn prefers(self, new: &Value, old: &Value) -> Result<bool> {
        let sought = match self {
            Side::Least => Ordering::Less,
            Side::Greatest => Ordering::Greater,
        };
        Ok(self.compare(new, old)? == Some(sought))
    }

    fn sorted(self, a: &Value, b: &Value) -> Ordering {
        let known = self.compare(a, b).ok().flatten().unwrap_or_else(|| order(a, b));
        if self == Side::Greatest { known.reverse() } else { known }
    }
}

fn extreme(side: Side, of: &Type) -> Result<std::sync::Arc<dyn super::super::fold::Folding>> {
    match of {
        Type::Double => fold(ExtremeDouble { side, real: false }),
        Type::Real => fold(ExtremeDouble { side, real: true }),
        _ => fold(Extreme { side, of: of.clone() }),
    }
}

/// NaN never takes a number's place, and any number takes its place.
fn least(so_far: f64, next: f64) -> f64 {
    if so_far.is_nan() || next < so_far { next } else { so_far }
}

#[derive(Debug, PartialEq)]
struct ExtremeDouble {
    side: Side,
    real: bool,
}

impl Reduce for ExtremeDouble {
    type Item = f64;

    fn item(&self, row: Row<'_>) -> Option<f64> {
        row.double(0)
    }

    fn reduce(&self, so_far: f64, next: f64) -> Result<f64> {
        Ok(match self.side {
            Side::Least => least(so_far, next),
            Side::Greatest => -least(-so_far, -next),
        })
    }

    fn add_doubles(&self, state: &mut Option<f64>, values: &[f64]) -> bool {
        let Some(first) = state.or_else(|| values.first().copied()) else { return true };
        let all = |sign: f64| {
            let (eights, rest) = values.as_chunks::<8>();
            let mut lanes = [sign * first; 8];
            for eight in eights {
                for (lane, value) in lanes.iter_mut().zip(eight) {
                    *lane = least(*lane, sign * value);
                }
            }
            let ends = lanes.into_iter().chain(rest.iter().map(|value| sign * value));
            sign * ends.fold(sign * first, least)
        };
        let extreme = all(if self.side == Side::Least { 1.0 } else { -1.0 });
        // Of 0 and -0 the first stays, which lanes side by side don't know.
        let is_clear = extreme != 0.0;
        if is_clear {
            *state = Some(extreme);
        }
        is_clear
    }

    fn carried_as(&self) -> Type {
        Type::Double
    }

    fn value(&self, item: f64) -> Value {
        Value::Double(item)
    }

    fn result(&self, item: f64) -> Value {
        if self.real { Value::Real(item as f32) } else { Value::Double(item) }
    }
}

#[derive(Debug, PartialEq)]
struct Extreme {
    side: Side,
    of: Type,
}

impl Reduce for Extreme {
    type Item = Value;

    fn item(&self, row: Row<'_>) -> Option<Value> {
        (!row.is_null(0)).then(|| row.value(0))
    }

    fn reduce(&self, so_far: Value, next: Value) -> Result<Value> {
        Ok(if self.side.prefers(&next, &so_far)? { next } else { so_far })
    }

    fn carried_as(&self) -> Type {
        self.of.clone()
    }

    fn value(&self, item: Value) -> Value {
        item
    }
}

fn by(side: Side, types: &[Type]) -> Result<std::sync::Arc<dyn super::super::fold::Folding>> {
    fold(By { side, value: types[0].clone(), key: types[1].clone() })
}

/// The value of the row with the extreme key.
#[derive(Debug, PartialEq)]
struct By {
    side: Side,
    value: Type,
    key: Type,
}

impl Fold for By {
    /// The key and the value.
    type State = Option<(Value, Value)>;

    fn start(&self) -> Self::State {
        None
    }

    fn add(&self, state: &mut Self::State, row: Row<'_>) -> Result<()> {
        if row.is_null(1) {
            return Ok(());
        }
        let key = row.value(1);
        let takes = match state {
            None => true,
            Some((old, _)) => self.side.prefers(&key, old)?,
        };
        if takes {
            *state = Some((key, row.value(0)));
        }
        Ok(())
    }

    fn carried(&self) -> Vec<Type> {
        vec![self.value.clone(), self.key.clone()]
    }

    fn save(&self, state: &Self::State) -> Result<Vec<Value>> {
        Ok(match state {
            Some((key, value)) => vec![value.clone(), key.clone()],
            None => vec![Value::Null, Value::Null],
        })
    }

    fn merge(&self, state: &mut Self::State, saved: Row<'_>) -> Result<()> {
        self.add(state, saved)
    }

    fn finish(&self, state: &Self::State) -> Result<Value> {
        Ok(state.as_ref().map_or(Value::Null, |(_, value)| value.clone()))
    }
}

/// The first value that is not null.
#[derive(Debug, PartialEq)]
struct First(Type);

impl Reduce for First {
    type Item = Value;

    fn item(&self, row: Row<'_>) -> Option<Value> {
        (!row.is_null(0)).then(|| row.value(0))
    }

    fn reduce(&self, so_far: Value, _next: Value) -> Result<Value> {
        Ok(so_far)
    }

    fn carried_as(&self) -> Type {
        self.0.clone()
    }

    fn value(&self, item: Value) -> Value {
        item
    }
}

/// The values of as many rows as are asked for, best first.
#[derive(Debug, PartialEq)]
struct Best {
    side: Side,
    name: &'static str,
    key: Type,
    /// What is given, unless it is the key itself.
    value: Option<Type>,
}

impl Best {
    fn new(side: Side, name: &'static str, key: Type, value: Option<Type>) -> Self {
        Self { side, name, key, value }
    }

    fn insert(&self, state: &mut Ranked, key: Value, value: Value) -> Result<()> {
        if !state.rows.is_empty() {
            sortable(&key)?;
            state.rows.iter().take(1).try_for_each(|(known, _)| sortable(known))?;
        }
        // After those of the same rank: the first to come stay.
        let at = state.rows.partition_point(|(known, _)| self.side.sorted(known, &key).is_le());
        if at < state.wanted {
            let is_null = value.is_null();
            state.rows.insert(at, (key, value));
            // Trino puts the new value where the old one was, and forgets to take its null away.
            let replaced = if state.rows.len() > state.wanted { state.rows.pop() } else { None };
            if replaced.is_some_and(|(_, old)| old.is_null()) && !is_null {
                return Err(Error::not_here(format!("{} of several values that replace a null", self.name)));
            }
        }
        Ok(())
    }

    fn ordinal(&self) -> &'static str {
        if self.value.is_some() { "third" } else { "second" }
    }
}

#[derive(Debug, Default)]
struct Ranked {
    wanted: usize,
    rows: Vec<(Value, Value)>,
}

impl Fold for Best {
    type State = Ranked;

    fn start(&self) -> Ranked {
        Ranked::default()
    }

    fn add(&self, state: &mut Ranked, row: Row<'_>) -> Result<()> {
        let (key_at, count_at) = if self.value.is_some() { (1, 2) } else { (0, 1) };
        let Some(wanted) = row.int(count_at) else { return Ok(()) };
        if row.is_null(key_at) {
            return Ok(());
        }
        if state.wanted == 0 {
            let argument = self.ordinal();
            let name = self.name;
            if wanted <= 0 {
                return Err(Error::invalid_argument(format!(
                    "{argument} argument of {name} must be a positive integer"
                )));
            }
            if wanted > 10_000 {
                let message =
                    format!("{argument} argument of {name} must be less than or equal to 10000; found {wanted}");
                return Err(Error::invalid_argument(message));
            }
            state.wanted = wanted as usize;
        }
        let key = row.value(key_at);
        let value = if self.value.is_some() { row.value(0) } else { Value::Null };
        self.insert(state, key, value)
    }

    fn carried(&self) -> Vec<Type> {
        let value = self.value.clone().unwrap_or(Type::Boolean);
        vec![Type::Bigint, Type::array(self.key.clone()), Type::array(value)]
    }

    fn save(&self, state: &Ranked) -> Result<Vec<Value>> {
        let (keys, values) = state.rows.iter().cloned().unzip();
        Ok(vec![Value::Int(state.wanted as i64), Value::Array(keys), Value::Array(values)])
    }

    fn merge(&self, state: &mut Ranked, saved: Row<'_>) -> Result<()> {
        state.wanted = state.wanted.max(saved.int(0).unwrap_or(0) as usize);
        for (key, value) in saved.items(1).into_iter().zip(saved.items(2)) {
            self.insert(state, key, value)?;
        }
        Ok(())
    }

    fn finish(&self, state: &Ranked) -> Result<Value> {
        if state.rows.is_empty() {
            return Ok(Value::Null);
        }
        let value = |(key, value): &(Value, Value)| if self.value.is_some() { value.clone() } else { key.clone() };
        Ok(Value::Array(state.rows.iter().map(value).collect()))
    }

    fn kept(&self, state: &Ranked) -> usize {
        state.rows.len()
    }

    fn held(&self) -> usize {
        2 * size_of::<Value>()
    }
}
