//! Values from the text that Trino and Athena write for them. `None` where it is no such value.

/// An unscaled decimal from `-12.30`.
pub(crate) fn decimal(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let (negative, digits) = sign(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let scale = usize::try_from(scale).ok()?;
    if whole.is_empty() || fraction.len() > scale {
        return None;
    }
    let zeros = std::iter::repeat_n(b'0', scale - fraction.len());
    let mut unscaled: i128 = 0;
    for digit in whole.bytes().chain(fraction.bytes()).chain(zeros) {
        unscaled = unscaled.checked_mul(10)?.checked_add(i128::from(value_of(digit)?))?;
    }
    let fits = unscaled < 10_i128.checked_pow(u32::from(precision))?;
    fits.then_some(if negative { -unscaled } else { unscaled })
}

/// Days since 1970-01-01 from `YYYY-MM-DD`, where the year may have a sign and more digits
/// (<https://howardhinnant.github.io/date_algorithms.html#days_from_civil>).
pub(crate) fn date(text: &str) -> Option<i64> {
    let (negative, text) = sign(text);
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    if year.len() < 4 || year.len() > 7 {
        return None;
    }
    let (year, month, day) = (number(year)?, pair(month)?, pair(day)?);
    let year = if negative { -year } else { year };
    if !(1..=12).contains(&month) || day < 1 || day > days_in(month, year) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// Ticks since midnight from `HH:MM:SS.fff`; a tick is 10^-`digits` seconds.
pub(crate) fn time(text: &str, digits: u32) -> Option<i64> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = clock.split(':');
    let (hours, minutes, seconds) = (pair(parts.next()?)?, pair(parts.next()?)?, pair(parts.next()?)?);
    if parts.next().is_some() || hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let missing = digits.checked_sub(u32::try_from(fraction.len()).ok()?)?;
    let fraction = if fraction.is_empty() { 0 } else { number(fraction)? * 10_i64.pow(missing) };
    Some((hours * 3600 + minutes * 60 + seconds) * 10_i64.pow(digits) + fraction)
}

/// Ticks since 1970-01-01 00:00:00 from `YYYY-MM-DD HH:MM:SS.fff`.
pub(crate) fn timestamp(text: &str, digits: u32) -> Option<i64> {
    let (day, clock) = text.split_once(' ')?;
    // In wider numbers: the first ticks of the first day that 64 bits hold lie before its end.
    let ticks = i128::from(date(day)?) * 86_400 * 10_i128.pow(digits) + i128::from(time(clock, digits)?);
    ticks.try_into().ok()
}

/// Milliseconds from `D HH:MM:SS.mmm`, with `-` before a negative interval.
pub(crate) fn day_to_second(text: &str) -> Option<i64> {
    let (negative, text) = sign(text);
    let (days, clock) = text.split_once(' ')?;
    let ms = i128::from(number(days)?) * 86_400_000 + i128::from(time(clock, 3)?);
    (if negative { -ms } else { ms }).try_into().ok()
}

/// Bytes of `48 65 6c`; longer values have wider gaps and lines.
pub(crate) fn hexadecimal(text: &str, out: &mut Vec<u8>) -> Option<()> {
    out.clear();
    let mut digits = text.bytes().filter(|byte| !byte.is_ascii_whitespace());
    let value = |digit: u8| (digit as char).to_digit(16).map(|value| value as u8);
    while let Some(high) = digits.next() {
        out.push(value(high)? << 4 | value(digits.next()?)?);
    }
    Some(())
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// Two digits.
fn pair(text: &str) -> Option<i64> {
    let &[tens, ones] = text.as_bytes() else { return None };
    Some(i64::from(value_of(tens)? * 10 + value_of(ones)?))
}

/// Digits only.
fn number(text: &str) -> Option<i64> {
    if text.is_empty() || text.len() > 18 {
        return None;
    }
    text.bytes().try_fold(0, |number, digit| Some(number * 10 + i64::from(value_of(digit)?)))
}

fn value_of(digit: u8) -> Option<u8> {
    digit.is_ascii_digit().then(|| digit - b'0')
}

fn days_in(month: i64, year: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Days, NaiveDate};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_day_and_moment_is_the_one_chrono_knows(days in 0_u64..2_900_000, us in -62_000_000_000_000_000_i64..250_000_000_000_000_000) {
            let first = NaiveDate::from_ymd_opt(1, 1, 1).and_then(|first| first.checked_add_days(Days::new(days)));
            prop_assert_eq!(first.and_then(|day| date(&day.to_string())), Some(days as i64 - 719_162));
            let moment = DateTime::from_timestamp_micros(us).map(|moment| moment.format("%Y-%m-%d %H:%M:%S%.6f").to_string());
            prop_assert_eq!(moment.and_then(|moment| timestamp(&moment, 6)), Some(us));
        }
    }

    #[test]
    fn decimals_are_exact() {
        assert_eq!(decimal("12.30", 10, 2), Some(1230));
        assert_eq!(decimal("-0.05", 10, 2), Some(-5));
        assert_eq!(decimal("7", 10, 2), Some(700));
        let largest = "99999999999999999999999999999999999999";
        assert_eq!(decimal(largest, 38, 0), Some(10_i128.pow(38) - 1));
        assert_eq!(decimal(&format!("-{largest}"), 38, 0), Some(1 - 10_i128.pow(38)));
        for wrong in ["", "-", ".5", "1.234", "1e3", "123456789.00", "1 ", "--1"] {
            assert_eq!(decimal(wrong, 10, 2), None, "{wrong}");
        }
    }

    #[test]
    fn dates_are_those_of_the_proleptic_calendar() {
        for (text, days) in [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("2000-02-29", 11_016),
            ("2024-05-06", 19_849),
            ("0001-01-01", -719_162),
            ("0000-03-01", -719_468),
            ("-0001-12-31", -719_529),
            ("+10000-01-01", 2_932_897),
        ] {
            assert_eq!(date(text), Some(days), "{text}");
        }
        for wrong in ["2023-02-29", "2024-13-01", "2024-00-01", "2024-01-32", "2024-1-1", "24-01-01", "2024-01-01 ", ""]
        {
            assert_eq!(date(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn moments_have_the_digits_of_their_unit() {
        assert_eq!(time("10:11:12", 0), Some(36_672));
        assert_eq!(time("10:11:12.123", 3), Some(36_672_123));
        assert_eq!(time("23:59:59.999999999", 9), Some(86_399_999_999_999));
        assert_eq!(time("10:11:12.1", 3), Some(36_672_100));
        assert_eq!(timestamp("1969-12-31 23:59:59.999999", 6), Some(-1));
        assert_eq!(timestamp("2024-05-06 10:11:12.123", 3), Some(1_714_990_272_123));
        // The first and the last moment that Trino has.
        assert_eq!(timestamp("-290308-12-21 19:59:05.224192", 6), Some(i64::MIN));
        assert_eq!(timestamp("+294247-01-10 04:00:54.775807", 6), Some(i64::MAX));
        assert_eq!(timestamp("+294247-01-10 04:00:54.775808", 6), None);
        for wrong in ["24:00:00", "10:60:00", "10:11", "10:11:12.1234", "1:11:12", "10:11:12:13"] {
            assert_eq!(time(wrong, 3), None, "{wrong}");
        }
    }

    #[test]
    fn intervals_have_days_and_a_clock() {
        assert_eq!(day_to_second("1 01:01:01.001"), Some(90_061_001));
        assert_eq!(day_to_second("-0 00:00:00.001"), Some(-1));
        assert_eq!(day_to_second("106751991167 07:12:55.807"), Some(i64::MAX));
        assert_eq!(day_to_second("1"), None);
    }

    #[test]
    fn bytes_are_hexadecimal_pairs() {
        let mut out = Vec::new();
        assert_eq!(hexadecimal("48 65 6c 6C", &mut out).map(|()| out.clone()), Some(b"Hell".to_vec()));
        assert_eq!(hexadecimal("00 01   02\n03", &mut out).map(|()| out.clone()), Some(vec![0, 1, 2, 3]));
        assert_eq!(hexadecimal("", &mut out).map(|()| out.clone()), Some(Vec::new()));
        assert_eq!(hexadecimal("4", &mut out), None);
        assert_eq!(hexadecimal("4x", &mut out), None);
    }
}
