//! Which catalogs there are: those of the settings, those added by command, and the `lake` folder of the data folder.
//!
//! The query road keeps listings; what is registered, and with which secrets, the app database says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use lakefront_engine::S3Credentials;
use lakefront_query::aws::{AssumeRole, AthenaConfig, AwsAccess, AwsConfig, Endpoints};
use lakefront_query::postgres::{PostgresConfig, PostgresPassword};
use lakefront_query::trino::{TrinoAuth, TrinoConfig};
use lakefront_query::{CatalogSource, EngineChoice, GlueSource, Queries, QueryError};
use lakefront_store::{SealedSecret, Store};
use serde::{Deserialize, Serialize};

use crate::app::{App, system};
use crate::auth::key::MasterKey;
use crate::config::{CatalogSetting, Settings};

/// The catalog that the data folder's own lake becomes.
pub const LOCAL: &str = "local";

/// Where a catalog's files are, as the app database keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum Source {
    Local {
        path: String,
    },
    S3 {
        uri: String,
        region: Option<String>,
        endpoint: Option<String>,
        access_key_id: Option<String>,
    },
    /// `url` names the user but never a password; certificates are PEM text.
    Trino {
        url: String,
        secret: Option<TrinoSecret>,
        ca: Option<String>,
        /// Session properties of every statement; one that is empty is not sent, even if it would be otherwise.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        session: BTreeMap<String, String>,
    },
    /// `url` names the user but never a password; the sealed secret is the password.
    Postgres {
        url: String,
        ca: Option<String>,
    },
    Glue(Glue),
}

/// The Glue catalog of an account and region, and the Athena that reads it. Everything but the region may be left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Glue {
    #[serde(alias = "glue")]
    pub region: String,
    /// `primary` where it is left out.
    pub workgroup: Option<String>,
    /// `s3://bucket/prefix/` for results, unless the workgroup says it.
    pub output: Option<String>,
    pub profile: Option<String>,
    pub access_key_id: Option<String>,
    pub role_arn: Option<String>,
    pub external_id: Option<String>,
    /// Another account's Glue catalog, and the name that Athena has it under.
    pub catalog_id: Option<String>,
    pub athena_catalog: Option<String>,
    /// Minutes for which results of Athena's own will do.
    pub result_reuse: Option<u32>,
    /// `auto`, `embedded` or `athena`.
    pub engine: Option<EngineChoice>,
    pub embedded_max_bytes: Option<u64>,
    pub price_per_tb_usd: Option<f64>,
}

impl Glue {
    /// What can't be is told before anything is kept.
    pub fn source(&self, secret: Option<String>) -> anyhow::Result<GlueSource> {
        let is_catalog = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        if self.catalog_id.as_deref().is_some_and(|id| !is_catalog(id)) {
            bail!("a Glue catalog of another account is named by its 12 digits");
        }
        if self.catalog_id.is_some() && self.athena_catalog.is_none() {
            bail!("give the name, too, under which Athena has the other account's catalog (athena_catalog)");
        }
        if self.external_id.is_some() && self.role_arn.is_none() {
            bail!("an external ID goes with a role");
        }
        if self.role_arn.as_deref().is_some_and(|role| !role.starts_with("arn:")) {
            bail!("a role is named by its ARN: arn:aws:iam::123456789012:role/lakefront");
        }
        if self.output.as_deref().is_some_and(|output| !output.starts_with("s3://")) {
            bail!("results go to a place in S3: s3://bucket/prefix/");
        }
        if self.result_reuse.is_some_and(|minutes| minutes > 10_080) {
            bail!("Athena keeps results for reuse for 10080 minutes at most");
        }
        if self.price_per_tb_usd.is_some_and(|price| !price.is_finite() || price < 0.0) {
            bail!("a price is no negative number");
        }
        let engine = self.engine.unwrap_or_default();
        if !matches!(engine, EngineChoice::Auto | EngineChoice::Embedded | EngineChoice::Athena) {
            bail!("the engine of a Glue catalog is auto, embedded or athena");
        }
        let access = match (&self.access_key_id, secret) {
            (Some(id), Some(secret)) => {
                AwsAccess::Keys { access_key_id: id.clone(), secret_access_key: secret, session_token: None }
            }
            _ => AwsAccess::Chain,
        };
        Ok(GlueSource {
            aws: AwsConfig {
                region: self.region.clone(),
                profile: self.profile.clone(),
                access,
                assume_role: self.role_arn.as_ref().map(|role| AssumeRole {
                    role_arn: role.clone(),
                    external_id: self.external_id.clone(),
                    session_name: "lakefront".to_owned(),
                    tags: Vec::new(),
                }),
                endpoints: Endpoints::default(),
            },
            catalog_id: self.catalog_id.clone(),
            athena: AthenaConfig {
                workgroup: self.workgroup.clone().unwrap_or_else(|| "primary".to_owned()),
                catalog: self.athena_catalog.clone().unwrap_or_else(|| "AwsDataCatalog".to_owned()),
                output_location: self.output.clone(),
                reuse_minutes: self.result_reuse.filter(|minutes| *minutes > 0),
            },
            engine,
            embedded_max_bytes: self.embedded_max_bytes,
            price_per_tb_usd: self.price_per_tb_usd,
        })
    }
}

