//! The Trino dialect as Lakefront reads it: parsing with limits. No I/O.

use sqlparser::ast::Statement;
use sqlparser::dialect::{Dialect, GenericDialect};

/// The dialect that checks and planner share; a text must mean the same to both.
pub fn dialect() -> &'static dyn Dialect {
    &GenericDialect {}
}

/// One statement.
#[derive(Debug, Clone)]
pub struct Parsed {
    pub statement: Statement,
}

/// Why a text is no statement. Lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    pub kind: SyntaxErrorKind,
    pub message: String,
    pub line: u64,
    pub column: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyntaxErrorKind {
    /// Not SQL.
    Syntax,
    /// Longer, deeper or wider than is safe to plan.
    TooComplex,
    /// More or less than one statement.
    NotOneStatement,
}

/// Parses one statement, refusing before a tree is built what is too large to plan safely.
pub fn parse(sql: &str) -> Result<Parsed, SyntaxError> {
    todo!()
}
