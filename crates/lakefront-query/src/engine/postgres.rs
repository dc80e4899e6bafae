//! A PostgreSQL, over the tables it keeps.

use std::sync::Arc;
use std::time::Instant;

use arrow::datatypes::SchemaRef;
use futures::FutureExt;
use futures::future::BoxFuture;
use lakefront_engine::{Frame, Limits, Progress, Statistics};
use lakefront_trino::Sql;
use tokio::sync::watch;

use super::{Cut, Engine, Plan, Rows};
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

    fn plan(&self, statement: Arc<Authorized>, limits: Limits) -> BoxFuture<'static, Result<Plan, QueryError>> {
        let client = self.client.clone();
        let deadline = Instant::now() + limits.deadline;
        let start = async move {
            match client.run(statement.linked_sql(), statement.literals().to_vec(), deadline).await {
                Ok(run) => Ok(Box::new(PostgresRows { statement, run, cut: Cut::new(&limits) }) as Box<dyn Rows>),
                Err(error) => Err(statement.link_error(error)),
            }
        };
        async { Ok(Plan { schema: None, estimate: None, start: start.boxed() }) }.boxed()
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
        async { Ok(self.client.tables().await?.into_iter().map(linked).collect()) }.boxed()
    }
}

fn linked(table: PostgresTable) -> LinkedTable {
    let column = |column: PostgresColumn| ColumnInfo {
        comment: column.comment,
        ..ColumnInfo::of(column.name, column.type_name)
    };
    LinkedTable {
        columns: table.columns.into_iter().map(column).collect(),
        database: table.schema,
        name: table.name,
        is_view: table.is_view,
        ..LinkedTable::default()
    }
}

struct PostgresRows {
    statement: Arc<Authorized>,
    run: PostgresRun,
    cut: Cut,
}

impl Rows for PostgresRows {
    fn schema(&self) -> SchemaRef {
        self.run.schema().clone()
    }

    fn next(&mut self) -> BoxFuture<'_, Option<Result<Frame, QueryError>>> {
        async {
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
}
