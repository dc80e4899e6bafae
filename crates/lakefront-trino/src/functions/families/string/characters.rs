//! Texts as sequences of characters.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray, StringBuilder};
use datafusion::arrow::datatypes::Int32Type;
use memchr::memmem;
use unicode_normalization::UnicodeNormalization;

use super::super::prepared::Prepared;
use crate::call::Call;
use crate::error::{Code, Error, Result};
use crate::types::{Type, VARCHAR};

/// The bytes of all rows of an array.
pub(super) fn bytes_of(text: &StringArray) -> &[u8] {
    let offsets = text.value_offsets();
    match (offsets.first(), offsets.last()) {
        (Some(first), Some(last)) => &text.value_data()[*first as usize..*last as usize],
        _ => &[],
    }
}

/// Whether every character of the argument is one byte.
pub(super) fn is_ascii(call: &Call, argument: usize) -> bool {
    bytes_of(call.arguments[argument].array.as_string()).is_ascii()
}

/// Where a character starts, counted from 0; `None` after the last one.
pub(super) fn offset(text: &str, character: usize) -> Option<usize> {
    // As long as nothing but ASCII comes before, characters are bytes.
    let head = &text.as_bytes()[..character.min(text.len())];
    if head.is_ascii() {
        return (character < text.len()).then_some(character);
    }
    text.char_indices().nth(character).map(|(at, _)| at)
}

/// A `char` with its spaces.
pub(in super::super) fn padded<'a>(text: &'a str, of: &Type) -> Cow<'a, str> {
    let Type::Char(length) = of else { return Cow::Borrowed(text) };
    let missing = (*length as usize).saturating_sub(text.chars().count());
    match missing {
        0 => Cow::Borrowed(text),
        _ => Cow::Owned(format!("{text}{}", " ".repeat(missing))),
    }
}

/// The length of a `varchar` type, if it has one.
pub(super) fn bound(of: &Type) -> Option<u64> {
    match of {
        Type::Varchar(length) => length.map(u64::from),
        Type::Char(length) => Some(u64::from(*length)),
        _ => None,
    }
}

/// The `varchar` of a computed length.
pub(in super::super) fn varchar(length: Option<u64>) -> Type {
    match length {
        Some(length) if length < i32::MAX as u64 => Type::Varchar(Some(length as u32)),
        _ => VARCHAR,
    }
}

pub(super) fn length(call: &Call) -> Result<ArrayRef> {
    let array = call.array(0)?;
    let text = array.as_string::<i32>();
    let lengths: Vec<i64> = if bytes_of(text).is_ascii() {
        text.value_offsets().windows(2).map(|pair| i64::from(pair[1] - pair[0])).collect()
    } else {
        (0..text.len()).map(|row| text.value(row).chars().count() as i64).collect()
    };
    Ok(Arc::new(Int64Array::new(lengths.into(), text.nulls().cloned())))
}

pub(super) fn length_of_char(call: &Call) -> Result<ArrayRef> {
    let length = bound(&call.types[0]).unwrap_or_default() as i64;
    call.bigints(|_| Ok(Some(length)))
}

pub(super) fn reverse(call: &Call) -> Result<ArrayRef> {
    let text = call.text(0);
    call.texts(|row| Ok(text.get(row).map(|text| text.chars().rev().collect::<String>())))
}

pub(super) fn replaced_type(arguments: &[Type]) -> Result<Type> {
    let (Some(text), Some(by)) = (bound(&arguments[0]), bound(&arguments[2])) else { return Ok(VARCHAR) };
    Ok(varchar(Some(text.saturating_add(by.saturating_mul(text + 1)))))
}

