//! Arrays out of arrays.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, ListArray, UInt64Array};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::DataType;

use super::super::super::{Function, scalar};
use super::{items, items_at};
use crate::call::Call;
use crate::error::{Code, Error, Result};
use crate::types::Type;
use crate::value::Value;

const MAX_ENTRIES: i64 = 10_000;
const MAX_REPEATED_BYTES: usize = 1_000_000;
const MAX_COMBINATION_LENGTH: i64 = 5;
const MAX_COMBINED: i64 = 100_000;

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("concat", "(array(E), array(E)...) -> array(E)", concat),
        scalar("concat", "(array(E), E) -> array(E)", append),
        scalar("concat", "(E, array(E)) -> array(E)", prepend),
        scalar("slice", "(array(E), bigint, bigint) -> array(E)", slice),
        scalar("trim_array", "(array(E), bigint) -> array(E)", trim),
        scalar("reverse", "(array(E)) -> array(E)", reverse),
        scalar("flatten", "(array(array(E))) -> array(E)", flatten),
        scalar("repeat", "(T, integer) -> array(T)", repeat).on_nulls(),
        scalar("ngrams", "(array(T), integer) -> array(array(T))", ngrams),
        scalar("combinations", "(array(T), integer) -> array(array(T))", combinations),
        scalar("zip", "(array(A), array(B)) -> array(row(A, B))", zip),
        scalar("zip", "(array(A), array(B), array(C)) -> array(row(A, B, C))", zip),
        scalar("zip", "(array(A), array(B), array(C), array(D)) -> array(row(A, B, C, D))", zip),
        scalar("zip", "(array(A), array(B), array(C), array(D), array(E)) -> array(row(A, B, C, D, E))", zip),
        scalar("array_join", "(array(T), varchar) -> varchar", join).returning(joined),
        scalar("array_join", "(array(T), varchar, varchar) -> varchar", join).returning(joined),
    ]
}

fn concat(call: &Call) -> Result<ArrayRef> {
    let width = call.arguments.len();
    if width < 2 {
        return Err(Error::invalid_argument("There must be two or more arguments to concat"));
    }
    call.values(|row| Ok(Some(Value::Array((0..width).flat_map(|at| items_at(call, at, row)).collect()))))
}

fn append(call: &Call) -> Result<ArrayRef> {
    let (array, element) = (call.any(0), call.any(1));
    call.values(|row| {
        Ok(match array.get(row) {
            Value::Array(mut items) => {
                items.push(element.get(row));
                Some(Value::Array(items))
            }
            _ => None,
        })
    })
}

fn prepend(call: &Call) -> Result<ArrayRef> {
    let (element, array) = (call.any(0), call.any(1));
    call.values(|row| {
        Ok(match array.get(row) {
            Value::Array(mut items) => {
                items.insert(0, element.get(row));
                Some(Value::Array(items))
            }
            _ => None,
        })
    })
}

/// Parts of the arrays of an argument: `range` gives first and last element (exclusive) of a row by its length.
fn parts(call: &Call, mut range: impl FnMut(usize, i64) -> Result<(i64, i64)>) -> Result<ArrayRef> {
    let array = call.array(0)?;
    let list: &ListArray = array.as_list();
    let DataType::List(field) = call.returns.arrow() else {
        return Err(Error::new(Code::GenericInternalError, "an array that is none"));
    };
    let is_null = |row: usize| call.arguments.iter().any(|argument| argument.is_null(row));
    let nulls = NullBuffer::from_iter((0..call.rows).map(|row| !is_null(row)));
    let (mut places, mut lengths) = (Vec::new(), Vec::with_capacity(call.rows));
    for row in 0..call.rows {
        if is_null(row) {
            lengths.push(0);
            continue;
        }
        let (from, to) = range(row, list.value_length(row).into())?;
        let start = i64::from(list.value_offsets()[row]);
        places.extend((from..to).map(|at| (start + at) as u64));
        lengths.push((to - from).max(0) as usize);
    }
    let items = take(list.values(), &UInt64Array::from(places), None)?;
    Ok(Arc::new(ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), items, Some(nulls))?))
}

