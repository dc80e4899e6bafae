//! Connections: which systems hold the data, and with whose credentials they are asked. API and commands keep them by one
//! path: read, check, keep, register.
//!
//! A secret goes in and never comes out: it is sealed for its connection, and where the address changes it has to be given
//! again, since the new address would be sent it.

mod address;
mod aws;
pub mod vercel;

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use lakefront_query::QueryError;
use lakefront_query::aws::{Aws, AwsChecks, AwsConfig, Check};
use lakefront_store::{
    AuditRecord, BudgetAction, BudgetState, Catalog, CatalogChange, NewCatalog, Outcome, Period, Scope, StoreError,
    Subject,
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::app::{Opened, system};
use crate::books::no_answer;
use crate::catalogs::{self, Known, LOCAL, Origin, Source, place, source_of};
use crate::config::Settings;
use crate::error::Problem;

pub use aws::{AwsIdentity, WebIdentity};

/// How long a check waits for a listing; one that takes longer has begun well.
const LISTING: Duration = Duration::from_secs(20);
/// All steps of a check together.
const CHECK: Duration = Duration::from_secs(90);

/// Who names the place: someone on the machine may name any folder of it, someone with a browser may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    Command,
    Api,
}

/// How much is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// What has to work before a connection is kept.
    Needed,
    /// All that it may be asked to do: also the files of a table of Glue, and Athena's workgroup and place for results.
    All,
}

/// A connection that is not kept yet. No `Debug`: it may hold a secret.
#[derive(Clone)]
pub struct Draft {
    pub name: String,
    pub source: Source,
    pub secret: Option<String>,
}

/// What to change; `None` leaves as it is. No `Debug`: it may hold a secret.
#[derive(Clone, Default)]
pub struct Change {
    pub settings: Option<Map<String, Value>>,
    /// `Some(None)` takes the secret away.
    pub secret: Option<Option<String>>,
}

/// A connection as administrators see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Connection {
    /// Its name: statements write it before database and table.
    pub id: String,
    pub name: String,
    /// `local`, `s3`, `trino`, …
    pub kind: String,
    /// Fields of the kind; never a secret.
    #[schema(value_type = Object)]
    pub settings: Map<String, Value>,
    pub has_secret: bool,
    /// Where it is written down; only what the app database has can be changed here.
    pub origin: Origin,
    pub state: ConnectionState,
    pub created_at: Option<DateTime<Utc>>,
    pub updated_at: Option<DateTime<Utc>>,
}

/// What the last listing found.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct ConnectionState {
    pub listed_at: Option<DateTime<Utc>>,
    pub databases: usize,
    pub tables: usize,
    /// Not known before the first listing, and of what another system keeps.
    pub files: Option<u64>,
    pub bytes: Option<u64>,
    /// Why it can't be used, or why the last listing failed.
    #[schema(value_type = Option<Object>)]
    pub error: Option<Value>,
}

impl Connection {
    /// Counts changes: the time of the last one, which never repeats.
    pub fn version(&self) -> Option<i64> {
        self.updated_at.map(|at| at.timestamp_millis())
    }
}

/// All of them, by name.
pub async fn list(opened: &Opened, settings: &Settings) -> anyhow::Result<Vec<Connection>> {
    let infos = opened.queries.catalogs().list();
    let failures = opened.registered.failures().await;
    let mut listed = Vec::new();
    for (name, known) in catalogs::known(settings, &opened.store).await? {
        let info = infos.iter().find(|info| info.name == name);
        let mut state = info.map_or_else(ConnectionState::default, |info| ConnectionState {
            listed_at: info.listed_at,
            databases: info.databases,
            tables: info.tables,
            files: info.files,
            bytes: info.bytes,
            error: info.error.as_ref().map(|error| json!({"code": error.code, "message": error.message})),
        });
        if let Some(message) = failures.get(&name) {
            state.error = Some(json!({"code": "NOT_AVAILABLE", "message": message}));
        }
        let (kind, fields) = fields(&known.source)?;
        listed.push(Connection {
            id: name.clone(),
            name,
            kind,
            settings: fields,
            has_secret: known.has_secret,
            origin: known.origin,
            state,
            created_at: known.created_at,
            updated_at: known.updated_at,
        });
    }
    Ok(listed)
}

/// One of them. 404 for a name that none has.
pub async fn get(opened: &Opened, settings: &Settings, name: &str) -> Result<Connection, Problem> {
    let all = list(opened, settings).await.map_err(Problem::internal)?;
    all.into_iter().find(|connection| connection.name == name).ok_or_else(Problem::not_found)
}

