//! From SQL text and a principal to a stream of Arrow batches.
//!
//! The files are the pipeline, read top to bottom: [`Request`] → statement → policy → result key →
//! cached? → estimate → route → guard → engine → result. Nothing that policy has not authorised
//! reaches a key, a route or an engine: they accept only `Authorized`, which only `policy` makes.

pub mod aws;
mod backoff;
mod catalog;
mod engine;
mod error;
mod estimate;
mod execution;
mod fields;
mod guard;
mod handover;
mod policy;
pub mod postgres;
mod prepared;
mod quote;
mod request;
mod result;
mod road;
mod route;
mod statement;
pub mod trino;
mod values;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use catalog::{
    CatalogInfo, CatalogSource, Catalogs, CatalogsConfig, Change, ColumnInfo, DatabaseInfo, GlueSource, GroupRules,
    Hint, Infer, Problem, RefreshReport, TableChange, TableInfo, TableSummary, infer_in, trino_type,
};
pub use error::{ErrorKind, Position, QueryError};
pub use estimate::{ColumnEstimate, Estimate, EstimateReport, TableEstimate};
pub use execution::{Execution, ExecutionState, ExecutionStatus, Progress, Statistics, Waiting, WaitsAt};
pub use guard::{
    Admission, Approval, ApprovalState, Ask, Charge, Decision, Guard, PartitionRules, Spent, TableShare, Unguarded,
};
pub use prepared::{FleetingStatements, MOST_PREPARED, PreparedStatements, too_many_prepared};
pub use request::{EngineChoice, Origin, Principal, Request, Role};
pub use result::{Column, Making, ResultCacheState, ResultSet, SharedFailure, SharedLook, SharedResults};
pub use statement::nearest;

use road::Road;

/// Where things lie and how much of the machine queries may use.
#[derive(Debug, Clone)]
pub struct QueriesConfig {
    /// Catalogs, results and spill files live below this folder.
    pub data_dir: PathBuf,
    /// Executable started as `EXE worker` for every engine worker.
    pub worker: PathBuf,
    pub catalogs: CatalogsConfig,
    pub limits: QueryLimits,
    /// Finished results kept on disk for reuse.
    pub cache_bytes: u64,
    /// Where instances share small ones.
    pub shared_results: Option<Arc<dyn SharedResults>>,
    /// Engine worker processes at most; `None` lets the pool decide by the number of cores.
    pub max_workers: Option<usize>,
    /// What a scanned terabyte (10^12 bytes) costs; Athena's list price by default.
    pub price_per_tb_usd: f64,
    /// Where another engine could run it too, the embedded one takes what reads up to so many bytes. A catalog may have
    /// its own number.
    pub embedded_max_bytes: u64,
    /// Asked before every run.
    pub guard: Arc<dyn Guard>,
    /// Where people's prepared statements are kept; by default in this process.
    pub prepared: Arc<dyn PreparedStatements>,
}

impl QueriesConfig {
    /// Defaults for a machine of a few cores and gigabytes.
    pub fn new(data_dir: PathBuf, worker: PathBuf) -> Self {
        Self {
            catalogs: CatalogsConfig::new(data_dir.join("catalogs")),
            data_dir,
            worker,
            limits: QueryLimits::default(),
            cache_bytes: 4 << 30,
            shared_results: None,
            max_workers: None,
            price_per_tb_usd: 5.0,
            embedded_max_bytes: 2_000_000_000,
            guard: Arc::new(Unguarded),
            prepared: Arc::new(FleetingStatements::default()),
        }
    }
}

/// What one query, and one principal, may use.
#[derive(Debug, Clone)]
pub struct QueryLimits {
    /// Longest run; a request may ask for less.
    pub deadline: Duration,
    pub memory_bytes: u64,
    pub spill_bytes: u64,
    /// A longer result is cut there and marked `truncated`.
    pub result_rows: u64,
    pub result_bytes: u64,
    /// Predicted scan above which a query is refused, whatever the request says.
    pub max_scan_bytes: Option<u64>,
    /// Statements of one principal that run at the same time; more wait.
    pub running_per_principal: usize,
    /// Statements that run at the same time in one other system, such as a Trino; more wait.
    pub running_per_system: usize,
    /// Statements of one principal that may wait; more are refused with `TOO_MANY_REQUESTS`.
    pub queued_per_principal: usize,
}

impl Default for QueryLimits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(300),
            memory_bytes: 2 << 30,
            spill_bytes: 4 << 30,
            result_rows: 2_000_000,
            result_bytes: 256 << 20,
            max_scan_bytes: Some(2_000_000_000),
            running_per_principal: 4,
            running_per_system: 32,
            queued_per_principal: 200,
        }
    }
}

/// The road from SQL to results. Cheap to clone.
#[derive(Clone)]
pub struct Queries {
    road: Arc<Road>,
}

impl Queries {
    /// Starts the engine workers and takes over the catalogs and results found under `data_dir`.
    pub async fn open(config: QueriesConfig) -> Result<Queries, QueryError> {
        Ok(Queries { road: Arc::new(Road::open(config).await?) })
    }

    /// Cancels what runs, and waits until it has ended in other systems too. For a process that is about to end.
    pub async fn close(&self) {
        for execution in self.road.executions.running() {
            execution.cancel();
        }
        engine::ENDINGS.close();
        engine::ENDINGS.wait().await;
    }

    /// Checks, authorises and starts one statement. Errors that show before anything runs (syntax,
    /// names, types, permissions, budget) come back here; what happens later the execution tells.
    pub async fn submit(&self, request: Request) -> Result<Arc<Execution>, QueryError> {
        self.road.clone().submit(request).await
    }

    /// What running this would read and cost; nothing is run.
    pub async fn estimate(&self, request: Request) -> Result<EstimateReport, QueryError> {
        self.road.estimate(request).await
    }

    /// A recent execution; older ones are in the app database's history.
    pub fn execution(&self, id: &str) -> Option<Arc<Execution>> {
        self.road.executions.get(id)
    }

    pub fn result_cache(&self) -> ResultCacheState {
        self.road.result_cache()
    }

    pub fn catalogs(&self) -> &Catalogs {
        &self.road.catalogs
    }
}
