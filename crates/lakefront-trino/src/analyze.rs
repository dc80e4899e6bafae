//! From a parsed statement to a plan: names become columns, and every expression gets Trino's type before DataFusion sees
//! it, so that nothing is left to coerce.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column, ScalarValue};
use datafusion::functions_window::row_number;
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::{
    Expr, LogicalPlan, LogicalPlanBuilder, TableSource, WindowFrame, WindowFunctionDefinition,
};
use sqlparser::ast::{Expr as Ast, Ident, Spanned, Statement};

use crate::error::{Code, Error, Result};
use crate::types::Type;
use crate::zone::Zone;

mod aggregation;
mod apart;
mod attempt;
mod conversion;
mod correlated;
mod expression;
mod facts;
mod function;
mod grouping;
mod json;
mod known;
mod literal;
mod named_window;
mod output;
mod predicate;
mod query;
mod random;
mod relation;
mod routine;
mod row_pattern;
mod scope;
mod select;
mod subquery;
mod unnest;
mod window;

pub(crate) use literal::decimal_literal;
pub(crate) use relation::TABLE_FUNCTION;
pub(crate) use scope::Scope;

/// What a statement may read.
pub trait Tables {
    /// The table of a name of one to three parts, as they stand in the text.
    fn table(&self, name: &[&str]) -> Option<Table>;
}

#[derive(Clone)]
pub struct Table {
    pub source: Arc<dyn TableSource>,
    /// Names in the order of the source's fields, with Trino's types. Columns without a type can't be read.
    pub columns: Vec<(String, Option<Type>)>,
    /// Those of the columns that are there only when they are named, as `"$path"` is.
    pub hidden: &'static [&'static str],
}

/// What the values of `now()`, `current_user` and the like are.
#[derive(Debug, Clone)]
pub struct Session {
    pub now: DateTime<Utc>,
    pub zone: Zone,
    /// Unknown where nobody is to be named.
    pub user: Option<String>,
    /// Values of the placeholders `$1`, `$2`, ….
    pub parameters: Vec<Parameter>,
}

/// What stands for a placeholder.
#[derive(Debug, Clone)]
pub struct Parameter {
    pub value: ScalarValue,
    pub of: Type,
    /// It came without a type of SQL's: a text may be the day or the time that it is compared with.
    pub is_untyped: bool,
}

/// A statement as DataFusion can run it.
#[derive(Debug)]
pub struct Planned {
    /// Its columns are named by position and have the Arrow types of [`output`](crate::output).
    pub plan: LogicalPlan,
    /// Names, which may repeat, and types.
    pub columns: Vec<(String, Type)>,
}

/// Plans a query.
///
/// # Errors
/// In Trino's words, with the place in the text where one is known.
pub fn plan(statement: &Statement, tables: &dyn Tables, session: &Session) -> Result<Planned> {
    let Statement::Query(query) = statement else {
        return Err(Error::not_here("This statement"));
    };
    let analyzer = Analyzer::new(tables, session);
    let relation = analyzer.query(query, &Scope::outermost())?;
    output::present(relation)
}

/// An expression that reads no table.
pub(crate) fn expression(ast: &Ast, session: &Session) -> Result<(Expr, Type)> {
    struct Nothing;
    impl Tables for Nothing {
        fn table(&self, _: &[&str]) -> Option<Table> {
            None
        }
    }
    let typed = Analyzer::new(&Nothing, session).expression(ast, &Scope::outermost())?;
    Ok((typed.expr, typed.of))
}

pub(crate) struct Analyzer<'a> {
    tables: &'a dyn Tables,
    session: &'a Session,
    symbols: Cell<usize>,
    /// Expressions so far.
    looked: Cell<usize>,
    /// Types of the leaves that expressions are made of.
    types: RefCell<HashMap<Expr, Type>>,
    /// Arrow types of the stored rows that are converted where they are used, so that only the fields in use are read.
    stored: RefCell<HashMap<Expr, DataType>>,
}

/// An expression and its type.
#[derive(Debug, Clone)]
pub(crate) struct Typed {
    pub(crate) expr: Expr,
    pub(crate) of: Type,
}

impl Typed {
    pub(crate) fn new(expr: Expr, of: Type) -> Self {
        Self { expr, of }
    }
}

impl<'a> Analyzer<'a> {
    fn new(tables: &'a dyn Tables, session: &'a Session) -> Self {
        Self {
            tables,
            session,
            symbols: Cell::new(0),
            looked: Cell::new(0),
            types: RefCell::default(),
            stored: RefCell::default(),
        }
    }
}

impl Analyzer<'_> {
    /// A name that nothing else has.
    fn symbol(&self, hint: &str) -> String {
        let number = self.symbols.get();
        self.symbols.set(number + 1);
        format!("{hint}_{number}")
    }

    fn column(&self, column: Column, of: Type) -> Typed {
        self.stored_value(Expr::Column(column), of)
    }

    /// A column, or a field of one; where it is stored as a row, it is converted.
    fn stored_value(&self, expr: Expr, of: Type) -> Typed {
        match self.stored.borrow().get(&expr) {
            Some(stored) => self.leaf(crate::ingest::expression(expr, stored, &of), of),
            None => self.leaf(expr, of),
        }
    }

    /// Remembers the type of a leaf, which a closure may have to capture.
    fn leaf(&self, expr: Expr, of: Type) -> Typed {
        self.types.borrow_mut().insert(expr.clone(), of.clone());
        Typed { expr, of }
    }

    fn type_of_leaf(&self, expr: &Expr) -> Result<Type> {
        self.types
            .borrow()
            .get(expr)
            .cloned()
            .ok_or_else(|| Error::new(Code::GenericInternalError, format!("the type of {expr} was not kept")))
    }
}

/// The plan with more columns.
fn with_columns(plan: LogicalPlan, more: Vec<Expr>) -> Result<LogicalPlan> {
    if more.is_empty() {
        return Ok(plan);
    }
    let all = plan.schema().columns().into_iter().map(Expr::Column);
    Ok(LogicalPlanBuilder::from(plan.clone()).project(all.chain(more))?.build()?)
}

/// The plan with a number for each row among those alike, and the number.
fn numbered(plan: LogicalPlan, partition_by: Vec<Expr>) -> Result<(LogicalPlan, Expr)> {
    let mut function =
        WindowFunction::new(WindowFunctionDefinition::WindowUDF(row_number::row_number_udwf()), Vec::new());
    function.params.partition_by = partition_by;
    function.params.window_frame = WindowFrame::new(None);
    let function = Expr::WindowFunction(Box::new(function));
    let number = Expr::Column(Column::from_name(function.schema_name().to_string()));
    Ok((LogicalPlanBuilder::window_plan(plan, [function])?, number))
}

/// Where a part of the text stands.
pub(crate) fn place(of: &impl Spanned) -> Option<(u64, u64)> {
    let start = of.span().start;
    (start.line > 0).then_some((start.line, start.column))
}

/// A name as Trino compares it.
fn folded(ident: &Ident) -> String {
    ident.value.to_lowercase()
}
