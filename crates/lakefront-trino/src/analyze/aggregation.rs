//! Aggregate functions.

use datafusion::common::ScalarValue;
use datafusion::common::tree_node::TreeNode;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::{AggregateFunction, Sort};
use sqlparser::ast::{
    DuplicateTreatment, Expr as Ast, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments,
    ListAggOnOverflow, OrderByExpr, UnaryOperator, ValueWithSpan,
};

use super::function::{Argument, given, plain_arguments};
use super::literal::{constant, text};
use super::scope::Scope;
use super::{Analyzer, Typed, place};
use crate::aggregates::gathered::Direction;
use crate::aggregates::{self, Aggregation};
use crate::comparison;
use crate::error::{Code, Error, Result};
use crate::signature::{Given, Pattern};
use crate::types::Type;
use crate::value::Value;

/// An aggregate function on its arguments, with nothing of what else can stand in a call.
pub(super) struct Called {
    pub(super) aggregation: Aggregation,
    pub(super) arguments: Vec<Expr>,
}

impl Analyzer<'_> {
    pub(super) fn aggregate(&self, name: &str, call: &Function, scope: &Scope<'_>) -> Result<Typed> {
        let Called { aggregation, mut arguments } = self.aggregate_call(name, call, scope)?;
        let filter = match &call.filter {
            Some(filter) => Some(Box::new(self.condition(filter, scope, "Filter expression")?)),
            None => None,
        };
        if call.null_treatment.is_some() {
            let message = format!("Null treatment of {name} needs an OVER clause");
            return Err(Error::new(Code::SyntaxError, message).at(place(call)));
        }
        let clauses = Clauses::of(name, call)?;
        if clauses.distinct && is_star(call) {
            return Err(Error::new(Code::SyntaxError, "DISTINCT needs an expression").at(place(call)));
        }
        if clauses.distinct
            && let Some(of) = aggregation.types.iter().find(|of| !of.is_comparable())
        {
            let message = format!("DISTINCT can only be applied to comparable types (actual: {of})");
            return Err(Error::type_mismatch(message).at(place(call)));
        }
        let mut keys = Vec::with_capacity(clauses.order_by.len());
        for key in clauses.order_by {
            let value = self.expression(&key.expr, scope)?;
            if !value.of.is_orderable() && value.of != Type::Unknown {
                let message = format!("ORDER BY can only be applied to orderable types (actual: {})", value.of);
                return Err(Error::type_mismatch(message).at(place(&key.expr)));
            }
            if clauses.distinct && !plain_arguments(call)?.contains(&&key.expr) {
                let message = "For aggregate function with DISTINCT, ORDER BY expressions must appear in arguments";
                return Err(Error::new(Code::ExpressionNotInDistinct, message).at(place(&key.expr)));
            }
            // Where the order does not change the answer, Trino does not sort.
            if matches!(name, "array_agg" | "listagg" | "map_agg" | "multimap_agg") {
                let ascending = key.options.asc.unwrap_or(true);
                let direction = Direction { ascending, nulls_first: key.options.nulls_first.unwrap_or(false) };
                keys.push((value.of, direction));
                arguments.push(value.expr);
            }
        }
        for part in arguments.iter().chain(filter.as_deref()) {
            if !contains_aggregate(part)? {
                continue;
            }
            let (code, what) = match part.exists(|part| Ok(matches!(part, Expr::WindowFunction(_))))? {
                true => (Code::NestedWindow, "window functions"),
                false => (Code::NestedAggregation, "aggregations"),
            };
            return Err(Error::new(code, format!("Cannot nest {what} inside aggregation '{name}'")));
        }
        let (udaf, distinct) = aggregation.udaf(clauses.distinct, &keys);
        let function = AggregateFunction::new_udf(udaf, arguments, distinct, filter, Vec::new(), None);
        Ok(self.leaf(Expr::AggregateFunction(function), aggregation.returns))
    }

    pub(super) fn aggregate_call(&self, name: &str, call: &Function, scope: &Scope<'_>) -> Result<Called> {
        let asts = if is_star(call) { Vec::new() } else { plain_arguments(call)? };
        let mut arguments = self.arguments(&asts, scope)?;
        if name == "listagg" {
            self.complete_listagg(call, &asts, &mut arguments)?;
        }
        let all: Vec<Given> = arguments.iter().map(given).collect();
        let (aggregate, mut binding) = aggregates::resolve(name, &all)?;
        let (mut values, mut types, mut closures) = (Vec::new(), Vec::new(), Vec::new());
        for (at, argument) in arguments.into_iter().enumerate() {
            let pattern = aggregate.signature.argument(at).ok_or_else(|| {
                Error::new(Code::FunctionNotFound, format!("Unexpected parameters for function {name}"))
            })?;
            match (argument, pattern) {
                (Argument::Value(value), pattern) => {
                    let formal = binding.formal(pattern, &value.of).ok_or_else(|| {
                        Error::new(Code::FunctionNotFound, format!("Unexpected parameters for function {name}"))
                    })?;
                    values.push(self.coerce(value, &formal)?);
                    types.push(formal);
                }
                (Argument::Lambda(lambda), Pattern::Function(parameters, result)) => {
                    let (closure, captured) =
                        self.lambda(aggregate.name, lambda, parameters, result, &mut binding, scope)?;
                    if !captured.is_empty() {
                        return Err(Error::new(Code::NotSupported, format!("A lambda of {name} can't use columns")));
                    }
                    closures.push(closure);
                }
                (Argument::Lambda(_), _) => {
                    return Err(Error::new(
                        Code::FunctionNotFound,
                        format!("Unexpected parameters for function {name}"),
                    ));
                }
            }
        }
        let returns = aggregate.result(&binding)?;
        if values.is_empty() {
            // The engine counts rows by counting a constant.
            values.push(Expr::Literal(ScalarValue::Int64(Some(1)), None));
            types.push(Type::Bigint);
        }
        Ok(Called { aggregation: aggregate.on(types, closures, returns)?, arguments: values })
    }

    /// Adds to the arguments of `listagg` what its clauses say.
    fn complete_listagg(&self, call: &Function, asts: &[&Ast], arguments: &mut Vec<Argument<'_>>) -> Result<()> {
        let is_text = |ast: &Ast| matches!(ast, Ast::Value(value) if matches!(value.value, sqlparser::ast::Value::SingleQuotedString(_)));
        if call.within_group.is_empty() || call.over.is_some() || asts.is_empty() || asts.len() > 2 {
            let message = "listagg is written listagg(value, 'separator') WITHIN GROUP (ORDER BY …)";
            return Err(Error::new(Code::SyntaxError, message).at(place(call)));
        }
        if let Some(Argument::Value(value)) = arguments.first()
            && !matches!(value.of, Type::Varchar(_))
        {
            let message = format!("Expected expression of varchar, but it has {} type", value.of);
            return Err(Error::type_mismatch(message).at(place(call)));
        }
        match asts.get(1) {
            None => arguments.push(Argument::Value(text("")?)),
            Some(separator) if is_text(separator) => {}
            Some(other) => {
                return Err(Error::new(Code::SyntaxError, "The separator of listagg is a constant").at(place(*other)));
            }
        }
        let (mut fails, mut filler, mut counts) = (true, "...".to_owned(), true);
        if let FunctionArguments::List(list) = &call.args {
            for clause in &list.clauses {
                if let FunctionArgumentClause::OnOverflow(ListAggOnOverflow::Truncate { filler: given, with_count }) =
                    clause
                {
                    (fails, counts) = (false, *with_count);
                    match given.as_deref() {
                        None => {}
                        Some(Ast::Value(ValueWithSpan {
                            value: sqlparser::ast::Value::SingleQuotedString(given),
                            ..
                        })) => filler.clone_from(given),
                        Some(other) => {
                            let message = "What listagg puts in place of values left out is a constant";
                            return Err(Error::new(Code::SyntaxError, message).at(place(other)));
                        }
                    }
                }
            }
        }
        arguments.push(Argument::Value(constant(Value::Boolean(fails), Type::Boolean)?));
        arguments.push(Argument::Value(text(&filler)?));
        arguments.push(Argument::Value(constant(Value::Boolean(counts), Type::Boolean)?));
        Ok(())
    }

    /// `grouping(a, b)`
    pub(super) fn grouping(&self, arguments: &[&Ast], scope: &Scope<'_>) -> Result<Typed> {
        let columns =
            arguments.iter().map(|argument| Ok(self.expression(argument, scope)?.expr)).collect::<Result<Vec<_>>>()?;
        let of = if columns.len() <= 31 { Type::Integer } else { Type::Bigint };
        let function = datafusion::functions_aggregate::grouping::grouping_udaf();
        let grouping =
            Expr::AggregateFunction(AggregateFunction::new_udf(function, columns, false, None, Vec::new(), None));
        Ok(self.leaf(grouping, of))
    }
}

