//! CSV: delimiter, quote and header from the first rows, types from the values.

mod dialect;
mod kinds;
mod records;

use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use futures::TryStreamExt;

use super::source::Source;
use super::text::{self, Beginning, LONGEST_RECORD};
use super::{InferRequest, InferredSchema, invalid_file};
use crate::error::{EngineError, EngineErrorKind};
use crate::job::{Compression, Format};

use dialect::Dialect;
pub use kinds::Kinds;
pub(super) use records::{MOST_COLUMNS, Record, RecordError, Records};

/// Read of a file whose header is compared but whose values are not looked at.
const GLANCE: usize = 64 << 10;

pub(super) async fn infer(
    source: &Source,
    request: &InferRequest,
    compression: Compression,
    tabs: bool,
) -> Result<InferredSchema, EngineError> {
    let mut table: Option<Table> = None;
    let mut beginnings = std::pin::pin!(text::beginnings(source, &request.files, compression, GLANCE));
    while let Some((file, mut beginning)) = beginnings.try_next().await? {
        if !beginning.whole && !holds_a_record(&beginning) {
            beginning = text::read_beginning(source, &file, compression, LONGEST_RECORD).await?;
        }
        let known = table.take();
        let name = file.path.clone();
        table = tokio::task::spawn_blocking(move || look(known, &name, &beginning, tabs))
            .await
            .map_err(|panic| invalid_file(&file.path, "can't be read").with_detail(panic.to_string()))??;
    }
    let Some(table) = table else {
        return Err(EngineError::new(EngineErrorKind::InvalidFile, "The table's CSV files hold no row."));
    };
    let Dialect { delimiter, quote, header } = table.dialect;
    let mut notes: Vec<String> = request.sample_note("Headers").into_iter().collect();
    if !table.whole {
        notes.push("Types are those of the first 16 MiB of up to 32 files.".to_owned());
    }
    if !header {
        notes.push("The files have no header; columns are named by position.".to_owned());
    }
    let fields: Vec<Field> = table
        .names
        .into_iter()
        .zip(table.kinds)
        .map(|(name, kinds)| Field::new(name, kinds.data_type(), true))
        .collect();
    Ok(InferredSchema {
        schema: Arc::new(Schema::new(fields)),
        format: Format::Csv { delimiter, quote, header, compression },
        rows: (table.whole && request.files.len() as u64 == request.files_total).then_some(table.rows),
        files_read: request.files.len() as u64,
        notes,
    })
}

/// Whether a line ends within what was read; inside quotes or not is found out later.
fn holds_a_record(beginning: &Beginning) -> bool {
    beginning.bytes.iter().any(|byte| matches!(byte, b'\n' | b'\r'))
}

struct Table {
    dialect: Dialect,
    names: Vec<String>,
    kinds: Vec<Kinds>,
    /// The file the dialect and the names come from.
    first_file: String,
    rows: u64,
    /// Whether every file was read to its end.
    whole: bool,
}

/// Looks at one more file.
fn look(known: Option<Table>, file: &str, beginning: &Beginning, tabs: bool) -> Result<Option<Table>, EngineError> {
    let sample = &beginning.bytes[..beginning.bytes.len().min(dialect::SAMPLE)];
    let mut table = match known {
        Some(table) => table,
        None => {
            let Some((dialect, first)) = dialect::sniff(sample, tabs) else {
                return Ok(None);
            };
            let names = match dialect.header {
                true => header_names(file, &first)?,
                false => (1..=first.len()).map(|position| format!("column_{position}")).collect(),
            };
            Table {
                kinds: vec![Kinds::default(); names.len()],
                names,
                dialect,
                first_file: file.to_owned(),
                rows: 0,
                whole: true,
            }
        }
    };
    table.whole &= beginning.whole;

    let mut records = Records::new(&beginning.bytes[..], table.dialect.delimiter, table.dialect.quote);
    let mut first = true;
    loop {
        let record = match records.next() {
            Ok(Some(record)) if record.ended_by_eof && !beginning.whole && first => {
                return Err(record_error(file, RecordError::TooLong { line: record.line }));
            }
            Ok(Some(record)) if record.ended_by_eof && !beginning.whole => break,
            Ok(Some(record)) => record,
            Ok(None) => break,
            // The end of what was read, not of the file; unless nothing sane is that long.
            Err(RecordError::Unclosed { line }) if !(beginning.whole || first || is_endless(beginning, line)) => break,
            Err(error) => return Err(record_error(file, error)),
        };
        if std::mem::take(&mut first) && table.dialect.header {
            check_header(&table, file, &record)?;
            continue;
        }
        check_width(file, &record, table.names.len())?;
        for (value, kinds) in record.fields().zip(&mut table.kinds) {
            kinds.see(utf8(file, record.line, value)?);
        }
        table.rows += 1;
    }
    Ok(Some(table))
}

