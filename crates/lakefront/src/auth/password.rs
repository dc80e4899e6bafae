//! Passwords: argon2id on the blocking pool, a few at a time, so that sign-ins can't take all memory and cores.

use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use axum::http::StatusCode;
use tokio::sync::Semaphore;

use crate::error::Problem;

pub const SHORTEST: usize = 10;
const LONGEST: usize = 1_024;

/// 19 MiB each (OWASP's parameters, the crate's defaults).
static PLACES: Semaphore = Semaphore::const_new(4);

/// What a wrong account is compared with, so that it takes as long as a wrong password.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash_now("nobody has this password").unwrap_or_default());

/// Refuses what is too short or endless.
pub fn check(password: &str) -> Result<(), Problem> {
    let length = password.chars().count();
    if (SHORTEST..=LONGEST).contains(&length) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::BAD_REQUEST,
        "PASSWORD_NOT_ACCEPTABLE",
        format!("A password has {SHORTEST} to {LONGEST} characters."),
    )
    .with_hint("Several words make a good one."))
}

pub async fn hash(password: String) -> Result<String, Problem> {
    check(&password)?;
    bounded(move || hash_now(&password)).await?.map_err(Problem::internal)
}

/// Whether the password fits; with no hash the answer is no, after the same work.
pub async fn verify(password: String, hash: Option<String>) -> Result<bool, Problem> {
    if password.len() > 4 * LONGEST {
        return Ok(false);
    }
    bounded(move || {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.clone());
        let fits = PasswordHash::new(&hash)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
        known && fits
    })
    .await
}

async fn bounded<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    let _place = PLACES.acquire().await.map_err(Problem::internal)?;
    tokio::task::spawn_blocking(work).await.map_err(Problem::internal)
}

fn hash_now(password: &str) -> Result<String, argon2::password_hash::Error> {
    Ok(Argon2::default().hash_password(password.as_bytes())?.to_string())
}
