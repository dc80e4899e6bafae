//! What the lake costs when nobody uses it, by list prices of `us-east-1`.

use std::fmt;

/// A gigabyte (10^9 bytes) of S3 Standard for a month.
const STORAGE_USD: f64 = 0.023;
/// 1,000 PUT requests.
const PUTS_USD: f64 = 0.005;
/// Parquet of a CSV is smaller than this share of it, seldom larger.
const PARQUET_SHARE: f64 = 0.5;

/// Dollars.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// A month of storage.
    pub month: f64,
    /// The upload, once.
    pub once: f64,
    /// The cheapest statement on Athena.
    pub statement: f64,
}

impl Cost {
    /// Of a CSV with its Parquet; `parquet` is its size where that is known.
    pub fn of(csv: u64, parquet: Option<u64>, partitions: usize, per_tb_usd: f64) -> Self {
        let parquet = parquet.map_or(csv as f64 * PARQUET_SHARE, |bytes| bytes as f64);
        let stored = csv as f64 + parquet;
        // A part has 8 MiB.
        let puts = partitions as f64 + stored / (8 << 20) as f64 + 2.0;
        Self {
            month: stored / 1e9 * STORAGE_USD,
            once: puts / 1_000.0 * PUTS_USD,
            // Ten megabytes are billed at least.
            statement: per_tb_usd * 1e7 / 1e12,
        }
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "At least ${:.4} a month for storage, ${:.4} once for the upload, and ${:.5} for a statement on Athena; \
             stack, catalog, roles, rule and an idle queue cost nothing (list prices of us-east-1; yours may differ)",
            self.month, self.once, self.statement
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gigabyte_is_cheap() {
        let cost = Cost::of(1_000_000_000, Some(200_000_000), 10, 5.0);
        assert!((cost.month - 0.0276).abs() < 1e-9, "{cost}");
        assert!((cost.statement - 0.00005).abs() < 1e-12, "{cost}");
    }
}
