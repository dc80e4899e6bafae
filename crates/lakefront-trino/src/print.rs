//! A statement as text that reads as the same statement.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Statement, UnaryOperator, Value, ValueWithSpan, VisitMut, VisitorMut};

/// The text of a statement of Trino's.
pub fn print(statement: &Statement) -> String {
    let mut statement = statement.clone();
    let _ = statement.visit(&mut Quotes);
    statement.to_string()
}

/// Brackets after a minus what begins with another, or the two would be printed as the beginning of a comment.
pub(crate) fn bracket_signs(statement: &mut Statement) {
    let _ = statement.visit(&mut Signs);
}

struct Signs;

impl VisitorMut for Signs {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::UnaryOp { op: UnaryOperator::Minus, expr: operand } = expr
            && operand.to_string().starts_with('-')
        {
            let bare = std::mem::replace(operand.as_mut(), Expr::Value(Value::Null.into()));
            **operand = Expr::Nested(Box::new(bare));
        }
        ControlFlow::Continue(())
    }
}

/// The parser's own printer takes two quotes beside each other for one that is already doubled.
struct Quotes;

impl VisitorMut for Quotes {
    type Break = ();

    fn pre_visit_value(&mut self, value: &mut ValueWithSpan) -> ControlFlow<()> {
        // What is between the quotes of a binary literal is anything, until it is analyzed.
        if let Value::SingleQuotedString(text) | Value::HexStringLiteral(text) = &mut value.value
            && text.contains('\'')
        {
            *text = text.replace('\'', "''");
        }
        ControlFlow::Continue(())
    }
}
