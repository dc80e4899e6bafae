//! From the protocol's JSON to Arrow arrays, without a tree of values in between.
//!
//! Numbers are read from their text: no integer passes through a float, no float is rounded twice.

mod value;

use std::mem;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Schema, SchemaRef};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, SeqAccess, Visitor};

use super::answer;
use super::failure::unexpected;
use super::types;
use crate::QueryError;
use crate::execution::cancelled;
use crate::values::{BATCH_BYTES, BATCH_ROWS, Column};
use value::Value;

/// Rows on their way into batches. A batch may begin on one page and end on a later one.
pub(super) struct Rows {
    schema: SchemaRef,
    columns: Vec<Column>,
    waiting: usize,
    /// About what the waiting rows take as Arrow.
    waiting_bytes: usize,
}

impl Rows {
    pub(super) fn new(columns: &[answer::Column]) -> Self {
        let fields: Vec<_> = columns.iter().map(|column| types::field(&column.name, &column.r#type)).collect();
        let columns = fields.iter().map(|field| Column::new(field.data_type())).collect();
        Self { schema: Arc::new(Schema::new(fields)), columns, waiting: 0, waiting_bytes: 0 }
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Takes in the rows of a page (a list of lists), and hands over batches as they become full, until one is refused.
    /// Gives the number of rows.
    pub(super) fn read(&mut self, data: &[u8], take: impl FnMut(RecordBatch) -> Taken) -> Result<u64, QueryError> {
        let (mut count, mut refused) = (0, false);
        let rows = RowList { rows: self, take, count: &mut count, refused: &mut refused };
        match rows.deserialize(&mut serde_json::Deserializer::from_slice(data)) {
            Ok(()) => Ok(count),
            Err(_) if refused => Err(cancelled()),
            Err(error) => {
                tracing::error!(%error, "Trino's rows can't be read: {error}");
                Err(unexpected("Trino sent a value that is not of its column's type; the log has the details."))
            }
        }
    }

    /// The rows that fill no batch.
    pub(super) fn rest(&mut self) -> Result<Option<RecordBatch>, QueryError> {
        (self.waiting > 0).then(|| self.batch()).transpose().map_err(QueryError::internal)
    }

    fn batch(&mut self) -> Result<RecordBatch, arrow::error::ArrowError> {
        let options = RecordBatchOptions::new().with_row_count(Some(mem::take(&mut self.waiting)));
        self.waiting_bytes = 0;
        let arrays = self.columns.iter_mut().map(Column::finish).collect::<Result<_, _>>()?;
        RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options)
    }
}

/// Nobody reads on.
pub(super) struct Refused;

pub(super) type Taken = Result<(), Refused>;

struct RowList<'a, T> {
    rows: &'a mut Rows,
    take: T,
    count: &'a mut u64,
    refused: &'a mut bool,
}

impl<'de, T: FnMut(RecordBatch) -> Taken> DeserializeSeed<'de> for RowList<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: FnMut(RecordBatch) -> Taken> Visitor<'de> for RowList<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Self { rows, mut take, count, refused } = self;
        while let Some(()) =
            seq.next_element_seed(Row { columns: &mut rows.columns, bytes: &mut rows.waiting_bytes })?
        {
            *count += 1;
            rows.waiting += 1;
            if rows.waiting == BATCH_ROWS || rows.waiting_bytes >= BATCH_BYTES {
                take(rows.batch().map_err(A::Error::custom)?).map_err(|Refused| {
                    *refused = true;
                    A::Error::custom("nobody reads on")
                })?;
            }
        }
        Ok(())
    }
}

/// One value for each column; the fields of a `row` come in the same form.
struct Row<'a> {
    columns: &'a mut [Column],
    bytes: &'a mut usize,
}

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a row of {} values", self.columns.len())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let width = self.columns.len();
        for (at, column) in self.columns.iter_mut().enumerate() {
            seq.next_element_seed(Value { column, bytes: self.bytes })?
                .ok_or_else(|| A::Error::invalid_length(at, &"a value for each column"))?;
        }
        match seq.next_element::<IgnoredAny>()? {
            None => Ok(()),
            Some(_) => Err(A::Error::invalid_length(width + 1, &"a value for each column")),
        }
    }
}

#[cfg(test)]
mod tests;
