//! One HTML document, made of parts that stay and a nonce that is new in every answer.
//!
//! A document is kept ready to send: as text and as gzip. A gzip stream can hold the nonce between parts that were
//! compressed once, because a full flush ends each part on a byte boundary with nothing that later parts refer to.

use std::io;

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress, Status};

/// Text between which the nonce stands.
pub struct Document {
    parts: Vec<Part>,
}

struct Part {
    text: String,
    deflated: Vec<u8>,
    checksum: crc32fast::Hasher,
}

const LEVEL: u32 = 5;

impl Document {
    /// The nonce goes between each two parts.
    pub fn new(parts: Vec<String>) -> io::Result<Self> {
        let parts = parts.into_iter().map(|text| {
            let mut checksum = crc32fast::Hasher::new();
            checksum.update(text.as_bytes());
            Ok(Part { deflated: deflate(text.as_bytes())?, checksum, text })
        });
        Ok(Self { parts: parts.collect::<io::Result<_>>()? })
    }

    /// Bytes in memory.
    pub fn size(&self) -> usize {
        self.parts.iter().map(|part| part.text.len() + part.deflated.len()).sum()
    }

    pub fn text(&self, nonce: &str) -> Bytes {
        let mut text = String::with_capacity(self.parts.iter().map(|part| part.text.len() + nonce.len()).sum());
        for (index, part) in self.parts.iter().enumerate() {
            if index > 0 {
                text.push_str(nonce);
            }
            text.push_str(&part.text);
        }
        text.into()
    }

    /// RFC 1952 around RFC 1951's blocks.
    pub fn gzip(&self, nonce: &str) -> Bytes {
        let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
        let mut checksum = crc32fast::Hasher::new();
        let mut length = 0;
        let mut nonce_checksum = crc32fast::Hasher::new();
        nonce_checksum.update(nonce.as_bytes());
        let stored = stored_block(nonce.as_bytes());
        for (index, part) in self.parts.iter().enumerate() {
            if index > 0 {
                bytes.extend_from_slice(&stored);
                checksum.combine(&nonce_checksum);
                length += nonce.len();
            }
            bytes.extend_from_slice(&part.deflated);
            checksum.combine(&part.checksum);
            length += part.text.len();
        }
        // A last block with nothing in it.
        bytes.extend_from_slice(&[0x03, 0x00]);
        bytes.extend_from_slice(&checksum.finalize().to_le_bytes());
        // The length counts modulo 2^32.
        bytes.extend_from_slice(&(length as u32).to_le_bytes());
        bytes.into()
    }
}

/// At most 65,535 bytes as they are.
fn stored_block(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    let mut block = vec![0];
    block.extend_from_slice(&length.to_le_bytes());
    block.extend_from_slice(&(!length).to_le_bytes());
    block.extend_from_slice(&bytes[..usize::from(length)]);
    block
}

fn deflate(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut compress = Compress::new(Compression::new(LEVEL), false);
    let mut out = Vec::with_capacity(bytes.len() / 3 + 256);
    loop {
        let read = usize::try_from(compress.total_in()).unwrap_or(usize::MAX);
        let status = compress.compress_vec(&bytes[read..], &mut out, FlushCompress::Full).map_err(io::Error::other)?;
        let all_read = compress.total_in() == bytes.len() as u64;
        // Room that is left means that the flush is complete.
        if all_read && out.len() < out.capacity() {
            return Ok(out);
        }
        if status == Status::BufError || out.len() == out.capacity() {
            out.reserve(out.capacity().max(256));
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use std::io::Read;

    use super::*;

    #[test]
    fn the_compressed_form_says_the_same() {
        let long = "<p>fan chart</p>".repeat(40_000);
        let noise: String =
            (0..200_000_u32).map(|n| char::from(33 + (n.wrapping_mul(2_654_435_761) >> 17) as u8 % 90)).collect();
        for parts in [vec![""], vec!["a"], vec!["a", "b"], vec!["", "", ""], vec![&long, "x", &noise, ""]] {
            let document = Document::new(parts.iter().map(|part| (*part).to_owned()).collect()).unwrap();
            for nonce in ["", "n0nce"] {
                let mut text = Vec::new();
                flate2::read::GzDecoder::new(&document.gzip(nonce)[..]).read_to_end(&mut text).unwrap();
                assert_eq!(text, document.text(nonce));
                assert_eq!(text, parts.join(nonce).as_bytes());
            }
        }
    }
}
