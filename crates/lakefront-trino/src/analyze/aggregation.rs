//! Aggregate functions, and the queries that group.

use std::collections::BTreeSet;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::expr::{AggregateFunction, Sort};
use datafusion::logical_expr::{Expr, GroupingSet, LogicalPlan, LogicalPlanBuilder};
use sqlparser::ast::{
    DuplicateTreatment, Expr as Ast, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments,
    GroupByExpr, ListAggOnOverflow, OrderByExpr, ValueWithSpan,
};

use super::function::{Argument, given, plain_arguments};
use super::literal::{constant, text};
use super::scope::Scope;
use super::{Analyzer, Typed, place};
use crate::aggregates::gathered::Direction;
use crate::aggregates::{self, Aggregation};
use crate::comparison;
use crate::error::{Code, Error, Result};
use crate::signature::{Given, Pattern};
use crate::types::Type;
use crate::value::Value;

/// An aggregate function on its arguments, with nothing of what else can stand in a call.
pub(super) struct Called {
    pub(super) aggregation: Aggregation,
    pub(super) arguments: Vec<Expr>,
}

/// Sets of keys of one `GROUP BY`.
const MOST_SETS: usize = 2_048;

/// The keys of a `GROUP BY`, and the sets of them, by their places, that rows are grouped by.
type Keys = (Vec<Typed>, Vec<Vec<usize>>);

