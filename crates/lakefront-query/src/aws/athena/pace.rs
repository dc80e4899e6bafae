//! When running queries are looked at.
//!
//! A query of age *t* is looked at every 5 % of *t*, at least every 5 s and at most every 50 ms: its end is seen after
//! 2.5 % of its run time on average, 75 ms for 3 s. That takes some 90 looks in 30 s. A look is at up to 50 queries, so
//! those that run together share theirs: the more there are, the more often they are looked at, down to every 2 % of
//! *t*. The allowance keeps all of them to one look per second and running query, but for a burst, which a query that
//! runs alone lives on.

use std::time::{Duration, Instant};

const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(5);
const SHARE_OF_AGE: f64 = 0.05;
const LEAST_SHARE_OF_AGE: f64 = 0.02;
/// Of the looks that are allowed, what those of one pace take; young queries need the others.
const SHARE_OF_ALLOWANCE: f64 = 0.8;
const BURST: f64 = 30.0;

/// The time until a query of this age, one of so many, is looked at again.
pub(super) fn interval(age: Duration, running: usize) -> Duration {
    let shared = Duration::from_secs_f64(1.0 / (SHARE_OF_ALLOWANCE * running.max(1) as f64));
    let soonest = shared.max(age.mul_f64(LEAST_SHARE_OF_AGE));
    age.mul_f64(SHARE_OF_AGE).min(soonest).clamp(SHORTEST, LONGEST)
}

/// Looks that may be made: one per second and running query, at least one, saved up to a burst.
#[derive(Debug)]
pub(super) struct Allowance {
    looks: f64,
    counted_at: Instant,
}

impl Allowance {
    pub(super) fn new(now: Instant) -> Self {
        Self { looks: BURST, counted_at: now }
    }

    /// Takes one look, and says how long to wait for it.
    pub(super) fn take(&mut self, now: Instant, running: usize) -> Duration {
        let per_second = running.max(1) as f64;
        let earned = now.saturating_duration_since(self.counted_at).as_secs_f64() * per_second;
        self.looks = (self.looks + earned).min(BURST) - 1.0;
        self.counted_at = now;
        Duration::from_secs_f64((-self.looks).max(0.0) / per_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks at one query, or several of the same age, for so long: (looks, longest gap at the end).
    fn looks(running: usize, seconds: f64) -> (usize, Duration) {
        let begin = Instant::now();
        let mut allowance = Allowance::new(begin);
        let (mut now, mut count, mut gap) = (begin, 0, Duration::ZERO);
        while (now - begin).as_secs_f64() < seconds {
            let wait = interval(now - begin, running);
            let wait = wait + allowance.take(now + wait, running);
            (now, gap, count) = (now + wait, wait, count + 1);
        }
        (count, gap)
    }

    #[test]
    fn short_runs_are_seen_at_once_and_long_ones_cost_little() {
        let (count, gap) = looks(1, 1.0);
        assert!(count <= 25 && gap <= Duration::from_millis(65), "{count} {gap:?}");
        // Alone: the burst, and one a second.
        let (count, _) = looks(1, 30.0);
        assert!(count <= 60, "{count}");
        let (count, gap) = looks(1, 3_600.0);
        assert!(count <= 900 && gap <= Duration::from_millis(5_001), "{count} {gap:?}");
    }

    #[test]
    fn many_runs_share_their_looks() {
        for (running, seconds) in [(20, 5.0), (10, 30.0), (50, 3.0), (50, 300.0)] {
            let (count, _) = looks(running, seconds);
            let per_second_and_query = count as f64 / seconds / running as f64;
            assert!(per_second_and_query <= 1.0, "{running} for {seconds} s: {per_second_and_query}");
        }
        let (_, gap) = looks(10, 3.0);
        assert!(gap <= Duration::from_millis(130), "{gap:?}");
        let (_, gap) = looks(10, 300.0);
        assert!(gap >= Duration::from_secs(5), "{gap:?}");
    }

    #[test]
    fn a_burst_is_earned_again() {
        let begin = Instant::now();
        let mut allowance = Allowance::new(begin);
        assert_eq!((0..30).filter(|_| allowance.take(begin, 1) == Duration::ZERO).count(), 30);
        assert_eq!(allowance.take(begin, 1), Duration::from_secs(1));
        assert_eq!(allowance.take(begin + Duration::from_secs(2), 1), Duration::ZERO);
    }
}
