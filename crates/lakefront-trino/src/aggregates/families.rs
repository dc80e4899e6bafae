//! The families of aggregate functions.

use super::Aggregate;

mod bits;
mod booleans;
mod collections;
mod count;
mod distinct;
mod extremes;
mod frequency;
mod listagg;
mod mean;
mod moments;
mod percentile;
mod reduce;
mod regression;
mod sketches;
mod sum;

pub(super) fn all() -> Vec<Aggregate> {
    [
        bits::all(),
        booleans::all(),
        collections::all(),
        count::all(),
        distinct::all(),
        extremes::all(),
        frequency::all(),
        listagg::all(),
        mean::all(),
        moments::all(),
        percentile::all(),
        reduce::all(),
        regression::all(),
        sketches::all(),
        sum::all(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
