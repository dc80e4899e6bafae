//! A catalog whose tables another system keeps: it tells their names and columns, and runs what reads them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;
use lakefront_engine::Table;
use lakefront_trino::Sql;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::bound::{Bound, TableState};
use super::condition::Condition;
use super::definition::Definition;
use super::glue::{Declared, Unfollowed};
use super::gone;
use super::hint::{gathered, lies_in};
use super::info::{ColumnInfo, Declaration, Problem};
use super::refresh::LastListing;
use super::{CatalogInfo, DatabaseInfo, Infer, News, RefreshReport, TableChange, TableInfo, TableSummary};
use crate::engine::Engine;
use crate::{EngineChoice, ErrorKind, Principal, QueryError};

/// How long a question waits for the first listing.
const FIRST_LISTING: Duration = Duration::from_secs(30);
/// A table that could not follow its files is tried again after this, then after twice as long.
const TRIED_AGAIN: Duration = Duration::from_secs(2);
/// All of a listing. Each question in it has a limit of its own; a large catalog takes many.
const LISTING: Duration = Duration::from_secs(600);

/// Another system that keeps tables and answers statements about them.
pub(crate) trait Link: Engine + fmt::Debug {
    /// `trino`, `postgres`.
    fn kind(&self) -> &'static str;

    /// Where it is, without secrets.
    fn location(&self) -> String;

    /// What it calls the catalog itself, where names there have such a part.
    fn own_name(&self) -> Option<&str>;

    /// What it reads.
    fn sql(&self) -> Sql {
        Sql::Trino
    }

    /// As whom it is asked, without secrets: others may be given other rows.
    fn identity(&self) -> String;

    fn tables(&self) -> BoxFuture<'_, Result<Vec<LinkedTable>, QueryError>>;

    /// The files of a table that may hold rows under these conditions ([`Wanted::conditions`](super::Wanted)), where the
    /// embedded engine reads them as the other system does; else why not, as a clause. `catalog` is the name people use.
    fn files<'a>(
        &'a self,
        _catalog: &'a str,
        table: &'a LinkedTable,
        _conditions: &'a [Vec<Condition>],
        _person: &'a Principal,
    ) -> BoxFuture<'a, Result<Arc<Table>, Option<String>>> {
        let reason = table.files.as_ref().err().cloned().flatten();
        async { Err(reason) }.boxed()
    }

    /// The state of a table whose files are not read here, where its system tells.
    fn state<'a>(&'a self, _table: &'a LinkedTable) -> BoxFuture<'a, Option<TableState>> {
        async { None }.boxed()
    }

    /// Whether it is asked in the name of whoever asks: what one of them may read another may not.
    fn is_per_person(&self) -> bool {
        false
    }

    /// What `auto` means for the tables it keeps, for whoever asks.
    fn rules(&self, _principal: &Principal) -> Rules {
        Rules::default()
    }

    /// Brings a table that is Lakefront's own up to its files; answers whether it is another one now.
    fn follow<'a>(&'a self, _table: &'a LinkedTable, _infer: &'a Infer) -> BoxFuture<'a, Result<bool, Unfollowed>> {
        async { Ok(false) }.boxed()
    }

    /// What is known of the files of tables, as `(database, name)`, is no longer good enough.
    fn forget_files(&self, _is_outdated: &dyn Fn(&(String, String)) -> bool) {}
}

/// Which engine statements on the tables of a catalog take, where both could.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) engine: EngineChoice,
    /// More goes to the system that keeps the tables; `None`: as for all catalogs.
    pub(crate) embedded_max_bytes: Option<u64>,
    /// The group whose rules these are, where not everyone's.
    pub(crate) group: Option<String>,
}

/// A table as the other system tells it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LinkedTable {
    pub(crate) database: String,
    pub(crate) name: String,
    pub(crate) columns: Vec<ColumnInfo>,
    pub(crate) is_view: bool,
    /// `parquet`, `csv` or `json`.
    pub(crate) format: Option<&'static str>,
    pub(crate) format_text: Option<String>,
    /// Where its files are, if it is known.
    pub(crate) location: Option<String>,
    /// How its files are read here; else why they are not, as a clause, if there is something to say.
    pub(crate) files: Result<Arc<Declared>, Option<String>>,
    /// What the other system says of its content's version.
    pub(crate) content: Option<String>,
    /// How it is declared, where that is known.
    pub(crate) definition: Option<Arc<Definition>>,
    /// Somebody else says who sees which of its columns.
    pub(crate) is_governed: bool,
}

