//! What a plan will read, before it runs.
//!
//! Follows the scan: the same files after partition pruning, the same row groups after pruning by statistics with the
//! same predicate, and the column chunks that the projection needs. For a Trino the same plan is measured by what
//! Trino's reader does.

mod early;
mod leaves;
mod pruning;
mod trino;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{ColumnStatistics, Result, ScalarValue};
use datafusion::datasource::physical_plan::{FileScanConfig, FileSource, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_plan::ExecutionPlan;

use leaves::Needed;
use pruning::{Kept, Predicate};
pub(super) use trino::with_filters_below;

use super::failure;
use super::footer::{Footer, Footers, find_ignoring_case};
use super::scan::{FOOTERS_PER_PLAN, ScanTable};

use crate::error::EngineError;
use crate::job::{Format, Meter};
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
    meter: Meter,
) -> Result<Estimate, EngineError> {
    let mut scans = Vec::new();
    plan.apply(|node| {
        let scan = node.downcast_ref::<DataSourceExec>().and_then(|exec| exec.data_source().downcast_ref());
        scans.extend(scan.cloned());
        Ok(TreeNodeRecursion::Continue)
    })
    .map_err(failure::from_datafusion)?;

    let mut seen: BTreeMap<u64, Seen> = BTreeMap::new();
    let mut exact = !early::may_end(plan, meter);
    for scan in scans {
        let scan: FileScanConfig = scan;
        let Some(table) = tables.iter().find(|table| table.url == scan.object_store_url) else { continue };
        let files = files_of(&scan, table)?;
        let entry = seen.entry(table.id).or_insert_with(|| Seen::new(table));
        let read = match table.format {
            Format::Parquet if files.len() <= FOOTERS_PER_PLAN => {
                let read = parquet(&scan, table, footers, &files, Rules { meter, sampled: false }).await?;
                exact &= !read.at_most;
                read
            }
            Format::Parquet => {
                exact = false;
                sampled(&scan, table, footers, &files, meter).await?
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
    /// A run may find that it need not read all of it.
    at_most: bool,
}

/// How the files of a scan are measured.
#[derive(Clone, Copy)]
struct Rules {
    meter: Meter,
    /// Only some of the files are, and the scan knows no statistics.
    sampled: bool,
}

impl Read {
    fn add_column(&mut self, name: &str, bytes: u64) {
        self.bytes += bytes;
        match self.columns.get_mut(name) {
            Some(sum) => *sum += bytes,
            None => drop(self.columns.insert(name.to_owned(), bytes)),
        }
    }

    fn add(&mut self, other: Read) {
        self.at_most |= other.at_most;
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
    meter: Meter,
) -> Result<Read, EngineError> {
    let all: Vec<usize> = files.iter().copied().collect();
    let sample: BTreeSet<usize> = (0..SAMPLE).map(|i| all[i * (all.len() - 1) / (SAMPLE - 1)]).collect();
    let size = |files: &BTreeSet<usize>| files.iter().map(|index| table.files[*index].size).sum::<u64>().max(1);
    let scale = size(files) as f64 / size(&sample) as f64;
    let scaled = |value: u64| (value as f64 * scale) as u64;
    let read = parquet(scan, table, footers, &sample, Rules { meter, sampled: true }).await?;
    Ok(Read {
        bytes: scaled(read.bytes),
        columns: read.columns.into_iter().map(|(name, bytes)| (name, scaled(bytes))).collect(),
        row_groups: scaled(read.row_groups),
        row_groups_total: scaled(read.row_groups_total),
        at_most: true,
    })
}

async fn parquet(
    scan: &FileScanConfig,
    table: &ScanTable,
    footers: &Footers,
    files: &BTreeSet<usize>,
    rules: Rules,
) -> Result<Read, EngineError> {
    let source = scan.file_source();
    let Some(source) = source.downcast_ref::<ParquetSource>() else {
        return Err(failure::internal("a Parquet table is scanned as another format"));
    };
    let footers = footers.of_all(table, files.iter().copied()).await?;
    let files = files.iter().zip(footers);
    let files: Vec<OneFile> = files.map(|(index, footer)| OneFile { table, index: *index, footer, rules }).collect();
    of_files(source, table, &files, rules.meter).map_err(failure::from_datafusion)
}

fn of_files(source: &ParquetSource, table: &ScanTable, files: &[OneFile<'_>], meter: Meter) -> Result<Read> {
    let predicate = source.filter().map(|filter| Predicate::new(filter, meter));
    let kept = match &predicate {
        Some(predicate) => predicate.keep(table.file_schema(), files)?,
        None => files.iter().map(|file| Kept::all(&file.footer)).collect(),
    };
    let mut needed = Needed::new(meter);
    for projected in source.projection().into_iter().flat_map(|projection| projection.iter()) {
        needed.add(&projected.expr);
    }
    let mut read = Read::default();
    let mut leaves: Option<(&Footer, BTreeMap<&str, BTreeSet<usize>>)> = None;
    for (file, Kept { groups: kept, beforehand }) in files.iter().zip(kept) {
        let footer = &file.footer;
        let leaves = match &leaves {
            Some((known, leaves)) if Arc::ptr_eq(&known.schema, &footer.schema) => leaves,
            _ => &leaves.insert((footer, needed.leaves(footer))).1,
        };
        let groups = footer.metadata.row_groups();
        for (name, leaves) in leaves {
            if file.is_constant(name) {
                continue;
            }
            let chunks = kept.iter().flat_map(|group| leaves.iter().map(|leaf| groups[*group].column(*leaf)));
            read.add_column(name, chunks.map(|chunk| chunk.byte_range().1).sum());
        }
        for (name, bytes) in beforehand {
            read.add_column(&name, bytes);
        }
        read.row_groups += kept.len() as u64;
        read.row_groups_total += groups.len() as u64;
        read.at_most |= predicate.as_ref().is_some_and(|predicate| may_skip(predicate, meter, footer, &kept));
    }
    Ok(read)
}

/// Whether more of the row groups may turn out to be of no use: by their Bloom filters, and in Trino, which reads a column
/// once a row needs it, also by their values.
fn may_skip(predicate: &Predicate, meter: Meter, footer: &Footer, kept: &[usize]) -> bool {
    let mut stored =
        predicate.columns().iter().filter_map(|name| find_ignoring_case(footer.schema.fields(), name)).peekable();
    let groups = footer.metadata.row_groups();
    let has_filter = |name: &str| {
        let chunks = kept.iter().flat_map(|group| groups[*group].columns());
        chunks.filter(|chunk| chunk.column_path().parts()[0] == name).any(|chunk| chunk.bloom_filter_offset().is_some())
    };
    match meter {
        Meter::Trino => !kept.is_empty() && stored.peek().is_some(),
        Meter::Embedded => stored.any(|field| has_filter(field.name())),
    }
}

/// A file of a scan.
struct OneFile<'a> {
    table: &'a ScanTable,
    index: usize,
    footer: Arc<Footer>,
    rules: Rules,
}

impl OneFile<'_> {
    /// Those of the columns that have one value throughout the file.
    fn constants(&self, columns: &HashSet<String>) -> Result<HashMap<String, ScalarValue>> {
        let mut constants = self.table.partition_literals(self.index, columns)?;
        for column in columns {
            if let Some(value) = self.constant(column) {
                constants.entry(column.clone()).or_insert(value);
            }
        }
        Ok(constants)
    }

    fn is_constant(&self, column: &str) -> bool {
        self.table.is_partition_key(column) || self.constant(column).is_some()
    }

    /// The one value of a column, which the embedded engine does not read then.
    fn constant(&self, column: &str) -> Option<ScalarValue> {
        if self.rules.meter == Meter::Trino || self.rules.sampled {
            return None;
        }
        let statistics = &self.footer.statistics;
        let rows = match statistics.num_rows {
            Precision::Exact(rows) => Some(rows),
            _ => None,
        };
        let (position, field) = self.table.file_schema().column_with_name(column)?;
        constant(statistics.column_statistics.get(position)?, rows, field.data_type())
    }
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
