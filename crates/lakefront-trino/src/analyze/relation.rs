//! What stands after `FROM`.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::common::{Column, JoinType, ScalarValue, TableReference};
use datafusion::functions_table::generate_series::{GenSeriesArgs, GenerateSeriesTable};
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use sqlparser::ast::{
    FunctionArg, FunctionArgExpr, GroupByExpr, Ident, Join, JoinConstraint, JoinOperator, ObjectName, SelectItem,
    SetExpr, TableAlias, TableFactor, TableFunctionArgs, TableSample, TableSampleKind, TableSampleMethod,
    TableWithJoins,
};

use super::scope::{Field, Named, Relation, Scope};
use super::subquery::asks;
use super::{Analyzer, Typed, correlated, folded, place, with_columns};
use crate::comparison::{Comparison, joinable};
use crate::error::{Code, Error, Result};
use crate::ingest;
use crate::limits::MAX_JOINS;
use crate::types::Type;

/// The one function that can stand in place of a table.
pub(crate) const TABLE_FUNCTION: &str = "generate_series";

impl Analyzer<'_> {
    /// All that a `FROM` lists, side by side.
    pub(super) fn from(&self, from: &[TableWithJoins], scope: &Scope<'_>) -> Result<Relation> {
        if from.len() > MAX_JOINS {
            return Err(Error::too_complex(format!("A FROM of {} tables", from.len())));
        }
        let mut all: Option<Relation> = None;
        for listed in from {
            all = Some(match all {
                None => self.joined(listed, scope)?,
                Some(before) => self.listed(before, listed, scope)?,
            });
        }
        match all {
            Some(relation) => Ok(relation),
            None => Ok(Relation { plan: LogicalPlanBuilder::empty(true).build()?, fields: Vec::new() }),
        }
    }

    /// A comma is a cross join with all that is joined after it.
    fn listed(&self, before: Relation, listed: &TableWithJoins, scope: &Scope<'_>) -> Result<Relation> {
        if listed.joins.is_empty() {
            return self.cross(before, &listed.relation, scope);
        }
        let reads_before = |factor: &TableFactor| {
            matches!(factor, TableFactor::UNNEST { .. } | TableFactor::Derived { lateral: true, .. })
        };
        if reads_before(&listed.relation) {
            let construct = "A join with what may read the tables before the comma";
            return Err(Error::not_here(construct).at(place(&listed.relation)));
        }
        let right = self.joined(listed, scope)?;
        side_by_side(before, right)
    }

    fn joined(&self, listed: &TableWithJoins, scope: &Scope<'_>) -> Result<Relation> {
        let mut relation = self.factor(&listed.relation, scope)?;
        for join in &listed.joins {
            relation = self.join(relation, join, scope)?;
        }
        Ok(relation)
    }

    pub(super) fn factor(&self, factor: &TableFactor, scope: &Scope<'_>) -> Result<Relation> {
        match factor {
            TableFactor::Table { name, alias, args: None, sample, version: None, .. } => {
                let relation = self.table(name, scope)?;
                aliased(self.sampled(relation, sample.as_ref(), scope)?, alias.as_ref())
            }
            TableFactor::Table { name, alias, args: Some(arguments), sample: None, version: None, .. } => {
                let relation = self.table_function(name, arguments, scope)?;
                aliased(relation, alias.as_ref())
            }
            TableFactor::Derived { subquery, alias, sample, lateral } => {
                // Only LATERAL sees what stands beside it; the queries around are seen by all.
                let relation = match lateral {
                    true => self.query(subquery, &Scope::inner(scope, true))?,
                    false => self.query(subquery, scope)?,
                };
                aliased(self.sampled(relation, sample.as_ref(), scope)?, alias.as_ref())
            }
            TableFactor::NestedJoin { table_with_joins, alias } => {
                let relation = self.joined(table_with_joins, scope)?;
                match alias {
                    Some(_) => aliased(relation, alias.as_ref()),
                    None => Ok(relation),
                }
            }
            TableFactor::UNNEST { alias, array_exprs, with_offset: false, with_ordinality, .. } => {
                let nothing = Relation { plan: LogicalPlanBuilder::empty(true).build()?, fields: Vec::new() };
                self.unnest(nothing, array_exprs, *with_ordinality, alias.as_ref(), false, scope)
            }
            clause @ TableFactor::MatchRecognize { .. } => self.match_recognize(clause, scope),
            other => Err(Error::not_here(format!("{other} in FROM"))),
        }
    }

    fn table(&self, name: &ObjectName, scope: &Scope<'_>) -> Result<Relation> {
        let parts: Vec<&Ident> = name.0.iter().filter_map(|part| part.as_ident()).collect();
        if let [only] = parts.as_slice()
            && let Some(named) = scope.named(&folded(only))
        {
            return self.named(&folded(only), named.clone());
        }
        let words: Vec<&str> = parts.iter().map(|part| part.value.as_str()).collect();
        let Some(table) = self.tables.table(&words) else {
            return Err(Error::new(Code::TableNotFound, format!("Table '{name}' does not exist")).at(place(name)));
        };
        let symbol = self.symbol("t");
        let reference = TableReference::bare(symbol.clone());
        let mut plan = LogicalPlanBuilder::scan(reference.clone(), Arc::clone(&table.source), None)?.build()?;
        let qualifier: Vec<String> = parts.iter().map(|part| folded(part)).collect();
        let schema = table.source.schema();
        let mut converts = false;
        let mut fields = Vec::with_capacity(table.columns.len());
        let mut expressions = Vec::with_capacity(table.columns.len());
        for (field, (name, of)) in schema.fields().iter().zip(&table.columns) {
            let Some(of) = of else { continue };
            let stored = Column::new(Some(reference.clone()), field.name());
            let column = if *field.data_type() == of.arrow() && !matches!(of, Type::Char(_)) {
                expressions.push(Expr::Column(stored.clone()));
                stored
            } else if matches!(of, Type::Row(_)) {
                let column = Expr::Column(stored.clone());
                self.stored.borrow_mut().insert(column.clone(), field.data_type().clone());
                expressions.push(column);
                stored
            } else {
                converts = true;
                let symbol = self.symbol("c");
                expressions.push(ingest::expression(Expr::Column(stored), field.data_type(), of).alias(&symbol));
                Column::from_name(symbol)
            };
            fields.push(Field {
                qualifier: qualifier.clone(),
                name: Some(name.to_lowercase()),
                column,
                of: of.clone(),
                hidden: table.hidden.contains(&name.as_str()),
            });
        }
        if converts {
            plan = LogicalPlanBuilder::from(plan).project(expressions)?.build()?;
        }
        Ok(Relation { plan, fields })
    }

    /// `TABLESAMPLE BERNOULLI (10)`: each row by its own chance. `SYSTEM` may take whatever comes in one piece, so rows
    /// are as good.
    fn sampled(&self, relation: Relation, sample: Option<&TableSampleKind>, scope: &Scope<'_>) -> Result<Relation> {
        let Some(TableSampleKind::BeforeTableAlias(sample) | TableSampleKind::AfterTableAlias(sample)) = sample else {
            return Ok(relation);
        };
        let quantity = match sample.as_ref() {
            TableSample {
                name: Some(TableSampleMethod::Bernoulli | TableSampleMethod::System),
                quantity: Some(quantity),
                seed: None,
                bucket: None,
                offset: None,
                ..
            } => quantity,
            _ => return Err(Error::new(Code::SyntaxError, "TABLESAMPLE takes BERNOULLI or SYSTEM and a percentage")),
        };
        let value = self.expression(&quantity.value, scope)?;
        let share = match self.coerce(value, &Type::Double)? {
            Expr::Literal(ScalarValue::Float64(Some(share @ 0.0..=100.0)), _) => share / 100.0,
            _ => {
                let message = "Sample percentage must be between 0 and 100";
                return Err(Error::invalid_argument(message).at(place(&quantity.value)));
            }
        };
        let chance = datafusion::functions::math::expr_fn::random();
        let plan =
            LogicalPlanBuilder::from(relation.plan).filter(chance.lt(datafusion::logical_expr::lit(share)))?.build()?;
        Ok(Relation { plan, fields: relation.fields })
    }

    /// `generate_series(first, last, step)`, which is not Trino's: rows as they are needed, where `sequence` would make an
    /// array first.
    fn table_function(&self, name: &ObjectName, arguments: &TableFunctionArgs, scope: &Scope<'_>) -> Result<Relation> {
        if !name.to_string().eq_ignore_ascii_case(TABLE_FUNCTION) {
            return Err(
                Error::new(Code::FunctionNotFound, format!("Table function '{name}' not registered")).at(place(name))
            );
        }
        let bounds = arguments
            .args
            .iter()
            .map(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(ast)) => {
                    let bound = self.expression(ast, scope)?;
                    match self.coerce(bound, &Type::Bigint)? {
                        Expr::Literal(ScalarValue::Int64(Some(bound)), _) => Ok(bound),
                        _ => {
                            Err(Error::new(Code::ExpressionNotConstant, format!("{name} takes numbers")).at(place(ast)))
                        }
                    }
                }
                other => Err(Error::new(Code::SyntaxError, format!("{other} can't be an argument of {name}"))),
            })
            .collect::<Result<Vec<i64>>>()?;
        let (start, end, step) = match bounds.as_slice() {
            [end] => (0, *end, 1),
            [start, end] => (*start, *end, 1),
            [start, end, step] if *step != 0 => (*start, *end, *step),
            _ => {
                return Err(Error::invalid_argument(format!(
                    "{name} takes the first number, the last, and the step between"
                )));
            }
        };
        let schema =
            Arc::new(Schema::new(vec![datafusion::arrow::datatypes::Field::new("value", DataType::Int64, false)]));
        let series = GenSeriesArgs::Int64Args { start, end, step, include_end: true, name: TABLE_FUNCTION };
        let provider = Arc::new(GenerateSeriesTable::new(schema, series));
        let symbol = self.symbol("t");
        let reference = TableReference::bare(symbol);
        let source = datafusion::datasource::provider_as_source(provider);
        let plan = LogicalPlanBuilder::scan(reference, source, None)?.build()?;
        let column = plan.schema().columns().swap_remove(0);
        let fields = vec![Field {
            qualifier: Vec::new(),
            name: Some(TABLE_FUNCTION.to_owned()),
            column,
            of: Type::Bigint,
            hidden: false,
        }];
        Ok(Relation { plan, fields })
    }

    pub(super) fn named(&self, name: &str, named: Named) -> Result<Relation> {
        let mut relation = match named {
            Named::Query { query, columns, scope } => {
                let inside = Scope { named: scope, ..Scope::outermost() };
                let mut relation = self.query(&query, &inside)?;
                if !columns.is_empty() {
                    rename(&mut relation.fields, &columns)?;
                }
                relation
            }
            Named::Working { plan, fields } => {
                // Each reading of the rows so far has columns of its own.
                let symbols: Vec<String> = fields.iter().map(|_| self.symbol("w")).collect();
                let expressions =
                    fields.iter().zip(&symbols).map(|(field, symbol)| Expr::Column(field.column.clone()).alias(symbol));
                let plan = LogicalPlanBuilder::from(plan).project(expressions)?.build()?;
                let fields = fields
                    .into_iter()
                    .zip(symbols)
                    .map(|(field, symbol)| Field { column: Column::from_name(symbol), ..field })
                    .collect();
                Relation { plan, fields }
            }
        };
        for field in &mut relation.fields {
            field.qualifier = vec![name.to_owned()];
        }
        Ok(relation)
    }

    fn cross(&self, left: Relation, factor: &TableFactor, scope: &Scope<'_>) -> Result<Relation> {
        if let TableFactor::UNNEST { alias, array_exprs, with_ordinality, .. } = factor {
            return self.unnest(left, array_exprs, *with_ordinality, alias.as_ref(), false, scope);
        }
        if let Some(beside) = self.computed_beside(&left, factor, scope)? {
            return Ok(beside);
        }
        match self.beside(&left, factor, scope)? {
            Beside::Rows(right) => side_by_side(left, right),
            Beside::Both(both) => Ok(both),
        }
    }

    /// `LATERAL (SELECT expressions)` without rows of its own only computes.
    fn computed_beside(&self, left: &Relation, factor: &TableFactor, scope: &Scope<'_>) -> Result<Option<Relation>> {
        let TableFactor::Derived { lateral: true, subquery, alias, sample: None } = factor else { return Ok(None) };
        let SetExpr::Select(select) = subquery.body.as_ref() else { return Ok(None) };
        let computes = select.from.is_empty()
            && select.selection.is_none()
            && select.distinct.is_none()
            && select.having.is_none()
            && subquery.with.is_none()
            && subquery.limit_clause.is_none()
            && subquery.fetch.is_none()
            && matches!(&select.group_by, GroupByExpr::Expressions(keys, _) if keys.is_empty());
        if !computes {
            return Ok(None);
        }
        let inside = scope.with_fields(left.fields.clone());
        let mut expressions: Vec<Expr> = left.fields.iter().map(|field| Expr::Column(field.column.clone())).collect();
        let mut computed = Vec::new();
        for item in &select.projection {
            let (ast, name) = match item {
                SelectItem::UnnamedExpr(ast) => (ast, super::select::implicit_name(ast)),
                SelectItem::ExprWithAlias { expr, alias } => (expr, Some(folded(alias))),
                _ => return Ok(None),
            };
            let value = self.expression(ast, &inside)?;
            if super::aggregation::contains_aggregate(&value.expr)? {
                return Ok(None);
            }
            let symbol = self.symbol("l");
            expressions.push(self.without_predicates(value.expr)?.alias(&symbol));
            computed.push(Field {
                qualifier: Vec::new(),
                name,
                column: Column::from_name(symbol),
                of: value.of,
                hidden: false,
            });
        }
        let of_each = &expressions[left.fields.len()..];
        if of_each.iter().any(Expr::is_volatile) && of_each.iter().all(|expr| expr.column_refs().is_empty()) {
            return Err(Error::not_here("A random value of LATERAL"));
        }
        let plan = LogicalPlanBuilder::from(left.plan.clone()).project(expressions)?.build()?;
        let right = aliased(Relation { plan: plan.clone(), fields: computed }, alias.as_ref())?;
        Ok(Some(Relation { plan, fields: [left.fields.clone(), right.fields].concat() }))
    }

    /// A factor that may read the relation on its left.
    fn beside(&self, left: &Relation, factor: &TableFactor, scope: &Scope<'_>) -> Result<Beside> {
        let TableFactor::Derived { lateral: true, .. } = factor else {
            return Ok(Beside::Rows(self.factor(factor, scope)?));
        };
        let inside = scope.with_fields(left.fields.clone());
        let right = self.factor(factor, &inside)?;
        if right.plan.all_out_ref_exprs().is_empty() {
            return Ok(Beside::Rows(right));
        }
        if correlated::is_aggregated(&right.plan) {
            return Ok(Beside::Both(self.with_facts(left, right)?));
        }
        let subquery = correlated::checked(right.plan, correlated::Use::Rows)?;
        Ok(Beside::Rows(Relation { plan: LogicalPlan::Subquery(subquery), fields: right.fields }))
    }

    /// A relation with the one row that an aggregation has for each of its rows.
    fn with_facts(&self, left: &Relation, right: Relation) -> Result<Relation> {
        let symbol = self.symbol("facts");
        let columns: Vec<Typed> =
            right.fields.iter().map(|field| self.column(field.column.clone(), field.of.clone())).collect();
        let facts = self.facts(&right.plan, &columns, &Expr::Column(Column::from_name(&symbol)))?;
        let (leaf, values) = facts.ok_or_else(correlated::refused)?;
        let (plan, mut leaf) = self.joined_with_values(left.plan.clone(), vec![leaf.expr])?;
        let plan = with_columns(plan, vec![leaf.swap_remove(0).alias(symbol)])?;
        let symbols: Vec<String> = values.iter().map(|_| self.symbol("l")).collect();
        let values = values.into_iter().zip(&symbols).map(|(value, symbol)| value.expr.alias(symbol));
        let plan = with_columns(plan, values.collect())?;
        let fields = right.fields.into_iter().zip(symbols);
        let fields = fields.map(|(field, symbol)| Field { column: Column::from_name(symbol), ..field });
        Ok(Relation { plan, fields: left.fields.iter().cloned().chain(fields).collect() })
    }

    fn join(&self, left: Relation, join: &Join, scope: &Scope<'_>) -> Result<Relation> {
        let (kind, constraint) = match &join.join_operator {
            JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) => (JoinType::Inner, constraint),
            JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => (JoinType::Left, constraint),
            JoinOperator::Right(constraint) | JoinOperator::RightOuter(constraint) => (JoinType::Right, constraint),
            JoinOperator::FullOuter(constraint) => (JoinType::Full, constraint),
            JoinOperator::CrossJoin(_) => return self.cross(left, &join.relation, scope),
            _ => return Err(Error::not_here("This kind of join").at(place(&join.relation))),
        };
        let is_always = matches!(constraint, JoinConstraint::On(on) if on.to_string().eq_ignore_ascii_case("true"));
        if let TableFactor::UNNEST { alias, array_exprs, with_ordinality, .. } = &join.relation {
            return match (kind, is_always) {
                (JoinType::Inner, true) => {
                    self.unnest(left, array_exprs, *with_ordinality, alias.as_ref(), false, scope)
                }
                (JoinType::Left, true) => self.unnest(left, array_exprs, *with_ordinality, alias.as_ref(), true, scope),
                (_, true) => {
                    let error = match self.factor(&join.relation, scope) {
                        Err(error) if error.code != Code::ColumnNotFound => error,
                        Err(error) => reads_aside(error.position),
                        // Of a left side without rows Trino gives none.
                        Ok(_) => Error::not_here("A RIGHT or FULL JOIN of UNNEST").at(place(&join.relation)),
                    };
                    Err(error)
                }
                _ => Err(Error::new(Code::NotSupported, "UNNEST in a join is only supported with condition ON TRUE")),
            };
        }
        if is_always
            && matches!(kind, JoinType::Inner | JoinType::Left)
            && let Some(beside) = self.computed_beside(&left, &join.relation, scope)?
        {
            return Ok(beside);
        }
        let right = match self.beside(&left, &join.relation, scope)? {
            Beside::Rows(right) => right,
            Beside::Both(both) if is_always && matches!(kind, JoinType::Inner | JoinType::Left) => return Ok(both),
            Beside::Both(_) if matches!(kind, JoinType::Inner | JoinType::Left) => {
                let message = "Given correlated subquery is not supported";
                return Err(Error::new(Code::NotSupported, message).at(place(&join.relation)));
            }
            Beside::Both(_) => return Err(reads_aside(place(&join.relation))),
        };
        let both = [left.fields.clone(), right.fields.clone()].concat();
        match constraint {
            JoinConstraint::On(on) => {
                let on_condition = self.condition(on, &scope.with_fields(both.clone()), "JOIN ON clause")?;
                if super::aggregation::contains_aggregate(&on_condition)? {
                    return Err(
                        Error::new(Code::ExpressionNotScalar, "JOIN clause cannot contain aggregations").at(place(on))
                    );
                }
                let parts = split_conjunction_owned(joinable(on_condition));
                let (asking, plain): (Vec<_>, Vec<_>) =
                    parts.into_iter().partition(|part| kind == JoinType::Inner && asks(part));
                let plain = conjunction(plain).unwrap_or_else(|| datafusion::logical_expr::lit(true));
                let plan = LogicalPlanBuilder::from(left.plan).join_on(right.plan, kind, [plain])?.build()?;
                let plan = match conjunction(asking) {
                    Some(asking) => self.filtered(plan, self.in_filter(asking)?)?,
                    None => plan,
                };
                Ok(Relation { plan, fields: both })
            }
            JoinConstraint::Using(names) => self.join_using(left, right, kind, names),
            JoinConstraint::Natural => Err(Error::new(Code::NotSupported, "Natural join not supported")),
            JoinConstraint::None => {
                Err(Error::new(Code::SyntaxError, "A join needs ON or USING").at(place(&join.relation)))
            }
        }
    }

    fn join_using(&self, left: Relation, right: Relation, kind: JoinType, names: &[ObjectName]) -> Result<Relation> {
        let mut conditions = Vec::with_capacity(names.len());
        let mut merged: Vec<(Field, Field, Typed, Typed)> = Vec::with_capacity(names.len());
        for name in names {
            let Some(ident) = name.0.first().and_then(|part| part.as_ident()) else { continue };
            if merged.iter().any(|(field, ..)| field.name == Some(folded(ident))) {
                let message = format!("Column '{}' appears multiple times in USING clause", ident.value);
                return Err(Error::new(Code::DuplicateColumnName, message).at(place(name)));
            }
            let find = |fields: &[Field], side: &str| -> Result<Field> {
                let wanted = folded(ident);
                let mut matching = fields.iter().filter(|field| field.name.as_ref() == Some(&wanted));
                match (matching.next(), matching.next()) {
                    (Some(field), None) => Ok(field.clone()),
                    (Some(_), Some(_)) => {
                        Err(Error::new(Code::AmbiguousName, format!("Column '{}' is ambiguous", ident.value)))
                    }
                    (None, _) => Err(Error::new(
                        Code::ColumnNotFound,
                        format!("Column '{}' is missing from {side} side of join", ident.value),
                    )),
                }
            };
            let (a, b) = (find(&left.fields, "left")?, find(&right.fields, "right")?);
            let (value_a, value_b) =
                (self.column(a.column.clone(), a.of.clone()), self.column(b.column.clone(), b.of.clone()));
            conditions.push(joinable(self.compare(value_a.clone(), Comparison::Equal, value_b.clone())?));
            merged.push((a, b, value_a, value_b));
        }
        let plan = LogicalPlanBuilder::from(left.plan).join_on(right.plan, kind, conditions)?.build()?;
        let mut expressions: Vec<Expr> = plan.schema().columns().into_iter().map(Expr::Column).collect();
        let mut fields = Vec::new();
        for (a, _, value_a, value_b) in &merged {
            let of = crate::coercion::common_type(&value_a.of, &value_b.of).unwrap_or(Type::Unknown);
            let (x, y) = (self.coerce(value_a.clone(), &of)?, self.coerce(value_b.clone(), &of)?);
            let value = match kind {
                JoinType::Right => y,
                JoinType::Full => datafusion::functions::core::expr_fn::coalesce(vec![x, y]),
                _ => x,
            };
            let symbol = self.symbol("u");
            expressions.push(value.alias(&symbol));
            fields.push(Field {
                qualifier: Vec::new(),
                name: a.name.clone(),
                column: Column::from_name(symbol),
                of,
                hidden: false,
            });
        }
        let plan = LogicalPlanBuilder::from(plan).project(expressions)?.build()?;
        let is_merged =
            |field: &Field| merged.iter().any(|(a, b, ..)| a.column == field.column || b.column == field.column);
        fields.extend(left.fields.into_iter().chain(right.fields).filter(|field| !is_merged(field)));
        Ok(Relation { plan, fields })
    }
}

