//! The folder of what is Lakefront's own on a machine, and the one server that uses it.

use std::fs::{DirBuilder, File, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};

use crate::config::Settings;

/// Makes the folder, readable by its owner only.
pub fn create(path: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("cannot create the data folder {}", path.display()))
}

/// The same, and says so where the folder was not there: a command may have been run in the wrong place.
pub fn begin(settings: &Settings) -> anyhow::Result<()> {
    let path = &settings.data_dir;
    if settings.database_url.is_empty() && !path.exists() {
        tracing::warn!("a new installation begins in {}; --data-dir names another", path.display());
    }
    create(path)
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
        // Who asks for the server's address holds it for a moment, too.
        let mut patience = 10;
        let locked = loop {
            match file.try_lock() {
                Err(TryLockError::WouldBlock) if patience > 0 => patience -= 1,
                locked => break locked,
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        match locked {
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

    /// For commands that print links.
    pub fn serves(&mut self, url: &str) -> anyhow::Result<()> {
        writeln!(self.0, "{url}").context("cannot write where the server is")
    }
}

/// The address of the server that uses the folder, if one does.
pub fn server_at(path: &Path) -> Option<String> {
    let mut file = File::open(lock_of(path)).ok()?;
    if !matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)) {
        return None;
    }
    let mut holder = String::new();
    file.read_to_string(&mut holder).ok()?;
    holder.lines().nth(1).map(str::to_owned)
}

fn lock_of(path: &Path) -> PathBuf {
    path.join("server.lock")
}
