//! One statement on Trino, from its first page to its last.
//!
//! A task follows the pages and hands batches over, a few ahead of the reader; when nobody reads, it asks for no more.
//! It is also the one who cancels, so that a reader can simply go away.

use std::fmt;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use lakefront_engine::{Progress, Statistics};
use reqwest::Url;
use reqwest::header::HeaderMap;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::answer::{Answer, Failure, Stats};
use super::failure::unexpected;
use super::retry::Patience;
use super::values::{Refused, Rows};
use super::wire::{Body, Wire};
use crate::QueryError;
use crate::engine::ENDINGS;
use crate::execution::{cancelled, timed_out};

/// Batches made before they are asked for.
const AHEAD: usize = 4;
/// Pages beyond this size are looked at where they hold up no other task.
const LONG_PAGE: usize = 64 << 10;
/// Trino holds a request until it has something to say. One that doesn't is not asked in a tight loop.
const QUICK: Duration = Duration::from_millis(5);
const QUICK_PAGES: u32 = 10;
const REST: Duration = Duration::from_millis(50);

/// A statement that runs on Trino. Dropping it cancels the statement there.
pub struct TrinoRun {
    query_id: String,
    schema: SchemaRef,
    inbox: mpsc::Receiver<Message>,
    ended: bool,
    progress: watch::Receiver<Progress>,
    statistics: watch::Receiver<Statistics>,
    _stop: DropGuard,
}

enum Message {
    Batch(RecordBatch),
    End,
    Failed(QueryError),
}

impl TrinoRun {
    pub(super) async fn start(
        wire: Wire,
        sql: String,
        session: HeaderMap,
        deadline: Instant,
    ) -> Result<Self, QueryError> {
        let stop = CancellationToken::new();
        let guard = stop.clone().drop_guard();
        let (opened, opening) = oneshot::channel();
        let (outbox, inbox) = mpsc::channel(AHEAD);
        let (progress, statistics) = (watch::Sender::default(), watch::Sender::default());
        let readers = (progress.subscribe(), statistics.subscribe());
        let follower = Follower {
            wire,
            query_id: String::new(),
            next: None,
            opened: Some(opened),
            outbox,
            rows: 0,
            progress,
            statistics,
        };
        ENDINGS.spawn(follower.run(sql, session, deadline, stop));
        let (query_id, schema) = opening.await.map_err(|_| gone())??;
        Ok(Self { query_id, schema, inbox, ended: false, progress: readers.0, statistics: readers.1, _stop: guard })
    }

    /// Trino's name of it, as on Trino's own pages.
    pub fn query_id(&self) -> &str {
        &self.query_id
    }

    /// The columns. A field whose Trino type is not the one its Arrow type stands for has it in its metadata as
    /// `trino_type`.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The next rows: at most 8,192, and about a megabyte. `None` after the last ones; nothing follows an error.
    pub async fn next(&mut self) -> Option<Result<RecordBatch, QueryError>> {
        if self.ended {
            return None;
        }
        let message = self.inbox.recv().await;
        self.ended = !matches!(message, Some(Message::Batch(_)));
        if self.ended {
            // After a deadline there may be more batches under way.
            self.inbox.close();
        }
        match message {
            Some(Message::Batch(batch)) => Some(Ok(batch)),
            Some(Message::End) => None,
            Some(Message::Failed(error)) => Some(Err(error)),
            None => Some(Err(gone())),
        }
    }

    /// Bytes read from storage, rows received, and the share of Trino's splits that are done.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }

    /// Complete once there is no next batch. Scanned bytes are Trino's `physicalInputBytes`.
    pub fn statistics(&self) -> Statistics {
        *self.statistics.borrow()
    }
}

impl fmt::Debug for TrinoRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrinoRun").field("query_id", &self.query_id).finish_non_exhaustive()
    }
}

fn gone() -> QueryError {
    QueryError::internal("the task that follows a Trino query ended without a word")
}

struct Follower {
    wire: Wire,
    query_id: String,
    /// Where it goes on; nothing once Trino has ended it.
    next: Option<Url>,
    opened: Option<oneshot::Sender<Result<(String, SchemaRef), QueryError>>>,
    outbox: mpsc::Sender<Message>,
    rows: u64,
    progress: watch::Sender<Progress>,
    statistics: watch::Sender<Statistics>,
}

impl Follower {
    async fn run(mut self, sql: String, session: HeaderMap, deadline: Instant, stop: CancellationToken) {
        let limit = deadline.saturating_duration_since(Instant::now());
        let end = tokio::select! {
            biased;
            () = stop.cancelled() => Err(cancelled()),
            () = tokio::time::sleep_until(deadline.into()) => Err(timed_out(limit)),
            end = self.follow(&sql, &session) => end,
        };
        let cancelling = async {
            if let (Err(_), Some(next)) = (&end, &self.next) {
                self.wire.cancel(&self.query_id, next).await;
            }
        };
        let telling = async {
            // Whoever is told may be gone.
            match (&end, self.opened.take()) {
                (Err(error), Some(opened)) => drop(opened.send(Err(error.clone()))),
                (Err(error), None) => drop(self.outbox.send(Message::Failed(error.clone())).await),
                (Ok(()), _) => drop(self.outbox.send(Message::End).await),
            }
        };
        tokio::join!(cancelling, telling);
    }

