//! The hashes that Trino tells values by: xxHash of 64 bits with seed 0.

use crate::error::{Error, Result};
use crate::types::Type;
use crate::value::{Value, utc_of_day};

const PRIME_1: u64 = 0x9E37_79B1_85EB_CA87;
const PRIME_2: u64 = 0xC2B2_AE3D_27D4_EB4F;
const PRIME_3: u64 = 0x1656_67B1_9E37_79F9;
const PRIME_4: u64 = 0x85EB_CA77_C2B2_AE63;
const PRIME_5: u64 = 0x27D4_EB2F_1656_67C5;

fn round(lane: u64, input: u64) -> u64 {
    lane.wrapping_add(input.wrapping_mul(PRIME_2)).rotate_left(31).wrapping_mul(PRIME_1)
}

/// xxHash64: <https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md>.
pub(super) fn of_bytes(bytes: &[u8]) -> i64 {
    let (stripes, rest) = bytes.as_chunks::<32>();
    let mut hash = if stripes.is_empty() {
        PRIME_5
    } else {
        let mut lanes = [PRIME_1.wrapping_add(PRIME_2), PRIME_2, 0, 0u64.wrapping_sub(PRIME_1)];
        for stripe in stripes {
            let (words, _) = stripe.as_chunks::<8>();
            for (lane, word) in lanes.iter_mut().zip(words) {
                *lane = round(*lane, u64::from_le_bytes(*word));
            }
        }
        let mixed = lanes[0]
            .rotate_left(1)
            .wrapping_add(lanes[1].rotate_left(7))
            .wrapping_add(lanes[2].rotate_left(12))
            .wrapping_add(lanes[3].rotate_left(18));
        lanes.iter().fold(mixed, |hash, lane| (hash ^ round(0, *lane)).wrapping_mul(PRIME_1).wrapping_add(PRIME_4))
    };
    hash = hash.wrapping_add(bytes.len() as u64);
    let (words, rest) = rest.as_chunks::<8>();
    for word in words {
        hash = (hash ^ round(0, u64::from_le_bytes(*word))).rotate_left(27).wrapping_mul(PRIME_1).wrapping_add(PRIME_4);
    }
    let (halves, rest) = rest.as_chunks::<4>();
    for half in halves {
        hash ^= u64::from(u32::from_le_bytes(*half)).wrapping_mul(PRIME_1);
        hash = hash.rotate_left(23).wrapping_mul(PRIME_2).wrapping_add(PRIME_3);
    }
    for byte in rest {
        hash ^= u64::from(*byte).wrapping_mul(PRIME_5);
        hash = hash.rotate_left(11).wrapping_mul(PRIME_1);
    }
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(PRIME_2);
    hash ^= hash >> 29;
    hash = hash.wrapping_mul(PRIME_3);
    (hash ^ (hash >> 32)) as i64
}

pub(super) fn of_long(value: i64) -> i64 {
    of_bytes(&value.to_le_bytes())
}

/// The first half of MurmurHash3's 128 bits (x64) with seed 0.
pub(super) fn murmur(bytes: &[u8]) -> i64 {
    const C_1: u64 = 0x87C3_7B91_1142_53D5;
    const C_2: u64 = 0x4CF5_AD43_2745_937F;
    let mix_1 = |word: u64| word.wrapping_mul(C_1).rotate_left(31).wrapping_mul(C_2);
    let mix_2 = |word: u64| word.wrapping_mul(C_2).rotate_left(33).wrapping_mul(C_1);
    let finish = |mut hash: u64| {
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xC4CE_B9FE_1A85_EC53);
        hash ^ (hash >> 33)
    };
    let word =
        |bytes: &[u8]| bytes.iter().enumerate().fold(0u64, |word, (at, byte)| word | u64::from(*byte) << (8 * at));
    let (blocks, rest) = bytes.as_chunks::<16>();
    let (mut a, mut b) = (0u64, 0u64);
    for block in blocks {
        a = (a ^ mix_1(word(&block[..8]))).rotate_left(27).wrapping_add(b).wrapping_mul(5).wrapping_add(0x52DC_E729);
        b = (b ^ mix_2(word(&block[8..]))).rotate_left(31).wrapping_add(a).wrapping_mul(5).wrapping_add(0x3849_5AB5);
    }
    let (first, second) = rest.split_at(rest.len().min(8));
    a ^= mix_1(word(first));
    b ^= mix_2(word(second));
    a ^= bytes.len() as u64;
    b ^= bytes.len() as u64;
    a = a.wrapping_add(b);
    b = b.wrapping_add(a);
    finish(a).wrapping_add(finish(b)) as i64
}

