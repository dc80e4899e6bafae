//! The families of functions.

use super::Function;

mod array;
mod binary;
mod bitwise;
mod conditional;
mod date_arithmetic;
mod date_format;
mod date_parts;
mod decimal;
mod json;
mod lambda;
mod map;
mod math;
mod prepared;
mod random;
mod rare;
mod regexp;
mod sketch;
mod string;
mod url;

pub(crate) use string::{format_kernel, is_formatted};

pub(super) fn all() -> Vec<Function> {
    [
        array::all(),
        binary::all(),
        bitwise::all(),
        conditional::all(),
        date_parts::all(),
        date_format::all(),
        date_arithmetic::all(),
        decimal::all(),
        json::all(),
        lambda::all(),
        map::all(),
        math::all(),
        random::all(),
        rare::all(),
        regexp::all(),
        sketch::all(),
        string::all(),
        url::all(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
