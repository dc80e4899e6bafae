//! Queries, their clauses and the tables they read.

use std::collections::BTreeSet;

use sqlparser::ast::{
    Cte, Distinct, ExcludeSelectItem, GroupByExpr, Ident, Join, JoinConstraint, JoinOperator, LimitClause,
    NamedWindowExpr, ObjectName, ObjectNamePart, OrderBy, OrderByExpr, OrderByKind, Query, Select, SelectFlavor,
    SelectItem, SelectItemQualifiedWildcardKind, SetExpr, SetQuantifier, Spanned, TableAlias, TableFactor, TableSample,
    TableSampleKind, TableSampleMethod, TableSampleModifier, TableSampleQuantity, TableWithJoins,
    WildcardAdditionalOptions,
};

use sqlparser::tokenizer::Span;

use super::kind::not_allowed;
use super::restricted::restricted;
use super::{Checked, CommonTable, MAX_COMMON_TABLES, TableName, Walk, not_supported, position, refuse};
use crate::QueryError;
use crate::statement::conditions::Conditions;

impl Walk {
    pub(super) fn query(&mut self, query: &Query) -> Checked {
        // A query within a measure or a definition reads rows of its own.
        let around = std::mem::take(&mut self.in_row_pattern);
        let checked = self.whole_query(query);
        self.in_row_pattern = around;
        checked
    }

    fn whole_query(&mut self, query: &Query) -> Checked {
        let Query {
            with,
            body,
            order_by,
            limit_clause,
            fetch,
            locks,
            for_clause,
            settings,
            format_clause,
            pipe_operators,
        } = query;
        let span = query.span();
        if let Some(fetch) = fetch {
            self.expressions(&fetch.quantity)?;
        }
        refuse("FOR UPDATE", !locks.is_empty(), span)?;
        refuse("FOR XML or JSON", for_clause.is_some(), span)?;
        refuse("SETTINGS", settings.is_some(), span)?;
        refuse("FORMAT", format_clause.is_some(), span)?;
        refuse("The pipe operator |>", !pipe_operators.is_empty(), span)?;

        self.scopes.push(Vec::new());
        if let Some(with) = with {
            if with.cte_tables.len() > MAX_COMMON_TABLES {
                return Err(QueryError::user(
                    "QUERY_TOO_COMPLEX",
                    format!("A WITH clause may define {MAX_COMMON_TABLES} tables at most."),
                )
                .at(position(with.span())));
            }
            for table in &with.cte_tables {
                self.define(table, with.recursive)?;
            }
        }
        self.set_expression(body)?;
        if let Some(order_by) = order_by {
            self.order_by(order_by)?;
        }
        match limit_clause {
            None => {}
            Some(LimitClause::LimitOffset { limit, offset, limit_by }) => {
                refuse("LIMIT … BY", !limit_by.is_empty(), span)?;
                self.expressions(limit.iter().chain(offset.iter().map(|offset| &offset.value)))?;
            }
            Some(LimitClause::OffsetCommaLimit { .. }) => {
                return Err(not_supported("LIMIT with a comma", span).with_hint("Write OFFSET n LIMIT m."));
            }
        }
        self.scopes.pop();
        Ok(())
    }

    fn define(&mut self, table: &Cte, recursive: bool) -> Checked {
        let Cte { alias, query, from, materialized, closing_paren_token: _ } = table;
        refuse("WITH … FROM", from.is_some(), alias.span())?;
        self.postgres_only("MATERIALIZED", materialized.is_some(), alias.span())?;
        self.alias(alias)?;
        if recursive {
            self.common(&alias.name, 1);
        }
        let before = self.tables_read;
        self.query(query)?;
        let tables_read = self.tables_read - before + 1;
        self.tables_read = before;
        if recursive && let Some(scope) = self.scopes.last_mut() {
            scope.pop();
        }
        self.common(&alias.name, tables_read);
        Ok(())
    }

