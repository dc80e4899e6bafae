//! Finished results, on disk up to a limit, the least recently used going first.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use lakefront_engine::Scratch;
use ulid::Ulid;

use super::{Key, ResultSet};

/// Small results stay in memory up to here in all.
const MEMORY_BYTES: u64 = 16 << 20;

/// Extension of a result that answers later executions too.
const REUSABLE: &str = "result";
/// Extension of a result for its own execution only.
const ONCE: &str = "once";

#[derive(Clone)]
pub(crate) struct Cache(Arc<Shared>);

struct Shared {
    folder: PathBuf,
    _owner: Owner,
    limit: u64,
    entries: Mutex<Entries>,
}

/// What makes the folder this process's own.
#[expect(dead_code, reason = "held, never read")]
enum Owner {
    /// The folder that outlives the process, locked.
    Lock(File),
    /// A folder for this process alone, beside a server that holds the other.
    Scratch(Scratch),
}

#[derive(Default)]
struct Entries {
    by_key: HashMap<Key, Entry>,
    /// Keys by the time of their last use.
    by_use: BTreeMap<u64, Key>,
    clock: u64,
    bytes: u64,
    memory_bytes: u64,
}

struct Entry {
    path: PathBuf,
    bytes: u64,
    used: u64,
    /// `None` until someone asks for what an earlier process left.
    result: Option<Arc<ResultSet>>,
    in_memory: bool,
}

impl Cache {
    /// Takes over what an earlier process left in the folder; what was for it alone is removed. While another process
    /// has the folder, as when a command runs beside the server, results stand in a folder of this process only.
    pub(crate) async fn open(folder: PathBuf, limit: u64) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let (folder, owner) = match locked(&folder).await? {
            Some(lock) => (folder, Owner::Lock(lock)),
            None => {
                let scratch = Scratch::claim(&folder.join("beside"))?;
                (scratch.path().to_owned(), Owner::Scratch(scratch))
            }
        };
        let mut found = Vec::new();
        for file in fs::read_dir(&folder)? {
            let file = file?;
            let path = file.path();
            match path.extension().and_then(|extension| extension.to_str()) {
                Some(REUSABLE) => {
                    let metadata = file.metadata()?;
                    if let Some(key) = key_of(&path) {
                        found.push((metadata.modified()?, key, path, metadata.len()));
                    }
                }
                Some(ONCE | "tmp") => fs::remove_file(&path)?,
                _ => {}
            }
        }
        found.sort();
        let cache = Self(Arc::new(Shared { folder, _owner: owner, limit, entries: Mutex::default() }));
        for (_, key, path, bytes) in found {
            let entry = Entry { path, bytes, used: 0, result: None, in_memory: false };
            let mut gone = Vec::new();
            {
                let mut entries = cache.lock();
                gone.extend(entries.remove(&key));
                entries.insert(key, entry);
                gone.extend(entries.over(limit));
            }
            gone.into_iter().for_each(Entry::delete);
        }
        Ok(cache)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.0.folder
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A stored result that may answer someone else, not older than that.
    pub(crate) fn get(&self, key: &Key, max_age_s: Option<u64>) -> Option<Arc<ResultSet>> {
        let mut entries = self.lock();
        let entry = entries.by_key.get_mut(key)?;
        let result = match &entry.result {
            Some(result) => Some(result.clone()),
            None => ResultSet::open(&entry.path)
                .inspect_err(|error| {
                    tracing::warn!(%key, %error, "stored result {key} is damaged and removed");
                })
                .ok()
                .map(Arc::new),
        };
        let Some(result) = result.filter(|result| result.is_reusable() && result.is_there()) else {
            let gone = entries.remove(key);
            drop(entries);
            gone.into_iter().for_each(Entry::delete);
            return None;
        };
        entry.result = Some(result.clone());
        let age = Utc::now() - result.created_at();
        let limit = max_age_s.and_then(|seconds| TimeDelta::try_seconds(seconds.try_into().ok()?));
        if limit.is_some_and(|limit| age > limit) {
            return None;
        }
        entries.touch(key);
        Some(result)
    }

