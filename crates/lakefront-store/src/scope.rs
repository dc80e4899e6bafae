//! Who asks, and what they may.

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::TokenScope;

/// What a person may do. Ordered: each role may all that the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees every saved object, runs queries.
    Viewer,
    /// Also writes saved objects.
    Editor,
    /// Also manages people and catalogs, and sees everyone's history and the audit log.
    Admin,
}

/// How a person came in: a token may do less than its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    Session,
    Token(Vec<TokenScope>),
}

/// On whose behalf a call is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    User {
        id: Ulid,
        role: Role,
        access: Access,
        /// Where the request came from; goes into the audit log.
        address: Option<String>,
    },
    /// The product itself, for the reason given: sign-in before anyone is known, the command line, housekeeping.
    System(&'static str),
}
