//! Columns and functions of the rows of a match.

use std::cell::RefCell;

use sqlparser::ast::{
    DuplicateTreatment, Expr as Ast, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments,
    Ident, UnaryOperator, Value as Literal,
};

use super::super::function::plain_arguments;
use super::super::scope::{Found, Scope};
use super::super::{Analyzer, Typed, folded, place};
use super::{Matching, Navigation, Reading, canonical, column_of, refused};
use crate::aggregates::{self, Aggregation};
use crate::error::{Code, Error, Result};
use crate::matching::{Aggregated, Read};
use crate::row_pattern::is_row_pattern_function;
use crate::tree;
use crate::types::{Type, VARCHAR};

/// `RUNNING` and `FINAL`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::analyze) enum Mode {
    Running,
    Final,
}

impl Mode {
    pub(in crate::analyze) fn of(name: &Ident) -> Option<Self> {
        match name.value.to_ascii_uppercase().as_str() {
            _ if name.quote_style.is_some() => None,
            "RUNNING" => Some(Mode::Running),
            "FINAL" => Some(Mode::Final),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Mode::Running => "RUNNING",
            Mode::Final => "FINAL",
        }
    }
}

impl Analyzer<'_> {
    /// A column of one of a variable's rows.
    pub(in crate::analyze) fn column_of_match(
        &self,
        parts: &[Ident],
        matching: Matching<'_>,
        scope: &Scope<'_>,
    ) -> Result<Typed> {
        let written = || parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".");
        let (variable, column) = match parts {
            [column] => (None, column),
            [variable, rest @ ..] => {
                let variable = canonical(variable);
                if matching.variables.named(&variable).is_none() {
                    return refused(Code::ColumnNotFound, format!("Column '{}' cannot be resolved", written()));
                }
                match rest {
                    [column] => (Some(variable), column),
                    _ => {
                        let message = format!("Column {} prefixed with label {variable} cannot be resolved", written());
                        return refused(Code::ColumnNotFound, message);
                    }
                }
            }
            [] => return refused(Code::ColumnNotFound, "A column has no name"),
        };
        let field = match scope.find(std::slice::from_ref(column))? {
            Some(Found::Here(field)) => field,
            Some(Found::Outer(_)) => {
                let message = format!("Reference to column '{column}' from outer scope not allowed in this context");
                return refused(Code::NotSupported, message);
            }
            Some(Found::Parameter(..)) | None => {
                let message = match &variable {
                    Some(variable) => format!("Column {column} prefixed with label {variable} cannot be resolved"),
                    None => format!("Column '{column}' cannot be resolved"),
                };
                return refused(Code::ColumnNotFound, message);
            }
        };
        let variables = variable.as_ref().and_then(|name| matching.variables.named(name)).unwrap_or_default();
        let at = column_of(matching.columns, &field);
        let read = Read::Column(at, matching.navigation.to(variables));
        Ok(self.reading(matching, read, field.of, Some(variable)))
    }

    /// A call that means something else among the rows of a match than elsewhere, if it does.
    pub(in crate::analyze) fn call_in_match(
        &self,
        name: &str,
        call: &Function,
        mode: Option<Mode>,
        scope: &Scope<'_>,
    ) -> Result<Option<Typed>> {
        let invalid_mode = |message: String| refused(Code::InvalidProcessingMode, message);
        let Some(matching) = scope.matching else {
            return match mode {
                None => Ok(None),
                Some(mode) => invalid_mode(format!(
                    "{} semantics is not supported out of pattern recognition context",
                    mode.name()
                )),
            };
        };
        if call.over.is_some() {
            let message = "Cannot nest window functions or row pattern measures inside pattern recognition expressions";
            return refused(Code::NestedWindow, message);
        }
        if mode == Some(Mode::Final) && matching.is_definition {
            return invalid_mode("FINAL semantics is not supported in DEFINE clause".to_owned());
        }
        let is_navigation = matches!(name, "first" | "last");
        if is_of_match(call) {
            if let Some(clause) = clause_of(call) {
                let message = format!("Cannot use {clause} with {name} pattern recognition function");
                return refused(Code::InvalidPatternRecognitionFunction, message);
            }
            if let Some(mode) = mode.filter(|_| !is_navigation) {
                let mode = mode.name();
                return invalid_mode(format!(
                    "{mode} semantics is not supported with {name} pattern recognition function"
                ));
            }
            return match name {
                "match_number" => self.match_number(call, matching),
                "classifier" => self.classifier(call, matching),
                _ => self.navigated(name, call, mode, matching, scope),
            }
            .map(Some);
        }
        if aggregates::is_aggregate(name) {
            return self.aggregate_of_match(name, call, mode, matching, scope).map(Some);
        }
        match mode {
            None => Ok(None),
            Some(mode) => invalid_mode(format!(
                "{} semantics is supported only for FIRST(), LAST() and aggregation functions. Actual: {name}",
                mode.name()
            )),
        }
    }

    fn match_number(&self, call: &Function, matching: Matching<'_>) -> Result<Typed> {
        if !arguments(call).is_empty() {
            return Err(Error::invalid_argument("MATCH_NUMBER pattern recognition function takes no arguments"));
        }
        Ok(self.reading(matching, Read::MatchNumber, Type::Bigint, None))
    }

    fn classifier(&self, call: &Function, matching: Matching<'_>) -> Result<Typed> {
        let variable = match arguments(call) {
            [] => None,
            [FunctionArg::Unnamed(FunctionArgExpr::Expr(Ast::Identifier(name)))] => {
                let variable = canonical(name);
                if matching.variables.named(&variable).is_none() {
                    let message = format!("{name} is not a primary pattern variable or subset name");
                    return Err(Error::invalid_argument(message));
                }
                Some(variable)
            }
            [_] => {
                let message = "CLASSIFIER function argument should be primary pattern variable or subset name";
                return Err(Error::type_mismatch(message));
            }
            _ => {
                let message = "CLASSIFIER pattern recognition function takes no arguments or 1 argument";
                return Err(Error::invalid_argument(message));
            }
        };
        let variables = variable.as_ref().and_then(|name| matching.variables.named(name)).unwrap_or_default();
        let read = Read::Classifier(matching.navigation.to(variables));
        Ok(self.reading(matching, read, VARCHAR, Some(variable)))
    }

    /// `PREV`, `NEXT`, `FIRST` and `LAST`
    fn navigated(
        &self,
        name: &str,
        call: &Function,
        mode: Option<Mode>,
        matching: Matching<'_>,
        scope: &Scope<'_>,
    ) -> Result<Typed> {
        let (argument, offset) = match plain_arguments(call)?.as_slice() {
            [argument] => (*argument, None),
            [argument, offset] => (*argument, Some(navigation_offset(name, offset)?)),
            _ => {
                let message = format!("{name} pattern recognition function requires 1 or 2 arguments");
                return Err(Error::invalid_argument(message));
            }
        };
        check_nesting(name, argument)?;
        let navigation = match name {
            "prev" => Navigation { physical: -(offset.unwrap_or(1) as i64), ..matching.navigation },
            "next" => Navigation { physical: offset.unwrap_or(1) as i64, ..matching.navigation },
            _ => Navigation {
                last: name == "last",
                running: mode != Some(Mode::Final),
                logical: offset.unwrap_or(0),
                ..matching.navigation
            },
        };
        let before = matching.reads.borrow().len();
        let inside = Scope { matching: Some(Matching { navigation, ..matching }), ..scope.clone() };
        let value = self.expression(argument, &inside)?;
        if one_variable(name, &matching.reads.borrow()[before..])?.is_none() {
            let message = format!(
                "Pattern navigation function '{name}' must contain at least one column reference or CLASSIFIER()"
            );
            return refused(Code::InvalidArguments, message);
        }
        Ok(value)
    }

    fn aggregate_of_match(
        &self,
        name: &str,
        call: &Function,
        mode: Option<Mode>,
        matching: Matching<'_>,
        scope: &Scope<'_>,
    ) -> Result<Typed> {
        let (call, variable) = counted_rows(name, call);
        if let Some(clause) = clause_of(&call) {
            let message = format!("Cannot use {clause} with {name} aggregate function in pattern recognition context");
            return refused(Code::NotSupported, message);
        }
        if call.null_treatment.is_some() {
            let message = format!("Null treatment of {name} needs an OVER clause");
            return Err(Error::new(Code::SyntaxError, message).at(place(&call)));
        }
        let variable = match variable {
            None => None,
            Some(name) if matching.variables.named(&canonical(&name)).is_some() => Some(canonical(&name)),
            Some(name) => {
                let message = format!("{name} is not a primary pattern variable or subset name");
                return Err(Error::invalid_argument(message));
            }
        };
        let reads = RefCell::new(Vec::new());
        let navigation = Navigation::CURRENT;
        let own = Matching { reads: &reads, navigation, ..matching };
        for argument in plain_arguments_or_none(&call) {
            no_calls_within(name, argument)?;
        }
        let called = self.aggregate_call(name, &call, &Scope { matching: Some(own), ..scope.clone() })?;
        let reads = reads.into_inner();
        let variable = variable.or(one_variable(name, &reads)?.flatten());
        let parameters: Vec<(String, Type)> =
            reads.iter().map(|reading| (reading.symbol.clone(), reading.of.clone())).collect();
        let Aggregation { types, returns, folding, .. } = called.aggregation;
        let mut closures = Vec::with_capacity(types.len());
        for (argument, of) in called.arguments.into_iter().zip(&types) {
            let (closure, captured) = self.close(argument, parameters.clone(), of.clone())?;
            if !captured.is_empty() {
                return Err(Error::not_here("What is neither a row's nor a constant in MEASURES or DEFINE"));
            }
            closures.push(closure);
        }
        let aggregated = Aggregated {
            folding,
            types,
            returns: returns.clone(),
            arguments: closures,
            reads: reads.into_iter().map(|reading| reading.read).collect(),
            variables: variable.and_then(|name| matching.variables.named(&name)).unwrap_or_default(),
            running: mode != Some(Mode::Final),
        };
        Ok(self.reading(matching, Read::Aggregate(aggregated), returns, None))
    }
}

