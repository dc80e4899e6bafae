//! Results in the types the rest of the product prints, as Arrow IPC messages.

use std::sync::Arc;

use arrow_ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteContext, IpcWriteOptions, write_message};
use datafusion::arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;

/// Data per message; a page of a finished result is found by whole messages.
const MESSAGE_BYTES: usize = 4 << 20;

/// The columns under the names and types that people see.
pub(super) struct Output {
    schema: SchemaRef,
}

impl Output {
    pub(super) fn new(columns: impl Iterator<Item = Field>) -> Self {
        Output { schema: Arc::new(Schema::new(columns.collect::<Vec<_>>())) }
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The batch in one message, or in several where it is large.
    pub(super) fn pieces(&self, batch: &RecordBatch) -> Result<Vec<Piece>, ArrowError> {
        let batch = self.plain(batch)?;
        let bytes: usize = batch
            .columns()
            .iter()
            .map(|column| column.to_data().get_slice_memory_size().unwrap_or_else(|_| column.get_array_memory_size()))
            .sum();
        let rows = batch.num_rows();
        let count = bytes.div_ceil(MESSAGE_BYTES).clamp(1, rows.max(1));
        let step = rows.div_ceil(count).max(1);
        (0..rows).step_by(step).map(|start| Piece::new(batch.slice(start, step.min(rows - start)))).collect()
    }

    fn plain(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let options = CastOptions { safe: false, ..CastOptions::default() };
        let columns: Vec<ArrayRef> = batch
            .columns()
            .iter()
            .zip(self.schema.fields())
            .map(|(column, field)| match column.data_type() == field.data_type() {
                true => Ok(Arc::clone(column)),
                false => cast_with_options(column, field.data_type(), &options),
            })
            .collect::<Result<_, _>>()?;
        let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &rows)
    }
}

/// Rows with the message that carries them.
pub(super) struct Piece {
    batch: RecordBatch,
    ipc: Vec<u8>,
}

impl Piece {
    fn new(batch: RecordBatch) -> Result<Self, ArrowError> {
        let options = IpcWriteOptions::default();
        let mut dictionaries = DictionaryTracker::new(false);
        let (_, encoded) =
            IpcDataGenerator::default().encode(&batch, &mut dictionaries, &options, &mut IpcWriteContext::default())?;
        let mut ipc = Vec::new();
        write_message(&mut ipc, encoded, &options)?;
        Ok(Piece { batch, ipc })
    }

    pub(super) fn rows(&self) -> u64 {
        self.batch.num_rows() as u64
    }

    pub(super) fn bytes(&self) -> u64 {
        self.ipc.len() as u64
    }

    pub(super) fn ipc(&self) -> &[u8] {
        &self.ipc
    }

    pub(super) fn first(&self, rows: u64) -> Result<Self, ArrowError> {
        Piece::new(self.batch.slice(0, (rows as usize).min(self.batch.num_rows())))
    }
}
