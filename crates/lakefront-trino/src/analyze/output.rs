//! The last step of a plan: what Arrow has a type for stays as it is, the rest becomes text as Trino writes it.

use std::collections::HashSet;

use datafusion::logical_expr::{Expr, LogicalPlanBuilder};

use super::Planned;
use super::scope::Relation;
use crate::error::Result;
use crate::output;

pub(super) fn present(relation: Relation) -> Result<Planned> {
    let shown: Vec<Expr> =
        relation.fields.iter().map(|field| output::expression(Expr::Column(field.column.clone()), &field.of)).collect();
    // Columns that stay as they are need no step of their own, where their names are unique.
    let mut names = HashSet::new();
    let is_unique = shown.iter().all(|expr| matches!(expr, Expr::Column(column) if names.insert(column.name())));
    let named =
        |(at, expr): (usize, &Expr)| if is_unique { expr.clone() } else { expr.clone().alias(format!("c{at}")) };
    let plan = LogicalPlanBuilder::from(relation.plan.clone()).project(shown.iter().enumerate().map(named))?.build()?;
    let names = relation
        .fields
        .iter()
        .enumerate()
        .map(|(at, field)| (field.name.clone().unwrap_or_else(|| format!("_col{at}")), field.of.clone()));
    Ok(Planned { plan, columns: names.collect() })
}
