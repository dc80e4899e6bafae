//! What can go wrong, named after who can mend it.
//!
//! People see `message`, `hint` and `position`; what an engine said word for word goes to the log
//! where the error is made and nowhere else.

use lakefront_engine::{EngineError, EngineErrorKind};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// A failure with a stable code.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct QueryError {
    /// Stable, `SCREAMING_SNAKE`.
    pub code: &'static str,
    pub kind: ErrorKind,
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// In the text its author wrote, parameters included.
    pub position: Option<Position>,
}

/// Line and column, both from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Position {
    pub line: u64,
    pub column: u64,
}

/// Who can mend it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The author of the statement.
    User,
    /// Nothing of that name, or nothing the caller may see.
    NotFound,
    /// Someone who grants rights.
    Forbidden,
    /// The caller, by asking for less at once.
    Limit,
    /// The caller, by looking again: the thing changed in the meantime.
    Conflict,
    /// Time, or the operator.
    Unavailable,
    /// The developers.
    Internal,
}

impl QueryError {
    pub fn new(code: &'static str, kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { code, kind, message: message.into(), hint: None, position: None }
    }

    /// A fault of the statement.
    pub fn user(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, ErrorKind::User, message)
    }

    /// A fault of ours; `detail` goes to the log only.
    pub fn internal(detail: impl std::fmt::Display) -> Self {
        tracing::error!(%detail, "query failed inside: {detail}");
        Self::new("INTERNAL", ErrorKind::Internal, "Something went wrong inside; the log has the details.")
    }

    /// What an engine said. Its own words go to the log.
    pub(crate) fn from_engine(error: &EngineError) -> Self {
        let (code, detail) = (error.code(), &error.detail);
        tracing::info!(code, detail, "engine answered {code}: {detail}");
        let kind = match error.kind {
            EngineErrorKind::Statement(_)
            | EngineErrorKind::Syntax
            | EngineErrorKind::TableNotFound
            | EngineErrorKind::ColumnNotFound
            | EngineErrorKind::FunctionNotAllowed
            | EngineErrorKind::TypeMismatch
            | EngineErrorKind::InvalidCast
            | EngineErrorKind::DivisionByZero
            | EngineErrorKind::QueryTooComplex
            | EngineErrorKind::InvalidFile
            | EngineErrorKind::SchemaConflict
            | EngineErrorKind::InvalidLocation
            | EngineErrorKind::InvalidRegex
            | EngineErrorKind::NotSupported
            | EngineErrorKind::Execution => ErrorKind::User,
            EngineErrorKind::ResourceLimit | EngineErrorKind::Timeout | EngineErrorKind::Busy => ErrorKind::Limit,
            EngineErrorKind::Cancelled | EngineErrorKind::DataChanged => ErrorKind::Conflict,
            EngineErrorKind::EngineCrashed => ErrorKind::Unavailable,
            EngineErrorKind::Internal => ErrorKind::Internal,
        };
        Self::new(code, kind, error.message.clone())
    }

    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub fn at(mut self, position: Option<Position>) -> Self {
        self.position = position;
        self
    }

    /// The HTTP status this error answers with.
    pub fn status(&self) -> u16 {
        match self.kind {
            ErrorKind::User => 400,
            ErrorKind::NotFound => 404,
            ErrorKind::Forbidden => 403,
            ErrorKind::Limit if self.code == "TOO_MANY_REQUESTS" => 429,
            ErrorKind::Limit => 400,
            ErrorKind::Conflict => 409,
            ErrorKind::Unavailable => 503,
            ErrorKind::Internal => 500,
        }
    }

    /// The code in words, the same for every error of that code.
    pub fn title(&self) -> String {
        let mut title = self.code.to_ascii_lowercase().replace('_', " ");
        if let Some(first) = title.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        title
    }
}

/// The members of a problem document that do not depend on the request.
impl Serialize for QueryError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("code", self.code)?;
        map.serialize_entry("title", &self.title())?;
        map.serialize_entry("status", &self.status())?;
        map.serialize_entry("detail", &self.message)?;
        if let Some(hint) = &self.hint {
            map.serialize_entry("hint", hint)?;
        }
        if let Some(position) = &self.position {
            map.serialize_entry("position", position)?;
        }
        map.end()
    }
}
