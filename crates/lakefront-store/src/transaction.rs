//! How every call runs: in one transaction, repeated when the database asks for it, within the store's timeout.
//!
//! Macros, because a closure over borrowed arguments can't promise a future that is `Send`, and an `async` block can.

use std::{future::Future, time::Duration};

use crate::{
    Result, Store, StoreError,
    connection::Tx,
    error::{commit_failed, is_retryable, timed_out},
};

/// `reading!(store, |tx| body)`: the body's result, from a transaction that only reads.
macro_rules! reading {
    ($store:expr, |$tx:ident| $body:expr) => {
        $crate::transaction::transaction!($store, read, finish_read, |$tx| $body)
    };
}

/// `writing!(store, |tx| body)`: the body's result, given only after what it wrote has been committed.
macro_rules! writing {
    ($store:expr, |$tx:ident| $body:expr) => {
        $crate::transaction::transaction!($store, write, finish_write, |$tx| $body)
    };
}

macro_rules! transaction {
    ($store:expr, $begin:ident, $finish:ident, |$tx:ident| $body:expr) => {{
        let store: &$crate::Store = $store;
        let attempts = async {
            let mut retry = $crate::transaction::Retry::default();
            loop {
                let attempt = $crate::transaction::typed(async {
                    let transaction = store.database.$begin().await?;
                    let $tx = &transaction;
                    let result = $crate::transaction::typed(async { $body }).await;
                    transaction.$finish(result).await
                });
                if let Some(result) = retry.unless_final(attempt.await).await {
                    return result;
                }
            }
        };
        store.in_time(attempts).await
    }};
}
pub(crate) use transaction;

/// Tells the compiler what a block answers.
pub(crate) fn typed<T, F: Future<Output = Result<T>>>(block: F) -> F {
    block
}

/// Pauses between the attempts of one call.
#[derive(Default)]
pub(crate) struct Retry {
    attempts: u32,
}

impl Retry {
    /// The result, unless the call should be repeated: after a lost connection, a deadlock or a lock.
    pub(crate) async fn unless_final<T>(&mut self, result: Result<T>) -> Option<Result<T>> {
        match result {
            Err(StoreError::Unavailable(error)) if is_retryable(&error) => {
                tracing::debug!(%error, attempts = self.attempts, "repeating a call to the app database");
                tokio::time::sleep(Duration::from_millis(5 << self.attempts.min(5))).await;
                self.attempts += 1;
                None
            }
            result => Some(result),
        }
    }
}

impl Store {
    pub(crate) async fn in_time<T>(&self, attempts: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::time::timeout(self.timeout, attempts).await.unwrap_or_else(|_| Err(timed_out()))
    }
}

impl Tx {
    pub(crate) async fn finish_write<T>(self, result: Result<T>) -> Result<T> {
        match result {
            Ok(value) => {
                self.commit().await.map_err(commit_failed)?;
                Ok(value)
            }
            Err(error) => {
                // The work's own error says more; the database rolls back by itself in the end.
                drop(self.rollback().await);
                Err(error)
            }
        }
    }

    pub(crate) async fn finish_read<T>(self, result: Result<T>) -> Result<T> {
        // What was read stands, however the transaction ends.
        drop(self.rollback().await);
        result
    }
}
