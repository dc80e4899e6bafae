//! The dialects as Lakefront reads them, Trino's and PostgreSQL's: words, limits, parsing. No I/O.
//!
//! A hostile statement must not reach the parser, whose tree is as deep as the text is nested:
//! [`parse`] counts over the words first and refuses, in linear time, what would be unsafe to
//! build, walk, plan or drop.

mod aggregates;
pub mod analyze;
pub mod call;
mod cast;
pub mod closure;
pub mod coercion;
mod comparison;
mod decimal;
mod dialect;
pub mod error;
mod frame;
pub mod functions;
mod ingest;
mod json;
mod json_cast;
mod lanes;
mod limits;
mod matching;
pub mod output;
pub mod physical;
mod print;
pub mod reference;
mod routines;
mod row_pattern;
mod rows;
mod runs;
mod short_circuit;
pub mod signature;
mod temporal;
mod tree;
pub mod types;
mod udf;
mod unread;
pub mod value;
pub mod views;
mod windows;
mod words;
pub mod written;
pub mod zone;

use sqlparser::ast::Statement;
use sqlparser::dialect::{Dialect, PostgreSqlDialect};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use dialect::TrinoDialect;
use dialect::grammar;
use dialect::postgres::PostgresDialect;
use dialect::steps::Steps;
pub use functions::{FunctionInfo, FunctionKind, functions, is_elsewhere, is_function, is_table_function};
pub use limits::{
    MAX_ITEMS, MAX_JOINS, MAX_NESTING, MAX_OPERATORS, MAX_SELECT_ITEMS, MAX_SET_OPERATIONS, MAX_SUBQUERIES,
    MAX_TEXT_BYTES, MAX_WORDS,
};
pub use print::print;
pub use row_pattern::{is_processing_mode, is_row_pattern_function, row_patterns};
pub use tree::{count_relations, has_expression};
pub use words::{Word, words, words_of};

/// How deep the parser may recurse. The nesting limit is what people meet; one level of it takes
/// the parser several calls.
pub const RECURSION_LIMIT: usize = 2 * (MAX_OPERATORS + MAX_NESTING);

/// The dialect that checker and planner share: a text must mean the same to both.
pub fn dialect() -> &'static dyn Dialect {
    static TRINO: TrinoDialect = TrinoDialect(Steps::none());
    &TRINO
}

/// Whose SQL a text is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sql {
    /// As the embedded engine and Trino read it.
    #[default]
    Trino,
    Postgres,
}

impl Sql {
    fn dialect(self) -> &'static dyn Dialect {
        match self {
            Sql::Trino => dialect(),
            Sql::Postgres => &PostgreSqlDialect {},
        }
    }

    /// One that parses so many words.
    fn parsing(self, words: usize) -> Box<dyn Dialect> {
        let steps = Steps::for_words(words);
        match self {
            Sql::Trino => Box::new(TrinoDialect(steps)),
            Sql::Postgres => Box::new(PostgresDialect(steps)),
        }
    }
}

/// Why a text is no statement. Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    pub kind: SyntaxErrorKind,
    pub message: String,
    pub line: u64,
    pub column: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyntaxErrorKind {
    /// Not SQL.
    Syntax,
    /// Longer, deeper or wider than is safe to plan.
    TooComplex,
    /// More than one statement, or one that writes or configures.
    NotAllowed,
    /// Trino's, and not read here.
    NotSupported,
}

impl SyntaxError {
    fn new(kind: SyntaxErrorKind, message: impl Into<String>, (line, column): (u64, u64)) -> Self {
        Self { kind, message: message.into(), line, column }
    }
}

/// Parses one statement of Trino's SQL; a `;` after it is fine.
pub fn parse(text: &str) -> Result<Statement, SyntaxError> {
    parse_as(Sql::Trino, text)
}

/// Parses one statement; a `;` after it is fine.
pub fn parse_as(sql: Sql, text: &str) -> Result<Statement, SyntaxError> {
    let words = words_of(sql, text)?;
    limits::check(&words)?;
    // Their bodies may hold more than one statement.
    let has_routines = sql == Sql::Trino && routines::are_defined(&words)?;
    one_readable_statement(&words)?;

    let end = words.last().map_or((1, 1), Word::position);
    if let Some(word) = words.iter().find(|word| is_unprintable(word)) {
        let message = "A name with two quotes beside each other is not supported.";
        return Err(SyntaxError::new(SyntaxErrorKind::Syntax, message, word.position()));
    }
    if sql == Sql::Trino {
        grammar::check_words(&words)?;
    }
    let tokens = words.into_iter().map(|word| TokenWithSpan::new(word.token, word.span)).collect();
    let tokens = match sql {
        Sql::Trino => row_pattern::joined(rows::listed(rows::bracketed(rows::quantified(rows::selected(tokens)))))?,
        Sql::Postgres => tokens,
    };
    let dialect = sql.parsing(tokens.len());
    let mut parser =
        Parser::new(dialect.as_ref()).with_recursion_limit(RECURSION_LIMIT).with_tokens_with_locations(tokens);
    let mut own = Vec::new();
    let read = if has_routines { routines::read(&mut parser).map(|routines| own = routines) } else { Ok(()) };
    let read = read.and_then(|()| Ok(parser.parse_statements()?));
    let mut statements = read.map_err(|failure| match failure {
        routines::Failure::Refused(error) => error,
        routines::Failure::Parser(error) => {
            let start = parser.peek_token().span.start;
            let here = if start.line == 0 { end } else { (start.line, start.column) };
            at_its_word(parser_error(error, here), sql, text)
        }
    })?;
    // The parser takes END for the end of a block that it is in.
    let rest = parser.peek_token();
    if rest.token != Token::EOF {
        let message = format!("{} has nothing before it that it ends.", rest.token);
        let at = (rest.span.start.line, rest.span.start.column);
        return Err(SyntaxError::new(SyntaxErrorKind::Syntax, message, at));
    }
    match (statements.pop(), statements.is_empty()) {
        (Some(mut statement), true) => {
            if sql == Sql::Trino {
                row_pattern::put_in_place(&mut statement)?;
                print::bracket(&mut statement);
                if has_routines {
                    routines::put_in_place(own, &mut statement)?;
                }
                grammar::check(&statement, text)?;
            }
            Ok(statement)
        }
        (Some(_), false) => {
            Err(SyntaxError::new(SyntaxErrorKind::NotAllowed, "Only one statement at a time can run.", end))
        }
        (None, _) => Err(SyntaxError::new(SyntaxErrorKind::Syntax, "There is no statement here.", end)),
    }
}

