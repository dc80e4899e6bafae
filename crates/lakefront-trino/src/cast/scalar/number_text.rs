//! Texts of `real` and `double`.

use std::str::FromStr;

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
    whole_digits(value, 53).unwrap_or_else(|| {
        let shortest = format!("{value:e}");
        match significant(&shortest) {
            // There are at least two.
            1 => format!("{value:.1e}"),
            digits if is_power_of_two(value) => (digits - 1..17)
                .map(|digits| format!("{value:.digits$e}"))
                .find(|digits| is_near(digits, value))
                .unwrap_or(shortest),
            // Of two that are just as near, the even one.
            digits @ 16.. => format!("{value:.*e}", digits - 1),
            _ => shortest,
        }
    })
}

fn is_power_of_two(value: f64) -> bool {
    value.is_normal() && value.to_bits().trailing_zeros() >= f64::MANTISSA_DIGITS - 1
}

/// Whether a text is nearer to a power of two than half of the distance to the number below, which is half as far away as
/// the one above.
fn is_near(digits: &str, value: f64) -> bool {
    // 22 digits of both.
    let whole = |text: &str| -> i128 {
        let mantissa = text.split('e').next().unwrap_or_default();
        let digits = mantissa.bytes().filter(u8::is_ascii_digit).chain(std::iter::repeat(b'0')).take(22);
        digits.fold(0, |whole, digit| whole * 10 + i128::from(digit - b'0'))
    };
    let exact = whole(&format!("{value:.21e}"));
    (whole(digits) - exact).abs() << 54 < exact
}

pub(crate) fn real_digits(value: f32) -> String {
    let wide = f64::from(value);
    if let Some(digits) = whole_digits(wide, 24) {
        return digits;
    }
    // Half of the distance to the next number on the nearer side; a number that is just as far away does not do.
    let magnitude = value.abs();
    let below = f32::from_bits(magnitude.to_bits() - 1);
    let most = (f64::from(magnitude) - f64::from(below)) / 2.0;
    let fewest = significant(&format!("{value:e}")).max(2);
    for digits in fewest..9 {
        let candidate = format!("{wide:.*e}", digits - 1);
        if candidate.parse::<f64>().is_ok_and(|candidate| (candidate - wide).abs() < most) {
            return candidate;
        }
    }
    format!("{wide:.8e}")
}

/// Whole numbers below 2^63 are written in full but for the digits that their binary digits do not reach.
fn whole_digits(value: f64, binary_digits: u32) -> Option<String> {
    if value.fract() != 0.0 || value.abs() >= TWO_TO_63 {
        return None;
    }
    let whole = value.abs() as u64;
    let Some(exponent) = whole.checked_ilog2() else { return Some("0e0".to_owned()) };
    let unreached = exponent.saturating_sub(binary_digits + 1);
    let dropped = if exponent > binary_digits && unreached > 1 {
        // Digits of 2^unreached, but for the first.
        10u64.pow((1u64 << unreached).ilog10())
    } else {
        1
    };
    let rounded = (whole / dropped + u64::from(dropped > 1 && whole % dropped >= dropped / 2)) * dropped;
    let digits = rounded.to_string();
    let (first, rest) = digits.split_at(1);
    let sign = if value < 0.0 { "-" } else { "" };
    let rest = rest.trim_end_matches('0');
    let point = if rest.is_empty() { "" } else { "." };
    Some(format!("{sign}{first}{point}{rest}e{}", digits.len() - 1))
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
        assert_eq!(text(1e23), "1.0E23");
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
        assert_eq!(super::real_digits(0.1), "1.0e-1");
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
