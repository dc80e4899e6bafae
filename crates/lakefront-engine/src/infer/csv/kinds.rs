//! What kinds of values a column of text holds.

use arrow::datatypes::{DataType, TimeUnit};
use chrono::NaiveDate;

/// The kinds seen in one column. The engine's reader parses what these types admit.
#[derive(Debug, Clone, Copy, Default)]
pub struct Kinds {
    integer: bool,
    double: bool,
    boolean: bool,
    date: bool,
    timestamp: bool,
    zoned: bool,
    text: bool,
    /// Most digits of a second's fraction.
    fraction: usize,
}

impl Kinds {
    pub fn see(&mut self, value: &str) {
        if self.text || value.is_empty() {
            return;
        }
        match kind(value) {
            Kind::Integer => self.integer = true,
            Kind::Double => self.double = true,
            Kind::Boolean => self.boolean = true,
            Kind::Date => self.date = true,
            Kind::Timestamp { fraction, zoned } => {
                self.fraction = self.fraction.max(fraction);
                if zoned { self.zoned = true } else { self.timestamp = true }
            }
            Kind::Text => self.text = true,
        }
    }

    /// What all values seen have in common.
    pub fn data_type(&self) -> DataType {
        let unit = match self.fraction {
            0..=3 => TimeUnit::Millisecond,
            4..=6 => TimeUnit::Microsecond,
            _ => TimeUnit::Nanosecond,
        };
        let number = self.integer || self.double;
        match (self.text, number, self.boolean, self.date || self.timestamp, self.zoned) {
            (false, true, false, false, false) if self.double => DataType::Float64,
            (false, true, false, false, false) => DataType::Int64,
            (false, false, true, false, false) => DataType::Boolean,
            (false, false, false, true, false) if self.timestamp => DataType::Timestamp(unit, None),
            (false, false, false, true, false) => DataType::Date32,
            (false, false, false, false, true) => DataType::Timestamp(unit, Some("UTC".into())),
            _ => DataType::Utf8,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Integer,
    Double,
    Boolean,
    Date,
    Timestamp { fraction: usize, zoned: bool },
    Text,
}

pub(super) fn kind(value: &str) -> Kind {
    let bytes = value.as_bytes();
    let unsigned = value.strip_prefix('-').unwrap_or(value);
    if !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number with zeros in front is a code, such as a ZIP code; one beyond 64 bits loses digits as a double.
        let code = unsigned.len() > 1 && unsigned.starts_with('0');
        return if !code && value.parse::<i64>().is_ok() { Kind::Integer } else { Kind::Text };
    }
    if value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false") {
        return Kind::Boolean;
    }
    if is_double(unsigned) {
        return if is_code(value) { Kind::Text } else { Kind::Double };
    }
    if bytes.len() < 10 || !is_date(&bytes[..10]) {
        return Kind::Text;
    }
    if bytes.len() == 10 {
        return Kind::Date;
    }
    timestamp(bytes).map_or(Kind::Text, |(fraction, zoned)| Kind::Timestamp { fraction, zoned })
}

/// `1E5` names a part or a room: programs write such a number as `1e5`, `1E+5` or `1.0E5`.
pub(super) fn is_code(value: &str) -> bool {
    value.contains('E') && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'E')
}

fn is_double(unsigned: &str) -> bool {
    if ["NaN", "Infinity", "inf"].contains(&unsigned) {
        return true;
    }
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    digits(whole)
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)))
}

/// `YYYY-MM-DD`, a day that exists.
fn is_date(bytes: &[u8]) -> bool {
    let digits = |range: std::ops::Range<usize>| {
        bytes[range]
            .iter()
            .try_fold(0_u32, |value, byte| byte.is_ascii_digit().then(|| value * 10 + u32::from(byte - b'0')))
    };
    if bytes[4] != b'-' || bytes[7] != b'-' {
        return false;
    }
    match (digits(0..4), digits(5..7), digits(8..10)) {
        (Some(year), Some(month), Some(day)) => NaiveDate::from_ymd_opt(year.cast_signed(), month, day).is_some(),
        _ => false,
    }
}

/// After the date: `[ T]hh:mm:ss[.fraction][Z|±hh:mm]`.
fn timestamp(bytes: &[u8]) -> Option<(usize, bool)> {
    let time = bytes.get(10..19)?;
    let two = |at: usize, most: u8| {
        let (tens, ones) = (time[at].wrapping_sub(b'0'), time[at + 1].wrapping_sub(b'0'));
        tens < 10 && ones < 10 && tens * 10 + ones <= most
    };
    if !matches!(time[0], b' ' | b'T')
        || time[3] != b':'
        || time[6] != b':'
        || !two(1, 23)
        || !two(4, 59)
        || !two(7, 59)
    {
        return None;
    }
    let mut rest = &bytes[19..];
    let mut fraction = 0;
    if let Some(after) = rest.strip_prefix(b".") {
        fraction = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=9).contains(&fraction) {
            return None;
        }
        rest = &after[fraction..];
    }
    match rest {
        [] => Some((fraction, false)),
        [b'Z'] => Some((fraction, true)),
        [b'+' | b'-', a, b, b':', c, d] if [a, b, c, d].iter().all(|byte| byte.is_ascii_digit()) => {
            Some((fraction, true))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&str]) -> DataType {
        let mut kinds = Kinds::default();
        values.iter().for_each(|value| kinds.see(value));
        kinds.data_type()
    }

    #[test]
    fn a_column_gets_the_narrowest_type_that_reads_all_values() {
        let timestamp = |unit| DataType::Timestamp(unit, None);
        for (values, expected) in [
            (&["1", "-2", ""][..], DataType::Int64),
            (&["1", "2.5", "1e3"], DataType::Float64),
            (&["1E+5", "2.5E3", "-1E5"], DataType::Float64),
            (&["1E5", "200"], DataType::Utf8),
            (&["9223372036854775808"], DataType::Utf8),
            (&["00501", "10001"], DataType::Utf8),
            (&["true", "FALSE"], DataType::Boolean),
            (&["true", "1"], DataType::Utf8),
            (&["2024-02-29"], DataType::Date32),
            (&["2023-02-29"], DataType::Utf8),
            (&["2024-01-01", "2024-01-01 10:00:00.5"], timestamp(TimeUnit::Millisecond)),
            (&["2024-01-01T10:00:00.123456"], timestamp(TimeUnit::Microsecond)),
            (
                &["2024-01-01T10:00:00Z", "2024-01-01 10:00:00+02:00"],
                DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
            ),
            (&["2024-01-01T10:00:00Z", "2024-01-01 10:00:00"], DataType::Utf8),
            (&["2024-01-01 10:00"], DataType::Utf8),
            (&["NaN", "1"], DataType::Float64),
            (&["1.", ".5", "+1", "0x10", "1_000", "٣"], DataType::Utf8),
            (&["", ""], DataType::Utf8),
        ] {
            assert_eq!(of(values), expected, "{values:?}");
        }
    }
}
