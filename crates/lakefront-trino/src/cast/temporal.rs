//! Casts among dates, times, timestamps and intervals, and to and from text.
//!
//! What has no zone and becomes something that has one is taken to be of the session's, which is UTC.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{Date32Type, TimestampMicrosecondType, TimestampMillisecondType};

use super::unknown;
use crate::call::Call;
use crate::error::{Code, Error, Result};
use crate::lanes;
use crate::temporal::{
    MILLIS_OF_DAY, PICOS_OF_DAY, PICOS_OF_MILLI, PICOS_OF_MINUTE, Ticks, dates, day_to_second_text, is_instant,
    is_timestamp, round, text, timestamps, year_to_month_text,
};
use crate::types::Type;
use crate::value::{Value, utc_of_day};
use crate::zone::{NoZone, Zone, write_offset};

const SESSION_ZONE: Zone = Zone::UTC;
const SESSION_OFFSET: i16 = 0;

pub(super) fn exists(from: &Type, to: &Type) -> bool {
    use Type::{Date, IntervalDayToSecond, IntervalYearToMonth, Time, TimeTz, Timestamp, TimestampTz, Varchar};
    match (from, to) {
        (Date, Varchar(_) | Timestamp(_) | TimestampTz(_))
        | (Time(_) | TimeTz(_), Varchar(_) | Time(_) | TimeTz(_) | Timestamp(_) | TimestampTz(_))
        | (Timestamp(_) | TimestampTz(_) | Varchar(_), Date | Time(_) | TimeTz(_) | Timestamp(_) | TimestampTz(_))
        | (Timestamp(_) | TimestampTz(_) | IntervalDayToSecond | IntervalYearToMonth, Varchar(_)) => true,
        _ => from == to,
    }
}

pub(super) fn value(value: &Value, from: &Type, to: &Type) -> Result<Value> {
    match (value, to) {
        (Value::Text(text), _) => from_text(text, to).ok_or_else(|| unknown(from, to))?,
        (_, Type::Varchar(length)) => to_text(value, from, to, *length),
        (Value::Int(days), _) if *from == Type::Date => from_local(i128::from(*days) * PICOS_OF_DAY, from, to),
        (Value::Timestamp(local), _) => from_local(*local, from, to),
        (Value::TimestampTz(instant, zone), _) => from_instant(*instant, *zone, from, to),
        (Value::Int(picos), _) => from_time(*picos, SESSION_OFFSET, from, to),
        (Value::TimeTz(picos, offset), _) => from_time(*picos, *offset, from, to),
        _ => Err(unknown(from, to)),
    }
}

/// The casts that queries make of whole columns, without a value for each row. `None` where there is no loop for one.
pub(super) fn array(call: &Call, from: &Type, to: &Type) -> Result<Option<ArrayRef>> {
    Ok(Some(match (from, to) {
        (Type::Timestamp(0..=3), Type::Date) => lanes::unary::<TimestampMillisecondType, Date32Type>(call, |millis| {
            Ok(millis.div_euclid(MILLIS_OF_DAY) as i32)
        })?,
        (Type::Timestamp(4..=6), Type::Date) => lanes::unary::<TimestampMicrosecondType, Date32Type>(call, |micros| {
            Ok(micros.div_euclid(MILLIS_OF_DAY * 1000) as i32)
        })?,
        (Type::Timestamp(_), Type::Timestamp(digits)) => {
            let time = Ticks::of(call, 0)?;
            timestamps(call, |row| Ok(time.picos(row).map(|picos| round(picos, *digits))))?
        }
        (Type::Varchar(_), Type::Date) => {
            let text = call.text(0);
            dates(call, |row| {
                let Some(text) = text.get(row) else { return Ok(None) };
                text::read_date(text).map(Some).ok_or_else(|| unreadable(text, to))
            })?
        }
        (Type::Varchar(_), Type::Timestamp(digits)) => {
            let text = call.text(0);
            timestamps(call, |row| {
                let Some(text) = text.get(row) else { return Ok(None) };
                read_timestamp(text, *digits).map(Some).ok_or_else(|| unreadable(text, to))
            })?
        }
        (Type::Date, Type::Varchar(None)) => {
            let days = call.int(0)?;
            call.texts(|row| Ok(days.get(row).map(text::date_text)))?
        }
        (Type::Timestamp(digits), Type::Varchar(None)) => {
            let time = Ticks::of(call, 0)?;
            call.texts(|row| Ok(time.picos(row).map(|picos| text::timestamp_text(picos, *digits, ' '))))?
        }
        _ => return Ok(None),
    }))
}

