//! Who works, who waits: the pool's warm workers and its queues.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::process::{Keeper, Worker};
use crate::error::{EngineError, EngineErrorKind};
use crate::job::Storage;
use crate::pool::PoolConfig;
use crate::wire::{self, ToWorker};

/// An idle spare larger than this is replaced by a fresh one.
const SPARE_BYTES: u64 = 96 << 20;

pub(super) struct Workers {
    config: PoolConfig,
    keeper: Arc<Keeper>,
    runtime: Handle,
    places: Arc<Semaphore>,
    /// One fewer than places, so that something cheap can always run.
    heavy: Arc<Semaphore>,
    waiting: AtomicUsize,
    idle: Mutex<Vec<Idle>>,
    /// Spares on their way.
    starting: AtomicUsize,
    /// Every folder that held a table so far.
    roots: Mutex<BTreeSet<PathBuf>>,
    next_job: AtomicU64,
}

struct Idle {
    worker: Worker,
    since: Instant,
}

impl Workers {
    pub(super) fn start(config: PoolConfig) -> io::Result<Arc<Workers>> {
        let places = config.max_workers.max(2);
        let workers = Arc::new(Workers {
            keeper: Arc::new(Keeper::start(&config)?),
            runtime: Handle::try_current().map_err(io::Error::other)?,
            places: Arc::new(Semaphore::new(places)),
            heavy: Arc::new(Semaphore::new(places - 1)),
            waiting: AtomicUsize::new(0),
            idle: Mutex::default(),
            starting: AtomicUsize::new(0),
            roots: Mutex::default(),
            next_job: AtomicU64::new(0),
            config,
        });
        workers.keep_spares();
        workers.runtime.spawn(keep_house(Arc::downgrade(&workers), workers.config.idle_after));
        Ok(workers)
    }

    pub(super) fn config(&self) -> &PoolConfig {
        &self.config
    }

    pub(super) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    pub(super) fn next_job(&self) -> u64 {
        self.next_job.fetch_add(1, Ordering::Relaxed)
    }

    /// A place to work, in the order of asking.
    pub(super) async fn place(&self, deadline: Instant) -> Result<OwnedSemaphorePermit, EngineError> {
        self.wait_for(&self.places, deadline).await
    }

