use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};
use serde::Serialize;
use serde_json::json;
use ulid::Ulid;

use crate::{
    Access, Result, Scope, Secret, Store, StoreError, User, audit, column,
    entity::{session, user},
    secret,
    user::{delete_sessions, find, update},
};

const NOT_FOUND: StoreError = StoreError::NotFound("session");
const IDLE_MS: i64 = 8 * 60 * 60 * 1000;
const ABSOLUTE_MS: i64 = 7 * 24 * 60 * 60 * 1000;
/// The last use is written at most this often.
const TOUCH_MS: i64 = 60 * 1000;

/// A browser that is signed in. Ends 8 h after its last use and 7 days after its start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Session {
    pub id: Ulid,
    pub user: User,
    pub created_at: DateTime<Utc>,
    /// To the minute.
    pub last_seen_at: DateTime<Utc>,
    pub address: Option<String>,
    pub user_agent: Option<String>,
}

/// The browser that signs in.
#[derive(Clone, Debug, Default)]
pub struct SessionClient {
    pub address: Option<String>,
    pub user_agent: Option<String>,
}

impl Store {
    /// After the caller has proved who `user` is; by the system only. The secret is the cookie's value.
    pub async fn create_session(&self, scope: &Scope, user: Ulid, client: SessionClient) -> Result<(Secret, Session)> {
        scope.must_be_system()?;
        let secret = Secret::generate("")?;
        let now = self.now_ms();
        let row = session::Model {
            id: self.new_id().to_string(),
            token_hash: secret.hash(),
            user_id: user.to_string(),
            created_at: now,
            last_seen_at: now,
            address: client.address.as_deref().map(column::without_nul),
            user_agent: client.user_agent.map(|agent| column::without_nul(&agent).chars().take(400).collect()),
        };
        let session = writing!(self, |tx| {
            let mut owner = find(tx, user).await?;
            if owner.disabled {
                return Err(StoreError::NotFound("user"));
            }
            owner.last_sign_in_at = Some(now);
            update(tx, owner.clone()).await?;
            session::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await?;
            Session::from_row(&row, User::from_rows(tx, &owner).await?)
        })?;
        Ok((secret, session))
    }

    /// Whose cookie this is; by the system only. Ended, expired and disabled users' sessions are `NotFound`, for good.
    pub async fn session(&self, scope: &Scope, secret: &str) -> Result<Session> {
        scope.must_be_system()?;
        let hash = secret::hash(secret);
        let now = self.now_ms();
        let found = reading!(self, |tx| {
            let by_hash = session::Entity::find().filter(session::Column::TokenHash.eq(hash.as_str()));
            let Some(row) = by_hash.one(tx).await? else { return Err(NOT_FOUND) };
            let owner = user::Entity::find_by_id(row.user_id.as_str()).one(tx).await?.ok_or(NOT_FOUND)?;
            Ok((row, User::from_rows(tx, &owner).await?))
        });
        let (row, owner) = found?;
        if row.last_seen_at + IDLE_MS < now || row.created_at + ABSOLUTE_MS < now || owner.disabled {
            // Gone for good, even when the clock is put back.
            writing!(self, |tx| Ok(session::Entity::delete_by_id(row.id.as_str()).exec(tx).await?))?;
            return Err(NOT_FOUND);
        }
        if row.last_seen_at + TOUCH_MS <= now {
            writing!(self, |tx| {
                let touch = session::Entity::update_many()
                    .col_expr(session::Column::LastSeenAt, now.into())
                    .filter(session::Column::Id.eq(row.id.as_str()));
                Ok(touch.exec(tx).await?)
            })?;
        }
        Session::from_row(&row, owner)
    }

    /// The sessions of a user: one's own, or anyone's for administrators. Last used first.
    pub async fn sessions(&self, scope: &Scope, user: Ulid) -> Result<Vec<Session>> {
        scope.must_see(Some(user), "user")?;
        let now = self.now_ms();
        reading!(self, |tx| {
            let owner = User::from_rows(tx, &find(tx, user).await?).await?;
            let rows = session::Entity::find()
                .filter(session::Column::UserId.eq(user.to_string()))
                .filter(expired_at(now).not())
                .order_by_desc(session::Column::LastSeenAt)
                .all(tx)
                .await?;
            rows.iter().map(|row| Session::from_row(row, owner.clone())).collect()
        })
    }

    /// Signs out one browser.
    pub async fn end_session(&self, scope: &Scope, id: Ulid) -> Result<()> {
        writing!(self, |tx| {
            let row = session::Entity::find_by_id(id.to_string()).one(tx).await?.ok_or(NOT_FOUND)?;
            scope.must_see(Some(column::id(&row.user_id)?), "session")?;
            scope.must_not_be_token()?;
            session::Entity::delete_by_id(row.id.as_str()).exec(tx).await?;
            audit::append(self, tx, scope, "session.end", &row.user_id, json!({"session": row.id})).await
        })
    }

    /// Signs a user out everywhere; answers how many sessions ended.
    pub async fn end_sessions(&self, scope: &Scope, user: Ulid) -> Result<u64> {
        scope.must_see(Some(user), "user")?;
        scope.must_not_be_token()?;
        writing!(self, |tx| {
            let ended = delete_sessions(tx, user).await?;
            audit::append(self, tx, scope, "session.end_all", &user.to_string(), json!({"sessions": ended})).await?;
            Ok(ended)
        })
    }
}

impl Session {
    /// The scope of a request that carries this session's cookie.
    pub fn scope(&self, address: Option<String>) -> Scope {
        Scope::User { id: self.user.id, role: self.user.role, access: Access::Session, address }
    }

    fn from_row(row: &session::Model, user: User) -> Result<Self> {
        Ok(Self {
            id: column::id(&row.id)?,
            user,
            created_at: column::time(row.created_at),
            last_seen_at: column::time(row.last_seen_at),
            address: row.address.clone(),
            user_agent: row.user_agent.clone(),
        })
    }
}

pub(crate) fn expired_at(now: i64) -> Condition {
    Condition::any()
        .add(session::Column::LastSeenAt.lt(now - IDLE_MS))
        .add(session::Column::CreatedAt.lt(now - ABSOLUTE_MS))
}
