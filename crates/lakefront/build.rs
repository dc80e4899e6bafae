//! The UI is built apart from the binary; without it the binary still compiles and its pages say so.

use std::fs;
use std::path::Path;

fn main() -> std::io::Result<()> {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/dist");
    for folder in ["client", "server"] {
        fs::create_dir_all(dist.join(folder))?;
    }
    println!("cargo:rerun-if-changed={}", dist.display());
    Ok(())
}
