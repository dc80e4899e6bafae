use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::{Result, Scope, Secret, Store, User};

/// What a token may do, within what its owner may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenScope {
    /// Reads, and runs queries.
    Read,
    /// Also changes saved objects.
    Write,
    /// Also what administrators may.
    Admin,
}

/// A token for programs (`Authorization: Bearer lf_…`), without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApiToken {
    pub id: Ulid,
    pub owner: Ulid,
    pub name: String,
    /// The first characters of the secret, to recognise it by.
    pub prefix: String,
    pub scopes: Vec<TokenScope>,
    pub created_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    /// To the minute.
    pub last_used_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewApiToken {
    pub name: String,
    pub scopes: Vec<TokenScope>,
    pub expires_at: Option<DateTime<Utc>>,
}

impl Store {
    /// For oneself in a session, never by a token; by the system for anyone.
    pub async fn create_api_token(&self, scope: &Scope, owner: Ulid, new: NewApiToken) -> Result<(Secret, ApiToken)> {
        todo!()
    }

    /// One's own, or anyone's for administrators; revoked ones are gone.
    pub async fn api_tokens(&self, scope: &Scope, owner: Ulid) -> Result<Vec<ApiToken>> {
        todo!()
    }

    /// Ends a token at once, on every instance.
    pub async fn revoke_api_token(&self, scope: &Scope, id: Ulid) -> Result<()> {
        todo!()
    }

    /// Whose token this is; by the system only. Unknown, expired and disabled users' tokens are `NotFound`.
    pub async fn api_token(&self, scope: &Scope, secret: &str) -> Result<(User, ApiToken)> {
        todo!()
    }
}

impl ApiToken {
    /// The scope of a request that carries this token, which belongs to `owner`.
    pub fn scope(&self, owner: &User, address: Option<String>) -> Scope {
        Scope::User { id: owner.id, role: owner.role, access: crate::Access::Token(self.scopes.clone()), address }
    }
}
