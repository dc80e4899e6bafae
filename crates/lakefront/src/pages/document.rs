//! One HTML document, made of text that stays and a nonce that is new in every answer.
//!
//! A document is kept ready to send: as text and as gzip. A gzip stream can hold the nonce between texts that were
//! compressed once, because a full flush ends each on a byte boundary with nothing that later ones refer to.

use std::io;

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress, Status};

/// What a document is made of.
pub enum Piece {
    Text(String),
    Nonce,
}

/// How a document travels.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    Plain,
    Gzip,
}

/// Text, and the places where the nonce stands.
pub struct Document {
    parts: Vec<Part>,
}

enum Part {
    Text { text: String, deflated: Vec<u8>, checksum: crc32fast::Hasher },
    Nonce,
}

/// The last tenth of a page's bytes takes half as long again, once for each page that is drawn.
const LEVEL: u32 = 3;
/// Bytes up to which a text is not worth a compressor.
const SMALL: usize = 512;

impl Document {
    pub fn new(pieces: Vec<Piece>) -> io::Result<Self> {
        let part = |piece| {
            Ok(match piece {
                Piece::Nonce => Part::Nonce,
                Piece::Text(text) => {
                    let mut checksum = crc32fast::Hasher::new();
                    checksum.update(text.as_bytes());
                    Part::Text { deflated: deflate(text.as_bytes())?, checksum, text }
                }
            })
        };
        Ok(Self { parts: pieces.into_iter().map(part).collect::<io::Result<_>>()? })
    }

    /// Bytes in memory.
    pub fn size(&self) -> usize {
        let size = |part: &Part| match part {
            Part::Text { text, deflated, .. } => text.len() + deflated.len(),
            Part::Nonce => 0,
        };
        self.parts.iter().map(size).sum()
    }

    pub fn encode(&self, encoding: Encoding, nonce: &str) -> Bytes {
        let mut bytes = self.beginning(encoding, nonce);
        if encoding == Encoding::Gzip {
            self.end_gzip(&mut bytes, nonce);
        }
        bytes.into()
    }

    /// Everything but what marks the end: a document that begins with the same pieces begins with these bytes.
    pub fn beginning(&self, encoding: Encoding, nonce: &str) -> Vec<u8> {
        match encoding {
            Encoding::Plain => {
                let mut bytes = Vec::with_capacity(self.parts.iter().map(|part| part.text(nonce).len()).sum());
                for part in &self.parts {
                    bytes.extend_from_slice(part.text(nonce).as_bytes());
                }
                bytes
            }
            Encoding::Gzip => {
                // RFC 1952 around RFC 1951's blocks.
                let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
                for part in &self.parts {
                    match part {
                        Part::Text { deflated, .. } => bytes.extend_from_slice(deflated),
                        Part::Nonce => bytes.extend_from_slice(&stored_block(nonce.as_bytes())),
                    }
                }
                bytes
            }
        }
    }

    fn end_gzip(&self, bytes: &mut Vec<u8>, nonce: &str) {
        let mut nonce_checksum = crc32fast::Hasher::new();
        nonce_checksum.update(nonce.as_bytes());
        let mut checksum = crc32fast::Hasher::new();
        let mut length = 0;
        for part in &self.parts {
            checksum.combine(match part {
                Part::Text { checksum, .. } => checksum,
                Part::Nonce => &nonce_checksum,
            });
            length += part.text(nonce).len();
        }
        // A last block with nothing in it.
        bytes.extend_from_slice(&[0x03, 0x00]);
        bytes.extend_from_slice(&checksum.finalize().to_le_bytes());
        // The length counts modulo 2^32.
        bytes.extend_from_slice(&(length as u32).to_le_bytes());
    }
}

impl Part {
    fn text<'a>(&'a self, nonce: &'a str) -> &'a str {
        match self {
            Part::Text { text, .. } => text,
            Part::Nonce => nonce,
        }
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
    if bytes.len() <= SMALL {
        return Ok(stored_block(bytes));
    }
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
        for texts in [vec![""], vec!["a"], vec!["a", "b"], vec!["", "", ""], vec![&long, "x", &noise, ""]] {
            let pieces = |texts: &[&str]| {
                let text = |text: &&str| [Piece::Text((*text).to_owned()), Piece::Nonce];
                texts.iter().flat_map(text).collect::<Vec<_>>()
            };
            let document = Document::new(pieces(&texts)).unwrap();
            for nonce in ["", "n0nce"] {
                let plain = document.encode(Encoding::Plain, nonce);
                let gzip = document.encode(Encoding::Gzip, nonce);
                let mut text = Vec::new();
                flate2::read::GzDecoder::new(&gzip[..]).read_to_end(&mut text).unwrap();
                assert_eq!(text, plain);
                assert_eq!(text, texts.iter().map(|text| format!("{text}{nonce}")).collect::<String>().as_bytes());

                let beginning = Document::new(pieces(&texts[..1])).unwrap();
                assert!(plain.starts_with(&beginning.beginning(Encoding::Plain, nonce)));
                assert!(gzip.starts_with(&beginning.beginning(Encoding::Gzip, nonce)));
            }
        }
    }
}
