//! All that a handler can reach.

use std::net::SocketAddr;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use lakefront_query::{Guard, PreparedStatements, Principal, Queries, QueriesConfig, QueryLimits, Role, SharedResults};
use lakefront_store::{DataVersions, Scope, Store};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::{EventSlots, PublicLoads};
use crate::auth::key::MasterKey;
use crate::auth::{Attempts, SessionCookie};
use crate::books::Books;
use crate::catalogs::Registered;
use crate::config::Settings;
use crate::freshness::Freshness;
use crate::metrics::Metrics;
use crate::pages::Pages;
use crate::prepared::KeptStatements;
use crate::shared_results::SharedStore;

/// Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

pub struct Parts {
    pub settings: Settings,
    /// Where the server listens.
    pub address: SocketAddr,
    pub opened: Opened,
    pub pages: Pages,
    pub cookie: SessionCookie,
    pub attempts: Attempts,
    pub events: EventSlots,
    pub freshness: Freshness,
    /// Downloads being written.
    pub exports: Arc<Semaphore>,
    pub public_loads: PublicLoads,
    pub metrics: Metrics,
    /// Cancelled when the server is to stop: event streams end then.
    pub stop: CancellationToken,
}

/// What is open stays at hand: `app.store`, `app.queries`.
impl Deref for Parts {
    type Target = Opened;

    fn deref(&self) -> &Opened {
        &self.opened
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    pub fn new(settings: Settings, address: SocketAddr, opened: Opened) -> Self {
        Self(Arc::new(Parts {
            cookie: SessionCookie::new(settings.server.is_https()),
            pages: Pages::new(&settings.pages),
            attempts: Attempts::default(),
            events: EventSlots::new(settings.server.events_per_user),
            freshness: Freshness::since(opened.counted.clone()),
            exports: Arc::new(Semaphore::new(settings.server.exports)),
            public_loads: PublicLoads::default(),
            metrics: Metrics::default(),
            stop: CancellationToken::new(),
            settings,
            address,
            opened,
        }))
    }

    /// Scheme, host and port for links.
    pub fn base_url(&self) -> String {
        self.settings.server.base_url(self.address)
    }
}

/// The product itself, acting for the reason given.
pub fn system(reason: &'static str) -> Scope {
    Scope::System(reason)
}

/// Who statements of the product itself run as.
pub fn system_principal() -> Principal {
    Principal { id: "system".to_owned(), name: "System".to_owned(), role: Role::Admin, groups: Vec::new() }
}

/// What every command that touches data needs.
pub struct Opened {
    pub store: Store,
    pub queries: Queries,
    pub books: Books,
    /// Results that instances share, where they do.
    pub shared_results: Option<SharedStore>,
    /// Work that an answer did not wait for, but the end of the process does.
    pub background: TaskTracker,
    pub key: MasterKey,
    pub registered: Registered,
    /// Changes of data that any instance had counted before the catalogs were listed.
    pub counted: DataVersions,
}

impl Opened {
    /// Registers the catalogs of settings and database.
    pub async fn register_catalogs(&self, settings: &Settings) -> anyhow::Result<()> {
        self.registered.update(settings, &self.store, &self.key, &self.queries).await
    }
}

/// Opens the app database and the query road, and puts the catalogs of both settings and database in.
pub async fn open(settings: &Settings) -> anyhow::Result<Opened> {
    // A key that is refused leaves no database behind.
    crate::data_dir::begin(settings)?;
    let key = MasterKey::load(&settings.data_dir)?;
    let store = open_database(settings).await?;
    let background = TaskTracker::new();
    let patience = Duration::from_secs(settings.query.approval_wait_s);
    let books = Books::new(store.clone(), patience, background.clone());
    let shared_results = SharedStore::new(&store, settings.query.shared_cache_bytes);
    let prepared = Arc::new(KeptStatements::new(store.clone()));
    let queries = open_queries(settings, Arc::new(books.clone()), prepared, shared_results.clone()).await?;
    let counted = store.data_versions(&system("freshness")).await?;
    let registered = Registered::default();
    let opened = Opened { store, queries, books, shared_results, background, key, registered, counted };
    opened.register_catalogs(settings).await?;
    Ok(opened)
}

/// Opens the app database, in a data folder that is made where there is none.
pub async fn open_store(settings: &Settings) -> anyhow::Result<Store> {
    crate::data_dir::begin(settings)?;
    open_database(settings).await
}

async fn open_database(settings: &Settings) -> anyhow::Result<Store> {
    Store::open(&settings.database_url()).await.context("the app database can't be opened")
}

async fn open_queries(
    settings: &Settings,
    guard: Arc<dyn Guard>,
    prepared: Arc<dyn PreparedStatements>,
    shared: Option<SharedStore>,
) -> anyhow::Result<Queries> {
    let query = &settings.query;
    let data_dir = absolute(&settings.data_dir)?;
    let worker = std::env::current_exe().context("the path of this program is unknown")?;
    let mut config = QueriesConfig::new(data_dir, worker);
    config.catalogs.local_interval = Duration::from_secs(settings.catalog.local_interval_s);
    config.catalogs.s3_interval = Duration::from_secs(settings.catalog.s3_interval_s);
    config.catalogs.linked_interval = Duration::from_secs(settings.catalog.linked_interval_s);
    config.cache_bytes = query.cache_bytes;
    config.shared_results = shared.map(|shared| Arc::new(shared) as Arc<dyn SharedResults>);
    config.max_workers = (query.max_workers > 0).then_some(query.max_workers);
    config.guard = guard;
    config.prepared = prepared;
    config.price_per_tb_usd = query.price_per_tb_usd;
    config.embedded_max_bytes = query.embedded_max_bytes;
    config.limits = QueryLimits {
        deadline: Duration::from_secs(query.deadline_s),
        memory_bytes: query.memory_bytes,
        spill_bytes: query.spill_bytes,
        result_rows: query.result_rows,
        result_bytes: query.result_bytes,
        max_scan_bytes: (query.max_scan_bytes > 0).then_some(query.max_scan_bytes),
        running_per_principal: query.running_per_user,
        running_per_system: query.running_per_system,
        queued_per_principal: query.queued_per_user,
    };
    Queries::open(config).await.context("the query engine can't be started")
}

fn absolute(path: &Path) -> anyhow::Result<std::path::PathBuf> {
    std::path::absolute(path).with_context(|| format!("{} is no usable path", path.display()))
}
