//! What an engine is to the road: something that plans an authorised statement and streams rows.

mod athena;
mod embedded;
mod linked;
mod postgres;
mod trino;

use std::sync::{Arc, LazyLock};

use arrow::datatypes::SchemaRef;
use futures::future::BoxFuture;
use lakefront_engine::{Frame, Limits, Statistics};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use crate::estimate::Price;
use crate::execution::Waiting;
use crate::policy::Authorized;
use crate::{EngineChoice, QueryError};

pub(crate) use athena::AthenaLink;
pub(crate) use embedded::Embedded;
pub(crate) use postgres::Postgres;
pub(crate) use trino::Trino;

/// Tasks that end what runs in another system; they outlive whoever asked for it.
pub(crate) static ENDINGS: LazyLock<TaskTracker> = LazyLock::new(TaskTracker::new);

/// Dropping what an engine returns, futures included, stops it.
pub(crate) trait Engine: Send + Sync {
    fn choice(&self) -> EngineChoice;

    /// What it costs that it reads. Nothing, where someone pays for machines rather than for bytes.
    fn price(&self) -> Price {
        Price::FREE
    }

    /// Plans, and says what would be read. `foreseen` is the bytes of that, where they are known before.
    fn plan(
        &self,
        statement: Arc<Authorized>,
        limits: Limits,
        foreseen: Option<u64>,
    ) -> BoxFuture<'static, Result<Plan, QueryError>>;
}

/// A planned statement.
pub(crate) struct Plan {
    /// `None` where only a run would tell.
    pub(crate) estimate: Option<lakefront_engine::Estimate>,
    /// The operators in lines, where they are asked for and known.
    pub(crate) operators: Vec<String>,
    /// The columns, where they are known before the run.
    pub(crate) schema: Option<SchemaRef>,
    /// Starts the run.
    pub(crate) start: BoxFuture<'static, Result<Box<dyn Rows>, QueryError>>,
    pub(crate) beginning: Beginning,
}

/// What is known of a run before it has rows. Nothing changes any more once the senders are gone.
pub(crate) struct Beginning {
    pub(crate) waiting: watch::Receiver<Option<Waiting>>,
    pub(crate) progress: watch::Receiver<lakefront_engine::Progress>,
}

impl Default for Beginning {
    fn default() -> Self {
        Self { waiting: watch::channel(None).1, progress: watch::Sender::default().subscribe() }
    }
}

/// The rows of a run, in record batches.
pub(crate) trait Rows: Send {
    fn schema(&self) -> SchemaRef;

    /// `None` after the last one. Nothing follows an error.
    fn next(&mut self) -> BoxFuture<'_, Option<Result<Frame, QueryError>>>;

    fn progress(&self) -> watch::Receiver<lakefront_engine::Progress>;

    /// Complete once there is no next batch.
    fn statistics(&self) -> Statistics;

    /// Whether the engine charges for this run.
    fn is_charged(&self) -> bool {
        true
    }
}
