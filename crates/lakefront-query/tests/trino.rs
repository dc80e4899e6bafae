//! The Trino client through its public door: against a server that misbehaves on request, and against a real Trino
//! where `LAKEFRONT_TEST_TRINO` names one (see `deploy/test/trino.sh`).

#[path = "trino/cancel.rs"]
mod cancel;
#[path = "trino/live.rs"]
mod live;
#[path = "trino/protocol.rs"]
mod protocol;
#[path = "trino/server.rs"]
mod server;
