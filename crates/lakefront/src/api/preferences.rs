//! What the caller has set for themselves.

use axum::extract::State;
use serde_json::Value;

use super::extract::Json;
use crate::app::App;
use crate::auth::{Can, Personalise, Read};
use crate::error::{Problem, ProblemDocument};

/// The caller's preferences, such as `{"theme": "dark"}`.
#[utoipa::path(get, path = "/api/v1/me/preferences", tag = "preferences", extensions(("x-permission" = json!("read"))),
    responses((status = 200, body = Object), (status = 401, body = ProblemDocument)))]
pub async fn get(State(app): State<App>, actor: Can<Read>) -> Result<Json<Value>, Problem> {
    Ok(Json(app.store.preferences(&actor.scope).await?))
}

/// Replaces them.
#[utoipa::path(put, path = "/api/v1/me/preferences", tag = "preferences", request_body = Object, extensions(("x-permission" = json!("personalise"))),
    responses((status = 200, body = Object), (status = 401, body = ProblemDocument)))]
pub async fn put(
    State(app): State<App>,
    actor: Can<Personalise>,
    Json(preferences): Json<Value>,
) -> Result<Json<Value>, Problem> {
    app.store.set_preferences(&actor.scope, preferences.clone()).await?;
    Ok(Json(preferences))
}
