//! The same rows as a Parquet file in the data folder's lake, where the app database is SQLite: the engine reads no
//! SQLite, and a table of it would be scanned by one thread beside the app's own writes.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::Context;
use arrow::array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use tempfile::NamedTempFile;

use super::CsvTable;

const ROWS_PER_GROUP: usize = 32_768;
const CONTENT: &str = "lakefront.content";

/// A file that takes its place when it is published, and leaves no trace if it never is.
pub struct Export {
    writer: Option<ArrowWriter<File>>,
    unfinished: NamedTempFile,
    place: PathBuf,
}

impl Export {
    pub fn begin(folder: &Path, table: &str, content_hash: &str, columns: &CsvTable) -> anyhow::Result<Self> {
        let told = || format!("cannot write to {}", folder.display());
        std::fs::create_dir_all(folder).with_context(told)?;
        // Listings leave out names that begin so.
        let unfinished = tempfile::Builder::new().prefix("_seed").tempfile_in(folder).with_context(told)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
            .set_max_row_group_row_count(Some(ROWS_PER_GROUP))
            .set_key_value_metadata(Some(vec![KeyValue::new(CONTENT.to_owned(), content_hash.to_owned())]))
            .build();
        let writer = ArrowWriter::try_new(unfinished.reopen()?, columns.schema.clone(), Some(properties))?;
        Ok(Self { writer: Some(writer), unfinished, place: place(folder, table) })
    }

    pub fn write(&mut self, batch: &RecordBatch) -> anyhow::Result<()> {
        match &mut self.writer {
            Some(writer) => Ok(writer.write(batch)?),
            None => anyhow::bail!("rows come after the end"),
        }
    }

    pub fn finish(mut self) -> anyhow::Result<Self> {
        if let Some(writer) = self.writer.take() {
            writer.into_inner()?.sync_all()?;
        }
        Ok(self)
    }

    pub fn publish(self) -> anyhow::Result<()> {
        let place = self.place;
        self.unfinished.persist(&place).with_context(|| format!("cannot write {}", place.display()))?;
        Ok(())
    }
}

/// The hash of the CSV file that a table's Parquet file was made from.
pub fn exported_hash(folder: &Path, table: &str) -> Option<String> {
    let reader = SerializedFileReader::new(File::open(place(folder, table)).ok()?).ok()?;
    let pairs = reader.metadata().file_metadata().key_value_metadata()?;
    pairs.iter().find(|pair| pair.key == CONTENT)?.value.clone()
}

fn place(folder: &Path, table: &str) -> PathBuf {
    folder.join(format!("{table}.parquet"))
}
