//! Parts of dates, times and intervals: `year`, `hour`, `timezone_minute` and the like.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{
    Date32Type, Decimal128Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType,
};

use crate::call::Call;
use crate::error::Result;
use crate::functions::{Function, scalar};
use crate::lanes;
use crate::temporal::calendar::{date_of, day_of_week, day_of_year, days_in_month, week_of};
use crate::temporal::{
    MILLIS_OF_DAY, MILLIS_OF_HOUR, MILLIS_OF_MINUTE, MILLIS_OF_SECOND, PICOS_OF_DAY, PICOS_OF_MILLI,
};
use crate::types::Type;
use crate::value::Value;

const MICROS_OF_DAY: i64 = MILLIS_OF_DAY * 1000;

pub(super) fn all() -> Vec<Function> {
    let mut all = Vec::new();
    for (names, kernel) in [
        (&["year"][..], year as crate::call::Kernel),
        (&["quarter"], quarter),
        (&["month"], month),
        (&["week", "week_of_year"], week),
        (&["day", "day_of_month"], day),
        (&["day_of_week", "dow"], weekday),
        (&["day_of_year", "doy"], yearday),
        (&["year_of_week", "yow"], year_of_week),
    ] {
        for name in names {
            all.push(scalar(name, "(date) -> bigint", kernel));
            all.push(scalar(name, "(timestamp) -> bigint", kernel));
            all.push(scalar(name, "(timestamp with time zone) -> bigint", kernel));
        }
    }
    for signature in ["(date) -> date", "(timestamp) -> date", "(timestamp with time zone) -> date"] {
        all.push(scalar("last_day_of_month", signature, last_day_of_month));
    }
    for (name, kernel) in
        [("hour", hour as crate::call::Kernel), ("minute", minute), ("second", second), ("millisecond", millisecond)]
    {
        for signature in [
            "(time) -> bigint",
            "(time with time zone) -> bigint",
            "(timestamp) -> bigint",
            "(timestamp with time zone) -> bigint",
            "(interval day to second) -> bigint",
        ] {
            all.push(scalar(name, signature, kernel));
        }
    }
    for name in ["day", "day_of_month"] {
        all.push(scalar(name, "(interval day to second) -> bigint", interval_day));
    }
    all.push(scalar("year", "(interval year to month) -> bigint", interval_year));
    all.push(scalar("month", "(interval year to month) -> bigint", interval_month));
    for signature in ["(time with time zone) -> bigint", "(timestamp with time zone) -> bigint"] {
        all.push(scalar("timezone_hour", signature, timezone_hour));
        all.push(scalar("timezone_minute", signature, timezone_minute));
    }
    all
}

/// Computes from the local day, in days since the epoch.
fn of_days(call: &Call, of: impl Fn(i64) -> i64) -> Result<ArrayRef> {
    match &call.types[0] {
        Type::Date => lanes::unary::<Date32Type, Int64Type>(call, |days| Ok(of(days.into()))),
        Type::Timestamp(0..=3) => {
            lanes::unary::<TimestampMillisecondType, Int64Type>(call, |millis| Ok(of(millis.div_euclid(MILLIS_OF_DAY))))
        }
        Type::Timestamp(4..=6) => {
            lanes::unary::<TimestampMicrosecondType, Int64Type>(call, |micros| Ok(of(micros.div_euclid(MICROS_OF_DAY))))
        }
        Type::Timestamp(_) => {
            lanes::unary::<Decimal128Type, Int64Type>(call, |picos| Ok(of(picos.div_euclid(PICOS_OF_DAY) as i64)))
        }
        _ => {
            let zoned = call.zoned(0);
            call.bigints(|row| {
                Ok(zoned.get(row).map(|(instant, zone)| of(zone.local(instant).div_euclid(PICOS_OF_DAY) as i64)))
            })
        }
    }
}

