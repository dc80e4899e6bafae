//! A JSON value in memory.

use std::collections::HashMap;

use super::number;
use super::scanner::{Malformed, Scanner, Token, unescape, unescape_with};

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Null,
    Boolean(bool),
    Integer(i64),
    /// An integer of more than 64 bits, as it was written.
    Large(String),
    Double(f64),
    Real(f32),
    /// Without its point, with its scale.
    Decimal(i128, u8),
    Text(String),
    Array(Vec<Node>),
    /// Names are different.
    Object(Vec<(String, Node)>),
}

impl Node {
    pub(crate) fn is_scalar(&self) -> bool {
        !matches!(self, Node::Array(_) | Node::Object(_))
    }
}

/// The first value of a text; what stands behind it does not matter. `None` where there is nothing.
pub(crate) fn first(text: &str) -> Result<Option<Node>, Malformed> {
    let mut scanner = Scanner::new(text);
    let Some(token) = scanner.next()? else { return Ok(None) };
    read(&mut scanner, token).map(Some)
}

/// The one value of a text.
pub(crate) fn only(text: &str) -> Result<Node, Malformed> {
    let mut scanner = Scanner::new(text);
    let token = scanner.next()?.ok_or(Malformed)?;
    let node = read(&mut scanner, token)?;
    match scanner.next()? {
        None => Ok(node),
        Some(_) => Err(Malformed),
    }
}

/// The value that a token begins.
pub(crate) fn read<'a>(scanner: &mut Scanner<'a>, token: Token<'a>) -> Result<Node, Malformed> {
    Ok(match token {
        Token::Null => Node::Null,
        Token::True => Node::Boolean(true),
        Token::False => Node::Boolean(false),
        Token::Text(raw) => Node::Text(unescape(raw)?.into_owned()),
        Token::Integer(digits) => digits.parse().map_or_else(|_| Node::Large(digits.to_owned()), Node::Integer),
        Token::Float(number) => Node::Double(number.parse().map_err(|_| Malformed)?),
        Token::StartArray => {
            let mut items = Vec::new();
            loop {
                match scanner.next()?.ok_or(Malformed)? {
                    Token::EndArray => break,
                    token => items.push(read(scanner, token)?),
                }
            }
            Node::Array(items)
        }
        Token::StartObject => {
            let mut members: Vec<(String, Node)> = Vec::new();
            let mut places: HashMap<String, usize> = HashMap::new();
            while let Token::Name(raw) = scanner.next()?.ok_or(Malformed)? {
                let name = unescape(raw)?.into_owned();
                let token = scanner.next()?.ok_or(Malformed)?;
                let value = read(scanner, token)?;
                // The last member of a name counts.
                match places.get(&name) {
                    Some(at) => members[*at].1 = value,
                    None => {
                        places.insert(name.clone(), members.len());
                        members.push((name, value));
                    }
                }
            }
            Node::Object(members)
        }
        Token::EndObject | Token::EndArray | Token::Name(_) => return Err(Malformed),
    })
}

/// The text of a value with the members of all objects in the order of their names.
pub(crate) fn canonical(text: &str) -> Result<String, Malformed> {
    let mut node = only(text)?;
    sort(&mut node);
    let mut out = String::with_capacity(text.len());
    write(&node, &mut out);
    Ok(out)
}

fn sort(node: &mut Node) {
    match node {
        Node::Array(items) => items.iter_mut().for_each(sort),
        Node::Object(members) => {
            members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            members.iter_mut().for_each(|(_, value)| sort(value));
        }
        _ => {}
    }
}

pub(crate) fn write(node: &Node, out: &mut String) {
    match node {
        Node::Null => out.push_str("null"),
        Node::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
        Node::Integer(value) => out.push_str(&value.to_string()),
        Node::Large(digits) => out.push_str(digits),
        Node::Double(value) => write_double(*value, out),
        Node::Real(value) => write_real(*value, out),
        Node::Decimal(value, scale) => out.push_str(&number::decimal(*value, *scale)),
        Node::Text(text) => write_text(text, out),
        Node::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Node::Object(members) => {
            out.push('{');
            for (at, (name, value)) in members.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_text(name, out);
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
    }
}

/// What is no number in JSON is a text.
pub(crate) fn write_double(value: f64, out: &mut String) {
    quoted_unless(value.is_finite(), &number::double(value), out);
}

pub(crate) fn write_real(value: f32, out: &mut String) {
    quoted_unless(value.is_finite(), &number::real(value), out);
}

fn quoted_unless(finite: bool, text: &str, out: &mut String) {
    if finite { out.push_str(text) } else { write_text(text, out) }
}

pub(crate) fn write_text(text: &str, out: &mut String) {
    out.push('"');
    write_letters(text, out);
    out.push('"');
}

/// A text as it stands between quotes elsewhere, of which half a surrogate pair stays what it is.
pub(crate) fn write_raw(raw: &str, out: &mut String) -> Result<(), Malformed> {
    out.push('"');
    let rest = unescape_with(raw, |unit, before| {
        write_letters(before, out);
        before.clear();
        out.push_str(&format!("\\u{unit:04X}"));
        Ok(())
    })?;
    write_letters(&rest, out);
    out.push('"');
    Ok(())
}

fn write_letters(text: &str, out: &mut String) {
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            // Beyond the basic plane: the first of four bytes.
            0xF0.. => {
                let wide = text[at..].chars().next().unwrap_or_default();
                out.push_str(&text[plain..at]);
                for unit in wide.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04X}"));
                }
                plain = at + wide.len_utf8();
                continue;
            }
            b'"' => "\\\"",
            b'\\' => "\\\\",
            8 => "\\b",
            9 => "\\t",
            10 => "\\n",
            12 => "\\f",
            13 => "\\r",
            0..0x20 => "",
            _ => continue,
        };
        out.push_str(&text[plain..at]);
        if escape.is_empty() {
            out.push_str(&format!("\\u{byte:04X}"));
        } else {
            out.push_str(escape);
        }
        plain = at + 1;
    }
    out.push_str(&text[plain..]);
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn canonical_text() {
        for (text, expected) in [
            (r#" { "b" : 1 , "a" : [ 1e3 , -0 , 1.50 ] } "#, r#"{"a":[1000.0,0,1.5],"b":1}"#),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
            ("12345678901234567890", "12345678901234567890"),
            (r#""\u0001\/é""#, "\"\\u0001/é\""),
            ("1e400", "\"Infinity\""),
        ] {
            assert_eq!(canonical(text).as_deref(), Ok(expected));
        }
        assert!(canonical("{} {}").is_err());
        assert!(canonical("").is_err());
    }
}
