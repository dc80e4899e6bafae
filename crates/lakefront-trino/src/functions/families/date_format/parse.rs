//! Text read by a format, as Joda-Time does: fields are gathered first, then set on 1970 from the longest to the shortest.

use super::compile::Item;
use super::fields::{Field, Length};
use super::print::{ERAS, HALFDAYS, MONTHS, WEEKDAYS};
use crate::error::{Error, Result};
use crate::zone::Zone;

/// Where there is a month or a day and no year.
const DEFAULT_YEAR: i64 = 2000;

/// Fields as they are read.
#[derive(Debug, Clone, Default)]
pub(super) struct Bucket {
    fields: Vec<(Field, i64)>,
    /// Milliseconds east of UTC.
    offset: Option<i64>,
    zone: Option<Zone>,
}

/// A local time in milliseconds, with the zone that was read with it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parsed {
    pub(super) local: i64,
    pub(super) offset: Option<i64>,
    pub(super) zone: Option<Zone>,
}

impl Bucket {
    /// `None` where a field has no such value.
    pub(super) fn compute(mut self) -> Option<Parsed> {
        self.fields.sort_by_key(|(field, _)| field.order());
        if let Some((first, _)) = self.fields.first()
            && (Length::Months..=Length::Days).contains(&first.order().1)
        {
            self.fields.push((Field::Year, DEFAULT_YEAR));
            self.fields.sort_by_key(|(field, _)| field.order());
        }
        let mut local = 0;
        for (field, value) in &self.fields {
            local = field.floor(field.set(local, *value)?);
        }
        // A field that was set before another may have been changed by it.
        for (at, (field, value)) in self.fields.iter().enumerate() {
            local = field.set(local, *value)?;
            if at + 1 == self.fields.len() {
                local = field.floor(local);
            }
        }
        Some(Parsed { local, offset: self.offset, zone: self.zone })
    }
}

/// Reads a whole text. `None` where it does not have the format.
pub(super) fn parse(items: &[Item], text: &str) -> Result<Option<Parsed>> {
    let mut bucket = Bucket::default();
    let mut rest = text;
    for item in items {
        match read(&mut bucket, item, rest)? {
            Some(after) => rest = after,
            None => return Ok(None),
        }
    }
    Ok(if rest.is_empty() { bucket.compute() } else { None })
}

/// Reads one item, and gives what follows.
pub(super) fn read<'a>(bucket: &mut Bucket, item: &Item, text: &'a str) -> Result<Option<&'a str>> {
    Ok(match item {
        Item::Literal(literal) => after_literal(text, literal),
        Item::Number { field: Field::CenturyOfEra, .. } | Item::Text { field: Field::Era, .. } => {
            return Err(Error::not_here("Reading an era or a century"));
        }
        Item::Number { field, most, signed, .. } => read_number(text, *most, *signed).map(|(value, rest)| {
            bucket.fields.push((*field, value));
            rest
        }),
        Item::TwoDigitYear { field, pivot, lenient } => {
            read_two_digit_year(text, *pivot, *lenient).map(|(year, rest)| {
                bucket.fields.push((*field, year));
                rest
            })
        }
        Item::Text { field, .. } => read_text(text, *field).map(|(value, rest)| {
            bucket.fields.push((*field, value));
            rest
        }),
        Item::Fraction { field, most, .. } => read_fraction(text, *field, *most).map(|(millis, rest)| {
            bucket.fields.push((*field, millis));
            rest
        }),
        Item::Offset { .. } => read_offset(text, true).map(|(offset, rest)| {
            bucket.offset = Some(offset);
            rest
        }),
        Item::ZoneId => read_zone_id(text).map(|(zone, rest)| {
            bucket.zone = Some(zone);
            rest
        }),
        Item::ZoneName { long: true } => return Err(Error::not_here("Reading the long name of a time zone")),
        Item::ZoneName { long: false } => read_zone_name(text).map(|(zone, rest)| {
            bucket.zone = Some(zone);
            rest
        }),
    })
}

fn same_letter(a: char, b: char) -> bool {
    a == b || a.to_uppercase().eq(b.to_uppercase()) || a.to_lowercase().eq(b.to_lowercase())
}

