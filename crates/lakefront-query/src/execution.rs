//! A running query: state, progress, deadline, cancel, statistics.
//!
//! An execution is one caller's view. The run itself is a flight, which several executions of the
//! same statement over the same data may share; each of them can be cancelled alone.

mod admission;
mod deadline;
mod flight;
mod line;
mod register;

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use crate::{Approval, Column, EngineChoice, ErrorKind, Estimate, Origin, Principal, QueryError, Request, ResultSet};
pub(crate) use admission::Admission;
pub(crate) use deadline::Deadline;
pub(crate) use flight::{Flights, Hold, Landing, Pilot, Place, Takeoff};
pub(crate) use line::{InLine, Line};
pub(crate) use register::Register;

/// Athena's states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ExecutionState {
    Queued,
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

impl ExecutionState {
    /// Nothing more will happen.
    pub fn is_final(self) -> bool {
        match self {
            ExecutionState::Queued | ExecutionState::Running => false,
            ExecutionState::Succeeded | ExecutionState::Failed | ExecutionState::Cancelled => true,
        }
    }
}

/// The JSON of `GET /api/v1/executions/{id}`.
#[derive(Debug, Clone, Serialize)]
pub struct ExecutionStatus {
    pub id: Ulid,
    pub state: ExecutionState,
    /// As its author wrote it.
    pub sql: String,
    pub engine: EngineChoice,
    pub route_reason: String,
    pub estimate: Option<Estimate>,
    pub statistics: Statistics,
    pub columns: Option<Vec<Column>>,
    /// Each as `catalog.database.table`.
    pub tables: Vec<String>,
    pub origin: Origin,
    /// Where someone had to agree first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// What it waits for while it is queued, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Waiting>,
    /// Up to when its data is, once it has succeeded: the time of the newest file it read, or of the run where another
    /// system keeps the tables.
    pub as_of: Option<DateTime<Utc>>,
    /// The result was cut at the configured limit.
    pub truncated: bool,
    pub error: Option<QueryError>,
    pub created_at: DateTime<Utc>,
}

/// A line that a run stands in before it reads anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Waiting {
    pub at: WaitsAt,
    /// Runs that came earlier and wait there too. Athena tells nobody its queue: these are ours.
    pub before: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WaitsAt {
    /// For the end of another run that Lakefront began.
    Lakefront,
    /// In Athena's own queue.
    Athena,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Statistics {
    pub scanned_bytes: Option<u64>,
    /// Decimal text.
    pub usd: Option<String>,
    pub rows: Option<u64>,
    pub queued_ms: u64,
    pub planning_ms: u64,
    pub engine_ms: Option<u64>,
    pub total_ms: Option<u64>,
    /// What reuse spared, or what Athena would have charged above `usd`; decimal text.
    pub saved_usd: Option<String>,
    /// The rows come from a stored result, or from a run that someone else had started.
    pub reused: bool,
}

/// How far a running query is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Progress {
    pub scanned_bytes: u64,
    pub rows: u64,
    /// 0 to 1.
    pub fraction: f64,
}

impl From<lakefront_engine::Progress> for Progress {
    fn from(engine: lakefront_engine::Progress) -> Self {
        Self { scanned_bytes: engine.scanned_bytes, rows: engine.rows, fraction: engine.fraction }
    }
}

/// One run of one statement.
pub struct Execution {
    pub id: Ulid,
    pub principal: Principal,
    pub catalog: Option<String>,
    pub database: Option<String>,
    status: watch::Sender<ExecutionStatus>,
    progress: watch::Sender<Progress>,
    result: OnceLock<Arc<ResultSet>>,
    cancelled: CancellationToken,
    started: Instant,
}