    fn common(&mut self, name: &Ident, tables_read: usize) {
        let table = CommonTable { name: planner_name(name), tables_read };
        if let Some(scope) = self.scopes.last_mut() {
            scope.push(table);
        }
    }

    fn set_expression(&mut self, expression: &SetExpr) -> Checked {
        match expression {
            SetExpr::Select(select) => self.select(select),
            SetExpr::Query(query) => self.query(query),
            SetExpr::SetOperation { left, op: _, set_quantifier, right } => {
                match set_quantifier {
                    SetQuantifier::All | SetQuantifier::Distinct | SetQuantifier::None => {}
                    SetQuantifier::ByName | SetQuantifier::AllByName | SetQuantifier::DistinctByName => {
                        return Err(not_supported("BY NAME", right.span()));
                    }
                }
                self.set_expression(left)?;
                self.set_expression(right)
            }
            SetExpr::Values(values) => values.rows.iter().try_for_each(|row| self.expressions(&row.content)),
            SetExpr::Insert(statement)
            | SetExpr::Update(statement)
            | SetExpr::Delete(statement)
            | SetExpr::Merge(statement) => Err(not_allowed(statement)),
            SetExpr::Table(_) => {
                Err(not_supported("TABLE", expression.span()).with_hint("Write SELECT * FROM the table."))
            }
        }
    }

    fn select(&mut self, select: &Select) -> Checked {
        let Select {
            select_token: _,
            optimizer_hints: _,
            distinct,
            select_modifiers,
            top,
            top_before_distinct: _,
            projection,
            exclude,
            into,
            from,
            lateral_views,
            prewhere,
            selection,
            connect_by,
            group_by,
            cluster_by,
            distribute_by,
            sort_by,
            having,
            named_window,
            qualify,
            window_before_qualify: _,
            value_table_mode,
            flavor,
        } = select;
        let span = select.select_token.0.span;
        if let Some(into) = into {
            return Err(QueryError::user(
                "STATEMENT_NOT_ALLOWED",
                "SELECT INTO is not allowed; statements here only read.",
            )
            .at(position(into.name.span())));
        }
        refuse("TOP", top.is_some(), span)?;
        refuse("A SELECT modifier", select_modifiers.is_some(), span)?;
        refuse("EXCLUDE", exclude.is_some(), span)?;
        refuse("LATERAL VIEW", !lateral_views.is_empty(), span)?;
        refuse("PREWHERE", prewhere.is_some(), span)?;
        refuse("CONNECT BY", !connect_by.is_empty(), span)?;
        refuse("CLUSTER BY", !cluster_by.is_empty(), span)?;
        refuse("DISTRIBUTE BY", !distribute_by.is_empty(), span)?;
        refuse("SORT BY", !sort_by.is_empty(), span)?;
        refuse("SELECT AS", value_table_mode.is_some(), span)?;
        match flavor {
            SelectFlavor::Standard => {}
            SelectFlavor::FromFirst | SelectFlavor::FromFirstNoSelect => {
                return Err(not_supported("FROM before SELECT", span));
            }
        }

        match distinct {
            None | Some(Distinct::All | Distinct::Distinct) => {}
            Some(Distinct::On(expressions)) if self.is_postgres() => self.expressions(expressions)?,
            Some(Distinct::On(_)) => return Err(not_supported("DISTINCT ON", span)),
        }
        let around = std::mem::replace(&mut self.conditions, Conditions::of(select));
        let first = self.findings.tables.len();
        from.iter().try_for_each(|table| self.table_with_joins(table))?;
        self.conditions = around;
        if self.findings.tables.len() > first {
            for (start, columns) in restricted(select) {
                let starts = |table: &&mut TableName| table.parts.first().is_some_and(|part| part.span.start == start);
                if let Some(table) = self.findings.tables[first..].iter_mut().find(starts) {
                    table.restricted = columns;
                }
            }
        }
        projection.iter().try_for_each(|item| self.select_item(item))?;
        self.expressions(selection)?;
        match group_by {
            GroupByExpr::All(modifiers) => refuse("GROUP BY … WITH", !modifiers.is_empty(), span)?,
            GroupByExpr::Expressions(expressions, modifiers) => {
                refuse("GROUP BY … WITH", !modifiers.is_empty(), span)?;
                self.expressions(expressions)?;
            }
        }
        self.expressions(having.iter().chain(qualify))?;
        for window in named_window {
            match &window.1 {
                NamedWindowExpr::NamedWindow(_) => {}
                NamedWindowExpr::WindowSpec(specification) => self.window(specification)?,
            }
        }
        Ok(())
    }

