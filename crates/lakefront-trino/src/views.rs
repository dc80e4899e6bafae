//! Texts as views of what a file says: where they are only grouped and counted, that takes a fifth less time. Functions
//! work on plain arrays.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, ExprSchema, Result};
use datafusion::datasource::{DefaultTableSource, TableType, provider_as_source};
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::logical_expr::expr::{AggregateFunction, Alias};
use datafusion::logical_expr::{
    Aggregate, Cast, Expr, Filter, LogicalPlan, Projection, TableProviderFilterPushDown, TableScan, TableScanBuilder,
};
use datafusion::physical_plan::ExecutionPlan;

/// A table whose texts can be read in both forms, the same rows in either.
#[derive(Debug)]
pub struct TwoForms {
    plain: Arc<dyn TableProvider>,
    /// Has `Utf8View` where `plain` has `Utf8`.
    views: Arc<dyn TableProvider>,
}

impl TwoForms {
    pub fn new(plain: Arc<dyn TableProvider>, views: Arc<dyn TableProvider>) -> Self {
        Self { plain, views }
    }
}

#[async_trait]
impl TableProvider for TwoForms {
    fn schema(&self) -> SchemaRef {
        self.plain.schema()
    }

    fn table_type(&self) -> TableType {
        self.plain.table_type()
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        self.plain.supports_filters_pushdown(filters)
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.plain.scan(state, projection, filters, limit).await
    }
}

/// Reads views below the aggregations of an optimised plan that do nothing with texts but group and count them.
pub(crate) fn in_plan(plan: LogicalPlan) -> Result<LogicalPlan> {
    let done = plan.transform_up_with_subqueries(|node| match node {
        LogicalPlan::Aggregate(aggregate) => Ok(match grouped(&aggregate)? {
            Some(plan) => Transformed::yes(plan),
            None => Transformed::no(LogicalPlan::Aggregate(aggregate)),
        }),
        node => Ok(Transformed::no(node)),
    })?;
    Ok(done.data)
}

fn grouped(aggregate: &Aggregate) -> Result<Option<LogicalPlan>> {
    let input = aggregate.input.schema();
    let passes = |expr: &Expr| is_column(expr) || !reads_text(expr, input);
    let is_plain = |expr: &Expr| match unaliased(expr) {
        Expr::AggregateFunction(AggregateFunction { func, params }) if *func == count_udaf() => {
            params.args.iter().all(passes) && params.filter.iter().all(|filter| !reads_text(filter, input))
        }
        other => passes(other),
    };
    let grouped = aggregate.group_expr.iter().chain(&aggregate.aggr_expr);
    if !input.fields().iter().any(|field| is_text(field.data_type())) || !grouped.clone().all(is_plain) {
        return Ok(None);
    }
    let Some(input) = viewed(&aggregate.input)? else { return Ok(None) };
    let (groups, aggregates) = (aggregate.group_expr.clone(), aggregate.aggr_expr.clone());
    let plan = LogicalPlan::Aggregate(Aggregate::try_new(Arc::new(input), groups, aggregates)?);
    let columns = aggregate.schema.iter().zip(plan.schema().fields()).map(|((qualifier, field), now)| {
        let column = Expr::Column(Column::new(qualifier.cloned(), field.name()));
        if field.data_type() == now.data_type() {
            return column;
        }
        let text = Expr::Cast(Cast::new(Box::new(column), field.data_type().clone()));
        text.alias_qualified(qualifier.cloned(), field.name())
    });
    let columns = columns.collect();
    Ok(Some(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(plan))?)))
}

/// The same rows with texts as views; `None` where something is done with texts on the way.
fn viewed(plan: &LogicalPlan) -> Result<Option<LogicalPlan>> {
    Ok(match plan {
        LogicalPlan::TableScan(scan) => two_forms(scan)
            .map(|table| {
                let source = provider_as_source(Arc::clone(&table.views));
                TableScanBuilder::new(scan.table_name.clone(), source)
                    .with_projection(scan.projection.clone())
                    .with_filters(scan.filters.clone())
                    .with_fetch(scan.fetch)
                    .build()
            })
            .transpose()?
            .map(LogicalPlan::TableScan),
        LogicalPlan::Filter(filter) if !reads_text(&filter.predicate, filter.input.schema()) => viewed(&filter.input)?
            .map(|input| Filter::try_new(filter.predicate.clone(), Arc::new(input)))
            .transpose()?
            .map(LogicalPlan::Filter),
        LogicalPlan::Projection(projection) => {
            let passes = |expr| is_column(expr) || !reads_text(expr, projection.input.schema());
            if !projection.expr.iter().all(passes) {
                return Ok(None);
            }
            viewed(&projection.input)?
                .map(|input| Projection::try_new(projection.expr.clone(), Arc::new(input)))
                .transpose()?
                .map(LogicalPlan::Projection)
        }
        _ => None,
    })
}

fn two_forms(scan: &TableScan) -> Option<&TwoForms> {
    let source: &dyn std::any::Any = scan.source.as_ref();
    let provider: &dyn std::any::Any = source.downcast_ref::<DefaultTableSource>()?.table_provider.as_ref();
    provider.downcast_ref()
}

fn is_column(expr: &Expr) -> bool {
    matches!(unaliased(expr), Expr::Column(_))
}

