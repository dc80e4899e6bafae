use sea_orm::{EntityTrait, IntoActiveModel, sea_query::OnConflict};
use serde_json::{Value, json};
use ulid::Ulid;

use crate::{Result, Scope, Store, StoreError, column, entity::preferences};

const MAX_BYTES: usize = 64 << 10;

impl Store {
    /// The asking user's preferences: an object, empty at first.
    pub async fn preferences(&self, scope: &Scope) -> Result<Value> {
        let user = one(scope)?.to_string();
        let row = reading!(self, |tx| Ok(preferences::Entity::find_by_id(user.as_str()).one(tx).await?))?;
        row.map_or_else(|| Ok(json!({})), |row| column::json(&row.value))
    }

    /// Replaces them; `Invalid` unless an object of at most 64 KiB.
    pub async fn set_preferences(&self, scope: &Scope, preferences: Value) -> Result<()> {
        let user_id = one(scope)?.to_string();
        scope.must_write()?;
        let value = preferences.to_string();
        if !preferences.is_object() || value.len() > MAX_BYTES {
            return Err(StoreError::Invalid {
                field: "preferences",
                message: "must be an object of at most 64 KiB".into(),
            });
        }
        let row = preferences::Model { user_id, value };
        writing!(self, |tx| {
            preferences::Entity::insert(row.clone().into_active_model())
                .on_conflict(
                    OnConflict::column(preferences::Column::UserId)
                        .update_column(preferences::Column::Value)
                        .to_owned(),
                )
                .exec_without_returning(tx)
                .await?;
            Ok(())
        })
    }
}

fn one(scope: &Scope) -> Result<Ulid> {
    scope.user_id().ok_or(StoreError::Forbidden("only people have preferences"))
}
