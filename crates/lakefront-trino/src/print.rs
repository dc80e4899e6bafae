//! A statement as text that reads as the same statement.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Ident, LimitClause, Offset, OffsetRows, Query, Statement, UnaryOperator, Value, ValueWithSpan,
};

use crate::tree::{self, Changer, Step};

/// The text of a statement of Trino's.
pub fn print(statement: &Statement) -> String {
    let mut statement = statement.clone();
    let _ = tree::change(&mut statement, &mut AsTrino);
    statement.to_string()
}

/// Brackets what the parser's own printer would run together with what is before or after it.
pub(crate) fn bracket(statement: &mut Statement) {
    let _ = tree::change(statement, &mut Brackets);
}

struct Brackets;

impl Changer for Brackets {
    fn post_expr(&mut self, expr: &mut Expr) -> Step {
        let part = match expr {
            // Two minuses begin a comment.
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => Some(expr).filter(|it| it.to_string().starts_with('-')),
            // A point after digits is a decimal's.
            Expr::CompoundFieldAccess { root, .. } => Some(root)
                .filter(|it| matches!(it.as_ref(), Expr::Value(value) if matches!(value.value, Value::Number(..)))),
            _ => None,
        };
        if let Some(part) = part {
            let bare = std::mem::replace(part.as_mut(), Expr::Value(Value::Null.into()));
            **part = Expr::Nested(Box::new(bare));
        }
        ControlFlow::Continue(())
    }
}

/// What the parser's own printer writes otherwise than Trino reads it.
struct AsTrino;

impl Changer for AsTrino {
    /// LIMIT would be printed before OFFSET.
    fn post_query(&mut self, query: &mut Query) -> Step {
        if let Some(LimitClause::LimitOffset { limit, offset: Some(offset), .. }) = &mut query.limit_clause
            && let Some(limit) = limit.take()
        {
            let rest = format!("{}{} LIMIT {limit}", offset.value, offset.rows);
            *offset = Offset { value: Expr::Identifier(Ident::new(rest)), rows: OffsetRows::None };
        }
        ControlFlow::Continue(())
    }

    /// Two quotes beside each other would be taken for one that is already doubled.
    fn pre_value(&mut self, value: &mut ValueWithSpan) -> Step {
        // What is between the quotes of a binary literal is anything, until it is analyzed.
        if let Value::SingleQuotedString(text) | Value::HexStringLiteral(text) = &mut value.value
            && text.contains('\'')
        {
            *text = text.replace('\'', "''");
        }
        ControlFlow::Continue(())
    }
}
