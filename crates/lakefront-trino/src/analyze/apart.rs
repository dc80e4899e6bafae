//! Correlated subqueries of one row that the engine can't take apart: the rows around are joined with the rows that each of
//! them asks for, and what belongs to one is aggregated again.

use std::collections::HashMap;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, JoinType};
use datafusion::functions_aggregate::expr_fn::first_value;
use datafusion::logical_expr::utils::split_conjunction_owned;
use datafusion::logical_expr::{BinaryExpr, Expr, Filter, LogicalPlan, LogicalPlanBuilder, Operator, Subquery, lit};

use super::correlated::{self, Use};
use super::facts::{peeled, replaced};
use super::subquery::asks;
use super::{Analyzer, Typed, numbered, with_columns};
use crate::comparison::joinable;
use crate::error::Result;
use crate::types::Type;

impl Analyzer<'_> {
    /// The one value of a plan, by whom it can be planned.
    pub(super) fn value_of(&self, plan: LogicalPlan, of: Type) -> Result<Typed> {
        let subquery = if is_own(&plan) { correlated::subquery(plan) } else { correlated::checked(plan, Use::Rows)? };
        Ok(self.leaf(Expr::ScalarSubquery(subquery), of))
    }

    /// The plan with the values of the subqueries in its expressions that the engine can't take apart as columns.
    pub(super) fn joined_with_values(
        &self,
        mut plan: LogicalPlan,
        exprs: Vec<Expr>,
    ) -> Result<(LogicalPlan, Vec<Expr>)> {
        let mut found: Vec<(Expr, Subquery)> = Vec::new();
        for expr in &exprs {
            expr.apply(|part| {
                if let Expr::ScalarSubquery(subquery) = part
                    && is_own(&subquery.subquery)
                    && !found.iter().any(|(known, _)| known == part)
                {
                    found.push((part.clone(), subquery.clone()));
                }
                Ok(TreeNodeRecursion::Continue)
            })?;
        }
        let mut columns: HashMap<Expr, Expr> = HashMap::new();
        for (expr, subquery) in found {
            let (joined, value) = self.joined_with(plan, &subquery.subquery)?;
            plan = joined;
            if let Ok(of) = self.type_of_leaf(&expr) {
                self.column(value.clone(), of);
            }
            columns.insert(expr, Expr::Column(value));
        }
        if columns.is_empty() {
            return Ok((plan, exprs));
        }
        let replaced = exprs.into_iter().map(|expr| {
            let replaced = expr.transform_down(|part| {
                Ok(match columns.get(&part) {
                    Some(column) => Transformed::new(column.clone(), true, TreeNodeRecursion::Jump),
                    None => Transformed::no(part),
                })
            })?;
            Ok(replaced.data)
        });
        Ok((plan, replaced.collect::<Result<_>>()?))
    }

    fn joined_with(&self, plan: LogicalPlan, subquery: &LogicalPlan) -> Result<(LogicalPlan, Column)> {
        let refused = correlated::refused;
        let (aggregate, above) = peeled(subquery).ok_or_else(refused)?;
        let inner = lifted(&aggregate.input).ok_or_else(refused)?;
        let around = plan.schema().columns();
        let reads_farther = subquery.all_out_ref_exprs().iter().any(|outer| match outer {
            Expr::OuterReferenceColumn(_, column) => !around.contains(column),
            _ => true,
        });
        if reads_farther {
            return Err(refused());
        }
        let (number, matched) = (self.symbol("number"), self.symbol("matched"));
        let named = |name: &str| Expr::Column(Column::from_name(name));

        let (numbered, counted) = numbered(plan, Vec::new())?;
        let all = around.iter().cloned().map(Expr::Column).chain([counted.alias(&number)]);
        let numbered = LogicalPlanBuilder::from(numbered).project(all)?.build()?;

        // What is aggregated is computed of the rows there are, not of the nulls beside a row that finds none.
        let mut computed = vec![lit(true).alias(&matched)];
        let mut below = |expr: Expr| {
            if matches!(expr, Expr::Column(_) | Expr::Literal(..)) || reads_around(&expr, &[&inner.plan]) || asks(&expr)
            {
                return expr;
            }
            let symbol = self.symbol("computed");
            computed.push(expr.alias(&symbol));
            named(&symbol)
        };
        let mut calls = Vec::with_capacity(aggregate.aggr_expr.len());
        for expr in &aggregate.aggr_expr {
            let Expr::AggregateFunction(mut function) = expr.clone().unalias() else { return Err(refused()) };
            function.params.args = function.params.args.into_iter().map(&mut below).collect();
            function.params.filter = function.params.filter.map(|filter| Box::new(below(*filter)));
            calls.push(function);
        }
        let asked = with_columns(inner.plan, computed)?;
        let conditions = inner.conditions.into_iter().map(|condition| Ok(joinable(of_here(condition)?)));
        let mut conditions = conditions.collect::<Result<Vec<_>>>()?;
        if conditions.is_empty() {
            conditions.push(lit(true));
        }
        let joined = LogicalPlanBuilder::from(numbered).join_on(asked, JoinType::Left, conditions)?.build()?;

        let mut known: Vec<(Column, Expr)> = Vec::new();
        let mut aggregates = Vec::new();
        for (mut function, column) in calls.into_iter().zip(aggregate.schema.columns()) {
            let filter = function.params.filter.take();
            let filter = filter.map_or_else(|| named(&matched), |filter| named(&matched).and(*filter));
            function.params.filter = Some(Box::new(filter));
            let symbol = self.symbol("fact");
            aggregates.push(of_here(Expr::AggregateFunction(function))?.alias(&symbol));
            known.push((column, named(&symbol)));
        }
        let kept: Vec<(Column, String)> = around.into_iter().map(|column| (column, self.symbol("kept"))).collect();
        let keep =
            |(column, symbol): &(Column, String)| first_value(Expr::Column(column.clone()), Vec::new()).alias(symbol);
        aggregates.extend(kept.iter().map(keep));
        let again = LogicalPlanBuilder::from(joined).aggregate([named(&number)], aggregates)?;
        let columns = kept
            .iter()
            .map(|(column, symbol)| named(symbol).alias_qualified(column.relation.clone(), &column.name))
            .chain(known.iter().map(|(_, fact)| fact.clone()));
        let again = again.project(columns.collect::<Vec<_>>())?.build()?;

        let last = subquery.schema().columns().swap_remove(0);
        let value = above.get(&last).cloned().unwrap_or(Expr::Column(last));
        let fact = |part: &Expr| Some(known.iter().find(|(column, _)| part.try_as_col() == Some(column))?.1.clone());
        let value = replaced(of_here(value)?, fact)?;
        let symbol = self.symbol("value");
        Ok((with_columns(again, vec![value.alias(&symbol)])?, Column::from_name(symbol)))
    }
}

