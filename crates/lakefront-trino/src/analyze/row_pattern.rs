//! `MATCH_RECOGNIZE`: from the clause to the plan.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::OnceLock;

use datafusion::common::{Column, UnnestOptions};
use datafusion::logical_expr::expr::{Sort, WindowFunction};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, WindowFrame, WindowFunctionDefinition, lit};
use sqlparser::ast::{
    AfterMatchSkip, EmptyMatchesMode, Expr as Ast, Ident, OrderByExpr, RowsPerMatch, SymbolDefinition, TableFactor,
};

use super::aggregation::sort_key;
use super::relation::aliased;
use super::scope::{Field, Found, Relation, Scope};
use super::{Analyzer, Typed, folded, place};
use crate::comparison;
use crate::error::{Code, Error, Result};
use crate::matching::program::compiled;
use crate::matching::{Computed, Output, Place, Read, Recognition, Skip};
use crate::row_pattern::pattern::{Pattern, Recognized};
use crate::row_pattern::recognized;
use crate::types::Type;

mod calls;

pub(super) use calls::Mode;

/// Each step of a pattern knows which of them are ahead.
const MOST_VARIABLES: usize = 200;

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

/// The columns that rows are parted and sorted by, and how.
struct Keys {
    partition: Vec<(Field, Expr)>,
    order: Vec<(Field, Sort)>,
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
                    if variables.primary.len() == MOST_VARIABLES {
                        let what = format!("A row pattern of more than {MOST_VARIABLES} variables");
                        return Err(Error::not_here(what));
                    }
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

/// No definition is of another variable, or a second one.
fn check_definitions(symbols: &[SymbolDefinition], variables: &Variables) -> Result<()> {
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
    Ok(())
}

fn skip_of(clause: Option<&AfterMatchSkip>, variables: &Variables) -> Result<Skip> {
    let to = |name: &Ident, last: bool| match variables.named(&canonical(name)) {
        Some(variables) => Ok(Skip::To { variables, last }),
        None => refused(Code::InvalidLabel, format!("{name} is not a primary or union pattern variable")),
    };
    match clause {
        None | Some(AfterMatchSkip::PastLastRow) => Ok(Skip::PastLastRow),
        Some(AfterMatchSkip::ToNextRow) => Ok(Skip::ToNextRow),
        Some(AfterMatchSkip::ToFirst(name)) => to(name, false),
        Some(AfterMatchSkip::ToLast(name)) => to(name, true),
    }
}

fn output_of(clause: Option<&RowsPerMatch>, pattern: &Pattern) -> Result<Output> {
    let output = match clause {
        None | Some(RowsPerMatch::OneRow) => Output::One,
        Some(RowsPerMatch::AllRows(mode)) => Output::All {
            empty: *mode != Some(EmptyMatchesMode::Omit),
            unmatched: *mode == Some(EmptyMatchesMode::WithUnmatched),
        },
    };
    let excludes = pattern.parts().iter().any(|part| matches!(part, Pattern::Excluded(_)));
    if excludes && matches!(output, Output::All { unmatched: true, .. }) {
        let message =
            "Pattern exclusion syntax is not allowed when ALL ROWS PER MATCH WITH UNMATCHED ROWS is specified";
        return refused(Code::InvalidRowPattern, message);
    }
    Ok(output)
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
        if let Some(name) =
            input.fields.iter().filter_map(|field| field.name.as_ref()).find(|name| !names.insert(*name))
        {
            let message = format!("ambiguous column: {name} in row pattern input relation");
            return refused(Code::AmbiguousName, message);
        }
        let inside = scope.with_fields(input.fields.clone());
        let keys = self.match_keys(partition_by, order_by, &inside)?;
        let recognized = recognized(pattern)
            .map_err(|error| Error::new(Code::SyntaxError, error.message).at(Some((error.line, error.column))))?;
        let variables = Variables::of(&recognized)?;
        check_definitions(symbols, &variables)?;
        check_quantifiers(&recognized.pattern)?;
        let skip = skip_of(after_match_skip.as_ref(), &variables)?;
        let output = output_of(rows_per_match.as_ref(), &recognized.pattern)?;

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
        let (computed, mut parts): (Vec<Computed>, Vec<Type>) = measured.into_iter().unzip();

        // The row that a match gives has measures, then columns as they are; those of the relation have another order.
        let mut passed = Vec::new();
        let mut pass = |field: &Field| {
            passed.push(column_of(&columns, field));
            parts.push(field.of.clone());
            (field.name.clone(), parts.len() - 1)
        };
        let is_one = matches!(output, Output::One);
        let ordered = if is_one { &[] } else { keys.order.as_slice() };
        let before = keys.partition.iter().map(|(field, _)| field).chain(ordered.iter().map(|(field, _)| field));
        let mut outputs: Vec<(Option<String>, usize)> = before.clone().map(&mut pass).collect();
        outputs.extend(measures.iter().enumerate().map(|(at, measure)| (Some(folded(&measure.alias)), at)));
        if !is_one {
            let is_known = |field: &Field| before.clone().any(|known| known.column == field.column);
            let rest = input.fields.iter().filter(|field| !field.hidden && !is_known(field));
            outputs.extend(rest.map(&mut pass));
        }
        if outputs.is_empty() {
            return refused(Code::TableHasNoColumns, "pattern recognition output table has no columns");
        }

        let number = |name: &Ident| variables.number(&canonical(name)).unwrap_or_default();
        let recognition = Recognition {
            name: self.symbol("match_recognize"),
            program: compiled(&recognized.pattern, &number)?,
            ahead: OnceLock::new(),
            variables: variables.primary.clone(),
            definitions,
            measures: computed,
            passed,
            output,
            skip,
            returns: Type::array(Type::row(parts.clone())),
        };
        let (plan, row) = self.rows_of_matches(input.plan, keys, columns.into_inner(), recognition)?;
        let mut fields = Vec::with_capacity(outputs.len());
        let mut expressions = Vec::with_capacity(outputs.len());
        for (name, at) in outputs {
            let symbol = self.symbol("m");
            let part = datafusion::functions::core::expr_fn::get_field(row.clone(), format!("f{at}"));
            expressions.push(part.alias(&symbol));
            let column = Column::from_name(symbol);
            fields.push(Field { qualifier: Vec::new(), name, column, of: parts[at].clone(), hidden: false });
        }
        let plan = LogicalPlanBuilder::from(plan).project(expressions)?.build()?;
        aliased(Relation { plan, fields }, alias.as_ref())
    }

