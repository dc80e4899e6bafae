//! A database on a real server, and a lake with a catalog over it.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use lakefront_query::postgres::PostgresConfig;
use lakefront_query::{CatalogSource, QueriesConfig, QueryError, Request};

use crate::lake::{Lake, principal};

/// A database of its own, and a lake with the catalog `shop` over it.
pub(super) struct Shop {
    pub(super) lake: Lake,
    pub(super) address: String,
}

#[expect(clippy::print_stderr, reason = "who runs the tests should know what was not tested")]
pub(super) fn server(variable: &str) -> Option<String> {
    let address = std::env::var(variable).ok();
    if address.is_none() {
        eprintln!("{variable} is not set: nothing is tested against a PostgreSQL");
    }
    address
}

pub(super) fn psql(address: &str, sql: &str) -> String {
    let output = Command::new("psql")
        .args([address, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql])
        .output()
        .expect("psql runs");
    assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The same server, another database.
pub(super) fn database(address: &str, name: &str) -> String {
    let (server, _) = address.rsplit_once('/').expect("a database");
    format!("{server}/{name}")
}

pub(super) fn new_database(server: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("shop_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    psql(server, &format!("CREATE DATABASE {name}"));
    name
}

impl Shop {
    pub(super) async fn open(set_up: &str) -> Option<Self> {
        Self::with(set_up, |_| {}).await
    }

    pub(super) async fn with(set_up: &str, change: impl FnOnce(&mut QueriesConfig)) -> Option<Self> {
        let server = server("LAKEFRONT_TEST_POSTGRES")?;
        let name = new_database(&server);
        let address = database(&server, &name);
        psql(&address, set_up);
        let lake = Lake::with(change).await;
        let shop = Self { lake, address };
        shop.add("shop", &shop.address).await;
        Some(shop)
    }

    pub(super) async fn add(&self, name: &str, address: &str) {
        let source = CatalogSource::Postgres(PostgresConfig::parse(address, None).expect("an address"));
        self.lake.queries.catalogs().add(name, source).await.expect("the catalog is added");
        self.lake.queries.catalogs().refresh(name, None).await.expect("the catalog is listed");
    }

    pub(super) async fn rows(&self, sql: &str) -> Vec<String> {
        self.rows_of(on_shop(sql)).await
    }

    pub(super) async fn rows_of(&self, request: Request) -> Vec<String> {
        self.lake.lines(request).await
    }

    pub(super) async fn types(&self, sql: &str) -> Vec<String> {
        let execution = self.lake.queries.submit(on_shop(sql)).await.expect("it starts");
        execution.finished().await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        let status = serde_json::to_value(execution.status()).expect("JSON");
        let columns = status["columns"].as_array().expect("columns");
        columns.iter().map(|column| column["type"].as_str().expect("a type").to_owned()).collect()
    }

    pub(super) async fn refused(&self, request: Request) -> QueryError {
        let sql = request.sql.clone();
        let refusal = match self.lake.queries.submit(request).await {
            Ok(execution) => execution.finished().await.err(),
            Err(error) => Some(error),
        };
        refusal.unwrap_or_else(|| panic!("{sql} is not refused"))
    }

    /// How many statements with this mark run in the server.
    pub(super) fn running(&self, mark: &str) -> usize {
        let sql = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%{mark}%' AND pid <> pg_backend_pid()"
        );
        psql(&self.address, &sql).parse().expect("a number")
    }

    pub(super) async fn until_running(&self, mark: &str, wanted: bool) -> Duration {
        let began = Instant::now();
        while (self.running(mark) > 0) != wanted {
            assert!(began.elapsed() < Duration::from_secs(20), "{mark}: waited for running = {wanted}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        began.elapsed()
    }
}

pub(super) fn on_shop(sql: &str) -> Request {
    Request { catalog: Some("shop".to_owned()), ..Request::new(principal("ana"), sql) }
}
