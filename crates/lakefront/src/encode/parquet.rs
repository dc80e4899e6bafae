//! Parquet, one row group in memory at a time.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use lakefront_query::ResultSet;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::json::distinct;
use super::{EncodeError, Options, Values};

const ROW_GROUP: usize = 128 << 10;
const ROW_GROUP_BYTES: usize = 32 << 20;

pub(super) fn write(result: &ResultSet, options: Options, out: &mut (impl Write + Send)) -> Result<(), EncodeError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
        .set_created_by(format!("lakefront {}", env!("CARGO_PKG_VERSION")))
        .build();
    let schema = storable(result.schema());
    let mut writer = ArrowWriter::try_new(out, schema.clone(), Some(properties)).map_err(failure)?;
    for batch in result.batches(options.offset, options.limit) {
        let batch = batch?;
        let columns =
            batch.columns().iter().zip(schema.fields()).map(|(column, field)| stored(column, field)).collect();
        let batch =
            RecordBatch::try_new(schema.clone(), columns).map_err(|error| EncodeError::Format(error.to_string()))?;
        writer.write(&batch).map_err(failure)?;
    }
    writer.close().map_err(failure)?;
    Ok(())
}

/// Parquet has no type for intervals of both kinds and none for "always null", and needs distinct names.
fn storable(schema: &SchemaRef) -> SchemaRef {
    let names = distinct(schema.fields().iter().map(|field| field.name().clone()));
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .zip(names)
        .map(|(field, name)| {
            let field = field.as_ref().clone().with_name(name).with_nullable(true);
            if is_storable(field.data_type()) { field } else { field.with_data_type(DataType::Utf8) }
        })
        .collect();
    Arc::new(Schema::new(fields))
}

fn is_storable(data_type: &DataType) -> bool {
    match data_type {
        DataType::Null | DataType::Interval(_) | DataType::Union(..) | DataType::RunEndEncoded(..) => false,
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => is_storable(item.data_type()),
        // A group needs at least one member.
        DataType::Struct(fields) => !fields.is_empty() && fields.iter().all(|field| is_storable(field.data_type())),
        _ => true,
    }
}

fn stored(column: &ArrayRef, field: &Field) -> ArrayRef {
    if column.data_type() == field.data_type() {
        return column.clone();
    }
    let values = Values::new(column);
    let mut texts = StringBuilder::new();
    let mut text = Vec::new();
    for row in 0..column.len() {
        if values.is_null(row) {
            texts.append_null();
            continue;
        }
        text.clear();
        values.text(row, &mut text);
        texts.append_value(String::from_utf8_lossy(&text));
    }
    Arc::new(texts.finish())
}

fn failure(error: ParquetError) -> EncodeError {
    match error {
        ParquetError::External(inner) => match inner.downcast::<std::io::Error>() {
            Ok(error) => EncodeError::Io(*error),
            Err(other) => EncodeError::Format(other.to_string()),
        },
        other => EncodeError::Format(other.to_string()),
    }
}
