//! Which catalogs there are: those of the settings, those added by command, and the `lake` folder of the data folder.
//!
//! The query road keeps listings; what is registered, and with which secrets, the app database says.

mod tables_used;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use axum::http::Uri;
use chrono::{DateTime, Utc};
use futures::StreamExt;
use lakefront_engine::S3Credentials;
use lakefront_query::aws::{AthenaConfig, AwsConfig, per_tb_usd};
use lakefront_query::postgres::{Confined, PostgresConfig, PostgresPassword};
use lakefront_query::trino::{TrinoAuth, TrinoConfig};
use lakefront_query::{CatalogSource, EngineChoice, GlueSource, GroupRules, Queries, QueryError};
use lakefront_store::{SEED_SCHEMA, SealedSecret, Store};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::{Opened, system};
use crate::auth::key::MasterKey;
use crate::config::{CatalogSetting, Settings};
use crate::connections::{AwsIdentity, Failures, WebIdentity};

pub use tables_used::{Reading, TablesUsed};

/// The catalog that the data folder's own lake becomes.
pub const LOCAL: &str = "local";
/// The catalog of the tables that `lakefront seed` has loaded into PostgreSQL.
pub const SEEDED: &str = "seeded";

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
        /// The queue of SQS that tells of new files.
        #[serde(default)]
        events_queue_url: Option<String>,
        #[serde(flatten)]
        aws: AwsIdentity,
    },
    /// `url` names the user but never a password; certificates are PEM text.
    Trino {
        url: String,
        #[serde(rename = "secret_kind", alias = "secret")]
        secret: Option<TrinoSecret>,
        ca: Option<String>,
        /// Session properties of every statement; one that is empty is not sent, even if it would be otherwise.
        #[serde(default)]
        session: BTreeMap<String, String>,
    },
    /// `url` names the user but never a password; the sealed secret is the password.
    Postgres {
        url: String,
        ca: Option<String>,
    },
    Glue(Glue),
    /// The seeded tables of the app database, and nothing else of it. Found, never given.
    #[serde(skip_deserializing)]
    Seeded {
        /// Changes with what was loaded.
        version: String,
        /// `None` where the app database's address is none that a catalog can have.
        #[serde(skip)]
        database: Option<Box<PostgresConfig>>,
    },
}

impl Source {
    /// What it is, and where. An address may hold what nobody is to see, and be refused for it: its host is enough.
    fn place(&self) -> (&'static str, String) {
        let host = |address: &str| {
            let address: Option<Uri> = address.parse().ok();
            let at = address.as_ref().and_then(|address| Some((address.scheme_str()?, address.host()?)));
            let port = address.as_ref().and_then(Uri::port_u16).map_or_else(String::new, |port| format!(":{port}"));
            at.map_or_else(String::new, |(scheme, host)| format!("{scheme}://{host}{port}"))
        };
        match self {
            Self::Local { path } => ("local", path.clone()),
            Self::S3 { uri, .. } => ("s3", uri.clone()),
            Self::Trino { url, .. } => ("trino", host(url)),
            Self::Postgres { url, .. } => ("postgres", host(url)),
            Self::Glue(glue) => ("glue", glue.region.clone()),
            Self::Seeded { .. } => ("postgres", "the app database".to_owned()),
        }
    }

    pub fn events_queue_url(&self) -> Option<&str> {
        match self {
            Self::S3 { events_queue_url, .. } => events_queue_url.as_deref(),
            Self::Glue(glue) => glue.events_queue_url.as_deref(),
            _ => None,
        }
    }
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
    pub web_identity: Option<WebIdentity>,
    pub role_arn: Option<String>,
    pub external_id: Option<String>,
    pub session_name: Option<String>,
    #[serde(default)]
    pub per_person: bool,
    /// Another account's Glue catalog, and the name that Athena has it under.
    pub catalog_id: Option<String>,
    pub athena_catalog: Option<String>,
    /// Minutes for which results of Athena's own will do.
    pub result_reuse: Option<u32>,
    /// `auto`, `embedded` or `athena`.
    pub engine: Option<EngineChoice>,
    pub embedded_max_bytes: Option<u64>,
    /// By the name of a group, what is different for its people.
    #[serde(default)]
    pub groups: BTreeMap<String, OfGroup>,
    /// From so many bytes on that a statement reads, Athena may write its result as Parquet.
    #[serde(default)]
    pub unload_min_bytes: Option<u64>,
    pub price_per_tb_usd: Option<f64>,
    /// The queue of SQS that tells of new files.
    #[serde(default)]
    pub events_queue_url: Option<String>,
}

