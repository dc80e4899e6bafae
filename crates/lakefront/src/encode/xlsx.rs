//! A spreadsheet, written to a temporary file row by row and then sent: the format can't be streamed.

use std::io::{Seek, SeekFrom, Write};

use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Float32Type, Float64Type, Int64Type, TimeUnit, TimestampMillisecondType, TimestampSecondType,
};
use lakefront_query::ResultSet;
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};

use super::{EncodeError, Options, Values};

/// Excel's rows, the header among them.
const ROWS: u64 = 1_048_576;
const COLUMNS: usize = 16_384;
/// Beyond it a double no longer tells neighbours apart.
const EXACT: i64 = 1 << 53;
/// 1970-01-01 as Excel counts days.
const EPOCH: f64 = 25_569.0;
/// Excel takes 1900 for a leap year; days before March 1900 are written as text.
const FIRST_DAY: f64 = 61.0;

pub(super) fn write(result: &ResultSet, options: Options, out: &mut impl Write) -> Result<(), EncodeError> {
    let available = result.rows().saturating_sub(options.offset);
    let rows = options.limit.map_or(available, |limit| limit.min(available));
    if rows >= ROWS || result.columns().len() > COLUMNS {
        return Err(EncodeError::TooLarge(format!(
            "A spreadsheet holds {ROWS} rows with the header and {COLUMNS} columns; this result has {rows} rows and {} columns.",
            result.columns().len()
        )));
    }
    let mut workbook = Workbook::new();
    let bold = Format::new().set_bold();
    let formats = Formats {
        date: Format::new().set_num_format("yyyy-mm-dd"),
        timestamp: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss.000"),
    };
    let sheet = workbook.add_worksheet_with_constant_memory().map_err(failure)?;
    for (index, column) in (0..).zip(result.columns()) {
        sheet.write_string_with_format(0, index, column.name, &bold).map_err(failure)?;
    }
    let mut line = 0;
    for batch in result.batches(options.offset, options.limit) {
        let batch = batch?;
        let columns: Vec<Values<'_>> = batch.columns().iter().map(|column| Values::new(column)).collect();
        for row in 0..batch.num_rows() {
            line += 1;
            for (index, (array, values)) in (0..).zip(batch.columns().iter().zip(&columns)) {
                if !values.is_null(row) {
                    cell(sheet, (line, index), array.as_ref(), values, row, &formats).map_err(failure)?;
                }
            }
        }
    }
    let mut file = tempfile::tempfile()?;
    workbook.save_to_writer(&mut file).map_err(failure)?;
    file.seek(SeekFrom::Start(0))?;
    std::io::copy(&mut file, out)?;
    Ok(())
}

struct Formats {
    date: Format,
    timestamp: Format,
}

/// A number where Excel's double holds the value exactly enough, otherwise its text.
fn cell(
    sheet: &mut Worksheet,
    (line, column): (u32, u16),
    array: &dyn Array,
    values: &Values<'_>,
    row: usize,
    formats: &Formats,
) -> Result<(), XlsxError> {
    let number = match array.data_type() {
        DataType::Boolean => return sheet.write_boolean(line, column, array.as_boolean().value(row)).map(drop),
        DataType::Int64 => {
            let value = array.as_primitive::<Int64Type>().value(row);
            (-EXACT..=EXACT).contains(&value).then_some((value as f64, None))
        }
        kind if kind.is_integer() && kind.primitive_width() < Some(8) => {
            let mut text = Vec::new();
            values.text(row, &mut text);
            std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok()).map(|value| (value, None))
        }
        DataType::Float64 => Some((array.as_primitive::<Float64Type>().value(row), None)),
        DataType::Float32 => Some((f64::from(array.as_primitive::<Float32Type>().value(row)), None)),
        DataType::Date32 => {
            let day = f64::from(array.as_primitive::<Date32Type>().value(row)) + EPOCH;
            (day >= FIRST_DAY).then_some((day, Some(&formats.date)))
        }
        DataType::Timestamp(unit @ (TimeUnit::Second | TimeUnit::Millisecond), None) => {
            let days = match unit {
                TimeUnit::Second => array.as_primitive::<TimestampSecondType>().value(row) as f64 / 86_400.0,
                _ => array.as_primitive::<TimestampMillisecondType>().value(row) as f64 / 86_400_000.0,
            };
            (days + EPOCH >= FIRST_DAY).then_some((days + EPOCH, Some(&formats.timestamp)))
        }
        _ => None,
    };
    match number {
        Some((value, Some(format))) => sheet.write_number_with_format(line, column, value, format).map(drop),
        Some((value, None)) if value.is_finite() => sheet.write_number(line, column, value).map(drop),
        _ => {
            let mut text = Vec::new();
            values.text(row, &mut text);
            sheet.write_string(line, column, String::from_utf8_lossy(&text)).map(drop)
        }
    }
}

fn failure(error: XlsxError) -> EncodeError {
    match error {
        XlsxError::IoError(error) => EncodeError::Io(error),
        XlsxError::MaxStringLengthExceeded => {
            EncodeError::TooLarge("A spreadsheet cell holds 32,767 characters; a value is longer.".into())
        }
        other => EncodeError::Format(other.to_string()),
    }
}
