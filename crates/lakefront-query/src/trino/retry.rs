//! How long to wait before asking again, and when to give up.

use std::time::Duration;

use tokio::time::Instant;

use crate::backoff;

/// Failures after each other: with the waits below, a quarter of a minute.
const IN_A_ROW: u32 = 10;
/// Nothing is lost while nothing has begun, and whoever asks waits: a few seconds.
const TO_BEGIN: u32 = 6;
/// All of the beginning, however slowly it fails.
const BEGINNING: Duration = Duration::from_secs(30);
/// Failures of a whole run: a Trino that answers every other time is not well.
const IN_A_RUN: u32 = 100;
/// Trino asks its clients to come again after 50 to 100 ms; longer each time, so that a crowd of them lets it recover.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(4);
/// A `Retry-After` beyond this is cut.
const LONGEST_ASKED: Duration = Duration::from_secs(30);

/// The failures a run may still have.
#[derive(Debug)]
pub(super) struct Patience {
    most_in_a_row: u32,
    in_a_row: u32,
    in_a_run: u32,
    /// When it is over in any case.
    ends: Option<Instant>,
}

impl Default for Patience {
    fn default() -> Self {
        Self { most_in_a_row: IN_A_ROW, in_a_row: 0, in_a_run: 0, ends: None }
    }
}

impl Patience {
    /// For a statement's first request.
    pub(super) fn to_begin() -> Self {
        Self::within(BEGINNING)
    }

    pub(super) fn within(limit: Duration) -> Self {
        Self { most_in_a_row: TO_BEGIN, ends: Some(Instant::now() + limit), ..Self::default() }
    }

    pub(super) fn ends(&self) -> Option<Instant> {
        self.ends
    }

    /// How long to wait after a failure, at least as long as the server asked for; `None` to give up.
    pub(super) fn after_failure(&mut self, asked: Option<Duration>) -> Option<Duration> {
        self.in_a_row += 1;
        self.in_a_run += 1;
        if self.in_a_row > self.most_in_a_row || self.in_a_run > IN_A_RUN {
            return None;
        }
        let own = backoff::pause(self.in_a_row - 1, FIRST_WAIT, LONGEST_WAIT);
        let wait = asked.map_or(own, |asked| asked.min(LONGEST_ASKED) + backoff::pause(0, FIRST_WAIT, LONGEST_WAIT));
        let in_time = self.ends.is_none_or(|ends| Instant::now() + wait < ends);
        in_time.then_some(wait)
    }

    pub(super) fn after_success(&mut self) {
        self.in_a_row = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        let mut patience = Patience::default();
        let waits: Vec<Duration> = std::iter::from_fn(|| patience.after_failure(None)).collect();
        assert_eq!(waits.len(), 10);
        assert!(waits[0] >= Duration::from_millis(50) && waits[0] <= Duration::from_millis(100), "{waits:?}");
        assert!(waits[9] >= Duration::from_secs(2) && waits[9] <= Duration::from_secs(4), "{waits:?}");
        patience.after_success();
        assert!(patience.after_failure(Some(Duration::from_secs(1))) >= Some(Duration::from_secs(1)));
        assert!(patience.after_failure(Some(Duration::from_secs(86_400))) <= Some(Duration::from_secs(61)));
    }

    #[test]
    fn a_wait_beyond_the_beginning_is_none() {
        let mut patience = Patience::to_begin();
        assert!(patience.after_failure(Some(Duration::from_secs(1))).is_some());
        assert!(patience.after_failure(Some(Duration::from_secs(86_400))).is_none());
    }

    #[test]
    fn a_run_has_only_so_much_patience() {
        let mut patience = Patience::default();
        let failures = std::iter::from_fn(|| {
            patience.after_success();
            patience.after_failure(None)
        });
        assert_eq!(failures.count(), 100);
    }
}
