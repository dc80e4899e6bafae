//! All data of a dashboard in one answer: its queries run side by side, each statement once, and one that fails
//! fails alone.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use futures::StreamExt;
use lakefront_query::{
    Column, EngineChoice, Estimate, Execution, ExecutionState, Origin, QueryError, Request, ResultSet, Statistics,
};
use lakefront_store::Kind;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Number, Value, json};
use ulid::Ulid;
use utoipa::ToSchema;

use super::events::{event, stream};
use super::extract::{Json, Path};
use crate::app::App;
use crate::auth::{Actor, Can, Read};
use crate::catalogs::{Reading, TablesUsed};
use crate::encode::{self, Options};
use crate::error::{Problem, ProblemDocument};
use crate::jobs::history;

/// Rows of one query that a dashboard gets; charts draw fewer.
const ROWS: u64 = 20_000;
/// Queries of one dashboard that run at the same time for one reader.
const TOGETHER: usize = 8;
const MOST_QUERIES: usize = 200;
const MOST_TILES: usize = 200;

/// How days are written.
const DAY: &str = "2025-01-31";

/// What the server reads of a dashboard's definition; the rest is the UI's.
#[derive(Debug, Clone, Deserialize)]
pub struct Definition {
    catalog: Option<String>,
    database: Option<String>,
    #[serde(default)]
    queries: BTreeMap<String, Statement>,
    #[serde(default)]
    filters: Vec<Filter>,
    #[serde(default)]
    tabs: Vec<Tab>,
    /// How often its public page looks for new data.
    pub(super) refresh_s: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub struct Statement {
    sql: String,
    catalog: Option<String>,
    database: Option<String>,
}

impl Statement {
    fn reading(&self) -> Reading<'_> {
        Reading { sql: &self.sql, catalog: self.catalog.as_deref(), database: self.database.as_deref() }
    }

    /// Whether its text has the parameter, also where no filter sets it.
    fn mentions(&self, parameter: &str) -> bool {
        mentions(&self.sql, parameter)
    }

    /// Whether one `[[ … ]]` has all of the parameters, so that it is dropped while one of them has no value.
    fn joins(&self, parameters: &[String]) -> bool {
        let mut clauses =
            self.sql.split("[[").skip(1).map(|rest| rest.split_once("]]").map_or(rest, |(clause, _)| clause));
        clauses.any(|clause| parameters.iter().all(|parameter| mentions(clause, parameter)))
    }
}

fn mentions(sql: &str, parameter: &str) -> bool {
    let mut opened = sql.split("{{").skip(1);
    opened.any(|rest| rest.split_once("}}").is_some_and(|(name, _)| name.trim() == parameter))
}

#[derive(Debug, Clone, Deserialize)]
struct Filter {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    from: Option<String>,
    to: Option<String>,
    options_query: Option<String>,
    bounds_query: Option<String>,
}

