//! Casts to and from JSON.

use std::collections::HashSet;

use super::unknown;
use crate::decimal;
use crate::error::{Code, Error, Result};
use crate::json::number;
use crate::json::scanner::{Malformed, Scanner, Token, half_pair, has_half_pair, unescape, unescape_lossy};
use crate::json::tree::{self, write_double, write_real, write_text};
use crate::types::{Type, VARCHAR};
use crate::value::{Key, Value};

pub(super) fn exists(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (from, Type::Json) => is_written(from),
        (Type::Json, to) => is_read(to),
        _ => false,
    }
}

fn is_name(of: &Type) -> bool {
    *of == Type::Boolean || of.is_numeric() || matches!(of, Type::Varchar(_))
}

fn is_written(of: &Type) -> bool {
    match of {
        Type::Unknown | Type::Json | Type::Timestamp(_) | Type::Date => true,
        Type::Array(element) => is_written(element),
        Type::Map(key, value) => (is_name(key) || **key == Type::Unknown) && is_written(value),
        Type::Row(fields) => fields.iter().all(|(_, field)| is_written(field)),
        scalar => is_name(scalar),
    }
}

/// Keys of any type that a text can be cast to pass, though no value is read into a map of such keys.
fn is_read(of: &Type) -> bool {
    match of {
        Type::Json => true,
        Type::Array(element) => is_read(element),
        Type::Map(key, value) => (is_name(key) || super::exists(&Type::Varchar(None), key)) && is_read(value),
        Type::Row(fields) => fields.iter().all(|(_, field)| is_read(field)),
        scalar => is_name(scalar),
    }
}

/// Whether the keys of all maps within can be names of an object.
fn has_names(of: &Type) -> bool {
    match of {
        Type::Array(element) => has_names(element),
        Type::Map(key, value) => is_name(key) && has_names(value),
        Type::Row(fields) => fields.iter().all(|(_, field)| has_names(field)),
        _ => true,
    }
}

pub(super) fn value(value: &Value, from: &Type, to: &Type) -> Result<Value> {
    match (value, from, to) {
        (value, from, Type::Json) => {
            let mut out = String::new();
            write(value, from, &mut out)?;
            Ok(Value::Text(out))
        }
        (Value::Text(_), Type::Json, to) if !has_names(to) => {
            Err(Error::new(Code::InvalidCastArgument, format!("Cannot cast JSON to {to}")))
        }
        (Value::Text(json), Type::Json, to) => match whole(json, to) {
            Ok(value) => Ok(value),
            Err(Failure::Refused(error)) => Err(error),
            Err(Failure::Impossible) if has_half_pair(json) => Err(half_pair()),
            Err(Failure::Impossible) => {
                Err(Error::new(Code::InvalidCastArgument, format!("Cannot cast '{json}' to {to}")))
            }
        },
        _ => Err(unknown(from, to)),
    }
}

fn write(value: &Value, of: &Type, out: &mut String) -> Result<()> {
    match (value, of) {
        (Value::Null, _) => out.push_str("null"),
        (Value::Boolean(value), _) => out.push_str(if *value { "true" } else { "false" }),
        (Value::Int(value), Type::Tinyint | Type::Smallint | Type::Integer | Type::Bigint) => {
            out.push_str(&value.to_string());
        }
        (Value::Real(value), _) => write_real(*value, out),
        (Value::Double(value), _) => write_double(*value, out),
        (Value::Decimal(value), Type::Decimal { scale, .. }) => out.push_str(&number::decimal(*value, *scale)),
        (Value::Text(json), Type::Json) => out.push_str(json),
        (Value::Text(text), _) => write_text(text, out),
        (Value::Array(items), Type::Array(element)) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(item, element, out)?;
            }
            out.push(']');
        }
        (Value::Map(entries), Type::Map(key_type, value_type)) => {
            let mut members =
                entries.iter().map(|(key, value)| Ok((name(key, key_type)?, value))).collect::<Result<Vec<_>>>()?;
            members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (at, (name, value)) in members.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_text(name, out);
                out.push(':');
                write(value, value_type, out)?;
            }
            out.push('}');
        }
        (Value::Row(values), Type::Row(fields)) => {
            out.push('{');
            for (at, (value, (name, of))) in values.iter().zip(fields).enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_text(name.as_deref().unwrap_or_default(), out);
                out.push(':');
                write(value, of, out)?;
            }
            out.push('}');
        }
        _ => match super::value(value, of, &VARCHAR)? {
            Value::Text(text) => write_text(&text, out),
            _ => out.push_str("null"),
        },
    }
    Ok(())
}

