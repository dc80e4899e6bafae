use std::{error::Error, time::Duration};

use sea_orm::{DbErr, RuntimeErr, SqlErr, sqlx};

/// Why a call failed, named after who can mend it. The texts are safe to show.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It does not exist, or the scope may not know that it does.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// The scope sees the thing but may not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// A value given is not acceptable.
    #[error("{field}: {message}")]
    Invalid { field: &'static str, message: String },
    /// A value that must be unique is taken, or a rule over several rows would break.
    #[error("{0}")]
    Conflict(String),
    /// The thing changed since the caller read it (HTTP 412).
    #[error("changed by someone else: it is at version {current} now; load it again and repeat the change")]
    VersionMismatch { current: i64 },
    /// A one-time secret was used already or is too old (HTTP 410).
    #[error("{0} was used already or has expired; ask for a new one")]
    Gone(&'static str),
    /// Too many attempts (HTTP 429).
    #[error("too many attempts; try again in {} seconds", retry_after.as_secs().max(1))]
    Throttled { retry_after: Duration },
    /// The database does not answer; the same call may work in a moment (HTTP 503).
    #[error("the app database does not answer; try again in a moment")]
    Unavailable(#[source] DbErr),
    /// The database was last written by a newer version of the program.
    #[error(
        "the app database was written by a newer version of Lakefront (it has migration {0}); use that version or restore a backup"
    )]
    NewerSchema(String),
    /// A fault of the program or of the database file; the cause is for the log.
    #[error("the app database failed")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

impl StoreError {
    /// Stable code for problem documents.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "NOT_FOUND",
            Self::Forbidden(_) => "FORBIDDEN",
            Self::Invalid { .. } => "INVALID_VALUE",
            Self::Conflict(_) => "CONFLICT",
            Self::VersionMismatch { .. } => "VERSION_MISMATCH",
            Self::Gone(_) => "GONE",
            Self::Throttled { .. } => "TOO_MANY_REQUESTS",
            Self::Unavailable(_) => "UNAVAILABLE",
            Self::NewerSchema(_) => "NEWER_SCHEMA",
            Self::Internal(_) => "INTERNAL",
        }
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        if is_retryable(&error)
            || matches!(sqlx_error(&error), Some(sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed))
        {
            Self::Unavailable(error)
        } else {
            Self::Internal(error.into())
        }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(error.into())
    }
}

/// A broken rule of uniqueness as a `Conflict` with `message`, any other error as it is.
pub(crate) fn conflict(error: DbErr, message: impl Into<String>) -> StoreError {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => StoreError::Conflict(message.into()),
        _ => error.into(),
    }
}

/// An unanswered commit must not be repeated: the change may have been made.
pub(crate) fn commit_failed(error: DbErr) -> StoreError {
    match sqlx_error(&error) {
        Some(sqlx::Error::Database(_)) | None => error.into(),
        Some(_) => StoreError::Unavailable(DbErr::Custom(format!("no answer to a commit: {error}"))),
    }
}

pub(crate) fn timed_out() -> StoreError {
    StoreError::Unavailable(DbErr::Custom("no answer in time".into()))
}

/// Whether the same transaction may succeed when begun again: nothing of it was kept.
pub(crate) fn is_retryable(error: &DbErr) -> bool {
    match sqlx_error(error) {
        Some(sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed) => true,
        Some(sqlx::Error::Database(error)) => error.code().is_some_and(|code| match code.as_ref() {
            // PostgreSQL: serialization failure, deadlock, lock not available, too many connections, shutting down.
            "40001" | "40P01" | "55P03" | "53300" | "57P01" | "57P02" | "57P03" => true,
            // SQLite: busy and locked, with their extended forms.
            "5" | "6" | "261" | "262" | "517" | "518" | "773" => true,
            // PostgreSQL and its poolers: the connection broke.
            code => code.len() == 5 && code.starts_with("08"),
        }),
        _ => false,
    }
}

fn sqlx_error(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}
