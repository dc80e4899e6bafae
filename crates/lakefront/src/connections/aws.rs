//! Whose credentials a connection to AWS uses: one shape for buckets, Glue and Athena.

use lakefront_query::QueryError;
use lakefront_query::aws::{AssumeRole, AwsAccess, AwsConfig, Endpoints, WebToken};
use serde::{Deserialize, Serialize};

use super::vercel;

/// Names a role's session where the connection says nothing else.
const SESSION: &str = "lakefront";

/// Nothing said means the server's own surroundings: environment, profile, web identity, container or instance role.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AwsIdentity {
    /// A profile of the server's AWS configuration; SSO's are such.
    pub profile: Option<String>,
    /// Its secret is the connection's.
    pub access_key_id: Option<String>,
    /// Vercel's token stands in for keys.
    pub web_identity: Option<WebIdentity>,
    /// A role to take on with these credentials.
    pub role_arn: Option<String>,
    /// The word agreed on with the role's owner.
    pub external_id: Option<String>,
    /// Names the caller in CloudTrail.
    pub session_name: Option<String>,
    /// Everyone who asks takes the role on in their own name.
    pub per_person: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WebIdentity {
    Vercel,
}

impl AwsIdentity {
    /// Whether it says more than a key: then calls go by [`config`](Self::config).
    pub fn is_more_than_keys(&self) -> bool {
        self.profile.is_some() || self.web_identity.is_some() || self.role_arn.is_some()
    }

    /// Empty fields of a form are no fields.
    #[must_use]
    pub fn trimmed(self) -> Self {
        let text = |field: Option<String>| field.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        Self {
            profile: text(self.profile),
            access_key_id: text(self.access_key_id),
            web_identity: self.web_identity,
            role_arn: text(self.role_arn),
            external_id: text(self.external_id),
            session_name: text(self.session_name),
            per_person: self.per_person,
        }
    }

    /// Whether its parts fit together. `INVALID_PARAMETER`.
    pub fn check(&self, has_secret: bool) -> Result<(), QueryError> {
        let wrong = |message: &str, hint: &str| Err(QueryError::user("INVALID_PARAMETER", message).with_hint(hint));
        let sources = [self.profile.is_some(), self.access_key_id.is_some(), self.web_identity.is_some()];
        if sources.into_iter().filter(|given| *given).count() > 1 {
            return wrong("Profile, access key and web identity exclude each other.", "Give one of them, or none.");
        }
        match (self.access_key_id.is_some(), has_secret) {
            (true, false) => return wrong("The access key lacks its secret.", "Give the secret access key, too."),
            (false, true) => return wrong("There is a secret, and no access key it belongs to.", "Give the key's id."),
            _ => {}
        }
        match &self.role_arn {
            None if self.web_identity.is_some() => wrong("A web identity takes on a role.", "Give the role's ARN."),
            None if self.external_id.is_some() || self.session_name.is_some() || self.per_person => {
                wrong("External id, session name and a session per person belong to a role.", "Give the role's ARN.")
            }
            Some(arn) if !is_role(arn) => {
                wrong("This is no role's ARN.", "It looks like arn:aws:iam::123456789012:role/name.")
            }
            Some(_) if self.web_identity.is_some() && self.external_id.is_some() => {
                wrong("A role taken on by a web identity has no external id.", "Leave it out.")
            }
            _ => Ok(()),
        }
    }

    /// `endpoint` stands in for S3's own.
    pub fn config(&self, region: &str, endpoint: Option<&str>, secret: Option<String>) -> AwsConfig {
        let access = match (&self.access_key_id, secret, self.web_identity) {
            (Some(id), Some(secret_access_key), _) => {
                AwsAccess::Keys { access_key_id: id.clone(), secret_access_key, session_token: None }
            }
            (_, _, Some(WebIdentity::Vercel)) => AwsAccess::WebIdentity(WebToken::new(vercel::token)),
            _ => AwsAccess::Chain,
        };
        let mut endpoints = Endpoints::default();
        if let Some(endpoint) = endpoint {
            endpoints.s3 = Some(endpoint.to_owned());
        }
        AwsConfig {
            region: region.to_owned(),
            profile: self.profile.clone(),
            access,
            assume_role: self.role_arn.clone().map(|role_arn| AssumeRole {
                role_arn,
                external_id: self.external_id.clone(),
                session_name: self.session_name.clone().unwrap_or_else(|| SESSION.to_owned()),
                tags: Vec::new(),
                per_person: self.per_person,
            }),
            endpoints,
        }
    }
}

fn is_role(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    matches!(parts[..], ["arn", partition, "iam", "", account, role]
        if partition.starts_with("aws") && account.len() == 12 && role.strip_prefix("role/").is_some_and(|name| !name.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_together_is_told() {
        let key = AwsIdentity { access_key_id: Some("AKID".to_owned()), ..AwsIdentity::default() };
        let role = |arn: &str| AwsIdentity { role_arn: Some(arn.to_owned()), ..AwsIdentity::default() };
        let good = "arn:aws:iam::123456789012:role/team/demo";
        let vercel = AwsIdentity { web_identity: Some(WebIdentity::Vercel), ..AwsIdentity::default() };
        for (identity, has_secret, fits) in [
            (AwsIdentity::default(), false, true),
            (AwsIdentity::default(), true, false),
            (key.clone(), true, true),
            (key.clone(), false, false),
            (AwsIdentity { profile: Some("dev".to_owned()), ..key }, true, false),
            (role(good), false, true),
            (role("arn:aws:iam::1:role/x"), false, false),
            (role("arn:aws:iam::123456789012:user/x"), false, false),
            (AwsIdentity { per_person: true, ..AwsIdentity::default() }, false, false),
            (AwsIdentity { external_id: Some("x".to_owned()), ..AwsIdentity::default() }, false, false),
            (vercel.clone(), false, false),
            (AwsIdentity { role_arn: Some(good.to_owned()), ..vercel.clone() }, false, true),
            (
                AwsIdentity { role_arn: Some(good.to_owned()), external_id: Some("x".to_owned()), ..vercel },
                false,
                false,
            ),
        ] {
            assert_eq!(identity.check(has_secret).is_ok(), fits, "{identity:?} {has_secret}");
        }
    }
}
