//! Executions: one run of one SQL statement, its states and its result.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::sse::Event;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use futures::Stream;
use lakefront_query::{EngineChoice, Execution, ExecutionStatus, Request};
use lakefront_store::{ExecutionFilter, ExecutionRecord};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ulid::Ulid;
use utoipa::{IntoParams, ToSchema};

use super::events::{event, stream};
use super::extract::{Json, Path, Query};
use super::idempotency::Idempotent;
use super::page;
use crate::app::App;
use crate::auth::{Actor, Can, Read, RunSql};
use crate::encode::{self, Options, ResultFormat};
use crate::error::{Problem, ProblemDocument};
use crate::jobs::history;

/// Longest wait in one request.
const LONGEST_WAIT_S: u64 = 60;
/// Characters of a file's name.
const MOST_OF_A_NAME: usize = 80;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewExecution {
    /// May hold `{{name}}` parameters and `[[ … {{name}} … ]]` optional clauses.
    sql: String,
    catalog: Option<String>,
    database: Option<String>,
    /// Texts, numbers, booleans, null, or lists of these; bound, never pasted in.
    #[serde(default)]
    #[schema(value_type = Object)]
    parameters: BTreeMap<String, Value>,
    /// `auto`, `embedded`, `athena`, `trino` or `postgres`.
    #[serde(default)]
    #[schema(value_type = String)]
    engine: EngineChoice,
    /// Refused with `SCAN_LIMIT_EXCEEDED` when more would be read.
    max_scan_bytes: Option<u64>,
    /// Oldest stored result that will do; 0 forces a run.
    reuse_max_age_s: Option<u64>,
    /// The saved query this is, for the costs.
    #[schema(value_type = Option<String>)]
    query_id: Option<Ulid>,
}

impl NewExecution {
    fn request(self, actor: &Actor) -> Request {
        let mut request = actor.request(self.sql);
        request.origin.query = self.query_id.map(|id| id.to_string());
        Request {
            parameters: self.parameters,
            catalog: self.catalog,
            database: self.database,
            engine: self.engine,
            max_scan_bytes: self.max_scan_bytes,
            reuse_max_age_s: self.reuse_max_age_s,
            ..request
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SubmitQuery {
    /// Waits so long for the end.
    #[serde(default)]
    wait_s: u64,
    /// Answers the result itself in this format when it is there in time.
    #[param(inline)]
    result: Option<ResultFormat>,
    #[serde(default)]
    offset: u64,
    limit: Option<u64>,
    /// As for the result.
    #[serde(default)]
    safe: u8,
}

/// An execution as it stands.
#[derive(ToSchema)]
#[schema(as = Execution)]
#[expect(dead_code, reason = "describes the query road's status for the OpenAPI document")]
pub struct ExecutionSchema {
    id: String,
    /// `QUEUED`, `RUNNING`, `SUCCEEDED`, `FAILED` or `CANCELLED`.
    state: String,
    sql: String,
    engine: String,
    route_reason: String,
    #[schema(value_type = Object)]
    estimate: Option<Value>,
    #[schema(value_type = Object)]
    statistics: Value,
    #[schema(value_type = Vec<Object>)]
    columns: Option<Vec<Value>>,
    /// Full names of the tables it reads.
    tables: Vec<String>,
    /// `token`, `dashboard`, `tile` or `query` it came from.
    #[schema(value_type = Object)]
    origin: Value,
    /// Where it waits or waited for an administrator: `state` (`waiting`, `approved`, `rejected`), `reason`, `estimate`,
    /// `asked_at`, `by`, `note`.
    #[schema(value_type = Object)]
    approval: Option<Value>,
    /// Where it stands in line while it is queued: `at` (`lakefront`, `athena`) and `before`, the number of runs in front
    /// of it. Athena tells nobody its queue: there it is those of this Lakefront.
    #[schema(value_type = Object)]
    waiting: Option<Value>,
    truncated: bool,
    error: Option<ProblemDocument>,
    created_at: DateTime<Utc>,
}

/// Runs a statement. Answers 202 at once, or with `wait_s` and `result` the result itself.
#[utoipa::path(post, path = "/api/v1/executions", tag = "executions", params(SubmitQuery), request_body = NewExecution,
    extensions(("x-permission" = json!("run_sql"))),
    responses((status = 202, body = ExecutionSchema), (status = 200, description = "The result, in the format asked for"),
        (status = 400, body = ProblemDocument), (status = 429, body = ProblemDocument)))]
pub async fn submit(
    State(app): State<App>,
    actor: Can<RunSql>,
    Query(query): Query<SubmitQuery>,
    once: Idempotent,
    Json(new): Json<NewExecution>,
) -> Result<Response, Problem> {
    let body = json!(new);
    let work = async {
        let parameters = json!(new.parameters);
        let execution = app.queries.submit(new.request(&actor)).await?;
        let status = execution.status();
        history::follow(&app, &actor.scope, execution, parameters);
        Ok((StatusCode::ACCEPTED, json!(status)))
    };
    let (status, body) = once.run(&app, &actor.scope, &body, work).await?;
    let execution = body["id"].as_str().and_then(|id| app.queries.execution(id));
    let Some(execution) = execution else { return Ok((status, Json(body)).into_response()) };

    let current = wait(&execution, query.wait_s, |status| status.state.is_final()).await;
    match query.result {
        Some(format) if current.state.is_final() => {
            let options = Options { offset: query.offset, limit: query.limit, formula_safe: query.safe == 1 };
            result_of(&app, &execution, format, options).await
        }
        _ => Ok((status, Json(current)).into_response()),
    }
}

/// What a statement would read and cost; nothing is run.
#[utoipa::path(post, path = "/api/v1/executions/estimate", tag = "executions", request_body = NewExecution,
    extensions(("x-permission" = json!("run_sql"))), responses((status = 200, body = Object), (status = 400, body = ProblemDocument)))]
