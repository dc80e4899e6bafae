//! Bytes as text: hex, base64 and base32.

use base64::Engine;
use base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use datafusion::arrow::array::ArrayRef;

use super::super::super::{Function, scalar};
use crate::call::Call;
use crate::error::{Error, Result};
use crate::types::Type;

pub(super) fn all() -> Vec<Function> {
    let mut all = vec![
        scalar("to_hex", "(varbinary) -> varchar", |call| encode(call, hex)),
        scalar("to_base64", "(varbinary) -> varchar", |call| encode(call, |bytes| base64(&STANDARD).encode(bytes))),
        scalar("to_base64url", "(varbinary) -> varchar", |call| encode(call, |bytes| base64(&URL_SAFE).encode(bytes))),
        scalar("to_base32", "(varbinary) -> varchar", |call| encode(call, base32)),
    ];
    for signature in ["(varchar) -> varbinary", "(varbinary) -> varbinary"] {
        all.extend([
            scalar("from_hex", signature, |call| decode(call, from_hex)),
            scalar("from_base64", signature, |call| decode(call, |text| from_base64(&STANDARD, text))),
            scalar("from_base64url", signature, |call| decode(call, |text| from_base64(&URL_SAFE, text))),
            scalar("from_base32", signature, |call| decode(call, from_base32)),
        ]);
    }
    all
}

fn encode(call: &Call, of: impl Fn(&[u8]) -> String) -> Result<ArrayRef> {
    let bytes = call.bytes(0);
    call.texts(|row| Ok(bytes.get(row).map(&of)))
}

fn decode(call: &Call, of: impl Fn(&[u8]) -> Result<Vec<u8>>) -> Result<ArrayRef> {
    if call.types[0] == Type::Varbinary {
        let bytes = call.bytes(0);
        return call.blobs(|row| bytes.get(row).map(&of).transpose());
    }
    let text = call.text(0);
    call.blobs(|row| text.get(row).map(|text| of(text.as_bytes())).transpose())
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn from_hex(text: &[u8]) -> Result<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return Err(Error::invalid_argument(format!("invalid input length {}", text.len())));
    }
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .ok_or_else(|| Error::invalid_argument(format!("not a hexadecimal digit: \"{}\"", char::from(byte))))
    };
    text.chunks(2).map(|pair| Ok((digit(pair[0])? << 4 | digit(pair[1])?) as u8)).collect()
}

fn base64(alphabet: &Alphabet) -> GeneralPurpose {
    let config = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(alphabet, config)
}

fn from_base64(alphabet: &Alphabet, text: &[u8]) -> Result<Vec<u8>> {
    // All of the padding, or none.
    if text.last() == Some(&b'=') && !text.len().is_multiple_of(4) {
        return Err(Error::invalid_argument("Input byte array has wrong 4-byte ending unit"));
    }
    base64(alphabet).decode(text).map_err(|error| Error::invalid_argument(error.to_string()))
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(5) {
        let bits = (0..5).fold(0u64, |bits, at| bits << 8 | u64::from(chunk.get(at).copied().unwrap_or(0)));
        let digits = (chunk.len() * 8).div_ceil(5);
        for at in 0..8 {
            text.push(match at < digits {
                true => char::from(BASE32[(bits >> (35 - 5 * at)) as usize & 31]),
                false => '=',
            });
        }
    }
    text
}

fn from_base32(text: &[u8]) -> Result<Vec<u8>> {
    let end = text.iter().rposition(|byte| *byte != b'=').map_or(0, |at| at + 1);
    let text = &text[..end];
    if !matches!(text.len() % 8, 0 | 2 | 4 | 5 | 7) {
        return Err(Error::invalid_argument(format!("Invalid input length {}", text.len())));
    }
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    for chunk in text.chunks(8) {
        let mut bits = 0u64;
        for at in 0..8 {
            let value = match chunk.get(at) {
                Some(byte) => BASE32
                    .iter()
                    .position(|digit| digit == byte)
                    .ok_or_else(|| Error::invalid_argument(format!("Unrecognized character: {}", char::from(*byte))))?,
                None => 0,
            };
            bits = bits << 5 | value as u64;
        }
        bytes.extend_from_slice(&bits.to_be_bytes()[3..3 + chunk.len() * 5 / 8]);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::{STANDARD, base32, from_base32, from_base64};

    #[test]
    fn bytes_come_back() {
        for bytes in [&b""[..], b"a", b"ab", b"abc", b"abcd", b"hello world"] {
            assert_eq!(from_base32(base32(bytes).as_bytes()).ok().as_deref(), Some(bytes));
        }
        assert_eq!(base32(b"abc"), "MFRGG===");
        assert!(from_base64(&STANDARD, b"aaaaaa").is_ok());
        assert!(from_base64(&STANDARD, b"a").is_err());
    }
}
