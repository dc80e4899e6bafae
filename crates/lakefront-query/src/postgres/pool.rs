//! A few connections to one database, shared by all who ask it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::config::PostgresConfig;
use super::failure;
use super::tables::PostgresTable;
use super::tls::Tls;
use super::wire::{self, Connection, Fault};
use crate::QueryError;

/// Connections at a time: a small server allows a hundred, and others want some too. More statements wait.
const CONNECTIONS: usize = 8;
/// An unused connection is closed after this time: it may keep a server awake that would sleep.
const IDLE: Duration = Duration::from_secs(30);
const CONNECTING: Duration = Duration::from_secs(15);
/// A database that was asleep, or restarts, answers again within some seconds.
const PATIENCE: Duration = Duration::from_secs(12);
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

pub(super) struct Pool {
    config: PostgresConfig,
    tls: Option<Tls>,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<(Connection, Instant)>>,
}

/// A connection, and the right to have one.
pub(super) struct Lease {
    pub(super) connection: Connection,
    /// It was used before, so it may have died unnoticed.
    pub(super) used: bool,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    pub(super) fn new(config: PostgresConfig) -> Result<Self, QueryError> {
        config.check()?;
        let tls = config.tls.then(|| Tls::new(&config)).transpose()?;
        Ok(Self { config, tls, permits: Arc::new(Semaphore::new(CONNECTIONS)), idle: Mutex::default() })
    }

    pub(super) fn address(&self) -> String {
        self.config.location()
    }

    /// As whom its statements read, where that is not the connection's user.
    pub(super) fn role(&self) -> Option<&str> {
        self.config.confined.as_ref().map(|confined| confined.role.as_str())
    }

    /// Whether a table or view may be read here at all.
    pub(super) fn admits(&self, table: &PostgresTable) -> bool {
        self.config.confined.as_ref().is_none_or(|confined| table.schema == confined.schema && !table.is_view)
    }

    /// A connection nobody uses, or a new one; waits for its turn.
    pub(super) async fn lease(&self) -> Result<Lease, QueryError> {
        let permit = self.permits.clone().acquire_owned().await.map_err(QueryError::internal)?;
        let rested = |since: &Instant| since.elapsed() < IDLE;
        let idle = {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.retain(|(_, since)| rested(since));
            idle.pop()
        };
        let (connection, used) = match idle {
            Some((connection, _)) => (connection, true),
            None => (self.connect().await?, false),
        };
        Ok(Lease { connection, used, _permit: permit })
    }

    /// Takes back a connection that is in no transaction.
    pub(super) fn give_back(self: &Arc<Self>, lease: Lease) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push((lease.connection, Instant::now()));
        if idle.len() == 1 {
            let pool = Arc::downgrade(self);
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(IDLE).await;
                    let Some(pool) = pool.upgrade() else { return };
                    let mut idle = pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
                    idle.retain(|(_, since)| since.elapsed() < IDLE);
                    if idle.is_empty() {
                        return;
                    }
                }
            });
        }
    }

    /// Ends what the server does for a connection, and the connection.
    pub(super) async fn abandon(&self, lease: Lease, running: bool) {
        let mut connection = lease.connection;
        if running {
            if let Some(key) = connection.key() {
                wire::cancel(key, &self.config, self.tls.as_ref()).await;
            }
            // A pooler that loses its client first has nobody to cancel for.
            let _ = tokio::time::timeout(Duration::from_secs(3), connection.ready()).await;
        }
        connection.close().await;
    }

    async fn connect(&self) -> Result<Connection, QueryError> {
        let began = Instant::now();
        let mut wait = FIRST_WAIT;
        loop {
            let opening = Connection::open(&self.config, self.tls.as_ref());
            let fault = match tokio::time::timeout(CONNECTING, opening).await {
                Ok(Ok(connection)) => return Ok(connection),
                Ok(Err(fault)) => fault,
                Err(_) => Fault::Line(std::io::ErrorKind::TimedOut.into()),
            };
            if !fault.may_pass() || began.elapsed() + wait > PATIENCE {
                return Err(failure::told(fault, &self.address(), ""));
            }
            // Nobody who waits with others comes back at the same moment as they.
            tokio::time::sleep(wait.mul_f64(0.5 + fastrand::f64())).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }
}
