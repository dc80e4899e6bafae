//! Who did what, for administrators.

use axum::extract::State;
use chrono::{DateTime, Utc};
use lakefront_store::{AuditEntry, AuditFilter, Outcome, Page};
use serde::Deserialize;

use ulid::Ulid;
use utoipa::IntoParams;

use super::extract::{Json, Query};
use super::page;
use crate::app::App;
use crate::auth::{Administer, Can};
use crate::error::{Problem, ProblemDocument};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    #[param(value_type = Option<String>)]
    actor: Option<Ulid>,
    /// An action or its beginning: `user.` finds every change of people.
    action: Option<String>,
    /// `done`, `refused` or `failed`.
    #[param(value_type = Option<String>)]
    outcome: Option<Outcome>,
    since: Option<DateTime<Utc>>,
    limit: Option<u64>,
    cursor: Option<String>,
}

/// The audit log, newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(AuditQuery), extensions(("x-permission" = json!("administer"))),
    responses((status = 200, body = Object), (status = 403, body = ProblemDocument)))]
pub async fn list(
    State(app): State<App>,
    actor: Can<Administer>,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Page<AuditEntry>>, Problem> {
    let filter = AuditFilter {
        actor: query.actor,
        action: query.action,
        outcome: query.outcome,
        since: query.since,
        page: page(query.limit, query.cursor),
    };
    Ok(Json(app.store.audit(&actor.scope, filter).await?))
}
