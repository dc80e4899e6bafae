use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};
use serde::{Deserialize, Serialize};
use serde_json::json;
use ulid::Ulid;

use crate::{
    Access, Result, Scope, Secret, Store, StoreError, User, audit, column,
    entity::{api_token, user},
    secret,
    user::find,
};

const NOT_FOUND: StoreError = StoreError::NotFound("token");
const PREFIX: &str = "lf_";
/// Characters of the secret that are kept to recognise it by.
const SHOWN: usize = 9;
/// The last use is written at most this often.
const TOUCH_MS: i64 = 60 * 1000;

/// What a token may do, within what its owner may. Each includes the ones before it.
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

impl TokenScope {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }
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
        if scope.user_id().is_some_and(|id| id != owner) {
            scope.must_see(Some(owner), "user")?;
            return Err(StoreError::Forbidden("tokens are made by their owners"));
        }
        scope.must_not_be_token()?;
        let name = column::text("name", &new.name, 1, 200)?;
        if new.scopes.is_empty() {
            return Err(StoreError::Invalid {
                field: "scopes",
                message: "give at least one: read, write, admin".into(),
            });
        }
        if new.expires_at.is_some_and(|end| end <= self.now()) {
            return Err(StoreError::Invalid { field: "expires_at", message: "must be in the future".into() });
        }
        let secret = Secret::generate(PREFIX)?;
        let row = api_token::Model {
            id: self.new_id().to_string(),
            token_hash: secret.hash(),
            owner_id: owner.to_string(),
            name,
            prefix: secret.expose().chars().take(SHOWN).collect(),
            scopes: serde_json::to_string(&new.scopes)?,
            created_at: self.now_ms(),
            expires_at: new.expires_at.map(|end| end.timestamp_millis()),
            last_used_at: None,
        };
        let token = writing!(self, |tx| {
            let owner = find(tx, owner).await?;
            if new.scopes.contains(&TokenScope::Admin) && owner.role != "admin" {
                return Err(StoreError::Forbidden("only administrators may have tokens with the scope admin"));
            }
            api_token::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await?;
            let detail = json!({"name": row.name, "scopes": new.scopes, "owner": owner.id});
            audit::append(self, tx, scope, "token.create", &row.id, detail).await?;
            ApiToken::from_row(&row)
        })?;
        Ok((secret, token))
    }

    /// One's own, or anyone's for administrators; newest first, revoked ones are gone.
    pub async fn api_tokens(&self, scope: &Scope, owner: Ulid) -> Result<Vec<ApiToken>> {
        scope.must_see(Some(owner), "user")?;
        let query = api_token::Entity::find()
            .filter(api_token::Column::OwnerId.eq(owner.to_string()))
            .order_by_desc(api_token::Column::Id);
        let rows = reading!(self, |tx| Ok(query.clone().all(tx).await?))?;
        rows.iter().map(ApiToken::from_row).collect()
    }

    /// Ends a token at once, on every instance. By its owner in a session, or administrators.
    pub async fn revoke_api_token(&self, scope: &Scope, id: Ulid) -> Result<()> {
        writing!(self, |tx| {
            let row = api_token::Entity::find_by_id(id.to_string()).one(tx).await?.ok_or(NOT_FOUND)?;
            scope.must_see(Some(column::id(&row.owner_id)?), "token")?;
            scope.must_not_be_token()?;
            api_token::Entity::delete_by_id(row.id.as_str()).exec(tx).await?;
            let detail = json!({"name": row.name, "owner": row.owner_id});
            audit::append(self, tx, scope, "token.revoke", &row.id, detail).await
        })
    }

    /// Whose token this is; by the system only. Unknown, expired and disabled users' tokens are `NotFound`.
    pub async fn api_token(&self, scope: &Scope, secret: &str) -> Result<(User, ApiToken)> {
        scope.must_be_system()?;
        let hash = secret::hash(secret);
        let now = self.now_ms();
        let found = reading!(self, |tx| {
            let by_hash = api_token::Entity::find().filter(api_token::Column::TokenHash.eq(hash.as_str()));
            let row = by_hash.one(tx).await?.ok_or(NOT_FOUND)?;
            let owner = user::Entity::find_by_id(row.owner_id.as_str()).one(tx).await?.ok_or(NOT_FOUND)?;
            Ok((row, User::from_rows(tx, &owner).await?))
        });
        let (row, owner) = found?;
        if owner.disabled || row.expires_at.is_some_and(|end| end <= now) {
            return Err(NOT_FOUND);
        }
        if row.last_used_at.is_none_or(|last| last + TOUCH_MS <= now) {
            writing!(self, |tx| {
                let touch = api_token::Entity::update_many()
                    .col_expr(api_token::Column::LastUsedAt, now.into())
                    .filter(api_token::Column::Id.eq(row.id.as_str()));
                Ok(touch.exec(tx).await?)
            })?;
        }
        Ok((owner, ApiToken::from_row(&row)?))
    }
}

impl ApiToken {
    /// The scope of a request that carries this token, which belongs to `owner`.
    pub fn scope(&self, owner: &User, address: Option<String>) -> Scope {
        Scope::User { id: owner.id, role: owner.role, access: Access::Token(self.scopes.clone()), address }
    }

    fn from_row(row: &api_token::Model) -> Result<Self> {
        Ok(Self {
            id: column::id(&row.id)?,
            owner: column::id(&row.owner_id)?,
            name: row.name.clone(),
            prefix: row.prefix.clone(),
            scopes: serde_json::from_str(&row.scopes)?,
            created_at: column::time(row.created_at),
            expires_at: row.expires_at.map(column::time),
            last_used_at: row.last_used_at.map(column::time),
        })
    }
}
