//! Which subqueries the engine can take apart: it moves a condition with a column of the query around out of the subquery,
//! and some plans would then mean something else.

use std::sync::Arc;

use datafusion::common::{JoinType, Spans};
use datafusion::logical_expr::{LogicalPlan, Subquery};

use crate::error::{Error, Result};

/// What a subquery is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// One value.
    Value,
    /// Whether there are rows.
    Exists,
    /// All of its rows.
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
    let outer_ref_columns = plan.all_out_ref_exprs();
    if !outer_ref_columns.is_empty() && !comes_apart(&plan, what_for, Above::default()) {
        return Err(Error::not_here("This correlated subquery"));
    }
    Ok(Subquery { subquery: Arc::new(plan), outer_ref_columns, spans: Spans::new() })
}

/// What stands between the top of a subquery and the conditions below.
#[derive(Debug, Default, Clone, Copy)]
struct Above {
    /// Something that is not evaluated row by row.
    steps: bool,
}

fn comes_apart(plan: &LogicalPlan, what_for: Use, above: Above) -> bool {
    if plan.all_out_ref_exprs().is_empty() {
        return true;
    }
    let below = |input: &LogicalPlan, above: Above| comes_apart(input, what_for, above);
    match plan {
        LogicalPlan::Filter(filter) => below(&filter.input, Above { steps: true }),
        LogicalPlan::Projection(projection) => {
            !projection.expr.iter().any(datafusion::logical_expr::Expr::contains_outer)
                && below(&projection.input, above)
        }
        LogicalPlan::SubqueryAlias(alias) => below(&alias.input, above),
        // The one row of an aggregation of no rows is there only where nothing is done with it before.
        LogicalPlan::Aggregate(aggregate) => {
            (!aggregate.group_expr.is_empty() || !above.steps) && below(&aggregate.input, Above { steps: true })
        }
        LogicalPlan::Distinct(_) | LogicalPlan::Unnest(_) => {
            plan.inputs().into_iter().all(|input| below(input, Above { steps: true }))
        }
        // The engine forgets it, so it may only keep some of the rows that there are.
        LogicalPlan::Limit(limit) => {
            what_for == Use::Exists && limit.skip.is_none() && below(&limit.input, Above { steps: true })
        }
        LogicalPlan::Join(join) => {
            let (left, right) = match join.join_type {
                JoinType::Inner => (true, true),
                JoinType::Left | JoinType::LeftSemi | JoinType::LeftAnti => (true, false),
                JoinType::Right | JoinType::RightSemi | JoinType::RightAnti => (false, true),
                _ => (false, false),
            };
            let side = |input: &LogicalPlan, may: bool| {
                input.all_out_ref_exprs().is_empty() || (may && below(input, Above { steps: true }))
            };
            let conditions = join.on.iter().flat_map(|(a, b)| [a, b]).chain(&join.filter);
            !conditions.into_iter().any(datafusion::logical_expr::Expr::contains_outer)
                && side(&join.left, left)
                && side(&join.right, right)
        }
        // A boundary of its own.
        LogicalPlan::Subquery(_) => true,
        _ => false,
    }
}
