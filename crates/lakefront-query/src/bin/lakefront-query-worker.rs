//! The engine worker for this crate's tests; the product's binary has a command of its own for it.

fn main() -> std::process::ExitCode {
    lakefront_engine::worker_main()
}
