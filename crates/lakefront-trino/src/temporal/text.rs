//! Dates and times as text, to twelve fractional digits.

use std::fmt::Write;

use super::calendar::{checked_days_of, date_of};
use super::{PICOS_OF_DAY, PICOS_OF_SECOND, digits_unit};
use crate::zone::Zone;

/// What may stand between a time and its zone: `\s` in Java.
const SPACE: [char; 6] = [' ', '\t', '\n', '\u{b}', '\u{c}', '\r'];

/// Takes off what Java calls white space.
pub(crate) fn trim(text: &str) -> &str {
    let is_space = |letter: char| match letter {
        '\u{1c}'..='\u{1f}' => true,
        '\u{85}' | '\u{a0}' | '\u{2007}' | '\u{202f}' => false,
        other => other.is_whitespace(),
    };
    text.trim_matches(is_space)
}

/// Takes digits off the front, as many as there are up to a number.
fn digits(text: &str, most: usize) -> (&str, &str) {
    text.split_at(text.bytes().take(most).take_while(u8::is_ascii_digit).count())
}

fn one_or_two(text: &str) -> Option<(i64, &str)> {
    let (number, rest) = digits(text, 2);
    Some((number.parse().ok()?, rest))
}

/// `2024-05-06`, also with one digit for month or day, and a sign. Days since the epoch.
pub(crate) fn read_date(text: &str) -> Option<i64> {
    let text = trim(text);
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (year, rest) = digits(rest, 9);
    let year: i64 = year.parse().ok()?;
    let (month, rest) = one_or_two(rest.strip_prefix('-')?)?;
    let (day, rest) = one_or_two(rest.strip_prefix('-')?)?;
    if !rest.is_empty() || year > 292_278_993 {
        return None;
    }
    let days = checked_days_of(if negative { -year } else { year }, month, day)?;
    i32::try_from(days).ok()?;
    Some(days)
}

/// A clock's time as it was written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Clock<'a> {
    seconds: i64,
    pub(crate) fraction: &'a str,
}

impl Clock<'_> {
    /// Picoseconds of the day, rounded to a number of digits; it may be the day's end. `None` where the fraction is
    /// longer than can be read.
    pub(crate) fn picos(&self, precision: u8) -> Option<i128> {
        let fraction: i128 = match self.fraction {
            "" => 0,
            fraction if fraction.len() > 18 => return None,
            fraction => fraction.parse().ok()?,
        };
        let length = self.fraction.len() as u32;
        let precision = u32::from(precision);
        let fraction = if length > precision {
            let unit = 10i128.pow(length - precision);
            (fraction + unit / 2) / unit * 10i128.pow(12 - precision)
        } else {
            fraction * 10i128.pow(12 - length)
        };
        Some(i128::from(self.seconds) * PICOS_OF_SECOND + fraction)
    }
}

/// `10:11`, `10:11:12.123`, and what follows.
fn clock(text: &str) -> Option<(Clock<'_>, &str)> {
    let (hour, rest) = one_or_two(text)?;
    let (minute, rest) = one_or_two(rest.strip_prefix(':')?)?;
    let (mut second, mut fraction, mut rest) = (0, "", rest);
    if let Some((found, after)) = rest.strip_prefix(':').and_then(one_or_two) {
        (second, rest) = (found, after);
        if let Some((found, after)) = rest.strip_prefix('.').map(|rest| digits(rest, usize::MAX))
            && !found.is_empty()
        {
            (fraction, rest) = (found, after);
        }
    }
    // A time that is none is told apart from text that has none by its reader.
    let seconds = if hour > 23 || minute > 59 || second > 59 { -1 } else { (hour * 60 + minute) * 60 + second };
    Some((Clock { seconds, fraction }, rest))
}

/// A time of day with its offset in minutes.
pub(crate) fn read_time(text: &str) -> Option<(Clock<'_>, Option<i16>)> {
    let (clock, rest) = clock(text)?;
    if clock.seconds < 0 {
        return None;
    }
    let rest = rest.trim_start_matches(SPACE);
    if rest.is_empty() {
        return Some((clock, None));
    }
    let (sign, offset) = match rest.strip_prefix('-') {
        Some(offset) => (-1, offset),
        None => (1, rest.strip_prefix('+')?),
    };
    let (hours, minutes) = offset.split_once(':')?;
    if hours.len() != 2 || minutes.len() != 2 {
        return None;
    }
    let (hours, minutes): (i16, i16) = (digits(hours, 2).0.parse().ok()?, digits(minutes, 2).0.parse().ok()?);
    let valid = hours < 14 && minutes <= 59 || hours == 14 && minutes == 0;
    valid.then_some((clock, Some(sign * (hours * 60 + minutes))))
}

/// A date with what may follow it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Moment<'a> {
    days: i64,
    pub(crate) clock: Clock<'a>,
    pub(crate) zone: Option<&'a str>,
}

impl Moment<'_> {
    /// Local picoseconds since the epoch, rounded to a number of digits. `None` where a timestamp can't be as large.
    pub(crate) fn picos(&self, precision: u8) -> Option<i128> {
        let picos = i128::from(self.days) * PICOS_OF_DAY + self.clock.picos(precision)?;
        super::is_timestamp(picos).then_some(picos)
    }
}

