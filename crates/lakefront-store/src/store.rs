use std::{str::FromStr, time::Duration};

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, Statement};
use sea_orm_migration::MigratorTrait;
use ulid::Ulid;

use crate::{
    Clock, Result, Scope, StoreError, claim,
    connection::{Database, Tx},
    entity::{idempotency_key, login_attempt, session, sign_in_link},
    idempotency, link,
    migration::{self, Migrator},
    session as sessions, throttle,
};

/// Any number that other programs on the same PostgreSQL database are unlikely to lock.
const MIGRATION_LOCK: i64 = 0x6c61_6b65_6672_6f6e;

/// The app database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) database: Database,
    pub(crate) timeout: Duration,
    clock: Clock,
}

/// How to open a store.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// `sqlite://FILE` (made when missing) or `postgres://…`.
    pub url: String,
    /// Connections for reading with SQLite, all connections with PostgreSQL.
    pub max_connections: u32,
    /// A call that gets no connection, or no answer, in this time fails as [`StoreError::Unavailable`].
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

    /// As [`open`](Self::open), with settings.
    pub async fn open_with(options: StoreOptions) -> Result<Self> {
        let invalid = |message: String| StoreError::Invalid { field: "database url", message };
        if !["sqlite:", "postgres:", "postgresql:"].iter().any(|scheme| options.url.starts_with(scheme)) {
            return Err(invalid("must begin with sqlite: or postgres:".into()));
        }
        if options.url.contains(":memory:") {
            return Err(invalid("the database needs a file".into()));
        }
        make_private(&options.url)?;
        let database = Database::new(&options).map_err(|error| invalid(error.to_string()))?;
        let store = Self { database, timeout: options.timeout, clock: options.clock };
        store.migrate().await?;
        Ok(store)
    }

    /// Whether the database answers, for `/readyz`.
    pub async fn ready(&self, _scope: &Scope) -> Result<()> {
        reading!(self, |tx| Ok(tx.execute_unprepared("SELECT 1").await.map(drop)?))
    }

    /// Deletes what has expired: sessions, links, throttle counters, idempotency keys, claims; by the system only.
    /// Call it every few minutes. Answers how many rows it deleted.
    pub async fn sweep(&self, scope: &Scope) -> Result<u64> {
        scope.must_be_system()?;
        let now = self.now_ms();
        writing!(self, |tx| {
            let sessions =
                session::Entity::delete_many().filter(sessions::expired_at(now)).exec(tx).await?.rows_affected;
            let links = sign_in_link::Entity::delete_many()
                .filter(sign_in_link::Column::ExpiresAt.lt(now - link::REMEMBERED_MS))
                .exec(tx)
                .await?
                .rows_affected;
            let attempts = login_attempt::Entity::delete_many()
                .filter(login_attempt::Column::WindowStartedAt.lte(now - throttle::WINDOW_MS))
                .exec(tx)
                .await?
                .rows_affected;
            let keys = idempotency_key::Entity::delete_many()
                .filter(idempotency_key::Column::CreatedAt.lte(now - idempotency::KEPT_MS))
                .exec(tx)
                .await?
                .rows_affected;
            let claims = claim::sweep(tx).await?;
            Ok(sessions + links + attempts + keys + claims)
        })
    }

    /// Closes every connection after the calls in flight, waiting no longer than the timeout: a connection whose other end
    /// has fallen silent never comes back.
    pub async fn close(&self) {
        drop(tokio::time::timeout(self.timeout, self.database.close()).await);
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.now().timestamp_millis()
    }

    pub(crate) fn new_id(&self) -> Ulid {
        Ulid::from_datetime(self.clock.now().into())
    }

    async fn migrate(&self) -> Result<()> {
        let known = migration::names();
        let applied = reading!(self, |tx| applied_migrations(tx).await)?;
        if let Some(unknown) = applied.iter().find(|name| !known.contains(name)) {
            return Err(StoreError::NewerSchema(unknown.clone()));
        }
        if applied.len() == known.len() {
            return Ok(());
        }
        tracing::info!(from = applied.len(), to = known.len(), "migrating the app database");
        let tx = self.database.migration().await?;
        let postgres = tx.get_database_backend() == DbBackend::Postgres;
        if postgres {
            // One instance migrates, others wait here and then find nothing to do.
            tx.execute_unprepared(&format!("DEALLOCATE ALL; SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")).await?;
        }
        Migrator::up(&tx, None).await?;
        if postgres {
            tx.execute_unprepared("DEALLOCATE ALL").await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

async fn applied_migrations(tx: &Tx) -> Result<Vec<String>> {
    let backend = tx.get_database_backend();
    let table = match backend {
        DbBackend::Postgres => {
            "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'seaql_migrations'"
        }
        _ => "SELECT 1 FROM sqlite_master WHERE name = 'seaql_migrations'",
    };
    if tx.query_one_raw(Statement::from_string(backend, table)).await?.is_none() {
        return Ok(Vec::new());
    }
    let rows = tx.query_all_raw(Statement::from_string(backend, "SELECT version FROM seaql_migrations")).await?;
    rows.iter().map(|row| Ok(row.try_get("", "version")?)).collect()
}

/// Makes a missing SQLite file readable by its owner only; SQLite gives its side files the same rights.
fn make_private(url: &str) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt;

    let Ok(options) = sea_orm::sqlx::sqlite::SqliteConnectOptions::from_str(url) else { return Ok(()) };
    if !url.starts_with("sqlite:") {
        return Ok(());
    }
    let file = options.get_filename();
    let made = std::fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(file);
    made.map(drop).map_err(|error| StoreError::Invalid {
        field: "database url",
        message: format!("can't open {}: {error}", file.display()),
    })
}
