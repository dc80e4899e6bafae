//! The words of a text with their places in it.

use std::ops::Range;

use sqlparser::tokenizer::{Location, Span, Token, Tokenizer, Whitespace};

use crate::limits::MAX_TEXT_BYTES;
use crate::{Sql, SyntaxError, SyntaxErrorKind};

/// A token and where it stands. The words of a text follow each other without a gap, spaces and
/// comments being words too.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    pub token: Token,
    pub span: Span,
    /// Bytes of the text.
    pub range: Range<usize>,
}

impl Word {
    /// Line and column, from 1.
    pub fn position(&self) -> (u64, u64) {
        (self.span.start.line, self.span.start.column)
    }

    /// Whether it is space or a comment.
    pub fn is_space(&self) -> bool {
        matches!(self.token, Token::Whitespace(_))
    }

    pub fn is_comment(&self) -> bool {
        matches!(self.token, Token::Whitespace(Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_)))
    }
}

/// The words of a text in Trino's SQL; see [`words_of`].
pub fn words(text: &str) -> Result<Vec<Word>, SyntaxError> {
    words_of(Sql::Trino, text)
}

/// Splits a text into words. Strings have one form, `'…'` with `''` for a quote: the forms other
/// databases add (`$$…$$`, `E'\…'`, `q'[…]'`) are refused, so that no two readers of the text can
/// disagree about where one ends.
pub fn words_of(sql: Sql, text: &str) -> Result<Vec<Word>, SyntaxError> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(SyntaxError::new(
            SyntaxErrorKind::TooComplex,
            format!("The statement is longer than {} KiB, the most that can run.", MAX_TEXT_BYTES >> 10),
            (1, 1),
        ));
    }
    let tokens = Tokenizer::new(sql.dialect(), text).tokenize_with_location().map_err(|error| {
        let Location { line, column } = error.location;
        SyntaxError::new(SyntaxErrorKind::Syntax, format!("{}.", error.message), (line, column))
    })?;

    let mut cursor = Cursor::new(text);
    let mut words = Vec::with_capacity(tokens.len());
    for token in tokens {
        let start = cursor.byte;
        if token.span.start != cursor.location || !cursor.advance(token.span.end) {
            return Err(SyntaxError::new(
                SyntaxErrorKind::Syntax,
                "Comments of the form /*! … */ are not supported.",
                (cursor.location.line, cursor.location.column),
            ));
        }
        refuse_other_strings(&token.token, token.span.start)?;
        words.push(Word { token: token.token, span: token.span, range: start..cursor.byte });
        if sql == Sql::Trino {
            number_of_other_base(text, &mut words);
        }
    }
    Ok(words)
}

/// `0x1F`, `0o17` and `0b101` are numbers, where the tokenizer reads a binary literal, or a zero and a name.
fn number_of_other_base(text: &str, words: &mut Vec<Word>) {
    let (before, last) = match words.as_slice() {
        [.., before, last] => (Some(before), last),
        [last] => (None, last),
        [] => return,
    };
    let is_prefix = |text: &str| matches!(text.get(..2), Some("0x" | "0X" | "0o" | "0O" | "0b" | "0B"));
    let number = match (&last.token, before) {
        (Token::HexStringLiteral(_), _) if is_prefix(&text[last.range.clone()]) => last.range.clone(),
        (Token::Word(word), Some(before)) if word.quote_style.is_none() && is_number(&before.token) => {
            let joined = before.range.start..last.range.end;
            if !is_prefix(&text[joined.clone()]) {
                return;
            }
            let (Some(name), Some(number)) = (words.pop(), words.last_mut()) else { return };
            number.span.end = name.span.end;
            number.range.end = name.range.end;
            joined
        }
        _ => return,
    };
    if let Some(word) = words.last_mut() {
        word.token = Token::Number(text[number].to_owned(), false);
    }
}

fn is_number(token: &Token) -> bool {
    matches!(token, Token::Number(..))
}

fn refuse_other_strings(token: &Token, at: Location) -> Result<(), SyntaxError> {
    match token {
        Token::TripleSingleQuotedString(_)
        | Token::TripleDoubleQuotedString(_)
        | Token::DollarQuotedString(_)
        | Token::SingleQuotedByteStringLiteral(_)
        | Token::DoubleQuotedByteStringLiteral(_)
        | Token::TripleSingleQuotedByteStringLiteral(_)
        | Token::TripleDoubleQuotedByteStringLiteral(_)
        | Token::SingleQuotedRawStringLiteral(_)
        | Token::DoubleQuotedRawStringLiteral(_)
        | Token::TripleSingleQuotedRawStringLiteral(_)
        | Token::TripleDoubleQuotedRawStringLiteral(_)
        | Token::NationalStringLiteral(_)
        | Token::QuoteDelimitedStringLiteral(_)
        | Token::NationalQuoteDelimitedStringLiteral(_)
        | Token::EscapedStringLiteral(_) => Err(SyntaxError::new(
            SyntaxErrorKind::Syntax,
            "Strings are written in single quotes, 'like this'; a quote inside is doubled.",
            (at.line, at.column),
        )),
        _ => Ok(()),
    }
}

/// A place in the text that only moves forward, in the tokenizer's way of counting.
struct Cursor<'a> {
    text: &'a str,
    byte: usize,
    location: Location,
}

impl<'a> Cursor<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, byte: 0, location: Location { line: 1, column: 1 } }
    }

    /// Whether the text reaches that far.
    fn advance(&mut self, to: Location) -> bool {
        let mut rest = self.text[self.byte..].chars();
        while self.location < to {
            match rest.next() {
                Some('\n') => {
                    self.location.line += 1;
                    self.location.column = 1;
                    self.byte += 1;
                }
                Some(character) => {
                    self.location.column += 1;
                    self.byte += character.len_utf8();
                }
                None => return false,
            }
        }
        self.location == to
    }
}
