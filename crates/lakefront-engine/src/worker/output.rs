//! Results in the types the rest of the product prints, as Arrow IPC messages.

use std::sync::Arc;

use arrow_ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteContext, IpcWriteOptions, write_message};
use datafusion::arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit};
use datafusion::arrow::error::ArrowError;

/// Data per message; a page of a finished result is found by whole messages.
const MESSAGE_BYTES: usize = 4 << 20;

/// Plain columns: no views, dictionaries, run ends, unsigned or half-width numbers.
pub(super) struct Output {
    schema: SchemaRef,
}

impl Output {
    pub(super) fn new(planned: &Schema) -> Self {
        let fields: Vec<Field> = planned.fields().iter().map(|field| plain_field(field)).collect();
        Output { schema: Arc::new(Schema::new(fields)) }
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

fn plain_field(field: &Field) -> Field {
    Field::new(field.name(), plain_type(field.data_type()), field.is_nullable())
}

fn plain_fields(fields: &Fields) -> Fields {
    fields.iter().map(|field| Arc::new(plain_field(field)) as FieldRef).collect()
}

fn plain_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary | DataType::FixedSizeBinary(_) => DataType::Binary,
        DataType::Dictionary(_, value) => plain_type(value),
        DataType::RunEndEncoded(_, values) => plain_type(values.data_type()),
        DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 | DataType::UInt64 => DataType::Int64,
        DataType::Float16 => DataType::Float32,
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::Date64 => DataType::Timestamp(TimeUnit::Millisecond, None),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => DataType::List(Arc::new(plain_field(item))),
        DataType::Struct(fields) => DataType::Struct(plain_fields(fields)),
        DataType::Map(entries, sorted) => DataType::Map(Arc::new(plain_field(entries)), *sorted),
        other => other.clone(),
    }
}
