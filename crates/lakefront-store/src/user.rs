use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::{Page, PageRequest, Result, Role, Scope, Store};

/// Someone who can sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct User {
    pub id: Ulid,
    /// As given; unique without regard to case.
    pub email: String,
    pub name: String,
    pub role: Role,
    /// Can't sign in, has no sessions; tokens do not work.
    pub disabled: bool,
    /// Whether a password is set (otherwise only links or an identity provider).
    pub has_password: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub last_sign_in_at: Option<DateTime<Utc>>,
}

/// The short form of a user inside other answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Person {
    pub id: Ulid,
    pub name: String,
}

#[derive(Clone, Debug)]
pub struct NewUser {
    pub email: String,
    pub name: String,
    pub role: Role,
    /// An opaque string that the caller can verify later.
    pub password_hash: Option<String>,
}

/// What to change; `None` leaves as it is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    pub name: Option<String>,
    pub role: Option<Role>,
    pub disabled: Option<bool>,
}

#[derive(Clone, Debug, Default)]
pub struct UserFilter {
    /// Part of name or e-mail, any case.
    pub search: Option<String>,
    pub page: PageRequest,
}

/// What sign-in by password needs.
#[derive(Clone)]
pub struct Credentials {
    pub user: User,
    pub password_hash: Option<String>,
}

impl Store {
    /// Administrators and the system. A taken e-mail address is a `Conflict`.
    pub async fn create_user(&self, scope: &Scope, new: NewUser) -> Result<User> {
        todo!()
    }

    /// Oneself, or anyone for administrators.
    pub async fn user(&self, scope: &Scope, id: Ulid) -> Result<User> {
        todo!()
    }

    /// As [`user`](Self::user), by e-mail address.
    pub async fn user_by_email(&self, scope: &Scope, email: &str) -> Result<User> {
        todo!()
    }

    /// Administrators; by e-mail address.
    pub async fn users(&self, scope: &Scope, filter: UserFilter) -> Result<Page<User>> {
        todo!()
    }

    /// Administrators; people change their own name. The last enabled administrator stays one. A new role or
    /// `disabled` ends all sessions of the user at once.
    pub async fn update_user(&self, scope: &Scope, id: Ulid, change: UserChange) -> Result<User> {
        todo!()
    }

    /// Oneself (in a session, never by a token) or administrators. Ends every session of the user.
    pub async fn set_password_hash(&self, scope: &Scope, id: Ulid, hash: String) -> Result<()> {
        todo!()
    }

    /// For sign-in, by the system only. `None` for unknown and disabled users alike.
    pub async fn credentials(&self, scope: &Scope, email: &str) -> Result<Option<Credentials>> {
        todo!()
    }
}
