//! T-digest (Dunning: Computing Extremely Accurate Quantiles Using t-Digests): quantiles of numbers, about.
//!
//! Centroids are merged as in Trino, so that the same numbers in the same order give the same quantiles.

const COMPRESSION: f64 = 100.0;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TDigest {
    compression: f64,
    /// As many are kept before they are merged.
    most: usize,
    min: f64,
    max: f64,
    total: f64,
    /// Means and weights.
    centroids: Vec<(f64, f64)>,
    /// Numbers that came after these, each of weight 1, by their `key`.
    ones: Vec<i64>,
    backwards: bool,
    unmerged: bool,
}

/// How heavy a centroid may be, by where it stands.
#[derive(Clone, Copy)]
struct Scale {
    total: f64,
    normalizer: f64,
}

/// For centroids that begin at one place.
#[derive(Clone, Copy)]
struct Room {
    share: f64,
    /// Where the rule changes its answer, but for its rounding; NaN if that is not known.
    about: f64,
}

impl Scale {
    fn new(total: f64, compression: f64) -> Self {
        Self { total, normalizer: compression / (4.0 * (total / compression).ln() + 24.0) }
    }

    fn share(self, quantile: f64) -> f64 {
        quantile * (1.0 - quantile) / self.normalizer
    }

    fn room(self, before: f64) -> Room {
        let share = self.share(before / self.total);
        // Digests that others wrote may hold any weights.
        if !(self.normalizer > 1.0 && (0.0..=self.total).contains(&before)) {
            return Room { share, about: f64::NAN };
        }
        // The positive root of `x² + 2x·half − product`, which is where the second half of the rule turns.
        let half = before + (self.normalizer - 1.0) * self.total / 2.0;
        let product = before * (self.total - before);
        let root = product / (half + (half * half + product).sqrt());
        let most = self.total * share;
        Room { share, about: if root > most { most } else { root } }
    }

    /// Whether a centroid after so much weight may be so heavy. Only near to where the rule turns is it asked itself,
    /// with its divisions; and where the weight is so small a share that rounding reaches far.
    fn has_place(self, weight: f64, before: f64, room: Room) -> bool {
        if weight >= self.total * 1e-9 {
            if weight < room.about * 0.999_999 {
                return true;
            }
            if weight > room.about * 1.000_001 {
                return false;
            }
        }
        let quantile = ((before + weight) / self.total).min(1.0);
        weight <= self.total * room.share.min(self.share(quantile))
    }
}

fn most(compression: f64) -> usize {
    (6.0 * (2.0 * compression + 10.0)) as usize
}

/// A whole number that is in the order of `f64::total_cmp`: comparing such takes one instruction.
fn key(number: f64) -> i64 {
    turned(number.to_bits().cast_signed())
}

fn of_key(key: i64) -> f64 {
    f64::from_bits(turned(key).cast_unsigned())
}

/// Negative numbers from the largest amount on; its own inverse.
fn turned(bits: i64) -> i64 {
    bits ^ (bits >> 63 & i64::MAX)
}

impl Default for TDigest {
    fn default() -> Self {
        Self::new(COMPRESSION)
    }
}

impl TDigest {
    pub(crate) fn new(compression: f64) -> Self {
        Self {
            compression,
            most: most(compression),
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            total: 0.0,
            centroids: Vec::new(),
            ones: Vec::new(),
            backwards: false,
            unmerged: false,
        }
    }

    pub(crate) fn kept_bytes(&self) -> usize {
        size_of_val(self.centroids.as_slice()) + size_of_val(self.ones.as_slice())
    }

    /// Adds a finite number.
    pub(crate) fn add(&mut self, value: f64, weight: f64) {
        if self.centroids.len() + self.ones.len() >= self.most {
            self.compact(2.0 * self.compression);
        }
        if weight == 1.0 {
            self.ones.push(key(value));
        } else {
            self.line_up();
            self.centroids.push((value, weight));
        }
        self.total += weight;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.unmerged = true;
    }

    pub(crate) fn merge(&mut self, other: &TDigest) {
        self.line_up();
        self.centroids.extend_from_slice(&other.centroids);
        self.ones.extend_from_slice(&other.ones);
        self.total += other.total;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.unmerged = true;
        if self.centroids.len() + self.ones.len() > self.most {
            self.compact(2.0 * self.compression);
        }
    }

    fn line_up(&mut self) {
        self.centroids.extend(self.ones.drain(..).map(|one| (of_key(one), 1.0)));
    }

    /// From the least mean, in the order they came where it is the same.
    fn sort(&mut self) {
        self.centroids.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        self.ones.sort_unstable();
        if self.centroids.is_empty() {
            return self.line_up();
        }
        let mut sorted = Vec::with_capacity(self.centroids.len() + self.ones.len());
        let mut ones = self.ones.drain(..).peekable();
        for centroid in &self.centroids {
            let until = key(centroid.0);
            while let Some(one) = ones.next_if(|one| *one < until) {
                sorted.push((of_key(one), 1.0));
            }
            sorted.push(*centroid);
        }
        sorted.extend(ones.map(|one| (of_key(one), 1.0)));
        self.centroids = sorted;
    }

