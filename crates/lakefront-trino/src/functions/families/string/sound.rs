//! How words sound, and digits that check themselves.

use datafusion::arrow::array::ArrayRef;

use super::super::super::{Function, scalar};
use crate::call::Call;
use crate::error::{Error, Result};

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("soundex", "(varchar) -> varchar(4)", soundex),
        scalar("luhn_check", "(varchar) -> boolean", luhn_check),
    ]
}

fn soundex(call: &Call) -> Result<ArrayRef> {
    let text = call.text(0);
    call.texts(|row| text.get(row).map(soundex_of).transpose())
}

/// Digits of the letters A to Z; vowels have 0.
const SOUNDS: &[u8; 26] = b"01230120022455012623010202";

fn soundex_of(text: &str) -> Result<String> {
    // Letters beyond the first plane are none to Java.
    let letters: String =
        text.chars().filter(|letter| u32::from(*letter) < 0x10000 && letter.is_alphabetic()).collect();
    let letters = letters.to_uppercase();
    let mut letters = letters.chars();
    let Some(first) = letters.next() else { return Ok(String::new()) };
    let digit = |letter: char| {
        letter.is_ascii_uppercase().then(|| char::from(SOUNDS[letter as usize - 'A' as usize])).ok_or_else(|| {
            Error::invalid_argument(format!(
                "The character is not mapped: {letter} (index={})",
                i64::from(u32::from(letter)) - i64::from(b'A')
            ))
        })
    };
    let mut code = String::from(first);
    let mut last = digit(first)?;
    for letter in letters {
        if code.len() == 4 {
            break;
        }
        if matches!(letter, 'H' | 'W') {
            continue;
        }
        let next = digit(letter)?;
        if next != '0' && next != last {
            code.push(next);
        }
        last = next;
    }
    Ok(format!("{code:0<4}"))
}

fn luhn_check(call: &Call) -> Result<ArrayRef> {
    let text = call.text(0);
    call.booleans(|row| {
        let Some(text) = text.get(row) else { return Ok(None) };
        let mut sum = 0;
        for (at, byte) in text.bytes().rev().enumerate() {
            if !byte.is_ascii_digit() {
                return Err(Error::invalid_argument("Input contains non-digit character"));
            }
            let digit = u32::from(byte - b'0') << (at % 2);
            sum += if digit > 9 { digit - 9 } else { digit };
        }
        Ok(Some(!text.is_empty() && sum % 10 == 0))
    })
}

#[cfg(test)]
mod tests {
    use super::soundex_of;

    #[test]
    fn sounds_are_coded() {
        assert_eq!(soundex_of("Robert").ok().as_deref(), Some("R163"));
        assert_eq!(soundex_of("Ashcraft").ok().as_deref(), Some("A261"));
        assert_eq!(soundex_of("Pfister").ok().as_deref(), Some("P236"));
        assert!(soundex_of("jąmes").is_err());
    }
}
