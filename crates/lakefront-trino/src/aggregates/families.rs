//! The families of aggregate functions.

use super::Aggregate;

mod plain;

pub(super) fn all() -> Vec<Aggregate> {
    [plain::all()].into_iter().flatten().collect()
}
