//! Texts of `real` and `double`.

use std::fmt::{LowerExp, Write as _};
use std::str::FromStr;

use crate::error::{Error, Result};

/// `1.0E10`, `NaN`, `-Infinity`, `0E0`.
pub(crate) fn write_double(value: f64, out: &mut String) {
    if !write_special(value, out) {
        write_scientific(value, out);
    }
}

/// At most seven digits.
pub(crate) fn write_real(value: f32, out: &mut String) {
    if write_special(value.into(), out) {
        return;
    }
    let shortest = format!("{value:e}");
    let digits = shortest.split('e').next().unwrap_or_default().bytes().filter(u8::is_ascii_digit).count();
    if digits <= 7 {
        write_scientific(value, out);
        return;
    }
    // The digits are cut off the double that is nearest to them, ties to even.
    let rounded = format!("{:.6e}", shortest.parse::<f64>().unwrap_or_default());
    let (mantissa, exponent) = rounded.split_once('e').unwrap_or((&rounded, "0"));
    let mantissa = mantissa.trim_end_matches('0');
    out.push_str(mantissa);
    if mantissa.ends_with('.') {
        out.push('0');
    }
    out.push('E');
    out.push_str(exponent);
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

fn write_scientific(value: impl LowerExp, out: &mut String) {
    let start = out.len();
    // Writing to a text does not fail.
    let _ = write!(out, "{value:e}");
    let Some(at) = out[start..].find('e').map(|at| at + start) else { return };
    let mark = if out[start..at].contains('.') { "E" } else { ".0E" };
    out.replace_range(at..=at, mark);
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
