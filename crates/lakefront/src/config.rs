//! Every setting, read in one place: the compiled-in defaults, a file, the environment, flags.
//!
//! `lakefront.default.toml` is the base layer and the manual; a setting that is not in it does not exist.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use config::{File, FileFormat, Value, ValueKind};
use serde::Deserialize;

pub const DEFAULTS: &str = include_str!("lakefront.default.toml");

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub data_dir: PathBuf,
    pub database_url: String,
    pub server: Server,
    pub query: Query,
    pub catalog: Catalog,
    pub events: Events,
    pub pages: Pages,
    pub log: Log,
    pub catalogs: BTreeMap<String, CatalogSetting>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    pub listen: SocketAddr,
    pub public_url: String,
    pub trusted_proxies: Vec<Network>,
    pub setup_from_anywhere: bool,
    pub max_connections: usize,
    pub header_timeout_s: u64,
    pub body_timeout_s: u64,
    pub request_timeout_s: u64,
    pub shutdown_timeout_s: u64,
    pub body_bytes: usize,
    pub events_per_user: usize,
    pub exports: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    pub deadline_s: u64,
    pub memory_bytes: u64,
    pub spill_bytes: u64,
    pub result_rows: u64,
    pub result_bytes: u64,
    pub max_scan_bytes: u64,
    pub approval_wait_s: u64,
    pub running_per_user: usize,
    pub running_per_system: usize,
    pub queued_per_user: usize,
    pub cache_bytes: u64,
    pub shared_cache_bytes: u64,
    pub max_workers: usize,
    pub price_per_tb_usd: f64,
    pub embedded_max_bytes: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalog {
    pub local_interval_s: u64,
    pub s3_interval_s: u64,
    pub linked_interval_s: u64,
    pub folders: Vec<PathBuf>,
    pub loopback_endpoints: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Events {
    pub secret: EventSecret,
    pub sqs_queue_url: String,
    pub sqs_region: String,
}

/// What senders of events have to know; never printed. Nobody knows an empty one.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct EventSecret(String);

impl EventSecret {
    /// In a time that tells nothing of where they differ.
    pub fn is(&self, given: &str) -> bool {
        // Hashes of BLAKE3 are compared in constant time.
        !self.0.is_empty() && blake3::hash(self.0.as_bytes()) == blake3::hash(given.as_bytes())
    }
}

impl std::fmt::Debug for EventSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EventSecret(…)")
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pages {
    pub render_threads: usize,
    pub render_timeout_ms: u64,
    pub render_memory_bytes: usize,
    pub cache_bytes: usize,
    pub public: bool,
    pub public_max_age_s: u64,
    pub public_stale_s: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub level: String,
    pub format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

/// A catalog of the settings file: a local folder, a bucket or a Glue catalog whose credentials come from the environment,
/// or a Trino or PostgreSQL that asks for none.
#[derive(Debug, Clone, Deserialize)]
#[serde(remote = "Self", rename_all = "lowercase", deny_unknown_fields)]
pub enum CatalogSetting {
    #[serde(rename = "path")]
    Local {
        path: PathBuf,
    },
    S3 {
        s3: String,
        region: Option<String>,
        endpoint: Option<String>,
        events_queue_url: Option<String>,
    },
    Trino {
        trino: String,
        #[serde(default)]
        session: BTreeMap<String, String>,
    },
    Postgres {
        postgres: String,
    },
    Glue(Box<crate::catalogs::Glue>),
}

/// The setting that says what a catalog is and where.
const CATALOG_KINDS: [&str; 5] = ["path", "s3", "trino", "postgres", "glue"];

impl<'de> Deserialize<'de> for CatalogSetting {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let settings = serde_json::Map::deserialize(deserializer)?;
        let kinds: Vec<&str> = CATALOG_KINDS.into_iter().filter(|kind| settings.contains_key(*kind)).collect();
        let [kind] = kinds[..] else {
            let known = CATALOG_KINDS.join(", ");
            return Err(D::Error::custom(format!("a catalog has one of {known}; this one has {}", kinds.len())));
        };
        let tagged = serde_json::json!({kind: settings});
        Self::deserialize(tagged).map_err(D::Error::custom)
    }
}

/// An address, or a network in CIDR notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network {
    address: std::net::IpAddr,
    prefix: u8,
}

impl Network {
    pub fn contains(&self, other: std::net::IpAddr) -> bool {
        use std::net::IpAddr::{V4, V6};
        match (self.address, other.to_canonical()) {
            (V4(a), V4(b)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
                u32::from(a) & mask == u32::from(b) & mask
            }
            (V6(a), V6(b)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                u128::from(a) & mask == u128::from(b) & mask
            }
            _ => false,
        }
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("`{text}` is neither an address nor a network such as 10.0.0.0/8");
        let (address, prefix) = text.split_once('/').map_or((text.as_str(), None), |(a, p)| (a, Some(p)));
        let address: std::net::IpAddr = address.parse().map_err(|_| wrong())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            Some(text) => text.parse().ok().filter(|bits| *bits <= longest).ok_or_else(wrong)?,
        };
        Ok(Self { address, prefix })
    }
}

