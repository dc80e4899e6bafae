//! The engine through its public door: a real pool with real worker processes over real files.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod bombs;
mod cancel;
mod crash;
mod estimate;
mod files;
mod functions;
mod lake;
mod results;