    async fn follow(&mut self, sql: &str, session: &HeaderMap) -> Result<(), QueryError> {
        let mut body = self.wire.post(sql, session).await?;
        let mut patience = Patience::default();
        let (mut rows, mut quick) = (None, 0);
        loop {
            let page = read(body, rows.is_none()).await?;
            if self.query_id.is_empty() {
                self.query_id.clone_from(&page.id);
            }
            if let Some(failure) = page.failure {
                self.next = None;
                return Err(failure.told(&self.query_id));
            }
            // A refused address leaves the one before, which will do to cancel.
            let next = page.next.as_deref().map(|next| self.wire.follow(next)).transpose()?;
            self.next.clone_from(&next);
            rows = rows.or(page.rows);
            if let Some(rows) = &rows {
                self.open(rows.schema());
            }
            let mut count = 0;
            if let Some(data) = page.data {
                let columns = rows.ok_or_else(|| unexpected("Trino sent rows before it named their columns."))?;
                let (columns, read) = self.hand_over_all(columns, data).await?;
                (rows, count) = (Some(columns), read);
            }
            self.rows += count;
            self.report(&page.stats, next.is_none());
            let Some(next) = next else {
                if page.stats.is_finished() {
                    break;
                }
                return Err(unexpected("Trino's answer broke off before the statement had finished.")
                    .with_hint("Run the statement again."));
            };
            if quick > QUICK_PAGES {
                tokio::time::sleep(REST).await;
            }
            let asked = Instant::now();
            body = self.wire.get(&next, &mut patience).await?;
            quick = if count == 0 && asked.elapsed() < QUICK { quick + 1 } else { 0 };
        }
        match &mut rows {
            Some(rows) => {
                if let Some(rest) = rows.rest()? {
                    self.hand_over(rest).await?;
                }
            }
            // A statement without a result.
            None => self.open(&Schema::empty().into()),
        }
        Ok(())
    }

    fn open(&mut self, schema: &SchemaRef) {
        if let Some(opened) = self.opened.take() {
            // If nobody waits any more, `stop` says so.
            let _ = opened.send(Ok((self.query_id.clone(), schema.clone())));
        }
    }

    async fn hand_over(&self, batch: RecordBatch) -> Result<(), QueryError> {
        self.outbox.send(Message::Batch(batch)).await.map_err(|_| cancelled())
    }

    /// Reads the rows of a page where that holds up no other task, no faster than they are taken: as Arrow they may be
    /// much longer. Gives their number.
    async fn hand_over_all(&self, mut rows: Rows, data: Body) -> Result<(Rows, u64), QueryError> {
        let outbox = self.outbox.clone();
        let reading = tokio::task::spawn_blocking(move || {
            let take = |batch| outbox.blocking_send(Message::Batch(batch)).map_err(|_| Refused);
            let count = rows.read(&data.bytes, take)?;
            Ok((rows, count))
        });
        reading.await.map_err(QueryError::internal)?
    }

    fn report(&self, stats: &Stats, ended: bool) {
        let mut progress = stats.progress(self.rows);
        if ended {
            progress.fraction = 1.0;
        }
        self.progress.send_if_modified(|last| std::mem::replace(last, progress) != progress);
        self.statistics.send_replace(Statistics {
            scanned_bytes: stats.physical_input_bytes,
            rows: self.rows,
            engine_ms: stats.engine_ms(),
            truncated: false,
        });
    }
}

/// What a page says.
struct Page {
    id: String,
    next: Option<String>,
    stats: Stats,
    failure: Option<Failure>,
    /// For the columns, if it names them and they were asked for.
    rows: Option<Rows>,
    /// The rows as they came.
    data: Option<Body>,
}

async fn read(body: Body, columns: bool) -> Result<Page, QueryError> {
    if body.bytes.len() <= LONG_PAGE {
        return page(body, columns);
    }
    tokio::task::spawn_blocking(move || page(body, columns)).await.map_err(QueryError::internal)?
}

fn page(body: Body, columns: bool) -> Result<Page, QueryError> {
    let bytes = body.bytes.clone();
    let answer: Answer<'_> = serde_json::from_slice(&bytes).map_err(|error| {
        tracing::error!(%error, "no answer of a Trino: {error}");
        unexpected("What answered is no Trino, or one of a version unknown here.")
            .with_hint("Check that the connection's address is a Trino's.")
    })?;
    Ok(Page {
        id: answer.id,
        next: answer.next_uri,
        stats: answer.stats,
        failure: answer.error,
        rows: answer.columns.as_deref().filter(|_| columns).map(Rows::new),
        data: answer.data.map(|data| body.narrowed(bytes.slice_ref(data.get().as_bytes()))),
    })
}
