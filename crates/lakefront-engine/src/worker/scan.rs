//! A table of the job as DataFusion sees it: its files are given, so planning prunes partitions and lists nothing.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use async_trait::async_trait;
use datafusion::arrow::array::{
    Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, RecordBatchOptions, StringArray,
};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::config::{CsvOptions, TableParquetOptions};
use datafusion::common::{ColumnStatistics, DFSchema, DataFusionError, Result, ScalarValue, Statistics};
use datafusion::datasource::TableType;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{
    CsvSource, FileGroup, FileScanConfigBuilder, FileSource, JsonSource, ParquetSource,
};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, utils::conjunction};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr_adapter::{
    DefaultPhysicalExprAdapterFactory, PhysicalExprAdapter, PhysicalExprAdapterFactory,
};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};

use lakefront_trino::views::TwoForms;

use super::failure;
use super::footer::{Footers, TableReaders, find_ignoring_case};
use super::lines::{self, LinesExec};
use super::store::{TableStore, object_meta};
use crate::error::{EngineError, EngineErrorKind};
use crate::job::{Compression, DataFile, Format, Meter, Storage, Table};

/// Files whose footers are all read while planning. Above it the estimate takes a sample and statistics are unknown,
/// so that a question about a huge table is answered as promptly as one about a small table.
pub(super) const FOOTERS_PER_PLAN: usize = 2_000;

/// Columns of every table that tell of the file a row is in: its address, and its size in bytes.
pub(super) const FILE_COLUMNS: [&str; 2] = ["$path", "$file_size"];

/// A table as a worker keeps it between jobs.
pub(super) struct ScanTable {
    /// Unique in this worker.
    pub(super) id: u64,
    /// The same for all versions of a table that lie in one place and have the same columns.
    pub(super) place: u64,
    /// Where DataFusion finds `store`.
    pub(super) url: ObjectStoreUrl,
    pub(super) catalog: String,
    pub(super) database: String,
    pub(super) name: String,
    pub(super) format: Format,
    pub(super) files: Arc<[DataFile]>,
    pub(super) store: Arc<TableStore>,
    /// File columns and partition keys, under the names that statements use: lower case.
    columns: TableSchema,
    /// The same with texts as views, where the files can be read so and there are any.
    views: Option<TableSchema>,
    /// File columns as the files spell them.
    pub(super) stored: SchemaRef,
    pub(super) storage: Storage,
    /// One row per file with its partition values.
    partitions: RecordBatch,
    /// [`FILE_COLUMNS`] are its last partition values: no column of its own has such a name.
    pub(super) knows_its_files: bool,
}

impl ScanTable {
    pub(super) fn new(id: u64, place: u64, table: Table, scanned: Arc<AtomicU64>) -> Result<Self, EngineError> {
        let files: Arc<[DataFile]> = table.files.into();
        let store = Arc::new(TableStore::new(&table.storage, Arc::clone(&files), scanned)?);
        let stored = table.schema;
        let columns: Vec<FieldRef> = lower_case(stored.fields().iter())
            .into_iter()
            // A file that lacks the column has NULL in it.
            .map(|field| Arc::new(Field::clone(&field).with_nullable(true)))
            .collect();
        let keys: Vec<FieldRef> = table.partitions.into_iter().map(Arc::new).collect();
        let mut keys = lower_case(keys.iter());
        let mut partitions = partition_values(&keys, &files)?;
        let is_taken = |name: &str| keys.iter().chain(&columns).any(|field| field.name() == name);
        let knows_its_files = !FILE_COLUMNS.iter().any(|name| is_taken(name));
        if knows_its_files {
            partitions = with_file_columns(&partitions, &table.storage, &files).map_err(failure::from_arrow)?;
            keys = partitions.schema().fields().iter().cloned().collect();
        }
        let columns = with_keys(Arc::new(Schema::new(columns)), keys);
        let views = (table.format == Format::Parquet).then(|| as_views(&columns)).flatten();
        Ok(ScanTable {
            id,
            place,
            url: ObjectStoreUrl::parse(format!("table://{id}")).map_err(failure::internal)?,
            catalog: table.catalog,
            database: table.database,
            name: table.name,
            format: table.format,
            files,
            store,
            columns,
            views,
            stored,
            storage: table.storage,
            partitions,
            knows_its_files,
        })
    }

