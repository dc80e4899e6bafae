//! The documents Trino answers with (`QueryResults` of its client).

use lakefront_engine::Progress;
use serde::Deserialize;
use serde_json::value::RawValue;

/// One page.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer<'a> {
    pub(super) id: String,
    /// Absent on the last page.
    pub(super) next_uri: Option<String>,
    pub(super) columns: Option<Vec<Column>>,
    /// A list of rows, each a list of values.
    #[serde(borrow)]
    pub(super) data: Option<&'a RawValue>,
    pub(super) stats: Stats,
    pub(super) error: Option<Failure>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Column {
    pub(super) name: String,
    /// As it is written in SQL: `array(row(a bigint))`.
    pub(super) r#type: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stats {
    state: String,
    #[serde(default)]
    queued_time_millis: u64,
    #[serde(default)]
    elapsed_time_millis: u64,
    #[serde(default)]
    pub(super) physical_input_bytes: u64,
    /// 0 to 100; absent while nothing is planned.
    progress_percentage: Option<f64>,
}

impl Stats {
    /// Whether everything is there, on a page that is the last.
    pub(super) fn is_finished(&self) -> bool {
        self.state == "FINISHED"
    }

    pub(super) fn progress(&self, rows: u64) -> Progress {
        Progress {
            scanned_bytes: self.physical_input_bytes,
            rows,
            fraction: (self.progress_percentage.unwrap_or_default() / 100.0).clamp(0.0, 1.0),
        }
    }

    pub(super) fn engine_ms(&self) -> u64 {
        self.elapsed_time_millis.saturating_sub(self.queued_time_millis)
    }
}

/// Why a query failed.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Failure {
    pub(super) message: String,
    /// `StandardErrorCode` or a connector's own.
    pub(super) error_name: String,
    /// `USER_ERROR`, `INTERNAL_ERROR`, `INSUFFICIENT_RESOURCES` or `EXTERNAL`.
    pub(super) error_type: String,
    pub(super) error_location: Option<Location>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location {
    pub(super) line_number: u64,
    pub(super) column_number: u64,
}