/// The hash of a value that is not null.
pub(super) fn of_value(value: &Value, of: &Type) -> Result<i64> {
    Ok(match (value, of) {
        (Value::Boolean(value), _) => of_long(i64::from(*value)),
        (Value::Int(value), _) => of_long(*value),
        (Value::Real(value), _) => {
            let value = if value.is_nan() { f32::NAN } else { value + 0.0 };
            of_long(i64::from(value.to_bits() as i32))
        }
        (Value::Double(value), _) => {
            let value = if value.is_nan() { f64::NAN } else { value + 0.0 };
            of_long(value.to_bits() as i64)
        }
        (Value::Decimal(value), Type::Decimal { precision: 0..=18, .. }) => of_long(*value as i64),
        (Value::Decimal(value), _) => of_long((*value >> 64) as i64) ^ of_long(*value as i64),
        (Value::Text(value), _) => of_bytes(value.as_bytes()),
        (Value::Bytes(_), Type::IpAddress | Type::Uuid) => return Err(Error::not_here(format!("The hash of {of}"))),
        (Value::Bytes(value), _) => of_bytes(value),
        (Value::Timestamp(picos), Type::Timestamp(0..=6)) => of_long(picos.div_euclid(1_000_000) as i64),
        (Value::Timestamp(picos), _) => {
            of_long(picos.div_euclid(1_000_000) as i64) ^ of_long(picos.rem_euclid(1_000_000) as i64)
        }
        (Value::TimestampTz(picos, _), Type::TimestampTz(0..=3)) => of_long(picos.div_euclid(1_000_000_000) as i64),
        (Value::TimestampTz(picos, _), _) => {
            of_long(picos.div_euclid(1_000_000_000) as i64) ^ of_long(picos.rem_euclid(1_000_000_000) as i64)
        }
        (Value::TimeTz(picos, offset), Type::TimeTz(0..=9)) => of_long(utc_of_day(*picos, *offset) / 1_000),
        (Value::TimeTz(picos, offset), _) => of_long(utc_of_day(*picos, *offset)),
        (Value::Array(items), Type::Array(of)) => items
            .iter()
            .try_fold(0i64, |hash, item| Ok::<_, Error>(hash.wrapping_mul(31).wrapping_add(of_any(item, of)?)))?,
        (Value::Map(entries), Type::Map(key, item)) => entries
            .iter()
            .try_fold(0i64, |hash, (k, v)| Ok::<_, Error>(hash.wrapping_add(of_any(k, key)? ^ of_any(v, item)?)))?,
        (Value::Row(values), Type::Row(fields)) => {
            values.iter().zip(fields).try_fold(1i64, |hash, (value, (_, of))| {
                Ok::<_, Error>(hash.wrapping_mul(31).wrapping_add(of_field(value, of)?))
            })?
        }
        _ => 0,
    })
}

fn of_any(value: &Value, of: &Type) -> Result<i64> {
    if value.is_null() { Ok(0) } else { of_value(value, of) }
}

/// What hash tables tell values by, which the hash of a row is made of.
fn of_field(value: &Value, of: &Type) -> Result<i64> {
    let long = |value: i64| (round(0, value as u64)) as i64;
    Ok(match (value, of) {
        (Value::Null, _) => 0,
        (Value::Boolean(value), _) => of_long(i64::from(*value)),
        (Value::Int(value), _) => long(*value),
        (Value::Real(value), _) if value.is_nan() => return Err(Error::not_here("The hash of a row with NaN")),
        (Value::Double(value), _) if value.is_nan() => return Err(Error::not_here("The hash of a row with NaN")),
        (Value::Real(value), _) => long(i64::from((value + 0.0).to_bits() as i32)),
        (Value::Double(value), _) => long((value + 0.0).to_bits() as i64),
        (Value::Decimal(value), Type::Decimal { precision: 0..=18, .. }) => long(*value as i64),
        (Value::Text(value), _) => of_bytes(value.as_bytes()),
        (Value::Bytes(value), Type::Varbinary) => of_bytes(value),
        (Value::Timestamp(picos), Type::Timestamp(0..=6)) => long(picos.div_euclid(1_000_000) as i64),
        (_, of) => return Err(Error::not_here(format!("The hash of a row with {of}"))),
    })
}

#[cfg(test)]
mod tests {
    use super::{murmur, of_bytes};

    #[test]
    fn other_hashes_are_murmur3() {
        assert_eq!(murmur(&1i64.to_le_bytes()), 19_144_387_141_682_250);
        assert_eq!(murmur(&2i64.to_le_bytes()), -2_447_670_524_089_286_488);
        assert_eq!(murmur(b"everything"), i64::from_le_bytes([0x06, 0xE5, 0x2D, 0x45, 0x05, 0x11, 0xC3, 0xA5]));
    }

    #[test]
    fn hashes_are_xxhash64() {
        assert_eq!(of_bytes(b"") as u64, 0xEF46_DB37_51D8_E999);
        assert_eq!(of_bytes(b"a") as u64, 0xD24E_C4F1_A98C_6E5B);
        assert_eq!(of_bytes(b"Nobody inspects the spammish repetition") as u64, 0xFBCE_A83C_8A37_8BF1);
    }
}
