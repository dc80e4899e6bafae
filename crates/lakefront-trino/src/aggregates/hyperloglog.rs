//! HyperLogLog: how many different hashes there were, about.
//!
//! Up to a size, 26 bits of each hash are kept, which counts exactly but for collisions; after that, the longest run of
//! zeros for each of 2^p buckets. Few buckets in use are counted linearly, more by the harmonic mean of the runs, whose
//! bias is taken off by the expectation of that mean (Flajolet et al.; Heule et al. give the same by tables).

const PREFIX_BITS: u32 = 26;
const VALUE_BITS: u32 = 6;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HyperLogLog {
    index_bits: u32,
    kept: Kept,
}

#[derive(Debug, Clone, PartialEq)]
enum Kept {
    /// Sorted: the prefix of a hash, then the zeros after it.
    Prefixes(Vec<u32>),
    Runs(Vec<u8>),
}

fn zeros_after(hash: u64, bits: u32) -> u32 {
    ((hash << bits) | (1 << (bits - 1))).leading_zeros()
}

impl HyperLogLog {
    /// Of `approx_set`.
    pub(crate) const BUCKETS_OF_SETS: u32 = 4096;

    /// With a power of two of buckets.
    pub(crate) fn new(buckets: u32) -> Self {
        Self { index_bits: buckets.trailing_zeros(), kept: Kept::Prefixes(Vec::new()) }
    }

    /// Buckets that are enough for a standard error.
    pub(crate) fn buckets_for(error: f64) -> u32 {
        ((1.0816 / (error * error)).ceil() as u32).next_power_of_two()
    }

    fn buckets(&self) -> usize {
        1 << self.index_bits
    }

    pub(crate) fn kept_bytes(&self) -> usize {
        match &self.kept {
            Kept::Prefixes(entries) => size_of_val(entries.as_slice()),
            Kept::Runs(runs) => runs.len(),
        }
    }

    pub(crate) fn add(&mut self, hash: i64) {
        let hash = hash as u64;
        match &mut self.kept {
            Kept::Runs(runs) => {
                let run = &mut runs[(hash >> (64 - self.index_bits)) as usize];
                *run = (*run).max(zeros_after(hash, self.index_bits) as u8 + 1);
            }
            Kept::Prefixes(entries) => {
                let prefix = (hash >> (64 - PREFIX_BITS)) as u32;
                let entry = prefix << VALUE_BITS | zeros_after(hash, PREFIX_BITS);
                match entries.binary_search_by_key(&prefix, |entry| entry >> VALUE_BITS) {
                    Ok(at) => entries[at] = entries[at].max(entry),
                    Err(at) => entries.insert(at, entry),
                }
                self.spread_if_large();
            }
        }
    }

    fn spread_if_large(&mut self) {
        let Kept::Prefixes(entries) = &self.kept else { return };
        // An array that grows by ten at a time, against half a byte for each bucket.
        let slots = entries.len().saturating_sub(1).div_ceil(10) * 10 + 1;
        if 24 + 16 + 4 * slots > 40 + 16 + self.buckets() / 2 {
            self.kept = Kept::Runs(self.runs());
        }
    }

    fn runs(&self) -> Vec<u8> {
        let entries = match &self.kept {
            Kept::Runs(runs) => return runs.clone(),
            Kept::Prefixes(entries) => entries,
        };
        let mut runs = vec![0u8; self.buckets()];
        for entry in entries {
            let bucket = (entry >> (32 - self.index_bits)) as usize;
            let bits = PREFIX_BITS - self.index_bits;
            let mut zeros = (entry << self.index_bits).leading_zeros();
            if zeros >= bits {
                zeros = bits + (entry & ((1 << VALUE_BITS) - 1));
            }
            runs[bucket] = runs[bucket].max(zeros as u8 + 1);
        }
        runs
    }

    /// The same in buckets, however few hashes there were.
    pub(crate) fn dense(&self) -> Self {
        Self { index_bits: self.index_bits, kept: Kept::Runs(self.runs()) }
    }

    /// Whether both have as many buckets.
    pub(crate) fn fits(&self, other: &HyperLogLog) -> bool {
        self.index_bits == other.index_bits
    }

    /// Both must have as many buckets.
    pub(crate) fn merge(&mut self, other: &HyperLogLog) {
        if let (Kept::Prefixes(own), Kept::Prefixes(others)) = (&mut self.kept, &other.kept) {
            for entry in others {
                match own.binary_search_by_key(&(entry >> VALUE_BITS), |entry| entry >> VALUE_BITS) {
                    Ok(at) => own[at] = own[at].max(*entry),
                    Err(at) => own.insert(at, *entry),
                }
            }
            self.spread_if_large();
            return;
        }
        let mut runs = self.runs();
        for (run, other) in runs.iter_mut().zip(other.runs()) {
            *run = (*run).max(other);
        }
        self.kept = Kept::Runs(runs);
    }

    pub(crate) fn cardinality(&self) -> i64 {
        let linear = |zero: f64, all: f64| (all * (all / zero).ln()).round() as i64;
        let runs = match &self.kept {
            Kept::Prefixes(entries) => {
                let all = f64::from(1u32 << PREFIX_BITS);
                return linear(all - entries.len() as f64, all);
            }
            Kept::Runs(runs) => runs,
        };
        let all = runs.len() as f64;
        let zero = runs.iter().filter(|run| **run == 0).count() as f64;
        if zero > 0.4 * all {
            return linear(zero, all);
        }
        let sum: f64 = runs.iter().map(|run| 0.5f64.powi((*run).into())).sum();
        let raw = alpha(self.index_bits) * all * all / sum;
        if raw > 5.0 * all { raw.round() as i64 } else { unbiased(raw, self.index_bits).round() as i64 }
    }

