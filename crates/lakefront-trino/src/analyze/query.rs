//! Queries: `WITH`, set operations, `VALUES`, `ORDER BY`, `LIMIT`.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use datafusion::common::{Column, JoinType, NullEquality, ScalarValue};
use datafusion::functions_window::rank;
use datafusion::logical_expr::expr::{Sort, WindowFunction};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, WindowFrame, WindowFunctionDefinition};
use sqlparser::ast::{
    Expr as Ast, Fetch, LimitClause, ObjectName, OrderBy, OrderByExpr, OrderByKind, Query, SetExpr, SetOperator,
    SetQuantifier, Values, With,
};

use super::scope::{Field, Named, Relation, Scope};
use super::{Analyzer, Typed, folded, numbered, place};
use crate::coercion::common_type;
use crate::comparison;
use crate::error::{Code, Error, Result};
use crate::tree;
use crate::types::Type;

impl Analyzer<'_> {
    pub(crate) fn query(&self, query: &Query, scope: &Scope<'_>) -> Result<Relation> {
        if !query.locks.is_empty() || query.for_clause.is_some() || !query.pipe_operators.is_empty() {
            return Err(Error::new(Code::SyntaxError, "This clause is not Trino's"));
        }
        if scope.outer.is_some_and(|around| around.matching.is_some()) {
            return Err(Error::not_here("A subquery in MEASURES or DEFINE"));
        }
        let mut inside = scope.clone();
        if scope.outer.is_none() || !scope.is_boundary {
            // A query in FROM sees names of queries around, but none of the columns beside it.
            inside.fields = Vec::new();
        }
        if let Some(with) = &query.with {
            inside.named = self.with(with, query, &inside)?;
        }
        let order_by = order_keys(query.order_by.as_ref())?;
        let relation = match query.body.as_ref() {
            SetExpr::Select(select) => {
                let is_cut = query.limit_clause.is_some() || query.fetch.is_some();
                self.select(select, order_by, is_cut, &inside)?
            }
            body => {
                let relation = self.body(body, &inside)?;
                if order_by.is_empty() { relation } else { self.sort_by_outputs(relation, order_by, &inside)? }
            }
        };
        self.limited(relation, query, order_by, &inside)
    }

    fn with(&self, with: &With, query: &Query, scope: &Scope<'_>) -> Result<Arc<HashMap<String, Named>>> {
        let mut named = Arc::clone(&scope.named);
        let mut own = HashSet::new();
        for cte in &with.cte_tables {
            let name = folded(&cte.alias.name);
            if !own.insert(name.clone()) {
                return Err(Error::new(
                    Code::DuplicateNamedQuery,
                    format!("WITH query name '{name}' specified more than once"),
                ));
            }
            let columns: Vec<_> = cte.alias.columns.iter().map(|column| column.name.clone()).collect();
            let mut seen = HashSet::new();
            if let Some(twice) = columns.iter().find(|column| !seen.insert(folded(column))) {
                let message = format!("Column name '{}' specified more than once", folded(twice));
                let at = (twice.span.start.line, twice.span.start.column);
                return Err(Error::new(Code::DuplicateColumnName, message).at(Some(at)));
            }
            let known = if with.recursive && reads(&cte.query, &name) {
                let inside = Scope { named: Arc::clone(&named), ..Scope::outermost() };
                self.recursive(&name, &cte.query, &columns, &inside)?
            } else {
                Named::Query { query: Arc::new((*cte.query).clone()), columns, scope: Arc::clone(&named) }
            };
            // What is read is analyzed where it is read; the rest has to be right too.
            if !reads(query, &name) {
                self.named(&name, known.clone())?;
            }
            let mut more = (*named).clone();
            more.insert(name, known);
            named = Arc::new(more);
        }
        Ok(named)
    }

    /// `WITH RECURSIVE name (columns) AS (first UNION ALL step)`
    fn recursive(
        &self,
        name: &str,
        query: &Query,
        columns: &[sqlparser::ast::Ident],
        scope: &Scope<'_>,
    ) -> Result<Named> {
        let SetExpr::SetOperation { left, op: SetOperator::Union, set_quantifier: SetQuantifier::All, right } =
            query.body.as_ref()
        else {
            if let SetExpr::SetOperation { op: SetOperator::Union, .. } = query.body.as_ref() {
                return Err(Error::not_here("WITH RECURSIVE by UNION without ALL"));
            }
            return Err(Error::new(Code::NotSupported, "A recursive query is a first query, UNION ALL, and a step"));
        };
        let clauses = [
            (query.with.is_some(), Code::NotSupported, "WITH"),
            (query.order_by.is_some(), Code::NotSupported, "ORDER BY"),
            (
                query.fetch.is_some()
                    || matches!(&query.limit_clause, Some(LimitClause::LimitOffset { limit: Some(_), .. })),
                Code::InvalidLimitClause,
                "FETCH FIRST / LIMIT",
            ),
            (query.limit_clause.is_some(), Code::NotSupported, "OFFSET"),
        ];
        if let Some((_, code, clause)) = clauses.into_iter().find(|(stands, ..)| *stands) {
            return Err(Error::new(code, format!("immediate {clause} clause in recursive query")));
        }
        if columns.is_empty() {
            return Err(Error::new(
                Code::MissingColumnAliases,
                format!("Missing column aliases in recursive WITH query {name}"),
            ));
        }
        let first = self.body(left, scope)?;
        if first.fields.len() != columns.len() {
            return Err(Error::new(
                Code::MismatchedColumnAliases,
                format!("The recursive query {name} has {} columns", first.fields.len()),
            ));
        }
        let work = self.symbol("recursion");
        let symbols: Vec<String> = first.fields.iter().map(|_| self.symbol("r")).collect();
        let renamed =
            first.fields.iter().zip(&symbols).map(|(field, symbol)| Expr::Column(field.column.clone()).alias(symbol));
        let anchor = LogicalPlanBuilder::from(first.plan).project(renamed)?.build()?;
        let schema = Arc::new(anchor.schema().as_arrow().clone());
        let schema = Arc::new(datafusion::arrow::datatypes::Schema::new(
            schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect::<Vec<_>>(),
        ));
        let table = Arc::new(datafusion::catalog::cte_worktable::CteWorkTable::new(&work, schema));
        let source = datafusion::datasource::provider_as_source(table);
        let scan = LogicalPlanBuilder::scan(work.as_str(), source, None)?.build()?;
        let working: Vec<Field> = first
            .fields
            .iter()
            .zip(&symbols)
            .zip(columns)
            .map(|((field, symbol), name)| Field {
                qualifier: Vec::new(),
                name: Some(folded(name)),
                column: Column::new(Some(work.as_str()), symbol),
                of: field.of.clone(),
                hidden: false,
            })
            .collect();
        let mut named = (*scope.named).clone();
        named.insert(name.to_owned(), Named::Working { plan: scan, fields: working.clone() });
        let inside = Scope { named: Arc::new(named), ..scope.clone() };
        let step = self.body(right, &inside)?;
        let types: Vec<Type> = first.fields.iter().map(|field| field.of.clone()).collect();
        let step = self.as_types(step, &types, Some(&symbols))?;
        let plan = LogicalPlanBuilder::from(anchor).to_recursive_query(work, step.plan, false)?.build()?;
        let fields = working
            .into_iter()
            .zip(symbols)
            .map(|(field, symbol)| Field { column: Column::from_name(symbol), ..field })
            .collect();
        Ok(Named::Working { plan, fields })
    }

    fn body(&self, body: &SetExpr, scope: &Scope<'_>) -> Result<Relation> {
        match body {
            SetExpr::Select(select) => self.select(select, &[], false, scope),
            SetExpr::Query(query) => self.query(query, scope),
            SetExpr::Values(values) => self.values(values, scope),
            SetExpr::SetOperation { .. } => self.set_operation(body, scope),
            SetExpr::Table(table) => match &table.table_name {
                Some(name) => {
                    let text = match &table.schema_name {
                        Some(schema) => format!("SELECT * FROM {schema}.{name}"),
                        None => format!("SELECT * FROM {name}"),
                    };
                    match crate::parse(&text) {
                        Ok(sqlparser::ast::Statement::Query(query)) => self.query(&query, scope),
                        _ => Err(Error::new(Code::SyntaxError, "TABLE takes a name")),
                    }
                }
                None => Err(Error::new(Code::SyntaxError, "TABLE takes a name")),
            },
            _ => Err(Error::not_here("A statement that writes")),
        }
    }

    fn values(&self, values: &Values, scope: &Scope<'_>) -> Result<Relation> {
        let mut rows: Vec<Vec<Typed>> = Vec::with_capacity(values.rows.len());
        for row in &values.rows {
            let items: Vec<&Ast> = match row.content.as_slice() {
                // One ROW(…) is a row of its fields.
                [Ast::Function(function)] if function.name.to_string().eq_ignore_ascii_case("row") => {
                    super::function::plain_arguments(function)?
                }
                [Ast::Tuple(items)] => items.iter().collect(),
                items => items.iter().collect(),
            };
            let is_written_out = !matches!(row.content.as_slice(), [one] if items.as_slice() == [one]);
            let row = items.into_iter().map(|item| self.expression(item, scope)).collect::<Result<Vec<_>>>()?;
            rows.push(match row.as_slice() {
                [Typed { of: Type::Row(fields), .. }] if !is_written_out => {
                    let fields = fields.iter().enumerate();
                    fields.map(|(at, (_, of))| self.field_at(row[0].clone(), at, of.clone())).collect::<Result<_>>()?
                }
                _ => row,
            });
        }
        let width = rows.first().map_or(0, Vec::len);
        if rows.iter().any(|row| row.len() != width) {
            return Err(Error::type_mismatch("Values rows have mismatched sizes"));
        }
        let mut types = Vec::with_capacity(width);
        for at in 0..width {
            let of = rows.iter().try_fold(Type::Unknown, |common, row| common_type(&common, &row[at].of));
            types.push(of.ok_or_else(|| Error::type_mismatch("Values rows have mismatched types"))?);
        }
        let rows = rows
            .into_iter()
            .map(|row| row.into_iter().zip(&types).map(|(value, of)| self.coerce(value, of)).collect())
            .collect::<Result<Vec<Vec<Expr>>>>()?;
        let plan = LogicalPlanBuilder::values(rows)?.build()?;
        let columns = plan.schema().columns();
        let symbols: Vec<String> = types.iter().map(|_| self.symbol("v")).collect();
        let renamed = columns.into_iter().zip(&symbols).map(|(column, symbol)| Expr::Column(column).alias(symbol));
        let plan = LogicalPlanBuilder::from(plan).project(renamed)?.build()?;
        let fields = symbols
            .into_iter()
            .zip(types)
            .map(|(symbol, of)| Field {
                qualifier: Vec::new(),
                name: None,
                column: Column::from_name(symbol),
                of,
                hidden: false,
            })
            .collect();
        Ok(Relation { plan, fields })
    }

    fn set_operation(&self, body: &SetExpr, scope: &Scope<'_>) -> Result<Relation> {
        let SetExpr::SetOperation { left, op, set_quantifier, right } = body else { return self.body(body, scope) };
        let all = match set_quantifier {
            SetQuantifier::All => true,
            SetQuantifier::None | SetQuantifier::Distinct => false,
            _ => return Err(Error::new(Code::SyntaxError, "Trino matches set operations by position")),
        };
        let (left, right) = (self.body(left, scope)?, self.body(right, scope)?);
        if left.fields.len() != right.fields.len() {
            return Err(Error::type_mismatch(format!(
                "{op} query has different number of fields: {}, {}",
                left.fields.len(),
                right.fields.len()
            )));
        }
        let types = left
            .fields
            .iter()
            .zip(&right.fields)
            .enumerate()
            .map(|(at, (a, b))| {
                common_type(&a.of, &b.of).ok_or_else(|| {
                    Error::type_mismatch(format!(
                        "column {} in {op} query has incompatible types: {}, {}",
                        at + 1,
                        a.of,
                        b.of
                    ))
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let symbols: Vec<String> = types.iter().map(|_| self.symbol("s")).collect();
        let names: Vec<Option<String>> = left.fields.iter().map(|field| field.name.clone()).collect();
        let mut left = self.as_types(left, &types, Some(&symbols))?;
        let mut right = self.as_types(right, &types, Some(&symbols))?;
        if !matches!(op, SetOperator::Union) {
            left = one_look(left, &symbols, &types, all)?;
            right = one_look(right, &symbols, &types, all)?;
        }
        let plan = match (op, all) {
            (SetOperator::Union, true) => LogicalPlanBuilder::from(left.plan).union(right.plan)?.build()?,
            (SetOperator::Union, false) => {
                let plan = LogicalPlanBuilder::from(left.plan).union(right.plan)?.build()?;
                let columns: Vec<(Column, Type)> = plan.schema().columns().into_iter().zip(types.clone()).collect();
                self.distinct(plan, &columns)?
            }
            (SetOperator::Intersect, false) => LogicalPlanBuilder::intersect(left.plan, right.plan, false)?,
            (SetOperator::Except, false) => LogicalPlanBuilder::except(left.plan, right.plan, false)?,
            (SetOperator::Intersect, true) => self.counted(left, right, &symbols, JoinType::LeftSemi)?,
            (SetOperator::Except, true) => self.counted(left, right, &symbols, JoinType::LeftAnti)?,
            (SetOperator::Minus, _) => return Err(Error::new(Code::SyntaxError, "Trino has EXCEPT, no MINUS")),
        };
        let columns = plan.schema().columns();
        let fields = columns
            .into_iter()
            .zip(names)
            .zip(types)
            .map(|((column, name), of)| Field { qualifier: Vec::new(), name, column, of, hidden: false })
            .collect();
        Ok(Relation { plan, fields })
    }

    /// `ALL` of `INTERSECT` and `EXCEPT` pairs each row with at most one of the other side.
    fn counted(&self, left: Relation, right: Relation, symbols: &[String], kind: JoinType) -> Result<LogicalPlan> {
        let counted = |relation: Relation, copy: Option<&str>| -> Result<(LogicalPlan, Vec<Column>)> {
            let rows_alike = symbols.iter().map(|symbol| Expr::Column(Column::from_name(symbol))).collect();
            let (plan, number) = numbered(relation.plan, rows_alike)?;
            let name = |symbol: &str| match copy {
                Some(copy) => format!("{symbol}_{copy}"),
                None => symbol.to_owned(),
            };
            let number_name = name("number");
            let columns = symbols
                .iter()
                .map(|symbol| Expr::Column(Column::from_name(symbol)).alias(name(symbol)))
                .chain([number.alias(&number_name)]);
            let plan = LogicalPlanBuilder::from(plan).project(columns)?.build()?;
            let keys = symbols.iter().map(|symbol| name(symbol)).chain([number_name]).map(Column::from_name).collect();
            Ok((plan, keys))
        };
        let (left, left_keys) = counted(left, None)?;
        let (right, right_keys) = counted(right, Some("other"))?;
        let joined = LogicalPlanBuilder::from(left)
            .join_detailed(right, kind, (left_keys, right_keys), None, NullEquality::NullEqualsNull)?
            .project(symbols.iter().map(|symbol| Expr::Column(Column::from_name(symbol))))?
            .build()?;
        Ok(joined)
    }

    /// The relation with its columns as the given types.
    fn as_types(&self, relation: Relation, types: &[Type], names: Option<&[String]>) -> Result<Relation> {
        if relation.fields.len() != types.len() {
            return Err(Error::type_mismatch("The two sides have different numbers of columns"));
        }
        let mut expressions = Vec::with_capacity(types.len());
        let mut fields = Vec::with_capacity(types.len());
        for (at, (field, of)) in relation.fields.into_iter().zip(types).enumerate() {
            let symbol = names.map_or_else(|| self.symbol("s"), |names| names[at].clone());
            if !crate::coercion::can_coerce(&field.of, of) {
                return Err(Error::type_mismatch(format!("column {} has type {}, not {of}", at + 1, field.of)));
            }
            let value = self.column(field.column.clone(), field.of.clone());
            expressions.push(self.coerce(value, of)?.alias(&symbol));
            fields.push(Field { column: Column::from_name(symbol), of: of.clone(), ..field });
        }
        let plan = LogicalPlanBuilder::from(relation.plan).project(expressions)?.build()?;
        Ok(Relation { plan, fields })
    }

    fn limited(
        &self,
        relation: Relation,
        query: &Query,
        order_by: &[OrderByExpr],
        scope: &Scope<'_>,
    ) -> Result<Relation> {
        let number = |ast: &Ast, what: &str| -> Result<usize> {
            let value = self.expression(ast, scope)?;
            let wrong =
                || Error::new(Code::InvalidLimitClause, format!("{what} takes a number of rows")).at(place(ast));
            match self.coerce(value, &Type::Bigint)? {
                Expr::Literal(ScalarValue::Int64(Some(rows)), _) => usize::try_from(rows).map_err(|_| wrong()),
                _ => Err(wrong()),
            }
        };
        let (mut skip, mut rows) = (0, None);
        match &query.limit_clause {
            Some(LimitClause::LimitOffset { limit, offset, .. }) => {
                rows = limit.as_ref().map(|limit| number(limit, "LIMIT")).transpose()?;
                skip = offset.as_ref().map_or(Ok(0), |offset| number(&offset.value, "OFFSET"))?;
            }
            Some(LimitClause::OffsetCommaLimit { .. }) => {
                return Err(Error::new(Code::SyntaxError, "Write OFFSET m LIMIT n"));
            }
            None => {}
        }
        if let Some(fetch) = &query.fetch {
            let Fetch { with_ties, percent, quantity } = fetch;
            if *percent {
                return Err(Error::new(Code::SyntaxError, "Trino has no FETCH … PERCENT"));
            }
            let first = quantity.as_ref().map_or(Ok(1), |quantity| number(quantity, "FETCH FIRST"))?;
            if first == 0 {
                return Err(Error::new(Code::NumericValueOutOfRange, "FETCH FIRST row count must be positive"));
            }
            if *with_ties {
                return self.with_ties(relation, first, skip, order_by, scope);
            }
            rows = Some(first);
        }
        if rows.is_none() && skip == 0 {
            return Ok(relation);
        }
        let plan = LogicalPlanBuilder::from(relation.plan).limit(skip, rows)?.build()?;
        Ok(Relation { plan, fields: relation.fields })
    }

    fn with_ties(
        &self,
        relation: Relation,
        first: usize,
        skip: usize,
        order_by: &[OrderByExpr],
        scope: &Scope<'_>,
    ) -> Result<Relation> {
        if order_by.is_empty() {
            return Err(Error::new(Code::MissingOrderBy, "FETCH FIRST WITH TIES clause requires ORDER BY"));
        }
        if skip > 0 {
            return Err(Error::not_here("OFFSET with FETCH FIRST … WITH TIES"));
        }
        // Keys that are no columns of the result are not known here any more.
        let inside = scope.with_fields(relation.fields.clone());
        let mut keys: Vec<Sort> = Vec::with_capacity(order_by.len());
        for key in order_by {
            let value = match super::aggregation::ordinal(&key.expr)
                .and_then(|number| super::aggregation::numbered(&relation.fields, number))
            {
                Some(field) => self.column(field.column.clone(), field.of.clone()),
                None => self
                    .expression(&key.expr, &inside)
                    .map_err(|_| Error::not_here("FETCH FIRST … WITH TIES by what is not selected"))?,
            };
            keys.push(Sort::new(
                comparison::sort_key(value.expr, &value.of),
                key.options.asc.unwrap_or(true),
                key.options.nulls_first.unwrap_or(false),
            ));
        }
        let mut function = WindowFunction::new(WindowFunctionDefinition::WindowUDF(rank::rank_udwf()), Vec::new());
        function.params.order_by = keys.clone();
        function.params.window_frame = WindowFrame::new(Some(false));
        let function = Expr::WindowFunction(Box::new(function));
        let rank = Expr::Column(Column::from_name(function.schema_name().to_string()));
        let plan = LogicalPlanBuilder::window_plan(relation.plan, [function])?;
        let plan = LogicalPlanBuilder::from(plan)
            .filter(rank.lt_eq(datafusion::logical_expr::lit(first as u64)))?
            .sort(keys)?
            .project(relation.fields.iter().map(|field| Expr::Column(field.column.clone())))?
            .build()?;
        Ok(Relation { plan, fields: relation.fields })
    }
}

fn order_keys(order_by: Option<&OrderBy>) -> Result<&[OrderByExpr]> {
    match order_by.map(|order_by| &order_by.kind) {
        None => Ok(&[]),
        Some(OrderByKind::Expressions(keys)) => Ok(keys),
        Some(OrderByKind::All(_)) => Err(Error::new(Code::SyntaxError, "Trino has no ORDER BY ALL")),
    }
}

/// Whether a query reads a table of the name.
fn reads(query: &Query, name: &str) -> bool {
    let is = |relation: &ObjectName| relation.0.len() == 1 && relation.to_string().eq_ignore_ascii_case(name);
    tree::count_relations(query, is) > 0
}

/// Rows whose values look alike where they are the same. `all`: Trino sorts them to count them.
fn one_look(relation: Relation, symbols: &[String], types: &[Type], all: bool) -> Result<Relation> {
    let mut changed = false;
    let columns = symbols.iter().zip(types).map(|(symbol, of)| {
        let column = Expr::Column(Column::from_name(symbol));
        let column = match comparison::group_key(column.clone(), of) {
            Some(_) if !of.is_floating() => return Err(Error::not_here(format!("INTERSECT or EXCEPT of {of}"))),
            Some(key) => key,
            None if all && matches!(of, Type::Array(_) | Type::Row(_)) => comparison::without_nulls(column, of),
            None => return Ok(column),
        };
        changed = true;
        Ok(column.alias(symbol))
    });
    let columns = columns.collect::<Result<Vec<_>>>()?;
    if !changed {
        return Ok(relation);
    }
    Ok(Relation { plan: LogicalPlanBuilder::from(relation.plan).project(columns)?.build()?, ..relation })
}
