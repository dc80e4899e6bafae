//! The files of an UNLOAD, some ahead of whoever reads: small ones whole, large ones by their row groups.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};
use tokio_util::task::AbortOnDropHandle;

use super::super::result::{BLOCK, Place, torn};
use super::super::wire::QueryExecution;
use super::{Folder, Reader};
use crate::QueryError;
use crate::aws::Aws;
use crate::values::BATCH_ROWS;

/// Files that are fetched before they are read. Of each that is at most a block, or the end of it.
const FILES_AHEAD: usize = 3;
/// Row groups of a large file, the one that is read among them.
const GROUPS_AHEAD: usize = 2;
/// Most footers lie in these last bytes.
const END: u64 = 64 << 10;
/// Athena's writer ends a row group at 128 MB before it is compressed.
const LARGEST_GROUP: u64 = 256 << 20;

pub(in super::super) struct Files {
    reader: Arc<Reader>,
    groups: BoxStream<'static, Result<Group, QueryError>>,
    rows: Option<Rows>,
    /// In a task, so that a wait that is dropped loses nothing.
    decoding: Option<AbortOnDropHandle<Decoded>>,
    /// Emptied when the rows are no longer wanted.
    _folder: Folder,
}

type Decoded = Result<(Rows, Option<RecordBatch>), QueryError>;

enum Rows {
    Of(Group),
    From(ParquetRecordBatchReader),
}

/// One row group with its bytes.
struct Group {
    metadata: ArrowReaderMetadata,
    index: usize,
    part: Part,
}

impl Files {
    pub(super) async fn open(
        aws: Aws,
        unloaded: &QueryExecution,
        reader: Reader,
        folder: Folder,
    ) -> Result<Self, QueryError> {
        let manifest = unloaded.statistics.data_manifest_location.as_deref();
        let manifest = manifest.ok_or_else(|| torn("Athena does not say where it unloaded"))?;
        let (bucket, key) = in_s3(manifest)?;
        let listed = aws.get_object(bucket, key, None, None).await?;
        let listed = std::str::from_utf8(&listed).map_err(|_| torn("the list of files is no text"))?;
        let mut files = Vec::new();
        for uri in listed.lines().map(str::trim).filter(|uri| !uri.is_empty()) {
            if !uri.starts_with(&folder.location()) {
                return Err(torn("a file lies where none was to be written"));
            }
            let (bucket, key) = in_s3(uri)?;
            files.push((bucket.to_owned(), key.to_owned()));
        }
        let groups = stream::iter(files)
            .map(move |(bucket, key)| apart(File::open(aws.clone(), bucket, key)))
            .buffered(FILES_AHEAD)
            .map_ok(|file| {
                let groups = 0..file.metadata.metadata().num_row_groups();
                let file = Arc::new(file);
                stream::iter(groups).map(move |index| apart(file.clone().group(index))).buffered(GROUPS_AHEAD)
            })
            .try_flatten()
            .boxed();
        Ok(Self { reader: Arc::new(reader), groups, rows: None, decoding: None, _folder: folder })
    }

    pub(in super::super) async fn batch(&mut self) -> Result<Option<RecordBatch>, QueryError> {
        loop {
            let decoding = match &mut self.decoding {
                Some(decoding) => decoding,
                None => {
                    let rows = match self.rows.take() {
                        Some(rows) => rows,
                        None => match self.groups.try_next().await? {
                            Some(group) => Rows::Of(group),
                            None => return Ok(None),
                        },
                    };
                    let reader = Arc::clone(&self.reader);
                    let decoding = tokio::task::spawn_blocking(move || decode(rows, &reader));
                    self.decoding.insert(AbortOnDropHandle::new(decoding))
                }
            };
            let decoded = decoding.await.map_err(QueryError::internal);
            self.decoding = None;
            if let (rows, Some(batch)) = decoded?? {
                self.rows = Some(rows);
                return Ok(Some(batch));
            }
        }
    }
}

/// The next rows; none after the last of the group.
fn decode(rows: Rows, reader: &Reader) -> Result<(Rows, Option<RecordBatch>), QueryError> {
    let mut rows = match rows {
        Rows::From(rows) => rows,
        Rows::Of(Group { metadata, index, part }) => ParquetRecordBatchReaderBuilder::new_with_metadata(part, metadata)
            .with_row_groups(vec![index])
            .with_batch_size(BATCH_ROWS)
            .build()
            .map_err(|error| unreadable(&error))?,
    };
    let batch = rows.next().transpose().map_err(|error| unreadable(&error.into()))?;
    let batch = batch.map(|batch| reader.batch(&batch)).transpose()?;
    Ok((Rows::From(rows), batch))
}

