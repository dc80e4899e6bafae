//! Groups of people, for administrators.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use lakefront_store::{Group, GroupChange, NewGroup};
use serde::Serialize;
use serde_json::{Value, json};
use ulid::Ulid;
use utoipa::ToSchema;

use super::extract::{Json, Path};
use super::idempotency::Idempotent;
use crate::app::App;
use crate::auth::{Administer, Can};
use crate::error::{Problem, ProblemDocument};

#[derive(ToSchema)]
#[schema(as = Group)]
#[expect(dead_code, reason = "describes the store's group for the OpenAPI document")]
pub struct GroupSchema {
    id: String,
    /// Unique without regard to case.
    name: String,
    /// `id` and `name` of each, by name.
    #[schema(value_type = Vec<Object>)]
    members: Vec<Value>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(ToSchema)]
#[schema(as = NewGroup)]
#[expect(dead_code, reason = "describes the store's group for the OpenAPI document")]
pub struct NewGroupSchema {
    name: String,
    /// Ids of people.
    members: Option<Vec<String>>,
}

#[derive(ToSchema)]
#[schema(as = GroupChange)]
#[expect(dead_code, reason = "describes the store's group for the OpenAPI document")]
pub struct GroupChangeSchema {
    name: Option<String>,
    /// All of them; who is not among them leaves the group.
    members: Option<Vec<String>>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct GroupList {
    #[schema(value_type = Vec<GroupSchema>)]
    items: Vec<Group>,
    next_cursor: Option<String>,
}

/// Every group with its members, by name.
#[utoipa::path(get, path = "/api/v1/groups", tag = "groups", extensions(("x-permission" = json!("administer"))),
    responses((status = 200, body = GroupList), (status = 403, body = ProblemDocument)))]
pub async fn list(State(app): State<App>, actor: Can<Administer>) -> Result<Json<GroupList>, Problem> {
    Ok(Json(GroupList { items: app.store.groups(&actor.scope).await?, next_cursor: None }))
}

/// Makes a group.
#[utoipa::path(post, path = "/api/v1/groups", tag = "groups", request_body = NewGroupSchema, extensions(("x-permission" = json!("administer"))),
    responses((status = 201, body = GroupSchema), (status = 400, body = ProblemDocument), (status = 409, description = "The name is taken", body = ProblemDocument)))]
pub async fn create(
    State(app): State<App>,
    actor: Can<Administer>,
    once: Idempotent,
    Json(new): Json<NewGroup>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let request = json!(new);
    let work = async {
        let group = app.store.create_group(&actor.scope, new).await?;
        Ok((StatusCode::CREATED, json!(group)))
    };
    let (status, body) = once.run(&app, &actor.scope, &request, work).await?;
    Ok((status, Json(body)))
}

/// A group.
#[utoipa::path(get, path = "/api/v1/groups/{id}", tag = "groups", params(("id" = String, Path)), extensions(("x-permission" = json!("administer"))),
    responses((status = 200, body = GroupSchema), (status = 404, body = ProblemDocument)))]
pub async fn get(State(app): State<App>, actor: Can<Administer>, Path(id): Path<Ulid>) -> Result<Json<Group>, Problem> {
    Ok(Json(app.store.group(&actor.scope, id).await?))
}

/// Changes name or members; it counts from the next statement on.
#[utoipa::path(patch, path = "/api/v1/groups/{id}", tag = "groups", params(("id" = String, Path)), request_body = GroupChangeSchema,
    extensions(("x-permission" = json!("administer"))),
    responses((status = 200, body = GroupSchema), (status = 404, body = ProblemDocument), (status = 409, description = "The name is taken", body = ProblemDocument)))]
pub async fn update(
    State(app): State<App>,
    actor: Can<Administer>,
    Path(id): Path<Ulid>,
    Json(change): Json<GroupChange>,
) -> Result<Json<Group>, Problem> {
    Ok(Json(app.store.update_group(&actor.scope, id, change).await?))
}

/// Takes a group away; its people stay.
#[utoipa::path(delete, path = "/api/v1/groups/{id}", tag = "groups", params(("id" = String, Path)), extensions(("x-permission" = json!("administer"))),
    responses((status = 204), (status = 404, body = ProblemDocument), (status = 409, description = "It has a budget", body = ProblemDocument)))]
pub async fn delete(
    State(app): State<App>,
    actor: Can<Administer>,
    Path(id): Path<Ulid>,
) -> Result<StatusCode, Problem> {
    app.store.delete_group(&actor.scope, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