/// Whether a call is of the kind `count(*)`.
fn is_star(call: &Function) -> bool {
    matches!(&call.args, FunctionArguments::List(list)
        if matches!(list.args.as_slice(), [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)]))
}

/// What stands in a call of an aggregate function beside its arguments.
struct Clauses<'a> {
    distinct: bool,
    order_by: &'a [OrderByExpr],
}

impl<'a> Clauses<'a> {
    fn of(name: &str, call: &'a Function) -> Result<Self> {
        let mut clauses = Clauses { distinct: false, order_by: &call.within_group };
        if !call.within_group.is_empty() && name != "listagg" {
            return Err(Error::new(Code::SyntaxError, format!("WITHIN GROUP is not for {name}")).at(place(call)));
        }
        if let FunctionArguments::List(list) = &call.args {
            clauses.distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
            for clause in &list.clauses {
                match clause {
                    FunctionArgumentClause::OrderBy(order) if name != "listagg" => clauses.order_by = order,
                    FunctionArgumentClause::OnOverflow(_) if name == "listagg" => {}
                    other => return Err(Error::new(Code::SyntaxError, format!("{other} is not for {name}"))),
                }
            }
        }
        Ok(clauses)
    }
}

/// The number of an output column.
pub(super) fn ordinal(ast: &Ast) -> Option<i64> {
    match ast {
        Ast::Nested(inner) => ordinal(inner),
        Ast::UnaryOp { op: UnaryOperator::Minus, expr } if matches!(**expr, Ast::Value(_)) => {
            ordinal(expr).map(|number| -number)
        }
        Ast::Value(value) => match &value.value {
            sqlparser::ast::Value::Number(number, _) => number.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

/// The item of a `SELECT` that a number stands for, which counts them from 1.
pub(super) fn numbered<T>(items: &[T], number: i64) -> Option<&T> {
    items.get(usize::try_from(number).ok()?.checked_sub(1)?)
}

pub(super) fn sort_key(value: Typed, key: &OrderByExpr) -> Result<Sort> {
    if !value.of.is_orderable() && value.of != Type::Unknown {
        let message = format!("Type {} is not orderable, and therefore cannot be used in ORDER BY", value.of);
        return Err(Error::type_mismatch(message).at(place(&key.expr)));
    }
    let asc = key.options.asc.unwrap_or(true);
    let nulls_first = key.options.nulls_first.unwrap_or(false);
    let ranked = match nulls_first {
        true => comparison::sort_key_after_nulls(value.expr, &value.of),
        false => comparison::sort_key(value.expr, &value.of),
    };
    Ok(Sort::new(ranked, asc, nulls_first))
}

pub(super) fn contains_aggregate(expr: &Expr) -> Result<bool> {
    Ok(expr.exists(|part| Ok(matches!(part, Expr::AggregateFunction(_) | Expr::WindowFunction(_))))?)
}

/// An aggregate function that gives one of the values.
pub(super) fn aggregated(name: &str, value: &Typed) -> Result<Expr> {
    let (aggregate, _) = aggregates::resolve(name, &[Given::Value(value.of.clone())])?;
    let (udaf, _) = aggregate.on(vec![value.of.clone()], Vec::new(), value.of.clone())?.udaf(false, &[]);
    Ok(udaf.call(vec![value.expr.clone()]))
}