pub async fn estimate(
    State(app): State<App>,
    actor: Can<RunSql>,
    Json(new): Json<NewExecution>,
) -> Result<Response, Problem> {
    Ok(Json(app.queries.estimate(new.request(&actor)).await?).into_response())
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WaitQuery {
    /// Waits so long for another state.
    #[serde(default)]
    wait_s: u64,
}

/// An execution of the caller (administrators: of anyone).
#[utoipa::path(get, path = "/api/v1/executions/{id}", tag = "executions", params(("id" = String, Path), WaitQuery),
    extensions(("x-permission" = json!("read"))), responses((status = 200, body = ExecutionSchema), (status = 404, body = ProblemDocument)))]
pub async fn get(
    State(app): State<App>,
    actor: Can<Read>,
    Path(id): Path<Ulid>,
    Query(query): Query<WaitQuery>,
) -> Result<Response, Problem> {
    match find(&app, &actor, id) {
        Some(execution) => {
            let before = execution.status().state;
            Ok(Json(wait(&execution, query.wait_s, |status| status.state != before || before.is_final()).await)
                .into_response())
        }
        None => Ok(Json(past(app.store.execution(&actor.scope, id).await?)).into_response()),
    }
}

/// `state`, `progress` and `done` as server-sent events.
#[utoipa::path(get, path = "/api/v1/executions/{id}/events", tag = "executions", params(("id" = String, Path)),
    extensions(("x-permission" = json!("read"))),
    responses((status = 200, content_type = "text/event-stream"), (status = 404, body = ProblemDocument), (status = 429, body = ProblemDocument)))]
pub async fn events(State(app): State<App>, actor: Can<Read>, Path(id): Path<Ulid>) -> Result<Response, Problem> {
    match find(&app, &actor, id) {
        Some(execution) => stream(&app, &actor, progress(execution)),
        None => {
            let done = past(app.store.execution(&actor.scope, id).await?);
            stream(&app, &actor, futures::stream::once(async move { event("done", &done) }))
        }
    }
}

