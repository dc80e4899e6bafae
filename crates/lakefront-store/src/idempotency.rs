use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, TryInsertResult, sea_query::Expr};

use crate::{
    Result, Scope, Store, StoreError, column,
    connection::Tx,
    entity::idempotency_key::{self, Column, Entity},
};

pub(crate) const KEPT_MS: i64 = 24 * 60 * 60 * 1000;
/// A request that has not answered for so long is taken to have died with its process.
const ABANDONED_MS: i64 = 60 * 1000;

/// The answer an earlier request with the same key got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredResponse {
    pub status: u16,
    pub body: String,
}

/// What to do with a request that carries an `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Idempotency {
    /// First time: do the work, then [`finish_idempotent`](Store::finish_idempotent) (or
    /// [`forget_idempotent`](Store::forget_idempotent)).
    Proceed,
    /// Done before: answer this.
    Replay(StoredResponse),
}

impl Store {
    /// Claims `key` for the asking user for 24 h. `request` identifies the request (method, path, body): another one
    /// under the same key is `Invalid`; one still running is a `Conflict` (for a minute, in case its process died).
    pub async fn begin_idempotent(&self, scope: &Scope, key: &str, request: &[u8]) -> Result<Idempotency> {
        let key = column::text("Idempotency-Key", key, 1, 255)?;
        let now = self.now_ms();
        let claim = idempotency_key::Model {
            actor: actor(scope),
            key,
            request_hash: blake3::hash(request).to_hex().to_string(),
            status: None,
            body: None,
            created_at: now,
        };
        writing!(self, |tx| {
            only(&claim.actor, &claim.key).filter(Column::CreatedAt.lte(now - KEPT_MS)).exec(tx).await?;
            let claimed = Entity::insert(claim.clone().into_active_model())
                .on_conflict_do_nothing()
                .exec_without_returning(tx)
                .await?;
            if matches!(claimed, TryInsertResult::Inserted(1)) {
                return Ok(Idempotency::Proceed);
            }
            self.judge_earlier(tx, &claim).await
        })
    }

    /// Keeps the answer for repeats.
    pub async fn finish_idempotent(&self, scope: &Scope, key: &str, response: StoredResponse) -> Result<()> {
        let actor = actor(scope);
        writing!(self, |tx| {
            Entity::update_many()
                .col_expr(Column::Status, Expr::val(i32::from(response.status)))
                .col_expr(Column::Body, Expr::val(response.body.as_str()))
                .filter(Column::Actor.eq(actor.as_str()))
                .filter(Column::Key.eq(key.trim()))
                .exec(tx)
                .await?;
            Ok(())
        })
    }

    /// The work failed and may be tried again.
    pub async fn forget_idempotent(&self, scope: &Scope, key: &str) -> Result<()> {
        let actor = actor(scope);
        writing!(self, |tx| {
            only(&actor, key.trim()).filter(Column::Status.is_null()).exec(tx).await?;
            Ok(())
        })
    }

    async fn judge_earlier(&self, tx: &Tx, claim: &idempotency_key::Model) -> Result<Idempotency> {
        let earlier = Entity::find_by_id((claim.actor.clone(), claim.key.clone())).one(tx).await?;
        let running = || StoreError::Conflict("a request with this Idempotency-Key is still running".into());
        let earlier = earlier.ok_or_else(running)?;
        if earlier.request_hash != claim.request_hash {
            return Err(StoreError::Invalid {
                field: "Idempotency-Key",
                message: "was used for another request; use a new one".into(),
            });
        }
        if let (Some(status), Some(body)) = (earlier.status, earlier.body) {
            return Ok(Idempotency::Replay(StoredResponse { status: u16::try_from(status).unwrap_or(500), body }));
        }
        let taken_over = Entity::update_many()
            .col_expr(Column::CreatedAt, Expr::val(claim.created_at))
            .filter(Column::Actor.eq(claim.actor.as_str()))
            .filter(Column::Key.eq(claim.key.as_str()))
            .filter(Column::Status.is_null())
            .filter(Column::CreatedAt.lte(claim.created_at - ABANDONED_MS))
            .exec(tx)
            .await?;
        if taken_over.rows_affected == 1 { Ok(Idempotency::Proceed) } else { Err(running()) }
    }
}

fn only(actor: &str, key: &str) -> sea_orm::DeleteMany<Entity> {
    Entity::delete_many().filter(Column::Actor.eq(actor)).filter(Column::Key.eq(key))
}

fn actor(scope: &Scope) -> String {
    scope.user_id().map_or_else(|| "system".to_owned(), |id| id.to_string())
}
