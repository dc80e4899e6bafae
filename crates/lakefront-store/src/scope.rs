//! Who asks, and what they may.

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::{Result, StoreError, TokenScope, User};

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
    /// Whoever reads a public dashboard without signing in: sees these dashboards, and changes nothing.
    Public,
    /// The product itself, for the reason given: sign-in before anyone is known, the command line, housekeeping.
    System(&'static str),
}

impl Scope {
    pub fn user_id(&self) -> Option<Ulid> {
        match self {
            Self::User { id, .. } => Some(*id),
            Self::Public => Some(User::PUBLIC),
            Self::System(_) => None,
        }
    }

    /// Whether this may see and do what administrators may.
    pub fn is_admin(&self) -> bool {
        match self {
            Self::User { role, access, .. } => *role == Role::Admin && access.allows(TokenScope::Admin),
            Self::Public => false,
            Self::System(_) => true,
        }
    }

    pub(crate) fn address(&self) -> Option<&str> {
        match self {
            Self::User { address, .. } => address.as_deref(),
            Self::Public | Self::System(_) => None,
        }
    }

    pub(crate) fn must_be_system(&self) -> Result<()> {
        match self {
            Self::System(_) => Ok(()),
            Self::User { .. } | Self::Public => Err(StoreError::Forbidden("only the program itself may do this")),
        }
    }

    pub(crate) fn must_administer(&self) -> Result<()> {
        if self.is_admin() { Ok(()) } else { Err(StoreError::Forbidden("only administrators may do this")) }
    }

    /// May change saved objects.
    pub(crate) fn must_edit(&self) -> Result<()> {
        match self {
            Self::User { role: Role::Viewer, .. } => Err(StoreError::Forbidden("viewers may not change saved things")),
            _ => self.must_write(),
        }
    }

    /// May change what is one's own.
    pub(crate) fn must_write(&self) -> Result<()> {
        match self {
            Self::User { access, .. } if !access.allows(TokenScope::Write) => {
                Err(StoreError::Forbidden("this token may only read"))
            }
            Self::Public => Err(StoreError::Forbidden("sign in first")),
            _ => Ok(()),
        }
    }

    /// Not by a token: what would let it outgrow its scopes.
    pub(crate) fn must_not_be_token(&self) -> Result<()> {
        match self {
            Self::User { access: Access::Token(_), .. } => {
                Err(StoreError::Forbidden("tokens may not do this; sign in with a browser"))
            }
            Self::Public => Err(StoreError::Forbidden("sign in first")),
            _ => Ok(()),
        }
    }

    /// May see what belongs to `owner`; others learn nothing, not even that it exists.
    pub(crate) fn must_see(&self, owner: Option<Ulid>, what: &'static str) -> Result<()> {
        let owns = owner.is_some() && self.user_id() == owner && *self != Self::Public;
        if self.is_admin() || owns { Ok(()) } else { Err(StoreError::NotFound(what)) }
    }
}

impl Access {
    /// Each token scope includes the ones before it.
    pub fn allows(&self, scope: TokenScope) -> bool {
        match self {
            Self::Session => true,
            Self::Token(scopes) => scopes.iter().any(|granted| *granted >= scope),
        }
    }
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Admin => "admin",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "viewer" => Ok(Self::Viewer),
            "editor" => Ok(Self::Editor),
            "admin" => Ok(Self::Admin),
            _ => Err(StoreError::Invalid { field: "role", message: "must be viewer, editor or admin".into() }),
        }
    }
}