fn unreadable(text: &str, to: &Type) -> Error {
    Error::new(Code::InvalidCastArgument, format!("Value cannot be cast to {}: {text}", to.base()))
}

/// A zone in the text must be one, and only takes the time out of a gap that it has.
fn read_timestamp(text: &str, digits: u8) -> Option<i128> {
    let moment = text::read_timestamp(text::trim(text))?;
    let local = moment.picos(digits)?;
    Some(match moment.zone.map(Zone::read) {
        Some(Err(NoZone::Unknown)) => return None,
        Some(Ok(zone)) => zone.local(zone.instant(local)),
        Some(Err(NoZone::Unsupported)) | None => local,
    })
}

fn read_zoned(text: &str, digits: u8) -> Option<Result<Value>> {
    let moment = text::read_timestamp(text::trim(text))?;
    let local = moment.picos(digits)?;
    let zone = match moment.zone.map(|name| (name, Zone::read(name))) {
        None => SESSION_ZONE,
        Some((_, Ok(zone))) => zone,
        Some((_, Err(NoZone::Unknown))) => return None,
        Some((name, Err(NoZone::Unsupported))) => return Some(Err(NoZone::unsupported(name))),
    };
    let instant = zone.instant(local);
    is_instant(instant, digits).then_some(Ok(Value::TimestampTz(instant, zone)))
}

/// Times become timestamps of the day that is given with them.
pub(crate) fn on_day_kernel(call: &Call) -> Result<ArrayRef> {
    let (time, day) = (call.any(0), call.int(1)?);
    call.values(|row| {
        let start = i128::from(day.get(row).unwrap_or_default()) * PICOS_OF_DAY;
        let (picos, offset) = match time.get(row) {
            Value::Int(picos) => (picos, SESSION_OFFSET),
            Value::TimeTz(picos, offset) => (picos, offset),
            _ => return Ok(None),
        };
        Ok(Some(match call.returns {
            Type::Timestamp(digits) => Value::Timestamp(round(start + i128::from(picos), *digits)),
            Type::TimestampTz(digits) => {
                // The day is that of UTC, whatever day it is at the offset.
                let utc = time_of(utc_of_day(picos, offset).into(), *digits);
                let zone = Zone::of_offset(offset.into()).unwrap_or(SESSION_ZONE);
                Value::TimestampTz(start + i128::from(utc), zone)
            }
            _ => return Err(unknown(&call.types[0], call.returns)),
        }))
    })
}

fn time_of(local: i128, digits: u8) -> i64 {
    // It may be rounded up to the day's end.
    (round(local.rem_euclid(PICOS_OF_DAY), digits) % PICOS_OF_DAY) as i64
}

fn timestamp(local: i128) -> Result<Value> {
    match is_timestamp(local) {
        true => Ok(Value::Timestamp(local)),
        false => Err(Error::out_of_range("Timestamp out of range")),
    }
}

fn date(local: i128) -> Value {
    Value::Int(local.div_euclid(PICOS_OF_DAY) as i64)
}

/// Before 1970 Trino takes a fraction of a second for the next one's, and is a second early.
fn counted_from_1970(local: i128) -> Result<i128> {
    const SECOND: i128 = 1_000_000_000_000;
    let fraction = local.rem_euclid(SECOND);
    if local >= 0 || fraction == 0 {
        return Ok(local);
    }
    if fraction < 1_000_000 || local.rem_euclid(PICOS_OF_DAY) < SECOND {
        return Err(Error::not_here("The time of such a timestamp before 1970"));
    }
    Ok(local - SECOND)
}

fn from_local(local: i128, from: &Type, to: &Type) -> Result<Value> {
    Ok(match to {
        Type::Date => date(local),
        Type::Time(digits) => Value::Int(time_of(counted_from_1970(local)?, *digits)),
        Type::TimeTz(digits) => Value::TimeTz(time_of(local, *digits), SESSION_OFFSET),
        Type::Timestamp(digits) => return timestamp(round(local, *digits)),
        Type::TimestampTz(digits) => {
            // From microseconds Trino rounds to milliseconds first, then once more.
            let twice = *digits < 3 && matches!(from, Type::Timestamp(4..=6));
            let whole = local.div_euclid(PICOS_OF_MILLI);
            let local = round(if twice { round(local, 3) } else { local }, *digits);
            // Trino forgets to carry, and fails with an error that only `TRY_CAST` hides.
            if matches!(digits, 7..=11) && local.div_euclid(PICOS_OF_MILLI) != whole {
                return Err(Error::not_here("A timestamp that rounds up to the next millisecond, with time zone"));
            }
            if !is_instant(local, *digits) {
                let millis = local.div_euclid(PICOS_OF_MILLI);
                return Err(Error::invalid_cast(millis, from, to));
            }
            Value::TimestampTz(SESSION_ZONE.instant(local), SESSION_ZONE)
        }
        _ => return Err(unknown(from, to)),
    })
}

