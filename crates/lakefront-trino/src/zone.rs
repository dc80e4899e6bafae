//! Time zones: names of the tz database, and fixed offsets.

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use chrono::{Offset, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};

use crate::error::{Code, Error, Result};
use crate::temporal::calendar::{date_of, day_of_week, days_of, is_leap};

const PICOS_OF_SECOND: i128 = 1_000_000_000_000;
const SECONDS_OF_DAY: i64 = 86_400;
/// The largest offset, in minutes.
const MAX_OFFSET: i16 = 14 * 60;
/// Keys of named zones start here; smaller ones are offsets in minutes.
const FIRST_NAMED: i16 = 2_000;

/// Names of UTC that have no offset in them.
const NAMES_OF_UTC: [&str; 15] = [
    "Z",
    "UTC",
    "UCT",
    "GMT",
    "GMT0",
    "Greenwich",
    "Universal",
    "Zulu",
    "UT",
    "Etc/UTC",
    "Etc/UCT",
    "Etc/UT",
    "Etc/GMT",
    "Etc/GMT0",
    "Etc/Universal",
];
const PREFIXES_OF_OFFSETS: [&str; 3] = ["UTC", "GMT", "UT"];
/// Names that Java's table does not have.
const UNKNOWN: [&str; 7] = ["EST", "HST", "MST", "ROC", "America/Coyhaique", "Etc/Greenwich", "Etc/Zulu"];

/// Why a name is no zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NoZone {
    Unknown,
    /// A zone of Java's that Trino does not have: more than 14 hours from UTC, or with seconds.
    Unsupported,
}

