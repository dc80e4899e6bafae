//! Finds the value that made a reader fail.

use std::fmt;
use std::io::{BufRead, BufReader, Read};

use arrow::datatypes::{DataType, Schema};
use tokio::runtime::Handle;

use super::csv::{Kinds, RecordError, Records, check_width, record_error, utf8};
use super::source::Source;
use super::text::{self, BOM, LONGEST_RECORD};
use super::{json, trino_type};
use crate::error::{EngineError, EngineErrorKind};
use crate::job::{DataFile, Format, Storage};

/// A value that does not have its column's type. It is not shown: who may see it is not known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadValue {
    pub file: String,
    /// Line in the file, from 1.
    pub line: u64,
    /// Name of the column; nested fields after dots.
    pub column: String,
    /// Trino's name of the column's type.
    pub expected: String,
}

impl fmt::Display for BadValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "File \"{}\", line {}: the value of column \"{}\" is not {}. Correct the file, or write the column as text.",
            self.file, self.line, self.column, self.expected
        )
    }
}

impl From<BadValue> for EngineError {
    fn from(bad: BadValue) -> Self {
        EngineError::new(EngineErrorKind::InvalidFile, bad.to_string())
    }
}

/// The first value of a CSV or JSON file that its reader can't read as the type the schema gives it.
///
/// `None` where there is none, and for Parquet, whose values are typed. Damage of the file itself (an unclosed quote, a
/// missing value, bytes that are not UTF-8) is the error. Reads the whole file in bounded memory.
pub async fn locate_bad_value(
    storage: &Storage,
    file: &DataFile,
    format: &Format,
    schema: &Schema,
) -> Result<Option<BadValue>, EngineError> {
    let source = Source::open(storage)?;
    let reader = source.reader(file, Handle::current());
    let (name, schema, format) = (file.path.clone(), schema.clone(), *format);
    tokio::task::spawn_blocking(move || {
        let open =
            |compression| text::decompressed(reader, compression).map_err(|error| text::read_error(&name, error));
        match format {
            // Lines name the column themselves.
            Format::Parquet | Format::Lines { .. } => Ok(None),
            Format::Csv { delimiter, quote, header, compression } => {
                in_csv(&name, Records::new(open(compression)?, delimiter, quote), header, &schema)
            }
            Format::Json { compression } => in_json(&name, BufReader::new(open(compression)?), &schema),
        }
    })
    .await
    .map_err(|panic| {
        EngineError::new(EngineErrorKind::Internal, "Looking for a bad value failed.").with_detail(panic.to_string())
    })?
}

fn in_csv(
    file: &str,
    mut records: Records<impl Read>,
    header: bool,
    schema: &Schema,
) -> Result<Option<BadValue>, EngineError> {
    let mut skip = header;
    loop {
        let record = match records.next() {
            Ok(Some(record)) => record,
            Ok(None) => return Ok(None),
            Err(error) => return Err(record_error(file, error)),
        };
        if std::mem::take(&mut skip) {
            continue;
        }
        check_width(file, &record, schema.fields().len())?;
        for (value, field) in record.fields().zip(schema.fields()) {
            let value = utf8(file, record.line, value)?;
            if !fits(value, field.data_type()) {
                return Ok(Some(BadValue {
                    file: file.to_owned(),
                    line: record.line,
                    column: field.name().clone(),
                    expected: trino_type(field.data_type()),
                }));
            }
        }
    }
}

fn fits(value: &str, data_type: &DataType) -> bool {
    if value.is_empty() {
        return true;
    }
    let mut kinds = Kinds::default();
    kinds.see(value);
    match (kinds.data_type(), data_type) {
        (_, DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8) => true,
        // Zeros in front are read, though they were a reason to infer text.
        (DataType::Utf8, DataType::Int64) => value.parse::<i64>().is_ok(),
        (DataType::Utf8 | DataType::Int64, DataType::Float64) => value.parse::<f64>().is_ok(),
        (DataType::Date32, DataType::Timestamp(..)) | (DataType::Timestamp(..), DataType::Timestamp(..)) => true,
        (seen, expected) => seen == *expected,
    }
}

fn in_json(file: &str, mut text: impl BufRead, schema: &Schema) -> Result<Option<BadValue>, EngineError> {
    let columns = DataType::Struct(schema.fields().clone());
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = text
            .by_ref()
            .take(LONGEST_RECORD as u64 + 1)
            .read_until(b'\n', &mut line)
            .map_err(|error| text::read_error(file, error))?;
        if read == 0 {
            break;
        }
        if read > LONGEST_RECORD {
            return Err(record_error(file, RecordError::TooLong { line: number }));
        }
        let content = line.strip_prefix(BOM).filter(|_| number == 1).unwrap_or(&line);
        let Some(shape) = json::line_shape(file, number, content)? else {
            continue;
        };
        if let Err(column) = shape.fits(&columns) {
            let expected = nested(&columns, &column).map_or_else(String::new, trino_type);
            return Ok(Some(BadValue { file: file.to_owned(), line: number, column, expected }));
        }
    }
    Ok(None)
}

/// The type of a field by its path.
fn nested<'a>(data_type: &'a DataType, path: &str) -> Option<&'a DataType> {
    match data_type {
        DataType::List(item) => nested(item.data_type(), path),
        DataType::Struct(fields) if !path.is_empty() => fields.iter().find_map(|field| {
            let rest = path.strip_prefix(field.name().as_str())?;
            let rest = if rest.is_empty() { rest } else { rest.strip_prefix('.')? };
            nested(field.data_type(), rest)
        }),
        _ => Some(data_type),
    }
}
