//! A small result as one piece of bytes for other instances: its file form, compressed, behind a hash that also covers
//! the key, so that it is whole and stands where it belongs or is no result.

use std::io;

use bytes::Bytes;

use super::{Key, ResultSet, file};
use crate::QueryError;

/// A larger result, compressed, is not shared: another instance makes it again sooner than the database is burdened.
const MOST_PACKED: usize = 256 << 10;
/// Nothing longer is compressed to see whether it fits, nor unpacked.
const MOST_BYTES: usize = 4 << 20;
/// zstd's own default: most of the gain for little time.
const LEVEL: i32 = 3;
const HASH: usize = blake3::OUT_LEN;

/// `None` if it is too large. Reads files and compresses: call it where blocking is allowed.
pub(crate) fn pack(key: &Key, result: &ResultSet) -> Result<Option<Vec<u8>>, QueryError> {
    if result.stored_bytes() > MOST_BYTES as u64 {
        return Ok(None);
    }
    let mut plain = result.schema_message.to_vec();
    for piece in result.page(0, None) {
        plain.extend_from_slice(&piece?.frame);
    }
    plain.extend(file::ending(&result.header).map_err(QueryError::internal)?);
    if plain.len() > MOST_BYTES {
        return Ok(None);
    }
    let compressed = zstd::bulk::compress(&plain, LEVEL).map_err(QueryError::internal)?;
    let packed = [hash(key, &compressed).as_bytes(), &compressed[..]].concat();
    Ok((packed.len() <= MOST_PACKED).then_some(packed))
}

/// An error means that these bytes are not a whole result of that key.
pub(crate) fn unpack(key: &Key, packed: &[u8]) -> io::Result<ResultSet> {
    let broken = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let (told, compressed) = packed.split_at_checked(HASH).ok_or_else(|| broken("too short"))?;
    if hash(key, compressed).as_bytes() != told {
        return Err(broken("damaged, or another key's"));
    }
    let result = ResultSet::of_bytes(&Bytes::from(zstd::bulk::decompress(compressed, MOST_BYTES)?))?;
    if result.is_reusable() { Ok(result) } else { Err(broken("a result for one execution only")) }
}

fn hash(key: &Key, compressed: &[u8]) -> blake3::Hash {
    let mut hash = blake3::Hasher::new();
    hash.update(key.as_bytes()).update(compressed);
    hash.finalize()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use std::sync::Arc;

    use arrow::array::{Int64Array, RecordBatch};
    use lakefront_engine::Frame;

    use super::*;
    use crate::result::{RunSummary, Spool, batch_message};

    fn result(batches: &[RecordBatch], reusable: bool) -> ResultSet {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(folder.path(), batches[0].schema()).unwrap();
        for batch in batches {
            let frame = Frame { ipc: batch_message(batch).unwrap(), rows: batch.num_rows() as u64 };
            spool.push(frame).unwrap();
        }
        spool.finish(RunSummary { reusable, engine_ms: 42, ..RunSummary::default() }).unwrap()
    }

    fn numbers(range: std::ops::Range<i64>) -> RecordBatch {
        let column = Arc::new(Int64Array::from_iter_values(range));
        RecordBatch::try_from_iter([("n", column as _)]).unwrap()
    }

    #[test]
    fn what_is_packed_comes_out_as_it_was() {
        let key = Key::unique();
        let batches = [numbers(0..5_000), numbers(5_000..5_001)];
        let packed = pack(&key, &result(&batches, true)).unwrap().unwrap();
        let back = unpack(&key, &packed).unwrap();
        let rows = back.batches(0, None).collect::<Result<Vec<_>, _>>().unwrap();
        assert_eq!(rows, batches);
        assert_eq!((back.engine_ms(), back.rows()), (42, 5_001));
        assert_eq!(back.batches(4_999, Some(2)).map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 2);
    }

    #[test]
    fn what_is_damaged_or_elsewhere_is_no_result() {
        let key = Key::unique();
        let packed = pack(&key, &result(&[numbers(0..1_000)], true)).unwrap().unwrap();
        assert!(unpack(&Key::unique(), &packed).is_err());
        for at in (0..packed.len()).step_by(7) {
            let mut damaged = packed.clone();
            damaged[at] ^= 0x10;
            assert!(unpack(&key, &damaged).is_err(), "byte {at}");
            assert!(unpack(&key, &packed[..at]).is_err(), "cut at {at}");
        }
        let once = pack(&key, &result(&[numbers(0..10)], false)).unwrap().unwrap();
        assert!(unpack(&key, &once).is_err());
    }

    #[test]
    fn what_is_too_large_is_not_packed() {
        let mut random = fastrand::Rng::with_seed(1);
        let noise = Int64Array::from_iter_values((0..100_000).map(|_| random.i64(..)));
        let noise = RecordBatch::try_from_iter([("n", Arc::new(noise) as _)]).unwrap();
        assert!(pack(&Key::unique(), &result(&[noise], true)).unwrap().is_none());
    }
}
