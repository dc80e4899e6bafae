//! What the Athena of the tests does with UNLOAD: it writes Parquet files and a list of them.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, BooleanArray, Decimal128Array, PrimitiveArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
};
use axum::body::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::Answer;

/// What is asked about a statement that the test has an answer for.
#[derive(Debug, PartialEq)]
pub(crate) enum Asked {
    Rows,
    Columns,
    Unload {
        /// `s3://bucket/prefix/`
        location: String,
        /// The list that is selected.
        selected: String,
    },
}

/// The statement within, and what is asked about it.
pub(crate) fn asked(sql: &str) -> (&str, Asked) {
    let between = |before: &str, after: &str| sql.strip_prefix(before)?.strip_suffix(after);
    if let Some(inner) = between("SELECT * FROM (\n", "\n) LIMIT 0") {
        return (inner, Asked::Columns);
    }
    let Some(rest) = between("UNLOAD (SELECT ", "' WITH (format = 'PARQUET', compression = 'ZSTD')") else {
        return (sql, Asked::Rows);
    };
    let (selected, rest) = rest.split_once(" FROM (\n").unwrap();
    let (inner, rest) = rest.rsplit_once("\n) AS result (").unwrap();
    let (_names, location) = rest.split_once(")) TO '").unwrap();
    (inner, Asked::Unload { location: location.to_owned(), selected: selected.to_owned() })
}

/// The files of a result; the error is Athena's.
pub(crate) fn files(answer: &Answer, selected: &str) -> Result<Vec<Bytes>, &'static str> {
    let mut columns: Vec<(String, ArrayRef)> = Vec::new();
    for (n, (_, kind, precision, scale)) in answer.columns.iter().enumerate() {
        let name = format!("c{}", n + 1);
        let kind = if selected.contains(&format!("CAST({name} AS varchar)")) { "varchar" } else { kind };
        let values: Vec<Option<&str>> = answer.rows.iter().map(|row| row[n].as_deref()).collect();
        columns.push((name, array(kind, *precision, *scale, &values)?));
    }
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)));
    let batch = batch.unwrap();
    let rows = batch.num_rows().div_ceil(answer.files).max(1);
    Ok((0..batch.num_rows())
        .step_by(rows)
        .map(|from| file(&batch.slice(from, rows.min(batch.num_rows() - from))))
        .collect())
}

fn file(batch: &RecordBatch) -> Bytes {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(100_000))
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    bytes.into()
}

fn array(kind: &str, precision: i32, scale: i32, values: &[Option<&str>]) -> Result<ArrayRef, &'static str> {
    Ok(match kind {
        "boolean" => Arc::new(values.iter().map(|value| value.map(|text| text == "true")).collect::<BooleanArray>()),
        "tinyint" => numbers::<Int8Type>(values, |text| text.parse().unwrap()),
        "smallint" => numbers::<Int16Type>(values, |text| text.parse().unwrap()),
        "integer" => numbers::<Int32Type>(values, |text| text.parse().unwrap()),
        "bigint" => numbers::<Int64Type>(values, |text| text.parse().unwrap()),
        "float" => numbers::<Float32Type>(values, |text| text.parse().unwrap()),
        "double" => numbers::<Float64Type>(values, |text| text.parse().unwrap()),
        "decimal" => {
            let digits = |text: &str| text.replace('.', "").parse::<i128>().unwrap();
            let decimals: Decimal128Array = values.iter().map(|value| value.map(digits)).collect();
            Arc::new(decimals.with_precision_and_scale(precision as u8, scale as i8).unwrap())
        }
        "varchar" => Arc::new(values.iter().copied().collect::<StringArray>()),
        "varbinary" => {
            let bytes = |text: &str| -> Vec<u8> {
                text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
            };
            Arc::new(values.iter().map(|value| value.map(bytes)).collect::<BinaryArray>())
        }
        "date" => cast(&values.iter().copied().collect::<StringArray>(), &DataType::Date32).unwrap(),
        _ => return Err("NOT_SUPPORTED: Unsupported Hive type"),
    })
}

fn numbers<T: ArrowPrimitiveType>(values: &[Option<&str>], number: impl Fn(&str) -> T::Native) -> ArrayRef {
    Arc::new(values.iter().map(|value| value.map(&number)).collect::<PrimitiveArray<T>>())
}
