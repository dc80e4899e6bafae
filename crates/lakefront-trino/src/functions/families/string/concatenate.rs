//! Texts and bytes one after the other.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringBuilder};

use super::super::super::{Function, scalar};
use super::characters::{bound, padded, write};
use crate::call::Call;
use crate::error::{Error, Result};
use crate::types::{Type, VARCHAR};
use crate::value::Value;

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("concat", "(varchar...) -> varchar", concat),
        scalar("concat", "(varbinary...) -> varbinary", concat_bytes),
        scalar("concat", "(char(x), char(y)) -> char", concat_chars).returning(|types| {
            let length = types.iter().filter_map(bound).sum::<u64>();
            if length > 65_536 {
                return Err(Error::invalid_argument(format!("CHAR length must be in range [0, 65536], got {length}")));
            }
            Ok(Type::Char(length as u32))
        }),
        scalar("concat_ws", "(varchar, varchar...) -> varchar", concat_ws).on_nulls().returning(|types| {
            if types.len() < 2 {
                return Err(Error::invalid_argument("There must be two or more arguments"));
            }
            Ok(VARCHAR)
        }),
        scalar("concat_ws", "(varchar, array(varchar)) -> varchar", concat_ws_array),
    ]
}

/// Fewer are an error when the function is called, so that TRY forgives it.
fn two_or_more(call: &Call) -> Result<()> {
    if call.arguments.len() < 2 {
        return Err(Error::invalid_argument("There must be two or more concatenation arguments"));
    }
    Ok(())
}

fn concat(call: &Call) -> Result<ArrayRef> {
    two_or_more(call)?;
    let texts: Vec<_> = (0..call.arguments.len()).map(|at| call.text(at)).collect();
    let mut out = StringBuilder::with_capacity(call.rows, 0);
    for row in 0..call.rows {
        if texts.iter().any(|text| text.get(row).is_none()) {
            out.append_null();
            continue;
        }
        for text in &texts {
            write(&mut out, text.get(row).unwrap_or_default())?;
        }
        out.append_value("");
    }
    Ok(Arc::new(out.finish()))
}

fn concat_bytes(call: &Call) -> Result<ArrayRef> {
    two_or_more(call)?;
    let parts: Vec<_> = (0..call.arguments.len()).map(|at| call.bytes(at)).collect();
    call.blobs(|row| {
        let parts: Option<Vec<&[u8]>> = parts.iter().map(|part| part.get(row)).collect();
        Ok(parts.map(|parts| parts.concat()))
    })
}

fn concat_chars(call: &Call) -> Result<ArrayRef> {
    let (left, right) = (call.text(0), call.text(1));
    call.texts(|row| {
        let (Some(left), Some(right)) = (left.get(row), right.get(row)) else { return Ok(None) };
        // Spaces at the end of a char are not stored.
        Ok(Some(match right {
            "" => left.to_owned(),
            _ => padded(left, &call.types[0]).into_owned() + right,
        }))
    })
}

fn concat_ws(call: &Call) -> Result<ArrayRef> {
    let texts: Vec<_> = (0..call.arguments.len()).map(|at| call.text(at)).collect();
    call.texts(|row| {
        let Some(separator) = texts[0].get(row) else { return Ok(None) };
        Ok(Some(texts[1..].iter().filter_map(|text| text.get(row)).collect::<Vec<_>>().join(separator)))
    })
}

fn concat_ws_array(call: &Call) -> Result<ArrayRef> {
    let (separator, array) = (call.text(0), call.any(1));
    call.texts(|row| {
        let (Some(separator), Value::Array(items)) = (separator.get(row), array.get(row)) else { return Ok(None) };
        let texts: Vec<&str> = items
            .iter()
            .filter_map(|item| match item {
                Value::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        Ok(Some(texts.join(separator)))
    })
}
