//! A result while it arrives: in memory while it is small, in a file from then on.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use lakefront_engine::Frame;
use ulid::Ulid;

use super::file::{self, FrameEntry, Header};
use super::{Body, ResultSet, schema_message};
use crate::{EngineChoice, Estimate, QueryError};

/// Up to here a result costs no write before it is answered.
const MEMORY_BYTES: u64 = 1 << 20;

/// What a run says about itself at its end.
#[derive(Debug, Clone, Default)]
pub(crate) struct RunSummary {
    pub(crate) as_of: Option<DateTime<Utc>>,
    pub(crate) truncated: bool,
    pub(crate) reusable: bool,
    pub(crate) scanned_bytes: u64,
    pub(crate) engine_ms: u64,
    pub(crate) estimate: Option<Estimate>,
    pub(crate) engine: EngineChoice,
}

pub(crate) struct Spool {
    folder: PathBuf,
    schema: SchemaRef,
    schema_message: Bytes,
    frames: Vec<FrameEntry>,
    rows: u64,
    end: u64,
    memory: Vec<Bytes>,
    file: Option<Unfinished>,
}

impl Spool {
    pub(crate) fn new(folder: &Path, schema: SchemaRef) -> Result<Self, QueryError> {
        let schema_message = schema_message(&schema).map_err(QueryError::internal)?;
        Ok(Self {
            folder: folder.to_owned(),
            schema,
            end: schema_message.len() as u64,
            schema_message,
            frames: Vec::new(),
            rows: 0,
            memory: Vec::new(),
            file: None,
        })
    }

    /// Whether the next frame is written to disk: then [`push`](Self::push) blocks.
    pub(crate) fn writes(&self, frame: &Frame) -> bool {
        self.file.is_some() || self.end + frame.ipc.len() as u64 > MEMORY_BYTES
    }

    pub(crate) fn push(&mut self, frame: Frame) -> io::Result<()> {
        let bytes = frame.ipc.len() as u64;
        if self.writes(&frame) {
            if self.file.is_none() {
                let mut unfinished = Unfinished::create(&self.folder)?;
                unfinished.file.write_all(&self.schema_message)?;
                for earlier in self.memory.drain(..) {
                    unfinished.file.write_all(&earlier)?;
                }
                self.file = Some(unfinished);
            }
            if let Some(unfinished) = &mut self.file {
                unfinished.file.write_all(&frame.ipc)?;
            }
        } else {
            self.memory.push(frame.ipc);
        }
        self.frames.push(FrameEntry { offset: self.end, bytes, first_row: self.rows });
        self.end += bytes;
        self.rows += frame.rows;
        Ok(())
    }

    pub(crate) fn in_memory(&self) -> bool {
        self.file.is_none()
    }

    /// The finished result, still without its name on disk.
    pub(crate) fn finish(self, run: RunSummary) -> io::Result<ResultSet> {
        let header = Header {
            created_at: Utc::now(),
            as_of: run.as_of,
            rows: self.rows,
            truncated: run.truncated,
            reusable: run.reusable && !run.truncated,
            scanned_bytes: run.scanned_bytes,
            engine_ms: run.engine_ms,
            estimate: run.estimate,
            engine: run.engine,
            schema_bytes: self.schema_message.len() as u64,
            frames: self.frames,
        };
        let body = match self.file {
            None => Body::Memory { frames: Arc::new(self.memory), path: None },
            Some(mut unfinished) => {
                file::finish(&mut unfinished.file, &header)?;
                Body::File(unfinished.keep())
            }
        };
        Ok(ResultSet::new(self.schema, self.schema_message, header, body))
    }
}

/// Writes a result that is still in memory under its final name.
pub(crate) fn save(
    folder: &Path,
    name: &Path,
    schema_message: &[u8],
    frames: &[Bytes],
    header: &Header,
) -> io::Result<()> {
    let mut unfinished = Unfinished::create(folder)?;
    unfinished.file.write_all(schema_message)?;
    for frame in frames {
        unfinished.file.write_all(frame)?;
    }
    file::finish(&mut unfinished.file, header)?;
    fs::rename(unfinished.keep(), name)
}

/// A file that vanishes unless it is kept.
struct Unfinished {
    file: File,
    path: PathBuf,
    kept: bool,
}

impl Unfinished {
    fn create(folder: &Path) -> io::Result<Self> {
        let path = folder.join(format!("{}.tmp", Ulid::generate()));
        let file = File::options().write(true).create_new(true).open(&path)?;
        Ok(Self { file, path, kept: false })
    }

    fn keep(mut self) -> PathBuf {
        self.kept = true;
        self.path.clone()
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.kept {
            // Left-overs are also removed at the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
}
