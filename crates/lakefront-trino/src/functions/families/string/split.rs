//! Texts split at a delimiter.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, ListBuilder, StringBuilder};

use super::super::super::{Function, scalar};
use super::characters::offset;
use crate::call::Call;
use crate::error::{Code, Error, Result};
use crate::value::Value;

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("split", "(varchar(x), varchar) -> array(varchar(x))", split),
        scalar("split", "(varchar(x), varchar, bigint) -> array(varchar(x))", split),
        scalar("split_part", "(varchar(x), varchar, bigint) -> varchar(x)", split_part),
        scalar("split_to_map", "(varchar, varchar, varchar) -> map(varchar, varchar)", split_to_map),
        scalar("split_to_multimap", "(varchar, varchar, varchar) -> map(varchar, array(varchar))", split_to_multimap),
    ]
}

fn split(call: &Call) -> Result<ArrayRef> {
    let (text, delimiter) = (call.text(0), call.text(1));
    let limit = if call.arguments.len() > 2 { Some(call.int(2)?) } else { None };
    let mut out = ListBuilder::new(StringBuilder::new());
    for row in 0..call.rows {
        let limit = match &limit {
            Some(limit) => limit.get(row),
            None => Some(i64::from(i32::MAX)),
        };
        let (Some(text), Some(delimiter), Some(limit)) = (text.get(row), delimiter.get(row), limit) else {
            out.append_null();
            continue;
        };
        if limit <= 0 {
            return Err(Error::invalid_argument("Limit must be positive"));
        }
        if limit > i64::from(i32::MAX) {
            return Err(Error::invalid_argument("Limit is too large"));
        }
        if delimiter.is_empty() {
            return Err(Error::invalid_argument("The delimiter may not be the empty string"));
        }
        for part in text.splitn(limit as usize, delimiter) {
            out.values().append_value(part);
        }
        out.append(true);
    }
    Ok(Arc::new(out.finish()))
}

fn split_part(call: &Call) -> Result<ArrayRef> {
    let (text, delimiter, index) = (call.text(0), call.text(1), call.int(2)?);
    call.texts(|row| {
        let (Some(text), Some(delimiter), Some(index)) = (text.get(row), delimiter.get(row), index.get(row)) else {
            return Ok(None);
        };
        if index <= 0 {
            return Err(Error::invalid_argument("Index must be greater than zero"));
        }
        let at = index as usize - 1;
        if !delimiter.is_empty() {
            return Ok(text.split(delimiter).nth(at));
        }
        if index > i64::from(i32::MAX) {
            return Err(Error::new(Code::GenericInternalError, "integer overflow"));
        }
        Ok(offset(text, at).map(|from| &text[from..from + text[from..].chars().next().map_or(0, char::len_utf8)]))
    })
}

/// The entries of a text such as `a=1,b=2`.
fn entries<'a>(text: &'a str, between: &str, within: &str) -> Result<Vec<(&'a str, &'a str)>> {
    if between.is_empty() {
        return Err(Error::invalid_argument("entryDelimiter is empty"));
    }
    if within.is_empty() {
        return Err(Error::invalid_argument("keyValueDelimiter is empty"));
    }
    if between == within {
        return Err(Error::invalid_argument("entryDelimiter and keyValueDelimiter must not be the same"));
    }
    let mut entries = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (entry, after) = rest.split_once(between).unwrap_or((rest, ""));
        match entry.split_once(within) {
            Some((key, value)) if !value.contains(within) => entries.push((key, value)),
            _ => {
                return Err(Error::invalid_argument(format!(
                    "Key-value delimiter must appear exactly once in each entry. Bad input: '{entry}'"
                )));
            }
        }
        rest = after;
    }
    Ok(entries)
}

fn split_to_map(call: &Call) -> Result<ArrayRef> {
    let (text, between, within) = (call.text(0), call.text(1), call.text(2));
    call.values(|row| {
        let (Some(text), Some(between), Some(within)) = (text.get(row), between.get(row), within.get(row)) else {
            return Ok(None);
        };
        let mut known = HashSet::new();
        let mut map = Vec::new();
        for (key, value) in entries(text, between, within)? {
            if !known.insert(key) {
                return Err(Error::invalid_argument(format!("Duplicate keys ({key}) are not allowed")));
            }
            map.push((Value::Text(key.to_owned()), Value::Text(value.to_owned())));
        }
        Ok(Some(Value::Map(map)))
    })
}

fn split_to_multimap(call: &Call) -> Result<ArrayRef> {
    let (text, between, within) = (call.text(0), call.text(1), call.text(2));
    call.values(|row| {
        let (Some(text), Some(between), Some(within)) = (text.get(row), between.get(row), within.get(row)) else {
            return Ok(None);
        };
        let mut keys: Vec<&str> = Vec::new();
        let mut lists: HashMap<&str, Vec<Value>> = HashMap::new();
        for (key, value) in entries(text, between, within)? {
            lists
                .entry(key)
                .or_insert_with(|| {
                    keys.push(key);
                    Vec::new()
                })
                .push(Value::Text(value.to_owned()));
        }
        Ok(Some(Value::Map(
            keys.into_iter()
                .map(|key| (Value::Text(key.to_owned()), Value::Array(lists.remove(key).unwrap_or_default())))
                .collect(),
        )))
    })
}
