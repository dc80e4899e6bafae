//! Credentials that are valid now.

use std::time::{Duration, SystemTime};

use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::identity::Identity;
use lakefront_engine::S3Credentials;
use tokio::sync::Mutex;

use super::transport::Transport;
use super::{AssumeRole, AwsAccess, AwsConfig, AwsError, AwsErrorKind};

/// Temporary credentials are renewed this long before they expire, or in the last quarter of a shorter life.
const AHEAD: Duration = Duration::from_secs(300);
/// How long a renewal may take while the old credentials are good.
const PATIENCE: Duration = Duration::from_secs(10);
/// The next try after a renewal failed while the old credentials are good.
const AGAIN: Duration = Duration::from_secs(15);

/// One source of credentials. What it gave is kept; those who ask while it is renewed wait for the same renewal.
#[derive(Debug)]
pub(super) struct Keyring {
    source: SharedCredentialsProvider,
    held: Mutex<Option<Held>>,
}

#[derive(Debug)]
struct Held {
    keys: Keys,
    renew_at: Option<SystemTime>,
}

/// Credentials, and the same as signing takes them. `Debug` shows the access key's id only.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    pub(super) identity: Identity,
    credentials: Credentials,
}

impl Keyring {
    pub(super) async fn open(config: &AwsConfig, http: reqwest::Client) -> Result<Self, AwsError> {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(config.region.clone()))
            .http_client(Transport(http));
        if let Some(profile) = &config.profile {
            loader = loader.profile_name(profile);
        }
        if let AwsAccess::Keys { access_key_id, secret_access_key, session_token } = &config.access {
            loader = loader.credentials_provider(Credentials::new(
                access_key_id,
                secret_access_key,
                session_token.clone(),
                None,
                "connection",
            ));
        }
        let base = loader.load().await;
        let source = match &config.assume_role {
            Some(role) => Some(SharedCredentialsProvider::new(assumed(role, base, config).await)),
            None => base.credentials_provider(),
        };
        let source = source.ok_or_else(|| missing("the configuration names no source"))?;
        Ok(Self { source, held: Mutex::new(None) })
    }

    pub(super) async fn current(&self) -> Result<Keys, AwsError> {
        let mut held = self.held.lock().await;
        let now = SystemTime::now();
        match held.as_mut() {
            Some(Held { keys, renew_at }) if renew_at.is_none_or(|at| now < at) => Ok(keys.clone()),
            Some(old) if old.keys.credentials.expiry().is_none_or(|expiry| now < expiry) => {
                match tokio::time::timeout(PATIENCE, self.fetch()).await {
                    Ok(Ok(renewed)) => *old = renewed,
                    failed => {
                        let why = match failed {
                            Ok(Err(error)) => error.to_string(),
                            _ => "no answer in time".to_owned(),
                        };
                        tracing::warn!(%why, "AWS credentials can't be renewed yet: {why}");
                        old.renew_at = Some(SystemTime::now() + AGAIN);
                    }
                }
                Ok(old.keys.clone())
            }
            _ => Ok(held.insert(self.fetch().await?).keys.clone()),
        }
    }

    /// AWS says that these keys expired.
    pub(super) async fn forget(&self, expired: &Keys) {
        let mut held = self.held.lock().await;
        if held.as_ref().is_some_and(|held| held.keys.credentials == expired.credentials) {
            *held = None;
        }
    }

    async fn fetch(&self) -> Result<Held, AwsError> {
        let credentials = self.source.provide_credentials().await.map_err(|error| missing(chain(&error)))?;
        let now = SystemTime::now();
        let renew_at = credentials.expiry().map(|expiry| {
            let life = expiry.duration_since(now).unwrap_or_default();
            expiry - AHEAD.min(life / 4)
        });
        Ok(Held { keys: Keys { identity: credentials.clone().into(), credentials }, renew_at })
    }
}

impl Keys {
    pub(super) fn for_s3(&self) -> S3Credentials {
        S3Credentials::Keys {
            access_key_id: self.credentials.access_key_id().to_owned(),
            secret_access_key: self.credentials.secret_access_key().to_owned(),
            session_token: self.credentials.session_token().map(str::to_owned),
        }
    }
}

async fn assumed(role: &AssumeRole, base: SdkConfig, config: &AwsConfig) -> AssumeRoleProvider {
    let base = match &config.endpoints.sts {
        Some(endpoint) => base.into_builder().endpoint_url(endpoint).build(),
        None => base,
    };
    let mut builder = AssumeRoleProvider::builder(&role.role_arn)
        .session_name(session_name(&role.session_name))
        .tags(role.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())))
        .configure(&base);
    if let Some(external_id) = &role.external_id {
        builder = builder.external_id(external_id);
    }
    builder.build().await
}

/// 2 to 64 characters of those that STS takes.
fn session_name(name: &str) -> String {
    let taken = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    let name: String = name.chars().map(|c| if taken(c) { c } else { '-' }).take(64).collect();
    if name.len() < 2 { format!("lakefront-{name}") } else { name }
}

fn missing(detail: impl std::fmt::Display) -> AwsError {
    AwsError::new(AwsErrorKind::NoCredentials, "credentials", "CredentialsMissing", detail.to_string())
}

/// An error with what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::session_name;

    #[test]
    fn session_names_are_what_sts_takes() {
        assert_eq!(session_name("ada@example.com"), "ada@example.com");
        assert_eq!(session_name("Åda Lövelace/ops"), "-da-L-velace-ops");
        assert_eq!(session_name(""), "lakefront-");
        assert_eq!(session_name(&"x".repeat(100)).len(), 64);
    }
}
