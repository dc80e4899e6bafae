//! The pool of worker processes.

use std::path::PathBuf;
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::error::EngineError;
use crate::infer::{InferRequest, InferredSchema};
use crate::job::Job;

/// How the pool runs its workers.
#[derive(Debug, Clone)]
pub struct PoolConfig {
    /// The program that calls [`worker_main`](crate::worker_main).
    pub worker: PathBuf,
    /// Its arguments, for instance `["worker"]`.
    pub arguments: Vec<String>,
    /// Folder for spilled data; each worker has a folder of its own in it, removed when the worker ends.
    pub spill_dir: PathBuf,
    /// Most workers at a time; at least 2, one place is kept for cheap jobs.
    pub max_workers: usize,
    /// Jobs that may wait for a worker; one more is `Busy`.
    pub max_queue: usize,
    /// Estimated bytes up to which a job counts as cheap.
    pub cheap_bytes: u64,
    /// How long a spare worker stays without work.
    pub idle_after: Duration,
}

impl PoolConfig {
    pub fn new(worker: PathBuf, spill_dir: PathBuf) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
        PoolConfig {
            worker,
            arguments: vec!["worker".to_owned()],
            spill_dir,
            max_workers: cores.max(2) + 1,
            max_queue: 256,
            cheap_bytes: 64 << 20,
            idle_after: Duration::from_secs(30),
        }
    }
}

/// Worker processes behind one door; clones share them.
#[derive(Clone)]
pub struct Pool;

impl Pool {
    /// Starts the pool and its first worker. Must be called inside a tokio runtime.
    pub fn start(config: PoolConfig) -> std::io::Result<Pool> {
        let _ = config;
        todo!()
    }

    /// Plans a job in a worker, which stays held until the result runs to its end or is dropped.
    pub async fn prepare(&self, job: Job) -> Result<Prepared, EngineError> {
        let _ = job;
        todo!()
    }

    /// Infers the schema of files in a worker.
    pub async fn infer(&self, request: InferRequest) -> Result<InferredSchema, EngineError> {
        let _ = request;
        todo!()
    }
}

/// A planned job.
pub struct Prepared {
    pub schema: SchemaRef,
    pub estimate: Estimate,
}

impl Prepared {
    /// Starts it.
    pub async fn run(self) -> Result<Running, EngineError> {
        todo!()
    }
}

/// A running job; dropping it cancels it.
pub struct Running;

impl Running {
    pub fn schema(&self) -> &SchemaRef {
        todo!()
    }

    /// The next batch; `None` after the last one. Nothing follows an error.
    pub async fn next(&mut self) -> Option<Result<Frame, EngineError>> {
        todo!()
    }

    pub fn progress(&self) -> watch::Receiver<Progress> {
        todo!()
    }

    /// Complete once [`next`](Self::next) has answered `None`.
    pub fn statistics(&self) -> Statistics {
        todo!()
    }
}

/// One record batch.
#[derive(Debug, Clone)]
pub struct Frame {
    /// One whole encapsulated Arrow IPC message: uncompressed, without dictionaries, as it stands in an IPC stream.
    pub ipc: Bytes,
    pub rows: u64,
}

/// What a job will read, known before it runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    pub bytes: u64,
    /// Whether `bytes` comes from Parquet footers alone, rather than from the sizes of whole files.
    pub exact: bool,
    pub tables: Vec<TableEstimate>,
}

/// What a job will read of one table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableEstimate {
    pub catalog: String,
    pub database: String,
    pub table: String,
    /// Columns read with their bytes; empty for formats that are read whole.
    pub columns: Vec<ColumnBytes>,
    /// Distinct partitions read.
    pub partitions: u64,
    pub partitions_total: u64,
    pub files: u64,
    pub files_total: u64,
    pub row_groups: u64,
    pub row_groups_total: u64,
    pub bytes: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnBytes {
    pub name: String,
    pub bytes: u64,
}

/// How far a running job is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    pub scanned_bytes: u64,
    /// Rows delivered.
    pub rows: u64,
    /// Share of the estimated bytes that is read, 0 to 1.
    pub fraction: f64,
}

/// What a job used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    /// Compressed bytes of column chunks (Parquet) or of files (CSV, JSON) that were read.
    pub scanned_bytes: u64,
    pub rows: u64,
    pub planning_ms: u64,
    pub engine_ms: u64,
    /// Whether the result ended at a row or byte limit.
    pub truncated: bool,
}
