//! `{{name}}` and `[[ … {{name}} … ]]`.
//!
//! A parameter becomes a placeholder and its value travels beside the text, so no value can become
//! SQL. An optional clause stays when every parameter in it has a value and goes when one has none.

use std::collections::BTreeMap;
use std::ops::Range;

use lakefront_engine::Literal;
use lakefront_trino::{Sql, Word, row_patterns, words_of};
use serde_json::Value;
use sqlparser::tokenizer::Token;

use super::text::{Edit, Text};
use super::{in_authors_text, syntax_error};
use crate::{Position, QueryError};

/// Values of one statement, items of lists counted singly.
const MAX_VALUES: usize = 10_000;
const MAX_VALUE_BYTES: usize = 1 << 20;

/// The statement with placeholders, and their values in order.
#[derive(Debug)]
pub(crate) struct Expanded {
    pub(crate) text: Text,
    pub(crate) literals: Vec<Literal>,
}

/// Puts placeholders in place of parameters, and of each `?` where there are values for these.
pub(crate) fn expand(
    sql: Sql,
    text: &Text,
    values: &BTreeMap<String, Value>,
    marked: Option<&[Literal]>,
) -> Result<Expanded, QueryError> {
    let words = words_of(sql, text.as_str()).map_err(|error| {
        let position = text.author_position(error.line, error.column);
        syntax_error(error, position)
    })?;
    let mut expansion = Expansion {
        words: &words,
        values,
        marked,
        marks: 0,
        patterns: in_patterns(sql, &words),
        edits: Vec::new(),
        literals: Vec::new(),
        value_bytes: 0,
        brackets: Vec::new(),
    };
    expansion.run().and_then(|()| expansion.all_taken()).map_err(|error| in_authors_text(error, text))?;
    Ok(Expanded { text: text.edit(&expansion.edits), literals: expansion.literals })
}

struct Expansion<'a> {
    words: &'a [Word],
    values: &'a BTreeMap<String, Value>,
    /// Values of each `?`, in order; `None` where it is no parameter.
    marked: Option<&'a [Literal]>,
    /// How many `?` were met.
    marks: usize,
    /// Words of row patterns, in which `?` and `$` are something else.
    patterns: Vec<bool>,
    edits: Vec<Edit>,
    literals: Vec<Literal>,
    value_bytes: usize,
    /// Open brackets, innermost last.
    brackets: Vec<&'a Token>,
}

/// `{{name}}` over a range of words.
struct Parameter {
    name: String,
    words: Range<usize>,
}

