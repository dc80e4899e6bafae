//! One listing of a catalog, immutable but for what is learnt of its tables.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::OnceCell;

use super::found::Found;
use super::info::{DatabaseInfo, TableChange, TableInfo, TableSummary};
use super::layout::Layout;

pub(super) struct Snapshot {
    pub(super) listed_at: DateTime<Utc>,
    pub(super) warnings: Vec<String>,
    catalog: String,
    entries: BTreeMap<(String, String), Arc<TableEntry>>,
}

/// One table. Entries live on in the next snapshot while their files stay the same.
pub(super) struct TableEntry {
    pub(super) found: Found,
    /// What looking into its files said.
    pub(super) info: OnceCell<Arc<TableInfo>>,
}

impl Snapshot {
    /// A snapshot of a layout; tables that have not changed since `before` keep what is known of them.
    pub(super) fn after(before: Option<&Snapshot>, catalog: &str, layout: Layout) -> Snapshot {
        let entries = layout
            .tables
            .into_iter()
            .map(|(key, found)| {
                let same = before.and_then(|before| before.entries.get(&key)).filter(|entry| {
                    entry.found.fingerprint == found.fingerprint && entry.found.problems == found.problems
                });
                let entry = match same {
                    Some(entry) => Arc::clone(entry),
                    None => Arc::new(TableEntry { found, info: OnceCell::new() }),
                };
                (key, entry)
            })
            .collect();
        Snapshot { listed_at: Utc::now(), warnings: layout.warnings, catalog: catalog.to_owned(), entries }
    }

    pub(super) fn restored(
        catalog: &str,
        listed_at: DateTime<Utc>,
        warnings: Vec<String>,
        entries: impl Iterator<Item = TableEntry>,
    ) -> Snapshot {
        let entries =
            entries.map(|entry| ((entry.found.database.clone(), entry.found.name.clone()), Arc::new(entry))).collect();
        Snapshot { listed_at, warnings, catalog: catalog.to_owned(), entries }
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Arc<TableEntry>> {
        self.entries.values()
    }

    pub(super) fn entry(&self, database: &str, name: &str) -> Option<&Arc<TableEntry>> {
        self.entries.get(&(database.to_owned(), name.to_owned()))
    }

    pub(super) fn has_database(&self, database: &str) -> bool {
        self.of_database(database).next().is_some()
    }

    pub(super) fn databases(&self) -> Vec<DatabaseInfo> {
        let mut databases: Vec<(DatabaseInfo, blake3::Hasher)> = Vec::new();
        for entry in self.entries.values() {
            let found = &entry.found;
            if databases.last().is_none_or(|(last, _)| last.name != found.database) {
                let info = DatabaseInfo {
                    name: found.database.clone(),
                    tables: 0,
                    bytes: Some(0),
                    version: String::new(),
                    newest: None,
                };
                databases.push((info, blake3::Hasher::new()));
            }
            if let Some((info, hash)) = databases.last_mut() {
                info.tables += 1;
                info.bytes = info.bytes.map(|bytes| bytes + found.bytes());
                info.newest = info.newest.max(found.newest());
                hash.update(found.name.as_bytes()).update(found.fingerprint.as_bytes());
            }
        }
        databases
            .into_iter()
            .map(|(info, hash)| DatabaseInfo { version: hash.finalize().to_hex()[..32].to_owned(), ..info })
            .collect()
    }

    /// By name.
    pub(super) fn tables(&self, database: &str, search: Option<&str>) -> Vec<TableSummary> {
        let search = search.map(str::to_lowercase).unwrap_or_default();
        self.of_database(database)
            .filter(|entry| entry.found.name.contains(&search))
            .map(|entry| {
                let known = entry.info.get();
                let found = &entry.found;
                TableSummary {
                    catalog: self.catalog.clone(),
                    database: found.database.clone(),
                    name: found.name.clone(),
                    format: found.format_name(),
                    files: Some(found.files.len() as u64),
                    bytes: Some(found.bytes()),
                    newest: found.newest(),
                    problems: known.map_or_else(|| found.problems.clone(), |info| info.problems.clone()),
                }
            })
            .collect()
    }

    fn of_database(&self, database: &str) -> impl Iterator<Item = &Arc<TableEntry>> {
        let database = database.to_lowercase();
        self.entries
            .range((database.clone(), String::new())..)
            .take_while(move |((name, _), _)| *name == database)
            .map(|(_, entry)| entry)
    }

    /// What differs from an earlier snapshot.
    pub(super) fn changes_since(&self, before: Option<&Snapshot>) -> Vec<TableChange> {
        TableChange::between(&self.catalog, before.map(|before| &before.entries), &self.entries, Arc::ptr_eq)
    }
}