    pub(super) fn file_schema(&self) -> &SchemaRef {
        self.columns.file_schema()
    }

    /// Distinct combinations of partition values among files; 1 for a table without partitions that has files.
    pub(super) fn distinct_partitions(&self, files: impl Iterator<Item = usize>) -> u64 {
        let distinct: HashSet<&[Option<String>]> =
            files.map(|index| self.files[index].partition_values.as_slice()).collect();
        distinct.len() as u64
    }

    fn is_partition_filter(&self, filter: &Expr) -> bool {
        let keys = self.columns.table_partition_cols();
        let references = filter.column_refs();
        !references.is_empty()
            && references.iter().all(|column| keys.iter().any(|key| key.name() == column.name()))
            && !filter.is_volatile()
    }

    /// Files in whose partition the filters hold.
    fn prune(&self, state: &dyn Session, filters: &[Expr]) -> Result<Vec<usize>> {
        let filters = filters.iter().filter(|filter| self.is_partition_filter(filter)).cloned();
        let Some(filter) = conjunction(filters) else {
            return Ok((0..self.files.len()).collect());
        };
        let schema = DFSchema::try_from(Schema::clone(&self.partitions.schema()))?;
        let filter = state.create_physical_expr(strip_qualifiers(filter)?, &schema)?;
        let kept = filter.evaluate(&self.partitions)?.into_array(self.files.len())?;
        let Some(kept) = kept.as_any().downcast_ref::<BooleanArray>() else {
            return Err(DataFusionError::Internal("a filter is not boolean".to_owned()));
        };
        Ok(kept.iter().enumerate().filter(|(_, kept)| *kept == Some(true)).map(|(index, _)| index).collect())
    }

    fn partitioned_file(&self, index: usize, keys: &[FieldRef]) -> Result<PartitionedFile> {
        let values = self.partitions.columns().iter().zip(keys).map(|(column, key)| {
            let value = ScalarValue::try_from_array(column, index)?;
            if value.data_type() == *key.data_type() { Ok(value) } else { value.cast_to(key.data_type()) }
        });
        Ok(PartitionedFile::new_from_meta(object_meta(index, &self.files[index]))
            .with_partition_values(values.collect::<Result<_>>()?))
    }

    pub(super) fn is_partition_key(&self, column: &str) -> bool {
        self.columns.table_partition_cols().iter().any(|key| key.name() == column)
    }

    /// Those of the columns that are partition keys, with their values in a file.
    pub(super) fn partition_literals(
        &self,
        index: usize,
        columns: &HashSet<String>,
    ) -> Result<HashMap<String, ScalarValue>> {
        let keys = self.columns.table_partition_cols().iter().zip(self.partitions.columns());
        keys.filter(|(key, _)| columns.contains(key.name()))
            .map(|(key, column)| Ok((key.name().clone(), ScalarValue::try_from_array(column, index)?)))
            .collect()
    }

    fn spelled_otherwise(&self) -> bool {
        self.stored.fields().iter().zip(self.file_schema().fields()).any(|(a, b)| a.name() != b.name())
    }
}

impl fmt::Debug for ScanTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.catalog, self.database, self.name)
    }
}

/// Names in lower case, as unquoted names of statements are; of two that would become one, the later keeps its case.
fn lower_case<'a>(fields: impl Iterator<Item = &'a FieldRef>) -> Vec<FieldRef> {
    let mut taken = HashSet::new();
    fields
        .map(|field| {
            let lower = field.name().to_lowercase();
            match taken.insert(lower.clone()) {
                true if lower != *field.name() => Arc::new(Field::clone(field).with_name(lower)),
                _ => Arc::clone(field),
            }
        })
        .collect()
}

/// `None` without a text.
fn as_views(columns: &TableSchema) -> Option<TableSchema> {
    let is_text = |field: &FieldRef| *field.data_type() == DataType::Utf8;
    if !columns.table_schema().fields().iter().any(is_text) {
        return None;
    }
    let viewed = |field: &FieldRef| match is_text(field) {
        true => Arc::new(Field::clone(field).with_data_type(DataType::Utf8View)),
        false => Arc::clone(field),
    };
    let files = columns.file_schema().fields().iter().map(viewed).collect::<Vec<_>>();
    let keys = columns.table_partition_cols().iter().map(viewed).collect();
    Some(with_keys(Arc::new(Schema::new(files)), keys))
}

