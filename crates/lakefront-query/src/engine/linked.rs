//! A statement in another system, on its way to the road: its errors in the author's text, its rows cut at the limits.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::FutureExt;
use futures::future::BoxFuture;
use lakefront_engine::{Frame, Limits, Progress, Statistics};
use tokio::sync::watch;

use super::{Beginning, Plan, Rows};
use crate::QueryError;
use crate::policy::Authorized;
use crate::result::batch_message;

/// A statement that runs in another system. Dropping it stops it there.
pub(super) trait Run: Send + 'static {
    fn schema(&self) -> &SchemaRef;

    /// `None` after the last batch. Nothing follows an error.
    fn next(&mut self) -> BoxFuture<'_, Option<Result<RecordBatch, QueryError>>>;

    fn progress(&self) -> watch::Receiver<Progress>;

    /// Complete once there is no next batch.
    fn statistics(&self) -> Statistics;

    fn is_charged(&self) -> bool {
        true
    }
}

/// The plan of a statement that only the other system plans, when it starts.
pub(super) fn plan<R: Run>(
    statement: Arc<Authorized>,
    limits: Limits,
    started: impl Future<Output = Result<R, QueryError>> + Send + 'static,
) -> BoxFuture<'static, Result<Plan, QueryError>> {
    let start = async move {
        match started.await {
            Ok(run) => Ok(Box::new(LinkedRows { statement, run, cut: Cut::new(&limits) }) as Box<dyn Rows>),
            Err(error) => Err(statement.link_error(error)),
        }
    };
    async {
        Ok(Plan {
            schema: None,
            estimate: None,
            operators: Vec::new(),
            start: start.boxed(),
            beginning: Beginning::default(),
        })
    }
    .boxed()
}

struct LinkedRows<R> {
    statement: Arc<Authorized>,
    run: R,
    cut: Cut,
}

impl<R: Run> Rows for LinkedRows<R> {
    fn schema(&self) -> SchemaRef {
        self.run.schema().clone()
    }

    fn next(&mut self) -> BoxFuture<'_, Option<Result<Frame, QueryError>>> {
        async {
            // The next row of the other system may be long in coming, and is not wanted.
            if self.cut.truncated {
                return None;
            }
            match self.run.next().await? {
                Ok(batch) => self.cut.frame(&batch).transpose(),
                Err(error) => Some(Err(self.statement.link_error(error))),
            }
        }
        .boxed()
    }

    fn progress(&self) -> watch::Receiver<Progress> {
        self.run.progress()
    }

    fn statistics(&self) -> Statistics {
        Statistics { truncated: self.cut.truncated, ..self.run.statistics() }
    }

    fn is_charged(&self) -> bool {
        self.run.is_charged()
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