/// Reads the settings of a kind. A field that the kind does not have is refused by name.
pub fn read_source(kind: &str, settings: &Map<String, Value>) -> Result<Source, Problem> {
    let mut given: Map<String, Value> = settings.clone();
    // Empty fields of a form are no fields.
    given.retain(|_, value| value.as_str().is_none_or(|text| !text.trim().is_empty()));
    let names: Vec<String> = given.keys().cloned().collect();
    given.insert("kind".to_owned(), kind.into());
    let source: Source = serde_json::from_value(Value::Object(given))
        .map_err(|error| Problem::bad_request(format!("The settings do not fit the kind \"{kind}\": {error}.")))?;
    let (_, fields) = fields(&source).map_err(Problem::internal)?;
    match names.iter().find(|name| *name == "kind" || !fields.contains_key(*name)) {
        Some(unknown) => Err(Problem::bad_request(format!("The kind \"{kind}\" has no setting \"{unknown}\"."))),
        None => Ok(source),
    }
}

/// The kind, and the fields by name.
fn fields(source: &Source) -> anyhow::Result<(String, Map<String, Value>)> {
    let Value::Object(mut fields) = serde_json::to_value(source)? else { anyhow::bail!("a source is an object") };
    let kind = fields.remove("kind").and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_default();
    Ok((kind, fields))
}

/// Tries what the connection is for, one step after the other; the first failure ends it where nothing else can go well.
pub async fn check(
    opened: &Opened,
    settings: &Settings,
    name: &str,
    source: &Source,
    secret: Option<&str>,
    door: Door,
    depth: Depth,
) -> Vec<Check> {
    let steps = async {
        if let Err(error) = allowed(settings, source, secret.is_some(), door).await {
            return vec![Check::failed("Settings", error)];
        }
        let mut checks = match aws_checks(opened, settings, name, source, secret).await {
            Ok(Some((config, what))) => match Aws::new(config).await {
                Ok(aws) if depth == Depth::Needed && what.glue => {
                    aws.check(&AwsChecks { identity: true, ..AwsChecks::default() }).await
                }
                Ok(aws) => aws.check(&what).await,
                Err(error) => vec![Check::failed("Credentials", error)],
            },
            Ok(None) => Vec::new(),
            Err(error) => vec![Check::failed("Settings", error)],
        };
        if checks.iter().all(|check| check.ok) {
            checks.push(listing(opened, source, secret).await);
        }
        checks
    };
    tokio::time::timeout(CHECK, steps).await.unwrap_or_else(|_| {
        let message = format!("The checks took longer than {} s.", CHECK.as_secs());
        let error = QueryError::new("TIMEOUT", lakefront_query::ErrorKind::Unavailable, message);
        vec![Check::failed("Settings", error.with_hint("Try again; if it lasts, check the network."))]
    })
}

async fn listing(opened: &Opened, source: &Source, secret: Option<&str>) -> Check {
    let name = "List tables";
    let opening = match source_of(source, secret.map(str::to_owned)) {
        Ok(opening) => opening,
        Err(error) => return Check::failed("Settings", told(error)),
    };
    match opened.queries.catalogs().probe(opening, LISTING).await {
        Ok(Some(report)) => {
            let tables = counted(report.tables as u64, "table");
            Check::passed(
                name,
                match report.objects {
                    Some(files) => format!("{tables} in {}", counted(files, "file")),
                    None => tables,
                },
            )
        }
        Ok(None) => Check::passed(name, format!("more than {} s of listing; it goes on once kept", LISTING.as_secs())),
        Err(error) => Check::failed(name, error),
    }
}

