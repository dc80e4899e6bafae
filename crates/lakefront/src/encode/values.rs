//! One value of a column as text: JSON as in the Trino client protocol, and plain text for CSV and spreadsheets.
//!
//! | type | JSON |
//! | --- | --- |
//! | booleans, integers | `true`, `42`, written in full |
//! | real, double | a number, or `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | decimal | text with all its digits |
//! | varbinary | base64 text |
//! | date, time, timestamp | `"2024-05-06"`, `"10:11:12.123"`, `"2024-05-06 10:11:12.123"` |
//! | with time zone | the same and the zone: `"2024-05-06 10:11:12.123 Europe/Paris"` |
//! | intervals | `"D HH:MM:SS.mmm"`, `"Y-M"` |
//! | array, row | a list |
//! | map | an object keyed by the text of each key |

use arrow::array::{
    Array, AsArray, BinaryArray, BinaryViewArray, FixedSizeBinaryArray, LargeBinaryArray, OffsetSizeTrait,
};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
    DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType, DurationSecondType, Float16Type,
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, IntervalDayTimeType, IntervalMonthDayNanoType,
    IntervalUnit, IntervalYearMonthType, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{Offset, TimeZone};

type Write<'a> = Box<dyn Fn(usize, &mut Vec<u8>) + 'a>;

/// Writes the values of one array.
pub struct Values<'a> {
    array: &'a dyn Array,
    form: Form<'a>,
}

