//! Parquet footers: read once per file version, checked against the table's columns, kept while the worker lives.

use std::fmt;
use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use datafusion::arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use datafusion::common::Statistics;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::arrow::parquet_to_arrow_schema;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};

use super::lru::Lru;
use super::scan::ScanTable;
use super::store::PinnedFile;
use crate::error::{EngineError, EngineErrorKind};
use crate::job::DataFile;

/// Bytes of footers a worker keeps.
const CACHED_BYTES: usize = 48 << 20;
/// Bytes at the end of a remote file that are read in one go; most footers fit.
const REMOTE_PREFETCH: usize = 64 << 10;

const AT_A_TIME: usize = 32;
/// Where most of the time is spent waiting for an answer.
const REMOTE_AT_A_TIME: usize = 96;

/// One version of a file. Not of a table: when that gets new files, the footers of the others are still there.
#[derive(Clone, PartialEq, Eq, Hash)]
struct FooterKey {
    /// Where the file lies and which columns it is to have, see [`ScanTable::place`].
    place: u64,
    path: String,
    size: u64,
    modified_ms: i64,
    etag: Option<String>,
}

/// The footers a worker has read.
pub(super) struct Footers {
    cache: Mutex<Lru<FooterKey, Arc<Footer>>>,
    /// Of the file read last: the files of a table mostly share one.
    schema: Mutex<SchemaRef>,
}

pub(super) struct Footer {
    pub(super) metadata: Arc<ParquetMetaData>,
    /// The file's own columns.
    pub(super) schema: SchemaRef,
    /// Of the table's columns, as far as the footer tells.
    pub(super) statistics: Arc<Statistics>,
}

impl Footers {
    pub(super) fn new() -> Self {
        Footers { cache: Mutex::new(Lru::new(CACHED_BYTES)), schema: Mutex::new(Arc::new(Schema::empty())) }
    }

    /// The footer of a file, which has been checked to fit the table.
    pub(super) async fn of(&self, table: &ScanTable, index: usize) -> Result<Arc<Footer>, EngineError> {
        self.with_open_file(table, index, &mut None).await
    }

    /// The footers of several files, in their order.
    pub(super) async fn of_all(
        &self,
        table: &ScanTable,
        indexes: impl IntoIterator<Item = usize>,
    ) -> Result<Vec<Arc<Footer>>, EngineError> {
        let footers = futures::stream::iter(indexes).map(|index| self.of(table, index));
        let at_a_time = if table.store.is_remote() { REMOTE_AT_A_TIME } else { AT_A_TIME };
        footers.buffered(at_a_time).try_collect().await
    }

    async fn with_open_file(
        &self,
        table: &ScanTable,
        index: usize,
        open: &mut Option<PinnedFile>,
    ) -> Result<Arc<Footer>, EngineError> {
        let file = &table.files[index];
        let key = FooterKey {
            place: table.place,
            path: file.path.clone(),
            size: file.size,
            modified_ms: file.modified_ms,
            etag: file.etag.clone(),
        };
        let known = self.cache.lock().unwrap_or_else(PoisonError::into_inner).get(&key);
        if let Some(footer) = known {
            return Ok(footer);
        }
        let pinned = match open {
            Some(pinned) => pinned,
            None => open.insert(table.store.open(file)?),
        };
        let mut footer = read(table, pinned).await?;
        self.share_schema(&mut footer);
        let footer = Arc::new(footer);
        let weight = footer.metadata.memory_size() + 4096;
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).put(key, Arc::clone(&footer), weight);
        Ok(footer)
    }

    fn share_schema(&self, footer: &mut Footer) {
        let mut known = self.schema.lock().unwrap_or_else(PoisonError::into_inner);
        match *known == footer.schema {
            true => footer.schema = Arc::clone(&known),
            false => *known = Arc::clone(&footer.schema),
        }
    }
}

