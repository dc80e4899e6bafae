//! Bits of integers.

use super::super::fold::{Fold, Row};
use super::super::{Aggregate, aggregate, fold};
use crate::error::Result;
use crate::types::Type;
use crate::value::Value;

#[derive(Debug, PartialEq)]
enum Bits {
    And,
    Or,
    Xor,
}

pub(super) fn all() -> Vec<Aggregate> {
    vec![
        aggregate("bitwise_and_agg", "(bigint) -> bigint", |_, _| fold(Bits::And)).of_set(),
        aggregate("bitwise_or_agg", "(bigint) -> bigint", |_, _| fold(Bits::Or)).of_set(),
        aggregate("bitwise_xor_agg", "(bigint) -> bigint", |_, _| fold(Bits::Xor)),
    ]
}

impl Fold for Bits {
    type State = Option<i64>;

    fn start(&self) -> Option<i64> {
        None
    }

    fn add(&self, state: &mut Option<i64>, row: Row<'_>) -> Result<()> {
        if let Some(value) = row.int(0) {
            *state = Some(match (self, *state) {
                (_, None) => value,
                (Bits::And, Some(old)) => old & value,
                (Bits::Or, Some(old)) => old | value,
                (Bits::Xor, Some(old)) => old ^ value,
            });
        }
        Ok(())
    }

    fn carried(&self) -> Vec<Type> {
        vec![Type::Bigint]
    }

    fn save(&self, state: &Option<i64>) -> Result<Vec<Value>> {
        Ok(vec![self.finish(state)?])
    }

    fn merge(&self, state: &mut Option<i64>, saved: Row<'_>) -> Result<()> {
        self.add(state, saved)
    }

    fn finish(&self, state: &Option<i64>) -> Result<Value> {
        Ok(Value::or_null(state.map(Value::Int)))
    }
}
