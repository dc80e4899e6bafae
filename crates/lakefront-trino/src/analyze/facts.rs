//! What correlated subqueries make of an aggregation, which has a row of no rows, too: made outside of it, where it is
//! right for them.

use std::collections::HashMap;

use datafusion::common::Column;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, LogicalPlanBuilder, lit};

use super::expression::boolean;
use super::{Analyzer, Typed, correlated};
use crate::error::Result;
use crate::types::Type;

impl Analyzer<'_> {
    /// The one value of an aggregation of all rows: what is done with its facts is done outside, where it is right for
    /// no rows, too.
    pub(super) fn of_all_rows(&self, plan: LogicalPlan, column: Typed) -> Result<Typed> {
        let asked = Expr::Column(Column::from_name(self.symbol("asked")));
        let Some((leaf, mut values)) = self.facts(&plan, std::slice::from_ref(&column), &asked)? else {
            return self.value_of(plan, column.of);
        };
        let value = values.swap_remove(0);
        let outside = replaced(value.expr, |part| (*part == asked).then(|| leaf.expr.clone()))?;
        Ok(Typed::new(outside, value.of))
    }

    /// The row of an aggregation's facts as a value, and expressions over that value, which stands as `asked`, for
    /// columns of the plan. `None` where what is above the aggregation reads the query around, or nothing does, and where
    /// there is no aggregation.
    pub(super) fn facts(
        &self,
        plan: &LogicalPlan,
        columns: &[Typed],
        asked: &Expr,
    ) -> Result<Option<(Typed, Vec<Typed>)>> {
        let Some((aggregate, above)) = peeled(plan) else { return Ok(None) };
        if plan.all_out_ref_exprs().is_empty() || above.values().any(Expr::contains_outer) {
            return Ok(None);
        }
        let fact = |(column, call)| {
            let column = Expr::Column(column);
            let of = self.type_of_leaf(&column).ok()?;
            Some((Typed::new(column, of), call))
        };
        // Those that nothing reads have no type.
        let facts = aggregate.schema.columns().into_iter().zip(&aggregate.aggr_expr).filter_map(fact);
        let (facts, calls): (Vec<Typed>, Vec<&Expr>) = facts.unzip();
        let inner = LogicalPlan::Aggregate(aggregate.clone());
        let (leaf, fields) = match facts.as_slice() {
            // Its row is there all the same.
            [] => (boolean(lit(true)), Vec::new()),
            [only] if aggregate.aggr_expr.len() == 1 => {
                (self.value_of(inner, only.of.clone())?, vec![self.leaf(asked.clone(), only.of.clone())])
            }
            _ => {
                let row = self.row(facts.clone())?;
                let inner = LogicalPlanBuilder::from(inner).project([row.expr.alias(self.symbol("value"))])?.build()?;
                let whole = self.leaf(asked.clone(), row.of.clone());
                // Without a row to aggregate the engine has no row of facts either.
                let fields = facts.iter().zip(calls).enumerate().map(|(at, (fact, call))| {
                    let of_none = Typed::new(of_no_rows(call, &fact.of)?, fact.of.clone());
                    let field = self.field_at(whole.clone(), at, fact.of.clone())?;
                    let field = self.choose(vec![whole.expr.clone().is_null()], vec![of_none, field])?;
                    Ok(Typed::new(field.expr, fact.of.clone()))
                });
                (self.value_of(inner, row.of)?, fields.collect::<Result<Vec<_>>>()?)
            }
        };
        let values = columns.iter().map(|column| {
            let Expr::Column(name) = &column.expr else { return Ok(column.clone()) };
            let value = above.get(name).cloned().unwrap_or_else(|| column.expr.clone());
            let field = |part: &Expr| Some(fields[facts.iter().position(|fact| fact.expr == *part)?].expr.clone());
            let value = replaced(value, field)?;
            let is_known = value.column_refs().iter().all(|read| !aggregate.schema.has_column(read));
            if is_known { Ok(Typed::new(value, column.of.clone())) } else { Err(correlated::refused()) }
        });
        Ok(Some((leaf, values.collect::<Result<Vec<_>>>()?)))
    }
}

/// An expression with other parts in the place of some.
pub(super) fn replaced(expr: Expr, by: impl Fn(&Expr) -> Option<Expr>) -> Result<Expr> {
    let replaced = expr.transform_up(|part| Ok(by(&part).map_or_else(|| Transformed::no(part), Transformed::yes)))?;
    Ok(replaced.data)
}

fn of_no_rows(call: &Expr, of: &Type) -> Result<Expr> {
    let Expr::AggregateFunction(function) = call.clone().unalias() else { return Err(correlated::refused()) };
    Ok(Expr::Literal(function.func.default_value(&of.arrow())?, None))
}

/// An aggregation of all rows, and the expressions over it that the plan's columns are.
pub(super) fn peeled(plan: &LogicalPlan) -> Option<(&Aggregate, HashMap<Column, Expr>)> {
    match plan {
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty().then(|| (aggregate, HashMap::new())),
        LogicalPlan::Sort(sort) if sort.fetch.is_none() => peeled(&sort.input),
        LogicalPlan::Projection(projection) => {
            let (aggregate, below) = peeled(&projection.input)?;
            let of_below = |part: &Expr| below.get(part.try_as_col()?).cloned();
            let over = |expr: &Expr| replaced(expr.clone().unalias(), of_below).ok();
            let exprs = projection.expr.iter().map(over).collect::<Option<Vec<_>>>()?;
            Some((aggregate, projection.schema.columns().into_iter().zip(exprs).collect()))
        }
        _ => None,
    }
}
