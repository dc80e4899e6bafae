//! S3 and stores that speak its protocol.
//!
//! Listing is written out here because the store client refuses a whole page when one key in it is odd
//! (`a/../b`, `a//b`); reading goes through the client.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::aws::{
    AmazonS3, AmazonS3Builder, AwsAuthorizer, AwsCredential, AwsCredentialProvider, resolve_bucket_region,
};
use object_store::client::{HttpClient, HttpConnector, HttpRequest, HttpRequestBody, HttpResponse, ReqwestConnector};
use object_store::{ClientOptions, RetryConfig};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Deserialize;

use super::{Object, Page, SkipReason, Skipped, is_hidden};
use crate::error::{EngineError, EngineErrorKind};
use crate::job::{S3Credentials, Storage};

const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ATTEMPTS: u32 = 6;
/// A page holds at most 1,000 keys of 1,024 bytes, each byte up to three in URL encoding, and some XML.
const LARGEST_PAGE: usize = 8 << 20;

/// The client that reads objects of this storage. Its requests time out and are retried a few times.
pub fn s3_store(storage: &Storage) -> Result<AmazonS3, EngineError> {
    let Storage::S3 { bucket, region, endpoint, credentials, .. } = storage else {
        return Err(EngineError::new(EngineErrorKind::Internal, "This storage is not S3."));
    };
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(region.as_deref().unwrap_or("us-east-1"))
        .with_client_options(client_options(endpoint.as_deref()))
        .with_retry(RetryConfig {
            max_retries: ATTEMPTS as usize,
            retry_timeout: Duration::from_secs(60),
            ..RetryConfig::default()
        });
    if let Some(endpoint) = endpoint {
        builder = builder.with_endpoint(endpoint.trim_end_matches('/'));
    }
    builder = match credentials {
        S3Credentials::Anonymous => builder.with_skip_signature(true),
        S3Credentials::Keys { access_key_id, secret_access_key, session_token } => {
            let builder = builder.with_access_key_id(access_key_id).with_secret_access_key(secret_access_key);
            match session_token {
                Some(token) => builder.with_token(token),
                None => builder,
            }
        }
    };
    builder.build().map_err(|error| {
        EngineError::new(EngineErrorKind::InvalidLocation, "This S3 location can't be used: check endpoint and region.")
            .with_detail(error.to_string())
    })
}

fn client_options(endpoint: Option<&str>) -> ClientOptions {
    ClientOptions::new()
        .with_allow_http(endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")))
        .with_timeout(REQUEST_TIMEOUT)
        .with_connect_timeout(CONNECT_TIMEOUT)
}

/// The endpoint the environment names for S3: `AWS_ENDPOINT_URL_S3`, else `AWS_ENDPOINT_URL`.
pub fn environment_endpoint() -> Option<String> {
    ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
}

/// Checks an endpoint that a person gave: `https`, or `http` to this machine. One from the environment is the
/// operator's own and may be any.
pub fn check_endpoint(endpoint: &str) -> Result<(), EngineError> {
    let refused =
        |why: &str| Err(EngineError::new(EngineErrorKind::InvalidLocation, format!("Invalid S3 endpoint: {why}.")));
    let Ok(uri) = endpoint.parse::<http::Uri>() else {
        return refused("it is not a URL");
    };
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return refused("it holds a user name");
    }
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let loopback = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match uri.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if loopback => Ok(()),
        Some("http") => refused("use https; plain http is for this machine only"),
        _ => refused("it starts with https://"),
    }
}

