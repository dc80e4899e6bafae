//! `lakefront catalog`.

use std::path::PathBuf;

use anyhow::{Context, bail};
use axum::http::StatusCode;
use lakefront_query::RefreshReport;
use lakefront_query::trino::{TrinoAuth, TrinoClient, TrinoConfig};

use super::aws_flags::{AwsFlags, aws_secret};
use super::query::told;
use super::{confirmed, given, needed, print, say, told as refused};
use crate::app::{self, system};
use crate::catalogs::{Source, TrinoSecret, absolute};
use crate::config::Settings;
use crate::connections::{self, AwsIdentity, Change, Door, Draft};

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
        /// A catalog of a Trino, which runs what reads it: http(s)://[user@]host[:port]/catalog. A password is read from
        /// TRINO_PASSWORD, a token (JWT) from TRINO_TOKEN
        #[arg(long, value_name = "URL", group = "place")]
        trino: Option<String>,
        /// Certificates (PEM) to trust for the Trino besides the machine's
        #[arg(long, requires = "trino", value_name = "FILE")]
        ca: Option<PathBuf>,
        #[arg(long, requires = "s3")]
        region: Option<String>,
        /// For S3-compatible stores
        #[arg(long, requires = "s3", value_name = "URL")]
        endpoint: Option<String>,
        #[command(flatten)]
        aws: Box<AwsFlags>,
    },
    /// List catalogs
    List,
    /// Look for new files
    Refresh { name: Option<String> },
    /// Put a new secret in the place of the old one, once it has been tried. It is read from where `add` reads it
    RotateSecret { name: String },
    /// Forget a catalog; its files stay
    Remove { name: String },
}

impl CatalogCommand {
    pub(super) async fn run(self, settings: Settings, yes: bool) -> anyhow::Result<()> {
        let opened = app::open(&settings).await?;
        let scope = system("catalog command");
        let catalogs = opened.queries.catalogs();
        match self {
            Self::Add { name, path, s3, trino, ca, region, endpoint, aws } => {
                let (source, secret) = match (path, s3, trino) {
                    (Some(path), ..) => match std::fs::canonicalize(&path) {
                        Ok(path) if path.is_dir() => (Source::Local { path: absolute(&path)? }, None),
                        _ => bail!("{} is no folder", path.display()),
                    },
                    (_, Some(uri), _) => {
                        let aws = AwsIdentity::from(*aws);
                        let secret = aws.access_key_id.is_some().then(aws_secret).transpose()?;
                        (Source::S3 { uri, region, endpoint, aws }, secret)
                    }
                    (_, _, Some(url)) => trino_source(url, ca)?,
                    (None, None, None) => bail!("give --path, --s3 or --trino"),
                };
                let draft = Draft { name: name.clone(), source, secret };
                let added = connections::add(&opened, &settings, &scope, draft, Door::Command).await;
                added.map_err(|problem| refused(problem).context(format!("{name} is not added")))?;
                match catalogs.refresh(&name, None).await.map_err(told)? {
                    RefreshReport { tables, objects: 0, .. } => say(format_args!("Added {name}: {tables} tables.")),
                    RefreshReport { tables, objects, .. } => {
                        say(format_args!("Added {name}: {tables} tables in {objects} files."))
                    }
                }
            }
            Self::RotateSecret { name } => {
                let kept = connections::as_kept(&opened, &settings, &name).await;
                let kept = kept.map_err(|_| anyhow::anyhow!("there is no catalog {name}"))?;
                let secret = match &kept.source {
                    Source::S3 { aws, .. } if aws.access_key_id.is_some() => aws_secret()?,
                    Source::Trino { secret: Some(TrinoSecret::Password), .. } => needed("TRINO_PASSWORD")?,
                    Source::Trino { secret: Some(TrinoSecret::Token), .. } => needed("TRINO_TOKEN")?,
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

fn trino_source(url: String, ca: Option<PathBuf>) -> anyhow::Result<(Source, Option<String>)> {
    let read =
        |path: PathBuf| std::fs::read_to_string(&path).with_context(|| format!("{} can't be read", path.display()));
    let ca = ca.map(read).transpose()?;
    let mut config = TrinoConfig::parse(&url, None, ca.clone().map(String::into_bytes)).map_err(told)?;
    if let TrinoAuth::Password(_) = config.auth {
        bail!("put the password in TRINO_PASSWORD and leave it out of the address");
    }
    let (kind, secret) = match (given("TRINO_PASSWORD"), given("TRINO_TOKEN")) {
        (Some(_), Some(_)) => bail!("TRINO_PASSWORD and TRINO_TOKEN are both set; leave one of them out"),
        (Some(password), None) => {
            config.auth = TrinoAuth::Password(password.clone());
            (Some(TrinoSecret::Password), Some(password))
        }
        (None, Some(token)) => {
            config.auth = TrinoAuth::Jwt(token.clone());
            (Some(TrinoSecret::Token), Some(token))
        }
        (None, None) => (None, None),
    };
    // What does not fit together is told before anything is kept.
    TrinoClient::new(config).map_err(told)?;
    Ok((Source::Trino { url, secret: kind, ca }, secret))
}
