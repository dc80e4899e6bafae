//! The road through its public door: real files, real workers.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod cases;
mod lake;
mod linked;
mod results;
mod runs;
mod slt;
