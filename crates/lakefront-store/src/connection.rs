//! Transactions on either database: every call of the store is one.
//!
//! SQLite: one connection writes, others read, so that writers queue up here instead of meeting in the file.
//!
//! PostgreSQL: a transaction pooler gives each transaction another server connection, so nothing may be left on one.
//! SeaORM always names its prepared statements, which then collide; this connection prepares without a name,
//! and only ever inside a transaction, which keeps the preparing and the running on one server connection.

use std::{str::FromStr, sync::Arc, time::Duration};

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr,
    SqliteTransactionMode, SqlxPostgresConnector, SqlxSqliteConnector, Statement, TransactionOptions, TransactionTrait,
    sqlx::{
        self, AssertSqlSafe, ConnectOptions, Connection, Executor, PgPool, Postgres,
        pool::PoolConnection,
        postgres::{PgConnectOptions, PgPoolOptions},
        query::Query,
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
    },
};
use sea_query_sqlx::SqlxValues;
use tokio::sync::Mutex;

use crate::StoreOptions;

/// An idle PostgreSQL connection is tried before its use after so long; a younger one that is dead costs one retry.
const TRUSTED_IDLE: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub(crate) enum Database {
    Sqlite { writer: DatabaseConnection, readers: DatabaseConnection },
    Postgres(PgPool),
}

/// One transaction. Dropped without [`commit`](Tx::commit), it has no effect.
pub(crate) enum Tx {
    Sqlite(DatabaseTransaction),
    Postgres(PostgresTx),
}

impl Database {
    /// Connects lazily: an error here is one of the URL.
    pub(crate) fn new(options: &StoreOptions) -> Result<Self, sqlx::Error> {
        if options.url.starts_with("sqlite:") {
            let file = SqliteConnectOptions::from_str(&options.url)?
                .create_if_missing(true)
                .foreign_keys(true)
                .journal_mode(SqliteJournalMode::Wal)
                // An acknowledged change survives a power cut, too: each commit reaches the disk.
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(options.timeout)
                .disable_statement_logging();
            let pool = |connections| {
                SqlitePoolOptions::new()
                    .max_connections(connections)
                    .acquire_timeout(options.timeout)
                    .test_before_acquire(false)
            };
            let readers = pool(options.max_connections).connect_lazy_with(file.clone().pragma("query_only", "1"));
            let writer = pool(1).idle_timeout(None).max_lifetime(None).connect_lazy_with(file);
            Ok(Self::Sqlite {
                writer: SqlxSqliteConnector::from_sqlx_sqlite_pool(writer),
                readers: SqlxSqliteConnector::from_sqlx_sqlite_pool(readers),
            })
        } else {
            let server = PgConnectOptions::from_str(&options.url)?
                .application_name("lakefront")
                .statement_cache_capacity(0)
                // Poolers refuse start-up parameters they can't keep per client.
                .extra_float_digits(None)
                .disable_statement_logging();
            let pool = PgPoolOptions::new()
                .max_connections(options.max_connections)
                .acquire_timeout(options.timeout)
                .test_before_acquire(false)
                .before_acquire(|connection, meta| {
                    Box::pin(async move {
                        if meta.idle_for >= TRUSTED_IDLE {
                            connection.ping().await?;
                        }
                        Ok(true)
                    })
                });
            Ok(Self::Postgres(pool.connect_lazy_with(server)))
        }
    }

    /// Begins a transaction that only reads.
    pub(crate) async fn read(&self) -> Result<Tx, DbErr> {
        match self {
            Self::Sqlite { readers, .. } => readers.begin().await.map(Tx::Sqlite),
            Self::Postgres(pool) => PostgresTx::begin(pool).await.map(Tx::Postgres),
        }
    }

    /// Begins a transaction that may write.
    pub(crate) async fn write(&self) -> Result<Tx, DbErr> {
        match self {
            // Immediate: takes the write lock before it reads, so that it never has to give up half-way.
            Self::Sqlite { writer, .. } => {
                let options = TransactionOptions {
                    sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                    ..Default::default()
                };
                writer.begin_with_options(options).await.map(Tx::Sqlite)
            }
            Self::Postgres(pool) => PostgresTx::begin(pool).await.map(Tx::Postgres),
        }
    }

    /// A transaction of SeaORM's own for migrations, which prepare named statements; with PostgreSQL the caller has to
    /// clear them away from the server connection before and after.
    pub(crate) async fn migration(&self) -> Result<DatabaseTransaction, DbErr> {
        match self {
            Self::Sqlite { .. } => match self.write().await? {
                Tx::Sqlite(tx) => Ok(tx),
                Tx::Postgres(_) => unreachable!("an SQLite database begins SQLite transactions"),
            },
            Self::Postgres(pool) => SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone()).begin().await,
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                drop(readers.clone().close().await);
                // The last connection to close folds the write-ahead log into the file.
                drop(writer.clone().close().await);
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => tx.end("COMMIT").await,
        }
    }

    pub(crate) async fn rollback(self) -> Result<(), DbErr> {
        match self {
            Self::Sqlite(tx) => tx.rollback().await,
            Self::Postgres(tx) => tx.end("ROLLBACK").await,
        }
    }
}