impl NoZone {
    pub(crate) fn unsupported(name: &str) -> Error {
        Error::new(Code::NotSupported, format!("Time zone not supported: {name}"))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Zone {
    /// Minutes east of UTC.
    Offset(i16),
    Named(Tz),
}

impl Zone {
    pub const UTC: Zone = Zone::Named(Tz::UTC);

    /// Reads `Europe/Paris`, `+02:00`, `-0530`, `Z`. Names are told apart by case.
    pub fn parse(text: &str) -> Option<Zone> {
        Zone::read(text).ok()
    }

    pub(crate) fn read(text: &str) -> Result<Zone, NoZone> {
        let offset = |text: &str| {
            let seconds = offset_seconds(text).ok_or(NoZone::Unknown)?;
            let minutes = if seconds % 60 == 0 { Some(seconds / 60) } else { None };
            minutes.and_then(Zone::of_offset).ok_or(NoZone::Unsupported)
        };
        if text.starts_with(['+', '-']) {
            return offset(text);
        }
        if NAMES_OF_UTC.contains(&text) {
            return Ok(Zone::UTC);
        }
        for prefix in PREFIXES_OF_OFFSETS {
            if let Some(rest) = text.strip_prefix(prefix)
                && rest.starts_with(['+', '-'])
            {
                return offset(rest);
            }
        }
        static BY_NAME: LazyLock<HashMap<&'static str, Tz>> =
            LazyLock::new(|| TZ_VARIANTS.iter().map(|zone| (zone.name(), *zone)).collect());
        let zone = BY_NAME.get(text).filter(|_| !UNKNOWN.contains(&text)).ok_or(NoZone::Unknown)?;
        match text.strip_prefix("Etc/GMT") {
            // Its sign is the other way around.
            Some(_) => Zone::of_offset(
                i64::from(zone.offset_from_utc_datetime(&Default::default()).fix().local_minus_utc()) / 60,
            )
            .ok_or(NoZone::Unsupported),
            None => Ok(Zone::Named(*zone)),
        }
    }

    /// The zone that a function is given by name.
    ///
    /// # Errors
    /// Where there is none of the name.
    pub(crate) fn named(text: &str) -> Result<Zone> {
        if text.is_empty() {
            return Err(Error::new(Code::GenericInternalError, "Zone id is an empty string"));
        }
        let known = match text.strip_prefix("Etc/UT") {
            Some(rest) => Zone::parse(text).or_else(|| Zone::parse(&format!("UT{rest}"))),
            None => Zone::parse(text),
        };
        known.ok_or_else(|| Error::invalid_argument(format!("'{text}' is not a valid time zone")))
    }

    /// A fixed offset in minutes, of up to 14 hours.
    pub(crate) fn of_offset(minutes: i64) -> Option<Zone> {
        let minutes = i16::try_from(minutes).ok().filter(|minutes| minutes.abs() <= MAX_OFFSET)?;
        Some(if minutes == 0 { Zone::UTC } else { Zone::Offset(minutes) })
    }

    pub(crate) fn key(self) -> i16 {
        static PLACES: LazyLock<HashMap<Tz, i16>> =
            LazyLock::new(|| TZ_VARIANTS.iter().zip(FIRST_NAMED..).map(|(zone, key)| (*zone, key)).collect());
        match self {
            Zone::Offset(minutes) => minutes,
            Zone::Named(zone) => PLACES.get(&zone).copied().unwrap_or(0),
        }
    }

    pub(crate) fn from_key(key: i16) -> Zone {
        match usize::try_from(key - FIRST_NAMED).ok().and_then(|at| TZ_VARIANTS.get(at)) {
            Some(zone) => Zone::Named(*zone),
            None => Zone::Offset(key),
        }
    }

    /// Seconds east of UTC at an instant (picoseconds since the epoch).
    pub fn offset_at(self, instant: i128) -> i64 {
        let zone = match self {
            Zone::Offset(minutes) => return i64::from(minutes) * 60,
            Zone::UTC => return 0,
            Zone::Named(zone) => zone,
        };
        match chrono::DateTime::from_timestamp(representative(zone, seconds(instant)), 0) {
            Some(at) => zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc().into(),
            None => 0,
        }
    }

    /// Minutes east of UTC at an instant; seconds of the offset are dropped.
    pub(crate) fn offset_minutes_at(self, instant: i128) -> i64 {
        self.offset_at(instant) / 60
    }

    /// Local picoseconds since the epoch, as a clock in the zone shows them.
    pub fn local(self, instant: i128) -> i128 {
        instant + i128::from(self.offset_at(instant)) * PICOS_OF_SECOND
    }

    fn with_offset(local: i128, offset: i64) -> i128 {
        local - i128::from(offset) * PICOS_OF_SECOND
    }

    /// The instant at which a clock of the zone shows a local time: the earlier of two. `None` in a gap.
    pub(crate) fn shown_at(self, local: i128) -> Option<i128> {
        let zone = match self {
            Zone::Offset(minutes) => return Some(Self::with_offset(local, i64::from(minutes) * 60)),
            Zone::UTC => return Some(local),
            Zone::Named(zone) => zone,
        };
        let naive = chrono::DateTime::from_timestamp(representative(zone, seconds(local)), 0)?.naive_utc();
        match zone.offset_from_local_datetime(&naive) {
            chrono::LocalResult::Single(offset) | chrono::LocalResult::Ambiguous(offset, _) => {
                Some(Self::with_offset(local, offset.fix().local_minus_utc().into()))
            }
            chrono::LocalResult::None => None,
        }
    }

    /// The instant at which a clock of the zone shows a local time: the earlier of two; in a gap, as far behind its start
    /// as the clock is ahead.
    pub fn instant(self, local: i128) -> i128 {
        self.shown_at(local).unwrap_or_else(|| {
            // The offset before the gap.
            let before = self.offset_at(local - i128::from(SECONDS_OF_DAY) * PICOS_OF_SECOND);
            Self::with_offset(local, before)
        })
    }

    /// The instant of a local time that was computed from another instant: with the same offset, where that is still
    /// in force.
    ///
    /// Where it is not, the offset is taken at the local time as if that were UTC and corrected once, so that which of
    /// two instants it is depends on the hemisphere. Joda-Time does so, which Trino computes dates with.
    pub(crate) fn instant_near(self, local: i128, original: i128) -> i128 {
        let kept = self.offset_at(original);
        let instant = Self::with_offset(local, kept);
        if self.offset_at(instant) == kept { instant } else { self.instant_by_estimate(local) }
    }

    fn instant_by_estimate(self, local: i128) -> i128 {
        let estimate = self.offset_at(local);
        let corrected = self.offset_at(Self::with_offset(local, estimate));
        let in_gap = corrected != self.offset_at(Self::with_offset(local, corrected));
        let offset = if estimate < 0 && estimate != corrected && in_gap { estimate } else { corrected };
        Self::with_offset(local, offset)
    }
}

fn seconds(picos: i128) -> i64 {
    // Beyond any timestamp.
    i64::try_from(picos.div_euclid(PICOS_OF_SECOND)).unwrap_or(i64::MAX)
}

/// Seconds at which the zone's rules are the same, within what the tables hold: they end in 2100, while the rules go on;
/// and before the first of them there is only local mean time.
fn representative(zone: Tz, seconds: i64) -> i64 {
    const START_OF_2088: i64 = 3_723_753_600;
    const LONG_AGO: i64 = -8_000_000_000_000;
    if seconds < START_OF_2088 || matches!(zone, Tz::Africa__Casablanca | Tz::Africa__El_Aaiun) {
        // In these two zones the changes follow the moon, and end with 2087.
        return seconds.clamp(LONG_AGO, -LONG_AGO);
    }
    let (year, ..) = date_of(seconds.div_euclid(SECONDS_OF_DAY));
    let start = days_of(year, 1, 1);
    // Every kind of year occurs within 28.
    let alike = (2060..2088)
        .find(|other| is_leap(*other) == is_leap(year) && day_of_week(days_of(*other, 1, 1)) == day_of_week(start));
    seconds - (start - days_of(alike.unwrap_or(2060), 1, 1)) * SECONDS_OF_DAY
}

/// Reads `+2`, `+02`, `+0230`, `-02:30`, also with seconds: what Java reads, up to 18 hours.
fn offset_seconds(text: &str) -> Option<i64> {
    let (sign, rest) = text.split_at_checked(1)?;
    let parts: Vec<&str> = match rest.len() {
        1 | 2 => vec![rest],
        4 | 6 if !rest.contains(':') && rest.is_ascii() => {
            (0..rest.len()).step_by(2).map(|at| &rest[at..at + 2]).collect()
        }
        5 | 8 => rest.split(':').collect(),
        _ => return None,
    };
    let is_number =
        |part: &&str| part.bytes().all(|digit| digit.is_ascii_digit()) && (part.len() == 2 || parts.len() == 1);
    if !parts.iter().all(is_number) || parts.len() * 3 < rest.len() {
        return None;
    }
    let mut seconds = 0;
    for (part, unit) in parts.iter().zip([3600, 60, 1]) {
        let number: i64 = part.parse().ok()?;
        if unit < 3600 && number > 59 {
            return None;
        }
        seconds += number * unit;
    }
    (seconds <= 18 * 3600).then_some(if sign == "-" { -seconds } else { seconds })
}

/// `+02:00`
pub(crate) fn write_offset(out: &mut impl fmt::Write, minutes: i16) -> fmt::Result {
    let sign = if minutes < 0 { '-' } else { '+' };
    write!(out, "{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Zone::Offset(minutes) => write_offset(f, *minutes),
            Zone::Named(zone) => f.write_str(zone.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
    use super::*;
    use crate::temporal::text::{read_timestamp, timestamp_text};

    fn picos(text: &str) -> i128 {
        read_timestamp(text).unwrap().picos(0).unwrap()
    }

    fn text(picos: i128) -> String {
        timestamp_text(picos, 0, ' ')
    }

    #[test]
    fn reads_what_java_reads() {
        assert_eq!(Zone::parse("+05:30"), Some(Zone::Offset(330)));
        assert_eq!(Zone::parse("UTC-7"), Some(Zone::Offset(-420)));
        assert_eq!(Zone::parse("-00:00"), Some(Zone::UTC));
        for text in ["+14:01", "+5:30", "europe/paris", "Mars", "+05:60", ""] {
            assert_eq!(Zone::parse(text), None, "{text}");
        }
        assert_eq!(Zone::parse("Etc/GMT+5"), Some(Zone::Offset(-300)));
        assert_eq!(Zone::read("+15:00"), Err(NoZone::Unsupported));
        assert_eq!(Zone::read("-01:00:30"), Err(NoZone::Unsupported));
        assert_eq!(Zone::read("+19:00"), Err(NoZone::Unknown));
        for zone in TZ_VARIANTS {
            assert_eq!(Zone::from_key(Zone::Named(zone).key()), Zone::Named(zone));
        }
    }

    #[test]
    fn rules_go_on_after_the_tables() {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        assert_eq!(berlin.offset_at(picos("2024-07-01 00:00:00")), 7200);
        assert_eq!(berlin.offset_at(picos("2387-07-01 00:00:00")), 7200);
        assert_eq!(berlin.offset_at(picos("12001-01-01 00:00:00")), 3600);
        assert_eq!(Zone::parse("Asia/Kathmandu").unwrap().offset_at(picos("-12001-01-01 00:00:00")), 20_476);
    }

    #[test]
    fn gaps_and_overlaps() {
        let (berlin, york) = (Zone::parse("Europe/Berlin").unwrap(), Zone::parse("America/New_York").unwrap());
        let gap = picos("2024-03-31 02:30:00");
        assert_eq!(berlin.shown_at(gap), None);
        assert_eq!(text(berlin.local(berlin.instant(gap))), "2024-03-31 03:30:00");
        assert_eq!(text(berlin.local(berlin.instant_near(gap, gap))), "2024-03-31 03:30:00");
        let gap = picos("2024-03-10 02:30:00");
        assert_eq!(text(york.local(york.instant_near(gap, gap))), "2024-03-10 03:30:00");
        // Twice on the clock.
        assert_eq!(text(berlin.instant(picos("2024-10-27 02:30:00"))), "2024-10-27 00:30:00");
        let local = picos("2024-10-27 02:30:00");
        assert_eq!(text(berlin.instant_near(local, local)), "2024-10-27 01:30:00");
        let local = picos("2024-11-03 01:30:00");
        assert_eq!(text(york.instant_near(local, local)), "2024-11-03 05:30:00");
    }
}
