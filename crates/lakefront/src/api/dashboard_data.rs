//! All data of a dashboard in one answer: its queries run side by side, each statement once, and one that fails
//! fails alone.

mod definition;
mod ends;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::response::sse::Event;
use chrono::{DateTime, Utc};
use futures::StreamExt;
use lakefront_query::{
    Column, EngineChoice, Estimate, Execution, ExecutionState, Origin, QueryError, Request, ResultSet, Statistics,
};
use lakefront_store::Kind;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use ulid::Ulid;
use utoipa::{IntoParams, ToSchema};

use super::events::{event, stream};
use super::extract::{Json, Path, Query};
use crate::app::App;
use crate::auth::{Actor, Can, Read};
use crate::encode::{self, Options};
use crate::error::{Problem, ProblemDocument};
use crate::jobs::history;

pub use definition::{Definition, Filters, Statement};
use ends::ends;

/// Rows of one query that a dashboard gets; charts draw fewer.
const ROWS: u64 = 20_000;
/// Queries of one dashboard that run at the same time for one reader.
const TOGETHER: usize = 8;

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DataRequest {
    /// Values by filter: lists for lists, texts for the rest; what is absent filters nothing.
    #[serde(default)]
    #[schema(value_type = Object)]
    filters: Filters,
    /// Only what this tab shows.
    tab: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DashboardData {
    /// Changes when the data under any query does.
    pub data_version: String,
    /// The latest of its queries'.
    pub(super) as_of: Option<DateTime<Utc>>,
    #[schema(value_type = Object)]
    pub(super) queries: BTreeMap<String, Arc<QueryData>>,
    totals: Totals,
}

/// One query's rows, or its error.
#[derive(Debug, Serialize)]
pub(super) struct QueryData {
    execution_id: Option<Ulid>,
    pub(super) state: ExecutionState,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Box<RawValue>,
    pub(super) truncated: bool,
    statistics: Option<Statistics>,
    estimate: Option<Estimate>,
    engine: Option<EngineChoice>,
    route_reason: Option<String>,
    cached: bool,
    /// Time of the newest file it read; of the run itself where another system keeps the tables.
    pub(super) as_of: Option<DateTime<Utc>>,
    pub(super) error: Option<ProblemDocument>,
    /// The data version tells whenever it would answer something else: it reads no clock, and every table's files are listed.
    #[serde(skip)]
    told: bool,
}

impl DashboardData {
    /// Whether it may be shown again for a moment: every query answered, and none from another system, whose changes nobody
    /// tells.
    pub fn is_lasting(&self) -> bool {
        let lasts = |query: &Arc<QueryData>| query.error.is_none() && query.engine == Some(EngineChoice::Embedded);
        self.queries.values().all(lasts)
    }

    /// Whether the data version stands for it, however much later.
    pub fn is_told_by_its_version(&self) -> bool {
        self.is_lasting() && self.queries.values().all(|query| query.told)
    }
}

#[derive(Debug, Clone, Serialize, ToSchema)]
struct Totals {
    /// Statements that were really run.
    scans: u64,
    scanned_bytes: u64,
    usd: String,
    ms: u64,
    /// Nothing had to be run.
    cached: bool,
}

/// The data of every tile, in one request.
#[utoipa::path(post, path = "/api/v1/dashboards/{id}/data", tag = "dashboards", params(("id" = String, Path)), request_body = DataRequest,
    extensions(("x-permission" = json!("read"))),
    responses((status = 200, body = DashboardData), (status = 400, body = ProblemDocument),
        (status = 404, body = ProblemDocument)))]
pub async fn data(
    State(app): State<App>,
    actor: Can<Read>,
    Path(id): Path<Ulid>,
    Json(request): Json<DataRequest>,
) -> Result<Json<DashboardData>, Problem> {
    let dashboard = app.store.object(&actor.scope, Kind::Dashboard, id).await?;
    let definition = Definition::parse(&dashboard.definition)?;
    definition.check(&request)?;
    Ok(Json(load(&app, &actor, id, &definition, &request.filters, request.tab.as_deref()).await))
}

