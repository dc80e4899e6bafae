//! What tables exist, where their files lie, and which version of them is current.
//!
//! A catalog is a local folder, an S3 prefix, or what another system keeps ([`linked`]). Files are listed in the
//! background; each listing makes an immutable snapshot, and a table taken from it keeps its files whatever happens later. Columns are inferred when a table is
//! first asked for, in an engine worker, and kept on disk with the listing, so that a restart neither lists nor infers
//! before it answers.

mod bound;
mod cache;
mod condition;
mod definition;
mod file_name;
mod found;
mod glue;
pub(crate) mod gone;
mod hint;
mod info;
mod information_schema;
mod lake;
mod layout;
mod linked;
mod partition;
mod refresh;
mod snapshot;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures::future::BoxFuture;
use lakefront_engine::infer::{InferRequest, InferredSchema};
use lakefront_engine::{EngineError, Pool};
use tokio::sync::{broadcast, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

pub use hint::Hint;
use hint::is_left_out;
pub use info::{
    CatalogInfo, Change, ColumnInfo, DatabaseInfo, Problem, RefreshReport, TableChange, TableInfo, TableSummary,
};
pub use lake::{CatalogSource, GlueSource, GroupRules};
pub use lakefront_engine::infer::trino_type;

pub(crate) use bound::{Bound, TableState, Wanted};
pub(crate) use condition::{Condition, Constant, Test};
pub(crate) use glue::{Lister, Snapshots, Unfollowed, linked as glue_table, with_credentials};
use lake::Lake;
use linked::Linked;
pub(crate) use linked::{Link, LinkedTable, Rules};
use refresh::Attached;
use snapshot::Snapshot;

use crate::engine::{AthenaLink, Postgres, Trino};
use crate::{ErrorKind, Principal, QueryError};

/// Where catalogs keep their cache, and how often they look.
#[derive(Debug, Clone)]
pub struct CatalogsConfig {
    /// Folder for the cached listings; nothing secret is written there.
    pub folder: PathBuf,
    /// Folders that local catalogs must lie in; `None`: any but the system's own.
    pub allowed_roots: Option<Vec<PathBuf>>,
    /// Time between two listings of a local folder; zero: on demand only. A listing that takes long is made more
    /// rarely, so that listing never takes more than a twentieth of the time.
    pub local_interval: Duration,
    /// The same for S3.
    pub s3_interval: Duration,
    /// The same for catalogs that another system keeps.
    pub linked_interval: Duration,
}

impl CatalogsConfig {
    pub fn new(folder: PathBuf) -> Self {
        CatalogsConfig {
            folder,
            allowed_roots: None,
            local_interval: Duration::from_secs(30),
            s3_interval: Duration::from_secs(60),
            linked_interval: Duration::from_secs(300),
        }
    }
}

/// Infers a schema: in a worker ([`infer_in`]), or in this process with [`lakefront_engine::infer::infer`].
pub type Infer = Arc<dyn Fn(InferRequest) -> BoxFuture<'static, Result<InferredSchema, EngineError>> + Send + Sync>;

/// Infers in the workers of a pool, where hostile files hurt nobody.
pub fn infer_in(pool: Pool) -> Infer {
    Arc::new(move |request| {
        let pool = pool.clone();
        Box::pin(async move { pool.infer(request).await })
    })
}

/// All catalogs; clones share them.
#[derive(Clone)]
pub struct Catalogs {
    inner: Arc<Inner>,
}

struct Inner {
    config: CatalogsConfig,
    infer: Infer,
    attached: RwLock<BTreeMap<String, Entry>>,
    /// Those that can't be attached now.
    absent: RwLock<BTreeMap<String, Absent>>,
    news: News,
}

/// A catalog that there is, and that can't be used.
struct Absent {
    info: CatalogInfo,
    error: QueryError,
}

struct Entry {
    catalog: Known,
    /// Ends the catalog's background task.
    _stop: DropGuard,
}

#[derive(Clone)]
enum Known {
    /// Files that are listed here.
    Files(Arc<Attached>),
    /// Tables that another system keeps.
    Linked(Arc<Linked>),
}

/// Tells who listens that something changed.
#[derive(Clone)]
struct News {
    changes: broadcast::Sender<TableChange>,
    version: watch::Sender<u64>,
}

impl News {
    fn tell(&self, changes: impl IntoIterator<Item = TableChange>) {
        for change in changes {
            // Nobody listening is fine.
            let _ = self.changes.send(change);
        }
        self.version.send_modify(|version| *version += 1);
    }
}

impl Catalogs {
    /// No catalogs yet; [`add`](Self::add) them. Must be called inside a tokio runtime.
    pub fn new(config: CatalogsConfig, infer: Infer) -> Catalogs {
        let news = News { changes: broadcast::Sender::new(1024), version: watch::Sender::new(0) };
        Catalogs {
            inner: Arc::new(Inner { config, infer, attached: RwLock::default(), absent: RwLock::default(), news }),
        }
    }

    /// Adds a catalog and begins to list it. Returns at once: what an earlier process knew of it is shown meanwhile, and
    /// [`refresh`](Self::refresh) waits for a listing.
    ///
    /// Errors: `INVALID_PARAMETER` for a name that is no identifier, `INVALID_LOCATION`, `ALREADY_EXISTS`.
    pub async fn add(&self, name: &str, source: CatalogSource) -> Result<CatalogInfo, QueryError> {
        self.put(name, source, false).await
    }

    /// Puts a source in the place of the one that has the name: what runs goes on with the old one, what comes takes the
    /// new one. Errors as of [`add`](Self::add), and then the old one stays.
    pub async fn replace(&self, name: &str, source: CatalogSource) -> Result<CatalogInfo, QueryError> {
        self.put(name, source, true).await
    }

    /// Lists a source once, without keeping it or any trace of it. At most `patience`; `None` if that was too short for
    /// the whole listing, which then has begun well.
    pub async fn probe(&self, source: CatalogSource, patience: Duration) -> Result<Option<RefreshReport>, QueryError> {
        let folder = tempfile::tempdir().map_err(QueryError::internal)?;
        let config = CatalogsConfig { folder: folder.path().to_owned(), ..self.inner.config.clone() };
        let aside = Catalogs::new(config, Arc::clone(&self.inner.infer));
        aside.add("probe", source).await?;
        let listed = tokio::time::timeout(patience, async { aside.known("probe")?.refresh().await }).await;
        aside.remove("probe").await?;
        listed.map_or(Ok(None), |report| report.map(Some))
    }

    async fn put(&self, name: &str, source: CatalogSource, replace: bool) -> Result<CatalogInfo, QueryError> {
        let named = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.len() <= 63
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if !named {
            return Err(QueryError::user("INVALID_PARAMETER", "This is no name for a catalog.")
                .with_hint("Up to 63 lower-case letters, digits and underscores, a letter first."));
        }
        let config = &self.inner.config;
        let news = self.inner.news.clone();
        let stop = CancellationToken::new();
        let attached = |lake: Result<Lake, EngineError>| {
            let lake = lake.map_err(|error| QueryError::from_engine(&error))?;
            let cache = config.folder.join(format!("{name}.cache"));
            let infer = Arc::clone(&self.inner.infer);
            Ok::<_, QueryError>(Known::Files(Arc::new(Attached::new(name, lake, cache, infer, news.clone()))))
        };
        let catalog = match source {
            CatalogSource::Trino(config) => {
                let link: Arc<dyn Link> = Arc::new(Trino::new(config)?);
                Known::Linked(Arc::new(Linked::new(name, link, Arc::clone(&self.inner.infer), news.clone())))
            }
            CatalogSource::Glue(source) => {
                let fresh = if config.s3_interval.is_zero() { Duration::MAX } else { config.s3_interval };
                let journal = config.folder.join(format!("{name}.athena"));
                let link: Arc<dyn Link> = Arc::new(AthenaLink::open(*source, &journal, fresh).await?);
                Known::Linked(Arc::new(Linked::new(name, link, Arc::clone(&self.inner.infer), news.clone())))
            }
            CatalogSource::Postgres(config) => {
                let link: Arc<dyn Link> = Arc::new(Postgres::new(config)?);
                Known::Linked(Arc::new(Linked::new(name, link, Arc::clone(&self.inner.infer), news.clone())))
            }
            CatalogSource::Local { path } => {
                let allowed = config.allowed_roots.clone();
                // Resolving a path may wait for a slow disk.
                let lake = tokio::task::spawn_blocking(move || Lake::local(&path, allowed.as_deref()));
                attached(lake.await.map_err(QueryError::internal)?)?
            }
            CatalogSource::S3 { uri, region, endpoint, credentials, access } => {
                attached(Lake::s3(&uri, region, endpoint, credentials, access))?
            }
        };
        {
            let mut attached = self.inner.attached.write().unwrap_or_else(PoisonError::into_inner);
            if !replace && attached.contains_key(name) {
                return Err(QueryError::new(
                    "ALREADY_EXISTS",
                    ErrorKind::Conflict,
                    format!("There is a catalog \"{name}\" already."),
                ));
            }
            let entry = Entry { catalog: catalog.clone(), _stop: stop.clone().drop_guard() };
            attached.insert(name.to_owned(), entry);
        }
        self.inner.absent.write().unwrap_or_else(PoisonError::into_inner).remove(&name.to_lowercase());
        let info = catalog.info();
        match catalog {
            Known::Files(catalog) => {
                let interval = if info.kind == "s3" { config.s3_interval } else { config.local_interval };
                tokio::spawn(refresh::keep(catalog, interval, stop));
            }
            Known::Linked(catalog) => {
                tokio::spawn(linked::keep(catalog, config.linked_interval, stop));
            }
        }
        self.inner.news.tell([]);
        Ok(info)
    }

    /// Remembers a catalog that can't be added for now, and why: who asks for it is told so, and it stays in the list.
    pub fn set_absent(&self, name: &str, kind: &'static str, location: String, error: &QueryError) {
        let hint = error.hint.as_ref().map_or(String::new(), |hint| format!(" {hint}"));
        let message = format!("Catalog \"{name}\" can't be used: {}{hint}", error.message);
        let error = QueryError::new("CATALOG_UNAVAILABLE", ErrorKind::Unavailable, message)
            .with_hint("Ask an administrator: it stands under Connections.");
        let info = CatalogInfo {
            name: name.to_owned(),
            kind,
            location,
            databases: 0,
            tables: 0,
            files: None,
            bytes: None,
            listed_at: None,
            error: Some(Problem::of(error.clone())),
            warnings: Vec::new(),
        };
        let is_news = {
            let mut absent = self.inner.absent.write().unwrap_or_else(PoisonError::into_inner);
            absent.insert(name.to_lowercase(), Absent { info, error }).is_none()
        };
        if is_news {
            self.inner.news.tell([]);
        }
    }

    /// Forgets a catalog and its cache; its files stay. `CATALOG_NOT_FOUND`.
    pub async fn remove(&self, name: &str) -> Result<(), QueryError> {
        let absent = self.inner.absent.write().unwrap_or_else(PoisonError::into_inner).remove(&name.to_lowercase());
        let entry = self.inner.attached.write().unwrap_or_else(PoisonError::into_inner).remove(name);
        match (entry, absent) {
            (Some(Entry { catalog: Known::Files(catalog), .. }), _) => catalog.forget().await,
            (Some(_), _) => {}
            (None, Some(_)) => {
                // What an earlier process knew of it; there may be none.
                let _ = tokio::fs::remove_file(self.inner.config.folder.join(format!("{name}.cache"))).await;
            }
            (None, None) => return Err(no_catalog(name)),
        }
        self.inner.news.tell([]);
        Ok(())
    }

    /// All catalogs by name, as they are now.
    pub fn list(&self) -> Vec<CatalogInfo> {
        let attached = self.inner.attached.read().unwrap_or_else(PoisonError::into_inner);
        let mut infos: BTreeMap<String, CatalogInfo> =
            attached.iter().map(|(name, entry)| (name.clone(), entry.catalog.info())).collect();
        let absent = self.inner.absent.read().unwrap_or_else(PoisonError::into_inner);
        for (name, absent) in &*absent {
            infos.entry(name.clone()).or_insert_with(|| absent.info.clone());
        }
        infos.into_values().collect()
    }

    /// The databases of a catalog; waits for its first listing. `CATALOG_NOT_FOUND`, or why it can't be listed.
    pub async fn databases(&self, catalog: &str) -> Result<Vec<DatabaseInfo>, QueryError> {
        match self.known(catalog)? {
            Known::Files(catalog) => Ok(catalog.snapshot().await?.databases()),
            Known::Linked(catalog) => catalog.databases().await,
        }
    }

    /// The tables of a database whose names hold `search`. `CATALOG_NOT_FOUND`, `DATABASE_NOT_FOUND`.
    pub async fn tables(
        &self,
        catalog: &str,
        database: &str,
        search: Option<&str>,
    ) -> Result<Vec<TableSummary>, QueryError> {
        let (tables, there) = match self.known(catalog)? {
            Known::Files(known) => {
                let snapshot = known.snapshot().await?;
                (snapshot.tables(database, search), snapshot.has_database(database))
            }
            Known::Linked(known) => {
                let search = search.map(str::to_lowercase).unwrap_or_default();
                let there = known.databases().await?.iter().any(|each| each.name.eq_ignore_ascii_case(database));
                (known.tables(database, &search).await?, there)
            }
        };
        if tables.is_empty() && !there {
            return Err(QueryError::new(
                "DATABASE_NOT_FOUND",
                ErrorKind::NotFound,
                format!("There is no database \"{catalog}.{database}\"."),
            ));
        }
        Ok(tables)
    }

    /// A table with its columns, which are inferred if need be. Names match in any case. `TABLE_NOT_FOUND`, or what
    /// keeps a worker from looking just now; lasting trouble is among the table's problems.
    pub async fn table(&self, catalog: &str, database: &str, name: &str) -> Result<Arc<TableInfo>, QueryError> {
        let missing = || {
            QueryError::new(
                "TABLE_NOT_FOUND",
                ErrorKind::NotFound,
                format!("There is no table \"{catalog}.{database}.{name}\"."),
            )
        };
        match self.known(catalog).map_err(|error| missing_unless_absent(error, missing))? {
            Known::Files(known) => {
                let snapshot = known.snapshot().await?;
                let entry = snapshot.entry(&database.to_lowercase(), &name.to_lowercase()).ok_or_else(missing)?;
                known.table_info(entry).await
            }
            Known::Linked(known) => {
                let table = known.table(database, name).await?.ok_or_else(missing)?;
                Ok(Arc::new(known.table_info(&table)))
            }
        }
    }

    /// Tables for one statement, all of one snapshot per catalog, in the order of their names.
    ///
    /// Errors as of [`table`](Self::table) and [`TableInfo::engine_table`], for the first name that has one.
    pub(crate) async fn bind(&self, wanted: &[Wanted], person: &Principal) -> Result<Vec<Bound>, QueryError> {
        let mut snapshots: BTreeMap<&str, Arc<Snapshot>> = BTreeMap::new();
        let mut pending: Vec<BoxFuture<'_, Result<Bound, QueryError>>> = Vec::with_capacity(wanted.len());
        for wanted in wanted {
            let Wanted { catalog, database, table, .. } = wanted;
            let missing = || {
                let message = format!("There is no table \"{catalog}.{database}.{table}\".");
                QueryError::user("TABLE_NOT_FOUND", message)
            };
            match self.known(catalog).map_err(|error| missing_unless_absent(error, missing))? {
                Known::Files(known) => {
                    let snapshot = match snapshots.get(catalog.as_str()) {
                        Some(snapshot) => Arc::clone(snapshot),
                        None => known.snapshot().await?,
                    };
                    snapshots.insert(catalog, Arc::clone(&snapshot));
                    let Some(entry) = snapshot.entry(&database.to_lowercase(), &table.to_lowercase()) else {
                        let known = information_schema::bind(self, catalog, database, table).await?;
                        let known = known.ok_or_else(missing)?;
                        pending.push(Box::pin(std::future::ready(Ok(known))));
                        continue;
                    };
                    let entry = Arc::clone(entry);
                    let bound = async move { known.table_info(&entry).await?.bound_for(person).await };
                    pending.push(Box::pin(bound));
                }
                Known::Linked(known) => {
                    let Some(table) = known.table(database, table).await? else {
                        let is_ours = known.link().kind() == "glue";
                        let own = if is_ours {
                            information_schema::bind(self, catalog, database, table).await?
                        } else {
                            None
                        };
                        let own = own.ok_or_else(missing)?;
                        pending.push(Box::pin(std::future::ready(Ok(own))));
                        continue;
                    };
                    pending.push(Box::pin(async move { Ok(known.bind(&table, &wanted.conditions, person).await) }));
                }
            }
        }
        futures::future::try_join_all(pending).await
    }

    /// Lists a catalog anew, or waits for a listing that began after this call; a table is listed with its catalog.
    ///
    /// `CATALOG_NOT_FOUND`, `TABLE_NOT_FOUND` (after the listing), or why it can't be listed.
    pub async fn refresh(&self, catalog: &str, table: Option<(&str, &str)>) -> Result<RefreshReport, QueryError> {
        let known = self.known(catalog)?;
        let report = known.refresh().await.map_err(|error| known.told(error))?;
        if let Some((database, name)) = table {
            self.table(catalog, database, name).await?;
        }
        Ok(report)
    }

    /// A number that grows whenever a catalog or a table changes.
    pub fn versions(&self) -> watch::Receiver<u64> {
        self.inner.news.version.subscribe()
    }

    /// The tables that change from now on.
    pub fn changes(&self) -> broadcast::Receiver<TableChange> {
        self.inner.news.changes.subscribe()
    }

    /// Who keeps a catalog's tables, where they are not files.
    pub(crate) fn link(&self, catalog: &str) -> Option<Arc<dyn Link>> {
        match self.known(catalog) {
            Ok(Known::Linked(known)) => Some(Arc::clone(known.link())),
            _ => None,
        }
    }

    /// Names of all catalogs that can be used.
    pub fn names(&self) -> Vec<String> {
        self.inner.attached.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// Names of a catalog's databases as known now; empty before the first listing.
    pub fn database_names(&self, catalog: &str) -> Vec<String> {
        self.databases_now(catalog).into_iter().map(|database| database.name).collect()
    }

    /// Names of a database's tables as known now.
    pub fn table_names(&self, catalog: &str, database: &str) -> Vec<String> {
        match self.known(catalog) {
            Ok(Known::Files(known)) => {
                let tables = known.snapshot_now().map(|snapshot| snapshot.tables(database, None));
                tables.unwrap_or_default().into_iter().map(|table| table.name).collect()
            }
            Ok(Known::Linked(known)) => known.table_names(database),
            Err(_) => Vec::new(),
        }
    }

    /// A database as known now, with its version.
    pub fn database_now(&self, catalog: &str, database: &str) -> Option<DatabaseInfo> {
        self.databases_now(catalog).into_iter().find(|known| known.name.eq_ignore_ascii_case(database))
    }

    /// Whether a catalog's files are listed, so that versions of its tables say of every one of them. Files of tables that
    /// another system declares are looked at only when they are read.
    pub fn lists_files(&self, catalog: &str) -> bool {
        matches!(self.known(catalog), Ok(Known::Files(_)))
    }

    /// What changes when the data of a table does, as far as is known now; `None` if there is no such table.
    pub fn table_version(&self, catalog: &str, database: &str, name: &str) -> Option<String> {
        match self.known(catalog).ok()? {
            Known::Files(known) => {
                let snapshot = known.snapshot_now()?;
                let found = &snapshot.entry(&database.to_lowercase(), &name.to_lowercase())?.found;
                Some(found.fingerprint.clone())
            }
            Known::Linked(known) => known.table_version(database, name),
        }
    }

    fn databases_now(&self, catalog: &str) -> Vec<DatabaseInfo> {
        match self.known(catalog) {
            Ok(Known::Files(known)) => known.snapshot_now().map(|snapshot| snapshot.databases()).unwrap_or_default(),
            Ok(Known::Linked(known)) => known.databases_now(),
            Err(_) => Vec::new(),
        }
    }

    fn known(&self, name: &str) -> Result<Known, QueryError> {
        let attached = self.inner.attached.read().unwrap_or_else(PoisonError::into_inner);
        let key = name.to_lowercase();
        attached.get(&key).map(|entry| entry.catalog.clone()).ok_or_else(|| {
            let absent = self.inner.absent.read().unwrap_or_else(PoisonError::into_inner);
            absent.get(&key).map_or_else(|| no_catalog(name), |absent| absent.error.clone())
        })
    }
}

/// Of a table of no catalog there is nothing else to tell.
fn missing_unless_absent(error: QueryError, missing: impl Fn() -> QueryError) -> QueryError {
    if error.code == "CATALOG_NOT_FOUND" { missing() } else { error }
}

impl Known {
    fn info(&self) -> CatalogInfo {
        match self {
            Known::Files(catalog) => catalog.info(),
            Known::Linked(catalog) => catalog.info(),
        }
    }

    async fn refresh(&self) -> Result<RefreshReport, QueryError> {
        match self {
            Known::Files(catalog) => catalog.refresh().await,
            Known::Linked(catalog) => catalog.refresh().await,
        }
    }

    fn told(&self, error: QueryError) -> QueryError {
        match self {
            Known::Files(catalog) => catalog.told(error),
            Known::Linked(catalog) => catalog.told(error),
        }
    }
}

fn no_catalog(name: &str) -> QueryError {
    QueryError::new("CATALOG_NOT_FOUND", ErrorKind::NotFound, format!("There is no catalog \"{name}\"."))
}
