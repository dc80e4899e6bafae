//! JSON. A text that is none gives null, but to `json_parse` and `is_json_scalar`.

use std::borrow::Cow;

use datafusion::arrow::array::ArrayRef;

use super::super::{Function, scalar};
use crate::call::Call;
use crate::error::{Error, Result};
use crate::json::extract::Path;
use crate::json::scanner::{Malformed, Scanner, Token, half_pair, has_half_pair, unescape, unescape_lossy};
use crate::json::tree;

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("json_parse", "(varchar) -> json", parse),
        scalar("json_format", "(json) -> varchar", format),
        scalar("json_extract", "(varchar, varchar) -> json", extract),
        scalar("json_extract", "(json, varchar) -> json", extract),
        scalar("json_extract_scalar", "(varchar(x), varchar) -> varchar(x)", extract_scalar),
        scalar("json_extract_scalar", "(json, varchar) -> varchar", extract_scalar),
        scalar("json_size", "(varchar, varchar) -> bigint", size),
        scalar("json_size", "(json, varchar) -> bigint", size),
        scalar("is_json_scalar", "(varchar) -> boolean", is_scalar),
        scalar("is_json_scalar", "(json) -> boolean", is_scalar),
        scalar("json_array_length", "(varchar) -> bigint", array_length),
        scalar("json_array_length", "(json) -> bigint", array_length),
        scalar("json_array_get", "(varchar, bigint) -> json", array_get),
        scalar("json_array_get", "(json, bigint) -> json", array_get),
        scalar("json_array_contains", "(varchar, boolean) -> boolean", contains_boolean),
        scalar("json_array_contains", "(json, boolean) -> boolean", contains_boolean),
        scalar("json_array_contains", "(varchar, bigint) -> boolean", contains_bigint),
        scalar("json_array_contains", "(json, bigint) -> boolean", contains_bigint),
        scalar("json_array_contains", "(varchar, double) -> boolean", contains_double),
        scalar("json_array_contains", "(json, double) -> boolean", contains_double),
        scalar("json_array_contains", "(varchar, varchar) -> boolean", contains_text),
        scalar("json_array_contains", "(json, varchar) -> boolean", contains_text),
    ]
}

fn parse(call: &Call) -> Result<ArrayRef> {
    let text = call.text(0);
    call.texts(|row| {
        let Some(text) = text.get(row) else { return Ok(None) };
        match tree::canonical(text) {
            Ok(json) => Ok(Some(json)),
            Err(Malformed) if has_half_pair(text) => Err(half_pair()),
            Err(Malformed) => Err(Error::invalid_argument(format!("Cannot convert value to JSON: '{text}'"))),
        }
    })
}

fn format(call: &Call) -> Result<ArrayRef> {
    call.array(0)
}

/// The path of a row; one that is the same for all rows is parsed once.
struct Paths<'a> {
    call: &'a Call<'a>,
    constant: Option<Path>,
}

impl<'a> Paths<'a> {
    fn new(call: &'a Call<'a>) -> Self {
        // One that is no path fails where it is needed.
        let constant = match call.is_constant(1) {
            true => call.text(1).get(0).and_then(|path| Path::parse(path).ok()),
            false => None,
        };
        Self { call, constant }
    }

    fn get(&self, row: usize) -> Result<Option<Cow<'_, Path>>> {
        if let Some(path) = &self.constant {
            return Ok(Some(Cow::Borrowed(path)));
        }
        self.call.text(1).get(row).map(|path| Path::parse(path).map(Cow::Owned)).transpose()
    }
}

fn extract(call: &Call) -> Result<ArrayRef> {
    let (json, paths) = (call.text(0), Paths::new(call));
    call.texts(|row| {
        let (Some(json), Some(path)) = (json.get(row), paths.get(row)?) else { return Ok(None) };
        Ok(path.json(json))
    })
}

fn extract_scalar(call: &Call) -> Result<ArrayRef> {
    let (json, paths) = (call.text(0), Paths::new(call));
    call.texts(|row| {
        let (Some(json), Some(path)) = (json.get(row), paths.get(row)?) else { return Ok(None) };
        Ok(path.scalar(json))
    })
}

fn size(call: &Call) -> Result<ArrayRef> {
    let (json, paths) = (call.text(0), Paths::new(call));
    call.bigints(|row| {
        let (Some(json), Some(path)) = (json.get(row), paths.get(row)?) else { return Ok(None) };
        Ok(path.size(json))
    })
}

fn is_scalar(call: &Call) -> Result<ArrayRef> {
    let json = call.text(0);
    call.booleans(|row| {
        let Some(json) = json.get(row) else { return Ok(None) };
        let mut scanner = Scanner::new(json);
        let mut read = || {
            let token = scanner.next()?.ok_or(Malformed)?;
            scanner.skip_children(token)?;
            match scanner.next()? {
                None => Ok(!matches!(token, Token::StartArray | Token::StartObject)),
                Some(_) => Err(Malformed),
            }
        };
        read().map(Some).map_err(|Malformed| Error::invalid_argument(format!("Invalid JSON value: {json}")))
    })
}

