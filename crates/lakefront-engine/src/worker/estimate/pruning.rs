//! Row groups in which a predicate may hold, by their statistics: of many files at once, since most of a table's have the
//! same columns.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray, UInt64Array};
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, Result, ScalarValue};
use datafusion::datasource::physical_plan::parquet::apply_file_schema_type_coercions;
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{self as physical, BinaryExpr};
use datafusion::physical_expr::simplifier::PhysicalExprSimplifier;
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr::{PhysicalExpr, conjunction};
use datafusion::physical_expr_adapter::{PhysicalExprAdapterFactory, replace_columns_with_literals};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::file::metadata::RowGroupMetaData;

use super::super::footer::Footer;
use super::super::scan::IgnoringCase;
use super::leaves::{fields, leaves};
use super::{OneFile, trino};
use crate::job::Meter;

/// A predicate of a scan and the columns it speaks of.
pub(super) struct Predicate {
    expr: Arc<dyn PhysicalExpr>,
    columns: HashSet<String>,
    meter: Meter,
}

/// What is left of a file.
pub(super) struct Kept {
    pub(super) groups: Vec<usize>,
    /// Bytes read to see whether the predicate holds, by column; of some of the row groups they are then all.
    pub(super) beforehand: BTreeMap<String, u64>,
}

impl Kept {
    pub(super) fn all(footer: &Footer) -> Self {
        Kept { groups: (0..footer.metadata.num_row_groups()).collect(), beforehand: BTreeMap::new() }
    }
}

impl Predicate {
    pub(super) fn new(expr: Arc<dyn PhysicalExpr>, meter: Meter) -> Self {
        let columns = collect_columns(&expr).into_iter().map(|column| column.name().to_owned()).collect();
        Predicate { expr, columns, meter }
    }

    pub(super) fn columns(&self) -> &HashSet<String> {
        &self.columns
    }

    /// What is left of each file.
    pub(super) fn keep(&self, table: &SchemaRef, files: &[OneFile<'_>]) -> Result<Vec<Kept>> {
        let mut kept: Vec<Kept> = files.iter().map(|file| Kept::all(&file.footer)).collect();
        let mut alike: Vec<(&SchemaRef, Vec<usize>)> = Vec::new();
        for (position, file) in files.iter().enumerate() {
            let literals = file.constants(&self.columns)?;
            if !literals.is_empty() {
                let expr = replace_columns_with_literals(Arc::clone(&self.expr), &literals)?;
                self.prune(&expr, &Alike { table, files, positions: &[position] }, &mut kept)?;
                continue;
            }
            let schema = &file.footer.schema;
            match alike.iter_mut().find(|(known, _)| Arc::ptr_eq(known, schema) || *known == schema) {
                Some((_, positions)) => positions.push(position),
                None => alike.push((schema, vec![position])),
            }
        }
        for (_, positions) in alike {
            self.prune(&self.expr, &Alike { table, files, positions: &positions }, &mut kept)?;
        }
        Ok(kept)
    }

    fn prune(&self, expr: &Arc<dyn PhysicalExpr>, alike: &Alike<'_>, kept: &mut [Kept]) -> Result<()> {
        if self.meter == Meter::Embedded {
            return alike.leave_out(Arc::clone(expr), kept);
        }
        let domains = trino::domains(expr);
        // The engine's statistics are of whole columns.
        let by_statistics = domains.iter().filter(|domain| domain.field.1.is_empty());
        let by_statistics: Vec<_> = by_statistics.map(|domain| Arc::clone(&domain.holds)).collect();
        if fields(expr).is_empty() {
            return alike.leave_out(Arc::clone(expr), kept);
        }
        alike.leave_out(conjunction(by_statistics), kept)?;
        domains.iter().try_for_each(|domain| alike.look_into_dictionaries(domain, kept))
    }
}

/// Files with the same columns.
struct Alike<'a> {
    table: &'a SchemaRef,
    files: &'a [OneFile<'a>],
    positions: &'a [usize],
}

