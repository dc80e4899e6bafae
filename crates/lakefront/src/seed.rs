//! A CSV file on its way into the app database: read for its fingerprint, for the types that all of its values have, and
//! to load them. None holds more of it than a few thousand rows.

mod export;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::csv::ReaderBuilder;
use arrow::csv::reader::Format;
use arrow::datatypes::{
    DataType, Date32Type, Field, Float64Type, Int64Type, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType,
};
use lakefront_engine::infer::Kinds;
use lakefront_store::{SeedCell, SeedChunk, SeedColumn, SeedPart, SeedType};
use tokio::sync::mpsc;

pub use export::{Export, exported_hash};

const ROWS: usize = 4_096;
const BUFFER: usize = 256 << 10;

/// A file whose columns are known.
pub struct CsvTable {
    path: PathBuf,
    schema: SchemaRef,
}

/// The other end took no more rows: why, it says itself.
#[derive(Debug, thiserror::Error)]
#[error("the database took no more rows")]
struct HungUp;

pub fn is_hung_up(error: &anyhow::Error) -> bool {
    error.is::<HungUp>()
}

/// Equal for equal content.
pub fn content_hash(path: &Path) -> anyhow::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(open(path)?).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(hasher.finalize().to_hex().to_string())
}

impl CsvTable {
    /// Reads all of a file for the types of its columns; they are those that a lake's CSV file would have.
    pub fn look(path: &Path) -> anyhow::Result<Self> {
        let told = || format!("cannot read {}", path.display());
        let (header, _) = Format::default().with_header(true).infer_schema(input(path)?, Some(0)).with_context(told)?;
        if let [only] = header.fields().as_ref()
            && let Some(other) = only.name().chars().find(|letter| matches!(letter, ';' | '\t' | '|'))
            && input(path)?.lines().nth(1).transpose()?.is_some_and(|line| line.contains(other))
        {
            bail!("the columns of {} seem to be separated by {other:?}; seed reads commas", path.display());
        }
        let names = names(&header)?;
        let text = names.iter().map(|name| Field::new(name, DataType::Utf8, true)).collect::<Vec<_>>();
        let reader = ReaderBuilder::new(Arc::new(Schema::new(text)))
            .with_header(true)
            .with_batch_size(ROWS)
            .build_buffered(input(path)?)
            .with_context(told)?;
        let mut kinds = vec![Kinds::default(); names.len()];
        let mut rows = 0;
        for batch in reader {
            let batch = batch.with_context(told)?;
            rows += batch.num_rows();
            for (column, kinds) in batch.columns().iter().zip(&mut kinds) {
                column.as_string::<i32>().iter().flatten().for_each(|value| kinds.see(value));
            }
        }
        ensure!(rows > 0, "{} has no rows; nothing was loaded", path.display());
        let fields = names.iter().zip(&kinds).map(|(name, kinds)| Field::new(name, kept(kinds.data_type()), true));
        Ok(Self { path: path.to_owned(), schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())) })
    }

    /// The columns as the app database is to have them: days, times and what looks like an id get an index.
    pub fn columns(&self) -> anyhow::Result<Vec<SeedColumn>> {
        let column = |field: &Arc<Field>| {
            let kind = match field.data_type() {
                DataType::Boolean => SeedType::Boolean,
                DataType::Int64 => SeedType::Bigint,
                DataType::Float64 => SeedType::Double,
                DataType::Date32 => SeedType::Date,
                DataType::Timestamp(_, None) => SeedType::Timestamp,
                DataType::Timestamp(_, Some(_)) => SeedType::Instant,
                DataType::Utf8 => SeedType::Text,
                other => bail!("{other} has no place in a table"),
            };
            let name = field.name().clone();
            let is_indexed = match kind {
                SeedType::Date | SeedType::Timestamp | SeedType::Instant => true,
                SeedType::Bigint | SeedType::Text => name == "id" || name.ends_with("_id"),
                SeedType::Boolean | SeedType::Double => false,
            };
            Ok(SeedColumn { name, kind, is_indexed })
        };
        self.schema.fields().iter().map(column).collect()
    }

    /// Sends all rows, and the end only if the file was the one of `content_hash` to its last byte.
    pub fn send(
        &self,
        new_chunk: impl Fn() -> SeedChunk,
        content_hash: &str,
        mut export: Option<Export>,
        parts: &mpsc::Sender<SeedPart>,
    ) -> anyhow::Result<Option<Export>> {
        let told = || format!("cannot read {}", self.path.display());
        let mut read = Hashed { file: open(&self.path)?, hasher: blake3::Hasher::new() };
        let mut buffered = BufReader::with_capacity(BUFFER, &mut read);
        skip_mark(&mut buffered)?;
        let reader = ReaderBuilder::new(self.schema.clone())
            .with_header(true)
            .with_batch_size(ROWS)
            .build_buffered(&mut buffered)
            .with_context(told)?;
        for batch in reader {
            let batch = batch.with_context(told)?;
            let mut chunk = new_chunk();
            put(&batch, &mut chunk)?;
            parts.blocking_send(SeedPart::Rows(chunk)).map_err(|_| HungUp)?;
            if let Some(export) = &mut export {
                export.write(&batch)?;
            }
        }
        std::io::copy(&mut buffered, &mut std::io::sink()).with_context(told)?;
        drop(buffered);
        ensure!(
            read.hasher.finalize().to_hex().as_str() == content_hash,
            "{} changed while it was read; nothing was loaded",
            self.path.display()
        );
        let export = export.map(Export::finish).transpose()?;
        parts.blocking_send(SeedPart::End).map_err(|_| HungUp)?;
        Ok(export)
    }
}

