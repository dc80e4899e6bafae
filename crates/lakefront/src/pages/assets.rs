//! The UI's files, inside the binary and found by their exact names.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::api::extract::Path;
use crate::error::Problem;

#[derive(RustEmbed)]
#[folder = "../../ui/dist/client"]
struct Client;

#[derive(RustEmbed)]
#[folder = "../../ui/dist/server"]
struct Server;

/// The page template; `None` when the UI was not built.
pub(super) fn template() -> Option<String> {
    Some(String::from_utf8_lossy(&Client::get("index.html")?.data).into_owned())
}

/// The script that renders pages.
pub(super) fn server_script() -> Option<String> {
    Some(String::from_utf8_lossy(&Server::get("entry-server.js")?.data).into_owned())
}

/// Files whose names change with their content, so browsers may keep them for ever.
pub async fn serve(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let is_plain =
        name.split('/').all(|part| !part.is_empty() && !part.starts_with('.')) && !name.contains(['\\', '\0']);
    if !is_plain || name.ends_with(".gz") {
        return Err(Problem::not_found());
    }
    let path = format!("assets/{name}");
    let accepts_gzip = headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .any(|value| value.to_str().is_ok_and(|text| text.contains("gzip")));
    let compressed = if accepts_gzip { Client::get(&format!("{path}.gz")) } else { None };
    let is_compressed = compressed.is_some();
    let file = compressed.or_else(|| Client::get(&path)).ok_or_else(Problem::not_found)?;

    let mut response = Body::from(file.data.into_owned()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type(&path));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if is_compressed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}

fn content_type(path: &str) -> HeaderValue {
    HeaderValue::from_static(match path.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        Some("woff2") => "font/woff2",
        Some("png") => "image/png",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    })
}
