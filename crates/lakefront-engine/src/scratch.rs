//! Folders for one process, which die with it whatever way it ends.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

const LOCK: &str = "lock";

/// A folder below a parent that several processes share. It is removed on drop; what a killed process left is removed
/// by the next one that comes, which knows by the lock that its owner is gone.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    /// Locked while the folder is in use; the system releases it with the process.
    _lock: File,
}

impl Scratch {
    /// Makes a folder and removes abandoned ones beside it.
    pub fn claim(parent: &Path) -> io::Result<Scratch> {
        fs::create_dir_all(parent)?;
        let parent = parent.canonicalize()?;
        // Between the making of a folder and its lock it must not look abandoned.
        let door = File::create(parent.join(LOCK))?;
        door.lock()?;
        remove_abandoned(&parent)?;
        let path = tempfile::Builder::new().prefix("process-").tempdir_in(&parent)?.keep();
        let lock = File::create(path.join(LOCK))?;
        lock.lock()?;
        Ok(Scratch { path, _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!("a folder for temporary files is left behind: {error}");
        }
    }
}

fn remove_abandoned(parent: &Path) -> io::Result<()> {
    for entry in fs::read_dir(parent)? {
        let path = entry?.path();
        if !path.is_dir() {
            continue;
        }
        let abandoned = match File::open(path.join(LOCK)) {
            Ok(lock) => !matches!(lock.try_lock(), Err(TryLockError::WouldBlock)),
            Err(_) => true,
        };
        if abandoned && let Err(error) = fs::remove_dir_all(&path) {
            tracing::warn!("an abandoned folder for temporary files can't be removed: {error}");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may end where a value is missing")]

    use super::*;

    #[test]
    fn folders_of_the_living_stay_and_those_of_the_dead_go() {
        let parent = tempfile::tempdir().unwrap();
        let first = Scratch::claim(parent.path()).unwrap();
        let dead = parent.path().join("process-dead");
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join("lock"), "").unwrap();
        fs::write(dead.join("spilled"), "rows").unwrap();

        let second = Scratch::claim(parent.path()).unwrap();
        assert_ne!(first.path(), second.path());
        assert!(first.path().exists() && second.path().exists());
        assert!(!dead.exists());

        let path = first.path().to_owned();
        drop(first);
        assert!(!path.exists() && second.path().exists());
    }
}