    fn compact(&mut self, compression: f64) {
        self.sort();
        if self.centroids.is_empty() {
            return;
        }
        if self.backwards {
            self.centroids.reverse();
        }
        let scale = Scale::new(self.total, compression);
        let mut merged = Vec::with_capacity(self.centroids.len());
        let (mut mean, mut weight) = self.centroids[0];
        let mut before = 0.0;
        let mut room = scale.room(before);
        for &(next_mean, next_weight) in &self.centroids[1..] {
            let both = weight + next_weight;
            if scale.has_place(both, before, room) {
                mean += (next_mean - mean) * next_weight / both;
                weight = both;
            } else {
                merged.push((mean, weight));
                before += weight;
                room = scale.room(before);
                (mean, weight) = (next_mean, next_weight);
            }
        }
        merged.push((mean, weight));
        if self.backwards {
            merged.reverse();
        }
        self.backwards = !self.backwards;
        self.centroids = merged;
    }

    /// The value at a quantile from 0 to 1; NaN if there are none.
    pub(crate) fn value_at(&self, quantile: f64) -> f64 {
        let mut merged;
        let digest = if self.unmerged {
            merged = self.clone();
            merged.compact(2.0 * self.compression);
            &merged
        } else {
            self
        };
        digest.interpolated(quantile)
    }

    fn interpolated(&self, quantile: f64) -> f64 {
        let between = |x: f64, (x0, y0): (f64, f64), (x1, y1): (f64, f64)| y0 + (x - x0) / (x1 - x0) * (y1 - y0);
        let (first, last) = match self.centroids.as_slice() {
            [] => return f64::NAN,
            [(mean, _)] => return *mean,
            [first, .., last] => (*first, *last),
        };
        let offset = quantile * self.total;
        if offset < 1.0 {
            return self.min;
        }
        if offset < first.1 / 2.0 {
            return between(offset, (1.0, self.min), (first.1 / 2.0, first.0));
        }
        let top = || between(self.total - offset, (1.0, self.max), (last.1 / 2.0, last.0));
        if offset <= self.total - 1.0 && self.total - offset <= last.1 / 2.0 && last.1 / 2.0 > 1.0 {
            return top();
        }
        if offset >= self.total - 1.0 {
            return self.max;
        }
        let mut before = first.1 / 2.0;
        for pair in self.centroids.windows(2) {
            let ((left, left_weight), (right, right_weight)) = (pair[0], pair[1]);
            let delta = f64::midpoint(left_weight, right_weight);
            if before + delta <= offset {
                before += delta;
                continue;
            }
            let inside = offset - before;
            return if left_weight == 1.0 && inside < 0.5 {
                left
            } else if right_weight == 1.0 && inside >= left_weight / 2.0 {
                right
            } else if left_weight == 1.0 {
                between(inside - 0.5, (0.0, left), (right_weight / 2.0, right))
            } else if right_weight == 1.0 {
                between(inside, (0.0, left), (left_weight / 2.0, right))
            } else {
                between(inside, (0.0, left), (delta, right))
            };
        }
        if offset <= self.total - 1.0 && last.1 / 2.0 > 1.0 { top() } else { self.max }
    }

    /// As Trino writes it.
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut digest = self.clone();
        digest.compact(self.compression);
        let mut bytes = vec![0];
        for number in [digest.min, digest.max, digest.compression, digest.total] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend((digest.centroids.len() as u32).to_le_bytes());
        bytes.extend(digest.centroids.iter().flat_map(|(mean, _)| mean.to_le_bytes()));
        bytes.extend(digest.centroids.iter().flat_map(|(_, weight)| weight.to_le_bytes()));
        bytes
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(&[0])?;
        let (head, rest) = rest.split_at_checked(32)?;
        let head: Vec<f64> = head.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
        let (count, rest) = rest.split_first_chunk::<4>()?;
        let count = u32::from_le_bytes(*count) as usize;
        let (numbers, left) = rest.as_chunks::<8>();
        if numbers.len() != count.checked_mul(2)? || !left.is_empty() {
            return None;
        }
        let number = |at: usize| f64::from_le_bytes(numbers[at]);
        Some(Self {
            min: head[0],
            max: head[1],
            compression: head[2],
            most: most(head[2]),
            total: head[3],
            centroids: (0..count).map(|at| (number(at), number(count + at))).collect(),
            ones: Vec::new(),
            backwards: false,
            unmerged: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_are_in_the_order_of_numbers(a: f64, b: f64) {
            prop_assert_eq!(key(a).cmp(&key(b)), a.total_cmp(&b));
            prop_assert_eq!(of_key(key(a)).to_bits(), a.to_bits());
        }

        #[test]
        fn where_the_rule_turns_is_known(
            size in 0.0..15.0f64,
            rest in 0.0..12.0f64,
            off in 3.0..10.0f64,
            light in -9.0..3.0f64,
            compression in 10.0..1000.0f64,
        ) {
            let scale = Scale::new(10f64.powf(size), compression);
            let rest = scale.total * 10f64.powf(-rest);
            for before in [rest, scale.total - rest, -rest] {
                let room = scale.room(before);
                let unknown = Room { about: f64::NAN, ..room };
                let near = [1.0 - 10f64.powf(-off), 1.0, 1.0 + 10f64.powf(-off)].map(|times| times * room.about);
                for weight in near.into_iter().chain([1.0, 10f64.powf(light), -10f64.powf(light)]) {
                    let (by_it, by_rule) =
                        (scale.has_place(weight, before, room), scale.has_place(weight, before, unknown));
                    prop_assert_eq!(by_it, by_rule, "{} after {} of {}", weight, before, scale.total);
                }
            }
        }
    }
}
