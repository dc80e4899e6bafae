//! What columns the files of a table have.
//!
//! Runs inside a worker, because files are hostile until proven otherwise: nothing here panics or grows without bound
//! on any bytes, and every complaint names its file.

mod csv;
mod json;
mod locate;
mod merge;
mod parquet;
mod schema_bytes;
mod source;
mod text;
mod thrift;
mod trino_type;

use arrow::datatypes::SchemaRef;
use serde::{Deserialize, Serialize};

use crate::error::{EngineError, EngineErrorKind};
use crate::job::{Compression, DataFile, Format, Storage};

use source::Source;

pub use csv::Kinds;
pub use locate::{BadValue, locate_bad_value};
pub use trino_type::trino_type;

/// Files to look at. All are of one kind.
#[derive(Debug, Clone)]
pub struct InferRequest {
    pub storage: Storage,
    pub kind: FileKind,
    /// The whole table or a [`sample`] of it.
    pub files: Vec<DataFile>,
    /// How many files the table has.
    pub files_total: u64,
}

/// What the names of the files say about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileKind {
    Parquet,
    Csv {
        compression: Compression,
        /// `.tsv`: the delimiter is a tab, whatever the first lines look like.
        tabs: bool,
    },
    Json {
        compression: Compression,
    },
}

/// The columns found, and how to read the files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InferredSchema {
    /// File columns in the order of their first appearance; every one is nullable.
    #[serde(with = "schema_bytes")]
    pub schema: SchemaRef,
    pub format: Format,
    /// Rows of the table, where every file told it (Parquet footers).
    pub rows: Option<u64>,
    /// Files that were looked at.
    pub files_read: u64,
    /// What people should know, for instance that types stem from a sample.
    pub notes: Vec<String>,
}

/// Most files that are looked at for Parquet footers and for headers.
pub const SAMPLE_FILES: usize = 256;

/// At most [`SAMPLE_FILES`] of the files: all, or an even spread with the first and last name and the oldest and
/// newest file.
pub fn sample(files: &[DataFile]) -> Vec<DataFile> {
    if files.len() <= SAMPLE_FILES {
        return files.to_vec();
    }
    let spread = SAMPLE_FILES - 2;
    let mut chosen: Vec<usize> = (0..spread).map(|i| i * (files.len() - 1) / (spread - 1)).collect();
    let by_age = |i: &usize| files[*i].modified_ms;
    chosen.extend((0..files.len()).min_by_key(by_age));
    chosen.extend((0..files.len()).max_by_key(by_age));
    chosen.sort_unstable();
    chosen.dedup();
    chosen.into_iter().map(|i| files[i].clone()).collect()
}

/// Infers the schema of the files.
///
/// Errors: `INVALID_FILE` naming the file (and line, for text), `SCHEMA_CONFLICT` naming both files and the column with
/// both types, `DATA_CHANGED` where a file is no longer the one that was listed.
pub async fn infer(request: InferRequest) -> Result<InferredSchema, EngineError> {
    let source = Source::open(&request.storage)?;
    let inferred = match request.kind {
        FileKind::Parquet => parquet::infer(&source, &request).await?,
        FileKind::Csv { compression, tabs } => csv::infer(&source, &request, compression, tabs).await?,
        FileKind::Json { compression } => json::infer(&source, &request, compression).await?,
    };
    if inferred.schema.fields().is_empty() {
        return Err(EngineError::new(EngineErrorKind::InvalidFile, "The table's files hold no column."));
    }
    Ok(inferred)
}

impl InferRequest {
    /// Says that not all files were looked at.
    fn sample_note(&self, what: &str) -> Option<String> {
        let read = self.files.len() as u64;
        (read < self.files_total).then(|| format!("{what} are those of {read} of {} files.", self.files_total))
    }
}

fn invalid_file(file: &str, what: impl std::fmt::Display) -> EngineError {
    EngineError::new(EngineErrorKind::InvalidFile, format!("File \"{file}\" {what}."))
}
