//! Tokens of a JSON text, one at a time: a value may be found before the text proves to be malformed.

use std::borrow::Cow;

use crate::error::Error;

/// How deep a text may be nested.
const MAX_DEPTH: usize = 1000;

/// The text is no JSON at the place reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Token<'a> {
    StartObject,
    EndObject,
    StartArray,
    EndArray,
    /// The name of a member, between its quotes.
    Name(&'a str),
    /// A text, between its quotes.
    Text(&'a str),
    Integer(&'a str),
    Float(&'a str),
    True,
    False,
    Null,
}

/// What comes next in the innermost object or array, or beside all of them.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Next {
    /// The first name or element, or the end.
    First,
    /// A comma and one more, or the end.
    More,
    /// The value of a name.
    Value,
}

#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// The open objects (`true`) and arrays.
    open: Vec<bool>,
    next: Next,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0, open: Vec::new(), next: Next::First }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        self.skip_space();
        if self.peek() != Some(byte) {
            return Err(Malformed);
        }
        self.at += 1;
        Ok(())
    }

    /// The next token; `None` at the end of the text. Several values may follow each other.
    pub(crate) fn next(&mut self) -> Result<Option<Token<'a>>, Malformed> {
        self.skip_space();
        let Some(&in_object) = self.open.last() else {
            return if self.at == self.text.len() { Ok(None) } else { self.value().map(Some) };
        };
        if self.next == Next::Value {
            return self.value().map(Some);
        }
        let end = if in_object { b'}' } else { b']' };
        if self.peek() == Some(end) {
            self.at += 1;
            self.open.pop();
            self.next = Next::More;
            return Ok(Some(if in_object { Token::EndObject } else { Token::EndArray }));
        }
        if self.next == Next::More {
            self.expect(b',')?;
            self.skip_space();
        }
        if !in_object {
            return self.value().map(Some);
        }
        if self.peek() != Some(b'"') {
            return Err(Malformed);
        }
        let name = self.string()?;
        self.expect(b':')?;
        self.next = Next::Value;
        Ok(Some(Token::Name(name)))
    }

    fn value(&mut self) -> Result<Token<'a>, Malformed> {
        self.skip_space();
        let token = match self.peek().ok_or(Malformed)? {
            start @ (b'{' | b'[') => {
                self.at += 1;
                if self.open.len() == MAX_DEPTH {
                    return Err(Malformed);
                }
                self.open.push(start == b'{');
                self.next = Next::First;
                return Ok(if start == b'{' { Token::StartObject } else { Token::StartArray });
            }
            b'"' => Token::Text(self.string()?),
            b'-' | b'0'..=b'9' => self.number()?,
            b't' => self.word("true", Token::True)?,
            b'f' => self.word("false", Token::False)?,
            b'n' => self.word("null", Token::Null)?,
            _ => return Err(Malformed),
        };
        self.next = Next::More;
        Ok(token)
    }

    fn word(&mut self, word: &str, token: Token<'a>) -> Result<Token<'a>, Malformed> {
        let rest = self.text[self.at..].strip_prefix(word).ok_or(Malformed)?;
        if rest.starts_with(|next: char| next.is_alphanumeric() || next == '_' || next == '$') {
            return Err(Malformed);
        }
        self.at += word.len();
        Ok(token)
    }

    fn digits(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start { Err(Malformed) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<Token<'a>, Malformed> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        if self.peek() == Some(b'0') {
            self.at += 1;
            if let Some(b'0'..=b'9') = self.peek() {
                return Err(Malformed);
            }
        } else {
            self.digits()?;
        }
        let mut is_float = false;
        if self.peek() == Some(b'.') {
            is_float = true;
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            is_float = true;
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        // A number that stands alone needs a space behind it.
        if self.open.is_empty() && !matches!(self.peek(), None | Some(b' ' | b'\t' | b'\n' | b'\r')) {
            return Err(Malformed);
        }
        let number = &self.text[start..self.at];
        Ok(if is_float { Token::Float(number) } else { Token::Integer(number) })
    }

    /// A string at its opening quote.
    fn string(&mut self) -> Result<&'a str, Malformed> {
        self.at += 1;
        let start = self.at;
        loop {
            match self.peek().ok_or(Malformed)? {
                b'"' => break,
                b'\\' => {
                    self.at += 1;
                    match self.peek().ok_or(Malformed)? {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 1,
                        b'u' => {
                            let digits = self.text.as_bytes().get(self.at + 1..self.at + 5).ok_or(Malformed)?;
                            if !digits.iter().all(u8::is_ascii_hexdigit) {
                                return Err(Malformed);
                            }
                            self.at += 5;
                        }
                        _ => return Err(Malformed),
                    }
                }
                0..0x20 => return Err(Malformed),
                _ => self.at += 1,
            }
        }
        let text = &self.text[start..self.at];
        self.at += 1;
        Ok(text)
    }

    /// Goes to the end of the object or array that a token has just opened.
    pub(crate) fn skip_children(&mut self, token: Token<'_>) -> Result<(), Malformed> {
        if !matches!(token, Token::StartObject | Token::StartArray) {
            return Ok(());
        }
        let depth = self.open.len();
        while self.open.len() >= depth {
            self.next()?.ok_or(Malformed)?;
        }
        Ok(())
    }
}