    fn match_keys(&self, partition_by: &[Ast], order_by: &[OrderByExpr], inside: &Scope<'_>) -> Result<Keys> {
        let mut keys = Keys { partition: Vec::with_capacity(partition_by.len()), order: Vec::new() };
        for ast in partition_by {
            let field = input_field(ast, inside)?;
            if !field.of.is_comparable() && field.of != Type::Unknown {
                let message = format!("{} is not comparable, and therefore cannot be used in PARTITION BY", field.of);
                return Err(Error::type_mismatch(message).at(place(ast)));
            }
            let key = self.column(field.column.clone(), field.of.clone()).expr;
            let key = comparison::group_key(key.clone(), &field.of).unwrap_or(key);
            keys.partition.push((field, key));
        }
        for key in order_by {
            let field = input_field(&key.expr, inside)?;
            let sort = sort_key(self.column(field.column.clone(), field.of.clone()), key)?;
            keys.order.push((field, sort));
        }
        Ok(keys)
    }

    /// The rows that the matches give, each a value of its own.
    fn rows_of_matches(
        &self,
        input: LogicalPlan,
        keys: Keys,
        columns: Vec<(Column, Type)>,
        recognition: Recognition,
    ) -> Result<(LogicalPlan, Expr)> {
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
        let udwf = recognition.udwf();
        let mut function = WindowFunction::new(WindowFunctionDefinition::WindowUDF(udwf), arguments);
        function.params.partition_by = keys.partition.into_iter().map(|(_, key)| named(key, "partition")).collect();
        let order_by = keys.order.into_iter().map(|(_, key)| Sort { expr: named(key.expr.clone(), "order"), ..key });
        function.params.order_by = order_by.collect();
        function.params.window_frame = WindowFrame::new(None);
        let function = Expr::WindowFunction(Box::new(function));
        let lists = Expr::Column(Column::from_name(function.schema_name().to_string()));
        let plan = LogicalPlanBuilder::from(input).project(projected)?.build()?;
        let row = self.symbol("row");
        let options = UnnestOptions::new().with_preserve_nulls(false);
        let plan = LogicalPlanBuilder::from(LogicalPlanBuilder::window_plan(plan, [function])?)
            .project([lists.alias(&row)])?
            .unnest_column_with_options(Column::from_name(&row), options)?
            .build()?;
        Ok((plan, Expr::Column(Column::from_name(row))))
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
