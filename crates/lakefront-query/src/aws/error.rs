//! What AWS answers when it does not do what it was asked.

use crate::{ErrorKind, QueryError};

/// A call that failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{operation}: {code}: {message}")]
pub struct AwsError {
    pub kind: AwsErrorKind,
    /// Service and operation as IAM names them: `athena:StartQueryExecution`.
    pub operation: String,
    /// AWS's own word: `ThrottlingException`.
    pub code: String,
    /// AWS's own sentence; it names accounts and people.
    pub message: String,
    /// What Athena adds: an `AthenaErrorCode` or the reason of a refusal; of missing credentials the role that can't be
    /// taken on.
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwsErrorKind {
    /// Too many calls, or too many queries at once. Nothing was done.
    Throttled,
    /// No whole answer, or one that says AWS failed: the call may have been carried out.
    Unavailable,
    /// The credentials expired. Nothing was done.
    Expired,
    Forbidden,
    NoCredentials,
    /// There is no such thing.
    Missing,
    /// The object is another one than before.
    Changed,
    /// The call is wrong in itself.
    Invalid,
    /// The answer is larger than what is kept in memory.
    TooLarge,
}

impl AwsError {
    pub(super) fn new(
        kind: AwsErrorKind,
        operation: impl Into<String>,
        code: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self { kind, operation: operation.into(), code: code.into(), message: message.into(), reason: None }
    }

    /// The error of an answer with this HTTP status and AWS code.
    pub(super) fn answered(operation: &str, status: u16, code: &str, message: &str) -> Self {
        let kind = match (code, status) {
            ("ExpiredToken" | "ExpiredTokenException" | "RequestExpired" | "TokenRefreshRequired", _) => {
                AwsErrorKind::Expired
            }
            (
                "Throttling"
                | "ThrottlingException"
                | "ThrottledException"
                | "RequestThrottled"
                | "RequestThrottledException"
                | "RequestLimitExceeded"
                | "TooManyRequestsException"
                | "SlowDown",
                _,
            )
            | (_, 429) => AwsErrorKind::Throttled,
            ("RequestTimeout" | "InternalServerException" | "InternalServiceException", _) | (_, 500..) => {
                AwsErrorKind::Unavailable
            }
            ("EntityNotFoundException" | "NoSuchKey" | "NoSuchBucket" | "ResourceNotFoundException", _) | (_, 404) => {
                AwsErrorKind::Missing
            }
            ("PreconditionFailed" | "InvalidRange", _) | (_, 412 | 416) => AwsErrorKind::Changed,
            (
                "AccessDenied"
                | "AccessDeniedException"
                | "UnrecognizedClientException"
                | "InvalidClientTokenId"
                | "InvalidAccessKeyId"
                | "InvalidSignatureException"
                | "SignatureDoesNotMatch"
                | "MissingAuthenticationToken"
                | "MissingAuthenticationTokenException"
                | "IncompleteSignatureException"
                | "RequestTimeTooSkewed",
                _,
            )
            | (_, 401 | 403) => AwsErrorKind::Forbidden,
            _ => AwsErrorKind::Invalid,
        };
        Self::new(kind, operation, code, message)
    }

    pub(super) fn unavailable(operation: &str, message: impl Into<String>) -> Self {
        Self::new(AwsErrorKind::Unavailable, operation, "NoAnswer", message)
    }

    /// Whether nobody can be asked in whose name to call.
    pub(super) fn lacks_credentials(&self) -> bool {
        matches!(self.kind, AwsErrorKind::NoCredentials | AwsErrorKind::Expired)
    }

    /// Whether it is the keys that AWS refuses, not what they may do.
    pub(super) fn blames_keys(&self) -> bool {
        matches!(
            self.code.as_str(),
            "RequestTimeTooSkewed"
                | "UnrecognizedClientException"
                | "InvalidClientTokenId"
                | "InvalidAccessKeyId"
                | "InvalidSignatureException"
                | "SignatureDoesNotMatch"
        )
    }