/// The printer takes the quotes for one.
fn is_unprintable(word: &Word) -> bool {
    matches!(&word.token, Token::Word(name) if name.quote_style.is_some() && name.value.contains("\"\""))
}

/// Refuses by its first word what could never be allowed, whether or not the parser knows its
/// syntax: `UNLOAD` is as forbidden as `INSERT`.
fn one_readable_statement(words: &[Word]) -> Result<(), SyntaxError> {
    let mut significant = words.iter().filter(|word| !word.is_space());
    let Some(first) = significant.next() else {
        return Err(SyntaxError::new(SyntaxErrorKind::Syntax, "There is no statement here.", (1, 1)));
    };
    if let Token::Word(word) = &first.token
        && word.quote_style.is_none()
        && STATEMENTS_NOT_FOR_READING.contains(&word.value.to_ascii_uppercase().as_str())
    {
        return Err(SyntaxError::new(
            SyntaxErrorKind::NotAllowed,
            format!("{} is not allowed; statements here only read.", word.value.to_ascii_uppercase()),
            first.position(),
        ));
    }
    let mut after_end = significant.skip_while(|word| word.token != Token::SemiColon);
    if let Some(more) = after_end.find(|word| word.token != Token::SemiColon) {
        return Err(SyntaxError::new(
            SyntaxErrorKind::NotAllowed,
            "Only one statement at a time can run.",
            more.position(),
        ));
    }
    Ok(())
}

const STATEMENTS_NOT_FOR_READING: &[&str] = &[
    "ALTER",
    "ANALYZE",
    "ATTACH",
    "BEGIN",
    "CACHE",
    "CALL",
    "CLOSE",
    "COMMENT",
    "COMMIT",
    "COPY",
    "CREATE",
    "DEALLOCATE",
    "DECLARE",
    "DELETE",
    "DENY",
    "DETACH",
    "DISCARD",
    "DO",
    "DROP",
    "END",
    "EXEC",
    "EXECUTE",
    "EXPORT",
    "FETCH",
    "FLUSH",
    "GRANT",
    "IMPORT",
    "INSERT",
    "INSTALL",
    "KILL",
    "LISTEN",
    "LOAD",
    "LOCK",
    "MERGE",
    "MSCK",
    "NOTIFY",
    "OPEN",
    "OPTIMIZE",
    "PRAGMA",
    "PREPARE",
    "PURGE",
    "REFRESH",
    "RELEASE",
    "RENAME",
    "REPLACE",
    "RESET",
    "REVOKE",
    "ROLLBACK",
    "SAVEPOINT",
    "SET",
    "START",
    "TRUNCATE",
    "UNCACHE",
    "UNLISTEN",
    "UNLOAD",
    "UNLOCK",
    "UPDATE",
    "USE",
    "VACUUM",
];

fn parser_error(error: ParserError, here: (u64, u64)) -> SyntaxError {
    let text = match error {
        ParserError::RecursionLimitExceeded => {
            return SyntaxError::new(SyntaxErrorKind::TooComplex, "The statement is nested too deeply.", here);
        }
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text,
    };
    let (message, position) = split_position(&text);
    SyntaxError::new(SyntaxErrorKind::Syntax, readable(message), position.unwrap_or(here))
}

/// The parser sometimes points behind the word that it did not expect.
fn at_its_word(error: SyntaxError, sql: Sql, text: &str) -> SyntaxError {
    let words = words_of(sql, text).unwrap_or_default();
    let mut before =
        words.iter().filter(|word| !word.is_space() && word.position() <= (error.line, error.column)).rev();
    let is_named = |word: &&Word| error.message.ends_with(&format!("found {}.", &text[word.range.clone()]));
    match (before.next(), before.next()) {
        (Some(here), Some(last)) if !is_named(&here) && is_named(&last) => {
            let (line, column) = last.position();
            SyntaxError { line, column, ..error }
        }
        _ => error,
    }
}

/// The parser appends ` at Line: 1, Column: 8` to its messages.
fn split_position(text: &str) -> (&str, Option<(u64, u64)>) {
    let parse = || {
        let (message, place) = text.rsplit_once(" at Line: ")?;
        let (line, column) = place.split_once(", Column: ")?;
        Some((message, (line.parse().ok()?, column.parse().ok()?)))
    };
    match parse() {
        Some((message, (0, _))) => (message, None),
        Some((message, position)) => (message, Some(position)),
        None => (text, None),
    }
}

fn readable(message: &str) -> String {
    let message = message
        .replace("Expected: ", "Expected ")
        .replace(", found: ", " but found ")
        .replace("found EOF", "found the end of the statement");
    format!("{}.", message.trim_end_matches('.'))
}
