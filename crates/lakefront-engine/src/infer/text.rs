//! What CSV and JSON files have in common: decompression and bounds.

use std::io::{BufReader, Read};

use futures::stream;
use futures::{Stream, StreamExt};
use tokio::runtime::Handle;

use super::invalid_file;
use super::source::{FileReader, Source};
use crate::error::EngineError;
use crate::job::{Compression, DataFile};

/// Text that is looked at in all, over all files.
pub(super) const SCAN_BYTES: usize = 16 << 20;
/// Text files that are looked at.
pub(super) const SCAN_FILES: usize = 32;
/// Longest line, or record with line breaks in quotes.
pub(super) const LONGEST_RECORD: usize = 16 << 20;

/// The text of a file, decompressed as it is read.
pub(super) fn decompressed(reader: FileReader, compression: Compression) -> std::io::Result<Box<dyn Read>> {
    Ok(match compression {
        Compression::None => Box::new(reader),
        Compression::Gzip => Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(reader))),
        Compression::Zstd => {
            let mut decoder = zstd::Decoder::new(reader)?;
            // A frame may ask for a window of gigabytes; this is the most that a sane writer uses.
            decoder.window_log_max(27)?;
            Box::new(decoder)
        }
    })
}

/// The beginning of a file.
pub(super) struct Beginning {
    pub(super) bytes: Vec<u8>,
    /// Whether this is all of it.
    pub(super) whole: bool,
}

fn beginning(file: &str, reader: Box<dyn Read>, limit: usize) -> Result<Beginning, EngineError> {
    let mut bytes = Vec::new();
    reader.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(|error| read_error(file, error))?;
    let whole = bytes.len() <= limit;
    bytes.truncate(limit);
    check_encoding(file, &bytes)?;
    Ok(Beginning { bytes, whole })
}

/// An error of reading or of decompressing.
pub(super) fn read_error(file: &str, error: std::io::Error) -> EngineError {
    match error.downcast::<EngineError>() {
        Ok(error) => error,
        Err(error) => invalid_file(file, "can't be decompressed: it is damaged or not what its name says")
            .with_detail(error.to_string()),
    }
}

/// UTF-16 and UTF-32 are told by their first bytes.
fn check_encoding(file: &str, bytes: &[u8]) -> Result<(), EngineError> {
    let wide = bytes.starts_with(&[0xff, 0xfe])
        || bytes.starts_with(&[0xfe, 0xff])
        || matches!(bytes, [0, a, ..] | [a, 0, ..] if *a != 0);
    if wide {
        return Err(invalid_file(file, "is UTF-16 text; save it as UTF-8"));
    }
    Ok(())
}

pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";

/// Reads the beginnings of files in order, a few at a time: `SCAN_FILES` of them, evenly spread, share [`SCAN_BYTES`];
/// of the others `glance` bytes are read, or nothing where it is 0.
pub(super) fn beginnings(
    source: &Source,
    files: &[DataFile],
    compression: Compression,
    glance: usize,
) -> impl Stream<Item = Result<(DataFile, Beginning), EngineError>> + Send + use<> {
    let count = files.len();
    let scanned = count.clamp(1, SCAN_FILES);
    let share = (SCAN_BYTES / scanned).max(SCAN_BYTES / SCAN_FILES);
    let is_scanned = |i: usize| i == 0 || i * scanned / count != (i - 1) * scanned / count;
    let wanted: Vec<(DataFile, usize)> = files
        .iter()
        .enumerate()
        .map(|(i, file)| (file.clone(), if is_scanned(i) { share } else { glance }))
        .filter(|(_, limit)| *limit > 0)
        .collect();
    let source = source.clone();
    stream::iter(wanted)
        .map(move |(file, limit)| {
            let source = source.clone();
            async move {
                let beginning = read_beginning(&source, &file, compression, limit).await?;
                Ok((file, beginning))
            }
        })
        .buffered(FILES_AT_ONCE)
}

const FILES_AT_ONCE: usize = 8;

pub(super) async fn read_beginning(
    source: &Source,
    file: &DataFile,
    compression: Compression,
    limit: usize,
) -> Result<Beginning, EngineError> {
    let reader = source.reader(file, Handle::current());
    let name = file.path.clone();
    tokio::task::spawn_blocking(move || {
        let reader = decompressed(reader, compression).map_err(|error| read_error(&name, error))?;
        beginning(&name, reader, limit)
    })
    .await
    .map_err(|panic| invalid_file(&file.path, "can't be read").with_detail(panic.to_string()))?
}
