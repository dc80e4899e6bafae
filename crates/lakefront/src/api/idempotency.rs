//! `Idempotency-Key`: a creation sent twice happens once and answers the same.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use lakefront_store::{Idempotency, Scope, StoredResponse};
use serde_json::Value;

use crate::app::App;
use crate::error::Problem;

const LONGEST_KEY: usize = 255;

/// The key of this request, if it has one.
pub struct Idempotent {
    key: Option<String>,
    route: String,
}

impl FromRequestParts<App> for Idempotent {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        let key = parts.headers.get("idempotency-key").and_then(|value| value.to_str().ok());
        let uri = parts.extensions.get::<axum::extract::OriginalUri>().map_or(&parts.uri, |uri| &uri.0);
        Ok(Self { key: key.map(str::to_owned), route: format!("{} {uri}", parts.method) })
    }
}

impl Idempotent {
    /// Does the work, or answers what it answered the first time. A member `secret` is not kept for repeats.
    pub async fn run(
        self,
        app: &App,
        scope: &Scope,
        request: &Value,
        work: impl Future<Output = Result<(StatusCode, Value), Problem>>,
    ) -> Result<(StatusCode, Value), Problem> {
        let Some(key) = self.key else { return work.await };
        if key.is_empty() || key.len() > LONGEST_KEY {
            return Err(Problem::bad_request(format!("An Idempotency-Key has 1 to {LONGEST_KEY} characters.")));
        }
        let identity = format!("{}\n{request}", self.route);
        if let Idempotency::Replay(stored) = app.store.begin_idempotent(scope, &key, identity.as_bytes()).await? {
            let status = StatusCode::from_u16(stored.status).map_err(Problem::internal)?;
            return Ok((status, serde_json::from_str(&stored.body).map_err(Problem::internal)?));
        }
        match work.await {
            Ok((status, body)) => {
                let mut kept = body.clone();
                if let Some(members) = kept.as_object_mut() {
                    members.remove("secret");
                }
                let stored = StoredResponse { status: status.as_u16(), body: kept.to_string() };
                app.store.finish_idempotent(scope, &key, stored).await?;
                Ok((status, body))
            }
            Err(problem) => {
                app.store.forget_idempotent(scope, &key).await?;
                Err(problem)
            }
        }
    }
}
