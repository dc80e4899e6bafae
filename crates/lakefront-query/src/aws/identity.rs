//! Who AWS takes the caller for.

use std::time::Duration;

use serde::Serialize;

use super::call::{Request, read_body};
use super::object::{element, xml_error};
use super::{Aws, AwsError};

const ACTION: &str = "sts:GetCallerIdentity";
const LARGEST_ANSWER: usize = 1 << 16;

/// The caller of AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// `arn:aws:sts::123456789012:assumed-role/lakefront/ada`
    pub arn: String,
    /// The account's number.
    pub account: String,
}

impl Identity {
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub(super) fn partition(&self) -> &str {
        self.arn.split(':').nth(1).unwrap_or("aws")
    }
}

impl Aws {
    /// Needs no right, only credentials that are good.
    pub async fn identity(&self) -> Result<Identity, AwsError> {
        let request = Request {
            action: ACTION,
            service: "sts",
            method: http::Method::POST,
            address: format!("{}/", self.sts_address()),
            headers: vec![("content-type", "application/x-www-form-urlencoded".to_owned())],
            body: b"Action=GetCallerIdentity&Version=2011-06-15".to_vec(),
            timeout: Duration::from_secs(10),
            error: xml_error,
        };
        let response = self.patiently(|| self.exchange(&request)).await?;
        let body = read_body(response, LARGEST_ANSWER).await.map_err(|error| error.of(ACTION))?;
        let body = String::from_utf8_lossy(&body);
        match (element(&body, "Arn"), element(&body, "Account")) {
            (Some(arn), Some(account)) => Ok(Identity { arn: arn.to_owned(), account: account.to_owned() }),
            _ => Err(AwsError::unavailable(ACTION, "the answer names nobody")),
        }
    }
}