impl Filter {
    /// Its parameters.
    fn names(&self) -> Vec<String> {
        match self.kind.as_str() {
            "date_range" => vec![bound(&self.from, &self.id, "from"), bound(&self.to, &self.id, "to")],
            _ => vec![self.id.clone()],
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
struct Tab {
    id: String,
    #[serde(default)]
    tiles: Vec<Tile>,
}

#[derive(Debug, Clone, Deserialize)]
struct Tile {
    id: String,
    query: Option<String>,
    sql: Option<String>,
}

pub type Filters = BTreeMap<String, Value>;

impl Definition {
    pub fn parse(definition: &Value) -> Result<Self, Problem> {
        let wrong = |detail: String| Problem::new(StatusCode::BAD_REQUEST, "INVALID_DEFINITION", detail);
        let parsed = Self::deserialize(definition)
            .map_err(|error| wrong(format!("The dashboard's definition does not fit: {error}.")))?;
        let tiles = parsed.tabs.iter().map(|tab| tab.tiles.len()).sum::<usize>();
        if parsed.queries.len() > MOST_QUERIES || tiles > MOST_TILES {
            return Err(wrong(format!("A dashboard has at most {MOST_QUERIES} queries and {MOST_TILES} tiles.")));
        }
        for tile in parsed.tabs.iter().flat_map(|tab| &tab.tiles) {
            if let Some(query) = &tile.query
                && !parsed.queries.contains_key(query)
            {
                return Err(wrong(format!("Tile `{}` shows the query `{query}`, which is not there.", tile.id)));
            }
        }
        Ok(parsed)
    }

    /// What the filters of this dashboard are set to in a query string; other names are not parameters.
    pub fn filters(&self, query: &str) -> Filters {
        let mut values: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.is_empty()) {
            values.entry(name.into_owned()).or_default().push(Value::String(value.into_owned()));
        }
        let mut filters = Filters::new();
        for filter in &self.filters {
            if filter.kind == "list" {
                filters.extend(values.get(&filter.id).map(|chosen| (filter.id.clone(), Value::from(chosen.clone()))));
                continue;
            }
            let names = filter.names();
            filters
                .extend(names.into_iter().filter_map(|name| Some((name.clone(), values.get(&name)?.first()?.clone()))));
        }
        filters
    }

    /// Addresses and forms hold texts; a filter of the type `number` sets a number.
    fn typed(&self, filters: &Filters) -> Filters {
        let is_number = |name: &str| self.filters.iter().any(|filter| filter.kind == "number" && filter.id == name);
        let typed = |(name, value): (&String, &Value)| {
            let number = value.as_str().filter(|_| is_number(name)).and_then(|text| text.trim().parse::<Number>().ok());
            (name.clone(), number.map_or_else(|| value.clone(), Value::Number))
        };
        filters.iter().map(typed).collect()
    }

    /// The tab an address opens: the one it names, else the first.
    pub fn tab(&self, query: &str) -> Option<&str> {
        let wanted = form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "tab")
            .map(|(_, value)| value.into_owned());
        self.tabs.iter().find(|tab| Some(&tab.id) == wanted.as_ref()).or(self.tabs.first()).map(|tab| tab.id.as_str())
    }

    /// A name in a query string that is neither a parameter of a filter nor one of `others`.
    pub fn unknown_name(&self, query: &str, others: &[&str]) -> Option<String> {
        let names: BTreeSet<String> = self.filters.iter().flat_map(Filter::names).collect();
        let mut given = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name);
        given.find(|name| !names.contains(&**name) && !others.contains(&&**name)).map(Cow::into_owned)
    }

    /// What is asked for of this dashboard has to be there: a filter that is misspelt would filter nothing.
    fn check(&self, request: &DataRequest) -> Result<(), Problem> {
        let named = |name: &str| format!("`{name}`");
        let among = |names: Vec<String>| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let parameters: BTreeSet<String> = self.filters.iter().flat_map(Filter::names).collect();
        let mentioned = |name: &str| self.statements(None).values().any(|statement| statement.mentions(name));
        if let Some(name) = request.filters.keys().find(|name| !parameters.contains(*name) && !mentioned(name)) {
            let known = among(parameters.iter().map(|name| named(name)).collect());
            let detail = format!("`{name}` is no filter of this dashboard.");
            return Err(Problem::new(StatusCode::BAD_REQUEST, "UNKNOWN_FILTER", detail)
                .with_hint(format!("Its filters' parameters: {known}.")));
        }
        if let Some(tab) = &request.tab
            && !self.tabs.iter().any(|each| each.id == *tab)
        {
            let known = among(self.tabs.iter().map(|tab| named(&tab.id)).collect());
            return Err(Problem::new(StatusCode::BAD_REQUEST, "UNKNOWN_TAB", format!("There is no tab `{tab}`."))
                .with_hint(format!("Tabs of this dashboard: {known}.")));
        }
        Ok(())
    }