/// `1 table`, `2 tables`
fn counted(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn told(error: anyhow::Error) -> QueryError {
    match error.downcast::<QueryError>() {
        Ok(error) => error,
        Err(error) => QueryError::user("INVALID_PARAMETER", format!("{error:#}.")),
    }
}

/// What AWS is asked, where the source is there.
pub async fn aws_checks(
    opened: &Opened,
    settings: &Settings,
    name: &str,
    source: &Source,
    secret: Option<&str>,
) -> Result<Option<(AwsConfig, AwsChecks)>, QueryError> {
    match source {
        Source::S3 { uri, region, endpoint, events_queue_url, aws } => {
            let given = aws.access_key_id.is_some() || aws.is_more_than_keys();
            if endpoint.is_some() && !given {
                return Ok(None);
            }
            let region = match region {
                Some(region) => region.clone(),
                None => {
                    let bucket = uri.trim_start_matches("s3://").split('/').next().unwrap_or_default();
                    let found = lakefront_engine::lake::region_of(bucket, endpoint.as_deref()).await;
                    found.map_err(|error| QueryError::user("INVALID_LOCATION", error.message))?
                }
            };
            let what = AwsChecks {
                identity: endpoint.is_none(),
                data: Some(uri.clone()),
                queue: events_queue_url.clone(),
                ..AwsChecks::default()
            };
            Ok(Some((aws.config(&region, endpoint.as_deref(), secret.map(str::to_owned)), what)))
        }
        Source::Glue(glue) => {
            let what = AwsChecks {
                identity: true,
                glue: true,
                catalog_id: glue.catalog_id.clone(),
                workgroup: Some(glue.workgroup_name().to_owned()),
                run_limit: run_limit(opened, settings, name, glue.price()).await?,
                output_location: glue.output.clone(),
                queue: glue.events_queue_url.clone(),
                ..AwsChecks::default()
            };
            Ok(Some((glue.identity().config(&glue.region, None, secret.map(str::to_owned)), what)))
        }
        _ => Ok(None),
    }
}

/// The most bytes that one run on a catalog may read, whoever asks: by the settings, and by budgets for single runs that
/// nobody can lift.
async fn run_limit(
    opened: &Opened,
    settings: &Settings,
    catalog: &str,
    per_tb_usd: f64,
) -> Result<Option<u64>, QueryError> {
    let mut limits: Vec<u64> = Vec::new();
    limits.extend(Some(settings.query.max_scan_bytes).filter(|bytes| *bytes > 0));
    for BudgetState { budget, .. } in opened.store.budgets(&system("connections")).await.map_err(no_answer)? {
        let concerns = match &budget.subject {
            Subject::Everyone => true,
            Subject::Catalog { name } => name.eq_ignore_ascii_case(catalog),
            Subject::Role { .. } | Subject::User { .. } | Subject::Group { .. } | Subject::Token { .. } => false,
        };
        if concerns && budget.period == Period::Run && budget.action == BudgetAction::Block {
            limits.extend(budget.limit_bytes);
            let usd = budget.limit_usd.filter(|_| per_tb_usd > 0.0).and_then(|usd| usd.to_string().parse::<f64>().ok());
            limits.extend(usd.map(|usd| (usd / per_tb_usd * 1e12) as u64));
        }
    }
    Ok(limits.into_iter().min())
}

/// A workgroup and the limit of each query in it, in bytes.
pub struct Limited {
    pub workgroup: String,
    pub bytes: u64,
}

/// Sets the limit of a Glue catalog's workgroup to what one run may read here; for all who use the workgroup.
///
/// 404, 409 where nothing is limited here, 422 for a catalog without a workgroup and for what AWS refuses.
pub async fn limit_workgroup(
    opened: &Opened,
    settings: &Settings,
    scope: &Scope,
    name: &str,
) -> Result<Limited, Problem> {
    let Proposed { source, secret } = as_kept(opened, settings, name).await?;
    let Source::Glue(glue) = &source else {
        let detail = format!("{name} is no catalog of Glue.");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "NOT_SUPPORTED", detail));
    };
    let Some(limit) = run_limit(opened, settings, name, glue.price()).await? else {
        let detail = "Nothing limits what one run may read here.";
        return Err(Problem::new(StatusCode::CONFLICT, "NO_LIMIT", detail).with_hint(
            "Set query.max_scan_bytes, or a budget that blocks single runs of everyone or of this catalog, first.",
        ));
    };
    let aws =
        Aws::new(glue.identity().config(&glue.region, None, secret)).await.map_err(|error| Problem::from(&error))?;
    let workgroup = glue.workgroup_name().to_owned();
    let limited = aws.limit_workgroup(&workgroup, limit).await.map_err(QueryError::from);
    let record = AuditRecord {
        action: "catalog.limit_workgroup".to_owned(),
        target: name.to_owned(),
        outcome: if limited.is_ok() { Outcome::Done } else { Outcome::Failed },
        detail: json!({"workgroup": workgroup, "bytes": limited.as_ref().ok()}),
        address: None,
    };
    opened.store.record_audit(scope, record).await?;
    let bytes = limited.map_err(|error| Problem::from(&error))?;
    Ok(Limited { workgroup, bytes })
}

