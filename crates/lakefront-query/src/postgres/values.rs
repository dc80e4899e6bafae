//! From rows of the protocol to Arrow arrays, straight from the bytes: no value passes through text or a float that is
//! neither.
//!
//! A `numeric` without precision has a scale in each value. When a whole result is at hand before its first row is
//! handed over, such a column is a decimal of the largest scale in it, if all its digits fit; in a longer one it is
//! text, digit for digit. Nothing is ever rounded.

mod column;
mod numeric;

use std::mem;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Schema, SchemaRef};
use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::DataRowBody;

use super::failure::unexpected;
use super::types::Kind;
use crate::QueryError;
use column::Column;

/// A batch ends at whichever comes first.
const BATCH_ROWS: usize = 8192;
const BATCH_BYTES: usize = 1 << 20;
/// What is held back to learn the scale of numbers.
const HELD_ROWS: usize = 10_000;
const HELD_BYTES: usize = 4 << 20;

/// Rows on their way into batches.
pub(super) struct Rows {
    names: Vec<String>,
    kinds: Vec<Kind>,
    /// Rows that wait for the types of their columns.
    held: Vec<DataRowBody>,
    held_bytes: usize,
    opened: Option<Opened>,
}

struct Opened {
    schema: SchemaRef,
    columns: Vec<Column>,
    waiting: usize,
    waiting_bytes: usize,
}

impl Rows {
    pub(super) fn new(columns: Vec<(String, Kind)>) -> Self {
        let (names, kinds): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        let mut rows = Self { names, kinds, held: Vec::new(), held_bytes: 0, opened: None };
        if !rows.kinds.contains(&Kind::Numeric) {
            rows.open();
        }
        rows
    }

    /// The columns, once their types are known.
    pub(super) fn schema(&self) -> Option<&SchemaRef> {
        self.opened.as_ref().map(|opened| &opened.schema)
    }

    fn open(&mut self) -> &mut Opened {
        let fields: Vec<_> = self.names.iter().zip(&self.kinds).map(|(name, kind)| kind.field(name)).collect();
        let columns = self.names.iter().zip(&self.kinds).map(|(name, kind)| Column::new(name, kind)).collect();
        let schema = Arc::new(Schema::new(fields));
        self.opened.insert(Opened { schema, columns, waiting: 0, waiting_bytes: 0 })
    }

    /// Takes in a row; gives the batches that became full.
    pub(super) fn push(&mut self, row: DataRowBody) -> Result<Vec<RecordBatch>, QueryError> {
        if let Some(opened) = &mut self.opened {
            return Ok(opened.push(&row)?.into_iter().collect());
        }
        self.held_bytes += row.buffer().len() + mem::size_of::<DataRowBody>();
        self.held.push(row);
        if self.held.len() < HELD_ROWS && self.held_bytes < HELD_BYTES {
            return Ok(Vec::new());
        }
        self.release()
    }

    /// The rows that fill no batch, once there are no more.
    pub(super) fn finish(&mut self) -> Result<Vec<RecordBatch>, QueryError> {
        if self.opened.is_none() {
            for at in 0..self.kinds.len() {
                if self.kinds[at] == Kind::Numeric
                    && let Some(kind) = self.scaled(at)?
                {
                    self.kinds[at] = kind;
                }
            }
        }
        let mut batches = self.release()?;
        if let Some(opened) = &mut self.opened
            && opened.waiting > 0
        {
            batches.push(opened.batch()?);
        }
        Ok(batches)
    }

    fn release(&mut self) -> Result<Vec<RecordBatch>, QueryError> {
        let held = mem::take(&mut self.held);
        let opened = match &mut self.opened {
            Some(opened) => opened,
            None => self.open(),
        };
        held.iter().filter_map(|row| opened.push(row).transpose()).collect()
    }

    /// The decimal that holds every number of a column.
    fn scaled(&self, at: usize) -> Result<Option<Kind>, QueryError> {
        let (mut whole, mut scale) = (0, 0);
        for row in &self.held {
            let range = row.ranges().nth(at).map_err(|_| broken_row())?.ok_or_else(broken_row)?;
            let Some(range) = range else { continue };
            let Some(digits) = numeric::digits(&row.buffer()[range]) else { return Ok(None) };
            whole = whole.max(digits.whole);
            scale = scale.max(digits.scale);
        }
        let fits = whole + scale <= 38;
        Ok(i8::try_from(scale).ok().filter(|_| fits).map(|scale| Kind::Decimal(38, scale)))
    }
}

impl Opened {
    fn push(&mut self, row: &DataRowBody) -> Result<Option<RecordBatch>, QueryError> {
        let mut values = row.ranges();
        for column in &mut self.columns {
            let range = values.next().map_err(|_| broken_row())?.ok_or_else(broken_row)?;
            column.push(range.map(|range| &row.buffer()[range]))?;
        }
        self.waiting += 1;
        self.waiting_bytes += row.buffer().len();
        let full = self.waiting == BATCH_ROWS || self.waiting_bytes >= BATCH_BYTES;
        full.then(|| self.batch()).transpose()
    }

    fn batch(&mut self) -> Result<RecordBatch, QueryError> {
        let options = RecordBatchOptions::new().with_row_count(Some(mem::take(&mut self.waiting)));
        self.waiting_bytes = 0;
        let arrays = self.columns.iter_mut().map(Column::finish).collect();
        RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options).map_err(QueryError::internal)
    }
}

fn broken_row() -> QueryError {
    unexpected("PostgreSQL sent a row with other columns than it had told.")
}
