//! Values that other systems write as text, as Arrow.

mod column;
pub(crate) mod text;

pub(crate) use column::{Column, Values};

/// A batch ends with the row that reaches either.
pub(crate) const BATCH_ROWS: usize = 8192;
pub(crate) const BATCH_BYTES: usize = 1 << 20;
