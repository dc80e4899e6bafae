//! Casts, written or not.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::Cast;

use super::attempt::check_tried_row;
use super::literal::constant;
use super::{Analyzer, Typed};
use crate::cast;
use crate::error::{Error, Result};
use crate::types::Type;
use crate::udf::Udf;
use crate::value::Value;

impl Analyzer<'_> {
    /// A value where another type is asked for that it coerces to.
    pub(super) fn coerce(&self, value: Typed, to: &Type) -> Result<Expr> {
        if value.of == *to {
            return Ok(value.expr);
        }
        check_tried_row(&value, to)?;
        if is_free(&value.of, to) {
            return Ok(value.expr);
        }
        if let Expr::Literal(literal, _) = &value.expr {
            let array = literal.to_array()?;
            let from = crate::value::Values::new(&array, &value.of).get(0);
            let cast = if from.is_null() { Value::Null } else { cast::value(&from, &value.of, to)? };
            return Ok(constant(cast, to.clone())?.expr);
        }
        if value.of == Type::Unknown {
            return Ok(Expr::Cast(Cast::new(Box::new(value.expr), to.arrow())));
        }
        if is_native_cast(&value.of, to) {
            return Ok(Expr::Cast(Cast::new(Box::new(value.expr), to.arrow())));
        }
        Ok(cast_call(value, to))
    }

    /// An explicit cast.
    pub(super) fn cast(&self, value: Typed, to: &Type) -> Result<Typed> {
        check_tried_row(&value, to)?;
        if value.of == *to {
            return Ok(value);
        }
        if !cast::exists(&value.of, to) {
            return Err(Error::type_mismatch(format!("Cannot cast {} to {to}", value.of)));
        }
        if casts_json_items(&value.of, to)
            || makes_one_of_no_digits(&value.of, to)
            || cast::may_lose_names(&value.of, to)
        {
            return Err(Error::not_here(format!("A cast of {} to {to}", value.of)));
        }
        if let (Type::Time(_) | Type::TimeTz(_), Type::Timestamp(_) | Type::TimestampTz(_)) = (&value.of, to) {
            return self.on_today(value, to);
        }
        let expr = if matches!(&value.expr, Expr::Literal(literal, _) if value.of == Type::Unknown && literal.is_null())
        {
            constant(Value::Null, to.clone())?.expr
        } else if value.of == Type::Unknown {
            Expr::Cast(Cast::new(Box::new(value.expr), to.arrow()))
        } else if is_free(&value.of, to) {
            value.expr
        } else if is_native_cast(&value.of, to) {
            Expr::Cast(Cast::new(Box::new(value.expr), to.arrow()))
        } else {
            cast_call(value, to)
        };
        Ok(Typed::new(expr, to.clone()))
    }
}

/// The text of a parameter where a time is asked for: JSON has no other form of one.
pub(super) fn as_bound(value: Typed, beside: &Type) -> Result<Typed> {
    let is_time =
        matches!(beside, Type::Date | Type::Time(_) | Type::TimeTz(_) | Type::Timestamp(_) | Type::TimestampTz(_));
    match &value.expr {
        Expr::Literal(ScalarValue::Utf8(Some(text)), Some(_)) if is_time => {
            let bound = cast::value(&Value::Text(text.clone()), &value.of, beside)?;
            constant(bound, beside.clone())
        }
        _ => Ok(value),
    }
}

fn cast_call(value: Typed, to: &Type) -> Expr {
    let udf = Udf::new("cast", crate::functions::cast_kernel, vec![value.of], to.clone());
    udf.on(vec![value.expr])
}

/// The same array serves both types.
fn is_free(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (Type::Varchar(from), Type::Varchar(to)) => match (from, to) {
            (_, None) => true,
            (Some(from), Some(to)) => from <= to,
            (None, Some(_)) => false,
        },
        (Type::Char(from), Type::Char(to)) => from <= to,
        (Type::Time(from), Type::Time(to))
        | (Type::TimeTz(from), Type::TimeTz(to))
        | (Type::TimestampTz(from), Type::TimestampTz(to)) => from <= to,
        (Type::Timestamp(from), Type::Timestamp(to)) => {
            from <= to && Type::Timestamp(*from).arrow() == Type::Timestamp(*to).arrow()
        }
        (Type::Array(from), Type::Array(to)) => from == to || is_free(from, to),
        (Type::Map(fk, fv), Type::Map(tk, tv)) => (fk == tk || is_free(fk, tk)) && (fv == tv || is_free(fv, tv)),
        (Type::Row(from), Type::Row(to)) => {
            from.len() == to.len() && from.iter().zip(to).all(|((_, from), (_, to))| from == to || is_free(from, to))
        }
        _ => false,
    }
}

/// Arrow's own cast gives what Trino gives, for every value; the engine knows what a filter over it leaves out.
fn is_native_cast(from: &Type, to: &Type) -> bool {
    use Type::{Bigint, Date, Decimal, Double, Integer, Real, Smallint, Timestamp, Tinyint};
    match (from, to) {
        (Tinyint, Smallint | Integer | Bigint | Real | Double)
        | (Smallint, Integer | Bigint | Real | Double)
        | (Integer, Bigint | Real | Double)
        | (Bigint, Real | Double)
        | (Real, Double)
        | (Date, Timestamp(0..=6))
        | (Timestamp(0..=6), Date) => true,
        (Timestamp(from), Timestamp(to)) => from <= to && *to <= 6,
        (Tinyint, Decimal { precision, scale }) => precision - scale >= 3,
        (Smallint, Decimal { precision, scale }) => precision - scale >= 5,
        (Integer, Decimal { precision, scale }) => precision - scale >= 10,
        (Bigint, Decimal { precision, scale }) => precision - scale >= 19,
        (Decimal { precision: p, scale: s }, Decimal { precision, scale }) => s <= scale && p - s <= precision - scale,
        _ => false,
    }
}

/// Trino makes 1 of `true` even where no digit stands before the point, and fails or not by what reads it.
fn makes_one_of_no_digits(from: &Type, to: &Type) -> bool {
    *from == Type::Boolean && matches!(to, Type::Decimal { precision, scale } if precision == scale)
}

/// Whether JSON in an array would become numbers or booleans, which Trino does not get to the end of.
fn casts_json_items(from: &Type, to: &Type) -> bool {
    let is_fixed = |of: &Type| {
        of.is_integral() || of.is_floating() || matches!(of, Type::Boolean | Type::Decimal { precision: 0..=18, .. })
    };
    match (from, to) {
        (Type::Array(from), Type::Array(to)) => **from == Type::Json && is_fixed(to) || casts_json_items(from, to),
        (Type::Map(key, value), Type::Map(to_key, to_value)) => {
            casts_json_items(key, to_key) || casts_json_items(value, to_value)
        }
        (Type::Row(from), Type::Row(to)) => from.iter().zip(to).any(|((_, from), (_, to))| casts_json_items(from, to)),
        _ => false,
    }
}
