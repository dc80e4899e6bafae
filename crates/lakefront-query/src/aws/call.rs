//! Signed calls.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use http::HeaderMap;
use lakefront_engine::S3Credentials;
use lakefront_engine::lake::check_endpoint;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::credentials::{Keyring, Keys};
use super::people::People;
use super::retry::{Budget, Patience};
use super::{AwsConfig, AwsError, AwsErrorKind, transport};
use crate::{ErrorKind, Principal, QueryError};

const TIMEOUT: Duration = Duration::from_secs(20);
/// A page of 1,000 rows of a result, or 50 query texts of 256 KiB.
const LARGEST_ANSWER: usize = 32 << 20;
const JSON: &str = "application/x-amz-json-1.1";
const SQS_JSON: &str = "application/x-amz-json-1.0";
const LARGEST_ERROR: usize = 1 << 16;

/// Signed calls to one account and region. Cheap to clone; clones share credentials and the budget of retries.
#[derive(Clone)]
pub struct Aws {
    inner: Arc<Inner>,
    keyring: Arc<Keyring>,
}

struct Inner {
    http: reqwest::Client,
    region: String,
    /// Where everyone who asks has credentials of their own.
    people: Option<People>,
    budget: Budget,
    athena: String,
    glue: String,
    s3: String,
    sts: String,
    kms: String,
    cloudformation: String,
    sqs: String,
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aws").field("region", &self.inner.region).finish_non_exhaustive()
    }
}

/// The JSON protocols that are spoken.
#[derive(Debug, Clone, Copy)]
pub(super) enum Service {
    Athena,
    Glue,
    Kms,
    Sqs,
}

/// A request before it is signed.
pub(super) struct Request<'a> {
    /// As IAM names it: `s3:GetObject`.
    pub(super) action: &'a str,
    /// As signatures name it: `s3`.
    pub(super) service: &'static str,
    pub(super) method: http::Method,
    pub(super) address: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    pub(super) timeout: Duration,
    /// Reads an error out of action, status, headers and body.
    pub(super) error: fn(&str, u16, &HeaderMap, &[u8]) -> AwsError,
}

