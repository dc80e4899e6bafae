//! The folder of what is Lakefront's own on a machine, and the one server that uses it.

use std::fs::{DirBuilder, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// Makes the folder, readable by its owner only.
pub fn create(path: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("cannot create the data folder {}", path.display()))
}

/// Says that a server uses the folder, for as long as it is kept: two would each count only what they run and store
/// themselves. The file holds the process and, once it listens, its address.
pub struct Held(File);

impl Held {
    pub fn take(path: &Path) -> anyhow::Result<Self> {
        create(path)?;
        let lock = lock_of(path);
        let open = || File::options().read(true).write(true).create(true).truncate(false).open(&lock);
        let mut file = open().with_context(|| format!("cannot open {}", lock.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let process = match file.read_to_string(&mut holder).map(|_| holder.lines().next()) {
                    Ok(Some(process)) => format!(" (process {process})"),
                    _ => String::new(),
                };
                bail!(
                    "another server{process} uses the data folder {}: stop it, or name another folder with --data-dir",
                    path.display()
                );
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", lock.display()));
            }
        }
        file.set_len(0)?;
        writeln!(file, "{}", std::process::id())?;
        Ok(Self(file))
    }

    /// For commands that print addresses.
    pub fn listens(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        self.0.seek(std::io::SeekFrom::End(0))?;
        writeln!(self.0, "{address}").context("cannot write where the server listens")
    }
}

/// Where the server that uses the folder listens, if one does.
pub fn server_at(path: &Path) -> Option<SocketAddr> {
    let mut file = File::open(lock_of(path)).ok()?;
    if !matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)) {
        return None;
    }
    let mut holder = String::new();
    file.read_to_string(&mut holder).ok()?;
    holder.lines().nth(1)?.parse().ok()
}

fn lock_of(path: &Path) -> PathBuf {
    path.join("server.lock")
}
