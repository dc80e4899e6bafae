//! The older path language, `$.a["b"][0]`, evaluated on the text as far as it has to be read.

use std::borrow::Cow;

use super::scanner::{Malformed, Scanner, Token, unescape, unescape_lossy};
use super::tree::{write_double, write_raw};
use crate::error::{Error, Result};

/// Names of members, each of which may be the index of an element too.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Path {
    steps: Vec<(String, Option<usize>)>,
}

impl Path {
    /// # Errors
    /// `INVALID_FUNCTION_ARGUMENT` where the text is no path.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let invalid = || Error::invalid_argument(format!("Invalid JSON path: '{text}'"));
        let mut rest = text.strip_prefix('$').ok_or_else(invalid)?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let name;
            if let Some(after) = rest.strip_prefix('.') {
                let end = after.find(|letter| !is_plain(letter) && letter != ':').unwrap_or(after.len());
                name = after[..end].to_owned();
                rest = &after[end..];
            } else if let Some(after) = rest.strip_prefix("[\"") {
                let (quoted, behind) = quoted(after).ok_or_else(invalid)?;
                rest = behind.strip_prefix(']').ok_or_else(invalid)?;
                steps.push((quoted.clone(), quoted.parse().ok()));
                continue;
            } else if let Some(after) = rest.strip_prefix('[') {
                let end = after.find(|letter| !is_plain(letter)).unwrap_or(after.len());
                name = after[..end].to_owned();
                rest = after[end..].strip_prefix(']').ok_or_else(invalid)?;
            } else {
                return Err(invalid());
            }
            if name.is_empty() {
                return Err(invalid());
            }
            let index = name.parse().ok();
            steps.push((name, index));
        }
        Ok(Self { steps })
    }

    /// Goes to the value: its first token, or none where there is no such value.
    fn find<'a>(&self, scanner: &mut Scanner<'a>) -> Result<Option<Token<'a>>, Malformed> {
        let Some(mut token) = scanner.next()? else { return Ok(None) };
        for (name, index) in &self.steps {
            let found = match token {
                Token::StartObject => member(scanner, name)?,
                Token::StartArray => element(scanner, *index)?,
                _ => return Err(Malformed),
            };
            match found {
                Some(found) => token = found,
                None => return Ok(None),
            }
        }
        Ok(Some(token))
    }

    /// The text of a scalar; `None` where there is none, or it is null.
    pub(crate) fn scalar<'a>(&self, json: &'a str) -> Option<Cow<'a, str>> {
        match self.find(&mut Scanner::new(json)).ok()?? {
            Token::Text(raw) => unescape_lossy(raw).ok(),
            Token::Integer(number) | Token::Float(number) => Some(Cow::Borrowed(number)),
            Token::True => Some(Cow::Borrowed("true")),
            Token::False => Some(Cow::Borrowed("false")),
            _ => None,
        }
    }

    /// The JSON of a value.
    pub(crate) fn json(&self, json: &str) -> Option<String> {
        let mut scanner = Scanner::new(json);
        let token = self.find(&mut scanner).ok()??;
        let mut out = String::new();
        copy(&mut scanner, token, &mut out).ok()?;
        Some(out)
    }

    /// The number of elements or members; 0 for a scalar.
    pub(crate) fn size(&self, json: &str) -> Option<i64> {
        let mut scanner = Scanner::new(json);
        let token = self.find(&mut scanner).ok()??;
        let mut size = 0;
        if matches!(token, Token::StartArray | Token::StartObject) {
            loop {
                match scanner.next().ok()?? {
                    Token::EndArray | Token::EndObject => break,
                    Token::Name(_) => {
                        let value = scanner.next().ok()??;
                        scanner.skip_children(value).ok()?;
                    }
                    element => scanner.skip_children(element).ok()?,
                }
                size += 1;
            }
        }
        Some(size)
    }
}

fn is_plain(letter: char) -> bool {
    letter == '_' || letter.is_alphanumeric()
}

/// A name up to its closing quote, and what is behind that.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((name, &text[at + 1..])),
            '\\' => match letters.next()?.1 {
                escaped @ ('"' | '\\') => name.push(escaped),
                _ => return None,
            },
            plain => name.push(plain),
        }
    }
    None
}

fn member<'a>(scanner: &mut Scanner<'a>, sought: &str) -> Result<Option<Token<'a>>, Malformed> {
    while let Token::Name(raw) = scanner.next()?.ok_or(Malformed)? {
        let value = scanner.next()?.ok_or(Malformed)?;
        if raw == sought && !raw.contains('\\') || raw.contains('\\') && unescape(raw).is_ok_and(|name| name == sought)
        {
            return Ok(Some(value));
        }
        scanner.skip_children(value)?;
    }
    Ok(None)
}

fn element<'a>(scanner: &mut Scanner<'a>, sought: Option<usize>) -> Result<Option<Token<'a>>, Malformed> {
    let mut at = 0;
    loop {
        match scanner.next()?.ok_or(Malformed)? {
            Token::EndArray => return Ok(None),
            value if sought == Some(at) => return Ok(Some(value)),
            value => scanner.skip_children(value)?,
        }
        at += 1;
    }
}

/// Writes a value without spaces, its members as they stand.
pub(crate) fn copy<'a>(scanner: &mut Scanner<'a>, token: Token<'a>, out: &mut String) -> Result<(), Malformed> {
    match token {
        Token::Null => out.push_str("null"),
        Token::True => out.push_str("true"),
        Token::False => out.push_str("false"),
        Token::Text(raw) => write_raw(raw, out)?,
        Token::Integer("-0") => out.push('0'),
        Token::Integer(digits) => out.push_str(digits),
        Token::Float(number) => write_double(number.parse().map_err(|_| Malformed)?, out),
        Token::StartArray => {
            out.push('[');
            let mut first = true;
            loop {
                match scanner.next()?.ok_or(Malformed)? {
                    Token::EndArray => break,
                    token => {
                        if !std::mem::take(&mut first) {
                            out.push(',');
                        }
                        copy(scanner, token, out)?;
                    }
                }
            }
            out.push(']');
        }
        Token::StartObject => {
            out.push('{');
            let mut first = true;
            while let Token::Name(raw) = scanner.next()?.ok_or(Malformed)? {
                if !std::mem::take(&mut first) {
                    out.push(',');
                }
                write_raw(raw, out)?;
                out.push(':');
                let token = scanner.next()?.ok_or(Malformed)?;
                copy(scanner, token, out)?;
            }
            out.push('}');
        }
        Token::EndObject | Token::EndArray | Token::Name(_) => return Err(Malformed),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Path;

    #[test]
    fn paths() {
        for path in ["", "a", "$.", "$..a", "$.a[*]", "$[", "$[\"a]", "$.*", " $", "$[-1]"] {
            assert!(Path::parse(path).is_err(), "{path}");
        }
        let scalar =
            |path: &str, json| Path::parse(path).ok().and_then(|path| path.scalar(json).map(|it| it.into_owned()));
        assert_eq!(scalar("$", "1.50").as_deref(), Some("1.50"));
        assert_eq!(scalar("$.a[1]", r#"{"b":[{}],"a":[1,"x"]"#).as_deref(), Some("x"));
        assert_eq!(scalar("$[\"a\\\"b\"].c:d", r#"{"a\"b":{"c:d":true}}"#).as_deref(), Some("true"));
        assert_eq!(scalar("$.a", r#"{"a":null}"#), None);
        assert_eq!(scalar("$.a", "{a"), None);
    }
}
