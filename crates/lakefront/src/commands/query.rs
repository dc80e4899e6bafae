//! `lakefront query`: the same road as the API, from the command line.

use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use lakefront_query::{
    EngineChoice, EstimateReport, ExecutionState, Principal, Queries, QueryError, Request, ResultSet,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{print, say};
use crate::app::{self, Opened, system};
use crate::auth::principal;
use crate::config::Settings;
use crate::encode::{self, Options, ResultFormat, Values};

#[derive(clap::Args)]
pub(super) struct Query {
    /// The statement
    #[arg(required_unless_present_any = ["file", "jsonl"])]
    sql: Option<String>,
    /// Read the statement from a file
    #[arg(long, value_name = "FILE", conflicts_with = "sql")]
    file: Option<PathBuf>,
    /// Read {"sql": …} lines from standard input and answer each with a line, in order
    #[arg(long, conflicts_with_all = ["sql", "file", "estimate", "format"])]
    jsonl: bool,
    #[arg(long)]
    catalog: Option<String>,
    #[arg(long)]
    database: Option<String>,
    /// auto, embedded, athena, trino or postgres
    #[arg(long, value_parser = engine, default_value = "auto")]
    engine: EngineChoice,
    /// Run as this user; as the system without it
    #[arg(long, value_name = "EMAIL")]
    user: Option<String>,
    /// `table` by default
    #[arg(long, value_enum)]
    format: Option<OutputFormat>,
    /// Only say what would be read and what it would cost
    #[arg(long)]
    estimate: bool,
    /// NAME=VALUE for a {{NAME}} of the statement; VALUE is JSON, or text
    #[arg(long = "parameter", short = 'p', value_name = "NAME=VALUE", value_parser = parameter)]
    parameters: Vec<(String, Value)>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum OutputFormat {
    Table,
    Json,
    Csv,
    Parquet,
    Arrow,
}

/// Rows that a terminal gets; more are for files.
const TABLE_ROWS: u64 = 1_000;

fn engine(text: &str) -> Result<EngineChoice, String> {
    serde_json::from_value(json!(text)).map_err(|_| "engines are auto, embedded, athena, trino and postgres".to_owned())
}

fn parameter(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| json!(value))))
}

impl Query {
    pub(super) async fn run(self, settings: Settings) -> anyhow::Result<()> {
        let opened = app::open(&settings).await?;
        let answered = self.ask(&opened).await;
        opened.books.close().await;
        answered
    }

    async fn ask(self, opened: &Opened) -> anyhow::Result<()> {
        let principal = self.principal(opened).await?;
        if self.jsonl {
            return self.lines(&opened.queries, principal).await;
        }
        let sql = match (&self.sql, &self.file) {
            (Some(sql), _) => sql.clone(),
            (None, Some(file)) => {
                std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?
            }
            (None, None) => bail!("give a statement, --file or --jsonl"),
        };
        let request = self.request(principal, sql);
        if self.estimate {
            let report = opened.queries.estimate(request).await.map_err(told)?;
            return self.show_estimate(&report);
        }
        let execution = opened.queries.submit(request).await.map_err(told)?;
        if let Ok(status) = execution
            .watch()
            .wait_for(|status| status.state != ExecutionState::Queued || status.approval.is_some())
            .await
            && let Some(approval) = status.approval.as_ref().filter(|_| !status.state.is_final())
        {
            say(format_args!("{} Waiting until an administrator agrees.", approval.reason));
        }
        let result = tokio::select! {
            result = execution.finished() => result.map_err(told)?,
            _ = tokio::signal::ctrl_c() => {
                execution.cancel();
                bail!("cancelled");
            }
        };
        let format = self.format.unwrap_or(OutputFormat::Table);
        tokio::task::spawn_blocking(move || show(&result, format)).await?
    }

    async fn principal(&self, opened: &Opened) -> anyhow::Result<Principal> {
        let Some(email) = &self.user else {
            return Ok(app::system_principal());
        };
        let user = opened
            .store
            .user_by_email(&system("query command"), email)
            .await
            .with_context(|| format!("there is no user {email}"))?;
        if user.disabled {
            bail!("{email} is disabled");
        }
        Ok(principal(&user))
    }

    fn request(&self, principal: Principal, sql: String) -> Request {
        Request {
            catalog: self.catalog.clone(),
            database: self.database.clone(),
            engine: self.engine,
            parameters: self.parameters.iter().cloned().collect(),
            ..Request::new(principal, sql)
        }
    }

    fn show_estimate(&self, report: &EstimateReport) -> anyhow::Result<()> {
        if self.format == Some(OutputFormat::Json) {
            return Ok(print(serde_json::to_string(report)?)?);
        }
        let foreseen = match &report.estimate {
            Some(estimate) => {
                let about = if estimate.exact { "" } else { "about " };
                format!("{about}{} bytes, ${}", estimate.bytes, estimate.usd)
            }
            None => "size unknown before the run".to_owned(),
        };
        print(format_args!("{foreseen}, {}: {}", report.engine, report.route_reason))?;
        for table in &report.tables {
            print(format_args!(
                "  {}.{}.{}: {} bytes, {} of {} files, {} of {} row groups",
                table.catalog,
                table.database,
                table.table,
                table.bytes,
                table.files,
                table.files_total,
                table.row_groups,
                table.row_groups_total
            ))?;
        }
        Ok(())
    }

