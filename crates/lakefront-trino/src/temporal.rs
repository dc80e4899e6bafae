//! Dates, times, timestamps and intervals: the calendar, reading and writing their text, and columns of them.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, Decimal128Array, Int16Array, Int64Array, StructArray};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, TimestampMicrosecondType, TimestampMillisecondType,
};

use crate::analyze::decimal_literal;
use crate::call::{Call, Column};
use crate::cast;
use crate::error::{Code, Error, Result};
use crate::types::{MAX_FRACTION, MAX_PRECISION, Type, VARCHAR};
use crate::value::Value;
use crate::zone::{NoZone, Zone};

pub(crate) mod calendar;
mod interval;
pub(crate) mod text;
pub(crate) mod unit;

pub(crate) use interval::{day_to_second_text, interval_literal, year_to_month_text};

pub(crate) const MILLIS_OF_SECOND: i64 = 1_000;
pub(crate) const MILLIS_OF_MINUTE: i64 = 60 * MILLIS_OF_SECOND;
pub(crate) const MILLIS_OF_HOUR: i64 = 60 * MILLIS_OF_MINUTE;
pub(crate) const MILLIS_OF_DAY: i64 = 24 * MILLIS_OF_HOUR;
pub(crate) const PICOS_OF_MICRO: i128 = 1_000_000;
pub(crate) const PICOS_OF_MILLI: i128 = 1_000 * PICOS_OF_MICRO;
pub(crate) const PICOS_OF_SECOND: i128 = 1_000 * PICOS_OF_MILLI;
pub(crate) const PICOS_OF_MINUTE: i128 = 60 * PICOS_OF_SECOND;
pub(crate) const PICOS_OF_DAY: i128 = 24 * 60 * PICOS_OF_MINUTE;

/// Picoseconds of the last of so many fractional digits.
pub(crate) fn digits_unit(precision: u8) -> i128 {
    10i128.pow(u32::from(MAX_FRACTION - precision.min(MAX_FRACTION)))
}

/// Rounds picoseconds to a number of fractional digits; half goes to the later.
pub(crate) fn round(picos: i128, precision: u8) -> i128 {
    let unit = digits_unit(precision);
    (picos + unit / 2).div_euclid(unit) * unit
}

/// Whether Trino's timestamps, 64 bits of microseconds, reach so far.
pub(crate) fn is_timestamp(picos: i128) -> bool {
    i64::try_from(picos.div_euclid(PICOS_OF_MICRO)).is_ok()
}

/// Whether a timestamp with zone of that precision reaches so far: up to three digits are 52 bits of milliseconds.
pub(crate) fn is_instant(picos: i128, precision: u8) -> bool {
    let millis = picos.div_euclid(PICOS_OF_MILLI);
    if precision <= 3 { (-(1i128 << 51)..1i128 << 51).contains(&millis) } else { i64::try_from(millis).is_ok() }
}

pub(crate) fn millis_overflow(picos: i128) -> Error {
    Error::new(Code::GenericInternalError, format!("Millis overflow: {}", picos.div_euclid(PICOS_OF_MILLI)))
}

/// A literal that names its type: `DECIMAL '1.50'`, `DATE '2024-05-06'`. The text may make the type more precise.
pub(crate) fn typed_literal(text: &str, asked: &Type) -> Result<(Value, Type)> {
    let invalid = || {
        let name = asked.base().to_uppercase();
        Error::new(Code::InvalidLiteral, format!("'{text}' is not a valid {name} literal"))
    };
    let found = match asked {
        Type::Timestamp(_) => timestamp_literal(text)?,
        Type::Time(_) => time_literal(text)?,
        Type::Decimal { .. } => return decimal(text).ok_or_else(invalid)?,
        Type::Char(_) => {
            let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
            Some((Value::Text(text.trim_end_matches(' ').to_owned()), Type::Char(length)))
        }
        _ => {
            let value =
                cast::value(&Value::Text(text.to_owned()), &VARCHAR, asked).map_err(|error| match error.code {
                    Code::NotSupportedHere | Code::NotSupported => error,
                    _ => invalid(),
                })?;
            Some((value, asked.clone()))
        }
    };
    found.ok_or_else(invalid)
}

fn precision_of(fraction: &str, name: &str) -> Result<u8> {
    u8::try_from(fraction.len()).ok().filter(|digits| *digits <= MAX_FRACTION).ok_or_else(|| {
        Error::out_of_range(format!("{name} precision must be in range [0, {MAX_FRACTION}]: {}", fraction.len()))
    })
}

fn timestamp_literal(text: &str) -> Result<Option<(Value, Type)>> {
    let Some(moment) = text::read_timestamp(text) else { return Ok(None) };
    let precision = precision_of(moment.clock.fraction, "TIMESTAMP")?;
    let Some(local) = moment.picos(precision) else { return Ok(None) };
    let Some(name) = moment.zone else {
        return Ok(Some((Value::Timestamp(local), Type::Timestamp(precision))));
    };
    let zone = match Zone::read(name) {
        Ok(zone) => zone,
        Err(NoZone::Unknown) => return Ok(None),
        Err(NoZone::Unsupported) => return Err(NoZone::unsupported(name)),
    };
    let instant = zone.shown_at(local).filter(|instant| is_instant(*instant, precision));
    Ok(instant.map(|instant| (Value::TimestampTz(instant, zone), Type::TimestampTz(precision))))
}

