//! `date_trunc`, `date_add`, `date_diff`.

use std::cell::Cell;

use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::arrow::datatypes::{Date32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType};

use crate::call::{Call, Column};
use crate::error::{Code, Error, Result};
use crate::functions::{Function, scalar};
use crate::lanes;
use crate::temporal::unit::{Unit, UnitOf};
use crate::temporal::{PICOS_OF_DAY, PICOS_OF_MILLI, Ticks, dates, is_instant, is_timestamp, round, timestamps, zoned};
use crate::types::Type;
use crate::value::{Value, utc_of_day};
use crate::zone::Zone;

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("date_trunc", "(varchar, date) -> date", truncate_date),
        scalar("date_trunc", "(varchar, timestamp(p)) -> timestamp(p)", truncate_timestamp),
        scalar("date_trunc", "(varchar, timestamp(p) with time zone) -> timestamp(p) with time zone", truncate_zoned),
        scalar("date_trunc", "(varchar, time(p)) -> time(p)", truncate_time),
        scalar("date_trunc", "(varchar, time(p) with time zone) -> time(p) with time zone", truncate_time),
        scalar("date_add", "(varchar, bigint, date) -> date", add_to_date),
        scalar("date_add", "(varchar, bigint, timestamp(p)) -> timestamp(p)", add_to_timestamp),
        scalar(
            "date_add",
            "(varchar, bigint, timestamp(p) with time zone) -> timestamp(p) with time zone",
            add_to_zoned,
        ),
        scalar("date_add", "(varchar, bigint, time(p)) -> time(p)", add_to_time),
        scalar("date_add", "(varchar, bigint, time(p) with time zone) -> time(p) with time zone", add_to_time),
        scalar("date_diff", "(varchar, date, date) -> bigint", between_timestamps),
        scalar("date_diff", "(varchar, timestamp, timestamp) -> bigint", between_timestamps),
        scalar("date_diff", "(varchar, timestamp with time zone, timestamp with time zone) -> bigint", between_zoned),
        scalar("date_diff", "(varchar, time, time) -> bigint", between_times),
        scalar("date_diff", "(varchar, time with time zone, time with time zone) -> bigint", between_times),
    ]
}

/// The unit by row, read once where it is constant.
struct Units<'a> {
    texts: Column<&'a StringArray>,
    of: UnitOf,
    constant: bool,
    known: Cell<Option<Unit>>,
}

impl<'a> Units<'a> {
    fn new(call: &'a Call, of: UnitOf) -> Self {
        Units { texts: call.text(0), of, constant: call.is_constant(0), known: Cell::new(None) }
    }

    fn get(&self, row: usize) -> Result<Unit> {
        if let (Some(known), true) = (self.known.get(), self.constant) {
            return Ok(known);
        }
        let unit = Unit::parse(self.texts.get(row).unwrap_or_default(), self.of)?;
        self.known.set(Some(unit));
        Ok(unit)
    }
}

fn truncate_date(call: &Call) -> Result<ArrayRef> {
    let units = Units::new(call, UnitOf::Date);
    let (days, one) = lanes::lane::<Date32Type>(call, 1);
    lanes::rows::<Date32Type>(call, |row| {
        Ok(units.get(row)?.truncate_days(days[if one { 0 } else { row }].into()) as i32)
    })
}

fn truncate_timestamp(call: &Call) -> Result<ArrayRef> {
    let units = Units::new(call, UnitOf::Timestamp);
    match &call.types[1] {
        Type::Timestamp(0..=3) => {
            let (ticks, one) = lanes::lane::<TimestampMillisecondType>(call, 1);
            lanes::rows::<TimestampMillisecondType>(call, |row| {
                Ok(units.get(row)?.truncate(ticks[if one { 0 } else { row }]))
            })
        }
        Type::Timestamp(4..=6) => {
            let (ticks, one) = lanes::lane::<TimestampMicrosecondType>(call, 1);
            lanes::rows::<TimestampMicrosecondType>(call, |row| {
                Ok(units.get(row)?.truncate(ticks[if one { 0 } else { row }].div_euclid(1000)) * 1000)
            })
        }
        _ => {
            let time = Ticks::of(call, 1)?;
            timestamps(call, |row| {
                let Some(millis) = time.millis(row) else { return Ok(None) };
                Ok(Some(i128::from(units.get(row)?.truncate(millis)) * PICOS_OF_MILLI))
            })
        }
    }
}

