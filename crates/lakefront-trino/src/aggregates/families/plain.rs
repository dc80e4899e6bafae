//! Aggregates that the engine computes as Trino does.

use datafusion::functions_aggregate::{average, bool_and_or, count, min_max, sum};

use super::super::{Aggregate, aggregate};

pub(super) fn all() -> Vec<Aggregate> {
    vec![
        aggregate("count", "() -> bigint", |_, _| Ok(count::count_udaf())),
        aggregate("count", "(T) -> bigint", |_, _| Ok(count::count_udaf())),
        aggregate("sum", "(double) -> double", |_, _| Ok(sum::sum_udaf())),
        aggregate("sum", "(bigint) -> bigint", |_, _| Ok(sum::sum_udaf())),
        aggregate("avg", "(double) -> double", |_, _| Ok(average::avg_udaf())),
        aggregate("min", "(T) -> T where orderable T", |_, _| Ok(min_max::min_udaf())),
        aggregate("max", "(T) -> T where orderable T", |_, _| Ok(min_max::max_udaf())),
        aggregate("bool_and", "(boolean) -> boolean", |_, _| Ok(bool_and_or::bool_and_udaf())),
        aggregate("bool_or", "(boolean) -> boolean", |_, _| Ok(bool_and_or::bool_or_udaf())),
        aggregate("every", "(boolean) -> boolean", |_, _| Ok(bool_and_or::bool_and_udaf())),
    ]
}