    /// The query string that asks for the same data, with `more` in it: names and values in the alphabet's order, as caches
    /// that sort would have them, and nothing that changes nothing.
    pub fn canonical(&self, query: &str, more: Option<(&str, &str)>) -> String {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let mut pairs: BTreeSet<(String, String)> = more.into_iter().map(owned).collect();
        for (name, value) in self.filters(query) {
            match value {
                Value::Array(values) => {
                    pairs.extend(values.iter().filter_map(Value::as_str).map(|value| owned((&name, value))));
                }
                Value::String(value) => {
                    pairs.insert((name, value));
                }
                _ => {}
            }
        }
        if let Some(tab) = self.tab(query).filter(|tab| self.tabs.first().is_some_and(|first| first.id != *tab)) {
            pairs.insert(owned(("tab", tab)));
        }
        form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
    }

    /// The tile of a tab that an address shows as a table.
    pub fn tile_as_table(&self, query: &str, tab: &str) -> Option<&str> {
        let (_, wanted) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "table")?;
        let mut tiles = self.tabs.iter().filter(|each| each.id == tab).flat_map(|each| &each.tiles);
        tiles.find(|tile| tile.id == *wanted).map(|tile| tile.id.as_str())
    }

    /// What a query is called where its own name is nobody's business.
    pub fn alias(&self, query: &str) -> Option<String> {
        Some(format!("q{}", self.queries.keys().position(|name| name == query)? + 1))
    }

    /// What its queries read, as far as their default databases tell.
    pub fn tables_used(&self, app: &App, tab: Option<&str>) -> TablesUsed {
        TablesUsed::by(app, self.statements(tab).values().map(Statement::reading))
    }

    /// The version of what each tile reads.
    fn tile_versions(&self, app: &App) -> BTreeMap<String, String> {
        let version = |tile: &Tile| {
            let named = tile.query.as_ref().and_then(|query| self.queries.get(query)).cloned();
            let inline = || Some(Statement { sql: tile.sql.clone()?, catalog: None, database: None });
            let statement = self.with_defaults(named.or_else(inline)?);
            Some((tile.id.clone(), TablesUsed::by(app, std::iter::once(statement.reading())).version))
        };
        self.tabs.iter().flat_map(|tab| &tab.tiles).filter_map(version).collect()
    }

    /// Each statement that reads known tables, with the name it goes by and the version of these tables.
    pub fn versions(&self, app: &App) -> BTreeMap<Statement, (String, String)> {
        let mut versions = BTreeMap::new();
        for (name, statement) in self.statements(None) {
            let used = TablesUsed::by(app, std::iter::once(statement.reading()));
            if used.tables > 0 {
                versions.insert(statement, (name, used.version));
            }
        }
        versions
    }

    /// The statements to run by their key in the answer: of one tab with the filters' own, or of all.
    fn statements(&self, tab: Option<&str>) -> BTreeMap<String, Statement> {
        let tiles =
            || self.tabs.iter().filter(|each| tab.is_none_or(|tab| each.id == tab)).flat_map(|each| &each.tiles);
        let named: BTreeSet<&String> = match tab {
            None => self.queries.keys().collect(),
            Some(_) => {
                let options = self.filters.iter().flat_map(|filter| [&filter.options_query, &filter.bounds_query]);
                options.chain(tiles().map(|tile| &tile.query)).flatten().collect()
            }
        };
        let named = named.into_iter().filter_map(|name| Some((name.clone(), self.queries.get(name)?.clone())));
        let inline = tiles().filter(|tile| tile.query.is_none()).filter_map(|tile| {
            let statement = Statement { sql: tile.sql.clone()?, catalog: None, database: None };
            Some((format!("tile:{}", tile.id), statement))
        });
        named.chain(inline).map(|(name, statement)| (name, self.with_defaults(statement))).collect()
    }

    fn with_defaults(&self, statement: Statement) -> Statement {
        Statement {
            catalog: statement.catalog.or_else(|| self.catalog.clone()),
            database: statement.database.or_else(|| self.database.clone()),
            sql: statement.sql,
        }
    }
}

