//! `lakefront openapi`.

use super::print;
use crate::router;

pub(super) fn run() -> anyhow::Result<()> {
    Ok(print(serde_json::to_string_pretty(&router::openapi())?)?)
}
