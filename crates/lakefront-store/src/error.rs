use std::time::Duration;

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
    Unavailable(#[source] sea_orm::DbErr),
    /// The database was last written by a newer version of the program.
    #[error("the app database was written by a newer version of Lakefront (it has migration {0}); use that version or restore a backup")]
    NewerSchema(String),
    /// A fault of the program or of the database file; the cause is for the log.
    #[error("the app database failed")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
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
