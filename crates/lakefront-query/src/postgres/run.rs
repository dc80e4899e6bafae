//! One statement in PostgreSQL, from BEGIN to its last row.
//!
//! A task reads the rows and hands batches over, a few ahead of the reader; when nobody reads, it reads no more, and the
//! server waits. It is also the one who cancels, so that a reader can simply go away.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use fallible_iterator::FallibleIterator;
use lakefront_engine::{Literal, Progress, Statistics, Written};
use postgres_protocol::IsNull;
use postgres_protocol::message::backend::{Message, RowDescriptionBody};
use postgres_protocol::message::frontend;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::failure;
use super::pool::{Lease, Pool};
use super::types::{Kind, PgType};
use super::values::Rows;
use super::wire::{Connection, Fault, surprise};
use crate::QueryError;
use crate::execution::{cancelled, timed_out};
use crate::handover::{self, Giver, Taker};
use crate::quote;

/// Rows asked for at a time, where there are many.
const ROWS: i32 = 10_000;
/// Connections that may break before the statement has begun.
const ATTEMPTS: u32 = 3;
/// For the ROLLBACK that ends every transaction here.
const ENDING: Duration = Duration::from_secs(3);
/// How long a statement waits for somebody who changes a table.
const LOCK_WAIT: &str = "10s";
const EXPLAIN: &str = "EXPLAIN (FORMAT JSON) ";

/// A statement that runs in PostgreSQL. Dropping it cancels the statement there.
pub struct PostgresRun {
    schema: SchemaRef,
    taker: Taker,
}

impl PostgresRun {
    pub(super) async fn start(
        pool: Arc<Pool>,
        sql: String,
        parameters: Vec<Literal>,
        deadline: Instant,
    ) -> Result<Self, QueryError> {
        let (schema, taker) = handover::start("a PostgreSQL statement", |giver, stop| {
            let began = Instant::now();
            let reader = Reader { pool, lease: None, busy: false, rows: 0, rows_expected: 0, began, giver };
            reader.run(sql, parameters, deadline, stop)
        })
        .await?;
        Ok(Self { schema, taker })
    }

    /// The columns. A field whose type is not the one its Arrow type stands for has Trino's name of it in its metadata
    /// as `trino_type`.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The next rows: at most 8,192, and about a megabyte. `None` after the last ones; nothing follows an error.
    pub async fn next(&mut self) -> Option<Result<RecordBatch, QueryError>> {
        self.taker.next().await
    }

    /// Rows received, and their share of those that the planner expects.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.taker.progress()
    }

    /// Complete once there is no next batch. PostgreSQL does not tell how many bytes it read.
    pub fn statistics(&self) -> Statistics {
        self.taker.statistics()
    }
}

impl fmt::Debug for PostgresRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresRun").finish_non_exhaustive()
    }
}

/// A parameter in the protocol's text form; the type 0 lets the server infer it, as it does for a quoted literal.
struct Parameter {
    oid: u32,
    text: Option<String>,
}

const TEXT: u32 = 25;

impl From<Literal> for Parameter {
    fn from(literal: Literal) -> Self {
        let (oid, text) = match literal {
            Literal::Null => return Self { oid: 0, text: None },
            Literal::Boolean(value) => (16, value.to_string()),
            // As for a number in the text.
            Literal::BigInt(value) => (if i32::try_from(value).is_ok() { 23 } else { 20 }, value.to_string()),
            Literal::Double(value) if value.is_finite() => (1700, format!("{value:e}")),
            Literal::Double(value) => (701, if value.is_nan() { "NaN".to_owned() } else { format!("{value}inity") }),
            Literal::Varchar(value) => (0, value),
            Literal::Date(value) => (1082, value),
            Literal::Timestamp(value) => (1114, value),
            Literal::Written(Written { type_name, text, .. }) => match text {
                Some(text) => (oid_of(&type_name), text),
                None => return Self { oid: 0, text: None },
            },
        };
        Self { oid, text: Some(text) }
    }
}

