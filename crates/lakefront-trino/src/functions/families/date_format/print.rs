//! Times written by a format, in English.

use std::fmt::Write;

use super::compile::Item;
use super::fields::Field;
use super::links::LINKS;
use crate::error::{Error, Result};
use crate::zone::Zone;

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
pub(super) const HALFDAYS: [&str; 2] = ["AM", "PM"];
pub(super) const ERAS: [&str; 2] = ["BC", "AD"];

/// What is written: local milliseconds since the epoch, and where the zone is known, the instant in picoseconds.
pub(super) struct Moment {
    pub(super) local: i64,
    pub(super) zone: Option<(i128, Zone)>,
}

pub(super) fn print(items: &[Item], moment: &Moment) -> Result<String> {
    let mut out = String::with_capacity(24);
    print_to(&mut out, items, moment)?;
    Ok(out)
}

fn text(field: Field, value: i64, short: bool) -> &'static str {
    let of = |names: &'static [&'static str], first: i64| {
        let name = usize::try_from(value - first).ok().and_then(|at| names.get(at)).copied().unwrap_or_default();
        if short { name.get(..3).unwrap_or(name) } else { name }
    };
    match field {
        Field::Month => of(&MONTHS, 1),
        Field::DayOfWeek => of(&WEEKDAYS, 1),
        Field::Halfday => of(&HALFDAYS, 0),
        _ => of(&ERAS, 0),
    }
}

fn padded(out: &mut String, value: i64, least: usize) {
    if value < 0 {
        out.push('-');
    }
    let value = value.unsigned_abs();
    // Two digits are by far the most frequent.
    if value < 100 && least == 2 {
        out.push(char::from(b'0' + (value / 10) as u8));
        out.push(char::from(b'0' + (value % 10) as u8));
    } else {
        let digits = value.to_string();
        out.extend(std::iter::repeat_n('0', least.saturating_sub(digits.len())));
        out.push_str(&digits);
    }
}

pub(super) fn print_to(out: &mut String, items: &[Item], moment: &Moment) -> Result<()> {
    let zone = || moment.zone.unwrap_or((i128::from(moment.local) * 1_000_000_000, Zone::UTC));
    for item in items {
        match item {
            Item::Literal(literal) => out.push_str(literal),
            Item::Number { field, least, .. } => padded(out, field.get(moment.local), *least),
            Item::TwoDigitYear { field, .. } => padded(out, field.get(moment.local).abs() % 100, 2),
            Item::Text { field, short } => out.push_str(text(*field, field.get(moment.local), *short)),
            Item::Fraction { field, least, .. } => {
                let millis = field.get(moment.local);
                let digits = format!("{millis:03}");
                out.extend(digits.chars().chain(std::iter::repeat('0')).take(*least));
            }
            Item::Offset { colon } => {
                let (instant, zone) = zone();
                let seconds = zone.offset_at(instant);
                let sign = if seconds < 0 { '-' } else { '+' };
                let (hours, minutes) = (seconds.abs() / 3600, seconds.abs() / 60 % 60);
                let colon = if *colon { ":" } else { "" };
                let _ = write!(out, "{sign}{hours:02}{colon}{minutes:02}");
            }
            Item::ZoneId => {
                let name = zone().1.to_string();
                let link = LINKS.binary_search_by_key(&name.as_str(), |(link, _)| link);
                out.push_str(link.map_or(&name, |at| LINKS[at].1));
            }
            Item::ZoneName { long } => {
                let (instant, zone) = zone();
                out.push_str(&zone_name(instant, zone, *long)?);
            }
        }
    }
    Ok(())
}

/// The names that Java's own table and the tz database agree on.
const SHORT_NAMES: [&str; 20] = [
    "UTC", "PST", "PDT", "MST", "MDT", "CST", "CDT", "EST", "EDT", "AKST", "AKDT", "GMT", "BST", "CET", "CEST", "EET",
    "EEST", "WET", "WEST", "JST",
];
const AGREEING_REGIONS: [&str; 3] = ["US/", "Europe/", "America/"];
/// Zones of those regions that have changed theirs.
const DISAGREEING: [&str; 4] = ["America/Chihuahua", "America/Dawson", "America/Ojinaga", "America/Whitehorse"];

fn zone_name(instant: i128, zone: Zone, long: bool) -> Result<String> {
    let unknown = || Error::not_here(format!("The name of the time zone {zone} in a format"));
    let Zone::Named(named) = zone else { return Ok(zone.to_string()) };
    if zone == Zone::UTC {
        return Ok(if long { "Coordinated Universal Time" } else { "UTC" }.to_owned());
    }
    let seconds = i64::try_from(instant.div_euclid(1_000_000_000_000)).map_err(|_| unknown())?;
    let at = chrono::DateTime::from_timestamp(seconds, 0).ok_or_else(unknown)?;
    let name = at.with_timezone(&named).format("%Z").to_string();
    let is_in = |region: &&str| named.name().starts_with(*region);
    let agrees =
        AGREEING_REGIONS.iter().any(is_in) && !DISAGREEING.contains(&named.name()) || named.name() == "Asia/Tokyo";
    // Names of former times differ.
    let is_recent = seconds > 315_532_800;
    if long || !agrees || !is_recent || !SHORT_NAMES.contains(&name.as_str()) {
        return Err(unknown());
    }
    Ok(name)
}
