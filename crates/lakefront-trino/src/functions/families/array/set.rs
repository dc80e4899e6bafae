//! Arrays as sets: nulls are alike here, and so are NaNs.

use std::collections::{HashMap, HashSet};

use datafusion::arrow::array::ArrayRef;

use super::super::super::{Function, scalar};
use super::{items, items_at};
use crate::call::Call;
use crate::error::{Code, Error, Result};
use crate::value::{Key, Value, equal, sortable};

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("array_distinct", "(array(E)) -> array(E) where comparable E", distinct),
        scalar("array_intersect", "(array(E), array(E)) -> array(E) where comparable E", intersect),
        scalar("array_union", "(array(E), array(E)) -> array(E) where comparable E", union),
        scalar("array_except", "(array(E), array(E)) -> array(E) where comparable E", except),
        scalar("array_remove", "(array(E), E) -> array(E) where comparable E", remove),
        scalar("arrays_overlap", "(array(E), array(E)) -> boolean where orderable E", overlap),
        scalar("array_histogram", "(array(T)) -> map(T, bigint) where comparable T", histogram),
    ]
}

/// What was not seen before.
fn new_to(seen: &mut HashSet<Key>, items: Vec<Value>) -> Vec<Value> {
    items.into_iter().filter(|item| seen.insert(Key(item.clone()))).collect()
}

fn distinct(call: &Call) -> Result<ArrayRef> {
    call.values(|row| Ok(Some(Value::Array(new_to(&mut HashSet::new(), items_at(call, 0, row))))))
}

fn intersect(call: &Call) -> Result<ArrayRef> {
    call.values(|row| {
        let (mut larger, mut smaller) = (items_at(call, 0, row), items_at(call, 1, row));
        if larger.len() < smaller.len() {
            std::mem::swap(&mut larger, &mut smaller);
        }
        let smaller: HashSet<Key> = smaller.into_iter().map(Key).collect();
        larger.retain(|item| smaller.contains(&Key(item.clone())));
        Ok(Some(Value::Array(new_to(&mut HashSet::new(), larger))))
    })
}

fn union(call: &Call) -> Result<ArrayRef> {
    call.values(|row| {
        let mut all = items_at(call, 0, row);
        all.extend(items_at(call, 1, row));
        Ok(Some(Value::Array(new_to(&mut HashSet::new(), all))))
    })
}

fn except(call: &Call) -> Result<ArrayRef> {
    call.values(|row| {
        let (left, right) = (items_at(call, 0, row), items_at(call, 1, row));
        if right.is_empty() {
            return Ok(Some(Value::Array(left)));
        }
        let mut seen = right.into_iter().map(Key).collect();
        Ok(Some(Value::Array(new_to(&mut seen, left))))
    })
}

fn remove(call: &Call) -> Result<ArrayRef> {
    let (array, removed) = (call.any(0), call.any(1));
    call.values(|row| {
        let removed = removed.get(row);
        let mut kept = Vec::new();
        for item in items(array.get(row)) {
            let is_removed = match equal(&item, &removed) {
                _ if item.is_null() => false,
                Some(is_removed) => is_removed,
                None => {
                    return Err(Error::new(
                        Code::NotSupported,
                        "array_remove does not support arrays with elements that are null or contain null",
                    ));
                }
            };
            if !is_removed {
                kept.push(item);
            }
        }
        Ok(Some(Value::Array(kept)))
    })
}

fn overlap(call: &Call) -> Result<ArrayRef> {
    call.booleans(|row| {
        let (left, right) = (items_at(call, 0, row), items_at(call, 1, row));
        if left.is_empty() || right.is_empty() {
            return Ok(Some(false));
        }
        left.iter().chain(&right).try_for_each(sortable)?;
        let has_null = left.iter().chain(&right).any(Value::is_null);
        let left: HashSet<Key> = left.into_iter().filter(|item| !item.is_null()).map(Key).collect();
        let common = right.into_iter().any(|item| left.contains(&Key(item)));
        Ok(if common { Some(true) } else { (!has_null).then_some(false) })
    })
}

fn histogram(call: &Call) -> Result<ArrayRef> {
    let array = call.any(0);
    call.values(|row| {
        let mut places: HashMap<Key, usize> = HashMap::new();
        let mut counted: Vec<(Value, i64)> = Vec::new();
        for item in items(array.get(row)) {
            if item.is_null() {
                continue;
            }
            let at = *places.entry(Key(item.clone())).or_insert_with(|| {
                counted.push((item, 0));
                counted.len() - 1
            });
            counted[at].1 += 1;
        }
        Ok(Some(Value::Map(counted.into_iter().map(|(item, count)| (item, Value::Int(count))).collect())))
    })
}
