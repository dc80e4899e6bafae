//! Where in a text file the value is that stopped a query.
//!
//! Text is parsed in batches whose errors name neither the file nor, within it, the row. A failed query can afford to
//! read the files once more, in order, up to the first bad value.

use std::sync::Arc;

use super::scan::ScanTable;
use crate::error::{EngineError, EngineErrorKind};
use crate::infer::locate_bad_value;
use crate::job::Format;

/// The error with the place, where there is one to be found.
pub(super) async fn explain(failed: EngineError, tables: &[Arc<ScanTable>]) -> EngineError {
    if failed.kind != EngineErrorKind::InvalidFile {
        return failed;
    }
    for table in tables.iter().filter(|table| table.format != Format::Parquet) {
        for file in table.files.iter() {
            match locate_bad_value(&table.storage, file, &table.format, &table.stored).await {
                Ok(None) => {}
                Ok(Some(bad)) => return EngineError::from(bad).with_detail(failed.detail),
                Err(damaged) => return damaged,
            }
        }
    }
    failed
}