/// What can be judged without asking anybody but the name service.
async fn allowed(settings: &Settings, source: &Source, has_secret: bool, door: Door) -> Result<(), QueryError> {
    let loopback = door == Door::Command || settings.catalog.loopback_endpoints;
    if let Some(address) = address_of(source) {
        address::check(address, loopback).await?;
    }
    if let Some(queue) = source.events_queue_url()
        && !["https://", "http://"].iter().any(|scheme| queue.starts_with(scheme))
    {
        let message = format!("\"{queue}\" is no address of a queue.");
        let hint = "It looks like https://sqs.eu-central-1.amazonaws.com/123456789012/name.";
        return Err(QueryError::user("INVALID_PARAMETER", message).with_hint(hint));
    }
    if let Source::S3 { endpoint: Some(endpoint), events_queue_url: Some(queue), .. } = source
        && is_of_aws(queue)
        && !is_of_aws(endpoint)
    {
        // Its keys would go to AWS, whose they are not.
        let message = format!("A queue of AWS tells nothing of the files at {endpoint}.");
        let hint = "Leave the queue out: such a store is looked at at intervals, or tells by POST /api/v1/events/s3.";
        return Err(QueryError::user("INVALID_PARAMETER", message).with_hint(hint));
    }
    match source {
        Source::Local { path } => {
            if has_secret {
                return Err(QueryError::user("INVALID_PARAMETER", "A folder has no secret."));
            }
            if door == Door::Api {
                in_open_folder(settings, path)?;
            }
        }
        Source::S3 { aws, .. } => aws.check(has_secret)?,
        Source::Glue(glue) => glue.identity().check(has_secret)?,
        Source::Postgres { url, ca } => {
            catalogs::postgres(url, ca.as_deref(), None)?;
        }
        Source::Trino { .. } | Source::Seeded { .. } => {}
    }
    Ok(())
}

fn is_of_aws(address: &str) -> bool {
    let host = address.split_once("://").map_or(address, |(_, rest)| rest);
    let host = host.split(['/', ':']).next().unwrap_or_default();
    [".amazonaws.com", ".amazonaws.com.cn"].iter().any(|domain| host.ends_with(domain))
}

fn in_open_folder(settings: &Settings, path: &str) -> Result<(), QueryError> {
    let refused = |message: String| {
        let hint = "List the folders that may be used as catalog.folders in the settings, or add it by command: lakefront catalog add NAME --path DIR.";
        Err(QueryError::user("INVALID_LOCATION", message).with_hint(hint))
    };
    let folders = &settings.catalog.folders;
    if folders.is_empty() {
        return refused("Folders of the server are not added here.".to_owned());
    }
    let within = |path: &std::path::Path| {
        folders.iter().filter_map(|folder| std::fs::canonicalize(folder).ok()).any(|folder| path.starts_with(folder))
    };
    match std::fs::canonicalize(path) {
        Ok(path) if path.is_dir() && within(&path) => Ok(()),
        _ => refused(format!("{path} is no folder that may be used.")),
    }
}

/// Where the secret is sent.
fn address_of(source: &Source) -> Option<&str> {
    match source {
        Source::Local { .. } | Source::Glue(_) | Source::Seeded { .. } => None,
        Source::S3 { endpoint, .. } => endpoint.as_deref(),
        Source::Trino { url, .. } | Source::Postgres { url, .. } => Some(url),
    }
}

/// Keeps a connection that works, and opens it for statements.
///
/// 409 for a taken name, 422 with the first thing that does not work.
pub async fn add(opened: &Opened, settings: &Settings, scope: &Scope, draft: Draft, door: Door) -> Result<(), Problem> {
    let Draft { name, source, secret } = draft;
    free_name(opened, settings, &name).await?;
    passed(check(opened, settings, &name, &source, secret.as_deref(), door, Depth::Needed).await)?;
    let sealed_secret = secret.map(|secret| opened.key.seal(&place(&name), secret.as_bytes()));
    let sealed_secret = sealed_secret.transpose().map_err(Problem::internal)?;
    let new = NewCatalog { name, source: json!(source), sealed_secret };
    opened.store.create_catalog(scope, new).await?;
    opened.register_catalogs(settings).await.map_err(Problem::internal)
}

/// 400 for what is no name, 409 for one that is taken.
async fn free_name(opened: &Opened, settings: &Settings, name: &str) -> Result<(), Problem> {
    let is_name = name.starts_with(|letter: char| letter.is_ascii_lowercase())
        && name.len() <= 63
        && name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    if !is_name {
        return Err(Problem::bad_request("This is no name for a catalog.")
            .with_hint("Up to 63 lower-case letters, digits and underscores, a letter first."));
    }
    let known = catalogs::known(settings, &opened.store).await.map_err(Problem::internal)?;
    if known.contains_key(name) {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "ALREADY_EXISTS",
            format!("There is a catalog {name} already."),
        ));
    }
    Ok(())
}

