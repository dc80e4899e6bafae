//! Calls of functions.

use datafusion::common::Column;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::Expr;
use sqlparser::ast::{
    DuplicateTreatment, Expr as Ast, Function, FunctionArg, FunctionArgExpr, FunctionArguments, LambdaFunction,
    OneOrManyWithParens,
};

use super::literal::{constant, text};
use super::row_pattern::Mode;
use super::scope::Scope;
use super::{Analyzer, Typed, folded};
use crate::aggregates;
use crate::cast;
use crate::closure::Closure;
use crate::comparison::Comparison;
use crate::error::{Code, Error, Result};
use crate::functions::{self, Function as Scalar};
use crate::json_cast;
use crate::signature::{Binding, Given, Pattern};
use crate::types::{Type, VARCHAR};
use crate::udf::{Udf, is_null};
use crate::value::Value;

/// An argument that is not analyzed before its parameters' types are known.
pub(super) enum Argument<'a> {
    Value(Typed),
    Lambda(&'a LambdaFunction),
}

impl Analyzer<'_> {
    pub(super) fn function(&self, call: &Function, mode: Option<Mode>, scope: &Scope<'_>) -> Result<Typed> {
        let name = match call.name.0.as_slice() {
            [part] => part.as_ident().map(folded),
            _ => None,
        };
        let Some(name) = name else {
            return Err(Error::new(Code::FunctionNotFound, format!("Function '{}' not registered", call.name)));
        };
        if let Some(value) = self.call_in_match(&name, call, mode, scope)? {
            return Ok(value);
        }
        if call.over.is_some() {
            return self.window_function(&name, call, scope);
        }
        if aggregates::is_aggregate(&name) {
            return self.aggregate(&name, call, scope);
        }
        if super::window::is_for_windows(&name) {
            let message = format!("Window function {name} requires an OVER clause");
            return Err(Error::new(Code::MissingOver, message).at(super::place(call)));
        }
        if let Some(clause) = unexpected_clause(call) {
            return Err(Error::new(
                Code::FunctionNotAggregate,
                format!("{clause} is for aggregate functions; {name} is none"),
            ));
        }
        let arguments = plain_arguments(call)?;
        if let Some(special) = self.special_form(&name, &arguments, scope)? {
            return Ok(special);
        }
        if let Some(json) = self.json_function(&name, &arguments, scope)? {
            return Ok(json);
        }
        let arguments = self.arguments(&arguments, scope)?;
        self.call_with(&name, arguments, scope)
    }

    pub(super) fn arguments<'a>(&self, arguments: &[&'a Ast], scope: &Scope<'_>) -> Result<Vec<Argument<'a>>> {
        arguments
            .iter()
            .map(|argument| match argument {
                Ast::Lambda(lambda) => Ok(Argument::Lambda(lambda)),
                value => self.expression(value, scope).map(Argument::Value),
            })
            .collect()
    }

    /// What looks like a function and evaluates its arguments, or not, in its own way.
    fn special_form(&self, name: &str, arguments: &[&Ast], scope: &Scope<'_>) -> Result<Option<Typed>> {
        let analyzed = || arguments.iter().map(|argument| self.expression(argument, scope)).collect::<Result<Vec<_>>>();
        let wrong_count =
            || Error::new(Code::SyntaxError, format!("Invalid number of arguments for '{name}' function"));
        Ok(Some(match (name, arguments) {
            ("if", [condition, then, rest @ ..]) if rest.len() <= 1 => {
                let condition = self.condition(condition, scope, "IF condition")?;
                let mut results = vec![self.expression(then, scope)?];
                results.push(match rest.first() {
                    Some(otherwise) => self.expression(otherwise, scope)?,
                    None => constant(Value::Null, Type::Unknown)?,
                });
                self.choose(vec![condition], results)?
            }
            ("coalesce", [_, _, ..]) => {
                let values = analyzed()?;
                let Some(of) = crate::coercion::common_type_of(values.iter().map(|value| &value.of)) else {
                    return Err(Error::type_mismatch("All COALESCE operands must be the same type"));
                };
                let mut values = values.into_iter().map(|value| self.coerce(value, &of)).collect::<Result<Vec<_>>>()?;
                // As the optimizer would write it: it does not see the bodies of lambdas.
                let last = values.pop().map(Box::new);
                let values = values.into_iter().map(|value| self.repeated(value, 2)).collect::<Result<Vec<_>>>()?;
                let whens = values.into_iter().map(|value| (Box::new(value.clone().is_not_null()), Box::new(value)));
                Typed::new(Expr::Case(datafusion::logical_expr::Case::new(None, whens.collect(), last)), of)
            }
            ("nullif", [first, second]) => {
                let (mut first, second) = (self.expression(first, scope)?, self.expression(second, scope)?);
                first.expr = self.repeated(first.expr, 2)?;
                let equal = self.compare(first.clone(), Comparison::Equal, second)?;
                let of = first.of.clone();
                let chosen = self.choose(vec![equal], vec![constant(Value::Null, Type::Unknown)?, first])?;
                Typed::new(chosen.expr, of)
            }
            ("try", [_]) if scope.matching.is_some() => {
                let message = "TRY expression in pattern recognition context is not yet supported";
                return Err(Error::new(Code::NotSupported, message));
            }
            ("try", [tried]) => {
                let tried = self.expression(tried, scope)?;
                self.attempt(tried)?
            }
            ("typeof", [Ast::Lambda(_)] | [] | [_, _, ..]) => {
                return Err(Error::new(Code::FunctionNotFound, "Unexpected parameters for function typeof"));
            }
            ("typeof", [value]) => {
                let value = self.expression(value, scope)?;
                let name = text(&value.of.to_string())?.expr;
                match value.expr {
                    Expr::Column(_) | Expr::Literal(..) => Typed::new(name, VARCHAR),
                    // It is evaluated, and may fail.
                    expr => {
                        let udf = Udf::new("typeof", functions::typeof_kernel, vec![value.of], VARCHAR);
                        Typed::new(Udf { strict: false, ..udf }.on(vec![expr]), VARCHAR)
                    }
                }
            }
            ("row", [_, ..]) => self.row(analyzed()?)?,
            ("format", [_, _, ..]) => {
                let values = analyzed()?;
                let mut types: Vec<Type> = values.iter().map(|value| value.of.clone()).collect();
                if !matches!(types[0], Type::Varchar(_) | Type::Unknown) {
                    return Err(Error::type_mismatch("Type of first argument to format() must be VARCHAR"));
                }
                if let Some(of) = types[1..].iter().find(|of| !functions::is_formatted(of)) {
                    return Err(Error::new(Code::NotSupported, format!("Type not supported for formatting: {of}")));
                }
                let mut values = values.into_iter();
                let mut exprs = Vec::new();
                if let Some(format) = values.next() {
                    exprs.push(self.coerce(format, &VARCHAR)?);
                    types[0] = VARCHAR;
                }
                exprs.extend(values.map(|value| value.expr));
                let udf = Udf { strict: false, ..Udf::new("format", functions::format_kernel, types, VARCHAR) };
                Typed::new(udf.on(exprs), VARCHAR)
            }
            // The form is a word, and no column.
            ("normalize", [value]) => {
                let value = self.expression(value, scope)?;
                self.call("normalize", vec![value, text("NFC")?])?
            }
            ("normalize", [value, Ast::Identifier(form)]) if form.quote_style.is_none() => {
                let form = form.value.to_uppercase();
                if !matches!(form.as_str(), "NFC" | "NFD" | "NFKC" | "NFKD") {
                    return Err(Error::new(Code::SyntaxError, format!("{form} is no normal form")));
                }
                let value = self.expression(value, scope)?;
                self.call("normalize", vec![value, text(&form)?])?
            }
            ("normalize", _) => return Err(Error::new(Code::SyntaxError, "normalize takes a text and a normal form")),
            ("if" | "coalesce" | "nullif" | "try", _) => return Err(wrong_count()),
            (crate::routines::CALL, _) => self.routine(arguments, scope)?,
            ("grouping", _) => return self.grouping(arguments, scope).map(Some),
            ("now" | "current_timestamp", []) => self.now(3)?,
            ("current_timestamp", [digits]) => self.now(self.digits(digits, scope)?)?,
            ("localtimestamp", []) => self.now_as(&Type::Timestamp(3))?,
            ("localtimestamp", [digits]) => self.now_as(&Type::Timestamp(self.digits(digits, scope)?))?,
            ("current_time", []) => self.now_as(&Type::TimeTz(3))?,
            ("current_time", [digits]) => self.now_as(&Type::TimeTz(self.digits(digits, scope)?))?,
            ("localtime", []) => self.now_as(&Type::Time(3))?,
            ("localtime", [digits]) => self.now_as(&Type::Time(self.digits(digits, scope)?))?,
            ("current_date", []) => self.now_as(&Type::Date)?,
            ("current_timezone", []) => Typed::new(text(&self.session.zone.to_string())?.expr, VARCHAR),
            ("current_user", []) => match &self.session.user {
                Some(user) => Typed::new(text(user)?.expr, VARCHAR),
                None => return Err(Error::not_here("current_user")),
            },
            _ => return Ok(None),
        }))
    }

    fn digits(&self, ast: &Ast, scope: &Scope<'_>) -> Result<u8> {
        let value = self.expression(ast, scope)?;
        match value.expr {
            Expr::Literal(datafusion::common::ScalarValue::Int32(Some(digits @ 0..=12)), _) => Ok(digits as u8),
            _ => Err(Error::new(Code::InvalidFunctionArgument, "A number of digits is a constant from 0 to 12")),
        }
    }

    fn now(&self, digits: u8) -> Result<Typed> {
        let nanos = i128::from(self.session.now.timestamp_nanos_opt().unwrap_or_default());
        let unit = 10i128.pow(12 - u32::from(digits));
        let picos = (nanos * 1000).div_euclid(unit) * unit;
        constant(Value::TimestampTz(picos, self.session.zone), Type::TimestampTz(digits))
    }

    fn now_as(&self, of: &Type) -> Result<Typed> {
        let digits = match of {
            Type::Timestamp(digits) | Type::Time(digits) | Type::TimeTz(digits) => *digits,
            _ => 3,
        };
        let now = self.now(digits)?;
        Ok(Typed::new(self.coerce(now, of)?, of.clone()))
    }

    /// `EXTRACT(unit FROM value)`
    pub(super) fn extract(&self, unit: &str, value: Typed) -> Result<Typed> {
        let name = match unit.to_lowercase().as_str() {
            "year" => "year",
            "quarter" => "quarter",
            "month" => "month",
            "week" => "week",
            "day" | "day_of_month" => "day",
            "day_of_week" | "dow" | "dayofweek" => "day_of_week",
            "day_of_year" | "doy" | "dayofyear" => "day_of_year",
            "year_of_week" | "yow" => "year_of_week",
            "hour" => "hour",
            "minute" => "minute",
            "second" => "second",
            "timezone_hour" => "timezone_hour",
            "timezone_minute" => "timezone_minute",
            other => return Err(Error::new(Code::SyntaxError, format!("Invalid EXTRACT field: {other}"))),
        };
        let of = value.of.clone();
        let is_mismatch = || Error::type_mismatch(format!("Cannot extract {name} from {of}"));
        // The functions of these names also take what coerces to such a type.
        let fits = match name {
            "hour" | "minute" | "second" => of != Type::Date,
            "timezone_hour" | "timezone_minute" => {
                matches!(of, Type::TimeTz(_) | Type::TimestampTz(_) | Type::Unknown)
            }
            _ => true,
        };
        if !fits {
            return Err(is_mismatch());
        }
        self.call(name, vec![value]).map_err(|error| match error.code {
            Code::FunctionNotFound => is_mismatch(),
            _ => error,
        })
    }

    /// `time AT TIME ZONE zone`
    pub(super) fn at_time_zone(&self, time: Typed, zone: Typed) -> Result<Typed> {
        match time.of {
            // A time has no day of its own whose offset could hold.
            Type::Time(_) | Type::TimeTz(_) => self.call("$at_timezone", vec![time, zone, self.now(3)?]),
            Type::Timestamp(_) | Type::TimestampTz(_) | Type::Unknown => self.call("at_timezone", vec![time, zone]),
            of => Err(Error::type_mismatch(format!(
                "Type of value must be a time or timestamp with or without time zone (actual {of})"
            ))),
        }
    }

    /// A time as a timestamp of the day on which the statement started.
    pub(super) fn on_today(&self, time: Typed, to: &Type) -> Result<Typed> {
        let today = self.now_as(&Type::Date)?;
        let udf = Udf::new("on_day", cast::on_day_kernel, vec![time.of, Type::Date], to.clone());
        Ok(Typed::new(udf.on(vec![time.expr, today.expr]), to.clone()))
    }

    /// A call whose arguments are all values.
    pub(super) fn call(&self, name: &str, arguments: Vec<Typed>) -> Result<Typed> {
        self.call_with(name, arguments.into_iter().map(Argument::Value).collect(), &Scope::outermost())
    }

    fn call_with(&self, name: &str, arguments: Vec<Argument<'_>>, scope: &Scope<'_>) -> Result<Typed> {
        let given: Vec<Given> = arguments.iter().map(given).collect();
        let (function, binding) = functions::resolve(name, &given)?;
        self.apply(function, binding, arguments, scope)
    }

    fn apply(
        &self,
        function: &Scalar,
        mut binding: Binding,
        arguments: Vec<Argument<'_>>,
        scope: &Scope<'_>,
    ) -> Result<Typed> {
        let mut values = Vec::new();
        let mut types = Vec::new();
        let mut lambdas = Vec::new();
        let mut captured = Vec::new();
        let unexpected =
            || Error::new(Code::FunctionNotFound, format!("Unexpected parameters for function {}", function.name));
        // What a lambda gives may widen a letter that a value stands for too.
        for (at, argument) in arguments.iter().enumerate() {
            if let Argument::Lambda(lambda) = argument {
                let Some(Pattern::Function(parameters, result)) = function.signature.argument(at) else {
                    return Err(unexpected());
                };
                let (closure, captures) =
                    self.lambda(function.name, lambda, parameters, result, &mut binding, scope)?;
                lambdas.push(closure);
                captured.extend(captures);
            }
        }
        for (at, argument) in arguments.into_iter().enumerate() {
            if let Argument::Value(value) = argument {
                let pattern = function.signature.argument(at).ok_or_else(unexpected)?;
                let formal = binding.formal(pattern, &value.of).ok_or_else(unexpected)?;
                values.push(self.coerce(value, &formal)?);
                types.push(formal);
            }
        }
        let returns = function.result(&binding, &types)?;
        if function.name == "reduce" && values.first().is_some_and(is_null) {
            // Known before it runs, whatever it would start with.
            return constant(Value::Null, returns);
        }
        values.extend(captured);
        let udf = Udf {
            lambdas,
            strict: function.strict,
            ..Udf::new(function.name, function.kernel, types, returns.clone())
        };
        let expr = if function.volatile { udf.volatile().on(values) } else { udf.folded(values) };
        Ok(Typed::new(expr, returns))
    }

    pub(super) fn lambda(
        &self,
        function: &str,
        lambda: &LambdaFunction,
        parameters: &[Pattern],
        result: &Pattern,
        binding: &mut Binding,
        scope: &Scope<'_>,
    ) -> Result<(Closure, Vec<Expr>)> {
        if scope.matching.is_some() {
            let message = "Lambda expression in pattern recognition context is not yet supported";
            return Err(Error::new(Code::NotSupported, message));
        }
        let names = match &lambda.params {
            OneOrManyWithParens::One(name) => vec![folded(&name.name)],
            OneOrManyWithParens::Many(names) => names.iter().map(|name| folded(&name.name)).collect(),
        };
        loop {
            let mut inside = scope.clone();
            let mut own = Vec::with_capacity(names.len());
            for (name, pattern) in names.iter().zip(parameters) {
                let of = binding.instance(pattern).ok_or_else(|| {
                    Error::new(
                        Code::FunctionNotFound,
                        format!("The type of the lambda's parameter {name} of {function} is not known"),
                    )
                })?;
                let symbol = self.symbol(name);
                inside.parameters.push((name.clone(), symbol.clone(), of.clone()));
                own.push((symbol, of));
            }
            let body = self.expression(&lambda.body, &inside)?;
            let unexpected = || {
                Error::new(
                    Code::FunctionNotFound,
                    format!("Unexpected parameters for function {function}: its lambda gives {}", body.of),
                )
            };
            let formal = binding.learn_result(result, &body.of).ok_or_else(unexpected)?;
            // A letter that became wider means other parameters, and those another body.
            if own.iter().zip(parameters).any(|((_, of), pattern)| binding.instance(pattern).as_ref() != Some(of)) {
                continue;
            }
            // What a lambda gives is not coerced.
            if body.of != formal {
                return Err(unexpected());
            }
            scalar(&body.expr)?;
            return self.close(body.expr, own, formal);
        }
    }

    /// Makes a closure of an expression over the given symbols; all else it needs is captured.
    pub(super) fn close(&self, body: Expr, own: Vec<(String, Type)>, returns: Type) -> Result<(Closure, Vec<Expr>)> {
        let mut captured: Vec<Expr> = Vec::new();
        let body = body.transform_down(|expr| {
            if let Expr::Column(column) = &expr
                && column.relation.is_none()
                && let Some(at) = own.iter().position(|(symbol, _)| *symbol == column.name)
            {
                return Ok(Transformed::new(named(Closure::parameter(at)), true, TreeNodeRecursion::Jump));
            }
            let is_leaf = matches!(
                expr,
                Expr::Column(_)
                    | Expr::OuterReferenceColumn(..)
                    | Expr::AggregateFunction(_)
                    | Expr::WindowFunction(_)
                    | Expr::ScalarSubquery(_)
                    | Expr::Exists(_)
                    | Expr::InSubquery(_)
            );
            if !is_leaf && !self.types.borrow().contains_key(&expr) {
                return Ok(Transformed::no(expr));
            }
            let at = captured.iter().position(|known| *known == expr).unwrap_or_else(|| {
                captured.push(expr.clone());
                captured.len() - 1
            });
            Ok(Transformed::new(named(Closure::capture(at)), true, TreeNodeRecursion::Jump))
        })?;
        let types = captured.iter().map(|leaf| self.type_of_leaf(leaf)).collect::<Result<Vec<_>>>()?;
        let parameters = own.into_iter().map(|(_, of)| of).collect();
        Ok((Closure::new(json_cast::in_expression(body.data)?, parameters, types, returns), captured))
    }
}

