//! Trino's aggregate functions under DataFusion's engine.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result, internal_err, plan_err};
use datafusion::functions_aggregate::any_value::any_value_udaf;
use datafusion::functions_aggregate::approx_percentile_cont::approx_percentile_cont_udaf;
use datafusion::functions_aggregate::bool_and_or::bool_and_udaf;
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::functions_aggregate::variance::var_samp_udaf;
use datafusion::logical_expr::expr::{AggregateFunction, AggregateFunctionParams};
use datafusion::logical_expr::function::{AccumulatorArgs, AggregateFunctionSimplification, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Expr, Signature, Volatility, lit, when};

use super::sum;

pub(super) fn all() -> Vec<Arc<AggregateUDF>> {
    let named = |function: Arc<AggregateUDF>, name| Arc::new(AggregateUDF::clone(&function).with_aliases([name]));
    vec![
        Arc::new(sum::sum()),
        named(any_value_udaf(), "arbitrary"),
        named(bool_and_udaf(), "every"),
        named(var_samp_udaf(), "variance"),
        Arc::new(AggregateUDF::from(Rewritten::new("count_if"))),
        Arc::new(AggregateUDF::from(Rewritten::new("approx_percentile"))),
    ]
}

/// A function that the optimizer replaces by another one.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Rewritten {
    name: &'static str,
    signature: Signature,
}

impl Rewritten {
    fn new(name: &'static str) -> Self {
        Rewritten { name, signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for Rewritten {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match (self.name, types) {
            ("count_if", [DataType::Boolean | DataType::Null]) => Ok(vec![DataType::Boolean]),
            // The percentile of integers is an integer in Trino and would be a double here.
            ("approx_percentile", [DataType::Float64 | DataType::Float32, _]) => {
                Ok(vec![DataType::Float64, DataType::Float64])
            }
            ("approx_percentile", [_, _]) => {
                plan_err!("cannot cast the argument of approx_percentile: it takes a double and a percentile")
            }
            (name, _) => plan_err!("cannot cast the arguments of {name}"),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self.name {
            "count_if" => DataType::Int64,
            _ => DataType::Float64,
        })
    }

    fn is_nullable(&self) -> bool {
        self.name != "count_if"
    }

    fn simplify(&self) -> Option<AggregateFunctionSimplification> {
        let name = self.name;
        Some(Box::new(move |call, _| {
            let AggregateFunction {
                params: AggregateFunctionParams { args, distinct, filter, order_by, null_treatment },
                ..
            } = call;
            let (function, args) = match (name, args.as_slice()) {
                ("count_if", [condition]) => (count_udaf(), vec![when(condition.clone(), lit(1_i64)).end()?]),
                _ => (approx_percentile_cont_udaf(), args),
            };
            Ok(Expr::AggregateFunction(AggregateFunction::new_udf(
                function,
                args,
                distinct,
                filter,
                order_by,
                null_treatment,
            )))
        }))
    }

    fn accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        internal_err!("{} was not replaced", self.name)
    }

    fn state_fields(&self, _: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        internal_err!("{} was not replaced", self.name)
    }
}