/// What flags say; they win over every other layer.
#[derive(Debug, Default)]
pub struct Flags {
    pub config: Option<PathBuf>,
    pub data_dir: Option<PathBuf>,
    pub listen: Option<SocketAddr>,
    pub public_url: Option<String>,
}

impl Settings {
    pub fn load(flags: &Flags) -> anyhow::Result<Self> {
        Self::layered(flags, |name| std::env::var(name).ok())
    }

    fn layered(flags: &Flags, environment: impl Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        let defaults = config::Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml)).build()?;
        let mut builder = config::Config::builder().add_source(defaults.clone());
        builder = match &flags.config {
            Some(path) => builder.add_source(File::new(&path.to_string_lossy(), FileFormat::Toml)),
            None => builder.add_source(File::new("lakefront.toml", FileFormat::Toml).required(false)),
        };
        for (path, value) in leaves("", &defaults.cache) {
            if let Some(text) = environment(&variable(&path)) {
                builder = builder.set_override(&path, parsed(&text, &value.kind))?;
            }
        }
        if let Some(url) = environment("DATABASE_URL") {
            builder = builder.set_override("database_url", url)?;
        }
        if let Some(path) = &flags.data_dir {
            builder = builder.set_override("data_dir", path.to_string_lossy().into_owned())?;
        }
        if let Some(listen) = flags.listen {
            builder = builder.set_override("server.listen", listen.to_string())?;
        }
        if let Some(url) = &flags.public_url {
            builder = builder.set_override("server.public_url", url.as_str())?;
        }
        let settings: Self =
            builder.build().and_then(config::Config::try_deserialize).context("the settings can't be read")?;
        settings.checked()
    }

    fn checked(mut self) -> anyhow::Result<Self> {
        let url = self.server.public_url.trim_end_matches('/').to_owned();
        let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        if !url.is_empty() && host.is_none_or(|host| host.is_empty() || host.contains(['/', '?', '#', '@'])) {
            bail!("server.public_url must be scheme and host, such as https://lakefront.example.com; it is `{url}`");
        }
        self.server.public_url = url;
        if !self.events.secret.0.is_empty() && self.events.secret.0.len() < 16 {
            bail!("events.secret has fewer than 16 characters; take some that nobody guesses: openssl rand -hex 24");
        }
        self.data_dir = resolved(&self.data_dir);
        Ok(self)
    }

    pub fn database_url(&self) -> String {
        if self.database_url.is_empty() {
            format!("sqlite://{}?mode=rwc", self.data_dir.join("lakefront.db").display())
        } else {
            self.database_url.clone()
        }
    }

    /// The folder that becomes the catalog `local` when it is there.
    pub fn lake(&self) -> PathBuf {
        self.data_dir.join("lake")
    }
}

impl Server {
    /// Whether people reach the server by TLS, as far as the settings know.
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    /// Scheme, host and port for links.
    pub fn base_url(&self, listening: SocketAddr) -> String {
        if self.public_url.is_empty() { format!("http://{listening}") } else { self.public_url.clone() }
    }
}

/// The environment's name of a setting.
fn variable(path: &str) -> String {
    format!("LAKEFRONT_{}", path.replace('.', "_").to_uppercase())
}

/// The names of what the environment sets.
pub fn variables() -> impl Iterator<Item = String> {
    std::env::vars_os().filter_map(|(name, _)| name.into_string().ok())
}

/// Variables among these that set nothing and look like ones that do, each with the one it resembles.
pub fn misspelt(names: impl Iterator<Item = String>) -> Vec<(String, String)> {
    let Ok(defaults) = config::Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml)).build() else {
        return Vec::new();
    };
    let mut known: Vec<String> = leaves("", &defaults.cache).iter().map(|(path, _)| variable(path)).collect();
    known.extend(["LAKEFRONT_MASTER_KEY", "LAKEFRONT_WEBHOOK_TOKEN", "LAKEFRONT_TOKEN"].map(str::to_owned));
    let strangers = names.filter(|name| name.starts_with("LAKEFRONT_") && !known.contains(name));
    let near = |name: String| {
        let near = lakefront_query::nearest(&name, known.iter().map(String::as_str))?.to_owned();
        Some((name, near))
    };
    strangers.filter_map(near).collect()
}

/// Without `..` and links, as far as the folder and the one above it exist.
fn resolved(path: &Path) -> PathBuf {
    let beside = || Some(std::fs::canonicalize(path.parent()?).ok()?.join(path.file_name()?));
    std::fs::canonicalize(path).ok().or_else(beside).unwrap_or_else(|| path.to_owned())
}