    /// Takes a finished result in. The caller may answer with it at once; it gets its name on disk
    /// in the background.
    pub(crate) fn insert(&self, key: Key, result: Arc<ResultSet>) {
        let extension = if result.is_reusable() { REUSABLE } else { ONCE };
        let path = self.0.folder.join(format!("{key}-{}.{extension}", Ulid::generate()));
        let entry = Entry {
            path: path.clone(),
            bytes: result.stored_bytes(),
            used: 0,
            in_memory: result.is_in_memory(),
            result: Some(result.clone()),
        };
        let gone = {
            let mut entries = self.lock();
            // Executions still show the pages of the result whose place this one takes.
            if let Some(earlier) = entries.remove(&key)
                && earlier.result.is_some()
            {
                entries.insert(Key::unique(), earlier);
            }
            entries.insert(key, entry);
            entries.trim_memory();
            entries.over(self.0.limit)
        };
        gone.into_iter().for_each(Entry::delete);
        let folder = self.0.folder.clone();
        tokio::task::spawn_blocking(move || match result.settle(&folder, &path) {
            Ok(true) => {}
            // Evicted in the meantime.
            Ok(false) => delete(&path),
            Err(error) => {
                tracing::warn!(%key, %error, "result {key} could not be stored: {error}");
            }
        });
    }
}

/// The lock of a results' folder, unless another process keeps it.
async fn locked(folder: &Path) -> io::Result<Option<File>> {
    let lock = File::create(folder.join("lock"))?;
    // One that is just ending gets a moment.
    for _ in 0..10 {
        match lock.try_lock() {
            Ok(()) => return Ok(Some(lock)),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(10)).await,
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(None)
}

fn key_of(path: &Path) -> Option<Key> {
    let (key, _) = path.file_stem()?.to_str()?.split_once('-')?;
    Key::from_hex(key)
}

fn delete(path: &Path) {
    match fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => {
            tracing::warn!(%error, "a stored result could not be removed: {error}");
        }
    }
}

impl Entry {
    fn delete(self) {
        if let Some(result) = &self.result {
            result.discard();
        }
        delete(&self.path);
    }
}

impl Entries {
    fn insert(&mut self, key: Key, mut entry: Entry) {
        self.clock += 1;
        entry.used = self.clock;
        self.bytes += entry.bytes;
        if entry.in_memory {
            self.memory_bytes += entry.bytes;
        }
        self.by_use.insert(entry.used, key);
        self.by_key.insert(key, entry);
    }

    fn remove(&mut self, key: &Key) -> Option<Entry> {
        let entry = self.by_key.remove(key)?;
        self.by_use.remove(&entry.used);
        self.bytes -= entry.bytes;
        if entry.in_memory {
            self.memory_bytes -= entry.bytes;
        }
        Some(entry)
    }

    fn touch(&mut self, key: &Key) {
        if let Some(entry) = self.by_key.get_mut(key) {
            self.clock += 1;
            self.by_use.remove(&entry.used);
            entry.used = self.clock;
            self.by_use.insert(entry.used, *key);
        }
    }

    /// Takes out the least recently used until the rest fits; the newest always stays.
    fn over(&mut self, limit: u64) -> Vec<Entry> {
        let mut gone = Vec::new();
        while self.bytes > limit
            && self.by_use.len() > 1
            && let Some(oldest) = self.by_use.values().next().copied()
        {
            gone.extend(self.remove(&oldest));
        }
        gone
    }

    /// Lets the least recently used results leave the memory, those that are on disk already.
    fn trim_memory(&mut self) {
        for key in self.by_use.values() {
            if self.memory_bytes <= MEMORY_BYTES {
                break;
            }
            if let Some(entry) = self.by_key.get_mut(key)
                && entry.in_memory
                && entry.result.as_ref().is_some_and(|result| result.release_memory())
            {
                entry.in_memory = false;
                self.memory_bytes -= entry.bytes;
            }
        }
    }
}
