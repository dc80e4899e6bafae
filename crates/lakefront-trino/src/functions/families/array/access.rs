//! Finding elements of arrays and maps.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, UInt64Array};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::{DataType, Int32Type, Int64Type};

use super::super::super::{Function, scalar};
use super::items_at;
use crate::call::Call;
use crate::error::{Code, Error, Result};
use crate::types::Type;
use crate::value::{Values, equal, identical};

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("cardinality", "(array(E)) -> bigint", cardinality),
        scalar("cardinality", "(map(K, V)) -> bigint", cardinality_of_map),
        scalar("element_at", "(array(E), bigint) -> E", element_at),
        scalar("element_at", "(map(K, V), K) -> V", value_at),
        scalar("[]", "(array(E), bigint) -> E", subscript),
        scalar("[]", "(map(K, V), K) -> V", value_of),
        scalar("contains", "(array(T), T) -> boolean where comparable T", contains),
        scalar("contains_sequence", "(array(T), array(T)) -> boolean where comparable T", contains_sequence),
        scalar("array_position", "(array(T), T) -> bigint where comparable T", position),
    ]
}

/// The row of an argument's array that stands for a row of the batch.
fn row_of(call: &Call, argument: usize, row: usize) -> usize {
    if call.is_constant(argument) { 0 } else { row }
}

fn cardinality(call: &Call) -> Result<ArrayRef> {
    let list = call.arguments[0].array.as_list::<i32>();
    call.bigints(|row| Ok(Some(list.value_length(row_of(call, 0, row)).into())))
}

fn cardinality_of_map(call: &Call) -> Result<ArrayRef> {
    let map = call.arguments[0].array.as_map();
    call.bigints(|row| Ok(Some(map.value_length(row_of(call, 0, row)).into())))
}

/// Takes from the elements of an array, by what finds the place of one, given the array's length and an index.
fn pick(call: &Call, place: fn(i64, i64) -> Result<Option<i64>>) -> Result<ArrayRef> {
    let list: &ListArray = call.arguments[0].array.as_list();
    let index = call.int(1)?;
    let mut places = Vec::with_capacity(call.rows);
    for row in 0..call.rows {
        let of = row_of(call, 0, row);
        let at = match index.get(row) {
            Some(at) if !list.is_null(of) => place(list.value_length(of).into(), at)?,
            _ => None,
        };
        places.push(at.map(|at| (i64::from(list.value_offsets()[of]) + at) as u64));
    }
    Ok(take(list.values(), &UInt64Array::from(places), None)?)
}

fn element_at(call: &Call) -> Result<ArrayRef> {
    pick(call, |length, at| match at {
        0 => Err(Error::invalid_argument("SQL array indices start at 1")),
        1.. => Ok((at <= length).then_some(at - 1)),
        _ => match at.checked_neg() {
            Some(back) => Ok((back <= length).then_some(length + at)),
            None => Err(Error::new(Code::GenericInternalError, "integer overflow")),
        },
    })
}

fn subscript(call: &Call) -> Result<ArrayRef> {
    pick(call, |length, at| match at {
        0 => Err(Error::invalid_argument("SQL array indices start at 1")),
        ..0 => Err(Error::invalid_argument(format!("Array subscript is negative: {at}"))),
        _ if at > length => Err(Error::invalid_argument(format!(
            "Array subscript must be less than or equal to array length: {at} > {length}"
        ))),
        _ => Ok(Some(at - 1)),
    })
}

fn value_at(call: &Call) -> Result<ArrayRef> {
    by_key(call, |_| Ok(()))
}

fn value_of(call: &Call) -> Result<ArrayRef> {
    by_key(call, |key| Err(Error::invalid_argument(format!("Key not present in map: {key}"))))
}

/// Takes the values of the keys asked for.
fn by_key(call: &Call, missing: fn(String) -> Result<()>) -> Result<ArrayRef> {
    let map: &MapArray = call.arguments[0].array.as_map();
    let keys = map.keys();
    let sought = &call.arguments[1].array;
    let finder = Finder::new(keys, sought, &call.types[1]);
    let mut places = Vec::with_capacity(call.rows);
    for row in 0..call.rows {
        let (of, key) = (row_of(call, 0, row), row_of(call, 1, row));
        if map.is_null(of) || call.arguments[1].is_null(row) {
            places.push(None);
            continue;
        }
        let (start, end) = (map.value_offsets()[of] as usize, map.value_offsets()[of + 1] as usize);
        let place = (start..end).find(|at| finder.is(*at, key));
        // Trino fails if it comes across one of those on its way through a hash table.
        if place.is_none() && (start..end).any(|at| finder.equals(at, key).is_none()) {
            return Err(Error::not_here("A lookup in a map by a key with nulls within"));
        }
        if place.is_none() {
            missing(key_text(sought, &call.types[1], key))?;
        }
        places.push(place.map(|at| at as u64));
    }
    Ok(take(map.values(), &UInt64Array::from(places), None)?)
}