impl Expansion<'_> {
    fn run(&mut self) -> Result<(), QueryError> {
        let mut index = 0;
        let mut clause_end = None;
        while index < self.words.len() {
            if clause_end == Some(index) {
                self.blank(index..index + 2);
                clause_end = None;
                index += 2;
            } else if let Some(parameter) = self.parameter(index)? {
                index = parameter.words.end;
                self.bind(&parameter)?;
            } else if clause_end.is_none()
                && self.pair(index, &Token::LBracket)
                && let Some(clause) = self.clause(index)?
            {
                if clause.has_values {
                    self.blank(index..index + 2);
                    clause_end = Some(clause.end);
                    index += 2;
                } else {
                    let is_marked = |at: &usize| is_mark(&self.words[*at].token) && !self.patterns[*at];
                    self.marks += (index..clause.end).filter(is_marked).count();
                    self.blank(index..clause.end + 2);
                    index = clause.end + 2;
                }
            } else {
                self.step(index)?;
                index += 1;
            }
        }
        Ok(())
    }

    fn step(&mut self, index: usize) -> Result<(), QueryError> {
        let word = &self.words[index];
        match &word.token {
            Token::LParen | Token::LBracket | Token::LBrace => self.brackets.push(&word.token),
            Token::RParen | Token::RBracket | Token::RBrace => {
                self.brackets.pop();
            }
            Token::Placeholder(text) if self.patterns[index] && matches!(text.as_str(), "?" | "$") => {}
            token if self.marked.is_some() && is_mark(token) => self.take(index),
            Token::Placeholder(text) if self.marked.is_some() => {
                return Err(QueryError::user("NOT_SUPPORTED", format!("`{text}` is no parameter here."))
                    .with_hint("Write ? for each value after USING.")
                    .at(Some(at(word))));
            }
            Token::Placeholder(text) => {
                let code = if text == "?" { "INVALID_PARAMETER_USAGE" } else { "NOT_SUPPORTED" };
                return Err(QueryError::user(code, format!("`{text}` is no parameter here."))
                    .with_hint("Write parameters as {{name}}, or EXECUTE IMMEDIATE 'select … ?' USING 1.")
                    .at(Some(at(word))));
            }
            _ => {}
        }
        Ok(())
    }

    /// Gives a `?` its value.
    fn take(&mut self, index: usize) {
        let literal = self.marked.and_then(|marked| marked.get(self.marks));
        self.marks += 1;
        // One too many is told once all are counted.
        if let Some(literal) = literal {
            self.literals.push(literal.clone());
            self.replace(index..index + 1, format!(" ${} ", self.literals.len()));
        }
    }

    /// Whether there is a value for each `?`, and none more.
    fn all_taken(&self) -> Result<(), QueryError> {
        let given = self.marked.map_or(0, <[Literal]>::len);
        if self.marked.is_none() || self.marks == given {
            return Ok(());
        }
        let message = format!("Incorrect number of parameters: expected {} but found {given}.", self.marks);
        Err(QueryError::user("INVALID_PARAMETER_USAGE", message)
            .with_hint("Write one value after USING for each ? of the statement."))
    }

    /// Whether two of these stand here side by side.
    fn pair(&self, index: usize, token: &Token) -> bool {
        match self.words.get(index..index + 2) {
            Some([first, second]) => first.token == *token && second.token == *token,
            _ => false,
        }
    }

    fn parameter(&self, index: usize) -> Result<Option<Parameter>, QueryError> {
        if !self.pair(index, &Token::LBrace) {
            return Ok(None);
        }
        let skip = |mut index: usize| {
            while self.words.get(index).is_some_and(Word::is_space) {
                index += 1;
            }
            index
        };
        let name = skip(index + 2);
        let end = skip(name + 1);
        match self.words.get(name).map(|word| &word.token) {
            Some(Token::Word(word)) if word.quote_style.is_none() && self.pair(end, &Token::RBrace) => {
                Ok(Some(Parameter { name: word.value.clone(), words: index..end + 2 }))
            }
            _ => {
                Err(QueryError::user("SYNTAX_ERROR", "A parameter is written {{name}}.")
                    .at(Some(at(&self.words[index]))))
            }
        }
    }

    /// The optional clause that begins here. Brackets without a parameter are an array's.
    fn clause(&self, start: usize) -> Result<Option<Clause>, QueryError> {
        let mut depth = 0;
        let mut parameters = Vec::new();
        let mut index = start + 2;
        while index < self.words.len() {
            if let Some(parameter) = self.parameter(index)? {
                index = parameter.words.end;
                parameters.push(parameter);
                continue;
            }
            match self.words[index].token {
                Token::LBracket => depth += 1,
                Token::RBracket if depth > 0 => depth -= 1,
                Token::RBracket if self.pair(index, &Token::RBracket) => {
                    let has_values = parameters
                        .iter()
                        .all(|parameter| self.values.get(&parameter.name).is_some_and(|value| !is_empty(value)));
                    return Ok((!parameters.is_empty()).then_some(Clause { end: index, has_values }));
                }
                _ => {}
            }
            index += 1;
        }
        if parameters.is_empty() {
            return Ok(None);
        }
        Err(QueryError::user("SYNTAX_ERROR", "This optional clause has no end.")
            .with_hint("Close [[ with ]].")
            .at(Some(at(&self.words[start]))))
    }

    fn bind(&mut self, parameter: &Parameter) -> Result<(), QueryError> {
        let name = &parameter.name;
        let position = Some(at(&self.words[parameter.words.start]));
        let missing = || {
            QueryError::user("MISSING_PARAMETER", format!("The parameter `{name}` has no value."))
                .with_hint(format!("Give `{name}` a value, or make its clause optional: [[ and … {{{{{name}}}}} ]]."))
                .at(position)
        };
        let invalid = |message: String| QueryError::user("INVALID_PARAMETER", message).at(position);
        let values = self.values;
        let items = match values.get(name).ok_or_else(missing)? {
            Value::Array(items) if items.is_empty() => return Err(missing()),
            Value::Array(items) => {
                if items.len() > 1 && !self.is_list_item(&parameter.words) {
                    return Err(invalid(format!(
                        "The parameter `{name}` has {} values where one is expected.",
                        items.len()
                    ))
                    .with_hint(format!("Compare with a list: … in ({{{{{name}}}}}).")));
                }
                items.as_slice()
            }
            single => std::slice::from_ref(single),
        };
        let mut placeholders = String::from(" ");
        for item in items {
            let literal = literal(item).ok_or_else(|| {
                invalid(format!(
                    "The parameter `{name}` must be text, a number, true, false, null, or a list of these."
                ))
            })?;
            if let Literal::Varchar(text) = &literal {
                self.value_bytes += text.len();
            }
            self.literals.push(literal);
            if self.literals.len() > MAX_VALUES || self.value_bytes > MAX_VALUE_BYTES {
                return Err(invalid(format!(
                    "The parameters have more than {MAX_VALUES} values or {} KiB.",
                    MAX_VALUE_BYTES >> 10
                )));
            }
            if placeholders.len() > 1 {
                placeholders.push_str(", ");
            }
            placeholders.push_str(&format!("${}", self.literals.len()));
        }
        placeholders.push(' ');
        self.replace(parameter.words.clone(), placeholders);
        Ok(())
    }

    /// Whether commas may stand here: between parentheses and other commas.
    fn is_list_item(&self, words: &Range<usize>) -> bool {
        let before = self.words[..words.start].iter().rev().find(|word| !word.is_space());
        let after = self.words[words.end..].iter().find(|word| !word.is_space());
        self.brackets.last() == Some(&&Token::LParen)
            && before.is_some_and(|word| matches!(word.token, Token::LParen | Token::Comma))
            && after.is_some_and(|word| matches!(word.token, Token::RParen | Token::Comma))
    }

    fn blank(&mut self, words: Range<usize>) {
        self.replace(words, " ".to_owned());
    }

    fn replace(&mut self, words: Range<usize>, replacement: String) {
        let start = self.words[words.start].range.start;
        let end = self.words[words.end - 1].range.end;
        self.edits.push(Edit { range: start..end, replacement });
    }
}

