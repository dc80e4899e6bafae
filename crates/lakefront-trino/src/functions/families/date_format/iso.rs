//! ISO 8601, as Joda-Time and Java read it.

use super::compile::Item;
use super::fields::Field;
use super::parse::{Bucket, Parsed, read, read_offset};
use crate::temporal::calendar::checked_days_of;
use crate::temporal::{
    MILLIS_OF_HOUR, MILLIS_OF_MINUTE, MILLIS_OF_SECOND, PICOS_OF_DAY, PICOS_OF_MILLI, PICOS_OF_SECOND,
};
use crate::zone::{NoZone, Zone};

/// A place in the text, with the fields before it.
#[derive(Clone)]
struct Reader<'a> {
    bucket: Bucket,
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn item(mut self, item: &Item) -> Option<Reader<'a>> {
        self.rest = read(&mut self.bucket, item, self.rest).ok()??;
        Some(self)
    }

    fn literal(self, literal: &str) -> Option<Reader<'a>> {
        self.item(&Item::Literal(literal.to_owned()))
    }

    fn number(self, field: Field, most: usize) -> Option<Reader<'a>> {
        let signed = matches!(field, Field::Year | Field::WeekYear);
        self.item(&Item::Number { field, least: 1, most, signed })
    }

    /// What may follow, or nothing.
    fn optional(self, of: impl FnOnce(Reader<'a>) -> Option<Reader<'a>>) -> Reader<'a> {
        of(self.clone()).unwrap_or(self)
    }

    fn fraction(self, of: i64) -> Option<Reader<'a>> {
        let point = if self.rest.starts_with('.') { "." } else { "," };
        self.literal(point)?.item(&Item::Fraction { field: Field::MilliOf(of), least: 1, most: 9 })
    }

    fn date(self) -> Option<Reader<'a>> {
        let by_month = self.clone().number(Field::Year, 9).map(|year| {
            year.optional(|year| {
                let month = year.literal("-")?.number(Field::Month, 2)?;
                Some(month.optional(|month| month.literal("-")?.number(Field::DayOfMonth, 2)))
            })
        });
        let by_week = self.clone().number(Field::WeekYear, 9).and_then(|year| {
            let week = year.literal("-W")?.number(Field::Week, 2)?;
            Some(week.optional(|week| week.literal("-")?.number(Field::DayOfWeek, 1)))
        });
        let by_day = self.number(Field::Year, 9).and_then(|year| year.literal("-")?.number(Field::DayOfYear, 3));
        // The first of those that read most.
        [by_month, by_week, by_day]
            .into_iter()
            .flatten()
            .reduce(|best, next| if next.rest.len() < best.rest.len() { next } else { best })
    }

    fn time(self) -> Option<Reader<'a>> {
        let hour = self.number(Field::Hour, 2)?;
        let minute = |hour: Reader<'a>| {
            let minute = hour.literal(":")?.number(Field::Minute, 2)?;
            let second = |minute: Reader<'a>| {
                let second = minute.literal(":")?.number(Field::Second, 2)?;
                Some(second.optional(|second| second.fraction(MILLIS_OF_SECOND)))
            };
            Some(minute.optional(|minute| second(minute.clone()).or_else(|| minute.fraction(MILLIS_OF_MINUTE))))
        };
        Some(hour.optional(|hour| minute(hour.clone()).or_else(|| hour.fraction(MILLIS_OF_HOUR))))
    }

    fn offset(self) -> Option<Reader<'a>> {
        self.item(&Item::Offset { colon: true })
    }

    fn end(self) -> Option<Parsed> {
        if self.rest.is_empty() { self.bucket.compute() } else { None }
    }
}

fn reader(text: &str) -> Reader<'_> {
    Reader { bucket: Bucket::default(), rest: text }
}

/// A date, a time after `T`, or both, with an offset after the time.
pub(super) fn timestamp(text: &str) -> Option<Parsed> {
    if let Some(time) = reader(text).literal("T").and_then(Reader::time) {
        return time.optional(Reader::offset).end();
    }
    let date = reader(text).date()?;
    date.optional(|date| Some(date.literal("T")?.optional(Reader::time).optional(Reader::offset))).end()
}

/// A date alone, in milliseconds.
pub(super) fn date(text: &str) -> Option<i64> {
    reader(text).date()?.end().map(|found| found.local)
}

/// Takes a number of exactly so many digits.
fn exactly(text: &str, count: usize) -> Option<(i64, &str)> {
    let (number, rest) = text.split_at_checked(count)?;
    number.bytes().all(|digit| digit.is_ascii_digit()).then(|| Some((number.parse().ok()?, rest)))?
}

