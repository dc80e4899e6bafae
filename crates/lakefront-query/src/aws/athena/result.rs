//! The rows of a query that has succeeded.
//!
//! Up to a page comes with the first GetQueryResults, which is needed for the columns anyway. More is read from the
//! result's CSV object in S3, blocks ahead of the reader; page by page only where Athena keeps the result itself. What
//! was unloaded is read from its files.

use std::collections::VecDeque;
use std::ops::Range;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use lakefront_engine::{Progress, Statistics};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::columns::{Rows, schema};
use super::csv::{Broken, Records};
use super::unload::Files;
use super::wire::{ColumnInfo, GetQueryResults, QueryExecution, QueryResults, Row};
use crate::aws::{Aws, AwsError, AwsErrorKind, ObjectHead};
use crate::execution::Deadline;
use crate::{ErrorKind, QueryError};

/// Rows of a page, the header among them; the most that Athena gives.
const PAGE: u32 = 1000;
pub(super) const BLOCK: u64 = 8 << 20;
/// Blocks that are fetched before they are read.
const AHEAD: usize = 4;

/// A query that has succeeded, and its rows. Dropped, it ends its downloads.
pub struct AthenaRun {
    id: String,
    schema: SchemaRef,
    rows: Rows,
    source: Source,
    statistics: Statistics,
    reused: bool,
    deadline: Deadline,
    progress: Option<watch::Sender<Progress>>,
}

enum Source {
    Pages(Pages),
    Object(Box<Object>),
    Files(Box<Files>),
    /// Over, or failed.
    End,
}

impl AthenaRun {
    pub(super) async fn open(
        aws: Aws,
        execution: &QueryExecution,
        progress: Option<watch::Sender<Progress>>,
        deadline: Deadline,
    ) -> Result<Self, QueryError> {
        let id = execution.query_execution_id.clone();
        let first = match page(&aws, &id, None, PAGE).await {
            // Some very long rows: the columns are enough, the rows lie in the object.
            Err(error) if error.kind == AwsErrorKind::TooLarge => page(&aws, &id, None, 1).await,
            first => first,
        }?;
        let columns = first.result_set.result_set_metadata.column_info;
        let schema = schema(&columns);
        let location = execution.result_configuration.output_location.as_deref();
        let csv = location.filter(|location| location.ends_with(".csv"));
        let source = match (first.next_token, csv) {
            (Some(_), Some(location)) => Source::Object(Box::new(Object::open(aws, location, columns.len()).await?)),
            (next, _) => {
                let mut page = VecDeque::from(first.result_set.rows);
                if execution.statement_type == "DML" && page.front().is_some_and(|row| is_header(row, &columns)) {
                    page.pop_front();
                }
                let mut pages = Pages { aws, id: id.clone(), page, next: None };
                pages.fetch(next);
                Source::Pages(pages)
            }
        };
        Ok(Self::new(execution, schema, source, progress, deadline))
    }

    pub(super) fn of_files(
        execution: &QueryExecution,
        schema: SchemaRef,
        files: Files,
        progress: Option<watch::Sender<Progress>>,
        deadline: Deadline,
    ) -> Self {
        Self::new(execution, schema, Source::Files(Box::new(files)), progress, deadline)
    }

    fn new(
        execution: &QueryExecution,
        schema: SchemaRef,
        source: Source,
        progress: Option<watch::Sender<Progress>>,
        deadline: Deadline,
    ) -> Self {
        Self {
            id: execution.query_execution_id.clone(),
            rows: Rows::new(schema.clone()),
            schema,
            source,
            statistics: Statistics {
                scanned_bytes: execution.statistics.data_scanned_in_bytes,
                engine_ms: execution.statistics.engine_execution_time_in_millis,
                rows: 0,
                truncated: false,
            },
            reused: execution.statistics.result_reuse_information.reused_previous_result,
            deadline,
            progress,
        }
    }

    /// Another query was run for this one.
    pub(super) fn count(&mut self, other: &QueryExecution) {
        self.statistics.scanned_bytes += other.statistics.data_scanned_in_bytes;
        self.statistics.engine_ms += other.statistics.engine_execution_time_in_millis;
    }

    /// Athena's id of the query.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Whether Athena answered with a result of an earlier run.
    pub fn reused(&self) -> bool {
        self.reused
    }

    /// Rows are those given out so far.
    pub fn statistics(&self) -> Statistics {
        self.statistics
    }

    /// At most 8,192 rows or some more than 1 MiB of text. `None` after the last; nothing follows an error. A call that
    /// is dropped before it is done loses nothing.
    pub async fn next(&mut self) -> Option<Result<RecordBatch, QueryError>> {
        let batch = self.deadline.holds(self.source.batch(&mut self.rows)).await.transpose();
        match &batch {
            Some(Ok(batch)) => {
                self.statistics.rows += batch.num_rows() as u64;
                if let Some(progress) = &self.progress {
                    progress.send_modify(|now| now.rows = self.statistics.rows);
                }
            }
            Some(Err(_)) | None => self.source = Source::End,
        }
        batch
    }
}

impl Source {
    async fn batch(&mut self, rows: &mut Rows) -> Result<Option<RecordBatch>, QueryError> {
        match self {
            Source::End => Ok(None),
            Source::Pages(pages) => pages.batch(rows).await,
            Source::Object(object) => object.batch(rows).await,
            Source::Files(files) => files.batch().await,
        }
    }
}

/// A download in a task of its own, so that nobody's dropped wait takes it along.
type Download<T> = AbortOnDropHandle<Result<T, AwsError>>;

/// The result page by page, one ahead.
struct Pages {
    aws: Aws,
    id: String,
    page: VecDeque<Row>,
    next: Option<Download<QueryResults>>,
}

