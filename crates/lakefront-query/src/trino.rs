//! A client of Trino's statement protocol: a statement is posted, and its rows come by following `nextUri` until
//! there is none (<https://trino.io/docs/current/develop/client-protocol.html>).
//!
//! What it promises: rows arrive as Arrow batches while they are made, never all at once; values and their types are
//! what Trino says; whatever ends a run early, dropping it included, ends it on Trino too; nothing goes to another
//! host than the configured one. Spooled result segments are not asked for, since they lie elsewhere.

mod answer;
mod config;
mod failure;
mod retry;
mod run;
mod session;
mod tables;
mod types;
mod values;
mod wire;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Instant;

pub use config::{TrinoAuth, TrinoConfig};
pub use run::TrinoRun;
pub use session::TrinoSession;
pub use tables::TrinoTable;

use crate::QueryError;
use wire::Wire;

/// One Trino and the catalog on it. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct TrinoClient {
    wire: Wire,
    catalog: String,
    /// Of every statement.
    properties: BTreeMap<String, String>,
}

impl TrinoClient {
    /// Connects to nothing yet. `INVALID_LOCATION` when the settings can't work.
    pub fn new(config: TrinoConfig) -> Result<Self, QueryError> {
        Ok(Self { wire: Wire::new(&config)?, catalog: config.catalog, properties: config.session })
    }

    /// Starts one statement, and waits until its columns are known or it has failed. Dropping the future or the run
    /// cancels the statement; so does the deadline.
    pub async fn run(&self, sql: &str, session: &TrinoSession, deadline: Instant) -> Result<TrinoRun, QueryError> {
        let mut session = session.clone();
        for (name, value) in &self.properties {
            session.properties.entry(name.clone()).or_insert_with(|| value.clone());
        }
        let headers = session.headers(&self.catalog, deadline)?;
        TrinoRun::start(self.wire.clone(), sql.to_owned(), headers, deadline).await
    }
}

impl fmt::Debug for TrinoClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrinoClient")
            .field("url", &self.wire.origin())
            .field("catalog", &self.catalog)
            .finish_non_exhaustive()
    }
}