impl Analyzer<'_> {
    pub(super) fn aggregate(&self, name: &str, call: &Function, scope: &Scope<'_>) -> Result<Typed> {
        let Called { aggregation, mut arguments } = self.aggregate_call(name, call, scope)?;
        let filter = match &call.filter {
            Some(filter) => Some(Box::new(self.condition(filter, scope, "Filter expression")?)),
            None => None,
        };
        if call.null_treatment.is_some() {
            let message = format!("Null treatment of {name} needs an OVER clause");
            return Err(Error::new(Code::SyntaxError, message).at(place(call)));
        }
        let clauses = Clauses::of(name, call)?;
        if clauses.distinct && is_star(call) {
            return Err(Error::new(Code::SyntaxError, "DISTINCT needs an expression").at(place(call)));
        }
        if clauses.distinct
            && let Some(of) = aggregation.types.iter().find(|of| !of.is_comparable())
        {
            let message = format!("DISTINCT can only be applied to comparable types (actual: {of})");
            return Err(Error::type_mismatch(message).at(place(call)));
        }
        let mut keys = Vec::with_capacity(clauses.order_by.len());
        for key in clauses.order_by {
            let value = self.expression(&key.expr, scope)?;
            if !value.of.is_orderable() && value.of != Type::Unknown {
                let message = format!("ORDER BY can only be applied to orderable types (actual: {})", value.of);
                return Err(Error::type_mismatch(message).at(place(&key.expr)));
            }
            if clauses.distinct && !plain_arguments(call)?.contains(&&key.expr) {
                let message = "For aggregate function with DISTINCT, ORDER BY expressions must appear in arguments";
                return Err(Error::new(Code::ExpressionNotInDistinct, message).at(place(&key.expr)));
            }
            if !aggregation.is_set() {
                let ascending = key.options.asc.unwrap_or(true);
                let direction = Direction { ascending, nulls_first: key.options.nulls_first.unwrap_or(false) };
                keys.push((value.of, direction));
                arguments.push(value.expr);
            }
        }
        for part in arguments.iter().chain(filter.as_deref()) {
            if !contains_aggregate(part)? {
                continue;
            }
            let (code, what) = match part.exists(|part| Ok(matches!(part, Expr::WindowFunction(_))))? {
                true => (Code::NestedWindow, "window functions"),
                false => (Code::NestedAggregation, "aggregations"),
            };
            return Err(Error::new(code, format!("Cannot nest {what} inside aggregation '{name}'")));
        }
        let (udaf, distinct) = aggregation.udaf(clauses.distinct, &keys);
        let function = AggregateFunction::new_udf(udaf, arguments, distinct, filter, Vec::new(), None);
        Ok(self.leaf(Expr::AggregateFunction(function), aggregation.returns))
    }

    pub(super) fn aggregate_call(&self, name: &str, call: &Function, scope: &Scope<'_>) -> Result<Called> {
        let asts = if is_star(call) { Vec::new() } else { plain_arguments(call)? };
        let mut arguments = self.arguments(&asts, scope)?;
        if name == "listagg" {
            self.complete_listagg(call, &asts, &mut arguments)?;
        }
        let all: Vec<Given> = arguments.iter().map(given).collect();
        let (aggregate, mut binding) = aggregates::resolve(name, &all)?;
        let (mut values, mut types, mut closures) = (Vec::new(), Vec::new(), Vec::new());
        for (at, argument) in arguments.into_iter().enumerate() {
            let pattern = aggregate.signature.argument(at).ok_or_else(|| {
                Error::new(Code::FunctionNotFound, format!("Unexpected parameters for function {name}"))
            })?;
            match (argument, pattern) {
                (Argument::Value(value), pattern) => {
                    let formal = binding.formal(pattern, &value.of).ok_or_else(|| {
                        Error::new(Code::FunctionNotFound, format!("Unexpected parameters for function {name}"))
                    })?;
                    values.push(self.coerce(value, &formal)?);
                    types.push(formal);
                }
                (Argument::Lambda(lambda), Pattern::Function(parameters, result)) => {
                    let (closure, captured) =
                        self.lambda(aggregate.name, lambda, parameters, result, &mut binding, scope)?;
                    if !captured.is_empty() {
                        return Err(Error::new(Code::NotSupported, format!("A lambda of {name} can't use columns")));
                    }
                    closures.push(closure);
                }
                (Argument::Lambda(_), _) => {
                    return Err(Error::new(
                        Code::FunctionNotFound,
                        format!("Unexpected parameters for function {name}"),
                    ));
                }
            }
        }
        let returns = aggregate.result(&binding)?;
        if values.is_empty() {
            // The engine counts rows by counting a constant.
            values.push(Expr::Literal(ScalarValue::Int64(Some(1)), None));
            types.push(Type::Bigint);
        }
        Ok(Called { aggregation: aggregate.on(types, closures, returns)?, arguments: values })
    }

    /// Adds to the arguments of `listagg` what its clauses say.
    fn complete_listagg(&self, call: &Function, asts: &[&Ast], arguments: &mut Vec<Argument<'_>>) -> Result<()> {
        let is_text = |ast: &Ast| matches!(ast, Ast::Value(value) if matches!(value.value, sqlparser::ast::Value::SingleQuotedString(_)));
        if call.within_group.is_empty() || call.over.is_some() || asts.is_empty() || asts.len() > 2 {
            let message = "listagg is written listagg(value, 'separator') WITHIN GROUP (ORDER BY …)";
            return Err(Error::new(Code::SyntaxError, message).at(place(call)));
        }
        match asts.get(1) {
            None => arguments.push(Argument::Value(text("")?)),
            Some(separator) if is_text(separator) => {}
            Some(other) => {
                return Err(Error::new(Code::SyntaxError, "The separator of listagg is a constant").at(place(*other)));
            }
        }
        let (mut fails, mut filler, mut counts) = (true, "...".to_owned(), true);
        if let FunctionArguments::List(list) = &call.args {
            for clause in &list.clauses {
                if let FunctionArgumentClause::OnOverflow(ListAggOnOverflow::Truncate { filler: given, with_count }) =
                    clause
                {
                    (fails, counts) = (false, *with_count);
                    match given.as_deref() {
                        None => {}
                        Some(Ast::Value(ValueWithSpan {
                            value: sqlparser::ast::Value::SingleQuotedString(given),
                            ..
                        })) => filler.clone_from(given),
                        Some(other) => {
                            let message = "What listagg puts in place of values left out is a constant";
                            return Err(Error::new(Code::SyntaxError, message).at(place(other)));
                        }
                    }
                }
            }
        }
        arguments.push(Argument::Value(constant(Value::Boolean(fails), Type::Boolean)?));
        arguments.push(Argument::Value(text(&filler)?));
        arguments.push(Argument::Value(constant(Value::Boolean(counts), Type::Boolean)?));
        Ok(())
    }

    /// `grouping(a, b)`
    pub(super) fn grouping(&self, arguments: &[&Ast], scope: &Scope<'_>) -> Result<Typed> {
        let columns =
            arguments.iter().map(|argument| Ok(self.expression(argument, scope)?.expr)).collect::<Result<Vec<_>>>()?;
        let of = if columns.len() <= 31 { Type::Integer } else { Type::Bigint };
        let function = datafusion::functions_aggregate::grouping::grouping_udaf();
        let grouping =
            Expr::AggregateFunction(AggregateFunction::new_udf(function, columns, false, None, Vec::new(), None));
        Ok(self.leaf(grouping, of))
    }

    /// What a `GROUP BY` names: its keys, and the sets of them (by their places) that rows are grouped by.
    pub(super) fn group_keys(
        &self,
        group_by: &GroupByExpr,
        outputs: &[Typed],
        scope: &Scope<'_>,
    ) -> Result<Option<Keys>> {
        let GroupByExpr::Expressions(elements, modifiers) = group_by else {
            return Err(Error::not_here("GROUP BY ALL"));
        };
        if let Some(modifier) = modifiers.first() {
            return Err(Error::not_here(format!("GROUP BY … {modifier}")));
        }
        if elements.is_empty() {
            return Ok(None);
        }
        let mut keys: Vec<Typed> = Vec::new();
        let mut sets: Vec<Vec<usize>> = vec![Vec::new()];
        for element in elements {
            let of_element: Vec<Vec<usize>> = match element {
                Ast::GroupingSets(sets) => {
                    sets.iter().map(|set| self.key_columns(set, &mut keys, scope)).collect::<Result<_>>()?
                }
                Ast::Rollup(parts) => {
                    let parts = self.key_parts(parts, &mut keys, scope)?;
                    (0..=parts.len()).rev().map(|length| parts[..length].concat()).collect()
                }
                Ast::Cube(parts) => {
                    let parts = self.key_parts(parts, &mut keys, scope)?;
                    // Two for each part.
                    let most = MOST_SETS.ilog2() as usize;
                    if parts.len() > most {
                        return Err(too_many_sets(format!("2^{}", parts.len())));
                    }
                    let pick = |mask: usize| {
                        let chosen = parts.iter().enumerate().filter(|(at, _)| mask >> (parts.len() - 1 - at) & 1 == 1);
                        chosen.flat_map(|(_, part)| part.clone()).collect()
                    };
                    (0..1usize << parts.len()).rev().map(pick).collect()
                }
                Ast::Tuple(items) => {
                    let mut set = Vec::new();
                    for item in items {
                        set.push(self.key(item, &mut keys, outputs, scope)?);
                    }
                    vec![set]
                }
                plain => vec![vec![self.key(plain, &mut keys, outputs, scope)?]],
            };
            if sets.len() * of_element.len() > MOST_SETS {
                return Err(too_many_sets(sets.len() * of_element.len()));
            }
            sets = sets
                .iter()
                .flat_map(|set| of_element.iter().map(move |more| [set.as_slice(), more.as_slice()].concat()))
                .collect();
        }
        for set in &mut sets {
            let mut seen = BTreeSet::new();
            set.retain(|key| seen.insert(*key));
        }
        Ok(Some((keys, sets)))
    }

    fn key_parts(&self, parts: &[Vec<Ast>], keys: &mut Vec<Typed>, scope: &Scope<'_>) -> Result<Vec<Vec<usize>>> {
        parts.iter().map(|part| self.key_columns(part, keys, scope)).collect()
    }

    /// Keys of `GROUPING SETS`, `CUBE` and `ROLLUP` are columns.
    fn key_columns(&self, set: &[Ast], keys: &mut Vec<Typed>, scope: &Scope<'_>) -> Result<Vec<usize>> {
        let mut places = Vec::with_capacity(set.len());
        for ast in set {
            let items = match ast {
                Ast::Tuple(items) => items.as_slice(),
                one => std::slice::from_ref(one),
            };
            for item in items {
                let key = self.expression(item, scope)?;
                if !matches!(key.expr, Expr::Column(_)) {
                    return Err(Error::new(
                        Code::InvalidColumnReference,
                        format!("GROUP BY expression must be a column reference: {item}"),
                    )
                    .at(place(item)));
                }
                places.push(add_key(keys, key));
            }
        }
        Ok(places)
    }

    fn key(&self, ast: &Ast, keys: &mut Vec<Typed>, outputs: &[Typed], scope: &Scope<'_>) -> Result<usize> {
        let key = match ordinal(ast) {
            Some(number) => number.checked_sub(1).and_then(|at| outputs.get(at)).cloned().ok_or_else(|| {
                Error::new(Code::InvalidColumnReference, format!("GROUP BY position {number} is not in select list"))
                    .at(place(ast))
            })?,
            None => self.expression(ast, scope)?,
        };
        if contains_aggregate(&key.expr)? {
            let message = "GROUP BY clause cannot contain aggregations, window functions or grouping operations";
            return Err(Error::new(Code::ExpressionNotScalar, message).at(place(ast)));
        }
        if !key.of.is_comparable() {
            let message = format!("{} is not comparable, and therefore cannot be used in GROUP BY", key.of);
            return Err(Error::type_mismatch(message).at(place(ast)));
        }
        Ok(add_key(keys, key))
    }
}

