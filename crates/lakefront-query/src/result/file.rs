//! A result on disk: an Arrow IPC stream that any reader understands, followed by our index.
//!
//! ```text
//! schema message · record batch messages … · end of stream · index (JSON) · hash of the index · its length · magic
//! ```
//! A file gets its name only when it is complete and synced, so a name means a whole result.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{EngineChoice, Estimate};

/// Ends an Arrow IPC stream.
pub(crate) const END_OF_STREAM: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

const MAGIC: [u8; 8] = *b"LFRESLT1";
const TAIL: u64 = 32 + 8 + 8;

/// Everything about a result but its rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) created_at: DateTime<Utc>,
    /// Up to when its data is.
    #[serde(default)]
    pub(crate) as_of: Option<DateTime<Utc>>,
    pub(crate) rows: u64,
    pub(crate) truncated: bool,
    /// Whether another execution may be answered with it.
    pub(crate) reusable: bool,
    pub(crate) scanned_bytes: u64,
    pub(crate) engine_ms: u64,
    pub(crate) estimate: Option<Estimate>,
    /// What ran it; `Auto` where nothing did.
    #[serde(default)]
    pub(crate) engine: EngineChoice,
    /// Bytes of the schema message at the start.
    pub(crate) schema_bytes: u64,
    pub(crate) frames: Vec<FrameEntry>,
}

/// Where a record batch lies.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct FrameEntry {
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
    pub(crate) first_row: u64,
}

impl Header {
    /// Bytes of the stream, its end included.
    pub(crate) fn stream_bytes(&self) -> u64 {
        let end = self.frames.last().map_or(self.schema_bytes, |frame| frame.offset + frame.bytes);
        end + END_OF_STREAM.len() as u64
    }

    fn is_consistent(&self) -> bool {
        let mut offset = self.schema_bytes;
        let mut row = 0;
        for (index, frame) in self.frames.iter().enumerate() {
            if frame.offset != offset || frame.first_row < row || (index == 0 && frame.first_row > 0) {
                return false;
            }
            offset = frame.offset.saturating_add(frame.bytes);
            row = frame.first_row;
        }
        row <= self.rows
    }
}

/// Closes a stream whose messages are written, and syncs it.
pub(crate) fn finish(file: &mut File, header: &Header) -> io::Result<()> {
    file.write_all(&ending(header)?)?;
    file.sync_data()
}

/// What follows the last record batch.
pub(crate) fn ending(header: &Header) -> io::Result<Vec<u8>> {
    let index = serde_json::to_vec(header)?;
    let hash = blake3::hash(&index);
    let length = (index.len() as u64).to_le_bytes();
    Ok([&END_OF_STREAM[..], &index, hash.as_bytes(), &length, &MAGIC].concat())
}

/// Reads the index back and the schema message with it; an error means that the file is no whole
/// result.
pub(crate) fn open(path: &Path) -> io::Result<(Header, Bytes)> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    parse(length, |offset, bytes| read(&file, offset, bytes))
}

/// The same of so many bytes that lie anywhere.
pub(crate) fn parse(length: u64, read: impl Fn(u64, u64) -> io::Result<Bytes>) -> io::Result<(Header, Bytes)> {
    let broken = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let tail_start = length.checked_sub(TAIL).ok_or_else(|| broken("too short"))?;
    let tail = read(tail_start, TAIL)?;
    let (hash, rest) = tail.split_at(32);
    let (index_length, magic) = rest.split_at(8);
    if magic != MAGIC {
        return Err(broken("no magic at the end"));
    }
    let index_length = u64::from_le_bytes(index_length.try_into().map_err(|_| broken("length"))?);
    let index_start = tail_start.checked_sub(index_length).ok_or_else(|| broken("index too long"))?;
    let index = read(index_start, index_length)?;
    if blake3::hash(&index).as_bytes() != hash {
        return Err(broken("index damaged"));
    }
    let header: Header = serde_json::from_slice(&index)?;
    if !header.is_consistent() || header.stream_bytes() != index_start {
        return Err(broken("index and stream disagree"));
    }
    let schema = read(0, header.schema_bytes)?;
    Ok((header, schema))
}

/// Bytes at a place, without moving anything.
pub(crate) fn read(file: &File, offset: u64, length: u64) -> io::Result<Bytes> {
    let length = usize::try_from(length).map_err(io::Error::other)?;
    let mut buffer = vec![0; length];
    file.read_exact_at(&mut buffer, offset)?;
    Ok(buffer.into())
}
