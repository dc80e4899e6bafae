//! A queue of SQS, read by long polls.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::call::Service;
use super::{Aws, AwsConfig, AwsError};
use crate::QueryError;

/// The longest that SQS waits for a message.
const WAIT_S: u64 = 20;
/// As many as SQS gives or deletes at once.
const BATCH: usize = 10;

pub struct Queue {
    aws: Aws,
    url: String,
}

/// A message that comes again unless it is deleted.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Message {
    pub body: String,
    receipt_handle: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Received {
    #[serde(default)]
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Deleted {
    #[serde(rename = "Failed", default)]
    failed: Vec<serde::de::IgnoredAny>,
}

impl Queue {
    /// Asks nothing of AWS yet. Where the queue's address names a region, it is that one. `INVALID_LOCATION`.
    pub async fn open(url: String, mut config: AwsConfig) -> Result<Self, QueryError> {
        if let Some(region) = Self::region_of(&url) {
            region.clone_into(&mut config.region);
        }
        Ok(Self { aws: Aws::new(config).await?, url })
    }

    /// https://sqs.eu-central-1.amazonaws.com/123456789012/name
    pub(super) fn region_of(url: &str) -> Option<&str> {
        url.strip_prefix("https://sqs.")?.split('.').next()
    }

    pub(super) fn of(aws: Aws, url: &str) -> Self {
        Self { aws, url: url.to_owned() }
    }

    /// The next messages, ten at most; none after a while without any.
    pub async fn receive(&self) -> Result<Vec<Message>, AwsError> {
        self.take(&json!({"QueueUrl": self.url, "MaxNumberOfMessages": BATCH, "WaitTimeSeconds": WAIT_S})).await
    }

    /// Whether a message is there now, which stays where it is.
    pub(super) async fn peek(&self) -> Result<bool, AwsError> {
        let call = json!({
            "QueueUrl": self.url, "MaxNumberOfMessages": 1, "WaitTimeSeconds": 0, "VisibilityTimeout": 0,
        });
        self.take(&call).await.map(|messages| !messages.is_empty())
    }

    async fn take(&self, call: &Value) -> Result<Vec<Message>, AwsError> {
        let patience = Duration::from_secs(WAIT_S + 10);
        // What an answer that got lost has handed out comes again later.
        let received = self.aws.patiently(|| self.aws.once(Service::Sqs, "ReceiveMessage", call, patience));
        received.await.map(|received: Received| received.messages)
    }

    /// Whether all of them are gone; those that are not come again.
    pub async fn delete(&self, messages: &[Message]) -> Result<bool, AwsError> {
        let entry =
            |(id, message): (usize, &Message)| json!({"Id": id.to_string(), "ReceiptHandle": message.receipt_handle});
        let entries: Vec<_> = messages.iter().enumerate().map(entry).collect();
        let call = json!({"QueueUrl": self.url, "Entries": entries});
        let deleted: Deleted = self.aws.call(Service::Sqs, "DeleteMessageBatch", &call).await?;
        Ok(deleted.failed.is_empty())
    }
}
