//! `EXECUTE IMMEDIATE 'statement' USING value, …` and `EXECUTE name USING value, …`: the statement that is meant, and the
//! values of its `?`.
//!
//! The statement within the text, or of that name, goes the road of any other. Its values are literals of Trino's SQL
//! whoever reads the statement; they stay beside the text as those of `{{name}}` do, so no value can become SQL.

use std::collections::BTreeMap;
use std::ops::Range;

use lakefront_engine::{Literal, Written};
use lakefront_trino::{Sql, Word, words_of, written};
use serde_json::Value;
use sqlparser::ast::{Expr, SelectItem, SetExpr, Statement, Value as Constant};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

use super::prepared::may_be_prepared;
use super::text::{Edit, Text};
use super::{in_authors_text, parameters, syntax_error};
use crate::{Position, QueryError};

const FORM: &str = "Write EXECUTE IMMEDIATE 'select … where id = ?' USING 1.";

/// What an author asks for.
#[derive(Debug)]
pub(super) struct Asked {
    /// The statement, with the way back to where it stands in the author's text.
    pub(super) text: Text,
    /// `None` for a statement that stands by itself; `?` is none of its words.
    values: Option<Values>,
}

/// The values as the list of a SELECT; `None` for none.
#[derive(Debug)]
struct Values(Option<Text>);

impl Asked {
    /// Takes a statement out of an EXECUTE; any other is what is asked for. `stored` is the statement of the name that
    /// the text executes, and where that name stands.
    pub(super) fn of(author: &str, stored: Option<(&Range<usize>, &str)>) -> Result<Self, QueryError> {
        let text = Text::new(author);
        // What has no words is told by whoever reads the statement.
        let words = match may_be_prepared(author).then(|| words_of(Sql::Trino, author)) {
            Some(Ok(words)) => words,
            Some(Err(_)) | None => return Ok(Self { text, values: None }),
        };
        let mut words = words.iter().filter(|word| !word.is_space());
        let wrong = |message: &str, word: Option<&Word>| {
            let position = word.map(Word::position).map(|(line, column)| Position { line, column });
            QueryError::user("SYNTAX_ERROR", message).with_hint(FORM).at(position)
        };
        let edits = match (stored, words.next(), words.next()) {
            (Some((name, statement)), Some(_), Some(_)) => replaced(author, name, statement),
            (None, Some(execute), Some(immediate))
                if is(execute, Keyword::EXECUTE) && is(immediate, Keyword::IMMEDIATE) =>
            {
                match words.next() {
                    Some(word) if matches!(word.token, Token::SingleQuotedString(_)) => unquoted(author, &word.range),
                    other => return Err(wrong("EXECUTE IMMEDIATE takes a statement as text in single quotes.", other)),
                }
            }
            _ => return Ok(Self { text, values: None }),
        };
        let values = match words.next() {
            Some(using) if is(using, Keyword::USING) => {
                let begin = Edit { range: 0..using.range.end, replacement: "SELECT".to_owned() };
                Some(text.edit(&[begin]))
            }
            Some(word) if word.token != Token::SemiColon => {
                return Err(wrong("After the statement stands USING and its values, or nothing.", Some(word)));
            }
            Some(_) | None => {
                if let Some(more) = words.find(|word| word.token != Token::SemiColon) {
                    let message = "Only one statement at a time can run.";
                    return Err(QueryError { code: "STATEMENT_NOT_ALLOWED", ..wrong(message, Some(more)) });
                }
                None
            }
        };
        Ok(Self { text: text.edit(&edits), values: Some(Values(values)) })
    }

    /// The values of the statement's `?`, in order; `None` where it has none to give.
    pub(super) fn literals(
        &self,
        sql: Sql,
        parameters: &BTreeMap<String, Value>,
    ) -> Result<Option<Vec<Literal>>, QueryError> {
        let list = match &self.values {
            None => return Ok(None),
            Some(Values(None)) => return Ok(Some(Vec::new())),
            Some(Values(Some(list))) => list,
        };
        let expanded = parameters::expand(Sql::Trino, list, parameters, None)?;
        let list = expanded.text;
        let tree = lakefront_trino::parse(list.as_str()).map_err(|error| {
            let position = list.author_position(error.line, error.column);
            syntax_error(error, position).with_hint(FORM)
        })?;
        let mut literals = Vec::new();
        for ast in listed(&tree).ok_or_else(|| {
            QueryError::user("SYNTAX_ERROR", "After USING stand values, with commas between them.").with_hint(FORM)
        })? {
            let parameter = placeholder(ast).and_then(|at| expanded.literals.get(at));
            literals.push(match parameter {
                Some(literal) => literal.clone(),
                None => read(ast, sql).map_err(|error| in_authors_text(error, &list))?,
            });
        }
        Ok(Some(literals))
    }
}

/// Puts a statement in place of its name, and of all around it.
fn replaced(author: &str, name: &Range<usize>, statement: &str) -> Vec<Edit> {
    vec![
        Edit { range: 0..name.start, replacement: String::new() },
        Edit { range: name.clone(), replacement: statement.to_owned() },
        Edit { range: name.end..author.len(), replacement: String::new() },
    ]
}