impl Default for LinkedTable {
    fn default() -> Self {
        Self {
            database: String::new(),
            name: String::new(),
            columns: Vec::new(),
            is_view: false,
            format: None,
            format_text: None,
            location: None,
            files: Err(None),
            content: None,
            definition: None,
            is_governed: false,
        }
    }
}

pub(super) struct Linked {
    name: String,
    link: Arc<dyn Link>,
    infer: Infer,
    news: News,
    /// Why tables of Lakefront's own can't follow their files.
    unfollowed: Mutex<BTreeMap<(String, String), String>>,
    state: watch::Sender<Option<Result<Listed, QueryError>>>,
    /// Held while listing; what the last one said.
    listing: tokio::sync::Mutex<Option<LastListing>>,
    /// Why the last listing failed.
    error: Mutex<Option<QueryError>>,
    /// Tables whose files changed, somebody says.
    hints: Mutex<BTreeSet<(String, String)>>,
    /// How often each table's files are said to have changed.
    touched: Mutex<BTreeMap<(String, String), u64>>,
    hinted: Notify,
    /// Its tables changed, somebody says.
    outdated: Notify,
}

#[derive(Clone)]
struct Listed {
    at: DateTime<Utc>,
    /// By database and name.
    tables: Arc<BTreeMap<(String, String), Arc<LinkedTable>>>,
    /// Those whose names are not all lower case, as if they were.
    in_any_case: Arc<BTreeMap<(String, String), Arc<LinkedTable>>>,
}

impl Linked {
    pub(super) fn new(name: &str, link: Arc<dyn Link>, infer: Infer, news: News) -> Self {
        Self {
            name: name.to_owned(),
            link,
            infer,
            news,
            unfollowed: Mutex::default(),
            state: watch::Sender::new(None),
            listing: tokio::sync::Mutex::default(),
            error: Mutex::default(),
            hints: Mutex::default(),
            touched: Mutex::default(),
            hinted: Notify::new(),
            outdated: Notify::new(),
        }
    }

    /// The tables that an object of a bucket belongs to, as far as their locations tell.
    pub(super) fn holding(&self, bucket: &str, key: &str) -> Vec<(String, String)> {
        let Some(listed) = self.now() else { return Vec::new() };
        let holds = |table: &LinkedTable| table.location.as_deref().is_some_and(|at| lies_in(at, bucket, key));
        listed.tables.iter().filter(|(_, table)| holds(table)).map(|(name, _)| name.clone()).collect()
    }

    /// The files of a table changed, somebody says: what is known of them is forgotten soon. Many hints are one.
    pub(super) fn hint(&self, table: &(String, String)) {
        if self.now().is_some_and(|listed| listed.tables.contains_key(table)) {
            self.hints.lock().unwrap_or_else(PoisonError::into_inner).insert(table.clone());
            self.hinted.notify_one();
        }
    }

    /// Tables came, went or are others than before, somebody says.
    pub(super) fn hint_at_tables(&self) {
        self.outdated.notify_one();
    }

    /// Brings tables of Lakefront's own up to their files, and lists again if any is another one now. Those that may
    /// follow when they are tried again are put among `failed`, and others taken out.
    async fn follow(
        &self,
        tables: impl IntoIterator<Item = Arc<LinkedTable>>,
        failed: &mut BTreeSet<(String, String)>,
    ) {
        let mut changed = false;
        for table in tables {
            let key = (table.database.clone(), table.name.clone());
            failed.remove(&key);
            let outcome = self.link.follow(&table, &self.infer).await;
            let mut unfollowed = self.unfollowed.lock().unwrap_or_else(PoisonError::into_inner);
            match outcome {
                Ok(is_other) => {
                    changed |= is_other;
                    unfollowed.remove(&key);
                }
                Err(error) => {
                    let told = format!("{}.{} does not follow its files: {error}", key.0, key.1);
                    if unfollowed.get(&key) != Some(&told) {
                        tracing::warn!(catalog = self.name, "{told}");
                    }
                    if matches!(error, Unfollowed::Other(_)) {
                        failed.insert(key.clone());
                    }
                    unfollowed.insert(key, told);
                }
            }
        }
        if changed {
            // The error is logged and shown with the catalog.
            let _ = self.refresh().await;
        }
    }

