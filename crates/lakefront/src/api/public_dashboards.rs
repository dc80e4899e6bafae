//! Dashboards that anyone with the address reads: what of them leaves the house, and for how long caches may keep it.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use lakefront_query::{Column, ExecutionState};
use lakefront_store::{Kind, Object, Scope, StoreError};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::dashboard_data::{self, DashboardData, Definition, Filters};
use super::extract::Path;
use super::version::is_known;
use crate::app::App;
use crate::auth::{Actor, ClientAddress};
use crate::error::{Problem, ProblemDocument};

/// What may be different a moment later is kept no longer than this: a failed tile, tables of another system.
pub const UNSURE: Duration = Duration::from_secs(10);
const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// Filters of one address; some caches refuse longer ones.
const MOST_QUERY_BYTES: usize = 8_192;
/// What the page itself has in its address, beside the filters: the tab, and the tile shown as a table.
const PAGE_NAMES: [&str; 2] = ["tab", "table"];

/// One address of a public dashboard.
pub struct View {
    dashboard: Object,
    definition: Definition,
    /// The page's query string in its one form.
    pub page_query: String,
    filters: Filters,
    tab: String,
    /// Changes with everything the answers are made of.
    version: String,
}

/// What a reader gets of a dashboard.
#[derive(Serialize)]
pub struct PublicDashboard<'a> {
    slug: &'a str,
    title: &'a str,
    description: &'a str,
    definition: Value,
    /// How often the page looks for new data.
    refresh_s: u64,
}

/// What a reader gets of its data.
#[derive(Serialize, ToSchema)]
pub struct PublicData {
    /// Time of the newest file.
    as_of: Option<DateTime<Utc>>,
    #[schema(value_type = Object)]
    queries: BTreeMap<String, PublicRows>,
}

/// One query's rows; nothing but the state says why there are none.
#[derive(Serialize)]
struct PublicRows {
    state: ExecutionState,
    columns: Vec<Column>,
    rows: Box<RawValue>,
    truncated: bool,
    as_of: Option<DateTime<Utc>>,
}