fn from_instant(instant: i128, zone: Zone, from: &Type, to: &Type) -> Result<Value> {
    let local = zone.local(instant);
    Ok(match to {
        Type::Date => date(local),
        Type::Time(digits) => Value::Int(time_of(local, *digits)),
        // Trino takes the offset at the local time as if that were UTC.
        Type::TimeTz(digits) => Value::TimeTz(time_of(local, *digits), zone.offset_minutes_at(local) as i16),
        Type::Timestamp(digits) => return timestamp(round(local, *digits)),
        Type::TimestampTz(digits) => {
            let rounded = round(instant, *digits);
            if !is_instant(rounded, *digits) {
                return Err(Error::invalid_cast(rounded.div_euclid(PICOS_OF_MILLI), from, to));
            }
            Value::TimestampTz(rounded, zone)
        }
        _ => return Err(unknown(from, to)),
    })
}

fn from_time(picos: i64, offset: i16, from: &Type, to: &Type) -> Result<Value> {
    Ok(match to {
        Type::Time(digits) => Value::Int(time_of(picos.into(), *digits)),
        Type::TimeTz(digits) => Value::TimeTz(time_of(picos.into(), *digits), offset),
        Type::Timestamp(_) | Type::TimestampTz(_) => {
            return Err(Error::not_here(format!("A cast of {from} to {to} within a value")));
        }
        _ => return Err(unknown(from, to)),
    })
}

/// `None` where there is no such cast.
fn from_text(text: &str, to: &Type) -> Option<Result<Value>> {
    let found = match to {
        Type::Date => text::read_date(text).map(Value::Int),
        Type::Time(digits) => match text::read_time(text) {
            Some((clock, None)) if clock.fraction.len() <= 12 => {
                clock.picos(12).map(|picos| Value::Int(time_of(picos, *digits)))
            }
            _ => None,
        },
        Type::TimeTz(digits) => match text::read_time(text::trim(text)) {
            Some((clock, offset)) if clock.fraction.len() <= 12 => clock
                .picos(*digits)
                .map(|picos| Value::TimeTz((picos % PICOS_OF_DAY) as i64, offset.unwrap_or(SESSION_OFFSET))),
            _ => None,
        },
        Type::Timestamp(digits) => read_timestamp(text, *digits).map(Value::Timestamp),
        Type::TimestampTz(digits) => {
            return Some(read_zoned(text, *digits).unwrap_or_else(|| Err(unreadable(text, to))));
        }
        _ => return None,
    };
    Some(found.ok_or_else(|| unreadable(text, to)))
}

fn to_text(value: &Value, from: &Type, to: &Type, length: Option<u32>) -> Result<Value> {
    let text = match (value, from) {
        (Value::Int(days), Type::Date) => text::date_text(*days),
        (Value::Int(picos), Type::Time(digits)) => text::time_text(*picos, *digits),
        (Value::TimeTz(picos, offset), Type::TimeTz(digits)) => {
            let mut out = text::time_text(*picos, *digits);
            let _ = write_offset(&mut out, *offset);
            out
        }
        (Value::Timestamp(local), Type::Timestamp(digits)) => text::timestamp_text(*local, *digits, ' '),
        (Value::TimestampTz(instant, zone), Type::TimestampTz(digits)) => text::zoned_text(*instant, *zone, *digits),
        (Value::Int(millis), Type::IntervalDayToSecond) => day_to_second_text(*millis),
        (Value::Int(months), Type::IntervalYearToMonth) => year_to_month_text(*months),
        _ => return Err(unknown(from, to)),
    };
    match length {
        Some(length) if text.len() > length as usize => Err(if *from == Type::Date {
            let message = format!("Value {text} cannot be represented as varchar({length})");
            Error::new(Code::InvalidCastArgument, message)
        } else {
            Error::not_here(format!("A cast to varchar({length}) of [{text}], which is longer,"))
        }),
        _ => Ok(Value::Text(text)),
    }
}

/// Time of day in another offset.
pub(crate) fn at_offset(picos: i64, offset: i16, wanted: i64) -> Value {
    let shift = i128::from(wanted - i64::from(offset)) * PICOS_OF_MINUTE;
    let local = (i128::from(picos) + shift).rem_euclid(PICOS_OF_DAY);
    Value::TimeTz(local as i64, wanted as i16)
}
