use std::time::Duration;

use sea_orm::{
    ColumnTrait, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter,
    sea_query::{CaseStatement, Expr, OnConflict, SimpleExpr},
};

use crate::{Result, Scope, Store, StoreError, column::without_nul, entity::login_attempt, user};

pub(crate) const WINDOW_MS: i64 = 15 * 60 * 1000;

/// One guesser on one account.
const PER_ACCOUNT_AND_ADDRESS: i64 = 10;
/// One guesser on many accounts; an office behind one address signs in within it.
const PER_ADDRESS: i64 = 100;
/// Many guessers on one account. Higher than the first, so that no single one can lock a person out.
const PER_ACCOUNT: i64 = 50;

impl Store {
    /// Counts a sign-in attempt *before* the password is looked at, by the system only: at most 10 per account and address,
    /// 50 per account and 100 per address in 15 minutes, over all instances. More is `Throttled` until the window ends;
    /// refused attempts do not lengthen it.
    pub async fn count_login_attempt(&self, scope: &Scope, email: &str, address: &str) -> Result<()> {
        scope.must_be_system()?;
        let now = self.now_ms();
        // Always in this order, so that attempts side by side wait for each other and never in a ring.
        let [pair, from, account] = keys(email, address);
        let limits = [(pair, PER_ACCOUNT_AND_ADDRESS), (from, PER_ADDRESS), (account, PER_ACCOUNT)];
        writing!(self, |tx| {
            for (key, limit) in &limits {
                let attempt = login_attempt::Model { key: key.clone(), window_started_at: now, count: 1 };
                let counted = login_attempt::Entity::insert(attempt.into_active_model())
                    .on_conflict(
                        OnConflict::column(login_attempt::Column::Key)
                            .value(login_attempt::Column::Count, in_window(now, old_count().add(1), Expr::val(1_i64)))
                            .value(login_attempt::Column::WindowStartedAt, in_window(now, old_start(), Expr::val(now)))
                            .to_owned(),
                    )
                    .exec_with_returning(tx)
                    .await?;
                if counted.count > *limit {
                    // The error also undoes the counting: a refused attempt costs nobody anything.
                    let left = counted.window_started_at + WINDOW_MS - now;
                    return Err(StoreError::Throttled {
                        retry_after: Duration::from_millis(u64::try_from(left).unwrap_or(1)),
                    });
                }
            }
            Ok(())
        })
    }

    /// After a right password, by the system only: forgets the attempts on the account from the address.
    pub async fn forget_login_attempts(&self, scope: &Scope, email: &str, address: &str) -> Result<()> {
        scope.must_be_system()?;
        let [pair, from, account] = keys(email, address);
        writing!(self, |tx| {
            login_attempt::Entity::delete_by_id(pair.as_str()).exec(tx).await?;
            for key in [&from, &account] {
                login_attempt::Entity::update_many()
                    .col_expr(login_attempt::Column::Count, Expr::col(login_attempt::Column::Count).sub(1))
                    .filter(login_attempt::Column::Key.eq(key.as_str()))
                    .filter(login_attempt::Column::Count.gt(0))
                    .exec(tx)
                    .await?;
            }
            Ok(())
        })
    }
}

/// Hashed, because people type passwords into the wrong field.
fn keys(email: &str, address: &str) -> [String; 3] {
    let (email, address) = (user::key(email), without_nul(address));
    [format!("pair:{email}:{address}"), format!("address:{address}"), format!("account:{email}")]
        .map(|key| blake3::hash(key.as_bytes()).to_hex().to_string())
}

fn in_window(now: i64, inside: SimpleExpr, outside: SimpleExpr) -> SimpleExpr {
    CaseStatement::new().case(old_start().gt(now - WINDOW_MS), inside).finally(outside).into()
}

fn old_count() -> SimpleExpr {
    Expr::col((login_attempt::Entity, login_attempt::Column::Count))
}

fn old_start() -> SimpleExpr {
    Expr::col((login_attempt::Entity, login_attempt::Column::WindowStartedAt))
}
