//! A PostgreSQL, over the tables it keeps.

use std::sync::Arc;
use std::time::Instant;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::FutureExt;
use futures::future::BoxFuture;
use lakefront_engine::{Limits, Progress, Statistics};
use lakefront_trino::Sql;
use tokio::sync::watch;

use super::linked::{self, Run};
use super::{Engine, Plan};
use crate::catalog::{Link, LinkedTable};
use crate::policy::Authorized;
use crate::postgres::{PostgresClient, PostgresColumn, PostgresConfig, PostgresRun, PostgresTable};
use crate::{ColumnInfo, EngineChoice, QueryError};

#[derive(Debug)]
pub(crate) struct Postgres {
    client: PostgresClient,
    location: String,
    identity: String,
}

impl Postgres {
    pub(crate) fn new(config: PostgresConfig) -> Result<Self, QueryError> {
        let location = config.location();
        Ok(Self { identity: format!("{} at {location}", config.user), location, client: PostgresClient::new(config)? })
    }
}

impl Engine for Postgres {
    fn choice(&self) -> EngineChoice {
        EngineChoice::Postgres
    }

    fn plan(
        &self,
        statement: Arc<Authorized>,
        limits: Limits,
        _foreseen: Option<u64>,
    ) -> BoxFuture<'static, Result<Plan, QueryError>> {
        let client = self.client.clone();
        let deadline = Instant::now() + limits.deadline;
        let sent = statement.clone();
        linked::plan(statement, limits, async move {
            client.run(sent.linked_sql(), sent.literals().to_vec(), deadline).await
        })
    }
}

impl Link for Postgres {
    fn kind(&self) -> &'static str {
        "postgres"
    }

    fn location(&self) -> String {
        self.location.clone()
    }

    /// A name with a database before it is the same as without, and a pooler may call the database otherwise.
    fn own_name(&self) -> Option<&str> {
        None
    }

    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn sql(&self) -> Sql {
        Sql::Postgres
    }

    fn tables(&self) -> BoxFuture<'_, Result<Vec<LinkedTable>, QueryError>> {
        async { Ok(self.client.tables().await?.into_iter().map(as_linked).collect()) }.boxed()
    }
}

fn as_linked(table: PostgresTable) -> LinkedTable {
    let column = |column: PostgresColumn| ColumnInfo {
        comment: column.comment,
        ..ColumnInfo::of(column.name, column.type_name)
    };
    LinkedTable {
        columns: table.columns.into_iter().map(column).collect(),
        database: table.schema,
        name: table.name,
        is_view: table.is_view,
        // Those that `lakefront seed` has loaded say there what they were loaded from.
        content: table.comment,
        ..LinkedTable::default()
    }
}

impl Run for PostgresRun {
    fn schema(&self) -> &SchemaRef {
        self.schema()
    }

    fn next(&mut self) -> BoxFuture<'_, Option<Result<RecordBatch, QueryError>>> {
        self.next().boxed()
    }

    fn progress(&self) -> watch::Receiver<Progress> {
        self.progress()
    }

    fn statistics(&self) -> Statistics {
        self.statistics()
    }
}
