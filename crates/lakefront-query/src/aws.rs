//! AWS: whose credentials, signed calls, and what stands on them: Athena and the Glue catalog.
//!
//! Credentials and signatures are the SDK's own; its service crates are left out (`docs/decisions/005-aws-calls.md`).
//! Calls have a time limit, are repeated with growing, uneven pauses out of a common budget, and refresh credentials
//! that expired under way. Secrets are in no error, log line or `Debug`.

mod athena;
mod call;
mod check;
mod credentials;
mod error;
mod glue;
mod identity;
mod object;
mod people;
mod queue;
mod retry;
mod stack;
mod transport;
mod upload;
mod web_token;

use std::fmt;

pub use athena::per_tb_usd;
pub use athena::{Athena, AthenaConfig, AthenaRequest, AthenaRun, AthenaState};
pub(crate) use athena::{LEAST, STEP};
pub use call::Aws;
pub use check::{AwsChecks, Check, Mend, MissingRight, missing_policy, missing_right};
pub use error::{AwsError, AwsErrorKind};
pub use glue::{Glue, GlueColumn, GlueDatabase, GluePartition, GlueTable};
pub use identity::Identity;
pub use object::ObjectHead;
pub use queue::{Message, Queue};
pub use stack::{
    ChangeSet, ChangeSetRequest, DriftStatus, PropertyDifference, ResourceChange, ResourceDrift, Stack, StackEvent,
};
pub use web_token::WebToken;

/// An account and region of AWS, and who asks there.
#[derive(Debug, Clone)]
pub struct AwsConfig {
    pub region: String,
    /// A profile of the machine's AWS configuration; `None` takes `AWS_PROFILE` or the default one.
    pub profile: Option<String>,
    pub access: AwsAccess,
    /// Taken on with the credentials of `access`.
    pub assume_role: Option<AssumeRole>,
    pub endpoints: Endpoints,
}

impl AwsConfig {
    /// Whose rights answers are given by, without secrets: others may be given other rows.
    pub(crate) fn identity(&self) -> String {
        let key = match &self.access {
            AwsAccess::Chain | AwsAccess::WebIdentity(_) => None,
            AwsAccess::Keys { access_key_id, .. } => Some(access_key_id),
        };
        let role = self.assume_role.as_ref().map(|role| (&role.role_arn, &role.session_name, &role.tags));
        format!("{:?} {key:?} {role:?}", self.profile)
    }
}

/// Where credentials come from.
#[derive(Clone)]
pub enum AwsAccess {
    /// Environment, profile (SSO too), web identity, container or instance role: the first that has some.
    Chain,
    Keys {
        access_key_id: String,
        secret_access_key: String,
        session_token: Option<String>,
    },
    /// A token of another identity provider, for which STS gives the credentials of `assume_role`.
    WebIdentity(WebToken),
}

impl fmt::Debug for AwsAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AwsAccess::Chain => "Chain",
            AwsAccess::Keys { .. } => "Keys(…)",
            AwsAccess::WebIdentity(_) => "WebIdentity(…)",
        })
    }
}

/// A role to take on.
#[derive(Debug, Clone)]
pub struct AssumeRole {
    pub role_arn: String,
    /// The word agreed on with the role's owner.
    pub external_id: Option<String>,
    /// Names the caller in CloudTrail; characters that AWS does not take become `-`.
    pub session_name: String,
    /// Session tags, key and value.
    pub tags: Vec<(String, String)>,
    /// Whether everyone who asks gets a session of their own, which names them: see [`Aws::acting_for`].
    pub per_person: bool,
}

/// Addresses that stand in for AWS's own, `https://host[:port]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    pub athena: Option<String>,
    pub glue: Option<String>,
    pub s3: Option<String>,
    pub sts: Option<String>,
    pub kms: Option<String>,
    pub cloudformation: Option<String>,
    pub sqs: Option<String>,
}

impl Endpoints {
    /// AWS's own, whatever the environment says.
    pub fn of_aws() -> Self {
        Self::each(|_| None)
    }

    /// One address for all services, as emulators have it.
    pub fn at(address: &str) -> Self {
        Self::each(|_| Some(address.to_owned()))
    }

    /// By the name of each service as the environment spells it.
    fn each(of: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            athena: of("ATHENA"),
            glue: of("GLUE"),
            s3: of("S3"),
            sts: of("STS"),
            kms: of("KMS"),
            cloudformation: of("CLOUDFORMATION"),
            sqs: of("SQS"),
        }
    }
}

impl Default for Endpoints {
    /// `AWS_ENDPOINT_URL_ATHENA` and so on, else `AWS_ENDPOINT_URL`, else AWS's own.
    fn default() -> Self {
        let named = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self::each(|service| named(&format!("AWS_ENDPOINT_URL_{service}")).or_else(|| named("AWS_ENDPOINT_URL")))
    }
}
