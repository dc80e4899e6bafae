//! Pages: an address's data, rendered on the server into the template. Where rendering fails the browser gets the
//! plain template with the same data, and draws by itself.

mod assets;
mod cache;
mod document;
mod public;

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{SecondsFormat, Utc};
use futures::{StreamExt, TryFutureExt, stream};
use lakefront_ssr::{SsrLimits, SsrPage, SsrPool};
use lakefront_store::{Kind, Object, ObjectFilter, Page, PageRequest, StoreError};
use serde::Serialize;

use crate::api::auth::Me;
use crate::api::dashboard_data::{self, DashboardData, Definition};
use crate::api::public_dashboards;
use crate::app::{App, system};
use crate::auth::{Actor, ClientAddress};
use crate::config;
use crate::error::{Problem, ProblemDocument};

pub use assets::serve as asset;
use cache::Kept;
use document::{Document, Encoding, Piece};

/// The browser takes the data for fresh this long and a little longer, so a kept page is never asked for its data again.
const FRESH: Duration = Duration::from_secs(20);

/// Everything pages need; made when the first one is asked for.
pub struct Pages {
    settings: config::Pages,
    cache: Kept<blake3::Hash, Arc<Rendered>>,
    /// Public pages that may be others a moment later.
    unsure: Kept<blake3::Hash, Arc<Rendered>>,
    /// Public data that may be other data a moment later, as JSON.
    pub unsure_data: Kept<String, Bytes>,
    recent: public::Recent,
    renderer: OnceLock<Option<SsrPool>>,
    template: OnceLock<Option<String>>,
    build: OnceLock<String>,
}

pub struct Rendered {
    status: StatusCode,
    /// Drawn here, as far as that is set; in the browser else.
    is_whole: bool,
    document: Document,
}

/// What the page is made of, for the renderer and for the browser.
#[derive(Serialize)]
struct PageState<'a> {
    url: &'a str,
    now: String,
    theme: &'a str,
    me: Option<&'a Me>,
    data: Data<'a>,
}

#[derive(Default, Serialize)]
struct Data<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    dashboard: Option<&'a Object>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dashboard_data: Option<&'a DashboardData>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public: Option<public::Shown<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    saved: Option<Saved>,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<Missing<'a>>,
}

/// Why there is no dashboard to show.
#[derive(Serialize)]
struct Missing<'a> {
    slug: &'a str,
    problem: ProblemDocument,
}

/// What is listed before the browser asks for the lists themselves.
#[derive(Serialize)]
struct Saved {
    dashboards: Page<Object>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queries: Option<Page<Object>>,
}

impl Pages {
    pub fn new(settings: &config::Pages) -> Self {
        Self {
            // Half for everybody's pages, the rest for what the public is shown again and again.
            cache: Kept::new(settings.cache_bytes / 2, FRESH),
            unsure: Kept::new(settings.cache_bytes / 6, public_dashboards::UNSURE),
            unsure_data: Kept::new(settings.cache_bytes / 6, public_dashboards::UNSURE),
            recent: public::Recent::new(settings.cache_bytes / 6),
            settings: settings.clone(),
            renderer: OnceLock::new(),
            template: OnceLock::new(),
            build: OnceLock::new(),
        }
    }

    /// Has the renderer read its script, so that the first page need not wait for it.
    pub fn warm_up(&self) {
        if let Some(Err(error)) = self.renderer().map(SsrPool::warm_up) {
            tracing::warn!(%error, "the page renderer is not ready: {error}");
        }
    }

    /// What the public sees of a dashboard may be another page from now on.
    pub fn dashboard_changed(&self) {
        self.recent.clear();
    }

    /// What pages are made by, the same on every instance of a release: the program's version and the interface in it.
    pub fn build(&self) -> &str {
        self.build.get_or_init(|| {
            let mut hash = blake3::Hasher::new();
            hash.update(env!("CARGO_PKG_VERSION").as_bytes());
            hash.update(self.template().unwrap_or_default().as_bytes());
            hash.update(assets::server_script().unwrap_or_default().as_bytes());
            hash.finalize().to_hex()[..16].to_owned()
        })
    }

    fn template(&self) -> Option<&str> {
        self.template.get_or_init(assets::template).as_deref()
    }