/// The region of a bucket: `AWS_REGION`, `AWS_DEFAULT_REGION`, `us-east-1` behind an own endpoint, else as AWS tells.
pub async fn region_of(bucket: &str, endpoint: Option<&str>) -> Result<String, EngineError> {
    let named = ["AWS_REGION", "AWS_DEFAULT_REGION"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    match (named, endpoint) {
        (Some(region), _) => Ok(region),
        (None, Some(_)) => Ok("us-east-1".to_owned()),
        (None, None) => resolve_bucket_region(bucket, &client_options(None)).await.map_err(|error| {
            EngineError::new(
                EngineErrorKind::InvalidLocation,
                format!("The region of bucket \"{bucket}\" can't be found: check the name, or give the region."),
            )
            .with_detail(error.to_string())
        }),
    }
}

/// Credentials from the process's surroundings: keys in the environment, web identity, container or instance role.
#[derive(Debug, Clone)]
pub struct EnvironmentCredentials {
    provider: Option<AwsCredentialProvider>,
}

impl EnvironmentCredentials {
    pub fn new(bucket: &str, region: &str) -> Result<EnvironmentCredentials, EngineError> {
        let unsigned = std::env::var("AWS_SKIP_SIGNATURE").is_ok_and(|value| value.eq_ignore_ascii_case("true"));
        if unsigned {
            return Ok(EnvironmentCredentials { provider: None });
        }
        let store = AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            .with_region(region)
            .with_allow_http(true)
            .build()
            .map_err(no_credentials)?;
        Ok(EnvironmentCredentials { provider: Some(store.credentials().clone()) })
    }

    /// Keys that are valid now; temporary ones are renewed before they expire.
    pub async fn current(&self) -> Result<S3Credentials, EngineError> {
        let Some(provider) = &self.provider else {
            return Ok(S3Credentials::Anonymous);
        };
        let keys = provider.get_credential().await.map_err(no_credentials)?;
        Ok(S3Credentials::Keys {
            access_key_id: keys.key_id.clone(),
            secret_access_key: keys.secret_key.clone(),
            session_token: keys.token.clone(),
        })
    }
}

fn no_credentials(error: object_store::Error) -> EngineError {
    EngineError::new(
        EngineErrorKind::InvalidLocation,
        "There are no AWS credentials: give keys with the catalog, or set AWS_ACCESS_KEY_ID and \
         AWS_SECRET_ACCESS_KEY, or run under a role.",
    )
    .with_detail(error.to_string())
}

pub(super) fn list(storage: Storage) -> BoxStream<'static, Result<Page, EngineError>> {
    stream::once(async move { Lister::new(storage) })
        .map_ok(|lister| {
            stream::try_unfold((lister, Some(None)), |(lister, token)| async move {
                let Some(token) = token else { return Ok(None) };
                let (page, next) = lister.page(token.as_deref()).await?;
                if next.is_some() && next == token {
                    return Err(unexpected("the listing does not move on"));
                }
                Ok(Some((page, (lister, next.map(Some)))))
            })
        })
        .try_flatten()
        .boxed()
}

struct Lister {
    client: HttpClient,
    bucket: String,
    bucket_url: String,
    prefix: String,
    region: String,
    /// `None` sends unsigned requests.
    credential: Option<AwsCredential>,
}

impl Lister {
    fn new(storage: Storage) -> Result<Lister, EngineError> {
        let Storage::S3 { bucket, prefix, region, endpoint, credentials } = storage else {
            return Err(EngineError::new(EngineErrorKind::Internal, "This storage is not S3."));
        };
        let client = ReqwestConnector::default()
            .connect(&client_options(endpoint.as_deref()))
            .map_err(|error| unexpected("the client can't start").with_detail(error.to_string()))?;
        let region = region.unwrap_or_else(|| "us-east-1".to_owned());
        let host = endpoint.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
        Ok(Lister {
            client,
            bucket_url: format!("{}/{bucket}", host.trim_end_matches('/')),
            bucket,
            prefix,
            region,
            credential: match credentials {
                S3Credentials::Anonymous => None,
                S3Credentials::Keys { access_key_id, secret_access_key, session_token } => {
                    Some(AwsCredential { key_id: access_key_id, secret_key: secret_access_key, token: session_token })
                }
            },
        })
    }

    /// One page and the token of the next.
    async fn page(&self, token: Option<&str>) -> Result<(Page, Option<String>), EngineError> {
        // In the order of their names, as signing wants them.
        let mut url = format!("{}?", self.bucket_url);
        if let Some(token) = token {
            url.push_str(&format!("continuation-token={}&", encoded(token)));
        }
        url.push_str(&format!("encoding-type=url&list-type=2&max-keys=1000&prefix={}", encoded(&self.prefix)));
        let body = self.get(&url).await?;
        let listed: ListBucketResult =
            std::str::from_utf8(&body).ok().and_then(|text| quick_xml::de::from_str(text).ok()).ok_or_else(|| {
                unexpected("the store's answer is no listing")
                    .with_detail(String::from_utf8_lossy(&body[..body.len().min(500)]))
            })?;
        let next = listed.next_continuation_token.filter(|_| listed.is_truncated);
        let mut page = Page::default();
        for content in listed.contents {
            self.sort_in(content, &mut page)?;
        }
        Ok((page, next))
    }

