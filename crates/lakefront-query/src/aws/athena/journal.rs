//! The queries that may run, on disk. A process that is killed can't stop its queries; the next one takes care of them.
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
/// Ends the name of what takes the place of an entry once it is written.
const UNFINISHED: &str = "new";

#[derive(Debug)]
pub(super) struct Journal {
    folder: PathBuf,
    /// The system releases it with the process.
    _lock: File,
}

/// A query that may run. Unless it is closed, the next process finds it.
#[derive(Debug)]
pub(super) struct Entry {
    path: PathBuf,
    written: Written,
    _journal: Arc<Journal>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Written {
    /// `StartQueryExecution` as it is sent.
    pub(super) start: Value,
    pub(super) id: Option<String>,
    /// What whoever asks for the same asks for.
    pub(super) claim: Option<String>,
}

impl Journal {
    /// A journal below a folder that processes share, and what those that are gone have left there.
    pub(super) fn open(parent: &Path) -> io::Result<(Arc<Journal>, Vec<Entry>)> {
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
                if file.path().extension().is_some_and(|extension| extension == UNFINISHED) {
                    remove(&file.path());
                    continue;
                }
                let path = journal.folder.join(file.file_name());
                fs::rename(file.path(), &path)?;
                match fs::read(&path).map(|bytes| serde_json::from_slice(&bytes)) {
                    Ok(Ok(written)) => left.push(Entry { path, written, _journal: Arc::clone(&journal) }),
                    // Killed while it was written: nothing was sent yet.
                    _ => remove(&path),
                }
            }
            fs::remove_dir_all(&folder)?;
        }
        Ok((journal, left))
    }

    /// `None` where the disk takes no more; the query runs all the same.
    pub(super) fn enter(self: &Arc<Self>, start: &StartQueryExecution, claim: Option<String>) -> Option<Entry> {
        let path = self.folder.join(format!("{}.json", Ulid::generate()));
        let written = Written { start: serde_json::to_value(start).ok()?, id: None, claim };
        let entry = Entry { path, written, _journal: Arc::clone(self) };
        entry.write().map(|()| entry)
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
    pub(super) fn written(&self) -> &Written {
        &self.written
    }

    /// The query has an id.
    pub(super) fn started(&mut self, id: &str) {
        self.written.id = Some(id.to_owned());
        self.write();
    }

    /// The query does not run any more.
    pub(super) fn close(self) {
        remove(&self.path);
    }

    /// A file of some kilobytes in the system's own memory: it is there for whoever comes after a kill.
    fn write(&self) -> Option<()> {
        let unfinished = self.path.with_extension(UNFINISHED);
        let bytes = serde_json::to_vec(&self.written).ok()?;
        let done = fs::write(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, &self.path));
        done.inspect_err(|error| tracing::warn!(%error, "a query is not in the journal: {error}")).ok()
    }
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        tracing::warn!(%error, "a query that is over stays in the journal: {error}");
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