fn offset_millis(zone: Zone, millis: i64) -> i64 {
    zone.offset_at(i128::from(millis) * PICOS_OF_MILLI) * 1000
}

/// Changes an instant by what is computed on the clock of its zone. Time goes by evenly; days do not.
fn on_clock(zone: Zone, millis: i64, unit: Unit, of: impl FnOnce(i64) -> Option<i64>) -> Option<i64> {
    let offset = offset_millis(zone, millis);
    let local = of(millis.checked_add(offset)?)?;
    if unit.is_of_time() {
        return local.checked_sub(offset);
    }
    let picos = |millis: i64| i128::from(millis) * PICOS_OF_MILLI;
    i64::try_from(zone.instant_near(picos(local), picos(millis)).div_euclid(PICOS_OF_MILLI)).ok()
}

fn out_of_range() -> Error {
    Error::invalid_argument("The result is out of the range of its type")
}

fn truncate_zoned(call: &Call) -> Result<ArrayRef> {
    let (units, time) = (Units::new(call, UnitOf::Timestamp), call.zoned(1));
    zoned(call, |row| {
        let Some((instant, zone)) = time.get(row) else { return Ok(None) };
        let unit = units.get(row)?;
        let millis = instant.div_euclid(PICOS_OF_MILLI) as i64;
        let millis = on_clock(zone, millis, unit, |local| Some(unit.truncate(local))).ok_or_else(out_of_range)?;
        Ok(Some((i128::from(millis) * PICOS_OF_MILLI, zone)))
    })
}

/// Computes on the picoseconds of a time of day.
fn of_time(call: &Call, argument: usize, of: impl Fn(usize, i64) -> Result<i64>) -> Result<ArrayRef> {
    let time = call.any(argument);
    call.values(|row| {
        Ok(match time.get(row) {
            Value::Int(picos) => Some(Value::Int(of(row, picos)?)),
            Value::TimeTz(picos, offset) => Some(Value::TimeTz(of(row, picos)?, offset)),
            _ => None,
        })
    })
}

fn picos_of(unit: Unit) -> i128 {
    i128::from(unit.millis().unwrap_or(1)) * PICOS_OF_MILLI
}

fn truncate_time(call: &Call) -> Result<ArrayRef> {
    let units = Units::new(call, UnitOf::Time);
    of_time(call, 1, |row, picos| {
        let unit = picos_of(units.get(row)?) as i64;
        Ok(picos / unit * unit)
    })
}

fn add_to_date(call: &Call) -> Result<ArrayRef> {
    let (units, count, days) = (Units::new(call, UnitOf::Date), call.int(1)?, call.int(2)?);
    dates(call, |row| {
        let (Some(count), Some(days)) = (count.get(row), days.get(row)) else { return Ok(None) };
        let unit = units.get(row)?;
        let sum = i32::try_from(count).ok().and_then(|count| unit.add_to_days(days, count.into()));
        sum.map(Some).ok_or_else(|| Error::new(Code::GenericInternalError, "integer overflow"))
    })
}

fn fitting(count: i64) -> Option<i64> {
    i32::try_from(count).is_ok().then_some(count)
}

fn add_to_timestamp(call: &Call) -> Result<ArrayRef> {
    let (units, count, time) = (Units::new(call, UnitOf::Timestamp), call.int(1)?, Ticks::of(call, 2)?);
    let digits = digits(call.returns);
    timestamps(call, |row| {
        let (Some(count), Some(picos)) = (count.get(row), time.picos(row)) else { return Ok(None) };
        let unit = units.get(row)?;
        let millis = picos.div_euclid(PICOS_OF_MILLI) as i64;
        let sum = fitting(count).and_then(|count| unit.add(millis, count)).ok_or_else(out_of_range)?;
        let sum = rounded(sum, digits) + picos.rem_euclid(PICOS_OF_MILLI);
        if is_timestamp(sum) { Ok(Some(sum)) } else { Err(out_of_range()) }
    })
}

