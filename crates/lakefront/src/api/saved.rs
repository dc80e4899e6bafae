//! Queries, charts and dashboards that people keep: one set of handlers, mounted once for each kind.

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use lakefront_store::{Kind, NewObject, Object, ObjectChange, ObjectFilter, ObjectVersion, Page};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ulid::Ulid;
use utoipa::{IntoParams, ToSchema};

use super::definition::check;
use super::extract::{Json, Path, Query};
use super::idempotency::Idempotent;
use super::page;
use super::version::{etag, expected, is_known};
use crate::app::App;
use crate::auth::{Can, EditSaved, Personalise, Read};
use crate::error::{Problem, ProblemDocument};

/// A saved query, chart or dashboard.
#[derive(ToSchema)]
#[schema(as = SavedObject)]
#[expect(dead_code, reason = "describes the store's object for the OpenAPI document")]
pub struct SavedObject {
    id: String,
    /// `query`, `chart` or `dashboard`.
    kind: String,
    slug: String,
    title: String,
    description: String,
    owner: Owner,
    collection: Option<String>,
    starred: bool,
    /// Whether anyone with the address may read it; dashboards only.
    public: bool,
    version: i64,
    created_at: chrono::DateTime<chrono::Utc>,
    updated_at: chrono::DateTime<chrono::Utc>,
    #[schema(value_type = Object)]
    definition: Value,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the store's person for the OpenAPI document")]
pub struct Owner {
    id: String,
    name: String,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a part of a list for the OpenAPI document")]
pub struct SavedList {
    items: Vec<SavedObject>,
    next_cursor: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SavedQuery {
    /// Part of title, description or slug.
    search: Option<String>,
    /// Id of the owner.
    #[param(value_type = Option<String>)]
    owner: Option<Ulid>,
    collection: Option<String>,
    /// Only what the caller has starred.
    #[serde(default)]
    starred: bool,
    limit: Option<u64>,
    cursor: Option<String>,
}

/// Last changed first.
#[utoipa::path(get, path = "/", params(SavedQuery), extensions(("x-permission" = json!("read"))), responses((status = 200, body = SavedList)))]
pub async fn list(
    State(app): State<App>,
    Extension(kind): Extension<Kind>,
    actor: Can<Read>,
    Query(query): Query<SavedQuery>,
) -> Result<Json<Page<Object>>, Problem> {
    let filter = ObjectFilter {
        search: query.search,
        owner: query.owner,
        collection: query.collection,
        starred: query.starred,
        page: page(query.limit, query.cursor),
    };
    Ok(Json(app.store.objects(&actor.scope, kind, filter).await?))
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSaved {
    /// Made from the title if not given.
    slug: Option<String>,
    title: String,
    #[serde(default)]
    description: String,
    collection: Option<String>,
    #[schema(value_type = Object)]
    definition: Value,
}

/// Saves something new.
#[utoipa::path(post, path = "/", request_body = NewSaved, extensions(("x-permission" = json!("edit_saved"))),
    responses((status = 201, body = SavedObject), (status = 409, description = "The slug is taken", body = ProblemDocument)))]
pub async fn create(
    State(app): State<App>,
    Extension(kind): Extension<Kind>,
    actor: Can<EditSaved>,
    once: Idempotent,
    Json(new): Json<NewSaved>,
) -> Result<Response, Problem> {
    check(kind, &new.definition)?;
    let request = json!(new);
    let work = async {
        let NewSaved { slug, title, description, collection, definition } = new;
        let new = NewObject { slug, title, description, collection, definition };
        Ok((StatusCode::CREATED, json!(app.store.create_object(&actor.scope, kind, actor.user.id, new).await?)))
    };
    let (status, body) = once.run(&app, &actor.scope, &request, work).await?;
    let tag = etag(body["version"].as_i64().unwrap_or(1));
    Ok((status, AppendHeaders([(header::ETAG, tag)]), Json(body)).into_response())
}

/// One, with its version as `ETag`.
#[utoipa::path(get, path = "/{id}", params(("id" = String, Path)), extensions(("x-permission" = json!("read"))),
    responses((status = 200, body = SavedObject), (status = 404, body = ProblemDocument)))]
pub async fn get(
    State(app): State<App>,
    Extension(kind): Extension<Kind>,
    actor: Can<Read>,
    Path(id): Path<Ulid>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let object = app.store.object(&actor.scope, kind, id).await?;
    Ok(if_changed(object, &headers))
}

/// One by the slug in its address.
#[utoipa::path(get, path = "/by-slug/{slug}", params(("slug" = String, Path)), extensions(("x-permission" = json!("read"))),
    responses((status = 200, body = SavedObject), (status = 404, body = ProblemDocument)))]
pub async fn by_slug(
    State(app): State<App>,
    Extension(kind): Extension<Kind>,
    actor: Can<Read>,
    Path(slug): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let object = app.store.object_by_slug(&actor.scope, kind, &slug).await?;
    Ok(if_changed(object, &headers))
}

