//! What a plan will read, before it runs.
//!
//! Follows the scan: the same files after partition pruning, the same row groups after pruning by statistics with the
//! same predicate, and the column chunks that the projection needs.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{ColumnStatistics, Result, ScalarValue, Statistics};
use datafusion::datasource::physical_plan::parquet::{
    ParquetAccessPlan, ParquetFileMetrics, RowGroupAccessPlanFilter, apply_file_schema_type_coercions,
};
use datafusion::datasource::physical_plan::{FileScanConfig, FileSource, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::simplifier::PhysicalExprSimplifier;
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr_adapter::{PhysicalExprAdapterFactory, replace_columns_with_literals};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;

use super::failure;
use super::footer::{Footer, Footers, find_ignoring_case};
use super::scan::{FOOTERS_PER_PLAN, IgnoringCase, ScanTable};
use crate::error::EngineError;
use crate::job::Format;
use crate::pool::{ColumnBytes, Estimate, TableEstimate};

/// Footers read to estimate a table with too many files.
const SAMPLE: usize = 256;

/// Operators whose work does not follow from the bytes they are given.
const UNBOUNDED: [&str; 4] = ["CrossJoinExec", "NestedLoopJoinExec", "RecursiveQueryExec", "LazyMemoryExec"];

pub(super) fn is_unbounded(plan: &Arc<dyn ExecutionPlan>) -> bool {
    plan.exists(|node| Ok(UNBOUNDED.contains(&node.name()))).unwrap_or(true)
}

pub(super) async fn of(
    plan: &Arc<dyn ExecutionPlan>,
    tables: &[Arc<ScanTable>],
    footers: &Footers,
) -> Result<Estimate, EngineError> {
    let mut scans = Vec::new();
    plan.apply(|node| {
        let scan = node.downcast_ref::<DataSourceExec>().and_then(|exec| exec.data_source().downcast_ref());
        scans.extend(scan.cloned());
        Ok(TreeNodeRecursion::Continue)
    })
    .map_err(failure::from_datafusion)?;

    let mut seen: BTreeMap<u64, Seen> = BTreeMap::new();
    let mut exact = true;
    for scan in scans {
        let scan: FileScanConfig = scan;
        let Some(table) = tables.iter().find(|table| table.url == scan.object_store_url) else { continue };
        let files = files_of(&scan, table)?;
        let entry = seen.entry(table.id).or_insert_with(|| Seen::new(table));
        let read = match table.format {
            Format::Parquet if files.len() <= FOOTERS_PER_PLAN => parquet(&scan, table, footers, &files, true).await?,
            Format::Parquet => {
                exact = false;
                sampled(&scan, table, footers, &files).await?
            }
            Format::Csv { .. } | Format::Json { .. } | Format::Lines { .. } => {
                exact = false;
                let bytes = files.iter().map(|index| table.files[*index].size).sum();
                Read { bytes, ..Read::default() }
            }
        };
        entry.add(read, files);
    }
    let tables: Vec<TableEstimate> = seen.into_values().map(Seen::finish).collect();
    Ok(Estimate { bytes: tables.iter().map(|table| table.bytes).sum(), exact, tables })
}

/// Files of a scan. Large files stand in it as several ranges.
fn files_of(scan: &FileScanConfig, table: &ScanTable) -> Result<BTreeSet<usize>, EngineError> {
    let files = scan.file_groups.iter().flat_map(|group| group.iter());
    files
        .map(|file| table.store.file_at(&file.object_meta.location).map(|(index, _)| index))
        .collect::<Result<_, _>>()
        .map_err(failure::internal)
}

/// A table's part, gathered over the scans of it.
struct Seen<'a> {
    table: &'a ScanTable,
    files: BTreeSet<usize>,
    read: Read,
}

#[derive(Default)]
struct Read {
    bytes: u64,
    columns: BTreeMap<String, u64>,
    row_groups: u64,
    row_groups_total: u64,
}

impl Read {
    fn add(&mut self, other: Read) {
        self.bytes += other.bytes;
        self.row_groups += other.row_groups;
        self.row_groups_total += other.row_groups_total;
        for (column, bytes) in other.columns {
            *self.columns.entry(column).or_default() += bytes;
        }
    }
}

impl<'a> Seen<'a> {
    fn new(table: &'a ScanTable) -> Self {
        Seen { table, files: BTreeSet::new(), read: Read::default() }
    }

    fn add(&mut self, read: Read, files: BTreeSet<usize>) {
        self.read.add(read);
        self.files.extend(files);
    }

    fn finish(self) -> TableEstimate {
        let Seen { table, files, read } = self;
        TableEstimate {
            catalog: table.catalog.clone(),
            database: table.database.clone(),
            table: table.name.clone(),
            columns: read.columns.into_iter().map(|(name, bytes)| ColumnBytes { name, bytes }).collect(),
            partitions: table.distinct_partitions(files.iter().copied()),
            partitions_total: table.distinct_partitions(0..table.files.len()),
            files: files.len() as u64,
            files_total: table.files.len() as u64,
            row_groups: read.row_groups,
            row_groups_total: read.row_groups_total,
            bytes: read.bytes,
        }
    }
}

