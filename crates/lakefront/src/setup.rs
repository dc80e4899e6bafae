//! A lake on AWS out of a CSV: one stack, the data in its bucket, and the names for both.
//!
//! The CSV is read by an engine worker. The stack is CloudFormation's: a plan is a change set, and what is there can be
//! compared with it at any time. Nothing is done twice that is done already.

pub mod columns;
pub mod cost;
pub mod csv;
pub mod data;
mod parquet;
mod policies;
pub mod stack;
pub mod template;

use lakefront_query::QueryError;

/// Whom progress is told, a line at a time.
pub type Tell<'a> = &'a (dyn Fn(&str) + Sync);

/// With what to do about it.
pub fn told(error: impl Into<QueryError>) -> anyhow::Error {
    let error = error.into();
    let hint = error.hint.map_or(String::new(), |hint| format!(" {hint}"));
    anyhow::anyhow!("{}: {}{hint}", error.code, error.message)
}

/// `12.3 MB`, in units of a thousand.
pub fn bytes(number: u64) -> String {
    let mut value = number as f64;
    let mut units = ["bytes", "kB", "MB", "GB", "TB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    for next in units {
        if value < 1000.0 {
            break;
        }
        (value, unit) = (value / 1000.0, next);
    }
    if unit == "bytes" { format!("{number} bytes") } else { format!("{value:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_said_in_thousands() {
        assert_eq!(bytes(999), "999 bytes");
        assert_eq!(bytes(1_500), "1.5 kB");
        assert_eq!(bytes(2_000_000_000_000), "2.0 TB");
    }
}