pub(super) fn replace(call: &Call) -> Result<ArrayRef> {
    let (text, search) = (call.text(0), call.text(1));
    let by = (call.arguments.len() > 2).then(|| call.text(2));
    let mut finders: Prepared<memmem::Finder<'static>> = Prepared::new();
    let mut out = StringBuilder::with_capacity(call.rows, 0);
    for row in 0..call.rows {
        let by = match &by {
            Some(by) => by.get(row),
            None => Some(""),
        };
        let (Some(text), Some(search), Some(by)) = (text.get(row), search.get(row), by) else {
            out.append_null();
            continue;
        };
        if search.is_empty() {
            write_between(&mut out, text, by)?;
        } else {
            let finder = finders.of(search, |search| Ok(memmem::Finder::new(search).into_owned()))?;
            let mut done = 0;
            for at in finder.find_iter(text.as_bytes()) {
                write(&mut out, &text[done..at])?;
                write(&mut out, by)?;
                done = at + search.len();
            }
            write(&mut out, &text[done..])?;
        }
        out.append_value("");
    }
    Ok(Arc::new(out.finish()))
}

/// Appends to the row that is being built.
pub(in super::super) fn write(out: &mut StringBuilder, part: &str) -> Result<()> {
    out.write_str(part).map_err(|_| Error::new(Code::GenericInternalError, "The text has no end"))
}

/// A text before each character and at the end.
fn write_between(out: &mut StringBuilder, text: &str, by: &str) -> Result<()> {
    write(out, by)?;
    let mut bytes = [0; 4];
    for character in text.chars() {
        write(out, character.encode_utf8(&mut bytes))?;
        write(out, by)?;
    }
    Ok(())
}

pub(super) fn translate(call: &Call) -> Result<ArrayRef> {
    let (text, from, to) = (call.text(0), call.text(1), call.text(2));
    let mut maps: Prepared<(String, HashMap<char, Option<char>>)> = Prepared::new();
    call.texts(|row| {
        let (Some(text), Some(from), Some(to)) = (text.get(row), from.get(row), to.get(row)) else { return Ok(None) };
        let map_of = |from: &str| {
            let mut by = to.chars();
            let mut map = HashMap::new();
            for character in from.chars() {
                let by = by.next();
                map.entry(character).or_insert(by);
            }
            Ok((to.to_owned(), map))
        };
        let known = maps.of(from, map_of)?;
        if known.0 != to {
            *known = map_of(from)?;
        }
        Ok(Some(
            text.chars()
                .filter_map(|character| known.1.get(&character).copied().unwrap_or(Some(character)))
                .collect::<String>(),
        ))
    })
}

pub(super) fn chr(call: &Call) -> Result<ArrayRef> {
    let number = call.int(0)?;
    call.texts(|row| {
        let Some(number) = number.get(row) else { return Ok(None) };
        match u32::try_from(number).ok().and_then(char::from_u32) {
            Some(character) => Ok(Some(character.to_string())),
            None => Err(Error::invalid_argument(format!("Not a valid Unicode code point: {number}"))),
        }
    })
}

pub(super) fn codepoint_type(arguments: &[Type]) -> Result<Type> {
    match &arguments[0] {
        Type::Varchar(Some(0 | 1)) => Ok(Type::Integer),
        other => {
            Err(Error::new(Code::FunctionNotFound, format!("Unexpected parameters ({other}) for function codepoint")))
        }
    }
}

pub(super) fn codepoint(call: &Call) -> Result<ArrayRef> {
    let text = call.text(0);
    call.primitives::<Int32Type>(|row| {
        let Some(text) = text.get(row) else { return Ok(None) };
        match text.chars().next() {
            Some(character) => Ok(Some(u32::from(character) as i32)),
            None => Err(Error::invalid_argument("Input string must be a single character string")),
        }
    })
}

pub(super) fn normalize(call: &Call) -> Result<ArrayRef> {
    let (text, form) = (call.text(0), call.text(1));
    call.texts(|row| {
        let (Some(text), Some(form)) = (text.get(row), form.get(row)) else { return Ok(None) };
        Ok(Some(match form {
            "NFC" => text.nfc().collect::<String>(),
            "NFD" => text.nfd().collect(),
            "NFKC" => text.nfkc().collect(),
            "NFKD" => text.nfkd().collect(),
            _ => {
                return Err(Error::invalid_argument("Normalization form must be one of [NFD, NFC, NFKD, NFKC]"));
            }
        }))
    })
}
