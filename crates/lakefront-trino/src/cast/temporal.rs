//! Casts among dates, times, timestamps and intervals, and to and from text.
//!
//! What has no zone and becomes something that has one is taken to be of the session's, which is UTC.

use datafusion::arrow::array::ArrayRef;

use super::unknown;
use crate::call::Call;
use crate::error::{Error, Result};
use crate::temporal::{
    PICOS_OF_DAY, PICOS_OF_MILLI, PICOS_OF_MINUTE, day_to_second_text, is_instant, is_timestamp, round, text,
    year_to_month_text,
};
use crate::types::Type;
use crate::value::Value;
use crate::zone::{Zone, write_offset};

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

/// Times become timestamps of the day that is given with them.
pub(crate) fn on_day_kernel(call: &Call) -> Result<ArrayRef> {
    let (time, day) = (call.any(0), call.int(1)?);
    call.values(|row| {
        let start = i128::from(day.get(row).unwrap_or_default()) * PICOS_OF_DAY;
        let (picos, zone) = match time.get(row) {
            Value::Int(picos) => (picos, SESSION_ZONE),
            Value::TimeTz(picos, offset) => (picos, Zone::of_offset(offset.into()).unwrap_or(SESSION_ZONE)),
            _ => return Ok(None),
        };
        Ok(Some(match call.returns {
            Type::Timestamp(digits) => Value::Timestamp(round(start + i128::from(picos), *digits)),
            Type::TimestampTz(digits) => {
                Value::TimestampTz(round(zone.instant(start + i128::from(picos)), *digits), zone)
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

fn from_local(local: i128, from: &Type, to: &Type) -> Result<Value> {
    Ok(match to {
        Type::Date => date(local),
        Type::Time(digits) => Value::Int(time_of(local, *digits)),
        Type::TimeTz(digits) => Value::TimeTz(time_of(local, *digits), SESSION_OFFSET),
        Type::Timestamp(digits) => return timestamp(round(local, *digits)),
        Type::TimestampTz(digits) => {
            // From microseconds Trino rounds to milliseconds first, then once more.
            let twice = *digits < 3 && matches!(from, Type::Timestamp(4..=6));
            let local = round(if twice { round(local, 3) } else { local }, *digits);
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
        Type::TimeTz(digits) => Value::TimeTz(time_of(local, *digits), zone.offset_minutes_at(instant) as i16),
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
        Type::TimeTz(digits) => match text::read_time(text.trim()) {
            Some((clock, offset)) if clock.fraction.len() <= 12 => clock
                .picos(*digits)
                .map(|picos| Value::TimeTz((picos % PICOS_OF_DAY) as i64, offset.unwrap_or(SESSION_OFFSET))),
            _ => None,
        },
        Type::Timestamp(digits) => text::read_timestamp(text.trim())
            .filter(|moment| moment.zone.is_none_or(|zone| Zone::parse(zone).is_some()))
            .and_then(|moment| moment.picos(*digits))
            .map(Value::Timestamp),
        Type::TimestampTz(digits) => text::read_timestamp(text.trim()).and_then(|moment| {
            let zone = moment.zone.map_or(Some(SESSION_ZONE), Zone::parse)?;
            let instant = zone.instant(moment.picos(*digits)?);
            is_instant(instant, *digits).then_some(Value::TimestampTz(instant, zone))
        }),
        _ => return None,
    };
    Some(found.ok_or_else(|| {
        let name = if matches!(to, Type::Date) { "date" } else { to.base() };
        let message = format!("Value cannot be cast to {name}: {text}");
        Error::new(crate::error::Code::InvalidCastArgument, message)
    }))
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
        // Their text is not held against the length.
        (Value::Int(millis), Type::IntervalDayToSecond) => return Ok(Value::Text(day_to_second_text(*millis))),
        (Value::Int(months), Type::IntervalYearToMonth) => return Ok(Value::Text(year_to_month_text(*months))),
        _ => return Err(unknown(from, to)),
    };
    match length {
        Some(length) if text.len() > length as usize => Err(Error::new(
            crate::error::Code::InvalidCastArgument,
            format!("Value {text} cannot be represented as varchar({length})"),
        )),
        _ => Ok(Value::Text(text)),
    }
}

/// Time of day in another offset.
pub(crate) fn at_offset(picos: i64, offset: i16, wanted: i64) -> Value {
    let shift = i128::from(wanted - i64::from(offset)) * PICOS_OF_MINUTE;
    let local = (i128::from(picos) + shift).rem_euclid(PICOS_OF_DAY);
    Value::TimeTz(local as i64, wanted as i16)
}
