//! Comparisons: by the engine's own operators where they decide as Trino does, else value by value.

use std::cmp::Ordering;

use datafusion::arrow::array::ArrayRef;
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::TreeNode;
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, lit};
use sqlparser::ast::BinaryOperator;

use crate::call::Call;
use crate::error::{Error, Result};
use crate::short_circuit;
use crate::types::Type;
use crate::udf::Udf;
use crate::value;

mod keys;

use keys::equal_key;
pub(crate) use keys::{group_key, identified, identity_key, sort_key, sort_key_after_nulls, sort_type, without_nulls};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    DistinctFrom,
    NotDistinctFrom,
}

impl Comparison {
    pub(crate) fn of(op: &BinaryOperator) -> Option<Self> {
        Some(match op {
            BinaryOperator::Eq => Comparison::Equal,
            BinaryOperator::NotEq => Comparison::NotEqual,
            BinaryOperator::Lt => Comparison::Less,
            BinaryOperator::LtEq => Comparison::LessOrEqual,
            BinaryOperator::Gt => Comparison::Greater,
            BinaryOperator::GtEq => Comparison::GreaterOrEqual,
            _ => return None,
        })
    }

    pub(crate) fn sign(self) -> &'static str {
        match self {
            Comparison::Equal => "=",
            Comparison::NotEqual => "<>",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
            Comparison::DistinctFrom => "IS DISTINCT FROM",
            Comparison::NotDistinctFrom => "IS NOT DISTINCT FROM",
        }
    }

    fn operator(self) -> Operator {
        match self {
            Comparison::Equal => Operator::Eq,
            Comparison::NotEqual => Operator::NotEq,
            Comparison::Less => Operator::Lt,
            Comparison::LessOrEqual => Operator::LtEq,
            Comparison::Greater => Operator::Gt,
            Comparison::GreaterOrEqual => Operator::GtEq,
            Comparison::DistinctFrom => Operator::IsDistinctFrom,
            Comparison::NotDistinctFrom => Operator::IsNotDistinctFrom,
        }
    }

    fn needs_order(self) -> bool {
        matches!(self, Comparison::Less | Comparison::LessOrEqual | Comparison::Greater | Comparison::GreaterOrEqual)
    }

    fn holds(self, order: Ordering) -> bool {
        match self {
            Comparison::Equal | Comparison::NotDistinctFrom => order.is_eq(),
            Comparison::NotEqual | Comparison::DistinctFrom => order.is_ne(),
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
        }
    }
}

/// Whether Arrow's comparison of the arrays is Trino's of the values.
pub(crate) fn is_native(of: &Type) -> bool {
    !matches!(
        of,
        Type::Unknown
            | Type::Real
            | Type::Double
            | Type::TimeTz(_)
            | Type::TimestampTz(_)
            | Type::Array(_)
            | Type::Map(..)
            | Type::Row(_)
            | Type::HyperLogLog
            | Type::P4HyperLogLog
            | Type::TDigest
            | Type::QDigest(_)
            | Type::SetDigest
    )
}

