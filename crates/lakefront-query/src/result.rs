//! A result is immutable and has a key: spooled as an Arrow IPC stream with an index, so that any
//! page of it is found in constant time and passed on as the engine wrote it.

mod cache;
mod file;
mod key;
mod packed;
mod shared;
mod spool;
mod worth;

use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::writer::StreamWriter;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use lakefront_trino::types::TYPE_KEY;
use serde::Serialize;

pub(crate) use cache::Cache;
pub use cache::ResultCacheState;
pub(crate) use key::Key;
pub(crate) use shared::{Found, Shared};
pub use shared::{Making, SharedFailure, SharedLook, SharedResults};
pub(crate) use spool::{RunSummary, Spool};

use crate::{EngineChoice, ErrorKind, Estimate, QueryError, trino_type};
use file::{END_OF_STREAM, Header};

/// A column of a result, with Trino's name for its type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    pub name: String,
    pub r#type: String,
}

/// The rows of one finished execution.
pub struct ResultSet {
    schema: SchemaRef,
    schema_message: Bytes,
    header: Header,
    body: RwLock<Body>,
}

/// Where the rows are now.
#[derive(Clone)]
enum Body {
    /// With the file they are also in, once they are.
    Memory {
        frames: Arc<Vec<Bytes>>,
        path: Option<PathBuf>,
    },
    File(PathBuf),
    /// The cache needed the place.
    Gone,
}

impl ResultSet {
    fn new(schema: SchemaRef, schema_message: Bytes, header: Header, body: Body) -> Self {
        Self { schema, schema_message, header, body: RwLock::new(body) }
    }

    /// Rows made here rather than by an engine; never answered to anyone else.
    pub(crate) fn of_batch(batch: &RecordBatch) -> Result<Self, QueryError> {
        let mut spool = Spool::new(Path::new(""), batch.schema())?;
        let ipc = batch_message(batch).map_err(QueryError::internal)?;
        let frame = lakefront_engine::Frame { ipc, rows: batch.num_rows() as u64 };
        if spool.writes(&frame) {
            return Err(
                QueryError::user("RESOURCE_LIMIT", "The answer is too long.").with_hint("Ask for less with LIKE.")
            );
        }
        spool.push(frame).and_then(|()| spool.finish(RunSummary::default())).map_err(QueryError::internal)
    }

    fn open(path: &Path) -> io::Result<Self> {
        let (header, schema_message) = file::open(path)?;
        Ok(Self::new(decode_schema(&schema_message)?, schema_message, header, Body::File(path.to_owned())))
    }

    /// What [`file`] describes, as bytes.
    fn of_bytes(bytes: &Bytes) -> io::Result<Self> {
        let slice = |offset: u64, length: u64| {
            let start = usize::try_from(offset).map_err(io::Error::other)?;
            let end = usize::try_from(offset.saturating_add(length)).map_err(io::Error::other)?;
            if end > bytes.len() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Ok(bytes.slice(start..end))
        };
        let (header, schema_message) = file::parse(bytes.len() as u64, slice)?;
        let frames = header.frames.iter().map(|frame| slice(frame.offset, frame.bytes)).collect::<io::Result<_>>()?;
        let body = Body::Memory { frames: Arc::new(frames), path: None };
        Ok(Self::new(decode_schema(&schema_message)?, schema_message, header, body))
    }

    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub fn columns(&self) -> Vec<Column> {
        columns(&self.schema)
    }

    pub fn rows(&self) -> u64 {
        self.header.rows
    }

    /// The result was cut at the configured limit.
    pub fn truncated(&self) -> bool {
        self.header.truncated
    }

    /// When the run ended that made it.
    pub fn created_at(&self) -> DateTime<Utc> {
        self.header.created_at
    }

    /// Up to when its data is: the time of the newest file it read, or of the run where another system keeps the tables.
    pub fn as_of(&self) -> Option<DateTime<Utc>> {
        self.header.as_of
    }

    /// What ran it.
    pub(crate) fn engine(&self) -> EngineChoice {
        match self.header.engine {
            EngineChoice::Auto => EngineChoice::Embedded,
            engine => engine,
        }
    }

    pub(crate) fn estimate(&self) -> Option<&Estimate> {
        self.header.estimate.as_ref()
    }

    pub(crate) fn scanned_bytes(&self) -> u64 {
        self.header.scanned_bytes
    }

    pub(crate) fn engine_ms(&self) -> u64 {
        self.header.engine_ms
    }

    /// Whether the same statement over the same data has these rows again: it was not cut and asks for no clock or chance.
    pub fn is_reusable(&self) -> bool {
        self.header.reusable
    }

    fn stored_bytes(&self) -> u64 {
        self.header.stream_bytes()
    }

