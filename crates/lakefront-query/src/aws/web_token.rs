//! Roles taken on with a token of another identity provider (OIDC), such as Vercel's.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};

use super::credentials::Session;

/// Where a token that is valid now comes from: it is asked again for every renewal. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct WebToken(Arc<dyn Fn() -> Option<String> + Send + Sync>);

impl WebToken {
    /// `read` answers `None` while there is no token.
    pub fn new(read: impl Fn() -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }
}

impl fmt::Debug for WebToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebToken(…)")
    }
}

/// STS's AssumeRoleWithWebIdentity. The call itself needs no credentials.
#[derive(Debug)]
pub(super) struct WebIdentity {
    sts: aws_sdk_sts::Client,
    token: WebToken,
    session: Session,
}

impl WebIdentity {
    pub(super) fn new(base: SdkConfig, token: WebToken, session: Session) -> Self {
        Self { sts: aws_sdk_sts::Client::new(&base), token, session }
    }

    async fn assume(&self) -> Result<Credentials, CredentialsError> {
        let token = (self.token.0)();
        let token =
            token.ok_or_else(|| CredentialsError::not_loaded("there is no web identity token at the moment"))?;
        let answer = self
            .sts
            .assume_role_with_web_identity()
            .role_arn(&self.session.role_arn)
            .role_session_name(&self.session.name)
            .web_identity_token(token)
            .send()
            .await
            .map_err(CredentialsError::provider_error)?;
        let given = answer.credentials.ok_or_else(|| CredentialsError::unhandled("the answer has no credentials"))?;
        let expiry = SystemTime::try_from(given.expiration).map_err(CredentialsError::unhandled)?;
        Ok(Credentials::new(
            given.access_key_id,
            given.secret_access_key,
            Some(given.session_token),
            Some(expiry),
            "web identity",
        ))
    }
}

impl ProvideCredentials for WebIdentity {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.assume())
    }
}
