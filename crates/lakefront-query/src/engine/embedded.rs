//! The embedded engine: a client of the worker pool.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use lakefront_engine::{Frame, Limits, Pool, Progress, Running, Statistics};
use tokio::sync::watch;

use super::{Engine, Plan, Rows};
use crate::policy::Authorized;
use crate::{QueryError, QueryLimits};

pub(crate) struct Embedded {
    pool: Pool,
    limits: QueryLimits,
}

impl Embedded {
    pub(crate) fn new(pool: Pool, limits: QueryLimits) -> Self {
        Self { pool, limits }
    }
}

impl Engine for Embedded {
    fn plan(&self, statement: Arc<Authorized>, deadline: Duration) -> BoxFuture<'static, Result<Plan, QueryError>> {
        let pool = self.pool.clone();
        let limits = Limits {
            deadline,
            memory_bytes: self.limits.memory_bytes,
            spill_bytes: self.limits.spill_bytes,
            result_rows: self.limits.result_rows,
            result_bytes: self.limits.result_bytes,
        };
        async move {
            let prepared = pool.prepare(statement.job(limits)).await.map_err(|error| statement.engine_error(error))?;
            Ok(Plan {
                schema: prepared.schema.clone(),
                estimate: prepared.estimate.clone(),
                start: async move {
                    match prepared.run().await {
                        Ok(running) => Ok(Box::new(EmbeddedRows { statement, running }) as Box<dyn Rows>),
                        Err(error) => Err(statement.engine_error(error)),
                    }
                }
                .boxed(),
            })
        }
        .boxed()
    }
}

struct EmbeddedRows {
    statement: Arc<Authorized>,
    running: Running,
}

impl Rows for EmbeddedRows {
    fn next(&mut self) -> BoxFuture<'_, Option<Result<Frame, QueryError>>> {
        async {
            let frame = self.running.next().await?;
            Some(frame.map_err(|error| self.statement.engine_error(error)))
        }
        .boxed()
    }

    fn progress(&self) -> watch::Receiver<Progress> {
        self.running.progress()
    }

    fn statistics(&self) -> Statistics {
        self.running.statistics()
    }
}