fn key_text(keys: &ArrayRef, of: &Type, row: usize) -> String {
    let key = Values::new(keys, of).get(row);
    match crate::cast::value(&key, of, &crate::types::VARCHAR) {
        Ok(crate::value::Value::Text(text)) => text,
        _ => "(key)".to_owned(),
    }
}

/// Tells whether an element is a value; the common types are compared where they lie.
enum Finder<'a> {
    Text(&'a datafusion::arrow::array::StringArray, &'a datafusion::arrow::array::StringArray),
    Int32(&'a datafusion::arrow::array::Int32Array, &'a datafusion::arrow::array::Int32Array),
    Int64(&'a datafusion::arrow::array::Int64Array, &'a datafusion::arrow::array::Int64Array),
    Any(Values<'a>, Values<'a>),
}

impl<'a> Finder<'a> {
    fn new(elements: &'a ArrayRef, sought: &'a ArrayRef, of: &'a Type) -> Self {
        match (elements.data_type(), sought.data_type()) {
            (DataType::Utf8, DataType::Utf8) => Finder::Text(elements.as_string(), sought.as_string()),
            (DataType::Int32, DataType::Int32) => {
                Finder::Int32(elements.as_primitive::<Int32Type>(), sought.as_primitive::<Int32Type>())
            }
            (DataType::Int64, DataType::Int64) => {
                Finder::Int64(elements.as_primitive::<Int64Type>(), sought.as_primitive::<Int64Type>())
            }
            _ => Finder::Any(Values::new(elements, of), Values::new(sought, of)),
        }
    }

    /// Both are not null.
    fn is(&self, element: usize, sought: usize) -> bool {
        self.equals(element, sought) == Some(true)
    }

    fn equals(&self, element: usize, sought: usize) -> Option<bool> {
        match self {
            Finder::Text(elements, values) => Some(elements.value(element) == values.value(sought)),
            Finder::Int32(elements, values) => Some(elements.value(element) == values.value(sought)),
            Finder::Int64(elements, values) => Some(elements.value(element) == values.value(sought)),
            Finder::Any(elements, values) => equal(&elements.get(element), &values.get(sought)),
        }
    }
}

/// The place of a value in an array, and whether a null stood before it.
fn search(call: &Call, name: &str) -> Result<impl Fn(usize) -> Result<(Option<usize>, bool)>> {
    let list: &ListArray = call.arguments[0].array.as_list();
    let elements = list.values();
    let finder = Finder::new(elements, &call.arguments[1].array, &call.types[1]);
    let untyped = elements.data_type() == &DataType::Null;
    let name = name.to_owned();
    Ok(move |row: usize| {
        let (of, sought) = (row_of(call, 0, row), row_of(call, 1, row));
        let (start, end) = (list.value_offsets()[of] as usize, list.value_offsets()[of + 1] as usize);
        let mut has_null = false;
        for at in start..end {
            if untyped || elements.is_null(at) {
                has_null = true;
                continue;
            }
            match finder.equals(at, sought) {
                Some(true) => return Ok((Some(at - start), has_null)),
                Some(false) => {}
                None => {
                    return Err(Error::new(
                        Code::NotSupported,
                        format!("{name} does not support arrays with elements that are null or contain null"),
                    ));
                }
            }
        }
        Ok((None, has_null))
    })
}

fn contains(call: &Call) -> Result<ArrayRef> {
    let search = search(call, "contains")?;
    call.booleans(|row| {
        Ok(match search(row)? {
            (Some(_), _) => Some(true),
            (None, true) => None,
            (None, false) => Some(false),
        })
    })
}

fn position(call: &Call) -> Result<ArrayRef> {
    let search = search(call, "array_position")?;
    call.bigints(|row| Ok(Some(search(row)?.0.map_or(0, |at| at as i64 + 1))))
}

fn contains_sequence(call: &Call) -> Result<ArrayRef> {
    call.booleans(|row| {
        let (whole, part) = (items_at(call, 0, row), items_at(call, 1, row));
        let found = part.is_empty()
            || whole.windows(part.len()).any(|window| window.iter().zip(&part).all(|(a, b)| identical(a, b)));
        Ok(Some(found))
    })
}