/// What the sealed secret of a Trino is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrinoSecret {
    Password,
    Token,
}

/// What is registered now.
#[derive(Default)]
pub struct Registered(tokio::sync::Mutex<BTreeMap<String, Wanted>>);

/// A catalog as it should be registered; equal ones need nothing done.
#[derive(Clone, PartialEq)]
struct Wanted {
    source: Source,
    sealed: Option<SealedSecret>,
}

impl Registered {
    /// Registers every catalog and forgets those that are gone.
    pub async fn update(
        &self,
        settings: &Settings,
        store: &Store,
        key: &MasterKey,
        queries: &Queries,
    ) -> anyhow::Result<()> {
        let wanted = wanted(settings, store).await?;
        let mut known = self.0.lock().await;
        let catalogs = queries.catalogs();
        let changed: Vec<String> =
            known.iter().filter(|(name, is)| wanted.get(*name) != Some(is)).map(|(name, _)| name.clone()).collect();
        for name in changed {
            catalogs.remove(&name).await?;
            known.remove(&name);
        }
        for (name, catalog) in wanted {
            if known.contains_key(&name) {
                continue;
            }
            // One lake that can't be used keeps nobody from the others.
            let added = match opened(&catalog, &name, key) {
                Ok(source) => catalogs.add(&name, source).await.map(drop).map_err(with_hint),
                Err(error) => Err(error),
            };
            match added {
                Ok(()) => drop(known.insert(name, catalog)),
                Err(error) => tracing::warn!(catalog = name, %error, "catalog {name} is not available: {error:#}"),
            }
        }
        Ok(())
    }
}

async fn wanted(settings: &Settings, store: &Store) -> anyhow::Result<BTreeMap<String, Wanted>> {
    let scope = system("catalogs");
    let open = |source| Wanted { source, sealed: None };
    let mut wanted = BTreeMap::new();
    let lake = settings.lake();
    if lake.is_dir() {
        wanted.insert(LOCAL.to_owned(), open(Source::Local { path: absolute(&lake)? }));
    }
    for catalog in store.catalogs(&scope).await? {
        let source = serde_json::from_value(catalog.source)
            .with_context(|| format!("the catalog {} can't be read", catalog.name))?;
        let sealed = if catalog.has_secret { store.catalog_secret(&scope, &catalog.name).await? } else { None };
        wanted.insert(catalog.name, Wanted { source, sealed });
    }
    for (name, setting) in &settings.catalogs {
        let source = match setting {
            CatalogSetting::Local { path } => Source::Local { path: absolute(path)? },
            CatalogSetting::S3 { s3, region, endpoint } => {
                let endpoint = endpoint.clone().filter(|endpoint| !endpoint.is_empty());
                Source::S3 { uri: s3.clone(), region: region.clone(), endpoint, access_key_id: None }
            }
            CatalogSetting::Postgres { postgres } => Source::Postgres { url: postgres.clone(), ca: None },
            CatalogSetting::Trino { trino, session } => {
                Source::Trino { url: trino.clone(), secret: None, ca: None, session: session.clone() }
            }
            CatalogSetting::Glue(glue) => Source::Glue(glue.clone()),
        };
        wanted.insert(name.clone(), open(source));
    }
    Ok(wanted)
}

pub fn absolute(path: &Path) -> anyhow::Result<String> {
    let path = std::path::absolute(path)?;
    path.into_os_string().into_string().map_err(|path| anyhow::anyhow!("{} is no UTF-8 path", path.display()))
}

