//! Objects: reading them, and what a check of rights does to them.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::call::{Request, read_body};
use super::{Aws, AwsError, AwsErrorKind};

const TIMEOUT: Duration = Duration::from_secs(60);
/// More is read in ranges.
const LARGEST: usize = 32 << 20;
/// The right that reading takes, HEAD included.
const ACTION: &str = "s3:GetObject";
const LIST: &str = "s3:ListBucket";

/// All of a key but its slashes.
const KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// What an object is at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectHead {
    /// In bytes.
    pub size: u64,
    pub etag: String,
}

impl Aws {
    pub async fn head_object(&self, bucket: &str, key: &str) -> Result<ObjectHead, AwsError> {
        let request = self.object(Method::HEAD, bucket, key);
        self.patiently(|| self.head(&request)).await
    }

    /// An object or a range of its bytes, at most 32 MiB, whole: less than was asked for is an error. With an ETag the
    /// object must still be that one, else [`AwsErrorKind::Changed`].
    pub async fn get_object(
        &self,
        bucket: &str,
        key: &str,
        range: Option<Range<u64>>,
        etag: Option<&str>,
    ) -> Result<Bytes, AwsError> {
        let mut request = self.object(Method::GET, bucket, key);
        if let Some(range) = &range {
            let last = range.end.saturating_sub(1);
            request.headers.push(("range", format!("bytes={}-{last}", range.start)));
        }
        if let Some(etag) = etag {
            request.headers.push(("if-match", etag.to_owned()));
        }
        self.patiently(|| self.get(&request, range.as_ref())).await
    }

    /// The first objects below a prefix, at most ten: keys and sizes.
    pub(super) async fn first_objects(&self, bucket: &str, prefix: &str) -> Result<Vec<(String, u64)>, AwsError> {
        let prefix = utf8_percent_encode(prefix, NON_ALPHANUMERIC);
        let body = self.bucket_call(LIST, bucket, &format!("list-type=2&max-keys=10&prefix={prefix}")).await?;
        let entries = body.split("<Contents>").skip(1);
        let of = |entry| Some((unescaped(element(entry, "Key")?), element(entry, "Size")?.parse().ok()?));
        Ok(entries.filter_map(of).collect())
    }

    /// Keys below a prefix, a thousand at most.
    pub(super) async fn keys_below(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, AwsError> {
        let prefix = utf8_percent_encode(prefix, NON_ALPHANUMERIC);
        let body = self.bucket_call(LIST, bucket, &format!("list-type=2&prefix={prefix}")).await?;
        Ok(body.split("<Contents>").skip(1).filter_map(|entry| element(entry, "Key").map(unescaped)).collect())
    }

    /// Whether it may be asked where a bucket lies, which Athena does before it writes a result.
    pub(super) async fn bucket_location(&self, bucket: &str) -> Result<(), AwsError> {
        self.bucket_call("s3:GetBucketLocation", bucket, "location=").await.map(drop)
    }

    pub(super) async fn bucket_call(&self, action: &str, bucket: &str, query: &str) -> Result<String, AwsError> {
        let request = Request {
            action,
            address: format!("{}?{query}", self.bucket_address(bucket)),
            ..self.object(Method::GET, bucket, "")
        };
        let response = self.patiently(|| self.exchange(&request)).await?;
        let body = read_body(response, LARGEST).await.map_err(|error| error.of(action))?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    pub(super) async fn put_object(&self, bucket: &str, key: &str, body: &[u8]) -> Result<(), AwsError> {
        let request = Request { action: "s3:PutObject", body: body.to_vec(), ..self.object(Method::PUT, bucket, key) };
        self.exchange(&request).await.map(drop)
    }

    pub(super) async fn delete_object(&self, bucket: &str, key: &str) -> Result<(), AwsError> {
        let request = Request { action: "s3:DeleteObject", ..self.object(Method::DELETE, bucket, key) };
        self.exchange(&request).await.map(drop)
    }

    async fn head(&self, request: &Request<'_>) -> Result<ObjectHead, AwsError> {
        let response = self.exchange(request).await?;
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        match (header("content-length").and_then(|size| size.parse().ok()), header("etag")) {
            (Some(size), Some(etag)) => Ok(ObjectHead { size, etag: etag.to_owned() }),
            _ => Err(AwsError::unavailable(ACTION, "the answer has no size or no ETag")),
        }
    }

    async fn get(&self, request: &Request<'_>, range: Option<&Range<u64>>) -> Result<Bytes, AwsError> {
        let response = self.exchange(request).await?;
        let partial = response.status().as_u16() == 206;
        let body = read_body(response, LARGEST).await.map_err(|error| error.of(ACTION))?;
        match range {
            Some(range) if !partial || body.len() as u64 != range.end - range.start => {
                let message = format!("{} bytes came of the range {range:?}", body.len());
                Err(AwsError::unavailable(ACTION, message))
            }
            _ => Ok(body.into()),
        }
    }

    pub(super) fn object<'a>(&self, method: Method, bucket: &str, key: &str) -> Request<'a> {
        Request {
            action: ACTION,
            service: "s3",
            method,
            address: format!("{}/{}", self.bucket_address(bucket), utf8_percent_encode(key, KEY)),
            headers: Vec::new(),
            body: Vec::new(),
            timeout: TIMEOUT,
            error: xml_error,
        }
    }
}

/// S3 tells its errors in XML, and in nothing at all after HEAD.
pub(super) fn xml_error(action: &str, status: u16, headers: &HeaderMap, body: &[u8]) -> AwsError {
    if let (301 | 307 | 400, Some(region)) = (status, headers.get("x-amz-bucket-region")) {
        let message = format!("The bucket lies in region {}", region.to_str().unwrap_or("?"));
        return AwsError::new(AwsErrorKind::Invalid, action, "WrongRegion", message);
    }
    if status == 400 && body.is_empty() {
        // All that HEAD says of credentials that expired.
        return AwsError::new(AwsErrorKind::Expired, action, "BadRequest", "The request was refused without a word");
    }
    let body = String::from_utf8_lossy(body);
    let element = |name: &str| element(&body, name);
    let message = element("Message").map_or_else(|| format!("HTTP status {status}"), unescaped);
    AwsError::answered(action, status, element("Code").unwrap_or_default(), &message)
}

/// The text of the first element of this name, its entities as they are written.
pub(super) fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once('<')?.0)
}

/// Text of an element with the entities of XML as the characters they stand for.
fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'").replace("&amp;", "&")
}