/// Work in a task of its own, which goes on while nobody waits for it, and ends with whoever could.
fn apart<T: Send + 'static>(
    work: impl Future<Output = Result<T, QueryError>> + Send + 'static,
) -> impl Future<Output = Result<T, QueryError>> + Send {
    let task = AbortOnDropHandle::new(tokio::spawn(work));
    async { task.await.map_err(QueryError::internal)? }
}

struct File {
    place: Place,
    metadata: ArrowReaderMetadata,
    /// All of it, where it is small.
    whole: Option<Part>,
}

impl File {
    async fn open(aws: Aws, bucket: String, key: String) -> Result<Self, QueryError> {
        let place = Place::of(aws, bucket, key).await?;
        let size = place.head.size;
        let mut part = place.part(size.saturating_sub(if size <= BLOCK { size } else { END })..size).await?;
        let mut reader = ParquetMetaDataReader::new();
        let metadata = match reader.try_parse_sized(&part.bytes, size) {
            Err(ParquetError::NeedMoreData(needed)) if (needed as u64) < size => {
                part = place.part(size - needed as u64..size).await?;
                reader.try_parse_sized(&part.bytes, size)
            }
            parsed => parsed,
        };
        let metadata = metadata.and_then(|()| reader.finish()).map_err(|error| unreadable(&error))?;
        // What its writer noted of Arrow is no concern of its readers.
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let metadata = ArrowReaderMetadata::try_new(Arc::new(metadata), options).map_err(|error| unreadable(&error))?;
        Ok(Self { place, metadata, whole: (part.start == 0).then_some(part) })
    }

    async fn group(self: Arc<Self>, index: usize) -> Result<Group, QueryError> {
        let part = match &self.whole {
            Some(whole) => whole.clone(),
            None => self.place.part(range_of(self.metadata.metadata(), index)?).await?,
        };
        Ok(Group { metadata: self.metadata.clone(), index, part })
    }
}

/// Where the columns of a row group lie.
fn range_of(metadata: &ParquetMetaData, group: usize) -> Result<Range<u64>, QueryError> {
    let mut range: Option<Range<u64>> = None;
    for column in metadata.row_group(group).columns() {
        let (start, length) = column.byte_range();
        let end = start.checked_add(length).ok_or_else(|| torn("a column has no end"))?;
        range = Some(match range {
            Some(range) => range.start.min(start)..range.end.max(end),
            None => start..end,
        });
    }
    let range = range.unwrap_or_default();
    if range.end - range.start > LARGEST_GROUP {
        return Err(torn("a row group is larger than Athena writes any"));
    }
    Ok(range)
}

impl Place {
    async fn of(aws: Aws, bucket: String, key: String) -> Result<Self, QueryError> {
        let head = aws.head_object(&bucket, &key).await?;
        Ok(Self { aws, bucket, key, head })
    }

    async fn part(&self, range: Range<u64>) -> Result<Part, QueryError> {
        if range.end > self.head.size {
            return Err(torn("a file ends before its row groups do"));
        }
        if range.end - range.start <= BLOCK {
            return Ok(Part { start: range.start, bytes: self.block(range).await? });
        }
        let mut bytes = Vec::with_capacity((range.end - range.start) as usize);
        let blocks = range.clone().step_by(BLOCK as usize);
        let mut blocks = std::pin::pin!(
            stream::iter(blocks).map(|start| self.block(start..(start + BLOCK).min(range.end))).buffered(GROUPS_AHEAD)
        );
        while let Some(block) = blocks.try_next().await? {
            bytes.extend_from_slice(&block);
        }
        Ok(Part { start: range.start, bytes: bytes.into() })
    }

    async fn block(&self, range: Range<u64>) -> Result<Bytes, QueryError> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        Ok(self.aws.get_object(&self.bucket, &self.key, Some(range), Some(&self.head.etag)).await?)
    }
}

/// Bytes of a file from some place on.
#[derive(Clone)]
struct Part {
    start: u64,
    bytes: Bytes,
}

impl Length for Part {
    fn len(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl ChunkReader for Part {
    type T = io::Cursor<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        let rest = self.len().checked_sub(start).ok_or_else(beyond)?;
        self.get_bytes(start, rest as usize).map(io::Cursor::new)
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let from = start.checked_sub(self.start).ok_or_else(beyond)? as usize;
        let to = from.checked_add(length).filter(|to| *to <= self.bytes.len()).ok_or_else(beyond)?;
        Ok(self.bytes.slice(from..to))
    }
}

fn beyond() -> ParquetError {
    ParquetError::EOF("a page lies outside of its row group".to_owned())
}

fn in_s3(uri: &str) -> Result<(&str, &str), QueryError> {
    uri.strip_prefix("s3://").and_then(|rest| rest.split_once('/')).ok_or_else(|| torn("a file lies in no bucket"))
}

fn unreadable(error: &ParquetError) -> QueryError {
    torn(&error.to_string())
}
