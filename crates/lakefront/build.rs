//! The UI is built apart from the binary; without it the binary still compiles and its pages say so.

use std::fs;
use std::path::Path;

fn main() -> std::io::Result<()> {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/dist");
    for folder in ["client", "server"] {
        fs::create_dir_all(dist.join(folder))?;
    }
    println!("cargo:rerun-if-changed={}", dist.display());
    fold_identical_functions();
    Ok(())
}

/// Generic code leaves many functions that differ in name only; LLD, which Rust links with here by itself, keeps one of
/// each. Another linker, chosen by flags, may not know how.
fn fold_identical_functions() {
    let var = |name| std::env::var(name).unwrap_or_default();
    let links_with_lld =
        var("TARGET") == "x86_64-unknown-linux-gnu" && !var("CARGO_ENCODED_RUSTFLAGS").contains("link");
    if var("PROFILE") == "release" && links_with_lld {
        println!("cargo:rustc-link-arg-bins=-Wl,--icf=all");
    }
}