    /// How long it outlives its last use, where so many bytes keep it.
    fn bonus(&self, bytes: u64) -> Duration {
        let usd = self.header.estimate.as_ref().and_then(|estimate| estimate.usd.parse().ok());
        worth::bonus(Duration::from_millis(self.header.engine_ms), usd.unwrap_or(0.0), bytes)
    }

    /// Not older than that.
    pub(crate) fn is_within(&self, max_age_s: Option<u64>) -> bool {
        let limit = max_age_s.and_then(|seconds| TimeDelta::try_seconds(seconds.try_into().ok()?));
        limit.is_none_or(|limit| Utc::now() - self.created_at() <= limit)
    }

    /// Rows `offset..offset + limit` in order, read one batch at a time. Finding the first one
    /// takes the same time wherever it lies. Reads files: call it where blocking is allowed.
    pub fn batches(
        &self,
        offset: u64,
        limit: Option<u64>,
    ) -> impl Iterator<Item = Result<RecordBatch, QueryError>> + Send + use<> {
        let page = self.page(offset, limit);
        let mut decoder = None;
        page.map(move |piece| {
            let piece = piece?;
            piece.decode(decoder.get_or_insert_with(StreamDecoder::new))
        })
    }

    /// The same rows as the pieces of one Arrow IPC stream. Whole batches are passed on as the
    /// engine wrote them.
    pub fn ipc(
        &self,
        offset: u64,
        limit: Option<u64>,
    ) -> impl Iterator<Item = Result<Bytes, QueryError>> + Send + use<> {
        let mut decoder = None;
        let frames = self.page(offset, limit).map(move |piece| {
            let piece = piece?;
            if piece.keep == (0..piece.rows) {
                return Ok(piece.frame);
            }
            let batch = piece.decode(decoder.get_or_insert_with(StreamDecoder::new))?;
            batch_message(&batch).map_err(QueryError::internal)
        });
        std::iter::once(Ok(self.schema_message.clone()))
            .chain(frames)
            .chain(std::iter::once(Ok(Bytes::from_static(&END_OF_STREAM))))
    }

    fn page(&self, offset: u64, limit: Option<u64>) -> Page {
        let end = limit.map_or(self.rows(), |limit| offset.saturating_add(limit)).min(self.rows());
        let frames = &self.header.frames;
        let first = frames.partition_point(|frame| frame.first_row <= offset).saturating_sub(1);
        let last = if offset < end { frames.partition_point(|frame| frame.first_row < end) } else { first };
        let places = (first..last)
            .map(|index| {
                let frame = frames[index];
                let next = frames.get(index + 1).map_or(self.rows(), |next| next.first_row);
                let rows = next - frame.first_row;
                Place {
                    index,
                    offset: frame.offset,
                    bytes: frame.bytes,
                    rows,
                    keep: offset.saturating_sub(frame.first_row)..rows.min(end.saturating_sub(frame.first_row)),
                }
            })
            .collect::<Vec<_>>()
            .into_iter();
        Page { schema_message: self.schema_message.clone(), places, rows: self.open_body() }
    }

    fn open_body(&self) -> Rows {
        let opened = match &*self.body.read().unwrap_or_else(PoisonError::into_inner) {
            Body::Memory { frames, .. } => return Rows::Memory(frames.clone()),
            Body::File(path) => File::open(path),
            Body::Gone => Err(io::ErrorKind::NotFound.into()),
        };
        match opened {
            Ok(file) => Rows::File(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Rows::Failed(expired()),
            Err(error) => Rows::Failed(QueryError::internal(error)),
        }
    }

    fn is_in_memory(&self) -> bool {
        matches!(*self.body.read().unwrap_or_else(PoisonError::into_inner), Body::Memory { .. })
    }

    fn is_there(&self) -> bool {
        match &*self.body.read().unwrap_or_else(PoisonError::into_inner) {
            Body::Memory { .. } => true,
            Body::File(path) => path.exists(),
            Body::Gone => false,
        }
    }

    /// Gives the result its name on disk; false when it is gone already.
    fn settle(&self, folder: &Path, name: &Path) -> io::Result<bool> {
        let body = self.body.read().unwrap_or_else(PoisonError::into_inner).clone();
        match body {
            Body::Memory { frames, .. } => {
                spool::save(folder, name, &self.schema_message, &frames, &self.header)?;
                let mut body = self.body.write().unwrap_or_else(PoisonError::into_inner);
                match &mut *body {
                    Body::Memory { path, .. } => *path = Some(name.to_owned()),
                    Body::File(_) => {}
                    Body::Gone => return Ok(false),
                }
            }
            Body::File(_) => {
                // Under the lock: nobody may look for the old name after it is gone.
                let mut body = self.body.write().unwrap_or_else(PoisonError::into_inner);
                let Body::File(path) = &mut *body else { return Ok(false) };
                fs::rename(&*path, name)?;
                *path = name.to_owned();
            }
            Body::Gone => return Ok(false),
        }
        Ok(true)
    }

    /// Rows that are on disk too leave the memory; whether they were.
    fn release_memory(&self) -> bool {
        let mut body = self.body.write().unwrap_or_else(PoisonError::into_inner);
        if let Body::Memory { path: Some(path), .. } = &*body {
            *body = Body::File(path.clone());
            return true;
        }
        false
    }

    /// The rows are no longer wanted.
    fn discard(&self) {
        let mut body = self.body.write().unwrap_or_else(PoisonError::into_inner);
        if let Body::File(path) = std::mem::replace(&mut *body, Body::Gone) {
            // Readers that have it open read on; left-overs go at the next start.
            let _ = fs::remove_file(path);
        }
    }
}

pub(crate) fn columns(schema: &SchemaRef) -> Vec<Column> {
    schema
        .fields()
        .iter()
        .map(|field| Column {
            name: field.name().clone(),
            r#type: match (field.metadata().get(TYPE_KEY), field.data_type()) {
                (Some(name), _) => name.clone(),
                // The engine counts and numbers rows without a sign; in Trino these are bigint.
                (None, DataType::UInt64) => "bigint".to_owned(),
                (None, other) => trino_type(other),
            },
        })
        .collect()
}

