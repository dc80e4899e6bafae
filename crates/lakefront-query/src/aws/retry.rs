//! How often and when something is tried again.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::AwsError;
use crate::backoff;

const CAPACITY: u32 = 500;
const COST: u32 = 5;

/// Tries of one call, the first included.
const ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Retries that all calls of one client share: when AWS is down, hundred failing calls must not become five hundred.
/// The sizes are those of the SDKs' standard mode.
#[derive(Debug)]
pub(super) struct Budget(AtomicU32);

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicU32::new(CAPACITY))
    }
}

impl Budget {
    /// Whether one more retry may be made; it is paid for.
    pub(super) fn spend(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(COST)).is_ok()
    }

    /// A call went well.
    pub(super) fn earn(&self) {
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| (left < CAPACITY).then_some(left + 1));
    }
}

/// What is left of one call's tries.
pub(super) struct Patience<'a> {
    budget: &'a Budget,
    failures: u32,
}

impl<'a> Patience<'a> {
    pub(super) fn new(budget: &'a Budget) -> Self {
        Self { budget, failures: 0 }
    }

    pub(super) fn rewarded(&self) {
        self.budget.earn();
    }

    /// Waits before the next try, or gives the error back where there is none.
    pub(super) async fn bear(&mut self, error: AwsError) -> Result<(), AwsError> {
        if !error.may_pass() || self.failures + 1 >= ATTEMPTS || !self.budget.spend() {
            return Err(error);
        }
        tracing::debug!(operation = error.operation, "trying {} again: {error}", error.operation);
        tokio::time::sleep(pause(self.failures)).await;
        self.failures += 1;
        Ok(())
    }
}

/// The pause after failure number `attempt` (from 0).
pub(super) fn pause(attempt: u32) -> Duration {
    backoff::pause(attempt, FIRST_PAUSE, LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_spent_and_earned_again() {
        let budget = Budget::default();
        assert_eq!((0..200).filter(|_| budget.spend()).count(), 100);
        for _ in 0..4 {
            budget.earn();
        }
        assert!(!budget.spend());
        budget.earn();
        assert!(budget.spend());
    }
}