fn with_keys(columns: SchemaRef, keys: Vec<FieldRef>) -> TableSchema {
    TableSchema::builder(columns).with_table_partition_cols(keys).build()
}

fn partition_values(keys: &[FieldRef], files: &[DataFile]) -> Result<RecordBatch, EngineError> {
    let options = CastOptions { safe: false, ..CastOptions::default() };
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(keys.len());
    for (position, key) in keys.iter().enumerate() {
        let texts: StringArray =
            files.iter().map(|file| file.partition_values.get(position).and_then(Option::as_deref)).collect();
        let values = cast_with_options(&texts, key.data_type(), &options).map_err(|error| {
            EngineError::new(
                EngineErrorKind::SchemaConflict,
                format!("A folder's value of partition key '{}' is not a {}.", key.name(), key.data_type()),
            )
            .with_detail(error.to_string())
        })?;
        columns.push(values);
    }
    let nullable: Vec<Field> = keys.iter().map(|key| Field::clone(key).with_nullable(true)).collect();
    RecordBatch::try_new_with_options(
        Arc::new(Schema::new(nullable)),
        columns,
        &RecordBatchOptions::new().with_row_count(Some(files.len())),
    )
    .map_err(|error| {
        EngineError::new(EngineErrorKind::Internal, "The partitions of a table could not be read.")
            .with_detail(error.to_string())
    })
}

/// Local files are named below their lake, as nobody is told where that is.
fn with_file_columns(
    partitions: &RecordBatch,
    storage: &Storage,
    files: &[DataFile],
) -> Result<RecordBatch, datafusion::arrow::error::ArrowError> {
    let around = match storage {
        Storage::Local { .. } => String::new(),
        Storage::S3 { bucket, prefix, .. } => format!("s3://{bucket}/{prefix}"),
    };
    let paths: StringArray = files.iter().map(|file| Some(format!("{around}{}", file.path))).collect();
    let sizes: Int64Array = files.iter().map(|file| i64::try_from(file.size).ok()).collect();
    let more = FILE_COLUMNS.iter().zip([DataType::Utf8, DataType::Int64]);
    let more = more.map(|(name, data_type)| Arc::new(Field::new(*name, data_type, true)));
    let fields: Vec<FieldRef> = partitions.schema().fields().iter().cloned().chain(more).collect();
    let mut columns = partitions.columns().to_vec();
    columns.extend([Arc::new(paths) as ArrayRef, Arc::new(sizes)]);
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

fn strip_qualifiers(filter: Expr) -> Result<Expr> {
    use datafusion::common::tree_node::{Transformed, TreeNode};
    let stripped = filter.transform(|expr| {
        Ok(match expr {
            Expr::Column(column) => {
                Transformed::yes(Expr::Column(datafusion::common::Column::new_unqualified(column.name)))
            }
            other => Transformed::no(other),
        })
    })?;
    Ok(stripped.data)
}

/// A table with what the current worker knows of its files.
#[derive(Clone)]
pub(super) struct Scan {
    pub(super) table: Arc<ScanTable>,
    pub(super) footers: Arc<Footers>,
    pub(super) meter: Meter,
    /// Texts are read as views.
    views: bool,
}

impl fmt::Debug for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.table.fmt(f)
    }
}

impl Scan {
    /// In both forms, where there are two.
    pub(super) fn provider(table: &Arc<ScanTable>, footers: &Arc<Footers>, meter: Meter) -> Arc<dyn TableProvider> {
        let scan = |views| Scan { table: Arc::clone(table), footers: Arc::clone(footers), meter, views };
        match table.views {
            Some(_) => Arc::new(TwoForms::new(Arc::new(scan(false)), Arc::new(scan(true)))),
            None => Arc::new(scan(false)),
        }
    }

    fn columns(&self) -> &TableSchema {
        self.table.views.as_ref().filter(|_| self.views).unwrap_or(&self.table.columns)
    }

    /// Bounds of texts are no views; nobody asks for them where texts are only grouped.
    fn as_read(&self, statistics: &Arc<Statistics>) -> Arc<Statistics> {
        if !self.views {
            return Arc::clone(statistics);
        }
        let mut statistics = Statistics::clone(statistics);
        for (column, field) in statistics.column_statistics.iter_mut().zip(self.columns().table_schema().fields()) {
            if *field.data_type() == DataType::Utf8View {
                *column = ColumnStatistics { null_count: column.null_count, ..ColumnStatistics::new_unknown() };
            }
        }
        Arc::new(statistics)
    }