fn time_literal(text: &str) -> Result<Option<(Value, Type)>> {
    let Some((clock, offset)) = text::read_time(text) else { return Ok(None) };
    let precision = precision_of(clock.fraction, "TIME")?;
    let Some(picos) = clock.picos(precision).and_then(|picos| i64::try_from(picos).ok()) else { return Ok(None) };
    Ok(Some(match offset {
        None => (Value::Int(picos), Type::Time(precision)),
        Some(offset) => (Value::TimeTz(picos, offset), Type::TimeTz(precision)),
    }))
}

/// `None` is no number, an error one with too many digits.
fn decimal(text: &str) -> Option<Result<(Value, Type)>> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let is_number = |part: &str| part.bytes().all(|digit| digit.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty() || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    Some(
        decimal_literal(whole, fraction).map(|(value, of)| (Value::Decimal(if negative { -value } else { value }), of)),
    )
}

/// Dates or timestamps without zone, of any precision, by row.
#[derive(Debug)]
pub(crate) enum Ticks {
    /// With the picoseconds of one.
    Narrow(Column<Int64Array>, i128),
    Picos(Column<Decimal128Array>),
}

impl Ticks {
    pub(crate) fn of(call: &Call, argument: usize) -> Result<Ticks> {
        Ok(match &call.types[argument] {
            Type::Date => Ticks::Narrow(call.int(argument)?, PICOS_OF_DAY),
            Type::Timestamp(0..=3) => Ticks::Narrow(call.int(argument)?, PICOS_OF_MILLI),
            Type::Timestamp(4..=6) => Ticks::Narrow(call.int(argument)?, PICOS_OF_MICRO),
            _ => Ticks::Picos(call.decimal(argument)),
        })
    }

    /// Picoseconds since the epoch.
    pub(crate) fn picos(&self, row: usize) -> Option<i128> {
        match self {
            Ticks::Narrow(column, unit) => column.get(row).map(|ticks| i128::from(ticks) * unit),
            Ticks::Picos(column) => column.get(row),
        }
    }

    /// Milliseconds since the epoch, less what is below one.
    pub(crate) fn millis(&self, row: usize) -> Option<i64> {
        match self {
            Ticks::Narrow(column, PICOS_OF_MILLI) => column.get(row),
            Ticks::Narrow(column, PICOS_OF_MICRO) => column.get(row).map(|micros| micros.div_euclid(1000)),
            Ticks::Narrow(column, _) => column.get(row).map(|days| days * MILLIS_OF_DAY),
            Ticks::Picos(column) => column.get(row).map(|picos| picos.div_euclid(PICOS_OF_MILLI) as i64),
        }
    }
}

/// What a `timestamp` result is carried as, from picoseconds.
pub(crate) fn timestamps(call: &Call, mut of: impl FnMut(usize) -> Result<Option<i128>>) -> Result<ArrayRef> {
    let narrow = |picos: Option<i128>, unit: i128| match picos {
        Some(picos) => {
            i64::try_from(picos.div_euclid(unit)).map(Some).map_err(|_| Error::out_of_range("Timestamp out of range"))
        }
        None => Ok(None),
    };
    match call.returns {
        Type::Timestamp(0..=3) => call.primitives::<TimestampMillisecondType>(|row| narrow(of(row)?, PICOS_OF_MILLI)),
        Type::Timestamp(4..=6) => call.primitives::<TimestampMicrosecondType>(|row| narrow(of(row)?, PICOS_OF_MICRO)),
        _ => call.primitives::<Decimal128Type>(|row| {
            let picos = of(row)?;
            match picos {
                Some(picos) if !is_timestamp(picos) => Err(Error::out_of_range("Timestamp out of range")),
                _ => Ok(picos),
            }
        }),
    }
}

/// Dates from days.
pub(crate) fn dates(call: &Call, mut of: impl FnMut(usize) -> Result<Option<i64>>) -> Result<ArrayRef> {
    call.primitives::<Date32Type>(|row| {
        of(row)?.map(i32::try_from).transpose().map_err(|_| Error::new(Code::GenericInternalError, "integer overflow"))
    })
}

/// Zoned timestamps from instants.
pub(crate) fn zoned(call: &Call, mut of: impl FnMut(usize) -> Result<Option<(i128, Zone)>>) -> Result<ArrayRef> {
    let DataType::Struct(fields) = call.returns.arrow() else {
        return Err(Error::new(Code::GenericInternalError, "a zoned timestamp that is none"));
    };
    let mut instants = Vec::with_capacity(call.rows);
    let mut zones = Vec::with_capacity(call.rows);
    let mut last = (Zone::UTC, Zone::UTC.key());
    for row in 0..call.rows {
        let is_null = call.strict && call.arguments.iter().any(|argument| argument.is_null(row));
        let found = if is_null { None } else { of(row)? };
        if let Some((_, zone)) = found
            && zone != last.0
        {
            last = (zone, zone.key());
        }
        instants.push(found.map(|(instant, _)| instant));
        zones.push(found.map(|_| last.1));
    }
    let instants = Decimal128Array::from(instants).with_data_type(DataType::Decimal128(MAX_PRECISION, 0));
    let nulls = instants.logical_nulls();
    let columns: Vec<ArrayRef> = vec![Arc::new(instants), Arc::new(Int16Array::from(zones))];
    Ok(Arc::new(StructArray::try_new(fields, columns, nulls)?))
}
