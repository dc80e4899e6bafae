use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, Select,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use ulid::Ulid;

use crate::{
    Page, PageRequest, Result, Role, Scope, Store, StoreError, audit,
    column::{self, contains},
    connection::Tx,
    entity::{installation, session, user},
    error::conflict,
    group::groups_of,
    link,
};

const NOT_FOUND: StoreError = StoreError::NotFound("user");

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
    /// Names of the groups, in order.
    pub groups: Vec<String>,
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
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
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
        scope.must_administer()?;
        let row = self.new_user_row(&new)?;
        writing!(self, |tx| {
            insert(tx, row.clone()).await?;
            let detail = json!({"email": row.email, "role": row.role});
            audit::append(self, tx, scope, "user.create", &row.id, detail).await?;
            User::from_rows(tx, &row).await
        })
    }

    /// Oneself, or anyone for administrators.
    pub async fn user(&self, scope: &Scope, id: Ulid) -> Result<User> {
        scope.must_see(Some(id), "user")?;
        reading!(self, |tx| User::from_rows(tx, &find(tx, id).await?).await)
    }

    /// As [`user`](Self::user), by e-mail address.
    pub async fn user_by_email(&self, scope: &Scope, email: &str) -> Result<User> {
        let user = reading!(self, |tx| User::from_rows(tx, &by_email(tx, email).await?.ok_or(NOT_FOUND)?).await)?;
        scope.must_see(Some(user.id), "user")?;
        Ok(user)
    }

    /// Administrators; by e-mail address.
    pub async fn users(&self, scope: &Scope, filter: UserFilter) -> Result<Page<User>> {
        scope.must_administer()?;
        let limit = filter.page.limit();
        let mut query = people().order_by_asc(user::Column::EmailKey).limit(limit + 1);
        if let Some(position) = filter.page.position()? {
            query = query.filter(user::Column::EmailKey.gt(position));
        }
        if let Some(search) = &filter.search {
            query = query.filter(contains(user::Column::Search.into_expr(), &search.to_lowercase()));
        }
        let users = reading!(self, |tx| {
            let mut users = Vec::new();
            for row in query.clone().all(tx).await? {
                users.push(User::from_rows(tx, &row).await?);
            }
            Ok(users)
        })?;
        Ok(Page::new(users, limit, |user: &User| key(&user.email)))
    }

    /// Administrators; people change their own name. The last enabled administrator stays one. A new role or
    /// `disabled` ends all sessions of the user at once.
    pub async fn update_user(&self, scope: &Scope, id: Ulid, change: UserChange) -> Result<User> {
        scope.must_see(Some(id), "user")?;
        if scope.user_id() == Some(id) {
            scope.must_not_be_token()?;
        }
        if change.role.is_some() || change.disabled.is_some() {
            scope.must_administer()?;
        }
        let name = change.name.as_deref().map(valid_name).transpose()?;
        writing!(self, |tx| {
            let before = find(tx, id).await?;
            let mut after = before.clone();
            after.name = name.clone().unwrap_or(after.name);
            after.role = change.role.map_or(after.role, |role| role.as_str().to_owned());
            after.disabled = change.disabled.unwrap_or(after.disabled);
            after.search = search(&after.email, &after.name);
            after.updated_at = self.now_ms();
            if is_active_admin(&before) && !is_active_admin(&after) {
                must_not_be_last_administrator(tx, &before).await?;
            }
            if before.role != after.role || after.disabled {
                delete_sessions(tx, id).await?;
            }
            if after.disabled {
                link::spend_all(tx, &after.id, self.now_ms()).await?;
            }
            update(tx, after.clone()).await?;
            audit::append(self, tx, scope, "user.update", &after.id, serde_json::to_value(&change)?).await?;
            User::from_rows(tx, &after).await
        })
    }

    /// Oneself (in a session, never by a token) or administrators. Ends every session of the user.
    pub async fn set_password_hash(&self, scope: &Scope, id: Ulid, hash: String) -> Result<()> {
        scope.must_see(Some(id), "user")?;
        scope.must_not_be_token()?;
        writing!(self, |tx| {
            let mut row = find(tx, id).await?;
            row.password_hash = Some(hash.clone());
            row.updated_at = self.now_ms();
            delete_sessions(tx, id).await?;
            update(tx, row).await?;
            audit::append(self, tx, scope, "user.set_password", &id.to_string(), json!({})).await
        })
    }

    /// For sign-in, by the system only. `None` for unknown and disabled users alike.
    pub async fn credentials(&self, scope: &Scope, email: &str) -> Result<Option<Credentials>> {
        scope.must_be_system()?;
        reading!(self, |tx| {
            let Some(row) = by_email(tx, email).await?.filter(|row| !row.disabled) else { return Ok(None) };
            Ok(Some(Credentials { user: User::from_rows(tx, &row).await?, password_hash: row.password_hash }))
        })
    }

    pub(crate) fn new_user_row(&self, new: &NewUser) -> Result<user::Model> {
        let email = valid_email(&new.email)?;
        let name = valid_name(&new.name)?;
        let now = self.now_ms();
        Ok(user::Model {
            id: self.new_id().to_string(),
            email_key: key(&email),
            search: search(&email, &name),
            email,
            name,
            role: new.role.as_str().to_owned(),
            password_hash: new.password_hash.clone(),
            disabled: false,
            created_at: now,
            updated_at: now,
            last_sign_in_at: None,
        })
    }
}

