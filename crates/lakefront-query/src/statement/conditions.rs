//! Conditions of a WHERE clause that concern one column each.
//!
//! A row that the clause refuses is in no result, whatever the joins: so a condition `table.key = 'x'` among those that
//! all must hold lets every partition be left out in which it fails. What is not understood is left away, which only
//! means that more partitions are looked at.

use lakefront_engine::{Literal, Written};
use sqlparser::ast::{BinaryOperator, DataType, Expr, Ident, Select, TableFactor, UnaryOperator, Value};

use crate::catalog::{Condition, Constant, Test};

/// A condition before its parameters are known.
#[derive(Debug, Clone)]
pub(crate) struct Open {
    /// Before the column's name: an alias, or a table with its database.
    qualifier: Vec<Ident>,
    column: Ident,
    test: Comparison,
}

#[derive(Debug, Clone)]
enum Comparison {
    In(Vec<Operand>),
    Less(Operand),
    AtMost(Operand),
    More(Operand),
    AtLeast(Operand),
}

#[derive(Debug, Clone)]
enum Operand {
    Constant(Constant),
    /// A parameter's number, from 1.
    Parameter(usize),
}

/// The conditions of one SELECT.
#[derive(Debug, Clone, Default)]
pub(super) struct Conditions {
    open: Vec<Open>,
    /// One table and nothing else stands in FROM: a name without a qualifier is its column's.
    alone: bool,
}

impl Conditions {
    pub(super) fn of(select: &Select) -> Self {
        let mut open = Vec::new();
        if let Some(selection) = &select.selection {
            collect(selection, &mut open);
        }
        let alone = match select.from.as_slice() {
            [one] => one.joins.is_empty() && matches!(one.relation, TableFactor::Table { .. }),
            _ => false,
        };
        Self { open, alone }
    }

    /// Those on the table that stands in FROM under this name.
    pub(super) fn on(&self, name: &[Ident], alias: Option<&Ident>) -> Vec<Open> {
        let same = |a: &Ident, b: &Ident| a.value.eq_ignore_ascii_case(&b.value);
        let is_meant = |qualifier: &[Ident]| match (qualifier, alias) {
            ([], _) => self.alone,
            ([one], Some(alias)) => same(one, alias),
            (_, Some(_)) => false,
            (qualifier, None) => {
                qualifier.len() <= name.len()
                    && qualifier.iter().rev().zip(name.iter().rev()).all(|(one, part)| same(one, part))
            }
        };
        self.open.iter().filter(|condition| is_meant(&condition.qualifier)).cloned().collect()
    }
}

impl Open {
    /// The condition with its parameters in place; `None` where one is of another kind.
    pub(super) fn closed(&self, literals: &[Literal]) -> Option<Condition> {
        let constant = |operand: &Operand| operand.closed(literals);
        let test = match &self.test {
            Comparison::In(operands) => Test::In(operands.iter().map(constant).collect::<Option<_>>()?),
            Comparison::Less(operand) => Test::Less(constant(operand)?),
            Comparison::AtMost(operand) => Test::AtMost(constant(operand)?),
            Comparison::More(operand) => Test::More(constant(operand)?),
            Comparison::AtLeast(operand) => Test::AtLeast(constant(operand)?),
        };
        Some(Condition { column: self.column.value.to_lowercase(), test })
    }
}

impl Operand {
    fn closed(&self, literals: &[Literal]) -> Option<Constant> {
        match self {
            Operand::Constant(constant) => Some(constant.clone()),
            Operand::Parameter(number) => match literals.get(number.checked_sub(1)?)? {
                Literal::BigInt(number) => Some(Constant::Integer(*number)),
                Literal::Varchar(text) => Some(Constant::Text(text.clone())),
                Literal::Date(day) => Some(Constant::Date(day.clone())),
                Literal::Written(Written { type_name, text: Some(text), .. }) => match type_name.as_str() {
                    "integer" | "bigint" => Some(Constant::Integer(text.parse().ok()?)),
                    "date" => Some(Constant::Date(text.clone())),
                    name if name.starts_with("varchar") => Some(Constant::Text(text.clone())),
                    _ => None,
                },
                Literal::Written(_)
                | Literal::Null
                | Literal::Boolean(_)
                | Literal::Double(_)
                | Literal::Timestamp(_) => None,
            },
        }
    }
}