/// PostgreSQL's type for what Trino calls so; 0 where the server is to say, as of a text.
fn oid_of(type_name: &str) -> u32 {
    let is_zoned = type_name.ends_with("with time zone");
    match type_name.split_once('(').map_or(type_name, |(base, _)| base) {
        "boolean" => 16,
        "varbinary" => 17,
        "bigint" => 20,
        "tinyint" | "smallint" => 21,
        "integer" => 23,
        "json" => 114,
        "real" => 700,
        "double" => 701,
        "ipaddress" => 869,
        "date" => 1082,
        "time" => {
            if is_zoned {
                1266
            } else {
                1083
            }
        }
        "timestamp" => {
            if is_zoned {
                1184
            } else {
                1114
            }
        }
        "interval day to second" | "interval year to month" => 1186,
        "decimal" => 1700,
        "uuid" => 2950,
        _ => 0,
    }
}

struct Reader {
    pool: Arc<Pool>,
    lease: Option<Lease>,
    /// The server has something to do, or something on its way here.
    busy: bool,
    rows: u64,
    rows_expected: u64,
    began: Instant,
    giver: Giver<SchemaRef>,
}

impl Reader {
    async fn run(mut self, sql: String, parameters: Vec<Literal>, deadline: Instant, stop: CancellationToken) {
        let limit = deadline.saturating_duration_since(Instant::now());
        let parameters = parameters.into_iter().map(Parameter::from).collect();
        let end = tokio::select! {
            biased;
            () = stop.cancelled() => Err(cancelled()),
            () = tokio::time::sleep_until(deadline.into()) => Err(timed_out(limit)),
            end = self.read(&sql, parameters, deadline) => end,
        };
        let lease = self.lease.take();
        let (pool, busy) = (self.pool.clone(), self.busy);
        let ending = async {
            if let Some(lease) = lease {
                end_transaction(&pool, lease, busy).await;
            }
        };
        tokio::join!(ending, self.giver.end(&end));
    }

    async fn read(&mut self, sql: &str, parameters: Vec<Parameter>, deadline: Instant) -> Result<(), QueryError> {
        let columns = self.prepare(sql, parameters, deadline).await?;
        let mut rows = Rows::new(columns);
        self.open(&rows);
        match self.rows(&mut rows, sql).await? {
            Ok(()) => {}
            Err(fault) => {
                let address = self.pool.address();
                if matches!(fault, Fault::Server(_)) {
                    self.busy = connection(&mut self.lease)?.ready().await.is_err();
                }
                return Err(failure::told(fault, &address, sql));
            }
        }
        for batch in rows.finish()? {
            self.open(&rows);
            self.giver.hand_over(batch).await?;
        }
        self.open(&rows);
        self.report(true);
        Ok(())
    }

