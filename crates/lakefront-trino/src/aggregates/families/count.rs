//! Numbers of rows.

use datafusion::functions_aggregate::count::count_udaf;

use super::super::fold::{Fold, Row};
use super::super::{Aggregate, aggregate, fold};
use crate::error::Result;
use crate::types::Type;
use crate::value::Value;

#[derive(Debug, PartialEq)]
enum Count {
    Rows,
    NotNull,
    True,
}

pub(super) fn all() -> Vec<Aggregate> {
    vec![
        aggregate("count", "() -> bigint", |_, _| fold(Count::Rows)).native(|_| Some(count_udaf())),
        aggregate("count", "(T) -> bigint", |_, _| fold(Count::NotNull))
            .native(|types| (types != [Type::Unknown]).then(count_udaf)),
        aggregate("count_if", "(boolean) -> bigint", |_, _| fold(Count::True)),
    ]
}

impl Fold for Count {
    type State = i64;

    fn start(&self) -> i64 {
        0
    }

    fn add(&self, state: &mut i64, row: Row<'_>) -> Result<()> {
        *state += i64::from(match self {
            Count::Rows => true,
            Count::NotNull => !row.is_null(0),
            Count::True => row.boolean(0) == Some(true),
        });
        Ok(())
    }

    fn carried(&self) -> Vec<Type> {
        vec![Type::Bigint]
    }

    fn save(&self, state: &i64) -> Result<Vec<Value>> {
        Ok(vec![Value::Int(*state)])
    }

    fn merge(&self, state: &mut i64, saved: Row<'_>) -> Result<()> {
        *state += saved.int(0).unwrap_or(0);
        Ok(())
    }

    fn finish(&self, state: &i64) -> Result<Value> {
        Ok(Value::Int(*state))
    }
}