/// `2024-05-06 10:11:12.123 Europe/Paris`, of which all after the date may be missing. The year has four digits or more.
pub(crate) fn read_timestamp(text: &str) -> Option<Moment<'_>> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (year, rest) = digits(rest, usize::MAX);
    if year.len() < 4 {
        return None;
    }
    let year: i64 = year.parse().ok().filter(|year| *year <= 999_999_999)?;
    let (month, rest) = one_or_two(rest.strip_prefix('-')?)?;
    let (day, rest) = one_or_two(rest.strip_prefix('-')?)?;
    let days = checked_days_of(if negative { -year } else { year }, month, day)?;
    let midnight = Clock { seconds: 0, fraction: "" };
    if rest.is_empty() {
        return Some(Moment { days, clock: midnight, zone: None });
    }
    let rest = rest.strip_prefix(' ')?;
    let (clock, rest) = clock(rest).unwrap_or((midnight, rest));
    if clock.seconds < 0 {
        return None;
    }
    let zone = rest.trim_start_matches(SPACE);
    Some(Moment { days, clock, zone: (!zone.is_empty()).then_some(zone) })
}

/// A year of four digits, with a sign where it has more or is negative.
fn write_year(out: &mut String, year: i64) {
    let sign = match year {
        10_000.. => "+",
        0..=9_999 => "",
        _ => "-",
    };
    let _ = write!(out, "{sign}{:04}", year.unsigned_abs());
}

/// `2024-05-06`; a year beyond 9999 has no sign, other than in a timestamp.
pub(crate) fn date_text(days: i64) -> String {
    let (year, month, day) = date_of(days);
    let sign = if year < 0 { "-" } else { "" };
    format!("{sign}{:04}-{month:02}-{day:02}", year.unsigned_abs())
}

fn write_clock(out: &mut String, picos: i64, precision: u8) {
    let seconds = picos / PICOS_OF_SECOND as i64;
    let _ = write!(out, "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if precision > 0 {
        let fraction = i128::from(picos) % PICOS_OF_SECOND / digits_unit(precision);
        let _ = write!(out, ".{fraction:0width$}", width = usize::from(precision));
    }
}

/// `10:11:12.123`
pub(crate) fn time_text(picos: i64, precision: u8) -> String {
    let mut out = String::with_capacity(21);
    write_clock(&mut out, picos, precision);
    out
}

/// `2024-05-06 10:11:12.123`, with a separator to choose.
pub(crate) fn timestamp_text(local_picos: i128, precision: u8, separator: char) -> String {
    let mut out = String::with_capacity(32);
    let (year, month, day) = date_of(local_picos.div_euclid(PICOS_OF_DAY) as i64);
    write_year(&mut out, year);
    let _ = write!(out, "-{month:02}-{day:02}{separator}");
    write_clock(&mut out, local_picos.rem_euclid(PICOS_OF_DAY) as i64, precision);
    out
}

/// `2024-05-06 10:11:12.123 Europe/Paris`
pub(crate) fn zoned_text(instant: i128, zone: Zone, precision: u8) -> String {
    let mut out = timestamp_text(zone.local(instant), precision, ' ');
    let _ = write!(out, " {zone}");
    out
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
    use super::*;

    #[test]
    fn reads_dates() {
        for text in ["2013-02-02", " 2013-2-02 ", "+2013-02-2", "02013-02-02"] {
            assert_eq!(read_date(text), Some(15_738), "{text}");
        }
        for text in ["2013 -02-02", "- 2013-02-02", "2013-02-002", "2013-02-30", "5881580-07-12", "392251590-07-12"] {
            assert_eq!(read_date(text), None, "{text}");
        }
        assert_eq!(date_text(read_date("-13-2-2").unwrap()), "-0013-02-02");
    }

    #[test]
    fn reads_timestamps() {
        let picos = |text: &str, precision: u8| read_timestamp(text).and_then(|moment| moment.picos(precision));
        let text = |text: &str, precision: u8| picos(text, precision).map(|at| timestamp_text(at, precision, ' '));
        assert_eq!(text("2020-05-01 12:34:56.555555", 3).unwrap(), "2020-05-01 12:34:56.556");
        assert_eq!(text("2020-05-01 23:59:59.9999", 3).unwrap(), "2020-05-02 00:00:00.000");
        assert_eq!(text("-12001-5-1 1:2", 0).unwrap(), "-12001-05-01 01:02:00");
        assert_eq!(text("12001-05-01", 12).unwrap(), "+12001-05-01 00:00:00.000000000000");
        assert_eq!(read_timestamp("2012-10-31 01:00Z").unwrap().zone, Some("Z"));
        assert_eq!(read_timestamp("2001-1-22 +07:09").unwrap().zone, Some("+07:09"));
        assert_eq!(read_timestamp("2020-05-10T12:34:56"), None);
        assert_eq!(read_timestamp("2020-05-10 24:00:00"), None);
        assert_eq!(read_timestamp("13-02-02"), None);
    }

    #[test]
    fn reads_times() {
        assert_eq!(read_time("12:00:00+13:60"), None);
        assert_eq!(read_time("12:00+14:00").unwrap().1, Some(840));
        assert_eq!(read_time("12:00 -00:35").unwrap().1, Some(-35));
        assert_eq!(read_time("24:00"), None);
        let (clock, _) = read_time("23:59:59.9999999999999").unwrap();
        assert_eq!(clock.picos(12), Some(PICOS_OF_DAY));
    }
}
