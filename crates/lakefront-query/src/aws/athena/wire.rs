//! The shapes of Athena's operations, as far as they are used. Athena's JSON has `PascalCase` names.

use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StartQueryExecution {
    pub(super) query_string: String,
    pub(super) client_request_token: String,
    pub(super) query_execution_context: QueryExecutionContext,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) result_configuration: Option<ResultConfiguration>,
    pub(super) work_group: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) execution_parameters: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) result_reuse_configuration: Option<ResultReuseConfiguration>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueryExecutionContext {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) database: Option<String>,
    pub(super) catalog: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ResultConfiguration {
    pub(super) output_location: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ResultReuseConfiguration {
    pub(super) result_reuse_by_age_configuration: ResultReuseByAge,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ResultReuseByAge {
    pub(super) enabled: bool,
    pub(super) max_age_in_minutes: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Started {
    pub(super) query_execution_id: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StopQueryExecution<'a> {
    pub(super) query_execution_id: &'a str,
}

/// An answer of which nothing is used.
#[derive(Debug, Deserialize)]
pub(super) struct Nothing {}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BatchGetQueryExecution<'a> {
    /// At most 50.
    pub(super) query_execution_ids: &'a [String],
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueryExecutions {
    #[serde(default)]
    pub(super) query_executions: Vec<QueryExecution>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueryExecution {
    pub(super) query_execution_id: String,
    #[serde(default)]
    pub(super) statement_type: String,
    pub(super) status: Status,
    #[serde(default)]
    pub(super) statistics: Statistics,
    #[serde(default)]
    pub(super) result_configuration: ResultConfiguration,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Status {
    pub(super) state: State,
    #[serde(default)]
    pub(super) state_change_reason: Option<String>,
    #[serde(default)]
    pub(super) athena_error: Option<AthenaError>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum State {
    Queued,
    Running,
    Succeeded,
    Failed,
    Cancelled,
    /// One that came after this was written.
    #[serde(other)]
    Other,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct AthenaError {
    /// 1 system, 2 user, 3 other.
    pub(super) error_category: Option<i32>,
    pub(super) error_type: Option<i32>,
    pub(super) error_message: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Statistics {
    pub(super) data_scanned_in_bytes: u64,
    pub(super) engine_execution_time_in_millis: u64,
    pub(super) result_reuse_information: ResultReuseInformation,
    /// The list of the files that UNLOAD wrote, one URI a line.
    pub(super) data_manifest_location: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ResultReuseInformation {
    pub(super) reused_previous_result: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetQueryResults<'a> {
    pub(super) query_execution_id: &'a str,
    pub(super) max_results: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_token: Option<&'a str>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueryResults {
    #[serde(default)]
    pub(super) result_set: ResultSet,
    #[serde(default)]
    pub(super) next_token: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ResultSet {
    pub(super) rows: Vec<Row>,
    pub(super) result_set_metadata: ResultSetMetadata,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Row {
    pub(super) data: Vec<Datum>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Datum {
    /// `None` is NULL.
    #[serde(rename = "VarCharValue", default)]
    pub(super) value: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ResultSetMetadata {
    pub(super) column_info: Vec<ColumnInfo>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ColumnInfo {
    pub(super) name: String,
    pub(super) label: Option<String>,
    #[serde(rename = "Type")]
    pub(super) kind: String,
    pub(super) precision: i32,
    pub(super) scale: i32,
}
