//! `+`, `-`, `*`, `/` of dates, times and intervals.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{
    Date32Type, Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType,
};

use crate::call::Call;
use crate::error::{Code, Error, Result};
use crate::functions::{Function, scalar};
use crate::lanes;
use crate::temporal::calendar::add_months;
use crate::temporal::{
    MILLIS_OF_DAY, PICOS_OF_DAY, PICOS_OF_MICRO, PICOS_OF_MILLI, Ticks, digits_unit, is_instant, is_timestamp,
    millis_overflow, timestamps, zoned,
};
use crate::types::Type;
use crate::value::{Value, utc_of_day};
use crate::zone::Zone;

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("+", "(date, interval day to second) -> date", date_plus_time::<false>),
        scalar("+", "(interval day to second, date) -> date", date_plus_time::<false>),
        scalar("-", "(date, interval day to second) -> date", date_plus_time::<true>),
        scalar("+", "(date, interval year to month) -> date", date_plus_months::<false>),
        scalar("+", "(interval year to month, date) -> date", date_plus_months::<false>),
        scalar("-", "(date, interval year to month) -> date", date_plus_months::<true>),
        scalar("+", "(timestamp, interval day to second) -> timestamp", plus_time::<false>).returning(at_least_millis),
        scalar("+", "(interval day to second, timestamp) -> timestamp", plus_time::<false>).returning(at_least_millis),
        scalar("-", "(timestamp, interval day to second) -> timestamp", plus_time::<true>).returning(at_least_millis),
        scalar("+", "(timestamp(p), interval year to month) -> timestamp(p)", plus_months::<false>),
        scalar("+", "(interval year to month, timestamp(p)) -> timestamp(p)", plus_months::<false>),
        scalar("-", "(timestamp(p), interval year to month) -> timestamp(p)", plus_months::<true>),
        scalar(
            "+",
            "(timestamp with time zone, interval day to second) -> timestamp with time zone",
            zoned_plus_time::<false>,
        )
        .returning(at_least_millis),
        scalar(
            "+",
            "(interval day to second, timestamp with time zone) -> timestamp with time zone",
            zoned_plus_time::<false>,
        )
        .returning(at_least_millis),
        scalar(
            "-",
            "(timestamp with time zone, interval day to second) -> timestamp with time zone",
            zoned_plus_time::<true>,
        )
        .returning(at_least_millis),
        scalar(
            "+",
            "(timestamp(p) with time zone, interval year to month) -> timestamp(p) with time zone",
            zoned_plus_months::<false>,
        ),
        scalar(
            "+",
            "(interval year to month, timestamp(p) with time zone) -> timestamp(p) with time zone",
            zoned_plus_months::<false>,
        ),
        scalar(
            "-",
            "(timestamp(p) with time zone, interval year to month) -> timestamp(p) with time zone",
            zoned_plus_months::<true>,
        ),
        scalar("+", "(time, interval day to second) -> time", time_plus_time::<false>).returning(at_least_millis),
        scalar("+", "(interval day to second, time) -> time", time_plus_time::<false>).returning(at_least_millis),
        scalar("-", "(time, interval day to second) -> time", time_plus_time::<true>).returning(at_least_millis),
        scalar("+", "(time with time zone, interval day to second) -> time with time zone", time_plus_time::<false>)
            .returning(at_least_millis),
        scalar("+", "(interval day to second, time with time zone) -> time with time zone", time_plus_time::<false>)
            .returning(at_least_millis),
        scalar("-", "(time with time zone, interval day to second) -> time with time zone", time_plus_time::<true>)
            .returning(at_least_millis),
        scalar("-", "(date, date) -> interval day to second", difference),
        scalar("-", "(timestamp, timestamp) -> interval day to second", difference),
        scalar("-", "(timestamp with time zone, timestamp with time zone) -> interval day to second", difference),
        scalar("-", "(time, time) -> interval day to second", difference),
        scalar("-", "(time with time zone, time with time zone) -> interval day to second", difference),
        scalar("+", "(interval day to second, interval day to second) -> interval day to second", sum::<false>),
        scalar("+", "(interval year to month, interval year to month) -> interval year to month", sum::<false>),
        scalar("-", "(interval day to second, interval day to second) -> interval day to second", sum::<true>),
        scalar("-", "(interval year to month, interval year to month) -> interval year to month", sum::<true>),
        scalar("negate", "(interval day to second) -> interval day to second", negate),
        scalar("negate", "(interval year to month) -> interval year to month", negate),
        scalar("*", "(interval day to second, bigint) -> interval day to second", times_integer),
        scalar("*", "(bigint, interval day to second) -> interval day to second", times_integer),
        scalar("*", "(interval year to month, bigint) -> interval year to month", times_integer),
        scalar("*", "(bigint, interval year to month) -> interval year to month", times_integer),
        scalar("*", "(interval day to second, double) -> interval day to second", times_double),
        scalar("*", "(double, interval day to second) -> interval day to second", times_double),
        scalar("*", "(interval year to month, double) -> interval year to month", times_double),
        scalar("*", "(double, interval year to month) -> interval year to month", times_double),
        scalar("/", "(interval day to second, double) -> interval day to second", divided),
        scalar("/", "(interval year to month, double) -> interval year to month", divided),
    ]
}