fn slice(call: &Call) -> Result<ArrayRef> {
    let (start, length) = (call.int(1)?, call.int(2)?);
    parts(call, |row, size| {
        let (start, length) = (start.get(row).unwrap_or(1), length.get(row).unwrap_or(0));
        if length < 0 {
            return Err(Error::invalid_argument("length must be greater than or equal to 0"));
        }
        if start == 0 {
            return Err(Error::invalid_argument("SQL array indices start at 1"));
        }
        let from = if start < 0 { size.saturating_add(start) + 1 } else { start };
        let to = from.wrapping_add(length).min(size + 1);
        Ok(if from >= to || from < 1 { (0, 0) } else { (from - 1, to - 1) })
    })
}

fn trim(call: &Call) -> Result<ArrayRef> {
    let count = call.int(1)?;
    parts(call, |row, size| {
        let count = count.get(row).unwrap_or(0);
        if count < 0 {
            return Err(Error::invalid_argument(format!("size must not be negative: {count}")));
        }
        if count > size {
            return Err(Error::invalid_argument(format!("size must not exceed array cardinality {size}: {count}")));
        }
        Ok((0, size - count))
    })
}

fn reverse(call: &Call) -> Result<ArrayRef> {
    let array = call.any(0);
    call.values(|row| {
        let mut items = items(array.get(row));
        items.reverse();
        Ok(Some(Value::Array(items)))
    })
}

fn flatten(call: &Call) -> Result<ArrayRef> {
    let array = call.any(0);
    call.values(|row| Ok(Some(Value::Array(items(array.get(row)).into_iter().flat_map(items).collect()))))
}

/// From here on a number of repetitions is no slip, but an attempt on the memory.
const UNTHINKABLE: i64 = 1_000_000_000;

fn repeat(call: &Call) -> Result<ArrayRef> {
    let (element, count) = (call.any(0), call.int(1)?);
    call.values(|row| {
        let Some(count) = count.get(row) else { return Ok(None) };
        if count > UNTHINKABLE {
            let message = format!("{count} repetitions are more than any memory holds");
            return Err(Error::new(Code::ExceededFunctionMemoryLimit, message));
        }
        if count > MAX_ENTRIES {
            return Err(Error::invalid_argument(format!(
                "count argument of repeat function must be less than or equal to {MAX_ENTRIES}"
            )));
        }
        if count < 0 {
            return Err(Error::invalid_argument(
                "count argument of repeat function must be greater than or equal to 0",
            ));
        }
        let element = element.get(row);
        if size_of(&element) * count as usize > MAX_REPEATED_BYTES {
            return Err(Error::invalid_argument(format!(
                "result of repeat function must not take more than {MAX_REPEATED_BYTES} bytes"
            )));
        }
        Ok(Some(Value::Array(vec![element; count as usize])))
    })
}

/// Bytes of a value where Trino counts them: with its offset and whether it is null.
fn size_of(value: &Value) -> usize {
    match value {
        Value::Null | Value::Boolean(_) => 2,
        Value::Int(_) | Value::Double(_) | Value::Real(_) => 9,
        Value::Decimal(_) | Value::Timestamp(_) | Value::TimestampTz(..) | Value::TimeTz(..) => 17,
        Value::Text(text) => text.len() + 5,
        Value::Bytes(bytes) => bytes.len() + 5,
        Value::Array(items) => items.iter().map(size_of).sum::<usize>() + 5,
        Value::Row(fields) => fields.iter().map(size_of).sum::<usize>() + 5,
        Value::Map(entries) => entries.iter().map(|(key, value)| size_of(key) + size_of(value)).sum::<usize>() + 5,
    }
}

/// Elements of all the arrays in one result.
const MOST_ITEMS: usize = 10_000_000;

fn ngrams(call: &Call) -> Result<ArrayRef> {
    let (array, length) = (call.any(0), call.int(1)?);
    call.values(|row| {
        let length = length.get(row).unwrap_or(1);
        if length <= 0 {
            return Err(Error::invalid_argument("N must be positive"));
        }
        let items = items(array.get(row));
        let length = (items.len() as i64).min(length) as usize;
        if (items.len() - length).saturating_mul(length) > MOST_ITEMS {
            return Err(Error::new(Code::ExceededFunctionMemoryLimit, "The n-grams have too many elements"));
        }
        if length == 0 {
            return Ok(Some(Value::Array(vec![Value::Array(Vec::new())])));
        }
        Ok(Some(Value::Array(items.windows(length).map(|window| Value::Array(window.to_vec())).collect())))
    })
}