fn decode_schema(message: &Bytes) -> io::Result<SchemaRef> {
    // The decoder takes a message in when the next begins.
    let stream = [message.as_ref(), &END_OF_STREAM].concat();
    let mut decoder = StreamDecoder::new();
    decoder.decode(&mut Buffer::from(stream)).map_err(io::Error::other)?;
    decoder.schema().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no schema"))
}

fn expired() -> QueryError {
    QueryError::new("RESULT_EXPIRED", ErrorKind::NotFound, "The rows of this execution are no longer stored.")
        .with_hint("Run the statement again.")
}

/// A frame of a page and which of its rows belong to it.
struct Place {
    index: usize,
    offset: u64,
    bytes: u64,
    rows: u64,
    keep: Range<u64>,
}

enum Rows {
    Memory(Arc<Vec<Bytes>>),
    File(File),
    Failed(QueryError),
}

struct Page {
    schema_message: Bytes,
    places: std::vec::IntoIter<Place>,
    rows: Rows,
}

impl Iterator for Page {
    type Item = Result<Piece, QueryError>;

    fn next(&mut self) -> Option<Self::Item> {
        let place = self.places.next()?;
        let frame = match &self.rows {
            Rows::Memory(frames) => frames.get(place.index).cloned().ok_or_else(expired),
            Rows::File(file) => file::read(file, place.offset, place.bytes).map_err(QueryError::internal),
            Rows::Failed(error) => Err(error.clone()),
        };
        let piece = frame.map(|frame| Piece {
            schema_message: self.schema_message.clone(),
            frame,
            rows: place.rows,
            keep: place.keep,
        });
        if piece.is_err() {
            self.places = Vec::new().into_iter();
        }
        Some(piece)
    }
}

struct Piece {
    schema_message: Bytes,
    frame: Bytes,
    rows: u64,
    keep: Range<u64>,
}

impl Piece {
    fn decode(self, decoder: &mut StreamDecoder) -> Result<RecordBatch, QueryError> {
        let decode = |decoder: &mut StreamDecoder| -> Result<Option<RecordBatch>, ArrowError> {
            if decoder.schema().is_none() {
                decoder.decode(&mut Buffer::from(self.schema_message.clone()))?;
            }
            match decoder.decode(&mut Buffer::from(self.frame.clone()))? {
                // Rows of nothing but nulls have no body, which is taken in when the next message begins.
                None => decoder.decode(&mut Buffer::from([0u8])),
                batch => Ok(batch),
            }
        };
        let batch = decode(decoder)
            .map_err(QueryError::internal)?
            .filter(|batch| batch.num_rows() as u64 == self.rows)
            .ok_or_else(|| QueryError::internal("a frame of a result holds other rows than its index says"))?;
        if self.keep == (0..self.rows) {
            return Ok(batch);
        }
        // The rows of one batch fit in memory, so they fit in a usize.
        Ok(batch.slice(self.keep.start as usize, (self.keep.end - self.keep.start) as usize))
    }
}

fn schema_message(schema: &SchemaRef) -> Result<Bytes, ArrowError> {
    let writer = StreamWriter::try_new(Vec::new(), schema)?;
    Ok(Bytes::copy_from_slice(writer.get_ref()))
}

pub(crate) fn batch_message(batch: &RecordBatch) -> Result<Bytes, ArrowError> {
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema())?;
    let start = writer.get_ref().len();
    writer.write(batch)?;
    Ok(Bytes::copy_from_slice(&writer.get_ref()[start..]))
}