    fn select_item(&mut self, item: &SelectItem) -> Checked {
        match item {
            SelectItem::UnnamedExpr(expression) | SelectItem::ExprWithAlias { expr: expression, alias: _ } => {
                self.expression(expression)
            }
            SelectItem::ExprWithAliases { expr, .. } => {
                Err(not_supported("Several aliases for one column", expr.span()))
            }
            SelectItem::QualifiedWildcard(kind, options) => {
                match kind {
                    SelectItemQualifiedWildcardKind::ObjectName(name) if name.0.len() > 1 => {
                        self.findings
                            .long_names
                            .push(name.0.iter().filter_map(|part| part.as_ident().cloned()).collect());
                    }
                    SelectItemQualifiedWildcardKind::ObjectName(_) => {}
                    SelectItemQualifiedWildcardKind::Expr(expression) => {
                        self.expression(expression)?;
                    }
                }
                self.wildcard(options)
            }
            SelectItem::Wildcard(options) => self.wildcard(options),
        }
    }

    pub(super) fn wildcard(&mut self, options: &WildcardAdditionalOptions) -> Checked {
        let WildcardAdditionalOptions {
            wildcard_token,
            opt_ilike,
            opt_exclude,
            opt_except: _,
            opt_replace,
            opt_rename,
            opt_alias,
        } = options;
        let span = wildcard_token.0.span;
        refuse("* ILIKE", opt_ilike.is_some(), span)?;
        refuse("* RENAME", opt_rename.is_some(), span)?;
        refuse("* AS", opt_alias.is_some(), span)?;
        match opt_exclude {
            None | Some(ExcludeSelectItem::Single(_) | ExcludeSelectItem::Multiple(_)) => {}
        }
        match opt_replace {
            None => Ok(()),
            Some(replace) => self.expressions(replace.items.iter().map(|item| &item.expr)),
        }
    }

    fn order_by(&mut self, order_by: &OrderBy) -> Checked {
        let OrderBy { kind, interpolate } = order_by;
        refuse("INTERPOLATE", interpolate.is_some(), order_by.span())?;
        match kind {
            OrderByKind::All(_) => Ok(()),
            OrderByKind::Expressions(expressions) => self.order_by_expressions(expressions),
        }
    }

    pub(super) fn order_by_expressions(&mut self, expressions: &[OrderByExpr]) -> Checked {
        expressions.iter().try_for_each(|order| {
            let OrderByExpr { expr, options: _, with_fill } = order;
            refuse("WITH FILL", with_fill.is_some(), expr.span())?;
            self.expression(expr)
        })
    }

    fn table_with_joins(&mut self, table: &TableWithJoins) -> Checked {
        self.table_factor(&table.relation)?;
        table.joins.iter().try_for_each(|join| self.join(join))
    }