impl User {
    /// Whom the runs of people belong to who read public dashboards; the migration that made it says the rest.
    pub const PUBLIC: Ulid = Ulid::nil();

    /// The one that is nobody in particular.
    pub fn public() -> Self {
        Self {
            id: Self::PUBLIC,
            email: String::new(),
            name: "Public".to_owned(),
            role: Role::Viewer,
            disabled: true,
            has_password: false,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
            last_sign_in_at: None,
            groups: Vec::new(),
        }
    }

    pub(crate) async fn from_rows(tx: &Tx, row: &user::Model) -> Result<Self> {
        Ok(Self {
            id: column::id(&row.id)?,
            email: row.email.clone(),
            name: row.name.clone(),
            role: row.role.parse()?,
            disabled: row.disabled,
            has_password: row.password_hash.is_some(),
            created_at: column::time(row.created_at),
            updated_at: column::time(row.updated_at),
            last_sign_in_at: row.last_sign_in_at.map(column::time),
            groups: groups_of(tx, &row.id).await?.into_iter().map(|(_, name)| name).collect(),
        })
    }
}

impl Person {
    /// From the id in a row and the name joined to it.
    pub(crate) fn from_columns(id: Option<&String>, name: Option<&String>) -> Result<Option<Self>> {
        id.map(|id| Ok(Self { id: column::id(id)?, name: name.cloned().unwrap_or_default() })).transpose()
    }
}

pub(crate) async fn insert(tx: &Tx, row: user::Model) -> Result<()> {
    let administrator = row.role == Role::Admin.as_str();
    let created_at = row.created_at;
    user::Entity::insert(row.into_active_model())
        .exec_without_returning(tx)
        .await
        .map_err(|error| conflict(error, "a user with this e-mail address exists already"))?;
    if administrator {
        // However the first administrator came to be, the set-up page is closed from now on.
        installation::Entity::update_many()
            .set(installation::ActiveModel {
                id: NotSet,
                setup_hash: NotSet,
                setup_expires_at: NotSet,
                set_up_at: Set(Some(created_at)),
            })
            .filter(installation::Column::SetUpAt.is_null())
            .exec(tx)
            .await?;
    }
    Ok(())
}

pub(crate) async fn find(tx: &Tx, id: Ulid) -> Result<user::Model> {
    people().filter(user::Column::Id.eq(id.to_string())).one(tx).await?.ok_or(NOT_FOUND)
}

/// Those who can be given a password, a session, a link, a token, a role.
fn people() -> Select<user::Entity> {
    user::Entity::find().filter(user::Column::Id.ne(User::PUBLIC.to_string()))
}

pub(crate) async fn update(tx: &Tx, row: user::Model) -> Result<()> {
    user::Entity::update(row.into_active_model().reset_all()).exec(tx).await?;
    Ok(())
}

pub(crate) async fn delete_sessions(tx: &Tx, user: Ulid) -> Result<u64> {
    let sessions = session::Entity::delete_many().filter(session::Column::UserId.eq(user.to_string()));
    Ok(sessions.exec(tx).await?.rows_affected)
}

async fn by_email(tx: &Tx, email: &str) -> Result<Option<user::Model>> {
    Ok(people().filter(user::Column::EmailKey.eq(key(email))).one(tx).await?)
}

fn is_active_admin(row: &user::Model) -> bool {
    row.role == Role::Admin.as_str() && !row.disabled
}

/// Locks all administrators, so that two of them can't step down side by side.
async fn must_not_be_last_administrator(tx: &Tx, row: &user::Model) -> Result<()> {
    let administrators = user::Entity::find()
        .filter(user::Column::Role.eq(Role::Admin.as_str()))
        .filter(user::Column::Disabled.eq(false))
        .order_by_asc(user::Column::Id)
        .lock_exclusive()
        .all(tx)
        .await?;
    if administrators.iter().any(|other| other.id != row.id) {
        Ok(())
    } else {
        Err(StoreError::Conflict("this is the last administrator; make someone else administrator first".into()))
    }
}

/// What makes an e-mail address the same as another.
pub(crate) fn key(email: &str) -> String {
    column::without_nul(email.trim()).to_lowercase()
}

fn search(email: &str, name: &str) -> String {
    format!("{email}\n{name}").to_lowercase()
}

fn valid_name(name: &str) -> Result<String> {
    column::text("name", name, 1, 200)
}

fn valid_email(email: &str) -> Result<String> {
    let email = column::text("email", email, 1, 254)?;
    match email.split_once('@') {
        Some((user, host))
            if !user.is_empty() && !host.is_empty() && !host.contains('@') && !email.contains(char::is_whitespace) =>
        {
            Ok(email)
        }
        _ => Err(StoreError::Invalid { field: "email", message: "must look like name@example.com".into() }),
    }
}
