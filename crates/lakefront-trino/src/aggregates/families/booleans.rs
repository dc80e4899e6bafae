//! `bool_and` and `bool_or`.

use datafusion::functions_aggregate::bool_and_or::{bool_and_udaf, bool_or_udaf};

use super::super::fold::{Fold, Row};
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

impl Fold for Decided {
    type State = Option<bool>;

    fn start(&self) -> Option<bool> {
        None
    }

    fn add(&self, state: &mut Option<bool>, row: Row<'_>) -> Result<()> {
        if let Some(value) = row.boolean(0)
            && *state != Some(self.0)
        {
            *state = Some(value);
        }
        Ok(())
    }

    fn carried(&self) -> Vec<Type> {
        vec![Type::Boolean]
    }

    fn save(&self, state: &Option<bool>) -> Result<Vec<Value>> {
        Ok(vec![self.finish(state)?])
    }

    fn merge(&self, state: &mut Option<bool>, saved: Row<'_>) -> Result<()> {
        self.add(state, saved)
    }

    fn finish(&self, state: &Option<bool>) -> Result<Value> {
        Ok(Value::or_null(state.map(Value::Boolean)))
    }
}
