//! How far texts are from each other.

use datafusion::arrow::array::ArrayRef;

use super::super::super::{Function, scalar};
use crate::call::Call;
use crate::error::{Error, Result};

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("levenshtein_distance", "(varchar, varchar) -> bigint", levenshtein_distance),
        scalar("hamming_distance", "(varchar, varchar) -> bigint", hamming_distance),
    ]
}

fn levenshtein_distance(call: &Call) -> Result<ArrayRef> {
    let (a, b) = (call.text(0), call.text(1));
    call.bigints(|row| {
        let (Some(a), Some(b)) = (a.get(row), b.get(row)) else { return Ok(None) };
        let (mut long, mut short): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
        if long.len() < short.len() {
            std::mem::swap(&mut long, &mut short);
        }
        if short.is_empty() {
            return Ok(Some(long.len() as i64));
        }
        if long.len().saturating_mul(short.len() - 1) > 1_000_000 {
            return Err(Error::invalid_argument("The combined inputs for Levenshtein distance are too large"));
        }
        let mut distances: Vec<i64> = (0..=short.len() as i64).collect();
        for (i, a) in long.iter().enumerate() {
            let mut diagonal = distances[0];
            distances[0] = i as i64 + 1;
            for (j, b) in short.iter().enumerate() {
                let substituted = diagonal + i64::from(a != b);
                diagonal = distances[j + 1];
                distances[j + 1] = substituted.min(diagonal + 1).min(distances[j] + 1);
            }
        }
        Ok(distances.last().copied())
    })
}

fn hamming_distance(call: &Call) -> Result<ArrayRef> {
    let (a, b) = (call.text(0), call.text(1));
    call.bigints(|row| {
        let (Some(a), Some(b)) = (a.get(row), b.get(row)) else { return Ok(None) };
        if a.chars().count() != b.chars().count() {
            return Err(Error::invalid_argument(
                "The input strings to hamming_distance function must have the same length",
            ));
        }
        Ok(Some(a.chars().zip(b.chars()).filter(|(a, b)| a != b).count() as i64))
    })
}
