//! What an engine is to the road: something that plans an authorised statement and streams rows.

mod embedded;

use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use futures::future::BoxFuture;
use lakefront_engine::{Frame, Statistics};
use tokio::sync::watch;

use crate::QueryError;
use crate::policy::Authorized;

pub(crate) use embedded::Embedded;

/// Dropping what an engine returns, futures included, stops it.
pub(crate) trait Engine: Send + Sync {
    /// Plans, and says what would be read.
    fn plan(&self, statement: Arc<Authorized>, deadline: Duration) -> BoxFuture<'static, Result<Plan, QueryError>>;
}

/// A planned statement.
pub(crate) struct Plan {
    pub(crate) schema: SchemaRef,
    pub(crate) estimate: lakefront_engine::Estimate,
    /// Starts the run.
    pub(crate) start: BoxFuture<'static, Result<Box<dyn Rows>, QueryError>>,
}

/// The rows of a run, in record batches.
pub(crate) trait Rows: Send {
    /// `None` after the last one. Nothing follows an error.
    fn next(&mut self) -> BoxFuture<'_, Option<Result<Frame, QueryError>>>;

    fn progress(&self) -> watch::Receiver<lakefront_engine::Progress>;

    /// Complete once there is no next batch.
    fn statistics(&self) -> Statistics;
}
