//! The embedded engine: a client of the worker pool.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use futures::FutureExt;
use futures::future::BoxFuture;
use lakefront_engine::{Estimate, Frame, Job, Limits, Meter, Pool, Progress, Running, Statistics};
use tokio::sync::watch;

use super::{Beginning, Engine, Plan, Rows};
use crate::estimate::Price;
use crate::policy::Authorized;
use crate::{EngineChoice, QueryError};

pub(crate) struct Embedded {
    pool: Pool,
    price: Price,
}

impl Embedded {
    pub(crate) fn new(pool: Pool, price: Price) -> Self {
        Self { pool, price }
    }

    /// What Athena would read for the statement; nothing is run.
    pub(crate) fn foresee(
        &self,
        statement: Arc<Authorized>,
        limits: Limits,
    ) -> BoxFuture<'static, Result<Estimate, QueryError>> {
        let pool = self.pool.clone();
        async move {
            let job = Job { meter: Meter::Trino, ..statement.job(limits) };
            let prepared = pool.prepare(job).await.map_err(|error| statement.engine_error(error))?;
            Ok(prepared.estimate.clone())
        }
        .boxed()
    }
}

impl Engine for Embedded {
    fn choice(&self) -> EngineChoice {
        EngineChoice::Embedded
    }

    fn price(&self) -> Price {
        self.price
    }

    fn plan(
        &self,
        statement: Arc<Authorized>,
        limits: Limits,
        _foreseen: Option<u64>,
    ) -> BoxFuture<'static, Result<Plan, QueryError>> {
        let pool = self.pool.clone();
        async move {
            let prepared = pool.prepare(statement.job(limits)).await.map_err(|error| statement.engine_error(error))?;
            let schema = prepared.schema.clone();
            Ok(Plan {
                schema: Some(schema.clone()),
                estimate: Some(prepared.estimate.clone()),
                operators: prepared.operators.clone(),
                beginning: Beginning::default(),
                start: async move {
                    match prepared.run().await {
                        Ok(running) => Ok(Box::new(EmbeddedRows { statement, schema, running }) as Box<dyn Rows>),
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
    schema: SchemaRef,
    running: Running,
}

impl Rows for EmbeddedRows {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

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
