//! Parquet: schemas and row counts from the footers.

use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow::datatypes::Schema;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream;
use parquet::arrow::parquet_to_arrow_schema;
use parquet::file::metadata::ParquetMetaDataReader;

use super::merge::Merged;
use super::source::Source;
use super::{InferRequest, InferredSchema, invalid_file, thrift};
use crate::error::EngineError;
use crate::job::{DataFile, Format};

const FOOTERS_AT_ONCE: usize = 8;
/// Fetched from the end at first; most footers fit.
const TAIL: u64 = 64 << 10;
const LARGEST_FOOTER: u64 = 64 << 20;

pub(super) async fn infer(source: &Source, request: &InferRequest) -> Result<InferredSchema, EngineError> {
    let mut merged = Merged::default();
    let mut rows = 0_u64;
    // Owned, because the future must be `Send` for every lifetime.
    let mut footers = stream::iter(request.files.clone())
        .map(|file| {
            let source = source.clone();
            async move { (footer(&source, &file).await, file) }
        })
        .buffered(FOOTERS_AT_ONCE);
    while let Some((footer, file)) = footers.next().await {
        let footer = footer?;
        merged.add(&file.path, &footer.schema)?;
        rows = rows.saturating_add(footer.rows);
    }
    let files_read = request.files.len() as u64;
    Ok(InferredSchema {
        schema: merged.finish(),
        format: Format::Parquet,
        rows: (files_read == request.files_total).then_some(rows),
        files_read,
        notes: request.sample_note("Columns").into_iter().collect(),
    })
}

struct Footer {
    schema: Schema,
    rows: u64,
}

async fn footer(source: &Source, file: &DataFile) -> Result<Footer, EngineError> {
    let damaged = |what: &str| invalid_file(&file.path, format_args!("is not a Parquet file that can be read: {what}"));
    if file.size < 12 {
        return Err(damaged("it is too short"));
    }
    let tail = source.range(file, file.size - file.size.min(TAIL)..file.size).await?;
    let (before, end) = tail.split_at(tail.len() - 8);
    match &end[4..] {
        b"PAR1" => {}
        b"PARE" => return Err(damaged("its footer is encrypted")),
        _ => return Err(damaged("it does not end with Parquet's mark")),
    }
    let length = u64::from(u32::from_le_bytes([end[0], end[1], end[2], end[3]]));
    if length > file.size - 12 {
        return Err(damaged("its footer is longer than the file"));
    }
    if length > LARGEST_FOOTER {
        return Err(damaged("its footer is larger than 64 MiB"));
    }
    let bytes = match before.len().checked_sub(usize::try_from(length).unwrap_or(usize::MAX)) {
        Some(start) => tail.slice(start..before.len()),
        None => source.range(file, file.size - 8 - length..file.size - 8).await?,
    };
    let decoded = tokio::task::spawn_blocking(move || decode(&bytes)).await;
    match decoded {
        Ok(Ok(footer)) => Ok(footer),
        Ok(Err((what, detail))) => Err(damaged(&what).with_detail(detail)),
        Err(panic) => Err(damaged("its footer is damaged").with_detail(panic.to_string())),
    }
}

/// The error is a text for people and one for the log.
fn decode(bytes: &Bytes) -> Result<Footer, (String, String)> {
    thrift::check(bytes).map_err(|flaw| (flaw.text().to_owned(), String::new()))?;
    let damaged = |detail: String| ("its footer is damaged".to_owned(), detail);
    // The decoder is careful, but not proven: a panic in it is a damaged file too.
    catch_unwind(AssertUnwindSafe(|| {
        let metadata = ParquetMetaDataReader::decode_metadata(bytes)?;
        let file = metadata.file_metadata();
        let schema = parquet_to_arrow_schema(file.schema_descr(), file.key_value_metadata())?;
        Ok((schema, file.num_rows()))
    }))
    .map_err(|_| damaged("the decoder panicked".to_owned()))?
    .map_err(|error: parquet::errors::ParquetError| damaged(error.to_string()))
    .and_then(|(schema, rows)| {
        let rows = u64::try_from(rows).map_err(|_| damaged("negative number of rows".to_owned()))?;
        Ok(Footer { schema, rows })
    })
}