fn unaliased(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(Alias { expr, .. }) => unaliased(expr),
        other => other,
    }
}

fn is_text(data_type: &DataType) -> bool {
    *data_type == DataType::Utf8
}

fn reads_text(expr: &Expr, schema: &DFSchema) -> bool {
    let mut found = false;
    let walked = expr.apply(|expr| {
        found = match expr {
            Expr::Column(column) => schema.data_type(column).map_or(true, is_text),
            // What is inside reads other rows.
            Expr::ScalarSubquery(_) | Expr::Exists(_) | Expr::InSubquery(_) => true,
            _ => false,
        };
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    found || walked.is_err()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, StringViewArray};
    use datafusion::arrow::util::pretty::pretty_format_batches;
    use datafusion::datasource::MemTable;
    use datafusion::execution::session_state::SessionState;
    use datafusion::physical_plan::collect;
    use datafusion::prelude::{SessionConfig, SessionContext};

    use super::*;
    use crate::analyze::{self, Session, Table, Tables};
    use crate::types::Type;
    use crate::zone::Zone;

    const TOWNS: [Option<&str>; 6] = [Some("Ulm"), None, Some("a town of many letters"), Some("Ulm"), Some(""), None];
    const STATES: [Option<&str>; 6] = [Some("CA"), Some("CA"), Some("TX"), None, Some("TX"), Some("CA")];

    struct One(Arc<dyn TableProvider>);

    impl Tables for One {
        fn table(&self, _: &[&str]) -> Option<Table> {
            let text = || Some(Type::Varchar(None));
            let columns = [("town", text()), ("state", text()), ("n", Some(Type::Bigint))];
            let columns = columns.map(|(name, of)| (name.to_owned(), of)).to_vec();
            Some(Table { source: provider_as_source(Arc::clone(&self.0)), columns, hidden: &[] })
        }
    }

    fn table(town: ArrayRef, state: ArrayRef) -> Arc<dyn TableProvider> {
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..6));
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("town", town, true),
            ("state", state, true),
            ("n", numbers, true),
        ]);
        let batch = batch.unwrap();
        Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]]).unwrap())
    }

    fn reads_views(plan: &dyn ExecutionPlan) -> bool {
        let children = plan.children();
        let schema = plan.schema();
        let is_view = || schema.fields().iter().any(|field| *field.data_type() == DataType::Utf8View);
        if children.is_empty() { is_view() } else { children.iter().any(|child| reads_views(child.as_ref())) }
    }

    async fn answer(state: &SessionState, tables: &One, sql: &str) -> (String, bool) {
        let session = Session { now: chrono::Utc::now(), zone: Zone::UTC, user: None, parameters: Vec::new() };
        let planned = analyze::plan(&crate::parse(sql).unwrap(), tables, &session).unwrap();
        let plan = crate::physical::plan(state, &planned.plan).await.unwrap();
        let views = reads_views(plan.as_ref());
        let rows = collect(plan, state.task_ctx()).await.unwrap();
        (pretty_format_batches(&rows).unwrap().to_string(), views)
    }

    #[tokio::test]
    async fn views_are_read_where_texts_are_only_grouped_and_counted() {
        let plain = || table(Arc::new(StringArray::from_iter(TOWNS)), Arc::new(StringArray::from_iter(STATES)));
        let views = || table(Arc::new(StringViewArray::from_iter(TOWNS)), Arc::new(StringViewArray::from_iter(STATES)));
        let mut config = SessionConfig::new().with_target_partitions(2);
        crate::physical::configure(config.options_mut());
        let state = SessionContext::new_with_config(config).state();
        let one = One(plain());
        let two = One(Arc::new(TwoForms::new(plain(), views())));
        for (sql, as_views) in [
            ("SELECT town, sum(n) FROM t GROUP BY town ORDER BY 1", true),
            ("SELECT upper(town), n FROM (SELECT town, count(*) n FROM t GROUP BY town) ORDER BY 1", true),
            ("SELECT state AS s, town, max(n) FROM t WHERE n > 0 GROUP BY town, state ORDER BY 1, 2", true),
            ("SELECT state, count(DISTINCT town), count(town) FROM t GROUP BY state ORDER BY 1", true),
            ("SELECT DISTINCT town FROM t ORDER BY 1", true),
            ("SELECT t.town FROM t JOIN (SELECT town, max(n) n FROM t GROUP BY town) m ON t.n = m.n ORDER BY 1", true),
            ("SELECT upper(town), sum(n) FROM t GROUP BY upper(town) ORDER BY 1", false),
            ("SELECT state, min(town) FROM t GROUP BY state ORDER BY 1", false),
            ("SELECT state, sum(n) FROM t WHERE town LIKE 'U%' GROUP BY state ORDER BY 1", false),
            ("SELECT state, sum(n) FILTER (WHERE town = 'Ulm') FROM t GROUP BY state ORDER BY 1", false),
            ("SELECT town, state, n FROM t ORDER BY n", false),
        ] {
            let (expected, _) = answer(&state, &one, sql).await;
            let (rows, views) = answer(&state, &two, sql).await;
            assert_eq!(rows, expected, "{sql}");
            assert_eq!(views, as_views, "{sql}");
        }
    }
}
