//! API tokens of the caller.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use lakefront_store::{ApiToken, NewApiToken, TokenScope};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ulid::Ulid;
use utoipa::ToSchema;

use super::extract::{Json, Path};
use super::idempotency::Idempotent;
use crate::app::App;
use crate::auth::{Can, ManageAccess, Read};
use crate::error::{Problem, ProblemDocument};

/// A token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct Token {
    #[schema(value_type = String)]
    id: Ulid,
    name: String,
    /// The secret's first characters.
    prefix: String,
    #[schema(value_type = Vec<String>)]
    scopes: Vec<TokenScope>,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
}

impl From<ApiToken> for Token {
    fn from(token: ApiToken) -> Self {
        Self {
            id: token.id,
            name: token.name,
            prefix: token.prefix,
            scopes: token.scopes,
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TokenList {
    items: Vec<Token>,
    next_cursor: Option<String>,
}

/// The caller's tokens.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens", extensions(("x-permission" = json!("read"))),
    responses((status = 200, body = TokenList), (status = 401, body = ProblemDocument)))]
pub async fn list(State(app): State<App>, actor: Can<Read>) -> Result<Json<TokenList>, Problem> {
    let tokens = app.store.api_tokens(&actor.scope, actor.user.id).await?;
    Ok(Json(TokenList { items: tokens.into_iter().map(Token::from).collect(), next_cursor: None }))
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    name: String,
    /// `read`, `write`, `admin`; `read` and `write` if not said. A token never may more than its owner.
    #[serde(default = "read_and_write")]
    #[schema(value_type = Vec<String>)]
    scopes: Vec<TokenScope>,
    expires_at: Option<DateTime<Utc>>,
}

fn read_and_write() -> Vec<TokenScope> {
    vec![TokenScope::Read, TokenScope::Write]
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedToken {
    #[serde(flatten)]
    token: Token,
    /// Shown this once.
    secret: String,
}

/// Makes a token. A token can't make another.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens", request_body = NewToken, extensions(("x-permission" = json!("manage_access"))),
    responses((status = 201, body = CreatedToken), (status = 403, body = ProblemDocument)))]
pub async fn create(
    State(app): State<App>,
    actor: Can<ManageAccess>,
    once: Idempotent,
    Json(new): Json<NewToken>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let request = json!(new);
    let work = async {
        let new = NewApiToken { name: new.name, scopes: new.scopes, expires_at: new.expires_at };
        let (secret, token) = app.store.create_api_token(&actor.scope, actor.user.id, new).await?;
        Ok((StatusCode::CREATED, json!(CreatedToken { token: token.into(), secret: secret.expose().to_owned() })))
    };
    let (status, body) = once.run(&app, &actor.scope, &request, work).await?;
    Ok((status, Json(body)))
}

/// Ends a token at once.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "tokens", params(("id" = String, Path)), extensions(("x-permission" = json!("manage_access"))),
    responses((status = 204), (status = 404, body = ProblemDocument)))]
pub async fn revoke(
    State(app): State<App>,
    actor: Can<ManageAccess>,
    Path(id): Path<Ulid>,
) -> Result<StatusCode, Problem> {
    app.store.revoke_api_token(&actor.scope, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
