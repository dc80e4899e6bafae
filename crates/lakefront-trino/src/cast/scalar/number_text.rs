//! Texts of `real` and `double`.

use std::str::FromStr;

use super::java_digits::{self, Digits};
use crate::error::{Error, Result};

const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;

/// `1.0E10`, `NaN`, `-Infinity`, `0E0`.
pub(crate) fn write_double(value: f64, out: &mut String) {
    if !write_special(value, out) {
        write_scientific(&double_digits(value), out);
    }
}

/// At most seven digits.
pub(crate) fn write_real(value: f32, out: &mut String) {
    if write_special(value.into(), out) {
        return;
    }
    let digits = real_digits(value);
    if significant(&digits) <= 7 {
        return write_scientific(&digits, out);
    }
    // The digits are cut off the double that is nearest to them, ties to even; but Java takes a whole number with a five
    // at its end for a little more than it is.
    let mut double = digits.parse::<f64>().unwrap_or_default();
    if double.fract() == 0.0 && double.abs() < TWO_TO_63 {
        double = f64::from_bits(double.to_bits() + 1);
    }
    write_scientific(&format!("{double:.6e}"), out);
}

fn write_special(value: f64, out: &mut String) -> bool {
    out.push_str(match value {
        _ if value.is_nan() => "NaN",
        f64::INFINITY => "Infinity",
        f64::NEG_INFINITY => "-Infinity",
        _ if value != 0.0 => return false,
        _ if value.is_sign_negative() => "-0E0",
        _ => "0E0",
    });
    true
}

/// `1.50e7` as `1.5E7`, `1e7` as `1.0E7`.
fn write_scientific(digits: &str, out: &mut String) {
    let (mantissa, exponent) = digits.split_once('e').unwrap_or((digits, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let fraction = match fraction.trim_end_matches('0') {
        "" => "0",
        fraction => fraction,
    };
    out.extend([whole, ".", fraction, "E", exponent]);
}

fn significant(digits: &str) -> usize {
    digits.split('e').next().unwrap_or_default().bytes().filter(u8::is_ascii_digit).count()
}

/// The digits of a finite number as Java 17 chooses them, with an exponent. They are not always the fewest that name it.
pub(crate) fn double_digits(value: f64) -> String {
    if value == 0.0 {
        return "0e0".to_owned();
    }
    with_exponent(java_digits::of_double(value), value < 0.0)
}

pub(crate) fn real_digits(value: f32) -> String {
    if value == 0.0 {
        return "0e0".to_owned();
    }
    with_exponent(java_digits::of_real(value), value < 0.0)
}

fn with_exponent(Digits { digits, power }: Digits, negative: bool) -> String {
    let mut text = String::with_capacity(digits.len() + 7);
    if negative {
        text.push('-');
    }
    for (at, digit) in digits.into_iter().enumerate() {
        if at == 1 {
            text.push('.');
        }
        text.push(char::from(digit));
    }
    text.push('e');
    text.push_str(&power.to_string());
    text
}

/// What Java reads as a floating point number.
///
/// # Errors
/// For hexadecimal numbers with an exponent, which Java knows.
pub(crate) fn read<F: FromStr>(text: &str) -> Result<Option<F>> {
    let trimmed = text.trim_matches(|letter: char| letter <= ' ');
    let unsigned = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    if unsigned == "NaN" || unsigned == "Infinity" {
        return Ok(trimmed.parse().ok());
    }
    if unsigned.starts_with("0x") || unsigned.starts_with("0X") {
        if unsigned.contains(['p', 'P']) {
            return Err(Error::not_here("A hexadecimal floating point number"));
        }
        return Ok(None);
    }
    let number = trimmed.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(trimmed);
    if !number.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-')) {
        return Ok(None);
    }
    Ok(number.parse().ok())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test")]

    #[test]
    fn doubles_read_as_javas() {
        let text = |value: f64| {
            let mut out = String::new();
            super::write_double(value, &mut out);
            out
        };
        assert_eq!(text(1e10), "1.0E10");
        assert_eq!(text(-1.5e-7), "-1.5E-7");
        assert_eq!(text(123_456.789), "1.23456789E5");
        assert_eq!(text(-0.0), "-0E0");
        assert_eq!(text(f64::NEG_INFINITY), "-Infinity");
        assert_eq!(text(5e-324), "4.9E-324");
        assert_eq!(text(9_007_199_254_740_993.0), "9.007199254740992E15");
        assert_eq!(text(1e23), "9.999999999999999E22");
        assert_eq!(text(-120.0), "-1.2E2");
        // Not the shortest digits, but Java 17's.
        assert_eq!(text(2f64.powi(-44)), "5.6843418860808015E-14");
        assert_eq!(text(2f64.powi(-177)), "5.2202435743988196E-54");
        assert_eq!(text(977_663_590_686_462.2), "9.776635906864622E14");
    }

    #[test]
    fn reals_have_seven_digits() {
        let text = |value: f32| {
            let mut out = String::new();
            super::write_real(value, &mut out);
            out
        };
        assert_eq!(text(12_345_678.9), "1.234568E7");
        assert_eq!(text(1.1), "1.1E0");
        assert_eq!(text(100_000_010.0), "1.0E8");
        assert_eq!(super::real_digits(1_234_567_940.0), "1.23456794e9");
        assert_eq!(super::real_digits(123_456_792.0), "1.23456792e8");
        assert_eq!(super::real_digits(0.1), "1e-1");
    }

    #[test]
    fn texts_are_read_as_java_reads_them() {
        let read = |text: &str| super::read::<f64>(text).unwrap();
        assert_eq!(read(" 1.5 "), Some(1.5));
        assert_eq!(read("1e3d"), Some(1000.0));
        assert_eq!(read("-Infinity"), Some(f64::NEG_INFINITY));
        for wrong in ["", "inf", "nan", "infinity", "1_0", "0x10", "1.5x", ".", "d"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
