//! Results that several instances share: the port to wherever they are kept, and the care that it neither fails a
//! statement nor holds it up.
//!
//! Whoever is about to run a statement looks here first. What nobody has is claimed: one instance makes it, the others
//! wait for it. A claim is a short lease that its holder renews, so that a killed holder is waited for a few seconds only.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use ulid::Ulid;

use super::{Key, ResultSet, packed};

/// A look that takes longer is taken for no answer.
const PATIENCE: Duration = Duration::from_millis(250);
/// So long after no answer nobody asks again.
const AFTER_A_FAILURE: Duration = Duration::from_secs(5);
/// How long others believe a holder that has fallen silent.
const LEASE: Duration = Duration::from_secs(8);
const RENEWAL: Duration = Duration::from_secs(2);
/// Between two looks for what someone else is making: at first, and at last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(500));

/// Where instances put results for each other. Calls may be slow and may fail: nothing depends on them but speed.
pub trait SharedResults: fmt::Debug + Send + Sync {
    /// What is stored under the key; if nothing is, who makes it. `waited`: at the last look someone else was making it.
    fn look<'a>(&'a self, making: &'a Making, waited: bool) -> BoxFuture<'a, Result<SharedLook, SharedFailure>>;

    /// Stores a result and gives the claim up. `bonus` is how long it outlives its last use where there is too little room.
    fn put<'a>(
        &'a self,
        making: &'a Making,
        packed: Vec<u8>,
        bonus: Duration,
    ) -> BoxFuture<'a, Result<(), SharedFailure>>;

    /// Takes out what is stored under the key: it is no result.
    fn remove<'a>(&'a self, making: &'a Making) -> BoxFuture<'a, Result<(), SharedFailure>>;

    /// The claim lasts for its lease from now on.
    fn renew<'a>(&'a self, making: &'a Making) -> BoxFuture<'a, Result<(), SharedFailure>>;

    /// Gives the claim up, if it is held.
    fn release<'a>(&'a self, making: &'a Making) -> BoxFuture<'a, Result<(), SharedFailure>>;
}

pub type SharedFailure = Box<dyn std::error::Error + Send + Sync>;

/// One making of one result.
#[derive(Debug, Clone)]
pub struct Making {
    /// A hash of all that the result depends on, in hexadecimal digits.
    pub key: String,
    /// Unlike that of any other making.
    pub id: String,
    /// How long a claim lasts that is not renewed.
    pub lease: Duration,
}

/// What is there.
#[derive(Debug)]
pub enum SharedLook {
    Stored(Vec<u8>),
    /// Nothing, and the claim is ours.
    Claimed,
    /// Nothing, and someone else has the claim.
    Taken,
    /// Nothing, and whoever had the claim has given it up.
    Released,
}

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Inner>);

struct Inner {
    port: Arc<dyn SharedResults>,
    /// While it does not answer: when it is asked again.
    outage: Mutex<Option<Instant>>,
}

pub(crate) enum Found {
    Result(Arc<ResultSet>),
    /// It is to be made here. [`Shared::give`] takes it then.
    Nothing(Option<Claim>),
}

impl Shared {
    pub(crate) fn new(port: Arc<dyn SharedResults>) -> Self {
        Self(Arc::new(Inner { port, outage: Mutex::default() }))
    }

    /// The stored result, not older than that, waited for if another instance makes it now.
    pub(crate) async fn find(&self, key: &Key, max_age_s: Option<u64>) -> Found {
        let making = Arc::new(Making { key: key.to_string(), id: Ulid::generate().to_string(), lease: LEASE });
        let (mut waited, mut pause) = (false, PAUSES.0);
        while self.0.answers() {
            // Claimed it may be even if no answer comes.
            let claim = Claim { shared: self.0.clone(), making: making.clone(), renewal: None, held: true };
            let look = tokio::time::timeout(PATIENCE, self.0.port.look(&making, waited)).await;
            let look = look.unwrap_or_else(|_| Err(format!("no answer within {} ms", PATIENCE.as_millis()).into()));
            match self.0.heard(look) {
                Some(SharedLook::Claimed) => return Found::Nothing(Some(claim.renewed())),
                Some(SharedLook::Taken) => claim.forget(),
                Some(SharedLook::Released) => {
                    claim.forget();
                    break;
                }
                Some(SharedLook::Stored(packed)) => {
                    claim.forget();
                    let key = *key;
                    let unpacked = tokio::task::spawn_blocking(move || packed::unpack(&key, &packed)).await;
                    match unpacked.map_err(std::io::Error::other).flatten() {
                        Ok(result) if result.is_within(max_age_s) => return Found::Result(Arc::new(result)),
                        Ok(_) => break,
                        Err(error) => {
                            tracing::warn!(%key, %error, "shared result {key} is unreadable and removed: {error}");
                            if self.0.heard(self.0.port.remove(&making).await).is_none() {
                                break;
                            }
                            waited = false;
                            continue;
                        }
                    }
                }
                None => break,
            }
            waited = true;
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(PAUSES.1);
        }
        Found::Nothing(None)
    }

