//! Functions of bytes.

use super::super::Function;

mod encoding;
mod hash;
mod number;
mod part;
mod spooky;

pub(super) fn all() -> Vec<Function> {
    [encoding::all(), hash::all(), number::all(), part::all()].into_iter().flatten().collect()
}
