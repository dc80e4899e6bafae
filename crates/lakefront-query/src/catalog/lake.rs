//! Where a catalog's files lie, and the credentials to read them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};

use lakefront_engine::lake::{self, EnvironmentCredentials, LocalRoot, S3Location};
use lakefront_engine::{EngineError, S3Credentials, Storage};
use tokio::sync::OnceCell;

use crate::aws::{AthenaConfig, Aws, AwsConfig};
use crate::postgres::PostgresConfig;
use crate::trino::TrinoConfig;
use crate::{EngineChoice, Principal, QueryError};

/// What a person gives to add a catalog.
#[derive(Debug, Clone)]
pub enum CatalogSource {
    /// A folder of this machine.
    Local { path: String },
    /// `s3://bucket/prefix`. What is `None` comes from the environment: region, endpoint (`AWS_ENDPOINT_URL_S3`,
    /// `AWS_ENDPOINT_URL`), keys or role.
    S3 {
        uri: String,
        region: Option<String>,
        endpoint: Option<String>,
        credentials: Option<S3Credentials>,
        /// In place of `credentials`: a profile, a role to take on, a web identity. Its region is found if it is empty.
        access: Option<Box<AwsConfig>>,
    },
    /// A catalog of a Trino, which runs what reads it.
    Trino(TrinoConfig),
    /// A PostgreSQL database, which runs what reads it.
    Postgres(PostgresConfig),
    /// The Glue catalog of an account and region: Athena runs what reads it, or the embedded engine where it can.
    Glue(Box<GlueSource>),
}

/// A Glue catalog, and the Athena that reads it.
#[derive(Debug, Clone)]
pub struct GlueSource {
    pub aws: AwsConfig,
    /// Another account's number, if it is not one's own; Athena then has it under a name of its own
    /// ([`AthenaConfig::catalog`]).
    pub catalog_id: Option<String>,
    pub athena: AthenaConfig,
    /// What `auto` means here: `auto` itself, `embedded` or `athena`.
    pub engine: EngineChoice,
    /// More is sent to Athena; `None`: as for all catalogs.
    pub embedded_max_bytes: Option<u64>,
    /// What is different for the people of a group, by its name in any case. Of several groups of someone, the first by
    /// name counts.
    pub groups: BTreeMap<String, GroupRules>,
    /// Results of statements that read so many bytes are unloaded as Parquet, where that is possible; `None`: none are.
    pub unload_min_bytes: Option<u64>,
    /// What Athena's scanned terabyte (10^12 bytes) costs; `None`: the region's list price.
    pub price_per_tb_usd: Option<f64>,
}

/// Which engine statements of a group's people take; what is `None` is as for everyone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupRules {
    pub engine: Option<EngineChoice>,
    pub embedded_max_bytes: Option<u64>,
}

/// A parsed source.
#[derive(Debug)]
pub(super) struct Lake {
    place: Place,
    /// With the credentials of the last look.
    storage: RwLock<Storage>,
}

#[derive(Debug)]
enum Place {
    Local(LocalRoot),
    S3 {
        location: S3Location,
        /// Looked up once; asking AWS takes a request.
        region: OnceCell<String>,
        source: Source,
    },
}

/// Where credentials come from.
#[derive(Debug)]
enum Source {
    Given,
    Environment(OnceCell<EnvironmentCredentials>),
    Aws { config: Box<AwsConfig>, aws: OnceCell<Aws> },
}

impl Lake {
    pub(super) fn local(path: &str, allowed: Option<&[PathBuf]>) -> Result<Lake, EngineError> {
        let root = LocalRoot::parse(path, allowed)?;
        let storage = Storage::Local { root: root.path().to_owned() };
        Ok(Lake { place: Place::Local(root), storage: RwLock::new(storage) })
    }