    fn named(&self, keys: &BTreeSet<(String, String)>) -> Vec<Arc<LinkedTable>> {
        let Some(listed) = self.now() else { return Vec::new() };
        keys.iter().filter_map(|key| listed.tables.get(key).cloned()).collect()
    }

    fn all(&self) -> Vec<Arc<LinkedTable>> {
        self.now().map(|listed| listed.tables.values().cloned().collect()).unwrap_or_default()
    }

    /// Files are listed when they are asked for, so what is known of them only has to be forgotten.
    async fn take_hints(&self, failed: &mut BTreeSet<(String, String)>) {
        let hints = std::mem::take(&mut *self.hints.lock().unwrap_or_else(PoisonError::into_inner));
        self.follow(self.named(&hints), failed).await;
        self.link.forget_files(&|table| hints.contains(table));
        let mut touched = self.touched();
        for table in hints {
            *touched.entry(table).or_default() += 1;
        }
    }

    fn touched(&self) -> MutexGuard<'_, BTreeMap<(String, String), u64>> {
        self.touched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn table_version(&self, database: &str, name: &str) -> Option<String> {
        let listed = self.now()?;
        let lower = (database.to_lowercase(), name.to_lowercase());
        let key =
            [(database.to_owned(), name.to_owned()), lower].into_iter().find(|key| listed.tables.contains_key(key))?;
        listed.tables.get(&key).map(|table| self.version(&key, table).to_hex()[..32].to_owned())
    }

    fn version(&self, key: &(String, String), table: &LinkedTable) -> blake3::Hash {
        let touched = self.touched().get(key).copied().unwrap_or_default();
        let mut hash = blake3::Hasher::new();
        hash.update(
            format!("{key:?} {touched} {:?} {:?} {:?}", table.columns, table.location, table.content).as_bytes(),
        );
        hash.finalize()
    }

    /// A version of each database, which changes with any of its tables.
    fn databases_of(&self, listed: &Listed) -> Vec<DatabaseInfo> {
        let mut databases: Vec<(DatabaseInfo, blake3::Hasher)> = Vec::new();
        for (key, table) in listed.tables.iter() {
            if databases.last().is_none_or(|(last, _)| last.name != key.0) {
                let name = key.0.clone();
                let info = DatabaseInfo { name, tables: 0, bytes: None, version: String::new(), newest: None };
                databases.push((info, blake3::Hasher::new()));
            }
            if let Some((info, hash)) = databases.last_mut() {
                info.tables += 1;
                hash.update(self.version(key, table).as_bytes());
            }
        }
        let versioned = |(info, hash): (DatabaseInfo, blake3::Hasher)| DatabaseInfo {
            version: hash.finalize().to_hex()[..32].to_owned(),
            ..info
        };
        databases.into_iter().map(versioned).collect()
    }

    pub(super) fn link(&self) -> &Arc<dyn Link> {
        &self.link
    }

    /// The table for a statement with these conditions.
    pub(super) async fn bind(&self, table: &LinkedTable, conditions: &[Vec<Condition>], person: &Principal) -> Bound {
        let files = self.link.files(&self.name, table, conditions, person).await;
        let state = match files {
            Ok(_) => None,
            Err(_) => self.link.state(table).await,
        };
        Bound {
            catalog: self.name.clone(),
            database: table.database.clone(),
            name: table.name.clone(),
            columns: table.columns.iter().map(|column| column.name.clone()).collect(),
            files,
            state,
            link: Some(Arc::clone(&self.link)),
            reader: self.link.is_per_person().then(|| person.id.clone()),
        }
    }

