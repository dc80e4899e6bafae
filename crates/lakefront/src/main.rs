//! A binary waits for all it links; the library that does the work is compiled beside the crates it stands on.

use std::process::ExitCode;

fn main() -> ExitCode {
    lakefront::main()
}
