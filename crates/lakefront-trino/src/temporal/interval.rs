//! Intervals as text.

use super::{MILLIS_OF_DAY, MILLIS_OF_HOUR, MILLIS_OF_MINUTE, MILLIS_OF_SECOND};
use crate::error::{Code, Error, Result};
use crate::types::Type;
use crate::value::Value;

const UNITS: [&str; 4] = ["day", "hour", "minute", "second"];
const MILLIS: [i64; 4] = [MILLIS_OF_DAY, MILLIS_OF_HOUR, MILLIS_OF_MINUTE, MILLIS_OF_SECOND];
/// What stands before each of the units.
const SEPARATORS: [u8; 4] = [b' ', b' ', b':', b':'];
const MAX_DIGITS: usize = 10;

/// `INTERVAL '2' DAY`, `INTERVAL '1-2' YEAR TO MONTH`; units are in lower case.
pub(crate) fn interval_literal(text: &str, negative: bool, from: &str, to: Option<&str>) -> Result<(Value, Type)> {
    // A unit to itself is the unit.
    let to = to.filter(|to| *to != from);
    let invalid = || {
        let range = to.map_or_else(|| from.to_owned(), |to| format!("{from} to {to}")).to_uppercase();
        Error::new(Code::InvalidLiteral, format!("Invalid INTERVAL {range} value: {text}"))
    };
    let (own_sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let sign = if own_sign == negative { 1 } else { -1 };
    if let ("year" | "month", None) | ("year", Some("month")) = (from, to) {
        let months = months(digits, from, to).and_then(|months| months.checked_mul(sign)).ok_or_else(invalid)?;
        return Ok((Value::Int(months.into()), Type::IntervalYearToMonth));
    }
    let place = |unit: &str| UNITS.iter().position(|known| *known == unit);
    for unit in std::iter::once(from).chain(to) {
        if !["year", "month"].contains(&unit) && place(unit).is_none() {
            return Err(Error::new(Code::TypeNotFound, format!("An interval has no unit {unit}")));
        }
    }
    let first = place(from).ok_or_else(invalid)?;
    let last = match to {
        None => first,
        Some(to) => place(to).filter(|last| *last > first).ok_or_else(invalid)?,
    };
    let millis = millis(digits, first, last).and_then(|millis| millis.checked_mul(sign.into())).ok_or_else(invalid)?;
    Ok((Value::Int(millis), Type::IntervalDayToSecond))
}

/// A number that a sign may stand before, and what follows it. Nothing is no number.
fn number(text: &str) -> Option<(i32, &str)> {
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    let digits = unsigned.bytes().take(MAX_DIGITS).take_while(u8::is_ascii_digit).count();
    let (number, rest) = unsigned.split_at(digits);
    Some((number.parse().ok()?, rest))
}

fn months(text: &str, from: &str, to: Option<&str>) -> Option<i32> {
    if text.is_empty() && to.is_none() {
        return Some(0);
    }
    let (first, rest) = number(text)?;
    let first = if from == "year" { first.checked_mul(12)? } else { first };
    match (rest.strip_prefix('-'), to) {
        _ if rest.is_empty() => Some(first),
        (Some(rest), Some(_)) => match number(rest)? {
            (months, "") => first.checked_add(months),
            _ => None,
        },
        _ => None,
    }
}

fn millis(text: &str, first: usize, last: usize) -> Option<i64> {
    if text.is_empty() && first == last {
        return Some(0);
    }
    let mut rest = text;
    let mut total = 0i64;
    for unit in first..=last {
        if unit > first {
            rest = rest.strip_prefix(char::from(SEPARATORS[unit]))?;
        }
        let (count, after, millis) = if UNITS[unit] == "second" {
            seconds(rest)?
        } else {
            let (count, after) = number(rest)?;
            (count, after, 0)
        };
        total = total.checked_add(i64::from(count).checked_mul(MILLIS[unit])?)?.checked_add(millis)?;
        rest = after;
        if rest.is_empty() {
            return Some(total);
        }
    }
    None
}

/// Seconds with what follows them, and the milliseconds of their fraction, whose further digits are dropped.
fn seconds(text: &str) -> Option<(i32, &str, i64)> {
    let (count, rest) = if text.starts_with(['.', ',']) { (0, text) } else { number(text)? };
    let Some(fraction) = rest.strip_prefix(['.', ',']) else { return Some((count, rest, 0)) };
    let before = text.len() - rest.len();
    let digits = fraction.bytes().take(MAX_DIGITS.saturating_sub(before)).take_while(u8::is_ascii_digit).count();
    if digits == 0 && before == 0 {
        return None;
    }
    let millis = format!("{:0<3}", &fraction[..digits]).get(..3)?.parse().ok()?;
    Some((count, &fraction[digits..], millis))
}

/// `2 03:04:05.678`
pub(crate) fn day_to_second_text(millis: i64) -> String {
    let sign = if millis < 0 { "-" } else { "" };
    let rest = millis.unsigned_abs();
    format!(
        "{sign}{} {:02}:{:02}:{:02}.{:03}",
        rest / 86_400_000,
        rest / 3_600_000 % 24,
        rest / 60_000 % 60,
        rest / 1000 % 60,
        rest % 1000
    )
}

/// `1-2`
pub(crate) fn year_to_month_text(months: i64) -> String {
    let sign = if months < 0 { "-" } else { "" };
    format!("{sign}{}-{}", months.unsigned_abs() / 12, months.unsigned_abs() % 12)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
    use super::*;

    fn read(text: &str, from: &str, to: &str) -> Option<i64> {
        match interval_literal(text, false, from, Some(to).filter(|to| !to.is_empty())) {
            Ok((Value::Int(value), _)) => Some(value),
            _ => None,
        }
    }

    #[test]
    fn reads_ranges_that_may_end_early() {
        assert_eq!(read("12 10:45:32.12", "day", "second"), Some(1_075_532_120));
        assert_eq!(read("12", "day", "minute"), read("12", "day", ""));
        assert_eq!(read("45:32", "minute", "second"), Some(2_732_000));
        assert_eq!(read("-1.5", "second", ""), Some(-1500));
        assert_eq!(read("1.23456", "second", ""), Some(1234));
        assert_eq!(read("124-30", "year", "month"), Some(1518));
        assert_eq!(read("32767", "year", ""), Some(32_767 * 12));
    }

    #[test]
    fn refuses_what_is_no_interval() {
        for (text, from, to) in [
            ("12X", "day", ""),
            ("12 10", "day", ""),
            ("12 X", "day", "hour"),
            ("--124--30", "year", "month"),
            ("124-X", "year", "month"),
            ("1", "day", "month"),
            ("99999999999", "day", ""),
        ] {
            assert_eq!(read(text, from, to), None, "{text} {from} {to}");
        }
    }

    #[test]
    fn writes_the_sign_once() {
        assert_eq!(day_to_second_text(-432_003_000), "-5 00:00:03.000");
        assert_eq!(day_to_second_text(-1_111), "-0 00:00:01.111");
        assert_eq!(year_to_month_text(-3), "-0-3");
        let (value, _) = interval_literal("2", true, "day", None).unwrap();
        assert!(matches!(value, Value::Int(-172_800_000)));
    }
}
