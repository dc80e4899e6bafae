//! What was made a while ago and may be shown again, within a budget of bytes.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub(crate) struct Kept<K, V> {
    budget: usize,
    lasts: Duration,
    entries: Mutex<HashMap<K, Entry<V>>>,
}

struct Entry<V> {
    made: Instant,
    bytes: usize,
    value: V,
}

impl<K: Hash + Eq, V: Clone> Kept<K, V> {
    /// Entries go after `lasts`; what does not fit beside others is not kept.
    pub(crate) fn new(budget: usize, lasts: Duration) -> Self {
        Self { budget, lasts, entries: Mutex::default() }
    }

    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let mut entries = self.entries();
        let entry = entries.get(key)?;
        if entry.made.elapsed() < self.lasts {
            return Some(entry.value.clone());
        }
        entries.remove(key);
        None
    }

    pub(crate) fn put(&self, key: K, value: V, bytes: usize) {
        let mut entries = self.entries();
        entries.retain(|_, entry| entry.made.elapsed() < self.lasts);
        let others: usize = entries.iter().filter(|(other, _)| **other != key).map(|(_, entry)| entry.bytes).sum();
        if others + bytes <= self.budget {
            entries.insert(key, Entry { made: Instant::now(), bytes, value });
        }
    }

    pub(crate) fn clear(&self) {
        self.entries().clear();
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<K, Entry<V>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_old_or_too_much_is_not_kept() {
        let kept = Kept::new(10, Duration::from_millis(50));
        kept.put("a", 1, 6);
        kept.put("b", 2, 6);
        assert_eq!((kept.get(&"a"), kept.get(&"b")), (Some(1), None));
        kept.put("a", 3, 10);
        assert_eq!(kept.get(&"a"), Some(3));
        std::thread::sleep(Duration::from_millis(60));
        assert_eq!(kept.get(&"a"), None);
        kept.put("b", 4, 10);
        assert_eq!(kept.get(&"b"), Some(4));
        kept.clear();
        assert_eq!(kept.get(&"b"), None);
    }
}