    /// As Trino writes it.
    pub(crate) fn write(&self) -> Vec<u8> {
        match &self.kept {
            Kept::Prefixes(entries) => {
                let mut bytes = vec![2, self.index_bits as u8];
                bytes.extend((entries.len() as u16).to_le_bytes());
                bytes.extend(entries.iter().flat_map(|entry| entry.to_le_bytes()));
                bytes
            }
            Kept::Runs(runs) => {
                let base = runs.iter().copied().min().unwrap_or(0);
                let mut bytes = vec![3, self.index_bits as u8, base];
                let delta = |run: u8| (run - base).min(15);
                bytes.extend(runs.chunks(2).map(|pair| delta(pair[0]) << 4 | delta(pair[pair.len() - 1])));
                let over: Vec<(u16, u8)> = runs
                    .iter()
                    .enumerate()
                    .filter(|(_, run)| **run - base > 15)
                    .map(|(bucket, run)| (bucket as u16, run - base - 15))
                    .collect();
                bytes.extend((over.len() as u16).to_le_bytes());
                bytes.extend(over.iter().flat_map(|(bucket, _)| bucket.to_le_bytes()));
                bytes.extend(over.iter().map(|(_, run)| run));
                bytes
            }
        }
    }

    /// Reads what [`Self::write`] wrote, or Trino.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (&kind, rest) = bytes.split_first()?;
        let (&index_bits, rest) = rest.split_first()?;
        let index_bits = u32::from(index_bits);
        if !(1..=16).contains(&index_bits) {
            return None;
        }
        match kind {
            2 => {
                let (count, rest) = rest.split_first_chunk::<2>()?;
                let (entries, left) = rest.as_chunks::<4>();
                if entries.len() != usize::from(u16::from_le_bytes(*count)) || !left.is_empty() {
                    return None;
                }
                let entries = entries.iter().map(|entry| u32::from_le_bytes(*entry)).collect();
                Some(Self { index_bits, kept: Kept::Prefixes(entries) })
            }
            3 => {
                let (&base, rest) = rest.split_first()?;
                let buckets = 1usize << index_bits;
                let (deltas, rest) = rest.split_at_checked(buckets / 2)?;
                let mut runs: Vec<u8> = deltas
                    .iter()
                    .flat_map(|pair| [pair >> 4, pair & 15])
                    .map(|delta| base.saturating_add(delta))
                    .collect();
                let (count, rest) = rest.split_first_chunk::<2>()?;
                let count = usize::from(u16::from_le_bytes(*count));
                let (places, over) = rest.split_at_checked(2 * count)?;
                if over.len() != count {
                    return None;
                }
                for (place, over) in places.as_chunks::<2>().0.iter().zip(over) {
                    let run = runs.get_mut(usize::from(u16::from_le_bytes(*place)))?;
                    *run = run.checked_add(*over)?;
                }
                Some(Self { index_bits, kept: Kept::Runs(runs) })
            }
            _ => None,
        }
    }
}

fn alpha(index_bits: u32) -> f64 {
    match index_bits {
        4 => 0.673,
        5 => 0.697,
        6 => 0.709,
        bits => 0.7213 / (1.0 + 1.079 / f64::from(1u32 << bits)),
    }
}

/// The raw estimate that is to be expected for a number of hashes.
fn expected(count: f64, index_bits: u32) -> f64 {
    let all = f64::from(1u32 << index_bits);
    let load = count / all;
    let below = |run: i32| (-load * 0.5f64.powi(run)).exp();
    let mean = below(0) + (1..64).map(|run| 0.5f64.powi(run) * (below(run) - below(run - 1))).sum::<f64>();
    alpha(index_bits) * all / mean
}

/// The number of hashes for which a raw estimate is to be expected.
fn unbiased(raw: f64, index_bits: u32) -> f64 {
    let (mut low, mut high) = (0.0, 2.0 * raw);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if expected(middle, index_bits) < raw {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use super::super::hash;
    use super::HyperLogLog;

    fn of(values: std::ops::Range<i64>) -> HyperLogLog {
        let mut log = HyperLogLog::new(2048);
        values.for_each(|value| log.add(hash::of_long(value)));
        log
    }

    #[test]
    fn counts_are_within_three_standard_errors() {
        for count in [0, 1, 100, 250, 300, 1_500, 2_000, 4_000, 9_000, 20_000, 200_000] {
            let found = of(0..count).cardinality();
            assert!((found - count).abs() as f64 <= 0.07 * count as f64, "{found} for {count}");
            if count <= 250 {
                assert_eq!(found, count);
            }
        }
    }

    #[test]
    fn merging_and_writing_lose_nothing() {
        for (first, second) in [(0..50, 20..90), (0..50, 20..900), (0..900, 20..90), (0..9_000, 500..15_000)] {
            let mut merged = of(first.clone());
            merged.merge(&of(second.clone()));
            assert_eq!(merged, of(first.start..second.end.max(first.end)));
            assert_eq!(HyperLogLog::read(&merged.write()).unwrap(), merged);
        }
    }
}
