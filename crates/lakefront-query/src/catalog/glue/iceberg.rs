//! The state of Iceberg tables. Their files are Athena's to read; their metadata tells when they change, and how much
//! there is to read.
//!
//! Names are those of the table specification (<https://iceberg.apache.org/spec/#table-metadata>).

use std::collections::HashMap;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::DateTime;
use flate2::read::GzDecoder;
use serde::Deserialize;

use super::files::place;
use crate::aws::{Aws, Glue};
use crate::catalog::TableState;

/// Of metadata once it is decompressed: each snapshot takes some hundred bytes of it.
const LARGEST: u64 = 256 << 20;

/// States of tables, asked once for all who want to know at the same time, and good for a while.
#[derive(Debug)]
pub(crate) struct Snapshots {
    aws: Aws,
    glue: Glue,
    fresh: Duration,
    /// By database and name.
    known: Mutex<HashMap<(String, String), Arc<Known>>>,
}

type Known = tokio::sync::Mutex<Option<(Instant, TableState)>>;

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
        if let Some((_, state)) = known.as_ref().filter(|(at, _)| at.elapsed() < self.fresh) {
            return Some(state.clone());
        }
        let at = Instant::now();
        let location = match self.glue.table(database, table).await {
            Ok(table) => table.metadata_location?,
            Err(error) => {
                tracing::info!("the state of {database}.{table} can't be told: {error}");
                return None;
            }
        };
        // Metadata is never written over: at the same place lies the same.
        let state = match known.take() {
            Some((_, state)) if state.version == location => state,
            _ => self.read(location).await,
        };
        *known = Some((at, state.clone()));
        Some(state)
    }

    async fn read(&self, location: String) -> TableState {
        let metadata = match self.metadata(&location).await {
            Ok(metadata) => Some(metadata),
            Err(why) => {
                tracing::info!("{location} tells nothing of its table: {why}");
                None
            }
        };
        let metadata = metadata.as_ref();
        TableState {
            bytes: metadata.and_then(Metadata::bytes),
            files: metadata.and_then(Metadata::files),
            newest: metadata
                .and_then(Metadata::current)
                .and_then(|current| DateTime::from_timestamp_millis(current.timestamp_ms)),
            version: location,
        }
    }

    async fn metadata(&self, location: &str) -> Result<Metadata, String> {
        let (folder, name) = location.rsplit_once('/').ok_or("it lies in no folder")?;
        let (bucket, prefix) = place(folder).ok_or("its place can't be read")?;
        let object = self.aws.get_object(&bucket, &format!("{prefix}{name}"), None, None).await;
        let object = object.map_err(|error| error.to_string())?;
        Metadata::parse(&object, name.contains(".gz."))
    }
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
    summary: HashMap<String, String>,
}

impl Metadata {
    fn parse(object: &[u8], is_compressed: bool) -> Result<Self, String> {
        let mut text = Vec::new();
        if is_compressed {
            GzDecoder::new(object).take(LARGEST).read_to_end(&mut text).map_err(|error| error.to_string())?;
        }
        serde_json::from_slice(if is_compressed { &text } else { object }).map_err(|error| error.to_string())
    }

    fn current(&self) -> Option<&Snapshot> {
        let id = self.current_snapshot_id?;
        self.snapshots.iter().find(|snapshot| snapshot.snapshot_id == id)
    }

    fn is_empty(&self) -> bool {
        self.current_snapshot_id.is_none_or(|id| id == -1) && self.snapshots.is_empty()
    }

    /// Of the largest snapshot: a statement may name an earlier one. Writers may leave the sizes out.
    fn bytes(&self) -> Option<u64> {
        if self.is_empty() {
            return Some(0);
        }
        let sizes: Option<Vec<u64>> =
            self.snapshots.iter().map(|snapshot| snapshot.total("total-files-size")).collect();
        sizes?.into_iter().max()
    }

    fn files(&self) -> Option<u64> {
        if self.is_empty() {
            return Some(0);
        }
        let current = self.current()?;
        let deletes = current.total("total-delete-files").unwrap_or(0);
        Some(current.total("total-data-files")? + deletes)
    }
}

impl Snapshot {
    fn total(&self, name: &str) -> Option<u64> {
        self.summary.get(name)?.parse().ok()
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

    type Told = (Option<u64>, Option<u64>, Option<i64>);

    fn told(object: &[u8], is_compressed: bool) -> Result<Told, String> {
        let metadata = Metadata::parse(object, is_compressed)?;
        Ok((metadata.bytes(), metadata.files(), metadata.current().map(|current| current.timestamp_ms)))
    }

    #[test]
    fn the_largest_snapshot_bounds_what_can_be_read() {
        let all = (Some(9000), Some(2), Some(1_555_200_955_770));
        assert_eq!(told(TEXT.as_bytes(), false), Ok(all));
        let unsized_text = TEXT.replace("\"total-files-size\": \"9000\", ", "");
        assert_eq!(told(unsized_text.as_bytes(), false), Ok((None, all.1, all.2)));
        for empty in [r#"{"current-snapshot-id": -1, "snapshots": []}"#, r#"{"format-version": 2}"#] {
            assert_eq!(told(empty.as_bytes(), false), Ok((Some(0), Some(0), None)), "{empty}");
        }
        assert!(told(b"{", false).is_err());
    }

    #[test]
    fn compressed_metadata_says_the_same() -> std::io::Result<()> {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(TEXT.as_bytes())?;
        assert_eq!(told(&packed.finish()?, true), told(TEXT.as_bytes(), false));
        Ok(())
    }
}
