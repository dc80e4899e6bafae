//! The queries that may run, on disk. A process that is killed can't stop its queries; the next one does.
//!
//! Each process has a folder of its own, locked while it lives, with a file for each query: written before the start is
//! sent, so that not even a query whose id nobody has heard yet is lost. Its token makes the same start sent again tell
//! the id.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ulid::Ulid;

use super::wire::StartQueryExecution;

const LOCK: &str = "lock";

#[derive(Debug)]
pub(super) struct Journal {
    folder: PathBuf,
    /// The system releases it with the process.
    _lock: File,
}

/// A query that may run. Unless it is closed, the next process stops it.
#[derive(Debug)]
pub(super) struct Entry {
    path: PathBuf,
    _journal: Arc<Journal>,
}

#[derive(Serialize, Deserialize)]
struct Written {
    /// `StartQueryExecution` as it is sent.
    start: Value,
    id: Option<String>,
}

/// A query that a process left.
pub(super) struct Left {
    pub(super) start: Value,
    pub(super) id: Option<String>,
    pub(super) entry: Entry,
}

impl Journal {
    /// A journal below a folder that processes share, and what those that are gone have left there.
    pub(super) fn open(parent: &Path) -> io::Result<(Arc<Journal>, Vec<Left>)> {
        fs::create_dir_all(parent)?;
        // Between the making of a folder and its lock it must not look abandoned.
        let door = File::create(parent.join(LOCK))?;
        door.lock()?;
        let abandoned = abandoned(parent)?;
        let folder = parent.join(Ulid::generate().to_string());
        fs::create_dir(&folder)?;
        let lock = File::create(folder.join(LOCK))?;
        lock.lock()?;
        let journal = Arc::new(Journal { folder, _lock: lock });
        let mut left = Vec::new();
        for folder in abandoned {
            for file in fs::read_dir(&folder)?.flatten().filter(|file| file.file_name() != LOCK) {
                let path = journal.folder.join(file.file_name());
                fs::rename(file.path(), &path)?;
                let entry = Entry { path, _journal: Arc::clone(&journal) };
                match fs::read(&entry.path).map(|bytes| serde_json::from_slice::<Written>(&bytes)) {
                    Ok(Ok(Written { start, id })) => left.push(Left { start, id, entry }),
                    // Killed while it was written: nothing was sent yet.
                    _ => entry.close(),
                }
            }
            fs::remove_dir_all(&folder)?;
        }
        Ok((journal, left))
    }

    /// `None` where the disk takes no more; the query runs all the same.
    pub(super) fn enter(self: &Arc<Self>, start: &StartQueryExecution) -> Option<Entry> {
        let path = self.folder.join(format!("{}.json", Ulid::generate()));
        let entry = Entry { path, _journal: Arc::clone(self) };
        let written = serde_json::to_value(start).ok().map(|start| Written { start, id: None })?;
        entry.write(&written).map(|()| entry)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // Whatever stays is empty, or is stopped by the next process.
        let _ = fs::remove_file(self.folder.join(LOCK));
        let _ = fs::remove_dir(&self.folder);
    }
}

impl Entry {
    /// The query has an id.
    pub(super) fn started(&self, start: &StartQueryExecution, id: &str) {
        if let Ok(start) = serde_json::to_value(start) {
            self.write(&Written { start, id: Some(id.to_owned()) });
        }
    }

    /// The query does not run any more.
    pub(super) fn close(self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, "a query that is over stays in the journal: {error}");
        }
    }

    /// A file of some kilobytes in the system's own memory: it is there for whoever comes after a kill.
    fn write(&self, written: &Written) -> Option<()> {
        let unfinished = self.path.with_extension("new");
        let bytes = serde_json::to_vec(written).ok()?;
        let done = fs::write(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, &self.path));
        done.inspect_err(|error| tracing::warn!(%error, "a query is not in the journal: {error}")).ok()
    }
}

fn abandoned(parent: &Path) -> io::Result<Vec<PathBuf>> {
    let folders = fs::read_dir(parent)?.flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
    let is_abandoned = |folder: &PathBuf| match File::open(folder.join(LOCK)) {
        Ok(lock) => !matches!(lock.try_lock(), Err(TryLockError::WouldBlock)),
        Err(_) => true,
    };
    Ok(folders.filter(is_abandoned).collect())
}
