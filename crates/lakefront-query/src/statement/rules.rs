//! What a statement may say: an allow-list over the syntax tree.
//!
//! Every enum is matched without a wildcard, so a new version of the parser does not compile until
//! someone has decided about what it adds. A clause that the planner would silently ignore counts
//! as not supported: a different answer is worse than none.

mod expression;
mod kind;
mod postgres;
mod query;
mod restricted;

use std::collections::BTreeSet;

use lakefront_trino::{Sql, functions, is_elsewhere, is_function, is_row_pattern_function, is_table_function};
use sqlparser::ast::{DataType, Ident, ObjectName, ObjectNamePart, Query, Spanned};
use sqlparser::tokenizer::Span;

pub(crate) use kind::{Kind, Show, kind};

use super::advice;
use super::conditions::{Conditions, Open};
use super::names::nearest;
use crate::{ErrorKind, Position, QueryError};

/// Tables read by one statement once its WITH clauses stand where they are used. Clauses that use
/// the one before twice would otherwise double the plan with each line.
const MAX_TABLES_READ: usize = 300;
const MAX_COMMON_TABLES: usize = 100;

/// A name in a FROM clause, to be bound by the catalog.
#[derive(Debug, Clone)]
pub(crate) struct TableName {
    /// One to three parts.
    pub(crate) parts: Vec<Ident>,
    pub(crate) has_alias: bool,
    /// What holds for every row that is taken of it here.
    pub(crate) conditions: Vec<Open>,
    /// Columns that its query block compares with constants, in lower case.
    pub(crate) restricted: BTreeSet<String>,
}

/// What a walk over an allowed statement found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) tables: Vec<TableName>,
    /// Quoted uses of a WITH name in another case than its definition, with that definition.
    pub(crate) renamed: Vec<(Ident, String)>,
    /// Names in FROM clauses of any kind: tables, WITH names, functions.
    pub(crate) relations: usize,
    /// Columns and `*` that are written with more than their table's own name before them.
    pub(crate) long_names: Vec<Vec<Ident>>,
    /// It calls a function whose value changes from run to run, such as `now()`.
    pub(crate) volatile: bool,
    /// How often any table is read, at most: more than once each where a WITH name is used more than once.
    pub(crate) reads: u64,
    /// The first function that the embedded engine lacks.
    pub(crate) unknown_function: Option<QueryError>,
}

/// Walks a query; errors have their position in the text that was parsed.
pub(crate) fn check(query: &Query, sql: Sql) -> Result<Findings, QueryError> {
    let mut walk = Walk {
        sql,
        findings: Findings::default(),
        scopes: Vec::new(),
        conditions: Conditions::default(),
        in_row_pattern: false,
        common_uses: 0,
        tables_read: 0,
    };
    walk.query(query)?;
    let reads = if walk.common_uses > 1 { walk.tables_read.max(1) as u64 } else { 1 };
    Ok(Findings { reads, ..walk.findings })
}

type Checked = Result<(), QueryError>;

struct Walk {
    /// PostgreSQL's own has more; what is not known here to read only is refused there too.
    sql: Sql,
    findings: Findings,
    /// WITH names in reach, innermost last.
    scopes: Vec<Vec<CommonTable>>,
    /// Of the SELECT that is walked.
    conditions: Conditions,
    /// Where functions of the rows of a match are called: in MEASURES and DEFINE.
    in_row_pattern: bool,
    /// Uses of WITH names.
    common_uses: usize,
    tables_read: usize,
}

struct CommonTable {
    name: String,
    /// Tables read wherever it is used.
    tables_read: usize,
}

impl Walk {
    fn common_table(&self, name: &str) -> Option<&CommonTable> {
        self.scopes
            .iter()
            .rev()
            .flat_map(|scope| scope.iter().rev())
            .find(|table| table.name.eq_ignore_ascii_case(name))
    }

    fn read(&mut self, tables: usize, span: Span) -> Checked {
        self.tables_read = self.tables_read.saturating_add(tables);
        if self.tables_read > MAX_TABLES_READ {
            return Err(QueryError::user(
                "QUERY_TOO_COMPLEX",
                format!(
                    "The statement reads more than {MAX_TABLES_READ} tables once its WITH clauses \
                     are put in place, the most that can be planned safely."
                ),
            )
            .at(position(span)));
        }
        Ok(())
    }

    fn is_postgres(&self) -> bool {
        self.sql == Sql::Postgres
    }

    /// Refuses what only PostgreSQL has.
    fn postgres_only(&self, what: &str, present: bool, span: Span) -> Checked {
        refuse(what, present && !self.is_postgres(), span)
    }

    fn named_type(&self, data_type: &DataType, span: Span) -> Checked {
        let allowed = !self.is_postgres() || postgres::is_type(data_type);
        refuse(&format!("The type {data_type}"), !allowed, span)
    }

