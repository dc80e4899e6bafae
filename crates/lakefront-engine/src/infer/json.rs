//! JSON lines: one object a line, its types kept as they nest.

mod shape;

use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use futures::TryStreamExt;

use super::source::Source;
use super::text::{self, BOM, Beginning, LONGEST_RECORD};
use super::{InferRequest, InferredSchema, invalid_file};
use crate::error::{EngineError, EngineErrorKind};
use crate::job::{Compression, Format};

pub(super) use shape::{Clash, Shape};

/// Most columns, nested ones included.
const MOST_FIELDS: usize = 10_000;

pub(super) async fn infer(
    source: &Source,
    request: &InferRequest,
    compression: Compression,
) -> Result<InferredSchema, EngineError> {
    let mut table = Table { shape: Shape::Null, rows: 0, whole: true };
    let mut files_read = 0;
    let mut beginnings = std::pin::pin!(text::beginnings(source, &request.files, compression, 0));
    while let Some((file, mut beginning)) = beginnings.try_next().await? {
        if !beginning.whole && !beginning.bytes.contains(&b'\n') {
            beginning = text::read_beginning(source, &file, compression, LONGEST_RECORD).await?;
        }
        let name = file.path.clone();
        table = tokio::task::spawn_blocking(move || look(table, &name, &beginning))
            .await
            .map_err(|panic| invalid_file(&file.path, "can't be read").with_detail(panic.to_string()))??;
        files_read += 1;
    }
    let Shape::Object(object) = &table.shape else {
        return Err(EngineError::new(EngineErrorKind::InvalidFile, "The table's JSON files hold no object."));
    };
    let mut notes = Vec::new();
    let whole = table.whole && files_read == request.files_total;
    if !whole {
        notes.push("Columns and types are those of the first 16 MiB of up to 32 files.".to_owned());
    }
    let mut fields = Vec::new();
    for (name, shape) in object.fields() {
        match shape.data_type() {
            Some(data_type) => fields.push(Field::new(name, data_type, true)),
            None => notes.push(format!("Column \"{name}\" only ever holds {{}} and is left out.")),
        }
    }
    Ok(InferredSchema {
        schema: Arc::new(Schema::new(fields)),
        format: Format::Json { compression },
        rows: whole.then_some(table.rows),
        files_read,
        notes,
    })
}

struct Table {
    shape: Shape,
    rows: u64,
    /// Whether every file was read to its end.
    whole: bool,
}

fn look(mut table: Table, file: &str, beginning: &Beginning) -> Result<Table, EngineError> {
    table.whole &= beginning.whole;
    let text = beginning.bytes.strip_prefix(BOM).unwrap_or(&beginning.bytes);
    let mut lines = text.split(|byte| *byte == b'\n').enumerate().peekable();
    while let Some((at, line)) = lines.next() {
        let cut_off = lines.peek().is_none() && !beginning.whole;
        if cut_off && at > 0 {
            break;
        }
        let line_number = at as u64 + 1;
        if cut_off {
            return Err(invalid_file(file, format_args!("has a line longer than 16 MiB: line {line_number}")));
        }
        let Some(shape) = line_shape(file, line_number, line)? else {
            continue;
        };
        table.shape.merge(shape).map_err(|clash| conflict(file, line_number, &clash))?;
        if table.shape.size() > MOST_FIELDS {
            return Err(invalid_file(file, format_args!("has more than {MOST_FIELDS} fields by line {line_number}")));
        }
        table.rows += 1;
    }
    Ok(table)
}

/// The shape of one line; `None` for an empty one.
pub(super) fn line_shape(file: &str, number: u64, line: &[u8]) -> Result<Option<Shape>, EngineError> {
    if line.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    match serde_json::from_slice(line) {
        Ok(shape @ Shape::Object(_)) => Ok(Some(shape)),
        Ok(Shape::List(_)) => Err(invalid_file(
            file,
            format_args!("holds an array in line {number}; write one object per line (JSON lines)"),
        )),
        Ok(_) => Err(invalid_file(file, format_args!("holds no object in line {number}; write one object per line"))),
        Err(error) if error.is_data() => {
            let cause = error.to_string();
            let cause = cause.split_once(" at line ").map_or(&*cause, |(cause, _)| cause);
            Err(invalid_file(file, format_args!("can't be a table: in line {number}, {cause}")))
        }
        Err(_) if line.trim_ascii_start().starts_with(b"[") => Err(invalid_file(
            file,
            format_args!(
                "begins an array in line {number} that ends in another; write one object per line (JSON lines)"
            ),
        )),
        Err(error) => Err(invalid_file(
            file,
            format_args!(
                "is not JSON lines: line {number}, column {} does not read on; write one object per line",
                error.column()
            ),
        )
        .with_detail(error.to_string())),
    }
}

fn conflict(file: &str, line: u64, clash: &Clash) -> EngineError {
    EngineError::new(
        EngineErrorKind::SchemaConflict,
        format!(
            "Column \"{}\" is {} in \"{file}\", line {line}, but {} before: write one type in all files.",
            clash.path, clash.new, clash.known
        ),
    )
}