/// Compares two values of one type.
pub(crate) fn expression(a: Expr, comparison: Comparison, b: Expr, of: &Type) -> Result<Expr> {
    let possible = if comparison.needs_order() { of.is_orderable() } else { of.is_comparable() };
    if !possible && *of != Type::Unknown {
        return Err(Error::type_mismatch(format!("Cannot apply operator: {of} {} {of}", comparison.sign())));
    }
    let native = |a: Expr, b: Expr| Expr::BinaryExpr(BinaryExpr::new(Box::new(a), comparison.operator(), Box::new(b)));
    let is_equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
    if let (Type::Char(_), true) = (of, comparison.needs_order()) {
        return Ok(native(sort_key(a, of), sort_key(b, of)));
    }
    // The engine knows a null among constants before it runs, and then does without the other side, which may fail.
    let may_turn_null = |side: &Expr| side.column_refs().is_empty() && Udf::calls_lambda(side).unwrap_or(true);
    let is_late = may_turn_null(&a) && short_circuit::may_fail(&b) || may_turn_null(&b) && short_circuit::may_fail(&a);
    if !is_late && (is_native(of) || is_equality && (is_ordinary_double(&a) || is_ordinary_double(&b))) {
        return Ok(native(a, b));
    }
    let b = if matches!(of, Type::Real | Type::Double) && comparison.needs_order() {
        zero_beside(b, comparison)
    } else {
        b
    };
    if is_number(&b) && matches!(of, Type::Real | Type::Double) && comparison.needs_order() {
        // Engine and files sort NaN as a number, which no comparison with a number may hold for. The first part is what
        // row groups are pruned by.
        let number = call("is_number", number_kernel, vec![of.clone()], vec![a.clone()]);
        return Ok(Expr::BinaryExpr(BinaryExpr::new(Box::new(native(a, b)), Operator::And, Box::new(number))));
    }
    if !is_late && let Type::TimestampTz(_) | Type::TimeTz(_) = of {
        return Ok(native(sort_key(a, of), sort_key(b, of)));
    }
    let kernel = match comparison {
        Comparison::Equal => equal_kernel,
        Comparison::NotEqual => not_equal_kernel,
        Comparison::Less => less_kernel,
        Comparison::LessOrEqual => less_or_equal_kernel,
        Comparison::Greater => greater_kernel,
        Comparison::GreaterOrEqual => greater_or_equal_kernel,
        Comparison::DistinctFrom => distinct_kernel,
        Comparison::NotDistinctFrom => not_distinct_kernel,
    };
    let udf = Udf { strict: false, ..Udf::new(comparison.sign(), kernel, vec![of.clone(), of.clone()], Type::Boolean) };
    Ok(udf.on(vec![a, b]))
}

/// `BETWEEN` of its two comparisons. Of constants Trino makes both, so that the second may fail though the first is false.
pub(crate) fn within(above: Expr, below: Expr, of: &Type) -> Expr {
    let may_fail = matches!(of, Type::Array(_) | Type::Row(_));
    if may_fail && is_constant(&above) && is_constant(&below) {
        let udf = Udf::new("both", both_kernel, vec![Type::Boolean, Type::Boolean], Type::Boolean);
        return Udf { strict: false, ..udf }.on(vec![above, below]);
    }
    Expr::BinaryExpr(BinaryExpr::new(Box::new(above), Operator::And, Box::new(below)))
}

/// Whether Trino knows the value before it runs, or that there is none. What takes a lambda it calls when it runs;
/// `TRY_CAST` takes one here only.
pub(crate) fn is_constant(expr: &Expr) -> bool {
    let runs = |part: &Expr| match part {
        Expr::ScalarSubquery(_) | Expr::InSubquery(_) | Expr::Exists(_) | Expr::OuterReferenceColumn(..) => true,
        Expr::ScalarFunction(call) => {
            call.func.inner().downcast_ref::<Udf>().is_some_and(|udf| !udf.lambdas.is_empty() && udf.name != "try_cast")
        }
        _ => false,
    };
    expr.column_refs().is_empty() && !expr.is_volatile() && !expr.exists(|part| Ok(runs(part))).unwrap_or(true)
}

fn both_kernel(call: &Call) -> Result<ArrayRef> {
    let (a, b) = (call.boolean(0), call.boolean(1));
    call.booleans(|row| {
        Ok(match (a.get(row), b.get(row)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        })
    })
}

/// A condition on rows as the engine joins by: where it can't compare the values of `=` it compares their keys, which are
/// null where no value is the same.
pub(crate) fn joinable(condition: Expr) -> Expr {
    let parts = split_conjunction_owned(condition).into_iter().map(|part| {
        let Expr::ScalarFunction(call) = &part else { return part };
        let Some(udf) = call.func.inner().downcast_ref::<Udf>() else { return part };
        match call.args.as_slice() {
            [a, b] if udf.name == Comparison::Equal.sign() && !is_literal(a) && !is_literal(b) => {
                let of = &udf.types[0];
                equal_key(a.clone(), of).eq(equal_key(b.clone(), of))
            }
            _ => part,
        }
    });
    conjunction(parts).unwrap_or_else(|| lit(true))
}

fn is_literal(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(..))
}