    pub(super) fn info(&self) -> CatalogInfo {
        let error = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now();
        CatalogInfo {
            name: self.name.clone(),
            kind: self.link.kind(),
            location: self.link.location(),
            databases: self.databases_now().len(),
            tables: now.as_ref().map_or(0, |listed| listed.tables.len()),
            files: None,
            bytes: None,
            listed_at: now.map(|listed| listed.at),
            error: error.clone().map(|error| Problem::of(self.told(error))),
            warnings: self.unfollowed.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect(),
        }
    }

    fn now(&self) -> Option<Listed> {
        self.state.borrow().as_ref().and_then(|state| state.as_ref().ok().cloned())
    }

    /// The current listing; waits for the first one.
    async fn listed(&self) -> Result<Listed, QueryError> {
        let mut states = self.state.subscribe();
        let known = states.wait_for(Option::is_some);
        match tokio::time::timeout(FIRST_LISTING, known).await {
            Ok(Ok(state)) => state.clone().unwrap_or_else(|| Err(self.not_ready())).map_err(|error| self.told(error)),
            _ => Err(self.not_ready()),
        }
    }

    /// An error of a listing, for people.
    pub(super) fn told(&self, error: QueryError) -> QueryError {
        gone::told(&self.name, self.link.kind(), error)
    }

    fn not_ready(&self) -> QueryError {
        let message = format!("Catalog \"{}\" is still being listed for the first time.", self.name);
        QueryError::new("CATALOG_NOT_READY", ErrorKind::Unavailable, message).with_hint("Try again in a moment.")
    }

    pub(super) fn databases_now(&self) -> Vec<DatabaseInfo> {
        self.now().map(|listed| self.databases_of(&listed)).unwrap_or_default()
    }

    pub(super) async fn databases(&self) -> Result<Vec<DatabaseInfo>, QueryError> {
        Ok(self.databases_of(&self.listed().await?))
    }

    pub(super) fn table_names(&self, database: &str) -> Vec<String> {
        let Some(listed) = self.now() else { return Vec::new() };
        listed.tables.keys().filter(|(of, _)| of.eq_ignore_ascii_case(database)).map(|(_, name)| name.clone()).collect()
    }

    pub(super) async fn tables(&self, database: &str, search: &str) -> Result<Vec<TableSummary>, QueryError> {
        let listed = self.listed().await?;
        let wanted = listed
            .tables
            .iter()
            .filter(|((of, name), _)| of.eq_ignore_ascii_case(database) && name.to_lowercase().contains(search));
        let summary = |((database, name), table): (&(String, String), &Arc<LinkedTable>)| TableSummary {
            catalog: self.name.clone(),
            database: database.clone(),
            name: name.clone(),
            format: table.format,
            files: None,
            bytes: None,
            newest: None,
            problems: Vec::new(),
        };
        Ok(wanted.map(summary).collect())
    }

    /// Of that name, or of one that differs in case only.
    pub(super) async fn table(&self, database: &str, name: &str) -> Result<Option<Arc<LinkedTable>>, QueryError> {
        let listed = self.listed().await?;
        let exactly = listed.tables.get(&(database.to_owned(), name.to_owned()));
        let lower = (database.to_lowercase(), name.to_lowercase());
        let in_lower_case = || listed.tables.get(&lower);
        let in_any_case = || listed.in_any_case.get(&lower);
        Ok(exactly.or_else(in_lower_case).or_else(in_any_case).cloned())
    }

    pub(super) fn table_info(&self, table: &LinkedTable) -> TableInfo {
        let kind = if table.is_view { "View" } else { "Table" };
        let location = match &table.location {
            Some(location) => location.clone(),
            None => format!("{kind} in {}", self.link.location()),
        };
        let definition = if table.is_view {
            Declaration::View
        } else {
            match &table.definition {
                // The columns that its listing shows are not each person's own.
                Some(_) if table.is_governed && self.link.is_per_person() => Declaration::PerPerson,
                Some(definition) => Declaration::Known(Arc::clone(definition)),
                None => Declaration::Elsewhere(self.link.choice()),
            }
        };
        TableInfo::linked(&self.name, table, location, definition)
    }

