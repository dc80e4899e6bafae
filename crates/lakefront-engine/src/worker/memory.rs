//! The memory of a query, shared by its operators.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use datafusion::common::Result;
use datafusion::common::resources_datafusion_err;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};

/// How DataFusion names what merges the runs of a sort.
const MERGE: &str = "ExternalSorterMerge";

/// As DataFusion's `FairSpillPool`, operators that can spill share equally what the others leave, with one difference:
/// half of the memory is set aside for the merges of sorts while there are any, in equal parts. Else a partition that
/// merges its spilled runs takes all that is free, and another that is about to spill finds nothing to do it with.
#[derive(Debug)]
pub(super) struct SharedMemory {
    /// In bytes.
    size: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Operators that can spill.
    spilling: usize,
    merging: usize,
    /// In bytes, of operators that can spill.
    spillable: usize,
    /// In bytes, of all others.
    held: usize,
}

impl SharedMemory {
    pub(super) fn new(size: usize) -> Self {
        Self { size, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The consumer's count, where it has one.
    fn count(&mut self, consumer: &MemoryConsumer) -> Option<&mut usize> {
        if consumer.can_spill() {
            Some(&mut self.spilling)
        } else if consumer.name().starts_with(MERGE) {
            Some(&mut self.merging)
        } else {
            None
        }
    }

    fn bytes(&mut self, reservation: &MemoryReservation) -> &mut usize {
        if reservation.consumer().can_spill() { &mut self.spillable } else { &mut self.held }
    }

    /// How far the reservation may grow now.
    fn room(&self, size: usize, reservation: &MemoryReservation) -> usize {
        let consumer = reservation.consumer();
        let for_merges = if self.merging > 0 { size / 2 } else { 0 };
        if consumer.can_spill() {
            let shared = size - self.held.max(for_merges).min(size);
            return (shared / self.spilling.max(1)).saturating_sub(reservation.size());
        }
        let free = size.saturating_sub(self.held + self.spillable);
        if consumer.name().starts_with(MERGE) {
            free.min((for_merges / self.merging.max(1)).saturating_sub(reservation.size()))
        } else {
            free
        }
    }
}

impl MemoryPool for SharedMemory {
    fn name(&self) -> &'static str {
        "shared"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        if let Some(count) = self.state().count(consumer) {
            *count += 1;
        }
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        if let Some(count) = self.state().count(consumer) {
            *count -= 1;
        }
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        *self.state().bytes(reservation) += additional;
    }

    fn shrink(&self, reservation: &MemoryReservation, bytes: usize) {
        *self.state().bytes(reservation) -= bytes;
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let mut state = self.state();
        let room = state.room(self.size, reservation);
        if additional > room {
            return Err(resources_datafusion_err!(
                "{} has {} bytes and needs {additional} more; it may have {room}",
                reservation.consumer().name(),
                reservation.size()
            ));
        }
        *state.bytes(reservation) += additional;
        Ok(())
    }

    fn reserved(&self) -> usize {
        let state = self.state();
        state.held + state.spillable
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.size)
    }
}

impl fmt::Display for SharedMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shared(pool_size: {})", self.size)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn sorter(name: &str, pool: &Arc<dyn MemoryPool>) -> MemoryReservation {
        MemoryConsumer::new(name).with_can_spill(true).register(pool)
    }

    fn other(name: &str, pool: &Arc<dyn MemoryPool>) -> MemoryReservation {
        MemoryConsumer::new(name).register(pool)
    }

    /// As far as it grows by steps of a byte.
    fn fill(reservation: &MemoryReservation) -> usize {
        while reservation.try_grow(1).is_ok() {}
        reservation.size()
    }

    #[test]
    fn a_greedy_merge_leaves_another_sort_what_it_spills_with() {
        let pool: Arc<dyn MemoryPool> = Arc::new(SharedMemory::new(1_000));
        let (sorting, merge) = (sorter("ExternalSorter[0]", &pool), other("ExternalSorterMerge[0]", &pool));
        let greedy = other("ExternalSorterMerge[1]", &pool);
        assert_eq!(fill(&greedy), 250);
        assert_eq!(fill(&sorting), 500);
        assert_eq!(fill(&merge), 250);
    }

    #[test]
    fn what_can_spill_shares_what_the_others_leave() {
        let pool: Arc<dyn MemoryPool> = Arc::new(SharedMemory::new(1_000));
        let (first, second) = (sorter("first", &pool), sorter("second", &pool));
        assert_eq!((fill(&first), fill(&second)), (500, 500));
        first.free();
        let join = other("join", &pool);
        assert_eq!(fill(&join), 500);
        assert!(first.try_grow(251).is_err());
        drop((second, join));
        assert_eq!(fill(&first), 1_000);
    }
}
