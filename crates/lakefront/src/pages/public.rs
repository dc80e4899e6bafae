//! The page of a public dashboard: one for all who read it without signing in, and for the caches between.
//!
//! Caches repeat it, so it has no nonce: its scripts are the template's, named by their hashes, and files of this server.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::cache::Kept;
use super::{Data, Encoding, Rendered, encoding, headers_for, page};
use crate::api::is_known;
use crate::api::public_dashboards::{PublicDashboard, PublicData, View, caching};
use crate::app::App;
use crate::error::Problem;

/// A name in the address that asks for the page of the one who is signed in. Nobody else gets an answer that a cache
/// may keep, so it leads past every cache.
const SIGN_IN: &str = "signin";

/// Whole answers of a moment ago, by canonical address and encoding: many ask at once, and read one page.
pub(super) struct Recent {
    answers: Kept<(String, Encoding), Answered>,
    /// Counts the changes of dashboards.
    changes: AtomicU64,
}

#[derive(Clone)]
struct Answered {
    /// Of the catalogs: with another one the data may be.
    catalogs: u64,
    tag: HeaderValue,
    head: HeaderMap,
    body: Bytes,
}

impl Recent {
    pub(super) fn new(budget: usize) -> Self {
        Self { answers: Kept::new(budget, Duration::from_secs(1)), changes: AtomicU64::new(0) }
    }

    /// A dashboard changed: what was answered before may be nobody's business now, also what is being answered.
    pub(super) fn clear(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.answers.clear();
    }
}

/// What the page shows.
#[derive(Serialize)]
pub(super) struct Shown<'a> {
    dashboard: PublicDashboard<'a>,
    data: PublicData,
    /// The tag of that data, so that the page asks only whether it still holds.
    data_tag: Option<String>,
}

/// `None` for what is private or not there, which look alike.
pub(super) async fn dashboard(
    app: &App,
    slug: &str,
    reader: IpAddr,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Option<Response>, Problem> {
    let given = uri.query().unwrap_or_default();
    if form_urlencoded::parse(given.as_bytes()).any(|(name, _)| name == SIGN_IN) {
        return Ok(None);
    }
    let recent = &app.pages.recent;
    let moment = Moment {
        key: (uri.path_and_query().map_or("", |address| address.as_str()).to_owned(), encoding(headers)),
        catalogs: *app.queries.catalogs().versions().borrow(),
        changes: recent.changes.load(Ordering::SeqCst),
    };
    if let Some(answered) = recent.answers.get(&moment.key).filter(|answered| answered.catalogs == moment.catalogs) {
        app.metrics.pages_cached.fetch_add(1, Ordering::Relaxed);
        return Ok(Some(repeated(answered, headers)));
    }
    let Some(view) = View::find(app, slug, uri, false).await? else { return Ok(None) };
    let path = format!("/d/{}", view.slug());
    let here = match view.page_query.as_str() {
        "" => path.clone(),
        query => format!("{path}?{query}"),
    };
    // A form without a script sends what is empty too, and links come with names of their senders: one view, one address.
    // However a proxy has written its query.
    let is_canonical = uri.path() == path
        && form_urlencoded::parse(given.as_bytes()).eq(form_urlencoded::parse(view.page_query.as_bytes()));
    if !is_canonical {
        let location = HeaderValue::try_from(here).map_err(Problem::internal)?;
        return Ok(Some((StatusCode::FOUND, [(header::LOCATION, location)]).into_response()));
    }
    show(app, &view, here, moment, (reader, headers)).await.map(Some)
}

/// What was known when an answer began.
struct Moment {
    key: (String, Encoding),
    catalogs: u64,
    changes: u64,
}

/// The page at its address, drawn at most once for all who ask.
async fn show(
    app: &App,
    view: &View,
    here: String,
    moment: Moment,
    (reader, headers): (IpAddr, &HeaderMap),
) -> Result<Response, Problem> {
    let tag = view.tag("page");
    if is_known(headers, &tag) {
        let head = head(app, Some(tag), Encoding::Plain);
        return Ok((StatusCode::NOT_MODIFIED, without_content(head), Body::empty()).into_response());
    }
    let key = blake3::hash(tag.as_bytes());
    let told = || {
        let page = app.pages.cache.get(&key)?;
        app.metrics.pages_cached.fetch_add(1, Ordering::Relaxed);
        let head = head(app, Some(tag.clone()), moment.key.1);
        let body = page.document.encode(moment.key.1, "");
        let answered = Answered { catalogs: moment.catalogs, tag: tag.clone(), head, body };
        // Not if it began before a change.
        if here == moment.key.0 && app.pages.recent.changes.load(Ordering::SeqCst) == moment.changes {
            app.pages.recent.answers.put(moment.key.clone(), answered.clone(), answered.body.len());
        }
        Some(repeated(answered, headers))
    };
    let untold = || app.pages.unsure.get(&key).map(|page| answer(app, &page, None, headers));
    if let Some(kept) = told().or_else(untold) {
        return Ok(kept);
    }
    let _turn = app.public_loads.turn(reader).await?;
    // Someone before may have made it meanwhile.
    if let Some(kept) = told().or_else(untold) {
        return Ok(kept);
    }
    let data = view.load(app).await;
    let lasts = data.is_told_by_its_version();
    let data_tag = lasts.then(|| view.tag("data").to_str().map(str::to_owned).ok()).flatten();
    let shown = Shown { dashboard: view.dashboard(app), data: view.data(&data), data_tag };
    let data = Data { public: Some(shown), ..Data::default() };
    let page = Arc::new(page(app, &here, None, "system", data, StatusCode::OK).await?);
    let is_good = page.is_whole && page.status == StatusCode::OK;
    let keeper = if lasts && is_good { &app.pages.cache } else { &app.pages.unsure };
    keeper.put(key, page.clone(), page.document.size());
    Ok(answer(app, &page, Some(tag).filter(|_| lasts && is_good), headers))
}

fn repeated(Answered { tag, head, body, .. }: Answered, headers: &HeaderMap) -> Response {
    match is_known(headers, &tag) {
        true => (StatusCode::NOT_MODIFIED, without_content(head), Body::empty()).into_response(),
        false => (head, body).into_response(),
    }
}

fn answer(app: &App, page: &Rendered, tag: Option<HeaderValue>, headers: &HeaderMap) -> Response {
    let encoding = encoding(headers);
    let mut head = head(app, tag, encoding);
    if page.status != StatusCode::OK {
        head.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        head.remove("cdn-cache-control");
    }
    (page.status, head, page.document.encode(encoding, "")).into_response()
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
