//! Work that one instance does for all: a row says who does it and until when that holds. The database's clock judges,
//! so that instances whose clocks differ agree.

use std::time::Duration;

use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, Statement};

use crate::{Result, Scope, Store, connection::Tx, entity::claim};

/// What is claimed, by whom, and for how long unless it is renewed.
#[derive(Clone, Debug)]
pub struct Claim {
    pub key: String,
    /// Unlike that of anyone else.
    pub holder: String,
    pub lease: Duration,
}

impl Store {
    /// Whether the claim is the holder's now: nobody had it, or not any more; by the system only.
    pub async fn claim(&self, scope: &Scope, claim: &Claim) -> Result<bool> {
        scope.must_be_system()?;
        writing!(self, |tx| take(tx, claim).await)
    }

    /// A claim that is the holder's still lasts for its lease from now on; by the system only.
    pub async fn renew_claim(&self, scope: &Scope, claim: &Claim) -> Result<()> {
        scope.must_be_system()?;
        writing!(self, |tx| {
            let sql = format!("UPDATE claims SET expires_at = {} + $1 WHERE key = $2 AND holder = $3", now(tx));
            let values = [lease_ms(claim).into(), claim.key.as_str().into(), claim.holder.as_str().into()];
            tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
            Ok(())
        })
    }

    /// Gives a claim up that is the holder's; by the system only.
    pub async fn release_claim(&self, scope: &Scope, claim: &Claim) -> Result<()> {
        scope.must_be_system()?;
        writing!(self, |tx| give_up(tx, claim).await)
    }
}

pub(crate) async fn take(tx: &Tx, claim: &Claim) -> Result<bool> {
    let now = now(tx);
    let sql = format!(
        "INSERT INTO claims (key, holder, expires_at) VALUES ($1, $2, {now} + $3) \
         ON CONFLICT (key) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at \
         WHERE claims.expires_at < {now}"
    );
    let values = [claim.key.as_str().into(), claim.holder.as_str().into(), lease_ms(claim).into()];
    let taken = tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    Ok(taken.rows_affected() == 1)
}

pub(crate) async fn give_up(tx: &Tx, claim: &Claim) -> Result<()> {
    let held = claim::Entity::delete_many().filter(claim::Column::Key.eq(claim.key.as_str()));
    held.filter(claim::Column::Holder.eq(claim.holder.as_str())).exec(tx).await?;
    Ok(())
}

/// Deletes what nobody holds any more.
pub(crate) async fn sweep(tx: &Tx) -> Result<u64> {
    let sql = format!("DELETE FROM claims WHERE expires_at < {}", now(tx));
    Ok(tx.execute_raw(Statement::from_string(tx.get_database_backend(), sql)).await?.rows_affected())
}

fn lease_ms(claim: &Claim) -> i64 {
    i64::try_from(claim.lease.as_millis()).unwrap_or(i64::MAX / 2)
}

/// The database's clock in milliseconds since 1970.
fn now(tx: &Tx) -> &'static str {
    match tx.get_database_backend() {
        DbBackend::Postgres => "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
        _ => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
    }
}