    /// Gives each file the statistics of its footer, and sums them up.
    async fn describe(
        &self,
        files: Vec<PartitionedFile>,
        kept: &[usize],
    ) -> Result<(Vec<PartitionedFile>, Statistics)> {
        let schema = self.columns().table_schema();
        if let Format::Lines { .. } = self.table.format {
            let keys = self.table.columns.table_partition_cols().iter().cloned();
            let lines = Schema::new(std::iter::once(Arc::new(lines::line())).chain(keys).collect::<Vec<_>>());
            return Ok((files, Statistics::new_unknown(&lines)));
        }
        // Statistics would answer an aggregate that Trino reads a column for.
        let readable = self.table.format == Format::Parquet && self.meter == Meter::Embedded;
        if !readable || kept.len() > FOOTERS_PER_PLAN {
            let mut unknown = Statistics::new_unknown(schema);
            let bytes = files.iter().map(|file| file.object_meta.size as usize).sum();
            unknown.total_byte_size = datafusion::common::stats::Precision::Inexact(bytes);
            return Ok((files, unknown));
        }
        let footers = self.footers.of_all(&self.table, kept.iter().copied()).await;
        let footers = footers.map_err(|error| DataFusionError::External(Box::new(error)))?;
        let files: Vec<PartitionedFile> = files
            .into_iter()
            .zip(&footers)
            .map(|(file, footer)| file.with_statistics(self.as_read(&footer.statistics)))
            .collect();
        let all = files.iter().filter_map(|file| file.statistics.as_deref());
        let statistics = Statistics::try_merge_iter(all, schema)?;
        Ok((files, statistics))
    }
}

#[async_trait]
impl TableProvider for Scan {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.columns().table_schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(filters
            .iter()
            .map(|filter| match self.table.is_partition_filter(filter) {
                true => TableProviderFilterPushDown::Exact,
                false => TableProviderFilterPushDown::Unsupported,
            })
            .collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let table = &self.table;
        let kept = table.prune(state, filters)?;
        let keys = self.columns().table_partition_cols();
        let files = kept.iter().map(|index| table.partitioned_file(*index, keys)).collect::<Result<Vec<_>>>()?;
        let (files, statistics) = self.describe(files, &kept).await?;

        let mut compression = FileCompressionType::UNCOMPRESSED;
        let source: Arc<dyn FileSource> = match table.format {
            Format::Parquet => {
                let options = TableParquetOptions {
                    global: state.config_options().execution.parquet.clone(),
                    ..TableParquetOptions::default()
                };
                let readers = TableReaders { table: Arc::clone(table), footers: Arc::clone(&self.footers) };
                Arc::new(
                    ParquetSource::new(self.columns().clone())
                        .with_table_parquet_options(options)
                        .with_parquet_file_reader_factory(Arc::new(readers)),
                )
            }
            Format::Csv { delimiter, quote, header, compression: packed } => {
                compression = file_compression(packed);
                let options = CsvOptions {
                    has_header: Some(header),
                    delimiter,
                    quote,
                    // A quoted line break looks like the end of a record to a reader that starts in mid-file.
                    newlines_in_values: Some(true),
                    ..CsvOptions::default()
                };
                Arc::new(CsvSource::new(table.columns.clone()).with_csv_options(options))
            }
            Format::Json { compression: packed } => {
                compression = file_compression(packed);
                let keys = table.columns.table_partition_cols().iter().cloned().collect();
                Arc::new(JsonSource::new(with_keys(Arc::clone(&table.stored), keys)))
            }
            Format::Lines { skip_header, compression: packed, .. } => {
                compression = file_compression(packed);
                let keys = table.columns.table_partition_cols().iter().cloned().collect();
                let lines = with_keys(Arc::new(Schema::new(vec![lines::line()])), keys);
                Arc::new(CsvSource::new(lines).with_csv_options(lines::csv_options(skip_header)))
            }
        };
        let all: Vec<usize> = (0..self.schema().fields().len()).collect();
        let wanted = projection.unwrap_or(&all);
        let columns = table.file_schema().fields().len();
        let read = match table.format {
            Format::Lines { .. } => Some(lines::line_projection(columns, wanted)),
            _ => projection.cloned(),
        };
        let mut config = FileScanConfigBuilder::new(table.url.clone(), source)
            .with_file_groups(groups(files, state.config().target_partitions()))
            .with_statistics(statistics)
            .with_projection_indices(read)?
            .with_limit(limit)
            .with_file_compression_type(compression);
        if table.format == Format::Parquet {
            config = config.with_expr_adapter(Some(Arc::new(IgnoringCase)));
        }
        let scan: Arc<dyn ExecutionPlan> = DataSourceExec::from_data_source(config.build());
        if matches!(table.format, Format::Json { .. }) && table.spelled_otherwise() {
            return renamed(scan, &self.schema(), wanted);
        }
        if let Format::Lines { rules, .. } = table.format {
            return Ok(Arc::new(LinesExec::new(scan, rules, &self.schema(), columns, wanted)?));
        }
        Ok(scan)
    }
}

