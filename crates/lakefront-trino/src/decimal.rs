//! Decimals: at most 38 digits, without their point in 128 bits.

use std::fmt::Write as _;

use datafusion::arrow::datatypes::i256;

use crate::types::MAX_PRECISION;

const TENS: [i128; 39] = {
    let mut tens = [1i128; 39];
    let mut at = 1;
    while at < tens.len() {
        tens[at] = tens[at - 1] * 10;
        at += 1;
    }
    tens
};

/// A power of ten of at most 38.
pub(crate) fn ten_to(power: u8) -> i128 {
    TENS[usize::from(power)]
}

pub(crate) fn fits(value: i128, precision: u8) -> bool {
    value.unsigned_abs() < ten_to(precision).unsigned_abs()
}

/// Quotient and remainder; most decimals are small, and 128 bits are divided slowly.
pub(crate) fn divide(value: i128, by: i128) -> (i128, i128) {
    match (i64::try_from(value), i64::try_from(by)) {
        (Ok(value), Ok(by)) if by > 0 => ((value / by).into(), (value % by).into()),
        _ => (value / by, value % by),
    }
}

/// Drops digits, half up.
pub(crate) fn round_off(value: i128, digits: u8) -> i128 {
    if digits == 0 {
        return value;
    }
    if digits > MAX_PRECISION {
        return 0;
    }
    let unit = ten_to(digits);
    let (quotient, rest) = divide(value, unit);
    if rest.abs() >= unit / 2 { quotient + value.signum() } else { quotient }
}

/// The digits that a scale becomes under another. `None` where 128 bits do not hold them.
pub(crate) fn rescale(value: i128, from: u8, to: u8) -> Option<i128> {
    match to.checked_sub(from) {
        Some(0) => Some(value),
        Some(more) => value.checked_mul(ten_to(more)),
        None => Some(round_off(value, from - to)),
    }
}

/// `value × 10^power ÷ by`, half up. `None` where the result has more than 38 digits.
pub(crate) fn scaled_quotient(value: i128, power: u8, by: i128) -> Option<i128> {
    if power >= MAX_PRECISION {
        return None;
    }
    if let Some(scaled) = value.checked_mul(ten_to(power)) {
        let (quotient, rest) = if by > 0 { divide(scaled, by) } else { (scaled / by, scaled % by) };
        // Twice the rest may not fit.
        let up = rest.unsigned_abs() >= by.unsigned_abs() - rest.unsigned_abs();
        let away = if (value < 0) == (by < 0) { 1 } else { -1 };
        return Some(if up && rest != 0 { quotient + away } else { quotient }).filter(|it| fits(*it, MAX_PRECISION));
    }
    let scaled = i256::from_i128(value).checked_mul(i256::from_i128(ten_to(power)))?;
    let by_wide = i256::from_i128(by);
    let (quotient, rest) = (scaled.checked_div(by_wide)?, scaled.checked_rem(by_wide)?);
    let quotient = quotient.to_i128()?;
    let rest = rest.to_i128()?.unsigned_abs();
    let away = if (value < 0) == (by < 0) { 1 } else { -1 };
    let up = rest != 0 && rest >= by.unsigned_abs() - rest;
    Some(if up { quotient.checked_add(away)? } else { quotient }).filter(|it| fits(*it, MAX_PRECISION))
}

/// The remainder of two numbers of one scale, which they get by way of 256 bits.
pub(crate) fn remainder(a: i128, a_power: u8, b: i128, b_power: u8) -> Option<i128> {
    // Trino knows no factor of 10^38.
    if a != 0 && a_power >= MAX_PRECISION || b_power >= MAX_PRECISION {
        return None;
    }
    match (a.checked_mul(ten_to(a_power)), b.checked_mul(ten_to(b_power))) {
        (Some(a), Some(b)) => Some(a % b),
        _ => {
            let wide = |value: i128, power: u8| i256::from_i128(value).checked_mul(i256::from_i128(ten_to(power)));
            wide(a, a_power)?.checked_rem(wide(b, b_power)?)?.to_i128()
        }
    }
}

/// All digits of the scale, as in `-0.50`.
pub(crate) fn text(value: i128, scale: u8) -> String {
    let mut out = String::new();
    write(value, scale, &mut out);
    out
}

pub(crate) fn write(value: i128, scale: u8, out: &mut String) {
    let sign = if value < 0 { "-" } else { "" };
    let digits = value.unsigned_abs();
    // Writing to a text does not fail.
    let _ = if scale == 0 {
        write!(out, "{sign}{digits}")
    } else {
        let unit = ten_to(scale).unsigned_abs();
        write!(out, "{sign}{}.{:0width$}", digits / unit, digits % unit, width = usize::from(scale))
    };
}

