//! Functions of text. Characters are Unicode code points; positions count them from 1.

use super::super::{Function, scalar};

mod bits;
mod case;
mod characters;
mod concatenate;
mod distance;
mod format;
mod like;
mod number;
mod pad;
mod part;
mod sound;
mod split;
mod stem;
mod trim;

pub(super) use characters::{padded, varchar, write};
pub(crate) use format::{is_formatted, kernel as format_kernel};
pub(super) use pad::target;
pub(super) use part::range;

pub(super) fn all() -> Vec<Function> {
    [
        bits::all(),
        case::all(),
        concatenate::all(),
        distance::all(),
        like::all(),
        number::all(),
        pad::all(),
        part::all(),
        sound::all(),
        split::all(),
        stem::all(),
        trim::all(),
    ]
    .into_iter()
    .flatten()
    .chain([
        scalar("length", "(varchar) -> bigint", characters::length),
        scalar("length", "(char) -> bigint", characters::length_of_char),
        scalar("reverse", "(varchar(x)) -> varchar(x)", characters::reverse),
        scalar("replace", "(varchar(x), varchar) -> varchar(x)", characters::replace),
        scalar("replace", "(varchar(x), varchar, varchar) -> varchar", characters::replace)
            .returning(characters::replaced_type),
        scalar("translate", "(varchar, varchar, varchar) -> varchar", characters::translate),
        scalar("chr", "(bigint) -> varchar(1)", characters::chr),
        scalar("codepoint", "(varchar(1)) -> integer", characters::codepoint).returning(characters::codepoint_type),
        scalar("normalize", "(varchar, varchar) -> varchar", characters::normalize),
    ])
    .collect()
}
