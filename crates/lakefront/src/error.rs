//! The one place an error becomes a status and a problem document (RFC 9457).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use lakefront_query::{Position, QueryError};
use lakefront_store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

tokio::task_local! {
    /// Id of the request being answered.
    pub static REQUEST_ID: String;
}

/// An error as people see it. `detail` says what happened, `hint` what to do.
#[derive(Debug, Clone)]
pub struct Problem {
    pub status: StatusCode,
    pub code: &'static str,
    pub detail: String,
    pub hint: Option<String>,
    pub position: Option<Position>,
    pub retry_after_s: Option<u64>,
}

/// The document itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    r#type: &'static str,
    title: String,
    status: u16,
    detail: String,
    /// Stable, `SCREAMING_SNAKE`.
    code: &'static str,
    request_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// Line and column in the caller's own SQL, both from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    position: Option<Position>,
}

impl Problem {
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), hint: None, position: None, retry_after_s: None }
    }

    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", detail)
    }

    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "Sign in first.")
    }

    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", detail)
    }

    /// Also the answer for what exists but may not be seen.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", "There is nothing here.")
    }

    pub fn too_many(detail: impl Into<String>, retry_after_s: u64) -> Self {
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS", detail);
        Self { retry_after_s: Some(retry_after_s), ..problem }
    }

    /// `detail` goes to the log only.
    pub fn internal(detail: impl std::fmt::Display) -> Self {
        tracing::error!(%detail, "request failed inside: {detail}");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "INTERNAL",
            "Something went wrong inside; the log has the details.",
        )
    }

    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub fn document(&self) -> ProblemDocument {
        ProblemDocument {
            r#type: "about:blank",
            title: title(self.code),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            code: self.code,
            request_id: REQUEST_ID.try_with(Clone::clone).unwrap_or_default(),
            hint: self.hint.clone(),
            position: self.position,
        }
    }
}

/// The code in words.
fn title(code: &str) -> String {
    let words = code.to_ascii_lowercase().replace('_', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.document()).unwrap_or_default();
        let mut response = (self.status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        Self::from(&error)
    }
}

impl From<&QueryError> for Problem {
    fn from(error: &QueryError) -> Self {
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self {
            status,
            code: error.code,
            detail: error.message.clone(),
            hint: error.hint.clone(),
            position: error.position,
            retry_after_s: (status == StatusCode::TOO_MANY_REQUESTS).then_some(1),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let status = match &error {
            StoreError::NotFound(_) => return Self::not_found(),
            StoreError::Forbidden(_) => StatusCode::FORBIDDEN,
            StoreError::Invalid { .. } => StatusCode::BAD_REQUEST,
            StoreError::Conflict(_) => StatusCode::CONFLICT,
            StoreError::VersionMismatch { .. } => StatusCode::PRECONDITION_FAILED,
            StoreError::Gone(_) => StatusCode::GONE,
            StoreError::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
            StoreError::Unavailable(_) | StoreError::NewerSchema(_) => StatusCode::SERVICE_UNAVAILABLE,
            StoreError::Internal(cause) => {
                tracing::error!(%cause, "the app database failed: {cause}");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        let retry_after_s = match &error {
            StoreError::Throttled { retry_after } => Some(retry_after.as_secs().max(1)),
            StoreError::Unavailable(_) => Some(1),
            _ => None,
        };
        Self { retry_after_s, ..Self::new(status, error.code(), error.to_string()) }
    }
}
