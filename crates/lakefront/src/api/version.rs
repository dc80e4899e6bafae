//! Versions as `ETag` and `If-Match`: a change that would overwrite someone else's is refused.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::error::Problem;

pub fn etag(version: i64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{version}\"")).unwrap_or_else(|_| HeaderValue::from_static("\"0\""))
}

/// The version in `If-Match`; `*` and no header mean any.
pub fn expected(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let version = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).and_then(|text| text.parse().ok());
    version.map(Some).ok_or_else(|| {
        Problem::new(StatusCode::PRECONDITION_FAILED, "VERSION_MISMATCH", "If-Match holds no version of this object.")
    })
}
