//! Seconds since 1970, and durations.

use datafusion::arrow::array::ArrayRef;

use crate::call::Call;
use crate::error::{Code, Error, Result};
use crate::functions::{Function, scalar};
use crate::temporal::{PICOS_OF_MICRO, PICOS_OF_MILLI, Ticks, is_instant, millis_overflow, zoned};
use crate::types::Type;
use crate::zone::{NoZone, Zone};

const PICOS_OF_NANO: i128 = 1_000;

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("from_unixtime", "(double) -> timestamp(3) with time zone", from_unixtime),
        scalar("from_unixtime", "(double, bigint, bigint) -> timestamp(3) with time zone", from_unixtime_at_offset),
        scalar("from_unixtime", "(double, varchar) -> timestamp(3) with time zone", from_unixtime_in_zone),
        scalar("from_unixtime_nanos", "(bigint) -> timestamp(9) with time zone", from_unixtime_nanos),
        scalar("from_unixtime_nanos", "(decimal) -> timestamp(9) with time zone", from_unixtime_nanos_decimal),
        scalar("to_unixtime", "(timestamp) -> double", to_unixtime),
        scalar("to_unixtime", "(timestamp with time zone) -> double", to_unixtime),
        scalar("to_milliseconds", "(interval day to second) -> bigint", to_milliseconds),
        scalar("parse_duration", "(varchar) -> interval day to second", parse_duration),
        scalar("human_readable_seconds", "(double) -> varchar", human_readable_seconds),
    ]
}

/// Half goes up, and what is no number is zero, as Java rounds.
fn rounded(value: f64) -> i64 {
    let floor = value.floor();
    (if value - floor >= 0.5 { floor + 1.0 } else { floor }) as i64
}

fn instant(seconds: f64, zone: Zone) -> Result<(i128, Zone)> {
    let instant = i128::from(rounded(seconds * 1000.0)) * PICOS_OF_MILLI;
    match is_instant(instant, 3) {
        true => Ok((instant, zone)),
        false => Err(millis_overflow(instant)),
    }
}

fn from_unixtime(call: &Call) -> Result<ArrayRef> {
    let seconds = call.double(0)?;
    zoned(call, |row| seconds.get(row).map(|seconds| instant(seconds, Zone::UTC)).transpose())
}

fn from_unixtime_at_offset(call: &Call) -> Result<ArrayRef> {
    let (seconds, hours, minutes) = (call.double(0)?, call.int(1)?, call.int(2)?);
    zoned(call, |row| {
        let (Some(seconds), Some(hours), Some(minutes)) = (seconds.get(row), hours.get(row), minutes.get(row)) else {
            return Ok(None);
        };
        let offset = hours.checked_mul(60).and_then(|hours| hours.checked_add(minutes));
        let zone = offset
            .and_then(Zone::of_offset)
            .ok_or_else(|| Error::invalid_argument(format!("Invalid offset minutes {}", offset.unwrap_or(i64::MAX))))?;
        instant(seconds, zone).map(Some)
    })
}

fn from_unixtime_in_zone(call: &Call) -> Result<ArrayRef> {
    let (seconds, zone) = (call.double(0)?, call.text(1));
    zoned(call, |row| match (seconds.get(row), zone.get(row)) {
        (Some(seconds), Some(name)) => {
            let zone = Zone::named(name).map_err(|error| match error.code {
                Code::InvalidFunctionArgument => NoZone::unsupported(name),
                _ => error,
            })?;
            instant(seconds, zone).map(Some)
        }
        _ => Ok(None),
    })
}

fn from_unixtime_nanos(call: &Call) -> Result<ArrayRef> {
    let nanos = call.int(0)?;
    zoned(call, |row| Ok(nanos.get(row).map(|nanos| (i128::from(nanos) * PICOS_OF_NANO, Zone::UTC))))
}

