//! Operators of numbers as the language has them, on single values.

use datafusion::arrow::array::ArrayRef;

use crate::call::{Argument, Call};
use crate::error::Result;
use crate::functions::resolve;
use crate::signature::Given;
use crate::types::Type;
use crate::value::{Value, Values, array_of};

/// What a function gives for values of any types it takes.
pub(super) fn operate(name: &str, operands: &[(Value, Type)]) -> Result<(Value, Type)> {
    let given: Vec<Given> = operands.iter().map(|(_, of)| Given::Value(of.clone())).collect();
    let (function, binding) = resolve(name, &given)?;
    let mut types = Vec::with_capacity(operands.len());
    let mut arguments = Vec::with_capacity(operands.len());
    for (at, (value, of)) in operands.iter().enumerate() {
        let formal = function
            .signature
            .argument(at)
            .and_then(|pattern| binding.formal(pattern, of))
            .unwrap_or_else(|| of.clone());
        let value = crate::cast::value(value, of, &formal)?;
        arguments.push(Argument { array: array_of(&formal, &[value])?, constant: true });
        types.push(formal);
    }
    let returns = function.result(&binding, &types)?;
    let call =
        Call { arguments, types: &types, lambdas: Vec::new(), returns: &returns, rows: 1, strict: function.strict };
    let array: ArrayRef = (function.kernel)(&call)?;
    let value = Values::new(&array, &returns).get(0);
    Ok((value, returns))
}