fn digits(of: &Type) -> u8 {
    match of {
        Type::Time(digits) | Type::TimeTz(digits) | Type::Timestamp(digits) | Type::TimestampTz(digits) => *digits,
        _ => 0,
    }
}

/// Milliseconds may be too fine for the type.
fn rounded(millis: i64, digits: u8) -> i128 {
    round(i128::from(millis) * PICOS_OF_MILLI, digits.min(3))
}

fn add_to_zoned(call: &Call) -> Result<ArrayRef> {
    let (units, count, time) = (Units::new(call, UnitOf::Timestamp), call.int(1)?, call.zoned(2));
    let digits = digits(call.returns);
    zoned(call, |row| {
        let (Some(count), Some((instant, zone))) = (count.get(row), time.get(row)) else { return Ok(None) };
        let unit = units.get(row)?;
        let millis = instant.div_euclid(PICOS_OF_MILLI) as i64;
        let sum = fitting(count)
            .and_then(|count| on_clock(zone, millis, unit, |local| unit.add(local, count)))
            .ok_or_else(out_of_range)?;
        let sum = rounded(sum, digits) + instant.rem_euclid(PICOS_OF_MILLI);
        if is_instant(sum, digits) { Ok(Some((sum, zone))) } else { Err(out_of_range()) }
    })
}

fn add_to_time(call: &Call) -> Result<ArrayRef> {
    let (units, count) = (Units::new(call, UnitOf::Time), call.int(1)?);
    let digits = digits(call.returns);
    of_time(call, 2, |row, picos| {
        let more = i128::from(count.get(row).unwrap_or_default()) * picos_of(units.get(row)?);
        let sum = (i128::from(picos) + more).rem_euclid(PICOS_OF_DAY);
        Ok((round(sum, digits) % PICOS_OF_DAY) as i64)
    })
}

fn between_timestamps(call: &Call) -> Result<ArrayRef> {
    let of = if call.types[1] == Type::Date { UnitOf::Date } else { UnitOf::Timestamp };
    let (units, start, end) = (Units::new(call, of), Ticks::of(call, 1)?, Ticks::of(call, 2)?);
    lanes::rows::<Int64Type>(call, |row| {
        let (Some(start), Some(end)) = (start.millis(row), end.millis(row)) else { return Ok(0) };
        Ok(units.get(row)?.between(start, end))
    })
}

fn between_zoned(call: &Call) -> Result<ArrayRef> {
    let (units, start, end) = (Units::new(call, UnitOf::Timestamp), call.zoned(1), call.zoned(2));
    // Beyond milliseconds Trino counts in UTC.
    let is_fine = call.types[1..].iter().any(|of| digits(of) > 3);
    call.bigints(|row| {
        let (Some((start, zone)), Some((end, _))) = (start.get(row), end.get(row)) else { return Ok(None) };
        let unit = units.get(row)?;
        let millis = |instant: i128| instant.div_euclid(PICOS_OF_MILLI) as i64;
        let (start, end) = (millis(start), millis(end));
        if is_fine || unit.is_of_time() {
            return Ok(Some(unit.between(start, end)));
        }
        Ok(Some(unit.between(start + offset_millis(zone, start), end + offset_millis(zone, end))))
    })
}

fn between_times(call: &Call) -> Result<ArrayRef> {
    let (units, start, end) = (Units::new(call, UnitOf::Time), call.any(1), call.any(2));
    let utc = |value: Value| match value {
        Value::Int(picos) => Some(picos),
        Value::TimeTz(picos, offset) => Some(utc_of_day(picos, offset)),
        _ => None,
    };
    call.bigints(|row| {
        let (Some(start), Some(end)) = (utc(start.get(row)), utc(end.get(row))) else { return Ok(None) };
        Ok(Some((end - start) / picos_of(units.get(row)?) as i64))
    })
}
