//! Pauses before something is tried again.

use std::time::Duration;

/// The pause after failure number `attempt` (from 0): the first one doubled each time up to the longest, of which between
/// half and all, so that those who failed together do not come back together.
pub(crate) fn pause(attempt: u32, first: Duration, longest: Duration) -> Duration {
    let whole = first.saturating_mul(1 << attempt.min(20)).min(longest);
    whole.mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let (first, longest) = (Duration::from_millis(100), Duration::from_secs(5));
        for (attempt, least, most) in
            [(0, 50, 100), (1, 100, 200), (5, 1_600, 3_200), (6, 2_500, 5_000), (90, 2_500, 5_000)]
        {
            let pause = pause(attempt, first, longest).as_millis();
            assert!((least..=most).contains(&pause), "{attempt}: {pause} ms");
        }
    }
}
