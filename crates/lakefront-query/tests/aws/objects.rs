//! The S3 of the tests' Athena: results and what UNLOAD wrote, with the faults of a store.

use std::collections::VecDeque;
use std::time::Instant;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::{Fault, World, lost};

pub(super) fn list(world: &mut World, prefix: &str) -> Response {
    world.calls.push(("List".to_owned(), Instant::now()));
    let keys = world.objects.keys().filter(|key| key.starts_with(prefix));
    let contents: String = keys.map(|key| format!("<Contents><Key>{key}</Key><Size>1</Size></Contents>")).collect();
    format!("<ListBucketResult>{contents}</ListBucketResult>").into_response()
}

pub(super) fn delete(world: &mut World, path: &str) -> Response {
    world.calls.push(("Delete".to_owned(), Instant::now()));
    if let Some(Some(Fault::Forbidden(_))) = world.faults.get_mut("Delete").and_then(VecDeque::pop_front) {
        return (StatusCode::FORBIDDEN, "<Error><Code>AccessDenied</Code><Message>no</Message></Error>")
            .into_response();
    }
    world.objects.remove(path.strip_prefix("/results/").unwrap());
    StatusCode::NO_CONTENT.into_response()
}

pub(super) fn object(
    world: &mut World,
    method: &Method,
    path: &str,
    range: &str,
    pinned: &str,
    signed: &str,
) -> Response {
    let operation = if method == Method::HEAD { "Head" } else { "Get" };
    world.calls.push((operation.to_owned(), Instant::now()));
    assert!(signed.contains("/us-east-1/s3/aws4_request"), "unsigned: {signed}");
    let xml = |status: u16, code: &str| {
        let body = format!("<Error><Code>{code}</Code><Message>{code}, they say</Message></Error>");
        (StatusCode::from_u16(status).unwrap(), body).into_response()
    };
    if world.good_key.as_ref().is_some_and(|key| !signed.contains(key.as_str())) {
        return xml(400, "ExpiredToken");
    }
    let key = path.strip_prefix("/results/").unwrap().to_owned();
    if !world.objects.contains_key(&key) {
        let id = key.strip_prefix("out/").and_then(|name| name.strip_suffix(".csv")).unwrap();
        let Some(execution) = world.executions.get(id) else { return xml(404, "NoSuchKey") };
        let csv = execution.answer.csv().into();
        world.objects.insert(key.clone(), ("\"first\"".to_owned(), csv));
    }
    let fault = world.faults.get_mut(operation).and_then(VecDeque::pop_front).flatten();
    match &fault {
        Some(Fault::Throttled) => return xml(503, "SlowDown"),
        Some(Fault::Failed) => return xml(500, "InternalError"),
        Some(Fault::AnswerLost | Fault::NeverArrived) => return lost(),
        Some(Fault::Expired) => return xml(400, "ExpiredToken"),
        Some(Fault::Forbidden(_)) => return xml(403, "AccessDenied"),
        Some(Fault::Replaced) => world.objects.get_mut(&key).unwrap().0 = "\"second\"".to_owned(),
        _ => {}
    }
    let (etag, bytes) = &world.objects[&key];
    if !pinned.is_empty() && pinned != etag {
        return xml(412, "PreconditionFailed");
    }
    let mut answer = Response::builder().header("etag", etag);
    if method == Method::HEAD {
        return answer.header("content-length", bytes.len()).body(Body::empty()).unwrap();
    }
    let Some(range) = range.strip_prefix("bytes=") else {
        return answer.header("content-length", bytes.len()).body(bytes.clone().into()).unwrap();
    };
    let (from, to) = range.split_once('-').unwrap();
    let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
    if to >= bytes.len() {
        return xml(416, "InvalidRange");
    }
    let part = bytes.slice(from..=to);
    answer = answer.status(206).header("content-length", part.len());
    if fault == Some(Fault::Cut) {
        let half = part.slice(..part.len() / 2);
        let pieces = [Ok(half), Err(std::io::Error::other("cut"))];
        return answer.body(Body::from_stream(futures::stream::iter(pieces))).unwrap();
    }
    answer.body(part.into()).unwrap()
}
