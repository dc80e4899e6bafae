//! Which subqueries the engine can take apart: it moves a condition with a column of the query around out of the subquery,
//! and some plans would then mean something else.

use std::sync::Arc;

use datafusion::common::{JoinType, Spans};
use datafusion::logical_expr::{Expr, LogicalPlan, Subquery};

use crate::error::{Code, Error, Result};

/// What a subquery is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Whether there are rows.
    Exists,
    Rows,
}

/// Whether a plan has one row whatever there is to read.
pub(super) fn is_aggregated(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        LogicalPlan::Projection(projection) => is_aggregated(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => is_aggregated(&alias.input),
        LogicalPlan::Sort(sort) => is_aggregated(&sort.input),
        _ => false,
    }
}

/// The plan as a subquery.
///
/// # Errors
/// `NOT_SUPPORTED_HERE` for a correlated one that the engine would not plan, or plan wrongly.
pub(super) fn checked(plan: LogicalPlan, what_for: Use) -> Result<Subquery> {
    if !plan.all_out_ref_exprs().is_empty() && !comes_apart(&plan, what_for, false) {
        return Err(refused());
    }
    Ok(subquery(plan))
}

pub(super) fn refused() -> Error {
    let message = "This correlated subquery is not supported by the embedded engine; write it as a join.";
    Error::new(Code::NotSupportedHere, message)
}

pub(super) fn subquery(plan: LogicalPlan) -> Subquery {
    let outer_ref_columns = plan.all_out_ref_exprs();
    Subquery { subquery: Arc::new(plan), outer_ref_columns, spans: Spans::new() }
}

/// `beneath`: something above is not evaluated row by row.
fn comes_apart(plan: &LogicalPlan, what_for: Use, beneath: bool) -> bool {
    if plan.all_out_ref_exprs().is_empty() {
        return true;
    }
    let below = |input: &LogicalPlan, beneath: bool| comes_apart(input, what_for, beneath);
    match plan {
        LogicalPlan::Filter(filter) => below(&filter.input, true),
        LogicalPlan::Projection(projection) => {
            !projection.expr.iter().any(Expr::contains_outer) && below(&projection.input, beneath)
        }
        LogicalPlan::SubqueryAlias(alias) => below(&alias.input, beneath),
        // The one row of an aggregation of no rows is there only where nothing is done with it before.
        LogicalPlan::Aggregate(aggregate) => {
            // Of sets of keys one may be empty, which has that row, too.
            let has_sets = aggregate.group_expr.iter().any(|key| matches!(key, Expr::GroupingSet(_)));
            !has_sets && (!aggregate.group_expr.is_empty() || !beneath) && below(&aggregate.input, true)
        }
        LogicalPlan::Distinct(_) | LogicalPlan::Unnest(_) => plan.inputs().into_iter().all(|input| below(input, true)),
        // The engine forgets it, so it may only keep some of the rows that there are.
        LogicalPlan::Limit(limit) => what_for == Use::Exists && limit.skip.is_none() && below(&limit.input, true),
        LogicalPlan::Join(join) => {
            let (left, right) = match join.join_type {
                JoinType::Inner => (true, true),
                JoinType::Left | JoinType::LeftSemi | JoinType::LeftAnti => (true, false),
                JoinType::Right | JoinType::RightSemi | JoinType::RightAnti => (false, true),
                _ => (false, false),
            };
            let side =
                |input: &LogicalPlan, may: bool| input.all_out_ref_exprs().is_empty() || (may && below(input, true));
            let conditions = join.on.iter().flat_map(|(a, b)| [a, b]).chain(&join.filter);
            !conditions.into_iter().any(Expr::contains_outer) && side(&join.left, left) && side(&join.right, right)
        }
        // A boundary of its own.
        LogicalPlan::Subquery(_) => true,
        _ => false,
    }
}