    /// Whether the same call may go well in a moment.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self.kind, AwsErrorKind::Throttled | AwsErrorKind::Unavailable)
    }
}

impl From<AwsError> for QueryError {
    /// AWS's own words go to the log.
    fn from(error: AwsError) -> Self {
        let AwsError { operation, code, message, .. } = &error;
        tracing::warn!(operation, code, "AWS refused {operation}: {code}: {message}");
        error.told()
    }
}

impl AwsError {
    /// In words for people, without AWS's own.
    pub(super) fn told(&self) -> QueryError {
        let AwsError { kind, operation, code, message, reason } = self;
        match kind {
            AwsErrorKind::Throttled => QueryError::new(
                "TOO_MANY_REQUESTS",
                ErrorKind::Limit,
                format!("AWS takes no more {operation} calls at the moment."),
            )
            .with_hint("Try again in a minute, or have the account's quota raised."),
            AwsErrorKind::Unavailable => QueryError::new(
                "AWS_UNAVAILABLE",
                ErrorKind::Unavailable,
                format!("AWS gave no answer to {operation}."),
            )
            .with_hint("Try again; if it lasts, check the network and the AWS status page."),
            AwsErrorKind::Expired => QueryError::new(
                "CREDENTIALS_EXPIRED",
                ErrorKind::Unavailable,
                "The AWS credentials of this connection have expired.",
            )
            .with_hint("Sign in to AWS again (`aws sso login`), or give the connection new keys."),
            AwsErrorKind::NoCredentials => no_credentials(reason.as_deref()),
            AwsErrorKind::Forbidden => forbidden(operation, code, message),
            AwsErrorKind::Missing => QueryError::new(
                "INVALID_LOCATION",
                ErrorKind::NotFound,
                format!("AWS has nothing of that name for {operation}."),
            ),
            AwsErrorKind::Changed => {
                QueryError::new("DATA_CHANGED", ErrorKind::Conflict, "The result was replaced while it was read.")
                    .with_hint("Run the statement again.")
            }
            AwsErrorKind::Invalid | AwsErrorKind::TooLarge => QueryError::new(
                "EXECUTION_ERROR",
                ErrorKind::User,
                format!("AWS refused {operation} ({code}): {}", sentence(message)),
            ),
        }
    }
}

/// AWS refuses a role that is gone as it refuses one that trusts others.
fn no_credentials(refused_role: Option<&str>) -> QueryError {
    let told = |text: String| QueryError::new("CREDENTIALS_MISSING", ErrorKind::Unavailable, text);
    match refused_role {
        Some(role) => told(format!(
            "The role {role} can't be assumed: it is gone, or it does not trust the credentials that ask."
        ))
        .with_hint("Look for it in IAM, and at its trust policy; the log has AWS's answer."),
        None => told("There are no AWS credentials for this connection, or the role can't be assumed.".to_owned())
            .with_hint(
                "Give it keys or a profile, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run under a role. A \
                 profile of SSO needs `aws sso login --profile NAME` on the server from time to time. The log says what \
                 was tried.",
            ),
    }
}

/// Names what has to be allowed, as far as AWS tells.
pub(super) fn forbidden(operation: &str, code: &str, message: &str) -> QueryError {
    let told = |text: String| QueryError::new("FORBIDDEN", ErrorKind::Forbidden, text);
    match code {
        "RequestTimeTooSkewed" => {
            return told("AWS refuses the signature: the clock of this machine is wrong.".to_owned())
                .with_hint("Set the clock.");
        }
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch" => {
            return told("AWS does not know these keys, or the secret key is wrong.".to_owned())
                .with_hint("Give the connection keys that are active.");
        }
        _ => {}
    }
    let Grant { action, resource } =
        Grant::asked_for(message).unwrap_or_else(|| Grant { action: operation.to_owned(), resource: None });
    let on = resource.as_ref().map(|resource| format!(" on {resource}")).unwrap_or_default();
    let told = told(format!("AWS does not allow {action}{on} with these credentials."));
    if message.contains("explicit deny") {
        return told.with_hint(
            "A policy denies it, so that allowing it is not enough. A bucket that takes TLS alone denies what comes by plain http.",
        );
    }
    told.with_hint(format!(
        "Add to the policy: {{\"Effect\": \"Allow\", \"Action\": \"{action}\", \"Resource\": \"{}\"}}",
        resource.as_deref().unwrap_or("*")
    ))
}

