//! Texts as their bytes in UTF-8.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, BinaryArray};

use super::super::super::{Function, scalar};
use crate::call::Call;
use crate::error::{Error, Result};

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("to_utf8", "(varchar) -> varbinary", to_utf8),
        scalar("from_utf8", "(varbinary) -> varchar", from_utf8),
        scalar("from_utf8", "(varbinary, varchar) -> varchar", from_utf8_replacing),
        scalar("from_utf8", "(varbinary, bigint) -> varchar", from_utf8_with_code),
    ]
}

fn to_utf8(call: &Call) -> Result<ArrayRef> {
    Ok(Arc::new(BinaryArray::from(call.array(0)?.as_string::<i32>().clone())))
}

fn from_utf8(call: &Call) -> Result<ArrayRef> {
    let bytes = call.bytes(0);
    call.texts(|row| Ok(bytes.get(row).map(|bytes| mended(bytes, "\u{fffd}"))))
}

fn from_utf8_replacing(call: &Call) -> Result<ArrayRef> {
    let (bytes, by) = (call.bytes(0), call.text(1));
    call.texts(|row| {
        let (Some(bytes), Some(by)) = (bytes.get(row), by.get(row)) else { return Ok(None) };
        if by.chars().nth(1).is_some() {
            return Err(Error::invalid_argument("Replacement character string must empty or a single character"));
        }
        Ok(Some(mended(bytes, by)))
    })
}

fn from_utf8_with_code(call: &Call) -> Result<ArrayRef> {
    let (bytes, by) = (call.bytes(0), call.int(1)?);
    call.texts(|row| {
        let (Some(bytes), Some(by)) = (bytes.get(row), by.get(row)) else { return Ok(None) };
        let by = u32::try_from(by).ok().and_then(char::from_u32);
        let by = by.ok_or_else(|| Error::invalid_argument("Invalid replacement character"))?;
        Ok(Some(mended(bytes, by.encode_utf8(&mut [0; 4]))))
    })
}

/// Bytes as text, with something else in place of each wrong sequence.
fn mended(bytes: &[u8], by: &str) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        match std::str::from_utf8(rest) {
            Ok(valid) => {
                text.push_str(valid);
                return text;
            }
            Err(error) => {
                let (valid, wrong) = rest.split_at(error.valid_up_to());
                text.push_str(&String::from_utf8_lossy(valid));
                text.push_str(by);
                rest = &wrong[wrong_length(wrong)..];
            }
        }
    }
}

/// How many bytes a wrong sequence takes: all that its first byte announces and that continue it.
fn wrong_length(bytes: &[u8]) -> usize {
    let announced = match bytes.first() {
        Some(0xC0..=0xDF) => 2,
        Some(0xE0..=0xEF) => 3,
        Some(0xF0..=0xF7) => 4,
        Some(0xF8..=0xFB) => 5,
        Some(0xFC..=0xFD) => 6,
        _ => 1,
    };
    let continuing = bytes.iter().take(announced).skip(1).take_while(|byte| **byte & 0xC0 == 0x80).count();
    (1 + continuing).min(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::mended;

    #[test]
    fn wrong_sequences_are_replaced_once() {
        assert_eq!(mended(b"X\xBF", "#"), "X#");
        assert_eq!(mended(b"\xC0\x80a", "?"), "?a");
        assert_eq!(mended(b"\xED\xA0\x80a", "?"), "?a");
        assert_eq!(mended(b"\xE2\x82a", "?"), "?a");
        assert_eq!(mended("€".as_bytes(), "?"), "€");
    }
}