    /// Begins the transaction and has the statement planned: its columns. Until then nothing has happened, so it is
    /// tried again on another connection where one breaks.
    async fn prepare(
        &mut self,
        sql: &str,
        mut parameters: Vec<Parameter>,
        deadline: Instant,
    ) -> Result<Vec<(String, Kind)>, QueryError> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let lease = self.pool.lease().await?;
            let used = lease.used;
            let connection = &mut self.lease.insert(lease).connection;
            self.busy = true;
            self.began = Instant::now();
            let fault = match planned(connection, sql, &parameters, (self.pool.role(), deadline)).await {
                Ok(plan) => {
                    self.rows_expected = plan.rows;
                    let formats = plan.columns.iter().map(|(_, kind)| i16::from(!kind.as_text()));
                    bind(connection, &parameters, formats).map_err(QueryError::internal)?;
                    return Ok(plan.columns);
                }
                Err(fault) => fault,
            };
            let is_lost = fault.may_pass();
            if !is_lost && matches!(fault, Fault::Server(_)) {
                self.busy = false;
            }
            let untyped = parameters.iter_mut().filter(|parameter| parameter.oid == 0);
            if is_lost && (used || attempts < ATTEMPTS) {
                if let Some(lease) = self.lease.take() {
                    self.pool.abandon(lease, false).await;
                }
            } else if is_untyped(&fault) && untyped.map(|parameter| parameter.oid = TEXT).count() > 0 {
                if let Some(lease) = self.lease.take() {
                    end_transaction(&self.pool, lease, false).await;
                }
            } else {
                return Err(failure::told(fault, &self.pool.address(), sql));
            }
        }
    }

    /// Pulls the rows through the portal.
    async fn rows(&mut self, rows: &mut Rows, sql: &str) -> Result<Result<(), Fault>, QueryError> {
        // A portal that is read in parts runs without parallel workers: worth it only where there are many rows.
        let part = if self.rows_expected > ROWS as u64 { ROWS } else { 0 };
        loop {
            let connection = connection(&mut self.lease)?;
            if let Err(error) = frontend::execute("", part, &mut connection.outbox) {
                return Ok(Err(error.into()));
            }
            frontend::sync(&mut connection.outbox);
            self.busy = true;
            if let Err(fault) = connection.send().await {
                return Ok(Err(fault));
            }
            let more = loop {
                let message = match self::connection(&mut self.lease)?.receive().await {
                    Ok(message) => message,
                    Err(fault) => return Ok(Err(fault)),
                };
                match message {
                    Message::BindComplete => {}
                    Message::DataRow(row) => {
                        self.rows += 1;
                        for batch in rows.push(row)? {
                            self.open(rows);
                            self.report(false);
                            self.giver.hand_over(batch).await?;
                        }
                    }
                    Message::PortalSuspended => break true,
                    Message::CommandComplete(_) | Message::EmptyQueryResponse => break false,
                    _ => {
                        tracing::error!(sql, "PostgreSQL answers a statement with something else than rows");
                        return Ok(Err(surprise()));
                    }
                }
            };
            if let Err(fault) = self::connection(&mut self.lease)?.ready().await {
                return Ok(Err(fault));
            }
            self.busy = false;
            if !more {
                return Ok(Ok(()));
            }
        }
    }

    fn open(&mut self, rows: &Rows) {
        if let Some(schema) = rows.schema() {
            self.giver.open(|| schema.clone());
        }
    }

    fn report(&self, ended: bool) {
        let expected = self.rows_expected.max(self.rows) as f64;
        let fraction = if ended { 1.0 } else { (self.rows as f64 / expected).min(0.99) };
        self.giver.progress.send_replace(Progress { scanned_bytes: 0, rows: self.rows, fraction });
        self.giver.statistics.send_replace(Statistics {
            scanned_bytes: 0,
            rows: self.rows,
            engine_ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            truncated: false,
        });
    }
}

fn connection(lease: &mut Option<Lease>) -> Result<&mut Connection, QueryError> {
    lease.as_mut().map(|lease| &mut lease.connection).ok_or_else(|| QueryError::internal("a run without a connection"))
}

/// Whether the server could not tell the type of a parameter.
fn is_untyped(fault: &Fault) -> bool {
    matches!(fault, Fault::Server(error) if error.code == "42P18")
}

async fn end_transaction(pool: &Arc<Pool>, mut lease: Lease, busy: bool) {
    if busy {
        return pool.abandon(lease, true).await;
    }
    let connection = &mut lease.connection;
    let rolled_back = async {
        frontend::query("ROLLBACK", &mut connection.outbox)?;
        connection.send().await?;
        connection.ready().await
    };
    match tokio::time::timeout(ENDING, rolled_back).await {
        Ok(Ok(false)) => pool.give_back(lease),
        _ => pool.abandon(lease, false).await,
    }
}

struct Plan {
    columns: Vec<(String, Kind)>,
    /// As the planner expects.
    rows: u64,
}

/// BEGIN, settings, EXPLAIN, and the statement's columns, in one round trip. Only statements without a name are used:
/// a pooler may know no others.
async fn planned(
    connection: &mut Connection,
    sql: &str,
    parameters: &[Parameter],
    (role, deadline): (Option<&str>, Instant),
) -> Result<Plan, Fault> {
    let types = || parameters.iter().map(|parameter| parameter.oid);
    frontend::query(&opening(role, deadline), &mut connection.outbox)?;
    frontend::parse("", &format!("{EXPLAIN}{sql}"), types(), &mut connection.outbox)?;
    bind(connection, parameters, [0])?;
    frontend::execute("", 0, &mut connection.outbox)?;
    frontend::parse("", sql, types(), &mut connection.outbox)?;
    frontend::describe(b'S', "", &mut connection.outbox)?;
    frontend::sync(&mut connection.outbox);
    connection.send().await?;

    connection.ready().await?;
    let mut plan = Plan { columns: Vec::new(), rows: 0 };
    let mut explained = false;
    loop {
        match connection.receive().await {
            Ok(Message::DataRow(row)) => {
                let text = row.ranges().next()?.flatten().and_then(|range| row.buffer().get(range));
                plan.rows = text.and_then(rows_of_plan).unwrap_or_default();
            }
            Ok(Message::CommandComplete(_)) => explained = true,
            Ok(Message::RowDescription(body)) => plan.columns = columns(&body)?,
            Ok(Message::ReadyForQuery(_)) => return Ok(plan),
            Ok(Message::ParseComplete | Message::BindComplete | Message::ParameterDescription(_)) => {}
            // It would have written, or set something; nothing of the kind has been let through.
            Ok(_) => return Err(surprise()),
            Err(Fault::Server(mut error)) => {
                if !explained {
                    error.position = error.position.map(|position| position.saturating_sub(EXPLAIN.len() as u64));
                }
                return match connection.ready().await {
                    Ok(_) | Err(Fault::Server(_)) => Err(Fault::Server(error)),
                    // What it said last matters more than that it is gone.
                    Err(_) => Err(Fault::Server(error)),
                };
            }
            Err(fault) => return Err(fault),
        }
    }
}