impl Pages {
    fn fetch(&mut self, token: Option<String>) {
        self.next = token.map(|token| {
            let (aws, id) = (self.aws.clone(), self.id.clone());
            AbortOnDropHandle::new(tokio::spawn(async move {
                let mut page = page(&aws, &id, Some(&token), PAGE).await?;
                // It would never end.
                page.next_token = page.next_token.filter(|next| *next != token);
                Ok(page)
            }))
        });
    }

    async fn batch(&mut self, rows: &mut Rows) -> Result<Option<RecordBatch>, QueryError> {
        while !rows.is_full() {
            if let Some(row) = self.page.pop_front() {
                write(&row, rows)?;
            } else if let Some(next) = &mut self.next {
                let page = next.await.map_err(QueryError::internal)??;
                self.page.extend(page.result_set.rows);
                self.fetch(page.next_token);
            } else {
                break;
            }
        }
        rows.take()
    }
}

async fn page(aws: &Aws, id: &str, token: Option<&str>, most: u32) -> Result<QueryResults, AwsError> {
    let call = GetQueryResults { query_execution_id: id, max_results: most, next_token: token };
    aws.athena("GetQueryResults", &call).await
}

/// The columns of a query that has succeeded.
pub(super) async fn columns(aws: &Aws, id: &str) -> Result<Vec<ColumnInfo>, AwsError> {
    Ok(page(aws, id, None, 1).await?.result_set.result_set_metadata.column_info)
}

/// The first row of a SELECT's result repeats the names of its columns.
fn is_header(row: &Row, columns: &[ColumnInfo]) -> bool {
    row.data.len() == columns.len()
        && row.data.iter().zip(columns).all(|(datum, column)| {
            let text = datum.value.as_deref();
            text == Some(&column.name) || (text.is_some() && text == column.label.as_deref())
        })
}

fn write(row: &Row, rows: &mut Rows) -> Result<(), QueryError> {
    let width = rows.width();
    match row.data.as_slice() {
        // DESCRIBE and its like: a table in one text, padded for the eye.
        [datum] if width > 1 => {
            let mut cells = datum.value.as_deref().unwrap_or_default().split('\t').map(str::trim);
            for column in 0..width {
                rows.value(column, cells.next())?;
            }
        }
        data => {
            for column in 0..width {
                rows.value(column, data.get(column).and_then(|datum| datum.value.as_deref()))?;
            }
        }
    }
    rows.end_row();
    Ok(())
}

/// The result's object.
struct Object {
    place: Place,
    /// What is not asked for yet.
    ranges: std::iter::StepBy<Range<u64>>,
    ahead: VecDeque<Download<Bytes>>,
    records: Records,
    header: bool,
    ended: bool,
    width: usize,
}

#[derive(Clone)]
pub(super) struct Place {
    pub(super) aws: Aws,
    pub(super) bucket: String,
    pub(super) key: String,
    /// As it was when reading began: size and ETag hold for every block.
    pub(super) head: ObjectHead,
}

impl Object {
    async fn open(aws: Aws, location: &str, width: usize) -> Result<Self, QueryError> {
        let (bucket, key) = location
            .strip_prefix("s3://")
            .and_then(|rest| rest.split_once('/'))
            .ok_or_else(|| QueryError::internal(format!("{location} is no place in S3")))?;
        let head = aws.head_object(bucket, key).await?;
        let ranges = (0..head.size).step_by(BLOCK as usize);
        let place = Place { aws, bucket: bucket.to_owned(), key: key.to_owned(), head };
        let records = Records::default();
        Ok(Self { place, ranges, ahead: VecDeque::new(), records, header: true, ended: false, width })
    }

    async fn batch(&mut self, rows: &mut Rows) -> Result<Option<RecordBatch>, QueryError> {
        while !rows.is_full() {
            if self.records.advance().map_err(broken)? {
                self.write(rows)?;
            } else if self.ended {
                break;
            } else {
                match self.block().await? {
                    Some(block) => self.records.feed(&block),
                    None => {
                        self.records.end();
                        self.ended = true;
                    }
                }
            }
        }
        rows.take()
    }

    fn write(&mut self, rows: &mut Rows) -> Result<(), QueryError> {
        if self.records.width() != self.width {
            return Err(broken(Broken("a record has more or fewer values than there are columns")));
        }
        if std::mem::take(&mut self.header) {
            return Ok(());
        }
        for column in 0..self.width {
            let value = self.records.field(column).map_err(broken)?;
            rows.value(column, value.as_deref())?;
        }
        rows.end_row();
        Ok(())
    }

    /// The next block; those after it are on their way.
    async fn block(&mut self) -> Result<Option<Bytes>, QueryError> {
        while self.ahead.len() < AHEAD
            && let Some(start) = self.ranges.next()
        {
            let place = self.place.clone();
            self.ahead.push_back(AbortOnDropHandle::new(tokio::spawn(async move {
                let range = start..(start + BLOCK).min(place.head.size);
                place.aws.get_object(&place.bucket, &place.key, Some(range), Some(&place.head.etag)).await
            })));
        }
        let Some(block) = self.ahead.front_mut() else { return Ok(None) };
        let block = block.await.map_err(QueryError::internal)?;
        self.ahead.pop_front();
        Ok(Some(block?))
    }
}

fn broken(Broken(what): Broken) -> QueryError {
    torn(what)
}

pub(super) fn torn(what: &str) -> QueryError {
    tracing::error!("the result object of Athena is not whole: {what}");
    QueryError::new("RESULT_UNREADABLE", ErrorKind::Unavailable, "The result that Athena wrote is not whole.")
        .with_hint("Run the statement again.")
}