fn after_literal<'a>(text: &'a str, literal: &str) -> Option<&'a str> {
    let mut letters = text.chars();
    let same = literal.chars().all(|wanted| letters.next().is_some_and(|letter| same_letter(letter, wanted)));
    if same { Some(letters.as_str()) } else { None }
}

fn digits(text: &str, most: usize) -> usize {
    text.bytes().take(most).take_while(u8::is_ascii_digit).count()
}

pub(super) fn read_number(text: &str, most: usize, signed: bool) -> Option<(i64, &str)> {
    let (negative, unsigned) = match text.as_bytes().first() {
        Some(b'-') if signed => (true, &text[1..]),
        Some(b'+') if signed => (false, &text[1..]),
        _ => (false, text),
    };
    let (number, rest) = unsigned.split_at(digits(unsigned, most));
    // What does not fit is no number.
    let number = i64::from(number.parse::<i32>().ok()?);
    Some((if negative { -number } else { number }, rest))
}

fn read_two_digit_year(text: &str, pivot: i64, lenient: bool) -> Option<(i64, &str)> {
    if lenient {
        let has_sign = text.starts_with(['-', '+']);
        let count = digits(text.get(usize::from(has_sign)..)?, usize::MAX);
        if has_sign || count != 2 {
            return read_number(text, usize::MAX, true);
        }
    } else if digits(text, 2) < 2 {
        return None;
    }
    let (year, rest) = text.split_at(2);
    let first = pivot - 50;
    let year: i64 = year.parse().ok()?;
    Some((first + (year - first).rem_euclid(100), rest))
}

/// A name, long or short; in lower or upper case throughout, or as it is written.
fn read_text(text: &str, field: Field) -> Option<(i64, &str)> {
    let (names, first): (&[&str], i64) = match field {
        Field::Month => (&MONTHS, 1),
        Field::DayOfWeek => (&WEEKDAYS, 1),
        Field::Halfday => (&HALFDAYS, 0),
        _ => (&ERAS, 0),
    };
    let is_at_start = |name: &str| {
        text.starts_with(name)
            || text.starts_with(name.to_lowercase().as_str())
            || text.starts_with(name.to_uppercase().as_str())
    };
    let long = names.iter().position(|name| is_at_start(name)).map(|at| (at, names[at].len()));
    let short = || names.iter().position(|name| name.get(..3).is_some_and(is_at_start)).map(|at| (at, 3));
    let (at, length) = long.or_else(short)?;
    Some((first + at as i64, &text[length..]))
}

pub(super) fn read_fraction(text: &str, field: Field, most: usize) -> Option<(i64, &str)> {
    let Field::MilliOf(range) = field else { return None };
    let (fraction, rest) = text.split_at(digits(text, most));
    if fraction.is_empty() {
        return None;
    }
    let (mut tenths, mut unit) = (0, range * 10);
    for digit in fraction.bytes() {
        unit /= 10;
        tenths += i64::from(digit - b'0') * unit;
    }
    Some((tenths / 10, rest))
}

/// `+02`, `+0230`, `+02:30`, with seconds and milliseconds where they follow; `Z` where that is read.
pub(super) fn read_offset(text: &str, zulu: bool) -> Option<(i64, &str)> {
    if zulu && text.starts_with(['Z', 'z']) {
        return Some((0, &text[1..]));
    }
    let (sign, rest) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => return None,
    };
    let two = |text: &str, most: i64| -> Option<i64> {
        if digits(text, 2) < 2 {
            return None;
        }
        text[..2].parse().ok().filter(|number| *number <= most)
    };
    let mut millis = two(rest, 23)? * 3_600_000;
    let mut rest = &rest[2..];
    let separated = rest.starts_with(':');
    for unit in [60_000, 1_000] {
        let part = match rest.strip_prefix(':') {
            Some(part) if separated => part,
            _ if !separated && digits(rest, 2) > 0 => rest,
            _ => return Some((sign * millis, rest)),
        };
        millis += two(part, 59)? * unit;
        rest = &part[2..];
    }
    let fraction = match rest.strip_prefix(['.', ',']) {
        Some(fraction) if separated => fraction,
        _ if !separated && digits(rest, 1) > 0 => rest,
        _ => return Some((sign * millis, rest)),
    };
    let count = digits(fraction, 3);
    if count == 0 {
        return None;
    }
    let value: i64 = fraction[..count].parse().ok()?;
    Some((sign * (millis + value * 10i64.pow(3 - count as u32)), &fraction[count..]))
}