impl Execution {
    pub(crate) fn new(request: &Request) -> Arc<Self> {
        let id = Ulid::generate();
        let status = ExecutionStatus {
            id,
            state: ExecutionState::Queued,
            sql: request.sql.clone(),
            engine: match request.engine {
                EngineChoice::Auto => EngineChoice::Embedded,
                chosen => chosen,
            },
            route_reason: String::new(),
            estimate: None,
            statistics: Statistics::default(),
            columns: None,
            tables: Vec::new(),
            origin: request.origin.clone(),
            approval: None,
            waiting: None,
            as_of: None,
            truncated: false,
            error: None,
            created_at: Utc::now(),
        };
        Arc::new(Self {
            id,
            principal: request.principal.clone(),
            catalog: request.catalog.clone(),
            database: request.database.clone(),
            status: watch::Sender::new(status),
            progress: watch::Sender::new(Progress::default()),
            result: OnceLock::new(),
            cancelled: CancellationToken::new(),
            started: Instant::now(),
        })
    }

    pub fn status(&self) -> ExecutionStatus {
        self.status.borrow().clone()
    }

    pub fn state(&self) -> ExecutionState {
        self.status.borrow().state
    }

    /// Changes whenever the state or the statistics do.
    pub fn watch(&self) -> watch::Receiver<ExecutionStatus> {
        self.status.subscribe()
    }

    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Stops the run and frees its worker, unless another execution waits for the same rows.
    pub fn cancel(&self) {
        self.cancelled.cancel();
    }

    /// Waits for the end.
    pub async fn finished(&self) -> Result<Arc<ResultSet>, QueryError> {
        let mut status = self.status.subscribe();
        let last = status.wait_for(|status| status.state.is_final()).await.map_err(QueryError::internal)?;
        match (&last.error, self.result.get()) {
            (Some(error), _) => Err(error.clone()),
            (None, Some(result)) => Ok(result.clone()),
            (None, None) => Err(QueryError::internal("an execution ended without a result")),
        }
    }

    /// The rows, once there.
    pub fn result(&self) -> Option<Arc<ResultSet>> {
        self.result.get().cloned()
    }

    pub(crate) fn update(&self, change: impl FnOnce(&mut ExecutionStatus)) {
        self.status.send_modify(change);
    }

    pub(crate) fn report(&self, progress: Progress) {
        self.progress.send_replace(progress);
    }

    pub(crate) fn cancelled(&self) -> &CancellationToken {
        &self.cancelled
    }

    pub(crate) fn succeed(&self, result: Arc<ResultSet>, cost: Cost) {
        let total_ms = self.elapsed_ms();
        let rows = result.rows();
        let _ = self.result.set(result.clone());
        self.report(Progress { scanned_bytes: cost.scanned_bytes, rows, fraction: 1.0 });
        self.update(|status| {
            status.state = ExecutionState::Succeeded;
            status.waiting = None;
            status.columns = Some(result.columns());
            status.as_of = result.as_of();
            status.truncated = result.truncated();
            status.statistics.scanned_bytes = Some(cost.scanned_bytes);
            status.statistics.usd = Some(cost.usd);
            status.statistics.saved_usd = cost.saved_usd;
            status.statistics.rows = Some(rows);
            status.statistics.engine_ms = Some(cost.engine_ms);
            status.statistics.total_ms = Some(total_ms);
            status.statistics.reused = cost.reused;
        });
    }

    pub(crate) fn fail(&self, error: QueryError) {
        let total_ms = self.elapsed_ms();
        self.update(|status| {
            status.state = match error.code {
                "CANCELLED" => ExecutionState::Cancelled,
                _ => ExecutionState::Failed,
            };
            status.waiting = None;
            status.statistics.total_ms = Some(total_ms);
            status.error = Some(error);
        });
    }

    fn elapsed_ms(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }
}

/// What an execution is charged with.
pub(crate) struct Cost {
    pub(crate) scanned_bytes: u64,
    pub(crate) usd: String,
    pub(crate) saved_usd: Option<String>,
    pub(crate) engine_ms: u64,
    pub(crate) reused: bool,
}

pub(crate) fn cancelled() -> QueryError {
    QueryError::new("CANCELLED", ErrorKind::Conflict, "The statement was cancelled.")
}

pub(crate) fn timed_out(deadline: std::time::Duration) -> QueryError {
    QueryError::new(
        "TIMEOUT",
        ErrorKind::Limit,
        format!("The statement took longer than {} s.", (deadline.as_secs_f64() * 100.0).round() / 100.0),
    )
    .with_hint("Read less, or ask for a longer deadline.")
}
