//! The worker role.

use std::process::ExitCode;

/// Serves jobs over the socket that is this process's standard input, until it is closed.
pub fn worker_main() -> ExitCode {
    todo!()
}