    fn join(&mut self, join: &Join) -> Checked {
        let Join { relation, global, join_operator } = join;
        let span = relation.span();
        refuse("GLOBAL JOIN", *global, span)?;
        self.table_factor(relation)?;
        let constraint = match join_operator {
            JoinOperator::Join(constraint)
            | JoinOperator::Inner(constraint)
            | JoinOperator::Left(constraint)
            | JoinOperator::LeftOuter(constraint)
            | JoinOperator::Right(constraint)
            | JoinOperator::RightOuter(constraint)
            | JoinOperator::FullOuter(constraint)
            | JoinOperator::CrossJoin(constraint) => constraint,
            JoinOperator::Semi(_)
            | JoinOperator::LeftSemi(_)
            | JoinOperator::RightSemi(_)
            | JoinOperator::Anti(_)
            | JoinOperator::LeftAnti(_)
            | JoinOperator::RightAnti(_) => {
                return Err(not_supported("SEMI and ANTI JOIN", span)
                    .with_hint("Write WHERE [NOT] EXISTS (…) or [NOT] IN (…)."));
            }
            JoinOperator::CrossApply | JoinOperator::OuterApply => {
                return Err(not_supported("APPLY", span).with_hint("Write CROSS JOIN LATERAL."));
            }
            JoinOperator::AsOf { .. } => return Err(not_supported("ASOF JOIN", span)),
            JoinOperator::StraightJoin(_) => return Err(not_supported("STRAIGHT_JOIN", span)),
            JoinOperator::ArrayJoin | JoinOperator::LeftArrayJoin | JoinOperator::InnerArrayJoin => {
                return Err(not_supported("ARRAY JOIN", span));
            }
        };
        match constraint {
            JoinConstraint::On(expression) => self.expression(expression),
            JoinConstraint::Using(_) | JoinConstraint::Natural | JoinConstraint::None => Ok(()),
        }
    }

    fn table_factor(&mut self, factor: &TableFactor) -> Checked {
        let span = factor.span();
        match factor {
            TableFactor::Table {
                name,
                alias,
                args,
                with_hints,
                version,
                with_ordinality,
                partitions,
                json_path,
                sample,
                index_hints,
            } => {
                refuse("WITH hints", !with_hints.is_empty() || !index_hints.is_empty(), span)?;
                refuse("FOR VERSION AS OF", version.is_some(), span)?;
                self.postgres_only("WITH ORDINALITY", *with_ordinality, span)?;
                refuse("PARTITION", !partitions.is_empty(), span)?;
                refuse("A path after a table", json_path.is_some(), span)?;
                self.sample(sample.as_ref(), span)?;
                self.aliases(alias)?;
                self.findings.relations += 1;
                match args {
                    None => self.table(name, alias.as_ref()),
                    Some(arguments) => {
                        self.function(name, true)?;
                        refuse("SETTINGS", arguments.settings.is_some(), span)?;
                        self.arguments(&arguments.args)?;
                        self.read(1, span)
                    }
                }
            }
            TableFactor::Derived { lateral: _, subquery, alias, sample } => {
                self.sample(sample.as_ref(), span)?;
                self.aliases(alias)?;
                self.query(subquery)
            }
            TableFactor::Function { lateral: _, name, args, with_ordinality, alias } => {
                self.postgres_only("WITH ORDINALITY", *with_ordinality, span)?;
                self.aliases(alias)?;
                self.function(name, true)?;
                self.arguments(args)?;
                self.read(1, span)
            }
            TableFactor::UNNEST { alias, array_exprs, with_offset, with_offset_alias, with_ordinality: _ } => {
                refuse("WITH OFFSET", *with_offset || with_offset_alias.is_some(), span)?;
                self.aliases(alias)?;
                self.expressions(array_exprs)?;
                self.read(1, span)
            }
            TableFactor::NestedJoin { table_with_joins, alias } => {
                self.aliases(alias)?;
                self.table_with_joins(table_with_joins)
            }
            TableFactor::TableFunction { .. } => Err(not_supported("TABLE(…)", span)),
            TableFactor::JsonTable { .. } | TableFactor::OpenJsonTable { .. } => Err(not_supported("JSON_TABLE", span)),
            TableFactor::Pivot { .. } => Err(not_supported("PIVOT", span)),
            TableFactor::Unpivot { .. } => Err(not_supported("UNPIVOT", span)),
            TableFactor::MatchRecognize { .. } if self.is_postgres() => Err(not_supported("MATCH_RECOGNIZE", span)),
            TableFactor::MatchRecognize {
                table,
                partition_by,
                order_by,
                measures,
                rows_per_match: _,
                after_match_skip: _,
                pattern: _,
                symbols,
                alias,
            } => {
                self.aliases(alias)?;
                // What the query around says of columns is of those that come out, whatever their names are.
                let around = std::mem::take(&mut self.conditions);
                self.table_factor(table)?;
                self.conditions = around;
                self.expressions(partition_by)?;
                self.order_by_expressions(order_by)?;
                let around = std::mem::replace(&mut self.in_row_pattern, true);
                self.expressions(measures.iter().map(|measure| &measure.expr))?;
                self.expressions(symbols.iter().map(|symbol| &symbol.definition))?;
                self.in_row_pattern = around;
                Ok(())
            }
            TableFactor::XmlTable { .. } => Err(not_supported("XMLTABLE", span)),
            TableFactor::SemanticView { .. } => Err(not_supported("SEMANTIC_VIEW", span)),
        }
    }

