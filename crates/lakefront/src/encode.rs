//! A finished result in the formats people download, written piece by piece with bounded memory.
//!
//! [`write`] is the one road: to standard output for the command line, and to a channel that feeds an HTTP body.

mod csv;
mod json;
mod parquet;
mod values;
mod xlsx;

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use bytes::{Bytes, BytesMut};
use lakefront_query::{QueryError, ResultSet};
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use utoipa::ToSchema;

use crate::error::Problem;

pub use csv::field as csv_field;
pub use json::row_lists;
pub use values::Values;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ResultFormat {
    /// Columns and rows in one document.
    Json,
    /// One object a line.
    Ndjson,
    /// RFC 4180 with a header line.
    Csv,
    /// Zstd-compressed Parquet.
    Parquet,
    /// An Arrow IPC stream.
    Arrow,
    /// A spreadsheet.
    Xlsx,
}

/// Which rows, and how.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    pub offset: u64,
    pub limit: Option<u64>,
    /// CSV: text that a spreadsheet would take for a formula gets an apostrophe in front.
    pub formula_safe: bool,
}

impl ResultFormat {
    pub fn content_type(self) -> &'static str {
        match self {
            ResultFormat::Json => "application/json",
            ResultFormat::Ndjson => "application/x-ndjson",
            ResultFormat::Csv => "text/csv; charset=utf-8; header=present",
            ResultFormat::Parquet => "application/vnd.apache.parquet",
            ResultFormat::Arrow => "application/vnd.apache.arrow.stream",
            ResultFormat::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }

    pub fn extension(self) -> &'static str {
        match self {
            ResultFormat::Json => "json",
            ResultFormat::Ndjson => "ndjson",
            ResultFormat::Csv => "csv",
            ResultFormat::Parquet => "parquet",
            ResultFormat::Arrow => "arrows",
            ResultFormat::Xlsx => "xlsx",
        }
    }
}

/// Why the rows could not be written.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The reader is gone, or the disk is full.
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("{0}")]
    TooLarge(String),
    #[error("{0}")]
    Format(String),
}

impl From<EncodeError> for Problem {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::Query(error) => error.into(),
            EncodeError::TooLarge(message) => Problem::new(StatusCode::BAD_REQUEST, "RESULT_TOO_LARGE", message)
                .with_hint("Ask for fewer rows with limit, or for csv or parquet."),
            EncodeError::Io(error) => Problem::internal(format!("cannot write the result: {error}")),
            EncodeError::Format(message) => Problem::internal(format!("cannot write the result: {message}")),
        }
    }
}

/// Writes rows of a result. Blocks; memory stays at one batch.
pub fn write(
    result: &ResultSet,
    format: ResultFormat,
    options: Options,
    out: &mut (impl Write + Send),
) -> Result<(), EncodeError> {
    match format {
        ResultFormat::Json => json::document(result, options, out),
        ResultFormat::Ndjson => json::lines(result, options, out),
        ResultFormat::Csv => csv::write(result, options, out),
        ResultFormat::Parquet => parquet::write(result, options, out),
        ResultFormat::Xlsx => xlsx::write(result, options, out),
        ResultFormat::Arrow => {
            for piece in result.ipc(options.offset, options.limit) {
                out.write_all(&piece?)?;
            }
            Ok(())
        }
    }
}

const PIECE: usize = 64 << 10;
const PIECES_AHEAD: usize = 4;
/// A reader that takes nothing for this long loses its download.
const READER_PATIENCE: Duration = Duration::from_secs(60);

/// The rows as an HTTP body. A failure before the first bytes is a problem; a later one breaks the connection,
/// so that half a result never looks whole. `permit` is given back when the last row is written.
pub async fn body(
    result: Arc<ResultSet>,
    format: ResultFormat,
    options: Options,
    permit: Option<OwnedSemaphorePermit>,
) -> Result<Body, Problem> {
    stream(READER_PATIENCE, permit, move |out| write(&result, format, options, out)).await
}

