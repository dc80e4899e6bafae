//! The embedded engine: DataFusion in worker processes.
//!
//! The room takes a self-contained [`Job`] (an authorised statement, the tables it may read with their files, and
//! limits) and answers a stream of Arrow record batches. It is the only room that knows DataFusion's runtime and the
//! object store.
//!
//! What it promises:
//! - **Nobody else is hurt.** Planning and running happen in a child process with no secrets but the job's own, no new
//!   privileges and limits from the operating system. One query at a time per worker: whatever a statement or a file
//!   does to its worker, it does to itself alone and ends as a typed [`EngineError`].
//! - **Nothing but the job is readable.** A worker registers the job's tables and no others; names never resolve to
//!   files or URLs, functions are those of [`lakefront_trino::functions`], and local files are opened below their root
//!   only.
//! - **One snapshot or an error.** Files are pinned by ETag, or by size and time locally; a file that changed is
//!   [`EngineErrorKind::DataChanged`], never a mixture.
//! - **Bounded.** Memory, spilled bytes, rows, result bytes and time have limits; results are streamed with
//!   backpressure; dropping a [`Prepared`] or a [`Running`] frees its worker within a second.
//!
//! The road of a query: [`Pool::prepare`] plans it and says what it will read ([`Estimate`]); [`Prepared::run`] starts
//! it; [`Running::next`] gives one [`Frame`] after the other.

mod error;
pub mod infer;
mod job;
pub mod lake;
mod pool;
mod scratch;
mod units;
mod wire;
mod worker;

pub use error::{EngineError, EngineErrorKind};
pub use infer::{InferRequest, InferredSchema};
pub use job::{
    Compression, DataFile, Explain, Format, Job, Limits, LineRules, Literal, Meter, S3Credentials, Storage, Table,
    Written,
};
pub use pool::{
    ColumnBytes, Estimate, Frame, Pool, PoolConfig, Prepared, Progress, Running, Statistics, TableEstimate,
};
pub use scratch::Scratch;
pub use units::human_bytes;
pub use worker::worker_main;
