//! `lakefront catalog`.

use std::path::PathBuf;

use anyhow::bail;
use lakefront_store::{NewCatalog, StoreError};
use serde_json::json;

use super::{confirmed, print, say};
use crate::app::{self, system};
use crate::catalogs::{LOCAL, Source, absolute, place};
use crate::config::Settings;

#[derive(clap::Subcommand)]
pub(super) enum CatalogCommand {
    /// Add a lake
    Add {
        name: String,
        /// A folder: root/database/table/ or root/database/table.parquet
        #[arg(long, value_name = "DIR", required_unless_present = "s3", conflicts_with = "s3")]
        path: Option<PathBuf>,
        /// A bucket or a prefix of one: s3://bucket/prefix
        #[arg(long, value_name = "URI")]
        s3: Option<String>,
        #[arg(long, requires = "s3")]
        region: Option<String>,
        /// For S3-compatible stores
        #[arg(long, requires = "s3", value_name = "URL")]
        endpoint: Option<String>,
        /// Keep this key for the catalog; its secret is read from AWS_SECRET_ACCESS_KEY. Without it the server's own credentials are used
        #[arg(long, requires = "s3", value_name = "ID")]
        access_key_id: Option<String>,
    },
    /// List catalogs
    List,
    /// Look for new files
    Refresh { name: Option<String> },
    /// Forget a catalog; its files stay
    Remove { name: String },
}

impl CatalogCommand {
    pub(super) async fn run(self, settings: Settings, yes: bool) -> anyhow::Result<()> {
        let opened = app::open(&settings).await?;
        let scope = system("catalog command");
        let catalogs = opened.queries.catalogs();
        match self {
            Self::Add { name, path, s3, region, endpoint, access_key_id } => {
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
                let secret = match &access_key_id {
                    Some(_) => match std::env::var("AWS_SECRET_ACCESS_KEY") {
                        Ok(secret) if !secret.is_empty() => Some(opened.key.seal(&place(&name), secret.as_bytes())?),
                        _ => bail!("put the key's secret in AWS_SECRET_ACCESS_KEY"),
                    },
                    None => None,
                };
                let source = match (path, s3) {
                    (Some(path), _) => match std::fs::canonicalize(&path) {
                        Ok(path) if path.is_dir() => Source::Local { path: absolute(&path)? },
                        _ => bail!("{} is no folder", path.display()),
                    },
                    (None, Some(uri)) => Source::S3 { uri, region, endpoint, access_key_id },
                    (None, None) => bail!("give --path or --s3"),
                };
                let new = NewCatalog { name: name.clone(), source: json!(source), sealed_secret: secret };
                opened.store.create_catalog(&scope, new).await?;
                opened.register_catalogs(&settings).await?;
                let report = catalogs.refresh(&name, None).await;
                match report {
                    Ok(report) => {
                        say(format_args!("Added {name}: {} tables in {} files.", report.tables, report.objects))
                    }
                    Err(error) => {
                        opened.store.delete_catalog(&scope, &name).await?;
                        bail!("{name} is not added: {error}");
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