fn opened(catalog: &Wanted, name: &str, key: &MasterKey) -> anyhow::Result<CatalogSource> {
    let secret = || match &catalog.sealed {
        Some(sealed) => anyhow::Ok(Some(String::from_utf8(key.open(&place(name), sealed)?)?)),
        None => Ok(None),
    };
    Ok(match &catalog.source {
        Source::Local { path } => CatalogSource::Local { path: path.clone() },
        Source::S3 { uri, region, endpoint, access_key_id } => {
            let keys = |access_key_id: &String, secret_access_key| S3Credentials::Keys {
                access_key_id: access_key_id.clone(),
                secret_access_key,
                session_token: None,
            };
            let credentials = access_key_id.as_ref().zip(secret()?).map(|(id, secret)| keys(id, secret));
            CatalogSource::S3 { uri: uri.clone(), region: region.clone(), endpoint: endpoint.clone(), credentials }
        }
        Source::Trino { url, secret: kind, ca, session } => {
            let secret = kind.zip(secret()?);
            CatalogSource::Trino(trino(url, secret, ca.as_deref(), session).map_err(with_hint)?)
        }
        Source::Postgres { url, ca } => {
            let ca = ca.clone().map(String::into_bytes);
            let mut config = PostgresConfig::parse(url, ca).map_err(with_hint)?;
            if let Some(password) = secret()? {
                config.password = Some(PostgresPassword(password));
            }
            CatalogSource::Postgres(config)
        }
        Source::Glue(glue) => CatalogSource::Glue(Box::new(glue.source(secret()?)?)),
    })
}

/// A Trino with what proves who asks there.
pub fn trino(
    url: &str,
    secret: Option<(TrinoSecret, String)>,
    ca: Option<&str>,
    session: &BTreeMap<String, String>,
) -> Result<TrinoConfig, QueryError> {
    let auth = match secret {
        None => TrinoAuth::None,
        Some((TrinoSecret::Password, password)) => TrinoAuth::Password(password),
        Some((TrinoSecret::Token, token)) => TrinoAuth::Jwt(token),
    };
    let config = TrinoConfig::parse(url, auth, ca.map(|pem| pem.as_bytes().to_vec()))?;
    Ok(TrinoConfig { session: session.clone(), ..config })
}

/// The error with what to do about it.
fn with_hint(error: QueryError) -> anyhow::Error {
    match &error.hint {
        Some(hint) => anyhow::anyhow!("{error} {hint}"),
        None => error.into(),
    }
}

/// Where a catalog's secret belongs; it opens nowhere else.
pub fn place(name: &str) -> String {
    format!("catalog/{name}")
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
            for catalog in catalog.map_or_else(|| catalogs.names(), |name| vec![name.to_owned()]) {
                let databases =
                    database.map_or_else(|| catalogs.database_names(&catalog), |name| vec![name.to_owned()]);
                for found in databases.iter().filter_map(|database| catalogs.database_now(&catalog, database)) {
                    hash.update(format!("{catalog}\0{}\0{}\0", found.name, found.version).as_bytes());
                    as_of = as_of.max(found.newest);
                }
            }
        }
        Self { version: hash.finalize().to_hex()[..16].to_owned(), as_of }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use super::*;

    fn kept(url: &str, secret: Option<(TrinoSecret, &str)>) -> anyhow::Result<TrinoConfig> {
        let folder = tempfile::tempdir()?;
        let key = MasterKey::load(folder.path())?;
        let sealed = secret.map(|(_, secret)| key.seal(&place("warehouse"), secret.as_bytes())).transpose()?;
        let (url, secret) = (url.to_owned(), secret.map(|(kind, _)| kind));
        let source = Source::Trino { url, secret, ca: None, session: BTreeMap::new() };
        match opened(&Wanted { source, sealed }, "warehouse", &key)? {
            CatalogSource::Trino(config) => Ok(config),
            _ => anyhow::bail!("no Trino"),
        }
    }

    #[test]
    fn a_kept_token_says_itself_who_asks() {
        let config = kept("https://trino.example/hive", Some((TrinoSecret::Token, "a.b.c\n"))).unwrap();
        assert_eq!((config.user.as_str(), config.auth), ("", TrinoAuth::Jwt("a.b.c".to_owned())));

        let config = kept("https://ana@trino.example/hive", Some((TrinoSecret::Password, "hunter2"))).unwrap();
        assert_eq!((config.user.as_str(), config.auth), ("ana", TrinoAuth::Password("hunter2".to_owned())));
        assert!(kept("http://ana@trino.example/hive", Some((TrinoSecret::Password, "hunter2"))).is_err());
    }

    #[test]
    fn a_password_in_an_address_is_refused_and_not_left_out() {
        let error = kept("https://ana:hunter2@trino.example/hive", None).err().unwrap().to_string();
        assert!(error.contains("TRINO_PASSWORD") && !error.contains("hunter2"), "{error}");
    }
}