    fn renderer(&self) -> Option<&SsrPool> {
        let start = || {
            let settings = &self.settings;
            // The renderer lives as long as the process, and so does its script.
            let script: &'static str = assets::server_script()?.leak();
            let deadline = Duration::from_millis(settings.render_timeout_ms);
            let limits = SsrLimits { deadline, memory: settings.render_memory_bytes, ..SsrLimits::default() };
            match SsrPool::start(script, settings.render_threads, limits) {
                Ok(pool) => Some(pool),
                Err(error) => {
                    tracing::error!(%error, "pages are rendered in browsers only: {error}");
                    None
                }
            }
        };
        if self.settings.render_threads == 0 { None } else { self.renderer.get_or_init(start).as_ref() }
    }
}

/// Pages that people see before they are signed in.
pub async fn open_page(State(app): State<App>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let url = uri.path_and_query().map_or("/", |url| url.as_str());
    let page = page(&app, url, None, "system", Data::default(), StatusCode::OK).await?;
    Ok(answer(&page, &headers))
}

/// Pages without data of their own on the server.
pub async fn plain_page(
    State(app): State<App>,
    actor: Option<Actor>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Some(actor) = actor else { return sign_in_first(&app, &uri).await };
    own_page(&app, &actor, &uri, &headers, Data::default()).await
}

/// The first page: dashboards and queries.
pub async fn home_page(
    State(app): State<App>,
    actor: Option<Actor>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Some(actor) = actor else { return sign_in_first(&app, &uri).await };
    let (dashboards, queries) =
        tokio::try_join!(listed(&app, &actor, Kind::Dashboard), listed(&app, &actor, Kind::Query))?;
    let saved = Saved { dashboards, queries: Some(queries) };
    own_page(&app, &actor, &uri, &headers, Data { saved: Some(saved), ..Data::default() }).await
}

pub async fn dashboards_page(
    State(app): State<App>,
    actor: Option<Actor>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Some(actor) = actor else { return sign_in_first(&app, &uri).await };
    let dashboards = listed(&app, &actor, Kind::Dashboard).await?;
    let saved = Saved { dashboards, queries: None };
    own_page(&app, &actor, &uri, &headers, Data { saved: Some(saved), ..Data::default() }).await
}

async fn own_page(
    app: &App,
    actor: &Actor,
    uri: &Uri,
    headers: &HeaderMap,
    data: Data<'_>,
) -> Result<Response, Problem> {
    let me = Me::load(app, &actor.user, &actor.scope).await?;
    let url = uri.path_and_query().map_or("/", |url| url.as_str());
    let page = page(app, url, Some(&me), me.theme(), data, StatusCode::OK).await?;
    Ok(answer(&page, headers))
}

/// The last changed of a kind, without what they are made of.
async fn listed(app: &App, actor: &Actor, kind: Kind) -> Result<Page<Object>, Problem> {
    // As many as the browser asks for.
    let page = PageRequest { limit: Some(200), cursor: None };
    let mut listed = app.store.objects(&actor.scope, kind, ObjectFilter { page, ..ObjectFilter::default() }).await?;
    for object in &mut listed.items {
        object.definition = serde_json::Value::Null;
    }
    Ok(listed)
}