/// Which engine statements of a group's people take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfGroup {
    pub engine: Option<EngineChoice>,
    pub embedded_max_bytes: Option<u64>,
}

impl Glue {
    pub fn workgroup_name(&self) -> &str {
        self.workgroup.as_deref().unwrap_or("primary")
    }

    /// Of a terabyte (10^12 bytes) that Athena scans, in dollars.
    pub fn price(&self) -> f64 {
        self.price_per_tb_usd.unwrap_or_else(|| per_tb_usd(&self.region))
    }

    /// Whose credentials it uses.
    pub fn identity(&self) -> AwsIdentity {
        AwsIdentity {
            profile: self.profile.clone(),
            access_key_id: self.access_key_id.clone(),
            web_identity: self.web_identity,
            role_arn: self.role_arn.clone(),
            external_id: self.external_id.clone(),
            session_name: self.session_name.clone(),
            per_person: self.per_person,
        }
    }

    /// What can't be is told before anything is kept.
    pub fn source(&self, secret: Option<String>) -> anyhow::Result<GlueSource> {
        let is_catalog = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        if self.catalog_id.as_deref().is_some_and(|id| !is_catalog(id)) {
            bail!("a Glue catalog of another account is named by its 12 digits");
        }
        if self.catalog_id.is_some() && self.athena_catalog.is_none() {
            bail!("give the name, too, under which Athena has the other account's catalog (athena_catalog)");
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
        let engines = self.groups.values().filter_map(|rules| rules.engine).chain([engine]);
        for engine in engines {
            if !matches!(engine, EngineChoice::Auto | EngineChoice::Embedded | EngineChoice::Athena) {
                bail!("the engine of a Glue catalog is auto, embedded or athena");
            }
        }
        let of_group =
            |rules: &OfGroup| GroupRules { engine: rules.engine, embedded_max_bytes: rules.embedded_max_bytes };
        let identity = self.identity();
        identity.check(secret.is_some())?;
        Ok(GlueSource {
            aws: identity.config(&self.region, None, secret),
            catalog_id: self.catalog_id.clone(),
            athena: AthenaConfig {
                workgroup: self.workgroup_name().to_owned(),
                catalog: self.athena_catalog.clone().unwrap_or_else(|| "AwsDataCatalog".to_owned()),
                output_location: self.output.clone(),
                reuse_minutes: self.result_reuse.filter(|minutes| *minutes > 0),
            },
            engine,
            embedded_max_bytes: self.embedded_max_bytes,
            groups: self.groups.iter().map(|(name, rules)| (name.clone(), of_group(rules))).collect(),
            unload_min_bytes: self.unload_min_bytes,
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
pub struct Registered(tokio::sync::Mutex<Now>);

#[derive(Default)]
struct Now {
    known: BTreeMap<String, Wanted>,
    /// Why some are not.
    failures: Failures,
}

/// A catalog as it should be registered; equal ones need nothing done.
#[derive(Clone, PartialEq)]
struct Wanted {
    source: Source,
    sealed: Option<SealedSecret>,
}

/// A queue, read as the catalog is whose files it tells of.
#[derive(Clone, PartialEq)]
pub struct EventQueue {
    name: String,
    catalog: Wanted,
}

impl EventQueue {
    pub fn config(&self, key: &MasterKey) -> anyhow::Result<AwsConfig> {
        let secret = self.catalog.sealed.as_ref().map(|sealed| unsealed(sealed, &self.name, key)).transpose()?;
        Ok(match &self.catalog.source {
            Source::S3 { region, aws, .. } => aws.config(region.as_deref().unwrap_or_default(), None, secret),
            Source::Glue(glue) => glue.identity().config(&glue.region, None, secret),
            _ => bail!("{} is no catalog of AWS", self.name),
        })
    }
}

/// Where a catalog is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The app database.
    Database,
    /// The settings file.
    Settings,
    /// The folder `lake` of the data folder.
    DataFolder,
    /// Tables loaded into the app database.
    Seeded,
}

/// A catalog as it is written down.
pub struct Known {
    pub source: Source,
    pub has_secret: bool,
    pub origin: Origin,
    pub created_at: Option<DateTime<Utc>>,
    pub updated_at: Option<DateTime<Utc>>,
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
        let mut now = self.0.lock().await;
        let catalogs = queries.catalogs();
        let gone = catalogs.list().into_iter().filter(|catalog| !wanted.contains_key(&catalog.name));
        for catalog in gone {
            catalogs.remove(&catalog.name).await?;
            now.known.remove(&catalog.name);
        }
        let mut failures = Failures::new();
        for (name, catalog) in wanted {
            let known = now.known.get(&name);
            if known == Some(&catalog) {
                continue;
            }
            // One lake that can't be used keeps nobody from the others, and a change that can't be made leaves the old one.
            let put = match opened(&catalog, &name, key) {
                Ok(source) if known.is_some() => catalogs.replace(&name, source).await,
                Ok(source) => catalogs.add(&name, source).await,
                Err(error) => {
                    tracing::debug!(catalog = name, "catalog {name} can't be opened: {error:#}");
                    Err(QueryError::user("INVALID_LOCATION", error.to_string()))
                }
            };
            match put {
                Ok(_) => drop(now.known.insert(name, catalog)),
                Err(error) => {
                    if known.is_none() {
                        let (kind, location) = catalog.source.place();
                        catalogs.set_absent(&name, kind, location, &error);
                    }
                    let error = with_hint(error);
                    // It is tried again and again.
                    if now.failures.get(&name) != Some(&error.to_string()) {
                        tracing::warn!(catalog = name, %error, "catalog {name} is not available: {error}");
                    }
                    failures.insert(name, error.to_string());
                }
            }
        }
        now.failures = failures;
        Ok(())
    }

    pub async fn failures(&self) -> Failures {
        self.0.lock().await.failures.clone()
    }

    /// The queues that tell of new files of catalogs, by their addresses, with the ways to read each.
    pub async fn queues(&self) -> BTreeMap<String, Vec<EventQueue>> {
        let now = self.0.lock().await;
        let mut queues: BTreeMap<String, Vec<EventQueue>> = BTreeMap::new();
        for (name, catalog) in &now.known {
            if let Some(url) = catalog.source.events_queue_url() {
                let queue = EventQueue { name: name.clone(), catalog: catalog.clone() };
                queues.entry(url.to_owned()).or_default().push(queue);
            }
        }
        queues
    }
}

async fn wanted(settings: &Settings, store: &Store) -> anyhow::Result<BTreeMap<String, Wanted>> {
    let mut wanted = BTreeMap::new();
    for (name, Known { source, has_secret, .. }) in known(settings, store).await? {
        let sealed = if has_secret { store.catalog_secret(&system("catalogs"), &name).await? } else { None };
        wanted.insert(name, Wanted { source, sealed });
    }
    Ok(wanted)
}

/// Every catalog that is written down somewhere, by name.
pub async fn known(settings: &Settings, store: &Store) -> anyhow::Result<BTreeMap<String, Known>> {
    let open = |source, origin| Known { source, has_secret: false, origin, created_at: None, updated_at: None };
    let mut known = BTreeMap::new();
    let lake = settings.lake();
    if lake.is_dir() {
        known.insert(LOCAL.to_owned(), open(Source::Local { path: absolute(&lake)? }, Origin::DataFolder));
    }
    if let Some(source) = seeded(settings, store).await? {
        known.insert(SEEDED.to_owned(), open(source, Origin::Seeded));
    }
    for catalog in store.catalogs(&system("catalogs")).await? {
        let source = serde_json::from_value(catalog.source)
            .with_context(|| format!("the catalog {} can't be read", catalog.name))?;
        let (created_at, updated_at) = (Some(catalog.created_at), Some(catalog.updated_at));
        let has_secret = catalog.has_secret;
        let entry = Known { source, has_secret, origin: Origin::Database, created_at, updated_at };
        known.insert(catalog.name, entry);
    }
    for (name, setting) in &settings.catalogs {
        let source = match setting {
            CatalogSetting::Local { path } => Source::Local { path: absolute(path)? },
            CatalogSetting::S3 { s3, region, endpoint, events_queue_url } => {
                let endpoint = endpoint.clone().filter(|endpoint| !endpoint.is_empty());
                let (uri, region, events_queue_url) = (s3.clone(), region.clone(), events_queue_url.clone());
                Source::S3 { uri, region, endpoint, events_queue_url, aws: AwsIdentity::default() }
            }
            CatalogSetting::Postgres { postgres } => Source::Postgres { url: postgres.clone(), ca: None },
            CatalogSetting::Trino { trino, session } => {
                Source::Trino { url: trino.clone(), secret: None, ca: None, session: session.clone() }
            }
            CatalogSetting::Glue(glue) => Source::Glue(Glue::clone(glue)),
        };
        known.insert(name.clone(), open(source, Origin::Settings));
    }
    Ok(known)
}

/// Tables of the app database that were loaded for queries. Its other tables are out of reach twice: the catalog knows
/// those of one schema only, and every statement runs as a role that may read nothing else.
async fn seeded(settings: &Settings, store: &Store) -> anyhow::Result<Option<Source>> {
    if !store.is_postgres() {
        return Ok(None);
    }
    let seeds = store.seeds(&system("catalogs")).await?;
    let Some(role) = seeds.iter().find_map(|seed| seed.reader.clone()) else { return Ok(None) };
    let mut hash = blake3::Hasher::new();
    for seed in &seeds {
        hash.update(format!("{}\0{}\0", seed.name, seed.content_hash).as_bytes());
    }
    let confined = Confined { schema: SEED_SCHEMA.to_owned(), role };
    let database = PostgresConfig::parse(&settings.database_url(), None)
        .map(|config| Box::new(PostgresConfig { confined: Some(confined), ..config }));
    if let Err(error) = &database {
        tracing::debug!(%error, "the app database's address is none for a catalog: {error}");
    }
    Ok(Some(Source::Seeded { version: hash.finalize().to_hex()[..16].to_owned(), database: database.ok() }))
}

pub fn absolute(path: &Path) -> anyhow::Result<String> {
    let path = std::path::absolute(path)?;
    path.into_os_string().into_string().map_err(|path| anyhow::anyhow!("{} is no UTF-8 path", path.display()))
}

fn opened(catalog: &Wanted, name: &str, key: &MasterKey) -> anyhow::Result<CatalogSource> {
    let secret = catalog.sealed.as_ref().map(|sealed| unsealed(sealed, name, key)).transpose()?;
    source_of(&catalog.source, secret)
}

fn unsealed(sealed: &SealedSecret, name: &str, key: &MasterKey) -> anyhow::Result<String> {
    Ok(String::from_utf8(key.open(&place(name), sealed)?)?)
}

/// The secret that is kept for a catalog.
pub async fn secret(opened: &Opened, name: &str) -> anyhow::Result<Option<String>> {
    let sealed = opened.store.catalog_secret(&system("connections"), name).await?;
    sealed.map(|sealed| unsealed(&sealed, name, &opened.key)).transpose()
}

/// The source as the query road takes it, with its secret.
pub fn source_of(source: &Source, secret: Option<String>) -> anyhow::Result<CatalogSource> {
    Ok(match source {
        Source::Local { path } => CatalogSource::Local { path: path.clone() },
        Source::S3 { uri, region, endpoint, aws, .. } => {
            let keys = |access_key_id: &String, secret_access_key| S3Credentials::Keys {
                access_key_id: access_key_id.clone(),
                secret_access_key,
                session_token: None,
            };
            let (access, credentials) = if aws.is_more_than_keys() {
                let named = region.as_deref().unwrap_or_default();
                (Some(Box::new(aws.config(named, endpoint.as_deref(), secret))), None)
            } else {
                (None, aws.access_key_id.as_ref().zip(secret).map(|(id, secret)| keys(id, secret)))
            };
            let (uri, region, endpoint) = (uri.clone(), region.clone(), endpoint.clone());
            CatalogSource::S3 { uri, region, endpoint, credentials, access }
        }
        Source::Trino { url, secret: kind, ca, session } => {
            let secret = kind.zip(secret);
            CatalogSource::Trino(trino(url, secret, ca.as_deref(), session).map_err(with_hint)?)
        }
        Source::Postgres { url, ca } => {
            CatalogSource::Postgres(postgres(url, ca.as_deref(), secret).map_err(with_hint)?)
        }
        Source::Glue(glue) => CatalogSource::Glue(Box::new(glue.source(secret)?)),
        Source::Seeded { database: Some(database), .. } => CatalogSource::Postgres(PostgresConfig::clone(database)),
        Source::Seeded { database: None, .. } => bail!(
            "the seeded tables can't be read: write DATABASE_URL as \
             postgres://user[:password]@host[:port]/database[?sslmode=verify-full]"
        ),
    })
}

/// A PostgreSQL; a password in its address, which is kept as it is, is refused.
pub fn postgres(url: &str, ca: Option<&str>, password: Option<String>) -> Result<PostgresConfig, QueryError> {
    let mut config = PostgresConfig::parse(url, ca.map(|ca| ca.as_bytes().to_vec()))?;
    if config.password.is_some() {
        return Err(QueryError::user("INVALID_LOCATION", "The address holds a password.").with_hint(
            "Leave it out there: lakefront catalog add reads it from POSTGRES_PASSWORD and keeps it sealed.",
        ));
    }
    config.password = password.map(PostgresPassword);
    Ok(config)
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

/// Tables of one lake that are looked into, and how many at a time.
const MOST_CHECKED: usize = 1_000;
const CHECKED_TOGETHER: usize = 8;

/// Whether each catalog can be listed, and what lies in lakes be read.
pub async fn check(queries: &Queries) -> Vec<(String, anyhow::Result<String>)> {
    let mut checked = Vec::new();
    for catalog in queries.catalogs().list() {
        let outcome = queries.catalogs().refresh(&catalog.name, None).await;
        let is_listed = outcome.is_ok();
        let outcome = outcome.map(|report| report.extent()).map_err(|error| with_hint(error).context(catalog.location));
        checked.push((format!("catalog {}", catalog.name), outcome));
        if is_listed && matches!(catalog.kind, "local" | "s3") {
            checked.extend(unreadable(queries, &catalog.name).await);
        }
    }
    checked
}

/// The tables of a lake that can't be read, by their full names.
async fn unreadable(queries: &Queries, catalog: &str) -> Vec<(String, anyhow::Result<String>)> {
    let catalogs = queries.catalogs();
    let of_database = |database: String| {
        let tables = catalogs.table_names(catalog, &database).into_iter();
        tables.map(move |table| (database.clone(), table))
    };
    let all: Vec<(String, String)> = catalogs.database_names(catalog).into_iter().flat_map(of_database).collect();
    let looks = all.iter().take(MOST_CHECKED).map(async |(database, table)| {
        let why = match catalogs.table(catalog, database, table).await {
            Ok(info) => anyhow::anyhow!(info.problems.iter().find(|problem| problem.fatal)?.message.clone()),
            Err(error) => with_hint(error),
        };
        Some((format!("table {catalog}.{database}.{table}"), Err(why)))
    });
    let looks = futures::stream::iter(looks).buffered(CHECKED_TOGETHER);
    let mut broken: Vec<_> = looks.filter_map(std::future::ready).collect().await;
    if all.len() > MOST_CHECKED {
        let told = format!("the first {MOST_CHECKED} of {} were looked into", all.len());
        broken.push((format!("tables of {catalog}"), Ok(told)));
    }
    broken
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
