use chrono::{DateTime, Utc};
use serde::Serialize;
use ulid::Ulid;

use crate::{Result, Scope, Secret, Store, User};

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
        todo!()
    }

    /// Whose cookie this is; by the system only. Ended, expired and disabled users' sessions are `NotFound`, for good.
    pub async fn session(&self, scope: &Scope, secret: &str) -> Result<Session> {
        todo!()
    }

    /// The sessions of a user: one's own, or anyone's for administrators.
    pub async fn sessions(&self, scope: &Scope, user: Ulid) -> Result<Vec<Session>> {
        todo!()
    }

    /// Signs out one browser.
    pub async fn end_session(&self, scope: &Scope, id: Ulid) -> Result<()> {
        todo!()
    }

    /// Signs a user out everywhere; answers how many sessions ended.
    pub async fn end_sessions(&self, scope: &Scope, user: Ulid) -> Result<u64> {
        todo!()
    }
}

impl Session {
    /// The scope of a request that carries this session's cookie.
    pub fn scope(&self, address: Option<String>) -> Scope {
        Scope::User { id: self.user.id, role: self.user.role, access: crate::Access::Session, address }
    }
}
