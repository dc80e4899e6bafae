//! Which results go first where there is too little room, on disk and in the app database alike: those whose last use,
//! plus a minute for each second of engine time per MiB that making them again would take (a cent counts as a minute of
//! it), a week at most, lies furthest back.

use std::time::Duration;

/// A week: what is dear stays for long, not for ever.
pub(crate) const MOST: Duration = Duration::from_secs(7 * 24 * 3600);
/// A file or a row takes that much, however little is in it.
const LEAST_BYTES: u64 = 4096;
const SECONDS_PER_CENT: f64 = 60.0;
const SECONDS_KEPT: f64 = 60.0;

/// By so much a result outlives its last use. `usd` is the price of making it again, `bytes` what it takes to keep it.
pub(crate) fn bonus(engine: Duration, usd: f64, bytes: u64) -> Duration {
    let seconds = engine.as_secs_f64() + usd.max(0.0) * 100.0 * SECONDS_PER_CENT;
    let mib = bytes.max(LEAST_BYTES) as f64 / f64::from(1 << 20);
    Duration::try_from_secs_f64(seconds / mib * SECONDS_KEPT).map_or(MOST, |bonus| bonus.min(MOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn a_second_per_mebibyte_is_a_minute() {
        assert_eq!(bonus(Duration::from_secs(1), 0.0, MIB), Duration::from_secs(60));
        assert_eq!(bonus(Duration::from_secs(1), 0.0, 60 * MIB), Duration::from_secs(1));
        assert_eq!(bonus(Duration::ZERO, 0.01, MIB), Duration::from_secs(3600));
        assert_eq!(bonus(Duration::ZERO, 0.0, 0), Duration::ZERO);
    }

    #[test]
    fn dearer_is_never_less_and_larger_never_more() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..1_000 {
            let (engine, usd, bytes) =
                (Duration::from_millis(random.u64(0..600_000)), random.f64() * 2.0, random.u64(0..1 << 31));
            let bonus_of = |engine, usd, bytes| {
                let bonus = bonus(engine, usd, bytes);
                assert!(bonus <= MOST);
                bonus
            };
            let here = bonus_of(engine, usd, bytes);
            assert!(bonus_of(engine + Duration::from_secs(1), usd, bytes) >= here);
            assert!(bonus_of(engine, usd + 0.01, bytes) >= here);
            assert!(bonus_of(engine, usd, bytes * 2) <= here);
        }
    }

    #[test]
    fn no_cost_whatever_keeps_a_result_for_ever() {
        for usd in [f64::INFINITY, f64::NAN, 1e300, -1.0] {
            assert!(bonus(Duration::MAX, usd, 0) <= MOST);
        }
    }
}