/// The key of a map as the name of a member.
fn name(key: &Value, of: &Type) -> Result<String> {
    Ok(match (key, of) {
        (Value::Real(value), _) => number::real(*value),
        (Value::Double(value), _) => number::double(*value),
        (Value::Decimal(value), Type::Decimal { scale, .. }) => number::plain_decimal(*value, *scale),
        _ => match super::value(key, of, &VARCHAR)? {
            Value::Text(text) => text,
            _ => String::new(),
        },
    })
}

/// Why JSON does not become a value.
enum Failure {
    Impossible,
    /// The answer is not known.
    Refused(Error),
}

impl From<Malformed> for Failure {
    fn from(_: Malformed) -> Self {
        Failure::Impossible
    }
}

/// Whatever a cast of a part fails with, the cast as a whole is what fails.
fn part(value: Value, from: &Type, to: &Type) -> Result<Value, Failure> {
    super::value(&value, from, to).map_err(|error| match error.code {
        Code::NotSupportedHere => Failure::Refused(error),
        _ => Failure::Impossible,
    })
}

fn whole(json: &str, to: &Type) -> Result<Value, Failure> {
    let mut scanner = Scanner::new(json);
    let token = scanner.next()?.ok_or(Failure::Impossible)?;
    let value = read(&mut scanner, token, to)?;
    match scanner.next()? {
        None => Ok(value),
        Some(_) => Err(Failure::Impossible),
    }
}

fn read<'a>(scanner: &mut Scanner<'a>, token: Token<'a>, to: &Type) -> Result<Value, Failure> {
    if *to == Type::Json {
        let mut out = String::new();
        tree::write(&tree::read(scanner, token)?, &mut out);
        return Ok(Value::Text(out));
    }
    if token == Token::Null {
        return Ok(Value::Null);
    }
    match (to, token) {
        (Type::Array(element), Token::StartArray) => {
            let mut items = Vec::new();
            loop {
                match scanner.next()?.ok_or(Malformed)? {
                    Token::EndArray => return Ok(Value::Array(items)),
                    token => items.push(read(scanner, token, element)?),
                }
            }
        }
        (Type::Map(key, item), Token::StartObject) => {
            let mut seen = HashSet::new();
            let mut entries = Vec::new();
            while let Token::Name(raw) = scanner.next()?.ok_or(Malformed)? {
                let key = scalar(Token::Text(raw), key)?;
                if !seen.insert(Key(key.clone())) {
                    return Err(Failure::Impossible);
                }
                let token = scanner.next()?.ok_or(Malformed)?;
                entries.push((key, read(scanner, token, item)?));
            }
            Ok(Value::Map(entries))
        }
        (Type::Row(fields), Token::StartArray) => {
            let mut values = Vec::with_capacity(fields.len());
            for (_, of) in fields {
                match scanner.next()?.ok_or(Malformed)? {
                    Token::EndArray => return Err(Failure::Impossible),
                    token => values.push(read(scanner, token, of)?),
                }
            }
            match scanner.next()?.ok_or(Malformed)? {
                Token::EndArray => Ok(Value::Row(values)),
                _ => Err(Failure::Impossible),
            }
        }
        (Type::Row(fields), Token::StartObject) => {
            // Members find their fields by name.
            if fields.first().is_none_or(|(name, _)| name.is_none()) {
                return Err(Failure::Impossible);
            }
            let mut values: Vec<Option<Value>> = vec![None; fields.len()];
            while let Token::Name(raw) = scanner.next()?.ok_or(Malformed)? {
                let name = unescape(raw)?.to_lowercase();
                let token = scanner.next()?.ok_or(Malformed)?;
                // Of several fields of one name, the last one gets it.
                match fields.iter().rposition(|(known, _)| known.as_deref() == Some(name.as_str())) {
                    Some(at) if values[at].is_some() => return Err(Failure::Impossible),
                    Some(at) => values[at] = Some(read(scanner, token, &fields[at].1)?),
                    None => scanner.skip_children(token)?,
                }
            }
            Ok(Value::Row(values.into_iter().map(Value::or_null).collect()))
        }
        (Type::Array(_) | Type::Map(..) | Type::Row(_), _) => Err(Failure::Impossible),
        (scalar_type, token) => scalar(token, scalar_type),
    }
}

