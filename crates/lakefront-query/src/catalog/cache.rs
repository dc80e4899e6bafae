//! A catalog's last listing on disk. It holds no secrets, and is only ever a head start: losing it costs a listing.

use std::io;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use lakefront_engine::infer::InferredSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use super::found::Found;
use super::info::{Problem, TableInfo};
use super::lake::Lake;
use super::snapshot::{Snapshot, TableEntry};

/// Another format is no cache.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Head {
    format: u32,
    /// Of the lake that was listed.
    identity: String,
    listed_at_ms: i64,
    warnings: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct CachedTable {
    found: Found,
    known: Option<Known>,
}

/// What looking into the files said.
#[derive(Serialize, Deserialize)]
enum Known {
    Readable(InferredSchema),
    /// With what is wrong beside what the listing said.
    Broken(Option<Problem>),
}

/// Writes a snapshot so that a crash leaves the old one or the new one.
pub(super) fn write(path: &Path, identity: &str, snapshot: &Snapshot) -> io::Result<()> {
    let head = Head {
        format: FORMAT,
        identity: identity.to_owned(),
        listed_at_ms: snapshot.listed_at.timestamp_millis(),
        warnings: snapshot.warnings.clone(),
    };
    let tables: Vec<CachedTable> = snapshot
        .entries()
        .map(|entry| CachedTable {
            found: entry.found.clone(),
            known: entry.info.get().map(|info| match &info.inferred {
                Some(inferred) => Known::Readable(inferred.clone()),
                None => Known::Broken(info.problems.get(entry.found.problems.len()).cloned()),
            }),
        })
        .collect();
    let bytes = postcard::to_stdvec(&(head, tables)).map_err(io::Error::other)?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // Another process may be writing, too.
    let unfinished = path.with_extension(format!("{}.new", std::process::id()));
    std::fs::write(&unfinished, bytes)?;
    std::fs::rename(unfinished, path)
}

/// The snapshot an earlier process wrote of this lake; `None` where there is none that can be used.
pub(super) fn read(path: &Path, catalog: &str, lake: &Arc<Lake>) -> Option<Snapshot> {
    let bytes = std::fs::read(path).ok()?;
    let (head, rest) = postcard::take_from_bytes::<Head>(&bytes).ok()?;
    if head.format != FORMAT || head.identity != lake.identity() {
        return None;
    }
    let tables: Vec<CachedTable> = postcard::from_bytes(rest).ok()?;
    let entries = tables.into_iter().map(|CachedTable { found, known }| {
        let info = known.map(|known| match known {
            Known::Readable(inferred) => TableInfo::readable(catalog, &found, lake, inferred),
            Known::Broken(problem) => TableInfo::broken(catalog, &found, problem),
        });
        TableEntry { found, info: OnceCell::new_with(info.map(Arc::new)) }
    });
    let listed_at = DateTime::<Utc>::from_timestamp_millis(head.listed_at_ms)?;
    Some(Snapshot::restored(catalog, listed_at, head.warnings, entries))
}