/// The variable that all of these are of; nothing where they are of no row.
fn one_variable(name: &str, reads: &[Reading]) -> Result<Option<Option<String>>> {
    let mut variables = reads.iter().filter_map(|reading| reading.variable.as_ref());
    let Some(first) = variables.next() else { return Ok(None) };
    if variables.any(|other| other != first) {
        let message = format!("All labels and classifiers inside the call to '{name}' must match");
        return refused(Code::InvalidArguments, message);
    }
    Ok(Some(first.clone()))
}

/// Whether a call is of a function of the rows of a match, whose name has no quotes.
fn is_of_match(call: &Function) -> bool {
    matches!(call.name.0.as_slice(), [name] if name.as_ident().is_some_and(|name| {
        name.quote_style.is_none() && is_row_pattern_function(&folded(name))
    }))
}

fn function_name(call: &Function) -> String {
    call.name.0.last().and_then(|name| name.as_ident()).map(folded).unwrap_or_default()
}

/// What stands in a call beside its arguments.
fn clause_of(call: &Function) -> Option<&'static str> {
    if call.filter.is_some() {
        return Some("FILTER");
    }
    let FunctionArguments::List(list) = &call.args else { return None };
    let orders = list.clauses.iter().any(|clause| matches!(clause, FunctionArgumentClause::OrderBy(_)));
    if orders || !call.within_group.is_empty() {
        return Some("ORDER BY");
    }
    (list.duplicate_treatment == Some(DuplicateTreatment::Distinct)).then_some("DISTINCT")
}

