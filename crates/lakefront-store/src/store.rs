use std::time::Duration;

use crate::{Clock, Result, Scope};

/// The app database. Cheap to clone.
#[derive(Clone)]
pub struct Store;

/// How to open a store.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// `sqlite://FILE` (made when missing) or `postgres://…`.
    pub url: String,
    /// Connections for reading with SQLite, all connections with PostgreSQL.
    pub max_connections: u32,
    /// A call that gets no connection, or no answer, in this time fails as [`StoreError::Unavailable`](crate::StoreError::Unavailable).
    pub timeout: Duration,
    pub clock: Clock,
}

impl StoreOptions {
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), max_connections: 8, timeout: Duration::from_secs(3), clock: Clock::system() }
    }
}

impl Store {
    /// Opens the database and applies the migrations it lacks.
    pub async fn open(url: &str) -> Result<Self> {
        Self::open_with(StoreOptions::new(url)).await
    }

    pub async fn open_with(options: StoreOptions) -> Result<Self> {
        todo!()
    }

    /// Whether the database answers, for `/readyz`.
    pub async fn ready(&self, scope: &Scope) -> Result<()> {
        todo!()
    }

    /// Deletes what has expired: sessions, links, throttle counters, idempotency keys. Call it every few minutes.
    pub async fn sweep(&self, scope: &Scope) -> Result<u64> {
        todo!()
    }

    /// Closes every connection after the calls in flight.
    pub async fn close(&self) {
        todo!()
    }
}