/// A dashboard with its data and charts.
pub async fn dashboard_page(
    State(app): State<App>,
    actor: Option<Actor>,
    crate::api::extract::Path(slug): crate::api::extract::Path<String>,
    reader: ClientAddress,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Some(actor) = actor else {
        return match public::dashboard(&app, &slug, reader.0, &uri, &headers).await? {
            Some(page) => Ok(page),
            None => sign_in_first(&app, &uri).await,
        };
    };
    let url = uri.path_and_query().map_or("/", |url| url.as_str());
    let (me, dashboard) = tokio::join!(
        Me::load(&app, &actor.user, &actor.scope),
        app.store.object_by_slug(&actor.scope, Kind::Dashboard, &slug)
    );
    let me = me?;
    let dashboard = match dashboard {
        Ok(dashboard) => dashboard,
        Err(StoreError::NotFound(_)) => {
            let missing = Missing { slug: &slug, problem: Problem::not_found().document() };
            let data = Data { missing: Some(missing), ..Data::default() };
            let page = page(&app, url, Some(&me), me.theme(), data, StatusCode::NOT_FOUND).await?;
            return Ok(answer(&page, &headers));
        }
        Err(error) => return Err(error.into()),
    };
    let definition = Definition::parse(&dashboard.definition)?;
    let query = uri.query().unwrap_or_default();
    let tab = definition.tab(query);

    let identity = serde_json::json!([
        actor.user.id,
        me,
        dashboard.id,
        dashboard.version,
        dashboard.starred,
        url,
        // A statement may name tables of any database.
        *app.queries.catalogs().versions().borrow()
    ]);
    let key = blake3::hash(identity.to_string().as_bytes());
    if let Some(page) = app.pages.cache.get(&key) {
        app.metrics.pages_cached.fetch_add(1, Ordering::Relaxed);
        return Ok(answer(&page, &headers));
    }
    let nonce = nonce()?;
    let encoding = encoding(&headers);
    let theme = me.theme().to_owned();
    let beginning = match app.pages.template() {
        Some(template) => opening(template, &theme).map_err(Problem::internal)?.beginning(encoding, &nonce),
        None => Vec::new(),
    };
    let head = head(&nonce, encoding);
    let sent = beginning.len();
    let url = url.to_owned();
    let filters = definition.filters(query);
    let tab = tab.map(str::to_owned);
    let rest = async move {
        let began = Instant::now();
        let data = dashboard_data::load(&app, &actor, dashboard.id, &definition, &filters, tab.as_deref()).await;
        let loaded = began.elapsed();
        let is_lasting = data.is_lasting();
        let data = Data { dashboard: Some(&dashboard), dashboard_data: Some(&data), ..Data::default() };
        let page = Arc::new(page(&app, &url, Some(&me), &theme, data, StatusCode::OK).await?);
        let drawn = began.elapsed() - loaded;
        tracing::debug!(url, ?loaded, ?drawn, "drew {url}");
        if is_lasting {
            app.pages.cache.put(key, page.clone(), page.document.size());
        }
        Ok(page.document.encode(encoding, &nonce).slice(sent..))
    };
    // The browser fetches styles and scripts while the data is on its way.
    let rest = rest.map_err(|problem: Problem| std::io::Error::other(problem.detail));
    let pieces = stream::iter([Ok(Bytes::from(beginning))]).chain(stream::once(rest));
    Ok((StatusCode::OK, head, Body::from_stream(pieces)).into_response())
}

/// Addresses that no route has.
pub async fn not_found(State(app): State<App>, actor: Option<Actor>, uri: Uri, headers: HeaderMap) -> Response {
    let wants_page = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|text| text.contains("text/html"));
    let (Some(actor), true) = (actor, wants_page && !uri.path().starts_with("/api/")) else {
        return Problem::not_found().into_response();
    };
    let url = uri.path_and_query().map_or("/", |url| url.as_str());
    let made = async {
        let me = Me::load(&app, &actor.user, &actor.scope).await?;
        page(&app, url, Some(&me), me.theme(), Data::default(), StatusCode::NOT_FOUND).await
    };
    match made.await {
        Ok(page) => answer(&page, &headers),
        Err(problem) => problem.into_response(),
    }
}

async fn sign_in_first(app: &App, uri: &Uri) -> Result<Response, Problem> {
    if app.store.setup_required(&system("page")).await? {
        return Ok((StatusCode::FOUND, [(header::LOCATION, "/setup")]).into_response());
    }
    let here = uri.path_and_query().map_or("/", |url| url.as_str());
    let next: String = form_urlencoded::byte_serialize(here.as_bytes()).collect();
    Ok((StatusCode::FOUND, [(header::LOCATION, format!("/signin?next={next}"))]).into_response())
}

async fn page(
    app: &App,
    url: &str,
    me: Option<&Me>,
    theme: &str,
    data: Data<'_>,
    status: StatusCode,
) -> Result<Rendered, Problem> {
    let Some(template) = app.pages.template() else {
        let document = Document::new(vec![Piece::Text(NOT_BUILT.to_owned())]).map_err(Problem::internal)?;
        return Ok(Rendered { status, is_whole: true, document });
    };
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
    let state = serde_json::to_string(&PageState { url, now, theme, me, data }).map_err(Problem::internal)?;
    let state: Arc<str> = state.into();
    let rendered = draw(app, url, state.clone()).await;
    let status = match &rendered {
        Some(page) if status == StatusCode::OK => StatusCode::from_u16(page.status).unwrap_or(status),
        _ => status,
    };
    let document = fill(template, theme, &state, rendered.as_ref()).map_err(Problem::internal)?;
    let is_whole = rendered.is_some() || app.settings.pages.render_threads == 0;
    Ok(Rendered { status, is_whole, document })
}

