//! `MATCH_RECOGNIZE`: names of variables and columns, and functions of the rows of a match.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::common::Column;
use datafusion::logical_expr::expr::{Sort, WindowFunction};
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, WindowFrame, WindowFunctionDefinition, lit};
use sqlparser::ast::{
    AfterMatchSkip, DuplicateTreatment, EmptyMatchesMode, Expr as Ast, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentClause, FunctionArguments, Ident, RowsPerMatch, SymbolDefinition, TableFactor, UnaryOperator,
    Value as Literal, visit_expressions,
};

use super::aggregation::sort_key;
use super::function::plain_arguments;
use super::relation::aliased;
use super::scope::{Field, Found, Relation, Scope};
use super::{Analyzer, Typed, folded, place};
use crate::aggregates;
use crate::comparison;
use crate::error::{Code, Error, Result};
use crate::matching::program::compiled;
use crate::matching::{Aggregated, Computed, Output, Place, Read, Recognition, Skip};
use crate::row_pattern::pattern::{Pattern, Recognized};
use crate::row_pattern::{is_row_pattern_function, recognized};
use crate::types::{Type, VARCHAR};

/// The variables of a pattern. Their names are Trino's, in which those without quotes are upper case.
#[derive(Debug, Default)]
struct Variables {
    primary: Vec<String>,
    unions: Vec<(String, Vec<usize>)>,
}

/// What an expression of `MEASURES` or `DEFINE` sees beside its columns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Matching<'m> {
    variables: &'m Variables,
    /// Columns that are read of any row.
    columns: &'m RefCell<Vec<(Column, Type)>>,
    reads: &'m RefCell<Vec<Reading>>,
    navigation: Navigation,
    is_definition: bool,
}

/// From which of a variable's rows columns are read.
#[derive(Debug, Clone, Copy)]
struct Navigation {
    last: bool,
    running: bool,
    logical: usize,
    physical: i64,
}

/// A value that an expression reads, under the name of its symbol.
#[derive(Debug)]
struct Reading {
    symbol: String,
    of: Type,
    /// The variable that was written, or the one of all rows; nothing for what is of no row.
    variable: Option<Option<String>>,
    read: Read,
}

/// `RUNNING` and `FINAL`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Running,
    Final,
}

