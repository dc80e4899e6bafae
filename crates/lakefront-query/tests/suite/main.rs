//! The road through its public door: real files, real workers.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod cases;
mod elsewhere;
mod guard;
mod lake;
mod linked;
mod postgres;
mod results;
mod runs;
#[path = "../trino/server.rs"]
#[expect(dead_code, reason = "the tests of the Trino client need more of it")]
mod server;
mod slt;
