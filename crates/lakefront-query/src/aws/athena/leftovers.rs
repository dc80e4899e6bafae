//! Queries of a process that was killed. They may have cost much by now: whoever asks for the same in time takes one up;
//! what nobody asks for is stopped.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use super::journal::Entry;
use super::start::{self, Alive};
use crate::aws::Aws;

/// By what makes them the same to whoever asks. Dropped, it stops them.
#[derive(Debug, Default)]
pub(super) struct Leftovers(Mutex<HashMap<String, Alive>>);

impl Leftovers {
    /// Holds what was left for as long as `patience`. Within a runtime.
    pub(super) fn hold(aws: &Aws, left: Vec<Entry>, patience: Duration) -> Arc<Self> {
        let leftovers = Arc::new(Self::default());
        for entry in left {
            tokio::spawn(hold(Arc::downgrade(&leftovers), aws.clone(), entry, patience));
        }
        leftovers
    }

    pub(super) fn take(&self, claim: &str) -> Option<Alive> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(claim)
    }

    fn put(&self, claim: &str, query: Alive) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(claim.to_owned(), query);
    }
}

async fn hold(leftovers: Weak<Leftovers>, aws: Aws, entry: Entry, patience: Duration) {
    let left = entry.written();
    // A start that is sent again for its id may be the first that arrives: nobody has waited for that one.
    let claim = left.id.as_ref().and(left.claim.clone());
    let Some(query) = start::find_left(aws, entry).await else { return };
    // What returns here drops the query, and so stops it.
    let (Some(claim), Some(held)) = (claim, leftovers.upgrade()) else { return };
    held.put(&claim, query);
    drop(held);
    tokio::time::sleep(patience).await;
    if let Some(query) = leftovers.upgrade().and_then(|held| held.take(&claim)) {
        tracing::info!(query_execution_id = query.id(), "nobody asked for Athena query {} again", query.id());
    }
}