fn progress(execution: Arc<Execution>) -> impl Stream<Item = Event> {
    async_stream::stream! {
        let (mut states, mut progress) = (execution.watch(), execution.progress());
        let mut told = None;
        loop {
            let status = states.borrow_and_update().clone();
            if status.state.is_final() {
                yield event("done", &status);
                break;
            }
            let now = (status.state, status.approval.as_ref().map(|approval| approval.state), status.waiting);
            if told != Some(now) {
                told = Some(now);
                yield event("state", &status);
            }
            tokio::select! {
                changed = states.changed() => if changed.is_err() {
                    yield event("done", &execution.status());
                    break;
                },
                Ok(()) = progress.changed() => {
                    let now = *progress.borrow_and_update();
                    yield event("progress", &now);
                    // Ten a second are smooth enough.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                },
            }
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ResultQuery {
    /// `json` if not said.
    #[param(inline)]
    format: Option<ResultFormat>,
    #[serde(default)]
    offset: u64,
    limit: Option<u64>,
    /// `1`: CSV text that a spreadsheet would take for a formula gets an apostrophe in front.
    #[serde(default)]
    safe: u8,
    /// What a browser saves the file as, without its ending; not for `json`, which is answered to be read.
    name: Option<String>,
}

/// The rows, or a part of them.
#[utoipa::path(get, path = "/api/v1/executions/{id}/result", tag = "executions", params(("id" = String, Path), ResultQuery),
    extensions(("x-permission" = json!("read"))),
    responses((status = 200, description = "In the format asked for"), (status = 404, body = ProblemDocument),
        (status = 409, description = "Not finished yet", body = ProblemDocument), (status = 410, description = "No longer kept", body = ProblemDocument)))]
pub async fn result(
    State(app): State<App>,
    actor: Can<Read>,
    Path(id): Path<Ulid>,
    Query(query): Query<ResultQuery>,
) -> Result<Response, Problem> {
    let Some(execution) = find(&app, &actor, id) else {
        app.store.execution(&actor.scope, id).await?;
        return Err(Problem::new(StatusCode::GONE, "RESULT_EXPIRED", "This result is no longer kept.")
            .with_hint("Run the statement again."));
    };
    let options = Options { offset: query.offset, limit: query.limit, formula_safe: query.safe == 1 };
    let format = query.format.unwrap_or(ResultFormat::Json);
    let mut response = result_of(&app, &execution, format, options).await?;
    if response.status().is_success() && format != ResultFormat::Json {
        let own = || format!("lakefront-{}", id.to_string().to_lowercase());
        let disposition = attachment(&query.name.unwrap_or_else(own), format.extension());
        if let Ok(value) = HeaderValue::from_str(&disposition) {
            response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
        }
    }
    Ok(response)
}

/// What a browser saves a file as; for those that know ASCII only, another way.
fn attachment(name: &str, extension: &str) -> String {
    // What names of files can't hold, or would be read in another direction than it is written.
    let is_left_out = |c: char| {
        c.is_control()
            || "/\\:*?\"<>|%\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}"
                .contains(c)
    };
    let kept: String = name.chars().take(MOST_OF_A_NAME).map(|c| if is_left_out(c) { ' ' } else { c }).collect();
    let words = kept.split_whitespace().collect::<Vec<_>>().join(" ");
    let name = match words.trim_matches(['.', ' ']) {
        "" => "result",
        name => name,
    };
    let ascii: String = name.chars().map(|c| if c.is_ascii() { c } else { '_' }).collect();
    let coded = utf8_percent_encode(name, NON_ALPHANUMERIC);
    format!("attachment; filename=\"{ascii}.{extension}\"; filename*=UTF-8''{coded}.{extension}")
}

async fn result_of(
    app: &App,
    execution: &Execution,
    format: ResultFormat,
    options: Options,
) -> Result<Response, Problem> {
    let status = execution.status();
    if let Some(error) = &status.error {
        return Ok((execution_headers(&status), Problem::from(error)).into_response());
    }
    let Some(result) = execution.result() else {
        let problem = Problem::new(StatusCode::CONFLICT, "NOT_FINISHED", "This execution has not finished.")
            .with_hint("Wait with GET /api/v1/executions/{id}?wait_s=20.");
        return Ok((execution_headers(&status), problem).into_response());
    };
    let permit = app
        .exports
        .clone()
        .try_acquire_owned()
        .map_err(|_| Problem::too_many("Too many downloads are under way.", 2))?;
    let body = encode::body(result, format, options, Some(permit)).await?;
    Ok((execution_headers(&status), [(header::CONTENT_TYPE, format.content_type())], body).into_response())
}

fn execution_headers(status: &ExecutionStatus) -> [(&'static str, String); 2] {
    let statistics = serde_json::to_string(&status.statistics).unwrap_or_default();
    [("lakefront-execution-id", status.id.to_string()), ("lakefront-statistics", statistics)]
}

/// Stops an execution; the engine really stops.
#[utoipa::path(delete, path = "/api/v1/executions/{id}", tag = "executions", params(("id" = String, Path)),
    extensions(("x-permission" = json!("run_sql"))), responses((status = 200, body = ExecutionSchema), (status = 404, body = ProblemDocument)))]
pub async fn cancel(State(app): State<App>, actor: Can<RunSql>, Path(id): Path<Ulid>) -> Result<Response, Problem> {
    match find(&app, &actor, id) {
        Some(execution) => {
            execution.cancel();
            Ok(Json(wait(&execution, 1, |status| status.state.is_final()).await).into_response())
        }
        None => Ok(Json(past(app.store.execution(&actor.scope, id).await?)).into_response()),
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// Only the caller's own, for administrators too.
    #[serde(default)]
    mine: Option<Flag>,
    #[param(value_type = Option<String>)]
    state: Option<lakefront_store::ExecutionState>,
    since: Option<DateTime<Utc>>,
    /// Part of the SQL.
    q: Option<String>,
    limit: Option<u64>,
    cursor: Option<String>,
}

/// A switch in a query string: `1`, `true`, or just there.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
pub enum Flag {
    #[serde(rename = "1", alias = "true", alias = "")]
    On,
    #[serde(rename = "0", alias = "false")]
    Off,
}

/// History, newest first: the caller's own, for administrators everyone's.
#[utoipa::path(get, path = "/api/v1/executions", tag = "executions", params(HistoryQuery), extensions(("x-permission" = json!("read"))),
    responses((status = 200, body = Object), (status = 401, body = ProblemDocument)))]
