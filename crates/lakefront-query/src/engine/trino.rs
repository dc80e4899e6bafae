//! A Trino of one's own, over the tables it keeps.

use std::sync::Arc;
use std::time::Instant;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::FutureExt;
use futures::future::BoxFuture;
use lakefront_engine::{Limits, Progress, Statistics};
use tokio::sync::watch;

use super::linked::{self, Run};
use super::{Engine, Plan};
use crate::catalog::{ColumnInfo, Link, LinkedTable};
use crate::policy::Authorized;
use crate::trino::{TrinoClient, TrinoConfig, TrinoRun, TrinoSession};
use crate::{EngineChoice, QueryError};

#[derive(Debug)]
pub(crate) struct Trino {
    client: TrinoClient,
    location: String,
    catalog: String,
    identity: String,
}

impl Trino {
    pub(crate) fn new(config: TrinoConfig) -> Result<Self, QueryError> {
        let location = format!("{}/{}", config.url, config.catalog);
        let (catalog, identity) = (config.catalog.clone(), config.identity());
        Ok(Self { location, catalog, identity, client: TrinoClient::new(config)? })
    }
}

impl Engine for Trino {
    fn choice(&self) -> EngineChoice {
        EngineChoice::Trino
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
            let session = TrinoSession { on_behalf_of: Some(sent.principal().name.clone()), ..TrinoSession::default() };
            client.run(sent.linked_sql(), &session, deadline).await
        })
    }
}

impl Link for Trino {
    fn kind(&self) -> &'static str {
        "trino"
    }

    fn location(&self) -> String {
        self.location.clone()
    }

    fn own_name(&self) -> Option<&str> {
        Some(&self.catalog)
    }

    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn tables(&self) -> BoxFuture<'_, Result<Vec<LinkedTable>, QueryError>> {
        async {
            let tables = self.client.tables().await?;
            let table = |table: crate::trino::TrinoTable| LinkedTable {
                database: table.schema,
                name: table.name,
                columns: table.columns.into_iter().map(|(name, kind)| ColumnInfo::of(name, kind)).collect(),
                is_view: table.is_view,
                ..LinkedTable::default()
            };
            Ok(tables.into_iter().map(table).collect())
        }
        .boxed()
    }
}

impl Run for TrinoRun {
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
