//! Numbers in other bases, in buckets, and in vectors.

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{Float64Type, Int64Type};

use super::super::super::{Function, scalar};
use crate::call::Call;
use crate::error::{Error, Result};
use crate::lanes;
use crate::value::Value;

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("to_base", "(bigint, bigint) -> varchar(64)", to_base),
        scalar("from_base", "(varchar, bigint) -> bigint", from_base),
        scalar("width_bucket", "(double, double, double, bigint) -> bigint", width_bucket),
        scalar("width_bucket", "(double, array(double)) -> bigint", width_bucket_of_bins),
        scalar("cosine_similarity", "(map(varchar, double), map(varchar, double)) -> double", cosine_similarity),
    ]
}

fn radix(radix: i64) -> Result<u32> {
    match radix {
        2..=36 => Ok(radix as u32),
        _ => Err(Error::invalid_argument("Radix must be between 2 and 36")),
    }
}

fn to_base(call: &Call) -> Result<ArrayRef> {
    let (value, base) = (call.int(0)?, call.int(1)?);
    call.texts(|row| {
        let (Some(value), Some(base)) = (value.get(row), base.get(row)) else { return Ok(None) };
        let base = radix(base)?;
        let mut digits = Vec::new();
        let mut rest = value.unsigned_abs();
        loop {
            digits.extend(char::from_digit((rest % u64::from(base)) as u32, base));
            rest /= u64::from(base);
            if rest == 0 {
                break;
            }
        }
        if value < 0 {
            digits.push('-');
        }
        Ok(Some(digits.into_iter().rev().collect::<String>()))
    })
}

fn from_base(call: &Call) -> Result<ArrayRef> {
    let (text, base) = (call.text(0), call.int(1)?);
    call.bigints(|row| {
        let (Some(text), Some(base)) = (text.get(row), base.get(row)) else { return Ok(None) };
        let base = radix(base)?;
        i64::from_str_radix(text, base)
            .map(Some)
            .map_err(|_| Error::invalid_argument(format!("Not a valid base-{base} number: {text}")))
    })
}

fn width_bucket(call: &Call) -> Result<ArrayRef> {
    let (value, first, second, count) = (call.double(0)?, call.double(1)?, call.double(2)?, call.int(3)?);
    lanes::rows::<Int64Type>(call, |row| {
        let (Some(value), Some(first), Some(second), Some(count)) =
            (value.get(row), first.get(row), second.get(row), count.get(row))
        else {
            return Ok(0);
        };
        let refuse = |wrong: bool, why: &str| if wrong { Err(Error::invalid_argument(why)) } else { Ok(()) };
        refuse(count <= 0, "bucketCount must be greater than 0")?;
        refuse(value.is_nan(), "operand must not be NaN")?;
        refuse(!first.is_finite(), "first bound must be finite")?;
        refuse(!second.is_finite(), "second bound must be finite")?;
        refuse(first == second, "bounds cannot equal each other")?;
        let (lower, upper) = (first.min(second), first.max(second));
        let bucket = if value < lower {
            0
        } else if value >= upper {
            count
                .checked_add(1)
                .ok_or_else(|| Error::out_of_range(format!("Bucket for value {value} is out of range")))?
        } else {
            (count as f64 * (value - lower) / (upper - lower) + 1.0) as i64
        };
        Ok(if first > second { count.wrapping_sub(bucket).wrapping_add(1) } else { bucket })
    })
}

fn width_bucket_of_bins(call: &Call) -> Result<ArrayRef> {
    let value = call.double(0)?;
    let bins = call.array(1)?;
    let bins = bins.as_list::<i32>();
    let all = bins.values().as_primitive::<Float64Type>();
    lanes::rows::<Int64Type>(call, |row| {
        let Some(value) = value.get(row) else { return Ok(0) };
        let start = bins.value_offsets()[row] as usize;
        let bin = |at: usize| all.value(start + at);
        let (mut lower, mut upper) = (0, bins.value_length(row) as usize);
        // Trino reads what lies in memory there.
        if (0..upper).any(|at| all.is_null(start + at)) {
            return Err(Error::not_here("A null among bins"));
        }
        if upper == 0 {
            return Err(Error::invalid_argument("Bins cannot be an empty array"));
        }
        if value.is_nan() {
            return Err(Error::invalid_argument("Operand cannot be NaN"));
        }
        while lower < upper {
            if bin(lower) > bin(upper - 1) {
                return Err(Error::invalid_argument("Bin values are not sorted in ascending order"));
            }
            let middle = (lower + upper) / 2;
            let bound = bin(middle);
            if !bound.is_finite() {
                return Err(Error::invalid_argument(format!("Bin value must be finite, got {bound}")));
            }
            if value < bound {
                upper = middle;
            } else {
                lower = middle + 1;
            }
        }
        Ok(lower as i64)
    })
}

fn cosine_similarity(call: &Call) -> Result<ArrayRef> {
    let (a, b) = (call.any(0), call.any(1));
    call.doubles(|row| {
        let (Some(a), Some(b)) = (vector(a.get(row)), vector(b.get(row))) else { return Ok(None) };
        // From 0: what the iterator's own sum begins with is -0.
        let sum = |sum: f64, term: f64| sum + term;
        let norm = |vector: &[(String, f64)]| vector.iter().map(|(_, value)| value * value).fold(0.0, sum).sqrt();
        let other: std::collections::HashMap<&str, f64> = b.iter().map(|(key, value)| (key.as_str(), *value)).collect();
        let product = a.iter().filter_map(|(key, value)| Some(value * other.get(key.as_str())?)).fold(0.0, sum);
        Ok(Some(product / (norm(&a) * norm(&b))))
    })
}

/// `None` where a coordinate is null.
fn vector(map: Value) -> Option<Vec<(String, f64)>> {
    let Value::Map(entries) = map else { return None };
    entries
        .into_iter()
        .map(|entry| match entry {
            (Value::Text(key), Value::Double(value)) => Some((key, value)),
            _ => None,
        })
        .collect()
}
