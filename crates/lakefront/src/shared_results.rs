//! Results that instances share, in the app database where that is PostgreSQL: rows of bytes, and claims to make one.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use lakefront_query::{Making, SharedFailure, SharedLook, SharedResults};
use lakefront_store::{Claim, NewSharedResult, SharedResultLook, SharedResultSums, Store, StoreError};
use tokio::sync::Notify;

use crate::app::system;

/// How often results are taken out that there is no room for.
const TRIM: Duration = Duration::from_secs(30);
/// This part of the limit, stored since the last time, does not wait for the next.
const PART: u64 = 16;

/// Cheap to clone.
#[derive(Clone)]
pub struct SharedStore(Arc<Inner>);

struct Inner {
    store: Store,
    limit: u64,
    /// Bytes stored by this instance since it last trimmed.
    stored: AtomicU64,
    much: Notify,
    sums: Mutex<SharedResultSums>,
    evicted: AtomicU64,
}

/// All shared results together, as this instance has counted them last.
#[derive(Debug, Clone, Copy)]
pub struct SharedState {
    pub entries: u64,
    pub bytes: u64,
    pub limit_bytes: u64,
    /// Taken out by this instance since it began.
    pub evictions: u64,
}

impl SharedStore {
    /// `None` where one instance has the database for itself, or nothing may be shared.
    pub fn new(store: &Store, limit: u64) -> Option<Self> {
        (store.is_postgres() && limit > 0).then(|| {
            Self(Arc::new(Inner {
                store: store.clone(),
                limit,
                stored: AtomicU64::new(0),
                much: Notify::new(),
                sums: Mutex::default(),
                evicted: AtomicU64::new(0),
            }))
        })
    }

    pub fn state(&self) -> SharedState {
        let sums = *self.0.sums.lock().unwrap_or_else(PoisonError::into_inner);
        SharedState {
            entries: sums.entries,
            bytes: sums.bytes,
            limit_bytes: self.0.limit,
            evictions: self.0.evicted.load(Ordering::Relaxed),
        }
    }

    /// Counts what is there.
    pub async fn count(&self) -> Result<SharedState, StoreError> {
        self.trim(u64::MAX).await
    }

    async fn trim(&self, limit: u64) -> Result<SharedState, StoreError> {
        let sums = self.0.store.trim_results(&system("shared results"), limit).await?;
        self.0.evicted.fetch_add(sums.evicted, Ordering::Relaxed);
        *self.0.sums.lock().unwrap_or_else(PoisonError::into_inner) = sums;
        Ok(self.state())
    }

    /// Takes out what there is no room for, for as long as it is polled. Every instance does, which is harmless.
    pub async fn keep_to_limit(self) {
        loop {
            self.0.stored.store(0, Ordering::Relaxed);
            if let Err(error) = self.trim(self.0.limit).await {
                tracing::debug!(%error, "shared results are not trimmed: {error}");
            }
            // Either way it is time.
            let _ = tokio::time::timeout(TRIM, self.0.much.notified()).await;
        }
    }
}

impl fmt::Debug for SharedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedStore")
    }
}

impl SharedResults for SharedStore {
    fn look<'a>(&'a self, making: &'a Making, waited: bool) -> BoxFuture<'a, Result<SharedLook, SharedFailure>> {
        async move {
            let look = self.0.store.look_for_result(&system("shared results"), &claim(making), waited).await?;
            Ok(match look {
                SharedResultLook::Stored(packed) => SharedLook::Stored(packed),
                SharedResultLook::Claimed => SharedLook::Claimed,
                SharedResultLook::Taken => SharedLook::Taken,
                SharedResultLook::Released => SharedLook::Released,
            })
        }
        .boxed()
    }

    fn put<'a>(
        &'a self,
        making: &'a Making,
        packed: Vec<u8>,
        bonus: Duration,
    ) -> BoxFuture<'a, Result<(), SharedFailure>> {
        async move {
            let bytes = packed.len() as u64;
            if bytes > self.0.limit {
                return self.release(making).await;
            }
            let bonus_ms = u64::try_from(bonus.as_millis()).unwrap_or(u64::MAX);
            let new = NewSharedResult { body: packed, bonus_ms };
            self.0.store.store_result(&system("shared results"), &claim(making), new).await?;
            if self.0.stored.fetch_add(bytes, Ordering::Relaxed) + bytes > self.0.limit / PART {
                self.0.much.notify_one();
            }
            Ok(())
        }
        .boxed()
    }

    fn remove<'a>(&'a self, making: &'a Making) -> BoxFuture<'a, Result<(), SharedFailure>> {
        async move { Ok(self.0.store.delete_result(&system("shared results"), &making.key).await?) }.boxed()
    }

    fn renew<'a>(&'a self, making: &'a Making) -> BoxFuture<'a, Result<(), SharedFailure>> {
        async move { Ok(self.0.store.renew_claim(&system("shared results"), &claim(making)).await?) }.boxed()
    }

    fn release<'a>(&'a self, making: &'a Making) -> BoxFuture<'a, Result<(), SharedFailure>> {
        async move { Ok(self.0.store.release_claim(&system("shared results"), &claim(making)).await?) }.boxed()
    }
}

fn claim(making: &Making) -> Claim {
    Claim { key: making.key.clone(), holder: making.id.clone(), lease: making.lease }
}
