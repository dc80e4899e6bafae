//! Queries within expressions.

use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, ScalarValue};
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::expr::{Exists, InSubquery};
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, LogicalPlanBuilder, Operator, lit, when};
use sqlparser::ast::{BinaryOperator, Expr as Ast, Query};

use super::aggregation::aggregated;
use super::correlated::{Use, checked, is_aggregated};
use super::expression::boolean;
use super::literal::constant;
use super::random::{draws, gives_random_values};
use super::scope::{Relation, Scope};
use super::{Analyzer, Typed, place, with_columns};
use crate::call::Kernel;
use crate::coercion::common_type;
use crate::comparison::{self, Comparison};
use crate::error::{Code, Error, Result};
use crate::functions::{known_row_kernel, never_kernel, nullable_kernel, single_kernel, whole_row_kernel};
use crate::types::Type;
use crate::udf::Udf;
use crate::value::Value;

/// Steps of a plan, times how often it stands in another.
const MOST_STEPS: usize = 3_000;

impl Analyzer<'_> {
    /// An expression of the query around, as a subquery names its columns.
    fn as_outer(&self, expr: Expr) -> Result<Expr> {
        let outer = expr.transform(|part| {
            let Expr::Column(column) = &part else { return Ok(Transformed::no(part)) };
            let stored = self.stored.borrow().get(&part).cloned();
            let of = stored.map_or_else(|| self.type_of_leaf(&part).map(|of| of.arrow()), Ok)?;
            let field = Field::new(&column.name, of, true);
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
            _ => Err(Error::not_here("A subquery of several columns as a value").at(place(query))),
        }
    }

    pub(super) fn scalar_subquery(&self, query: &Query, scope: &Scope<'_>) -> Result<Typed> {
        let (plan, column) = self.one_column(query, scope)?;
        if gives_random_values(&plan)? {
            return Err(Error::not_here("A random value of a subquery"));
        }
        if is_aggregated(&plan) {
            return self.of_all_rows(plan, column);
        }
        self.copies_of(&plan, 2)?;
        if plan.all_out_ref_exprs().is_empty() {
            // The engine counts the rows when it runs; without one the value is null.
            let nullable = Udf::new("nullable", nullable_kernel, vec![column.of.clone()], column.of.clone());
            let value = nullable.on(vec![column.expr.clone()]).alias(self.symbol("value"));
            return self.value_of(LogicalPlanBuilder::from(plan).project([value])?.build()?, column.of);
        }
        // The check stands above the engine's join: below, keys that no row asks for would be looked at.
        let (rows, first) = (self.symbol("rows"), self.symbol("first"));
        let keys: [Expr; 0] = [];
        let any = datafusion::functions_aggregate::expr_fn::first_value(column.expr.clone(), Vec::new());
        let plan = LogicalPlanBuilder::from(plan)
            .aggregate(keys, [count(lit(1i64)).alias(&rows), any.alias(&first)])?
            .build()?;
        let named = |name: &str| Expr::Column(Column::from_name(name));
        let counted =
            self.row(vec![Typed::new(named(&rows), Type::Bigint), Typed::new(named(&first), column.of.clone())])?;
        let plan = LogicalPlanBuilder::from(plan).project([counted.expr.alias(self.symbol("value"))])?.build()?;
        let single = Udf::new("single", single_kernel, vec![counted.of.clone()], column.of.clone());
        let single = Udf { strict: false, ..single }.on(vec![self.value_of(plan, counted.of)?.expr]);
        Ok(Typed::new(single, column.of))
    }

    /// Trino looks whether a subquery has one row before it evaluates what reads its value, also where a condition leaves
    /// that out.
    pub(super) fn with_singles(&self, value: Typed) -> Result<Typed> {
        let is_conditional = value.expr.exists(|part| {
            Ok(match part {
                Expr::Case(_) => true,
                Expr::BinaryExpr(BinaryExpr { op, .. }) => matches!(op, Operator::And | Operator::Or),
                _ => false,
            })
        })?;
        let (mut singles, mut types) = (Vec::new(), Vec::new());
        value.expr.apply(|part| {
            Ok(match part {
                Expr::AggregateFunction(_) | Expr::WindowFunction(_) => TreeNodeRecursion::Jump,
                Expr::ScalarFunction(call) if is_conditional && call.name() == "single" => {
                    if let Some(udf) = call.func.inner().downcast_ref::<Udf>() {
                        types.push(udf.returns.clone());
                        singles.push(part.clone());
                    }
                    TreeNodeRecursion::Jump
                }
                _ => TreeNodeRecursion::Continue,
            })
        })?;
        if singles.is_empty() {
            return Ok(value);
        }
        let udf = Udf { strict: false, ..Udf::new("never", never_kernel, types, Type::Boolean) };
        self.choose(vec![udf.on(singles)], vec![constant(Value::Null, Type::Unknown)?, value])
    }

    /// A plan that will stand so many times, as part of a plan that may stand many times itself.
    fn copies_of(&self, plan: &LogicalPlan, times: usize) -> Result<()> {
        if times > 2 && draws(plan)? {
            return Err(Error::not_here("IN, ANY and ALL of a random query outside a filter"));
        }
        let mut left = MOST_STEPS / times;
        plan.apply_with_subqueries(|_| {
            left = left.saturating_sub(1);
            Ok(if left == 0 { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
        })?;
        if left == 0 { Err(Error::too_complex("What these subqueries do within each other")) } else { Ok(()) }
    }

    /// `EXISTS` and `IN` of a query where the engine plans only scalar subqueries: anywhere but in a filter.
    pub(super) fn without_predicates(&self, expr: Expr) -> Result<Expr> {
        let counted = |plan: LogicalPlan, of: Expr| -> datafusion::common::Result<Expr> {
            let keys: [Expr; 0] = [];
            let plan =
                LogicalPlanBuilder::from(plan).aggregate(keys, [count(of).alias(self.symbol("count"))])?.build()?;
            Ok(self.value_of(plan, Type::Bigint)?.expr)
        };
        let rewritten = expr.transform_up(|part| {
            Ok(match part {
                Expr::Exists(exists) => {
                    let rows = counted(exists.subquery.subquery.as_ref().clone(), lit(1i64))?;
                    Transformed::yes(if exists.negated { rows.eq(lit(0i64)) } else { rows.gt(lit(0i64)) })
                }
                Expr::InSubquery(InSubquery { expr: value, subquery, negated }) => {
                    let plan = subquery.subquery.as_ref().clone();
                    self.copies_of(&plan, 3)?;
                    let item = Expr::Column(plan.schema().columns().swap_remove(0));
                    let equal = item.clone().eq(self.as_outer(value.as_ref().clone())?);
                    let equal = LogicalPlanBuilder::from(plan.clone()).filter(equal)?.build()?;
                    if is_known_row(&value) {
                        let found = counted(equal, lit(1i64))?;
                        return Ok(Transformed::yes(if negated { found.eq(lit(0i64)) } else { found.gt(lit(0i64)) }));
                    }
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

    /// A condition of a filter. The engine plans `IN` of a query there, but not everywhere in it, and not with every
    /// null: what it would get wrong is counted instead.
    pub(super) fn in_filter(&self, condition: Expr) -> Result<Expr> {
        let conditions = split_conjunction_owned(condition).into_iter().map(|condition| match &condition {
            Expr::InSubquery(InSubquery { expr: value, subquery, negated }) => {
                let is_correlated = !subquery.subquery.all_out_ref_exprs().is_empty();
                if *negated {
                    let is_sure = !is_correlated && !value.column_refs().is_empty() && !is_known_row(value);
                    return if is_sure { Ok(condition) } else { self.without_predicates(condition) };
                }
                // Trino joins there, and nothing with NaN or null within is another: elsewhere it is.
                let (value, of) = match (comparison::identified(value), subquery.subquery.schema().field(0).data_type())
                {
                    (Some((values, of)), _) => (values, of),
                    (None, DataType::Float64) => (value.as_ref(), &Type::Double),
                    (None, DataType::Float32) => (value.as_ref(), &Type::Real),
                    (None, _) => return Ok(condition),
                };
                let is_itself = comparison::expression(value.clone(), Comparison::Equal, value.clone(), of)?;
                Ok(condition.and(is_itself))
            }
            Expr::Exists(_) => Ok(condition),
            _ => self.without_predicates(condition),
        });
        let conditions = conditions.collect::<Result<Vec<_>>>()?;
        Ok(conjunction(conditions).unwrap_or_else(|| lit(true)))
    }

    /// The rows for which a condition holds. A part of it that reads no column decides about all rows alike: the engine
    /// would evaluate it before an aggregation below, which has a row of no rows, too.
    pub(super) fn filtered(&self, plan: LogicalPlan, condition: Expr) -> Result<LogicalPlan> {
        let (plan, mut condition) = self.joined_with_values(plan, vec![condition])?;
        let condition = condition.swap_remove(0);
        let reads = |part: &Expr| {
            part.exists(|part| {
                Ok(match part {
                    Expr::ScalarSubquery(subquery) => !subquery.outer_ref_columns.is_empty(),
                    Expr::Column(_) | Expr::OuterReferenceColumn(..) | Expr::InSubquery(_) | Expr::Exists(_) => true,
                    _ => false,
                })
            })
        };
        let has_value = |part: &Expr| part.exists(|part| Ok(matches!(part, Expr::ScalarSubquery(_))));
        let (mut of_rows, mut of_all) = (Vec::new(), Vec::new());
        for part in split_conjunction_owned(condition) {
            if has_value(&part)? && !reads(&part)? { of_all.push(part) } else { of_rows.push(part) }
        }
        let mut plan = LogicalPlanBuilder::from(plan);
        if let Some(of_all) = conjunction(of_all) {
            let all = LogicalPlanBuilder::empty(true).project([lit(true).alias(self.symbol("all"))])?;
            plan = plan.cross_join(all.filter(of_all)?.build()?)?;
        }
        if let Some(of_rows) = conjunction(of_rows) {
            plan = plan.filter(of_rows)?;
        }
        Ok(plan.build()?)
    }

    /// The same filter, with what a correlated condition makes of the rows below as columns of theirs: the engine groups
    /// by columns when it takes such a condition out of an aggregation.
    pub(super) fn correlated_by_columns(&self, plan: LogicalPlan, condition: Expr) -> Result<(LogicalPlan, Expr)> {
        if !condition.contains_outer() {
            return Ok((plan, condition));
        }
        let mut computed = Vec::new();
        let conditions = split_conjunction_owned(condition).into_iter().map(|condition| match condition {
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right })
                if left.contains_outer() != right.contains_outer() =>
            {
                let mut column = |side: Expr| {
                    if side.contains_outer() || side.column_refs().is_empty() || matches!(side, Expr::Column(_)) {
                        return side;
                    }
                    let symbol = self.symbol("k");
                    computed.push(side.alias(&symbol));
                    Expr::Column(Column::from_name(symbol))
                };
                Expr::BinaryExpr(BinaryExpr::new(Box::new(column(*left)), Operator::Eq, Box::new(column(*right))))
            }
            other => other,
        });
        let condition = conjunction(conditions).unwrap_or_else(|| lit(true));
        Ok((with_columns(plan, computed)?, condition))
    }

    pub(super) fn exists(&self, query: &Query, negated: bool, scope: &Scope<'_>) -> Result<Typed> {
        let relation = self.inner_query(query, scope)?;
        if is_aggregated(&relation.plan) {
            return Ok(boolean(lit(!negated)));
        }
        Ok(self.leaf(Expr::Exists(Exists::new(checked(relation.plan, Use::Exists)?, negated)), Type::Boolean))
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
        if is_aggregated(&plan) {
            // Its one row is there for every row of the query around.
            let item = self.of_all_rows(plan, column)?;
            let comparison = if negated { Comparison::NotEqual } else { Comparison::Equal };
            return Ok(boolean(self.compare(value, comparison, item)?));
        }
        let plan = if column.of == of && comparison::is_native(&of) {
            plan
        } else {
            let item = self.coerce(column, &of)?;
            let item = if comparison::is_native(&of) { item } else { comparison::identity_key(item, &of) };
            LogicalPlanBuilder::from(plan).project([item.alias(self.symbol("item"))])?.build()?
        };
        let value = self.coerce(value, &of)?;
        let value = if comparison::is_native(&of) { value } else { comparison::identity_key(value, &of) };
        let subquery = checked(plan, Use::Rows)?;
        Ok(self.leaf(Expr::InSubquery(InSubquery::new(Box::new(value), subquery, negated)), Type::Boolean))
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
                .ok_or_else(|| Error::not_here(format!("IN for rows of {} and {}", part.of, item.of)))?;
            parts.push(self.coerce(part, &common)?);
            items.push(self.coerce(item, &common)?);
            types.push(common);
        }
        let of = Type::row(types.clone());
        let is_written = matches!(&row.expr, Expr::ScalarFunction(call) if call.name() == "row");
        let (name, kernel) = match is_written {
            true => (KNOWN_ROW, known_row_kernel as Kernel),
            false => ("whole_row", whole_row_kernel as Kernel),
        };
        let whole = |parts: Vec<Expr>| {
            let udf = Udf { strict: false, ..Udf::new(name, kernel, types.clone(), of.clone()) };
            udf.on(parts)
        };
        let item = whole(items).alias(self.symbol("item"));
        let plan = LogicalPlanBuilder::from(relation.plan).project([item])?.build()?;
        let value = Box::new(whole(parts));
        let subquery = checked(plan, Use::Rows)?;
        Ok(self.leaf(Expr::InSubquery(InSubquery::new(value, subquery, negated)), Type::Boolean))
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
        self.copies_of(&plan, 7)?;
        if matches!(value.of, Type::Row(_)) || matches!(column.of, Type::Row(_)) {
            return Err(Error::not_here("A row compared with ANY or ALL"));
        }
        let Some(of) = common_type(&value.of, &column.of) else {
            return Err(Error::type_mismatch(format!(
                "Cannot apply operator: {} {} {}",
                value.of,
                comparison.sign(),
                column.of
            )));
        };
        if !of.is_orderable() {
            return Err(Error::new(Code::GenericInternalError, "Subquery result type must be orderable"));
        }
        let (mut value, mut item) = (self.coerce(value, &of)?, self.coerce(column, &of)?);
        let mut of = of;
        if matches!(of, Type::Char(_)) {
            (value, item) = (comparison::sort_key(value, &of), comparison::sort_key(item, &of));
            of = comparison::sort_type(&of);
        }
        let item = Typed::new(item, of.clone());
        // Over the items: all of them, those that are not null, the least and the greatest.
        let fact = |expr: Expr, of: Type| -> Result<Typed> {
            let aggregate: [Expr; 0] = [];
            let plan = LogicalPlanBuilder::from(plan.clone())
                .aggregate(aggregate, [expr.alias(self.symbol("fact"))])?
                .build()?;
            self.value_of(plan, of)
        };
        let rows = fact(count(lit(1i64)), Type::Bigint)?;
        let known = fact(count(item.expr.clone()), Type::Bigint)?;
        // Trino's own idea of them: NaN is neither.
        let least = fact(aggregated("min", &item)?, of.clone())?;
        let greatest = fact(aggregated("max", &item)?, of.clone())?;
        let holds = |bound: &Typed| comparison::expression(value.clone(), comparison, bound.expr.clone(), &of);
        let same = comparison::expression(least.expr.clone(), Comparison::Equal, greatest.expr.clone(), &of)?;
        let holds_for_all = match comparison {
            Comparison::Less | Comparison::LessOrEqual => holds(&least)?,
            Comparison::Greater | Comparison::GreaterOrEqual => holds(&greatest)?,
            // Where the items differ, no value is all of them, and null is none either.
            _ => same.clone().and(holds(&greatest)?),
        };
        let holds_for_any = match comparison {
            Comparison::Less | Comparison::LessOrEqual => holds(&greatest)?,
            Comparison::Greater | Comparison::GreaterOrEqual => holds(&least)?,
            _ => Expr::Not(Box::new(same)).or(holds(&greatest)?),
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

/// Whether a subquery stands in an expression.
pub(super) fn asks(expr: &Expr) -> bool {
    expr.exists(|part| Ok(matches!(part, Expr::ScalarSubquery(_) | Expr::Exists(_) | Expr::InSubquery(_))))
        .unwrap_or(true)
}

/// Whether the one row of a subquery is counted in an expression.
pub(super) fn reads_single(expr: &Expr) -> bool {
    expr.exists(|part| Ok(matches!(part, Expr::ScalarFunction(call) if call.name() == "single"))).unwrap_or(true)
}

/// Of a row that is written out, which is no null itself: where it holds one, it is in no query.
fn is_known_row(value: &Expr) -> bool {
    matches!(value, Expr::ScalarFunction(call) if call.name() == KNOWN_ROW)
}

const KNOWN_ROW: &str = "known_row";
