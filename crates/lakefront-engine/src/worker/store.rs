//! Reading a table's files and nothing else, as they were when the table was listed.
//!
//! DataFusion knows files by an object store and a location. Here a location is a file's number in its table, so that
//! a key is never normalised or mistaken for another, and the store answers reads only: of local files opened below
//! their root without leaving it by links, pinned by size and time, or of S3 objects pinned by ETag.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Component, Path as FsPath, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{
    Attributes, CopyOptions, GetOptions, GetRange, GetResult, GetResultPayload, ListResult, MultipartUpload,
    OBJECT_STORE_COALESCE_DEFAULT, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    coalesce_ranges,
};
use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};

use crate::error::{EngineError, EngineErrorKind};
use crate::job::{DataFile, Storage};
use crate::lake;

/// Bytes read at a time when a whole local file is streamed.
const READ: u64 = 1 << 20;
/// Bytes per piece of a stream. DataFusion's readers of text take a piece for every batch of 8,192 rows, needed or not,
/// and keep what they don't need: a piece larger than the shortest batch, with its two bytes per row, makes them hold
/// more and more of the file.
const PIECE: usize = 16 << 10;

/// The files of one table.
pub(super) struct TableStore {
    backend: Backend,
    files: Arc<[DataFile]>,
    /// Bytes of data read since the job began.
    scanned: Arc<AtomicU64>,
    /// Those of this table.
    read: AtomicU64,
}

enum Backend {
    Local { root: PathBuf },
    S3 { store: Arc<AmazonS3>, prefix: String },
}

impl TableStore {
    pub(super) fn new(storage: &Storage, files: Arc<[DataFile]>, scanned: Arc<AtomicU64>) -> Result<Self, EngineError> {
        let backend = match storage {
            Storage::Local { root } => Backend::Local {
                root: root.canonicalize().map_err(|error| {
                    EngineError::new(EngineErrorKind::InvalidLocation, "The folder of the table cannot be opened.")
                        .with_detail(format!("{}: {error}", root.display()))
                })?,
            },
            Storage::S3 { prefix, .. } => {
                Backend::S3 { store: Arc::new(lake::s3_store(storage)?), prefix: prefix.clone() }
            }
        };
        Ok(TableStore { backend, files, scanned, read: AtomicU64::new(0) })
    }

    /// The location under which DataFusion asks for a file.
    pub(super) fn location(index: usize) -> Path {
        Path::from(index.to_string())
    }

    /// The number of the file at a location, and the file.
    pub(super) fn file_at(&self, location: &Path) -> object_store::Result<(usize, &DataFile)> {
        let index = location.as_ref().parse().ok();
        index
            .and_then(|index| Some((index, self.files.get(index)?)))
            .ok_or_else(|| object_store::Error::NotSupported { source: "no such file in this table".into() })
    }

    pub(super) fn is_remote(&self) -> bool {
        matches!(self.backend, Backend::S3 { .. })
    }

