//! What S3 says: through EventBridge, or as a notification of the bucket's own.

use percent_encoding::percent_decode_str;
use serde::Deserialize;

/// An object that was made, replaced or deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    pub bucket: String,
    pub key: String,
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>, and for `Records`
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>. What is neither is an
/// event of something else.
#[derive(Deserialize)]
struct Event {
    source: Option<String>,
    #[serde(rename = "detail-type")]
    kind: Option<String>,
    detail: Option<Place>,
    #[serde(rename = "Records", default)]
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "eventName", default)]
    name: String,
    s3: Option<Place>,
}

#[derive(Deserialize)]
struct Place {
    bucket: Option<Bucket>,
    object: Option<Object>,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
struct Object {
    key: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Events {
    Many(Vec<Event>),
    One(Box<Event>),
}

impl Changed {
    /// Those of one event or of a list of them. Events of other kinds say nothing; what is no event is an error.
    pub fn read(body: &[u8]) -> Result<Vec<Self>, serde_json::Error> {
        let events = match serde_json::from_slice(body)? {
            Events::Many(events) => events,
            Events::One(event) => vec![*event],
        };
        Ok(events.into_iter().flat_map(Self::of).collect())
    }

    fn of(event: Event) -> Vec<Self> {
        let changes = |kind: &str| matches!(kind, "Object Created" | "Object Deleted" | "Object Restore Completed");
        let from_s3 = event.source.as_deref() == Some("aws.s3") && event.kind.as_deref().is_some_and(changes);
        let bridged = event.detail.filter(|_| from_s3).and_then(|place| place.changed(str::to_owned));
        let records = event.records.into_iter().filter(|record| record.name.starts_with("Object"));
        bridged.into_iter().chain(records.filter_map(|record| record.s3?.changed(decoded))).collect()
    }
}

impl Place {
    fn changed(self, key: impl Fn(&str) -> String) -> Option<Changed> {
        Some(Changed { bucket: self.bucket?.name, key: key(&self.object?.key) })
    }
}

/// The bucket's own notifications write keys as forms do.
fn decoded(key: &str) -> String {
    percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        Changed::read(text.as_bytes()).unwrap().into_iter().map(|changed| (changed.bucket, changed.key)).collect()
    }

    #[test]
    fn events_of_both_kinds_are_read_and_others_are_not() {
        let bridged = |kind: &str, source: &str| {
            format!(
                r#"{{"version":"0","id":"1","detail-type":"{kind}","source":"{source}","account":"1","time":"2026-01-01T00:00:00Z",
                "region":"eu-central-1","resources":[],"detail":{{"version":"0","bucket":{{"name":"lake"}},
                "object":{{"key":"sales/a b+c%20.parquet","size":1,"etag":"e","sequencer":"0"}},"reason":"PutObject"}}}}"#
            )
        };
        let expected = [("lake".to_owned(), "sales/a b+c%20.parquet".to_owned())];
        assert_eq!(read(&bridged("Object Created", "aws.s3")), expected);
        assert_eq!(read(&bridged("Object Deleted", "aws.s3")), expected);
        assert_eq!(read(&bridged("Object Tags Added", "aws.s3")), []);
        assert_eq!(read(&bridged("Object Created", "my.app")), []);
        assert_eq!(read(&format!("[{0}, {0}]", bridged("Object Created", "aws.s3"))).len(), 2);
        let record = r#"{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"lake"},"object":{"key":"a/b+c%2Bd"}}}]}"#;
        assert_eq!(read(record), [("lake".to_owned(), "a/b c+d".to_owned())]);
        assert_eq!(read(r#"{"Service":"Amazon S3","Event":"s3:TestEvent"}"#), []);
        assert!(Changed::read(b"<xml>").is_err());
        assert!(Changed::read(b"3").is_err());
    }
}