impl Aws {
    /// Finds the source of credentials; nothing is asked of AWS yet. `INVALID_LOCATION` for a region or an endpoint
    /// that can't be.
    pub async fn new(config: AwsConfig) -> Result<Self, QueryError> {
        let region = &config.region;
        if region.is_empty() || !region.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
            return Err(invalid(format!("\"{region}\" is no AWS region: write it like eu-central-1.")));
        }
        let http = transport::client()?;
        let address = |service: &str, endpoint: &Option<String>| match endpoint {
            None => Ok(own_address(service, region)),
            Some(endpoint) if check_endpoint(endpoint).is_ok() => Ok(endpoint.trim_end_matches('/').to_owned()),
            Some(_) => Err(invalid(format!(
                "The endpoint for {service} is no address of one: write https://host[:port], or http:// for this machine."
            ))),
        };
        let endpoints = &config.endpoints;
        let athena = address("athena", &endpoints.athena)?;
        let glue = address("glue", &endpoints.glue)?;
        let s3 = address("s3", &endpoints.s3)?;
        let sts = address("sts", &endpoints.sts)?;
        let kms = address("kms", &endpoints.kms)?;
        let cloudformation = address("cloudformation", &endpoints.cloudformation)?;
        let sqs = address("sqs", &endpoints.sqs)?;
        let keyring = Arc::new(Keyring::open(&config, http.clone(), None).await?);
        let region = config.region.clone();
        let per_person = config.assume_role.as_ref().is_some_and(|role| role.per_person);
        let people = per_person.then(|| People::new(config, http.clone()));
        let inner =
            Inner { http, region, people, budget: Budget::default(), athena, glue, s3, sts, kms, cloudformation, sqs };
        Ok(Self { inner: Arc::new(inner), keyring })
    }

    /// The same account in the name of the person who asks, where the connection takes its role on for each of them;
    /// else these calls themselves.
    pub async fn acting_for(&self, principal: &Principal) -> Result<Self, QueryError> {
        match &self.inner.people {
            Some(people) => {
                let keyring = people.keyring(principal).await?;
                Ok(Self { inner: Arc::clone(&self.inner), keyring })
            }
            None => Ok(self.clone()),
        }
    }

    /// Whether [`acting_for`](Self::acting_for) tells people apart: what one of them may read another may not.
    pub fn is_per_person(&self) -> bool {
        self.inner.people.is_some()
    }

    pub fn region(&self) -> &str {
        &self.inner.region
    }

    /// Calls an Athena operation that is safe to repeat: it reads, stops, or carries a token.
    pub async fn athena<T: DeserializeOwned>(&self, operation: &str, body: &impl Serialize) -> Result<T, AwsError> {
        self.call(Service::Athena, operation, body).await
    }

    /// Calls a Glue operation that reads.
    pub async fn glue<T: DeserializeOwned>(&self, operation: &str, body: &impl Serialize) -> Result<T, AwsError> {
        self.call(Service::Glue, operation, body).await
    }

    /// Credentials that are valid now. `CREDENTIALS_MISSING`.
    pub async fn credentials(&self) -> Result<S3Credentials, QueryError> {
        Ok(self.keyring.current().await?.for_s3())
    }

    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        service: Service,
        operation: &str,
        body: &impl Serialize,
    ) -> Result<T, AwsError> {
        self.patiently(|| self.once(service, operation, body, TIMEOUT)).await
    }

    /// One call, repeated at once with new credentials if the old ones expired.
    pub(super) async fn once<T: DeserializeOwned>(
        &self,
        service: Service,
        operation: &str,
        body: &impl Serialize,
        timeout: Duration,
    ) -> Result<T, AwsError> {
        let (service, target, address) = match service {
            Service::Athena => ("athena", "AmazonAthena", &self.inner.athena),
            Service::Glue => ("glue", "AWSGlue", &self.inner.glue),
            Service::Kms => ("kms", "TrentService", &self.inner.kms),
            Service::Sqs => ("sqs", "AmazonSQS", &self.inner.sqs),
        };
        let action = format!("{service}:{operation}");
        let body = serde_json::to_vec(body)
            .map_err(|error| AwsError::new(AwsErrorKind::Invalid, &action, "Unwritable", error.to_string()))?;
        let request = Request {
            action: &action,
            service,
            method: http::Method::POST,
            address: format!("{address}/"),
            headers: vec![
                ("content-type", if service == "sqs" { SQS_JSON } else { JSON }.to_owned()),
                ("x-amz-target", format!("{target}.{operation}")),
            ],
            body,
            timeout,
            error: json_error,
        };
        let response = self.exchange(&request).await?;
        let body = read_body(response, LARGEST_ANSWER).await.map_err(|error| error.of(&action))?;
        serde_json::from_slice(&body)
            .map_err(|error| AwsError::new(AwsErrorKind::Unavailable, &action, "UnreadableAnswer", error.to_string()))
    }

    /// Tries what may be repeated, as often as that may help.
    pub(super) async fn patiently<T, Try>(&self, mut attempt: impl FnMut() -> Try) -> Result<T, AwsError>
    where
        Try: Future<Output = Result<T, AwsError>>,
    {
        let mut patience = Patience::new(&self.inner.budget);
        loop {
            match attempt().await {
                Ok(answer) => {
                    patience.rewarded();
                    return Ok(answer);
                }
                Err(error) => patience.bear(error).await?,
            }
        }
    }

    /// Sends a request; an answer that is no success is an error.
    pub(super) async fn exchange(&self, request: &Request<'_>) -> Result<reqwest::Response, AwsError> {
        let keyring = &self.keyring;
        let mut keys = keyring.current().await?;
        let mut renewed = false;
        loop {
            let mut signed = self.signed(request, &keys)?;
            *signed.timeout_mut() = Some(request.timeout);
            let response = self.inner.http.execute(signed).await;
            let response =
                response.map_err(|error| AwsError::unavailable(request.action, error.without_url().to_string()))?;
            if response.status().is_success() {
                return Ok(response);
            }
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let body = read_body(response, LARGEST_ERROR).await.unwrap_or_default();
            let error = (request.error)(request.action, status, &headers, &body);
            if error.kind != AwsErrorKind::Expired || renewed {
                return Err(error);
            }
            tracing::info!("AWS credentials expired before {}; taking new ones", request.action);
            keyring.forget(&keys).await;
            keys = keyring.current().await?;
            renewed = true;
        }
    }

    fn signed(&self, request: &Request<'_>, keys: &Keys) -> Result<reqwest::Request, AwsError> {
        let wrong = |detail: String| AwsError::new(AwsErrorKind::Invalid, request.action, "Unsignable", detail);
        let mut settings = SigningSettings::default();
        if request.service == "s3" {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        }
        let parameters = v4::SigningParams::builder()
            .identity(&keys.identity)
            .region(&self.inner.region)
            .name(request.service)
            .time(SystemTime::now())
            .settings(settings)
            .build()
            .map_err(|error| wrong(error.to_string()))?
            .into();
        let headers = request.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let body = SignableBody::Bytes(&request.body);
        let signable = SignableRequest::new(request.method.as_str(), request.address.as_str(), headers, body)
            .map_err(|error| wrong(error.to_string()))?;
        let (instructions, _) = sign(signable, &parameters).map_err(|error| wrong(error.to_string()))?.into_parts();
        let mut signed = http::Request::builder().method(&request.method).uri(&request.address);
        for (name, value) in &request.headers {
            signed = signed.header(*name, value);
        }
        let mut signed = signed.body(request.body.clone()).map_err(|error| wrong(error.to_string()))?;
        instructions.apply_to_request_http1x(&mut signed);
        reqwest::Request::try_from(signed).map_err(|error| wrong(error.to_string()))
    }

    pub(super) fn sts_address(&self) -> &str {
        &self.inner.sts
    }

    pub(super) fn cloudformation_address(&self) -> &str {
        &self.inner.cloudformation
    }

    /// Where the objects of a bucket are.
    pub(super) fn bucket_address(&self, bucket: &str) -> String {
        format!("{}/{bucket}", self.inner.s3)
    }
}

