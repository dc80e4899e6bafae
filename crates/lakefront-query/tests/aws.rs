//! Athena and Glue through their public door: an Athena, S3 and STS on loopback that keep executions, answer with the
//! rows a test gives them and misbehave on request; and the Glue of the moto server that `LAKEFRONT_TEST_MOTO` names.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

#[path = "aws/credentials.rs"]
mod credentials;
#[path = "aws/faults.rs"]
mod faults;
#[path = "aws/glue.rs"]
mod glue;
#[path = "aws/lake.rs"]
mod lake;
#[path = "aws/overwritten.rs"]
mod overwritten;
#[path = "aws/owned.rs"]
mod owned;
#[path = "aws/pace.rs"]
mod pace;
#[path = "aws/people.rs"]
mod people;
#[path = "aws/proxy.rs"]
mod proxy;
#[path = "aws/road.rs"]
mod road;
#[path = "aws/rows.rs"]
mod rows;
#[path = "aws/runs.rs"]
mod runs;
#[path = "aws/server.rs"]
mod server;