    /// Lets the other instances have a result, without holding anyone up.
    pub(crate) fn give(&self, key: Key, claim: Option<Claim>, result: Arc<ResultSet>) {
        if !result.is_reusable() || !self.0.is_up() {
            return;
        }
        let shared = self.0.clone();
        tokio::spawn(async move {
            let packing = result.clone();
            let packed = tokio::task::spawn_blocking(move || packed::pack(&key, &packing)).await;
            let packed = match packed.map_err(crate::QueryError::internal).flatten() {
                Ok(Some(packed)) => packed,
                // Too large; the claim is released.
                Ok(None) => return,
                Err(error) => return tracing::debug!(%key, %error, "result {key} is not shared: {error}"),
            };
            let bonus = result.bonus(packed.len() as u64);
            let unclaimed = || Making { key: key.to_string(), id: Ulid::generate().to_string(), lease: LEASE };
            let making = claim.as_ref().map_or_else(|| Arc::new(unclaimed()), |claim| claim.making.clone());
            if shared.heard(shared.port.put(&making, packed, bonus).await).is_some()
                && let Some(claim) = claim
            {
                claim.forget();
            }
        });
    }
}

impl Inner {
    /// Whether to ask now. During an outage one may every few seconds.
    fn answers(&self) -> bool {
        let mut outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
        match *outage {
            Some(again) if Instant::now() < again => false,
            Some(_) => {
                *outage = Some(Instant::now() + AFTER_A_FAILURE);
                true
            }
            None => true,
        }
    }

    fn is_up(&self) -> bool {
        self.outage.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// An answer, if it is one; each outage is told once.
    fn heard<T>(&self, answer: Result<T, SharedFailure>) -> Option<T> {
        let mut outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            Ok(answer) => {
                if outage.take().is_some() {
                    tracing::info!("results are shared with other instances again");
                }
                Some(answer)
            }
            Err(error) => {
                if outage.replace(Instant::now() + AFTER_A_FAILURE).is_none() {
                    tracing::warn!(%error, "results are not shared with other instances for now: {error}");
                }
                None
            }
        }
    }
}

/// Others wait for what this instance makes, until it is stored or this is dropped.
pub(crate) struct Claim {
    shared: Arc<Inner>,
    making: Arc<Making>,
    renewal: Option<AbortHandle>,
    held: bool,
}

impl Claim {
    fn renewed(mut self) -> Self {
        let (shared, making) = (self.shared.clone(), self.making.clone());
        let renewal = tokio::spawn(async move {
            loop {
                tokio::time::sleep(RENEWAL).await;
                // One that fails is made up for by the next, or the claim is lost, and somebody runs the statement again.
                let _ = tokio::time::timeout(RENEWAL, shared.port.renew(&making)).await;
            }
        });
        self.renewal = Some(renewal.abort_handle());
        self
    }

    fn forget(mut self) {
        self.held = false;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(renewal) = self.renewal.take() {
            renewal.abort();
        }
        // A process that is ending leaves it to the lease.
        if let (true, Ok(handle)) = (self.held, Handle::try_current()) {
            let (shared, making) = (self.shared.clone(), self.making.clone());
            handle.spawn(async move {
                if let Err(error) = shared.port.release(&making).await {
                    tracing::debug!(%error, "a claim runs until its lease ends: {error}");
                }
            });
        }
    }
}
