//! What Athena's scans cost on demand (`docs/athena.md` has the source).

/// A terabyte (10^12 bytes) in a region, in US dollars.
pub fn per_tb_usd(region: &str) -> f64 {
    match region {
        "us-west-1" => 6.75,
        "af-south-1" | "ap-northeast-3" => 6.0,
        "ap-southeast-2" => 5.75,
        "ap-east-1" | "ca-central-1" => 5.5,
        "eu-south-1" => 5.25,
        "eu-west-3" => 7.0,
        "me-south-1" => 6.5,
        "sa-east-1" => 9.0,
        _ => 5.0,
    }
}

/// Scanned bytes are rounded up to megabytes.
pub(crate) const STEP: u64 = 1_000_000;
/// A statement is charged for 10 MB at least.
pub(crate) const LEAST: u64 = 10_000_000;
