//! A statement as text that reads as the same statement.

use std::ops::ControlFlow;

use sqlparser::ast::{Statement, Value, ValueWithSpan, VisitMut, VisitorMut};

/// The text of a statement of Trino's.
pub fn print(statement: &Statement) -> String {
    let mut statement = statement.clone();
    let _ = statement.visit(&mut Quotes);
    statement.to_string()
}

/// The parser's own printer takes two quotes beside each other for one that is already doubled.
struct Quotes;

impl VisitorMut for Quotes {
    type Break = ();

    fn pre_visit_value(&mut self, value: &mut ValueWithSpan) -> ControlFlow<()> {
        if let Value::SingleQuotedString(text) = &mut value.value
            && text.contains('\'')
        {
            *text = text.replace('\'', "''");
        }
        ControlFlow::Continue(())
    }
}
