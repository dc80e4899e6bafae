//! The token by which Vercel vouches for a deployment (<https://vercel.com/docs/oidc/reference>): in the environment of a
//! build and of development, in a header of each request to a function.

use std::sync::{LazyLock, PoisonError, RwLock};

use axum::http::HeaderMap;

const VARIABLE: &str = "VERCEL_OIDC_TOKEN";
const HEADER: &str = "x-vercel-oidc-token";

/// Vercel sets the header of what comes to its functions; elsewhere whoever calls could.
static IS_THERE: LazyLock<bool> = LazyLock::new(|| std::env::var_os("VERCEL").is_some_and(|value| !value.is_empty()));
static HEARD: RwLock<Option<String>> = RwLock::new(None);

/// Keeps the token of a request.
pub fn hear(headers: &HeaderMap) {
    let token = headers.get(HEADER).and_then(|token| token.to_str().ok()).filter(|token| !token.is_empty());
    let Some(token) = token.filter(|_| *IS_THERE) else { return };
    if HEARD.read().unwrap_or_else(PoisonError::into_inner).as_deref() != Some(token) {
        *HEARD.write().unwrap_or_else(PoisonError::into_inner) = Some(token.to_owned());
    }
}

/// That of the environment, which is not there in a function; else the newest that was heard.
pub fn token() -> Option<String> {
    let own = std::env::var(VARIABLE).ok().filter(|token| !token.is_empty());
    own.or_else(|| HEARD.read().unwrap_or_else(PoisonError::into_inner).clone())
}