/// A body that did not come whole.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error("the answer broke off: {0}")]
    Broken(reqwest::Error),
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
}

impl BodyError {
    pub(super) fn of(self, action: &str) -> AwsError {
        let kind = match self {
            BodyError::Broken(_) => AwsErrorKind::Unavailable,
            BodyError::TooLarge(_) => AwsErrorKind::TooLarge,
        };
        AwsError::new(kind, action, "NoAnswer", self.to_string())
    }
}

/// The whole body, unless it is larger than `most` bytes.
pub(super) async fn read_body(mut response: reqwest::Response, most: usize) -> Result<Vec<u8>, BodyError> {
    let announced = response.content_length().unwrap_or(0);
    if announced > most as u64 {
        return Err(BodyError::TooLarge(most));
    }
    let mut body = Vec::with_capacity(announced as usize);
    while let Some(chunk) = response.chunk().await.map_err(|error| BodyError::Broken(error.without_url()))? {
        if body.len() + chunk.len() > most {
            return Err(BodyError::TooLarge(most));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[derive(Deserialize)]
struct ErrorBody {
    #[serde(rename = "__type", default)]
    kind: String,
    #[serde(alias = "Message", default)]
    message: String,
    #[serde(rename = "AthenaErrorCode")]
    athena_error_code: Option<String>,
    #[serde(rename = "Reason")]
    reason: Option<String>,
}

/// The code is in a header or in the body, between a name space and an address.
fn json_error(action: &str, status: u16, headers: &HeaderMap, body: &[u8]) -> AwsError {
    let header = headers.get("x-amzn-errortype").and_then(|code| code.to_str().ok());
    let Ok(body) = serde_json::from_slice::<ErrorBody>(body) else {
        return AwsError::answered(action, status, "", &format!("HTTP status {status}"));
    };
    let code = header.filter(|header| !header.is_empty()).unwrap_or(&body.kind);
    let code = code.split(':').next().unwrap_or_default();
    let code = code.rsplit('#').next().unwrap_or_default();
    let error = AwsError::answered(action, status, code, &body.message);
    AwsError { reason: body.reason.or(body.athena_error_code), ..error }
}

fn own_address(service: &str, region: &str) -> String {
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://{service}.{region}.{suffix}")
}

fn invalid(message: String) -> QueryError {
    QueryError::new("INVALID_LOCATION", ErrorKind::User, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_an_error_is_found_wherever_it_is() {
        let body = br#"{"__type":"com.amazonaws.athena#InvalidRequestException","AthenaErrorCode":"MALFORMED_QUERY","Message":"line 1:8: x"}"#;
        let none = HeaderMap::new();
        let error = json_error("athena:StartQueryExecution", 400, &none, body);
        assert_eq!(
            (error.code.as_str(), error.reason.as_deref()),
            ("InvalidRequestException", Some("MALFORMED_QUERY"))
        );
        assert_eq!(error.message, "line 1:8: x");

        let mut headers = HeaderMap::new();
        let value = http::HeaderValue::from_static("ThrottlingException:http://internal.amazon.com/coral/");
        headers.insert("x-amzn-errortype", value);
        let error = json_error("glue:GetTables", 400, &headers, br#"{"message":"Rate exceeded"}"#);
        assert_eq!((error.code.as_str(), error.kind), ("ThrottlingException", AwsErrorKind::Throttled));
        assert_eq!(error.message, "Rate exceeded");

        assert_eq!(json_error("glue:GetTables", 503, &none, b"<html>").kind, AwsErrorKind::Unavailable);
    }

    #[test]
    fn addresses_follow_the_region() {
        assert_eq!(own_address("athena", "eu-central-1"), "https://athena.eu-central-1.amazonaws.com");
        assert_eq!(own_address("s3", "cn-north-1"), "https://s3.cn-north-1.amazonaws.com.cn");
    }
}