/// What a policy has to grant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) action: String,
    pub(super) resource: Option<String>,
}

impl Grant {
    /// `… is not authorized to perform: glue:GetTable on resource: arn:… because …`
    pub(super) fn asked_for(message: &str) -> Option<Grant> {
        let word = |text: &str| {
            let word = text.split_whitespace().next()?.trim_start_matches(['"', '\'']);
            let word = word.trim_end_matches(['.', ',', ';', ')', '"', '\'']);
            (!word.is_empty()).then(|| word.to_owned())
        };
        let (_, rest) = message.split_once("not authorized to perform: ")?;
        let action = word(rest)?;
        let resource = rest.split_once("on resource: ").and_then(|(_, rest)| word(rest));
        Some(Grant { action, resource })
    }
}

/// One line that ends in a full stop.
pub(super) fn sentence(text: &str) -> String {
    let line = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    match line.chars().last() {
        None => "no reason given.".to_owned(),
        Some('.' | '!' | '?') => line,
        Some(_) => line + ".",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_what_to_allow() {
        let error = AwsError::answered(
            "athena:StartQueryExecution",
            400,
            "AccessDeniedException",
            "User: arn:aws:iam::123456789012:user/ada is not authorized to perform: athena:StartQueryExecution on \
             resource: arn:aws:athena:us-east-1:123456789012:workgroup/primary because no identity-based policy allows it",
        );
        let told = QueryError::from(error);
        assert_eq!((told.code, told.kind), ("FORBIDDEN", ErrorKind::Forbidden));
        assert_eq!(
            told.message,
            "AWS does not allow athena:StartQueryExecution on \
             arn:aws:athena:us-east-1:123456789012:workgroup/primary with these credentials."
        );
        assert!(told.hint.is_some_and(|hint| hint.contains("\"Action\": \"athena:StartQueryExecution\"")));
        assert!(!told.message.contains("user/ada"));

        let message =
            "User: x is not authorized to perform: s3:GetObject with an explicit deny in a resource-based policy";
        let told = QueryError::from(AwsError::answered("s3:GetObject", 403, "AccessDenied", message));
        assert!(told.hint.is_some_and(|hint| hint.starts_with("A policy denies it")));

        let told = QueryError::from(AwsError::answered("s3:GetObject", 403, "AccessDenied", "Access Denied"));
        assert_eq!(told.message, "AWS does not allow s3:GetObject with these credentials.");
    }

    #[test]
    fn codes_tell_whether_to_try_again() {
        for (status, code, kind) in [
            (400, "ThrottlingException", AwsErrorKind::Throttled),
            (400, "TooManyRequestsException", AwsErrorKind::Throttled),
            (503, "SlowDown", AwsErrorKind::Throttled),
            (429, "", AwsErrorKind::Throttled),
            (500, "InternalServerException", AwsErrorKind::Unavailable),
            (502, "", AwsErrorKind::Unavailable),
            (400, "ExpiredTokenException", AwsErrorKind::Expired),
            (403, "ExpiredToken", AwsErrorKind::Expired),
            (403, "", AwsErrorKind::Forbidden),
            (400, "EntityNotFoundException", AwsErrorKind::Missing),
            (412, "PreconditionFailed", AwsErrorKind::Changed),
            (400, "InvalidRequestException", AwsErrorKind::Invalid),
        ] {
            assert_eq!(AwsError::answered("s3:GetObject", status, code, "").kind, kind, "{status} {code}");
        }
    }
}