impl Mode {
    pub(super) fn of(name: &Ident) -> Option<Self> {
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

impl Navigation {
    const CURRENT: Navigation = Navigation { last: true, running: true, logical: 0, physical: 0 };

    fn to(self, variables: Vec<usize>) -> Place {
        let Navigation { last, running, logical, physical } = self;
        Place { variables, last, running, logical, physical }
    }
}

/// The name of a variable as Trino compares it.
fn canonical(name: &Ident) -> String {
    match name.quote_style {
        Some(_) => name.value.clone(),
        None => name.value.to_uppercase(),
    }
}

fn refused<T>(code: Code, message: impl Into<String>) -> Result<T> {
    Err(Error::new(code, message))
}

impl Variables {
    fn of(recognized: &Recognized) -> Result<Self> {
        let mut variables = Variables::default();
        for part in recognized.pattern.parts() {
            if let Pattern::Variable(name) = part {
                let name = canonical(name);
                if !variables.primary.contains(&name) {
                    variables.primary.push(name);
                }
            }
        }
        for (name, elements) in &recognized.subsets {
            let union = canonical(name);
            if variables.primary.contains(&union) {
                let message =
                    format!("union pattern variable name: {name} is a duplicate of primary pattern variable name");
                return refused(Code::InvalidLabel, message);
            }
            if variables.unions.iter().any(|(known, _)| *known == union) {
                return refused(Code::InvalidLabel, format!("union pattern variable name: {name} is declared twice"));
            }
            let mut numbers = BTreeSet::new();
            for element in elements {
                let Some(number) = variables.number(&canonical(element)) else {
                    let message = format!("subset element: {element} is not a primary pattern variable");
                    return refused(Code::InvalidLabel, message);
                };
                numbers.insert(number);
            }
            variables.unions.push((union, numbers.into_iter().collect()));
        }
        Ok(variables)
    }

    fn number(&self, name: &str) -> Option<usize> {
        self.primary.iter().position(|known| known == name)
    }

    /// The variables that a name stands for.
    fn named(&self, name: &str) -> Option<Vec<usize>> {
        let union = || self.unions.iter().find(|(known, _)| known == name).map(|(_, numbers)| numbers.clone());
        self.number(name).map(|number| vec![number]).or_else(union)
    }
}

/// What Trino has to say of a pattern's quantifiers.
fn check_quantifiers(pattern: &Pattern) -> Result<()> {
    let most_allowed = i32::MAX as u64;
    for part in pattern.parts() {
        let Pattern::Repeated { least, most, .. } = part else { continue };
        let out_of_range = |message: String| refused(Code::NumericValueOutOfRange, message);
        if *least > most_allowed {
            return out_of_range(format!("Pattern quantifier lower bound must not exceed {most_allowed}"));
        }
        match most {
            Some(0) => {
                return out_of_range("Pattern quantifier upper bound must be greater than or equal to 1".to_owned());
            }
            Some(most) if *most > most_allowed => {
                return out_of_range(format!("Pattern quantifier upper bound must not exceed {most_allowed}"));
            }
            Some(most) if least > most => {
                return refused(Code::InvalidRange, "Pattern quantifier lower bound must not exceed upper bound");
            }
            _ => {}
        }
    }
    Ok(())
}

impl Analyzer<'_> {
    pub(super) fn match_recognize(&self, clause: &TableFactor, scope: &Scope<'_>) -> Result<Relation> {
        let TableFactor::MatchRecognize {
            table,
            partition_by,
            order_by,
            measures,
            rows_per_match,
            after_match_skip,
            pattern,
            symbols,
            alias,
        } = clause
        else {
            return Err(Error::not_here(format!("{clause} in FROM")));
        };
        let input = self.factor(table, scope)?;
        let mut names = BTreeSet::new();
        for name in input.fields.iter().filter_map(|field| field.name.as_ref()) {
            if !names.insert(name) {
                let message = format!("ambiguous column: {name} in row pattern input relation");
                return refused(Code::AmbiguousName, message);
            }
        }
        let inside = scope.with_fields(input.fields.clone());

        let mut partition_fields = Vec::with_capacity(partition_by.len());
        let mut partition_keys = Vec::with_capacity(partition_by.len());
        for ast in partition_by {
            let field = input_field(ast, &inside)?;
            if !field.of.is_comparable() && field.of != Type::Unknown {
                let message = format!("{} is not comparable, and therefore cannot be used in PARTITION BY", field.of);
                return Err(Error::type_mismatch(message).at(place(ast)));
            }
            let key = self.column(field.column.clone(), field.of.clone());
            partition_keys.push(comparison::group_key(key.expr.clone(), &key.of).unwrap_or(key.expr));
            partition_fields.push(field);
        }
        let mut order_fields = Vec::with_capacity(order_by.len());
        let mut order_keys = Vec::with_capacity(order_by.len());
        for key in order_by {
            let field = input_field(&key.expr, &inside)?;
            order_keys.push(sort_key(self.column(field.column.clone(), field.of.clone()), key)?);
            order_fields.push(field);
        }

        let recognized = recognized(pattern)
            .map_err(|error| Error::new(Code::SyntaxError, error.message).at(Some((error.line, error.column))))?;
        let variables = Variables::of(&recognized)?;
        for (at, SymbolDefinition { symbol, .. }) in symbols.iter().enumerate() {
            let name = canonical(symbol);
            if variables.number(&name).is_none() {
                let message = format!("defined variable: {symbol} is not a primary pattern variable");
                return refused(Code::InvalidLabel, message);
            }
            if symbols[..at].iter().any(|other| canonical(&other.symbol) == name) {
                let message = format!("pattern variable with name: {symbol} is defined twice");
                return refused(Code::InvalidLabel, message);
            }
        }
        check_quantifiers(&recognized.pattern)?;
        let skip = match after_match_skip {
            None | Some(AfterMatchSkip::PastLastRow) => Skip::PastLastRow,
            Some(AfterMatchSkip::ToNextRow) => Skip::ToNextRow,
            Some(AfterMatchSkip::ToFirst(name) | AfterMatchSkip::ToLast(name)) => {
                let Some(named) = variables.named(&canonical(name)) else {
                    let message = format!("{name} is not a primary or union pattern variable");
                    return refused(Code::InvalidLabel, message);
                };
                Skip::To { variables: named, last: matches!(after_match_skip, Some(AfterMatchSkip::ToLast(_))) }
            }
        };
        let output = match rows_per_match {
            None | Some(RowsPerMatch::OneRow) => Output::One,
            Some(RowsPerMatch::AllRows(None | Some(EmptyMatchesMode::Show))) => {
                Output::All { empty: true, unmatched: false }
            }
            Some(RowsPerMatch::AllRows(Some(EmptyMatchesMode::Omit))) => Output::All { empty: false, unmatched: false },
            Some(RowsPerMatch::AllRows(Some(EmptyMatchesMode::WithUnmatched))) => {
                Output::All { empty: true, unmatched: true }
            }
        };
        let excludes = recognized.pattern.parts().iter().any(|part| matches!(part, Pattern::Excluded(_)));
        if excludes && matches!(output, Output::All { unmatched: true, .. }) {
            let message =
                "Pattern exclusion syntax is not allowed when ALL ROWS PER MATCH WITH UNMATCHED ROWS is specified";
            return refused(Code::InvalidRowPattern, message);
        }

        let columns = RefCell::new(Vec::new());
        let computed = |ast: &Ast, is_definition: bool| -> Result<(Computed, Type)> {
            let reads = RefCell::new(Vec::new());
            let navigation = Navigation::CURRENT;
            let matching =
                Matching { variables: &variables, columns: &columns, reads: &reads, navigation, is_definition };
            let value = self.expression(ast, &Scope { matching: Some(matching), ..inside.clone() })?;
            if is_definition && value.of != Type::Boolean {
                let message = format!("Expression defining a label must be boolean (actual type: {})", value.of);
                return Err(Error::type_mismatch(message).at(place(ast)));
            }
            Ok((self.computed(value.clone(), reads.into_inner())?, value.of))
        };
        let mut definitions: Vec<Option<Computed>> = variables.primary.iter().map(|_| None).collect();
        for SymbolDefinition { symbol, definition } in symbols {
            let (condition, _) = computed(definition, true)?;
            if let Some(number) = variables.number(&canonical(symbol)) {
                definitions[number] = Some(condition);
            }
        }
        let measured = measures.iter().map(|measure| computed(&measure.expr, false)).collect::<Result<Vec<_>>>()?;
        let (computed, types): (Vec<Computed>, Vec<Type>) = measured.into_iter().unzip();

        // The row that a match gives: measures, then columns as they are. Its columns stand in another order.
        let mut passed = Vec::new();
        let mut parts: Vec<Type> = types.clone();
        let mut outputs: Vec<(Option<String>, usize)> = Vec::new();
        let mut pass = |field: &Field, parts: &mut Vec<Type>| {
            passed.push(column_of(&columns, field));
            parts.push(field.of.clone());
            (field.name.clone(), parts.len() - 1)
        };
        outputs.extend(partition_fields.iter().map(|field| pass(field, &mut parts)));
        let is_one = matches!(output, Output::One);
        if !is_one {
            outputs.extend(order_fields.iter().map(|field| pass(field, &mut parts)));
        }
        outputs.extend(measures.iter().enumerate().map(|(at, measure)| (Some(folded(&measure.alias)), at)));
        if !is_one {
            let is_out = |field: &&Field| {
                let mut known = partition_fields.iter().chain(&order_fields);
                !field.hidden && !known.any(|known| known.column == field.column)
            };
            outputs.extend(input.fields.iter().filter(is_out).map(|field| pass(field, &mut parts)));
        }
        if outputs.is_empty() {
            return refused(Code::TableHasNoColumns, "pattern recognition output table has no columns");
        }

        let number = |name: &Ident| variables.number(&canonical(name)).unwrap_or_default();
        let recognition = Recognition {
            name: self.symbol("match_recognize"),
            program: compiled(&recognized.pattern, &number)?,
            variables: variables.primary.clone(),
            definitions,
            measures: computed,
            passed,
            output,
            skip,
            returns: Type::array(Type::row(parts.clone())),
        };
        let columns = columns.into_inner();
        let mut projected = Vec::new();
        let mut named = |expr: Expr, hint: &str| {
            let symbol = self.symbol(hint);
            projected.push(expr.alias(&symbol));
            Expr::Column(Column::from_name(symbol))
        };
        let mut arguments: Vec<Expr> =
            columns.into_iter().map(|(column, of)| named(self.column(column, of).expr, "matched")).collect();
        if arguments.is_empty() {
            // The engine has no call without arguments.
            arguments.push(named(lit(1i64), "matched"));
        }
        let partition_by = partition_keys.into_iter().map(|key| named(key, "partition")).collect();
        let order_by =
            order_keys.into_iter().map(|key| Sort { expr: named(key.expr.clone(), "order"), ..key }).collect();
        let udwf = recognition.udwf();
        let mut function = WindowFunction::new(WindowFunctionDefinition::WindowUDF(udwf), arguments);
        function.params.partition_by = partition_by;
        function.params.order_by = order_by;
        function.params.window_frame = WindowFrame::new(None);
        let function = Expr::WindowFunction(Box::new(function));
        let lists = Expr::Column(Column::from_name(function.schema_name().to_string()));
        let plan = LogicalPlanBuilder::from(input.plan).project(projected)?.build()?;
        let plan = LogicalPlanBuilder::window_plan(plan, [function])?;
        let rows = self.symbol("rows");
        let plan = LogicalPlanBuilder::from(plan)
            .project([lists.alias(&rows)])?
            .unnest_column(Column::from_name(&rows))?
            .build()?;
        let mut fields = Vec::with_capacity(outputs.len());
        let mut expressions = Vec::with_capacity(outputs.len());
        for (name, at) in outputs {
            let symbol = self.symbol("m");
            let row = Expr::Column(Column::from_name(&rows));
            let part = datafusion::functions::core::expr_fn::get_field(row, format!("f{at}"));
            expressions.push(part.alias(&symbol));
            let column = Column::from_name(symbol);
            fields.push(Field { qualifier: Vec::new(), name, column, of: parts[at].clone(), hidden: false });
        }
        let plan = LogicalPlanBuilder::from(plan).project(expressions)?.build()?;
        aliased(Relation { plan, fields }, alias.as_ref())
    }

    /// An expression over the values it reads.
    fn computed(&self, value: Typed, reads: Vec<Reading>) -> Result<Computed> {
        let own = reads.iter().map(|reading| (reading.symbol.clone(), reading.of.clone())).collect();
        if super::aggregation::contains_aggregate(&value.expr)? {
            return Err(Error::not_here("This aggregate function in MEASURES or DEFINE"));
        }
        let (closure, captured) = self.close(value.expr, own, value.of)?;
        if !captured.is_empty() {
            return Err(Error::not_here("What is neither a row's nor a constant in MEASURES or DEFINE"));
        }
        Ok(Computed { closure, reads: reads.into_iter().map(|reading| reading.read).collect() })
    }

    fn reading(&self, matching: Matching<'_>, read: Read, of: Type, variable: Option<Option<String>>) -> Typed {
        let symbol = self.symbol("read");
        let value = self.leaf(Expr::Column(Column::from_name(&symbol)), of.clone());
        matching.reads.borrow_mut().push(Reading { symbol, of, variable, read });
        value
    }

    /// A column of one of a variable's rows.
    pub(super) fn column_of_match(&self, parts: &[Ident], matching: Matching<'_>, scope: &Scope<'_>) -> Result<Typed> {
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
    pub(super) fn call_in_match(
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
        let crate::aggregates::Aggregation { types, returns, folding, .. } = called.aggregation;
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

/// The column of the input that a key of `PARTITION BY` or `ORDER BY` is.
fn input_field(ast: &Ast, inside: &Scope<'_>) -> Result<Field> {
    let parts = match ast {
        Ast::Nested(inner) => return input_field(inner, inside),
        Ast::Identifier(name) => std::slice::from_ref(name),
        Ast::CompoundIdentifier(parts) => parts,
        _ => {
            let message = format!("Expected column reference. Actual: {ast}");
            return Err(Error::new(Code::InvalidColumnReference, message).at(place(ast)));
        }
    };
    match inside.find(parts)? {
        Some(Found::Here(field)) => Ok(field),
        _ => {
            let message = format!("Column {ast} is not present in the input relation");
            Err(Error::new(Code::ColumnNotFound, message).at(place(ast)))
        }
    }
}

/// The number of a column among those that are read.
fn column_of(columns: &RefCell<Vec<(Column, Type)>>, field: &Field) -> usize {
    let mut columns = columns.borrow_mut();
    columns.iter().position(|(known, _)| *known == field.column).unwrap_or_else(|| {
        columns.push((field.column.clone(), field.of.clone()));
        columns.len() - 1
    })
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
        Ok(offset) if offset <= i32::MAX as u64 => Ok(offset as usize),
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
    let _ = visit_expressions(ast, |part| {
        if let Ast::Function(call) = part {
            calls.push(call.clone());
        }
        ControlFlow::<()>::Continue(())
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
