//! The few ways in which the engine fails, named after what went wrong for the person who asked.

use lakefront_trino::error::Code;
use serde::{Deserialize, Serialize};

/// A failure with two texts: one for the person, one for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct EngineError {
    pub kind: EngineErrorKind,
    /// Safe to show: no paths of the machine, no plan, no backtrace.
    pub message: String,
    /// For administrators: the engine's own words.
    pub detail: String,
    /// Line and column in the job's SQL, from 1.
    pub position: Option<(u64, u64)>,
}

impl EngineError {
    pub(crate) fn new(kind: EngineErrorKind, message: impl Into<String>) -> Self {
        EngineError { kind, message: message.into(), detail: String::new(), position: None }
    }

    pub(crate) fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// The stable code, `SCREAMING_SNAKE`.
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EngineErrorKind {
    /// What Trino would have said too, or that it can do what the engine can't.
    Statement(Code),
    /// The text is not SQL.
    Syntax,
    TableNotFound,
    ColumnNotFound,
    FunctionNotAllowed,
    /// Operands or arguments do not fit.
    TypeMismatch,
    /// A value could not be converted by CAST.
    InvalidCast,
    DivisionByZero,
    /// Too deep or too large to plan.
    QueryTooComplex,
    /// Memory, disk or another quota of the job is used up.
    ResourceLimit,
    Timeout,
    Cancelled,
    /// The worker died for a reason other than a limit.
    EngineCrashed,
    /// A file of the table cannot be read as what it should be.
    InvalidFile,
    /// Files disagree with the table's columns.
    SchemaConflict,
    /// A file or location is not where the table may read.
    InvalidLocation,
    InvalidRegex,
    NotSupported,
    /// A file changed after the table was listed.
    DataChanged,
    /// The statement failed on the data it met.
    Execution,
    /// All workers are taken and the queue is full.
    Busy,
    /// A fault of the product.
    Internal,
}

impl EngineErrorKind {
    /// The stable code, `SCREAMING_SNAKE`.
    pub fn code(self) -> &'static str {
        match self {
            EngineErrorKind::Statement(code) => code.name(),
            EngineErrorKind::Syntax => "SYNTAX_ERROR",
            EngineErrorKind::TableNotFound => "TABLE_NOT_FOUND",
            EngineErrorKind::ColumnNotFound => "COLUMN_NOT_FOUND",
            EngineErrorKind::FunctionNotAllowed => "FUNCTION_NOT_ALLOWED",
            EngineErrorKind::TypeMismatch => "TYPE_MISMATCH",
            EngineErrorKind::InvalidCast => "INVALID_CAST_ARGUMENT",
            EngineErrorKind::DivisionByZero => "DIVISION_BY_ZERO",
            EngineErrorKind::QueryTooComplex => "QUERY_TOO_COMPLEX",
            EngineErrorKind::ResourceLimit => "RESOURCE_LIMIT",
            EngineErrorKind::Timeout => "TIMEOUT",
            EngineErrorKind::Cancelled => "CANCELLED",
            EngineErrorKind::EngineCrashed => "ENGINE_CRASHED",
            EngineErrorKind::InvalidFile => "INVALID_FILE",
            EngineErrorKind::SchemaConflict => "SCHEMA_CONFLICT",
            EngineErrorKind::InvalidLocation => "INVALID_LOCATION",
            EngineErrorKind::InvalidRegex => "INVALID_REGEX",
            EngineErrorKind::NotSupported => "NOT_SUPPORTED",
            EngineErrorKind::DataChanged => "DATA_CHANGED",
            EngineErrorKind::Execution => "EXECUTION_ERROR",
            EngineErrorKind::Busy => "TOO_MANY_REQUESTS",
            EngineErrorKind::Internal => "INTERNAL",
        }
    }
}