async fn read(table: &ScanTable, pinned: &PinnedFile) -> Result<Footer, EngineError> {
    let file = pinned.file();
    let parse = async {
        let mut fetch = Fetch { pinned, failure: None };
        let parsed = ParquetMetaDataReader::new()
            .with_page_index_policy(PageIndexPolicy::Skip)
            .with_prefetch_hint(table.store.is_remote().then_some(REMOTE_PREFETCH))
            .load_and_finish(&mut fetch, file.size)
            .await;
        if let Some(failure) = fetch.failure {
            return Err(failure);
        }
        let metadata = parsed.map_err(|error| no_parquet(file, error))?;
        let described = metadata.file_metadata();
        let schema = parquet_to_arrow_schema(described.schema_descr(), described.key_value_metadata())
            .map_err(|error| no_parquet(file, error))?;
        check_columns(table, file, schema.fields())?;
        check_chunks(&metadata, file)?;
        let spelled = spelled_as_stored(table.file_schema(), schema.fields());
        let statistics = DFParquetMetadata::statistics_from_parquet_metadata(&metadata, &spelled)
            .unwrap_or_else(|_| Statistics::new_unknown(table.file_schema()));
        Ok(Footer { metadata: Arc::new(metadata), schema: Arc::new(schema), statistics: Arc::new(statistics) })
    };
    // A damaged footer may trip an assertion of the parser.
    match AssertUnwindSafe(parse).catch_unwind().await {
        Ok(footer) => footer,
        Err(_) => Err(no_parquet(file, "the parser panicked")),
    }
}

fn no_parquet(file: &DataFile, error: impl fmt::Display) -> EngineError {
    EngineError::new(
        EngineErrorKind::InvalidFile,
        format!("'{}' is not a readable Parquet file: it is damaged, or was not written completely.", file.path),
    )
    .with_detail(error.to_string())
}

/// A chunk outside its file would be found only when it is read, or sum up to a false estimate.
fn check_chunks(metadata: &ParquetMetaData, file: &DataFile) -> Result<(), EngineError> {
    let chunks = metadata.row_groups().iter().flat_map(|group| group.columns());
    for chunk in chunks {
        let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
        let end = start.checked_add(chunk.compressed_size());
        let inside = start >= 0 && chunk.compressed_size() >= 0 && end.is_some_and(|end| end as u64 <= file.size);
        if !inside {
            return Err(no_parquet(file, "a column chunk lies outside the file"));
        }
    }
    Ok(())
}

/// Missing columns are NULL; others must be of the table's type or widen to it.
fn check_columns(table: &ScanTable, file: &DataFile, stored: &Fields) -> Result<(), EngineError> {
    for wanted in table.file_schema().fields() {
        let Some(found) = find_ignoring_case(stored, wanted.name()) else { continue };
        if !widens(found.data_type(), wanted.data_type()) {
            return Err(EngineError::new(
                EngineErrorKind::SchemaConflict,
                format!(
                    "Column '{}' is {} in file '{}' but {} in table '{}'. Rewrite the file, or refresh the table if its columns changed.",
                    wanted.name(),
                    found.data_type(),
                    file.path,
                    wanted.data_type(),
                    table.name,
                ),
            ));
        }
    }
    Ok(())
}

/// The field of that name; exact spelling wins over another case.
pub(super) fn find_ignoring_case<'a>(fields: &'a Fields, name: &str) -> Option<&'a Arc<Field>> {
    let exact = fields.iter().find(|field| field.name() == name);
    exact.or_else(|| fields.iter().find(|field| field.name().to_lowercase() == name.to_lowercase()))
}

/// The table's columns under the names they have in a file, which statistics are looked up by.
fn spelled_as_stored(wanted: &SchemaRef, stored: &Fields) -> SchemaRef {
    let spelled = wanted.fields().iter().map(|field| match find_ignoring_case(stored, field.name()) {
        Some(found) if found.name() != field.name() => Arc::new(Field::clone(field).with_name(found.name())),
        _ => Arc::clone(field),
    });
    Arc::new(Schema::new(spelled.collect::<Vec<_>>()))
}

