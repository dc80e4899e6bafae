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
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::answer::{Answer, Failure, Stats};
use super::failure::unexpected;
use super::retry::Patience;
use super::values::{Refused, Rows};
use super::wire::{Body, Wire};
use crate::QueryError;
use crate::execution::{cancelled, timed_out};
use crate::handover::{self, Giver, Taker};

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
    taker: Taker,
}

impl TrinoRun {
    pub(super) async fn start(
        wire: Wire,
        sql: String,
        session: HeaderMap,
        deadline: Instant,
    ) -> Result<Self, QueryError> {
        let ((query_id, schema), taker) = handover::start("a Trino query", |giver, stop| {
            let follower = Follower { wire, query_id: String::new(), next: None, rows: 0, giver };
            follower.run(sql, session, deadline, stop)
        })
        .await?;
        Ok(Self { query_id, schema, taker })
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
        self.taker.next().await
    }

    /// Bytes read from storage, rows received, and the share of Trino's splits that are done.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.taker.progress()
    }

    /// Complete once there is no next batch. Scanned bytes are Trino's `physicalInputBytes`.
    pub fn statistics(&self) -> Statistics {
        self.taker.statistics()
    }
}

impl fmt::Debug for TrinoRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrinoRun").field("query_id", &self.query_id).finish_non_exhaustive()
    }
}

struct Follower {
    wire: Wire,
    query_id: String,
    /// Where it goes on; nothing once Trino has ended it.
    next: Option<Url>,
    rows: u64,
    giver: Giver<(String, SchemaRef)>,
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
        tokio::join!(cancelling, self.giver.end(&end));
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
                self.giver.open(|| (self.query_id.clone(), rows.schema().clone()));
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
                    self.giver.hand_over(rest).await?;
                }
            }
            // A statement without a result.
            None => self.giver.open(|| (self.query_id.clone(), Schema::empty().into())),
        }
        Ok(())
    }

    /// Reads the rows of a page where that holds up no other task, no faster than they are taken: as Arrow they may be
    /// much longer. Gives their number.
    async fn hand_over_all(&self, mut rows: Rows, data: Body) -> Result<(Rows, u64), QueryError> {
        let mut give = self.giver.blocking();
        let reading = tokio::task::spawn_blocking(move || {
            let take = |batch| if give(batch) { Ok(()) } else { Err(Refused) };
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
        self.giver.progress.send_if_modified(|last| std::mem::replace(last, progress) != progress);
        self.giver.statistics.send_replace(Statistics {
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