fn is_interval(of: &Type) -> bool {
    matches!(of, Type::IntervalDayToSecond | Type::IntervalYearToMonth)
}

/// Milliseconds are what an interval counts in.
fn at_least_millis(arguments: &[Type]) -> Result<Type> {
    Ok(match arguments.iter().find(|of| !is_interval(of)) {
        Some(Type::Time(digits)) => Type::Time(*digits.max(&3)),
        Some(Type::TimeTz(digits)) => Type::TimeTz(*digits.max(&3)),
        Some(Type::Timestamp(digits)) => Type::Timestamp(*digits.max(&3)),
        Some(Type::TimestampTz(digits)) => Type::TimestampTz(*digits.max(&3)),
        _ => return Err(Error::new(Code::GenericInternalError, "an interval added to no time")),
    })
}

/// The places of the time and the interval, and the sign that the interval has.
struct Operands {
    time: usize,
    interval: usize,
    minus: bool,
}

impl Operands {
    fn of(call: &Call, minus: bool) -> Operands {
        let interval = usize::from(!is_interval(&call.types[0]));
        Operands { time: 1 - interval, interval, minus }
    }

    fn signed(&self, interval: i64) -> i64 {
        if self.minus { interval.wrapping_neg() } else { interval }
    }
}

fn out_of_range() -> Error {
    Error::new(Code::GenericInternalError, "long overflow")
}

fn date_out_of_range() -> Error {
    Error::new(Code::GenericInternalError, "integer overflow")
}

/// A local time that Trino can count the microseconds of.
fn in_micros(picos: i128) -> Result<i128> {
    if is_timestamp(picos) { Ok(picos) } else { Err(out_of_range()) }
}

/// An instant that its type has.
fn in_range(call: &Call, instant: i128, zone: Zone) -> Result<Option<(i128, Zone)>> {
    match call.returns {
        Type::TimestampTz(digits) if is_instant(instant, *digits) => Ok(Some((instant, zone))),
        _ => Err(millis_overflow(instant)),
    }
}

fn date_plus_time<const MINUS: bool>(call: &Call) -> Result<ArrayRef> {
    let operands = Operands::of(call, MINUS);
    let (days, one_day) = lanes::lane::<Date32Type>(call, operands.time);
    let (millis, one_interval) = lanes::lane::<Int64Type>(call, operands.interval);
    lanes::rows::<Date32Type>(call, |row| {
        let millis = operands.signed(millis[if one_interval { 0 } else { row }]);
        if millis % MILLIS_OF_DAY != 0 {
            let verb = if operands.minus {
                "subtract hour, minutes or seconds from"
            } else {
                "add hour, minutes or seconds to"
            };
            return Err(Error::invalid_argument(format!("Cannot {verb} a date")));
        }
        i32::try_from(millis / MILLIS_OF_DAY)
            .ok()
            .and_then(|more| days[if one_day { 0 } else { row }].checked_add(more))
            .ok_or_else(date_out_of_range)
    })
}

fn date_plus_months<const MINUS: bool>(call: &Call) -> Result<ArrayRef> {
    let operands = Operands::of(call, MINUS);
    let (days, one_day) = lanes::lane::<Date32Type>(call, operands.time);
    let (months, one_interval) = lanes::lane::<Int32Type>(call, operands.interval);
    lanes::rows::<Date32Type>(call, |row| {
        let months = operands.signed(months[if one_interval { 0 } else { row }].into());
        add_months(days[if one_day { 0 } else { row }].into(), months)
            .and_then(|days| i32::try_from(days).ok())
            .ok_or_else(date_out_of_range)
    })
}

