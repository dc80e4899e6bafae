//! Athena: one statement from its start to its rows.
//!
//! What it promises:
//! - **No orphan.** What may run is stopped when its future or handle is dropped, when its time is over, and when the
//!   answer to its start was lost. Starting and stopping are tasks of their own, which outlive whoever asked.
//! - **One poller for all runs** of a handle ([`poller`]), fast at first, then easing.
//! - **Bounded.** Rows come as a stream; at most some 8 MiB blocks of a result are in memory.

mod columns;
mod csv;
mod failure;
mod journal;
mod leftovers;
mod pace;
mod poller;
mod price;
mod result;
mod start;
mod unload;
mod wire;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lakefront_engine::Progress;
use tokio::sync::watch;

use super::Aws;
use crate::execution::{Deadline, InLine, Line};
use crate::{Principal, QueryError};
use journal::Journal;
use leftovers::Leftovers;
use poller::Poller;
pub use price::per_tb_usd;
pub(crate) use price::{LEAST, STEP};
pub use result::AthenaRun;
use start::Alive;
use wire::{QueryExecution, State};

/// Queries are looked at this long after their start for the first time.
const FIRST_LOOK: Duration = Duration::from_millis(50);

/// How statements run.
#[derive(Debug, Clone)]
pub struct AthenaConfig {
    pub workgroup: String,
    /// `AwsDataCatalog`, unless a federated one is meant.
    pub catalog: String,
    /// `s3://bucket/prefix/`; `None` where the workgroup says it, or keeps results itself.
    pub output_location: Option<String>,
    /// Oldest result of Athena's own that will do, in minutes; `None` runs every statement.
    pub reuse_minutes: Option<u32>,
}

/// What Athena does at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AthenaState {
    /// Behind so many that this handle or a clone of it queued earlier; of those of others Athena tells nothing.
    Queued {
        before: usize,
    },
    Running,
}

/// One statement to run.
pub struct AthenaRequest {
    pub sql: String,
    pub database: Option<String>,
    /// SQL literals for the statement's `?`, in order.
    pub parameters: Vec<String>,
    /// For whom; two people never share a run.
    pub principal: String,
    /// Queueing, running and reading end here.
    pub deadline: Instant,
    /// The same seed makes the same token, and so the same run.
    pub token_seed: String,
    /// What the tables hold, in a word that changes with it. A query that a killed process left is taken up where the
    /// same statement runs for the same person over the same data; `None` where nobody knows.
    pub data: Option<String>,
    /// Let Athena write many rows as Parquet (UNLOAD), where it can; the rows are the same.
    pub unload: bool,
    pub progress: Option<watch::Sender<Progress>>,
    /// Called when the state or the place in the queue changes, from the first wait on.
    pub on_state: Option<Box<dyn Fn(AthenaState) + Send + Sync>>,
}

impl fmt::Debug for AthenaRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AthenaRequest")
            .field("sql", &self.sql)
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

/// Runs statements in one workgroup. Cheap to clone; clones share the poller and the line of what is queued.
#[derive(Debug, Clone)]
pub struct Athena {
    aws: Aws,
    config: Arc<AthenaConfig>,
    poller: Poller,
    queued: Line,
    /// Queries that the next process takes care of if this one is killed.
    journal: Option<Arc<Journal>>,
    leftovers: Arc<Leftovers>,
}

impl Athena {
    pub fn new(aws: Aws, config: AthenaConfig) -> Self {
        Self {
            poller: Poller::new(aws.clone()),
            aws,
            config: Arc::new(config),
            queued: Line::default(),
            journal: None,
            leftovers: Arc::default(),
        }
    }

    /// With a folder that says which queries may run, for whoever comes after this process. What is found there of a
    /// process that is gone is stopped, unless someone asks for the same within `patience`. Within a runtime.
    pub fn with_journal(aws: Aws, config: AthenaConfig, folder: &Path, patience: Duration) -> Result<Self, QueryError> {
        let (journal, left) = Journal::open(folder).map_err(QueryError::internal)?;
        let leftovers = Leftovers::hold(&aws, left, patience);
        Ok(Self { journal: Some(journal), leftovers, ..Self::new(aws, config) })
    }

    /// Runs statements in the name of the person who asks, where the connection tells people apart. The poller is the same.
    pub async fn acting_for(&self, principal: &Principal) -> Result<Self, QueryError> {
        Ok(Self { aws: self.aws.acting_for(principal).await?, ..self.clone() })
    }

