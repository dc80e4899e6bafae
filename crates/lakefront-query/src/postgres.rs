//! A client of PostgreSQL for reading: one statement, in a transaction that can't write, through a portal, the
//! protocol's own cursor (<https://www.postgresql.org/docs/current/protocol-flow.html>).
//!
//! What it promises: rows arrive as Arrow batches while they are made, never all at once; values and their types are
//! what PostgreSQL says; whatever ends a run early, dropping it included, ends it on the server too. Nothing is left in
//! a connection once its transaction is over, neither settings nor prepared statements, so that a pooler which changes
//! the server behind it after each transaction (PgBouncer, Neon's) is as good as the server itself.

mod config;
mod failure;
mod pool;
mod run;
mod tables;
mod tls;
mod types;
mod values;
mod wire;

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use lakefront_engine::Literal;

pub use config::{ChannelBinding, Confined, PostgresConfig, PostgresPassword, without_password};
pub use run::PostgresRun;
pub use tables::{PostgresColumn, PostgresTable};

use crate::QueryError;
use pool::Pool;

/// One database. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct PostgresClient {
    pool: Arc<Pool>,
}

impl PostgresClient {
    /// Connects to nothing yet. `INVALID_LOCATION` when the settings can't work.
    pub fn new(config: PostgresConfig) -> Result<Self, QueryError> {
        Ok(Self { pool: Arc::new(Pool::new(config)?) })
    }

    /// Starts one statement whose `$1`, `$2`, … stand for the parameters, and waits until its columns are known or it
    /// has failed. Dropping the future or the run cancels the statement; so does the deadline.
    pub async fn run(&self, sql: &str, parameters: Vec<Literal>, deadline: Instant) -> Result<PostgresRun, QueryError> {
        PostgresRun::start(self.pool.clone(), sql.to_owned(), parameters, deadline).await
    }
}

impl fmt::Debug for PostgresClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresClient").field("at", &self.pool.address()).finish_non_exhaustive()
    }
}