fn collect(expression: &Expr, open: &mut Vec<Open>) {
    match expression {
        Expr::Nested(inner) => collect(inner, open),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            collect(left, open);
            collect(right, open);
        }
        Expr::BinaryOp { left, op, right } => {
            let (place, operand, mirrored) = match (column(left), operand(right)) {
                (Some(place), Some(operand)) => (place, operand, false),
                _ => match (column(right), operand(left)) {
                    (Some(place), Some(operand)) => (place, operand, true),
                    _ => return,
                },
            };
            let test = match (op, mirrored) {
                (BinaryOperator::Eq, _) => Comparison::In(vec![operand]),
                (BinaryOperator::Lt, false) | (BinaryOperator::Gt, true) => Comparison::Less(operand),
                (BinaryOperator::LtEq, false) | (BinaryOperator::GtEq, true) => Comparison::AtMost(operand),
                (BinaryOperator::Gt, false) | (BinaryOperator::Lt, true) => Comparison::More(operand),
                (BinaryOperator::GtEq, false) | (BinaryOperator::LtEq, true) => Comparison::AtLeast(operand),
                _ => return,
            };
            push(place, test, open);
        }
        Expr::InList { expr, list, negated: false } => {
            if let (Some(place), Some(operands)) = (column(expr), list.iter().map(operand).collect()) {
                push(place, Comparison::In(operands), open);
            }
        }
        Expr::Between { expr, negated: false, low, high } => {
            if let (Some(place), Some(low), Some(high)) = (column(expr), operand(low), operand(high)) {
                push(place, Comparison::AtLeast(low), open);
                push(place, Comparison::AtMost(high), open);
            }
        }
        _ => {}
    }
}

fn push((qualifier, column): (&[Ident], &Ident), test: Comparison, open: &mut Vec<Open>) {
    open.push(Open { qualifier: qualifier.to_vec(), column: column.clone(), test });
}

fn column(expression: &Expr) -> Option<(&[Ident], &Ident)> {
    match expression {
        Expr::Identifier(name) => Some((&[], name)),
        Expr::CompoundIdentifier(parts) => parts.split_last().map(|(name, qualifier)| (qualifier, name)),
        Expr::Nested(inner) => column(inner),
        _ => None,
    }
}

fn operand(expression: &Expr) -> Option<Operand> {
    let constant = |constant| Some(Operand::Constant(constant));
    match expression {
        Expr::Nested(inner) => operand(inner),
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => constant(Constant::Text(text.clone())),
            Value::Number(number, _) => constant(Constant::Integer(number.parse().ok()?)),
            Value::Placeholder(name) => Some(Operand::Parameter(name.strip_prefix('$')?.parse().ok()?)),
            _ => None,
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match operand(expr)? {
            Operand::Constant(Constant::Integer(number)) => constant(Constant::Integer(number.checked_neg()?)),
            _ => None,
        },
        Expr::TypedString(typed) if typed.data_type == DataType::Date => match &typed.value.value {
            Value::SingleQuotedString(day) => constant(Constant::Date(day.clone())),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use sqlparser::ast::{SetExpr, Statement};

    use super::*;

    /// What is known of `t` in `select 1 from {from} where {condition}`; parameter 1 is 7.
    fn known(from: &str, condition: &str, alias: Option<&str>) -> String {
        let tree = lakefront_trino::parse(&format!("select 1 from {from} where {condition}")).expect("SQL");
        let Statement::Query(query) = &tree else { panic!("no query") };
        let SetExpr::Select(select) = &*query.body else { panic!("no select") };
        let alias = alias.map(Ident::new);
        let open = Conditions::of(select).on(&[Ident::new("d"), Ident::new("t")], alias.as_ref());
        let closed = open.iter().filter_map(|condition| condition.closed(&[Literal::BigInt(7)]));
        closed.map(|Condition { column, test }| format!("{column} {test:?}")).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn conditions_that_all_hold_are_found() {
        assert_eq!(known("d.t", "K = 'a' and (n > -5)", None), r#"k In([Text("a")]); n More(Integer(-5))"#);
        assert_eq!(known("d.t", "5 <= n and n < $1", None), "n AtLeast(Integer(5)); n Less(Integer(7))");
        assert_eq!(
            known("d.t", "day between date '2024-01-01' and date '2024-01-31'", None),
            r#"day AtLeast(Date("2024-01-01")); day AtMost(Date("2024-01-31"))"#
        );
        assert_eq!(known("d.t", "k in ('a', 'b') and lower(k) = 'a'", None), r#"k In([Text("a"), Text("b")])"#);
    }

    #[test]
    fn what_may_not_hold_is_left_away() {
        for condition in
            ["k = 'a' or n = 1", "not k = 'a'", "k not in ('a')", "k <> 'a'", "k = n", "k like 'a%'", "k = 1.5"]
        {
            assert_eq!(known("d.t", condition, None), "", "{condition}");
        }
    }

    #[test]
    fn a_column_is_of_the_table_before_it() {
        assert_eq!(known("d.t, u", "k = 1", None), "");
        assert_eq!(known("d.t, u", "t.k = 1 and u.k = 2", None), "k In([Integer(1)])");
        assert_eq!(known("d.t as x, u as t", "t.k = 1 and x.k = 2", Some("x")), "k In([Integer(2)])");
        assert_eq!(known("d.t, e.t", "e.t.k = 1 and d.t.k = 2", None), "k In([Integer(2)])");
    }
}
