//! Random values, which Trino evaluates once where a statement shows that they are the same.

use std::collections::HashMap;

use datafusion::common::Column;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};

use super::Typed;
use crate::error::{Error, Result};

/// What aggregates and windows take of random values Trino evaluates once for all of them, and for the columns too.
pub(super) fn check_random(exprs: &[&Expr]) -> Result<()> {
    let mut nodes: Vec<&Expr> = Vec::new();
    for expr in exprs {
        expr.apply(|part| {
            let takes_rows = matches!(part, Expr::AggregateFunction(_) | Expr::WindowFunction(_));
            if takes_rows && part.is_volatile() && !nodes.contains(&part) {
                nodes.push(part);
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
    }
    if nodes.is_empty() {
        return Ok(());
    }
    let mut seen: Vec<&Expr> = exprs.iter().copied().filter(|expr| !nodes.contains(expr)).collect();
    for node in nodes {
        let mut taken: Vec<&Expr> = Vec::new();
        node.apply(|part| {
            if part != node && part.is_volatile() && !taken.contains(&part) {
                taken.push(part);
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        if taken.iter().any(|part| seen.contains(part)) {
            return Err(Error::not_here("A random value that stands in several aggregates or windows"));
        }
        seen.append(&mut taken);
    }
    Ok(())
}

/// Columns that repeat the text of an earlier one with a random value in it, which then is the same value: by their
/// symbols, the symbol of the first.
pub(super) fn repeated_random(values: &[Typed], symbols: &[String]) -> HashMap<String, String> {
    let first = |at: usize| values[..at].iter().position(|value| value.expr == values[at].expr);
    let random = (0..values.len()).filter(|at| values[*at].expr.is_volatile());
    random.filter_map(|at| Some((symbols[at].clone(), symbols[first(at)?].clone()))).collect()
}

/// Projects expressions that are named by symbols, of those repeated the first alone, which the others then take.
pub(super) fn project_once(
    plan: LogicalPlanBuilder,
    named: Vec<Expr>,
    repeated: &HashMap<String, String>,
) -> Result<LogicalPlanBuilder> {
    if repeated.is_empty() {
        return Ok(plan.project(named)?);
    }
    let symbols: Vec<String> = named.iter().map(|expr| expr.qualified_name().1).collect();
    let firsts = named.into_iter().zip(&symbols).filter(|(_, symbol)| !repeated.contains_key(*symbol));
    let plan = plan.project(firsts.map(|(expr, _)| expr))?;
    let taken = symbols.iter().map(|symbol| {
        let first = repeated.get(symbol).unwrap_or(symbol);
        Expr::Column(Column::from_name(first)).alias(symbol)
    });
    Ok(plan.project(taken)?)
}

/// Whether a plan draws values or rows.
pub(super) fn draws(plan: &LogicalPlan) -> Result<bool> {
    Ok(plan.exists(|node| Ok(node.expressions().iter().any(Expr::is_volatile)))?)
}

/// Whether values of a plan are random; a filter decides about rows alone, as TABLESAMPLE does.
pub(super) fn gives_random_values(plan: &LogicalPlan) -> Result<bool> {
    Ok(plan.exists(|node| {
        Ok(!matches!(node, LogicalPlan::Filter(_)) && node.expressions().iter().any(Expr::is_volatile))
    })?)
}