fn arguments(call: &Function) -> &[FunctionArg] {
    match &call.args {
        FunctionArguments::List(list) => &list.args,
        FunctionArguments::None | FunctionArguments::Subquery(_) => &[],
    }
}

fn plain_arguments_or_none(call: &Function) -> Vec<&Ast> {
    plain_arguments(call).unwrap_or_default()
}

/// `count(A.*)` as `count(*)`, and the variable.
fn counted_rows(name: &str, call: &Function) -> (Function, Option<Ident>) {
    let mut call = call.clone();
    if name == "count"
        && let FunctionArguments::List(list) = &mut call.args
        && let [FunctionArg::Unnamed(argument)] = list.args.as_mut_slice()
        && let FunctionArgExpr::QualifiedWildcard(of) = argument
        && let [variable] = of.0.as_slice()
        && let Some(variable) = variable.as_ident().cloned()
    {
        *argument = FunctionArgExpr::Wildcard;
        return (call, Some(variable));
    }
    (call, None)
}

/// Conditions look at each row on the way for each way through the pattern.
const FARTHEST: u64 = 500;

fn navigation_offset(name: &str, ast: &Ast) -> Result<usize> {
    if let Ast::UnaryOp { op: UnaryOperator::Minus, expr } = ast
        && navigation_offset(name, expr).is_ok()
    {
        let message = format!(
            "{name} pattern recognition navigation function requires a non-negative number as the second argument (actual: {ast})"
        );
        return Err(Error::out_of_range(message).at(place(ast)));
    }
    let number = match ast {
        Ast::Value(value) => match &value.value {
            Literal::Number(digits, _) if digits.bytes().all(|digit| digit.is_ascii_digit()) => Some(digits),
            _ => None,
        },
        _ => None,
    };
    let Some(digits) = number else {
        let message =
            format!("{name} pattern recognition navigation function requires a number as the second argument");
        return Err(Error::invalid_argument(message).at(place(ast)));
    };
    match digits.parse::<u64>() {
        Ok(offset) if offset <= FARTHEST => Ok(offset as usize),
        Ok(offset) if offset <= i32::MAX as u64 => {
            Err(Error::not_here(format!("{name} over more than {FARTHEST} rows")).at(place(ast)))
        }
        _ => {
            let message = format!(
                "The second argument of {name} pattern recognition navigation function must not exceed {} (actual: {digits})",
                i32::MAX
            );
            Err(Error::out_of_range(message).at(place(ast)))
        }
    }
}