/// Whether a call is of the kind `count(*)`.
fn is_star(call: &Function) -> bool {
    matches!(&call.args, FunctionArguments::List(list)
        if matches!(list.args.as_slice(), [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)]))
}

/// What stands in a call of an aggregate function beside its arguments.
struct Clauses<'a> {
    distinct: bool,
    order_by: &'a [OrderByExpr],
}

impl<'a> Clauses<'a> {
    fn of(name: &str, call: &'a Function) -> Result<Self> {
        let mut clauses = Clauses { distinct: false, order_by: &call.within_group };
        if !call.within_group.is_empty() && name != "listagg" {
            return Err(Error::new(Code::SyntaxError, format!("WITHIN GROUP is not for {name}")).at(place(call)));
        }
        if let FunctionArguments::List(list) = &call.args {
            clauses.distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
            for clause in &list.clauses {
                match clause {
                    FunctionArgumentClause::OrderBy(order) if name != "listagg" => clauses.order_by = order,
                    FunctionArgumentClause::OnOverflow(_) if name == "listagg" => {}
                    other => return Err(Error::new(Code::SyntaxError, format!("{other} is not for {name}"))),
                }
            }
        }
        Ok(clauses)
    }
}

fn add_key(keys: &mut Vec<Typed>, key: Typed) -> usize {
    keys.iter().position(|known| known.expr == key.expr).unwrap_or_else(|| {
        keys.push(key);
        keys.len() - 1
    })
}

