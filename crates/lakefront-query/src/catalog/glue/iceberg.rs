//! The state of Iceberg tables. Their files are Athena's to read; their metadata tells when they change, and how much
//! there is to read.
//!
//! Names are those of the table specification (<https://iceberg.apache.org/spec/#table-metadata>).

use std::collections::HashMap;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use flate2::read::GzDecoder;
use serde::Deserialize;

use super::files::place;
use crate::aws::{Aws, Glue};
use crate::catalog::TableState;

/// Of metadata once it is decompressed: each snapshot takes some hundred bytes of it.
const LARGEST: u64 = 64 << 20;
const PATIENCE: Duration = Duration::from_secs(20);
const GZIP: &[u8] = &[0x1f, 0x8b];

/// States of tables, asked once for all who want to know at the same time, and good for a while.
#[derive(Debug)]
pub(crate) struct Snapshots {
    aws: Aws,
    glue: Glue,
    fresh: Duration,
    /// By database and name.
    known: Mutex<HashMap<(String, String), Arc<Known>>>,
}

type Known = tokio::sync::Mutex<Option<Told>>;

#[derive(Debug)]
struct Told {
    at: Instant,
    /// `None` where it can't be told now.
    state: Option<TableState>,
    /// Metadata is never written over: once read, it says the same for good.
    was_read: bool,
}

impl Snapshots {
    pub(crate) fn new(aws: Aws, glue: Glue, fresh: Duration) -> Self {
        Self { aws, glue, fresh, known: Mutex::default() }
    }

    pub(crate) fn forget(&self, is_outdated: &dyn Fn(&(String, String)) -> bool) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).retain(|table, _| !is_outdated(table));
    }

    /// `None` where it can't be told now.
    pub(crate) async fn state(&self, database: &str, table: &str) -> Option<TableState> {
        let key = (database.to_owned(), table.to_owned());
        let known = Arc::clone(self.known.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default());
        let mut known = known.lock().await;
        if let Some(told) = known.as_ref().filter(|told| told.at.elapsed() < self.fresh) {
            return told.state.clone();
        }
        let before = known.take().filter(|told| told.was_read).and_then(|told| told.state);
        let at = Instant::now();
        let asked = tokio::time::timeout(PATIENCE, self.ask(database, table, before)).await;
        let (state, was_read) = asked.unwrap_or((None, false));
        *known = Some(Told { at, state: state.clone(), was_read });
        state
    }

    async fn ask(&self, database: &str, table: &str, before: Option<TableState>) -> (Option<TableState>, bool) {
        let location = match self.glue.table(database, table).await {
            Ok(table) => table.metadata_location,
            Err(error) => {
                tracing::info!("the state of {database}.{table} can't be told: {error}");
                None
            }
        };
        let Some(location) = location else { return (None, false) };
        if let Some(before) = before.filter(|before| before.version == location) {
            return (Some(before), true);
        }
        let metadata = self.metadata(&location).await;
        if let Err(why) = &metadata {
            tracing::info!("{location} tells nothing of its table: {why}");
        }
        let was_read = metadata.is_ok();
        let metadata = metadata.unwrap_or_default();
        let state =
            TableState { version: location, bytes: metadata.bytes, files: metadata.files, newest: metadata.newest };
        (Some(state), was_read)
    }

    async fn metadata(&self, location: &str) -> Result<Summary, String> {
        let (folder, name) = location.rsplit_once('/').ok_or("it lies in no folder")?;
        let (bucket, prefix) = place(folder).ok_or("its place can't be read")?;
        let object = self.aws.get_object(&bucket, &format!("{prefix}{name}"), None, None).await;
        let object = object.map_err(|error| error.to_string())?;
        let summary = tokio::task::spawn_blocking(move || Metadata::parse(&object).map(|metadata| metadata.summary()));
        summary.await.map_err(|error| error.to_string())?
    }
}