    fn sort_in(&self, content: Content, page: &mut Page) -> Result<(), EngineError> {
        // Form encoding: AWS writes a space as `+`, others as `%20`; a plus is always `%2B`.
        let spaced = content.key.replace('+', " ");
        let key: Vec<u8> = percent_decode_str(&spaced).collect();
        let Ok(key) = String::from_utf8(key) else {
            page.skipped.push(Skipped { key: spaced, reason: SkipReason::Unreadable });
            return Ok(());
        };
        // The store matched the prefix; that it did is checked, because everything else relies on it.
        let key = key.strip_prefix(&self.prefix).ok_or_else(|| unexpected("the listing left its prefix"))?;
        if key.is_empty() || key.ends_with('/') || key.split('/').any(is_hidden_segment) {
            return Ok(());
        }
        if key.chars().any(char::is_control) {
            let shown = key.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
            page.skipped.push(Skipped { key: shown, reason: SkipReason::Unreadable });
        } else if key.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
            page.skipped.push(Skipped { key: key.to_owned(), reason: SkipReason::NotLiteral });
        } else {
            page.objects.push(Object {
                key: key.to_owned(),
                size: content.size,
                modified_ns: content.last_modified.timestamp_nanos_opt().unwrap_or(0),
                etag: content.e_tag,
            });
        }
        Ok(())
    }

    /// The body of a GET, retried with growing, uneven pauses where the store is busy or away.
    async fn get(&self, url: &str) -> Result<Vec<u8>, EngineError> {
        let mut attempt = 0;
        loop {
            let answer = match self.client.execute(self.request(url)?).await {
                Ok(response) => self.body(response).await,
                Err(error) => Err(Failure {
                    again: true,
                    error: unexpected("the store does not answer").with_detail(error.to_string()),
                }),
            };
            match answer {
                Ok(body) => return Ok(body),
                Err(failure) if failure.again && attempt + 1 < ATTEMPTS => {
                    attempt += 1;
                    let base = 100 << attempt;
                    let uneven = u64::from(Utc::now().timestamp_subsec_nanos()) % base;
                    tokio::time::sleep(Duration::from_millis(base / 2 + uneven / 2)).await;
                }
                Err(failure) => return Err(failure.error),
            }
        }
    }

    fn request(&self, url: &str) -> Result<HttpRequest, EngineError> {
        let mut request = http::Request::get(url)
            .body(HttpRequestBody::empty())
            .map_err(|error| unexpected("the address is not valid").with_detail(error.to_string()))?;
        if let Some(credential) = &self.credential {
            AwsAuthorizer::new(credential, "s3", &self.region).authorize(&mut request, None);
        }
        Ok(request)
    }

    async fn body(&self, response: HttpResponse) -> Result<Vec<u8>, Failure> {
        let (head, body) = response.into_parts();
        let elsewhere = head
            .headers
            .get("x-amz-bucket-region")
            .and_then(|region| region.to_str().ok())
            .filter(|region| *region != self.region)
            .map(str::to_owned);
        let mut chunks = body.bytes_stream();
        let mut bytes = Vec::new();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| Failure {
                again: true,
                error: unexpected("the store's answer broke off").with_detail(error.to_string()),
            })?;
            if bytes.len() + chunk.len() > LARGEST_PAGE {
                return Err(Failure { again: false, error: unexpected("the store's answer is too large") });
            }
            bytes.extend_from_slice(&chunk);
        }
        if head.status.is_success() {
            return Ok(bytes);
        }
        let status = head.status.as_u16();
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(500)]).into_owned();
        let (kind, message) = match status {
            _ if (300..=400).contains(&status) && elsewhere.is_some() => (
                EngineErrorKind::InvalidLocation,
                format!(
                    "Bucket \"{}\" lies in region {}: give that region.",
                    self.bucket,
                    elsewhere.unwrap_or_default()
                ),
            ),
            401 | 403 => (
                EngineErrorKind::InvalidLocation,
                format!(
                    "Bucket \"{}\" may not be listed with these credentials: they need s3:ListBucket and s3:GetObject.",
                    self.bucket
                ),
            ),
            404 => (EngineErrorKind::InvalidLocation, format!("There is no bucket \"{}\".", self.bucket)),
            _ => (EngineErrorKind::Execution, format!("S3 refused the listing with status {status}.")),
        };
        Err(Failure {
            again: status == 429 || status >= 500 || status == 408,
            error: EngineError::new(kind, message).with_detail(text),
        })
    }
}

struct Failure {
    again: bool,
    error: EngineError,
}

/// `.` and `..` are odd, not hidden: people are told of them.
fn is_hidden_segment(segment: &str) -> bool {
    !matches!(segment, "." | "..") && is_hidden(segment)
}

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn encoded(text: &str) -> impl std::fmt::Display {
    utf8_percent_encode(text, UNRESERVED)
}

fn unexpected(what: &str) -> EngineError {
    EngineError::new(EngineErrorKind::Execution, format!("The S3 listing failed: {what}."))
}

