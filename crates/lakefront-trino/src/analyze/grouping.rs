//! `GROUP BY`, `DISTINCT`, and what becomes of the expressions over groups.

use std::collections::BTreeSet;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::utils::disjunction;
use datafusion::logical_expr::{Expr, GroupingSet, LogicalPlan, LogicalPlanBuilder};
use sqlparser::ast::{Expr as Ast, GroupByExpr};

use super::aggregation::{aggregated, contains_aggregate, numbered, ordinal};
use super::known::is_known;
use super::scope::Scope;
use super::subquery::asks;
use super::{Analyzer, Typed, place, with_columns};
use crate::comparison;
use crate::error::{Code, Error, Result};
use crate::tree;
use crate::types::Type;

/// Sets of keys of one `GROUP BY`.
const MOST_SETS: usize = 2_048;

/// The keys of a `GROUP BY`, and the sets of them, by their places, that rows are grouped by.
type Keys = (Vec<Typed>, Vec<Vec<usize>>);

impl Analyzer<'_> {
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
            Some(number) => numbered(outputs, number).cloned().ok_or_else(|| {
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
            let symbol = self.symbol("key");
            representatives.push(aggregated("any_value", key)?.alias(&symbol));
            shown.push(Expr::Column(Column::from_name(symbol)));
        }
        let names = columns.iter().map(|(column, _)| (column.relation.clone(), column.name.clone()));
        let shown = shown.into_iter().zip(names).map(|(expr, (relation, name))| match (&expr, relation) {
            (Expr::Column(column), _) if column.name == name => expr,
            (_, relation) => expr.alias_qualified(relation, name),
        });
        Ok(LogicalPlanBuilder::from(plan).aggregate(group, representatives)?.project(shown)?.build()?)
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

/// `count(DISTINCT …)` of a constant, for which Trino counts every row where there are other aggregates.
fn counts_distinct_constant(aggregate: &Expr, input: &LogicalPlan) -> Result<bool> {
    let Expr::AggregateFunction(function) = aggregate else { return Ok(false) };
    let is_distinct = function.params.distinct && function.func.name() == "count";
    match function.params.args.as_slice() {
        // With what it does in its name.
        [one] if is_distinct || function.func.name().starts_with("count#") => is_known(one, input),
        _ => Ok(false),
    }
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
                let hides = canonical.is_some();
                group.push(canonical.unwrap_or_else(|| key.expr.clone()).alias(&symbol));
                let shown = if hides {
                    let shown = analyzer.symbol("key");
                    representatives.push(aggregated("any_value", key)?.alias(&shown));
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
        let is_grouping =
            |aggregate: &&Expr| matches!(aggregate, Expr::AggregateFunction(call) if call.func.name() == "grouping");
        let beside_others = aggregates.iter().filter(|aggregate| !is_grouping(aggregate)).count() > 1;
        for aggregate in &aggregates {
            check_grouping(aggregate, keys)?;
            if beside_others && counts_distinct_constant(aggregate, &input)? {
                return Err(Error::not_here("count(DISTINCT …) of a constant beside other aggregates"));
            }
        }
        // The engine plans no subquery within a call.
        let mut asked = Vec::new();
        let is_literal = group.is_empty() && is_values(&input);
        let mut planned = |argument: Expr, is_grouping: bool, is_filtered: bool| -> Result<Expr> {
            if is_grouping {
                let column = columns.iter().find(|(key, _)| !is_plain && *key == argument);
                return Ok(column.map_or(argument, |(_, column)| Expr::Column(column.clone())));
            }
            if !(asks(&argument) || is_filtered && is_literal) {
                return Ok(argument);
            }
            let symbol = analyzer.symbol("asked");
            asked.push(analyzer.without_predicates(argument)?.alias(&symbol));
            Ok(Expr::Column(Column::from_name(symbol)))
        };
        let plain = |aggregate: &Expr| -> Result<Expr> {
            let Expr::AggregateFunction(mut function) = aggregate.clone() else { return Ok(aggregate.clone()) };
            let is_grouping = function.func.name() == "grouping";
            let is_filtered = function.params.filter.is_some();
            let arguments = std::mem::take(&mut function.params.args).into_iter();
            function.params.args =
                arguments.map(|argument| planned(argument, is_grouping, is_filtered)).collect::<Result<Vec<_>>>()?;
            if let Some(filter) = function.params.filter.take() {
                function.params.filter = Some(Box::new(planned(*filter, false, false)?));
            }
            Ok(Expr::AggregateFunction(function))
        };
        let plain = aggregates.iter().map(plain).collect::<Result<Vec<_>>>()?;
        let (asking, asked) = analyzer.joined_with_values(input, asked)?;
        input = with_columns(asking, asked)?;
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
        if group.is_empty()
            && !is_literal
            && let Some(wanted) = aggregates.iter().map(filter_of).collect::<Option<Vec<Expr>>>()
            && let Some(wanted) = disjunction(wanted)
        {
            // Rows that no aggregate wants are not evaluated for any.
            input = LogicalPlanBuilder::from(input).filter(wanted)?.build()?;
        }
        let mut plan = LogicalPlanBuilder::from(input).aggregate(group, aggregates)?;
        if columns.iter().any(|(expr, _)| is_grouping(&expr)) {
            // The engine writes grouping() anew in what stands next above, where that is no window.
            let all: Vec<Expr> = columns.iter().map(|(_, column)| Expr::Column(column.clone())).collect();
            plan = plan.project(all)?;
        }
        Ok(Grouped { plan: plan.build()?, columns })
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
            let is_computed = |(key, _): &(Expr, Column)| !matches!(key, Expr::Column(_) | Expr::AggregateFunction(_));
            if self.columns.iter().any(|(key, _)| asks(key)) {
                let construct = "GROUP BY of an expression with a subquery that SELECT repeats";
                return Err(Error::not_here(construct).at(ast.and_then(place)));
            }
            if ast.is_some_and(tree::has_lambda) && self.columns.iter().any(is_computed) {
                return Err(Error::not_here("An expression of GROUP BY within a lambda").at(ast.and_then(place)));
            }
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

/// Rows of literals, which Trino evaluates while it plans: those too that no aggregate wants.
fn is_values(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Values(_) => true,
        LogicalPlan::Projection(_) | LogicalPlan::SubqueryAlias(_) => plan.inputs().into_iter().all(is_values),
        _ => false,
    }
}

fn filter_of(aggregate: &Expr) -> Option<Expr> {
    match aggregate {
        Expr::Alias(alias) => filter_of(&alias.expr),
        Expr::AggregateFunction(function) => function.params.filter.as_deref().cloned(),
        _ => None,
    }
}
