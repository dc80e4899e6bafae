//! Signing in and out.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse};
use lakefront_store::{AuditRecord, NewAdministrator, Outcome, Scope, SessionClient, StoreError, User};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ulid::Ulid;
use utoipa::ToSchema;

use super::extract::Json;
use crate::app::{App, system};
use crate::auth::{Can, ManageAccess, Read, password};
use crate::error::{Problem, ProblemDocument};

#[derive(Debug, Serialize, ToSchema)]
pub struct AuthState {
    /// Whether the first administrator is still to be made.
    setup_required: bool,
}

/// What the sign-in page has to know before anyone is signed in.
#[utoipa::path(get, path = "/api/v1/auth/state", tag = "auth", extensions(("x-permission" = json!("public"))),
    responses((status = 200, body = AuthState)))]
pub async fn state(State(app): State<App>) -> Result<Json<AuthState>, Problem> {
    let setup_required = app.store.setup_required(&system("sign-in page")).await?;
    Ok(Json(AuthState { setup_required }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// Printed to the console at the first start.
    token: String,
    email: String,
    name: String,
    password: String,
}

/// Creates the first administrator and signs them in; works once.
#[utoipa::path(post, path = "/api/v1/auth/setup", tag = "auth", request_body = Setup, extensions(("x-permission" = json!("public"))),
    responses((status = 204), (status = 410, description = "The token was used or is too old", body = ProblemDocument)))]
pub async fn setup(
    State(app): State<App>,
    client: Client,
    Json(setup): Json<Setup>,
) -> Result<impl IntoResponse, Problem> {
    let scope = system("setup");
    app.store.count_login_attempt(&scope, "setup", &client.address.to_string()).await?;
    let password_hash = password::hash(setup.password).await?;
    let administrator = NewAdministrator { email: setup.email, name: setup.name, password_hash };
    let user = match app.store.complete_setup(&scope, &setup.token, administrator).await {
        Ok(user) => user,
        Err(StoreError::NotFound(_)) => return Err(wrong_token()),
        Err(error) => return Err(error.into()),
    };
    client.sign_in(&app, &user, "setup").await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    email: String,
    password: String,
}

/// Signs in by password. Slowed down per account and per address.
#[utoipa::path(post, path = "/api/v1/auth/login", tag = "auth", request_body = Login, extensions(("x-permission" = json!("public"))),
    responses((status = 204, description = "Signed in; the session is in the cookie"), (status = 401, body = ProblemDocument),
        (status = 429, description = "Too many attempts; see Retry-After", body = ProblemDocument)))]
pub async fn login(
    State(app): State<App>,
    client: Client,
    Json(login): Json<Login>,
) -> Result<impl IntoResponse, Problem> {
    let scope = system("sign-in");
    let address = client.address.to_string();
    app.store.count_login_attempt(&scope, &login.email, &address).await?;
    let credentials = app.store.credentials(&scope, &login.email).await?;
    let hash = credentials.as_ref().and_then(|credentials| credentials.password_hash.clone());
    let fits = password::verify(login.password, hash).await?;
    let Some(credentials) = credentials.filter(|_| fits) else {
        client.audit(&app, &scope, "login", &login.email, Outcome::Refused).await?;
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "WRONG_CREDENTIALS",
            "E-mail address or password is wrong.",
        ));
    };
    app.store.forget_login_attempts(&scope, &login.email, &address).await?;
    client.sign_in(&app, &credentials.user, "password").await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Link {
    token: String,
}

/// Signs in by a one-time link's token.
#[utoipa::path(post, path = "/api/v1/auth/link", tag = "auth", request_body = Link, extensions(("x-permission" = json!("public"))),
    responses((status = 204), (status = 401, body = ProblemDocument),
        (status = 410, description = "The link was used or is too old", body = ProblemDocument)))]
pub async fn link(
    State(app): State<App>,
    client: Client,
    Json(link): Json<Link>,
) -> Result<impl IntoResponse, Problem> {
    let scope = system("sign-in");
    app.store.count_login_attempt(&scope, "link", &client.address.to_string()).await?;
    let user = match app.store.use_sign_in_link(&scope, &link.token).await {
        Ok(user) => user,
        Err(StoreError::NotFound(_)) => return Err(wrong_token()),
        Err(error) => return Err(error.into()),
    };
    app.store.forget_login_attempts(&scope, "link", &client.address.to_string()).await?;
    client.sign_in(&app, &user, "link").await
}

/// Ends this session.
#[utoipa::path(post, path = "/api/v1/auth/logout", tag = "auth", extensions(("x-permission" = json!("manage_access"))),
    responses((status = 204), (status = 401, body = ProblemDocument)))]
pub async fn logout(State(app): State<App>, actor: Can<ManageAccess>) -> Result<impl IntoResponse, Problem> {
    if let Some(session) = actor.session {
        app.store.end_session(&actor.scope, session).await?;
    }
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(header::SET_COOKIE, app.cookie.clear())])))
}

