//! Who may read what: the only constructor of [`Authorized`].

use std::sync::Arc;

use chrono::{DateTime, Utc};
use lakefront_engine::{EngineError, Explain, Job, Limits, Literal, Meter};

use crate::catalog::{Bound, Link};
use crate::guard::PartitionRules;
use crate::statement::BoundQuery;
use crate::{ErrorKind, Principal, QueryError, Role};

/// A query that its principal may run. Keys, routes and engines take nothing else, and nothing but
/// [`authorize`] makes one, so no result can be reached around policy.
pub(crate) struct Authorized {
    query: Arc<BoundQuery>,
    principal: Principal,
}

/// Lets a principal read the tables of a query. Every role reads every table of the registered
/// catalogs; tables outside of them have no names at all.
pub(crate) fn authorize(query: Arc<BoundQuery>, principal: &Principal) -> Result<Authorized, QueryError> {
    match principal.role {
        Role::Viewer | Role::Editor | Role::Admin => {}
    }
    if principal.id.is_empty() {
        return Err(QueryError::new("FORBIDDEN", ErrorKind::Forbidden, "Statements run for someone who is signed in."));
    }
    Ok(Authorized { query, principal: principal.clone() })
}

impl Authorized {
    pub(crate) fn principal(&self) -> &Principal {
        &self.principal
    }

    pub(crate) fn canonical_text(&self) -> &str {
        self.query.canonical()
    }

    pub(crate) fn literals(&self) -> &[Literal] {
        &self.query.literals
    }

    pub(crate) fn tables(&self) -> &[Bound] {
        &self.query.tables
    }

    /// Up to when the data is that a run reads which begins at `begun`.
    pub(crate) fn as_of(&self, begun: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let newest = |table: &Bound| match table.files() {
            Ok(table) => {
                table.files.iter().map(|file| file.modified_ms).max().and_then(DateTime::from_timestamp_millis)
            }
            Err(_) => match table.state() {
                Some(state) => state.newest,
                None => Some(begun),
            },
        };
        self.tables().iter().filter_map(newest).max()
    }

    /// Refuses what reads a table without a condition that `rules` ask for.
    pub(crate) fn check_partitions(&self, rules: &PartitionRules) -> Result<(), QueryError> {
        self.query.check_partitions(rules)
    }

    /// The system that keeps all of its tables.
    pub(crate) fn link(&self) -> Option<&Arc<dyn Link>> {
        self.query.linked().map(|(link, _)| link)
    }

    /// Why the embedded engine does not run it, if so.
    pub(crate) fn not_embedded(&self) -> Option<&QueryError> {
        self.query.not_embedded.as_ref()
    }

    /// Each table with the files it consists of, where it does, and how often it is read at most.
    pub(crate) fn reads(&self) -> impl Iterator<Item = (&Bound, u64)> {
        self.query.tables.iter().zip(self.query.reads.iter().copied())
    }

    /// Whether its value is another one at the next run.
    pub(crate) fn is_volatile(&self) -> bool {
        self.query.volatile
    }

    /// Whether it runs to tell what happened.
    pub(crate) fn is_analyzed(&self) -> bool {
        self.query.explain == Explain::Run
    }

    /// Whether a stored result can stand for a new run, of whatever age it is: of much that another system keeps nobody
    /// tells when it changes.
    pub(crate) fn is_repeatable(&self) -> bool {
        !self.query.volatile && self.query.tables.iter().all(Bound::is_versioned)
    }

    /// The text for the system that keeps the tables.
    pub(crate) fn linked_sql(&self) -> &str {
        self.query.linked().map_or("", |(_, sql)| sql)
    }

    pub(crate) fn job(&self, limits: Limits) -> Job {
        let defaults = &self.query.defaults;
        Job {
            sql: self.query.sql().to_owned(),
            parameters: self.query.literals.clone(),
            tables: self.query.tables.iter().filter_map(|table| table.files().ok().cloned()).collect(),
            catalog: defaults.catalog.clone().unwrap_or_default(),
            database: defaults.database.clone().unwrap_or_default(),
            limits,
            meter: Meter::Embedded,
            explain: self.query.explain,
        }
    }

    /// What an engine said about it, in terms of its author's text.
    pub(crate) fn engine_error(&self, error: EngineError) -> QueryError {
        self.query.engine_error(error)
    }

    /// The same of what the system that keeps the tables said.
    pub(crate) fn link_error(&self, error: QueryError) -> QueryError {
        self.query.link_error(error)
    }
}
