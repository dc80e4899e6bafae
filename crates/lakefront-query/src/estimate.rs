//! Bytes and money, before anything runs.

use std::collections::HashSet;

pub(crate) use lakefront_engine::human_bytes as human;
use serde::{Deserialize, Serialize};

use crate::aws::{LEAST, STEP};
use crate::policy::Authorized;
use crate::{EngineChoice, ErrorKind, QueryError, Spent};

/// What a statement would read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    pub bytes: u64,
    /// Decimal text.
    pub usd: String,
    /// Whether a run reads just these bytes. Otherwise it may get by with fewer, or they were scaled from a sample of the files.
    pub exact: bool,
}

/// The answer of `POST /api/v1/executions/estimate`.
#[derive(Debug, Clone, Serialize)]
pub struct EstimateReport {
    /// `None` where only a run would tell.
    #[serde(flatten)]
    pub estimate: Option<Estimate>,
    pub engine: EngineChoice,
    pub route_reason: String,
    /// The plan of the embedded engine in lines, for an EXPLAIN.
    #[serde(skip)]
    pub operators: Vec<String>,
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

/// What reading costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Price {
    /// A terabyte of 10^12 bytes.
    pub(crate) per_tb_usd: f64,
    /// Bytes are charged in steps of so many, rounded up, and never fewer than `least`.
    pub(crate) step: u64,
    pub(crate) least: u64,
}

impl Price {
    /// Of what costs nothing by the byte.
    pub(crate) const FREE: Price = Price { per_tb_usd: 0.0, step: 1, least: 0 };

    /// Every byte as it is.
    pub(crate) fn per_tb(usd: f64) -> Self {
        Self { per_tb_usd: usd, ..Self::FREE }
    }

    /// Decimal text. Five places as on a bill; an amount below half of the last one keeps two
    /// digits, so that something never looks like nothing.
    pub(crate) fn usd(self, bytes: u64) -> String {
        let charged = bytes.div_ceil(self.step).saturating_mul(self.step).max(self.least);
        let amount = charged as f64 / 1e12 * self.per_tb_usd;
        if amount == 0.0 || amount >= 0.000_005 {
            return format!("{amount:.5}");
        }
        let places = (-amount.log10()).ceil().clamp(0.0, 18.0) as usize + 1;
        let text = format!("{amount:.places$}");
        text.trim_end_matches('0').to_owned()
    }

    /// Athena's steps at the same price.
    pub(crate) fn as_athena(self) -> Self {
        Self { step: STEP, least: LEAST, ..self }
    }

    pub(crate) fn estimate(self, engine: &lakefront_engine::Estimate) -> Estimate {
        Estimate { bytes: engine.bytes, usd: self.usd(engine.bytes), exact: engine.exact }
    }
}

/// What a run is charged with, and what it is compared with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rates {
    pub(crate) price: Price,
    /// What another engine would have charged.
    pub(crate) against: Option<Price>,
}

impl Rates {
    pub(crate) const FREE: Rates = Rates { price: Price::FREE, against: None };

    pub(crate) fn spent(self, scanned_bytes: u64, complete: bool) -> Spent {
        let usd = self.price.usd(scanned_bytes);
        let amount = |usd: &str| usd.parse::<f64>().unwrap_or(0.0);
        let saved = self.against.map_or(0.0, |other| amount(&other.usd(scanned_bytes)) - amount(&usd));
        let saved_usd = (saved >= 0.000_000_01).then(|| format!("{saved:.8}"));
        Spent { scanned_bytes, usd, saved_usd, complete }
    }
}

/// At most what a statement reads: the whole of the files that it may touch.
pub(crate) fn at_most(statement: &Authorized) -> Option<lakefront_engine::Estimate> {
    let mut tables = Vec::new();
    for (bound, reads) in statement.reads() {
        let (files, partitions, bytes) = match bound.files() {
            Ok(table) => {
                let partitions: HashSet<_> = table.files.iter().map(|file| file.partition_values.as_slice()).collect();
                let bytes = table.files.iter().map(|file| file.size).sum::<u64>();
                (table.files.len() as u64, partitions.len() as u64, bytes)
            }
            Err(_) => {
                let state = bound.state()?;
                (state.files.unwrap_or(0), 0, state.bytes?)
            }
        };
        tables.push(lakefront_engine::TableEstimate {
            catalog: bound.catalog().to_owned(),
            database: bound.database().to_owned(),
            table: bound.name().to_owned(),
            files,
            files_total: files,
            partitions,
            partitions_total: partitions,
            bytes: bytes.saturating_mul(reads),
            ..Default::default()
        });
    }
    Some(lakefront_engine::Estimate { bytes: tables.iter().map(|table| table.bytes).sum(), exact: false, tables })
}

