//! Statements that people keep under a name: PREPARE, EXECUTE, DEALLOCATE PREPARE.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::{ErrorKind, Principal, QueryError};

/// Statements that one principal may keep.
pub const MOST_PREPARED: usize = 1_000;

/// Whoever keeps them. Names are in lower case; each principal has its own.
pub trait PreparedStatements: fmt::Debug + Send + Sync {
    fn find<'a>(&'a self, principal: &'a Principal, name: &'a str)
    -> BoxFuture<'a, Result<Option<String>, QueryError>>;

    /// Replaces what had the name. The error of [`too_many_prepared`] for one above [`MOST_PREPARED`].
    fn keep<'a>(
        &'a self,
        principal: &'a Principal,
        name: &'a str,
        statement: &'a str,
    ) -> BoxFuture<'a, Result<(), QueryError>>;

    /// Whether there was one.
    fn remove<'a>(&'a self, principal: &'a Principal, name: &'a str) -> BoxFuture<'a, Result<bool, QueryError>>;
}

pub fn too_many_prepared() -> QueryError {
    let message = format!("{MOST_PREPARED} statements are prepared already.");
    QueryError::new("TOO_MANY_PREPARED_STATEMENTS", ErrorKind::Limit, message)
        .with_hint("Take some away first: DEALLOCATE PREPARE name.")
}

/// Keeps them as long as the process lives.
#[derive(Debug, Default)]
pub struct FleetingStatements(Mutex<HashMap<String, HashMap<String, String>>>);

impl PreparedStatements for FleetingStatements {
    fn find<'a>(
        &'a self,
        principal: &'a Principal,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>, QueryError>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let statement = kept.get(&principal.id).and_then(|own| own.get(name)).cloned();
        async { Ok(statement) }.boxed()
    }

    fn keep<'a>(
        &'a self,
        principal: &'a Principal,
        name: &'a str,
        statement: &'a str,
    ) -> BoxFuture<'a, Result<(), QueryError>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = kept.entry(principal.id.clone()).or_default();
        let result = if own.len() < MOST_PREPARED || own.contains_key(name) {
            own.insert(name.to_owned(), statement.to_owned());
            Ok(())
        } else {
            Err(too_many_prepared())
        };
        async { result }.boxed()
    }

    fn remove<'a>(&'a self, principal: &'a Principal, name: &'a str) -> BoxFuture<'a, Result<bool, QueryError>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let removed = kept.get_mut(&principal.id).is_some_and(|own| own.remove(name).is_some());
        async move { Ok(removed) }.boxed()
    }
}