/// Databases count microseconds. Text keeps what is finer as it is.
fn kept(found: DataType) -> DataType {
    match found {
        DataType::Timestamp(TimeUnit::Nanosecond, _) => DataType::Utf8,
        DataType::Timestamp(_, zone) => DataType::Timestamp(TimeUnit::Microsecond, zone),
        other => other,
    }
}

/// Names as SQL can write them without quotes.
fn names(header: &Schema) -> anyhow::Result<Vec<String>> {
    let mut taken = BTreeSet::new();
    let name = |field: &Arc<Field>| {
        let mut name: String = field
            .name()
            .trim()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
            .collect();
        if name.starts_with(|first: char| first.is_ascii_digit()) {
            name.insert(0, '_');
        }
        ensure!(!name.is_empty(), "the first line has a column without a name");
        ensure!(name.len() <= 63, "the column {name} has more than 63 characters");
        ensure!(taken.insert(name.clone()), "the first line has the column {name} twice");
        Ok(name)
    };
    let names = header.fields().iter().map(name).collect::<anyhow::Result<Vec<_>>>()?;
    ensure!(!names.is_empty(), "the file has no first line with names of columns");
    Ok(names)
}

fn put(batch: &RecordBatch, chunk: &mut SeedChunk) -> anyhow::Result<()> {
    let columns = batch.columns().iter().map(|column| cells(column)).collect::<anyhow::Result<Vec<_>>>()?;
    for row in 0..batch.num_rows() {
        chunk.row(columns.len());
        for (column, cell) in batch.columns().iter().zip(&columns) {
            chunk.cell(if column.is_null(row) { SeedCell::Null } else { cell(row) });
        }
    }
    Ok(())
}

type Cells<'a> = Box<dyn Fn(usize) -> SeedCell<'a> + 'a>;

fn cells(column: &dyn Array) -> anyhow::Result<Cells<'_>> {
    Ok(match column.data_type() {
        DataType::Boolean => {
            let column = column.as_boolean();
            Box::new(|row| SeedCell::Boolean(column.value(row)))
        }
        DataType::Int64 => {
            let column = column.as_primitive::<Int64Type>();
            Box::new(|row| SeedCell::Bigint(column.value(row)))
        }
        DataType::Float64 => {
            let column = column.as_primitive::<Float64Type>();
            Box::new(|row| SeedCell::Double(column.value(row)))
        }
        DataType::Date32 => {
            let column = column.as_primitive::<Date32Type>();
            Box::new(|row| SeedCell::Date(column.value(row)))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let column = column.as_primitive::<TimestampMicrosecondType>();
            Box::new(|row| SeedCell::Timestamp(column.value(row)))
        }
        DataType::Utf8 => {
            let column = column.as_string::<i32>();
            Box::new(|row| SeedCell::Text(column.value(row)))
        }
        other => bail!("{other} has no place in a table"),
    })
}

fn open(path: &Path) -> anyhow::Result<File> {
    File::open(path).with_context(|| format!("cannot open {}", path.display()))
}

fn input(path: &Path) -> anyhow::Result<BufReader<File>> {
    let mut input = BufReader::with_capacity(BUFFER, open(path)?);
    skip_mark(&mut input)?;
    Ok(input)
}

/// A byte order mark, which would be part of the first name.
fn skip_mark(input: &mut impl BufRead) -> anyhow::Result<()> {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    if input.fill_buf()?.starts_with(MARK) {
        input.consume(MARK.len());
    }
    Ok(())
}

struct Hashed {
    file: File,
    hasher: blake3::Hasher,
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}
