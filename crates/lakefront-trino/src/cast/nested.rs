//! Casts of arrays, maps and rows, part by part. None of them has a text.

use std::collections::HashSet;

use super::unknown;
use crate::error::{Code, Error, Result};
use crate::types::Type;
use crate::value::{Key, Value};

pub(super) fn exists(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (Type::Array(from), Type::Array(to)) => super::exists(from, to),
        (Type::Map(from_key, from_value), Type::Map(to_key, to_value)) => {
            super::exists(from_key, to_key) && super::exists(from_value, to_value)
        }
        (Type::Row(from), Type::Row(to)) => {
            from.len() == to.len() && from.iter().zip(to).all(|((_, from), (_, to))| super::exists(from, to))
        }
        _ => false,
    }
}

/// Whether a row with names within a row becomes JSON: its fields keep their names in Trino or lose them, by how far
/// the planner worked the cast out before it ran.
pub(crate) fn may_lose_names(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (Type::Array(from), Type::Array(to)) => may_lose_names(from, to),
        (Type::Map(from_key, from_value), Type::Map(to_key, to_value)) => {
            may_lose_names(from_key, to_key) || may_lose_names(from_value, to_value)
        }
        (Type::Row(from), Type::Row(to)) => {
            from.iter().zip(to).any(|((_, from), (_, to))| shows_names(from, to) || may_lose_names(from, to))
        }
        _ => false,
    }
}

fn shows_names(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (Type::Row(fields), Type::Json) => {
            fields.iter().any(|(name, field)| name.is_some() || shows_names(field, &Type::Json))
        }
        (Type::Row(from), Type::Row(to)) => from.iter().zip(to).any(|((_, from), (_, to))| shows_names(from, to)),
        _ => false,
    }
}

pub(super) fn value(value: &Value, from: &Type, to: &Type) -> Result<Value> {
    match (value, from, to) {
        (Value::Array(items), Type::Array(from), Type::Array(to)) => {
            refuse_json_nulls(items.iter(), from, to)?;
            let items = items.iter().map(|item| super::value(item, from, to)).collect::<Result<_>>()?;
            Ok(Value::Array(items))
        }
        (Value::Map(entries), Type::Map(from_key, from_value), Type::Map(to_key, to_value)) => {
            refuse_json_nulls(entries.iter().map(|(_, item)| item), from_value, to_value)?;
            let mut seen = HashSet::new();
            let mut cast = Vec::with_capacity(entries.len());
            for (key, item) in entries {
                let key = super::value(key, from_key, to_key)?;
                if key.is_null() {
                    return Err(Error::new(Code::InvalidCastArgument, "map key is null"));
                }
                if !seen.insert(Key(key.clone())) {
                    return Err(Error::new(Code::InvalidCastArgument, "duplicate keys"));
                }
                cast.push((key, super::value(item, from_value, to_value)?));
            }
            Ok(Value::Map(cast))
        }
        (Value::Row(values), Type::Row(from), Type::Row(to)) => {
            let values = values
                .iter()
                .zip(from.iter().zip(to))
                .map(|(value, ((_, from), (_, to)))| super::value(value, from, to))
                .collect::<Result<_>>()?;
            Ok(Value::Row(values))
        }
        _ => Err(unknown(from, to)),
    }
}

/// Trino fails on its way from the JSON null to an item without a value.
fn refuse_json_nulls<'a>(mut items: impl Iterator<Item = &'a Value>, from: &Type, to: &Type) -> Result<()> {
    let is_null = |item: &Value| matches!(item, Value::Text(json) if json == "null");
    match *from == Type::Json && *to != Type::Json && items.any(is_null) {
        true => Err(Error::not_here("A cast of an array or a map that holds the JSON null")),
        false => Ok(()),
    }
}