    /// Lists the tables, or waits for a listing that began after this call.
    pub(super) async fn refresh(&self) -> Result<RefreshReport, QueryError> {
        let asked = Instant::now();
        let mut last = self.listing.lock().await;
        if let Some(last) = last.as_ref().filter(|last| last.began > asked) {
            return last.result.clone();
        }
        let began = Instant::now();
        self.link.forget_files(&|_| true);
        let result = self.list(began).await;
        *last = Some(LastListing { began, result: result.clone() });
        result
    }

    async fn list(&self, began: Instant) -> Result<RefreshReport, QueryError> {
        let before = self.now();
        let result = tokio::time::timeout(LISTING, self.link.tables()).await.unwrap_or_else(|_| {
            let message = format!("Listing \"{}\" took longer than {} s.", self.name, LISTING.as_secs());
            Err(QueryError::new("TIMEOUT", ErrorKind::Unavailable, message))
        });
        self.error.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&result.as_ref().err().cloned());
        let tables = match result {
            Ok(tables) => tables,
            Err(error) => {
                tracing::warn!(
                    catalog = self.name,
                    code = error.code,
                    "catalog {} can't be listed: {error}",
                    self.name
                );
                // What was known stays; it is better than nothing.
                self.state.send_if_modified(|state| {
                    let first = !matches!(state, Some(Ok(_)));
                    if first {
                        *state = Some(Err(error.clone()));
                    }
                    first
                });
                return Err(error);
            }
        };
        let key = |table: &LinkedTable| (table.database.clone(), table.name.clone());
        let tables: BTreeMap<_, _> = tables.into_iter().map(|table| (key(&table), Arc::new(table))).collect();
        let known = before.as_ref().map(|before| &*before.tables);
        let changes = TableChange::between(&self.name, known, &tables, |old, new| old == new);
        let report = RefreshReport::of(&changes, None, tables.len(), began);
        let in_any_case = tables.iter().filter_map(|((database, name), table)| {
            let lower = (database.to_lowercase(), name.to_lowercase());
            (lower.0 != *database || lower.1 != *name).then(|| (lower, Arc::clone(table)))
        });
        let listed = Listed { at: Utc::now(), in_any_case: Arc::new(in_any_case.collect()), tables: Arc::new(tables) };
        self.state.send_replace(Some(Ok(listed)));
        match before {
            // What there is when Lakefront starts is no news to others.
            None => self.news.tell([]),
            Some(_) if changes.is_empty() => {}
            Some(_) => self.news.tell(changes),
        }
        Ok(report)
    }
}

/// Keeps a listing up to date until the catalog is removed.
pub(super) async fn keep(catalog: Arc<Linked>, interval: Duration, stop: CancellationToken) {
    let work = async {
        loop {
            let began = Instant::now();
            // The error is logged and shown with the catalog.
            let _ = catalog.refresh().await;
            let took = began.elapsed();
            let mut failed = BTreeSet::new();
            catalog.follow(catalog.all(), &mut failed).await;
            let mut pause = TRIED_AGAIN;
            let mut again = tokio::time::Instant::now() + pause;
            let next = async {
                if interval.is_zero() { std::future::pending().await } else { tokio::time::sleep(interval).await }
            };
            tokio::pin!(next);
            loop {
                tokio::select! {
                    () = &mut next => break,
                    () = catalog.outdated.notified() => {
                        gathered(took, began + took).await;
                        break;
                    }
                    () = catalog.hinted.notified() => {
                        gathered(Duration::ZERO, Instant::now()).await;
                        if failed.is_empty() {
                            pause = TRIED_AGAIN;
                            again = tokio::time::Instant::now() + pause;
                        }
                        catalog.take_hints(&mut failed).await;
                        catalog.news.tell([]);
                    }
                    () = tokio::time::sleep_until(again), if !failed.is_empty() => {
                        catalog.follow(catalog.named(&failed), &mut failed).await;
                        pause *= 2;
                        again = tokio::time::Instant::now() + pause;
                    }
                }
            }
        }
    };
    stop.run_until_cancelled(work).await;
}
