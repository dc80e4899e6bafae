//! Rows of any order into one Parquet file per partition, in bounded memory.
//!
//! Each partition has a writer of its own. What all of them hold together is limited: over the limit the largest writes
//! its rows out as a row group. A file that has grown large is closed and another one begun, so that it can leave the
//! disk before the table is done.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array};
use arrow::compute::{cast, concat_batches, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::columns::Profile;

/// Rows that are divided at a time: enough that each partition gets more than a few of them.
const CHUNK: usize = 64 << 10;
/// Fewer rows where they are long.
const CHUNK_BYTES: usize = 32 << 20;
const ROW_GROUP: usize = 128 << 10;
/// What all writers hold together.
const MEMORY: usize = 96 << 20;
const LARGEST_FILE: u64 = 128 << 20;

/// A file that is complete.
#[derive(Debug, PartialEq, Eq)]
pub struct Written {
    /// `state=CA/00000.parquet`
    pub key: String,
    pub path: PathBuf,
    pub rows: u64,
    /// In bytes.
    pub size: u64,
}

/// Divides rows among files in a folder.
pub struct Partitioner<'a> {
    folder: &'a Path,
    schema: SchemaRef,
    properties: WriterProperties,
    /// Position and name of the partition key.
    key: Option<(usize, String)>,
    pending: Vec<RecordBatch>,
    pending_rows: usize,
    pending_bytes: usize,
    open: BTreeMap<String, Open>,
    /// Files begun, of each partition.
    begun: BTreeMap<String, u32>,
}

struct Open {
    writer: ArrowWriter<Appended>,
    path: PathBuf,
    key: String,
    rows: u64,
}

impl<'a> Partitioner<'a> {
    pub fn new(profile: &Profile, folder: &'a Path) -> anyhow::Result<Self> {
        let fields: Vec<Field> = profile
            .columns
            .iter()
            .enumerate()
            .filter(|(index, _)| profile.key != Some(*index))
            .map(|(_, column)| Field::new(&column.name, stored(&column.data_type), true))
            .collect();
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
            .set_max_row_group_row_count(Some(ROW_GROUP))
            .set_created_by(format!("lakefront {}", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self {
            folder,
            schema: Arc::new(Schema::new(fields)),
            properties,
            key: profile.key_column().zip(profile.key).map(|(column, index)| (index, column.name.clone())),
            pending: Vec::new(),
            pending_rows: 0,
            pending_bytes: 0,
            open: BTreeMap::new(),
            begun: BTreeMap::new(),
        })
    }

    /// Takes rows in; `done` gets the files that are complete.
    pub fn push(
        &mut self,
        batch: RecordBatch,
        done: &mut impl FnMut(Written) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        self.pending_rows += batch.num_rows();
        self.pending_bytes += batch.get_array_memory_size();
        self.pending.push(batch);
        let enough = self.pending_rows >= CHUNK || self.pending_bytes >= CHUNK_BYTES;
        if enough { self.divide(done) } else { Ok(()) }
    }

    /// Closes every file.
    pub fn finish(mut self, done: &mut impl FnMut(Written) -> anyhow::Result<()>) -> anyhow::Result<()> {
        self.divide(done)?;
        while let Some((_, open)) = self.open.pop_first() {
            done(open.close()?)?;
        }
        Ok(())
    }

    fn divide(&mut self, done: &mut impl FnMut(Written) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let Some(first) = self.pending.first() else { return Ok(()) };
        let rows = concat_batches(&first.schema(), &self.pending)?;
        self.pending.clear();
        (self.pending_rows, self.pending_bytes) = (0, 0);
        let Some((index, _)) = self.key else {
            let rows = self.stored(&rows, None)?;
            return self.write(String::new(), &rows, done);
        };
        let values = cast(rows.column(index), &DataType::Utf8)?;
        let mut of: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for (row, value) in values.as_string::<i32>().iter().enumerate() {
            let value = value.context("a row has no value for the partition key; the file has changed")?;
            of.entry(value).or_default().push(row as u32);
        }
        let stored = self.stored(&rows, Some(index))?;
        // Taken once in the order of the partitions; each is a slice of that.
        let order: Vec<u32> = of.values().flatten().copied().collect();
        let is_sorted = order.is_sorted();
        let sorted = if is_sorted { stored } else { take_record_batch(&stored, &UInt32Array::from(order))? };
        let mut offset = 0;
        for (value, rows) in of {
            let slice = sorted.slice(offset, rows.len());
            offset += rows.len();
            self.write(value.to_owned(), &slice, done)?;
        }
        Ok(())
    }

    fn stored(&self, rows: &RecordBatch, without: Option<usize>) -> anyhow::Result<RecordBatch> {
        let columns = rows.columns().iter().enumerate().filter(|(index, _)| Some(*index) != without);
        let columns: Result<Vec<ArrayRef>, _> = columns
            .zip(self.schema.fields())
            .map(|((_, column), field)| match column.data_type() == field.data_type() {
                true => Ok(Arc::clone(column)),
                false => cast(column, field.data_type()),
            })
            .collect();
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns?, &options)?)
    }

    fn write(
        &mut self,
        value: String,
        rows: &RecordBatch,
        done: &mut impl FnMut(Written) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        if !self.open.contains_key(&value) {
            let begun = self.begun.entry(value.clone()).or_default();
            let number = *begun;
            *begun += 1;
            let key = match &self.key {
                Some((_, name)) => format!("{name}={value}/{number:05}.parquet"),
                None => format!("{number:05}.parquet"),
            };
            let path = self.folder.join(key.replace('/', "-"));
            let file = Appended::create(&path)?;
            let writer = ArrowWriter::try_new(file, Arc::clone(&self.schema), Some(self.properties.clone()))?;
            self.open.insert(value.clone(), Open { writer, path, key, rows: 0 });
        }
        let open = self.open.get_mut(&value).context("the writer is there")?;
        open.writer.write(rows)?;
        open.rows += rows.num_rows() as u64;
        if open.writer.bytes_written() as u64 >= LARGEST_FILE
            && let Some(open) = self.open.remove(&value)
        {
            done(open.close()?)?;
        }
        while self.open.values().map(|open| open.writer.memory_size()).sum::<usize>() > MEMORY {
            let largest = self.open.values_mut().max_by_key(|open| open.writer.memory_size());
            largest.context("some writer holds rows")?.writer.flush()?;
        }
        Ok(())
    }
}

