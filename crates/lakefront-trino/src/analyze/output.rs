//! The last step of a plan: what Arrow has a type for stays as it is, the rest becomes text as Trino writes it.

use datafusion::logical_expr::LogicalPlanBuilder;

use super::Planned;
use super::scope::Relation;
use crate::error::Result;
use crate::output;

pub(super) fn present(relation: Relation) -> Result<Planned> {
    let expressions = relation.fields.iter().enumerate().map(|(at, field)| {
        let column = datafusion::logical_expr::Expr::Column(field.column.clone());
        output::expression(column, &field.of).alias(format!("c{at}"))
    });
    let plan = LogicalPlanBuilder::from(relation.plan.clone()).project(expressions)?.build()?;
    let names = relation
        .fields
        .iter()
        .enumerate()
        .map(|(at, field)| (field.name.clone().unwrap_or_else(|| format!("_col{at}")), field.of.clone()));
    Ok(Planned { plan, columns: names.collect() })
}