/// `2024-05-06T03:04:05.123456789+01:00[Europe/Paris]`: the instant in picoseconds, and the zone. With a zone the offset
/// only tells two instants apart.
pub(super) fn timestamp_nanos(text: &str) -> Option<Result<(i128, Zone), NoZone>> {
    let (negative, signed, rest) = match text.as_bytes().first()? {
        b'-' => (true, true, &text[1..]),
        b'+' => (false, true, &text[1..]),
        _ => (false, false, text),
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    // A year of more than four digits has a sign, and only such a year has a plus.
    let fits = if signed { digits <= 9 && (digits > 4 || negative && digits == 4) } else { digits == 4 };
    if !fits {
        return None;
    }
    let (year, rest) = exactly(rest, digits)?;
    let (month, rest) = exactly(rest.strip_prefix('-')?, 2)?;
    let (day, rest) = exactly(rest.strip_prefix('-')?, 2)?;
    let (hour, rest) = exactly(rest.strip_prefix(['T', 't'])?, 2)?;
    let (minute, mut rest) = exactly(rest.strip_prefix(':')?, 2)?;
    let (mut second, mut fraction) = (0, 0);
    if let Some(after) = rest.strip_prefix(':') {
        (second, rest) = exactly(after, 2)?;
        if let Some(after) = rest.strip_prefix('.') {
            let count = after.bytes().take(9).take_while(u8::is_ascii_digit).count();
            let (value, after) = if count > 0 { exactly(after, count)? } else { (0, after) };
            fraction = i128::from(value) * 10i128.pow(12 - count as u32);
            rest = after;
        }
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = checked_days_of(if negative { -year } else { year }, month, day)?;
    let seconds = (hour * 60 + minute) * 60 + second;
    let local = i128::from(days) * PICOS_OF_DAY + i128::from(seconds) * PICOS_OF_SECOND + fraction;
    if rest.is_empty() {
        return Some(Ok((local, Zone::UTC)));
    }
    let bracket = rest.find('[').unwrap_or(rest.len());
    let (offset, named) = rest.split_at(bracket);
    let (millis, after) = read_offset(offset, true)?;
    if !after.is_empty() || !matches!(offset.len(), 1 | 6 | 9) || millis.abs() > 18 * MILLIS_OF_HOUR {
        return None;
    }
    let with_offset = local - i128::from(millis) * PICOS_OF_MILLI;
    let Some(named) = named.strip_prefix('[') else {
        let minutes = if millis % MILLIS_OF_MINUTE == 0 { Zone::of_offset(millis / MILLIS_OF_MINUTE) } else { None };
        return Some(minutes.map(|zone| (with_offset, zone)).ok_or(NoZone::Unsupported));
    };
    Some(match Zone::read(named.strip_suffix(']')?) {
        Ok(zone) => Ok((with_offset, zone)),
        Err(NoZone::Unknown) => return None,
        Err(unsupported) => Err(unsupported),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
    use super::*;
    use crate::temporal::text::timestamp_text;

    fn text(found: &Parsed) -> String {
        timestamp_text(i128::from(found.local) * 1_000_000_000, 3, ' ')
    }

    #[test]
    fn reads_dates_of_all_kinds() {
        for (iso, expected) in [
            ("2024-05-06", "2024-05-06 00:00:00.000"),
            ("2024-W19-1", "2024-05-06 00:00:00.000"),
            ("2024-W19", "2024-05-06 00:00:00.000"),
            ("2020-123", "2020-05-02 00:00:00.000"),
            ("2020-12", "2020-12-01 00:00:00.000"),
            ("2020", "2020-01-01 00:00:00.000"),
            ("2001-08-22T03:04:05.321+07:09", "2001-08-22 03:04:05.321"),
            ("2001-08-22T03:04.5", "2001-08-22 03:04:30.000"),
            ("2001-08-22T03,5Z", "2001-08-22 03:30:00.000"),
            ("2001-08-22T+01:00", "2001-08-22 00:00:00.000"),
            ("T10:11", "1970-01-01 10:11:00.000"),
        ] {
            assert_eq!(text(&timestamp(iso).unwrap()), expected, "{iso}");
        }
        for iso in ["2024-05-06 03:04:05", "2024-13-01", "x", "", "2024-05-06T25:00"] {
            assert_eq!(timestamp(iso), None, "{iso}");
        }
    }

    #[test]
    fn reads_nanoseconds() {
        let (instant, zone) = timestamp_nanos("2001-08-22T13:34:56.123456789+01:00").unwrap().unwrap();
        assert_eq!(timestamp_text(instant, 9, ' '), "2001-08-22 12:34:56.123456789");
        assert_eq!(zone, Zone::Offset(60));
        assert!(timestamp_nanos("2001-08-22T13:34").is_some());
        assert!(timestamp_nanos("2001-8-22T13:34").is_none());
        assert!(timestamp_nanos("2001-08-22").is_none());
    }
}
