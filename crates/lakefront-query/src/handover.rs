//! Rows that a task of its own reads and hands over, a few batches ahead of whoever takes them. When nobody takes any,
//! the task waits; it is also the one who ends its work elsewhere, so that a taker can simply go away.

use arrow::array::RecordBatch;
use lakefront_engine::{Progress, Statistics};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::QueryError;
use crate::engine::ENDINGS;
use crate::execution::cancelled;

/// Batches made before they are asked for.
const AHEAD: usize = 4;

enum Handed {
    Batch(RecordBatch),
    End,
    Failed(QueryError),
}

/// The task's side. `T` is what it tells once there is something to take.
pub(crate) struct Giver<T> {
    opened: Option<oneshot::Sender<Result<T, QueryError>>>,
    outbox: mpsc::Sender<Handed>,
    pub(crate) progress: watch::Sender<Progress>,
    pub(crate) statistics: watch::Sender<Statistics>,
}

/// The other side. Dropping it tells the task to stop.
pub(crate) struct Taker {
    inbox: mpsc::Receiver<Handed>,
    ended: bool,
    progress: watch::Receiver<Progress>,
    statistics: watch::Receiver<Statistics>,
    of: &'static str,
    _stop: DropGuard,
}

/// Starts a task that reads rows `of` something, and waits for what it tells first.
pub(crate) async fn start<T, Task>(
    of: &'static str,
    task: impl FnOnce(Giver<T>, CancellationToken) -> Task,
) -> Result<(T, Taker), QueryError>
where
    Task: Future<Output = ()> + Send + 'static,
{
    let stop = CancellationToken::new();
    let guard = stop.clone().drop_guard();
    let (opened, opening) = oneshot::channel();
    let (outbox, inbox) = mpsc::channel(AHEAD);
    let (progress, statistics) = (watch::Sender::default(), watch::Sender::default());
    let readers = (progress.subscribe(), statistics.subscribe());
    ENDINGS.spawn(task(Giver { opened: Some(opened), outbox, progress, statistics }, stop));
    let first = opening.await.map_err(|_| gone(of))??;
    let (progress, statistics) = readers;
    Ok((first, Taker { inbox, ended: false, progress, statistics, of, _stop: guard }))
}

fn gone(of: &str) -> QueryError {
    QueryError::internal(format!("the task that reads rows of {of} ended without a word"))
}

impl<T> Giver<T> {
    /// Counts the first time only.
    pub(crate) fn open(&mut self, first: impl FnOnce() -> T) {
        if let Some(opened) = self.opened.take() {
            // If nobody waits any more, the token says so.
            let _ = opened.send(Ok(first()));
        }
    }

    pub(crate) async fn hand_over(&self, batch: RecordBatch) -> Result<(), QueryError> {
        self.outbox.send(Handed::Batch(batch)).await.map_err(|_| cancelled())
    }

    /// The same where blocking is allowed; false once nobody takes any more.
    pub(crate) fn blocking(&self) -> impl FnMut(RecordBatch) -> bool + Send + 'static {
        let outbox = self.outbox.clone();
        move |batch| outbox.blocking_send(Handed::Batch(batch)).is_ok()
    }

    /// The last word. Whoever is told may be gone.
    pub(crate) async fn end(&mut self, end: &Result<(), QueryError>) {
        match (end, self.opened.take()) {
            (Err(error), Some(opened)) => drop(opened.send(Err(error.clone()))),
            (Err(error), None) => drop(self.outbox.send(Handed::Failed(error.clone())).await),
            (Ok(()), _) => drop(self.outbox.send(Handed::End).await),
        }
    }
}

impl Taker {
    /// `None` after the last batch; nothing follows an error.
    pub(crate) async fn next(&mut self) -> Option<Result<RecordBatch, QueryError>> {
        if self.ended {
            return None;
        }
        let handed = self.inbox.recv().await;
        self.ended = !matches!(handed, Some(Handed::Batch(_)));
        if self.ended {
            // After a deadline there may be more batches under way.
            self.inbox.close();
        }
        match handed {
            Some(Handed::Batch(batch)) => Some(Ok(batch)),
            Some(Handed::End) => None,
            Some(Handed::Failed(error)) => Some(Err(error)),
            None => Some(Err(gone(self.of))),
        }
    }

    pub(crate) fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }

    pub(crate) fn statistics(&self) -> Statistics {
        *self.statistics.borrow()
    }
}
