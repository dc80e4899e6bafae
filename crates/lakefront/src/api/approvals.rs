//! Approvals: runs above a budget that wait until an administrator agrees.

use axum::extract::State;
use axum::http::StatusCode;
use lakefront_store::Approval;
use serde::{Deserialize, Serialize};
use ulid::Ulid;
use utoipa::ToSchema;

use super::extract::{Json, Path};
use crate::app::App;
use crate::auth::{Administer, Can};
use crate::error::{Problem, ProblemDocument};

#[derive(Debug, Serialize, ToSchema)]
pub struct ApprovalList {
    #[schema(value_type = Vec<Object>)]
    items: Vec<Approval>,
    next_cursor: Option<String>,
}

/// The runs that wait, oldest first, with what they would read.
#[utoipa::path(get, path = "/api/v1/approvals", tag = "approvals", extensions(("x-permission" = json!("administer"))),
    responses((status = 200, body = ApprovalList), (status = 403, body = ProblemDocument)))]
pub async fn list(State(app): State<App>, actor: Can<Administer>) -> Result<Json<ApprovalList>, Problem> {
    Ok(Json(ApprovalList { items: app.store.approvals(&actor.scope).await?, next_cursor: None }))
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Shown to whoever asked.
    note: Option<String>,
}

/// Lets a waiting run begin. One's own only where there is no other administrator.
#[utoipa::path(post, path = "/api/v1/executions/{id}/approve", tag = "executions", params(("id" = String, Path)), request_body = Answer,
    extensions(("x-permission" = json!("administer"))),
    responses((status = 204), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 409, description = "It does not wait any more", body = ProblemDocument)))]
pub async fn approve(
    State(app): State<App>,
    actor: Can<Administer>,
    Path(id): Path<Ulid>,
    Json(answer): Json<Answer>,
) -> Result<StatusCode, Problem> {
    app.store.decide_approval(&actor.scope, id, true, answer.note).await?;
    app.books.tell_decided();
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a waiting run with `APPROVAL_REJECTED`.
#[utoipa::path(post, path = "/api/v1/executions/{id}/reject", tag = "executions", params(("id" = String, Path)), request_body = Answer,
    extensions(("x-permission" = json!("administer"))),
    responses((status = 204), (status = 404, body = ProblemDocument),
        (status = 409, description = "It does not wait any more", body = ProblemDocument)))]
pub async fn reject(
    State(app): State<App>,
    actor: Can<Administer>,
    Path(id): Path<Ulid>,
    Json(answer): Json<Answer>,
) -> Result<StatusCode, Problem> {
    app.store.decide_approval(&actor.scope, id, false, answer.note).await?;
    app.books.tell_decided();
    Ok(StatusCode::NO_CONTENT)
}
