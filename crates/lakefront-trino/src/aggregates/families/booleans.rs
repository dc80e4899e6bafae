//! `bool_and` and `bool_or`.

use datafusion::functions_aggregate::bool_and_or::{bool_and_udaf, bool_or_udaf};

use super::super::fold::{Reduce, Row};
use super::super::{Aggregate, aggregate, fold};
use crate::error::Result;
use crate::types::Type;
use crate::value::Value;

/// With the value that decides.
#[derive(Debug, PartialEq)]
struct Decided(bool);

pub(super) fn all() -> Vec<Aggregate> {
    let and = |name| {
        aggregate(name, "(boolean) -> boolean", |_, _| fold(Decided(false))).native(|_| Some(bool_and_udaf())).of_set()
    };
    vec![
        and("bool_and"),
        and("every"),
        aggregate("bool_or", "(boolean) -> boolean", |_, _| fold(Decided(true)))
            .native(|_| Some(bool_or_udaf()))
            .of_set(),
    ]
}

impl Reduce for Decided {
    type Item = bool;

    fn item(&self, row: Row<'_>) -> Option<bool> {
        row.boolean(0)
    }

    fn reduce(&self, so_far: bool, next: bool) -> Result<bool> {
        Ok(if so_far == self.0 { so_far } else { next })
    }

    fn carried_as(&self) -> Type {
        Type::Boolean
    }

    fn value(&self, item: bool) -> Value {
        Value::Boolean(item)
    }
}