/// What `write` writes, as it comes.
async fn stream(
    patience: Duration,
    permit: Option<OwnedSemaphorePermit>,
    write: impl FnOnce(&mut ChannelWriter) -> Result<(), EncodeError> + Send + 'static,
) -> Result<Body, Problem> {
    let (sender, mut receiver) = mpsc::channel::<Result<Bytes, EncodeError>>(PIECES_AHEAD);
    let (complete, completed) = oneshot::channel();
    let handle = Handle::current();
    tokio::task::spawn_blocking(move || {
        let mut out = ChannelWriter { handle, sender, patience, buffer: BytesMut::with_capacity(PIECE + PIECE / 4) };
        match write(&mut out).and_then(|()| Ok(out.send_buffer()?)) {
            Ok(()) => {
                // Nobody listens when the reader has gone.
                let _ = complete.send(());
            }
            Err(error) => out.fail(error),
        }
        drop(permit);
    });
    // The pieces also end when the writer gave up on a full channel, or panicked.
    let end = async move { completed.await.map_err(|_| EncodeError::Io(io::ErrorKind::BrokenPipe.into())) };

    let Some(first) = receiver.recv().await else { return Ok(end.await.map(|()| Body::empty())?) };
    let first = first?;
    let Some(second) = receiver.recv().await else { return Ok(end.await.map(|()| Body::from(first))?) };
    Ok(Body::from_stream(async_stream::stream! {
        yield Ok(first);
        yield second;
        while let Some(piece) = receiver.recv().await {
            yield piece;
        }
        if let Err(error) = end.await {
            yield Err(error);
        }
    }))
}

struct ChannelWriter {
    handle: Handle,
    sender: mpsc::Sender<Result<Bytes, EncodeError>>,
    /// How long a full channel is waited for.
    patience: Duration,
    buffer: BytesMut,
}

impl ChannelWriter {
    fn send_buffer(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let piece = self.buffer.split().freeze();
        self.buffer.reserve(PIECE + PIECE / 4);
        let sent = self.handle.block_on(tokio::time::timeout(self.patience, self.sender.send(Ok(piece))));
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::ErrorKind::BrokenPipe.into()),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    fn fail(&self, error: EncodeError) {
        if !self.sender.is_closed() {
            tracing::warn!(%error, "a result could not be written: {error}");
        }
        // Where the channel is full, the end that is not told says as much.
        let _ = self.sender.try_send(Err(error));
    }
}

impl Write for ChannelWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE {
            self.send_buffer()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use super::*;

    /// Ten pieces through a channel for four, and one more byte.
    fn ten_pieces(out: &mut ChannelWriter) -> Result<(), EncodeError> {
        for _ in 0..10 {
            out.write_all(&[b'x'; PIECE])?;
        }
        Ok(out.write_all(b"y")?)
    }

    #[tokio::test]
    async fn what_is_whole_arrives_whole() {
        let body = stream(READER_PATIENCE, None, ten_pieces).await.unwrap();
        assert_eq!(axum::body::to_bytes(body, usize::MAX).await.unwrap().len(), 10 * PIECE + 1);
        let nothing = stream(READER_PATIENCE, None, |_| Ok(())).await.unwrap();
        assert!(axum::body::to_bytes(nothing, usize::MAX).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn half_a_result_never_looks_whole() {
        // A reader that pauses for longer than the writer waits.
        let late = stream(Duration::from_millis(20), None, ten_pieces).await.unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(axum::body::to_bytes(late, usize::MAX).await.is_err());

        let broken = stream(READER_PATIENCE, None, |out| {
            ten_pieces(out)?;
            panic!("before the end")
        });
        assert!(axum::body::to_bytes(broken.await.unwrap(), usize::MAX).await.is_err());
        assert!(stream(READER_PATIENCE, None, |_| panic!("at once")).await.is_err());
    }
}
