//! A fresh database for one story, with people in it.

use std::time::Duration;

use chrono::{DateTime, TimeZone, Utc};
use lakefront_store::{
    Access, Clock, ExecutionState, Kind, NewExecution, NewObject, NewUser, Object, Role, Scope, Store, StoreOptions,
    TokenScope, User,
};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use serde_json::json;
use tempfile::TempDir;
use ulid::Ulid;

pub(crate) const SYSTEM: Scope = Scope::System("test");

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) url: String,
    cleanup: Cleanup,
}

enum Cleanup {
    Directory(#[expect(dead_code, reason = "removes the folder when dropped")] TempDir),
    /// The server's own address and the database's name.
    Database(String, String),
}

impl World {
    pub(crate) async fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/app.db", directory.path().display());
        Self::open(url, Cleanup::Directory(directory)).await
    }

    pub(crate) async fn postgres() -> Option<Self> {
        let server = std::env::var("LAKEFRONT_TEST_POSTGRES").ok()?;
        Some(Self::on_server(&server, &server).await)
    }

    pub(crate) async fn pgbouncer() -> Option<Self> {
        let server = std::env::var("LAKEFRONT_TEST_POSTGRES").ok()?;
        let pooler = std::env::var("LAKEFRONT_TEST_PGBOUNCER").ok()?;
        Some(Self::on_server(&server, &pooler).await)
    }

    async fn on_server(server: &str, door: &str) -> Self {
        let name = format!("t_{}", ulid::Ulid::generate().to_string().to_lowercase());
        let admin = Database::connect(server).await.unwrap();
        admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        admin.close().await.unwrap();
        let url = with_database(door, &name);
        Self::open(url, Cleanup::Database(server.to_owned(), name)).await
    }

    async fn open(url: String, cleanup: Cleanup) -> Self {
        let clock = Clock::manual(Utc.with_ymd_and_hms(2026, 3, 1, 12, 0, 0).unwrap());
        let store = Store::open_with(options(&url, &clock)).await.unwrap();
        Self { store, clock, url, cleanup }
    }

    /// Another instance of the product on the same database.
    pub(crate) async fn another_instance(&self) -> Store {
        Store::open_with(options(&self.url, &self.clock)).await.unwrap()
    }

    /// The database without the store before it; for PostgreSQL without a pooler, too.
    pub(crate) async fn raw(&self) -> DatabaseConnection {
        let url = match &self.cleanup {
            Cleanup::Directory(_) => self.url.clone(),
            Cleanup::Database(server, name) => with_database(server, name),
        };
        Database::connect(url).await.unwrap()
    }

    pub(crate) async fn end(self) {
        self.store.close().await;
        if let Cleanup::Database(server, name) = &self.cleanup {
            let admin = Database::connect(server).await.unwrap();
            admin.execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
            admin.close().await.unwrap();
        }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(crate) fn pass(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(60 * minutes));
    }

    pub(crate) async fn user(&self, name: &str, role: Role) -> User {
        let new = NewUser {
            email: format!("{name}@example.com"),
            name: name.to_owned(),
            role,
            password_hash: Some(format!("hash of {name}")),
        };
        self.store.create_user(&SYSTEM, new).await.unwrap()
    }

    /// A user and the scope of their browser.
    pub(crate) async fn person(&self, name: &str, role: Role) -> (User, Scope) {
        let user = self.user(name, role).await;
        let scope = session_scope(&user);
        (user, scope)
    }

    pub(crate) async fn dashboard(&self, scope: &Scope, title: &str) -> Object {
        let owner = scope.user_id().unwrap();
        self.store.create_object(scope, Kind::Dashboard, owner, new_object(title)).await.unwrap()
    }
}

fn options(url: &str, clock: &Clock) -> StoreOptions {
    // Eight stories run side by side on a busy machine; the product's own default is shorter.
    StoreOptions {
        clock: clock.clone(),
        timeout: Duration::from_secs(20),
        max_connections: 4,
        ..StoreOptions::new(url)
    }
}

fn with_database(server: &str, name: &str) -> String {
    let (head, _) = server.rsplit_once('/').unwrap();
    format!("{head}/{name}")
}

pub(crate) fn session_scope(user: &User) -> Scope {
    Scope::User { id: user.id, role: user.role, access: Access::Session, address: Some("192.0.2.7".into()) }
}

pub(crate) fn token_scope(user: &User, scopes: &[TokenScope]) -> Scope {
    Scope::User { id: user.id, role: user.role, access: Access::Token(scopes.to_vec()), address: None }
}

pub(crate) fn new_execution(id: Ulid, state: ExecutionState) -> NewExecution {
    NewExecution {
        id,
        sql: "select 1".into(),
        parameters: json!({}),
        catalog: None,
        database: None,
        engine: None,
        route_reason: None,
        state,
        estimate: None,
        origin: None,
        tables: None,
    }
}

pub(crate) fn new_object(title: &str) -> NewObject {
    NewObject {
        slug: None,
        title: title.to_owned(),
        description: String::new(),
        collection: None,
        definition: json!({"tabs": []}),
    }
}

/// The stable code of a failure.
pub(crate) fn code<T>(result: lakefront_store::Result<T>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "OK")
}