impl Alike<'_> {
    fn leave_out(&self, expr: Arc<dyn PhysicalExpr>, kept: &mut [Kept]) -> Result<()> {
        let mut may_hold = self.may_hold(expr)?.into_iter();
        for position in self.positions {
            kept[*position].groups.retain(|_| may_hold.next().unwrap_or(true));
        }
        Ok(())
    }

    /// Adds the dictionaries that Trino reads of the row groups left, where not all values are known to do.
    fn look_into_dictionaries(&self, trino::Domain { field, holds }: &trino::Domain, kept: &mut [Kept]) -> Result<()> {
        let may_fail = if field.1.is_empty() {
            let column: Arc<dyn PhysicalExpr> = Arc::new(physical::Column::new_with_schema(&field.0, self.table)?);
            let fails = BinaryExpr::new(trino::outside(holds), Operator::Or, physical::is_null(column)?);
            self.may_hold(Arc::new(fails))?
        } else {
            Vec::new()
        };
        let mut may_fail = may_fail.into_iter();
        for position in self.positions {
            let footer = &self.files[*position].footer;
            let leaves = leaves(footer, field);
            let Kept { groups, beforehand } = &mut kept[*position];
            for (number, group) in footer.metadata.row_groups().iter().enumerate() {
                if may_fail.next().unwrap_or(true) && groups.binary_search(&number).is_ok() {
                    let bytes: u64 = leaves.iter().map(|leaf| trino::dictionary_bytes(group.column(*leaf))).sum();
                    *beforehand.entry(field.0.clone()).or_default() += bytes;
                }
            }
        }
        Ok(())
    }

    /// For each row group of the files whether the predicate may hold in it; nothing where that cannot be told.
    fn may_hold(&self, expr: Arc<dyn PhysicalExpr>) -> Result<Vec<bool>> {
        let Some(first) = self.positions.first().map(|position| &self.files[*position].footer) else {
            return Ok(Vec::new());
        };
        let schema = match apply_file_schema_type_coercions(self.table, &first.schema) {
            Some(coerced) => Arc::new(coerced),
            None => Arc::clone(&first.schema),
        };
        let expr = IgnoringCase.create(Arc::clone(self.table), Arc::clone(&schema))?.rewrite(expr)?;
        let expr = PhysicalExprSimplifier::new(&schema).simplify(expr)?;
        let Some(pruning) = PruningPredicateBuilder::new().with_file_schema(Arc::clone(&schema)).build(expr) else {
            return Ok(Vec::new());
        };
        let groups = self.positions.iter().flat_map(|position| self.files[*position].footer.metadata.row_groups());
        let statistics = RowGroups { groups: groups.collect(), file: first, schema: &schema };
        Ok(pruning.prune(&statistics).unwrap_or_default())
    }
}

struct RowGroups<'a> {
    groups: Vec<&'a RowGroupMetaData>,
    file: &'a Footer,
    schema: &'a Schema,
}

impl RowGroups<'_> {
    fn of<T>(
        &self,
        column: &Column,
        take: impl Fn(StatisticsConverter<'_>) -> parquet::errors::Result<T>,
    ) -> Option<T> {
        let described = self.file.metadata.file_metadata().schema_descr();
        take(StatisticsConverter::try_new(&column.name, self.schema, described).ok()?).ok()
    }
}

impl PruningStatistics for RowGroups<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.of(column, |statistics| statistics.row_group_mins(self.groups.iter().copied()))
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.of(column, |statistics| statistics.row_group_maxes(self.groups.iter().copied()))
    }

    fn num_containers(&self) -> usize {
        self.groups.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let counts = self.of(column, |statistics| statistics.row_group_null_counts(self.groups.iter().copied()))?;
        Some(Arc::new(counts))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(UInt64Array::from_iter_values(self.groups.iter().map(|group| group.num_rows() as u64))))
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
