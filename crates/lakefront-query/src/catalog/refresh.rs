//! One catalog at work: its current snapshot, and the task that renews it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::StreamExt;
use lakefront_engine::infer::{InferRequest, sample};
use lakefront_engine::{EngineError, EngineErrorKind, lake as listing};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::hint::gathered;
use super::info::Problem;
use super::lake::Lake;
use super::layout::Listing;
use super::snapshot::{Snapshot, TableEntry};
use super::{CatalogInfo, Infer, News, RefreshReport, TableInfo, cache, gone};
use crate::{ErrorKind, QueryError};

/// Objects of one catalog; more are a sign of a prefix chosen too wide, and cost memory.
const MOST_OBJECTS: u64 = 1_000_000;
/// How long a question waits for the first listing of a catalog.
const FIRST_LISTING: Duration = Duration::from_secs(30);
const INFERENCE: Duration = Duration::from_secs(60);
/// A listing takes at most one part in this many of the time.
const REST: u32 = 20;
/// What is learnt is written to disk this much later, with what else is learnt meanwhile.
const WRITE_AFTER: Duration = Duration::from_millis(500);

pub(super) struct Attached {
    name: String,
    lake: Arc<Lake>,
    cache: PathBuf,
    infer: Infer,
    news: News,
    state: watch::Sender<State>,
    /// Held while listing; what the last one said.
    listing: tokio::sync::Mutex<Option<LastListing>>,
    /// Why the last listing failed.
    error: Mutex<Option<QueryError>>,
    /// Somebody says that an object changed.
    hinted: Notify,
    /// Something is to be written to the cache.
    learnt: Notify,
    /// Held while the cache is written; set once it is not to be written again.
    forgotten: tokio::sync::Mutex<bool>,
}

#[derive(Clone)]
enum State {
    /// Neither a cached nor a fresh listing yet.
    Unlisted,
    Listed(Arc<Snapshot>),
    /// The first listing failed.
    Failed(QueryError),
}

pub(super) struct LastListing {
    pub(super) began: Instant,
    pub(super) result: Result<RefreshReport, QueryError>,
}

impl Attached {
    pub(super) fn new(name: &str, lake: Lake, cache: PathBuf, infer: Infer, news: News) -> Attached {
        Attached {
            name: name.to_owned(),
            lake: Arc::new(lake),
            cache,
            infer,
            news,
            state: watch::Sender::new(State::Unlisted),
            listing: tokio::sync::Mutex::new(None),
            error: Mutex::new(None),
            hinted: Notify::new(),
            learnt: Notify::new(),
            forgotten: tokio::sync::Mutex::new(false),
        }
    }

    /// Bucket and prefix, where there is one.
    pub(super) fn bucket(&self) -> Option<(&str, &str)> {
        self.lake.bucket()
    }

    /// Has it listed soon. Many hints are one listing, and one that comes while it is listed is another.
    pub(super) fn hint(&self) {
        self.hinted.notify_one();
    }

    /// An error of a listing, for people.
    pub(super) fn told(&self, error: QueryError) -> QueryError {
        gone::told(&self.name, self.lake.kind(), error)
    }

    pub(super) fn snapshot_now(&self) -> Option<Arc<Snapshot>> {
        match &*self.state.borrow() {
            State::Listed(snapshot) => Some(Arc::clone(snapshot)),
            State::Unlisted | State::Failed(_) => None,
        }
    }

    /// The current snapshot; waits for the first one.
    pub(super) async fn snapshot(&self) -> Result<Arc<Snapshot>, QueryError> {
        let mut states = self.state.subscribe();
        let listed = states.wait_for(|state| !matches!(state, State::Unlisted));
        let state = tokio::time::timeout(FIRST_LISTING, listed).await.map(|state| state.map(|state| state.clone()));
        match state {
            Ok(Ok(State::Listed(snapshot))) => Ok(snapshot),
            Ok(Ok(State::Failed(error))) => Err(self.told(error)),
            _ => Err(QueryError::new(
                "CATALOG_NOT_READY",
                ErrorKind::Unavailable,
                format!("Catalog \"{}\" is still being listed for the first time.", self.name),
            )
            .with_hint("Try again in a moment.")),
        }
    }