enum Form<'a> {
    /// The same text in JSON and outside: numbers and booleans.
    Bare(Write<'a>),
    /// Text that needs quotes but no escapes in JSON.
    Quoted(Write<'a>),
    /// A float: bare when it is finite, otherwise quoted.
    Float(Box<dyn Fn(usize) -> f64 + 'a>, Write<'a>),
    /// Any text.
    Text(Box<dyn Fn(usize) -> &'a str + 'a>),
    /// Lists and objects: JSON wherever they stand.
    Json(Write<'a>),
}

impl<'a> Values<'a> {
    pub fn new(array: &'a dyn Array) -> Self {
        Self { array, form: form(array) }
    }

    pub fn is_null(&self, row: usize) -> bool {
        self.array.is_null(row) || self.array.data_type() == &DataType::Null
    }

    pub fn json(&self, row: usize, out: &mut Vec<u8>) {
        if self.is_null(row) {
            return out.extend_from_slice(b"null");
        }
        match &self.form {
            Form::Bare(write) | Form::Json(write) => write(row, out),
            Form::Quoted(write) => {
                out.push(b'"');
                write(row, out);
                out.push(b'"');
            }
            Form::Float(value, write) if value(row).is_finite() => write(row, out),
            Form::Float(value, _) => {
                out.push(b'"');
                out.extend_from_slice(not_finite(value(row)).as_bytes());
                out.push(b'"');
            }
            Form::Text(text) => json_text(text(row), out),
        }
    }

    /// Nothing for a null.
    pub fn text(&self, row: usize, out: &mut Vec<u8>) {
        if self.is_null(row) {
            return;
        }
        match &self.form {
            Form::Bare(write) | Form::Json(write) | Form::Quoted(write) => write(row, out),
            Form::Float(value, write) if value(row).is_finite() => write(row, out),
            Form::Float(value, _) => out.extend_from_slice(not_finite(value(row)).as_bytes()),
            Form::Text(text) => out.extend_from_slice(text(row).as_bytes()),
        }
    }

    /// Whether the text is somebody's own, and so may hold anything.
    pub fn is_free_text(&self) -> bool {
        matches!(self.form, Form::Text(_) | Form::Json(_))
    }
}

pub fn json_text(text: &str, out: &mut Vec<u8>) {
    // Writing a string to a vector can't fail.
    let _ = serde_json::to_writer(out, text);
}

fn not_finite(value: f64) -> &'static str {
    match value {
        v if v.is_nan() => "NaN",
        v if v > 0.0 => "Infinity",
        _ => "-Infinity",
    }
}

macro_rules! integer {
    ($array:expr, $type:ty) => {{
        let values = $array.as_primitive::<$type>();
        Form::Bare(Box::new(move |row, out| {
            out.extend_from_slice(itoa::Buffer::new().format(values.value(row)).as_bytes())
        }))
    }};
}

macro_rules! decimal {
    ($array:expr, $type:ty) => {{
        let values = $array.as_primitive::<$type>();
        Form::Quoted(Box::new(move |row, out| out.extend_from_slice(values.value_as_string(row).as_bytes())))
    }};
}

/// Ticks since midnight or the epoch, with the number of decimal places of a second they have.
macro_rules! ticks {
    ($array:expr, $type:ty) => {{
        let values = $array.as_primitive::<$type>();
        Box::new(move |row: usize| i64::from(values.value(row))) as Box<dyn Fn(usize) -> i64 + 'a>
    }};
}

fn form<'a>(array: &'a dyn Array) -> Form<'a> {
    use DataType::*;
    match array.data_type() {
        Null => Form::Bare(Box::new(|_, out| out.extend_from_slice(b"null"))),
        Boolean => {
            let values = array.as_boolean();
            Form::Bare(Box::new(move |row, out| {
                out.extend_from_slice(if values.value(row) { b"true" } else { b"false" })
            }))
        }
        Int8 => integer!(array, Int8Type),
        Int16 => integer!(array, Int16Type),
        Int32 => integer!(array, Int32Type),
        Int64 => integer!(array, Int64Type),
        UInt8 => integer!(array, UInt8Type),
        UInt16 => integer!(array, UInt16Type),
        UInt32 => integer!(array, UInt32Type),
        UInt64 => integer!(array, UInt64Type),
        Float16 => {
            let values = array.as_primitive::<Float16Type>();
            float32(move |row| values.value(row).to_f32())
        }
        Float32 => {
            let values = array.as_primitive::<Float32Type>();
            float32(move |row| values.value(row))
        }
        Float64 => {
            let values = array.as_primitive::<Float64Type>();
            Form::Float(
                Box::new(move |row| values.value(row)),
                Box::new(move |row, out| {
                    out.extend_from_slice(ryu::Buffer::new().format_finite(values.value(row)).as_bytes())
                }),
            )
        }
        Decimal32(..) => decimal!(array, Decimal32Type),
        Decimal64(..) => decimal!(array, Decimal64Type),
        Decimal128(..) => decimal!(array, Decimal128Type),
        Decimal256(..) => decimal!(array, Decimal256Type),
        Utf8 => {
            let values = array.as_string::<i32>();
            Form::Text(Box::new(move |row| values.value(row)))
        }
        LargeUtf8 => {
            let values = array.as_string::<i64>();
            Form::Text(Box::new(move |row| values.value(row)))
        }
        Utf8View => {
            let values = array.as_string_view();
            Form::Text(Box::new(move |row| values.value(row)))
        }
        Binary => base64(array, |array: &BinaryArray, row| array.value(row)),
        LargeBinary => base64(array, |array: &LargeBinaryArray, row| array.value(row)),
        BinaryView => base64(array, |array: &BinaryViewArray, row| array.value(row)),
        FixedSizeBinary(_) => base64(array, |array: &FixedSizeBinaryArray, row| array.value(row)),
        Date32 => {
            let values = array.as_primitive::<Date32Type>();
            Form::Quoted(Box::new(move |row, out| date(i64::from(values.value(row)), out)))
        }
        Date64 => {
            let values = array.as_primitive::<Date64Type>();
            Form::Quoted(Box::new(move |row, out| date(values.value(row).div_euclid(86_400_000), out)))
        }
        Time32(TimeUnit::Second) => time_of_day(ticks!(array, Time32SecondType), 0),
        Time32(_) => time_of_day(ticks!(array, Time32MillisecondType), 3),
        Time64(TimeUnit::Nanosecond) => time_of_day(ticks!(array, Time64NanosecondType), 9),
        Time64(_) => time_of_day(ticks!(array, Time64MicrosecondType), 6),
        Timestamp(unit, zone) => {
            let (ticks, digits) = match unit {
                TimeUnit::Second => (ticks!(array, TimestampSecondType), 0),
                TimeUnit::Millisecond => (ticks!(array, TimestampMillisecondType), 3),
                TimeUnit::Microsecond => (ticks!(array, TimestampMicrosecondType), 6),
                TimeUnit::Nanosecond => (ticks!(array, TimestampNanosecondType), 9),
            };
            timestamps(ticks, digits, zone.as_deref())
        }
        Duration(unit) => {
            let (ticks, per_ms, ms_per) = match unit {
                TimeUnit::Second => (ticks!(array, DurationSecondType), 1, 1_000),
                TimeUnit::Millisecond => (ticks!(array, DurationMillisecondType), 1, 1),
                TimeUnit::Microsecond => (ticks!(array, DurationMicrosecondType), 1_000, 1),
                TimeUnit::Nanosecond => (ticks!(array, DurationNanosecondType), 1_000_000, 1),
            };
            Form::Quoted(Box::new(move |row, out| day_to_second(ticks(row).saturating_mul(ms_per) / per_ms, out)))
        }
        Interval(IntervalUnit::YearMonth) => {
            let values = array.as_primitive::<IntervalYearMonthType>();
            Form::Quoted(Box::new(move |row, out| year_to_month(i64::from(values.value(row)), out)))
        }
        Interval(IntervalUnit::DayTime) => {
            let values = array.as_primitive::<IntervalDayTimeType>();
            Form::Quoted(Box::new(move |row, out| {
                let value = values.value(row);
                day_to_second(i64::from(value.days) * 86_400_000 + i64::from(value.milliseconds), out);
            }))
        }
        Interval(IntervalUnit::MonthDayNano) => {
            let values = array.as_primitive::<IntervalMonthDayNanoType>();
            Form::Quoted(Box::new(move |row, out| {
                let value = values.value(row);
                if value.months != 0 {
                    year_to_month(i64::from(value.months), out);
                } else {
                    day_to_second(i64::from(value.days) * 86_400_000 + value.nanoseconds / 1_000_000, out);
                }
            }))
        }
        List(_) => list::<i32>(array),
        LargeList(_) => list::<i64>(array),
        FixedSizeList(_, length) => {
            let lists = array.as_fixed_size_list();
            let (items, length) = (Values::new(lists.values()), *length as usize);
            Form::Json(Box::new(move |row, out| {
                let start = lists.value_offset(row) as usize;
                items.json_list(start..start + length, out);
            }))
        }
        Struct(_) => {
            let fields: Vec<Values<'a>> = array.as_struct().columns().iter().map(|field| Values::new(field)).collect();
            Form::Json(Box::new(move |row, out| {
                out.push(b'[');
                for (index, field) in fields.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    field.json(row, out);
                }
                out.push(b']');
            }))
        }
        Map(..) => {
            let maps = array.as_map();
            let (keys, values) = (Values::new(maps.keys()), Values::new(maps.values()));
            Form::Json(Box::new(move |row, out| {
                let offsets = maps.value_offsets();
                out.push(b'{');
                for (count, entry) in (offsets[row] as usize..offsets[row + 1] as usize).enumerate() {
                    if count > 0 {
                        out.push(b',');
                    }
                    let mut key = Vec::new();
                    keys.text(entry, &mut key);
                    json_text(&String::from_utf8_lossy(&key), out);
                    out.push(b':');
                    values.json(entry, out);
                }
                out.push(b'}');
            }))
        }
        ListView(_) | LargeListView(_) | Dictionary(..) | RunEndEncoded(..) | Union(..) => as_arrow_prints(array),
    }
}