    async fn lines(&self, queries: &Queries, principal: Principal) -> anyhow::Result<()> {
        let (sender, mut lines) = tokio::sync::mpsc::channel(1);
        std::thread::spawn(move || {
            for line in std::io::stdin().lock().lines() {
                if sender.blocking_send(line).is_err() {
                    break;
                }
            }
        });
        while let Some(line) = lines.recv().await {
            let line = line?;
            if line.trim().is_empty() {
                continue;
            }
            let answer = self.answer(queries, &principal, &line).await;
            let mut out = std::io::stdout().lock();
            writeln!(out, "{answer}")?;
            out.flush()?;
        }
        Ok(())
    }

    async fn answer(&self, queries: &Queries, principal: &Principal, line: &str) -> String {
        let failed = |code: &str, message: &str| json!({"error": code, "message": message}).to_string();
        let question: Question = match serde_json::from_str(line) {
            Ok(question) => question,
            Err(error) => return failed("INVALID_JSON", &error.to_string()),
        };
        let mut request = self.request(principal.clone(), question.sql);
        request.parameters.extend(question.parameters);
        let run = async {
            let execution = queries.submit(request).await?;
            execution.finished().await
        };
        match run.await {
            Ok(result) => tokio::task::spawn_blocking(move || document(&result))
                .await
                .map_err(anyhow::Error::from)
                .and_then(|document| document)
                .unwrap_or_else(|error| failed("INTERNAL", &error.to_string())),
            Err(error) => failed(error.code, &error.message),
        }
    }
}

#[derive(Deserialize)]
struct Question {
    sql: String,
    #[serde(default)]
    parameters: Map<String, Value>,
}

fn document(result: &ResultSet) -> anyhow::Result<String> {
    let columns = serde_json::to_string(&result.columns())?;
    let rows = encode::row_lists(result, Options::default())?;
    let cut = if result.truncated() { ",\"truncated\":true" } else { "" };
    Ok(format!("{{\"columns\":{columns},\"rows\":{rows}{cut}}}"))
}

fn show(result: &Arc<ResultSet>, format: OutputFormat) -> anyhow::Result<()> {
    if result.truncated() {
        say("The result was cut at the configured limit.");
    }
    let format = match format {
        OutputFormat::Table => return table(result),
        OutputFormat::Json => ResultFormat::Json,
        OutputFormat::Csv => ResultFormat::Csv,
        OutputFormat::Parquet => ResultFormat::Parquet,
        OutputFormat::Arrow => ResultFormat::Arrow,
    };
    let mut out = std::io::BufWriter::new(std::io::stdout());
    encode::write(result, format, Options::default(), &mut out)?;
    if format == ResultFormat::Json {
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

fn table(result: &ResultSet) -> anyhow::Result<()> {
    let columns = result.columns();
    let mut lines: Vec<Vec<String>> = vec![columns.iter().map(|column| column.name.clone()).collect()];
    for batch in result.batches(0, Some(TABLE_ROWS)) {
        let batch = batch?;
        let values: Vec<Values<'_>> = batch.columns().iter().map(|column| Values::new(column)).collect();
        for row in 0..batch.num_rows() {
            lines.push(values.iter().map(|values| cell(values, row)).collect());
        }
    }
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let is_number: Vec<bool> =
        columns.iter().map(|column| NUMBERS.iter().any(|kind| column.r#type.starts_with(kind))).collect();
    let mut out = std::io::BufWriter::new(std::io::stdout());
    for (index, line) in lines.iter().enumerate() {
        let cells: Vec<String> = line
            .iter()
            .zip(&widths)
            .zip(&is_number)
            .map(|((text, width), number)| if *number { format!("{text:>width$}") } else { format!("{text:<width$}") })
            .collect();
        writeln!(out, "{}", cells.join("  ").trim_end())?;
        if index == 0 {
            writeln!(out, "{}", widths.iter().map(|width| "─".repeat(*width)).collect::<Vec<_>>().join("  "))?;
        }
    }
    out.flush()?;
    match result.rows() {
        1 => say("1 row"),
        rows if rows > TABLE_ROWS => say(format_args!("{rows} rows, {TABLE_ROWS} shown; --format csv writes all")),
        rows => say(format_args!("{rows} rows")),
    }
    Ok(())
}

const NUMBERS: [&str; 7] = ["tinyint", "smallint", "integer", "bigint", "real", "double", "decimal"];

fn cell(values: &Values<'_>, row: usize) -> String {
    if values.is_null(row) {
        return "NULL".to_owned();
    }
    let mut text = Vec::new();
    values.text(row, &mut text);
    // Control characters would move the terminal's cursor.
    String::from_utf8_lossy(&text).chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

pub(super) fn told(error: QueryError) -> anyhow::Error {
    let place = error
        .position
        .map_or(String::new(), |position| format!(" (line {}, column {})", position.line, position.column));
    let hint = error.hint.map_or(String::new(), |hint| format!(" {hint}"));
    anyhow::anyhow!("{}: {}{place}{hint}", error.code, error.message)
}