/// What stands beside a relation.
enum Beside {
    Rows(Relation),
    /// Together with the relation itself.
    Both(Relation),
}

fn reads_aside(at: Option<(u64, u64)>) -> Error {
    Error::new(Code::InvalidColumnReference, "LATERAL reference not allowed in RIGHT or FULL JOIN").at(at)
}

fn side_by_side(left: Relation, right: Relation) -> Result<Relation> {
    let plan = LogicalPlanBuilder::from(left.plan).cross_join(right.plan)?.build()?;
    Ok(Relation { plan, fields: [left.fields, right.fields].concat() })
}

/// Gives columns the names of an alias.
pub(super) fn aliased(mut relation: Relation, alias: Option<&TableAlias>) -> Result<Relation> {
    let Some(alias) = alias else { return Ok(relation) };
    let columns: Vec<Ident> = alias.columns.iter().map(|column| column.name.clone()).collect();
    if !columns.is_empty() {
        rename(&mut relation.fields, &columns)?;
    }
    for field in &mut relation.fields {
        field.qualifier = vec![folded(&alias.name)];
    }
    Ok(relation)
}

fn rename(fields: &mut [Field], names: &[Ident]) -> Result<()> {
    let mut fields: Vec<&mut Field> = fields.iter_mut().filter(|field| !field.hidden).collect();
    if names.len() != fields.len() {
        return Err(Error::new(
            Code::MismatchedColumnAliases,
            format!("Column alias list has {} entries but relation has {} columns", names.len(), fields.len()),
        )
        .at(names.first().map(|name| (name.span.start.line, name.span.start.column))));
    }
    for (field, name) in fields.iter_mut().zip(names) {
        field.name = Some(folded(name));
    }
    Ok(())
}