fn leaves(prefix: &str, value: &Value) -> Vec<(String, Value)> {
    match &value.kind {
        ValueKind::Table(table) => table
            .iter()
            .flat_map(|(key, value)| {
                leaves(&if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") }, value)
            })
            .collect(),
        _ => vec![(prefix.to_owned(), value.clone())],
    }
}

/// Text of the environment as the kind of value the default has.
fn parsed(text: &str, like: &ValueKind) -> Value {
    let kind = match like {
        ValueKind::Array(_) => ValueKind::Array(
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| Value::from(item.to_owned()))
                .collect(),
        ),
        ValueKind::Boolean(_) => text.parse().map_or_else(|_| ValueKind::String(text.to_owned()), ValueKind::Boolean),
        ValueKind::I64(_) => {
            text.replace('_', "").parse().map_or_else(|_| ValueKind::String(text.to_owned()), ValueKind::I64)
        }
        ValueKind::Float(_) => text.parse().map_or_else(|_| ValueKind::String(text.to_owned()), ValueKind::Float),
        _ => ValueKind::String(text.to_owned()),
    };
    Value::new(None, kind)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use super::*;

    fn load(environment: &[(&str, &str)]) -> anyhow::Result<Settings> {
        Settings::layered(&Flags::default(), |name| {
            environment.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned())
        })
    }

    #[test]
    fn the_manual_is_complete() {
        let settings = load(&[]).unwrap();
        assert_eq!(settings.server.listen.port(), 3000);
        assert!(settings.server.listen.ip().is_loopback());
    }

    #[test]
    fn every_setting_can_come_from_the_environment() {
        let settings = load(&[
            ("LAKEFRONT_QUERY_DEADLINE_S", "5"),
            ("LAKEFRONT_SERVER_TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
            ("LAKEFRONT_SERVER_SETUP_FROM_ANYWHERE", "true"),
            ("LAKEFRONT_QUERY_PRICE_PER_TB_USD", "6.25"),
            ("DATABASE_URL", "postgres://localhost/lakefront"),
        ])
        .unwrap();
        assert_eq!(settings.query.deadline_s, 5);
        assert!(settings.server.setup_from_anywhere);
        assert_eq!(settings.query.price_per_tb_usd, 6.25);
        assert_eq!(settings.database_url(), "postgres://localhost/lakefront");
        assert!(settings.server.trusted_proxies[0].contains("10.200.0.1".parse().unwrap()));
        assert!(!settings.server.trusted_proxies[0].contains("11.0.0.1".parse().unwrap()));
        assert!(settings.server.trusted_proxies[1].contains("::1".parse().unwrap()));
    }

    #[test]
    fn a_misspelt_variable_is_named() {
        let near = |name: &str| misspelt(std::iter::once(name.to_owned()));
        let deadline = ("LAKEFRONT_QUERY_DEADLINE".to_owned(), "LAKEFRONT_QUERY_DEADLINE_S".to_owned());
        assert_eq!(near("LAKEFRONT_QUERY_DEADLINE"), [deadline]);
        for name in ["LAKEFRONT_QUERY_DEADLINE_S", "LAKEFRONT_MASTER_KEY", "LAKEFRONT_IMAGE", "QUERY_DEADLINE"] {
            assert!(near(name).is_empty(), "{name}");
        }
    }

    #[test]
    fn a_wrong_value_is_refused() {
        assert!(load(&[("LAKEFRONT_QUERY_DEADLINE_S", "soon")]).is_err());
        assert!(load(&[("LAKEFRONT_SERVER_PUBLIC_URL", "lakefront.example.com")]).is_err());
        assert!(load(&[("LAKEFRONT_EVENTS_SECRET", "short")]).is_err());
        assert!(load(&[("LAKEFRONT_SERVER_TRUSTED_PROXIES", "10.0.0.0/33")]).is_err());
    }

    #[test]
    fn a_catalog_that_is_misspelt_is_told_how() {
        let read = |text| serde_json::from_str::<CatalogSetting>(text).map_err(|error| error.to_string());
        assert!(matches!(read(r#"{"path": "/lake"}"#), Ok(CatalogSetting::Local { .. })));
        assert!(matches!(read(r#"{"s3": "s3://lake/data", "region": "eu-west-1"}"#), Ok(CatalogSetting::S3 { .. })));
        assert!(matches!(read(r#"{"trino": "http://trino:8080"}"#), Ok(CatalogSetting::Trino { .. })));
        let glue = read(r#"{"glue": "eu-west-1", "result_reuse": 60}"#);
        assert!(matches!(glue, Ok(CatalogSetting::Glue(glue)) if glue.region == "eu-west-1"));
        for (text, words) in [
            (r#"{"pth": "/lake"}"#, "a catalog has one of path, s3, trino, postgres, glue; this one has 0"),
            (r#"{"path": "/lake", "s3": "s3://lake"}"#, "this one has 2"),
            (r#"{"s3": "s3://lake", "regio": "eu-west-1"}"#, "unknown field `regio`, expected one of `s3`, `region`"),
            (r#"{"glue": "eu-west-1", "workgrup": "x"}"#, "unknown field `workgrup`, expected one of `glue`"),
            (r#"{"path": 3}"#, "invalid type: integer `3`"),
        ] {
            let told = read(text).unwrap_err();
            assert!(told.contains(words), "{told}");
        }
    }
}
