//! Bytes of a table's files, pinned to the version that was listed.

use std::io::{self, Read};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use object_store::aws::AmazonS3;
use object_store::{GetOptions, GetRange, ObjectStore};
use tokio::runtime::Handle;

use crate::error::{EngineError, EngineErrorKind};
use crate::job::{DataFile, Storage};
use crate::lake;

/// Where the files are read from.
#[derive(Clone)]
pub(super) enum Source {
    Local(PathBuf),
    S3 { store: Arc<AmazonS3>, prefix: String },
}

impl Source {
    pub(super) fn open(storage: &Storage) -> Result<Source, EngineError> {
        Ok(match storage {
            Storage::Local { root } => Source::Local(root.clone()),
            Storage::S3 { prefix, .. } => {
                Source::S3 { store: Arc::new(lake::s3_store(storage)?), prefix: prefix.clone() }
            }
        })
    }

    /// Bytes of a file; fewer than asked for is an error.
    pub(super) async fn range(&self, file: &DataFile, range: Range<u64>) -> Result<Bytes, EngineError> {
        match self {
            Source::Local(root) => {
                let (root, file) = (root.clone(), file.clone());
                tokio::task::spawn_blocking(move || read_local(root, &file, range)).await.map_err(|error| {
                    EngineError::new(EngineErrorKind::Internal, "Reading a file failed.").with_detail(error.to_string())
                })?
            }
            Source::S3 { store, prefix } => read_s3(store, prefix, file, range).await,
        }
    }

    /// The file from its beginning, to be read on a blocking thread.
    pub(super) fn reader(&self, file: &DataFile, handle: Handle) -> FileReader {
        FileReader { source: self.clone(), file: file.clone(), handle, at: 0, chunk: Bytes::new() }
    }
}

fn read_local(root: PathBuf, file: &DataFile, range: Range<u64>) -> Result<Bytes, EngineError> {
    use std::os::unix::fs::FileExt;

    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof => changed(file),
        io::ErrorKind::PermissionDenied => EngineError::new(
            EngineErrorKind::InvalidFile,
            format!("File \"{}\" may not be read by the service.", file.path),
        ),
        // A link in the way, or a folder where a file was.
        _ => EngineError::new(
            EngineErrorKind::InvalidLocation,
            format!("File \"{}\" can't be opened where it was listed.", file.path),
        )
        .with_detail(error.to_string()),
    };
    let opened = lake::open_file(&root, &file.path).map_err(failed)?;
    let metadata = opened.metadata().map_err(failed)?;
    let modified = metadata.modified().ok().and_then(|time| match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).ok(),
        Err(before) => i64::try_from(before.duration().as_nanos().div_ceil(1_000_000)).ok().map(|ms| -ms),
    });
    if metadata.len() != file.size || modified != Some(file.modified_ms) {
        return Err(changed(file));
    }
    let length = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
    let mut bytes = vec![0; length];
    opened.read_exact_at(&mut bytes, range.start).map_err(failed)?;
    Ok(bytes.into())
}

async fn read_s3(store: &AmazonS3, prefix: &str, file: &DataFile, range: Range<u64>) -> Result<Bytes, EngineError> {
    let path = object_store::path::Path::parse(format!("{prefix}{}", file.path)).map_err(|error| {
        EngineError::new(
            EngineErrorKind::InvalidLocation,
            format!("Object \"{}\" can't be requested by its literal key.", file.path),
        )
        .with_detail(error.to_string())
    })?;
    let length = range.end - range.start;
    let options =
        GetOptions { range: Some(GetRange::Bounded(range)), if_match: file.etag.clone(), ..GetOptions::default() };
    let failed = |error: object_store::Error| match &error {
        object_store::Error::NotFound { .. } | object_store::Error::Precondition { .. } => changed(file),
        object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => EngineError::new(
            EngineErrorKind::InvalidLocation,
            format!("Object \"{}\" may not be read with these credentials: they need s3:GetObject.", file.path),
        )
        .with_detail(error.to_string()),
        _ => {
            EngineError::new(EngineErrorKind::Execution, format!("Object \"{}\" could not be read from S3.", file.path))
                .with_detail(error.to_string())
        }
    };
    let bytes = store.get_opts(&path, options).await.map_err(failed)?.bytes().await.map_err(failed)?;
    if bytes.len() as u64 != length {
        return Err(changed(file));
    }
    Ok(bytes)
}

fn changed(file: &DataFile) -> EngineError {
    EngineError::new(
        EngineErrorKind::DataChanged,
        format!("File \"{}\" changed after the table was listed: refresh the table.", file.path),
    )
}

/// A file as a blocking reader; fetches a mebibyte at a time.
pub(super) struct FileReader {
    source: Source,
    file: DataFile,
    handle: Handle,
    at: u64,
    chunk: Bytes,
}

const CHUNK: u64 = 1 << 20;

impl Read for FileReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.chunk.is_empty() && self.at < self.file.size {
            let range = self.at..self.file.size.min(self.at + CHUNK);
            let end = range.end;
            self.chunk = match &self.source {
                Source::Local(root) => read_local(root.clone(), &self.file, range),
                Source::S3 { store, prefix } => self.handle.block_on(read_s3(store, prefix, &self.file, range)),
            }
            .map_err(io::Error::other)?;
            self.at = end;
        }
        let length = buffer.len().min(self.chunk.len());
        buffer[..length].copy_from_slice(&self.chunk.split_to(length));
        Ok(length)
    }
}