/// The calls within an expression, the outer ones first.
fn calls_within(ast: &Ast) -> Vec<Function> {
    let mut calls = Vec::new();
    tree::has_expression(ast, |part| {
        if let Ast::Function(call) = part {
            calls.push(call.clone());
        }
        false
    });
    calls
}

fn is_navigation(call: &Function) -> bool {
    is_of_match(call) && matches!(function_name(call).as_str(), "first" | "last" | "next" | "prev")
}

/// Only `FIRST` and `LAST` can stand in a navigation, in `PREV` and `NEXT`, and as the whole of it.
fn check_nesting(name: &str, argument: &Ast) -> Result<()> {
    let calls = calls_within(argument);
    if let Some(aggregate) = calls.iter().find(|call| aggregates::is_aggregate(&function_name(call))) {
        let message = format!("Cannot nest {} aggregate function inside {name} function", aggregate.name);
        return refused(Code::NestedAggregation, message);
    }
    let nested: Vec<&Function> = calls.iter().filter(|call| is_navigation(call)).collect();
    let Some(first) = nested.first() else { return Ok(()) };
    let invalid = |message: String| refused(Code::InvalidNavigationNesting, message);
    let inner = function_name(first);
    if matches!(name, "first" | "last") || nested.len() == 1 && matches!(inner.as_str(), "prev" | "next") {
        return invalid(format!(
            "Cannot nest {inner} pattern navigation function inside {name} pattern navigation function"
        ));
    }
    if nested.len() > 1 {
        return invalid(format!("Cannot nest multiple pattern navigation functions inside {name}"));
    }
    let mut whole = argument;
    while let Ast::Nested(inner) | Ast::Prefixed { value: inner, .. } = whole {
        whole = inner;
    }
    match whole {
        Ast::Function(call) if is_navigation(call) => Ok(()),
        _ => invalid("Immediate nesting is required for pattern navigation functions".to_owned()),
    }
}

/// No aggregate and no navigation can stand in an aggregate.
fn no_calls_within(name: &str, argument: &Ast) -> Result<()> {
    for call in calls_within(argument) {
        let inner = function_name(&call);
        if aggregates::is_aggregate(&inner) {
            let message = format!("Cannot nest {inner} aggregate function inside {name} function");
            return refused(Code::NestedAggregation, message);
        }
        if is_navigation(&call) {
            let message = format!("Cannot nest {inner} pattern navigation function inside {name} function");
            return refused(Code::InvalidNavigationNesting, message);
        }
    }
    Ok(())
}
