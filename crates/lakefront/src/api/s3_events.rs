//! Events of S3, sent by an API destination of EventBridge.

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::extract::Json;
use crate::app::App;
use crate::error::{Problem, ProblemDocument};
use crate::freshness::Changed;

/// One body holds no more events.
const MOST_EVENTS: usize = 10_000;

/// Who knows the secret of the settings.
pub struct Announcer;

impl FromRequestParts<App> for Announcer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let given = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.split_once(' '));
        let given = given.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, secret)| secret.trim());
        match given {
            Some(given) if app.settings.events.secret.is(given) => Ok(Self),
            _ => Err(Problem::unauthorized().with_hint("Send events.secret of the settings as a bearer token.")),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Announced {
    /// Objects that belong to a catalog; they are looked for now.
    matched: usize,
}

/// Objects of S3 were made or deleted: one event of EventBridge, or a list of them. Only a hint to look; an event that is
/// sent again, late or out of order does no harm.
#[utoipa::path(post, path = "/api/v1/events/s3", tag = "events", request_body = Object, extensions(("x-permission" = json!("announce_files"))),
    responses((status = 202, body = Announced), (status = 401, body = ProblemDocument), (status = 503, body = ProblemDocument)))]
pub async fn announce(
    State(app): State<App>,
    _announcer: Announcer,
    Json(body): Json<Box<RawValue>>,
) -> Result<(StatusCode, Json<Announced>), Problem> {
    let objects = Changed::read(body.get().as_bytes()).map_err(|_| Problem::bad_request("This is no event of S3."))?;
    if objects.len() > MOST_EVENTS {
        return Err(Problem::bad_request(format!("A body holds at most {MOST_EVENTS} events.")));
    }
    match app.freshness.changed(app.queries.catalogs(), &objects).await {
        Some(matched) => Ok((StatusCode::ACCEPTED, Json(Announced { matched }))),
        None => Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "UNAVAILABLE",
            "The app database does not answer; send the event again.",
        )),
    }
}
