//! The text for another system: whatever ours read in it, the other's reader must read too.
//!
//! Two readers of SQL disagree first about where a comment or a string ends. So none of the author's comments is sent,
//! and every string and quoted name is written anew, with nothing in it but doubled quotes.

use lakefront_engine::{Literal, Written};
use lakefront_trino::{Sql, Word, words_of};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, Whitespace};

use super::text::{Edit, Text};
use crate::{QueryError, quote};

/// Writes the text with its literals in the places of their placeholders; PostgreSQL takes them beside the text.
pub(super) fn write(sql: Sql, text: &Text, literals: &[Literal]) -> Result<Text, QueryError> {
    let words = words_of(sql, text.as_str()).map_err(QueryError::internal)?;
    let mut edits = Vec::new();
    let mut before = None;
    for word in &words {
        let written = match &word.token {
            Token::Placeholder(_) if sql == Sql::Postgres => None,
            _ => rewritten(word, literals, before),
        };
        if !word.is_space() {
            before = Some(word);
        }
        let Some(written) = written else { continue };
        if written != text.as_str()[word.range.clone()] {
            edits.push(Edit { range: word.range.clone(), replacement: written });
        }
    }
    Ok(text.edit(&edits))
}

/// `None` for what is sent as it is.
fn rewritten(word: &Word, literals: &[Literal], before: Option<&Word>) -> Option<String> {
    match &word.token {
        Token::Whitespace(Whitespace::Newline) => Some("\n".to_owned()),
        Token::Whitespace(_) => Some(" ".to_owned()),
        // The parser saw none but at the end.
        Token::SemiColon => Some(String::new()),
        Token::SingleQuotedString(value) | Token::UnicodeStringLiteral(value) => Some(quote::text(value)),
        Token::HexStringLiteral(value) => Some(format!("X{}", quote::text(value))),
        Token::Word(name) if name.quote_style.is_some() => Some(quote::name(&name.value)),
        Token::Placeholder(name) => {
            let number: usize = name.strip_prefix('$')?.parse().ok()?;
            Some(match literals.get(number.checked_sub(1)?)? {
                Literal::BigInt(value) if before.is_some_and(counts_rows) => value.to_string(),
                Literal::Written(Written { type_name, text: Some(text), .. })
                    if before.is_some_and(counts_rows) && matches!(type_name.as_str(), "integer" | "bigint") =>
                {
                    text.clone()
                }
                literal => literal_text(literal),
            })
        }
        _ => None,
    }
}

/// Whether the number after this word is one of rows, which has no type.
fn counts_rows(word: &Word) -> bool {
    let Token::Word(word) = &word.token else { return false };
    matches!(word.keyword, Keyword::LIMIT | Keyword::OFFSET | Keyword::FIRST | Keyword::NEXT)
}

/// A literal as Trino reads it. Text is quoted, so nothing in it is ever read as SQL.
fn literal_text(literal: &Literal) -> String {
    match literal {
        Literal::Null => "NULL".to_owned(),
        Literal::Boolean(value) => value.to_string(),
        Literal::BigInt(value) => format!("BIGINT '{value}'"),
        Literal::Double(value) if value.is_nan() => "nan()".to_owned(),
        Literal::Double(value) if value.is_infinite() => {
            if *value > 0.0 { "infinity()" } else { "(-infinity())" }.to_owned()
        }
        Literal::Double(value) => format!("DOUBLE '{value:e}'"),
        Literal::Varchar(value) => quote::text(value),
        Literal::Date(value) => format!("DATE {}", quote::text(value)),
        Literal::Timestamp(value) => format!("TIMESTAMP {}", quote::text(value)),
        Literal::Written(literal) => literal.sql.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(text: &str, literals: &[Literal]) -> String {
        write(Sql::Trino, &Text::new(text), literals).expect("it is written").as_str().to_owned()
    }

    #[test]
    fn nothing_of_a_comment_is_sent() {
        assert_eq!(sent("select 1 -- x\r union all select 2", &[]), "select 1  ");
        // Comments do not nest in Trino, nor here.
        assert_eq!(
            sent("select 1 /* /* */ union all select 2 -- */ -- */\n, 3", &[]),
            "select 1   union all select 2  , 3"
        );
        assert_eq!(sent("select\u{a0}1\r\n,\t2;", &[]), "select 1\n, 2");
    }

    #[test]
    fn strings_and_names_end_where_ours_ended() {
        assert_eq!(sent(r"select 'it''s', U&'\0041''', X'4a'", &[]), "select 'it''s', 'A''', X'4a'");
        assert_eq!(sent(r#"select 'a\', "b""c""#, &[]), r#"select 'a\', "b""c""#);
    }

    #[test]
    fn literals_stand_where_their_placeholders_did() {
        let literals = [Literal::BigInt(5), Literal::Varchar("' or 1 = 1 --".to_owned()), Literal::Null];
        let text = "select $1, $2 from t where x = $3 offset $1 limit $1";
        let expected = "select BIGINT '5', ''' or 1 = 1 --' from t where x = NULL offset 5 limit 5";
        assert_eq!(sent(text, &literals), expected);
    }
}