    pub(super) fn try_heavy(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.heavy).try_acquire_owned().ok()
    }

    /// A place for a job that is not cheap, in the order of asking.
    pub(super) async fn heavy(&self, deadline: Instant) -> Result<OwnedSemaphorePermit, EngineError> {
        self.wait_for(&self.heavy, deadline).await
    }

    async fn wait_for(
        &self,
        semaphore: &Arc<Semaphore>,
        deadline: Instant,
    ) -> Result<OwnedSemaphorePermit, EngineError> {
        if let Ok(permit) = Arc::clone(semaphore).try_acquire_owned() {
            return Ok(permit);
        }
        let _waiting = Waiting::new(&self.waiting, self.config.max_queue)?;
        match tokio::time::timeout_at(deadline.into(), Arc::clone(semaphore).acquire_owned()).await {
            Ok(permit) => permit.map_err(|_| busy()),
            Err(_) => Err(EngineError::new(
                EngineErrorKind::Timeout,
                "The query waited for other queries until its time was up. Try again later.",
            )),
        }
    }

    /// A living worker that may read the storages; one that has just started when it must be `fresh`.
    pub(super) async fn worker(self: &Arc<Self>, storages: &[&Storage], fresh: bool) -> Result<Worker, EngineError> {
        let roots = self.roots_with(storages);
        let mut worker = loop {
            let idle = if fresh { None } else { self.idle().pop() };
            match idle {
                Some(Idle { worker, .. }) if worker.is_alive() && may_read(&worker, storages) => break worker,
                Some(_) => {}
                None => break self.keeper.worker().await.map_err(no_worker)?,
            }
        };
        self.keep_spares();
        if worker.roots.is_none() {
            let confine = ToWorker::Confine { roots: roots.iter().cloned().collect() };
            if wire::send(&mut worker.socket, &confine).await.is_err() {
                // It died while it waited; a fresh one has not had the time to.
                worker = self.keeper.worker().await.map_err(no_worker)?;
                wire::send(&mut worker.socket, &confine).await.map_err(no_worker)?;
            }
            worker.roots = Some(roots);
        }
        Ok(worker)
    }

    /// Takes a worker back that is ready for the next job.
    pub(super) fn give_back(&self, worker: Worker) {
        self.idle().push(Idle { worker, since: Instant::now() });
    }

    /// Sees to it that the next jobs find workers that have started.
    fn keep_spares(self: &Arc<Self>) {
        let missing = |workers: &Self| {
            workers.idle().len() + workers.starting.load(Ordering::Relaxed) < workers.config.spares.max(1)
        };
        while missing(self) {
            self.starting.fetch_add(1, Ordering::Relaxed);
            let workers = Arc::clone(self);
            self.runtime.spawn(async move {
                let started = workers.keeper.worker().await;
                workers.starting.fetch_sub(1, Ordering::Relaxed);
                match started {
                    // Below those that have worked, which know the tables and footers of the next job too.
                    Ok(worker) if missing(&workers) => workers.idle().insert(0, Idle { worker, since: Instant::now() }),
                    Ok(_) => {}
                    Err(error) => tracing::error!("no engine worker can be started: {error}"),
                }
            });
        }
    }

    fn roots_with(&self, storages: &[&Storage]) -> BTreeSet<PathBuf> {
        let mut roots = self.roots.lock().unwrap_or_else(PoisonError::into_inner);
        for root in local_roots(storages) {
            if !covers(&roots, root) {
                roots.insert(root.to_owned());
            }
        }
        roots.clone()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets go of workers that have had nothing to do, but for the spares, which must not have grown fat.
    fn tidy(self: &Arc<Self>) {
        let mut retired = Vec::new();
        {
            let mut idle = self.idle();
            idle.retain(|idle| idle.worker.is_alive());
            let due = |idle: &Idle| idle.since.elapsed() >= self.config.idle_after;
            while idle.len() > self.config.spares.max(1)
                && let Some(position) = idle.iter().position(due)
            {
                retired.push(idle.remove(position));
            }
            retired.extend(idle.extract_if(.., |idle| due(idle) && idle.worker.resident_bytes() > SPARE_BYTES));
        }
        drop(retired);
        self.keep_spares();
    }
}

async fn keep_house(workers: Weak<Workers>, idle_after: Duration) {
    let pause = (idle_after / 4).max(Duration::from_millis(250));
    loop {
        tokio::time::sleep(pause).await;
        match workers.upgrade() {
            Some(workers) => workers.tidy(),
            None => return,
        }
    }
}

fn may_read(worker: &Worker, storages: &[&Storage]) -> bool {
    worker.roots.as_ref().is_none_or(|roots| local_roots(storages).all(|root| covers(roots, root)))
}

fn local_roots<'a>(storages: &'a [&'a Storage]) -> impl Iterator<Item = &'a Path> {
    storages.iter().filter_map(|storage| match storage {
        Storage::Local { root } => Some(root.as_path()),
        Storage::S3 { .. } => None,
    })
}

fn covers(roots: &BTreeSet<PathBuf>, root: &Path) -> bool {
    roots.iter().any(|known| root.starts_with(known))
}

fn no_worker(error: io::Error) -> EngineError {
    EngineError::new(EngineErrorKind::Internal, "No engine worker could be started. Tell your administrator.")
        .with_detail(error.to_string())
}

fn busy() -> EngineError {
    EngineError::new(EngineErrorKind::Busy, "Too many queries are waiting. Try again in a moment.")
}

/// One who stands in the queue.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize, most: usize) -> Result<Self, EngineError> {
        if count.fetch_add(1, Ordering::Relaxed) >= most {
            count.fetch_sub(1, Ordering::Relaxed);
            return Err(busy());
        }
        Ok(Waiting(count))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