/// A transaction on a PostgreSQL connection. Dropped before its end it closes the connection, because a connection in an
/// unknown state (perhaps one that no longer answers) must not go back to the pool.
pub(crate) struct PostgresTx(Mutex<Option<PoolConnection<Postgres>>>);

impl PostgresTx {
    async fn begin(pool: &PgPool) -> Result<Self, DbErr> {
        let connection = pool.acquire().await.map_err(|error| DbErr::Conn(runtime(error)))?;
        let tx = Self(Mutex::new(Some(connection)));
        tx.execute_unprepared("BEGIN").await?;
        Ok(tx)
    }

    async fn end(self, command: &'static str) -> Result<(), DbErr> {
        self.execute_unprepared(command).await?;
        // Back to the pool.
        drop(self.0.lock().await.take());
        Ok(())
    }
}

impl PostgresTx {
    /// Sends rows in COPY's binary format, as they come, until there are no more. Answers how many there were.
    pub(crate) async fn copy_in(
        &self,
        sql: &str,
        mut rows: impl AsyncFnMut() -> Option<Vec<u8>>,
    ) -> Result<u64, DbErr> {
        let mut guard = self.0.lock().await;
        let connection = guard.as_mut().ok_or_else(ended)?;
        let failed = |error| DbErr::Exec(runtime(error));
        let mut copy = connection.copy_in_raw(sql).await.map_err(failed)?;
        while let Some(bytes) = rows().await {
            copy.send(bytes).await.map_err(failed)?;
        }
        copy.finish().await.map_err(failed)
    }
}

impl Drop for PostgresTx {
    fn drop(&mut self) {
        if let Some(connection) = self.0.get_mut().take() {
            drop(connection.detach());
        }
    }
}

fn runtime(error: sqlx::Error) -> RuntimeErr {
    RuntimeErr::SqlxError(Arc::new(error))
}

fn ended() -> DbErr {
    DbErr::Conn(RuntimeErr::Internal("the transaction has ended".into()))
}

fn unnamed(statement: &Statement) -> Query<'_, Postgres, SqlxValues> {
    let values = statement.values.clone().unwrap_or(sea_orm::Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql.as_str()), SqlxValues(values)).persistent(false)
}

#[async_trait]
impl ConnectionTrait for PostgresTx {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let mut guard = self.0.lock().await;
        let connection = guard.as_mut().ok_or_else(ended)?;
        let result = unnamed(&statement).execute(&mut **connection).await;
        result.map(Into::into).map_err(|error| DbErr::Exec(runtime(error)))
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let mut guard = self.0.lock().await;
        let connection = guard.as_mut().ok_or_else(ended)?;
        let result = connection.execute(AssertSqlSafe(sql)).await;
        result.map(Into::into).map_err(|error| DbErr::Exec(runtime(error)))
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let mut guard = self.0.lock().await;
        let connection = guard.as_mut().ok_or_else(ended)?;
        let row = unnamed(&statement).fetch_optional(&mut **connection).await;
        row.map(|row| row.map(Into::into)).map_err(|error| DbErr::Query(runtime(error)))
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let mut guard = self.0.lock().await;
        let connection = guard.as_mut().ok_or_else(ended)?;
        let rows = unnamed(&statement).fetch_all(&mut **connection).await;
        rows.map(|rows| rows.into_iter().map(Into::into).collect()).map_err(|error| DbErr::Query(runtime(error)))
    }
}

#[async_trait]
impl ConnectionTrait for Tx {
    fn get_database_backend(&self) -> DbBackend {
        match self {
            Self::Sqlite(tx) => tx.get_database_backend(),
            Self::Postgres(tx) => tx.get_database_backend(),
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Self::Sqlite(tx) => tx.execute_raw(statement).await,
            Self::Postgres(tx) => tx.execute_raw(statement).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self {
            Self::Sqlite(tx) => tx.execute_unprepared(sql).await,
            Self::Postgres(tx) => tx.execute_unprepared(sql).await,
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self {
            Self::Sqlite(tx) => tx.query_one_raw(statement).await,
            Self::Postgres(tx) => tx.query_one_raw(statement).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Sqlite(tx) => tx.query_all_raw(statement).await,
            Self::Postgres(tx) => tx.query_all_raw(statement).await,
        }
    }
}