    pub(super) fn info(&self) -> CatalogInfo {
        let error = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        let mut info = CatalogInfo {
            name: self.name.clone(),
            kind: self.lake.kind(),
            location: self.lake.location(),
            databases: 0,
            tables: 0,
            files: None,
            bytes: None,
            listed_at: None,
            error: error.clone().map(|error| Problem::of(self.told(error))),
            warnings: Vec::new(),
        };
        if let Some(snapshot) = self.snapshot_now() {
            info.databases = snapshot.databases().len();
            info.listed_at = Some(snapshot.listed_at);
            info.warnings.clone_from(&snapshot.warnings);
            info.tables = snapshot.entries().count();
            info.files = Some(snapshot.entries().map(|entry| entry.found.files.len() as u64).sum());
            info.bytes = Some(snapshot.entries().map(|entry| entry.found.bytes()).sum());
        }
        info
    }

    /// A table with its columns; many who ask at once wait for one inference.
    pub(super) async fn table_info(&self, entry: &TableEntry) -> Result<Arc<TableInfo>, QueryError> {
        let known = entry.info.initialized();
        let info = entry.info.get_or_try_init(|| self.look_into(entry)).await?;
        if !known {
            self.learnt.notify_one();
        }
        Ok(Arc::clone(info))
    }

    async fn look_into(&self, entry: &TableEntry) -> Result<Arc<TableInfo>, QueryError> {
        let found = &entry.found;
        let Some(kind) = found.kind.filter(|_| found.is_readable()) else {
            return Ok(Arc::new(TableInfo::broken(&self.name, found, None)));
        };
        let storage = self.lake.storage().await?;
        let request =
            InferRequest { storage, kind, files: sample(&found.files), files_total: found.files.len() as u64 };
        let inferred = match tokio::time::timeout(INFERENCE, (self.infer)(request)).await {
            Ok(inferred) => inferred,
            Err(_) => {
                return Err(QueryError::new(
                    "TIMEOUT",
                    ErrorKind::Unavailable,
                    format!("Looking into the files of \"{}\" took longer than a minute.", found.name),
                ));
            }
        };
        match inferred {
            Ok(inferred) => Ok(Arc::new(TableInfo::readable(&self.name, found, &self.lake, inferred))),
            Err(error) if lasts(&error) => {
                let problem = Problem::fatal(error.code(), error.message);
                tracing::warn!(
                    catalog = self.name,
                    database = found.database,
                    table = found.name,
                    detail = error.detail,
                    "table {}.{}.{} can't be read: {}",
                    self.name,
                    found.database,
                    found.name,
                    problem.message,
                );
                Ok(Arc::new(TableInfo::broken(&self.name, found, Some(problem))))
            }
            Err(error) => Err(QueryError::from_engine(&error)),
        }
    }

    /// Lists the catalog, or waits for a listing that began after this call.
    pub(super) async fn refresh(self: &Arc<Self>) -> Result<RefreshReport, QueryError> {
        let asked = Instant::now();
        let mut last = self.listing.lock().await;
        if let Some(last) = last.as_ref().filter(|last| last.began > asked) {
            return last.result.clone();
        }
        let began = Instant::now();
        let result = self.list().await;
        *self.error.lock().unwrap_or_else(PoisonError::into_inner) = result.as_ref().err().cloned();
        if let Err(error) = &result {
            tracing::warn!(catalog = self.name, code = error.code, "catalog {} can't be listed: {error}", self.name);
            self.state.send_if_modified(|state| {
                let first = !matches!(state, State::Listed(_));
                if first {
                    *state = State::Failed(error.clone());
                }
                first
            });
        }
        *last = Some(LastListing { began, result: result.clone() });
        result
    }

