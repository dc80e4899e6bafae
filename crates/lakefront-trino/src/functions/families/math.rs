//! Numbers.

use super::super::Function;

mod operators;

pub(super) fn all() -> Vec<Function> {
    [operators::all()].into_iter().flatten().collect()
}