/// Nothing of the session is relied on, and nothing of this is left when the transaction is over. Names without a schema
/// are those of PostgreSQL itself, and those of extensions in schemas where not everybody may put a function of the same
/// name (<https://wiki.postgresql.org/wiki/A_Guide_to_CVE-2018-1058>).
fn opening(role: Option<&str>, deadline: Instant) -> String {
    let left = deadline.saturating_duration_since(Instant::now()).as_millis().max(1);
    let left = left.min(i32::MAX as u128 / 2);
    // A statement ends here by being cancelled, which has a reason to tell; the server's own limits are for the case
    // that nobody is here any more.
    let (statement, idle) = (left + 2_000, left + 10_000);
    let role = role.map(|role| format!("SET LOCAL ROLE {};", quote::name(role))).unwrap_or_default();
    format!(
        "BEGIN READ ONLY; {role} \
         SET LOCAL search_path = ''; \
         SET LOCAL statement_timeout = {statement}; \
         SET LOCAL idle_in_transaction_session_timeout = {idle}; \
         SET LOCAL lock_timeout = '{LOCK_WAIT}'; \
         SET LOCAL timezone = 'UTC'; \
         SET LOCAL datestyle = 'ISO, MDY'; \
         SET LOCAL intervalstyle = 'postgres'; \
         SET LOCAL extra_float_digits = 1; \
         SET LOCAL bytea_output = 'hex'; \
         SET LOCAL standard_conforming_strings = on; \
         SELECT pg_catalog.set_config(name, '5s', true) FROM pg_catalog.pg_settings \
         WHERE name = 'client_connection_check_interval' AND pg_catalog.version() LIKE '%linux%'; \
         SELECT pg_catalog.set_config('search_path', coalesce( \
         (SELECT pg_catalog.string_agg(DISTINCT pg_catalog.quote_ident(n.nspname), ', ') \
         FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace \
         WHERE n.nspname <> 'pg_catalog' AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') \
         AND NOT pg_catalog.has_schema_privilege('public', n.oid, 'CREATE')), ''), true)"
    )
}

fn bind(
    connection: &mut Connection,
    parameters: &[Parameter],
    formats: impl IntoIterator<Item = i16>,
) -> std::io::Result<()> {
    let write = |parameter: &Parameter, out: &mut bytes::BytesMut| match &parameter.text {
        Some(text) => {
            out.extend_from_slice(text.as_bytes());
            Ok(IsNull::No)
        }
        None => Ok(IsNull::Yes),
    };
    frontend::bind("", "", [], parameters, write, formats, &mut connection.outbox).map_err(|error| match error {
        frontend::BindError::Conversion(error) => std::io::Error::other(error),
        frontend::BindError::Serialization(error) => error,
    })
}

fn columns(body: &RowDescriptionBody) -> std::io::Result<Vec<(String, Kind)>> {
    let column = |field: postgres_protocol::message::backend::Field<'_>| {
        let pg_type = PgType { oid: field.type_oid(), modifier: field.type_modifier() };
        Ok((field.name().to_owned(), pg_type.kind()))
    };
    body.fields().map(column).collect()
}

/// Of an EXPLAIN in JSON.
fn rows_of_plan(text: &[u8]) -> Option<u64> {
    let plan: serde_json::Value = serde_json::from_slice(text).ok()?;
    plan.get(0)?.get("Plan")?.get("Plan Rows")?.as_f64().map(|rows| rows as u64)
}
