//! People, for administrators.

use axum::extract::State;
use axum::http::StatusCode;
use lakefront_store::{NewUser, Page, Role, User, UserChange, UserFilter};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ulid::Ulid;
use utoipa::{IntoParams, ToSchema};

use super::extract::{Json, Path, Query};
use super::idempotency::Idempotent;
use super::page;
use crate::app::{App, system};
use crate::auth::{Administer, Can, Invite, password};
use crate::error::{Problem, ProblemDocument};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UserSearch {
    /// Part of name or e-mail address.
    search: Option<String>,
    limit: Option<u64>,
    cursor: Option<String>,
}

/// Everyone who can sign in.
#[utoipa::path(get, path = "/api/v1/users", tag = "users", params(UserSearch), extensions(("x-permission" = json!("administer"))),
    responses((status = 200, body = Object), (status = 403, body = ProblemDocument)))]
pub async fn list(
    State(app): State<App>,
    actor: Can<Administer>,
    Query(query): Query<UserSearch>,
) -> Result<Json<Page<User>>, Problem> {
    let filter = UserFilter { search: query.search, page: page(query.limit, query.cursor) };
    Ok(Json(app.store.users(&actor.scope, filter).await?))
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPerson {
    email: String,
    name: String,
    /// `viewer`, `editor` or `admin`.
    #[schema(value_type = String)]
    role: Role,
    /// Without one the answer holds a one-time sign-in link.
    #[serde(skip_serializing)]
    password: Option<String>,
}

/// Adds someone. Without a password the answer holds a one-time link (`secret`) for them to sign in with.
#[utoipa::path(post, path = "/api/v1/users", tag = "users", request_body = NewPerson, extensions(("x-permission" = json!("administer"))),
    responses((status = 201, body = Object), (status = 409, body = ProblemDocument)))]
pub async fn create(
    State(app): State<App>,
    actor: Can<Administer>,
    once: Idempotent,
    Json(new): Json<NewPerson>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let request = json!(new);
    let work = async {
        let password_hash = match new.password {
            Some(password) => Some(password::hash(password).await?),
            None => None,
        };
        let user = app
            .store
            .create_user(&actor.scope, NewUser { email: new.email, name: new.name, role: new.role, password_hash })
            .await?;
        let mut body = json!(user);
        if !user.has_password {
            body["secret"] = json!(sign_in_link(&app, user.id).await?);
        }
        Ok((StatusCode::CREATED, body))
    };
    let (status, body) = once.run(&app, &actor.scope, &request, work).await?;
    Ok((status, Json(body)))
}

/// One person.
#[utoipa::path(get, path = "/api/v1/users/{id}", tag = "users", params(("id" = String, Path)), extensions(("x-permission" = json!("administer"))),
    responses((status = 200, body = Object), (status = 404, body = ProblemDocument)))]
pub async fn get(State(app): State<App>, actor: Can<Administer>, Path(id): Path<Ulid>) -> Result<Json<User>, Problem> {
    Ok(Json(app.store.user(&actor.scope, id).await?))
}

/// Changes name or role, or disables someone; a new role or `disabled` ends their sessions.
#[utoipa::path(patch, path = "/api/v1/users/{id}", tag = "users", params(("id" = String, Path)), request_body = Object,
    extensions(("x-permission" = json!("administer"))), responses((status = 200, body = Object), (status = 404, body = ProblemDocument)))]
pub async fn update(
    State(app): State<App>,
    actor: Can<Administer>,
    Path(id): Path<Ulid>,
    Json(change): Json<UserChange>,
) -> Result<Json<User>, Problem> {
    Ok(Json(app.store.update_user(&actor.scope, id, change).await?))
}

/// A new one-time sign-in link (`secret`), good for 15 minutes.
#[utoipa::path(post, path = "/api/v1/users/{id}/link", tag = "users", params(("id" = String, Path)), extensions(("x-permission" = json!("invite"))),
    responses((status = 201, body = Object), (status = 404, body = ProblemDocument)))]
pub async fn link(
    State(app): State<App>,
    actor: Can<Invite>,
    Path(id): Path<Ulid>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let token = app.store.create_sign_in_link(&actor.scope, id).await?;
    Ok((StatusCode::CREATED, Json(json!({"secret": link_to(&app, token.expose())}))))
}

pub async fn sign_in_link(app: &App, user: Ulid) -> Result<String, Problem> {
    let token = app.store.create_sign_in_link(&system("invitation"), user).await?;
    Ok(link_to(app, token.expose()))
}

fn link_to(app: &App, token: &str) -> String {
    format!("{}/signin?token={token}", app.base_url())
}