/// Ends all sessions of the caller, this one too.
#[utoipa::path(delete, path = "/api/v1/auth/sessions", tag = "auth", extensions(("x-permission" = json!("manage_access"))),
    responses((status = 204), (status = 401, body = ProblemDocument)))]
pub async fn end_sessions(State(app): State<App>, actor: Can<ManageAccess>) -> Result<impl IntoResponse, Problem> {
    app.store.end_sessions(&actor.scope, actor.user.id).await?;
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(header::SET_COOKIE, app.cookie.clear())])))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    current: String,
    new: String,
}

/// Changes the caller's password; ends every session and starts a new one here.
#[utoipa::path(put, path = "/api/v1/auth/password", tag = "auth", request_body = PasswordChange, extensions(("x-permission" = json!("manage_access"))),
    responses((status = 204), (status = 401, body = ProblemDocument)))]
pub async fn change_password(
    State(app): State<App>,
    actor: Can<ManageAccess>,
    client: Client,
    Json(change): Json<PasswordChange>,
) -> Result<impl IntoResponse, Problem> {
    let scope = system("sign-in");
    let address = client.address.to_string();
    app.store.count_login_attempt(&scope, &actor.user.email, &address).await?;
    let credentials = app.store.credentials(&scope, &actor.user.email).await?;
    let hash = credentials.and_then(|credentials| credentials.password_hash);
    // Someone who came by a link has no password yet.
    if hash.is_some() && !password::verify(change.current, hash).await? {
        return Err(Problem::new(StatusCode::FORBIDDEN, "WRONG_CREDENTIALS", "The current password is wrong."));
    }
    app.store.forget_login_attempts(&scope, &actor.user.email, &address).await?;
    app.store.set_password_hash(&actor.scope, actor.user.id, password::hash(change.new).await?).await?;
    client.sign_in(&app, &actor.user, "password change").await
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    user: MyUser,
    groups: Vec<String>,
    #[schema(value_type = Object)]
    preferences: Value,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct MyUser {
    #[schema(value_type = String)]
    id: Ulid,
    email: String,
    name: String,
    #[schema(value_type = String)]
    role: lakefront_store::Role,
}

impl Me {
    pub async fn load(app: &App, user: &User, scope: &Scope) -> Result<Self, Problem> {
        let preferences = app.store.preferences(scope).await?;
        let me = MyUser { id: user.id, email: user.email.clone(), name: user.name.clone(), role: user.role };
        Ok(Self { user: me, groups: user.groups.clone(), preferences })
    }

    /// `system`, `light` or `dark`.
    pub fn theme(&self) -> &str {
        match self.preferences.get("theme").and_then(Value::as_str) {
            Some(theme @ ("light" | "dark")) => theme,
            _ => "system",
        }
    }
}

/// Who the caller is.
#[utoipa::path(get, path = "/api/v1/auth/me", tag = "auth", extensions(("x-permission" = json!("read"))),
    responses((status = 200, body = Me), (status = 401, body = ProblemDocument)))]
pub async fn me(State(app): State<App>, actor: Can<Read>) -> Result<Json<Me>, Problem> {
    Ok(Json(Me::load(&app, &actor.user, &actor.scope).await?))
}

fn wrong_token() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "WRONG_CREDENTIALS", "This link or token is not valid.")
}

/// The browser that signs in.
pub struct Client {
    address: std::net::IpAddr,
    user_agent: Option<String>,
}

impl axum::extract::FromRequestParts<App> for Client {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self { address: crate::auth::client_address(parts, app), user_agent: user_agent(&parts.headers) })
    }
}

fn user_agent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::USER_AGENT)?.to_str().ok()?;
    Some(text.chars().take(200).collect())
}

impl Client {
    /// A new session, whatever cookie came along: an id is never taken from the browser.
    async fn sign_in(&self, app: &App, user: &User, by: &'static str) -> Result<impl IntoResponse + use<>, Problem> {
        let scope = system("sign-in");
        let client = SessionClient { address: Some(self.address.to_string()), user_agent: self.user_agent.clone() };
        let (secret, session) = app.store.create_session(&scope, user.id, client).await?;
        let record = AuditRecord {
            action: "login".to_owned(),
            target: user.email.clone(),
            outcome: Outcome::Done,
            detail: json!({"by": by}),
            address: None,
        };
        app.store.record_audit(&session.scope(Some(self.address.to_string())), record).await?;
        Ok((StatusCode::NO_CONTENT, AppendHeaders([(header::SET_COOKIE, app.cookie.set(secret.expose()))])))
    }

    async fn audit(
        &self,
        app: &App,
        scope: &Scope,
        action: &str,
        target: &str,
        outcome: Outcome,
    ) -> Result<(), Problem> {
        let record = AuditRecord {
            action: action.to_owned(),
            target: target.chars().take(200).collect(),
            outcome,
            detail: json!({}),
            address: Some(self.address.to_string()),
        };
        Ok(app.store.record_audit(scope, record).await?)
    }
}
