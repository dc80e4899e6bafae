//! Prepared statements, in the app database.

use std::fmt;

use futures::future::BoxFuture;
use lakefront_query::{
    ErrorKind, FleetingStatements, MOST_PREPARED, PreparedStatements, Principal, QueryError, too_many_prepared,
};
use lakefront_store::{Scope, Store, StoreError};

use crate::auth::scope_of;

pub struct KeptStatements {
    store: Store,
    /// Those of the program itself, as of a command.
    own: FleetingStatements,
}

impl KeptStatements {
    pub fn new(store: Store) -> Self {
        Self { store, own: FleetingStatements::default() }
    }
}

impl fmt::Debug for KeptStatements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeptStatements")
    }
}

impl PreparedStatements for KeptStatements {
    fn find<'a>(
        &'a self,
        principal: &'a Principal,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>, QueryError>> {
        match person(principal) {
            Some(scope) => Box::pin(async move { self.store.prepared_statement(&scope, name).await.map_err(told) }),
            None => self.own.find(principal, name),
        }
    }

    fn keep<'a>(
        &'a self,
        principal: &'a Principal,
        name: &'a str,
        statement: &'a str,
    ) -> BoxFuture<'a, Result<(), QueryError>> {
        match person(principal) {
            Some(scope) => Box::pin(async move {
                let kept = self.store.keep_prepared_statement(&scope, name, statement, MOST_PREPARED as u64).await;
                kept.map_err(told)
            }),
            None => self.own.keep(principal, name, statement),
        }
    }

    fn remove<'a>(&'a self, principal: &'a Principal, name: &'a str) -> BoxFuture<'a, Result<bool, QueryError>> {
        match person(principal) {
            Some(scope) => {
                Box::pin(async move { self.store.remove_prepared_statement(&scope, name).await.map_err(told) })
            }
            None => self.own.remove(principal, name),
        }
    }
}

fn person(principal: &Principal) -> Option<Scope> {
    Some(scope_of(principal)).filter(|scope| !matches!(scope, Scope::System(_)))
}

fn told(error: StoreError) -> QueryError {
    match error {
        StoreError::Conflict(_) => too_many_prepared(),
        StoreError::Forbidden(reason) => QueryError::new("FORBIDDEN", ErrorKind::Forbidden, reason),
        error => {
            tracing::error!(%error, "a prepared statement could not be read or kept: {error}");
            let message = "Prepared statements can't be reached: the app database does not answer.";
            QueryError::new("UNAVAILABLE", ErrorKind::Unavailable, message).with_hint("Try again in a moment.")
        }
    }
}