impl Values<'_> {
    fn json_list(&self, range: std::ops::Range<usize>, out: &mut Vec<u8>) {
        out.push(b'[');
        for (count, item) in range.enumerate() {
            if count > 0 {
                out.push(b',');
            }
            self.json(item, out);
        }
        out.push(b']');
    }
}

fn float32<'a>(value: impl Fn(usize) -> f32 + Copy + 'a) -> Form<'a> {
    Form::Float(
        Box::new(move |row| f64::from(value(row))),
        Box::new(move |row, out| out.extend_from_slice(ryu::Buffer::new().format_finite(value(row)).as_bytes())),
    )
}

fn base64<'a, A: Array + 'static>(array: &'a dyn Array, value: impl Fn(&'a A, usize) -> &'a [u8] + 'a) -> Form<'a> {
    match array.as_any().downcast_ref::<A>() {
        Some(values) => Form::Quoted(Box::new(move |row, out| {
            out.extend_from_slice(STANDARD.encode(value(values, row)).as_bytes())
        })),
        None => as_arrow_prints(array),
    }
}

/// Types that no engine answers with today.
fn as_arrow_prints<'a>(array: &'a dyn Array) -> Form<'a> {
    match ArrayFormatter::try_new(array, &FormatOptions::default()) {
        Ok(formatter) => Form::Json(Box::new(move |row, out| json_text(&formatter.value(row).to_string(), out))),
        Err(_) => Form::Bare(Box::new(|_, out| out.extend_from_slice(b"null"))),
    }
}