fn combinations(call: &Call) -> Result<ArrayRef> {
    let (array, length) = (call.any(0), call.int(1)?);
    call.values(|row| {
        let length = length.get(row).unwrap_or(0);
        if length < 0 {
            return Err(Error::invalid_argument(format!("combination size must not be negative: {length}")));
        }
        if length > MAX_COMBINATION_LENGTH {
            return Err(Error::invalid_argument(format!(
                "combination size must not exceed {MAX_COMBINATION_LENGTH}: {length}"
            )));
        }
        let items = items(array.get(row));
        let size = items.len() as i64;
        if length > size {
            return Ok(Some(Value::Array(Vec::new())));
        }
        let mut count = 1i64;
        for at in 1..=length {
            count = count
                .checked_mul(size - length + at)
                .filter(|product| i32::try_from(*product).is_ok())
                .map(|product| product / at)
                .ok_or_else(|| Error::invalid_argument("Number of combinations too large"))?;
        }
        if count * length > MAX_COMBINED {
            return Err(Error::invalid_argument("combinations exceed max size"));
        }
        Ok(Some(Value::Array(choose(&items, length as usize))))
    })
}

/// The first places change fastest.
fn choose(items: &[Value], length: usize) -> Vec<Value> {
    let mut places: Vec<usize> = (0..length).chain([items.len()]).collect();
    let mut all = Vec::new();
    loop {
        all.push(Value::Array(places[..length].iter().map(|at| items[*at].clone()).collect()));
        let Some(next) = (0..length).find(|at| places[*at] + 1 < places[*at + 1]) else { return all };
        places[next] += 1;
        for (at, place) in places[..next].iter_mut().enumerate() {
            *place = at;
        }
    }
}

fn zip(call: &Call) -> Result<ArrayRef> {
    let width = call.arguments.len();
    call.values(|row| {
        let mut arrays: Vec<_> = (0..width).map(|at| items_at(call, at, row).into_iter()).collect();
        let length = arrays.iter().map(ExactSizeIterator::len).max().unwrap_or(0);
        let rows = (0..length)
            .map(|_| Value::Row(arrays.iter_mut().map(|array| Value::or_null(array.next())).collect()))
            .collect();
        Ok(Some(Value::Array(rows)))
    })
}

fn joined(arguments: &[Type]) -> Result<Type> {
    match &arguments[0] {
        Type::Array(element) if crate::cast::exists(element, &crate::types::VARCHAR) => Ok(crate::types::VARCHAR),
        Type::Array(element) => Err(Error::new(Code::OperatorNotFound, format!("Cannot cast {element} to varchar"))),
        other => {
            Err(Error::new(Code::FunctionNotFound, format!("Unexpected parameters ({other}) for function array_join")))
        }
    }
}

fn join(call: &Call) -> Result<ArrayRef> {
    let Type::Array(element) = &call.types[0] else {
        return Err(Error::new(Code::GenericInternalError, "an array that is none"));
    };
    let (array, separator) = (call.any(0), call.text(1));
    let for_null = (call.arguments.len() == 3).then(|| call.text(2));
    call.texts(|row| {
        let separator = separator.get(row).unwrap_or_default();
        let mut joined = String::new();
        let mut first = true;
        for item in items(array.get(row)) {
            let cast =
                crate::cast::value(&item, element, &crate::types::VARCHAR).map_err(|error| match error.code {
                    Code::NotSupportedHere => error,
                    _ => Error::new(Code::GenericInternalError, "Error casting array element to VARCHAR"),
                })?;
            // The text of JSON's null is null too.
            let text = match (cast, &for_null) {
                (Value::Text(text), _) => text,
                (_, Some(replacement)) => replacement.get(row).unwrap_or_default().to_owned(),
                (_, None) => continue,
            };
            if !first {
                joined.push_str(separator);
            }
            first = false;
            joined.push_str(&text);
        }
        Ok(Some(joined))
    })
}