/// Changes what is given: `slug`, `title`, `description`, `collection`, `definition`, of a dashboard also `public`. With `If-Match` only if nobody else has in the meantime.
#[utoipa::path(patch, path = "/{id}", params(("id" = String, Path), ("If-Match" = Option<String>, Header)), request_body = Object,
    extensions(("x-permission" = json!("edit_saved"))),
    responses((status = 200, body = SavedObject), (status = 404, body = ProblemDocument), (status = 412, body = ProblemDocument)))]
pub async fn update(
    State(app): State<App>,
    Extension(kind): Extension<Kind>,
    actor: Can<EditSaved>,
    Path(id): Path<Ulid>,
    headers: HeaderMap,
    Json(change): Json<ObjectChange>,
) -> Result<Response, Problem> {
    if let Some(definition) = &change.definition {
        check(kind, definition)?;
    }
    if change.public == Some(true) && !app.settings.pages.public {
        let detail = "This server shows nothing to people who are not signed in.";
        return Err(Problem::new(StatusCode::FORBIDDEN, "PUBLIC_DASHBOARDS_OFF", detail)
            .with_hint("Whoever runs it can change that with the setting pages.public."));
    }
    let object = app.store.update_object(&actor.scope, kind, id, expected(&headers)?, change).await?;
    app.pages.dashboard_changed();
    Ok(tagged(object))
}

/// Deletes one; its history stays.
#[utoipa::path(delete, path = "/{id}", params(("id" = String, Path), ("If-Match" = Option<String>, Header)), extensions(("x-permission" = json!("edit_saved"))),
    responses((status = 204), (status = 404, body = ProblemDocument), (status = 412, body = ProblemDocument)))]
pub async fn delete(
    State(app): State<App>,
    Extension(kind): Extension<Kind>,
    actor: Can<EditSaved>,
    Path(id): Path<Ulid>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    app.store.delete_object(&actor.scope, kind, id, expected(&headers)?).await?;
    app.pages.dashboard_changed();
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct VersionsQuery {
    limit: Option<u64>,
    cursor: Option<String>,
}

/// Every change, newest first.
#[utoipa::path(get, path = "/{id}/versions", params(("id" = String, Path), VersionsQuery), extensions(("x-permission" = json!("read"))),
    responses((status = 200, body = Object), (status = 404, body = ProblemDocument)))]
pub async fn versions(
    State(app): State<App>,
    Extension(kind): Extension<Kind>,
    actor: Can<Read>,
    Path(id): Path<Ulid>,
    Query(query): Query<VersionsQuery>,
) -> Result<Json<Page<ObjectVersion>>, Problem> {
    Ok(Json(app.store.object_versions(&actor.scope, kind, id, page(query.limit, query.cursor)).await?))
}

/// Makes it as it was, as a new version.
#[utoipa::path(post, path = "/{id}/versions/{version}/restore", params(("id" = String, Path), ("version" = i64, Path)),
    extensions(("x-permission" = json!("edit_saved"))), responses((status = 200, body = SavedObject), (status = 404, body = ProblemDocument)))]
pub async fn restore(
    State(app): State<App>,
    Extension(kind): Extension<Kind>,
    actor: Can<EditSaved>,
    Path((id, version)): Path<(Ulid, i64)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let object = app.store.restore_object(&actor.scope, kind, id, version, expected(&headers)?).await?;
    app.pages.dashboard_changed();
    Ok(tagged(object))
}

/// Stars it for the caller.
#[utoipa::path(put, path = "/{id}/star", params(("id" = String, Path)), extensions(("x-permission" = json!("personalise"))),
    responses((status = 204), (status = 404, body = ProblemDocument)))]
pub async fn star(
    State(app): State<App>,
    Extension(kind): Extension<Kind>,
    actor: Can<Personalise>,
    Path(id): Path<Ulid>,
) -> Result<StatusCode, Problem> {
    app.store.star_object(&actor.scope, kind, id, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes the caller's star away.
#[utoipa::path(delete, path = "/{id}/star", params(("id" = String, Path)), extensions(("x-permission" = json!("personalise"))),
    responses((status = 204), (status = 404, body = ProblemDocument)))]
pub async fn unstar(
    State(app): State<App>,
    Extension(kind): Extension<Kind>,
    actor: Can<Personalise>,
    Path(id): Path<Ulid>,
) -> Result<StatusCode, Problem> {
    app.store.star_object(&actor.scope, kind, id, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn tagged(object: Object) -> Response {
    (AppendHeaders([(header::ETAG, etag(object.version))]), Json(object)).into_response()
}

/// Stars do not change the version, so they are part of what a browser may keep only with it.
fn if_changed(object: Object, headers: &HeaderMap) -> Response {
    let tag = etag(object.version);
    if is_known(headers, &tag) {
        return (StatusCode::NOT_MODIFIED, AppendHeaders([(header::ETAG, tag)])).into_response();
    }
    tagged(object)
}