/// Runs what the dashboard shows, as `actor`.
pub async fn load(
    app: &App,
    actor: &Actor,
    dashboard: Ulid,
    definition: &Definition,
    filters: &Filters,
    tab: Option<&str>,
) -> DashboardData {
    let started = Instant::now();
    // Of all tabs, and before anything is read: what changes meanwhile is told of as a change.
    let data_version = definition.tables_used(app, None).version;
    let filters = &definition.typed(filters);
    let statements = definition.statements(tab);
    let (ends, bounds) = ends(app, actor, dashboard, definition, &statements, filters).await;
    let mut distinct: Vec<Statement> =
        statements.values().cloned().collect::<std::collections::HashSet<_>>().into_iter().collect();
    // The longest first: it takes the longest to plan, and begun last it would be waited for when all others are done.
    distinct.sort_unstable_by_key(|statement| Reverse(statement.sql.len()));
    distinct.retain(|statement| !bounds.contains_key(statement));
    let answers: HashMap<Statement, Arc<QueryData>> = futures::stream::iter(distinct)
        .map(|statement| async {
            let shown = statements.iter().find(|(_, shown)| **shown == statement).map(|(name, _)| name.clone());
            let joined =
                ends.iter().filter(|end| statement.joins(&end.range)).map(|end| (end.name.clone(), end.day.clone()));
            let filters = filters.clone().into_iter().chain(joined).collect();
            let answer = run(app, actor, (dashboard, shown), &statement, &filters).await;
            (statement, Arc::new(answer))
        })
        .buffer_unordered(TOGETHER)
        .chain(futures::stream::iter(bounds))
        .collect()
        .await;
    let ran = || answers.values().filter(|answer| !answer.cached && answer.execution_id.is_some());
    let statistics = || ran().filter_map(|answer| answer.statistics.as_ref());
    // An empty sum of floats is -0.
    let prices = statistics().filter_map(|statistics| statistics.usd.as_ref()?.parse::<f64>().ok());
    let usd = prices.fold(0.0, |sum, price| sum + price);
    let totals = Totals {
        scans: ran().count() as u64,
        scanned_bytes: statistics().filter_map(|statistics| statistics.scanned_bytes).sum(),
        usd: decimal(usd),
        ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        cached: answers.values().all(|answer| answer.cached),
    };
    let queries =
        statements.into_iter().filter_map(|(name, statement)| Some((name, answers.get(&statement)?.clone()))).collect();
    let as_of = answers.values().filter_map(|answer| answer.as_of).max();
    DashboardData { data_version, as_of, queries, totals }
}

/// Money as decimal text, to the last digit that an execution's price has.
fn decimal(usd: f64) -> String {
    let text = format!("{usd:.11}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

async fn run(
    app: &App,
    actor: &Actor,
    (dashboard, tile): (Ulid, Option<String>),
    statement: &Statement,
    filters: &Filters,
) -> QueryData {
    let mut data = QueryData {
        execution_id: None,
        state: ExecutionState::Failed,
        columns: Vec::new(),
        rows: no_rows(),
        truncated: false,
        statistics: None,
        estimate: None,
        engine: None,
        route_reason: None,
        cached: false,
        as_of: None,
        error: None,
        told: false,
    };
    let execution = match app.queries.submit(request(actor, dashboard, tile, statement, filters)).await {
        Ok(execution) => execution,
        Err(error) => {
            data.error = Some(Problem::from(error).document());
            return data;
        }
    };
    let leaving = Leaving { app, actor, execution: &execution, filters, has_ended: false };
    let outcome = execution.finished().await;
    leaving.ended();
    let status = execution.status();
    if status.statistics.reused {
        app.books.reused(&execution.principal, &status);
    } else {
        history::follow(app, &actor.scope, execution.clone(), json!(filters));
    }
    data.execution_id = Some(status.id);
    data.state = status.state;
    data.estimate = status.estimate;
    data.engine = Some(status.engine);
    data.route_reason = Some(status.route_reason);
    data.cached = status.statistics.reused;
    data.as_of = status.as_of;
    data.statistics = Some(status.statistics);
    let result = match outcome {
        Ok(result) => result,
        Err(error) => {
            data.error = Some(Problem::from(error).document());
            return data;
        }
    };
    data.told = result.is_reusable() && status.tables.iter().all(|table| is_told_of(app, table));
    data.columns = result.columns();
    data.truncated = result.truncated() || result.rows() > ROWS;
    match rows(result).await {
        Ok(rows) => data.rows = rows,
        Err(problem) => data.error = Some(problem.document()),
    }
    data
}

/// Stops a run whose reader leaves before it has ended, and writes it down.
struct Leaving<'a> {
    app: &'a App,
    actor: &'a Actor,
    execution: &'a Arc<Execution>,
    filters: &'a Filters,
    has_ended: bool,
}

impl Leaving<'_> {
    fn ended(mut self) {
        self.has_ended = true;
    }
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.execution.cancel();
            history::follow(self.app, &self.actor.scope, self.execution.clone(), json!(self.filters));
        }
    }
}

