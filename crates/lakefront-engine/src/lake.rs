//! Where data lies: local folders and S3 prefixes, listed as streams of pages.
//!
//! A location is parsed once, at the door ([`LocalRoot`], [`S3Location`]); what stands behind it trusts the type.
//! Keys are literal: nothing is decoded, normalised or joined across a prefix. Links are never followed.

mod local;
mod location;
mod s3;

use futures::stream::BoxStream;

use crate::error::EngineError;
use crate::job::Storage;

pub use local::open_file;
pub use location::{LocalRoot, S3Location};
pub use s3::{EnvironmentCredentials, check_endpoint, environment_endpoint, region_of, s3_store};

/// One object of a lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Key relative to the storage's root, literal, with `/` between segments.
    pub key: String,
    /// Size in bytes.
    pub size: u64,
    /// Time of the last change in nanoseconds since the Unix epoch (S3 gives whole seconds).
    pub modified_ns: i64,
    /// As the store gave it; `None` on local storage.
    pub etag: Option<String>,
}

/// Something under the root that is not read, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The key, with characters that can't be shown replaced.
    pub key: String,
    pub reason: SkipReason,
}

/// Why an object is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SkipReason {
    /// A link, wherever it leads.
    Link,
    /// A link that leads out of the root.
    LinkOutside,
    /// A name that is not UTF-8 or holds control characters.
    Unreadable,
    /// A key with an empty, `.` or `..` segment, which HTTP would rewrite on the way.
    NotLiteral,
    /// A device, socket or pipe.
    NotAFile,
    /// Folders nested deeper than 64 levels.
    TooDeep,
    /// A folder the service may not open.
    Forbidden,
}

impl SkipReason {
    /// The reason in words, to stand after the key.
    pub fn text(self) -> &'static str {
        match self {
            SkipReason::Link => "links are not followed; put the file itself there",
            SkipReason::LinkOutside => "the link leads out of the catalog's folder",
            SkipReason::Unreadable => "the name is not UTF-8 or holds control characters",
            SkipReason::NotLiteral => "the key has an empty, \".\" or \"..\" segment and can't be requested literally",
            SkipReason::NotAFile => "not a regular file",
            SkipReason::TooDeep => "folders are nested deeper than 64 levels",
            SkipReason::Forbidden => "the service may not open this folder",
        }
    }
}

/// A few hundred objects of a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    pub objects: Vec<Object>,
    pub skipped: Vec<Skipped>,
}

/// Lists every object below the storage's root, hidden ones left out, page by page.
///
/// Local folders are walked on a blocking thread, in no particular order; S3 answers in key order. Nothing is kept but
/// the page in hand, so memory does not grow with the number of objects.
pub fn list(storage: &Storage) -> BoxStream<'static, Result<Page, EngineError>> {
    match storage {
        Storage::Local { root } => local::list(root.clone()),
        Storage::S3 { .. } => s3::list(storage.clone()),
    }
}

/// Whether a name is a writer's own business and no data: `_SUCCESS`, `_temporary`, `.part.crc`.
///
/// A Hive partition folder may start with an underscore (`_day=2025-01-01`).
pub fn is_hidden(segment: &str) -> bool {
    segment.starts_with('.') || (segment.starts_with('_') && !segment.contains('='))
}
