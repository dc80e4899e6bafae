//! `sequence`.

use chrono::{Datelike, Months, NaiveDate};
use datafusion::arrow::array::ArrayRef;

use super::super::super::{Function, scalar};
use crate::call::Call;
use crate::error::{Error, Result};
use crate::value::Value;

const MAX_ENTRIES: i128 = 10_000;
const MILLIS_OF_DAY: i64 = 86_400_000;
const PICOS_OF_MILLI: i128 = 1_000_000_000;
const PICOS_OF_DAY: i128 = 86_400_000_000_000_000;

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("sequence", "(bigint, bigint) -> array(bigint)", numbers),
        scalar("sequence", "(bigint, bigint, bigint) -> array(bigint)", numbers),
        scalar("sequence", "(date, date) -> array(date)", numbers),
        scalar("sequence", "(date, date, interval day to second) -> array(date)", dates_by_days),
        scalar("sequence", "(date, date, interval year to month) -> array(date)", dates_by_months),
        scalar("sequence", "(timestamp(p), timestamp(p), interval day to second) -> array(timestamp(p))", times),
        scalar(
            "sequence",
            "(timestamp(p), timestamp(p), interval year to month) -> array(timestamp(p))",
            times_by_months,
        ),
    ]
}

fn check_step(start: i128, stop: i128, step: i128) -> Result<()> {
    if step == 0 {
        return Err(Error::invalid_argument("step must not be zero"));
    }
    if if step > 0 { stop < start } else { stop > start } {
        return Err(Error::invalid_argument(
            "sequence stop value should be greater than or equal to start value if step is greater than zero \
             otherwise stop should be less than or equal to start",
        ));
    }
    Ok(())
}

fn check_length(length: i128) -> Result<i128> {
    if length.abs() > MAX_ENTRIES {
        return Err(Error::invalid_argument(format!(
            "result of sequence function must not have more than {MAX_ENTRIES} entries"
        )));
    }
    Ok(length)
}

fn stepped(start: i128, stop: i128, step: i128) -> Result<impl Iterator<Item = i128>> {
    check_step(start, stop, step)?;
    let length = check_length((stop - start) / step + 1)?;
    Ok((0..length).map(move |at| start + at * step))
}

fn integers(items: impl Iterator<Item = i128>) -> Value {
    Value::Array(items.map(|item| Value::Int(item as i64)).collect())
}

fn numbers(call: &Call) -> Result<ArrayRef> {
    let (start, stop) = (call.int(0)?, call.int(1)?);
    let step = if call.arguments.len() == 3 { Some(call.int(2)?) } else { None };
    call.values(|row| {
        let (Some(start), Some(stop)) = (start.get(row), stop.get(row)) else { return Ok(None) };
        let step = match &step {
            Some(step) => step.get(row).unwrap_or(1),
            None if stop >= start => 1,
            None => -1,
        };
        Ok(Some(integers(stepped(start.into(), stop.into(), step.into())?)))
    })
}

fn dates_by_days(call: &Call) -> Result<ArrayRef> {
    let (start, stop, step) = (call.int(0)?, call.int(1)?, call.int(2)?);
    call.values(|row| {
        let (Some(start), Some(stop), Some(step)) = (start.get(row), stop.get(row), step.get(row)) else {
            return Ok(None);
        };
        if step % MILLIS_OF_DAY != 0 {
            return Err(Error::invalid_argument(
                "sequence step must be a day interval if start and end values are dates",
            ));
        }
        Ok(Some(integers(stepped(start.into(), stop.into(), (step / MILLIS_OF_DAY).into())?)))
    })
}

fn dates_by_months(call: &Call) -> Result<ArrayRef> {
    let (start, stop, step) = (call.int(0)?, call.int(1)?, call.int(2)?);
    call.values(|row| {
        let (Some(start), Some(stop), Some(step)) = (start.get(row), stop.get(row), step.get(row)) else {
            return Ok(None);
        };
        let day = |days: i64| i128::from(days) * PICOS_OF_DAY;
        let all = by_months(day(start), day(stop), step)?;
        Ok(Some(integers(all.into_iter().map(|picos| picos.div_euclid(PICOS_OF_DAY)))))
    })
}

fn times(call: &Call) -> Result<ArrayRef> {
    series(call, |start, stop, step| Ok(stepped(start, stop, i128::from(step) * PICOS_OF_MILLI)?.collect()))
}

fn times_by_months(call: &Call) -> Result<ArrayRef> {
    series(call, by_months)
}

/// Times from the first argument to the second, by steps of the third.
fn series(call: &Call, all: impl Fn(i128, i128, i64) -> Result<Vec<i128>>) -> Result<ArrayRef> {
    let (start, stop, step) = (call.any(0), call.any(1), call.int(2)?);
    call.values(|row| {
        let (Value::Timestamp(start), Value::Timestamp(stop), Some(step)) =
            (start.get(row), stop.get(row), step.get(row))
        else {
            return Ok(None);
        };
        Ok(Some(Value::Array(all(start, stop, step)?.into_iter().map(Value::Timestamp).collect())))
    })
}

fn by_months(start: i128, stop: i128, step: i64) -> Result<Vec<i128>> {
    check_step(start, stop, step.into())?;
    let months = if stop >= start { whole_months(start, stop)? } else { -whole_months(stop, start)? };
    let length = check_length(i128::from(months / step + 1))?;
    (0..length as i64).map(|at| plus_months(start, at * step)).collect()
}

/// The same time of the day so many months on, at the month's last day at the latest.
fn plus_months(picos: i128, months: i64) -> Result<i128> {
    let (days, time) = (picos.div_euclid(PICOS_OF_DAY), picos.rem_euclid(PICOS_OF_DAY));
    let count = Months::new(months.unsigned_abs() as u32);
    let date = date(days)?;
    let moved = if months >= 0 { date.checked_add_months(count) } else { date.checked_sub_months(count) };
    let moved = moved.ok_or_else(out_of_range)?;
    Ok(i128::from(moved.signed_duration_since(NaiveDate::default()).num_days()) * PICOS_OF_DAY + time)
}

fn date(days: i128) -> Result<NaiveDate> {
    let days = i64::try_from(days).ok().and_then(chrono::TimeDelta::try_days).ok_or_else(out_of_range)?;
    NaiveDate::default().checked_add_signed(days).ok_or_else(out_of_range)
}

fn out_of_range() -> Error {
    Error::out_of_range("The date is out of range")
}

/// The most months that may be added to the earlier time without passing the later one.
fn whole_months(earlier: i128, later: i128) -> Result<i64> {
    let (from, to) = (date(earlier.div_euclid(PICOS_OF_DAY))?, date(later.div_euclid(PICOS_OF_DAY))?);
    let months = i64::from(to.year() - from.year()) * 12 + i64::from(to.month()) - i64::from(from.month());
    Ok(if plus_months(earlier, months)? > later { months - 1 } else { months })
}