fn call(name: &'static str, kernel: crate::call::Kernel, types: Vec<Type>, arguments: Vec<Expr>) -> Expr {
    Udf::new(name, kernel, types, Type::Boolean).on(arguments)
}

/// A literal that is no NaN.
fn is_number(expr: &Expr) -> bool {
    match expr {
        Expr::Literal(ScalarValue::Float64(Some(value)), _) => !value.is_nan(),
        Expr::Literal(ScalarValue::Float32(Some(value)), _) => !value.is_nan(),
        _ => false,
    }
}

/// The engine sorts -0 before 0, which are one number: the zero on whose right side both of them lie.
fn zero_beside(expr: Expr, comparison: Comparison) -> Expr {
    let negative = matches!(comparison, Comparison::Less | Comparison::GreaterOrEqual);
    match expr {
        Expr::Literal(ScalarValue::Float64(Some(0.0)), mark) => {
            Expr::Literal(ScalarValue::Float64(Some(if negative { -0.0 } else { 0.0 })), mark)
        }
        Expr::Literal(ScalarValue::Float32(Some(0.0)), mark) => {
            Expr::Literal(ScalarValue::Float32(Some(if negative { -0.0 } else { 0.0 })), mark)
        }
        other => other,
    }
}

/// A literal that is neither zero, which has two signs, nor NaN.
fn is_ordinary_double(expr: &Expr) -> bool {
    match expr {
        Expr::Literal(ScalarValue::Float64(Some(value)), _) => *value != 0.0 && !value.is_nan(),
        Expr::Literal(ScalarValue::Float32(Some(value)), _) => *value != 0.0 && !value.is_nan(),
        _ => false,
    }
}

fn number_kernel(call: &Call) -> Result<ArrayRef> {
    let value = call.double(0)?;
    call.booleans(|row| Ok(value.get(row).map(|value| !value.is_nan())))
}
fn by_values(call: &Call, comparison: Comparison) -> Result<ArrayRef> {
    if let (Type::Double | Type::Real, false) =
        (&call.types[0], matches!(comparison, Comparison::DistinctFrom | Comparison::NotDistinctFrom))
    {
        let (a, b) = (call.double(0)?, call.double(1)?);
        return call.booleans(|row| {
            let (Some(a), Some(b)) = (a.get(row), b.get(row)) else { return Ok(None) };
            Ok(Some(match a.partial_cmp(&b) {
                Some(order) => comparison.holds(order),
                None => comparison == Comparison::NotEqual,
            }))
        });
    }
    let (a, b) = (call.any(0), call.any(1));
    call.booleans(|row| {
        let (a, b) = (a.get(row), b.get(row));
        Ok(match comparison {
            Comparison::Equal => value::equal(&a, &b),
            Comparison::NotEqual => value::equal(&a, &b).map(|equal| !equal),
            Comparison::DistinctFrom => Some(!value::identical(&a, &b)),
            Comparison::NotDistinctFrom => Some(value::identical(&a, &b)),
            _ if a.is_null() || b.is_null() => None,
            _ => Some(value::compare(&a, &b)?.is_some_and(|order| comparison.holds(order))),
        })
    })
}

fn equal_kernel(call: &Call) -> Result<ArrayRef> {
    by_values(call, Comparison::Equal)
}

fn not_equal_kernel(call: &Call) -> Result<ArrayRef> {
    by_values(call, Comparison::NotEqual)
}

fn less_kernel(call: &Call) -> Result<ArrayRef> {
    by_values(call, Comparison::Less)
}

fn less_or_equal_kernel(call: &Call) -> Result<ArrayRef> {
    by_values(call, Comparison::LessOrEqual)
}

fn greater_kernel(call: &Call) -> Result<ArrayRef> {
    by_values(call, Comparison::Greater)
}

fn greater_or_equal_kernel(call: &Call) -> Result<ArrayRef> {
    by_values(call, Comparison::GreaterOrEqual)
}

fn distinct_kernel(call: &Call) -> Result<ArrayRef> {
    by_values(call, Comparison::DistinctFrom)
}

fn not_distinct_kernel(call: &Call) -> Result<ArrayRef> {
    by_values(call, Comparison::NotDistinctFrom)
}