    async fn list(self: &Arc<Self>) -> Result<RefreshReport, QueryError> {
        let began = Instant::now();
        let told = |error: EngineError| QueryError::from_engine(&error);
        let storage = self.lake.storage().await?;
        let mut listing = Listing::default();
        let mut pages = listing::list(&storage);
        while let Some(page) = pages.next().await {
            let page = page.map_err(told)?;
            page.objects.into_iter().for_each(|object| listing.object(object));
            page.skipped.into_iter().for_each(|skipped| listing.skipped(skipped));
            if listing.objects > MOST_OBJECTS {
                return Err(QueryError::new(
                    "RESOURCE_LIMIT",
                    ErrorKind::Limit,
                    format!("Catalog \"{}\" has more than {MOST_OBJECTS} objects.", self.name),
                )
                .with_hint("Add parts of it as catalogs of their own."));
            }
        }
        let objects = listing.objects;
        let root_name = self.lake.root_name().unwrap_or(&self.name).to_owned();
        let before = self.snapshot_now();
        let (name, old) = (self.name.clone(), before.clone());
        // Sorting and hashing many keys takes a while.
        let arranging =
            tokio::task::spawn_blocking(move || Snapshot::after(old.as_deref(), &name, listing.arrange(&root_name)));
        let snapshot = match arranging.await {
            // A command that ends while its catalogs are still listed, and this with it.
            Err(ended) if ended.is_cancelled() => std::future::pending().await,
            arranged => arranged.map_err(QueryError::internal)?,
        };
        let snapshot = Arc::new(snapshot);
        let changes = snapshot.changes_since(before.as_deref());
        self.state.send_replace(State::Listed(Arc::clone(&snapshot)));

        let report = RefreshReport::of(&changes, Some(objects), snapshot.entries().count(), began);
        if !changes.is_empty() || before.is_none() {
            if let Some(before) = before {
                self.look_again(&before, &snapshot);
            }
            self.news.tell(changes);
            // At once: a command that ends after its refresh leaves a head start, too.
            self.persist().await;
        }
        Ok(report)
    }

    /// Tables that someone has looked at are looked at again when they change, before they are asked for.
    fn look_again(self: &Arc<Self>, before: &Snapshot, now: &Snapshot) {
        let wanted: Vec<Arc<TableEntry>> = now
            .entries()
            .filter(|entry| {
                let old = before.entry(&entry.found.database, &entry.found.name);
                !entry.info.initialized() && old.is_some_and(|old| old.info.initialized())
            })
            .cloned()
            .collect();
        let catalog = Arc::clone(self);
        tokio::spawn(async move {
            for entry in wanted {
                if let Err(error) = catalog.table_info(&entry).await {
                    tracing::debug!(table = entry.found.name, "{} was not looked into: {error}", entry.found.name);
                }
            }
        });
    }

    async fn restore(&self) {
        let (path, name, lake) = (self.cache.clone(), self.name.clone(), Arc::clone(&self.lake));
        let restored = tokio::task::spawn_blocking(move || cache::read(&path, &name, &lake)).await;
        if let Ok(Some(snapshot)) = restored {
            let snapshot = Arc::new(snapshot);
            let is_news = self.state.send_if_modified(|state| {
                let first = matches!(state, State::Unlisted);
                if first {
                    *state = State::Listed(snapshot);
                }
                first
            });
            // A listing may have been faster.
            if is_news {
                self.news.tell([]);
            }
        }
    }

    async fn persist(&self) {
        let Some(snapshot) = self.snapshot_now() else {
            return;
        };
        let forgotten = self.forgotten.lock().await;
        if *forgotten {
            return;
        }
        let (path, identity) = (self.cache.clone(), self.lake.identity());
        let written = tokio::task::spawn_blocking(move || cache::write(&path, &identity, &snapshot)).await;
        if let Ok(Err(error)) = written {
            tracing::warn!(catalog = self.name, %error, "the listing of {} was not kept on disk: {error}", self.name);
        }
    }

    /// Removes the cache for good.
    pub(super) async fn forget(&self) {
        let mut forgotten = self.forgotten.lock().await;
        *forgotten = true;
        // A catalog that was never listed has none.
        let _ = tokio::fs::remove_file(&self.cache).await;
    }
}

/// Whether the same files would give the same error again.
fn lasts(error: &EngineError) -> bool {
    matches!(error.kind, EngineErrorKind::InvalidFile | EngineErrorKind::SchemaConflict | EngineErrorKind::NotSupported)
}

/// Keeps a catalog up to date until it is removed.
pub(super) async fn keep(catalog: Arc<Attached>, interval: Duration, stop: CancellationToken) {
    let work = async {
        catalog.restore().await;
        loop {
            let began = Instant::now();
            // The error is logged and shown with the catalog.
            let _ = catalog.refresh().await;
            let (took, ended) = (began.elapsed(), Instant::now());
            let pause = interval.max(took * REST);
            let next = async {
                if interval.is_zero() { std::future::pending().await } else { tokio::time::sleep(pause).await }
            };
            tokio::pin!(next);
            loop {
                tokio::select! {
                    () = &mut next => break,
                    () = catalog.hinted.notified() => {
                        gathered(took, ended).await;
                        break;
                    }
                    () = catalog.learnt.notified() => {
                        tokio::time::sleep(WRITE_AFTER).await;
                        catalog.persist().await;
                    }
                }
            }
        }
    };
    stop.run_until_cancelled(work).await;
}