/// The text that stands between quotes.
///
/// # Errors
/// Where it holds half of a surrogate pair.
pub(crate) fn unescape(raw: &str) -> Result<Cow<'_, str>, Malformed> {
    unescape_with(raw, |_, _| Err(Malformed))
}

/// The text that stands between quotes as bytes have it: half of a surrogate pair has none.
pub(crate) fn unescape_lossy(raw: &str) -> Result<Cow<'_, str>, Malformed> {
    unescape_with(raw, |_, text| {
        text.push('?');
        Ok(())
    })
}

/// What a half of a surrogate pair, which no text of ours holds, is refused with.
pub(crate) fn half_pair() -> Error {
    Error::not_here("Half of a surrogate pair in JSON")
}

/// Whether there is half of a surrogate pair in what can be read of a text.
pub(crate) fn has_half_pair(text: &str) -> bool {
    let mut strings = Scanner::new(text);
    let mut found = false;
    while let Ok(Some(token)) = strings.next() {
        if let Token::Name(raw) | Token::Text(raw) = token {
            found |= unescape(raw).is_err();
        }
    }
    found
}

/// What `half` does with the text so far, where half of a surrogate pair comes next.
pub(crate) fn unescape_with(
    raw: &str,
    mut half: impl FnMut(u16, &mut String) -> Result<(), Malformed>,
) -> Result<Cow<'_, str>, Malformed> {
    if !raw.contains('\\') {
        return Ok(Cow::Borrowed(raw));
    }
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, escaped)) = rest.split_once('\\') {
        text.push_str(before);
        let kind = escaped.chars().next().ok_or(Malformed)?;
        rest = &escaped[kind.len_utf8()..];
        match kind {
            'b' => text.push('\u{8}'),
            'f' => text.push('\u{c}'),
            'n' => text.push('\n'),
            'r' => text.push('\r'),
            't' => text.push('\t'),
            'u' => {
                let unit = |from: &str| from.get(..4).and_then(|digits| u16::from_str_radix(digits, 16).ok());
                let first = unit(rest).ok_or(Malformed)?;
                rest = &rest[4..];
                let second = rest.strip_prefix("\\u").and_then(unit);
                let pair = second.and_then(|second| char::decode_utf16([first, second]).next()?.ok());
                match pair.or_else(|| char::from_u32(first.into())) {
                    Some(letter) => {
                        text.push(letter);
                        rest = if letter.len_utf16() == 2 { &rest[6..] } else { rest };
                    }
                    None => half(first, &mut text)?,
                }
            }
            plain => text.push(plain),
        }
    }
    text.push_str(rest);
    Ok(Cow::Owned(text))
}

#[cfg(test)]
mod tests {
    use super::{Scanner, has_half_pair, unescape, unescape_lossy};

    fn reads(text: &str) -> bool {
        let mut scanner = Scanner::new(text);
        loop {
            match scanner.next() {
                Ok(Some(_)) => {}
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
    }

    #[test]
    fn grammar() {
        for text in ["{}", "[1, 2.5e3, {\"a\": null}]", " true ", "\"\\u00e9\\n\"", "-0", "[]", "1 2"] {
            assert!(reads(text), "{text}");
        }
        for text in ["{", "[1,]", "{\"a\"}", "01", "1.", "\"\t\"", "tru", "truex", "1x", "{null:1}", "[1 2]", "\"\\x\""]
        {
            assert!(!reads(text), "{text}");
        }
    }

    #[test]
    fn escapes() {
        assert_eq!(unescape("a\\u00e9\\\"").as_deref(), Ok("aé\""));
        assert_eq!(unescape("\\ud83d\\ude00!").as_deref(), Ok("😀!"));
        assert_eq!(unescape("\\u0041\\u0042").as_deref(), Ok("AB"));
        assert!(unescape("\\ud83d").is_err());
        assert_eq!(unescape_lossy("\\ud83d\\ud83d\\ude00\\ude00").as_deref(), Ok("?😀?"));
        assert!(has_half_pair("[1, \"\\ude00\"]") && !has_half_pair("[\"\\ud83d\\ude00\"]"));
    }
}