/// Computes from the milliseconds of the local day, or of an interval.
fn of_millis(call: &Call, of: impl Fn(i64) -> i64) -> Result<ArrayRef> {
    let of_day = |picos: i128| of(picos.rem_euclid(PICOS_OF_DAY).div_euclid(PICOS_OF_MILLI) as i64);
    match &call.types[0] {
        Type::IntervalDayToSecond => lanes::unary::<Int64Type, Int64Type>(call, |millis| Ok(of(millis))),
        Type::Time(_) => lanes::unary::<Int64Type, Int64Type>(call, |picos| Ok(of_day(picos.into()))),
        Type::Timestamp(0..=3) => {
            lanes::unary::<TimestampMillisecondType, Int64Type>(call, |millis| Ok(of(millis.rem_euclid(MILLIS_OF_DAY))))
        }
        Type::Timestamp(4..=6) => lanes::unary::<TimestampMicrosecondType, Int64Type>(call, |micros| {
            Ok(of(micros.rem_euclid(MICROS_OF_DAY) / 1000))
        }),
        Type::Timestamp(_) => lanes::unary::<Decimal128Type, Int64Type>(call, |picos| Ok(of_day(picos))),
        Type::TimestampTz(_) => {
            let zoned = call.zoned(0);
            call.bigints(|row| Ok(zoned.get(row).map(|(instant, zone)| of_day(zone.local(instant)))))
        }
        _ => {
            let value = call.any(0);
            call.bigints(|row| match value.get(row) {
                Value::TimeTz(picos, _) => Ok(Some(of_day(picos.into()))),
                _ => Ok(None),
            })
        }
    }
}

fn year(call: &Call) -> Result<ArrayRef> {
    of_days(call, |days| date_of(days).0)
}

fn quarter(call: &Call) -> Result<ArrayRef> {
    of_days(call, |days| (date_of(days).1 + 2) / 3)
}

fn month(call: &Call) -> Result<ArrayRef> {
    of_days(call, |days| date_of(days).1)
}

fn week(call: &Call) -> Result<ArrayRef> {
    of_days(call, |days| week_of(days).1)
}

fn day(call: &Call) -> Result<ArrayRef> {
    of_days(call, |days| date_of(days).2)
}

fn weekday(call: &Call) -> Result<ArrayRef> {
    of_days(call, day_of_week)
}

fn yearday(call: &Call) -> Result<ArrayRef> {
    of_days(call, day_of_year)
}

fn year_of_week(call: &Call) -> Result<ArrayRef> {
    of_days(call, |days| week_of(days).0)
}

fn last_day_of_month(call: &Call) -> Result<ArrayRef> {
    let last = |days: i64| {
        let (year, month, day) = date_of(days);
        days - day + days_in_month(year, month)
    };
    if call.types[0] == Type::Date {
        return lanes::unary::<Date32Type, Date32Type>(call, |days| Ok(last(days.into()) as i32));
    }
    let bigints = Call { returns: &Type::Bigint, arguments: call.arguments.clone(), lambdas: Vec::new(), ..*call };
    let days = of_days(&bigints, last)?;
    let days = datafusion::arrow::compute::cast(&days, &datafusion::arrow::datatypes::DataType::Int32)?;
    Ok(datafusion::arrow::compute::cast(&days, &call.returns.arrow())?)
}

fn hour(call: &Call) -> Result<ArrayRef> {
    of_millis(call, |millis| millis % MILLIS_OF_DAY / MILLIS_OF_HOUR)
}

fn minute(call: &Call) -> Result<ArrayRef> {
    of_millis(call, |millis| millis % MILLIS_OF_HOUR / MILLIS_OF_MINUTE)
}

fn second(call: &Call) -> Result<ArrayRef> {
    of_millis(call, |millis| millis % MILLIS_OF_MINUTE / MILLIS_OF_SECOND)
}

fn millisecond(call: &Call) -> Result<ArrayRef> {
    of_millis(call, |millis| millis % MILLIS_OF_SECOND)
}

fn interval_day(call: &Call) -> Result<ArrayRef> {
    of_millis(call, |millis| millis / MILLIS_OF_DAY)
}

fn interval_year(call: &Call) -> Result<ArrayRef> {
    let months = call.int(0)?;
    call.bigints(|row| Ok(months.get(row).map(|months| months / 12)))
}

fn interval_month(call: &Call) -> Result<ArrayRef> {
    let months = call.int(0)?;
    call.bigints(|row| Ok(months.get(row).map(|months| months % 12)))
}

/// Computes from the offset in minutes, which has a sign.
fn of_offset(call: &Call, of: impl Fn(i64) -> i64) -> Result<ArrayRef> {
    let value = call.any(0);
    call.bigints(|row| match value.get(row) {
        Value::TimestampTz(instant, zone) => Ok(Some(of(zone.offset_minutes_at(instant)))),
        Value::TimeTz(_, offset) => Ok(Some(of(offset.into()))),
        _ => Ok(None),
    })
}

fn timezone_hour(call: &Call) -> Result<ArrayRef> {
    of_offset(call, |minutes| minutes / 60)
}

fn timezone_minute(call: &Call) -> Result<ArrayRef> {
    of_offset(call, |minutes| minutes % 60)
}
