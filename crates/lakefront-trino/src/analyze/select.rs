//! `SELECT`.

use datafusion::common::Column;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::expr::Sort;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use sqlparser::ast::{
    Distinct, Expr as Ast, GroupByExpr, ObjectName, OrderByExpr, Select, SelectItem, SelectItemQualifiedWildcardKind,
};

use super::aggregation::{contains_aggregate, numbered, ordinal, sort_key};
use super::grouping::Grouped;
use super::named_window::with_windows;
use super::random::{check_random, project_once, repeated_random};
use super::scope::{Field, Relation, Scope};
use super::subquery::{asks, reads_single};
use super::{Analyzer, Typed, folded, place, with_columns};
use crate::comparison::joinable;
use crate::error::{Code, Error, Result};
use crate::short_circuit;
use crate::types::Type;

/// A column of the result.
struct Output<'a> {
    name: Option<String>,
    value: Typed,
    ast: Option<&'a Ast>,
}

impl Analyzer<'_> {
    /// A `SELECT` with the `ORDER BY` of its query, whose keys may read what is not selected. `is_cut`: only the first of
    /// the rows are asked for.
    pub(super) fn select(
        &self,
        select: &Select,
        order_by: &[OrderByExpr],
        is_cut: bool,
        scope: &Scope<'_>,
    ) -> Result<Relation> {
        if let Some(refused) = refused(select) {
            return Err(Error::not_here(refused));
        }
        if !select.named_window.is_empty() {
            let (select, order_by) = with_windows(select, order_by)?;
            return self.select(&select, &order_by, is_cut, scope);
        }
        let mut source = self.from(&select.from, scope)?;
        let inside = scope.with_fields(source.fields.clone());
        if let Some(selection) = &select.selection {
            let condition = self.condition(selection, &inside, "WHERE clause")?;
            if contains_aggregate(&condition)? {
                let message = "WHERE clause cannot contain aggregations, window functions or grouping operations";
                return Err(Error::new(Code::ExpressionNotScalar, message).at(place(selection)));
            }
            let (plan, condition) = self.correlated_by_columns(source.plan, joinable(condition))?;
            source.plan = self.filtered(plan, self.in_filter(condition)?)?;
        }
        let mut outputs = Vec::new();
        for item in &select.projection {
            self.output(item, &source.fields, &inside, &mut outputs)?;
        }
        let having: Option<(&Ast, Expr)> = match &select.having {
            Some(having) => Some((having, self.condition(having, &inside, "HAVING clause")?)),
            None => None,
        };
        let symbols: Vec<String> = outputs.iter().map(|_| self.symbol("o")).collect();
        let distinct = match &select.distinct {
            None | Some(Distinct::All) => false,
            Some(Distinct::Distinct) => true,
            Some(Distinct::On(_)) => return Err(Error::new(Code::SyntaxError, "Trino has no DISTINCT ON")),
        };
        for output in &mut outputs {
            output.value.expr = self.without_predicates(output.value.expr.clone())?;
        }
        let mut order = self.order_keys(order_by, distinct, &outputs, &symbols, &inside)?;
        for (value, _) in &mut order {
            value.expr = self.without_predicates(value.expr.clone())?;
        }

        let values: Vec<Typed> = outputs.iter().map(|output| output.value.clone()).collect();
        let keys = self.group_keys(&select.group_by, &values, &inside)?;
        let aggregates = |exprs: &mut dyn Iterator<Item = &Expr>| -> Result<bool> {
            for expr in exprs {
                if expr.exists(|part| Ok(matches!(part, Expr::AggregateFunction(_))))? {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        let mut all = values.iter().map(|value| &value.expr).chain(order.iter().map(|key| &key.0.expr));
        let grouped = keys.is_some() || having.is_some() || aggregates(&mut all)?;

        let having_condition = having.iter().map(|(_, condition)| condition);
        check_random(&values.iter().map(|value| &value.expr).chain(having_condition).collect::<Vec<_>>())?;
        let mut plan = source.plan;
        let mut values = values;
        let mut sort_values: Vec<Typed> = order.iter().map(|(value, _)| value.clone()).collect();
        if grouped {
            let (keys, sets) = keys.unwrap_or_else(|| (Vec::new(), vec![Vec::new()]));
            let expressions: Vec<&Expr> = values
                .iter()
                .chain(&sort_values)
                .map(|value| &value.expr)
                .chain(having.iter().map(|(_, condition)| condition))
                .collect();
            let grouping = Grouped::new(self, plan, &keys, &sets, &expressions)?;
            values = values
                .iter()
                .zip(&outputs)
                .map(|(value, output)| grouping.rewrite(self, value, output.ast))
                .collect::<Result<_>>()?;
            sort_values = sort_values
                .iter()
                .zip(order_by)
                .map(|(value, key)| grouping.rewrite(self, value, Some(&key.expr)))
                .collect::<Result<_>>()?;
            plan = grouping.plan.clone();
            if let Some((ast, condition)) = having {
                let condition = Typed::new(condition, Type::Boolean);
                let condition = grouping.rewrite(self, &condition, Some(ast))?;
                plan = self.filtered(plan, self.in_filter(condition.expr)?)?;
            }
        }
        let count = values.len();
        let (exprs, types): (Vec<Expr>, Vec<Type>) =
            values.into_iter().chain(sort_values).map(|value| (value.expr, value.of)).unzip();
        let (plan, exprs) = self.joined_with_values(plan, exprs)?;
        let values = exprs.into_iter().zip(types).map(|(expr, of)| self.with_singles(Typed::new(expr, of)));
        let (windowed, mut all) = self.windows(plan, values.collect::<Result<_>>()?)?;
        let mut sort_values = all.split_off(count);
        let values = all;

        let fields = outputs.into_iter().zip(&symbols).map(|(output, symbol)| Field {
            qualifier: Vec::new(),
            name: output.name,
            column: Column::from_name(symbol),
            of: output.value.of,
            hidden: false,
        });
        let fields: Vec<Field> = fields.collect();
        let may_fail = values.iter().any(|value| short_circuit::may_fail(&value.expr));
        let is_random = || values.iter().chain(&sort_values).any(|value| value.expr.is_volatile());
        // The engine would join the rows with a subquery's, which puts them out of order; and Trino looks first whether a
        // subquery has one row.
        let is_asked = || values.iter().any(|value| asks(&value.expr) || reads_single(&value.expr));
        if is_cut && !distinct && !order.is_empty() && may_fail && !is_random() && !is_asked() {
            let keys = sort_values.into_iter().zip(&order).map(|(value, (_, key))| (value, *key));
            let sorted = self.sorted_by(windowed, keys)?;
            let columns = values.into_iter().zip(&symbols).map(|(value, symbol)| value.expr.alias(symbol));
            return Ok(Relation { plan: LogicalPlanBuilder::from(sorted).project(columns)?.build()?, fields });
        }
        let mut projected: Vec<Expr> =
            values.iter().zip(&symbols).map(|(value, symbol)| value.expr.clone().alias(symbol)).collect();
        let repeated = repeated_random(&values, &symbols);
        let mut hidden = 0;
        let mut sorts = Vec::with_capacity(order.len());
        for (sort_value, (_, key)) in sort_values.drain(..).zip(&order) {
            let symbol = match values.iter().position(|value| value.expr == sort_value.expr) {
                Some(at) => symbols[at].clone(),
                None if distinct => return Err(not_in_distinct(key)),
                None if matches!(sort_value.expr, Expr::Literal(..)) => continue,
                None => {
                    hidden += 1;
                    let symbol = self.symbol("sort");
                    projected.push(sort_value.expr.alias(&symbol));
                    symbol
                }
            };
            sorts.push(sort_key(Typed::new(Expr::Column(Column::from_name(symbol)), sort_value.of), key)?);
        }
        let mut plan = project_once(LogicalPlanBuilder::from(windowed), projected, &repeated)?;
        if distinct {
            if let Some(output) = values.iter().find(|value| !value.of.is_comparable()) {
                return Err(Error::type_mismatch(format!(
                    "DISTINCT can only be applied to comparable types (actual: {})",
                    output.of
                )));
            }
            let columns: Vec<(Column, Type)> = symbols
                .iter()
                .zip(&values)
                .map(|(symbol, value)| (Column::from_name(symbol), value.of.clone()))
                .collect();
            plan = LogicalPlanBuilder::from(self.distinct(plan.build()?, &columns)?);
        }
        if !sorts.is_empty() {
            plan = plan.sort(sorts)?;
        }
        if hidden > 0 {
            plan = plan.project(symbols.iter().map(|symbol| Expr::Column(Column::from_name(symbol))))?;
        }
        Ok(Relation { plan: plan.build()?, fields })
    }

    /// The rows in order, before anything is made of them: of those that are cut off nothing is.
    fn sorted_by<'a>(
        &self,
        plan: LogicalPlan,
        keys: impl Iterator<Item = (Typed, &'a OrderByExpr)>,
    ) -> Result<LogicalPlan> {
        let (mut computed, mut sorts) = (Vec::new(), Vec::new());
        for (value, key) in keys.filter(|(value, _)| !matches!(value.expr, Expr::Literal(..))) {
            // A column of its own even where it is one: the engine would move what is computed below the sorting again.
            let symbol = self.symbol("sort");
            computed.push(value.expr.alias(&symbol));
            sorts.push(sort_key(Typed::new(Expr::Column(Column::from_name(symbol)), value.of), key)?);
        }
        if sorts.is_empty() {
            return Ok(plan);
        }
        Ok(LogicalPlanBuilder::from(with_columns(plan, computed)?).sort(sorts)?.build()?)
    }

    fn output<'a>(
        &self,
        item: &'a SelectItem,
        fields: &[Field],
        scope: &Scope<'_>,
        outputs: &mut Vec<Output<'a>>,
    ) -> Result<()> {
        let mut add = |field: &Field| {
            outputs.push(Output {
                name: field.name.clone(),
                value: self.column(field.column.clone(), field.of.clone()),
                ast: None,
            });
        };
        match item {
            SelectItem::Wildcard(_) => {
                if fields.is_empty() {
                    return Err(Error::new(Code::SyntaxError, "SELECT * not allowed in queries without FROM clause"));
                }
                fields.iter().filter(|field| !field.hidden).for_each(&mut add);
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                let parts: Vec<String> = name.0.iter().filter_map(|part| part.as_ident()).map(folded).collect();
                let own = fields.iter().filter(|field| !field.hidden && field.qualifier.ends_with(&parts));
                let mut own = own.peekable();
                if own.peek().is_none() {
                    // A row's fields, whose column is told by its table.
                    if parts.len() == 1 {
                        return Err(unresolved(name));
                    }
                    let idents: Vec<_> = name.0.iter().filter_map(|part| part.as_ident()).cloned().collect();
                    let value =
                        self.expression(&Ast::CompoundIdentifier(idents), scope).map_err(|_| unresolved(name))?;
                    return self.row_outputs(value, outputs);
                }
                own.for_each(&mut add);
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(expr), _) => {
                if let Ast::Nested(inner) = expr
                    && let Ast::Identifier(name) = inner.as_ref()
                {
                    return Err(unresolved(&ObjectName::from(name.clone())));
                }
                let value = self.expression(expr, scope)?;
                return self.row_outputs(value, outputs);
            }
            SelectItem::UnnamedExpr(ast) => {
                outputs.push(Output { name: implicit_name(ast), value: self.expression(ast, scope)?, ast: Some(ast) });
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                let name = Some(folded(alias));
                outputs.push(Output { name, value: self.expression(expr, scope)?, ast: Some(expr) });
            }
            SelectItem::ExprWithAliases { .. } => {
                return Err(Error::new(Code::SyntaxError, "An expression has one alias"));
            }
        }
        Ok(())
    }

    fn row_outputs(&self, value: Typed, outputs: &mut Vec<Output<'_>>) -> Result<()> {
        let Type::Row(fields) = value.of.clone() else {
            return Err(Error::type_mismatch(format!("Expression of type {} is not of type ROW", value.of)));
        };
        for (at, (name, of)) in fields.into_iter().enumerate() {
            outputs.push(Output { name, value: self.field_at(value.clone(), at, of)?, ast: None });
        }
        Ok(())
    }

    /// Keys of an `ORDER BY`, over the source: a number or an alias stands for a column of the result.
    fn order_keys<'a>(
        &self,
        order_by: &'a [OrderByExpr],
        distinct: bool,
        outputs: &[Output<'_>],
        symbols: &[String],
        source: &Scope<'_>,
    ) -> Result<Vec<(Typed, &'a OrderByExpr)>> {
        let fields = outputs
            .iter()
            .zip(symbols)
            .map(|(output, symbol)| Field {
                qualifier: Vec::new(),
                name: output.name.clone(),
                column: Column::from_name(symbol),
                of: output.value.of.clone(),
                hidden: false,
            })
            .collect();
        let scope = Scope { fields, ..Scope::inner(source, false) };
        order_by
            .iter()
            .map(|key| {
                if let Some(number) = ordinal(&key.expr) {
                    let output = numbered(outputs, number).ok_or_else(|| {
                        let message = format!("ORDER BY position {number} is not in select list");
                        Error::new(Code::InvalidColumnReference, message).at(place(&key.expr))
                    })?;
                    return Ok((output.value.clone(), key));
                }
                let value = self.expression(&key.expr, &scope)?;
                let output = |expr: &Expr| match expr {
                    Expr::Column(column) if column.relation.is_none() => {
                        symbols.iter().position(|symbol| *symbol == column.name)
                    }
                    _ => None,
                };
                let is_alias = output(&value.expr).is_some();
                let aggregates_output = value.expr.exists(|part| match part {
                    Expr::AggregateFunction(_) => part.exists(|inner| Ok(output(inner).is_some())),
                    _ => Ok(false),
                })?;
                if aggregates_output {
                    let message = "Invalid reference to output projection attribute from ORDER BY aggregation";
                    return Err(Error::new(Code::ColumnNotFound, message).at(place(&key.expr)));
                }
                let expr = value.expr.transform_down(|expr| match output(&expr) {
                    Some(at) => Ok(Transformed::new(outputs[at].value.expr.clone(), true, TreeNodeRecursion::Jump)),
                    None => Ok(Transformed::no(expr)),
                })?;
                // What is selected reads the source, and this the result.
                if distinct && expr.transformed && !is_alias {
                    return Err(not_in_distinct(key));
                }
                let is_output = |expr: &Expr| outputs.iter().any(|output| output.value.expr == *expr);
                if expr.transformed && expr.data.is_volatile() && !is_output(&expr.data) {
                    return Err(Error::not_here("ORDER BY of an expression over a random value of SELECT"));
                }
                Ok((Typed::new(expr.data, value.of), key))
            })
            .collect()
    }

    /// Sorts rows by their own columns.
    pub(super) fn sort_by_outputs(
        &self,
        relation: Relation,
        order_by: &[OrderByExpr],
        scope: &Scope<'_>,
    ) -> Result<Relation> {
        let inside = scope.with_fields(relation.fields.clone());
        let sorts = order_by
            .iter()
            .map(|key| {
                let value = match ordinal(&key.expr) {
                    Some(number) => {
                        let field = numbered(&relation.fields, number).ok_or_else(|| {
                            let message = format!("ORDER BY position {number} is not in select list");
                            Error::new(Code::InvalidColumnReference, message).at(place(&key.expr))
                        })?;
                        self.column(field.column.clone(), field.of.clone())
                    }
                    None => self.expression(&key.expr, &inside)?,
                };
                sort_key(value, key)
            })
            .collect::<Result<Vec<Sort>>>()?;
        let plan = LogicalPlanBuilder::from(relation.plan).sort(sorts)?.build()?;
        Ok(Relation { plan, fields: relation.fields })
    }
}

fn unresolved(name: &ObjectName) -> Error {
    Error::new(Code::TableNotFound, format!("Unable to resolve reference {name}")).at(place(name))
}

fn not_in_distinct(key: &OrderByExpr) -> Error {
    let message = "For SELECT DISTINCT, ORDER BY expressions must appear in select list";
    Error::new(Code::ExpressionNotInDistinct, message).at(place(&key.expr))
}

/// The name that a column has without an alias.
pub(super) fn implicit_name(ast: &Ast) -> Option<String> {
    match ast {
        Ast::Nested(inner) => implicit_name(inner),
        Ast::Identifier(name) => Some(folded(name)),
        Ast::CompoundIdentifier(parts) => parts.last().map(folded),
        Ast::CompoundFieldAccess { access_chain, .. } => match access_chain.last() {
            Some(sqlparser::ast::AccessExpr::Dot(Ast::Identifier(name))) => Some(folded(name)),
            _ => None,
        },
        _ => None,
    }
}

fn refused(select: &Select) -> Option<&'static str> {
    let is_plain_group = matches!(select.group_by, GroupByExpr::Expressions(..));
    [
        (select.top.is_some(), "TOP"),
        (select.into.is_some(), "INTO"),
        (!select.lateral_views.is_empty(), "LATERAL VIEW"),
        (select.prewhere.is_some(), "PREWHERE"),
        (!select.connect_by.is_empty(), "CONNECT BY"),
        (!select.cluster_by.is_empty(), "CLUSTER BY"),
        (!select.distribute_by.is_empty(), "DISTRIBUTE BY"),
        (!select.sort_by.is_empty(), "SORT BY"),
        (select.qualify.is_some(), "QUALIFY"),
        (select.value_table_mode.is_some(), "SELECT AS STRUCT"),
        (select.exclude.is_some(), "EXCLUDE"),
        (!is_plain_group, "GROUP BY ALL"),
    ]
    .into_iter()
    .find_map(|(stands, name)| stands.then_some(name))
}