    /// `TABLESAMPLE BERNOULLI (10)`, and nothing else that other dialects put there.
    fn sample(&mut self, sample: Option<&TableSampleKind>, span: Span) -> Checked {
        let Some(TableSampleKind::BeforeTableAlias(sample) | TableSampleKind::AfterTableAlias(sample)) = sample else {
            return Ok(());
        };
        let TableSample { modifier, name, quantity, seed, bucket, offset } = sample.as_ref();
        let is_trinos = match (modifier, name) {
            (TableSampleModifier::TableSample, Some(TableSampleMethod::Bernoulli | TableSampleMethod::System)) => {
                seed.is_none() && bucket.is_none() && offset.is_none()
            }
            _ => false,
        };
        match quantity {
            Some(TableSampleQuantity { parenthesized: true, value, unit: None })
                if is_trinos && !self.is_postgres() =>
            {
                self.findings.volatile = true;
                self.expression(value)
            }
            _ => Err(not_supported("TABLESAMPLE other than BERNOULLI or SYSTEM with a percentage", span)),
        }
    }

    fn table(&mut self, name: &ObjectName, alias: Option<&TableAlias>) -> Checked {
        let parts = name
            .0
            .iter()
            .map(|part| match part {
                ObjectNamePart::Identifier(ident) => Ok(ident.clone()),
                ObjectNamePart::Function(_) => Err(not_supported("A computed name", name.span())),
            })
            .collect::<Result<Vec<_>, _>>()?;
        if let [single] = parts.as_slice()
            && let Some(table) = self.common_table(&single.value)
        {
            let (defined, tables_read) = (table.name.clone(), table.tables_read);
            if planner_name(single) != defined {
                self.findings.renamed.push((single.clone(), defined));
            }
            self.common_uses += 1;
            return self.read(tables_read, single.span);
        }
        let conditions = self.conditions.on(&parts, alias.map(|alias| &alias.name));
        self.findings.tables.push(TableName {
            parts,
            has_alias: alias.is_some(),
            conditions,
            restricted: BTreeSet::new(),
        });
        self.read(1, name.span())
    }

    fn aliases(&self, alias: &Option<TableAlias>) -> Checked {
        alias.as_ref().map_or(Ok(()), |alias| self.alias(alias))
    }

    fn alias(&self, alias: &TableAlias) -> Checked {
        let TableAlias { explicit: _, name: _, columns, at } = alias;
        let span = alias.span();
        refuse("AT", at.is_some(), span)?;
        let mut types = columns.iter().filter_map(|column| column.data_type.as_ref());
        if self.is_postgres() {
            return types.try_for_each(|data_type| self.named_type(data_type, span));
        }
        refuse("A type in an alias", types.next().is_some(), span)
    }
}

/// How the planner reads a name: lower case unless quoted.
fn planner_name(name: &Ident) -> String {
    match name.quote_style {
        None => name.value.to_lowercase(),
        Some(_) => name.value.clone(),
    }
}
