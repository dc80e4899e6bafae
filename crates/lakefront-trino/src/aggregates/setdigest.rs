//! What sets have in common, about: the smallest hashes of a set and how often each came, and a HyperLogLog of all.

use std::collections::BTreeMap;

use super::hash;
use super::hyperloglog::HyperLogLog;

const BUCKETS: u32 = 2048;
const MOST_HASHES: usize = 8192;

#[derive(Debug, Clone)]
pub(crate) struct SetDigest {
    log: HyperLogLog,
    most: usize,
    hashes: BTreeMap<i64, i16>,
}

impl Default for SetDigest {
    fn default() -> Self {
        Self { log: HyperLogLog::new(BUCKETS), most: MOST_HASHES, hashes: BTreeMap::new() }
    }
}

impl SetDigest {
    pub(crate) fn kept_bytes(&self) -> usize {
        self.log.kept_bytes() + self.hashes.len() * 3 * size_of::<i64>()
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        let hash = hash::murmur(bytes);
        self.log.add(hash);
        self.count(hash, 1);
        self.shrink();
    }

    fn count(&mut self, hash: i64, more: i16) {
        let count = self.hashes.entry(hash).or_insert(0);
        *count = count.saturating_add(more);
    }

    fn shrink(&mut self) {
        while self.hashes.len() > self.most {
            self.hashes.pop_last();
        }
    }

    pub(crate) fn merge(&mut self, other: &SetDigest) {
        self.log.merge(&other.log);
        for (hash, count) in &other.hashes {
            self.count(*hash, *count);
        }
        self.shrink();
    }

    fn is_exact(&self) -> bool {
        self.hashes.len() < self.most
    }

    pub(crate) fn log(&self) -> &HyperLogLog {
        &self.log
    }

    pub(crate) fn counts(&self) -> impl Iterator<Item = (i64, i16)> {
        self.hashes.iter().map(|(hash, count)| (*hash, *count))
    }

    pub(crate) fn cardinality(&self) -> i64 {
        if self.is_exact() { self.hashes.len() as i64 } else { self.log.cardinality() }
    }

    /// The share of what two sets have in common.
    pub(crate) fn jaccard_index(&self, other: &SetDigest) -> f64 {
        let smaller = self.hashes.len().min(other.hashes.len());
        let mut all: Vec<i64> = self.hashes.keys().chain(other.hashes.keys()).copied().collect();
        all.sort_unstable();
        all.dedup();
        // Where a set is empty, one hash is looked at nevertheless.
        let looked_at = all.into_iter().take(smaller.max(1));
        let common = looked_at.filter(|hash| self.hashes.contains_key(hash) && other.hashes.contains_key(hash)).count();
        common as f64 / smaller as f64
    }

    pub(crate) fn intersection_cardinality(&self, other: &SetDigest) -> i64 {
        if self.is_exact() && other.is_exact() {
            return self.hashes.keys().filter(|hash| other.hashes.contains_key(hash)).count() as i64;
        }
        let mut both = self.clone();
        both.merge(other);
        let common = (self.jaccard_index(other) * both.cardinality() as f64).round() as i64;
        common.min(self.cardinality()).min(other.cardinality())
    }

    /// As Trino writes it.
    pub(crate) fn write(&self) -> Vec<u8> {
        let log = self.log.write();
        let mut bytes = vec![1];
        bytes.extend((log.len() as u32).to_le_bytes());
        bytes.extend(log);
        bytes.extend((self.most as u32).to_le_bytes());
        bytes.extend((self.hashes.len() as u32).to_le_bytes());
        bytes.extend(self.hashes.keys().flat_map(|hash| hash.to_le_bytes()));
        bytes.extend(self.hashes.values().flat_map(|count| count.to_le_bytes()));
        bytes
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let number = |bytes: &[u8; 4]| u32::from_le_bytes(*bytes) as usize;
        let rest = bytes.strip_prefix(&[1])?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (log, rest) = rest.split_at_checked(number(length))?;
        let (most, rest) = rest.split_first_chunk::<4>()?;
        let (count, rest) = rest.split_first_chunk::<4>()?;
        let (hashes, counts) = rest.split_at_checked(number(count).checked_mul(8)?)?;
        let hashes = hashes.as_chunks::<8>().0.iter().map(|hash| i64::from_le_bytes(*hash));
        let counts = counts.as_chunks::<2>().0.iter().map(|count| i16::from_le_bytes(*count));
        Some(Self { log: HyperLogLog::read(log)?, most: number(most), hashes: hashes.zip(counts).collect() })
    }
}