/// Leaves what a text in quotes says.
fn unquoted(author: &str, quoted: &Range<usize>) -> Vec<Edit> {
    let inside = quoted.start + 1..quoted.end - 1;
    let mut edits = vec![Edit { range: 0..inside.start, replacement: String::new() }];
    for (quote, _) in author[inside.clone()].match_indices("''") {
        let start = inside.start + quote;
        edits.push(Edit { range: start..start + 2, replacement: "'".to_owned() });
    }
    edits.push(Edit { range: inside.end..author.len(), replacement: String::new() });
    edits
}

pub(super) fn is(word: &Word, keyword: Keyword) -> bool {
    matches!(&word.token, Token::Word(word) if word.quote_style.is_none() && word.keyword == keyword)
}

/// The expressions of `SELECT a, b`, where the statement is nothing more.
fn listed(tree: &Statement) -> Option<Vec<&Expr>> {
    let Statement::Query(query) = tree else { return None };
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let expressions: Option<Vec<&Expr>> = select
        .projection
        .iter()
        .map(|item| match item {
            SelectItem::UnnamedExpr(expression) => Some(expression),
            _ => None,
        })
        .collect();
    // What is written anew of the list is all there was.
    let expressions = expressions?;
    let list: Vec<String> = expressions.iter().map(ToString::to_string).collect();
    (tree.to_string() == format!("SELECT {}", list.join(", "))).then_some(expressions)
}

fn placeholder(ast: &Expr) -> Option<usize> {
    match ast {
        Expr::Value(value) => match &value.value {
            Constant::Placeholder(name) => name.strip_prefix('$')?.parse::<usize>().ok()?.checked_sub(1),
            _ => None,
        },
        _ => None,
    }
}

fn read(ast: &Expr, sql: Sql) -> Result<Literal, QueryError> {
    let literal = written::literal(ast).map_err(|error| {
        let position = error.position.map(|(line, column)| Position { line, column });
        match error.code {
            lakefront_trino::error::Code::NotSupportedHere => {
                QueryError::user("NOT_SUPPORTED", format!("A value after USING is a literal, which {ast} is not."))
                    .with_hint("Use 1, -1.5, 'text', DATE '2025-01-31', TRUE, NULL and the like.")
                    .at(position)
            }
            code => QueryError::user(code.name(), error.message).at(position),
        }
    })?;
    let written::Written { sql: text_of_it, of, text } = literal;
    if sql == Sql::Postgres && text.is_none() && text_of_it != "NULL" {
        let message = format!("PostgreSQL is not given a value of the form {text_of_it}.");
        return Err(QueryError::user("NOT_SUPPORTED", message));
    }
    Ok(Literal::Written(Written { sql: text_of_it, type_name: of.to_string(), text }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literals(sql: &str) -> Result<Vec<String>, QueryError> {
        let literals = Asked::of(sql, None)?.literals(Sql::Trino, &BTreeMap::new())?.unwrap_or_default();
        Ok(literals
            .into_iter()
            .map(|literal| match literal {
                Literal::Written(written) => written.sql,
                other => format!("{other:?}"),
            })
            .collect())
    }

    #[test]
    fn the_statement_leads_back_to_the_authors_text() {
        let author = "execute immediate\n 'select ''a'', b' using 1";
        let asked = Asked::of(author, None).expect("it is read");
        assert_eq!(asked.text.as_str(), "select 'a', b");
        let position = |line, column| Position { line, column };
        assert_eq!(asked.text.author_position(1, 1), position(2, 3));
        assert_eq!(asked.text.author_position(1, 13), position(2, 17));
        assert_eq!(Asked::of("select 'x'", None).expect("it is read").text.as_str(), "select 'x'");
    }

    #[test]
    fn values_are_a_list_and_nothing_else() {
        assert_eq!(
            literals("execute immediate 'x' using 1, 'a;b', null;"),
            Ok(vec!["INTEGER '1'".to_owned(), "'a;b'".to_owned(), "NULL".to_owned()])
        );
        assert_eq!(literals("execute immediate 'x'"), Ok(Vec::new()));
        for wrong in [
            "execute immediate 'x' using 1 from t",
            "execute immediate 'x' using distinct 1",
            "execute immediate 'x' using 1 as a",
            "execute immediate 'x' using 1 where true",
            "execute immediate 'x' using 1 union select 2",
            "execute immediate 'x' using 1 limit 1",
            "execute immediate 'x' using *",
            "execute immediate 'x' using",
            "execute immediate 'x' using 1,",
            "execute immediate 'x' 1",
            "execute immediate x",
            "execute immediate",
        ] {
            assert_eq!(literals(wrong).map_err(|error| error.code), Err("SYNTAX_ERROR"), "{wrong}");
        }
        for wrong in ["execute immediate 'x' using 1; select 2", "execute immediate 'x'; select 2"] {
            assert_eq!(literals(wrong).map_err(|error| error.code), Err("STATEMENT_NOT_ALLOWED"), "{wrong}");
        }
    }
}
