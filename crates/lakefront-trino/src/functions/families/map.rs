//! Maps. Their keys are never null, hold no null, and are all different.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, StructArray};
use datafusion::arrow::datatypes::DataType;

use super::super::{Function, scalar};
use crate::call::Call;
use crate::error::{Code, Error, Result};
use crate::types::Type;
use crate::value::{Key, Value, Values};

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("map", "() -> map(unknown, unknown)", empty),
        scalar("map", "(array(K), array(V)) -> map(K, V) where comparable K", map),
        scalar("map_from_entries", "(array(row(K, V))) -> map(K, V) where comparable K", from_entries),
        scalar("multimap_from_entries", "(array(row(K, V))) -> map(K, array(V)) where comparable K", multimap),
        scalar("map_concat", "(map(K, V), map(K, V)...) -> map(K, V)", concat),
        scalar("map_keys", "(map(K, V)) -> array(K)", keys),
        scalar("map_values", "(map(K, V)) -> array(V)", values),
        scalar("map_entries", "(map(K, V)) -> array(row(K, V))", entries),
    ]
}

fn empty(call: &Call) -> Result<ArrayRef> {
    call.values(|_| Ok(Some(Value::Map(Vec::new()))))
}

pub(super) fn null_key() -> Error {
    Error::invalid_argument("map key cannot be null")
}

pub(super) fn duplicate_key(key: &Value, of: &Type) -> Error {
    let key = match crate::cast::value(key, of, &crate::types::VARCHAR) {
        Ok(Value::Text(text)) => text,
        _ => format!("{key:?}"),
    };
    Error::invalid_argument(format!("Duplicate map keys ({key}) are not allowed"))
}

/// Whether a null stands somewhere in a value that has parts.
pub(super) fn is_indeterminate(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) | Value::Row(items) => items.iter().any(is_indeterminate),
        Value::Map(entries) => entries.iter().any(|(_, value)| is_indeterminate(value)),
        _ => false,
    }
}

/// A map of pairs whose keys are checked.
fn checked(pairs: impl Iterator<Item = (Value, Value)>, of: &Type) -> Result<Value> {
    let mut seen = HashSet::new();
    let mut entries = Vec::new();
    for (key, value) in pairs {
        if key.is_null() {
            return Err(null_key());
        }
        if !seen.insert(Key(key.clone())) {
            return Err(duplicate_key(&key, of));
        }
        entries.push((key, value));
    }
    Ok(Value::Map(entries))
}

fn key_type(of: &Type) -> &Type {
    match of {
        Type::Map(key, _) => key,
        other => other,
    }
}

fn items(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        _ => Vec::new(),
    }
}

fn map(call: &Call) -> Result<ArrayRef> {
    let (keys, values) = (call.any(0), call.any(1));
    call.values(|row| {
        let (keys, values) = (items(keys.get(row)), items(values.get(row)));
        if keys.len() != values.len() {
            return Err(Error::invalid_argument("Key and value arrays must be the same length"));
        }
        // Those of entries may be.
        if keys.iter().any(|key| !key.is_null() && is_indeterminate(key)) {
            return Err(Error::invalid_argument("map key cannot be indeterminate"));
        }
        checked(keys.into_iter().zip(values), key_type(call.returns)).map(Some)
    })
}

/// The pairs that an array of rows holds.
fn pairs(array: Value) -> Result<Vec<(Value, Value)>> {
    items(array)
        .into_iter()
        .map(|entry| match entry {
            Value::Row(fields) => match <[Value; 2]>::try_from(fields) {
                Ok([key, _]) if key.is_null() => Err(null_key()),
                Ok([key, value]) => Ok((key, value)),
                Err(_) => Err(Error::new(Code::GenericInternalError, "an entry of a map is no pair")),
            },
            _ => Err(Error::invalid_argument("map entry cannot be null")),
        })
        .collect()
}

fn from_entries(call: &Call) -> Result<ArrayRef> {
    let array = call.any(0);
    call.values(|row| checked(pairs(array.get(row))?.into_iter(), key_type(call.returns)).map(Some))
}

fn multimap(call: &Call) -> Result<ArrayRef> {
    let array = call.any(0);
    call.values(|row| {
        let mut places: HashMap<Key, usize> = HashMap::new();
        let mut entries: Vec<(Value, Vec<Value>)> = Vec::new();
        for (key, value) in pairs(array.get(row))? {
            let at = *places.entry(Key(key.clone())).or_insert_with(|| {
                entries.push((key, Vec::new()));
                entries.len() - 1
            });
            entries[at].1.push(value);
        }
        Ok(Some(Value::Map(entries.into_iter().map(|(key, values)| (key, Value::Array(values))).collect())))
    })
}

/// Of the values of one key, the last one counts.
fn concat(call: &Call) -> Result<ArrayRef> {
    if call.arguments.len() < 2 {
        let message = "There must be two or more concatenation arguments to map_concat";
        return Err(Error::invalid_argument(message));
    }
    let maps: Vec<_> = (0..call.arguments.len()).map(|at| call.any(at)).collect();
    call.values(|row| {
        let mut known: HashSet<Key> = HashSet::new();
        let mut entries: Vec<(Value, Value)> = Vec::new();
        // The last map's entries come first, whose values count.
        for map in maps.iter().rev() {
            let Value::Map(more) = map.get(row) else { return Ok(None) };
            entries.extend(more.into_iter().filter(|(key, _)| known.insert(Key(key.clone()))));
        }
        Ok(Some(Value::Map(entries)))
    })
}

fn list(call: &Call, part: impl Fn(&MapArray, &DataType) -> Result<ArrayRef>) -> Result<ArrayRef> {
    let array = call.array(0)?;
    let map = array.as_map();
    let DataType::List(field) = call.returns.arrow() else {
        return Err(Error::new(Code::GenericInternalError, "an array that is none"));
    };
    let items = part(map, field.data_type())?;
    Ok(Arc::new(ListArray::try_new(field, map.offsets().clone(), items, map.nulls().cloned())?))
}

fn keys(call: &Call) -> Result<ArrayRef> {
    list(call, |map, _| Ok(Arc::clone(map.keys())))
}

fn values(call: &Call) -> Result<ArrayRef> {
    list(call, |map, _| Ok(Arc::clone(map.values())))
}

fn entries(call: &Call) -> Result<ArrayRef> {
    list(call, |map, of| {
        let DataType::Struct(fields) = of else {
            return Err(Error::new(Code::GenericInternalError, "a row that is none"));
        };
        let columns = vec![Arc::clone(map.keys()), Arc::clone(map.values())];
        Ok(Arc::new(StructArray::try_new_with_length(fields.clone(), columns, None, map.keys().len())?))
    })
}

/// Fails where keys of one row are null or alike.
pub(super) fn check_keys(keys: &ArrayRef, of: &Type, offsets: &[i32]) -> Result<()> {
    let values = Values::new(keys, of);
    for range in offsets.windows(2) {
        let mut seen = HashSet::new();
        for at in range[0] as usize..range[1] as usize {
            let key = values.get(at);
            if key.is_null() {
                return Err(null_key());
            }
            if !seen.insert(Key(key.clone())) {
                return Err(duplicate_key(&key, of));
            }
        }
    }
    Ok(())
}