#[derive(Deserialize)]
#[serde(rename = "ListBucketResult", rename_all = "PascalCase")]
struct ListBucketResult {
    is_truncated: bool,
    #[serde(default)]
    contents: Vec<Content>,
    next_continuation_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    key: String,
    size: u64,
    last_modified: DateTime<Utc>,
    #[serde(rename = "ETag")]
    e_tag: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine() {
        for endpoint in ["https://s3.example.com", "http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:1"] {
            assert!(check_endpoint(endpoint).is_ok(), "{endpoint}");
        }
        for endpoint in [
            "http://10.0.0.1",
            "http://169.254.169.254",
            "ftp://x",
            "s3",
            "",
            "http://127.0.0.1@evil.example",
            "http://127.0.0.1.evil.example",
        ] {
            let error = check_endpoint(endpoint).expect_err(endpoint);
            assert_eq!(error.code(), "INVALID_LOCATION");
        }
    }

    /// Answers one connection after the other with the next of these (status, body).
    async fn server(answers: Vec<(u16, String)>) -> String {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move {
            for (status, body) in answers {
                let (mut stream, _) = listener.accept().await.expect("a client");
                let mut request = [0; 8192];
                let _ = stream.read(&mut request).await;
                let head =
                    format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
            }
        });
        endpoint
    }

    async fn listed(answers: Vec<(u16, String)>) -> Result<Vec<Page>, EngineError> {
        let storage = Storage::S3 {
            bucket: "lake".to_owned(),
            prefix: "pub/".to_owned(),
            region: None,
            endpoint: Some(server(answers).await),
            credentials: S3Credentials::Anonymous,
        };
        super::super::list(&storage).try_collect().await
    }

    fn page(key: &str, next: Option<&str>) -> String {
        let token =
            next.map(|next| format!("<NextContinuationToken>{next}</NextContinuationToken>")).unwrap_or_default();
        format!(
            "<ListBucketResult><IsTruncated>{}</IsTruncated>{token}<Contents><Key>{key}</Key><Size>4</Size>\
             <LastModified>2025-01-01T00:00:00.000Z</LastModified><ETag>&quot;e&quot;</ETag></Contents></ListBucketResult>",
            next.is_some()
        )
    }

    #[tokio::test]
    async fn a_busy_store_is_asked_again_and_a_broken_one_is_no_data() {
        let pages = listed(vec![
            (503, String::new()),
            (200, page("pub/a+b%2Bc", Some("t"))),
            (500, String::new()),
            (200, page("pub/d%252F", None)),
        ])
        .await
        .expect("lists");
        let objects: Vec<&Object> = pages.iter().flat_map(|page| &page.objects).collect();
        assert_eq!(objects.iter().map(|object| object.key.as_str()).collect::<Vec<_>>(), ["a b+c", "d%2F"]);
        assert_eq!((objects[0].etag.as_deref(), objects[0].size), (Some("\"e\""), 4));

        for (answers, code) in [
            (vec![(403, String::new())], "INVALID_LOCATION"),
            (vec![(404, String::new())], "INVALID_LOCATION"),
            (vec![(400, "<html>".to_owned())], "EXECUTION_ERROR"),
            (vec![(200, "<Error><Code>SlowDown</Code></Error>".to_owned())], "EXECUTION_ERROR"),
            (vec![(200, page("public-secret/a", None))], "EXECUTION_ERROR"),
            (vec![(200, page("pub/a", Some("t"))), (200, page("pub/a", Some("t")))], "EXECUTION_ERROR"),
        ] {
            let error = listed(answers.clone()).await.expect_err("no listing");
            assert_eq!(error.code(), code, "{answers:?}");
        }
    }

    /// `cargo test -p lakefront-engine --lib lake::s3 -- --ignored --nocapture`
    #[tokio::test]
    #[ignore = "a measurement"]
    async fn a_hundred_thousand_objects() {
        let contents = |page: usize| -> String {
            let content = |i| {
                format!(
                    "<Contents><Key>pub/demo/t/day%3D2025-01-01/part-{page:03}-{i:05}.parquet</Key><Size>4</Size>\
                     <LastModified>2025-01-01T00:00:00.000Z</LastModified>\
                     <ETag>&quot;0123456789abcdef0123456789abcdef&quot;</ETag></Contents>"
                )
            };
            (0..1000).map(content).collect()
        };
        let page = |at: usize| {
            let more = at < 99;
            let token =
                if more { format!("<NextContinuationToken>{at}</NextContinuationToken>") } else { String::new() };
            let contents = contents(at);
            (200, format!("<ListBucketResult><IsTruncated>{more}</IsTruncated>{token}{contents}</ListBucketResult>"))
        };
        let answers = (0..100).map(page).collect();
        let began = std::time::Instant::now();
        let pages = listed(answers).await.expect("lists");
        let objects: usize = pages.iter().map(|page| page.objects.len()).sum();
        assert_eq!(objects, 100_000);
        let figure =
            format!("100,000 objects in 100 pages from a server that answers at once: {:?}\n", began.elapsed());
        std::io::Write::write_all(&mut std::io::stderr(), figure.as_bytes()).expect("stderr");
    }
}