fn from_unixtime_nanos_decimal(call: &Call) -> Result<ArrayRef> {
    let nanos = call.decimal(0);
    let Type::Decimal { scale, .. } = call.types[0] else {
        return Err(Error::new(Code::GenericInternalError, "a decimal that is none"));
    };
    let unit = 10i128.pow(scale.into());
    zoned(call, |row| {
        let Some(value) = nanos.get(row) else { return Ok(None) };
        let (whole, rest) = (value / unit, value % unit);
        let nanos = if scale > 0 && rest.abs() >= unit / 2 { whole + rest.signum() } else { whole };
        match nanos.checked_mul(PICOS_OF_NANO).filter(|instant| is_instant(*instant, 9)) {
            Some(instant) => {
                let millis = instant.div_euclid(PICOS_OF_MILLI);
                // Beside a zone there are 52 bits for them.
                if !(-(1 << 51)..1 << 51).contains(&millis) {
                    return Err(Error::new(Code::GenericInternalError, format!("Millis overflow: {millis}")));
                }
                Ok(Some((instant, Zone::UTC)))
            }
            None => Err(Error::new(Code::GenericInternalError, "long overflow")),
        }
    })
}

fn to_unixtime(call: &Call) -> Result<ArrayRef> {
    // The larger part and the smaller are divided on their own, which shows in the last digit.
    let seconds = |picos: i128, unit: i128| {
        let (whole, rest) = (picos.div_euclid(unit), picos.rem_euclid(unit));
        let large = whole as f64 / (1e12 / unit as f64);
        if rest == 0 { large } else { large + rest as f64 / 1e12 }
    };
    if let Type::TimestampTz(_) = call.types[0] {
        let time = call.zoned(0);
        return call.doubles(|row| Ok(time.get(row).map(|(instant, _)| seconds(instant, PICOS_OF_MILLI))));
    }
    let time = Ticks::of(call, 0)?;
    call.doubles(|row| Ok(time.picos(row).map(|picos| seconds(picos, PICOS_OF_MICRO))))
}

fn to_milliseconds(call: &Call) -> Result<ArrayRef> {
    call.array(0)
}

/// Milliseconds of `1.5 h`.
fn duration(text: &str) -> Option<i64> {
    let text = text.trim_matches(|letter: char| letter.is_ascii_whitespace() || letter == '\x0b');
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(text);
    let mut end = whole;
    if text[whole..].starts_with('.') {
        let fraction = digits(&text[whole + 1..]);
        end = if fraction > 0 { whole + 1 + fraction } else { whole };
    }
    if whole == 0 {
        return None;
    }
    let (number, unit) = text.split_at(end);
    let unit = unit.trim_start_matches(|letter: char| letter.is_ascii_whitespace() || letter == '\x0b');
    let millis = match unit {
        "ns" => 1.0 / 1_000_000.0,
        "us" => 1.0 / 1_000.0,
        "ms" => 1.0,
        "s" => 1_000.0,
        "m" => 60_000.0,
        "h" => 3_600_000.0,
        "d" => 86_400_000.0,
        _ => return None,
    };
    let millis = (number.parse::<f64>().ok()? * millis + 0.5).floor();
    (millis < 9_223_372_036_854_775_808.0).then_some(millis as i64)
}

fn parse_duration(call: &Call) -> Result<ArrayRef> {
    let text = call.text(0);
    call.bigints(|row| {
        let Some(text) = text.get(row) else { return Ok(None) };
        duration(text)
            .map(Some)
            .ok_or_else(|| Error::invalid_argument(format!("duration is not a valid data duration string: {text}")))
    })
}

fn human_readable_seconds(call: &Call) -> Result<ArrayRef> {
    let seconds = call.double(0)?;
    call.texts(|row| {
        let Some(seconds) = seconds.get(row) else { return Ok(None) };
        if !seconds.is_finite() {
            return Err(Error::invalid_argument(format!("Invalid argument found: {seconds}")));
        }
        Ok(Some(periods(rounded(seconds.abs()))))
    })
}

fn periods(mut seconds: i64) -> String {
    let mut parts = Vec::new();
    for (name, length) in [("week", 604_800), ("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)] {
        let count = seconds / length;
        seconds %= length;
        if count > 0 {
            parts.push(format!("{count} {name}{}", if count == 1 { "" } else { "s" }));
        }
    }
    if parts.is_empty() { "0 seconds".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_durations() {
        assert_eq!(duration("42.8ms"), Some(43));
        assert_eq!(duration(" 1234.567 h "), Some(4_444_441_200));
        assert_eq!(duration("1234ns"), Some(0));
        for text in ["", "abc", "1", "1.h", "-1s", "1 x", "1S"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn writes_periods() {
        assert_eq!(periods(56_363_463), "93 weeks, 1 day, 8 hours, 31 minutes, 3 seconds");
        assert_eq!(periods(0), "0 seconds");
    }
}