fn plus_time<const MINUS: bool>(call: &Call) -> Result<ArrayRef> {
    let operands = Operands::of(call, MINUS);
    let (interval, one_interval) = lanes::lane::<Int64Type>(call, operands.interval);
    let interval = |row: usize| operands.signed(interval[if one_interval { 0 } else { row }]);
    match &call.types[operands.time] {
        Type::Timestamp(0..=3) => {
            let (ticks, one) = lanes::lane::<TimestampMillisecondType>(call, operands.time);
            lanes::rows::<TimestampMillisecondType>(call, |row| {
                let millis = ticks[if one { 0 } else { row }].checked_add(interval(row));
                millis.filter(|millis| millis.checked_mul(1000).is_some()).ok_or_else(out_of_range)
            })
        }
        Type::Timestamp(4..=6) => {
            let (ticks, one) = lanes::lane::<TimestampMicrosecondType>(call, operands.time);
            lanes::rows::<TimestampMicrosecondType>(call, |row| {
                let micros = interval(row).checked_mul(1000);
                micros.and_then(|micros| ticks[if one { 0 } else { row }].checked_add(micros)).ok_or_else(out_of_range)
            })
        }
        _ => {
            let time = Ticks::of(call, operands.time)?;
            let sum = |picos: i128, row| in_micros(picos + i128::from(interval(row)) * PICOS_OF_MILLI);
            timestamps(call, |row| time.picos(row).map(|picos| sum(picos, row)).transpose())
        }
    }
}

/// The same local time in another month, in picoseconds.
fn months_later(local: i128, months: i64) -> Result<i128> {
    let days = add_months(local.div_euclid(PICOS_OF_DAY) as i64, months).ok_or_else(out_of_range)?;
    Ok(i128::from(days) * PICOS_OF_DAY + local.rem_euclid(PICOS_OF_DAY))
}

fn plus_months<const MINUS: bool>(call: &Call) -> Result<ArrayRef> {
    let operands = Operands::of(call, MINUS);
    let (time, months) = (Ticks::of(call, operands.time)?, call.int(operands.interval)?);
    timestamps(call, |row| {
        let (Some(local), Some(months)) = (time.picos(row), months.get(row)) else { return Ok(None) };
        in_micros(months_later(local, operands.signed(months))?).map(Some)
    })
}

fn zoned_plus_time<const MINUS: bool>(call: &Call) -> Result<ArrayRef> {
    let operands = Operands::of(call, MINUS);
    let (time, interval) = (call.zoned(operands.time), call.int(operands.interval)?);
    zoned(call, |row| {
        let (Some((instant, zone)), Some(interval)) = (time.get(row), interval.get(row)) else { return Ok(None) };
        // In Trino the sum wraps; whether its type has it is asked of the least precise ones alone.
        let millis = instant.div_euclid(PICOS_OF_MILLI) as i64;
        let sum = i128::from(millis.wrapping_add(operands.signed(interval)));
        in_range(call, sum * PICOS_OF_MILLI + instant.rem_euclid(PICOS_OF_MILLI), zone)
    })
}

fn zoned_plus_months<const MINUS: bool>(call: &Call) -> Result<ArrayRef> {
    let operands = Operands::of(call, MINUS);
    let (time, months) = (call.zoned(operands.time), call.int(operands.interval)?);
    zoned(call, |row| {
        let (Some((instant, zone)), Some(months)) = (time.get(row), months.get(row)) else { return Ok(None) };
        let local = months_later(zone.local(instant), operands.signed(months))?;
        in_range(call, zone.instant_near(local, instant), zone)
    })
}

fn time_plus_time<const MINUS: bool>(call: &Call) -> Result<ArrayRef> {
    let operands = Operands::of(call, MINUS);
    let (time, interval) = (call.any(operands.time), call.int(operands.interval)?);
    let (Type::Time(digits) | Type::TimeTz(digits)) = call.returns else {
        return Err(Error::new(Code::GenericInternalError, "a time that is none"));
    };
    let unit = digits_unit(*digits);
    call.values(|row| {
        let Some(interval) = interval.get(row) else { return Ok(None) };
        // Beyond 106 days Trino's picoseconds overflow, which may leave more digits than the type has.
        let more = operands.signed(interval).wrapping_mul(PICOS_OF_MILLI as i64);
        let later = |picos: i64| {
            let sum = (i128::from(picos) + i128::from(more)).rem_euclid(PICOS_OF_DAY);
            match sum % unit {
                0 => Ok(sum as i64),
                _ => Err(Error::not_here("A time moved by so long an interval")),
            }
        };
        Ok(match time.get(row) {
            Value::Int(picos) => Some(Value::Int(later(picos)?)),
            Value::TimeTz(picos, offset) => Some(Value::TimeTz(later(picos)?, offset)),
            _ => None,
        })
    })
}

