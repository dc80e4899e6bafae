//! Values as Athena writes them. `None` where the text is not one, or has more digits than the type.

/// Days since 1970-01-01 of `2024-05-06`; years have four digits and more, and a sign beyond that
/// (<https://howardhinnant.github.io/date_algorithms.html#days_from_civil>).
pub(super) fn date(text: &str) -> Option<i32> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let mut parts = rest.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let (year, month, day) = (sign * number(year)?, number(month)?, number(day)?);
    if parts.next().is_some() || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    i32::try_from(era * 146_097 + day_of_era - 719_468).ok()
}

/// Ticks of 10^-`digits` s since midnight of `10:11:12[.123…]`.
pub(super) fn time(text: &str, digits: u32) -> Option<i64> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = clock.split(':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    let (hours, minutes, seconds) = (number(hours)?, number(minutes)?, number(seconds)?);
    if parts.next().is_some() || hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let ticks = 10_i64.pow(digits);
    Some((hours * 3600 + minutes * 60 + seconds) * ticks + part_of_second(fraction, digits)?)
}

/// Ticks of 10^-`digits` s since 1970-01-01 00:00 of `2024-05-06 10:11:12[.123…]`.
pub(super) fn timestamp(text: &str, digits: u32) -> Option<i64> {
    let (day, clock) = text.split_once([' ', 'T'])?;
    let per_day = 86_400 * 10_i64.pow(digits);
    i64::from(date(day)?).checked_mul(per_day)?.checked_add(time(clock, digits)?)
}

/// Milliseconds of `[-]D HH:MM:SS.mmm`.
pub(super) fn day_to_second(text: &str) -> Option<i64> {
    let (sign, rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (days, clock) = rest.split_once(' ')?;
    Some(sign * number(days)?.checked_mul(86_400_000)?.checked_add(time(clock, 3)?)?)
}

/// `[-]123.45` in units of 10^-`scale`.
pub(super) fn decimal(text: &str, scale: u32) -> Option<i128> {
    let negative = text.starts_with('-');
    let (whole, fraction) = text
        .strip_prefix(['-', '+'])
        .unwrap_or(text)
        .split_once('.')
        .unwrap_or((text.strip_prefix(['-', '+']).unwrap_or(text), ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let (kept, dropped) = fraction.split_at_checked(scale as usize).unwrap_or((fraction, ""));
    if dropped.bytes().any(|digit| digit != b'0') {
        return None;
    }
    let mut value = 0_i128;
    let padding = std::iter::repeat_n(b'0', scale as usize - kept.len());
    for digit in whole.bytes().chain(kept.bytes()).chain(padding) {
        let digit = digit.is_ascii_digit().then(|| i128::from(digit - b'0'))?;
        value = value.checked_mul(10)?.checked_add(digit)?;
    }
    Some(if negative { -value } else { value })
}

/// Bytes of `48 65 6c`; longer values have wider gaps and lines.
pub(super) fn bytes(text: &str, out: &mut Vec<u8>) -> Option<()> {
    out.clear();
    let mut digits = text.bytes().filter(|byte| !byte.is_ascii_whitespace());
    let value = |digit: u8| (digit as char).to_digit(16).map(|value| value as u8);
    while let Some(high) = digits.next() {
        out.push(value(high)? << 4 | value(digits.next()?)?);
    }
    Some(())
}

fn number(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

fn part_of_second(fraction: &str, digits: u32) -> Option<i64> {
    let (kept, dropped) = fraction.split_at_checked(digits as usize).unwrap_or((fraction, ""));
    if dropped.bytes().any(|digit| digit != b'0') {
        return None;
    }
    let value = if kept.is_empty() { 0 } else { number(kept)? };
    Some(value * 10_i64.pow(digits - kept.len() as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times() {
        assert_eq!(date("1970-01-01"), Some(0));
        assert_eq!(date("2024-02-29"), Some(19_782));
        assert_eq!(date("1969-12-31"), Some(-1));
        assert_eq!(date("0001-01-01"), Some(-719_162));
        assert_eq!(date("-0001-01-01"), Some(-719_893));
        assert_eq!(date("+10000-01-01"), Some(2_932_897));
        for wrong in ["", "-", "2024-13-01", "2024-01", "2024-01-01-01", "2024-01-0x", "x"] {
            assert_eq!(date(wrong), None, "{wrong}");
        }
        assert_eq!(time("10:11:12.123", 3), Some(36_672_123));
        assert_eq!(time("00:00:00", 3), Some(0));
        assert_eq!(time("00:00:00.1", 3), Some(100));
        assert_eq!(time("00:00:00.123000", 3), Some(123));
        assert_eq!(time("00:00:00.1234", 3), None);
        assert_eq!(time("24:00:00", 3), None);
        assert_eq!(timestamp("2024-05-06 10:11:12.123", 3), Some(1_714_990_272_123));
        assert_eq!(timestamp("1969-12-31 23:59:59.999", 3), Some(-1));
        assert_eq!(timestamp("2024-05-06 10:11:12.123456", 6), Some(1_714_990_272_123_456));
        assert_eq!(timestamp("2024-05-06 10:11:12.123456", 3), None);
        assert_eq!(timestamp("9999-12-31 00:00:00", 9), None);
    }

    #[test]
    fn intervals() {
        assert_eq!(day_to_second("3 04:05:06.789"), Some(273_906_789));
        assert_eq!(day_to_second("-0 00:00:00.001"), Some(-1));
    }

    #[test]
    fn decimals_keep_every_digit() {
        assert_eq!(decimal("1.50", 2), Some(150));
        assert_eq!(decimal("-0.05", 2), Some(-5));
        assert_eq!(decimal("7", 2), Some(700));
        assert_eq!(decimal(".5", 1), Some(5));
        assert_eq!(decimal("1.500", 2), Some(150));
        assert_eq!(decimal("1.505", 2), None);
        assert_eq!(decimal("99999999999999999999999999999999999999", 0), Some(10_i128.pow(38) - 1));
        for wrong in ["", "-", ".", "1e3", "1.2.3", "NaN"] {
            assert_eq!(decimal(wrong, 2), None, "{wrong}");
        }
    }

    #[test]
    fn bytes_are_hexadecimal_pairs() {
        let mut out = Vec::new();
        assert_eq!(bytes("48 65 6c 6C", &mut out).map(|()| out.clone()), Some(b"Hell".to_vec()));
        assert_eq!(bytes("00 01   02\n03", &mut out).map(|()| out.clone()), Some(vec![0, 1, 2, 3]));
        assert_eq!(bytes("", &mut out).map(|()| out.clone()), Some(Vec::new()));
        assert_eq!(bytes("4", &mut out), None);
        assert_eq!(bytes("4x", &mut out), None);
    }
}