/// Whether every value of one type is a value of the other.
fn widens(from: &DataType, to: &DataType) -> bool {
    use DataType::*;
    let rank = |unit: &TimeUnit| match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 1,
        TimeUnit::Microsecond => 2,
        TimeUnit::Nanosecond => 3,
    };
    match (from, to) {
        _ if from == to => true,
        (Null, _) => true,
        (Dictionary(_, value), to) => widens(value, to),
        (Utf8 | LargeUtf8 | Utf8View, Utf8 | LargeUtf8 | Utf8View) => true,
        (Binary | LargeBinary | BinaryView | FixedSizeBinary(_), Binary | LargeBinary | BinaryView) => true,
        (Int8, Int16 | Int32 | Int64 | Float32 | Float64) => true,
        (Int16, Int32 | Int64 | Float32 | Float64) => true,
        (Int32, Int64 | Float64) => true,
        (UInt8, UInt16 | UInt32 | UInt64 | Int16 | Int32 | Int64 | Float32 | Float64) => true,
        (UInt16, UInt32 | UInt64 | Int32 | Int64 | Float32 | Float64) => true,
        (UInt32, UInt64 | Int64 | Float64) => true,
        (Float16, Float32 | Float64) | (Float32, Float64) => true,
        (Decimal128(p, s) | Decimal32(p, s) | Decimal64(p, s), Decimal128(q, t) | Decimal256(q, t)) => {
            t >= s && i16::from(*q) - i16::from(*t) >= i16::from(*p) - i16::from(*s)
        }
        (Timestamp(from, a), Timestamp(to, b)) => a.is_some() == b.is_some() && rank(to) >= rank(from),
        (Time32(_), Time64(_)) => true,
        (List(a) | LargeList(a) | FixedSizeList(a, _), List(b) | LargeList(b)) => widens(a.data_type(), b.data_type()),
        (Map(a, _), Map(b, _)) => match (a.data_type(), b.data_type()) {
            (Struct(a), Struct(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| widens(a.data_type(), b.data_type()))
            }
            _ => false,
        },
        (Struct(a), Struct(b)) => b.iter().all(|wanted| {
            a.iter()
                .find(|found| found.name() == wanted.name())
                .is_none_or(|found| widens(found.data_type(), wanted.data_type()))
        }),
        _ => false,
    }
}

/// Reads for the footer parser. Keeps our own error, which its type would turn into text.
struct Fetch<'a> {
    pinned: &'a PinnedFile,
    failure: Option<EngineError>,
}

impl parquet::arrow::async_reader::MetadataFetch for &mut Fetch<'_> {
    fn fetch(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        async move {
            self.pinned.read(range).await.map_err(|error| {
                self.failure = Some(error.clone());
                ParquetError::External(Box::new(error))
            })
        }
        .boxed()
    }
}

/// Gives DataFusion readers that take footers from the cache and count what they read of the data.
pub(super) struct TableReaders {
    pub(super) table: Arc<ScanTable>,
    pub(super) footers: Arc<Footers>,
}

impl fmt::Debug for TableReaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TableReaders")
    }
}

impl ParquetFileReaderFactory for TableReaders {
    fn create_reader(
        &self,
        _partition: usize,
        file: PartitionedFile,
        _metadata_size_hint: Option<usize>,
        _metrics: &ExecutionPlanMetricsSet,
    ) -> datafusion::common::Result<Box<dyn AsyncFileReader + Send>> {
        let (index, _) = self.table.store.file_at(&file.object_meta.location)?;
        Ok(Box::new(TableReader {
            table: Arc::clone(&self.table),
            footers: Arc::clone(&self.footers),
            index,
            open: None,
        }))
    }
}

struct TableReader {
    table: Arc<ScanTable>,
    footers: Arc<Footers>,
    index: usize,
    open: Option<PinnedFile>,
}

impl TableReader {
    fn opened(&mut self) -> Result<&PinnedFile, EngineError> {
        match &mut self.open {
            Some(pinned) => Ok(pinned),
            open => Ok(open.insert(self.table.store.open(&self.table.files[self.index])?)),
        }
    }
}

impl AsyncFileReader for TableReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        async move {
            self.table.store.count(range.end - range.start);
            self.opened().map_err(external)?.read(range).await.map_err(external)
        }
        .boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, parquet::errors::Result<Vec<Bytes>>> {
        async move {
            self.table.store.count(ranges.iter().map(|range| range.end - range.start).sum());
            self.opened().map_err(external)?.read_all(&ranges).await.map_err(external)
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, parquet::errors::Result<Arc<ParquetMetaData>>> {
        async move {
            let footer =
                self.footers.with_open_file(&self.table, self.index, &mut self.open).await.map_err(external)?;
            Ok(Arc::clone(&footer.metadata))
        }
        .boxed()
    }
}

fn external(error: EngineError) -> ParquetError {
    ParquetError::External(Box::new(error))
}
