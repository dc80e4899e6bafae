//! Bits of integers.

use super::super::fold::{Reduce, Row};
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

impl Reduce for Bits {
    type Item = i64;

    fn item(&self, row: Row<'_>) -> Option<i64> {
        row.int(0)
    }

    fn reduce(&self, so_far: i64, next: i64) -> Result<i64> {
        Ok(match self {
            Bits::And => so_far & next,
            Bits::Or => so_far | next,
            Bits::Xor => so_far ^ next,
        })
    }

    fn carried_as(&self) -> Type {
        Type::Bigint
    }

    fn value(&self, item: i64) -> Value {
        Value::Int(item)
    }
}
