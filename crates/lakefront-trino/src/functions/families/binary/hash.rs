//! Hashes and checksums.

use datafusion::arrow::array::ArrayRef;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use twox_hash::XxHash64;

use super::super::super::{Function, scalar};
use super::spooky::spooky;
use crate::call::Call;
use crate::error::{Code, Error, Result};

pub(super) fn all() -> Vec<Function> {
    const ONE: &str = "(varbinary) -> varbinary";
    const KEYED: &str = "(varbinary, varbinary) -> varbinary";
    vec![
        scalar("md5", ONE, |call| hash(call, |bytes| Md5::digest(bytes).to_vec())),
        scalar("sha1", ONE, |call| hash(call, |bytes| Sha1::digest(bytes).to_vec())),
        scalar("sha256", ONE, |call| hash(call, |bytes| Sha256::digest(bytes).to_vec())),
        scalar("sha512", ONE, |call| hash(call, |bytes| Sha512::digest(bytes).to_vec())),
        scalar("xxhash64", ONE, |call| hash(call, |bytes| XxHash64::oneshot(0, bytes).to_be_bytes().to_vec())),
        scalar("murmur3", ONE, |call| hash(call, |bytes| murmur3(bytes).to_vec())),
        scalar("spooky_hash_v2_32", ONE, |call| hash(call, |bytes| (spooky(bytes) as u32).to_be_bytes().to_vec())),
        scalar("spooky_hash_v2_64", ONE, |call| hash(call, |bytes| spooky(bytes).to_be_bytes().to_vec())),
        scalar("hmac_md5", KEYED, keyed::<Hmac<Md5>>),
        scalar("hmac_sha1", KEYED, keyed::<Hmac<Sha1>>),
        scalar("hmac_sha256", KEYED, keyed::<Hmac<Sha256>>),
        scalar("hmac_sha512", KEYED, keyed::<Hmac<Sha512>>),
        scalar("crc32", "(varbinary) -> bigint", |call| {
            let bytes = call.bytes(0);
            call.bigints(|row| Ok(bytes.get(row).map(|bytes| crc32fast::hash(bytes).into())))
        }),
    ]
}

fn hash(call: &Call, of: impl Fn(&[u8]) -> Vec<u8>) -> Result<ArrayRef> {
    let bytes = call.bytes(0);
    call.blobs(|row| Ok(bytes.get(row).map(&of)))
}

fn keyed<M: Mac + KeyInit>(call: &Call) -> Result<ArrayRef> {
    let (bytes, key) = (call.bytes(0), call.bytes(1));
    call.blobs(|row| {
        let (Some(bytes), Some(key)) = (bytes.get(row), key.get(row)) else { return Ok(None) };
        if key.is_empty() {
            return Err(Error::new(Code::GenericInternalError, "Empty key"));
        }
        let mut mac = <M as KeyInit>::new_from_slice(key)
            .map_err(|error| Error::new(Code::GenericInternalError, error.to_string()))?;
        mac.update(bytes);
        Ok(Some(mac.finalize().into_bytes().to_vec()))
    })
}

/// MurmurHash3 for 64-bit machines, 128 bits.
fn murmur3(bytes: &[u8]) -> [u8; 16] {
    const C1: u64 = 0x87c3_7b91_1142_53d5;
    const C2: u64 = 0x4cf5_ad43_2745_937f;
    let first = |k: u64| k.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2);
    let second = |k: u64| k.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1);
    let word = |bytes: &[u8]| bytes.iter().rev().fold(0u64, |word, byte| word << 8 | u64::from(*byte));
    let (mut h1, mut h2) = (0u64, 0u64);
    let blocks = bytes.chunks_exact(16);
    let tail = blocks.remainder();
    for block in blocks {
        h1 ^= first(word(&block[..8]));
        h1 = h1.rotate_left(27).wrapping_add(h2).wrapping_mul(5).wrapping_add(0x52dc_e729);
        h2 ^= second(word(&block[8..]));
        h2 = h2.rotate_left(31).wrapping_add(h1).wrapping_mul(5).wrapping_add(0x3849_5ab5);
    }
    let (low, high) = tail.split_at(tail.len().min(8));
    h2 ^= second(word(high));
    h1 ^= first(word(low));
    let mixed = |mut h: u64| {
        h = (h ^ h >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
        h = (h ^ h >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        h ^ h >> 33
    };
    h1 ^= bytes.len() as u64;
    h2 ^= bytes.len() as u64;
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    (h1, h2) = (mixed(h1), mixed(h2));
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    let mut out = [0; 16];
    out[..8].copy_from_slice(&h1.to_le_bytes());
    out[8..].copy_from_slice(&h2.to_le_bytes());
    out
}
