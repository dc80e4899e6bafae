//! For those who run the server.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::extract::Json;
use crate::app::{App, system};
use crate::auth::{Administer, Can, Read};
use crate::error::{Problem, ProblemDocument};
use crate::shared_results::SharedStore;
use crate::{metrics, router};

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "operations", extensions(("x-permission" = json!("public"))), responses((status = 200)))]
pub async fn health() -> &'static str {
    "ok\n"
}

/// The process can do its work: the app database answers.
#[utoipa::path(get, path = "/readyz", tag = "operations", extensions(("x-permission" = json!("public"))),
    responses((status = 200), (status = 503, body = ProblemDocument)))]
pub async fn ready(State(app): State<App>) -> Result<&'static str, Problem> {
    if app.stop.is_cancelled() {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "STOPPING", "The server is stopping."));
    }
    app.store.ready(&system("readiness")).await?;
    Ok("ok\n")
}

/// Counters in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "operations", extensions(("x-permission" = json!("administer"))),
    responses((status = 200, content_type = "text/plain"), (status = 403, body = ProblemDocument)))]
pub async fn metrics(State(app): State<App>, _actor: Can<Administer>) -> Response {
    let shared = app.shared_results.as_ref().map(SharedStore::state);
    let text = app.metrics.render() + &metrics::result_cache(&app.queries.result_cache(), shared.as_ref());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "operations", extensions(("x-permission" = json!("read"))), responses((status = 200, body = Object)))]
pub async fn openapi(_actor: Can<Read>) -> Response {
    Json(router::openapi()).into_response()
}
