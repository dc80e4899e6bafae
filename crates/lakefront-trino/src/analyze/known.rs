//! What Trino works out before anything runs, and where it then does otherwise than at run time.

use datafusion::common::Column;
use datafusion::logical_expr::{Expr, LogicalPlan};

use super::Typed;
use crate::coercion::common_type;
use crate::comparison;
use crate::error::{Error, Result};
use crate::temporal::unit::{Unit, UnitOf};
use crate::types::Type;
use crate::udf::Udf;
use crate::value::{self, Values};

/// Whether a constant is null or holds one, as far as that is known before it runs.
pub(super) fn may_hold_null(item: &Expr, of: &Type) -> Result<bool> {
    let Expr::Literal(value, _) = Udf::with_known_values(item.clone())? else { return Ok(true) };
    Ok(value::holds_null(&Values::new(&value.to_array_of_size(1)?, of).get(0)))
}

/// Refuses comparisons that fail in Trino before anything runs, even where nothing would come to be compared.
pub(super) fn check_comparison(a: &Typed, b: &Typed, is_in_lambda: bool) -> Result<()> {
    check_cut(a, b)?;
    check_uncast(a, b, is_in_lambda)
}

/// To leave out a cast, Trino compares the constant beside it with the same one cast there and back.
fn check_uncast(a: &Typed, b: &Typed, is_in_lambda: bool) -> Result<()> {
    let Some(of @ (Type::Array(_) | Type::Row(_))) = common_type(&a.of, &b.of) else { return Ok(()) };
    if !of.is_orderable() {
        return Ok(());
    }
    for (value, beside) in [(a, b), (b, a)] {
        let is_seen = match comparison::is_constant(&value.expr) {
            true => is_in_lambda,
            false => is_cast(value, &of),
        };
        if !is_seen || !comparison::is_constant(&beside.expr) {
            continue;
        }
        let Expr::Literal(known, _) = Udf::with_known_values(beside.expr.clone())? else { continue };
        let known = Values::new(&known.to_array_of_size(1)?, &beside.of).get(0);
        if !known.is_null() && value::holds_null(&known) {
            return Err(Error::not_here("A comparison of a cast array or row with a constant that holds NULL"));
        }
    }
    Ok(())
}

/// Whether it is cast to that type, by itself or for the comparison, from one that coerces to it.
fn is_cast(value: &Typed, to: &Type) -> bool {
    value.of != *to
        || match &value.expr {
            Expr::ScalarFunction(call) => call.func.inner().downcast_ref::<Udf>().is_some_and(|udf| {
                udf.name == "cast" && common_type(&udf.types[0], to).is_some_and(|common| common == *to)
            }),
            Expr::Cast(_) => true,
            _ => false,
        }
}

/// Trino cuts the constant that a `date_trunc` is compared with before anything runs: a unit longer than a time is an error
/// there, even where nothing would come to be cut.
fn check_cut(a: &Typed, b: &Typed) -> Result<()> {
    let Some(of @ (Type::Time(_) | Type::TimeTz(_))) = common_type(&a.of, &b.of) else { return Ok(()) };
    for (cut, constant) in [(a, b), (b, a)] {
        let Expr::ScalarFunction(call) = &cut.expr else { continue };
        let Some(unit) = call.args.first().filter(|_| call.name() == "date_trunc" && cut.of == of) else { continue };
        let Expr::Literal(unit, _) = Udf::with_known_values(unit.clone())? else { continue };
        let Some(Some(unit)) = unit.try_as_str() else { continue };
        if !comparison::is_constant(&constant.expr) || !["day", "month", "year"].contains(&&*unit.to_lowercase()) {
            continue;
        }
        match Udf::with_known_values(constant.expr.clone())? {
            Expr::Literal(known, _) if known.is_null() => {}
            Expr::Literal(..) => {
                Unit::parse(unit, UnitOf::Time)?;
            }
            _ => return Err(Error::not_here("A comparison of a time that is cut to a day or more")),
        }
    }
    Ok(())
}

/// Whether the value is the same for all rows, not null, and Trino sees it.
pub(super) fn is_known(expr: &Expr, input: &LogicalPlan) -> Result<bool> {
    let Expr::Column(column) = expr else {
        if !comparison::is_constant(expr) {
            return Ok(false);
        }
        return Ok(match Udf::with_known_values(expr.clone())? {
            Expr::Literal(known, _) => !known.is_null(),
            _ => true,
        });
    };
    let Some(at) = input.schema().maybe_index_of_column(column) else { return Ok(false) };
    match input {
        LogicalPlan::Projection(projection) => {
            is_known(&projection.expr[at].clone().unalias_nested().data, &projection.input)
        }
        LogicalPlan::SubqueryAlias(alias) => {
            is_known(&Expr::Column(Column::from(alias.input.schema().qualified_field(at))), &alias.input)
        }
        LogicalPlan::Filter(_) | LogicalPlan::Sort(_) | LogicalPlan::Limit(_) | LogicalPlan::Join(_) => {
            input.inputs().into_iter().try_fold(false, |is, below| Ok(is || is_known(expr, below)?))
        }
        _ => Ok(false),
    }
}
