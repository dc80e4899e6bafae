//! Finished results, on disk up to a limit. Where there is too little room, those go first that are [least
//! worth](super::worth) keeping.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use lakefront_engine::Scratch;
use ulid::Ulid;

use super::{Key, ResultSet, worth};

/// Small results stay in memory up to here in all.
const MEMORY_BYTES: u64 = 16 << 20;

/// What was used within so long goes after all others: someone may be turning its pages.
const IN_USE: Duration = Duration::from_secs(600);

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
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    memory_hits: AtomicU64,
    disk_hits: AtomicU64,
    shared_hits: AtomicU64,
    misses: AtomicU64,
    evictions: AtomicU64,
}

/// The stored results of this process, and what became of those who asked for them since it began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ResultCacheState {
    pub entries: u64,
    pub bytes: u64,
    pub limit_bytes: u64,
    /// Of these bytes, those that are in memory.
    pub memory_bytes: u64,
    /// Answers by where the rows were: in memory, in a file, or where instances share them.
    pub memory_hits: u64,
    pub disk_hits: u64,
    pub shared_hits: u64,
    /// Runs of statements that a stored result could have answered.
    pub misses: u64,
    /// Results that were removed to make room.
    pub evictions: u64,
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
    /// Keys, those to go first.
    by_worth: BTreeMap<Worth, Key>,
    clock: u64,
    bytes: u64,
    memory_bytes: u64,
}

/// The last use with the bonus added, and a number that no other entry has.
type Worth = (SystemTime, u64);

