//! Time zones: names of the tz database, and fixed offsets.

use std::fmt;

use chrono::{Offset, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};

const PICOS_OF_SECOND: i128 = 1_000_000_000_000;
/// The largest offset, in minutes.
const MAX_OFFSET: i16 = 14 * 60;
/// Keys of named zones start here; smaller ones are offsets in minutes.
const FIRST_NAMED: i16 = 2_000;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Zone {
    /// Minutes east of UTC.
    Offset(i16),
    Named(Tz),
}

impl Zone {
    pub const UTC: Zone = Zone::Named(Tz::UTC);

    /// Reads `Europe/Paris`, `+02:00`, `-0530`, `Z`.
    pub fn parse(text: &str) -> Option<Zone> {
        if let Some(rest) = text.strip_prefix(['+', '-']) {
            let minutes = offset_minutes(rest)?;
            let minutes = if text.starts_with('-') { -minutes } else { minutes };
            return (minutes.abs() <= MAX_OFFSET).then_some(match minutes {
                0 => Zone::UTC,
                minutes => Zone::Offset(minutes),
            });
        }
        let upper = text.to_ascii_uppercase();
        if matches!(
            upper.as_str(),
            "Z" | "UTC" | "UCT" | "GMT" | "GMT0" | "GREENWICH" | "UNIVERSAL" | "ZULU" | "UT" | "ETC/UTC" | "ETC/GMT"
        ) {
            return Some(Zone::UTC);
        }
        for prefix in ["UTC", "GMT", "UT"] {
            if let Some(offset) = upper.strip_prefix(prefix)
                && offset.starts_with(['+', '-'])
            {
                return Zone::parse(offset);
            }
        }
        TZ_VARIANTS.iter().find(|known| known.name().eq_ignore_ascii_case(text)).map(|known| Zone::Named(*known))
    }

    pub(crate) fn key(self) -> i16 {
        match self {
            Zone::Offset(minutes) => minutes,
            Zone::Named(zone) => {
                let at = TZ_VARIANTS.iter().position(|known| *known == zone).unwrap_or(0);
                FIRST_NAMED + at as i16
            }
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
        match self {
            Zone::Offset(minutes) => i64::from(minutes) * 60,
            Zone::Named(zone) => {
                let seconds = instant.div_euclid(PICOS_OF_SECOND);
                match i64::try_from(seconds).ok().and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0)) {
                    Some(at) => zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc().into(),
                    None => 0,
                }
            }
        }
    }

    /// Local picoseconds since the epoch, as a clock in the zone shows them.
    pub fn local(self, instant: i128) -> i128 {
        instant + i128::from(self.offset_at(instant)) * PICOS_OF_SECOND
    }

    /// The instant at which a clock of the zone shows a local time: the earlier of two; in a gap, as far behind its start
    /// as the clock is ahead.
    pub fn instant(self, local: i128) -> i128 {
        match self {
            Zone::Offset(minutes) => local - i128::from(minutes) * 60 * PICOS_OF_SECOND,
            Zone::Named(zone) => {
                let seconds = i64::try_from(local.div_euclid(PICOS_OF_SECOND)).unwrap_or(i64::MAX);
                let Some(naive) = chrono::DateTime::from_timestamp(seconds, 0).map(|at| at.naive_utc()) else {
                    return local;
                };
                let offset = match zone.offset_from_local_datetime(&naive) {
                    chrono::LocalResult::Single(offset) | chrono::LocalResult::Ambiguous(offset, _) => {
                        i64::from(offset.fix().local_minus_utc())
                    }
                    // The offset before the gap.
                    chrono::LocalResult::None => self.offset_at(local - 86_400 * PICOS_OF_SECOND),
                };
                local - i128::from(offset) * PICOS_OF_SECOND
            }
        }
    }
}

/// Reads `2`, `02`, `0230`, `02:30`.
pub(crate) fn offset_minutes(text: &str) -> Option<i16> {
    let (hours, minutes) = match text.split_once(':') {
        Some((hours, minutes)) => (hours, minutes),
        None if text.len() == 4 && text.is_ascii() => text.split_at(2),
        None => (text, "0"),
    };
    let number = |text: &str| {
        (!text.is_empty() && text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse::<i16>().ok())
            .flatten()
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (minutes < 60).then_some(hours * 60 + minutes)
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
