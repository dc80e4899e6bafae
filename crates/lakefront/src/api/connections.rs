//! Connections, for administrators: which systems hold the data.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use lakefront_query::aws::{Check, missing_policy};
use lakefront_store::{AuditRecord, Outcome};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Json, Path, Query};
use super::idempotency::Idempotent;
use super::version::{etag, expected};
use crate::app::App;
use crate::auth::{Administer, Can};
use crate::connections::{self, Change, Connection, Depth, Door, Draft, Limited, Proposed};
use crate::error::{Problem, ProblemDocument};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// 1 to 200; 50 if not said.
    limit: Option<usize>,
    /// The `next_cursor` of the part before.
    cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct ConnectionList {
    items: Vec<Connection>,
    next_cursor: Option<String>,
}

/// Every connection, by name: those of the app database and those of the settings file.
#[utoipa::path(get, path = "/api/v1/connections", tag = "connections", params(ListQuery), extensions(("x-permission" = json!("administer"))),
    responses((status = 200, body = ConnectionList), (status = 403, body = ProblemDocument)))]
pub async fn list(
    State(app): State<App>,
    _actor: Can<Administer>,
    Query(query): Query<ListQuery>,
) -> Result<Json<ConnectionList>, Problem> {
    let mut items = connections::list(&app.opened, &app.settings).await.map_err(Problem::internal)?;
    if let Some(after) = query.cursor.filter(|cursor| !cursor.is_empty()) {
        items.retain(|connection| connection.name > after);
    }
    let limit = query.limit.unwrap_or(50).clamp(1, 200);
    let more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = if more { items.last().map(|last| last.name.clone()) } else { None };
    Ok(Json(ConnectionList { items, next_cursor }))
}

/// What a connection is made of. No `Debug`: it may hold a secret.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConnection {
    /// Up to 63 lower-case letters, digits and underscores, a letter first. A check needs none.
    #[serde(default)]
    name: String,
    /// `local`, `s3`, `trino`, …
    kind: String,
    /// Fields of the kind.
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
    /// The secret access key, the password or the token. It can never be read again.
    #[serde(skip_serializing)]
    secret: Option<String>,
}

impl NewConnection {
    fn draft(self) -> Result<Draft, Problem> {
        let source = connections::read_source(&self.kind, &self.settings)?;
        Ok(Draft { name: self.name, source, secret: self.secret.filter(|secret| !secret.is_empty()) })
    }
}

/// Adds a connection that works: it is checked before it is kept.
#[utoipa::path(post, path = "/api/v1/connections", tag = "connections", request_body = NewConnection, extensions(("x-permission" = json!("administer"))),
    responses((status = 201, body = Connection), (status = 409, description = "The name is taken", body = ProblemDocument),
        (status = 422, description = "It does not work", body = ProblemDocument)))]
pub async fn create(
    State(app): State<App>,
    actor: Can<Administer>,
    once: Idempotent,
    Json(new): Json<NewConnection>,
) -> Result<Response, Problem> {
    let request = json!(new);
    let work = async {
        let draft = new.draft()?;
        let name = draft.name.clone();
        connections::add(&app.opened, &app.settings, &actor.scope, draft, Door::Api).await?;
        Ok((StatusCode::CREATED, json!(connections::get(&app.opened, &app.settings, &name).await?)))
    };
    let (status, body) = once.run(&app, &actor.scope, &request, work).await?;
    let tag = body["updated_at"].as_str().and_then(|at| at.parse::<chrono::DateTime<chrono::Utc>>().ok());
    let tag = etag(tag.map_or(0, |at| at.timestamp_millis()));
    Ok((status, AppendHeaders([(header::ETAG, tag)]), Json(body)).into_response())
}

/// One, with its version as `ETag` where it can be changed.
#[utoipa::path(get, path = "/api/v1/connections/{id}", tag = "connections", params(("id" = String, Path)), extensions(("x-permission" = json!("administer"))),
    responses((status = 200, body = Connection), (status = 404, body = ProblemDocument)))]
pub async fn get(State(app): State<App>, _actor: Can<Administer>, Path(id): Path<String>) -> Result<Response, Problem> {
    Ok(tagged(connections::get(&app.opened, &app.settings, &id).await?))
}

/// What to change. No `Debug`: it may hold a secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionChange {
    /// Fields of the kind; those that are absent stay, `null` takes one away.
    #[schema(value_type = Option<Object>)]
    settings: Option<Map<String, Value>>,
    /// A new secret takes the place of the old one once it has been tried; `null` takes it away.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    secret: Option<Option<String>>,
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl From<ConnectionChange> for Change {
    fn from(change: ConnectionChange) -> Self {
        let secret = change.secret.map(|secret| secret.filter(|secret| !secret.is_empty()));
        Self { settings: change.settings, secret }
    }
}

/// Changes settings, or the secret (a rotation). The new ones are tried before the old ones are let go; statements that run
/// end with the old ones.
#[utoipa::path(patch, path = "/api/v1/connections/{id}", tag = "connections", params(("id" = String, Path), ("If-Match" = Option<String>, Header)),
    request_body = ConnectionChange, extensions(("x-permission" = json!("administer"))),
    responses((status = 200, body = Connection), (status = 404, body = ProblemDocument), (status = 409, description = "It stands in the settings file", body = ProblemDocument),
        (status = 412, body = ProblemDocument), (status = 422, description = "It does not work", body = ProblemDocument)))]
pub async fn update(
    State(app): State<App>,
    actor: Can<Administer>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(change): Json<ConnectionChange>,
) -> Result<Response, Problem> {
    let (opened, settings) = (&app.opened, &app.settings);
    let expected = expected(&headers)?;
    connections::change(opened, settings, &actor.scope, &id, expected, change.into(), Door::Api).await?;
    Ok(tagged(connections::get(opened, settings, &id).await?))
}

