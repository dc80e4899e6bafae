//! A call of ours as DataFusion's scalar function: its types are fixed, so nothing is coerced any more.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, new_null_array};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};

use crate::call::{Argument, Call, Kernel};
use crate::closure::{BoundClosure, Closure};
use crate::runs::Runs;
use crate::types::Type;

/// The arguments are those that are no lambdas, then what the lambdas captured, one after the other.
#[derive(Debug)]
pub(crate) struct Udf {
    pub(crate) name: &'static str,
    pub(crate) kernel: Kernel,
    pub(crate) types: Vec<Type>,
    pub(crate) lambdas: Vec<Closure>,
    pub(crate) returns: Type,
    pub(crate) strict: bool,
    /// The Arrow type of the result, where it is not the one between operators.
    pub(crate) arrow: DataType,
    pub(crate) signature: Signature,
    /// The first arguments, a bit each: those that Trino does not know before it runs though they be constant, for they
    /// call a lambda.
    pub(crate) late: u64,
}

impl PartialEq for Udf {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.arrow == other.arrow
            && self.types == other.types
            && self.returns == other.returns
            && self.lambdas == other.lambdas
    }
}

impl Eq for Udf {}

impl Hash for Udf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.name, &self.types, &self.returns, &self.lambdas).hash(state);
    }
}

impl Udf {
    pub(crate) fn new(name: &'static str, kernel: Kernel, types: Vec<Type>, returns: Type) -> Self {
        Self {
            name,
            kernel,
            types,
            lambdas: Vec::new(),
            arrow: returns.arrow(),
            returns,
            strict: true,
            signature: Signature::one_of(
                vec![TypeSignature::VariadicAny, TypeSignature::Nullary],
                Volatility::Immutable,
            ),
            late: 0,
        }
    }

    pub(crate) fn volatile(mut self) -> Self {
        self.signature.volatility = Volatility::Volatile;
        self
    }

    /// The call, or its value where that is known: a chain of calls of constants stays flat.
    pub(crate) fn folded(self, arguments: Vec<Expr>) -> Expr {
        match self.value_of(&arguments) {
            Some(value) => Expr::Literal(value, None),
            None => self.on(arguments),
        }
    }

    fn is_null_for(&self, arguments: &[Expr]) -> bool {
        let is_early = |at: usize| at >= u64::BITS as usize || self.late & (1 << at) == 0;
        self.strict
            && arguments
                .iter()
                .take(self.types.len())
                .enumerate()
                .any(|(at, argument)| is_early(at) && is_null(argument))
    }

    /// Whether a lambda is called somewhere in the expression, other than for a null.
    pub(crate) fn calls_lambda(expr: &Expr) -> Result<bool> {
        let mut found = false;
        expr.apply(|part| {
            let Expr::ScalarFunction(call) = part else { return Ok(TreeNodeRecursion::Continue) };
            let Some(udf) = call.func.inner().downcast_ref::<Udf>() else { return Ok(TreeNodeRecursion::Continue) };
            // `TRY_CAST` takes one here only.
            let own = !udf.lambdas.is_empty() && udf.name != "try_cast";
            let of_null = || udf.name == "reduce" && call.args.first().is_some_and(is_null);
            found |= (own || udf.late != 0) && !udf.is_null_for(&call.args) && !of_null();
            Ok(TreeNodeRecursion::Jump)
        })?;
        Ok(found)
    }

    /// The expression with the values of calls where they are known, and null where an argument is known to be.
    pub(crate) fn with_known_values(expr: Expr) -> Result<Expr> {
        let known = expr.transform_up(|expr| {
            if let Expr::Cast(cast) = &expr
                && let Expr::Literal(value, _) = cast.expr.as_ref()
                && let Ok(value) = value.cast_to(cast.field.data_type())
            {
                return Ok(Transformed::yes(Expr::Literal(value, None)));
            }
            let Expr::ScalarFunction(call) = &expr else { return Ok(Transformed::no(expr)) };
            let Some(udf) = call.func.inner().downcast_ref::<Udf>() else { return Ok(Transformed::no(expr)) };
            let value = if udf.is_null_for(&call.args) {
                Some(ScalarValue::try_from(&udf.arrow)?)
            } else if udf.signature.volatility == Volatility::Immutable {
                udf.value_of(&call.args).filter(|value| value.data_type() == udf.arrow)
            } else {
                None
            };
            Ok(value.map_or_else(|| Transformed::no(expr), |value| Transformed::yes(Expr::Literal(value, None))))
        })?;
        Ok(known.data)
    }

    /// `None` where it is not constant, or fails, which it may only do when it runs.
    fn value_of(&self, arguments: &[Expr]) -> Option<ScalarValue> {
        if arguments.is_empty() || !self.lambdas.is_empty() {
            return None;
        }
        let own = arguments
            .iter()
            .map(|argument| match argument {
                Expr::Literal(value, _) => Some(Argument { array: value.to_array_of_size(1).ok()?, constant: true }),
                _ => None,
            })
            .collect::<Option<Vec<_>>>()?;
        if self.strict && own.iter().any(|argument| argument.is_null(0)) {
            return ScalarValue::try_from(&self.arrow).ok();
        }
        let call = Call {
            arguments: own,
            types: &self.types,
            lambdas: Vec::new(),
            returns: &self.returns,
            rows: 1,
            strict: self.strict,
        };
        ScalarValue::try_from_array(&(self.kernel)(&call).ok()?, 0).ok()
    }

