//! `lakefront catalog`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, bail};
use lakefront_query::aws::Aws;
use lakefront_query::postgres::{PostgresClient, PostgresConfig, PostgresPassword, without_password};
use lakefront_query::trino::TrinoClient;
use lakefront_query::{EngineChoice, RefreshReport};
use lakefront_store::{NewCatalog, StoreError};
use serde_json::json;

use super::query::told;
use super::{confirmed, print, say};
use crate::app::{self, system};
use crate::catalogs::{Glue, LOCAL, Source, TrinoSecret, absolute, place, trino};
use crate::config::Settings;

#[derive(clap::Subcommand)]
pub(super) enum CatalogCommand {
    /// Add a lake or another system's catalog
    #[command(group(clap::ArgGroup::new("place").required(true)))]
    Add {
        name: String,
        /// A folder: root/database/table/ or root/database/table.parquet
        #[arg(long, value_name = "DIR", group = "place")]
        path: Option<PathBuf>,
        /// A bucket or a prefix of one: s3://bucket/prefix
        #[arg(long, value_name = "URI", group = "place")]
        s3: Option<String>,
        #[command(flatten)]
        other: Box<OtherSystem>,
        /// The Glue catalog of a region: its tables, run on Athena or, where that is exact and cheap, here
        #[arg(long, value_name = "REGION", group = "place")]
        glue: Option<String>,
        #[command(flatten)]
        aws: Box<GlueFlags>,
        #[arg(long, requires = "s3")]
        region: Option<String>,
        /// For S3-compatible stores
        #[arg(long, requires = "s3", value_name = "URL")]
        endpoint: Option<String>,
        /// Keep this key for the catalog; its secret is read from AWS_SECRET_ACCESS_KEY. Without it the server's own credentials are used
        #[arg(long, value_name = "ID", conflicts_with_all = ["path", "trino"])]
        access_key_id: Option<String>,
    },
    /// List catalogs
    List,
    /// Look for new files
    Refresh { name: Option<String> },
    /// Forget a catalog; its files stay
    Remove { name: String },
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
    /// A profile of the machine's AWS configuration
    #[arg(long, requires = "glue", value_name = "NAME")]
    profile: Option<String>,
    /// A role to take on
    #[arg(long, requires = "glue", value_name = "ARN")]
    role_arn: Option<String>,
    /// The word agreed on with the role's owner
    #[arg(long, requires = "role_arn", value_name = "ID")]
    external_id: Option<String>,
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
    /// What Athena's scanned terabyte costs, instead of the region's list price
    #[arg(long, requires = "glue", value_name = "USD")]
    price_per_tb_usd: Option<f64>,
}

impl GlueFlags {
    fn source(self, region: String, access_key_id: Option<String>) -> Glue {
        Glue {
            region,
            workgroup: self.athena_workgroup,
            output: self.output,
            profile: self.profile,
            access_key_id,
            role_arn: self.role_arn,
            external_id: self.external_id,
            catalog_id: self.catalog_id,
            athena_catalog: self.athena_catalog,
            result_reuse: self.result_reuse,
            engine: self.engine,
            embedded_max_bytes: self.embedded_max_bytes,
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
            Self::Add { name, path, s3, other, glue, aws, region, endpoint, access_key_id } => {
                let is_name = name.starts_with(|letter: char| letter.is_ascii_lowercase())
                    && name
                        .chars()
                        .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
                if !is_name {
                    bail!("a catalog's name has lower-case letters, digits and _, and begins with a letter");
                }
                if settings.catalogs.contains_key(&name) || catalogs.names().contains(&name) {
                    bail!("there is a catalog {name} already");
                }
                let key_secret = match &access_key_id {
                    Some(_) => {
                        Some(given("AWS_SECRET_ACCESS_KEY").context("put the key's secret in AWS_SECRET_ACCESS_KEY")?)
                    }
                    None => None,
                };
                let OtherSystem { trino, postgres, ca, session } = *other;
                let (source, secret) = match (path, s3, trino, glue, postgres) {
                    (Some(path), ..) => match std::fs::canonicalize(&path) {
                        Ok(path) if path.is_dir() => (Source::Local { path: absolute(&path)? }, None),
                        _ => bail!("{} is no folder", path.display()),
                    },
                    (_, Some(uri), ..) => (Source::S3 { uri, region, endpoint, access_key_id }, key_secret),
                    (_, _, Some(url), ..) => trino_source(url, ca, session.into_iter().collect())?,
                    (.., Some(url)) => postgres_source(&url, ca)?,
                    (_, _, _, Some(region), _) => {
                        let glue = aws.source(region, access_key_id);
                        // What can't be is told before anything is kept.
                        Aws::new(glue.source(key_secret.clone())?.aws).await.map_err(told)?;
                        (Source::Glue(glue), key_secret)
                    }
                    (None, None, None, None, None) => bail!("give --path, --s3, --trino, --glue or --postgres"),
                };
                let secret = secret.map(|secret| opened.key.seal(&place(&name), secret.as_bytes())).transpose()?;
                let new = NewCatalog { name: name.clone(), source: json!(source), sealed_secret: secret };
                opened.store.create_catalog(&scope, new).await?;
                opened.register_catalogs(&settings).await?;
                let report = catalogs.refresh(&name, None).await;
                match report {
                    Ok(RefreshReport { tables, objects: 0, .. }) => say(format_args!("Added {name}: {tables} tables.")),
                    Ok(RefreshReport { tables, objects, .. }) => {
                        say(format_args!("Added {name}: {tables} tables in {objects} files."))
                    }
                    Err(error) => {
                        opened.store.delete_catalog(&scope, &name).await?;
                        return Err(told(error).context(format!("{name} is not added")));
                    }
                }
            }
            Self::List => {
                // A catalog counts its tables once its first listing is there; one that can't be listed shows none.
                for name in catalogs.names() {
                    let _ = catalogs.databases(&name).await;
                }
                for catalog in catalogs.list() {
                    print(format_args!(
                        "{}\t{}\t{}\t{} tables",
                        catalog.name, catalog.kind, catalog.location, catalog.tables
                    ))?;
                }
            }
            Self::Refresh { name } => {
                let names = name.map_or_else(|| catalogs.names(), |name| vec![name]);
                for name in names {
                    let report = catalogs.refresh(&name, None).await?;
                    say(format_args!(
                        "{name}: {} tables in {} files; {} new, {} changed, {} gone.",
                        report.tables,
                        report.objects,
                        report.added.len(),
                        report.changed.len(),
                        report.removed.len()
                    ));
                }
            }
            Self::Remove { name } => {
                if name == LOCAL && settings.lake().is_dir() {
                    bail!("{LOCAL} is the folder {}; move it away to be rid of the catalog", settings.lake().display());
                }
                if settings.catalogs.contains_key(&name) {
                    bail!("{name} stands in the settings file");
                }
                if confirmed(&format!("Forget the catalog {name}? Its files stay."), yes)? {
                    match opened.store.delete_catalog(&scope, &name).await {
                        Err(StoreError::NotFound(_)) => bail!("there is no catalog {name}"),
                        outcome => outcome?,
                    }
                    opened.register_catalogs(&settings).await?;
                    say(format_args!("{name} is forgotten."));
                }
            }
        }
        opened.store.close().await;
        Ok(())
    }
}

/// A secret from the environment, where no list of processes shows it.
fn given(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|secret| !secret.is_empty())
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
