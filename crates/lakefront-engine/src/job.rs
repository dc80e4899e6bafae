//! What a worker is handed: the statement, the tables it may read, and its limits.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::{Field, SchemaRef};
use serde::{Deserialize, Serialize};

/// One statement to plan and run, complete in itself.
#[derive(Debug, Clone)]
pub struct Job {
    /// A checked `SELECT` in DataFusion's dialect; placeholders are `$1`, `$2`, ….
    pub sql: String,
    /// Values of the placeholders, in order.
    pub parameters: Vec<Literal>,
    /// Every table the statement may read. Others do not exist for it.
    pub tables: Vec<Arc<Table>>,
    /// Catalog of names that are not qualified.
    pub catalog: String,
    /// Database of names that are not qualified.
    pub database: String,
    pub limits: Limits,
    pub meter: Meter,
    pub explain: Explain,
}

/// What is told of a job's plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Explain {
    #[default]
    Nothing,
    /// Its operators, before the run.
    Operators,
    /// It runs to its end, and what its operators did is the result: lines of text.
    Run,
}

/// Whose count of bytes an estimate foretells. Readers differ in what they need not read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Meter {
    /// The run of this job.
    #[default]
    Embedded,
    /// `physicalInputBytes` of a Trino without what it reads of footers, and so what Athena bills.
    Trino,
}

/// A table as the files it consists of; nothing is listed when it is read.
#[derive(Debug, Clone)]
pub struct Table {
    pub catalog: String,
    pub database: String,
    pub name: String,
    /// Changes if and only if the files or the schema change. Workers cache a table under (name, version).
    pub version: String,
    /// Columns stored in the files, without partition keys.
    pub schema: SchemaRef,
    /// Hive partition keys with their types; they follow the file columns.
    pub partitions: Vec<Field>,
    pub format: Format,
    pub storage: Storage,
    pub files: Vec<DataFile>,
}

/// One file of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFile {
    /// Key relative to the storage's root, taken literally: `%2F`, spaces and `..` have no meaning on S3, and may not
    /// lead out of a local root.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Time of the last change, in milliseconds since the Unix epoch.
    pub modified_ms: i64,
    /// The object's ETag as the store gave it; reads are pinned to it. Absent on local storage.
    pub etag: Option<String>,
    /// One value per partition key of the table, as text; `None` is NULL.
    pub partition_values: Vec<Option<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    Parquet,
    Csv {
        delimiter: u8,
        quote: u8,
        header: bool,
        compression: Compression,
    },
    /// One JSON object per line.
    Json {
        compression: Compression,
    },
    /// Lines of text, a row each, as a SerDe of Hive reads them.
    Lines {
        rules: LineRules,
        /// The first line of each file is no row.
        skip_header: bool,
        compression: Compression,
    },
}

/// How a line becomes a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LineRules {
    /// `LazySimpleSerDe`: `\N` is NULL, and so is what is no value of its column's type or is not there.
    Delimited { delimiter: u8 },
    /// `OpenCSVSerde`: values may be quoted, none is NULL unless the line ends before it, and what is no value of its
    /// column's type is an error.
    Quoted { separator: u8, quote: u8, escape: u8 },
    /// A JSON object, whose keys are columns in any case.
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Compression {
    None,
    Gzip,
    Zstd,
}

/// Where the files of a table lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// A folder of this machine; links that lead out of it are refused when a file is opened.
    Local { root: PathBuf },
    S3 {
        bucket: String,
        /// Key prefix before each file's path; empty, or ending in `/`.
        prefix: String,
        region: Option<String>,
        /// Address of a store that is not AWS's own.
        endpoint: Option<String>,
        credentials: S3Credentials,
    },
}

impl Storage {
    /// Whether both hold the same files, whatever keys they are read with.
    pub(crate) fn is_same_place(&self, other: &Storage) -> bool {
        match (self, other) {
            (Storage::Local { root: a }, Storage::Local { root: b }) => a == b,
            (
                Storage::S3 { bucket, prefix, region, endpoint, .. },
                Storage::S3 { bucket: b, prefix: p, region: r, endpoint: e, .. },
            ) => (bucket, prefix, region, endpoint) == (b, p, r, e),
            _ => false,
        }
    }
}

/// How a worker signs its reads. Hand it scoped, expiring keys: it is the process that runs people's SQL.
#[derive(Clone, PartialEq, Eq)]
pub enum S3Credentials {
    /// Unsigned requests, for public buckets.
    Anonymous,
    Keys {
        access_key_id: String,
        secret_access_key: String,
        session_token: Option<String>,
    },
}

impl fmt::Debug for S3Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            S3Credentials::Anonymous => "Anonymous",
            S3Credentials::Keys { .. } => "Keys(…)",
        })
    }
}

/// A value bound to a placeholder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Literal {
    Null,
    Boolean(bool),
    BigInt(i64),
    Double(f64),
    Varchar(String),
    /// `YYYY-MM-DD`.
    Date(String),
    /// `YYYY-MM-DD hh:mm:ss[.fff]`, without a time zone.
    Timestamp(String),
    /// One that its author wrote as SQL: its type is what Trino reads there, not what a column beside it asks for.
    Written(Written),
}

/// A literal of Trino's SQL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// In one form for each value: `INTEGER '-1'`, `DECIMAL '1.50'`, `'it''s'`, `NULL`.
    pub sql: String,
    /// Trino's name of its type.
    pub type_name: String,
    /// The value alone, as PostgreSQL reads it for a type like that one; `None` for a null.
    pub text: Option<String>,
}

/// What one job may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Time from the start of planning to the last batch, waiting for the reader included.
    pub deadline: Duration,
    /// Memory of the worker for this job.
    pub memory_bytes: u64,
    /// Bytes on disk for operators that spill.
    pub spill_bytes: u64,
    /// Rows after which the result ends as truncated.
    pub result_rows: u64,
    /// Bytes of Arrow data after which the result ends as truncated.
    pub result_bytes: u64,
}
