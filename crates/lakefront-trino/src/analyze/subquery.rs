//! Queries within expressions.

use std::sync::Arc;

use datafusion::arrow::datatypes::Field;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, ScalarValue, Spans};
use datafusion::functions_aggregate::expr_fn::{count, max, min};
use datafusion::logical_expr::expr::{Exists, InSubquery};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, Subquery, lit, when};
use sqlparser::ast::{BinaryOperator, Expr as Ast, Query};

use super::expression::boolean;
use super::literal::constant;
use super::scope::{Relation, Scope};
use super::{Analyzer, Typed, place};
use crate::coercion::common_type;
use crate::comparison::{self, Comparison};
use crate::error::{Code, Error, Result};
use crate::functions::{nullable_kernel, single_kernel, whole_row_kernel};
use crate::types::Type;
use crate::udf::Udf;
use crate::value::Value;

/// Whether a plan has one row whatever there is to read.
fn is_aggregated(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        LogicalPlan::Projection(projection) => is_aggregated(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => is_aggregated(&alias.input),
        LogicalPlan::Sort(sort) => is_aggregated(&sort.input),
        _ => false,
    }
}

fn subquery(plan: LogicalPlan) -> Subquery {
    let outer_ref_columns = plan.all_out_ref_exprs();
    Subquery { subquery: Arc::new(plan), outer_ref_columns, spans: Spans::new() }
}