/// A number as text has it: digits with an optional point and an optional exponent, of any length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parsed {
    negative: bool,
    /// The first 38 digits from the first that is no zero, and the one after them.
    digits: i128,
    next: u8,
    /// How many digits there are from the first that is no zero.
    count: i64,
    /// How many of them are behind the point.
    scale: i64,
}

impl Parsed {
    /// What Java's `BigDecimal` reads.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let (negative, rest) = match bytes.first()? {
            b'-' => (true, &bytes[1..]),
            b'+' => (false, &bytes[1..]),
            _ => (false, bytes),
        };
        let mut parsed = Parsed { negative, digits: 0, next: 0, count: 0, scale: 0 };
        let (mut any, mut point) = (false, false);
        let mut at = 0;
        while let Some(&byte) = rest.get(at) {
            match byte {
                b'0'..=b'9' => {
                    any = true;
                    parsed.scale += i64::from(point);
                    if byte != b'0' || parsed.count > 0 {
                        match parsed.count {
                            0..38 => parsed.digits = parsed.digits * 10 + i128::from(byte - b'0'),
                            38 => parsed.next = byte - b'0',
                            _ => {}
                        }
                        parsed.count += 1;
                    }
                }
                b'.' if !point => point = true,
                b'e' | b'E' => break,
                _ => return None,
            }
            at += 1;
        }
        if !any {
            return None;
        }
        if at < rest.len() {
            let exponent = std::str::from_utf8(&rest[at + 1..]).ok()?;
            let is_number = exponent.trim_start_matches(['+', '-']).bytes().all(|byte| byte.is_ascii_digit());
            parsed.scale -= i64::from(exponent.parse::<i32>().ok().filter(|_| is_number)?);
        }
        Some(parsed)
    }

    /// The number with so many digits behind the point, half up. `None` where it has more than 38.
    pub(crate) fn with_scale(self, scale: u8) -> Option<i128> {
        if self.count == 0 {
            return Some(0);
        }
        let kept = self.count + i64::from(scale) - self.scale;
        if kept < 0 {
            return Some(0);
        }
        let kept = u8::try_from(kept).ok().filter(|kept| *kept <= MAX_PRECISION)?;
        let have = self.count.min(38) as u8;
        let digits = if i64::from(kept) >= self.count {
            self.digits * ten_to(kept - have)
        } else if kept == have {
            self.digits + i128::from(self.next >= 5)
        } else {
            round_off(self.digits, have - kept)
        };
        Some(if self.negative { -digits } else { digits })
    }
}

#[cfg(test)]
mod tests {
    use super::{Parsed, remainder, round_off, scaled_quotient, text};

    #[test]
    fn texts_become_digits() {
        let read = |text: &str, scale: u8| Parsed::of(text).and_then(|parsed| parsed.with_scale(scale));
        assert_eq!(read("1.5", 2), Some(150));
        assert_eq!(read("-.005", 2), Some(-1));
        assert_eq!(read("5.", 0), Some(5));
        assert_eq!(read("+1e3", 1), Some(10_000));
        assert_eq!(read("1.25E-1", 2), Some(13));
        assert_eq!(read("0e999999999", 2), Some(0));
        assert_eq!(read("1e999999999", 2), None);
        assert_eq!(read("1e-999999999", 2), Some(0));
        assert_eq!(read("9999999999999999999999999999999999999.96", 1), Some(10i128.pow(38)));
        for wrong in ["", "+", ".", "1 ", "1e", "1e+", "1.2.3", "e5", "--1", "1e+-2", "0x1"] {
            assert_eq!(Parsed::of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn digits_become_text() {
        assert_eq!(text(-50, 2), "-0.50");
        assert_eq!(text(0, 3), "0.000");
        assert_eq!(text(-7, 0), "-7");
    }

    #[test]
    fn rounding_is_half_up() {
        assert_eq!(round_off(25, 1), 3);
        assert_eq!(round_off(-25, 1), -3);
        assert_eq!(round_off(-24, 1), -2);
        assert_eq!(scaled_quotient(1, 0, 2), Some(1));
        assert_eq!(scaled_quotient(-1, 0, 3), Some(0));
        assert_eq!(scaled_quotient(2, 3, -3), Some(-667));
        assert_eq!(scaled_quotient(10i128.pow(37), 37, 10i128.pow(37)), Some(10i128.pow(37)));
        assert_eq!(scaled_quotient(10i128.pow(37), 37, 1), None);
        assert_eq!(remainder(10i128.pow(37), 37, 7, 0), Some(2));
    }
}
