//! `PREPARE name FROM statement`, `EXECUTE name`, `DEALLOCATE PREPARE name`: which name is meant, and what is kept
//! under it.

use std::ops::Range;

use lakefront_trino::{Sql, Word, words_of};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use super::execute::is;
use super::text::{Edit, Text};
use crate::{ErrorKind, Position, QueryError, Request};

/// As long as Athena's.
const LONGEST_NAME: usize = 256;

/// A statement about a name.
#[derive(Debug)]
pub(crate) struct Named {
    /// In lower case.
    pub(crate) name: String,
    /// Where the author wrote it.
    pub(super) place: Range<usize>,
    pub(crate) position: Position,
    pub(super) act: Act,
}

#[derive(Debug)]
pub(super) enum Act {
    Execute,
    /// The statement, with the way back to where it stands in the author's text.
    Prepare(Text),
    Deallocate,
}

impl Named {
    /// `None` for a statement that says nothing of names.
    pub(crate) fn of(request: &Request) -> Result<Option<Self>, QueryError> {
        let author = request.sql.as_str();
        // What has no words is told by whoever reads the statement.
        let words = match may_be_prepared(author).then(|| words_of(Sql::Trino, author)) {
            Some(Ok(words)) => words,
            Some(Err(_)) | None => return Ok(None),
        };
        let mut words = words.iter().filter(|word| !word.is_space()).peekable();
        let Some(first) = words.next() else { return Ok(None) };
        let second = words.peek().copied();
        let then = |keyword| second.is_some_and(|word| is(word, keyword));
        let verb = match () {
            () if is(first, Keyword::EXECUTE) && !then(Keyword::IMMEDIATE) => "EXECUTE",
            () if is(first, Keyword::PREPARE) => "PREPARE",
            () if is(first, Keyword::DEALLOCATE) => "DEALLOCATE",
            () if is(first, Keyword::DESCRIBE) || is(first, Keyword::DESC) => {
                words.next();
                let named = words.next().is_some_and(|word| matches!(word.token, Token::Word(_)));
                return match second {
                    Some(which) if named && (is(which, Keyword::INPUT) || is(which, Keyword::OUTPUT)) => {
                        let message = format!("DESCRIBE {} is not supported.", which.token.to_string().to_uppercase());
                        Err(QueryError::user("STATEMENT_NOT_ALLOWED", message).at(position(first)))
                    }
                    _ => Ok(None),
                };
            }
            () => return Ok(None),
        };
        let form = match verb {
            "EXECUTE" => "Write EXECUTE name USING 1, or EXECUTE IMMEDIATE 'select … where id = ?' USING 1.",
            "PREPARE" => "Write PREPARE name FROM SELECT … WHERE id = ?.",
            _ => "Write DEALLOCATE PREPARE name.",
        };
        let wrong = |message: &str, word: Option<&Word>| {
            QueryError::user("SYNTAX_ERROR", message).with_hint(form).at(word.and_then(position))
        };
        if request.origin.dashboard.is_some() {
            let message = "A dashboard prepares no statements and uses none: each person has their own.";
            return Err(QueryError::user("STATEMENT_NOT_ALLOWED", message)
                .with_hint("Write the statement itself, with {{name}} for a parameter.")
                .at(position(first)));
        }
        if verb != "EXECUTE" && !request.may_prepare {
            let message = format!("{verb} changes what is kept, which this token may not.");
            return Err(QueryError::new("FORBIDDEN", ErrorKind::Forbidden, message)
                .with_hint("Use a token with the scope `write`, or EXECUTE IMMEDIATE.")
                .at(position(first)));
        }
        if verb == "DEALLOCATE" && words.next_if(|word| is(word, Keyword::PREPARE)).is_none() {
            return Err(wrong("After DEALLOCATE stands PREPARE.", second));
        }
        let (word, name) = match words.next() {
            Some(word @ Word { token: Token::Word(name), .. }) => (word, name.value.to_lowercase()),
            other => return Err(wrong(&format!("{verb} takes the name of a statement."), other)),
        };
        if name.chars().count() > LONGEST_NAME {
            return Err(wrong(&format!("The name is longer than {LONGEST_NAME} characters."), Some(word)));
        }
        let act = match verb {
            "EXECUTE" => Act::Execute,
            "PREPARE" => match words.next() {
                Some(from) if is(from, Keyword::FROM) => {
                    let before = Edit { range: 0..from.range.end, replacement: String::new() };
                    Act::Prepare(Text::new(author).edit(&[before]))
                }
                other => return Err(wrong("After the name stands FROM and the statement.", other)),
            },
            _ => match words.find(|word| word.token != Token::SemiColon) {
                Some(more) => return Err(wrong("Nothing stands after the name.", Some(more))),
                None => Act::Deallocate,
            },
        };
        Ok(position(word).map(|position| Self { name, place: word.range.clone(), position, act }))
    }

    /// Whether it runs what the name stands for.
    pub(crate) fn executes(&self) -> bool {
        matches!(self.act, Act::Execute)
    }
}

pub(crate) fn no_prepared_statement(name: &str, position: Position) -> QueryError {
    QueryError::new("NOT_FOUND", ErrorKind::User, format!("Prepared statement not found: {name}."))
        .with_hint(format!("Write PREPARE {name} FROM SELECT … first; each person has their own."))
        .at(Some(position))
}

/// Without a look at all of its words: nearly every statement is another one.
pub(super) fn may_be_prepared(text: &str) -> bool {
    let start = text.trim_start();
    let begins = |word: &&str| start.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    ["--", "/*", "execute", "prepare", "deallocate", "desc"].iter().any(begins)
}

fn position(word: &Word) -> Option<Position> {
    let (line, column) = word.position();
    Some(Position { line, column })
}