/// Rounds picoseconds to milliseconds, half up.
fn to_millis(picos: i128) -> i64 {
    (picos + PICOS_OF_MILLI / 2).div_euclid(PICOS_OF_MILLI) as i64
}

fn difference(call: &Call) -> Result<ArrayRef> {
    let (a, b) = (call.any(0), call.any(1));
    call.bigints(|row| {
        Ok(match (a.get(row), b.get(row)) {
            (Value::Int(a), Value::Int(b)) if call.types[0] == Type::Date => Some((a - b) * MILLIS_OF_DAY),
            (Value::Int(a), Value::Int(b)) => Some(to_millis((a - b).into())),
            // What is below microseconds does not count.
            (Value::Timestamp(a), Value::Timestamp(b)) => {
                Some(to_millis((a.div_euclid(PICOS_OF_MICRO) - b.div_euclid(PICOS_OF_MICRO)) * PICOS_OF_MICRO))
            }
            (Value::TimestampTz(a, _), Value::TimestampTz(b, _)) => {
                // Trino rounds what is below a millisecond away from zero, apart from the rest.
                let below = a.rem_euclid(PICOS_OF_MILLI) - b.rem_euclid(PICOS_OF_MILLI);
                let whole = a.div_euclid(PICOS_OF_MILLI) - b.div_euclid(PICOS_OF_MILLI);
                Some((whole + (below + below.signum() * (PICOS_OF_MILLI / 2)) / PICOS_OF_MILLI) as i64)
            }
            (Value::TimeTz(a, a_offset), Value::TimeTz(b, b_offset)) => {
                Some(to_millis((utc_of_day(a, a_offset) - utc_of_day(b, b_offset)).into()))
            }
            _ => None,
        })
    })
}

/// Intervals of a call's type from a number that may be too large for it.
fn intervals(call: &Call, mut of: impl FnMut(usize) -> Result<Option<i64>>) -> Result<ArrayRef> {
    if *call.returns == Type::IntervalDayToSecond {
        return call.bigints(of);
    }
    call.primitives::<Int32Type>(|row| {
        of(row)?.map(i32::try_from).transpose().map_err(|_| Error::not_here("An interval of that many months"))
    })
}

fn sum<const MINUS: bool>(call: &Call) -> Result<ArrayRef> {
    let (a, b) = (call.int(0)?, call.int(1)?);
    intervals(call, |row| {
        let (Some(a), Some(b)) = (a.get(row), b.get(row)) else { return Ok(None) };
        Ok(Some(if MINUS { a.wrapping_sub(b) } else { a.wrapping_add(b) }))
    })
}

fn negate(call: &Call) -> Result<ArrayRef> {
    let value = call.int(0)?;
    intervals(call, |row| Ok(value.get(row).map(i64::wrapping_neg)))
}

fn times_integer(call: &Call) -> Result<ArrayRef> {
    let (a, b) = (call.int(0)?, call.int(1)?);
    intervals(call, |row| {
        let (Some(a), Some(b)) = (a.get(row), b.get(row)) else { return Ok(None) };
        Ok(Some(a.wrapping_mul(b)))
    })
}

fn times_double(call: &Call) -> Result<ArrayRef> {
    let operands = Operands::of(call, false);
    let (interval, factor) = (call.int(operands.interval)?, call.double(operands.time)?);
    intervals(call, |row| {
        let (Some(interval), Some(factor)) = (interval.get(row), factor.get(row)) else { return Ok(None) };
        if factor.is_nan() {
            return Err(Error::invalid_argument("Cannot multiply by double NaN"));
        }
        Ok(Some((interval as f64 * factor) as i64))
    })
}

fn divided(call: &Call) -> Result<ArrayRef> {
    let (interval, divisor) = (call.int(0)?, call.double(1)?);
    intervals(call, |row| {
        let (Some(interval), Some(divisor)) = (interval.get(row), divisor.get(row)) else { return Ok(None) };
        if divisor.is_nan() || divisor == 0.0 {
            let divisor = if divisor.is_nan() { "NaN" } else { "0.0" };
            return Err(Error::invalid_argument(format!("Cannot divide by double {divisor}")));
        }
        Ok(Some((interval as f64 / divisor) as i64))
    })
}
