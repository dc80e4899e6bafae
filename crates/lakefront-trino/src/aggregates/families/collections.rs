//! Arrays and maps of a group's values.

use std::collections::HashMap;

use super::super::fold::{Fold, Row};
use super::super::{Aggregate, aggregate, fold};
use crate::error::Result;
use crate::types::Type;
use crate::value::{Key, Value};

pub(super) fn all() -> Vec<Aggregate> {
    vec![
        aggregate("array_agg", "(T) -> array(T)", |types, _| fold(Listed(types.arguments[0].clone()))),
        aggregate("map_agg", "(K, V) -> map(K, V) where comparable K", |types, _| {
            fold(Mapped::new(Entries::First, &types.arguments[0], &types.arguments[1]))
        }),
        aggregate("multimap_agg", "(K, V) -> map(K, array(V)) where comparable K", |types, _| {
            fold(Mapped::new(Entries::All, &types.arguments[0], &types.arguments[1]))
        }),
        aggregate("histogram", "(T) -> map(T, bigint) where comparable T", |types, _| {
            fold(Mapped::new(Entries::Count, &types.arguments[0], &Type::Bigint))
        }),
        aggregate("map_union", "(map(K, V)) -> map(K, V) where comparable K", |types, _| match types.returns {
            Type::Map(key, value) => fold(Mapped::new(Entries::Union, key, value)),
            other => fold(Mapped::new(Entries::Union, other, other)),
        }),
    ]
}

#[derive(Debug, PartialEq)]
struct Listed(Type);

impl Fold for Listed {
    type State = Vec<Value>;

    fn start(&self) -> Vec<Value> {
        Vec::new()
    }

    fn add(&self, state: &mut Vec<Value>, row: Row<'_>) -> Result<()> {
        state.push(row.value(0));
        Ok(())
    }

    fn carried(&self) -> Vec<Type> {
        vec![Type::array(self.0.clone())]
    }

    fn save(&self, state: &Vec<Value>) -> Result<Vec<Value>> {
        Ok(vec![self.finish(state)?])
    }

    fn merge(&self, state: &mut Vec<Value>, saved: Row<'_>) -> Result<()> {
        state.extend(saved.items(0));
        Ok(())
    }

    fn finish(&self, state: &Vec<Value>) -> Result<Value> {
        Ok(if state.is_empty() { Value::Null } else { Value::Array(state.clone()) })
    }

    fn kept(&self, state: &Vec<Value>) -> usize {
        state.len()
    }

    fn held(&self) -> usize {
        size_of::<Value>()
    }
}

/// What a map keeps of rows with the same key.
#[derive(Debug, PartialEq)]
enum Entries {
    First,
    All,
    Count,
    /// The first of each key in maps.
    Union,
}

#[derive(Debug, PartialEq)]
struct Mapped {
    entries: Entries,
    key: Type,
    value: Type,
}

/// Entries in the order in which their keys came.
#[derive(Debug, Default)]
struct Map {
    places: HashMap<Key, usize>,
    entries: Vec<(Value, Value)>,
    /// Values beside the first of their keys.
    more: usize,
}

impl Mapped {
    fn new(entries: Entries, key: &Type, value: &Type) -> Self {
        Self { entries, key: key.clone(), value: value.clone() }
    }

    fn stored(&self) -> Type {
        if self.entries == Entries::All { Type::array(self.value.clone()) } else { self.value.clone() }
    }

    fn put(&self, state: &mut Map, key: Value, value: Value) {
        match state.places.get(&Key(key.clone())) {
            None => {
                state.places.insert(Key(key.clone()), state.entries.len());
                state.entries.push((key, value));
            }
            Some(at) => match (&self.entries, &mut state.entries[*at].1, value) {
                (Entries::All, Value::Array(known), Value::Array(more)) => {
                    state.more += more.len();
                    known.extend(more);
                }
                (Entries::Count, Value::Int(known), Value::Int(more)) => *known += more,
                _ => {}
            },
        }
    }
}

impl Fold for Mapped {
    type State = Map;

    fn start(&self) -> Map {
        Map::default()
    }

    fn add(&self, state: &mut Map, row: Row<'_>) -> Result<()> {
        if row.is_null(0) {
            return Ok(());
        }
        match (&self.entries, row.value(0)) {
            (Entries::First, key) => self.put(state, key, row.value(1)),
            (Entries::All, key) => self.put(state, key, Value::Array(vec![row.value(1)])),
            (Entries::Count, key) => self.put(state, key, Value::Int(1)),
            (Entries::Union, Value::Map(entries)) => {
                for (key, value) in entries {
                    self.put(state, key, value);
                }
            }
            (Entries::Union, _) => {}
        }
        Ok(())
    }

    fn carried(&self) -> Vec<Type> {
        vec![Type::map(self.key.clone(), self.stored())]
    }

    fn save(&self, state: &Map) -> Result<Vec<Value>> {
        Ok(vec![self.finish(state)?])
    }

    fn merge(&self, state: &mut Map, saved: Row<'_>) -> Result<()> {
        if let Value::Map(entries) = saved.value(0) {
            for (key, value) in entries {
                self.put(state, key, value);
            }
        }
        Ok(())
    }

    fn finish(&self, state: &Map) -> Result<Value> {
        // Of empty maps alone there is no union.
        Ok(if state.entries.is_empty() { Value::Null } else { Value::Map(state.entries.clone()) })
    }

    fn kept(&self, state: &Map) -> usize {
        state.entries.len() + state.more
    }

    fn held(&self) -> usize {
        4 * size_of::<Value>()
    }
}