    fn function(&mut self, name: &ObjectName, table: bool) -> Checked {
        if self.is_postgres() {
            return self.postgres_function(name);
        }
        let text = name.to_string();
        let known = match name.0.as_slice() {
            [ObjectNamePart::Identifier(ident)] => Some(ident.value.to_ascii_lowercase()),
            _ => None,
        };
        let is_known = |name: &str| if table { is_table_function(name) } else { is_function(name) };
        if known.as_deref().is_some_and(is_known) {
            self.findings.volatile |= known.is_some_and(|name| is_volatile(&name));
            return Ok(());
        }
        let is_quoted = name.0.iter().any(|part| part.as_ident().is_some_and(|ident| ident.quote_style.is_some()));
        if self.in_row_pattern && !is_quoted && known.as_deref().is_some_and(is_row_pattern_function) {
            return Ok(());
        }
        let is_elsewhere = known.as_deref().is_some_and(is_elsewhere) && !table;
        let (code, message) = match is_elsewhere {
            true => ("NOT_SUPPORTED_HERE", format!("The embedded engine has no function `{text}`.")),
            false => ("FUNCTION_NOT_ALLOWED", format!("There is no function `{text}` that statements may call.")),
        };
        let names = functions().iter().map(|function| function.name);
        let near = |known: String| nearest(&known, names).map(|near| format!("Did you mean `{near}`?"));
        let hint = known.filter(|_| !table && !is_elsewhere).and_then(|known| match advice::function(&known) {
            Some(advice) => Some(advice.to_owned()),
            None => near(known),
        });
        let error = QueryError { hint, ..QueryError::new(code, ErrorKind::User, message).at(position(name.span())) };
        // Elsewhere too a function in place of a table may be a way around everything: Trino's `query` sends any text to
        // the database behind a connector.
        if table {
            return Err(error);
        }
        // A function of another catalog is nobody's to call: that catalog was never added here.
        if name.0.len() > 1 {
            return Err(error);
        }
        // What is not known to give the same value again may give another.
        self.findings.volatile = true;
        self.findings.unknown_function.get_or_insert(error);
        Ok(())
    }

    /// In place of a value or of a table: there a function is one or the other by what it returns.
    fn postgres_function(&mut self, name: &ObjectName) -> Checked {
        let known = match name.0.as_slice() {
            [ObjectNamePart::Identifier(ident)] => ident.value.to_ascii_lowercase(),
            _ => String::new(),
        };
        if postgres::is_function(&known) {
            self.findings.volatile |= is_volatile(&known);
            return Ok(());
        }
        let error = QueryError::user(
            "FUNCTION_NOT_ALLOWED",
            format!("There is no function `{name}` that statements may call in PostgreSQL."),
        )
        .at(position(name.span()));
        Err(match nearest(&known, postgres::functions()) {
            Some(near) => error.with_hint(format!("Did you mean `{near}`?")),
            None => error.with_hint("Functions of PostgreSQL's own that only read their arguments may be called."),
        })
    }
}

/// Functions whose value is another one tomorrow, or at once.
fn is_volatile(name: &str) -> bool {
    matches!(
        name,
        "now"
            | "today"
            | "current_date"
            | "current_time"
            | "current_timestamp"
            | "localtime"
            | "localtimestamp"
            | "random"
            | "rand"
            | "uuid"
            | "shuffle"
            | "age"
            | "array_sample"
            | "array_shuffle"
            | "clock_timestamp"
            | "gen_random_uuid"
            | "random_normal"
            | "statement_timestamp"
            | "timeofday"
            | "transaction_timestamp"
            | "uuidv4"
            | "uuidv7"
    )
}

fn not_supported(what: &str, span: Span) -> QueryError {
    let message = format!("{what} is not supported.");
    let hint = advice::construct(&message).map(str::to_owned);
    QueryError { hint, ..QueryError::user("NOT_SUPPORTED", message).at(position(span)) }
}

fn refuse(what: &str, present: bool, span: Span) -> Checked {
    if present { Err(not_supported(what, span)) } else { Ok(()) }
}

fn position(span: Span) -> Option<Position> {
    (span.start.line > 0).then_some(Position { line: span.start.line, column: span.start.column })
}

#[cfg(test)]
mod tests {
    use sqlparser::ast::Statement;

    use super::*;

    fn findings(sql: &str) -> Findings {
        let Ok(Statement::Query(query)) = lakefront_trino::parse(sql) else { panic!("no query: {sql}") };
        check(&query, Sql::Trino).expect("it is allowed")
    }

    /// A measure may have the name of a column, and the match that of the table.
    #[test]
    fn conditions_on_matches_are_none_on_the_table() {
        let clause = "match_recognize (order by k measures last(k) as k pattern (a) define a as a.k > 1)";
        for from in [format!("t {clause} as t"), format!("t as m {clause} as m"), format!("(t {clause}) as t")] {
            for condition in ["k = 1", "t.k = 1", "m.k = 1"] {
                let table = &findings(&format!("select 1 from {from} where {condition}")).tables[0];
                assert!(table.conditions.is_empty() && table.restricted.is_empty(), "{from} {condition}: {table:?}");
            }
        }
        let table = &findings(&format!("select 1 from (select * from t where k = 1) {clause}")).tables[0];
        assert_eq!((table.conditions.len(), table.restricted.len()), (1, 1), "{table:?}");
    }
}
