//! What an engine is to the road: something that plans an authorised statement and streams rows.

mod athena;
mod embedded;
mod postgres;
mod trino;

use std::sync::{Arc, LazyLock};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::future::BoxFuture;
use lakefront_engine::{Frame, Limits, Statistics};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use crate::estimate::Price;
use crate::policy::Authorized;
use crate::result::batch_message;
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

    /// Plans, and says what would be read.
    fn plan(&self, statement: Arc<Authorized>, limits: Limits) -> BoxFuture<'static, Result<Plan, QueryError>>;
}

/// A planned statement.
pub(crate) struct Plan {
    /// `None` where only a run would tell.
    pub(crate) estimate: Option<lakefront_engine::Estimate>,
    /// The columns, where they are known before the run.
    pub(crate) schema: Option<SchemaRef>,
    /// Starts the run.
    pub(crate) start: BoxFuture<'static, Result<Box<dyn Rows>, QueryError>>,
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

/// Ends a result at its limits, for engines that know none.
struct Cut {
    rows_left: u64,
    bytes_left: u64,
    truncated: bool,
}

impl Cut {
    fn new(limits: &Limits) -> Self {
        Self { rows_left: limits.result_rows, bytes_left: limits.result_bytes, truncated: false }
    }

    /// The batch for the road, as far as it may go; `None` once nothing may.
    fn frame(&mut self, batch: &RecordBatch) -> Result<Option<Frame>, QueryError> {
        let rows = (batch.num_rows() as u64).min(self.rows_left);
        self.truncated |= rows < batch.num_rows() as u64;
        let ipc = batch_message(&batch.slice(0, rows as usize)).map_err(QueryError::internal)?;
        let bytes = ipc.len() as u64;
        if self.bytes_left < bytes {
            self.truncated = true;
            self.rows_left = 0;
        }
        if rows == 0 || self.bytes_left < bytes {
            return Ok(None);
        }
        self.rows_left -= rows;
        self.bytes_left -= bytes;
        Ok(Some(Frame { ipc, rows }))
    }
}
