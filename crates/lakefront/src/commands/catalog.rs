//! `lakefront catalog`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, bail};
use axum::http::StatusCode;
use lakefront_query::EngineChoice;
use lakefront_query::postgres::{PostgresClient, PostgresConfig, PostgresPassword, without_password};
use lakefront_query::trino::TrinoClient;

use super::aws_flags::{AwsFlags, aws_secret};
use super::query::told;
use super::{confirmed, given, needed, print, say, told as refused};
use crate::app::{self, system};
use crate::catalogs::{Glue, Source, TrinoSecret, absolute, trino};
use crate::config::Settings;
use crate::connections::{self, AwsIdentity, Change, Door, Draft};

#[derive(clap::Subcommand)]
pub(super) enum CatalogCommand {
    /// Add a lake or another system's catalog
    Add(Box<Add>),
    /// List catalogs
    List,
    /// Look for new files
    Refresh { name: Option<String> },
    /// Put a new secret in the place of the old one, once it has been tried. It is read from where `add` reads it
    RotateSecret { name: String },
    /// Let the Athena workgroup of a Glue catalog end what reads more than one run may read here, whoever runs it
    LimitWorkgroup { name: String },
    /// Forget a catalog; its files stay
    Remove { name: String },
}

#[derive(clap::Args)]
#[command(group(clap::ArgGroup::new("place").required(true)))]
pub(super) struct Add {
    name: String,
    /// A folder: root/database/table/ or root/database/table.parquet
    #[arg(long, value_name = "DIR", group = "place")]
    path: Option<PathBuf>,
    /// A bucket or a prefix of one: s3://bucket/prefix
    #[arg(long, value_name = "URI", group = "place")]
    s3: Option<String>,
    #[command(flatten)]
    other: OtherSystem,
    /// The Glue catalog of a region: its tables, run on Athena or, where that is exact and cheap, here
    #[arg(long, value_name = "REGION", group = "place")]
    glue: Option<String>,
    #[command(flatten)]
    athena: GlueFlags,
    #[arg(long, requires = "s3")]
    region: Option<String>,
    /// The queue of SQS that tells of new files: https://sqs.REGION.amazonaws.com/ACCOUNT/NAME
    #[arg(long, value_name = "URL")]
    events_queue: Option<String>,
    /// For S3-compatible stores
    #[arg(long, requires = "s3", value_name = "URL")]
    endpoint: Option<String>,
    #[command(flatten)]
    aws: AwsFlags,
}

/// How Athena is asked.
#[derive(clap::Args)]
pub(super) struct GlueFlags {
    /// The workgroup that statements run in; primary if not said
    #[arg(long, requires = "glue", value_name = "NAME")]
    athena_workgroup: Option<String>,
    /// Where Athena writes results, unless the workgroup says it: s3://bucket/prefix/
    #[arg(long, requires = "glue", value_name = "URI")]
    output: Option<String>,
    /// Another account's Glue catalog, by its number; with --athena-catalog
    #[arg(long, requires = "athena_catalog", value_name = "ID")]
    catalog_id: Option<String>,
    /// What Athena calls the catalog; AwsDataCatalog if not said
    #[arg(long, requires = "glue", value_name = "NAME")]
    athena_catalog: Option<String>,
    /// Let Athena answer with a result of its own that is no older
    #[arg(long, requires = "glue", value_name = "MINUTES")]
    result_reuse: Option<u32>,
    /// Who runs statements: auto, embedded or athena
    #[arg(long, requires = "glue", value_name = "ENGINE", value_parser = engine)]
    engine: Option<EngineChoice>,
    /// What reads more goes to Athena
    #[arg(long, requires = "glue", value_name = "BYTES")]
    embedded_max_bytes: Option<u64>,
    /// Large results of what reads so much are written as Parquet (UNLOAD); needs s3:DeleteObject to tidy up
    #[arg(long, requires = "glue", value_name = "BYTES")]
    unload_min_bytes: Option<u64>,
    /// What Athena's scanned terabyte costs, instead of the region's list price
    #[arg(long, requires = "glue", value_name = "USD")]
    price_per_tb_usd: Option<f64>,
}

impl GlueFlags {
    fn source(self, region: String, events_queue_url: Option<String>, aws: AwsIdentity) -> Glue {
        Glue {
            region,
            events_queue_url,
            workgroup: self.athena_workgroup,
            output: self.output,
            profile: aws.profile,
            access_key_id: aws.access_key_id,
            web_identity: aws.web_identity,
            role_arn: aws.role_arn,
            external_id: aws.external_id,
            session_name: aws.session_name,
            per_person: aws.per_person,
            catalog_id: self.catalog_id,
            athena_catalog: self.athena_catalog,
            result_reuse: self.result_reuse,
            engine: self.engine,
            embedded_max_bytes: self.embedded_max_bytes,
            groups: BTreeMap::new(),
            unload_min_bytes: self.unload_min_bytes,
            price_per_tb_usd: self.price_per_tb_usd,
        }
    }
}

