//! A worker for the time of one job.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::OwnedSemaphorePermit;
use tokio_util::task::AbortOnDropHandle;

use super::process::Worker;
use super::workers::Workers;
use crate::error::EngineError;
use crate::job::{Storage, Table};
use crate::wire::{self, FromWorker, Heard, TableFrame, ToWorker};
use crate::worker::internal;

/// How long a worker may take to confirm that it has stopped.
const CANCEL_GRACE: Duration = Duration::from_millis(500);
/// How long after its deadline a worker may take to say so itself.
const DEADLINE_GRACE: Duration = Duration::from_millis(300);

/// A worker that belongs to one job. Dropping it before the job has closed cancels the job.
pub(super) struct Lease {
    worker: Option<Worker>,
    job: u64,
    workers: Arc<Workers>,
    place: Option<OwnedSemaphorePermit>,
    watchdog: Option<AbortOnDropHandle<()>>,
    killed: bool,
}

impl Lease {
    pub(super) async fn take(
        workers: &Arc<Workers>,
        storages: &[&Storage],
        deadline: Instant,
        fresh: bool,
    ) -> Result<Lease, EngineError> {
        let place = workers.place(deadline).await?;
        let worker = workers.worker(storages, fresh).await?;
        let killer = worker.killer();
        let watchdog = workers.runtime().spawn(async move {
            tokio::time::sleep_until((deadline + DEADLINE_GRACE).into()).await;
            killer.overdue();
        });
        Ok(Lease {
            worker: Some(worker),
            job: workers.next_job(),
            workers: Arc::clone(workers),
            place: Some(place),
            watchdog: Some(AbortOnDropHandle::new(watchdog)),
            killed: false,
        })
    }

    pub(super) fn job(&self) -> u64 {
        self.job
    }

    pub(super) fn workers(&self) -> &Arc<Workers> {
        &self.workers
    }

    pub(super) async fn send(&mut self, message: &ToWorker) -> Result<(), EngineError> {
        let Some(worker) = &mut self.worker else { return Err(super::out_of_turn()) };
        match wire::send(&mut worker.socket, message).await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.post_mortem().await),
        }
    }

    /// Sends tables, which may have very many files, without holding up the thread.
    pub(super) async fn send_tables(&mut self, tables: Vec<Arc<Table>>) -> Result<(), EngineError> {
        let encode = move || tables.iter().map(|table| TableFrame::encode(table)).collect::<Result<Vec<_>, _>>();
        let frames = tokio::task::spawn_blocking(encode).await.map_err(internal)?.map_err(internal)?;
        self.send(&ToWorker::Tables(frames)).await
    }

    /// The next frame; when the worker dies, what it died of. Dropping the future loses neither.
    pub(super) async fn hear(&mut self) -> Result<Heard, EngineError> {
        let Some(worker) = &mut self.worker else { return Err(super::out_of_turn()) };
        match worker.ear.hear(&mut worker.socket).await {
            Ok(heard) => Ok(heard),
            Err(_) => Err(self.post_mortem().await),
        }
    }

    async fn post_mortem(&mut self) -> EngineError {
        let Some(worker) = &mut self.worker else { return super::out_of_turn() };
        let (error, killed) = worker.post_mortem().await;
        self.worker = None;
        self.killed = killed;
        error
    }

    /// Whether the worker was killed from outside, so that its job may be tried once more.
    pub(super) fn was_killed(&self) -> bool {
        self.killed
    }

    /// Gives the worker back after it has closed the job.
    pub(super) fn close(&mut self, broken: bool) {
        self.watchdog = None;
        if let Some(worker) = self.worker.take()
            && !broken
        {
            self.workers.give_back(worker);
        }
        // Whoever waits for the place finds the worker.
        self.place = None;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(mut worker) = self.worker.take() else { return };
        let (job, place, workers) = (self.job, self.place.take(), Arc::clone(&self.workers));
        self.workers.runtime().spawn(async move {
            let stopped = tokio::time::timeout(CANCEL_GRACE, async {
                wire::send(&mut worker.socket, &ToWorker::Cancel { job }).await.ok()?;
                loop {
                    if let Heard::Message(message) = worker.ear.hear(&mut worker.socket).await.ok()?
                        && let FromWorker::Closed { broken, .. } = *message
                    {
                        return (!broken).then_some(());
                    }
                }
            });
            if let Ok(Some(())) = stopped.await {
                workers.give_back(worker);
            }
            drop(place);
        });
    }
}
