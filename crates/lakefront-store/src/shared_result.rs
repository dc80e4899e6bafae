//! Results that instances share. What is in one is the business of whoever stores it: here it is bytes under a key.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter,
    Statement,
    sea_query::{Expr, OnConflict},
};

use crate::{
    Claim, Result, Scope, Store,
    budget::{stored, unsigned},
    claim,
    connection::Tx,
    entity::{claim as claims, shared_result},
};

/// A use within so long of the last one written is not written.
const USE_MS: i64 = 60_000;

/// What is there under a key, and if nothing is, who makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SharedResultLook {
    Stored(Vec<u8>),
    /// Nothing, and the claim to make it is the asker's now.
    Claimed,
    /// Nothing, and someone else makes it.
    Taken,
    /// Nothing, and whoever made it has given up.
    Released,
}

#[derive(Clone, Debug)]
pub struct NewSharedResult {
    pub body: Vec<u8>,
    /// By so many milliseconds it outlives its last use when there is too little room.
    pub bonus_ms: u64,
}

/// All shared results together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SharedResultSums {
    pub entries: u64,
    pub bytes: u64,
    /// Taken out just now.
    pub evicted: u64,
}

impl Store {
    /// Looks for the result under the claim's key; `waited`: someone else was making it at the last look. By the system
    /// only.
    pub async fn look_for_result(&self, scope: &Scope, claim: &Claim, waited: bool) -> Result<SharedResultLook> {
        scope.must_be_system()?;
        let now = self.now_ms();
        writing!(self, |tx| {
            if let Some(body) = body(tx, &claim.key, now).await? {
                return Ok(SharedResultLook::Stored(body));
            }
            if waited && claims::Entity::find_by_id(claim.key.as_str()).one(tx).await?.is_none() {
                // It may have been stored between the two looks.
                let stored = body(tx, &claim.key, now).await?;
                return Ok(stored.map_or(SharedResultLook::Released, SharedResultLook::Stored));
            }
            if !claim::take(tx, claim).await? {
                return Ok(SharedResultLook::Taken);
            }
            let Some(body) = body(tx, &claim.key, now).await? else { return Ok(SharedResultLook::Claimed) };
            claim::give_up(tx, claim).await?;
            Ok(SharedResultLook::Stored(body))
        })
    }

    /// Stores a result under the claim's key, in place of one that is there, and gives the claim up; by the system only.
    pub async fn store_result(&self, scope: &Scope, claim: &Claim, new: NewSharedResult) -> Result<()> {
        scope.must_be_system()?;
        use shared_result::Column::{Body, BonusMs, Bytes, CreatedAt, Key, UsedAt};
        let now = self.now_ms();
        let row = shared_result::Model {
            key: claim.key.clone(),
            bytes: stored(new.body.len() as u64),
            body: new.body,
            bonus_ms: stored(new.bonus_ms),
            used_at: now,
            created_at: now,
        };
        let replace = OnConflict::column(Key).update_columns([Body, Bytes, BonusMs, UsedAt, CreatedAt]).to_owned();
        writing!(self, |tx| {
            let insert = shared_result::Entity::insert(row.clone().into_active_model().reset_all());
            insert.on_conflict(replace.clone()).exec_without_returning(tx).await?;
            claim::give_up(tx, claim).await
        })
    }

    /// By the system only.
    pub async fn delete_result(&self, scope: &Scope, key: &str) -> Result<()> {
        scope.must_be_system()?;
        writing!(self, |tx| {
            shared_result::Entity::delete_by_id(key).exec(tx).await?;
            Ok(())
        })
    }

    /// Takes results out until those left fit in `limit` bytes: first those whose last use with their bonus lies
    /// furthest back. Several instances may do it at once. By the system only.
    pub async fn trim_results(&self, scope: &Scope, limit: u64) -> Result<SharedResultSums> {
        scope.must_be_system()?;
        writing!(self, |tx| {
            let before = sums(tx).await?;
            if before.bytes <= limit {
                return Ok(before);
            }
            let sql = "DELETE FROM shared_results WHERE key IN (SELECT key FROM (SELECT key, \
                 sum(bytes) OVER (ORDER BY used_at + bonus_ms DESC, key) AS kept FROM shared_results) AS ranked WHERE kept > $1)";
            let delete = Statement::from_sql_and_values(tx.get_database_backend(), sql, [stored(limit).into()]);
            let evicted = tx.execute_raw(delete).await?.rows_affected();
            Ok(SharedResultSums { evicted, ..sums(tx).await? })
        })
    }
}

async fn body(tx: &Tx, key: &str, now: i64) -> Result<Option<Vec<u8>>> {
    use shared_result::Column::{Key, UsedAt};
    let Some(row) = shared_result::Entity::find_by_id(key).one(tx).await? else { return Ok(None) };
    if row.used_at < now - USE_MS {
        let update = shared_result::Entity::update_many().col_expr(UsedAt, Expr::val(now));
        update.filter(Key.eq(key)).exec(tx).await?;
    }
    Ok(Some(row.body))
}

#[derive(FromQueryResult)]
struct Sums {
    entries: i64,
    bytes: i64,
}

async fn sums(tx: &Tx) -> Result<SharedResultSums> {
    let sql = "SELECT CAST(count(*) AS BIGINT) AS entries, CAST(coalesce(sum(bytes), 0) AS BIGINT) AS bytes FROM shared_results";
    let row = Sums::find_by_statement(Statement::from_string(tx.get_database_backend(), sql)).one(tx).await?;
    Ok(row.map_or_else(SharedResultSums::default, |row| SharedResultSums {
        entries: unsigned(row.entries),
        bytes: unsigned(row.bytes),
        evicted: 0,
    }))
}
