//! Computing with dates, times and intervals.

use crate::functions::Function;

mod iso;
mod operators;
mod units;
mod unix;
mod zones;

pub(super) fn all() -> Vec<Function> {
    [operators::all(), units::all(), unix::all(), zones::all(), iso::all()].into_iter().flatten().collect()
}