impl Analyzer<'_> {
    /// An expression of the query around, as a subquery names its columns.
    fn as_outer(&self, expr: Expr) -> Result<Expr> {
        let outer = expr.transform(|part| {
            let Expr::Column(column) = &part else { return Ok(Transformed::no(part)) };
            let of = self.type_of_leaf(&part)?;
            let field = Field::new(&column.name, of.arrow(), true);
            Ok(Transformed::yes(Expr::OuterReferenceColumn(field.into(), column.clone())))
        })?;
        Ok(outer.data)
    }

    fn inner_query(&self, query: &Query, scope: &Scope<'_>) -> Result<Relation> {
        self.query(query, &Scope::inner(scope, true))
    }

    /// A subquery of one column, and that column.
    fn one_column(&self, query: &Query, scope: &Scope<'_>) -> Result<(LogicalPlan, Typed)> {
        let relation = self.inner_query(query, scope)?;
        match relation.fields.as_slice() {
            [field] => {
                let column = self.column(field.column.clone(), field.of.clone());
                Ok((relation.plan, column))
            }
            fields => Err(Error::new(
                Code::NotSupported,
                format!("Multiple columns returned by subquery are not yet supported. Found {}", fields.len()),
            )
            .at(place(query))),
        }
    }

    pub(super) fn scalar_subquery(&self, query: &Query, scope: &Scope<'_>) -> Result<Typed> {
        let (plan, column) = self.one_column(query, scope)?;
        let plan = self.single_row(plan, &column)?;
        Ok(self.leaf(Expr::ScalarSubquery(subquery(plan)), column.of))
    }

    /// A plan that the engine takes for one of at most one row.
    fn single_row(&self, plan: LogicalPlan, column: &Typed) -> Result<LogicalPlan> {
        if is_aggregated(&plan) {
            return Ok(plan);
        }
        if plan.all_out_ref_exprs().is_empty() {
            // The engine counts the rows when it runs; without one the value is null.
            let nullable = Udf::new("nullable", nullable_kernel, vec![column.of.clone()], column.of.clone());
            let value = nullable.on(vec![column.expr.clone()]).alias(self.symbol("value"));
            return Ok(LogicalPlanBuilder::from(plan).project([value])?.build()?);
        }
        let (rows, first) = (self.symbol("rows"), self.symbol("first"));
        let keys: [Expr; 0] = [];
        let any = datafusion::functions_aggregate::expr_fn::first_value(column.expr.clone(), Vec::new());
        let plan = LogicalPlanBuilder::from(plan)
            .aggregate(keys, [count(lit(1i64)).alias(&rows), any.alias(&first)])?
            .build()?;
        let named = |name: &str| Expr::Column(Column::from_name(name));
        let types = vec![Type::Bigint, column.of.clone()];
        let single = Udf { strict: false, ..Udf::new("single", single_kernel, types, column.of.clone()) };
        let value = single.on(vec![named(&rows), named(&first)]).alias(self.symbol("value"));
        Ok(LogicalPlanBuilder::from(plan).project([value])?.build()?)
    }

    /// `EXISTS` and `IN` of a query where the engine plans only scalar subqueries: anywhere but in a filter.
    pub(super) fn without_predicates(&self, expr: Expr) -> Result<Expr> {
        let counted = |plan: LogicalPlan, of: Expr| -> datafusion::common::Result<Expr> {
            let keys: [Expr; 0] = [];
            let plan =
                LogicalPlanBuilder::from(plan).aggregate(keys, [count(of).alias(self.symbol("count"))])?.build()?;
            Ok(self.leaf(Expr::ScalarSubquery(subquery(plan)), Type::Bigint).expr)
        };
        let rewritten = expr.transform_up(|part| {
            Ok(match part {
                Expr::Exists(exists) => {
                    let rows = counted(exists.subquery.subquery.as_ref().clone(), lit(1i64))?;
                    Transformed::yes(if exists.negated { rows.eq(lit(0i64)) } else { rows.gt(lit(0i64)) })
                }
                Expr::InSubquery(InSubquery { expr: value, subquery, negated }) => {
                    let plan = subquery.subquery.as_ref().clone();
                    let item = Expr::Column(plan.schema().columns().swap_remove(0));
                    let equal = item.clone().eq(self.as_outer(value.as_ref().clone())?);
                    let equal = LogicalPlanBuilder::from(plan.clone()).filter(equal)?.build()?;
                    let rows = counted(plan.clone(), lit(1i64))?;
                    let known = counted(plan, item)?;
                    let found = counted(equal, lit(1i64))?;
                    let null = Expr::Literal(ScalarValue::Boolean(None), None);
                    let case = when(rows.clone().eq(lit(0i64)), lit(negated))
                        .when(Expr::IsNull(value), null.clone())
                        .when(found.gt(lit(0i64)), lit(!negated))
                        .when(known.lt(rows), null)
                        .otherwise(lit(negated))?;
                    Transformed::yes(case)
                }
                other => Transformed::no(other),
            })
        })?;
        Ok(rewritten.data)
    }

    pub(super) fn exists(&self, query: &Query, negated: bool, scope: &Scope<'_>) -> Result<Typed> {
        let relation = self.inner_query(query, scope)?;
        Ok(self.leaf(Expr::Exists(Exists::new(subquery(relation.plan), negated)), Type::Boolean))
    }

    pub(super) fn in_subquery(&self, ast: &Ast, query: &Query, negated: bool, scope: &Scope<'_>) -> Result<Typed> {
        let value = self.expression(ast, scope)?;
        if let Type::Row(fields) = &value.of {
            let fields = fields.clone();
            return self.row_in_subquery(value, &fields, query, negated, scope);
        }
        let (plan, column) = self.one_column(query, scope)?;
        let Some(of) = common_type(&value.of, &column.of) else {
            let message = format!(
                "Value expression and result of subquery must be of the same type for IN: {} vs {}",
                value.of, column.of
            );
            return Err(Error::type_mismatch(message).at(place(ast)));
        };
        let plan = if column.of == of && comparison::is_native(&of) {
            plan
        } else {
            let item = comparison::sort_key(self.coerce(column, &of)?, &of);
            LogicalPlanBuilder::from(plan).project([item.alias(self.symbol("item"))])?.build()?
        };
        let value = comparison::sort_key(self.coerce(value, &of)?, &of);
        Ok(self.leaf(Expr::InSubquery(InSubquery::new(Box::new(value), subquery(plan), negated)), Type::Boolean))
    }

    /// `ROW(a, b) IN (query of two columns)`
    fn row_in_subquery(
        &self,
        row: Typed,
        fields: &[(Option<String>, Type)],
        query: &Query,
        negated: bool,
        scope: &Scope<'_>,
    ) -> Result<Typed> {
        let relation = self.inner_query(query, scope)?;
        if relation.fields.len() != fields.len() {
            return Err(Error::type_mismatch(format!(
                "The row has {} fields and the subquery {} columns",
                fields.len(),
                relation.fields.len()
            )));
        }
        let mut parts = Vec::with_capacity(fields.len());
        let mut items = Vec::with_capacity(fields.len());
        let mut types = Vec::with_capacity(fields.len());
        for (at, (field, (_, of))) in relation.fields.iter().zip(fields).enumerate() {
            let part = self.field_at(row.clone(), at, of.clone())?;
            let item = self.column(field.column.clone(), field.of.clone());
            let common = common_type(&part.of, &item.of)
                .filter(comparison::is_native)
                .ok_or_else(|| Error::type_mismatch(format!("Cannot compare rows of {} and {}", part.of, item.of)))?;
            parts.push(self.coerce(part, &common)?);
            items.push(self.coerce(item, &common)?);
            types.push(common);
        }
        let of = Type::row(types.clone());
        let whole = |parts: Vec<Expr>| {
            let udf = Udf { strict: false, ..Udf::new("whole_row", whole_row_kernel, types.clone(), of.clone()) };
            udf.on(parts)
        };
        let item = whole(items).alias(self.symbol("item"));
        let plan = LogicalPlanBuilder::from(relation.plan).project([item])?.build()?;
        let value = Box::new(whole(parts));
        Ok(self.leaf(Expr::InSubquery(InSubquery::new(value, subquery(plan), negated)), Type::Boolean))
    }

    /// `value op ANY (query)`, `value op ALL (query)`
    pub(super) fn quantified(
        &self,
        left: &Ast,
        op: &BinaryOperator,
        right: &Ast,
        all: bool,
        scope: &Scope<'_>,
    ) -> Result<Typed> {
        let query = match right {
            Ast::Subquery(query) => query,
            Ast::Nested(inner) => match inner.as_ref() {
                Ast::Subquery(query) => query,
                _ => return Err(Error::new(Code::SyntaxError, "ANY and ALL take a subquery")),
            },
            _ => return Err(Error::new(Code::SyntaxError, "ANY and ALL take a subquery")),
        };
        let comparison = Comparison::of(op)
            .ok_or_else(|| Error::new(Code::SyntaxError, format!("{op} can't be used with ANY and ALL")))?;
        match (comparison, all) {
            (Comparison::Equal, false) => return self.in_subquery(left, query, false, scope),
            (Comparison::NotEqual, true) => return self.in_subquery(left, query, true, scope),
            _ => {}
        }
        let value = self.expression(left, scope)?;
        let (plan, column) = self.one_column(query, scope)?;
        let Some(of) = common_type(&value.of, &column.of).filter(Type::is_orderable) else {
            return Err(Error::type_mismatch(format!(
                "Cannot apply operator: {} {} {}",
                value.of,
                comparison.sign(),
                column.of
            )));
        };
        let value = comparison::sort_key(self.coerce(value, &of)?, &of);
        let item = comparison::sort_key(self.coerce(column, &of)?, &of);
        let of = match of {
            Type::TimestampTz(_) => Type::decimal(38, 0),
            Type::TimeTz(_) => Type::Bigint,
            other => other,
        };
        // Over the items: all of them, those that are not null, the least and the greatest.
        let fact = |expr: Expr| -> Result<Expr> {
            let aggregate: [Expr; 0] = [];
            let plan = LogicalPlanBuilder::from(plan.clone())
                .aggregate(aggregate, [expr.alias(self.symbol("fact"))])?
                .build()?;
            Ok(Expr::ScalarSubquery(subquery(plan)))
        };
        let rows = self.leaf(fact(count(lit(1i64)))?, Type::Bigint);
        let known = self.leaf(fact(count(item.clone()))?, Type::Bigint);
        let least = self.leaf(fact(min(item.clone()))?, of.clone());
        let greatest = self.leaf(fact(max(item))?, of.clone());
        let holds = |bound: &Typed| comparison::expression(value.clone(), comparison, bound.expr.clone(), &of);
        let holds_for_all = match comparison {
            Comparison::Less | Comparison::LessOrEqual => holds(&least)?,
            Comparison::Greater | Comparison::GreaterOrEqual => holds(&greatest)?,
            _ => holds(&least)?.and(holds(&greatest)?),
        };
        let holds_for_any = match comparison {
            Comparison::Less | Comparison::LessOrEqual => holds(&greatest)?,
            Comparison::Greater | Comparison::GreaterOrEqual => holds(&least)?,
            _ => holds(&least)?.or(holds(&greatest)?),
        };
        let null = || constant(Value::Null, Type::Boolean);
        let (decided, otherwise) = if all { (holds_for_all, false) } else { (holds_for_any, true) };
        let whens = vec![
            rows.expr.clone().eq(lit(0i64)),
            if otherwise { decided.clone() } else { Expr::Not(Box::new(decided.clone())) },
            known.expr.eq(rows.expr),
        ];
        let results = vec![boolean(lit(all)), boolean(lit(!all)), boolean(decided), null()?];
        self.choose(whens, results)
    }
}
