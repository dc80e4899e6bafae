use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use serde_json::json;
use ulid::Ulid;

use crate::{
    Result, Scope, Secret, Store, StoreError, User, audit, column, connection::Tx, entity::sign_in_link, secret,
    user::find,
};

const USED: StoreError = StoreError::Gone("the sign-in link");
const LINK_MS: i64 = 15 * 60 * 1000;
/// How long after its end a link still answers that it is too old, rather than that it is unknown.
pub(crate) const REMEMBERED_MS: i64 = 30 * 24 * 60 * 60 * 1000;

impl Store {
    /// A one-time sign-in link's token for `user`, good for 15 minutes; administrators (not by a token) and the system.
    pub async fn create_sign_in_link(&self, scope: &Scope, user: Ulid) -> Result<Secret> {
        scope.must_administer()?;
        scope.must_not_be_token()?;
        let secret = Secret::generate("")?;
        let row = sign_in_link::Model {
            token_hash: secret.hash(),
            user_id: user.to_string(),
            expires_at: self.now_ms() + LINK_MS,
            used_at: None,
        };
        writing!(self, |tx| {
            if find(tx, user).await?.disabled {
                return Err(StoreError::NotFound("user"));
            }
            sign_in_link::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await?;
            audit::append(self, tx, scope, "sign_in_link.create", &user.to_string(), json!({})).await
        })?;
        Ok(secret)
    }

    /// Spends a link's token; by the system only. `NotFound` for a wrong one, `Gone` for a used or old one.
    pub async fn use_sign_in_link(&self, scope: &Scope, token: &str) -> Result<User> {
        scope.must_be_system()?;
        let hash = secret::hash(token);
        let now = self.now_ms();
        writing!(self, |tx| {
            let spent = sign_in_link::Entity::update_many()
                .col_expr(sign_in_link::Column::UsedAt, now.into())
                .filter(sign_in_link::Column::TokenHash.eq(hash.as_str()))
                .filter(sign_in_link::Column::UsedAt.is_null())
                .filter(sign_in_link::Column::ExpiresAt.gte(now))
                .exec(tx)
                .await?
                .rows_affected;
            let link = sign_in_link::Entity::find_by_id(hash.as_str()).one(tx).await?;
            let link = link.ok_or(StoreError::NotFound("sign-in link"))?;
            let user = find(tx, column::id(&link.user_id)?).await?;
            if spent == 0 || user.disabled {
                return Err(USED);
            }
            User::from_rows(tx, &user).await
        })
    }
}

/// Links that were not used yet no longer are of use.
pub(crate) async fn spend_all(tx: &Tx, user: &str, now: i64) -> Result<()> {
    sign_in_link::Entity::update_many()
        .col_expr(sign_in_link::Column::UsedAt, now.into())
        .filter(sign_in_link::Column::UserId.eq(user))
        .filter(sign_in_link::Column::UsedAt.is_null())
        .exec(tx)
        .await?;
    Ok(())
}