pub async fn list(
    State(app): State<App>,
    actor: Can<Read>,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<Value>, Problem> {
    let filter = ExecutionFilter {
        mine: matches!(query.mine, Some(Flag::On)),
        state: query.state,
        since: query.since,
        search: query.q,
        page: page(query.limit, query.cursor),
    };
    let found = app.store.executions(&actor.scope, filter).await?;
    let items: Vec<Value> = found.items.into_iter().map(past).collect();
    Ok(Json(json!({"items": items, "next_cursor": found.next_cursor})))
}

/// A recent execution that the caller may see; others are as good as absent.
fn find(app: &App, actor: &Actor, id: Ulid) -> Option<Arc<Execution>> {
    let execution = app.queries.execution(&id.to_string())?;
    let own = execution.principal.id == actor.user.id.to_string();
    (own || actor.scope.is_admin()).then_some(execution)
}

async fn wait(execution: &Execution, seconds: u64, until: impl Fn(&ExecutionStatus) -> bool) -> ExecutionStatus {
    if seconds > 0 {
        let patience = Duration::from_secs(seconds.min(LONGEST_WAIT_S));
        // Time is up, or nothing will change any more: either way the status says how it stands.
        let _ = tokio::time::timeout(patience, execution.watch().wait_for(until)).await;
    }
    execution.status()
}

/// An execution of the history, in the same shape as a recent one.
fn past(record: ExecutionRecord) -> Value {
    json!({
        "id": record.id,
        "state": record.state,
        "sql": record.sql,
        "parameters": record.parameters,
        "catalog": record.catalog,
        "database": record.database,
        "principal": record.principal,
        "engine": record.engine,
        "route_reason": record.route_reason,
        "estimate": record.estimate,
        "statistics": record.statistics,
        "columns": record.columns,
        "error": record.error,
        "origin": record.origin,
        "tables": record.tables,
        "approval": record.approval,
        "created_at": record.created_at,
        "finished_at": record.finished_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_without_what_a_header_or_a_folder_would_read() {
        let named = |name: &str| attachment(name, "csv");
        let coded = "filename*=UTF-8''";
        assert_eq!(
            named("Demand by day"),
            format!("attachment; filename=\"Demand by day.csv\"; {coded}Demand%20by%20day.csv")
        );
        assert_eq!(named("Größe"), format!("attachment; filename=\"Gr__e.csv\"; {coded}Gr%C3%B6%C3%9Fe.csv"));
        assert!(named("daily_orders_v1.2").contains("\"daily_orders_v1.2.csv\""));
        for hostile in ["../../etc/passwd", "a\"; filename=\"b", "a\r\nset-cookie: x", "…", ""] {
            let named = named(hostile);
            assert!(HeaderValue::from_str(&named).is_ok() && !named.contains(".."), "{named}");
            assert_eq!(named.matches('"').count(), 2, "{named}");
        }
        assert!(named(&"x".repeat(500)).len() < 250);
    }
}