fn request(actor: &Actor, dashboard: Ulid, tile: Option<String>, statement: &Statement, filters: &Filters) -> Request {
    let mut request = actor.request(statement.sql.clone());
    request.origin = Origin { dashboard: Some(dashboard.to_string()), tile, ..request.origin };
    Request {
        parameters: filters.clone(),
        catalog: statement.catalog.clone(),
        database: statement.database.clone(),
        // A page is not held up for an administrator.
        may_wait: false,
        ..request
    }
}

/// Has the result of a statement stored as it is shown while nothing is filtered.
pub async fn warm(
    app: &App,
    owner: &Actor,
    dashboard: Ulid,
    tile: String,
    statement: &Statement,
) -> Result<(), QueryError> {
    let filters = Filters::new();
    let execution = app.queries.submit(request(owner, dashboard, Some(tile), statement, &filters)).await?;
    let outcome = execution.finished().await;
    // One that was stored already has saved nobody anything.
    if !execution.status().statistics.reused {
        history::follow(app, &owner.scope, execution, json!(filters));
    }
    outcome.map(drop)
}

/// Whether the version of a table written as `catalog.database.table` says of every change of its files.
fn is_told_of(app: &App, table: &str) -> bool {
    let [catalog, database, name] = *table.splitn(3, '.').collect::<Vec<_>>() else { return false };
    let catalogs = app.queries.catalogs();
    catalogs.lists_files(catalog) && catalogs.table_version(catalog, database, name).is_some()
}

pub(super) fn no_rows() -> Box<RawValue> {
    // `[]` is JSON.
    RawValue::from_string("[]".to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

async fn rows(result: Arc<ResultSet>) -> Result<Box<RawValue>, Problem> {
    let options = Options { limit: Some(ROWS), ..Options::default() };
    let text =
        tokio::task::spawn_blocking(move || encode::row_lists(&result, options)).await.map_err(Problem::internal)??;
    RawValue::from_string(text).map_err(Problem::internal)
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Since {
    /// The `data_version` of what is shown: if the data is another by now, the stream begins with `stale`.
    since: Option<String>,
}

/// Says `stale` when the data under a dashboard changes. Each event's id is the `data_version` then, which a browser
/// that connects again names as the last it got.
#[utoipa::path(get, path = "/api/v1/dashboards/{id}/events", tag = "dashboards", params(("id" = String, Path), Since),
    extensions(("x-permission" = json!("read"))),
    responses((status = 200, content_type = "text/event-stream"), (status = 404, body = ProblemDocument), (status = 429, body = ProblemDocument)))]
pub async fn events(
    State(app): State<App>,
    actor: Can<Read>,
    Path(id): Path<Ulid>,
    Query(Since { since }): Query<Since>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let dashboard = app.store.object(&actor.scope, Kind::Dashboard, id).await?;
    let definition = Definition::parse(&dashboard.definition)?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let watched = app.clone();
    // Before the answer begins, so that nothing between it and the first look is missed.
    let watching = app.freshness.watch();
    let mut changes = app.queries.catalogs().versions();
    let mut known = definition.tables_used(&app, None).version;
    let mut tiles = definition.tile_versions(&app);
    let was_another = last.or(since).is_some_and(|shown| shown != known);
    stream(
        &app,
        &actor,
        async_stream::stream! {
            let _watching = watching;
            if was_another {
                yield stale(tiles.keys(), &known);
            }
            while changes.changed().await.is_ok() {
                let now = definition.tables_used(&watched, None).version;
                if now != known {
                    known = now;
                    let before = std::mem::replace(&mut tiles, definition.tile_versions(&watched));
                    let changed = tiles.iter().filter(|(tile, now)| before.get(*tile) != Some(*now));
                    yield stale(changed.map(|(tile, _)| tile), &known);
                }
            }
        },
    )
}

fn stale<'a>(tiles: impl Iterator<Item = &'a String>, version: &str) -> Event {
    let tiles: Vec<_> = tiles.collect();
    event("stale", &json!({"tiles": tiles, "data_version": version})).id(version)
}