/// Refuses a scan above the smallest of the limits.
pub(crate) fn check_budget(estimate: &Estimate, limits: impl IntoIterator<Item = u64>) -> Result<(), QueryError> {
    match limits.into_iter().min() {
        Some(limit) if estimate.bytes > limit => Err(QueryError::new(
            "SCAN_LIMIT_EXCEEDED",
            ErrorKind::Limit,
            format!(
                "The statement would read {} ({} bytes); the limit is {} ({limit} bytes).",
                human(estimate.bytes),
                estimate.bytes,
                human(limit)
            ),
        )
        .with_hint("Read fewer columns or partitions, or raise the limit.")),
        _ => Ok(()),
    }
}

impl From<lakefront_engine::TableEstimate> for TableEstimate {
    fn from(table: lakefront_engine::TableEstimate) -> Self {
        Self {
            catalog: table.catalog,
            database: table.database,
            table: table.table,
            columns: table
                .columns
                .into_iter()
                .map(|column| ColumnEstimate { name: column.name, bytes: column.bytes })
                .collect(),
            partitions: table.partitions,
            partitions_total: table.partitions_total,
            files: table.files,
            files_total: table.files_total,
            row_groups: table.row_groups,
            row_groups_total: table.row_groups_total,
            bytes: table.bytes,
        }
    }
}

/// What EXPLAIN says: engine and price, tables and columns with their bytes, and the embedded engine's plan.
pub(crate) fn explain(report: &EstimateReport) -> Vec<String> {
    let reads = match &report.estimate {
        Some(Estimate { bytes, usd, exact }) => {
            format!("Reads {} {}, ${usd},", if *exact { "exactly" } else { "at most" }, human(*bytes))
        }
        None => "Reads what only a run can tell,".to_owned(),
    };
    let mut lines = vec![format!("{reads} on the {} engine: {}", report.engine, report.route_reason)];
    for table in &report.tables {
        lines.push(format!(
            "  {}.{}.{}: {} of {} files, {} of {} row groups, {} of {} partitions, {}",
            table.catalog,
            table.database,
            table.table,
            table.files,
            table.files_total,
            table.row_groups,
            table.row_groups_total,
            table.partitions,
            table.partitions_total,
            human(table.bytes)
        ));
        for column in &table.columns {
            lines.push(format!("    {}: {}", column.name, human(column.bytes)));
        }
    }
    if !report.operators.is_empty() {
        lines.push("Plan:".to_owned());
        lines.extend(report.operators.iter().map(|operator| format!("  {operator}")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{Price, human};

    #[test]
    fn money_is_decimal_text() {
        let price = Price::per_tb(5.0);
        assert_eq!(price.usd(0), "0.00000");
        assert_eq!(price.usd(12_400_000), "0.00006");
        assert_eq!(price.usd(1_000_000_000_000), "5.00000");
        assert_eq!(price.usd(100_000), "0.0000005");
        assert_eq!(price.usd(1), "0.000000000005");
    }

    #[test]
    fn steps_are_rounded_up_and_little_costs_the_least() {
        let price = Price { per_tb_usd: 5.0, step: 1_000_000, least: 10_000_000 };
        assert_eq!(price.usd(1), "0.00005");
        assert_eq!(price.usd(10_000_000), "0.00005");
        assert_eq!(price.usd(999_999_999_999), "5.00000");
        assert_eq!(price.usd(123_000_001), "0.00062");
        assert_eq!(Price::FREE.usd(1 << 40), "0.00000");
    }

    #[test]
    fn sizes_are_read_by_people() {
        assert_eq!(human(12), "12 B");
        assert_eq!(human(2_103_412), "2.1 MB");
        assert_eq!(human(12_400_000), "12.4 MB");
        assert_eq!(human(2_000_000_000), "2 GB");
        assert_eq!(human(999_600), "1.0 MB");
    }
}