async fn draw(app: &App, url: &str, state: Arc<str>) -> Option<SsrPage> {
    match app.pages.renderer()?.render(state).await {
        Ok(page) => {
            app.metrics.pages_rendered.fetch_add(1, Ordering::Relaxed);
            Some(page)
        }
        Err(error) => {
            app.metrics.pages_plain.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(url, %error, "{url} is drawn in the browser: {error}");
            None
        }
    }
}

/// What a document begins with, whatever it will say.
fn opening(template: &str, theme: &str) -> std::io::Result<Document> {
    let (opening, _) = template.split_once(HEAD).unwrap_or_default();
    fill(opening, theme, "", None)
}

const HEAD: &str = "<!--lf-head-->";

/// Puts everything where the template says. The template is ours; what goes into it is never searched for marks.
fn fill(template: &str, theme: &str, state: &str, rendered: Option<&SsrPage>) -> std::io::Result<Document> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = template;
    let marks = ["__NONCE__", "__THEME__", HEAD, "__SSR__", "<!--lf-html-->", "<!--lf-state-->"];
    while let Some((at, mark)) = marks.iter().filter_map(|mark| Some((rest.find(mark)?, *mark))).min() {
        let (before, after) = rest.split_at(at);
        rest = &after[mark.len()..];
        text.push_str(before);
        match mark {
            "__NONCE__" => pieces.extend([Piece::Text(std::mem::take(&mut text)), Piece::Nonce]),
            "__THEME__" => text.push_str(theme),
            HEAD => {
                // What is sent ahead ends here, and so does its piece.
                pieces.push(Piece::Text(std::mem::take(&mut text)));
                text.push_str(rendered.map_or("<title>Lakefront</title>", |page| &page.head));
            }
            "__SSR__" => text.push_str(if rendered.is_some() { "1" } else { "0" }),
            "<!--lf-html-->" => text.push_str(rendered.map_or("", |page| &page.html)),
            _ => {
                text.push_str("<script type=\"application/json\" id=\"lf-state\" nonce=\"");
                pieces.extend([Piece::Text(std::mem::take(&mut text)), Piece::Nonce]);
                text = format!("\">{}</script>", in_script(state));
            }
        }
    }
    text.push_str(rest);
    pieces.push(Piece::Text(text));
    Document::new(pieces)
}

/// JSON that can't end the script it stands in.
fn in_script(json: &str) -> String {
    let mut text = String::with_capacity(json.len() + json.len() / 16);
    let mut rest = json;
    while let Some(at) = rest.find(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        let (before, after) = rest.split_at(at);
        let mut letters = after.chars();
        text.push_str(before);
        text.push_str(match letters.next() {
            Some('<') => "\\u003c",
            Some('>') => "\\u003e",
            Some('&') => "\\u0026",
            Some('\u{2028}') => "\\u2028",
            _ => "\\u2029",
        });
        rest = letters.as_str();
    }
    text.push_str(rest);
    text
}

fn answer(page: &Rendered, headers: &HeaderMap) -> Response {
    let encoding = encoding(headers);
    match nonce() {
        Ok(nonce) => (page.status, head(&nonce, encoding), page.document.encode(encoding, &nonce)).into_response(),
        Err(problem) => problem.into_response(),
    }
}

fn nonce() -> Result<String, Problem> {
    let mut random = [0_u8; 18];
    getrandom::fill(&mut random).map_err(Problem::internal)?;
    Ok(URL_SAFE_NO_PAD.encode(random))
}

fn encoding(headers: &HeaderMap) -> Encoding {
    let mut accepted = headers.get_all(header::ACCEPT_ENCODING).iter();
    match accepted.any(|value| value.to_str().is_ok_and(|text| text.contains("gzip"))) {
        true => Encoding::Gzip,
        false => Encoding::Plain,
    }
}

fn head(nonce: &str, encoding: Encoding) -> HeaderMap {
    let mut headers = headers_for(&format!("'nonce-{nonce}' 'strict-dynamic'"), encoding);
    // For one person, and never from a cache.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding, cookie"));
    headers
}

/// What every page says of itself; `scripts` are the sources of those that may run.
fn headers_for(scripts: &str, encoding: Encoding) -> HeaderMap {
    // Charts place marks by style attributes and the editor adds style sheets.
    let policy = format!(
        "default-src 'none'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
         font-src 'self'; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; object-src 'none'; base-uri 'none'; \
         frame-ancestors 'none'; form-action 'self'"
    );
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if encoding == Encoding::Gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers
}

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Lakefront</title>\
    <p>This build of Lakefront holds no user interface. Build it with <code>make build</code>; the API under <code>/api/v1</code> works.</p></html>";
