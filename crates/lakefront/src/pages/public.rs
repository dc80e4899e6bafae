//! The page of a public dashboard: one for all who read it without signing in, and for the caches between.
//!
//! Caches repeat it, so it has no nonce: its scripts are the template's, named by their hashes, and files of this server.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::{Data, Encoding, Rendered, encoding, headers_for, page};
use crate::api::public_dashboards::{PublicDashboard, PublicData, View, caching, is_known, turn};
use crate::app::App;
use crate::error::Problem;

/// A name in the address that asks for the page of the one who is signed in. Nobody else gets an answer that a cache
/// may keep, so it leads past every cache.
const SIGN_IN: &str = "signin";

/// So long the server repeats itself without a look at the database: many ask at once, and read one page.
const MOMENT: Duration = Duration::from_secs(1);
/// Answers that are repeated; each is as large as a page.
const MOST_REPEATED: usize = 64;

/// What was answered a moment ago, by address and encoding.
#[derive(Default)]
pub(super) struct Recent(Mutex<HashMap<(String, Encoding), Answered>>);

#[derive(Clone)]
struct Answered {
    at: Instant,
    /// Of the catalogs: with another one the data may be.
    catalogs: u64,
    tag: HeaderValue,
    head: HeaderMap,
    body: Bytes,
}

impl Recent {
    fn get(&self, address: &str, encoding: Encoding, catalogs: u64) -> Option<Answered> {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = answers.get(&(address.to_owned(), encoding))?;
        (answer.catalogs == catalogs && answer.at.elapsed() < MOMENT).then(|| answer.clone())
    }

    fn put(&self, address: &str, encoding: Encoding, answer: Answered) {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.retain(|_, answer| answer.at.elapsed() < MOMENT);
        if answers.len() < MOST_REPEATED {
            answers.insert((address.to_owned(), encoding), answer);
        }
    }

    /// A dashboard changed.
    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// What the page shows.
#[derive(Serialize)]
pub(super) struct Shown<'a> {
    dashboard: PublicDashboard<'a>,
    data: PublicData,
}

/// `None` for what is private or not there, which look alike.
pub(super) async fn dashboard(
    app: &App,
    slug: &str,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Option<Response>, Problem> {
    let given = uri.query().unwrap_or_default();
    if form_urlencoded::parse(given.as_bytes()).any(|(name, _)| name == SIGN_IN) {
        return Ok(None);
    }
    let address = uri.path_and_query().map_or("", |address| address.as_str());
    let encoding = encoding(headers);
    let catalogs = *app.queries.catalogs().versions().borrow();
    if let Some(answered) = app.pages.recent.get(address, encoding, catalogs) {
        app.metrics.pages_cached.fetch_add(1, Ordering::Relaxed);
        return Ok(Some(repeated(answered, headers)));
    }
    let Some(view) = View::find(app, slug, uri, false).await? else { return Ok(None) };
    let here = match view.page_query.as_str() {
        "" => uri.path().to_owned(),
        query => format!("{}?{query}", uri.path()),
    };
    // A form without a script sends what is empty too, and links come with names of their senders: one view, one address.
    // However a proxy has written it.
    if !form_urlencoded::parse(given.as_bytes()).eq(form_urlencoded::parse(view.page_query.as_bytes())) {
        let location = HeaderValue::try_from(here).map_err(Problem::internal)?;
        return Ok(Some((StatusCode::FOUND, [(header::LOCATION, location)]).into_response()));
    }
    let tag = view.tag("page");
    if is_known(headers, &tag) {
        let head = head(app, Some(tag), Encoding::Plain);
        return Ok(Some((StatusCode::NOT_MODIFIED, without_content(head), Body::empty()).into_response()));
    }
    let key = blake3::hash(tag.as_bytes());
    let kept = || {
        let page = app.pages.cache.get(&key)?;
        app.metrics.pages_cached.fetch_add(1, Ordering::Relaxed);
        Some(page)
    };
    if let Some(page) = kept() {
        let answered = Answered {
            at: Instant::now(),
            catalogs,
            head: head(app, Some(tag.clone()), encoding),
            tag,
            body: page.document.encode(encoding, ""),
        };
        app.pages.recent.put(address, encoding, answered.clone());
        return Ok(Some(repeated(answered, headers)));
    }
    let _turn = turn(app).await?;
    // Someone before may have made it meanwhile.
    if let Some(page) = kept() {
        return Ok(Some(answer(app, &page, Some(tag), headers)));
    }
    let data = view.load(app).await;
    let lasts = data.is_told_by_its_version();
    let shown = Shown { dashboard: view.dashboard(app), data: view.data(&data) };
    let data = Data { public: Some(shown), ..Data::default() };
    let page = Arc::new(page(app, &here, None, "system", data, StatusCode::OK).await?);
    let tag = Some(tag).filter(|_| lasts && page.is_whole && page.status == StatusCode::OK);
    if tag.is_some() {
        app.pages.cache.put(key, page.clone());
    }
    Ok(Some(answer(app, &page, tag, headers)))
}

fn repeated(Answered { tag, head, body, .. }: Answered, headers: &HeaderMap) -> Response {
    match is_known(headers, &tag) {
        true => (StatusCode::NOT_MODIFIED, without_content(head), Body::empty()).into_response(),
        false => (head, body).into_response(),
    }
}

fn answer(app: &App, page: &Rendered, tag: Option<HeaderValue>, headers: &HeaderMap) -> Response {
    let encoding = encoding(headers);
    (page.status, head(app, tag, encoding), page.document.encode(encoding, "")).into_response()
}

fn head(app: &App, tag: Option<HeaderValue>, encoding: Encoding) -> HeaderMap {
    let mut head = headers_for(&format!("'self'{}", hashes(app)), encoding);
    head.extend(caching(app, tag));
    head
}

/// As the answer that it confirms, whose policy a cache takes over from here.
fn without_content(mut head: HeaderMap) -> HeaderMap {
    head.remove(header::CONTENT_TYPE);
    head.remove(header::CONTENT_ENCODING);
    head
}

/// What the build says of the scripts that stand in the template.
fn hashes(app: &App) -> &str {
    let named = app.pages.template().and_then(|template| template.split_once("<!--lf-scripts"));
    named.and_then(|(_, rest)| rest.split_once("-->")).map_or("", |(hashes, _)| hashes)
}