/// Files in as many groups as there are threads, in their order; DataFusion splits large files further.
fn groups(files: Vec<PartitionedFile>, target: usize) -> Vec<FileGroup> {
    if files.is_empty() {
        return vec![FileGroup::new(Vec::new())];
    }
    let total: u64 = files.iter().map(|file| file.object_meta.size).sum();
    let share = total.div_ceil(target as u64).max(1);
    let mut groups: Vec<Vec<PartitionedFile>> = vec![Vec::new()];
    let mut filled = 0;
    for file in files {
        if filled >= share && groups.len() < target {
            groups.push(Vec::new());
            filled = 0;
        }
        filled += file.object_meta.size;
        if let Some(group) = groups.last_mut() {
            group.push(file);
        }
    }
    groups.into_iter().map(FileGroup::new).collect()
}

fn file_compression(compression: Compression) -> FileCompressionType {
    match compression {
        Compression::None => FileCompressionType::UNCOMPRESSED,
        Compression::Gzip => FileCompressionType::GZIP,
        Compression::Zstd => FileCompressionType::ZSTD,
    }
}

fn renamed(scan: Arc<dyn ExecutionPlan>, columns: &SchemaRef, projection: &[usize]) -> Result<Arc<dyn ExecutionPlan>> {
    let stored = scan.schema();
    let names = projection.iter().enumerate().map(|(position, column)| ProjectionExpr {
        expr: Arc::new(Column::new(stored.field(position).name(), position)) as Arc<dyn PhysicalExpr>,
        alias: columns.field(*column).name().clone(),
    });
    Ok(Arc::new(ProjectionExec::try_new(names, scan)?))
}

/// Finds a table's columns in a Parquet file whatever the case of their letters, fills missing ones with NULL and
/// widens types.
#[derive(Debug)]
pub(super) struct IgnoringCase;

impl PhysicalExprAdapterFactory for IgnoringCase {
    fn create(&self, table: SchemaRef, file: SchemaRef) -> Result<Arc<dyn PhysicalExprAdapter>> {
        let renamed: Vec<FieldRef> = file
            .fields()
            .iter()
            .map(|field| match find_ignoring_case(table.fields(), field.name()) {
                Some(wanted) if wanted.name() != field.name() && file.column_with_name(wanted.name()).is_none() => {
                    Arc::new(Field::clone(field).with_name(wanted.name()))
                }
                _ => Arc::clone(field),
            })
            .collect();
        let same = renamed.iter().zip(file.fields()).all(|(a, b)| a.name() == b.name());
        let factory = DefaultPhysicalExprAdapterFactory;
        if same {
            return factory.create(table, file);
        }
        let inner = factory.create(table, Arc::new(Schema::new(renamed)))?;
        Ok(Arc::new(Respelled { inner, file }))
    }
}

#[derive(Debug)]
struct Respelled {
    inner: Arc<dyn PhysicalExprAdapter>,
    file: SchemaRef,
}

impl PhysicalExprAdapter for Respelled {
    fn rewrite(&self, expr: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        use datafusion::common::tree_node::{Transformed, TreeNode};
        let expr = self.inner.rewrite(expr)?.transform(|expr| {
            Ok(match expr.downcast_ref::<Column>() {
                Some(column) if column.index() < self.file.fields().len() => {
                    let spelled = self.file.field(column.index()).name();
                    Transformed::yes(Arc::new(Column::new(spelled, column.index())) as Arc<dyn PhysicalExpr>)
                }
                _ => Transformed::no(expr),
            })
        })?;
        Ok(expr.data)
    }
}