/// Forgets a connection; the data it leads to stays.
#[utoipa::path(delete, path = "/api/v1/connections/{id}", tag = "connections", params(("id" = String, Path), ("If-Match" = Option<String>, Header)),
    extensions(("x-permission" = json!("administer"))),
    responses((status = 204), (status = 404, body = ProblemDocument), (status = 409, description = "It stands in the settings file", body = ProblemDocument),
        (status = 412, body = ProblemDocument)))]
pub async fn delete(
    State(app): State<App>,
    actor: Can<Administer>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    connections::remove(&app.opened, &app.settings, &actor.scope, &id, expected(&headers)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What came of a check.
#[derive(Serialize, ToSchema)]
pub struct CheckReport {
    ok: bool,
    #[schema(value_type = Vec<CheckStep>)]
    checks: Vec<Check>,
    /// One IAM policy with everything that is missing.
    #[schema(value_type = Option<Object>)]
    policy: Option<Value>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a step of a check for the OpenAPI document")]
pub struct CheckStep {
    /// The action as IAM names it, or what was done.
    name: String,
    ok: bool,
    detail: String,
    hint: Option<String>,
    missing: Option<MissingRight>,
    /// What Lakefront can do about it when asked: `limit_workgroup`.
    mend: Option<String>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a right for the OpenAPI document")]
pub struct MissingRight {
    action: String,
    resource: String,
    #[schema(value_type = Object)]
    policy: Value,
}

impl From<Vec<Check>> for CheckReport {
    fn from(checks: Vec<Check>) -> Self {
        Self { ok: checks.iter().all(|check| check.ok), policy: missing_policy(&checks), checks }
    }
}

/// Tries a connection that is not kept yet, and keeps nothing.
#[utoipa::path(post, path = "/api/v1/connections/check", tag = "connections", request_body = NewConnection, extensions(("x-permission" = json!("administer"))),
    operation_id = "check_draft", responses((status = 200, body = CheckReport), (status = 400, body = ProblemDocument)))]
pub async fn check_draft(
    State(app): State<App>,
    actor: Can<Administer>,
    Json(new): Json<NewConnection>,
) -> Result<Json<CheckReport>, Problem> {
    let draft = new.draft()?;
    let secret = draft.secret.as_deref();
    let (opened, settings) = (&app.opened, &app.settings);
    let checks = connections::check(opened, settings, &draft.name, &draft.source, secret, Door::Api, Depth::All).await;
    checked(&app, &actor, &draft.name, checks).await
}

/// Tries a connection as it is, or as a change would make it.
#[utoipa::path(post, path = "/api/v1/connections/{id}/check", tag = "connections", params(("id" = String, Path)), request_body = ConnectionChange,
    extensions(("x-permission" = json!("administer"))),
    responses((status = 200, body = CheckReport), (status = 404, body = ProblemDocument)))]
pub async fn check(
    State(app): State<App>,
    actor: Can<Administer>,
    Path(id): Path<String>,
    Json(change): Json<ConnectionChange>,
) -> Result<Json<CheckReport>, Problem> {
    let (opened, settings) = (&app.opened, &app.settings);
    let change = Change::from(change);
    let is_change = change.settings.is_some() || change.secret.is_some();
    let (Proposed { source, secret }, door) = if is_change {
        (connections::proposed(opened, settings, &id, &change).await?, Door::Api)
    } else {
        // What is kept already may have been added by command.
        (connections::as_kept(opened, settings, &id).await?, Door::Command)
    };
    let checks = connections::check(opened, settings, &id, &source, secret.as_deref(), door, Depth::All).await;
    checked(&app, &actor, &id, checks).await
}

/// The limit of each query in a workgroup.
#[derive(Serialize, ToSchema)]
pub struct LimitedWorkgroup {
    workgroup: String,
    bytes: u64,
}

/// Sets the limit per query of a Glue catalog's workgroup to what one run may read here, for all who use the workgroup.
#[utoipa::path(post, path = "/api/v1/connections/{id}/limit-workgroup", tag = "connections", params(("id" = String, Path)),
    extensions(("x-permission" = json!("administer"))),
    responses((status = 200, body = LimitedWorkgroup), (status = 403, description = "Only administrators may, or AWS does not allow it", body = ProblemDocument), (status = 404, body = ProblemDocument),
        (status = 409, description = "Nothing limits what one run may read", body = ProblemDocument), (status = 422, description = "It has no workgroup", body = ProblemDocument)))]
pub async fn limit_workgroup(
    State(app): State<App>,
    actor: Can<Administer>,
    Path(id): Path<String>,
) -> Result<Json<LimitedWorkgroup>, Problem> {
    let Limited { workgroup, bytes } =
        connections::limit_workgroup(&app.opened, &app.settings, &actor.scope, &id).await?;
    Ok(Json(LimitedWorkgroup { workgroup, bytes }))
}

async fn checked(
    app: &App,
    actor: &Can<Administer>,
    name: &str,
    checks: Vec<Check>,
) -> Result<Json<CheckReport>, Problem> {
    let report = CheckReport::from(checks);
    let record = AuditRecord {
        action: "catalog.check".to_owned(),
        target: name.to_owned(),
        outcome: if report.ok { Outcome::Done } else { Outcome::Failed },
        detail: json!({}),
        address: None,
    };
    app.store.record_audit(&actor.scope, record).await?;
    Ok(Json(report))
}

fn tagged(connection: Connection) -> Response {
    match connection.version() {
        Some(version) => (AppendHeaders([(header::ETAG, etag(version))]), Json(connection)).into_response(),
        None => Json(connection).into_response(),
    }
}
