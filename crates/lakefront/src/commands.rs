//! The command line. Data goes to standard output, words for people to standard error; exit codes are 0 done,
//! 1 failed, 2 wrong usage.

mod aws_flags;
mod catalog;
mod demo;
mod doctor;
mod migrate;
mod openapi;
mod query;
mod sample;
mod seed;
mod serve;
mod setup;
mod token;
mod user;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use lakefront_store::{Scope, Store, User};

use crate::config::{self, Flags, LogFormat, Settings};
use crate::encode::EncodeError;

#[derive(Parser)]
#[command(name = "lakefront", version, about = "From files in a lake to dashboards.", after_help = MANUAL)]
struct CommandLine {
    #[command(flatten)]
    general: General,
    #[command(subcommand)]
    command: Command,
}

const MANUAL: &str = "Every setting may come from lakefront.toml, the environment (LAKEFRONT_…, DATABASE_URL) or flags; docs/configuration.md lists them.";

#[derive(clap::Args)]
struct General {
    /// Everything the server keeps
    #[arg(long, global = true, value_name = "DIR", env = "LAKEFRONT_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// Settings file; ./lakefront.toml is read if it is there
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Answer yes to every question
    #[arg(long, global = true)]
    yes: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the UI and the API
    Serve(serve::Serve),
    /// Serve with a sample lake and its dashboard
    Demo(demo::Demo),
    /// Run SQL
    Query(query::Query),
    /// Write sample data
    #[command(subcommand)]
    Sample(sample::Sample),
    /// From a CSV to a lake in the cloud
    #[command(subcommand)]
    Setup(setup::SetupCommand),
    /// Load a CSV file into the app database, as a table to query
    Seed(seed::Seed),
    /// Catalogs: which lakes there are
    #[command(subcommand)]
    Catalog(catalog::CatalogCommand),
    /// People
    #[command(subcommand)]
    User(user::UserCommand),
    /// API tokens
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Bring the app database to this version
    Migrate,
    /// Check that everything the server needs is there
    Doctor(doctor::Doctor),
    /// Print the API's OpenAPI document
    Openapi,
}

pub fn run() -> ExitCode {
    // Clap ends the process itself: 2 for wrong usage, 0 for help.
    let line = CommandLine::parse();
    match execute(line) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has enough: `lakefront query … | head`.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            say(format_args!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn execute(line: CommandLine) -> anyhow::Result<()> {
    let General { data_dir, config, yes } = line.general;
    let mut flags = Flags { config, data_dir, ..Flags::default() };
    let settings = |flags: &Flags| Settings::load(flags);
    match line.command {
        Command::Serve(serve) => {
            serve.flags(&mut flags);
            let settings = settings(&flags)?;
            runtime()?.block_on(serve.run(logged(settings)))
        }
        Command::Demo(demo) => {
            demo.flags(&mut flags);
            let settings = settings(&flags)?;
            runtime()?.block_on(demo.run(logged(settings)))
        }
        Command::Query(query) => runtime()?.block_on(query.run(quiet(settings(&flags)?))),
        Command::Sample(sample) => sample.run(),
        Command::Setup(setup) => runtime()?.block_on(setup.run(quiet(settings(&flags)?), yes)),
        Command::Seed(seed) => runtime()?.block_on(seed.run(quiet(settings(&flags)?), yes)),
        Command::Catalog(catalog) => runtime()?.block_on(catalog.run(quiet(settings(&flags)?), yes)),
        Command::User(user) => runtime()?.block_on(user.run(quiet(settings(&flags)?), yes)),
        Command::Token(token) => runtime()?.block_on(token.run(quiet(settings(&flags)?))),
        Command::Migrate => runtime()?.block_on(migrate::run(quiet(settings(&flags)?))),
        // It tells itself what goes wrong.
        Command::Doctor(doctor) => {
            start_log("error", LogFormat::Text);
            runtime()?.block_on(doctor.run(settings(&flags)?))
        }
        Command::Openapi => openapi::run(),
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("lakefront")
        .max_blocking_threads(128)
        .build()?)
}

/// A server tells what it does.
fn logged(settings: Settings) -> Settings {
    start_log(&settings.log.level, settings.log.format);
    warn_of_misspelt();
    settings
}

/// A command tells only what goes wrong.
fn quiet(settings: Settings) -> Settings {
    start_log("warn", LogFormat::Text);
    warn_of_misspelt();
    settings
}

fn warn_of_misspelt() {
    for (name, near) in config::misspelt(config::variables()) {
        tracing::warn!("the variable {name} sets nothing; did you mean {near}?");
    }
}

fn start_log(level: &str, format: LogFormat) {
    let filter =
        tracing_subscriber::EnvFilter::try_new(level).unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    // With standard error closed nobody listens.
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).log_internal_errors(false);
    match format {
        LogFormat::Text => {
            log.with_target(false).with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init()
        }
        LogFormat::Json => log.json().init(),
    }
    std::panic::set_hook(Box::new(|panic| tracing::error!(target: "lakefront::panic", "{panic}")));
}

/// Tells a person something.
fn say(text: impl std::fmt::Display) {
    // With standard error closed nobody listens.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// One line of data.
fn print(text: impl std::fmt::Display) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{text}")
}

/// Who an address belongs to.
async fn person(store: &Store, scope: &Scope, email: &str) -> anyhow::Result<User> {
    store.user_by_email(scope, email).await.with_context(|| format!("there is no user {email}"))
}

/// Cells of one line of data: names that people gave may hold what would begin another.
fn row(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace(char::is_control, " ")).collect();
    cells.join("\t")
}

/// A secret from the environment, where no list of processes shows it.
fn given(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|secret| !secret.is_empty())
}

fn needed(variable: &str) -> anyhow::Result<String> {
    given(variable).ok_or_else(|| anyhow::anyhow!("put the secret in {variable}"))
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let written = |cause: &&(dyn std::error::Error + 'static)| match cause.downcast_ref() {
        Some(EncodeError::Io(error)) => error.kind() == std::io::ErrorKind::BrokenPipe,
        _ => cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe),
    };
    error.chain().any(|cause| written(&cause))
}

/// Asks before something that can't be taken back. `--yes` answers; without a terminal the answer is no.
fn confirmed(question: &str, yes: bool) -> anyhow::Result<bool> {
    use std::io::IsTerminal;
    if yes {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() {
        anyhow::bail!("{question} Say --yes to do it.");
    }
    say(format_args!("{question} [y/N]"));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// A problem in the words of the command line.
fn told(problem: crate::error::Problem) -> anyhow::Error {
    match problem.hint {
        Some(hint) => anyhow::anyhow!("{} {hint}", problem.detail),
        None => anyhow::anyhow!(problem.detail),
    }
}