/// Whether more than a mebibyte was read behind a line.
fn is_endless(beginning: &Beginning, line: u64) -> bool {
    let mut lines = beginning.bytes.split(|byte| *byte == b'\n');
    let before: usize =
        lines.by_ref().take(usize::try_from(line).unwrap_or(usize::MAX)).map(|line| line.len() + 1).sum();
    beginning.bytes.len().saturating_sub(before) > 1 << 20
}

pub(super) fn check_width(file: &str, record: &Record<'_>, columns: usize) -> Result<(), EngineError> {
    let (values, line) = (record.len(), record.line);
    if values == columns {
        return Ok(());
    }
    Err(invalid_file(file, format_args!("has {values} values in line {line}, but the table has {columns} columns")))
}

fn check_header(table: &Table, file: &str, record: &Record<'_>) -> Result<(), EngineError> {
    if file == table.first_file {
        return Ok(());
    }
    let values: Vec<String> = record.fields().map(|value| String::from_utf8_lossy(value).into_owned()).collect();
    let names = header_names(file, &values)?;
    let conflict = |what: String| {
        Err(EngineError::new(
            EngineErrorKind::SchemaConflict,
            format!("{what}: give both files the same columns in the same order, or keep them in different tables."),
        ))
    };
    let differing = names.iter().zip(&table.names).position(|(a, b)| a != b);
    match differing {
        Some(at) => conflict(format!(
            "Column {} is \"{}\" in \"{}\" but \"{}\" in \"{file}\"",
            at + 1,
            table.names[at],
            table.first_file,
            names[at]
        )),
        None if names.len() != table.names.len() => conflict(format!(
            "\"{}\" has {} columns but \"{file}\" has {}",
            table.first_file,
            table.names.len(),
            names.len()
        )),
        None => Ok(()),
    }
}

/// Names from a header: trimmed, lower case; empty ones are named by position, repeated ones numbered.
fn header_names(file: &str, header: &[String]) -> Result<Vec<String>, EngineError> {
    let mut names: Vec<String> = Vec::with_capacity(header.len());
    let mut seen = std::collections::HashSet::new();
    for (at, value) in header.iter().enumerate() {
        if value.contains('\u{fffd}') || value.chars().any(|c| c.is_control()) {
            return Err(invalid_file(
                file,
                format_args!("has control characters or bytes that are not UTF-8 in line 1, column {}", at + 1),
            ));
        }
        let trimmed = value.trim().to_lowercase();
        let base = if trimmed.is_empty() { format!("column_{}", at + 1) } else { trimmed };
        let mut name = base.clone();
        let mut number = 2;
        while !seen.insert(name.clone()) {
            name = format!("{base}_{number}");
            number += 1;
        }
        names.push(name);
    }
    Ok(names)
}

pub(super) fn utf8<'a>(file: &str, line: u64, value: &'a [u8]) -> Result<&'a str, EngineError> {
    match std::str::from_utf8(value) {
        Ok(text) if !text.contains('\0') => Ok(text),
        Ok(_) => Err(invalid_file(file, format_args!("holds a NUL byte in line {line}; it is not text"))),
        Err(_) => Err(invalid_file(file, format_args!("is not UTF-8 in line {line}; save it as UTF-8"))),
    }
}

pub(super) fn record_error(file: &str, error: RecordError) -> EngineError {
    match error {
        RecordError::Read(error) => text::read_error(file, error),
        RecordError::TooLong { line } => invalid_file(file, format_args!("has a line longer than 16 MiB: line {line}")),
        RecordError::TooManyColumns { line } => {
            invalid_file(file, format_args!("has more than {MOST_COLUMNS} values in line {line}"))
        }
        RecordError::Unclosed { line } => {
            invalid_file(file, format_args!("opens a quote in line {line} that is never closed"))
        }
    }
}
