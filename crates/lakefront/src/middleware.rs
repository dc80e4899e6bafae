//! What happens to every request before and after its handler, in this order:
//! [`observe`] (id, deadline, log, metrics, panics) → [`protect`] (headers) → compression → [`gate`] (methods, bodies, other sites).

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::Predicate;
use ulid::Ulid;

use crate::app::App;
use crate::connections::vercel;
use crate::error::{Problem, REQUEST_ID};

static REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("lakefront-request-id");

/// Gives the request its id and its deadline, hears whom Vercel vouches for, and tells log and metrics how it ended.
pub async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    vercel::hear(request.headers());
    let id = Ulid::generate().to_string();
    let started = Instant::now();
    let method = request.method().clone();
    let route =
        request.extensions().get::<MatchedPath>().map_or_else(|| "other".to_owned(), |path| path.as_str().to_owned());
    let deadline = Duration::from_secs(app.settings.server.request_timeout_s);

    let answer = REQUEST_ID.scope(id.clone(), async {
        match tokio::time::timeout(deadline, AssertUnwindSafe(next.run(request)).catch_unwind()).await {
            Ok(Ok(response)) => response,
            // The panic hook has logged where it was.
            Ok(Err(_)) => Problem::internal("a handler panicked").into_response(),
            Err(_) => Problem::new(
                StatusCode::GATEWAY_TIMEOUT,
                "TIMEOUT",
                format!("No answer within {} s.", deadline.as_secs()),
            )
            .into_response(),
        }
    });
    let mut response = answer.await;

    let status = response.status();
    let elapsed = started.elapsed();
    app.metrics.request(&method, &route, status, elapsed);
    let elapsed_ms = elapsed.as_secs_f64() * 1e3;
    if status.is_server_error() {
        tracing::warn!(request_id = %id, %method, route, status = status.as_u16(), elapsed_ms, "{method} {route} answered {status} (request {id})");
    } else {
        tracing::debug!(request_id = %id, %method, route, status = status.as_u16(), elapsed_ms, "{method} {route} answered {status}");
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID_HEADER.clone(), value);
    }
    response
}

/// Headers that keep answers private, unframed and of the type they say.
pub async fn protect(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut default = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::REFERRER_POLICY, "same-origin");
    default(header::X_FRAME_OPTIONS, "DENY");
    default(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    default(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    default(
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    );
    default(header::CACHE_CONTROL, "no-store");
    if app.settings.server.is_https() {
        default(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains");
    }
    response
}

/// Text that shrinks: pages and JSON. Event streams must not be held back, files are compressed already.
pub fn compression() -> CompressionLayer<impl Predicate> {
    CompressionLayer::new().gzip(true).quality(tower_http::CompressionLevel::Fastest).compress_when(
        |_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions| {
            let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
            let small = headers
                .get(header::CONTENT_LENGTH)
                .and_then(|value| value.to_str().ok())
                .and_then(|text| text.parse().ok())
                .is_some_and(|length: u64| length < 1_024);
            !small
                && ["application/json", "application/x-ndjson", "text/html"].iter().any(|text| kind.starts_with(text))
        },
    )
}

/// Refuses what no handler has to think about: odd methods, bodies that are not JSON, writes that another site started.
pub async fn gate(State(app): State<App>, request: Request, next: Next) -> Response {
    match check(&app, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn check(app: &App, request: &Request) -> Result<(), Problem> {
    let (method, headers) = (request.method(), request.headers());
    let writes = match *method {
        Method::GET | Method::HEAD | Method::OPTIONS => false,
        Method::POST | Method::PUT | Method::PATCH | Method::DELETE => true,
        _ => {
            return Err(Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "METHOD_NOT_ALLOWED",
                "This method is not used here.",
            ));
        }
    };
    if writes {
        body_is_plain_json(headers)?;
    }
    let is_api = request.uri().path().starts_with("/api/");
    // A browser never sends a token by itself, so a request with one was meant.
    if (writes || is_api) && !headers.contains_key(header::AUTHORIZATION) {
        comes_from_our_pages(app, headers, writes)?;
    }
    Ok(())
}

fn body_is_plain_json(headers: &HeaderMap) -> Result<(), Problem> {
    let unsupported = |detail| Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", detail);
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if text(header::CONTENT_ENCODING).is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        return Err(unsupported("Send the body uncompressed."));
    }
    let has_body = headers.contains_key(header::TRANSFER_ENCODING)
        || text(header::CONTENT_LENGTH).is_some_and(|length| length != "0");
    let is_json =
        |kind: &str| kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    match text(header::CONTENT_TYPE) {
        Some(kind) if is_json(kind) => Ok(()),
        None if !has_body => Ok(()),
        _ => Err(unsupported("Send JSON, with Content-Type: application/json.")),
    }
}

/// Fetch Metadata, and Origin for browsers without it (<https://web.dev/articles/fetch-metadata>).
fn comes_from_our_pages(app: &App, headers: &HeaderMap, writes: bool) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = text("sec-fetch-site");
    let foreign_site = site.is_some_and(|site| !matches!(site, "same-origin" | "none"));
    // An answer of the API is data, never a script, a picture or a frame.
    let foreign_use = text("sec-fetch-dest").is_some_and(|dest| !matches!(dest, "empty" | "document"));
    let foreign_origin = writes && text("origin").is_some_and(|origin| !is_our_origin(app, origin, headers));
    if foreign_site || foreign_use || foreign_origin {
        return Err(Problem::new(StatusCode::FORBIDDEN, "CROSS_SITE_REQUEST", "Another site started this request.")
            .with_hint("Programs send an API token in the Authorization header."));
    }
    Ok(())
}

fn is_our_origin(app: &App, origin: &str, headers: &HeaderMap) -> bool {
    let public = &app.settings.server.public_url;
    if !public.is_empty() && origin == public {
        return true;
    }
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let origin_host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    host.is_some() && origin_host == host
}
