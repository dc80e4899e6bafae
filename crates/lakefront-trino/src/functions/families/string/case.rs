//! Upper and lower case: character by character, without regard to what stands around it.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringArray};
use datafusion::arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};

use super::super::super::{Function, scalar};
use super::characters::bytes_of;
use crate::call::Call;
use crate::error::Result;

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("lower", "(varchar(x)) -> varchar(x)", lower),
        scalar("lower", "(char(x)) -> char(x)", lower),
        scalar("upper", "(varchar(x)) -> varchar(x)", upper),
        scalar("upper", "(char(x)) -> char(x)", upper),
    ]
}

fn lower(call: &Call) -> Result<ArrayRef> {
    mapped(call, <[u8]>::to_ascii_lowercase, lower_of)
}

fn upper(call: &Call) -> Result<ArrayRef> {
    mapped(call, <[u8]>::to_ascii_uppercase, upper_of)
}

fn mapped(call: &Call, ascii: fn(&[u8]) -> Vec<u8>, of: fn(char) -> char) -> Result<ArrayRef> {
    let array = call.array(0)?;
    let text = array.as_string::<i32>();
    let bytes = bytes_of(text);
    if bytes.is_ascii() {
        // Every row keeps its place.
        let first = text.value_offsets().first().copied().unwrap_or_default();
        let offsets: Vec<i32> = text.value_offsets().iter().map(|offset| offset - first).collect();
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        let mapped = StringArray::try_new(offsets, Buffer::from_vec(ascii(bytes)), text.nulls().cloned())?;
        return Ok(Arc::new(mapped));
    }
    let text = call.text(0);
    call.texts(|row| Ok(text.get(row).map(|text| text.chars().map(of).collect::<String>())))
}

fn lower_of(character: char) -> char {
    let mut lower = character.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(lower), None) if !is_new(character) => lower,
        // İ alone has two characters in lower case.
        (_, Some(_)) => 'i',
        _ => character,
    }
}

fn upper_of(character: char) -> char {
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) if !is_new(character) => upper,
        (_, Some(_)) => greek_capital(character).unwrap_or(character),
        _ => character,
    }
}

/// The one capital of a letter with an iota below, whose capitals are else written as two letters.
fn greek_capital(character: char) -> Option<char> {
    let at = u32::from(character);
    match at {
        0x1F80..=0x1F87 | 0x1F90..=0x1F97 | 0x1FA0..=0x1FA7 => char::from_u32(at + 8),
        0x1FB3 | 0x1FC3 | 0x1FF3 => char::from_u32(at + 9),
        _ => None,
    }
}

/// Letters with two cases that came after Unicode 13, which Trino's Java knows.
fn is_new(character: char) -> bool {
    matches!(
        u32::from(character),
        0x1C89..=0x1C8A
            | 0x2C2F
            | 0x2C5F
            | 0xA7C0..=0xA7C1
            | 0xA7CB..=0xA7DC
            | 0x10570..=0x105BF
            | 0x10D50..=0x10D8F
            | 0x16EA0..=0x16EDF
    ) || matches!(u32::from(character), 0x019B | 0x0264)
}

#[cfg(test)]
mod tests {
    use super::{lower_of, upper_of};

    #[test]
    fn one_character_stays_one() {
        assert_eq!(upper_of('ß'), 'ß');
        assert_eq!(upper_of('ᾳ'), 'ᾼ');
        assert_eq!(upper_of('ὐ'), 'ὐ');
        assert_eq!(upper_of('𐐭'), '𐐅');
        assert_eq!(upper_of('ı'), 'I');
        assert_eq!(lower_of('İ'), 'i');
        assert_eq!(lower_of('Σ'), 'σ');
    }
}
