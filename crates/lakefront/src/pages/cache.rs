//! Rendered pages, for as long as what they say about "now" is true and within a budget.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Rendered;

/// The browser takes the data for fresh this long and a little longer, so a kept page is never asked for its data again.
const FRESH: Duration = Duration::from_secs(20);

pub(super) struct PageCache {
    budget: usize,
    pages: Mutex<HashMap<blake3::Hash, (Instant, Arc<Rendered>)>>,
}

impl PageCache {
    pub(super) fn new(budget: usize) -> Self {
        Self { budget, pages: Mutex::default() }
    }

    pub(super) fn get(&self, key: &blake3::Hash) -> Option<Arc<Rendered>> {
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let (made, page) = pages.get(key)?;
        (made.elapsed() < FRESH).then(|| page.clone())
    }

    pub(super) fn put(&self, key: blake3::Hash, page: Arc<Rendered>) {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.retain(|_, (made, _)| made.elapsed() < FRESH);
        let kept: usize = pages.values().map(|(_, page)| page.document.size()).sum();
        if kept + page.document.size() <= self.budget {
            pages.insert(key, (Instant::now(), page));
        }
    }
}
