use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ulid::Ulid;

use crate::{Page, PageRequest, Person, Result, Scope, Store};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ExecutionState {
    Queued,
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

/// One run of one statement, as the history shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExecutionRecord {
    pub id: Ulid,
    /// `None` when the system ran it.
    pub principal: Option<Person>,
    pub sql: String,
    pub parameters: Value,
    pub catalog: Option<String>,
    pub database: Option<String>,
    pub engine: Option<String>,
    pub route_reason: Option<String>,
    pub state: ExecutionState,
    pub estimate: Option<Value>,
    pub statistics: Option<Value>,
    pub columns: Option<Value>,
    pub error: Option<Value>,
    pub created_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
}

/// An execution as it begins; its principal is the scope's user.
#[derive(Clone, Debug)]
pub struct NewExecution {
    pub id: Ulid,
    pub sql: String,
    pub parameters: Value,
    pub catalog: Option<String>,
    pub database: Option<String>,
    pub engine: Option<String>,
    pub route_reason: Option<String>,
    pub state: ExecutionState,
    pub estimate: Option<Value>,
}

/// What became known since; `None` leaves as it is.
#[derive(Clone, Debug, Default)]
pub struct ExecutionUpdate {
    /// A final state sets `finished_at` and is never left again.
    pub state: Option<ExecutionState>,
    pub engine: Option<String>,
    pub route_reason: Option<String>,
    pub estimate: Option<Value>,
    pub statistics: Option<Value>,
    pub columns: Option<Value>,
    pub error: Option<Value>,
}

#[derive(Clone, Debug, Default)]
pub struct ExecutionFilter {
    /// Only one's own, for administrators too (others see their own anyway).
    pub mine: bool,
    pub state: Option<ExecutionState>,
    pub since: Option<DateTime<Utc>>,
    /// Part of the SQL, any case.
    pub search: Option<String>,
    pub page: PageRequest,
}

impl Store {
    pub async fn insert_execution(&self, scope: &Scope, new: NewExecution) -> Result<()> {
        todo!()
    }

    /// By its principal or the system. A finished execution is not changed any more (the call is then without effect).
    pub async fn update_execution(&self, scope: &Scope, id: Ulid, update: ExecutionUpdate) -> Result<()> {
        todo!()
    }

    /// One's own; administrators anyone's.
    pub async fn execution(&self, scope: &Scope, id: Ulid) -> Result<ExecutionRecord> {
        todo!()
    }

    /// Newest first: one's own; administrators everyone's.
    pub async fn executions(&self, scope: &Scope, filter: ExecutionFilter) -> Result<Page<ExecutionRecord>> {
        todo!()
    }

    /// Marks what was begun before `before` and never finished as `FAILED` with `error` (a process that died); by the system only.
    pub async fn fail_abandoned_executions(&self, scope: &Scope, before: DateTime<Utc>, error: Value) -> Result<u64> {
        todo!()
    }

    /// Deletes history older than `before`; by the system only.
    pub async fn delete_executions(&self, scope: &Scope, before: DateTime<Utc>) -> Result<u64> {
        todo!()
    }
}
