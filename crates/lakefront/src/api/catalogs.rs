//! Catalogs, databases, tables: what there is to ask.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use lakefront_query::{CatalogInfo, DatabaseInfo, RefreshReport, Request, TableInfo};
use lakefront_store::PartitionRule;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Json, Path, Query};
use crate::app::App;
use crate::auth::{Actor, Administer, Can, EditSaved, Read, RunSql};
use crate::encode::{self, Options, ResultFormat};
use crate::error::{Problem, ProblemDocument};

/// A list that is always whole.
#[derive(Debug, Serialize)]
pub struct List<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
}

impl<T> From<Vec<T>> for List<T> {
    fn from(items: Vec<T>) -> Self {
        Self { items, next_cursor: None }
    }
}

/// Every catalog.
#[utoipa::path(get, path = "/api/v1/catalogs", tag = "catalogs", extensions(("x-permission" = json!("read"))), responses((status = 200, body = Object)))]
pub async fn list(State(app): State<App>, _actor: Can<Read>) -> Json<List<CatalogInfo>> {
    Json(app.queries.catalogs().list().into())
}

/// Looks for new files in a whole catalog.
#[utoipa::path(post, path = "/api/v1/catalogs/{catalog}/refresh", tag = "catalogs", params(("catalog" = String, Path)),
    extensions(("x-permission" = json!("administer"))), responses((status = 200, body = Object), (status = 404, body = ProblemDocument)))]
pub async fn refresh_catalog(
    State(app): State<App>,
    _actor: Can<Administer>,
    Path(catalog): Path<String>,
) -> Result<Json<RefreshReport>, Problem> {
    Ok(Json(app.queries.catalogs().refresh(&catalog, None).await?))
}

/// The databases of a catalog.
#[utoipa::path(get, path = "/api/v1/catalogs/{catalog}/databases", tag = "catalogs", params(("catalog" = String, Path)),
    extensions(("x-permission" = json!("read"))), responses((status = 200, body = Object), (status = 404, body = ProblemDocument)))]
pub async fn databases(
    State(app): State<App>,
    _actor: Can<Read>,
    Path(catalog): Path<String>,
) -> Result<Json<List<DatabaseInfo>>, Problem> {
    Ok(Json(app.queries.catalogs().databases(&catalog).await?.into()))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TableQuery {
    /// Part of a name.
    search: Option<String>,
    /// 1 to 1000; 200 if not said.
    limit: Option<usize>,
    /// The `next_cursor` of the part before.
    cursor: Option<String>,
}

/// The tables of a database, by name.
#[utoipa::path(get, path = "/api/v1/catalogs/{catalog}/databases/{database}/tables", tag = "catalogs",
    params(("catalog" = String, Path), ("database" = String, Path), TableQuery), extensions(("x-permission" = json!("read"))),
    responses((status = 200, body = Object), (status = 404, body = ProblemDocument)))]
pub async fn tables(
    State(app): State<App>,
    _actor: Can<Read>,
    Path((catalog, database)): Path<(String, String)>,
    Query(query): Query<TableQuery>,
) -> Result<Json<Value>, Problem> {
    let search = query.search.as_deref().filter(|search| !search.is_empty());
    let mut found = app.queries.catalogs().tables(&catalog, &database, search).await?;
    found.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(after) = query.cursor.filter(|cursor| !cursor.is_empty()) {
        found.retain(|table| table.name > after);
    }
    let limit = query.limit.unwrap_or(200).clamp(1, 1_000);
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = if more { found.last().map(|table| table.name.clone()) } else { None };
    let items: Vec<Value> = found
        .into_iter()
        .map(|table| {
            let mut item = json!(table);
            item["updated_at"] = json!(table.newest);
            item["rows"] = Value::Null;
            item
        })
        .collect();
    Ok(Json(json!({"items": items, "next_cursor": next_cursor})))
}

/// A table's columns, partition keys, files and freshness.
#[utoipa::path(get, path = "/api/v1/catalogs/{catalog}/databases/{database}/tables/{table}", tag = "catalogs",
    params(("catalog" = String, Path), ("database" = String, Path), ("table" = String, Path)), extensions(("x-permission" = json!("read"))),
    responses((status = 200, body = Object), (status = 404, body = ProblemDocument)))]