fn bound(name: &Option<String>, id: &str, end: &str) -> String {
    name.clone().unwrap_or_else(|| format!("{id}_{end}"))
}

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
    let data_version = definition.tables_used(app, tab).version;
    let as_of = answers.values().filter_map(|answer| answer.as_of).max();
    DashboardData { data_version, as_of, queries, totals }
}

/// Money as decimal text, to the last digit that an execution's price has.
fn decimal(usd: f64) -> String {
    let text = format!("{usd:.11}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The end that a range has none of, by its filter's bounds.
struct End {
    name: String,
    range: Vec<String>,
    day: Value,
}

/// A range of which one end is set reaches to the first or last day there is, for statements with a clause that compares with
/// both: it would be dropped, and nothing filtered. With what the bounds' statements answered, which need not run again.
async fn ends(
    app: &App,
    actor: &Actor,
    dashboard: Ulid,
    definition: &Definition,
    statements: &BTreeMap<String, Statement>,
    filters: &Filters,
) -> (Vec<End>, HashMap<Statement, Arc<QueryData>>) {
    let (mut ends, mut answers) = (Vec::new(), HashMap::new());
    for filter in definition.filters.iter().filter(|filter| filter.kind == "date_range") {
        let range = filter.names();
        let mut open = range.iter().enumerate().filter(|(_, name)| !filters.contains_key(*name));
        let (Some((at, end)), None) = (open.next(), open.next()) else { continue };
        let bounds = filter.bounds_query.as_ref().and_then(|name| statements.get_key_value(name));
        let Some((name, statement)) = bounds else { continue };
        if statement.joins(&range) || !statements.values().any(|each| each.joins(&range)) {
            continue;
        }
        let bounds = Arc::new(run(app, actor, (dashboard, Some(name.clone())), statement, filters).await);
        let rows: Vec<Vec<Value>> = serde_json::from_str(bounds.rows.get()).unwrap_or_default();
        let day = rows.first().and_then(|row| row.get(at)?.as_str()?.get(..DAY.len()));
        ends.extend(day.map(|day| End { name: end.clone(), day: Value::from(day), range: range.clone() }));
        answers.insert(statement.clone(), bounds);
    }
    (ends, answers)
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

/// Says `stale` when the data under a dashboard changes.
#[utoipa::path(get, path = "/api/v1/dashboards/{id}/events", tag = "dashboards", params(("id" = String, Path)),
    extensions(("x-permission" = json!("read"))),
    responses((status = 200, content_type = "text/event-stream"), (status = 404, body = ProblemDocument), (status = 429, body = ProblemDocument)))]
pub async fn events(State(app): State<App>, actor: Can<Read>, Path(id): Path<Ulid>) -> Result<Response, Problem> {
    let dashboard = app.store.object(&actor.scope, Kind::Dashboard, id).await?;
    let definition = Definition::parse(&dashboard.definition)?;
    let watched = app.clone();
    stream(
        &app,
        &actor,
        async_stream::stream! {
            let _watching = watched.freshness.watch();
            // Before the first look, so that nothing happens between them.
            let mut changes = watched.queries.catalogs().versions();
            let version = || definition.tables_used(&watched, None).version;
            let mut known = version();
            let mut tiles = definition.tile_versions(&watched);
            while changes.changed().await.is_ok() {
                let now = version();
                if now != known {
                    known = now;
                    let before = std::mem::replace(&mut tiles, definition.tile_versions(&watched));
                    let tiles: Vec<_> = tiles.iter().filter(|(tile, now)| before.get(*tile) != Some(*now)).map(|(tile, _)| tile).collect();
                    yield event("stale", &json!({"tiles": tiles, "data_version": known}));
                }
            }
        },
    )
}
