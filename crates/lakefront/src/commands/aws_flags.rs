//! Whose credentials, as flags: the same for catalogs and for the doctor.

use super::needed;
use crate::connections::{AwsIdentity, WebIdentity};

/// Without any, the server's own surroundings say: environment, profile, web identity, container or instance role
#[derive(clap::Args, Default)]
pub(super) struct AwsFlags {
    /// A profile of this machine's AWS configuration, such as one of SSO
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Keep this key; its secret is read from AWS_SECRET_ACCESS_KEY
    #[arg(long, value_name = "ID", conflicts_with = "profile")]
    access_key_id: Option<String>,
    /// Take a role on by the identity token that the platform gives: vercel
    #[arg(long, value_name = "PLATFORM", conflicts_with_all = ["profile", "access_key_id"], requires = "role_arn",
        value_parser = web_identity)]
    web_identity: Option<WebIdentity>,
    /// A role to take on
    #[arg(long, value_name = "ARN")]
    role_arn: Option<String>,
    /// The word agreed on with the role's owner
    #[arg(long, requires = "role_arn", value_name = "WORD")]
    external_id: Option<String>,
    /// Names Lakefront in CloudTrail
    #[arg(long, requires = "role_arn", value_name = "NAME")]
    session_name: Option<String>,
    /// Take the role on for everyone who asks, in their name
    #[arg(long, requires = "role_arn")]
    per_person: bool,
}

fn web_identity(text: &str) -> Result<WebIdentity, String> {
    serde_json::from_value(serde_json::json!(text)).map_err(|_| "the platform known is vercel".to_owned())
}

impl From<AwsFlags> for AwsIdentity {
    fn from(flags: AwsFlags) -> Self {
        let AwsFlags { profile, access_key_id, web_identity, role_arn, external_id, session_name, per_person } = flags;
        Self { profile, access_key_id, web_identity, role_arn, external_id, session_name, per_person }.trimmed()
    }
}

/// The secret of an access key.
pub(super) fn aws_secret() -> anyhow::Result<String> {
    needed("AWS_SECRET_ACCESS_KEY")
}
