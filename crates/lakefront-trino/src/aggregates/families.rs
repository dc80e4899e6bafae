//! The families of aggregate functions.

use super::Aggregate;

mod bits;
mod booleans;
mod collections;
mod count;
mod extremes;
mod listagg;
mod mean;
mod moments;
mod reduce;
mod regression;
mod sum;

pub(super) fn all() -> Vec<Aggregate> {
    [
        bits::all(),
        booleans::all(),
        collections::all(),
        count::all(),
        extremes::all(),
        listagg::all(),
        mean::all(),
        moments::all(),
        reduce::all(),
        regression::all(),
        sum::all(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
