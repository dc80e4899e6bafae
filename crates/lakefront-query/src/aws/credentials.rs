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
use super::web_token::WebIdentity;
use super::{AssumeRole, AwsAccess, AwsConfig, AwsError, AwsErrorKind};
use crate::Principal;

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
    /// The role that it takes on.
    role_arn: Option<String>,
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
    /// Those of the connection itself, or of one person in it.
    pub(super) async fn open(
        config: &AwsConfig,
        http: reqwest::Client,
        person: Option<&Principal>,
    ) -> Result<Self, AwsError> {
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
        let session = config.assume_role.as_ref().map(|role| Session::of(role, person));
        let role_arn = session.as_ref().map(|session| session.role_arn.clone());
        let source = match (session, &config.access) {
            (Some(session), AwsAccess::WebIdentity(token)) => {
                let source = WebIdentity::new(at_endpoint(base, config), token.clone(), session);
                Some(SharedCredentialsProvider::new(source))
            }
            (None, AwsAccess::WebIdentity(_)) => return Err(missing("a web identity takes on a role; name one")),
            (Some(session), _) => {
                Some(SharedCredentialsProvider::new(assumed(session, at_endpoint(base, config)).await))
            }
            (None, _) => base.credentials_provider(),
        };
        let source = source.ok_or_else(|| missing("the configuration names no source"))?;
        Ok(Self { source, role_arn, held: Mutex::new(None) })
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
        let missing = |error| {
            let text = chain(&error);
            let is_refused = ["AccessDenied", "not authorized"].iter().any(|word| text.contains(word));
            AwsError { reason: self.role_arn.clone().filter(|_| is_refused), ..missing(text) }
        };
        let credentials = self.source.provide_credentials().await.map_err(missing)?;
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

/// A role to take on, and the name to take it on in.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) role_arn: String,
    pub(super) name: String,
    external_id: Option<String>,
    tags: Vec<(String, String)>,
}

impl Session {
    pub(super) fn of(role: &AssumeRole, person: Option<&Principal>) -> Self {
        let mut tags = role.tags.clone();
        let name = match person {
            Some(person) => {
                tags.push(("lakefront:user".to_owned(), tag_value(&person.name)));
                tags.push(("lakefront:user_id".to_owned(), tag_value(&person.id)));
                // The id keeps apart those who share a name.
                let name: String = person.name.chars().take(LONGEST_NAME).collect();
                format!("{name}-{}", person.id)
            }
            None => role.session_name.clone(),
        };
        Self { role_arn: role.role_arn.clone(), name: session_name(&name), external_id: role.external_id.clone(), tags }
    }
}

/// What an id of 26 characters leaves of a session's name.
const LONGEST_NAME: usize = 37;

async fn assumed(session: Session, base: SdkConfig) -> AssumeRoleProvider {
    let mut builder = AssumeRoleProvider::builder(&session.role_arn).session_name(&session.name).configure(&base);
    if !session.tags.is_empty() {
        builder = builder.tags(session.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    }
    if let Some(external_id) = &session.external_id {
        builder = builder.external_id(external_id);
    }
    builder.build().await
}

fn at_endpoint(base: SdkConfig, config: &AwsConfig) -> SdkConfig {
    match &config.endpoints.sts {
        Some(endpoint) => base.into_builder().endpoint_url(endpoint).build(),
        None => base,
    }
}

/// At most 256 characters of those that a tag takes.
fn tag_value(text: &str) -> String {
    let taken = |c: char| c.is_alphanumeric() || " _.:/=+-@".contains(c);
    text.chars().map(|c| if taken(c) { c } else { '-' }).take(256).collect()
}

/// 2 to 64 characters of those that STS takes.
fn session_name(name: &str) -> String {
    let taken = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    let name: String = name.chars().map(|c| if taken(c) { c } else { '-' }).take(64).collect();
    if name.len() < 2 { format!("lakefront-{name}") } else { name }
}

pub(super) fn missing(detail: impl std::fmt::Display) -> AwsError {
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
    use super::*;
    use crate::Role;

    #[test]
    fn a_session_of_somebody_names_them() {
        let role = AssumeRole {
            role_arn: "arn:aws:iam::123456789012:role/demo".to_owned(),
            external_id: None,
            session_name: "lakefront".to_owned(),
            tags: Vec::new(),
            per_person: true,
        };
        assert_eq!(Session::of(&role, None).name, "lakefront");
        let ada = Principal {
            id: "01JD0000000000000000000000".to_owned(),
            name: "Åda Lövelace <ada>".to_owned(),
            role: Role::Viewer,
            groups: Vec::new(),
        };
        let session = Session::of(&role, Some(&ada));
        assert_eq!(session.name, "-da-L-velace--ada--01JD0000000000000000000000");
        assert_eq!(session.tags[0], ("lakefront:user".to_owned(), "Åda Lövelace -ada-".to_owned()));
        let long = Principal { name: "x".repeat(80), ..ada };
        let name = Session::of(&role, Some(&long)).name;
        assert!(name.len() == 64 && name.ends_with("-01JD0000000000000000000000"), "{name}");
    }

    #[test]
    fn session_names_are_what_sts_takes() {
        assert_eq!(session_name("ada@example.com"), "ada@example.com");
        assert_eq!(session_name("Åda Lövelace/ops"), "-da-L-velace-ops");
        assert_eq!(session_name(""), "lakefront-");
        assert_eq!(session_name(&"x".repeat(100)).len(), 64);
    }
}