fn engine(text: &str) -> Result<EngineChoice, String> {
    match text {
        "auto" => Ok(EngineChoice::Auto),
        "embedded" => Ok(EngineChoice::Embedded),
        "athena" => Ok(EngineChoice::Athena),
        other => Err(format!("`{other}` is none of auto, embedded and athena")),
    }
}

/// A system that keeps tables and runs what reads them.
#[derive(clap::Args)]
pub(super) struct OtherSystem {
    /// A catalog of a Trino, which runs what reads it: http(s)://[user@]host[:port]/catalog. A password is read from
    /// TRINO_PASSWORD, a token (JWT) from TRINO_TOKEN
    #[arg(long, value_name = "URL", group = "place")]
    trino: Option<String>,
    /// A PostgreSQL database, which runs what reads it: postgres://user@host[:port]/database. The password is read
    /// from POSTGRES_PASSWORD or the address, and is kept apart from it
    #[arg(long, value_name = "URL", group = "place")]
    postgres: Option<String>,
    /// Certificates (PEM) to trust for the Trino or PostgreSQL besides the machine's
    #[arg(long, conflicts_with_all = ["path", "s3", "glue"], value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Set a session property for every statement on the Trino; with nothing after the = it is not sent, even if it
    /// is one that Lakefront sets (query_max_run_time). Several times for several
    #[arg(long, requires = "trino", value_name = "PROPERTY=VALUE", value_parser = property)]
    session: Vec<(String, String)>,
}

impl CatalogCommand {
    pub(super) async fn run(self, settings: Settings, yes: bool) -> anyhow::Result<()> {
        let opened = app::open(&settings).await?;
        let scope = system("catalog command");
        let catalogs = opened.queries.catalogs();
        match self {
            Self::Add(add) => {
                let Add { name, path, s3, other, glue, athena, region, endpoint, events_queue, aws } = *add;
                let OtherSystem { trino, postgres, ca, session } = other;
                let aws = AwsIdentity::from(aws);
                if aws != AwsIdentity::default() && s3.is_none() && glue.is_none() {
                    bail!("credentials of AWS go with --s3 and --glue");
                }
                if events_queue.is_some() && s3.is_none() && glue.is_none() {
                    bail!("a queue of events goes with --s3 and --glue");
                }
                let key_secret = aws.access_key_id.is_some().then(aws_secret).transpose()?;
                let (source, secret) = match (path, s3, trino, glue, postgres) {
                    (Some(path), ..) => match std::fs::canonicalize(&path) {
                        Ok(path) if path.is_dir() => (Source::Local { path: absolute(&path)? }, None),
                        _ => bail!("{} is no folder", path.display()),
                    },
                    (_, Some(uri), ..) => {
                        (Source::S3 { uri, region, endpoint, events_queue_url: events_queue, aws }, key_secret)
                    }
                    (_, _, Some(url), ..) => trino_source(url, ca, session.into_iter().collect())?,
                    (_, _, _, Some(region), _) => (Source::Glue(athena.source(region, events_queue, aws)), key_secret),
                    (.., Some(url)) => postgres_source(&url, ca)?,
                    (None, None, None, None, None) => bail!("give --path, --s3, --trino, --glue or --postgres"),
                };
                let draft = Draft { name: name.clone(), source, secret };
                let added = connections::add(&opened, &settings, &scope, draft, Door::Command).await;
                added.map_err(|problem| refused(problem).context(format!("{name} is not added")))?;
                let report = catalogs.refresh(&name, None).await.map_err(told)?;
                say(format_args!("Added {name}: {}.", report.extent()));
            }
            Self::RotateSecret { name } => {
                let kept = connections::as_kept(&opened, &settings, &name).await;
                let kept = kept.map_err(|_| anyhow::anyhow!("there is no catalog {name}"))?;
                let secret = match &kept.source {
                    Source::S3 { aws, .. } if aws.access_key_id.is_some() => aws_secret()?,
                    Source::Glue(glue) if glue.access_key_id.is_some() => aws_secret()?,
                    Source::Trino { secret: Some(TrinoSecret::Password), .. } => needed("TRINO_PASSWORD")?,
                    Source::Trino { secret: Some(TrinoSecret::Token), .. } => needed("TRINO_TOKEN")?,
                    Source::Postgres { .. } => needed("POSTGRES_PASSWORD")?,
                    _ => bail!("{name} has no secret of its own"),
                };
                let change = Change { secret: Some(Some(secret)), settings: None };
                let changed = connections::change(&opened, &settings, &scope, &name, None, change, Door::Command).await;
                changed.map_err(|problem| refused(problem).context(format!("{name} keeps its old secret")))?;
                say(format_args!("{name} has a new secret; a running server takes it over within 15 seconds."));
            }
            Self::List => {
                // A catalog counts its tables once its first listing is there; one that can't be listed shows none.
                for name in catalogs.names() {
                    let _ = catalogs.databases(&name).await;
                }
                for catalog in catalogs.list() {
                    let state = match &catalog.error {
                        Some(error) => format!("{} tables\t{}", catalog.tables, error.message),
                        None => format!("{} tables", catalog.tables),
                    };
                    print(format_args!("{}\t{}\t{}\t{state}", catalog.name, catalog.kind, catalog.location))?;
                }
            }
            Self::Refresh { name } => {
                let all = || catalogs.list().into_iter().map(|catalog| catalog.name).collect();
                let mut failed = Vec::new();
                for name in name.map_or_else(all, |name| vec![name]) {
                    match catalogs.refresh(&name, None).await {
                        Ok(report) => say(format_args!("{name}: {}.", report.extent())),
                        // The others are looked at all the same.
                        Err(error) => failed.push(format!("{name}: {}", told(error))),
                    }
                }
                if !failed.is_empty() {
                    bail!("{}", failed.join("\n"));
                }
            }
            Self::LimitWorkgroup { name } => {
                if confirmed(&format!("Change the limit per query for all who use the workgroup of {name}?"), yes)? {
                    let limited = connections::limit_workgroup(&opened, &settings, &scope, &name).await;
                    let limited =
                        limited.map_err(|problem| refused(problem).context("the workgroup is not limited"))?;
                    say(format_args!(
                        "The workgroup {} ends each query after {} bytes.",
                        limited.workgroup, limited.bytes
                    ));
                }
            }
            Self::Remove { name } => {
                if confirmed(&format!("Forget the catalog {name}? Its files stay."), yes)? {
                    match connections::remove(&opened, &settings, &scope, &name, None).await {
                        Err(problem) if problem.status == StatusCode::NOT_FOUND => bail!("there is no catalog {name}"),
                        outcome => outcome.map_err(refused)?,
                    }
                    say(format_args!("{name} is forgotten."));
                }
            }
        }
        opened.store.close().await;
        Ok(())
    }
}

