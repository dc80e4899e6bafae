//! JSON: its text as Trino reads and writes it, and both of its path languages.

pub(crate) mod extract;
pub(crate) mod number;
pub(crate) mod path;
pub(crate) mod scanner;
pub(crate) mod standard;
pub(crate) mod tree;
