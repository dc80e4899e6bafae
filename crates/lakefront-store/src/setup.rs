use sea_orm::{EntityTrait, QuerySelect};
use serde_json::json;

use crate::{
    NewUser, Result, Role, Scope, Secret, Store, StoreError, User, audit, connection::Tx, entity::installation, secret,
    user,
};

const USED: StoreError = StoreError::Gone("the set-up token");
const TOKEN_MS: i64 = 15 * 60 * 1000;

/// The first administrator.
#[derive(Clone, Debug)]
pub struct NewAdministrator {
    pub email: String,
    pub name: String,
    pub password_hash: String,
}

impl Store {
    /// Whether no administrator was ever made.
    pub async fn setup_required(&self, _scope: &Scope) -> Result<bool> {
        reading!(self, |tx| {
            let row = installation::Entity::find_by_id(1).one(tx).await?;
            Ok(row.is_some_and(|row| row.set_up_at.is_none()))
        })
    }

    /// A one-time token for [`complete_setup`](Self::complete_setup), good for 15 minutes; an earlier one stops working; by the
    /// system only. `Gone` once set up.
    pub async fn create_setup_token(&self, scope: &Scope) -> Result<Secret> {
        scope.must_be_system()?;
        let secret = Secret::generate("")?;
        let expires_at = self.now_ms() + TOKEN_MS;
        writing!(self, |tx| {
            let mut row = lock(tx).await?;
            if row.set_up_at.is_some() {
                return Err(USED);
            }
            row.setup_hash = Some(secret.hash());
            row.setup_expires_at = Some(expires_at);
            save(tx, row).await
        })?;
        Ok(secret)
    }

    /// Makes the first administrator, once, however many ask at the same time; by the system only. `NotFound` for a
    /// wrong token, `Gone` for a used or old one.
    pub async fn complete_setup(&self, scope: &Scope, token: &str, administrator: NewAdministrator) -> Result<User> {
        scope.must_be_system()?;
        let now = self.now_ms();
        let hash = secret::hash(token);
        let user = self.new_user_row(&NewUser {
            email: administrator.email,
            name: administrator.name,
            role: Role::Admin,
            password_hash: Some(administrator.password_hash),
        })?;
        writing!(self, |tx| {
            let mut row = lock(tx).await?;
            if row.set_up_at.is_some() {
                return Err(USED);
            }
            if row.setup_hash.as_deref() != Some(hash.as_str()) {
                return Err(StoreError::NotFound("set-up token"));
            }
            if row.setup_expires_at.is_none_or(|end| end < now) {
                return Err(USED);
            }
            row.set_up_at = Some(now);
            save(tx, row).await?;
            user::insert(tx, user.clone()).await?;
            audit::append(self, tx, scope, "setup.complete", &user.id, json!({"email": user.email})).await?;
            User::from_rows(tx, &user).await
        })
    }
}

/// The one row; others who want to change it wait.
async fn lock(tx: &Tx) -> Result<installation::Model> {
    let row = installation::Entity::find_by_id(1).lock_exclusive().one(tx).await?;
    row.ok_or_else(|| StoreError::Internal("the installation row is missing".into()))
}

async fn save(tx: &Tx, row: installation::Model) -> Result<()> {
    use sea_orm::{ActiveModelTrait, IntoActiveModel};

    installation::Entity::update(row.into_active_model().reset_all()).exec(tx).await?;
    Ok(())
}