pub async fn table(
    State(app): State<App>,
    actor: Can<Read>,
    Path((catalog, database, table)): Path<(String, String, String)>,
) -> Result<Json<Value>, Problem> {
    let table = app.queries.catalogs().table(&catalog, &database, &table).await?;
    Ok(Json(with_rule(&app, &actor, &table).await?))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TableChange {
    /// Partition keys that statements must compare with constants; an empty list asks for none.
    require_partition: Vec<String>,
}

/// Sets the partition keys that statements which read the table must restrict.
#[utoipa::path(patch, path = "/api/v1/catalogs/{catalog}/databases/{database}/tables/{table}", tag = "catalogs",
    params(("catalog" = String, Path), ("database" = String, Path), ("table" = String, Path)), request_body = TableChange,
    extensions(("x-permission" = json!("edit_saved"))),
    responses((status = 200, body = Object), (status = 400, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
pub async fn update_table(
    State(app): State<App>,
    actor: Can<EditSaved>,
    Path((catalog, database, table)): Path<(String, String, String)>,
    Json(change): Json<TableChange>,
) -> Result<Json<Value>, Problem> {
    let table = app.queries.catalogs().table(&catalog, &database, &table).await?;
    let mut keys = Vec::new();
    for key in &change.require_partition {
        let known = table.columns.iter().find(|column| column.partition && column.name.eq_ignore_ascii_case(key));
        let known = known
            .ok_or_else(|| Problem::bad_request(format!("`{key}` is no partition key of table `{}`.", table.name)))?;
        keys.push(known.name.clone());
    }
    let rule = PartitionRule {
        catalog: table.catalog.clone(),
        database: table.database.clone(),
        table: table.name.clone(),
        keys,
    };
    app.store.set_partition_rule(&actor.scope, rule).await?;
    app.books.forget_rules();
    Ok(Json(with_rule(&app, &actor, &table).await?))
}

/// A table with the partition keys that statements must restrict.
async fn with_rule(app: &App, actor: &Actor, table: &Arc<TableInfo>) -> Result<Value, Problem> {
    let mut value = described(table);
    value["require_partition"] = json!(required_keys(app, actor, table).await?);
    Ok(value)
}

async fn required_keys(app: &App, actor: &Actor, table: &TableInfo) -> Result<Vec<String>, Problem> {
    let rules = app.store.partition_rules(&actor.scope).await?;
    let is_its = |rule: &PartitionRule| {
        [(&rule.catalog, &table.catalog), (&rule.database, &table.database), (&rule.table, &table.name)]
            .iter()
            .all(|(one, other)| **one == other.to_lowercase())
    };
    Ok(rules.into_iter().find(is_its).map(|rule| rule.keys).unwrap_or_default())
}

/// Looks for new files of a table.
#[utoipa::path(post, path = "/api/v1/catalogs/{catalog}/databases/{database}/tables/{table}/refresh", tag = "catalogs",
    params(("catalog" = String, Path), ("database" = String, Path), ("table" = String, Path)), extensions(("x-permission" = json!("edit_saved"))),
    responses((status = 200, body = Object), (status = 404, body = ProblemDocument)))]
pub async fn refresh(
    State(app): State<App>,
    _actor: Can<EditSaved>,
    Path((catalog, database, table)): Path<(String, String, String)>,
) -> Result<Json<Value>, Problem> {
    let catalogs = app.queries.catalogs();
    catalogs.refresh(&catalog, Some((&database, &table))).await?;
    Ok(Json(described(&catalogs.table(&catalog, &database, &table).await?)))
}

fn described(table: &Arc<TableInfo>) -> Value {
    let mut value = json!(**table);
    let keys: Vec<_> = table.columns.iter().filter(|column| column.partition).collect();
    value["partition_keys"] = json!(keys);
    value["columns"] = json!(table.columns.iter().filter(|column| !column.partition).collect::<Vec<_>>());
    value["version"] = json!(table.data_version);
    value["updated_at"] = json!(table.newest);
    value
}

const PREVIEW_ROWS: u64 = 100;

/// The first rows of a table; of its newest partition where statements must narrow it.
#[utoipa::path(get, path = "/api/v1/catalogs/{catalog}/databases/{database}/tables/{table}/preview", tag = "catalogs",
    params(("catalog" = String, Path), ("database" = String, Path), ("table" = String, Path)), extensions(("x-permission" = json!("run_sql"))),
    responses((status = 200, body = Object), (status = 404, body = ProblemDocument)))]
pub async fn preview(
    State(app): State<App>,
    actor: Can<RunSql>,
    Path((catalog, database, table)): Path<(String, String, String)>,
) -> Result<Response, Problem> {
    let info = app.queries.catalogs().table(&catalog, &database, &table).await?;
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let newest = match required_keys(&app, &actor, &info).await? {
        keys if keys.is_empty() => String::new(),
        keys => info.newest_partition(&keys).map_or(String::new(), |predicate| format!(" where {predicate}")),
    };
    let (catalog, database, table) = (quoted(&catalog), quoted(&database), quoted(&table));
    let sql = format!("select * from {catalog}.{database}.{table}{newest} limit {PREVIEW_ROWS}");
    let request = Request { may_wait: false, ..actor.request(sql) };
    let execution = app.queries.submit(request).await?;
    let result = execution.finished().await?;
    let body = encode::body(result, ResultFormat::Json, Options::default(), None).await?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response())
}