struct Entry {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
    bonus: Duration,
    number: u64,
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
        let shared = Shared { folder, _owner: owner, limit, entries: Mutex::default(), counts: Counts::default() };
        let cache = Self(Arc::new(shared));
        let mut gone = Vec::new();
        for (used, key, path, bytes) in found {
            let bonus = bonus_of(&path);
            let entry = Entry { path, bytes, used, bonus, number: 0, result: None, in_memory: false };
            let mut entries = cache.lock();
            gone.extend(entries.remove(&key));
            entries.insert(key, entry);
        }
        // All of them are known now, and no page of any is being turned.
        gone.extend(cache.lock().over(limit, None));
        gone.into_iter().for_each(Entry::delete);
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
        if !result.is_within(max_age_s) {
            return None;
        }
        let counts = &self.0.counts;
        let place = if entry.in_memory { &counts.memory_hits } else { &counts.disk_hits };
        place.fetch_add(1, Ordering::Relaxed);
        entries.touch(key);
        Some(result)
    }

    /// An answer from where instances share results.
    pub(crate) fn count_shared_hit(&self) {
        self.0.counts.shared_hits.fetch_add(1, Ordering::Relaxed);
    }

    /// A run that a stored result could have answered.
    pub(crate) fn count_miss(&self) {
        self.0.counts.misses.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn state(&self) -> ResultCacheState {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (entries, counts) = (self.lock(), &self.0.counts);
        ResultCacheState {
            entries: entries.by_key.len() as u64,
            bytes: entries.bytes,
            limit_bytes: self.0.limit,
            memory_bytes: entries.memory_bytes,
            memory_hits: count(&counts.memory_hits),
            disk_hits: count(&counts.disk_hits),
            shared_hits: count(&counts.shared_hits),
            misses: count(&counts.misses),
            evictions: count(&counts.evictions),
        }
    }

    /// Takes a finished result in. The caller may answer with it at once; it gets its name on disk
    /// in the background.
    pub(crate) fn insert(&self, key: Key, result: Arc<ResultSet>) {
        let extension = if result.is_reusable() { REUSABLE } else { ONCE };
        let bonus = result.bonus(result.stored_bytes());
        // The bonus stands in the name, so that the next process need not open every file to know it.
        let name = format!("{key}-{}-{}.{extension}", Ulid::generate(), bonus.as_secs());
        let path = self.0.folder.join(name);
        let entry = Entry {
            path: path.clone(),
            bytes: result.stored_bytes(),
            used: SystemTime::now(),
            bonus,
            number: 0,
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
            entries.over(self.0.limit, Some(&key))
        };
        self.0.counts.evictions.fetch_add(gone.len() as u64, Ordering::Relaxed);
        gone.into_iter().for_each(Entry::delete);
        // A folder for this process alone goes with the last who holds it, and not from under what is written there: a
        // command ends as soon as it has its rows.
        let shared = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || match result.settle(&shared.folder, &path) {
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

/// What the name of a file says; those of earlier versions say nothing.
fn bonus_of(path: &Path) -> Duration {
    let seconds = path.file_stem().and_then(|name| name.to_str()?.rsplit_once('-')?.1.parse().ok());
    Duration::from_secs(seconds.unwrap_or(0)).min(worth::MOST)
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

impl Entry {
    fn worth(&self) -> Worth {
        // A file's time may be any.
        (self.used.checked_add(self.bonus).unwrap_or(self.used), self.number)
    }
}

impl Entries {
    fn insert(&mut self, key: Key, mut entry: Entry) {
        self.clock += 1;
        entry.number = self.clock;
        self.bytes += entry.bytes;
        if entry.in_memory {
            self.memory_bytes += entry.bytes;
        }
        self.by_worth.insert(entry.worth(), key);
        self.by_key.insert(key, entry);
    }

    fn remove(&mut self, key: &Key) -> Option<Entry> {
        let entry = self.by_key.remove(key)?;
        self.by_worth.remove(&entry.worth());
        self.bytes -= entry.bytes;
        if entry.in_memory {
            self.memory_bytes -= entry.bytes;
        }
        Some(entry)
    }

    fn touch(&mut self, key: &Key) {
        if let Some(entry) = self.by_key.get_mut(key) {
            self.clock += 1;
            self.by_worth.remove(&entry.worth());
            entry.used = SystemTime::now();
            entry.number = self.clock;
            self.by_worth.insert(entry.worth(), *key);
        }
    }

    /// Takes out what is least worth until the rest fits; `newest` always stays, and what is in use as long as it can.
    fn over(&mut self, limit: u64, newest: Option<&Key>) -> Vec<Entry> {
        let mut gone = Vec::new();
        let now = SystemTime::now();
        let idle = |entry: &Entry| now.duration_since(entry.used).is_ok_and(|since| since > IN_USE);
        while self.bytes > limit {
            let others = || self.by_worth.values().filter(|key| Some(*key) != newest);
            let entries = &self.by_key;
            let next = others().find(|key| newest.is_none() || entries.get(*key).is_some_and(idle));
            let next = next.or_else(|| others().min_by_key(|key| entries.get(*key).map(|entry| entry.number)));
            let Some(next) = next.copied() else { break };
            gone.extend(self.remove(&next));
        }
        gone
    }

    /// Lets results leave the memory that are on disk already, those least worth first.
    fn trim_memory(&mut self) {
        for key in self.by_worth.values() {
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use super::*;
    use crate::result::{RunSummary, Spool};

    const HOUR: Duration = Duration::from_secs(3600);

    fn entries(all: &[(&Key, u64, Duration, Duration)]) -> Entries {
        let mut entries = Entries::default();
        for (key, bytes, idle, bonus) in all {
            let used = SystemTime::now() - *idle;
            let path = PathBuf::from(key.to_string());
            let entry = Entry { path, bytes: *bytes, used, bonus: *bonus, number: 0, result: None, in_memory: false };
            entries.insert(**key, entry);
        }
        entries
    }

    fn left(mut entries: Entries, limit: u64, newest: Option<&Key>) -> Vec<Key> {
        entries.over(limit, newest);
        assert_eq!(entries.bytes, entries.by_key.values().map(|entry| entry.bytes).sum::<u64>());
        assert_eq!(entries.by_key.len(), entries.by_worth.len());
        let mut left: Vec<_> = entries.by_key.into_iter().map(|(key, entry)| (entry.number, key)).collect();
        left.sort();
        left.into_iter().map(|(_, key)| key).collect()
    }

    #[test]
    fn what_is_cheap_to_make_again_goes_before_what_is_dear() {
        let [dear, cheap, new] = [(); 3].map(|()| Key::unique());
        let all = [
            (&dear, 10, 5 * HOUR, 24 * HOUR),
            (&cheap, 10, HOUR, Duration::ZERO),
            (&new, 10, Duration::ZERO, Duration::ZERO),
        ];
        assert_eq!(left(entries(&all), 20, Some(&new)), [dear, new]);
        assert_eq!(left(entries(&all), 10, Some(&new)), [new], "the newest stays, whatever it is worth");
        assert_eq!(left(entries(&all), 0, Some(&new)), [new]);
        assert_eq!(left(entries(&all), 0, None), []);
        assert_eq!(left(entries(&all), 30, Some(&new)), [dear, cheap, new]);
    }

    #[test]
    fn what_is_in_use_stays_before_what_is_dear() {
        let [dear, read, new] = [(); 3].map(|()| Key::unique());
        let all = [
            (&dear, 10, HOUR, 24 * HOUR),
            (&read, 10, Duration::from_secs(60), Duration::ZERO),
            (&new, 10, Duration::ZERO, Duration::ZERO),
        ];
        assert_eq!(left(entries(&all), 20, Some(&new)), [read, new]);
    }

    /// A command beside a server ends while its result is still being written.
    #[test]
    fn a_folder_of_ones_own_stays_until_what_is_written_there_is_written() {
        let runtime = tokio::runtime::Builder::new_multi_thread().max_blocking_threads(1).enable_all().build().unwrap();
        let _entered = runtime.enter();
        let folder = tempfile::tempdir().unwrap();
        let [_server, command] =
            [(); 2].map(|()| runtime.block_on(Cache::open(folder.path().to_owned(), 1 << 20)).unwrap());
        let own = command.folder().to_owned();
        assert!(own.starts_with(folder.path().join("beside")));
        let schema = Arc::new(arrow::datatypes::Schema::empty());
        let summary = RunSummary { reusable: true, ..RunSummary::default() };
        let result = Arc::new(Spool::new(&own, schema).unwrap().finish(summary).unwrap());

        // Something else is written before.
        let (go, waits) = std::sync::mpsc::channel::<()>();
        runtime.spawn_blocking(move || waits.recv());
        command.insert(Key::unique(), Arc::clone(&result));
        drop(command);
        assert!(own.is_dir(), "the folder went from under the result");
        go.send(()).unwrap();
        let (done, waits) = std::sync::mpsc::channel();
        runtime.spawn_blocking(move || done.send(()));
        waits.recv().unwrap();
        assert!(result.release_memory(), "the result was written");
        assert!(!own.exists(), "and then the folder goes");
    }

    #[test]
    fn a_bonus_is_read_back_from_the_name() {
        let name = |name: &str| bonus_of(Path::new(name));
        assert_eq!(name("/results/ab-01J-3600.result"), HOUR);
        assert_eq!(name("/results/ab-01JD0000000000000000000000.result"), Duration::ZERO);
        assert_eq!(name("/results/ab-01J-18446744073709551615.result"), worth::MOST);
        let key = Key::unique();
        assert_eq!(key_of(&PathBuf::from(format!("{key}-01J-3600.result"))).unwrap(), key);
    }
}
