//! Bytes and money, before anything runs.

use serde::Serialize;

use crate::EngineChoice;

/// What a statement would read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    pub bytes: u64,
    /// Decimal text.
    pub usd: String,
    /// Whether every byte was counted from the files' own metadata.
    pub exact: bool,
}

/// The answer of `POST /api/v1/executions/estimate`.
#[derive(Debug, Clone, Serialize)]
pub struct EstimateReport {
    #[serde(flatten)]
    pub estimate: Estimate,
    pub engine: EngineChoice,
    pub route_reason: String,
    pub tables: Vec<TableEstimate>,
}

/// What would be read of one table, beside what there is.
#[derive(Debug, Clone, Serialize)]
pub struct TableEstimate {
    pub catalog: String,
    pub database: String,
    pub table: String,
    pub columns: Vec<ColumnEstimate>,
    pub partitions: u64,
    pub partitions_total: u64,
    pub files: u64,
    pub files_total: u64,
    pub row_groups: u64,
    pub row_groups_total: u64,
    pub bytes: u64,
}

#[derive(Debug, Clone, Serialize)]
pub struct ColumnEstimate {
    pub name: String,
    pub bytes: u64,
}