    /// Touches no network.
    pub(super) fn s3(
        uri: &str,
        region: Option<String>,
        endpoint: Option<String>,
        credentials: Option<S3Credentials>,
        access: Option<Box<AwsConfig>>,
    ) -> Result<Lake, EngineError> {
        let location = S3Location::parse(uri)?;
        let given = endpoint.filter(|endpoint| !endpoint.is_empty());
        if let Some(endpoint) = &given {
            lake::check_endpoint(endpoint)?;
        }
        let region = region.filter(|region| !region.is_empty());
        let source = match (&credentials, access) {
            (Some(_), _) => Source::Given,
            (None, Some(config)) => Source::Aws { config, aws: OnceCell::new() },
            (None, None) => Source::Environment(OnceCell::new()),
        };
        let storage = Storage::S3 {
            bucket: location.bucket().to_owned(),
            prefix: location.prefix().to_owned(),
            region: region.clone(),
            endpoint: given.or_else(lake::environment_endpoint),
            credentials: credentials.unwrap_or(S3Credentials::Anonymous),
        };
        let place = Place::S3 { location, region: OnceCell::new_with(region), source };
        Ok(Lake { place, storage: RwLock::new(storage) })
    }

    /// The storage with credentials that are valid now.
    pub(super) async fn storage(&self) -> Result<Storage, QueryError> {
        let now = self.with_credentials(None).await?;
        self.storage.write().unwrap_or_else(PoisonError::into_inner).clone_from(&now);
        Ok(now)
    }

    /// The storage with the credentials of one person, where the connection tells people apart.
    pub(super) async fn storage_for(&self, person: &Principal) -> Result<Option<Storage>, QueryError> {
        match &self.place {
            Place::S3 { source: Source::Aws { config, .. }, .. }
                if config.assume_role.as_ref().is_some_and(|role| role.per_person) =>
            {
                self.with_credentials(Some(person)).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    async fn with_credentials(&self, person: Option<&Principal>) -> Result<Storage, QueryError> {
        let mut now = self.storage_now();
        let (Place::S3 { region: known, source, .. }, Storage::S3 { bucket, region, endpoint, credentials, .. }) =
            (&self.place, &mut now)
        else {
            return Ok(now);
        };
        let from_engine = |error: EngineError| QueryError::from_engine(&error);
        let found =
            known.get_or_try_init(|| lake::region_of(bucket, endpoint.as_deref())).await.map_err(from_engine)?;
        *region = Some(found.clone());
        match source {
            Source::Given => {}
            Source::Environment(environment) => {
                let environment =
                    environment.get_or_try_init(async || EnvironmentCredentials::new(bucket, found)).await;
                *credentials = environment.map_err(from_engine)?.current().await.map_err(from_engine)?;
            }
            Source::Aws { config, aws } => {
                let region = if config.region.is_empty() { found } else { &config.region };
                let config = || AwsConfig { region: region.clone(), ..AwsConfig::clone(config) };
                let aws = aws.get_or_try_init(|| Aws::new(config())).await?;
                let aws = match person {
                    Some(person) => &aws.acting_for(person).await?,
                    None => aws,
                };
                *credentials = aws.credentials().await?;
            }
        }
        Ok(now)
    }

    /// The storage as of the last look.
    pub(super) fn storage_now(&self) -> Storage {
        self.storage.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The folder or the URI.
    pub(super) fn location(&self) -> String {
        match &self.place {
            Place::Local(root) => root.path().display().to_string(),
            Place::S3 { location, .. } => location.uri(),
        }
    }

    pub(super) fn kind(&self) -> &'static str {
        match self.place {
            Place::Local(_) => "local",
            Place::S3 { .. } => "s3",
        }
    }

    /// Bucket and prefix, where there is one.
    pub(super) fn bucket(&self) -> Option<(&str, &str)> {
        match &self.place {
            Place::Local(_) => None,
            Place::S3 { location, .. } => Some((location.bucket(), location.prefix())),
        }
    }

    /// Names a table that is the root itself.
    pub(super) fn root_name(&self) -> Option<&str> {
        match &self.place {
            Place::Local(root) => root.last_segment(),
            Place::S3 { location, .. } => location.last_segment(),
        }
    }

    /// Two sources of one identity list the same objects.
    pub(super) fn identity(&self) -> String {
        match self.storage_now() {
            Storage::Local { root } => format!("local {}", root.display()),
            Storage::S3 { bucket, prefix, endpoint, .. } => {
                format!("s3 {} {bucket} {prefix}", endpoint.unwrap_or_default())
            }
        }
    }
}