impl Open {
    fn close(self) -> anyhow::Result<Written> {
        let Open { writer, path, key, rows } = self;
        writer.into_inner()?;
        let size = std::fs::metadata(&path)?.len();
        Ok(Written { key, path, rows, size })
    }
}

/// A file that is open only while it is written to: a table may have more partitions than a process open files.
struct Appended(PathBuf);

impl Appended {
    fn create(path: &Path) -> anyhow::Result<Self> {
        File::create_new(path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self(path.to_owned()))
    }
}

impl Write for Appended {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        OpenOptions::new().append(true).open(&self.0)?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The finest time that Parquet readers share is a microsecond.
fn stored(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
        DataType::Timestamp(TimeUnit::Second, zone) => DataType::Timestamp(TimeUnit::Millisecond, zone.clone()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use arrow::array::{Int64Array, StringArray};
    use arrow::datatypes::Int64Type;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::super::columns::{Column, Key, Range};
    use super::*;

    fn profile(values: &[&str]) -> Profile {
        let column = |name: &str, data_type, key| Column {
            source: name.to_owned(),
            name: name.to_owned(),
            data_type,
            empty: 0,
            key,
        };
        let list = Range::List(values.iter().map(|value| (*value).to_owned()).collect());
        Profile {
            rows: 0,
            columns: vec![
                column("state", DataType::Utf8, Ok(Key { values: values.len(), range: list })),
                column("n", DataType::Int64, Err("a number".to_owned())),
            ],
            key: Some(0),
            reason: String::new(),
        }
    }

    fn batch(states: Vec<String>, numbers: Vec<i64>) -> RecordBatch {
        let states: ArrayRef = Arc::new(StringArray::from(states));
        let numbers: ArrayRef = Arc::new(Int64Array::from(numbers));
        RecordBatch::try_from_iter([("state", states), ("n", numbers)]).unwrap()
    }

    #[test]
    fn every_row_is_in_the_file_of_its_partition_in_its_order() {
        let folder = tempfile::tempdir().unwrap();
        let values: Vec<String> = (0..300).map(|index| format!("s{index:03}")).collect();
        let names: Vec<&str> = values.iter().map(String::as_str).collect();
        let mut partitioner = Partitioner::new(&profile(&names), folder.path()).unwrap();
        let mut files = Vec::new();
        let mut done = |file: Written| {
            files.push(file);
            Ok(())
        };
        let rows = 200_000_usize;
        for start in (0..rows).step_by(8_192) {
            let range = start..rows.min(start + 8_192);
            let states = range.clone().map(|row| values[row % 300].clone()).collect();
            partitioner.push(batch(states, range.map(|row| row as i64).collect()), &mut done).unwrap();
        }
        partitioner.finish(&mut done).unwrap();
        assert_eq!(files.len(), 300);
        assert_eq!(files.iter().map(|file| file.rows).sum::<u64>(), rows as u64);
        let seventh = files.iter().find(|file| file.key == "state=s007/00000.parquet").unwrap();
        assert_eq!(seventh.size, std::fs::metadata(&seventh.path).unwrap().len());
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&seventh.path).unwrap()).unwrap();
        let found: Vec<i64> = reader
            .build()
            .unwrap()
            .flat_map(|batch| batch.unwrap().column(0).as_primitive::<Int64Type>().values().to_vec())
            .collect();
        let expected: Vec<i64> = (0..rows as i64).filter(|row| row % 300 == 7).collect();
        assert_eq!(found, expected);
    }
}