/// A plan without the conditions that read the query around, and those conditions.
struct Lifted {
    plan: LogicalPlan,
    conditions: Vec<Expr>,
}

fn lifted(plan: &LogicalPlan) -> Option<Lifted> {
    if plan.all_out_ref_exprs().is_empty() {
        return Some(Lifted { plan: plan.clone(), conditions: Vec::new() });
    }
    match plan {
        LogicalPlan::Filter(filter) => {
            let Lifted { plan, mut conditions } = lifted(&filter.input)?;
            let (around, own): (Vec<_>, Vec<_>) = split_conjunction_owned(filter.predicate.clone())
                .into_iter()
                .partition(|part| reads_around(part, &[&plan]));
            if around.iter().any(asks) {
                return None;
            }
            conditions.extend(around);
            let plan = match datafusion::logical_expr::utils::conjunction(own) {
                Some(own) => LogicalPlan::Filter(Filter::try_new(own, plan.into()).ok()?),
                None => plan,
            };
            Some(Lifted { plan, conditions })
        }
        LogicalPlan::Projection(projection) => {
            let Lifted { plan, conditions } = lifted(&projection.input)?;
            if projection.expr.iter().any(|expr| reads_around(expr, &[&plan])) {
                return None;
            }
            let mut exprs = projection.expr.clone();
            for column in conditions.iter().flat_map(Expr::column_refs) {
                let column = Expr::Column(column.clone());
                if !exprs.contains(&column) {
                    exprs.push(column);
                }
            }
            let plan = LogicalPlanBuilder::from(plan).project(exprs).ok()?.build().ok()?;
            Some(Lifted { plan, conditions })
        }
        LogicalPlan::Sort(sort) if sort.fetch.is_none() => lifted(&sort.input),
        LogicalPlan::Join(join) => {
            let (left, right) = (lifted(&join.left)?, lifted(&join.right)?);
            let is_plain = !plan.expressions().iter().any(|expr| reads_around(expr, &plan.inputs()));
            let comes_apart = match join.join_type {
                JoinType::Inner => true,
                JoinType::Left | JoinType::LeftSemi | JoinType::LeftAnti => right.conditions.is_empty(),
                _ => false,
            };
            if !is_plain || !comes_apart {
                return None;
            }
            let inputs = vec![left.plan, right.plan];
            let plan = plan.with_new_exprs(plan.expressions(), inputs).ok()?;
            Some(Lifted { plan, conditions: [left.conditions, right.conditions].concat() })
        }
        _ => None,
    }
}