/// Goes over the elements of an array until one is decided on. Null where the text is no array.
fn search<'a, T>(
    json: &'a str,
    mut decide: impl FnMut(i64, Token<'a>, &mut Scanner<'a>) -> Result<Option<T>, Malformed>,
    none: impl FnOnce(i64) -> Option<T>,
) -> Option<T> {
    let mut scanner = Scanner::new(json);
    if scanner.next().ok()?? != Token::StartArray {
        return None;
    }
    let mut at = 0;
    loop {
        match scanner.next().ok()?? {
            Token::EndArray => return none(at),
            element => {
                if let Some(decided) = decide(at, element, &mut scanner).ok()? {
                    return Some(decided);
                }
            }
        }
        at += 1;
    }
}

fn array_length(call: &Call) -> Result<ArrayRef> {
    let json = call.text(0);
    call.bigints(|row| {
        let Some(json) = json.get(row) else { return Ok(None) };
        Ok(search(json, |_, element, scanner| scanner.skip_children(element).map(|()| None), Some))
    })
}

/// The text of an element: a scalar's own, which for a text is no JSON.
fn element_text<'a>(element: Token<'a>, scanner: &mut Scanner<'a>) -> Result<Option<String>, Malformed> {
    Ok(match element {
        Token::Null => None,
        Token::Text(raw) => Some(unescape_lossy(raw)?.into_owned()),
        Token::Integer(number) | Token::Float(number) => Some(number.to_owned()),
        Token::True => Some("true".to_owned()),
        Token::False => Some("false".to_owned()),
        nested => {
            let mut out = String::new();
            tree::write(&tree::read(scanner, nested)?, &mut out);
            Some(out)
        }
    })
}

fn array_get(call: &Call) -> Result<ArrayRef> {
    let (json, index) = (call.text(0), call.int(1)?);
    call.texts(|row| {
        let (Some(json), Some(index)) = (json.get(row), index.get(row)) else { return Ok(None) };
        if index == i64::MIN {
            return Ok(None);
        }
        let mut at_index = index;
        if index < 0 {
            let length = search(json, |_, element, scanner| scanner.skip_children(element).map(|()| None), Some);
            let Some(length) = length else { return Ok(None) };
            at_index = length + index;
        }
        let found = search(
            json,
            |at, element, scanner| match at == at_index {
                true => element_text(element, scanner).map(Some),
                false => scanner.skip_children(element).map(|()| None),
            },
            |_| None,
        );
        Ok(found.flatten())
    })
}

fn contains<V>(
    call: &Call,
    value: impl Fn(usize) -> Option<V>,
    is: impl Fn(Token<'_>, &V) -> bool,
) -> Result<ArrayRef> {
    let json = call.text(0);
    call.booleans(|row| {
        let (Some(json), Some(value)) = (json.get(row), value(row)) else { return Ok(None) };
        let decide = |_, element: Token<'_>, scanner: &mut Scanner<'_>| {
            scanner.skip_children(element)?;
            Ok(is(element, &value).then_some(true))
        };
        Ok(search(json, decide, |_| Some(false)))
    })
}

fn contains_boolean(call: &Call) -> Result<ArrayRef> {
    let value = call.boolean(1);
    contains(
        call,
        |row| value.get(row),
        |element, value| matches!((element, value), (Token::True, true) | (Token::False, false)),
    )
}

fn contains_bigint(call: &Call) -> Result<ArrayRef> {
    let value = call.int(1)?;
    contains(
        call,
        |row| value.get(row),
        |element, value| matches!(element, Token::Integer(digits) if digits.parse() == Ok(*value)),
    )
}

fn contains_double(call: &Call) -> Result<ArrayRef> {
    let value = call.double(1)?;
    let is = |element: Token<'_>, value: &f64| matches!(element, Token::Float(number) if number.parse() == Ok(*value));
    let json = call.text(0);
    call.booleans(|row| {
        let (Some(json), Some(value)) = (json.get(row), value.get(row)) else { return Ok(None) };
        if !value.is_finite() {
            return Ok(Some(false));
        }
        let decide = |_, element: Token<'_>, scanner: &mut Scanner<'_>| {
            scanner.skip_children(element)?;
            Ok(is(element, &value).then_some(true))
        };
        Ok(search(json, decide, |_| Some(false)))
    })
}

fn contains_text(call: &Call) -> Result<ArrayRef> {
    let value = call.text(1);
    contains(
        call,
        |row| value.get(row),
        |element, value| matches!(element, Token::Text(raw) if unescape(raw).is_ok_and(|text| text == *value)),
    )
}
