//! Which columns a query block compares with constants, table by table.
//!
//! Read from the statement rather than from an engine's plan: it means the same whatever engine runs the statement, and
//! the author can see it. A condition counts for the tables of its own block only, so a statement may be refused that
//! an optimiser would have saved; never the other way round.

use std::collections::BTreeSet;

use lakefront_trino::has_expression;
use sqlparser::ast::{
    BinaryOperator, Expr, Ident, Join, JoinConstraint, JoinOperator, ObjectNamePart, Select, TableFactor,
    TableWithJoins,
};
use sqlparser::tokenizer::Location;

/// A column, with the last name before it if there is one; both in lower case.
type Column = (Option<String>, String);

/// A table that stands in the FROM clause itself.
struct Direct {
    start: Location,
    name: String,
    restricted: BTreeSet<String>,
}

/// The restricted columns of each table of the FROM clause, by where its name begins.
pub(super) fn restricted(select: &Select) -> Vec<(Location, BTreeSet<String>)> {
    let mut tables = Vec::new();
    for from in &select.from {
        with_joins(from, &mut tables);
    }
    if let Some(condition) = &select.selection {
        apply(condition, &mut tables);
    }
    tables.into_iter().map(|table| (table.start, table.restricted)).collect()
}

fn with_joins(from: &TableWithJoins, tables: &mut Vec<Direct>) {
    let begin = tables.len();
    factor(&from.relation, tables);
    for join in &from.joins {
        let right = tables.len();
        factor(&join.relation, tables);
        let Some(condition) = on(join) else { continue };
        match &join.join_operator {
            JoinOperator::Join(_) | JoinOperator::Inner(_) => apply(condition, &mut tables[begin..]),
            // Rows of the kept side stay whatever the condition says.
            JoinOperator::Left(_) | JoinOperator::LeftOuter(_) => apply(condition, &mut tables[right..]),
            JoinOperator::Right(_) | JoinOperator::RightOuter(_) => apply(condition, &mut tables[begin..right]),
            _ => {}
        }
    }
}

fn on(join: &Join) -> Option<&Expr> {
    match &join.join_operator {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint) => match constraint {
            JoinConstraint::On(condition) => Some(condition),
            _ => None,
        },
        _ => None,
    }
}

fn factor(factor: &TableFactor, tables: &mut Vec<Direct>) {
    match factor {
        TableFactor::Table { name, alias, args: None, .. } => {
            // Where an alias names the columns anew, their names tell nothing.
            if alias.as_ref().is_some_and(|alias| !alias.columns.is_empty()) {
                return;
            }
            let parts: Vec<&Ident> = name.0.iter().filter_map(ObjectNamePart::as_ident).collect();
            let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return };
            let called = alias.as_ref().map_or(&last.value, |alias| &alias.name.value);
            tables.push(Direct { start: first.span.start, name: called.to_lowercase(), restricted: BTreeSet::new() });
        }
        TableFactor::NestedJoin { table_with_joins, alias: None } => with_joins(table_with_joins, tables),
        _ => {}
    }
}

fn apply(condition: &Expr, tables: &mut [Direct]) {
    for (qualifier, column) in columns(condition) {
        for table in tables.iter_mut().filter(|table| qualifier.as_ref().is_none_or(|name| *name == table.name)) {
            table.restricted.insert(column.clone());
        }
    }
}

/// The columns that a condition compares with constants wherever it is true.
fn columns(condition: &Expr) -> BTreeSet<Column> {
    match condition {
        Expr::Nested(inner) => columns(inner),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => &columns(left) | &columns(right),
        Expr::BinaryOp { left, op: BinaryOperator::Or, right } => &columns(left) & &columns(right),
        Expr::BinaryOp {
            left,
            op:
                BinaryOperator::Eq | BinaryOperator::Lt | BinaryOperator::LtEq | BinaryOperator::Gt | BinaryOperator::GtEq,
            right,
        } => match (read(left), read(right)) {
            (Read::One(column), Read::Constant) | (Read::Constant, Read::One(column)) => BTreeSet::from([column]),
            _ => BTreeSet::new(),
        },
        Expr::Between { expr, negated: false, low, high } => compared(expr, [low.as_ref(), high.as_ref()]),
        Expr::InList { expr, list, negated: false } => compared(expr, list),
        _ => BTreeSet::new(),
    }
}

fn compared<'a>(expression: &Expr, values: impl IntoIterator<Item = &'a Expr>) -> BTreeSet<Column> {
    match read(expression) {
        Read::One(column) if values.into_iter().all(|value| matches!(read(value), Read::Constant)) => {
            BTreeSet::from([column])
        }
        _ => BTreeSet::new(),
    }
}

/// What an expression's value comes from.
enum Read {
    Constant,
    /// One column, perhaps through functions.
    One(Column),
    More,
}

fn read(expression: &Expr) -> Read {
    let mut found = BTreeSet::new();
    let more = has_expression(expression, |part| {
        match part {
            Expr::Identifier(name) => {
                found.insert((None, name.value.to_lowercase()));
            }
            Expr::CompoundIdentifier(parts) => {
                if let [.., qualifier, name] = parts.as_slice() {
                    found.insert((Some(qualifier.value.to_lowercase()), name.value.to_lowercase()));
                }
            }
            Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } | Expr::CompoundFieldAccess { .. } => {
                return true;
            }
            _ => {}
        }
        false
    });
    match (more, found.pop_first(), found.is_empty()) {
        (false, None, _) => Read::Constant,
        (false, Some(column), true) => Read::One(column),
        _ => Read::More,
    }
}
