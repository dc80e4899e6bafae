//! A running query: state, progress, deadline, cancel, statistics.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio::sync::watch;
use ulid::Ulid;

use crate::{Column, EngineChoice, Estimate, Principal, QueryError, ResultSet};

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
    /// The result was cut at the configured limit.
    pub truncated: bool,
    pub error: Option<QueryError>,
    pub created_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct Statistics {
    pub scanned_bytes: Option<u64>,
    /// Decimal text.
    pub usd: Option<String>,
    pub rows: Option<u64>,
    pub queued_ms: u64,
    pub planning_ms: u64,
    pub engine_ms: Option<u64>,
    pub total_ms: Option<u64>,
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

/// One run of one statement.
pub struct Execution {
    pub id: Ulid,
    pub principal: Principal,
    pub catalog: Option<String>,
    pub database: Option<String>,
}

impl Execution {
    pub fn status(&self) -> ExecutionStatus {
        todo!()
    }

    /// Changes whenever the state or the statistics do.
    pub fn watch(&self) -> watch::Receiver<ExecutionStatus> {
        todo!()
    }

    pub fn progress(&self) -> watch::Receiver<Progress> {
        todo!()
    }

    /// Stops the run and frees its worker, unless another execution waits for the same rows.
    pub fn cancel(&self) {
        todo!()
    }

    /// Waits for the end.
    pub async fn finished(&self) -> Result<Arc<ResultSet>, QueryError> {
        todo!()
    }

    /// The rows, once there.
    pub fn result(&self) -> Option<Arc<ResultSet>> {
        todo!()
    }
}
