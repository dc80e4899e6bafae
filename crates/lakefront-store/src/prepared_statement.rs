use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, sea_query::OnConflict};
use ulid::Ulid;

use crate::{Result, Scope, Store, StoreError, column::without_nul, entity::prepared_statement};

impl Store {
    /// The asking user's statement of this name.
    pub async fn prepared_statement(&self, scope: &Scope, name: &str) -> Result<Option<String>> {
        let id = (owner(scope)?.to_string(), without_nul(name));
        let row = reading!(self, |tx| Ok(prepared_statement::Entity::find_by_id(id.clone()).one(tx).await?))?;
        Ok(row.map(|row| row.statement))
    }

    /// Replaces what had the name; `Conflict` where the user has `most` others.
    pub async fn keep_prepared_statement(&self, scope: &Scope, name: &str, statement: &str, most: u64) -> Result<()> {
        scope.must_write()?;
        let user_id = owner(scope)?.to_string();
        let row = prepared_statement::Model {
            user_id,
            name: without_nul(name),
            statement: without_nul(statement),
            updated_at: self.now().timestamp_millis(),
        };
        writing!(self, |tx| {
            use prepared_statement::Column::{Name, Statement, UpdatedAt, UserId};
            let others = prepared_statement::Entity::find()
                .filter(UserId.eq(row.user_id.as_str()))
                .filter(Name.ne(row.name.as_str()));
            if others.count(tx).await? >= most {
                return Err(StoreError::Conflict(format!("{most} statements are prepared already")));
            }
            let conflict = OnConflict::columns([UserId, Name]).update_columns([Statement, UpdatedAt]).to_owned();
            let insert = prepared_statement::Entity::insert(row.clone().into_active_model());
            insert.on_conflict(conflict).exec_without_returning(tx).await?;
            Ok(())
        })
    }

    /// Whether there was one.
    pub async fn remove_prepared_statement(&self, scope: &Scope, name: &str) -> Result<bool> {
        scope.must_write()?;
        let id = (owner(scope)?.to_string(), without_nul(name));
        writing!(self, |tx| {
            let removed = prepared_statement::Entity::delete_by_id(id.clone()).exec(tx).await?;
            Ok(removed.rows_affected > 0)
        })
    }
}

fn owner(scope: &Scope) -> Result<Ulid> {
    scope.user_id().ok_or(StoreError::Forbidden("only people prepare statements"))
}
