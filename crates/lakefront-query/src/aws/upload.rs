//! Putting files into a bucket, and taking them out of it again.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};

use super::call::read_body;
use super::stack::xml;
use super::{Aws, AwsError, AwsErrorKind};

/// Of a multipart upload. S3 takes 10,000 of 5 MiB and more.
const PART: u64 = 8 << 20;
const MOST_PARTS: u64 = 10_000;
/// Parts of one file on their way: what an upload keeps in memory.
const SIDE_BY_SIDE: usize = 2;
/// A part at a megabit per second.
const PART_TIMEOUT: Duration = Duration::from_secs(120);
const LARGEST_ANSWER: usize = 8 << 20;
const PUT: &str = "s3:PutObject";
const DELETIONS_SIDE_BY_SIDE: usize = 16;

impl Aws {
    /// Whether there is such a bucket that these credentials may look at.
    pub async fn has_bucket(&self, bucket: &str) -> Result<bool, AwsError> {
        let mut request = self.object(Method::HEAD, bucket, "");
        request.action = "s3:ListBucket";
        match self.patiently(|| self.exchange(&request)).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind == AwsErrorKind::Missing => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Writes an object whole, in the place of one that may be there.
    pub async fn write_object(&self, bucket: &str, key: &str, body: Vec<u8>) -> Result<(), AwsError> {
        let mut request = self.object(Method::PUT, bucket, key);
        (request.action, request.body, request.timeout) = (PUT, body, PART_TIMEOUT);
        self.patiently(|| self.exchange(&request)).await.map(drop)
    }

    /// Writes a file as an object, in parts where it is large: [`SIDE_BY_SIDE`] parts are in memory at a time. What was
    /// begun and fails is taken back.
    pub async fn upload_file(&self, bucket: &str, key: &str, path: &Path) -> Result<u64, AwsError> {
        let unreadable = |error: std::io::Error| {
            AwsError::new(AwsErrorKind::Invalid, PUT, "UnreadableFile", format!("{}: {error}", path.display()))
        };
        let size = tokio::fs::metadata(path).await.map_err(unreadable)?.len();
        if size <= PART {
            let body = tokio::fs::read(path).await.map_err(unreadable)?;
            self.write_object(bucket, key, body).await?;
            return Ok(size);
        }
        let part = PART.max(size.div_ceil(MOST_PARTS));
        let upload = self.begin_upload(bucket, key).await?;
        let numbered = (0..size.div_ceil(part)).map(|index| (index + 1, index * part, part.min(size - index * part)));
        let parts = stream::iter(numbered).map(|(number, offset, length)| {
            let upload = &upload;
            async move {
                let mut file = tokio::fs::File::open(path).await.map_err(unreadable)?;
                file.seek(SeekFrom::Start(offset)).await.map_err(unreadable)?;
                let mut body = vec![0; length as usize];
                file.read_exact(&mut body).await.map_err(unreadable)?;
                self.upload_part(bucket, key, upload, number, body).await.map(|etag| (number, etag))
            }
        });
        let done = async {
            let etags: Vec<(u64, String)> = parts.buffered(SIDE_BY_SIDE).try_collect().await?;
            self.complete_upload(bucket, key, &upload, &etags).await
        };
        match done.await {
            Ok(()) => Ok(size),
            Err(error) => {
                let mut request = self.object(Method::DELETE, bucket, key);
                request.action = "s3:AbortMultipartUpload";
                request.address += &format!("?uploadId={}", utf8_percent_encode(&upload, NON_ALPHANUMERIC));
                // The bucket's life-cycle takes away what this does not reach.
                let _ = self.exchange(&request).await;
                Err(error)
            }
        }
    }

    async fn begin_upload(&self, bucket: &str, key: &str) -> Result<String, AwsError> {
        let mut request = self.object(Method::POST, bucket, key);
        request.action = PUT;
        request.address += "?uploads=";
        // Begun twice, one of the two is left to the life-cycle.
        let response = self.patiently(|| self.exchange(&request)).await?;
        let body = read_body(response, LARGEST_ANSWER).await.map_err(|error| error.of(PUT))?;
        Ok(xml::<Begun>(PUT, &body)?.upload_id)
    }

    async fn upload_part(
        &self,
        bucket: &str,
        key: &str,
        upload: &str,
        number: u64,
        body: Vec<u8>,
    ) -> Result<String, AwsError> {
        let mut request = self.object(Method::PUT, bucket, key);
        (request.action, request.body, request.timeout) = (PUT, body, PART_TIMEOUT);
        request.address += &format!("?partNumber={number}&uploadId={}", utf8_percent_encode(upload, NON_ALPHANUMERIC));
        let response = self.patiently(|| self.exchange(&request)).await?;
        let etag = response.headers().get("etag").and_then(|etag| etag.to_str().ok());
        etag.map(str::to_owned).ok_or_else(|| AwsError::unavailable(PUT, "the answer has no ETag"))
    }

    async fn complete_upload(
        &self,
        bucket: &str,
        key: &str,
        upload: &str,
        parts: &[(u64, String)],
    ) -> Result<(), AwsError> {
        let mut body = "<CompleteMultipartUpload>".to_owned();
        for (number, etag) in parts {
            let etag = etag.replace('"', "&quot;");
            body += &format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>");
        }
        body += "</CompleteMultipartUpload>";
        let mut request = self.object(Method::POST, bucket, key);
        (request.action, request.body, request.timeout) = (PUT, body.into_bytes(), PART_TIMEOUT);
        request.address += &format!("?uploadId={}", utf8_percent_encode(upload, NON_ALPHANUMERIC));
        let response = self.patiently(|| self.exchange(&request)).await?;
        // S3 may begin an answer with status 200 and tell in it that it failed.
        let body = read_body(response, LARGEST_ANSWER).await.map_err(|error| error.of(PUT))?;
        if Bytes::from(body).windows(7).any(|window| window == b"<Error>") {
            return Err(AwsError::unavailable(PUT, "the parts could not be put together"));
        }
        Ok(())
    }

    /// The keys of all objects below a prefix.
    pub async fn list_keys(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, AwsError> {
        let mut all = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let mut query = format!("list-type=2&prefix={}", utf8_percent_encode(prefix, NON_ALPHANUMERIC));
            if let Some(token) = &token {
                query += &format!("&continuation-token={}", utf8_percent_encode(token, NON_ALPHANUMERIC));
            }
            let page: ObjectPage =
                xml("s3:ListBucket", self.bucket_call("s3:ListBucket", bucket, &query).await?.as_bytes())?;
            all.extend(page.contents.into_iter().map(|entry| entry.key));
            match page.next_continuation_token {
                Some(next) if page.is_truncated && token.as_ref() != Some(&next) => token = Some(next),
                _ => return Ok(all),
            }
        }
    }

    /// Deletes an object; in a versioned bucket its versions stay.
    pub async fn remove_object(&self, bucket: &str, key: &str) -> Result<(), AwsError> {
        let mut request = self.object(Method::DELETE, bucket, key);
        request.action = "s3:DeleteObject";
        self.patiently(|| self.exchange(&request)).await.map(drop)
    }

    /// Deletes a bucket with every version of all that is in it; the answer counts them. A bucket that is not there is
    /// no error.
    pub async fn delete_bucket_with_all(&self, bucket: &str) -> Result<u64, AwsError> {
        let mut deleted = 0;
        loop {
            let action = "s3:ListBucketVersions";
            let page = match self.bucket_call(action, bucket, "versions=&max-keys=1000").await {
                Ok(page) => xml::<VersionPage>(action, page.as_bytes())?,
                Err(error) if error.kind == AwsErrorKind::Missing => return Ok(deleted),
                Err(error) => return Err(error),
            };
            let versions: Vec<Version> = page.version.into_iter().chain(page.delete_marker).collect();
            if versions.is_empty() {
                break;
            }
            deleted += versions.len() as u64;
            stream::iter(versions)
                .map(|version| async move { self.delete_version(bucket, &version).await })
                .buffer_unordered(DELETIONS_SIDE_BY_SIDE)
                .try_collect::<()>()
                .await?;
        }
        let mut request = self.object(Method::DELETE, bucket, "");
        request.action = "s3:DeleteBucket";
        match self.patiently(|| self.exchange(&request)).await {
            Err(error) if error.kind != AwsErrorKind::Missing => Err(error),
            _ => Ok(deleted),
        }
    }

    async fn delete_version(&self, bucket: &str, version: &Version) -> Result<(), AwsError> {
        let mut request = self.object(Method::DELETE, bucket, &version.key);
        request.action = "s3:DeleteObjectVersion";
        request.address += &format!("?versionId={}", utf8_percent_encode(&version.version_id, NON_ALPHANUMERIC));
        self.patiently(|| self.exchange(&request)).await.map(drop)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Begun {
    upload_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ObjectPage {
    #[serde(default)]
    contents: Vec<Entry>,
    #[serde(default)]
    is_truncated: bool,
    next_continuation_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct VersionPage {
    #[serde(default)]
    version: Vec<Version>,
    #[serde(default)]
    delete_marker: Vec<Version>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    key: String,
    version_id: String,
}