fn list<'a, O: OffsetSizeTrait>(array: &'a dyn Array) -> Form<'a> {
    let lists = array.as_list::<O>();
    let items = Values::new(lists.values());
    Form::Json(Box::new(move |row, out| {
        let offsets = lists.value_offsets();
        items.json_list(offsets[row].as_usize()..offsets[row + 1].as_usize(), out);
    }))
}

fn time_of_day<'a>(ticks: Box<dyn Fn(usize) -> i64 + 'a>, digits: u32) -> Form<'a> {
    Form::Quoted(Box::new(move |row, out| clock(ticks(row), digits, out)))
}

fn timestamps<'a>(ticks: Box<dyn Fn(usize) -> i64 + 'a>, digits: u32, zone: Option<&str>) -> Form<'a> {
    let per_second = 10_i64.pow(digits);
    let Some(zone) = zone else {
        return Form::Quoted(Box::new(move |row, out| timestamp(ticks(row), digits, out)));
    };
    let parsed = zone.parse::<arrow::array::timezone::Tz>().ok();
    // Trino writes `UTC` whatever a file calls it.
    let name = if matches!(zone, "+00:00" | "Z" | "Etc/UTC") { "UTC".to_owned() } else { zone.to_owned() };
    Form::Quoted(Box::new(move |row, out| {
        let utc = ticks(row);
        let offset_s = parsed.as_ref().map_or(0, |zone| {
            chrono::DateTime::from_timestamp(utc.div_euclid(per_second), 0).map_or(0, |instant| {
                i64::from(zone.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc())
            })
        });
        timestamp(utc.saturating_add(offset_s * per_second), digits, out);
        out.push(b' ');
        out.extend_from_slice(name.as_bytes());
    }))
}

fn timestamp(ticks: i64, digits: u32, out: &mut Vec<u8>) {
    let per_day = 86_400 * 10_i64.pow(digits);
    date(ticks.div_euclid(per_day), out);
    out.push(b' ');
    clock(ticks.rem_euclid(per_day), digits, out);
}

/// `HH:MM:SS` and the fraction.
fn clock(ticks: i64, digits: u32, out: &mut Vec<u8>) {
    let per_second = 10_i64.pow(digits);
    let seconds = ticks / per_second;
    padded(seconds / 3600, 2, out);
    out.push(b':');
    padded(seconds / 60 % 60, 2, out);
    out.push(b':');
    padded(seconds % 60, 2, out);
    if digits > 0 {
        out.push(b'.');
        padded(ticks % per_second, digits as usize, out);
    }
}

/// Days since 1970-01-01 as `YYYY-MM-DD` of the proleptic Gregorian calendar
/// (<https://howardhinnant.github.io/date_algorithms.html#civil_from_days>).
fn date(days: i64, out: &mut Vec<u8>) {
    let z = days + 719_468;
    let (era, day_of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    match year {
        10_000.. => out.push(b'+'),
        0.. => {}
        _ => out.push(b'-'),
    }
    padded(year.abs(), 4, out);
    out.push(b'-');
    padded(month, 2, out);
    out.push(b'-');
    padded(day, 2, out);
}

fn day_to_second(ms: i64, out: &mut Vec<u8>) {
    if ms < 0 {
        out.push(b'-');
    }
    let ms = ms.saturating_abs();
    out.extend_from_slice(itoa::Buffer::new().format(ms / 86_400_000).as_bytes());
    out.push(b' ');
    clock(ms % 86_400_000, 3, out);
}

fn year_to_month(months: i64, out: &mut Vec<u8>) {
    if months < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(itoa::Buffer::new().format(months.abs() / 12).as_bytes());
    out.push(b'-');
    out.extend_from_slice(itoa::Buffer::new().format(months.abs() % 12).as_bytes());
}

fn padded(value: i64, width: usize, out: &mut Vec<u8>) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(value).as_bytes();
    out.extend(std::iter::repeat_n(b'0', width.saturating_sub(digits.len())));
    out.extend_from_slice(digits);
}

#[cfg(test)]
mod tests;
