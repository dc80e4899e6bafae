//! JSON: columns and rows in one document, or one object a line.

use std::io::Write;

use arrow::array::RecordBatch;
use lakefront_query::ResultSet;

use super::values::json_text;
use super::{EncodeError, Options, Values};

/// `{"columns": [{name, type}], "rows": [[…]], "truncated": false}`
pub(super) fn document(result: &ResultSet, options: Options, out: &mut impl Write) -> Result<(), EncodeError> {
    let mut line = Vec::with_capacity(64 << 10);
    line.extend_from_slice(b"{\"columns\":");
    serde_json::to_writer(&mut line, &result.columns()).map_err(|error| EncodeError::Format(error.to_string()))?;
    line.extend_from_slice(b",\"rows\":[");
    let mut first = true;
    for batch in result.batches(options.offset, options.limit) {
        rows(&batch?, &mut first, &mut line, |line| {
            out.write_all(line)?;
            line.clear();
            Ok(())
        })?;
    }
    line.extend_from_slice(b"],\"truncated\":");
    line.extend_from_slice(if result.truncated() { b"true}" } else { b"false}" });
    out.write_all(&line)?;
    Ok(())
}

/// The rows of a small result as one JSON list of lists.
pub fn row_lists(result: &ResultSet, options: Options) -> Result<String, EncodeError> {
    let mut text = vec![b'['];
    let mut first = true;
    for batch in result.batches(options.offset, options.limit) {
        rows(&batch?, &mut first, &mut text, |_| Ok(()))?;
    }
    text.push(b']');
    String::from_utf8(text).map_err(|error| EncodeError::Format(error.to_string()))
}

fn rows(
    batch: &RecordBatch,
    first: &mut bool,
    text: &mut Vec<u8>,
    mut flush: impl FnMut(&mut Vec<u8>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let columns: Vec<Values<'_>> = batch.columns().iter().map(|column| Values::new(column)).collect();
    for row in 0..batch.num_rows() {
        if !std::mem::take(first) {
            text.push(b',');
        }
        text.push(b'[');
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                text.push(b',');
            }
            column.json(row, text);
        }
        text.push(b']');
        if text.len() >= 64 << 10 {
            flush(text)?;
        }
    }
    Ok(())
}

/// `{"column": value, …}` a line. Columns of the same name get `_2`, `_3` … behind it, so that none is lost.
pub(super) fn lines(result: &ResultSet, options: Options, out: &mut impl Write) -> Result<(), EncodeError> {
    let keys: Vec<Vec<u8>> = distinct(result.columns().into_iter().map(|column| column.name))
        .iter()
        .map(|name| {
            let mut key = Vec::new();
            json_text(name, &mut key);
            key.push(b':');
            key
        })
        .collect();
    let mut text = Vec::with_capacity(64 << 10);
    for batch in result.batches(options.offset, options.limit) {
        let batch = batch?;
        let columns: Vec<Values<'_>> = batch.columns().iter().map(|column| Values::new(column)).collect();
        for row in 0..batch.num_rows() {
            text.push(b'{');
            for (index, (key, column)) in keys.iter().zip(&columns).enumerate() {
                if index > 0 {
                    text.push(b',');
                }
                text.extend_from_slice(key);
                column.json(row, &mut text);
            }
            text.extend_from_slice(b"}\n");
            if text.len() >= 64 << 10 {
                out.write_all(&text)?;
                text.clear();
            }
        }
    }
    out.write_all(&text)?;
    Ok(())
}

pub(super) fn distinct(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    names
        .map(|name| {
            let mut candidate = name.clone();
            let mut count = 1;
            while !seen.insert(candidate.clone()) {
                count += 1;
                candidate = format!("{name}_{count}");
            }
            candidate
        })
        .collect()
}
