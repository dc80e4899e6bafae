//! The elements of all rows of a batch, one after the other.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, ListArray, MapArray, StructArray, UInt64Array, new_empty_array};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::DataType;

use crate::closure::BoundClosure;
use crate::error::{Code, Error, Result};
use crate::types::Type;

/// The rows of arrays or maps without what lies between them.
pub(super) struct Flat {
    /// The elements; of maps, keys and values.
    pub(super) columns: Vec<ArrayRef>,
    /// The row that an element belongs to.
    pub(super) rows: Vec<u64>,
    pub(super) offsets: OffsetBuffer<i32>,
    pub(super) nulls: Option<NullBuffer>,
}

impl Flat {
    pub(super) fn of_list(list: &ListArray) -> Result<Self> {
        Flat::new(vec![Arc::clone(list.values())], list.offsets(), list.nulls())
    }

    pub(super) fn of_map(map: &MapArray) -> Result<Self> {
        Flat::new(vec![Arc::clone(map.keys()), Arc::clone(map.values())], map.offsets(), map.nulls())
    }

    fn new(columns: Vec<ArrayRef>, offsets: &OffsetBuffer<i32>, nulls: Option<&NullBuffer>) -> Result<Self> {
        let is_null = |row: usize| nulls.is_some_and(|nulls| nulls.is_null(row));
        let count = offsets.len() - 1;
        let length = |row: usize| if is_null(row) { 0 } else { (offsets[row + 1] - offsets[row]) as usize };
        let mut rows = Vec::new();
        for row in 0..count {
            rows.extend(std::iter::repeat_n(row as u64, length(row)));
        }
        let first = offsets.first().copied().unwrap_or(0) as usize;
        let last = offsets.last().copied().unwrap_or(0) as usize;
        let columns = if rows.len() == last - first {
            columns.iter().map(|column| column.slice(first, rows.len())).collect()
        } else {
            let places: UInt64Array = (0..count)
                .filter(|row| !is_null(*row))
                .flat_map(|row| offsets[row] as u64..offsets[row + 1] as u64)
                .collect::<Vec<_>>()
                .into();
            columns.iter().map(|column| take(column, &places, None)).collect::<Result<_, _>>()?
        };
        let offsets = OffsetBuffer::from_lengths((0..count).map(length));
        Ok(Flat { columns, rows, offsets, nulls: nulls.cloned() })
    }

    /// What a lambda gives for every element.
    pub(super) fn apply(&self, lambda: &BoundClosure) -> Result<ArrayRef> {
        apply(lambda, self.columns.clone(), &self.rows)
    }

    /// The rows as arrays of other elements, one for each.
    pub(super) fn list(&self, elements: ArrayRef, returns: &Type) -> Result<ArrayRef> {
        list(elements, self.offsets.clone(), self.nulls.clone(), returns)
    }

    pub(super) fn map(&self, keys: ArrayRef, values: ArrayRef, returns: &Type) -> Result<ArrayRef> {
        map(keys, values, self.offsets.clone(), self.nulls.clone(), returns)
    }

    /// Offsets once only the chosen elements are left.
    pub(super) fn offsets_of(&self, chosen: impl Fn(usize) -> bool) -> OffsetBuffer<i32> {
        OffsetBuffer::from_lengths(
            self.offsets
                .windows(2)
                .map(|range| (range[0] as usize..range[1] as usize).filter(|at| chosen(*at)).count()),
        )
    }
}

pub(super) fn apply(lambda: &BoundClosure, parameters: Vec<ArrayRef>, rows: &[u64]) -> Result<ArrayRef> {
    if rows.is_empty() {
        return Ok(new_empty_array(&lambda.returns().arrow()));
    }
    lambda.apply(parameters, rows)
}

pub(super) fn list(
    elements: ArrayRef,
    offsets: OffsetBuffer<i32>,
    nulls: Option<NullBuffer>,
    returns: &Type,
) -> Result<ArrayRef> {
    let DataType::List(field) = returns.arrow() else {
        return Err(Error::new(Code::GenericInternalError, "an array that is none"));
    };
    Ok(Arc::new(ListArray::try_new(field, offsets, elements, nulls)?))
}

pub(super) fn map(
    keys: ArrayRef,
    values: ArrayRef,
    offsets: OffsetBuffer<i32>,
    nulls: Option<NullBuffer>,
    returns: &Type,
) -> Result<ArrayRef> {
    let no_map = || Error::new(Code::GenericInternalError, "a map that is none");
    let DataType::Map(field, _) = returns.arrow() else { return Err(no_map()) };
    let DataType::Struct(fields) = field.data_type().clone() else { return Err(no_map()) };
    let entries = StructArray::try_new(fields, vec![keys, values], None)?;
    Ok(Arc::new(MapArray::try_new(field, offsets, entries, nulls, false)?))
}