    /// Counts bytes of data that a query asked for.
    pub(super) fn count(&self, bytes: u64) {
        self.scanned.fetch_add(bytes, Ordering::Relaxed);
        self.read.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes of this table that were read since it was last set to 0.
    pub(super) fn read(&self) -> &AtomicU64 {
        &self.read
    }

    pub(super) fn open(&self, file: &DataFile) -> Result<PinnedFile, EngineError> {
        let source = match &self.backend {
            Backend::Local { root } => Source::Local(open_beneath(root, file)?),
            Backend::S3 { store, prefix } => {
                Source::S3 { store: Arc::clone(store), key: literal_key(prefix, &file.path)? }
            }
        };
        let pinned = PinnedFile { source, file: file.clone() };
        pinned.check_unchanged()?;
        Ok(pinned)
    }
}

/// The key as S3 knows it.
fn literal_key(prefix: &str, path: &str) -> Result<Path, EngineError> {
    let key = format!("{prefix}{path}");
    match Path::parse(&key) {
        Ok(parsed) if parsed.as_ref() == key => Ok(parsed),
        // The client's URLs cannot carry empty or dot segments; reading another key in its place would be worse.
        _ => Err(EngineError::new(
            EngineErrorKind::InvalidLocation,
            format!("The object key '{path}' has an empty, '.' or '..' segment and cannot be read."),
        )),
    }
}

/// Opens a file below the root. Links are followed as long as they stay below it.
fn open_beneath(root: &FsPath, file: &DataFile) -> Result<File, EngineError> {
    let outside = |detail: String| {
        EngineError::new(
            EngineErrorKind::InvalidLocation,
            format!("The file '{}' is not inside the folder of its table.", file.path),
        )
        .with_detail(detail)
    };
    let relative = FsPath::new(&file.path);
    if !relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(outside("the path has a root or '..' in it".to_owned()));
    }
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => changed(file),
        _ => EngineError::new(EngineErrorKind::InvalidFile, format!("The file '{}' cannot be opened.", file.path))
            .with_detail(error.to_string()),
    };
    let folder = File::open(root).map_err(failed)?;
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let opened = match openat2(&folder, relative, flags, Mode::empty(), ResolveFlags::BENEATH) {
        Ok(fd) => File::from(fd),
        // A link with an absolute target is refused by the kernel even if it leads back inside; kernels and
        // containers without the call answer ENOSYS or EPERM. Both are decided by where the opened file really is.
        Err(rustix::io::Errno::XDEV | rustix::io::Errno::NOSYS | rustix::io::Errno::PERM) => {
            let opened = std::fs::OpenOptions::new()
                .read(true)
                .custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits() as i32)
                .open(root.join(relative))
                .map_err(|error| match error.kind() {
                    // What confines this process says no before the check below can.
                    io::ErrorKind::PermissionDenied => outside(error.to_string()),
                    _ => failed(error),
                })?;
            let real = std::fs::read_link(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&opened)))
                .map_err(|error| outside(error.to_string()))?;
            if !real.starts_with(root) {
                return Err(outside("a link leads out of the root".to_owned()));
            }
            opened
        }
        Err(error) => return Err(failed(error.into())),
    };
    if !opened.metadata().map_err(failed)?.is_file() {
        return Err(EngineError::new(EngineErrorKind::InvalidFile, format!("'{}' is not a regular file.", file.path)));
    }
    Ok(opened)
}

fn changed(file: &DataFile) -> EngineError {
    EngineError::new(
        EngineErrorKind::DataChanged,
        format!(
            "The file '{}' changed or vanished after its table was listed. Refresh the table and run again.",
            file.path
        ),
    )
}

/// One file, pinned to the version that was listed.
pub(super) struct PinnedFile {
    source: Source,
    file: DataFile,
}

enum Source {
    Local(File),
    S3 { store: Arc<AmazonS3>, key: Path },
}

impl PinnedFile {
    pub(super) fn file(&self) -> &DataFile {
        &self.file
    }

    fn check_unchanged(&self) -> Result<(), EngineError> {
        let Source::Local(opened) = &self.source else { return Ok(()) };
        let metadata = opened.metadata().map_err(|error| self.unreadable(error))?;
        let modified_ms = metadata.mtime() * 1000 + metadata.mtime_nsec() / 1_000_000;
        if metadata.size() != self.file.size || modified_ms != self.file.modified_ms {
            return Err(changed(&self.file));
        }
        Ok(())
    }

    fn unreadable(&self, error: impl fmt::Display) -> EngineError {
        EngineError::new(EngineErrorKind::InvalidFile, format!("The file '{}' cannot be read.", self.file.path))
            .with_detail(error.to_string())
    }

    /// Reads a range; local files on the calling thread, since they mostly are in the page cache.
    pub(super) async fn read(&self, range: Range<u64>) -> Result<Bytes, EngineError> {
        if range.start > range.end || range.end > self.file.size {
            return Err(self.unreadable("it refers to bytes beyond its end"));
        }
        match &self.source {
            Source::Local(opened) => {
                let mut bytes = vec![0; (range.end - range.start) as usize];
                opened.read_exact_at(&mut bytes, range.start).map_err(|error| match error.kind() {
                    io::ErrorKind::UnexpectedEof => changed(&self.file),
                    _ => self.unreadable(error),
                })?;
                self.check_unchanged()?;
                Ok(Bytes::from(bytes))
            }
            Source::S3 { store, key } => {
                let answer = self.get(store, key, Some(GetRange::Bounded(range))).await?;
                answer.bytes().await.map_err(|error| self.failed_request(error))
            }
        }
    }