/// Scales what a sample of the files says by the files' sizes.
async fn sampled(
    scan: &FileScanConfig,
    table: &ScanTable,
    footers: &Footers,
    files: &BTreeSet<usize>,
) -> Result<Read, EngineError> {
    let all: Vec<usize> = files.iter().copied().collect();
    let sample: BTreeSet<usize> = (0..SAMPLE).map(|i| all[i * (all.len() - 1) / (SAMPLE - 1)]).collect();
    let size = |files: &BTreeSet<usize>| files.iter().map(|index| table.files[*index].size).sum::<u64>().max(1);
    let scale = size(files) as f64 / size(&sample) as f64;
    let scaled = |value: u64| (value as f64 * scale) as u64;
    let read = parquet(scan, table, footers, &sample, false).await?;
    Ok(Read {
        bytes: scaled(read.bytes),
        columns: read.columns.into_iter().map(|(name, bytes)| (name, scaled(bytes))).collect(),
        row_groups: scaled(read.row_groups),
        row_groups_total: scaled(read.row_groups_total),
    })
}

async fn parquet(
    scan: &FileScanConfig,
    table: &ScanTable,
    footers: &Footers,
    files: &BTreeSet<usize>,
    with_statistics: bool,
) -> Result<Read, EngineError> {
    let source = scan.file_source();
    let Some(source) = source.downcast_ref::<ParquetSource>() else {
        return Err(failure::internal("a Parquet table is scanned as another format"));
    };
    let footers = footers.of_all(table, files.iter().copied()).await?;
    let mut read = Read::default();
    for (index, footer) in files.iter().zip(footers) {
        let file = file_scan(source, table, *index, &footer, with_statistics).map_err(failure::from_datafusion)?;
        read.add(file);
    }
    Ok(read)
}

fn file_scan(
    source: &ParquetSource,
    table: &ScanTable,
    index: usize,
    footer: &Footer,
    with_statistics: bool,
) -> Result<Read> {
    let groups = footer.metadata.row_groups();
    let mut literals = table.partition_literals(index)?;
    if with_statistics {
        literals.extend(constants(&footer.statistics, table.file_schema()));
    }
    let kept = match source.filter() {
        Some(predicate) => {
            let predicate = replace_columns_with_literals(predicate, &literals)?;
            row_groups(&predicate, table.file_schema(), footer)?
        }
        None => (0..groups.len()).collect(),
    };

    let mut needed = BTreeSet::new();
    for projected in source.projection().into_iter().flat_map(|projection| projection.iter()) {
        let expr = replace_columns_with_literals(Arc::clone(&projected.expr), &literals)?;
        needed.extend(collect_columns(&expr).into_iter().map(|column| column.name().to_owned()));
    }
    let mut columns = BTreeMap::new();
    for name in needed {
        let Some(stored) = find_ignoring_case(footer.schema.fields(), &name) else { continue };
        let Ok(root) = footer.schema.index_of(stored.name()) else { continue };
        columns.insert(name, root);
    }
    let described = footer.metadata.file_metadata().schema_descr();
    let columns: BTreeMap<String, u64> = columns
        .into_iter()
        .map(|(name, root)| {
            let chunks = kept.iter().flat_map(|group| groups[*group].columns().iter().enumerate());
            let own = chunks.filter(|(leaf, _)| described.get_column_root_idx(*leaf) == root);
            (name, own.map(|(_, chunk)| chunk.byte_range().1).sum())
        })
        .collect();
    Ok(Read {
        bytes: columns.values().sum(),
        columns,
        row_groups: kept.len() as u64,
        row_groups_total: groups.len() as u64,
    })
}

/// Row groups in which the predicate may hold, by their statistics.
fn row_groups(predicate: &Arc<dyn PhysicalExpr>, table: &SchemaRef, footer: &Footer) -> Result<Vec<usize>> {
    let file = match apply_file_schema_type_coercions(table, &footer.schema) {
        Some(coerced) => Arc::new(coerced),
        None => Arc::clone(&footer.schema),
    };
    let adapted = IgnoringCase.create(Arc::clone(table), Arc::clone(&file))?.rewrite(Arc::clone(predicate))?;
    let adapted = PhysicalExprSimplifier::new(&file).simplify(adapted)?;
    let groups = footer.metadata.row_groups();
    let mut access = RowGroupAccessPlanFilter::new(ParquetAccessPlan::new_all(groups.len()));
    if let Some(pruning) = PruningPredicateBuilder::new().with_file_schema(Arc::clone(&file)).build(adapted) {
        let metrics = ParquetFileMetrics::new(0, "", &ExecutionPlanMetricsSet::new());
        let described = footer.metadata.file_metadata().schema_descr();
        access.prune_by_statistics(&file, described, groups, &pruning, &metrics);
    }
    Ok(access.row_group_indexes().collect())
}

/// Columns that have one value throughout the file; the scan does not read them.
fn constants(statistics: &Statistics, schema: &Schema) -> HashMap<String, ScalarValue> {
    let rows = match statistics.num_rows {
        Precision::Exact(rows) => Some(rows),
        _ => None,
    };
    let columns = statistics.column_statistics.iter().zip(schema.fields());
    columns
        .filter_map(|(column, field)| {
            constant(column, rows, field.data_type()).map(|value| (field.name().clone(), value))
        })
        .collect()
}

fn constant(column: &ColumnStatistics, rows: Option<usize>, data_type: &DataType) -> Option<ScalarValue> {
    if let (Precision::Exact(min), Precision::Exact(max)) = (&column.min_value, &column.max_value)
        && min == max
        && !min.is_null()
        && matches!(column.null_count, Precision::Exact(0))
    {
        return min.cast_to(data_type).ok();
    }
    match (rows, &column.null_count) {
        (Some(rows), Precision::Exact(nulls)) if *nulls == rows => ScalarValue::try_new_null(data_type).ok(),
        _ => None,
    }
}