fn too_many_sets(sets: impl std::fmt::Display) -> Error {
    let message = format!("GROUP BY has {sets} grouping sets but can contain at most {MOST_SETS}");
    Error::new(Code::TooManyGroupingSets, message)
}

/// The number of an output column.
pub(super) fn ordinal(ast: &Ast) -> Option<usize> {
    match ast {
        Ast::Nested(inner) => ordinal(inner),
        Ast::Value(value) => match &value.value {
            sqlparser::ast::Value::Number(number, _) => number.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn sort_key(value: Typed, key: &OrderByExpr) -> Result<Sort> {
    if !value.of.is_orderable() && value.of != Type::Unknown {
        let message = format!("Type {} is not orderable, and therefore cannot be used in ORDER BY", value.of);
        return Err(Error::type_mismatch(message).at(place(&key.expr)));
    }
    let asc = key.options.asc.unwrap_or(true);
    Ok(Sort::new(comparison::sort_key(value.expr, &value.of), asc, key.options.nulls_first.unwrap_or(false)))
}

fn has_subquery(expr: &Expr) -> Result<bool> {
    Ok(expr.exists(|part| Ok(matches!(part, Expr::ScalarSubquery(_) | Expr::Exists(_) | Expr::InSubquery(_))))?)
}

/// The plan with more columns.
fn with_columns(plan: LogicalPlan, more: Vec<Expr>) -> Result<LogicalPlan> {
    if more.is_empty() {
        return Ok(plan);
    }
    let all = plan.schema().columns().into_iter().map(Expr::Column);
    Ok(LogicalPlanBuilder::from(plan.clone()).project(all.chain(more))?.build()?)
}

pub(super) fn contains_aggregate(expr: &Expr) -> Result<bool> {
    Ok(expr.exists(|part| Ok(matches!(part, Expr::AggregateFunction(_) | Expr::WindowFunction(_))))?)
}

impl Analyzer<'_> {
    /// Rows without those that are the same as others.
    pub(super) fn distinct(&self, plan: LogicalPlan, columns: &[(Column, Type)]) -> Result<LogicalPlan> {
        let keys: Vec<Typed> =
            columns.iter().map(|(column, of)| Typed::new(Expr::Column(column.clone()), of.clone())).collect();
        let canonical: Vec<Option<Expr>> =
            keys.iter().map(|key| comparison::group_key(key.expr.clone(), &key.of)).collect();
        if canonical.iter().all(Option::is_none) {
            return Ok(LogicalPlanBuilder::from(plan).distinct()?.build()?);
        }
        let (mut group, mut representatives, mut shown) = (Vec::new(), Vec::new(), Vec::new());
        for (key, canonical) in keys.iter().zip(canonical) {
            let Some(canonical) = canonical else {
                group.push(key.expr.clone());
                shown.push(key.expr.clone());
                continue;
            };
            let symbol = self.symbol("key");
            group.push(canonical.alias(&symbol));
            if key.of.is_floating() {
                shown.push(Expr::Column(Column::from_name(symbol)));
            } else {
                let symbol = self.symbol("key");
                representatives.push(any_value(key)?.alias(&symbol));
                shown.push(Expr::Column(Column::from_name(symbol)));
            }
        }
        let names = columns.iter().map(|(column, _)| (column.relation.clone(), column.name.clone()));
        let shown = shown.into_iter().zip(names).map(|(expr, (relation, name))| match (&expr, relation) {
            (Expr::Column(column), _) if column.name == name => expr,
            (_, relation) => expr.alias_qualified(relation, name),
        });
        Ok(LogicalPlanBuilder::from(plan).aggregate(group, representatives)?.project(shown)?.build()?)
    }
}

/// One of the values of a group.
fn any_value(key: &Typed) -> Result<Expr> {
    aggregated("any_value", key)
}

/// An aggregate function that gives one of the values.
pub(super) fn aggregated(name: &str, value: &Typed) -> Result<Expr> {
    let (aggregate, _) = aggregates::resolve(name, &[Given::Value(value.of.clone())])?;
    let (udaf, _) = aggregate.on(vec![value.of.clone()], Vec::new(), value.of.clone())?.udaf(false, &[]);
    Ok(udaf.call(vec![value.expr.clone()]))
}

fn check_grouping(aggregate: &Expr, keys: &[Typed]) -> Result<()> {
    let Expr::AggregateFunction(function) = aggregate else { return Ok(()) };
    if function.func.name() != "grouping" {
        return Ok(());
    }
    if keys.is_empty() {
        let message =
            "A GROUPING() operation can only be used with a corresponding GROUPING SET/CUBE/ROLLUP/GROUP BY clause";
        return Err(Error::new(Code::MissingGroupBy, message));
    }
    match function.params.args.iter().all(|argument| keys.iter().any(|key| key.expr == *argument)) {
        true => Ok(()),
        false => Err(Error::new(
            Code::InvalidArguments,
            "The arguments to GROUPING() must be expressions referenced by the GROUP BY clause",
        )),
    }
}

/// What an aggregation put in place of keys and aggregates.
pub(super) struct Grouped {
    pub(super) plan: LogicalPlan,
    /// Keys and aggregates, and the columns that now hold them.
    columns: Vec<(Expr, Column)>,
}

impl Grouped {
    pub(super) fn new(
        analyzer: &Analyzer<'_>,
        mut input: LogicalPlan,
        keys: &[Typed],
        sets: &[Vec<usize>],
        expressions: &[&Expr],
    ) -> Result<Grouped> {
        let mut aggregates: Vec<Expr> = Vec::new();
        for expression in expressions {
            expression.apply(|part| {
                if matches!(part, Expr::AggregateFunction(_)) {
                    if !aggregates.contains(part) {
                        aggregates.push(part.clone());
                    }
                    return Ok(TreeNodeRecursion::Jump);
                }
                Ok(TreeNodeRecursion::Continue)
            })?;
        }
        let mut columns = Vec::new();
        let is_plain = matches!(sets, [set] if set.len() == keys.len());
        // Values that are the same and don't look it: one of them stands for all.
        let mut representatives = Vec::new();
        let group: Vec<Expr> = if is_plain {
            let mut group = Vec::with_capacity(keys.len());
            for key in keys {
                let canonical = comparison::group_key(key.expr.clone(), &key.of);
                if let (Expr::Column(column), None) = (&key.expr, &canonical) {
                    columns.push((key.expr.clone(), column.clone()));
                    group.push(key.expr.clone());
                    continue;
                }
                let symbol = analyzer.symbol("key");
                let hides = canonical.is_some() && !key.of.is_floating();
                group.push(canonical.unwrap_or_else(|| key.expr.clone()).alias(&symbol));
                let shown = if hides {
                    let shown = analyzer.symbol("key");
                    representatives.push(any_value(key)?.alias(&shown));
                    shown
                } else {
                    symbol
                };
                let column = Column::from_name(shown);
                analyzer.column(column.clone(), key.of.clone());
                columns.push((key.expr.clone(), column));
            }
            group
        } else {
            if let Some(key) = keys
                .iter()
                .find(|key| !key.of.is_floating() && comparison::group_key(key.expr.clone(), &key.of).is_some())
            {
                return Err(Error::not_here(format!("A set of groups by {}", key.of)));
            }
            if keys.iter().any(|key| !matches!(key.expr, Expr::Column(_))) {
                return Err(Error::new(Code::InvalidColumnReference, "GROUP BY expression must be a column reference"));
            }
            // Values that are the same look alike before they are grouped: each set is by columns.
            let mut looks = Vec::new();
            for key in keys {
                let column = match (comparison::group_key(key.expr.clone(), &key.of), &key.expr) {
                    (None, Expr::Column(column)) => column.clone(),
                    (look, _) => {
                        let symbol = analyzer.symbol("key");
                        looks.push(look.unwrap_or_else(|| key.expr.clone()).alias(&symbol));
                        analyzer.column(Column::from_name(&symbol), key.of.clone());
                        Column::from_name(symbol)
                    }
                };
                columns.push((key.expr.clone(), column));
            }
            input = with_columns(input, looks)?;
            let column = |key: &usize| Expr::Column(columns[*key].1.clone());
            let sets = sets.iter().map(|set| set.iter().map(column).collect()).collect();
            vec![Expr::GroupingSet(GroupingSet::GroupingSets(sets))]
        };
        for aggregate in &aggregates {
            check_grouping(aggregate, keys)?;
        }
        // The engine plans no subquery within a call.
        let mut asked = Vec::new();
        let mut planned = |argument: Expr, is_grouping: bool| -> Result<Expr> {
            if is_grouping {
                let column = columns.iter().find(|(key, _)| !is_plain && *key == argument);
                return Ok(column.map_or(argument, |(_, column)| Expr::Column(column.clone())));
            }
            if !has_subquery(&argument)? {
                return Ok(argument);
            }
            let symbol = analyzer.symbol("asked");
            asked.push(analyzer.without_predicates(argument)?.alias(&symbol));
            Ok(Expr::Column(Column::from_name(symbol)))
        };
        let plain = |aggregate: &Expr| -> Result<Expr> {
            let Expr::AggregateFunction(mut function) = aggregate.clone() else { return Ok(aggregate.clone()) };
            let is_grouping = function.func.name() == "grouping";
            let arguments = std::mem::take(&mut function.params.args).into_iter();
            function.params.args =
                arguments.map(|argument| planned(argument, is_grouping)).collect::<Result<Vec<_>>>()?;
            if let Some(filter) = function.params.filter.take() {
                function.params.filter = Some(Box::new(planned(*filter, false)?));
            }
            Ok(Expr::AggregateFunction(function))
        };
        let plain = aggregates.iter().map(plain).collect::<Result<Vec<_>>>()?;
        input = with_columns(input, asked)?;
        let mut aggregates: Vec<Expr> = aggregates
            .into_iter()
            .zip(plain)
            .map(|(aggregate, plain)| {
                let symbol = analyzer.symbol("aggregate");
                columns.push((aggregate, Column::from_name(&symbol)));
                plain.alias(symbol)
            })
            .collect();
        aggregates.extend(representatives);
        if group.is_empty() && aggregates.is_empty() {
            // The engine has no group of all rows that nothing is asked of.
            let all = datafusion::functions_aggregate::count::count_udaf();
            let one = Expr::Literal(ScalarValue::Int64(Some(1)), None);
            aggregates.push(all.call(vec![one]).alias(analyzer.symbol("aggregate")));
        }
        let plan = LogicalPlanBuilder::from(input).aggregate(group, aggregates)?.build()?;
        Ok(Grouped { plan, columns })
    }

    /// An expression over the grouped rows.
    pub(super) fn rewrite(&self, analyzer: &Analyzer<'_>, value: &Typed, ast: Option<&Ast>) -> Result<Typed> {
        let rewritten = value.expr.clone().transform_down(|expr| {
            if let Some((_, column)) = self.columns.iter().find(|(known, _)| *known == expr) {
                if let (Ok(of), false) = (analyzer.type_of_leaf(&expr), matches!(expr, Expr::Column(_))) {
                    analyzer.column(column.clone(), of);
                }
                let replaced = match &expr {
                    // The engine's grouping() is as wide as its bitmap.
                    Expr::AggregateFunction(function) if function.func.name() == "grouping" => {
                        datafusion::logical_expr::cast(
                            Expr::Column(column.clone()),
                            analyzer.type_of_leaf(&expr).map_or(Type::Integer, |of| of).arrow(),
                        )
                    }
                    _ => Expr::Column(column.clone()),
                };
                return Ok(Transformed::new(replaced, true, TreeNodeRecursion::Jump));
            }
            Ok(Transformed::no(expr))
        })?;
        let mut stray = None;
        rewritten.data.apply(|part| {
            if let Expr::Column(column) = part
                && !self.columns.iter().any(|(_, known)| known == column)
            {
                stray = Some(column.name.clone());
                return Ok(TreeNodeRecursion::Stop);
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        if stray.is_some() {
            let text = ast.map_or_else(|| "An expression".to_owned(), |ast| format!("'{ast}'"));
            return Err(Error::new(
                Code::ExpressionNotAggregate,
                format!("{text} must be an aggregate expression or appear in GROUP BY clause"),
            )
            .at(ast.and_then(place)));
        }
        Ok(Typed::new(rewritten.data, value.of.clone()))
    }
}
