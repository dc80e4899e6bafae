//! The executions that are running or ended lately.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use ulid::Ulid;

use super::Execution;

/// Older ones are found in the history of the app database.
const REMEMBERED: usize = 1_000;

#[derive(Default)]
pub(crate) struct Register(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    by_id: HashMap<Ulid, Arc<Execution>>,
    oldest_first: VecDeque<Ulid>,
}

impl Register {
    pub(crate) fn insert(&self, execution: Arc<Execution>) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.oldest_first.push_back(execution.id);
        entries.by_id.insert(execution.id, execution);
        // Each is looked at once at most: those that still run go to the young end.
        for _ in 0..entries.oldest_first.len() {
            if entries.by_id.len() <= REMEMBERED {
                break;
            }
            let Some(id) = entries.oldest_first.pop_front() else { break };
            match entries.by_id.get(&id) {
                Some(old) if !old.state().is_final() => entries.oldest_first.push_back(id),
                _ => {
                    entries.by_id.remove(&id);
                }
            }
        }
    }

    pub(crate) fn running(&self) -> Vec<Arc<Execution>> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.by_id.values().filter(|execution| !execution.state().is_final()).cloned().collect()
    }

    pub(crate) fn get(&self, id: &str) -> Option<Arc<Execution>> {
        let id = Ulid::from_string(id).ok()?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).by_id.get(&id).cloned()
    }
}
