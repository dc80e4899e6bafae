//! Who may spend what: the road asks before anything is read, whoever keeps the books answers.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use serde::Serialize;
use ulid::Ulid;

use crate::catalog::Bound;
use crate::{EngineChoice, Estimate, Origin, Principal, QueryError};

/// Keeps the books. Asked once for every run that an engine would do; stored results cost nothing.
pub trait Guard: fmt::Debug + Send + Sync {
    /// Tables that are read only with conditions on their partition keys.
    fn partition_rules(&self) -> BoxFuture<'_, Result<Arc<PartitionRules>, QueryError>>;

    /// Whether a planned run may begin. An error refuses it.
    fn admit<'a>(&'a self, ask: &'a Ask) -> BoxFuture<'a, Result<Admission, QueryError>>;

    /// Waits until someone has decided (`TOO_MANY_REQUESTS` for too many of one principal), as long as the guard lets anyone wait. Dropping it withdraws the question.
    fn decision<'a>(&'a self, ask: &'a Ask, reason: &'a str) -> BoxFuture<'a, Result<Decision, QueryError>>;
}

/// Partition keys by catalog, database and table, all in lower case.
pub type PartitionRules = HashMap<(String, String, String), Vec<String>>;

/// A planned run that would begin now.
#[derive(Debug, Clone)]
pub struct Ask {
    pub execution: Ulid,
    pub principal: Principal,
    pub origin: Origin,
    pub sql: String,
    pub engine: EngineChoice,
    pub route_reason: String,
    /// `None` where only a run would tell.
    pub estimate: Option<Estimate>,
    pub tables: Vec<TableShare>,
    /// Up to so many bytes someone has agreed to what budgets would have asked about.
    pub approved_bytes: Option<u64>,
}

impl TableShare {
    pub(crate) fn unknown(table: &Bound) -> Self {
        Self {
            catalog: table.catalog().to_owned(),
            database: table.database().to_owned(),
            table: table.name().to_owned(),
            bytes: 0,
        }
    }
}

impl From<&lakefront_engine::TableEstimate> for TableShare {
    fn from(table: &lakefront_engine::TableEstimate) -> Self {
        Self {
            catalog: table.catalog.clone(),
            database: table.database.clone(),
            table: table.table.clone(),
            bytes: table.bytes,
        }
    }
}

/// What of a run's bytes a table takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableShare {
    pub catalog: String,
    pub database: String,
    pub table: String,
    pub bytes: u64,
}

pub enum Admission {
    Run(Box<dyn Charge>),
    /// Someone has to agree first, for the reason given.
    Wait(String),
}

/// What a run is going to cost, set aside until it is known.
pub trait Charge: Send {
    /// The run has ended, well or not.
    fn settle(self: Box<Self>, spent: Spent);
}

/// What a run has read and what it is charged with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spent {
    pub scanned_bytes: u64,
    /// Decimal text.
    pub usd: String,
    /// What Athena would have charged above that; decimal text.
    pub saved_usd: Option<String>,
    /// It ended with all its rows.
    pub complete: bool,
}

/// What whoever was asked has said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub approved: bool,
    pub by: String,
    pub note: Option<String>,
}

/// A run that had to be agreed to, as its status shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Approval {
    pub state: ApprovalState,
    pub reason: String,
    pub estimate: Option<Estimate>,
    pub asked_at: DateTime<Utc>,
    /// Who decided.
    pub by: Option<String>,
    pub note: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ApprovalState {
    Waiting,
    Approved,
    Rejected,
}

impl Approval {
    pub(crate) fn asked(reason: &str, estimate: Option<Estimate>) -> Self {
        Self {
            state: ApprovalState::Waiting,
            reason: reason.to_owned(),
            estimate,
            asked_at: Utc::now(),
            by: None,
            note: None,
        }
    }
}

/// Lets everything run.
#[derive(Debug, Default)]
pub struct Unguarded;

impl Guard for Unguarded {
    fn partition_rules(&self) -> BoxFuture<'_, Result<Arc<PartitionRules>, QueryError>> {
        Box::pin(async { Ok(Arc::default()) })
    }

    fn admit<'a>(&'a self, _: &'a Ask) -> BoxFuture<'a, Result<Admission, QueryError>> {
        Box::pin(async { Ok(Admission::Run(Box::new(Unguarded))) })
    }

    fn decision<'a>(&'a self, _: &'a Ask, _: &'a str) -> BoxFuture<'a, Result<Decision, QueryError>> {
        Box::pin(async { Err(QueryError::internal("nobody is there to ask")) })
    }
}

impl Charge for Unguarded {
    fn settle(self: Box<Self>, _: Spent) {}
}
