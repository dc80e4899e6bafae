//! A table of a statement: files, a system that keeps it, or both.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use lakefront_engine::{S3Credentials, Storage, Table};

use super::condition::Condition;
use super::linked::Link;

/// A table that a statement names.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) catalog: String,
    pub(crate) database: String,
    pub(crate) table: String,
    /// One entry per use: what holds for every row that this use takes. None of them: any row may be taken.
    pub(crate) conditions: Vec<Vec<Condition>>,
}

/// What the system that keeps a table says of it, where it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableState {
    /// Another one when the content is.
    pub(crate) version: String,
    /// At most what reading it once reads.
    pub(crate) bytes: Option<u64>,
    pub(crate) files: Option<u64>,
    /// When the content changed last.
    pub(crate) newest: Option<DateTime<Utc>>,
}

/// A table that a statement reads: the embedded engine reads its files, the system that keeps it runs the statement.
/// At least one of the two is there.
#[derive(Clone)]
pub(crate) struct Bound {
    pub(super) catalog: String,
    pub(super) database: String,
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    /// Or why the embedded engine does not read it, as a clause, where that can be said.
    pub(super) files: Result<Arc<Table>, Option<String>>,
    /// Of a table without files.
    pub(super) state: Option<TableState>,
    pub(super) link: Option<Arc<dyn Link>>,
    /// Whose name it is read in, where the connection tells people apart.
    pub(super) reader: Option<String>,
}

impl std::fmt::Debug for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.catalog, self.database, self.name)
    }
}

impl Bound {
    pub(super) fn of_files(table: Arc<Table>) -> Self {
        let columns = table.schema.fields().iter().map(|field| field.name().clone());
        Self {
            catalog: table.catalog.clone(),
            database: table.database.clone(),
            name: table.name.clone(),
            columns: columns.chain(table.partitions.iter().map(|field| field.name().clone())).collect(),
            files: Ok(table),
            state: None,
            link: None,
            reader: None,
        }
    }

    pub(crate) fn catalog(&self) -> &str {
        &self.catalog
    }

    pub(crate) fn database(&self) -> &str {
        &self.database
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn files(&self) -> Result<&Arc<Table>, Option<&str>> {
        self.files.as_ref().map_err(Option::as_deref)
    }

    /// Why the embedded engine does not read it, where that can be said.
    pub(crate) fn reason(&self) -> Option<&str> {
        self.files.as_ref().err()?.as_deref()
    }

    pub(crate) fn state(&self) -> Option<&TableState> {
        self.state.as_ref()
    }

    /// Whether its version tells of every change.
    pub(crate) fn is_versioned(&self) -> bool {
        self.files.is_ok() || self.state.is_some()
    }

    pub(crate) fn link(&self) -> Option<&Arc<dyn Link>> {
        self.link.as_ref()
    }

    /// Changes if and only if the content does, or as whom another system is asked. Without files and [`state`](Self::state)
    /// nobody tells of changes: there it only says where the table is. What one person is shown must not answer another,
    /// so where people are told apart it names the reader, too.
    pub(crate) fn version(&self) -> String {
        let version = match (&self.files, &self.link) {
            (Ok(table), None) => table.version.clone(),
            (Ok(table), Some(link)) => format!("{}\n{}", table.version, link.identity()),
            (Err(_), Some(link)) => {
                let state = self.state.as_ref().map_or("", |state| &state.version);
                format!("{}\n{}\n{state}", link.location(), link.identity())
            }
            (Err(_), None) => String::new(),
        };
        match &self.reader {
            Some(reader) => format!("{version} {reader}"),
            None => version,
        }
    }

    /// Whether it can be read by everyone and for as long as its catalog stays the same: another system may change without
    /// a word, and temporary credentials end.
    pub(crate) fn lasts(&self) -> bool {
        let ends = |table: &Table| {
            matches!(
                &table.storage,
                Storage::S3 { credentials: S3Credentials::Keys { session_token: Some(_), .. }, .. }
            )
        };
        self.link.is_none() && self.reader.is_none() && self.files.as_ref().is_ok_and(|table| !ends(table))
    }

    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(String::as_str)
    }
}
