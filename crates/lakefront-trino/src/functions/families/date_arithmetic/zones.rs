//! `at_timezone` and `with_timezone`.

use datafusion::arrow::array::ArrayRef;

use crate::call::Call;
use crate::cast::at_offset;
use crate::error::{Error, Result};
use crate::functions::{Function, scalar};
use crate::temporal::{MILLIS_OF_MINUTE, Ticks, zoned};
use crate::value::Value;
use crate::zone::Zone;

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("at_timezone", "(timestamp(p) with time zone, varchar) -> timestamp(p) with time zone", at_timezone),
        scalar(
            "at_timezone",
            "(timestamp(p) with time zone, interval day to second) -> timestamp(p) with time zone",
            at_timezone_by_offset,
        ),
        scalar("with_timezone", "(timestamp(p), varchar) -> timestamp(p) with time zone", with_timezone),
        // `AT TIME ZONE` of times. The last argument is when the statement started, whose offset holds.
        scalar(
            "$at_timezone",
            "(time(p) with time zone, varchar, timestamp with time zone) -> time(p) with time zone",
            time_at_timezone,
        ),
        scalar(
            "$at_timezone",
            "(time(p) with time zone, interval day to second, timestamp with time zone) -> time(p) with time zone",
            time_at_timezone,
        ),
    ]
}

fn at_timezone(call: &Call) -> Result<ArrayRef> {
    let (time, zone) = (call.zoned(0), call.text(1));
    zoned(call, |row| match (time.get(row), zone.get(row)) {
        (Some((instant, _)), Some(zone)) => Ok(Some((instant, Zone::named(zone)?))),
        _ => Ok(None),
    })
}

fn minutes(interval: i64) -> Result<i64> {
    match interval % MILLIS_OF_MINUTE {
        0 => Ok(interval / MILLIS_OF_MINUTE),
        _ => Err(Error::invalid_argument("Invalid time zone offset interval: interval contains seconds")),
    }
}

fn invalid_offset(minutes: i64) -> Error {
    Error::invalid_argument(format!("Invalid offset minutes {minutes}"))
}

fn at_timezone_by_offset(call: &Call) -> Result<ArrayRef> {
    let (time, interval) = (call.zoned(0), call.int(1)?);
    zoned(call, |row| {
        let (Some((instant, _)), Some(interval)) = (time.get(row), interval.get(row)) else { return Ok(None) };
        let minutes = minutes(interval)?;
        Ok(Some((instant, Zone::of_offset(minutes).ok_or_else(|| invalid_offset(minutes))?)))
    })
}

fn with_timezone(call: &Call) -> Result<ArrayRef> {
    let (time, zone) = (Ticks::of(call, 0)?, call.text(1));
    zoned(call, |row| match (time.picos(row), zone.get(row)) {
        (Some(local), Some(zone)) => {
            let zone = Zone::named(zone)?;
            Ok(Some((zone.instant_near(local, local), zone)))
        }
        _ => Ok(None),
    })
}

fn time_at_timezone(call: &Call) -> Result<ArrayRef> {
    let (time, zone, start) = (call.any(0), call.any(1), call.zoned(2));
    call.values(|row| {
        let minutes = match (zone.get(row), start.get(row)) {
            (Value::Text(zone), Some((start, _))) => Zone::named(&zone)?.offset_minutes_at(start),
            (Value::Int(interval), _) => minutes(interval)?,
            _ => return Ok(None),
        };
        Zone::of_offset(minutes).ok_or_else(|| invalid_offset(minutes))?;
        Ok(match time.get(row) {
            Value::TimeTz(picos, offset) => Some(at_offset(picos, offset, minutes)),
            _ => None,
        })
    })
}