/// Whether an expression over the rows of some plans reads the query around them, by itself or in a subquery of its own.
fn reads_around(expr: &Expr, inputs: &[&LogicalPlan]) -> bool {
    let is_own = |outer: &Expr| match outer {
        Expr::OuterReferenceColumn(_, column) => inputs.iter().any(|input| input.schema().has_column(column)),
        _ => false,
    };
    let asks_around = expr.exists(|part| {
        let subquery = match part {
            Expr::ScalarSubquery(subquery) => subquery,
            Expr::Exists(exists) => &exists.subquery,
            Expr::InSubquery(item) => &item.subquery,
            _ => return Ok(false),
        };
        Ok(!subquery.outer_ref_columns.iter().all(is_own))
    });
    expr.contains_outer() || asks_around.unwrap_or(true)
}

/// An expression of a subquery where the columns of the query around are its own.
fn of_here(expr: Expr) -> Result<Expr> {
    replaced(expr, |part| match part {
        Expr::OuterReferenceColumn(_, column) => Some(Expr::Column(column.clone())),
        _ => None,
    })
}

/// Whether a subquery is ours to take apart.
fn is_own(plan: &LogicalPlan) -> bool {
    !is_for_the_engine(plan) && peeled(plan).is_some_and(|(aggregate, _)| lifted(&aggregate.input).is_some())
}

/// Whether the engine takes a subquery apart: it groups the rows by columns that equal something of the query around.
fn is_for_the_engine(plan: &LogicalPlan) -> bool {
    if plan.all_out_ref_exprs().is_empty() {
        return true;
    }
    let mut by_keys = true;
    let walked = plan.apply(|node| {
        by_keys &= match node {
            LogicalPlan::Filter(filter) => {
                let parts = split_conjunction_owned(filter.predicate.clone());
                parts.iter().all(|part| !reads_around(part, &[&filter.input]) || is_key(part))
            }
            other => !other.expressions().iter().any(|expr| reads_around(expr, &other.inputs())),
        };
        Ok(if by_keys { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    });
    walked.is_ok() && by_keys
}

fn is_key(condition: &Expr) -> bool {
    let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = condition else { return false };
    let is_side = |inner: &Expr, outer: &Expr| {
        matches!(inner, Expr::Column(_)) && outer.contains_outer() && outer.column_refs().is_empty() && !asks(outer)
    };
    is_side(left, right) || is_side(right, left)
}