/// Refuses what can't stand in a lambda.
pub(super) fn scalar(body: &Expr) -> Result<()> {
    let mut refused = None;
    body.apply(|part| {
        match part {
            Expr::AggregateFunction(_) | Expr::WindowFunction(_) => {
                let message = "Lambda expression cannot contain aggregations, window functions or grouping operations";
                refused = Some(Error::new(Code::ExpressionNotScalar, message));
            }
            Expr::ScalarSubquery(_) | Expr::Exists(_) | Expr::InSubquery(_) => {
                refused = Some(Error::new(Code::NotSupported, "Lambda expression cannot contain subqueries"));
            }
            _ => return Ok(TreeNodeRecursion::Continue),
        }
        Ok(TreeNodeRecursion::Stop)
    })?;
    refused.map_or(Ok(()), Err)
}

fn named(name: String) -> Expr {
    Expr::Column(Column::from_name(name))
}

pub(super) fn given(argument: &Argument<'_>) -> Given {
    match argument {
        Argument::Value(value) => Given::Value(value.of.clone()),
        Argument::Lambda(lambda) => Given::Lambda(match &lambda.params {
            OneOrManyWithParens::One(_) => 1,
            OneOrManyWithParens::Many(names) => names.len(),
        }),
    }
}

fn unexpected_clause(call: &Function) -> Option<&'static str> {
    let clauses = match &call.args {
        FunctionArguments::List(list) => {
            if list.duplicate_treatment == Some(DuplicateTreatment::Distinct) {
                return Some("DISTINCT");
            }
            !list.clauses.is_empty()
        }
        _ => false,
    };
    if clauses {
        Some("ORDER BY")
    } else if call.filter.is_some() {
        Some("FILTER")
    } else if !call.within_group.is_empty() {
        Some("WITHIN GROUP")
    } else {
        None
    }
}

/// The arguments of a call that takes only expressions.
pub(super) fn plain_arguments(call: &Function) -> Result<Vec<&Ast>> {
    match &call.args {
        FunctionArguments::None => Ok(Vec::new()),
        FunctionArguments::Subquery(_) => Err(Error::new(Code::SyntaxError, "A subquery needs brackets of its own")),
        FunctionArguments::List(list) => list
            .args
            .iter()
            .map(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Ok(expr),
                FunctionArg::Unnamed(FunctionArgExpr::QualifiedWildcard(_)) => {
                    let message = "label.* syntax is only supported as the only argument of row pattern count function";
                    Err(Error::invalid_argument(message))
                }
                other => Err(Error::new(Code::SyntaxError, format!("{other} can't be an argument of {}", call.name))),
            })
            .collect(),
    }
}
