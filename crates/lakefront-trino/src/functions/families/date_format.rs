//! Dates and times by formats: MySQL's, Joda-Time's and ISO 8601's.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::TimestampMillisecondType;

use crate::call::Call;
use crate::error::{Error, Result};
use crate::functions::{Function, scalar};
use crate::temporal::{MILLIS_OF_DAY, PICOS_OF_MILLI, Ticks, dates, is_instant, round, text, zoned};
use crate::types::Type;
use crate::zone::{NoZone, Zone};

mod compile;
mod fields;
mod iso;
mod links;
mod parse;
mod print;

use compile::{Item, joda, mysql};
use print::Moment;

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("date_format", "(timestamp, varchar) -> varchar", date_format),
        scalar("date_format", "(timestamp with time zone, varchar) -> varchar", date_format),
        scalar("format_datetime", "(timestamp, varchar) -> varchar", format_datetime),
        scalar("format_datetime", "(timestamp with time zone, varchar) -> varchar", format_datetime),
        scalar("date_parse", "(varchar, varchar) -> timestamp(3)", date_parse),
        scalar("parse_datetime", "(varchar, varchar) -> timestamp(3) with time zone", parse_datetime),
        scalar("from_iso8601_timestamp", "(varchar) -> timestamp(3) with time zone", from_iso8601_timestamp),
        scalar(
            "from_iso8601_timestamp_nanos",
            "(varchar) -> timestamp(9) with time zone",
            from_iso8601_timestamp_nanos,
        ),
        scalar("from_iso8601_date", "(varchar) -> date", from_iso8601_date),
    ]
}

/// The last format that was compiled, which most often is the only one.
struct Formats {
    compile: fn(&str) -> Result<Vec<Item>>,
    last: Option<(String, Vec<Item>)>,
}

impl Formats {
    fn new(compile: fn(&str) -> Result<Vec<Item>>) -> Self {
        Self { compile, last: None }
    }

    fn get(&mut self, format: &str) -> Result<&[Item]> {
        let known = self.last.take().filter(|(known, _)| known == format);
        let known = match known {
            Some(known) => known,
            None => (format.to_owned(), (self.compile)(format)?),
        };
        Ok(&self.last.insert(known).1)
    }
}

/// Rounds to the milliseconds that formats know.
fn millis(picos: i128) -> i64 {
    (round(picos, 3) / PICOS_OF_MILLI) as i64
}

fn print(call: &Call, mut formats: Formats) -> Result<ArrayRef> {
    let format = call.text(1);
    let mut out = String::new();
    if let Type::TimestampTz(_) = call.types[0] {
        let time = call.zoned(0);
        return call.texts(|row| {
            let (Some((instant, zone)), Some(format)) = (time.get(row), format.get(row)) else { return Ok(None) };
            let instant = round(instant, 3);
            let moment = Moment { local: millis(zone.local(instant)), zone: Some((instant, zone)) };
            print::print(formats.get(format)?, &moment).map(Some)
        });
    }
    let time = Ticks::of(call, 0)?;
    let mut builder = datafusion::arrow::array::StringBuilder::with_capacity(call.rows, 16 * call.rows);
    for row in 0..call.rows {
        let (Some(picos), Some(format)) = (time.picos(row), format.get(row)) else {
            builder.append_null();
            continue;
        };
        out.clear();
        let moment = Moment { local: millis(picos), zone: None };
        print::print_to(&mut out, formats.get(format)?, &moment)?;
        builder.append_value(&out);
    }
    Ok(std::sync::Arc::new(builder.finish()))
}

fn date_format(call: &Call) -> Result<ArrayRef> {
    print(call, Formats::new(mysql))
}

fn format_datetime(call: &Call) -> Result<ArrayRef> {
    fn without_zone(format: &str) -> Result<Vec<Item>> {
        if compile::names_zone(format) {
            return Err(Error::invalid_argument(
                "format_datetime for TIMESTAMP type, cannot use 'Z' nor 'z' in format, as this type does not contain \
                 TZ information",
            ));
        }
        joda(format)
    }
    let has_zone = matches!(call.types[0], Type::TimestampTz(_));
    print(call, Formats::new(if has_zone { joda } else { without_zone }))
}

fn invalid(text: &str) -> Error {
    Error::invalid_argument(format!("Invalid format: \"{text}\""))
}

fn date_parse(call: &Call) -> Result<ArrayRef> {
    let (texts, format) = (call.text(0), call.text(1));
    let mut formats = Formats::new(mysql);
    call.primitives::<TimestampMillisecondType>(|row| {
        let (Some(text), Some(format)) = (texts.get(row), format.get(row)) else { return Ok(None) };
        // Of this format alone Trino reads years of more than four digits.
        if format == "%Y-%m-%d" {
            let days = Some(text).filter(|text| text::trim(text) == *text).and_then(text::read_date);
            return days.map(|days| Some(days * MILLIS_OF_DAY)).ok_or_else(|| invalid(text));
        }
        let found = parse::parse(formats.get(format)?, text)?.ok_or_else(|| invalid(text))?;
        Ok(Some(found.local))
    })
}

fn parsed_instant(found: &parse::Parsed, text: &str) -> Result<(i128, Zone)> {
    let local = i128::from(found.local) * PICOS_OF_MILLI;
    let zone = match (found.offset, found.zone) {
        (Some(millis), _) => {
            let minutes = if millis % 60_000 == 0 { Zone::of_offset(millis / 60_000) } else { None };
            minutes.ok_or_else(|| NoZone::unsupported(text))?
        }
        (None, Some(zone)) => zone,
        (None, None) => Zone::UTC,
    };
    let instant = zone.shown_at(local).ok_or_else(|| {
        Error::invalid_argument(format!(
            "Cannot parse \"{text}\": Illegal instant due to time zone offset transition ({zone})"
        ))
    })?;
    if is_instant(instant, 3) { Ok((instant, zone)) } else { Err(invalid(text)) }
}

fn parse_datetime(call: &Call) -> Result<ArrayRef> {
    let (text, format) = (call.text(0), call.text(1));
    let mut formats = Formats::new(joda);
    zoned(call, |row| {
        let (Some(text), Some(format)) = (text.get(row), format.get(row)) else { return Ok(None) };
        let found = parse::parse(formats.get(format)?, text)?.ok_or_else(|| invalid(text))?;
        parsed_instant(&found, text).map(Some)
    })
}

fn from_iso8601_timestamp(call: &Call) -> Result<ArrayRef> {
    let text = call.text(0);
    zoned(call, |row| {
        let Some(text) = text.get(row) else { return Ok(None) };
        let found = iso::timestamp(text).ok_or_else(|| invalid(text))?;
        parsed_instant(&found, text).map(Some)
    })
}

fn from_iso8601_timestamp_nanos(call: &Call) -> Result<ArrayRef> {
    let text = call.text(0);
    zoned(call, |row| {
        let Some(text) = text.get(row) else { return Ok(None) };
        let found = iso::timestamp_nanos(text)
            .ok_or_else(|| Error::invalid_argument(format!("Text '{text}' could not be parsed")))?;
        found.map(Some).map_err(|_| NoZone::unsupported(text))
    })
}

fn from_iso8601_date(call: &Call) -> Result<ArrayRef> {
    let text = call.text(0);
    dates(call, |row| {
        let Some(text) = text.get(row) else { return Ok(None) };
        let found = iso::date(text).ok_or_else(|| invalid(text))?;
        Ok(Some(found.div_euclid(MILLIS_OF_DAY)))
    })
}
