//! Who may read what: the only constructor of [`Authorized`].

use std::sync::Arc;

use lakefront_engine::{EngineError, Job, Limits, Literal, Table};

use crate::statement::BoundQuery;
use crate::{ErrorKind, Principal, QueryError, Role};

/// A query that its principal may run. Keys, routes and engines take nothing else, and nothing but
/// [`authorize`] makes one, so no result can be reached around policy.
pub(crate) struct Authorized {
    query: BoundQuery,
    principal: Principal,
}

/// Lets a principal read the tables of a query. Every role reads every table of the registered
/// catalogs; tables outside of them have no names at all.
pub(crate) fn authorize(query: BoundQuery, principal: &Principal) -> Result<Authorized, QueryError> {
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

    pub(crate) fn tables(&self) -> &[Arc<Table>] {
        &self.query.tables
    }

    /// Whether a stored result can stand for a new run.
    pub(crate) fn is_repeatable(&self) -> bool {
        !self.query.volatile
    }

    pub(crate) fn job(&self, limits: Limits) -> Job {
        let defaults = &self.query.defaults;
        Job {
            sql: self.query.sql().to_owned(),
            parameters: self.query.literals.clone(),
            tables: self.query.tables.clone(),
            catalog: defaults.catalog.clone().unwrap_or_default(),
            database: defaults.database.clone().unwrap_or_default(),
            limits,
        }
    }

    /// What an engine said about it, in terms of its author's text.
    pub(crate) fn engine_error(&self, error: EngineError) -> QueryError {
        self.query.engine_error(error)
    }
}
