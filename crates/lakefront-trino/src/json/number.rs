//! The text of numbers as Java writes it, which JSON has.

use crate::cast::{double_digits, real_digits};

/// `1.0`, `1.0E10`, `NaN`: `Double.toString`.
pub(crate) fn double(value: f64) -> String {
    let digits = if value.is_finite() { double_digits(value) } else { String::new() };
    text(&digits, value, 1e-3..1e7)
}

/// `Float.toString`
pub(crate) fn real(value: f32) -> String {
    let digits = if value.is_finite() { real_digits(value) } else { String::new() };
    text(&digits, f64::from(value), f64::from(1e-3f32)..1e7)
}

/// Rewrites `d.ddde±x`; in the range without an exponent.
fn text(written: &str, value: f64, plain: std::ops::Range<f64>) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let sign = if value.is_sign_negative() { "-" } else { "" };
    if value == 0.0 {
        return format!("{sign}0.0");
    }
    let (mantissa, exponent) = written.trim_start_matches('-').split_once('e').unwrap_or((written, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits: String = mantissa.trim_end_matches('0').chars().filter(char::is_ascii_digit).collect();
    if !plain.contains(&value.abs()) {
        let fraction = if digits.len() > 1 { &digits[1..] } else { "0" };
        return format!("{sign}{}.{fraction}E{exponent}", &digits[..1]);
    }
    if exponent < 0 {
        return format!("{sign}0.{}{digits}", "0".repeat((-exponent - 1) as usize));
    }
    let whole = exponent as usize + 1;
    if digits.len() <= whole {
        return format!("{sign}{digits}{}.0", "0".repeat(whole - digits.len()));
    }
    format!("{sign}{}.{}", &digits[..whole], &digits[whole..])
}

/// A decimal with all its digits, or with an exponent where it is very small: `BigDecimal.toString`.
pub(crate) fn decimal(value: i128, scale: u8) -> String {
    let digits = value.unsigned_abs().to_string();
    let sign = if value < 0 { "-" } else { "" };
    let exponent = digits.len() as i64 - 1 - i64::from(scale);
    if scale == 0 {
        return format!("{sign}{digits}");
    }
    if exponent < -6 {
        let fraction = if digits.len() > 1 { format!(".{}", &digits[1..]) } else { String::new() };
        return format!("{sign}{}{fraction}E{exponent}", &digits[..1]);
    }
    plain_decimal(value, scale)
}

/// A decimal with all its digits.
pub(crate) fn plain_decimal(value: i128, scale: u8) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let scale = usize::from(scale);
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::{decimal, double, real};

    #[test]
    fn texts_are_javas() {
        for (value, text) in [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (100.0, "100.0"),
            (1234567.5, "1234567.5"),
            (1e7, "1.0E7"),
            (12345678.0, "1.2345678E7"),
            (0.001, "0.001"),
            (0.00012, "1.2E-4"),
            (1e-323, "1.0E-323"),
            (1e23, "9.999999999999999E22"),
            (2.75, "2.75"),
        ] {
            assert_eq!(double(value), text);
        }
        assert_eq!(real(0.1), "0.1");
        assert_eq!(real(1e-3), "0.001");
        assert_eq!(decimal(1, 8), "1E-8");
        assert_eq!(decimal(-12345, 2), "-123.45");
        assert_eq!(decimal(5, 3), "0.005");
    }
}