/// A scalar as a boolean, number or text.
fn scalar(token: Token<'_>, to: &Type) -> Result<Value, Failure> {
    match (token, to) {
        (Token::Text(raw), Type::Decimal { precision, scale }) => exact(&unescape(raw)?, *precision, *scale),
        (Token::Integer(number) | Token::Float(number), Type::Decimal { precision, scale }) => {
            exact(number, *precision, *scale)
        }
        (Token::True | Token::False, Type::Decimal { precision, scale }) => {
            exact(if token == Token::True { "1" } else { "0" }, *precision, *scale)
        }
        (Token::Text(raw), _) => bounded(unescape_lossy(raw)?.into_owned(), to),
        (Token::Integer(digits), Type::Varchar(_)) => {
            // Text keeps its digits; only the sign of zero is lost when JSON is parsed.
            bounded(if digits == "-0" { "0" } else { digits }.to_owned(), to)
        }
        (Token::Integer(digits), Type::Double) => digits.parse().map(Value::Double).map_err(|_| Failure::Impossible),
        (Token::Integer(number) | Token::Float(number), Type::Real) => {
            number.parse().map(Value::Real).map_err(|_| Failure::Impossible)
        }
        (Token::Integer(digits), _) => {
            let value: i64 = digits.parse().map_err(|_| Failure::Impossible)?;
            part(Value::Int(value), &Type::Bigint, to)
        }
        (Token::Float(number), Type::Varchar(_)) => {
            let value: f64 = number.parse().map_err(|_| Failure::Impossible)?;
            match part(Value::Double(value), &Type::Double, &VARCHAR)? {
                Value::Text(text) => bounded(text, to),
                _ => Err(Failure::Impossible),
            }
        }
        (Token::Float(number), _) => {
            let value: f64 = number.parse().map_err(|_| Failure::Impossible)?;
            part(Value::Double(value), &Type::Double, to)
        }
        (Token::True, Type::Varchar(_)) => bounded("true".to_owned(), to),
        (Token::False, Type::Varchar(_)) => bounded("false".to_owned(), to),
        (Token::True, _) => part(Value::Boolean(true), &Type::Boolean, to),
        (Token::False, _) => part(Value::Boolean(false), &Type::Boolean, to),
        _ => Err(Failure::Impossible),
    }
}

fn exact(number: &str, precision: u8, scale: u8) -> Result<Value, Failure> {
    if number.starts_with(char::is_whitespace) || number.ends_with(char::is_whitespace) {
        return Err(Failure::Impossible);
    }
    let value = decimal::Parsed::of(number).and_then(|parsed| parsed.with_scale(scale)).ok_or(Failure::Impossible)?;
    if decimal::fits(value, precision) { Ok(Value::Decimal(value)) } else { Err(Failure::Impossible) }
}

/// A text as another scalar. Of a text that is too long, Trino leaves open what becomes.
fn bounded(text: String, to: &Type) -> Result<Value, Failure> {
    match to {
        Type::Varchar(Some(length)) if text.chars().count() > *length as usize => {
            Err(Failure::Refused(Error::not_here(format!("A JSON text longer than {to}"))))
        }
        Type::Varchar(_) => Ok(Value::Text(text)),
        _ => part(Value::Text(text), &VARCHAR, to),
    }
}