fn property(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as PROPERTY=VALUE".to_owned()),
    }
}

fn authorities(ca: Option<PathBuf>) -> anyhow::Result<Option<String>> {
    let read =
        |path: PathBuf| std::fs::read_to_string(&path).with_context(|| format!("{} can't be read", path.display()));
    ca.map(read).transpose()
}

fn postgres_source(url: &str, ca: Option<PathBuf>) -> anyhow::Result<(Source, Option<String>)> {
    let ca = authorities(ca)?;
    let mut config = PostgresConfig::parse(url, ca.clone().map(String::into_bytes)).map_err(told)?;
    let secret = match (config.password.take(), given("POSTGRES_PASSWORD")) {
        (Some(_), Some(_)) => bail!("the address has a password and POSTGRES_PASSWORD is set; leave one of them out"),
        (Some(PostgresPassword(password)), None) => Some(password),
        (None, given) => given,
    };
    let url = without_password(url).map_err(told)?;
    // What does not fit together is told before anything is kept.
    PostgresClient::new(config).map_err(told)?;
    Ok((Source::Postgres { url, ca }, secret))
}

fn trino_source(
    url: String,
    ca: Option<PathBuf>,
    session: BTreeMap<String, String>,
) -> anyhow::Result<(Source, Option<String>)> {
    let ca = authorities(ca)?;
    let secret = match (given("TRINO_PASSWORD"), given("TRINO_TOKEN")) {
        (Some(_), Some(_)) => bail!("TRINO_PASSWORD and TRINO_TOKEN are both set; leave one of them out"),
        (Some(password), None) => Some((TrinoSecret::Password, password)),
        (None, Some(token)) => Some((TrinoSecret::Token, token)),
        (None, None) => None,
    };
    // What does not fit together is told before anything is kept.
    let config = trino(&url, secret.clone(), ca.as_deref(), &session).map_err(told)?;
    TrinoClient::new(config).map_err(told)?;
    let (kind, secret) = secret.unzip();
    Ok((Source::Trino { url, secret: kind, ca, session }, secret))
}
