//! The product through its public doors: the real binary, over HTTP and on the command line.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
#![expect(unreachable_pub, reason = "in a test binary `pub` says what a module offers to the others")]

mod athena;
#[path = "../../../lakefront-query/tests/aws/server.rs"]
#[expect(dead_code, reason = "misbehaviour is tested beside the client")]
mod aws;
mod bucket;
mod command_line;
mod connections;
mod costs;
mod dashboards;
mod doctor;
mod executions;
mod freshness;
mod groups;
mod limits;
mod pages;
mod permissions;
mod postgres;
mod public;
mod results;
mod saved;
mod seed;
mod server;
mod shared_results;
mod sign_in;
mod trino;
mod web;
