//! Which lakes there are: those of the settings, those added by command, and the `lake` folder of the data folder.
//!
//! The query road keeps listings; what is registered, and with which secrets, the app database says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::Context;
use chrono::{DateTime, Utc};
use lakefront_engine::S3Credentials;
use lakefront_query::{CatalogSource, Queries};
use lakefront_store::{SealedSecret, Store};
use serde::{Deserialize, Serialize};

use crate::app::{App, system};
use crate::auth::key::MasterKey;
use crate::config::{CatalogSetting, Settings};

/// The catalog that the data folder's own lake becomes.
pub const LOCAL: &str = "local";

/// Where a catalog's files are, as the app database keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum Source {
    Local { path: PathBuf },
    S3 { uri: String, region: Option<String>, endpoint: Option<String>, access_key_id: Option<String> },
}

/// Registers every catalog and forgets those that are gone.
pub async fn attach(settings: &Settings, store: &Store, key: &MasterKey, queries: &Queries) -> anyhow::Result<()> {
    let wanted = wanted(settings, store, key).await?;
    let catalogs = queries.catalogs();
    let known: BTreeMap<String, CatalogSource> = catalogs.sources();
    for name in known.keys().filter(|name| !wanted.contains_key(*name)) {
        catalogs.remove(name).await?;
    }
    for (name, source) in wanted {
        if known.get(&name) != Some(&source) {
            // One lake that can't be reached keeps nobody from the others.
            if let Err(error) = catalogs.add(&name, source).await {
                tracing::warn!(catalog = name, %error, "catalog {name} is not available: {error}");
            }
        }
    }
    Ok(())
}

async fn wanted(
    settings: &Settings,
    store: &Store,
    key: &MasterKey,
) -> anyhow::Result<BTreeMap<String, CatalogSource>> {
    let mut wanted = BTreeMap::new();
    let lake = settings.lake();
    if lake.is_dir() {
        wanted.insert(LOCAL.to_owned(), CatalogSource::Local { path: std::path::absolute(lake)? });
    }
    for catalog in store.catalogs(&system("catalogs")).await? {
        let source = serde_json::from_value(catalog.source)
            .with_context(|| format!("the catalog {} can't be read", catalog.name))?;
        let sealed = store.catalog_secret(&system("catalogs"), &catalog.name).await?;
        wanted.insert(catalog.name.clone(), opened(source, &catalog.name, sealed.as_ref(), key)?);
    }
    for (name, setting) in &settings.catalogs {
        let source = match setting {
            CatalogSetting::Local { path } => CatalogSource::Local { path: std::path::absolute(path)? },
            CatalogSetting::S3 { s3, region, endpoint } => CatalogSource::S3 {
                uri: s3.clone(),
                region: region.clone(),
                endpoint: endpoint.clone().filter(|endpoint| !endpoint.is_empty()),
                credentials: None,
            },
        };
        wanted.insert(name.clone(), source);
    }
    Ok(wanted)
}

fn opened(source: Source, name: &str, sealed: Option<&SealedSecret>, key: &MasterKey) -> anyhow::Result<CatalogSource> {
    Ok(match source {
        Source::Local { path } => CatalogSource::Local { path },
        Source::S3 { uri, region, endpoint, access_key_id } => {
            let credentials = match (access_key_id, sealed) {
                (Some(access_key_id), Some(sealed)) => {
                    let secret = key.open(&place(name), sealed)?;
                    Some(S3Credentials::Keys {
                        access_key_id,
                        secret_access_key: String::from_utf8(secret)?,
                        session_token: None,
                    })
                }
                _ => None,
            };
            CatalogSource::S3 { uri, region, endpoint, credentials }
        }
    })
}

/// Where a catalog's secret belongs; it opens nowhere else.
pub fn place(name: &str) -> String {
    format!("catalog/{name}")
}

/// Looks for new catalogs and for new files in all of them.
pub async fn refresh_all(app: &App) {
    if let Err(error) = attach(&app.settings, &app.store, &app.key, &app.queries).await {
        tracing::warn!(%error, "catalogs could not be read: {error:#}");
    }
    for catalog in app.queries.catalogs().list() {
        if let Err(error) = app.queries.catalogs().refresh(&catalog.name, None).await {
            tracing::warn!(catalog = catalog.name, %error, "catalog {} could not be listed: {error}", catalog.name);
        }
    }
}

/// Whether each catalog can be listed.
pub async fn check(queries: &Queries) -> Vec<(String, anyhow::Result<String>)> {
    let mut checked = Vec::new();
    for catalog in queries.catalogs().list() {
        let outcome = queries.catalogs().refresh(&catalog.name, None).await;
        let outcome =
            outcome.map(|report| format!("{} tables in {} files", report.tables, report.objects)).map_err(Into::into);
        checked.push((catalog.name, outcome));
    }
    checked
}

/// The state of the data that some statements read.
pub struct TablesUsed {
    /// Changes when a file of any database used does.
    pub version: String,
    /// Time of the newest file.
    pub as_of: Option<DateTime<Utc>>,
}

impl TablesUsed {
    /// By the default catalog and database of each statement; without them every database counts.
    pub fn by<'a>(app: &App, defaults: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)>) -> Self {
        let catalogs = app.queries.catalogs();
        let mut hash = blake3::Hasher::new();
        let mut as_of = None;
        for (catalog, database) in defaults.collect::<BTreeSet<_>>() {
            let names = catalog.map_or_else(|| catalogs.names(), |name| vec![name.to_owned()]);
            for name in names {
                let found = catalogs.databases(&name).unwrap_or_default();
                for found in found.into_iter().filter(|found| database.is_none_or(|name| name == found.name)) {
                    hash.update(format!("{name}\0{}\0{}\0", found.name, found.version).as_bytes());
                    as_of = as_of.max(found.newest);
                }
            }
        }
        Self { version: hash.finalize().to_hex()[..16].to_owned(), as_of }
    }
}
