//! `EXPLAIN (TYPE …, FORMAT …)`: its options, which the parser is not shown.

use lakefront_trino::{Sql, Word, words_of};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use super::execute::is;
use super::text::{Edit, Text};
use crate::{Position, QueryError};

/// What an EXPLAIN answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Answer {
    /// What would be read, where, at what price, and the plan.
    #[default]
    Plan,
    /// Whether the statement can be planned.
    Validity,
}

/// Takes the options out of the text.
pub(super) fn options(sql: Sql, text: Text) -> Result<(Text, Answer), QueryError> {
    // What has no words is told by whoever reads the statement.
    let words = words_of(sql, text.as_str()).unwrap_or_default();
    let mut words = words.iter().filter(|word| !word.is_space());
    let Some(first) = words.next().filter(|word| is(word, Keyword::EXPLAIN)) else {
        return Ok((text, Answer::default()));
    };
    let mut next = words.next();
    let analyze = next.filter(|word| is(word, Keyword::ANALYZE));
    if analyze.is_some() {
        next = words.next();
    }
    let at = |word: &Word| {
        let (line, column) = word.position();
        Some(text.author_position(line, column))
    };
    if let Some(verbose) = next.filter(|word| is(word, Keyword::VERBOSE)) {
        return Err(refused("EXPLAIN … VERBOSE", at(verbose)));
    }
    let Some(open) = next.filter(|word| word.token == Token::LParen) else { return Ok((text, Answer::default())) };
    let name = |word: Option<&Word>| match word.map(|word| &word.token) {
        Some(Token::Word(word)) if word.quote_style.is_none() => word.value.to_ascii_uppercase(),
        _ => String::new(),
    };
    let mut answer = Answer::default();
    let mut option = words.next();
    // Otherwise it is the query that stands in parentheses.
    if !matches!(name(option).as_str(), "TYPE" | "FORMAT") {
        return Ok((text, answer));
    }
    if let Some(analyze) = analyze {
        return Err(refused("EXPLAIN ANALYZE with options", at(analyze)));
    }
    loop {
        let value = words.next();
        match (name(option).as_str(), name(value).as_str()) {
            ("TYPE", "DISTRIBUTED") | ("FORMAT", "TEXT") => {}
            ("TYPE", "VALIDATE") => answer = Answer::Validity,
            (kind @ ("TYPE" | "FORMAT"), given) => {
                let position = option.and_then(at);
                return Err(refused(&format!("EXPLAIN ({kind} {given})"), position).with_hint(
                    "Without options it tells the plan, the engine, the tables with their bytes, and the price.",
                ));
            }
            (given, _) => return Err(refused(&format!("EXPLAIN ({given} …)"), option.and_then(at))),
        }
        match words.next().map(|word| (word, &word.token)) {
            Some((_, Token::Comma)) => option = words.next(),
            Some((close, Token::RParen)) => {
                let options = Edit { range: open.range.start..close.range.end, replacement: String::new() };
                return Ok((text.edit(&[options]), answer));
            }
            other => {
                let position = other.map_or_else(|| at(first), |(word, _)| at(word));
                return Err(QueryError::user(
                    "SYNTAX_ERROR",
                    "Options stand in parentheses, with commas between them.",
                )
                .with_hint("Write EXPLAIN (TYPE VALIDATE) SELECT ….")
                .at(position));
            }
        }
    }
}

fn refused(what: &str, position: Option<Position>) -> QueryError {
    QueryError::user("NOT_SUPPORTED", format!("{what} is not supported.")).at(position)
}
