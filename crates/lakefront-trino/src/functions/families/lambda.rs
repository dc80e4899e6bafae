//! Functions that take lambdas. A lambda is evaluated for all elements of a batch at once.

use super::super::Function;

mod accumulate;
mod array;
mod flat;
mod map;
mod sort;

pub(super) fn all() -> Vec<Function> {
    [array::all(), accumulate::all(), map::all(), sort::all()].into_iter().flatten().collect()
}