    pub(crate) fn on(mut self, arguments: Vec<Expr>) -> Expr {
        if self.lambdas.iter().any(|lambda| lambda.body.is_volatile()) {
            self.signature.volatility = Volatility::Volatile;
        }
        let own = arguments.iter().take(self.types.len().min(u64::BITS as usize));
        let late = own.enumerate().filter(|(_, argument)| Self::calls_lambda(argument).unwrap_or(true));
        self.late = late.fold(0, |late, (at, _)| late | 1 << at);
        Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(ScalarUDF::new_from_impl(self)), arguments))
    }
}

impl ScalarUDFImpl for Udf {
    fn name(&self) -> &str {
        self.name
    }

    /// Two calls that differ only in their types must not share a name.
    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        let types: Vec<String> = self.types.iter().map(Type::to_string).collect();
        let args: Vec<String> = args.iter().map(|arg| arg.schema_name().to_string()).collect();
        let bodies: Vec<String> = self.lambdas.iter().map(|lambda| lambda.body.schema_name().to_string()).collect();
        Ok(format!("{}<{};{};{}>({})", self.name, types.join(","), bodies.join(","), self.returns, args.join(",")))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.arrow.clone())
    }

    /// What stands behind an argument that may be null is not evaluated for sure.
    fn short_circuits(&self) -> bool {
        self.strict && self.types.len() > 1
    }

    fn conditional_arguments<'a>(&self, args: &'a [Expr]) -> Option<(Vec<&'a Expr>, Vec<&'a Expr>)> {
        let (own, captured) = args.split_at(self.types.len().min(args.len()));
        if !self.short_circuits() {
            return None;
        }
        let first = own.iter().position(|arg| !matches!(arg, Expr::Literal(..))).map_or(own.len(), |at| at + 1);
        let (sure, behind) = own.split_at(first);
        Some((sure.iter().chain(captured).collect(), behind.iter().collect()))
    }

    /// A null that is known makes the result null, whatever the other arguments would be.
    fn simplify(&self, args: Vec<Expr>, _: &SimplifyContext) -> Result<ExprSimplifyResult> {
        Ok(match self.is_null_for(&args) {
            true => ExprSimplifyResult::Simplified(Expr::Literal(ScalarValue::try_from(&self.arrow)?, None)),
            false => ExprSimplifyResult::Original(args),
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        // A call of constants is computed once.
        let constant = self.signature.volatility != Volatility::Volatile
            && args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { rows };
        let mut arguments = args.args.into_iter();
        let own: Vec<Argument> = self
            .types
            .iter()
            .zip(arguments.by_ref())
            .map(|(of, argument)| {
                let (array, constant) = match argument {
                    ColumnarValue::Array(array) => (array, false),
                    ColumnarValue::Scalar(scalar) => (scalar.to_array_of_size(1)?, true),
                };
                Ok(Argument { array: typed(array, of), constant })
            })
            .collect::<Result<_>>()?;
        if self.strict && own.iter().any(|argument| argument.constant && argument.is_null(0)) {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from(&self.arrow)?));
        }
        let mut lambdas = Vec::with_capacity(self.lambdas.len());
        for closure in &self.lambdas {
            let captured: Vec<ArrayRef> = closure
                .captured
                .iter()
                .zip(arguments.by_ref())
                .map(|(of, argument)| Ok(typed(argument.into_array(rows)?, of)))
                .collect::<Result<_>>()?;
            lambdas.push(BoundClosure::new(closure, captured));
        }
        let runs = if lambdas.is_empty() { Runs::of(&own, &self.arrow, rows) } else { None };
        let (arguments, rows) = match &runs {
            Some(runs) => (runs.arguments(&own)?, runs.len()),
            None => (own, rows),
        };
        let call = Call { arguments, types: &self.types, lambdas, returns: &self.returns, rows, strict: self.strict };
        let array = (self.kernel)(&call)?;
        let array = match &runs {
            Some(runs) => runs.spread(&array)?,
            None => array,
        };
        if constant {
            Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?))
        } else {
            Ok(ColumnarValue::Array(array))
        }
    }
}

/// The optimizer tries what an expression makes of nulls, and gives them no type.
fn typed(array: ArrayRef, of: &Type) -> ArrayRef {
    match array.data_type() {
        DataType::Null => new_null_array(&of.arrow(), array.len()),
        _ => array,
    }
}

/// The last step of a result's column.
pub(crate) struct Presented(Type);

impl Presented {
    pub(crate) fn new(of: Type) -> Self {
        Self(of)
    }

    pub(crate) fn on(self, value: Expr) -> Expr {
        let arrow = crate::output::arrow(&self.0);
        Udf { arrow, ..Udf::new("present", crate::output::kernel, vec![self.0.clone()], self.0) }.on(vec![value])
    }
}

/// Whether it is known to be null.
pub(crate) fn is_null(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(value, _) if value.is_null())
}