    /// Starts a statement, waiting in line where the account runs as many as it may, and comes back once it has
    /// succeeded. Dropping the future stops the query.
    ///
    /// Errors are those of the statement (`SYNTAX_ERROR`, `COLUMN_NOT_FOUND`, … with the position), `FORBIDDEN` naming
    /// what to allow, `SCAN_LIMIT_EXCEEDED`, `RESOURCE_LIMIT`, `TIMEOUT`, `CANCELLED`, `TOO_MANY_REQUESTS`,
    /// `AWS_UNAVAILABLE`, `CREDENTIALS_EXPIRED` and `CREDENTIALS_MISSING`.
    pub async fn run(&self, request: AthenaRequest) -> Result<AthenaRun, QueryError> {
        let deadline = Deadline::until(request.deadline);
        let mut report = Report::new(self.queued.clone(), request.progress, request.on_state);
        let order = start::Order {
            sql: request.sql,
            database: request.database,
            parameters: request.parameters,
            principal: request.principal,
            seed: request.token_seed,
            data: request.data,
        };
        let work = async {
            if request.unload
                && let Some(run) = self.unload(&order, &mut report, deadline).await?
            {
                return Ok(run);
            }
            let execution = self.execute(order, &mut report).await?;
            AthenaRun::open(self.aws.clone(), &execution, report.progress, deadline).await
        };
        deadline.holds(work).await
    }

    /// Stops a query; one that has ended is left as it is. Goes on when the future is dropped.
    pub async fn stop(&self, query_execution_id: &str) -> Result<(), QueryError> {
        let stopping = tokio::spawn(start::stop(self.aws.clone(), query_execution_id.to_owned()));
        Ok(stopping.await.map_err(QueryError::internal)??)
    }

    /// Starts a statement, or takes up the same one of a killed process, and sees it succeed.
    async fn execute(&self, order: start::Order, report: &mut Report) -> Result<Arc<QueryExecution>, QueryError> {
        if let Some(left) = order.claim(&self.config).and_then(|claim| self.leftovers.take(&claim)) {
            tracing::info!(query_execution_id = left.id(), "taking up Athena query {}", left.id());
            match self.finish(left.in_name_of(self.aws.clone()), Duration::ZERO, report).await {
                // Not by whoever asks now.
                Err(error) if error.code == "CANCELLED" => {}
                ended => return ended,
            }
        }
        report.queued();
        let query = report.during(start::start(&self.aws, &self.config, self.journal.clone(), order)).await?;
        self.finish(query, FIRST_LOOK, report).await
    }

    async fn finish(
        &self,
        query: Alive,
        first_look: Duration,
        report: &mut Report,
    ) -> Result<Arc<QueryExecution>, QueryError> {
        let mut looks = self.poller.watch(query.id(), first_look);
        loop {
            report.during(looks.changed()).await.map_err(|_| QueryError::internal("the poller of Athena ended"))?;
            let Some(look) = looks.borrow_and_update().clone() else { continue };
            let execution = look?;
            report.look(&execution);
            match execution.status.state {
                State::Queued | State::Running | State::Other => {}
                State::Succeeded => {
                    query.ended();
                    return Ok(execution);
                }
                State::Failed | State::Cancelled => {
                    query.ended();
                    return Err(failure::of(&execution));
                }
            }
        }
    }
}

/// Tells those who wait what happens.
struct Report {
    progress: Option<watch::Sender<Progress>>,
    on_state: Option<Box<dyn Fn(AthenaState) + Send + Sync>>,
    told: Option<AthenaState>,
    line: Line,
    /// While it is queued.
    place: Option<InLine>,
}

impl Report {
    fn new(
        line: Line,
        progress: Option<watch::Sender<Progress>>,
        on_state: Option<Box<dyn Fn(AthenaState) + Send + Sync>>,
    ) -> Self {
        Self { progress, on_state, told: None, line, place: None }
    }

    fn queued(&mut self) {
        let before = self.place.get_or_insert_with(|| self.line.join()).before();
        self.state(AthenaState::Queued { before });
    }

    fn state(&mut self, state: AthenaState) {
        if self.told.replace(state) != Some(state)
            && let Some(on_state) = &self.on_state
        {
            on_state(state);
        }
    }

    /// Tells of each step in the queue until the work is done.
    async fn during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        while let Some(place) = &mut self.place {
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = place.moved() => self.queued(),
            }
        }
        work.await
    }

    fn look(&mut self, execution: &QueryExecution) {
        match execution.status.state {
            State::Queued => self.queued(),
            State::Running => {
                self.place = None;
                self.state(AthenaState::Running);
            }
            _ => self.place = None,
        }
        if let Some(progress) = &self.progress {
            let scanned_bytes = match execution.status.state {
                // Athena charges for what was stopped, but not for what failed.
                State::Failed => 0,
                _ => execution.statistics.data_scanned_in_bytes,
            };
            progress.send_if_modified(|now| {
                let changed = now.scanned_bytes != scanned_bytes;
                now.scanned_bytes = scanned_bytes;
                changed
            });
        }
    }
}
