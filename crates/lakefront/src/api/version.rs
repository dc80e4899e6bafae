//! Versions as `ETag`, `If-None-Match` and `If-Match`: what the caller has is not sent again, and a change that would
//! overwrite someone else's is refused.

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

/// Whether the caller has what `tag` stands for (RFC 9110, 13.1.2). `*` stands for anything, also what no tag does.
pub fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let opaque = |text: &str| text.trim().trim_start_matches("W/").to_owned();
    let Ok(tag) = tag.to_str().map(opaque) else { return false };
    let given = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    given.flat_map(|text| text.split(',')).map(opaque).any(|each| each == tag)
}
