//! Parquet, one row group in memory at a time.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
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
        let columns = batch.columns().iter().zip(schema.fields()).map(|(column, field)| stored(column, field));
        let columns = columns.collect::<Result<_, _>>()?;
        let batch =
            RecordBatch::try_new(schema.clone(), columns).map_err(|error| EncodeError::Format(error.to_string()))?;
        writer.write(&batch).map_err(failure)?;
    }
    writer.close().map_err(failure)?;
    Ok(())
}

/// Parquet has no type for intervals and durations, none for "always null", none for times in whole seconds, and needs
/// distinct names.
fn storable(schema: &SchemaRef) -> SchemaRef {
    let names = distinct(schema.fields().iter().map(|field| field.name().clone()));
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .zip(names)
        .map(|(field, name)| {
            let data_type = storable_type(field.data_type()).unwrap_or(DataType::Utf8);
            field.as_ref().clone().with_name(name).with_nullable(true).with_data_type(data_type)
        })
        .collect();
    Arc::new(Schema::new(fields))
}

/// `None` for what is written as text.
fn storable_type(data_type: &DataType) -> Option<DataType> {
    let storable_field =
        |field: &Arc<Field>| Some(Arc::new(field.as_ref().clone().with_data_type(storable_type(field.data_type())?)));
    Some(match data_type {
        DataType::Null
        | DataType::Interval(_)
        | DataType::Duration(_)
        | DataType::Union(..)
        | DataType::RunEndEncoded(..) => return None,
        DataType::Timestamp(TimeUnit::Second, zone) => DataType::Timestamp(TimeUnit::Millisecond, zone.clone()),
        DataType::Time32(TimeUnit::Second) => DataType::Time32(TimeUnit::Millisecond),
        DataType::List(item) => DataType::List(storable_field(item)?),
        DataType::LargeList(item) => DataType::LargeList(storable_field(item)?),
        DataType::FixedSizeList(item, size) => DataType::FixedSizeList(storable_field(item)?, *size),
        DataType::Map(item, sorted) => DataType::Map(storable_field(item)?, *sorted),
        // A group needs at least one member.
        DataType::Struct(fields) if fields.is_empty() => return None,
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(storable_field).collect::<Option<_>>()?),
        other => other.clone(),
    })
}

fn stored(column: &ArrayRef, field: &Field) -> Result<ArrayRef, EncodeError> {
    if column.data_type() == field.data_type() {
        return Ok(column.clone());
    }
    if *field.data_type() != DataType::Utf8 {
        return cast(column, field.data_type()).map_err(|error| EncodeError::Format(error.to_string()));
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
    Ok(Arc::new(texts.finish()))
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use arrow::array::{Array, DurationSecondArray, StructArray, TimestampMillisecondArray, TimestampSecondArray};
    use arrow::array::{AsArray, StringArray};

    use super::*;

    #[test]
    fn whole_seconds_are_times_to_every_reader() {
        let at: ArrayRef = Arc::new(TimestampSecondArray::from(vec![Some(1_700_000_000), None]));
        let took: ArrayRef = Arc::new(DurationSecondArray::from(vec![Some(90), None]));
        let member = Arc::new(Field::new("at", at.data_type().clone(), true));
        let both: ArrayRef = Arc::new(StructArray::from(vec![(member, at.clone())]));
        let columns = [("at", &at), ("took", &took), ("both", &both)];
        let fields: Vec<_> =
            columns.iter().map(|(name, column)| Field::new(*name, column.data_type().clone(), true)).collect();
        let schema = storable(&Arc::new(Schema::new(fields)));
        let [at, took, both] = [&at, &took, &both].map(|column| column.clone());
        let milliseconds = TimestampMillisecondArray::from(vec![Some(1_700_000_000_000), None]);
        assert_eq!(stored(&at, schema.field(0)).unwrap().as_ref(), &milliseconds as &dyn Array);
        let text = stored(&took, schema.field(1)).unwrap();
        assert_eq!(text.as_any().downcast_ref::<StringArray>().unwrap().null_count(), 1);
        let nested = stored(&both, schema.field(2)).unwrap();
        assert_eq!(nested.as_struct().column(0).as_ref(), &milliseconds as &dyn Array);
    }
}