/// The longest name of a zone, or an offset.
fn read_zone_id(text: &str) -> Option<(Zone, &str)> {
    let longest = chrono_tz::TZ_VARIANTS
        .iter()
        .filter(|zone| text.starts_with(zone.name()))
        .max_by_key(|zone| zone.name().len())
        .map(|zone| zone.name());
    let (name, rest) = text.split_at(longest?.len());
    Some((Zone::parse(name)?, rest))
}

/// The names that Joda-Time knows without a table of its user's.
fn read_zone_name(text: &str) -> Option<(Zone, &str)> {
    const NAMES: [(&str, &str); 11] = [
        ("UTC", "UTC"),
        ("GMT", "UTC"),
        ("UT", "UTC"),
        ("EST", "America/New_York"),
        ("EDT", "America/New_York"),
        ("CST", "America/Chicago"),
        ("CDT", "America/Chicago"),
        ("MST", "America/Denver"),
        ("MDT", "America/Denver"),
        ("PST", "America/Los_Angeles"),
        ("PDT", "America/Los_Angeles"),
    ];
    let (name, zone) = NAMES.iter().find(|(name, _)| text.starts_with(name))?;
    Some((Zone::parse(zone)?, &text[name.len()..]))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
    use super::super::compile::{joda, mysql};
    use super::*;
    use crate::temporal::text::timestamp_text;

    fn local(found: Option<Parsed>) -> Option<String> {
        found.map(|found| timestamp_text(i128::from(found.local) * 1_000_000_000, 3, ' '))
    }

    fn by_mysql(text: &str, format: &str) -> Option<String> {
        local(parse(&mysql(format).unwrap(), text).unwrap())
    }

    fn by_joda(text: &str, format: &str) -> Option<String> {
        local(parse(&joda(format).unwrap(), text).unwrap())
    }

    #[test]
    fn fields_are_set_in_order() {
        assert_eq!(by_mysql("Monday", "%W").unwrap(), "2000-12-25 00:00:00.000");
        assert_eq!(by_mysql("1998 53", "%x %v").unwrap(), "1998-12-28 00:00:00.000");
        assert_eq!(by_mysql("2013 14", "%Y %y").unwrap(), "2014-01-01 00:00:00.000");
        assert_eq!(by_mysql("2013-05-17 12:35:10", "%Y-%m-%d %h:%i:%s").unwrap(), "2013-05-17 00:35:10.000");
        assert_eq!(
            by_mysql("31-MAY-69 04.59.59.999000 AM", "%d-%b-%y %l.%i.%s.%f %p").unwrap(),
            "2069-05-31 04:59:59.999"
        );
        assert_eq!(by_mysql("29 2 2023", "%d %m %Y"), None);
        assert_eq!(by_mysql("29 2", "%d %m").unwrap(), "2000-02-29 00:00:00.000");
        assert_eq!(by_mysql("2024-05-06x", "%Y-%m-%d"), None);
    }

    #[test]
    fn joda_patterns() {
        assert_eq!(by_joda("20240506", "yyyyMMdd").unwrap(), "2024-05-06 00:00:00.000");
        assert_eq!(by_joda("06 May 2024 at 1 pm", "dd MMM yyyy 'AT' h a").unwrap(), "2024-05-06 13:00:00.000");
        assert_eq!(by_joda("x", "yyyy"), None);
        let found = parse(&joda("HH:mm Z").unwrap(), "13:04 -0530").unwrap().unwrap();
        assert_eq!(found.offset, Some(-19_800_000));
        let found = parse(&joda("HH:mm ZZZ").unwrap(), "13:04 Europe/Paris").unwrap().unwrap();
        assert_eq!(found.zone, Zone::parse("Europe/Paris"));
    }
}
