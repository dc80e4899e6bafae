//! What a caller asks.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One statement, as its author wrote it, and for whom it runs.
#[derive(Debug, Clone)]
pub struct Request {
    /// May hold `{{name}}` parameters and `[[ … {{name}} … ]]` optional clauses.
    pub sql: String,
    /// Strings, numbers, booleans, null, or lists of these. Names the statement does not use are
    /// ignored: a dashboard sends all its filters to every query.
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// Resolves names written without a catalog.
    pub catalog: Option<String>,
    /// Resolves names written without a database.
    pub database: Option<String>,
    pub engine: EngineChoice,
    /// Refused with `SCAN_LIMIT_EXCEEDED` before anything runs when more would be read.
    pub max_scan_bytes: Option<u64>,
    /// Oldest stored result that will do, in seconds; 0 forces a run. `None`: any age, since a
    /// stored result is always one of the data as it is now.
    pub reuse_max_age_s: Option<u64>,
    pub principal: Principal,
    pub origin: Origin,
    /// Above a budget that asks, it waits for an administrator; otherwise it is refused with `APPROVAL_REQUIRED`.
    pub may_wait: bool,
    /// What an EXECUTE of a name runs; looked up where it is `None`.
    pub executes: Option<String>,
    /// PREPARE and DEALLOCATE change what the principal keeps.
    pub may_prepare: bool,
    /// Shorter than the configured limit, or `None` for that limit.
    pub deadline: Option<Duration>,
}

impl Request {
    /// A statement with everything else at its default.
    pub fn new(principal: Principal, sql: impl Into<String>) -> Self {
        Self {
            sql: sql.into(),
            parameters: BTreeMap::new(),
            catalog: None,
            database: None,
            engine: EngineChoice::Auto,
            max_scan_bytes: None,
            reuse_max_age_s: None,
            principal,
            origin: Origin::default(),
            may_wait: true,
            executes: None,
            may_prepare: true,
            deadline: None,
        }
    }

    /// As whoever has to agree to it reads it: with what a name stands for.
    pub(crate) fn text(&self) -> String {
        match &self.executes {
            Some(statement) => format!("{}\n-- which is\n{statement}", self.sql),
            None => self.sql.clone(),
        }
    }
}

/// Where a statement came from, for the books; ids are the app database's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The API token that spoke for the principal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The dashboard it was shown on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dashboard: Option<String>,
    /// The dashboard's query, or `tile:` and the tile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tile: Option<String>,
    /// The saved query it was opened as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    pub id: String,
    pub name: String,
    pub role: Role,
    pub groups: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Viewer,
    Editor,
    Admin,
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "viewer" => Ok(Role::Viewer),
            "editor" => Ok(Role::Editor),
            "admin" => Ok(Role::Admin),
            other => Err(format!("`{other}` is no role; roles are viewer, editor and admin")),
        }
    }
}

/// Where the caller wants the statement to run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineChoice {
    #[default]
    Auto,
    Embedded,
    Athena,
    Trino,
    Postgres,
}

impl EngineChoice {
    pub fn as_str(self) -> &'static str {
        match self {
            EngineChoice::Auto => "auto",
            EngineChoice::Embedded => "embedded",
            EngineChoice::Athena => "athena",
            EngineChoice::Trino => "trino",
            EngineChoice::Postgres => "postgres",
        }
    }
}

impl fmt::Display for EngineChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
