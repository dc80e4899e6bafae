//! Lakefront: from files in a lake to dashboards, in one binary.

#![expect(unreachable_pub, reason = "`pub` says what a module offers to the others; outside, there is `main` alone")]

mod api;
mod app;
mod auth;
mod books;
mod catalogs;
mod commands;
mod config;
mod connections;
mod data_dir;
mod encode;
mod error;
mod freshness;
mod jobs;
mod metrics;
mod middleware;
mod pages;
mod prepared;
mod router;
mod sample;
mod seed;
mod server;
mod setup;
mod shared_results;

use std::process::ExitCode;

/// All that the binary does.
#[must_use]
pub fn main() -> ExitCode {
    // An engine worker is started for every few queries: nothing else is made ready for it.
    if std::env::args_os().nth(1).is_some_and(|argument| argument == "worker") {
        return lakefront_engine::worker_main();
    }
    commands::run()
}
