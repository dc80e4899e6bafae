//! What is true or false of values: comparisons, `BETWEEN`, `IN` of a list, `LIKE`.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::{InList, Like};
use sqlparser::ast::Expr as Ast;

use super::conversion::as_bound;
use super::expression::boolean;
use super::known::{check_comparison, may_hold_null};
use super::literal::constant;
use super::scope::Scope;
use super::{Analyzer, Typed, place};
use crate::coercion::{common_type, common_type_of};
use crate::comparison::{self, Comparison};
use crate::error::{Code, Error, Result};
use crate::types::Type;
use crate::udf::Udf;
use crate::value::Value;

impl Analyzer<'_> {
    pub(super) fn is_null(&self, ast: &Ast, scope: &Scope<'_>, null: bool) -> Result<Typed> {
        let value = self.expression(ast, scope)?;
        let expr = Box::new(value.expr);
        Ok(boolean(if null { Expr::IsNull(expr) } else { Expr::IsNotNull(expr) }))
    }

    pub(super) fn distinct_from(&self, a: &Ast, b: &Ast, scope: &Scope<'_>, distinct: bool) -> Result<Typed> {
        let (a, b) = (self.expression(a, scope)?, self.expression(b, scope)?);
        check_comparison(&a, &b, !scope.parameters.is_empty())?;
        let (a, b, of) = self.to_common(a, b, "IS DISTINCT FROM")?;
        let comparison = if distinct { Comparison::DistinctFrom } else { Comparison::NotDistinctFrom };
        Ok(boolean(comparison::expression(a, comparison, b, &of)?))
    }

    /// Both operands as their common type.
    fn to_common(&self, a: Typed, b: Typed, operator: &str) -> Result<(Expr, Expr, Type)> {
        let (of_a, of_b) = (a.of.clone(), b.of.clone());
        let (a, b) = (as_bound(a, &of_b)?, as_bound(b, &of_a)?);
        let Some(of) = common_type(&a.of, &b.of) else {
            return Err(Error::type_mismatch(format!("Cannot apply operator: {} {operator} {}", a.of, b.of)));
        };
        Ok((self.coerce(a, &of)?, self.coerce(b, &of)?, of))
    }

    pub(super) fn compare(&self, a: Typed, comparison: Comparison, b: Typed) -> Result<Expr> {
        let (a, b, of) = self.to_common(a, b, comparison.sign())?;
        comparison::expression(a, comparison, b, &of)
    }

    pub(super) fn between(&self, ast: &Ast, low: &Ast, high: &Ast, negated: bool, scope: &Scope<'_>) -> Result<Typed> {
        let value = self.expression(ast, scope)?;
        let (low, high) = (self.expression(low, scope)?, self.expression(high, scope)?);
        let (low, high) = (as_bound(low, &value.of)?, as_bound(high, &value.of)?);
        let types = [&value.of, &low.of, &high.of];
        let Some(of) = common_type_of(types) else {
            let [value, low, high] = types;
            let message = format!("Cannot check if {value} is BETWEEN {low} and {high}");
            return Err(Error::type_mismatch(message));
        };
        let value = Typed::new(self.copied(self.coerce(value, &of)?, 3)?, of.clone());
        once(&value.expr)?;
        let low = Typed::new(self.coerce(low, &of)?, of.clone());
        let high = Typed::new(self.coerce(high, &of)?, of.clone());
        let may_fail = !comparison::is_constant(&low.expr) && !matches!(low.expr, Expr::Column(_));
        let is_null = Expr::IsNull(Box::new(value.expr.clone()));
        let above = self.compare(value.clone(), Comparison::GreaterOrEqual, low)?;
        let below = self.compare(value, Comparison::LessOrEqual, high)?;
        let mut within = boolean(comparison::within(above, below, &of));
        // Where the value is null, Trino looks at no bound.
        if may_fail {
            within = self.choose(vec![is_null], vec![constant(Value::Null, Type::Boolean)?, within])?;
        }
        Ok(if negated { boolean(Expr::Not(Box::new(within.expr))) } else { within })
    }

    pub(super) fn in_list(&self, ast: &Ast, list: &[Ast], negated: bool, scope: &Scope<'_>) -> Result<Typed> {
        let value = self.expression(ast, scope)?;
        let list = list.iter().map(|item| self.expression(item, scope)).collect::<Result<Vec<_>>>()?;
        let list = list.into_iter().map(|item| as_bound(item, &value.of)).collect::<Result<Vec<_>>>()?;
        let types = std::iter::once(&value.of).chain(list.iter().map(|item| &item.of));
        let Some(of) = common_type_of(types) else {
            return Err(Error::type_mismatch(format!("IN value and list items must be the same type: {}", value.of)));
        };
        if let [item] = list.as_slice() {
            check_comparison(&value, item, !scope.parameters.is_empty())?;
        }
        let value = self.coerce(value, &of)?;
        let list = list.into_iter().map(|item| self.coerce(item, &of)).collect::<Result<Vec<_>>>()?;
        if comparison::is_constant(&value) {
            let (known, unknown): (Vec<&Expr>, Vec<&Expr>) =
                list.iter().partition(|item| comparison::is_constant(item));
            // Trino forgets the null then.
            if !unknown.is_empty()
                && known.into_iter().map(|item| may_hold_null(item, &of)).any(|may| may.unwrap_or(true))
            {
                let message = "IN of a constant where its list has NULL and what is no constant";
                return Err(Error::not_here(message).at(place(ast)));
            }
        }
        // Trino looks among the constants, then through the others from the last, and what it need not see may fail.
        let list = list.into_iter().map(Udf::with_known_values).collect::<datafusion::common::Result<Vec<_>>>()?;
        let (mut known, mut others): (Vec<Expr>, Vec<Expr>) =
            list.into_iter().partition(|item| matches!(item, Expr::Literal(..)));
        others.reverse();
        if others.iter().all(|item| matches!(item, Expr::Column(_))) {
            known.append(&mut others);
        }
        // Of one item the engine's optimizer would make another kind of IN where that is a subquery.
        let is_native = comparison::is_native(&of) && known.len() > 1;
        // Trino looks by hash among several constants that hold no null, which is not known of a value that holds one.
        let is_hashed = matches!(of, Type::Array(_) | Type::Map(..) | Type::Row(_))
            && !comparison::is_constant(&value)
            && others.is_empty()
            && known.iter().any(|item| *item != known[0])
            && known.iter().all(|item| matches!(item, Expr::Literal(..)) && !may_hold_null(item, &of).unwrap_or(true));
        let times = if is_native { 1 } else { known.len() } + others.len() + if is_hashed { 2 } else { 0 };
        if times > 1 {
            once(&value)?;
        }
        let value = self.copied(value, times)?;
        let listed =
            is_native.then(|| Expr::InList(InList::new(Box::new(value.clone()), std::mem::take(&mut known), false)));
        let equal = |item| comparison::expression(value.clone(), Comparison::Equal, item, &of);
        let itself = is_hashed
            .then(|| comparison::expression(value.clone(), Comparison::Equal, value.clone(), &of))
            .transpose()?;
        let found = listed.map(Ok).into_iter().chain(known.into_iter().chain(others).map(equal));
        let any = any_of(found.collect::<Result<_>>()?)
            .ok_or_else(|| Error::new(Code::SyntaxError, "IN needs at least one item"))?;
        let any = boolean(if negated { Expr::Not(Box::new(any)) } else { any });
        match itself {
            Some(itself) => self.choose(vec![itself.is_null()], vec![constant(Value::Null, Type::Boolean)?, any]),
            None => Ok(any),
        }
    }

    pub(super) fn like(&self, value: Typed, pattern: Typed, escape: Option<Typed>) -> Result<Expr> {
        if !value.of.is_text() && value.of != Type::Unknown {
            return Err(Error::type_mismatch(format!(
                "Left side of LIKE expression must evaluate to a varchar (actual: {})",
                value.of
            )));
        }
        for (what, text) in [("Pattern", Some(&pattern)), ("Escape", escape.as_ref())] {
            if let Some(text) = text
                && !matches!(text.of, Type::Varchar(_) | Type::Unknown)
            {
                return Err(Error::type_mismatch(format!(
                    "{what} for LIKE expression must evaluate to a varchar (actual: {})",
                    text.of
                )));
            }
        }
        let is_plain = matches!(&pattern.expr, Expr::Literal(ScalarValue::Utf8(Some(text)), _) if !text.contains('\\'));
        if is_plain && escape.is_none() && matches!(value.of, Type::Varchar(_)) {
            let like = Like::new(false, Box::new(value.expr), Box::new(pattern.expr), None, false);
            return Ok(Expr::Like(like));
        }
        let mut arguments = vec![value, pattern];
        arguments.extend(escape);
        Ok(self.call("like", arguments)?.expr)
    }
}

/// Refuses a value that is looked at several times and would be another one each time.
fn once(value: &Expr) -> Result<()> {
    match value.is_volatile() {
        true => Err(Error::not_here("IN and BETWEEN of a value that is random")),
        false => Ok(()),
    }
}

/// `OR` of the conditions in their order, nested as little as can be.
fn any_of(mut conditions: Vec<Expr>) -> Option<Expr> {
    while conditions.len() > 1 {
        let mut rest = conditions.into_iter();
        let mut pairs = Vec::new();
        while let Some(first) = rest.next() {
            pairs.push(match rest.next() {
                Some(second) => first.or(second),
                None => first,
            });
        }
        conditions = pairs;
    }
    conditions.pop()
}