    /// Reads several ranges, those that lie close to each other on S3 by one request.
    pub(super) async fn read_all(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, EngineError> {
        match &self.source {
            Source::Local(_) => {
                let mut all = Vec::with_capacity(ranges.len());
                for range in ranges {
                    all.push(self.read(range.clone()).await?);
                }
                Ok(all)
            }
            Source::S3 { .. } => coalesce_ranges(ranges, |range| self.read(range), OBJECT_STORE_COALESCE_DEFAULT).await,
        }
    }

    async fn get(&self, store: &AmazonS3, key: &Path, range: Option<GetRange>) -> Result<GetResult, EngineError> {
        let options = GetOptions { if_match: self.file.etag.clone(), range, ..GetOptions::default() };
        let answer = store.get_opts(key, options).await.map_err(|error| self.failed_request(error))?;
        if answer.meta.size != self.file.size {
            return Err(changed(&self.file));
        }
        Ok(answer)
    }

    fn failed_request(&self, error: object_store::Error) -> EngineError {
        match &error {
            object_store::Error::Precondition { .. } | object_store::Error::NotFound { .. } => changed(&self.file),
            object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
                EngineError::new(
                    EngineErrorKind::InvalidLocation,
                    format!("The store does not let this catalog read '{}'. Check its credentials.", self.file.path),
                )
                .with_detail(error.to_string())
            }
            _ => EngineError::new(
                EngineErrorKind::Execution,
                format!("Reading '{}' from the object store failed. Try again.", self.file.path),
            )
            .with_detail(error.to_string()),
        }
    }

    /// Streams a range in small pieces.
    async fn stream(self, range: Range<u64>) -> Result<BoxStream<'static, object_store::Result<Bytes>>, EngineError> {
        let read = self.stream_as_read(range).await?;
        Ok(read.map_ok(|bytes| stream::iter(pieces(bytes)).map(Ok)).try_flatten().boxed())
    }

    async fn stream_as_read(
        self,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, object_store::Result<Bytes>>, EngineError> {
        if let Source::S3 { store, key } = &self.source {
            let answer = self.get(store, key, Some(GetRange::Bounded(range))).await?;
            let stream = answer.into_stream();
            return Ok(stream.map(move |piece| piece.map_err(|e| carried(self.failed_request(e)))).boxed());
        }
        Ok(stream::try_unfold((self, range), |(file, rest)| async move {
            if rest.is_empty() {
                return Ok(None);
            }
            let end = rest.end.min(rest.start + READ);
            let bytes = file.read(rest.start..end).await.map_err(carried)?;
            Ok(Some((bytes, (file, end..rest.end))))
        })
        .boxed())
    }
}

fn pieces(bytes: Bytes) -> impl Iterator<Item = Bytes> {
    (0..bytes.len()).step_by(PIECE).map(move |start| bytes.slice(start..bytes.len().min(start + PIECE)))
}

/// Our error through the object store's type.
fn carried(error: EngineError) -> object_store::Error {
    object_store::Error::Generic { store: "table", source: Box::new(error) }
}

#[async_trait]
impl ObjectStore for TableStore {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> object_store::Result<GetResult> {
        let (index, file) = self.file_at(location)?;
        let meta = object_meta(index, file);
        let range = match options.range {
            None => 0..file.size,
            Some(GetRange::Bounded(range)) => range.start..range.end.min(file.size),
            Some(GetRange::Offset(start)) => start.min(file.size)..file.size,
            Some(GetRange::Suffix(length)) => file.size.saturating_sub(length)..file.size,
        };
        if range.start > range.end {
            return Err(object_store::Error::NotSupported { source: "range begins after the end of the file".into() });
        }
        let stream = if options.head {
            stream::empty().boxed()
        } else {
            self.count(range.end - range.start);
            let pinned = self.open(file).map_err(carried)?;
            pinned.stream(range.clone()).await.map_err(carried)?
        };
        Ok(GetResult { payload: GetResultPayload::Stream(stream), meta, range, attributes: Attributes::new() })
    }

    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> object_store::Result<PutResult> {
        Err(read_only())
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        Err(read_only())
    }

    fn delete_stream(
        &self,
        _: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        stream::once(async { Err(read_only()) }).boxed()
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        stream::once(async { Err(read_only()) }).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> object_store::Result<ListResult> {
        Err(read_only())
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> object_store::Result<()> {
        Err(read_only())
    }
}

fn read_only() -> object_store::Error {
    object_store::Error::NotSupported { source: "a table's files can be read and nothing else".into() }
}

/// What DataFusion is told of a file.
pub(super) fn object_meta(index: usize, file: &DataFile) -> ObjectMeta {
    ObjectMeta {
        location: TableStore::location(index),
        last_modified: DateTime::<Utc>::from_timestamp_millis(file.modified_ms).unwrap_or_default(),
        size: file.size,
        e_tag: file.etag.clone(),
        version: None,
    }
}

impl fmt::Debug for TableStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TableStore({} files)", self.files.len())
    }
}

impl fmt::Display for TableStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
