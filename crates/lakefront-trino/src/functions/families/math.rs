//! Numbers.

use super::super::Function;

mod bases;
mod distributions;
mod elementary;
mod operators;
mod rounding;

pub(super) fn all() -> Vec<Function> {
    [operators::all(), elementary::all(), rounding::all(), bases::all(), distributions::all()]
        .into_iter()
        .flatten()
        .collect()
}