/// What metadata tells of the current snapshot.
#[derive(Debug, Default, PartialEq)]
struct Summary {
    bytes: Option<u64>,
    files: Option<u64>,
    newest: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Metadata {
    /// None, or -1, of a table that nothing was written to.
    current_snapshot_id: Option<i64>,
    #[serde(default)]
    snapshots: Vec<Snapshot>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Snapshot {
    snapshot_id: i64,
    timestamp_ms: i64,
    #[serde(default)]
    summary: Totals,
}

/// Numbers as texts; writers may leave them out.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Totals {
    total_files_size: Option<String>,
    total_data_files: Option<String>,
    total_delete_files: Option<String>,
}

impl Metadata {
    fn parse(object: &[u8]) -> Result<Self, String> {
        if !object.starts_with(GZIP) {
            return serde_json::from_slice(object).map_err(|error| error.to_string());
        }
        let mut text = Vec::new();
        GzDecoder::new(object).take(LARGEST).read_to_end(&mut text).map_err(|error| error.to_string())?;
        serde_json::from_slice(&text).map_err(|error| error.to_string())
    }

    fn summary(&self) -> Summary {
        if self.current_snapshot_id.is_none_or(|id| id == -1) {
            return Summary { bytes: Some(0), files: Some(0), newest: None };
        }
        let current = self.snapshots.iter().find(|snapshot| Some(snapshot.snapshot_id) == self.current_snapshot_id);
        let Some(Snapshot { timestamp_ms, summary, .. }) = current else { return Summary::default() };
        let number = |text: &Option<String>| text.as_deref()?.parse::<u64>().ok();
        let files = number(&summary.total_data_files);
        Summary {
            bytes: number(&summary.total_files_size),
            files: files.map(|files| files + number(&summary.total_delete_files).unwrap_or(0)),
            newest: DateTime::from_timestamp_millis(*timestamp_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const TEXT: &str = r#"{
        "format-version": 2, "table-uuid": "9c12d441", "location": "s3://lake/events", "current-snapshot-id": 2,
        "snapshots": [
            {"snapshot-id": 1, "timestamp-ms": 1555100955770, "manifest-list": "s3://lake/events/1.avro",
             "summary": {"operation": "append", "total-files-size": "9000", "total-data-files": "3"}},
            {"snapshot-id": 2, "timestamp-ms": 1555200955770, "parent-snapshot-id": 1,
             "summary": {"operation": "delete", "total-files-size": "700", "total-data-files": "1", "total-delete-files": "1"}}
        ]}"#;

    fn told(object: &[u8]) -> Result<Summary, String> {
        Metadata::parse(object).map(|metadata| metadata.summary())
    }

    fn all() -> Summary {
        Summary { bytes: Some(700), files: Some(2), newest: DateTime::from_timestamp_millis(1_555_200_955_770) }
    }

    #[test]
    fn the_current_snapshot_says_how_much_there_is() {
        assert_eq!(told(TEXT.as_bytes()), Ok(all()));
        let sizeless = TEXT.replace("\"total-files-size\": \"700\", ", "");
        assert_eq!(told(sizeless.as_bytes()), Ok(Summary { bytes: None, ..all() }));
        let expired = TEXT.replace("\"current-snapshot-id\": 2", "\"current-snapshot-id\": 3");
        assert_eq!(told(expired.as_bytes()), Ok(Summary::default()));
        for empty in [r#"{"current-snapshot-id": -1, "snapshots": []}"#, r#"{"format-version": 2}"#] {
            let nothing = Summary { bytes: Some(0), files: Some(0), newest: None };
            assert_eq!(told(empty.as_bytes()), Ok(nothing), "{empty}");
        }
        assert!(told(b"{").is_err());
    }

    #[test]
    fn compressed_metadata_says_the_same() -> std::io::Result<()> {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(TEXT.as_bytes())?;
        assert_eq!(told(&packed.finish()?), Ok(all()));
        Ok(())
    }
}
