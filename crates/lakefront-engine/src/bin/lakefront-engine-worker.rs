//! A worker and nothing else, for programs that embed the engine without the product's binary.

fn main() -> std::process::ExitCode {
    lakefront_engine::worker_main()
}
