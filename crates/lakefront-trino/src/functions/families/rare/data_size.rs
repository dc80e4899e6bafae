use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::Decimal128Type;

use crate::call::Call;
use crate::error::{Error, Result};

pub(super) fn parse_data_size(call: &Call) -> Result<ArrayRef> {
    let text = call.text(0);
    call.primitives::<Decimal128Type>(|row| text.get(row).map(bytes).transpose())
}

fn bytes(text: &str) -> Result<i128> {
    let invalid = || Error::invalid_argument(format!("Invalid data size: '{text}'"));
    let out_of_range = || Error::out_of_range(format!("Value out of range: '{text}'"));
    let digits = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let (number, unit) = text.split_at(digits);
    let power = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"].iter().position(|known| *known == unit);
    let power = power.ok_or_else(invalid)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.contains('.') || whole.is_empty() && fraction.is_empty() {
        return Err(invalid());
    }
    // In bytes, digit by digit: what is left of each place goes to the next.
    let factor = 1i128 << (10 * power);
    let mut sum: i128 = 0;
    for digit in whole.bytes() {
        sum = sum.checked_mul(10).and_then(|sum| sum.checked_add(i128::from(digit - b'0'))).ok_or_else(out_of_range)?;
    }
    sum = sum.checked_mul(factor).ok_or_else(out_of_range)?;
    sum = sum.checked_add(fraction_of(factor, fraction)).ok_or_else(out_of_range)?;
    if sum >= 10i128.pow(38) { Err(out_of_range()) } else { Ok(sum) }
}

/// `⌊0.fraction × factor⌋`, by long multiplication from the last digit on.
fn fraction_of(factor: i128, fraction: &str) -> i128 {
    let mut carry: i128 = 0;
    for digit in fraction.bytes().rev() {
        // Truncating keeps the floor of the whole: later digits only add.
        carry = (carry + i128::from(digit - b'0') * factor) / 10;
    }
    carry
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_are_cut_to_bytes() {
        assert_eq!(bytes("2.234kB").ok(), Some(2287));
        assert_eq!(bytes("1.9B").ok(), Some(1));
        assert_eq!(bytes("1.kB").ok(), Some(1024));
        assert!(bytes("10KB").is_err());
        assert!(bytes(".").is_err());
        assert!(bytes("99999999999999999999YB").is_err());
    }
}