impl View {
    /// `None` for what is private or not there. Names that are no filter of the dashboard are an error with `strict`.
    pub async fn find(app: &App, slug: &str, uri: &Uri, strict: bool) -> Result<Option<Self>, Problem> {
        if !app.settings.pages.public {
            return Ok(None);
        }
        let dashboard = match app.store.object_by_slug(&Scope::Public, Kind::Dashboard, slug).await {
            Ok(dashboard) => dashboard,
            Err(StoreError::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        // What is wrong with it is its editors' business.
        let definition =
            Definition::parse(&dashboard.definition).map_err(|problem| Problem::internal(problem.detail))?;
        let given = uri.query().unwrap_or_default();
        if given.len() > MOST_QUERY_BYTES {
            let detail = format!("The filters of an address have at most {MOST_QUERY_BYTES} bytes.");
            return Err(Problem::new(StatusCode::BAD_REQUEST, "TOO_MANY_FILTERS", detail));
        }
        if strict && let Some(name) = definition.unknown_name(given, &PAGE_NAMES) {
            let detail = format!("`{name}` is no filter of this dashboard.");
            return Err(Problem::new(StatusCode::BAD_REQUEST, "UNKNOWN_FILTER", detail));
        }
        let tab = definition.tab(given).unwrap_or_default().to_owned();
        let table = definition.tile_as_table(given, &tab).map(|tile| ("table", tile));
        let page_query = definition.canonical(given, table);
        let identity = json!([
            app.pages.build(),
            dashboard.id,
            dashboard.version,
            definition.tables_used(app, Some(&tab)).version,
            page_query
        ]);
        let version = blake3::hash(identity.to_string().as_bytes()).to_hex()[..32].to_owned();
        Ok(Some(Self { filters: definition.filters(&page_query), dashboard, definition, page_query, tab, version }))
    }

    pub fn slug(&self) -> &str {
        &self.dashboard.slug
    }

    /// Of the page or of the data. Weak, because both travel compressed or not.
    pub fn tag(&self, form: &str) -> HeaderValue {
        let tag = format!("W/\"{form}-{}\"", self.version);
        HeaderValue::try_from(tag).unwrap_or_else(|_| HeaderValue::from_static("W/\"\""))
    }

    /// The dashboard without what its page has no use for: no statements, no names of queries, catalogs or people.
    pub fn dashboard(&self, app: &App) -> PublicDashboard<'_> {
        let Object { slug, title, description, definition, .. } = &self.dashboard;
        let query =
            |value: &Value, key: &str| Some((key.to_owned(), json!(self.definition.alias(value[key].as_str()?)?)));
        let tile = |tile: &Value| {
            let mut shown = only(tile, &["id", "title", "unit", "x", "y", "w", "h", "chart"]);
            shown
                .extend(tile.get("click").map(|click| ("click".to_owned(), only(click, &["filter", "column"]).into())));
            shown.extend(query(tile, "query"));
            Value::from(shown)
        };
        let tab = |tab: &Value| {
            let mut shown = only(tab, &["id", "title"]);
            shown.insert("tiles".to_owned(), list(&tab["tiles"]).map(tile).collect());
            Value::from(shown)
        };
        let filter = |filter: &Value| {
            let mut shown = only(filter, &["id", "label", "type", "plural", "cascade", "from", "to"]);
            shown.extend(["options_query", "bounds_query"].into_iter().filter_map(|key| query(filter, key)));
            Value::from(shown)
        };
        let tabs: Value = list(&definition["tabs"]).map(tab).collect();
        let filters: Value = list(&definition["filters"]).map(filter).collect();
        // What caches hold, and what is kept because no version tells of it, would only be asked for again.
        let soonest = app.settings.pages.public_max_age_s.max(UNSURE.as_secs());
        let refresh_s = self.definition.refresh_s.map_or(soonest, |wanted| wanted.max(soonest));
        PublicDashboard { slug, title, description, definition: json!({"tabs": tabs, "filters": filters}), refresh_s }
    }

    /// Runs what the address shows.
    pub async fn load(&self, app: &App) -> DashboardData {
        let Self { dashboard, definition, filters, tab, .. } = self;
        dashboard_data::load(app, &Actor::public(), dashboard.id, definition, filters, Some(tab)).await
    }

    /// The rows without what they cost, how they were read, and why there are none.
    pub fn data(&self, data: &DashboardData) -> PublicData {
        let queries = data.queries.iter().map(|(name, query)| {
            let shown = match &query.error {
                None => PublicRows {
                    state: query.state,
                    columns: query.columns.clone(),
                    rows: query.rows.clone(),
                    truncated: query.truncated,
                    as_of: query.as_of,
                },
                Some(_) => PublicRows {
                    state: ExecutionState::Failed,
                    columns: Vec::new(),
                    rows: dashboard_data::no_rows(),
                    truncated: false,
                    as_of: None,
                },
            };
            // A tile with a statement of its own goes by its id.
            (self.definition.alias(name).unwrap_or_else(|| name.clone()), shown)
        });
        PublicData { as_of: data.as_of, queries: queries.collect() }
    }
}

fn only(value: &Value, keys: &[&str]) -> Map<String, Value> {
    keys.iter().filter_map(|key| Some(((*key).to_owned(), value.get(*key)?.clone()))).collect()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// What caches may do with an answer. One that may be different a moment later has no tag, so that nothing confirms it.
pub fn caching(app: &App, tag: Option<HeaderValue>) -> HeaderMap {
    let pages = &app.settings.pages;
    let control = match (&tag, pages.public_stale_s) {
        (None, _) => format!("public, max-age={}", pages.public_max_age_s.min(UNSURE.as_secs())),
        (Some(_), 0) => format!("public, max-age={}", pages.public_max_age_s),
        (Some(_), stale) => format!("public, max-age={}, stale-while-revalidate={stale}", pages.public_max_age_s),
    };
    let mut headers = HeaderMap::new();
    if let Ok(control) = HeaderValue::try_from(control) {
        // Some CDNs keep only what is addressed to them (RFC 9213). `s-maxage` would forbid them to show what is old while
        // they fetch what is new (RFC 9111, 5.2.2.10).
        headers.insert(HeaderName::from_static("cdn-cache-control"), control.clone());
        headers.insert(header::CACHE_CONTROL, control);
    }
    headers.extend(tag.map(|tag| (header::ETAG, tag)));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers
}

/// The data of a public dashboard, as its filters stand in the query string. No session is looked at.
#[utoipa::path(get, path = "/api/v1/public/dashboards/{slug}/data", tag = "public",
    params(("slug" = String, Path), ("tab" = Option<String>, Query, description = "Its first tab if not said")),
    extensions(("x-permission" = json!("public"))),
    responses((status = 200, body = PublicData), (status = 304, description = "As it was when If-None-Match was handed out"),
        (status = 400, description = "A name that is no filter of it", body = ProblemDocument),
        (status = 404, description = "Private, or not there", body = ProblemDocument),
        (status = 503, description = "Too many at once; see Retry-After", body = ProblemDocument)))]
pub async fn data(
    State(app): State<App>,
    Path(slug): Path<String>,
    reader: ClientAddress,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let view = View::find(&app, &slug, &uri, true).await?.ok_or_else(Problem::not_found)?;
    let tag = view.tag("data");
    if is_known(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, caching(&app, Some(tag)), Body::empty()).into_response());
    }
    let key = view.version.clone();
    let unsure = || {
        let json = app.pages.unsure_data.get(&key)?;
        Some((caching(&app, None), [(header::CONTENT_TYPE, JSON)], json).into_response())
    };
    if let Some(kept) = unsure() {
        return Ok(kept);
    }
    let _turn = app.public_loads.turn(reader.0).await?;
    // Someone before may have asked for it meanwhile.
    if let Some(kept) = unsure() {
        return Ok(kept);
    }
    let data = view.load(&app).await;
    let told = data.is_told_by_its_version();
    let json = Bytes::from(serde_json::to_vec(&view.data(&data)).map_err(Problem::internal)?);
    if !told {
        app.pages.unsure_data.put(key, json.clone(), json.len());
    }
    Ok((caching(&app, told.then_some(tag)), [(header::CONTENT_TYPE, JSON)], json).into_response())
}
