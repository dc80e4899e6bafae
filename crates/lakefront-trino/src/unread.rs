//! Of rows that are written out, what nothing reads: Trino leaves it out, so it may not fail.

use std::collections::HashSet;

use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::common::{Column, Result, ScalarValue};
use datafusion::logical_expr::{Expr, LogicalPlan, Values};

/// An optimised plan without the values of `VALUES` that it does not read.
pub(crate) fn in_plan(plan: LogicalPlan) -> Result<LogicalPlan> {
    let done = plan.transform_down_with_subqueries(|node| {
        let input = match &node {
            LogicalPlan::Projection(projection) => &projection.input,
            LogicalPlan::Aggregate(aggregate) => &aggregate.input,
            _ => return Ok(Transformed::no(node)),
        };
        match read_by(input, columns_of(&node)?)? {
            Some(input) => Ok(Transformed::yes(node.with_new_exprs(node.expressions(), vec![input])?)),
            None => Ok(Transformed::no(node)),
        }
    })?;
    Ok(done.data)
}

/// The plan, where it gives rows that are written out, for one that reads these columns only.
fn read_by(plan: &LogicalPlan, mut read: HashSet<Column>) -> Result<Option<LogicalPlan>> {
    match plan {
        LogicalPlan::Values(values) => Ok(left_out(values, &read)?.map(LogicalPlan::Values)),
        LogicalPlan::Filter(_) | LogicalPlan::Sort(_) | LogicalPlan::Limit(_) => {
            read.extend(columns_of(plan)?);
            match plan.inputs().as_slice() {
                [input] => {
                    read_by(input, read)?.map(|input| plan.with_new_exprs(plan.expressions(), vec![input])).transpose()
                }
                _ => Ok(None),
            }
        }
        _ => Ok(None),
    }
}

fn columns_of(plan: &LogicalPlan) -> Result<HashSet<Column>> {
    let mut columns = HashSet::new();
    plan.apply_expressions(|expr| {
        columns.extend(expr.column_refs().into_iter().cloned());
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(columns)
}

fn left_out(values: &Values, read: &HashSet<Column>) -> Result<Option<Values>> {
    let columns = values.schema.columns();
    let unread: Vec<usize> = (0..columns.len()).filter(|at| !read.contains(&columns[*at])).collect();
    if unread.is_empty() {
        return Ok(None);
    }
    let mut left = values.clone();
    for at in unread {
        let field = values.schema.field(at);
        let any = if field.is_nullable() {
            ScalarValue::try_from(field.data_type())
        } else {
            ScalarValue::new_default(field.data_type())
        };
        let any = Expr::Literal(any?, None);
        for row in &mut left.values {
            row[at] = any.clone();
        }
    }
    Ok(Some(left))
}