struct Clause {
    /// Index of the first `]`.
    end: usize,
    has_values: bool,
}

/// To PostgreSQL's reader it is an operator.
/// How many `?` a text has.
pub(super) fn marks(sql: Sql, text: &Text) -> usize {
    // What has no words is told by whoever reads the statement.
    let words = words_of(sql, text.as_str()).unwrap_or_default();
    marked_words(&words, &in_patterns(sql, &words)).count()
}

/// Which of the words are those of row patterns.
fn in_patterns(sql: Sql, words: &[Word]) -> Vec<bool> {
    let mut within = vec![false; words.len()];
    if sql == Sql::Trino {
        row_patterns(words).into_iter().for_each(|pattern| within[pattern].fill(true));
    }
    within
}

/// Where `?` is a parameter.
fn marked_words<'a>(words: &'a [Word], in_patterns: &'a [bool]) -> impl Iterator<Item = usize> + 'a {
    (0..words.len()).filter(|at| is_mark(&words[*at].token) && !in_patterns[*at])
}

fn is_mark(token: &Token) -> bool {
    match token {
        Token::Placeholder(text) => text == "?",
        token => *token == Token::Question,
    }
}

fn at(word: &Word) -> Position {
    let (line, column) = word.position();
    Position { line, column }
}

/// What a filter sends that is set to nothing.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

fn literal(value: &Value) -> Option<Literal> {
    match value {
        Value::Null => Some(Literal::Null),
        Value::Bool(value) => Some(Literal::Boolean(*value)),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => Some(Literal::BigInt(integer)),
            None => number.as_f64().map(Literal::Double),
        },
        Value::String(text) => Some(Literal::Varchar(text.clone())),
        Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
#[path = "parameters_tests.rs"]
mod tests;