fn passed(checks: Vec<Check>) -> Result<(), Problem> {
    match checks.into_iter().find(|check| !check.ok) {
        None => Ok(()),
        Some(failed) => {
            let policy = failed.missing.map(|missing| format!("Add to the policy: {}", missing.policy));
            let hints: Vec<String> = failed.hint.into_iter().chain(policy).collect();
            let detail = format!("{}: {}", failed.name, failed.detail);
            let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "CONNECTION_FAILED", detail);
            Err(if hints.is_empty() { problem } else { problem.with_hint(hints.join(" ")) })
        }
    }
}

/// Changes settings or secret, or both: a rotation. The new ones are tried first, and statements that run go on with the
/// old ones.
///
/// 404, 409 for one that is not in the app database, 412 for another version than `expected`, 422 for what does not work.
pub async fn change(
    opened: &Opened,
    settings: &Settings,
    scope: &Scope,
    name: &str,
    expected: Option<i64>,
    change: Change,
    door: Door,
) -> Result<(), Problem> {
    let Proposed { source, secret } = proposed(opened, settings, name, &change).await?;
    passed(check(opened, settings, name, &source, secret.as_deref(), door, Depth::Needed).await)?;
    let sealed_secret = match change.secret {
        None => None,
        Some(None) => Some(None),
        Some(Some(secret)) => Some(Some(opened.key.seal(&place(name), secret.as_bytes()).map_err(Problem::internal)?)),
    };
    let change = CatalogChange { source: change.settings.is_some().then(|| json!(source)), sealed_secret };
    opened.store.update_catalog(scope, name, expected, change).await?;
    opened.register_catalogs(settings).await.map_err(Problem::internal)
}

/// A connection as it would be. No `Debug`: it may hold a secret.
pub struct Proposed {
    pub source: Source,
    pub secret: Option<String>,
}

/// What a change makes of a connection.
pub async fn proposed(opened: &Opened, settings: &Settings, name: &str, change: &Change) -> Result<Proposed, Problem> {
    let Catalog { source: old, has_secret, .. } = kept(opened, settings, name).await?;
    let old: Source = serde_json::from_value(old).map_err(Problem::internal)?;
    let source = match &change.settings {
        None => old.clone(),
        Some(given) => {
            let (kind, mut merged) = fields(&old).map_err(Problem::internal)?;
            merged.extend(given.clone());
            read_source(&kind, &merged)?
        }
    };
    let secret = match &change.secret {
        Some(secret) => secret.clone(),
        None if has_secret => {
            if address_of(&old) != address_of(&source) {
                return Err(Problem::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "SECRET_REQUIRED",
                    "The address changes, so the secret has to be given again.",
                )
                .with_hint("A kept secret is sent to the address it was given for, and nowhere else."));
            }
            catalogs::secret(opened, name).await.map_err(Problem::internal)?
        }
        None => None,
    };
    Ok(Proposed { source, secret })
}

/// A connection as it is, wherever it is written down.
pub async fn as_kept(opened: &Opened, settings: &Settings, name: &str) -> Result<Proposed, Problem> {
    let mut known = catalogs::known(settings, &opened.store).await.map_err(Problem::internal)?;
    let Known { source, has_secret, .. } = known.remove(name).ok_or_else(Problem::not_found)?;
    let secret = if has_secret { catalogs::secret(opened, name).await.map_err(Problem::internal)? } else { None };
    Ok(Proposed { source, secret })
}

/// Forgets a connection; what it leads to stays.
pub async fn remove(
    opened: &Opened,
    settings: &Settings,
    scope: &Scope,
    name: &str,
    expected: Option<i64>,
) -> Result<(), Problem> {
    kept(opened, settings, name).await?;
    opened.store.delete_catalog(scope, name, expected).await?;
    opened.register_catalogs(settings).await.map_err(Problem::internal)
}

/// One of the app database.
async fn kept(opened: &Opened, settings: &Settings, name: &str) -> Result<Catalog, Problem> {
    let elsewhere =
        |detail: String, hint: &str| Err(Problem::new(StatusCode::CONFLICT, "READ_ONLY", detail).with_hint(hint));
    if settings.catalogs.contains_key(name) {
        return elsewhere(format!("{name} stands in the settings file."), "Change it there.");
    }
    match opened.store.catalog(&system("connections"), name).await {
        Ok(catalog) => Ok(catalog),
        Err(StoreError::NotFound(_)) if name == LOCAL && settings.lake().is_dir() => elsewhere(
            format!("{LOCAL} is the folder {} of the server.", settings.lake().display()),
            "Move the folder away to be rid of the catalog.",
        ),
        Err(error) => Err(error.into()),
    }
}

/// Names and what went wrong, of those that could not be opened.
pub type Failures = BTreeMap<String, String>;
