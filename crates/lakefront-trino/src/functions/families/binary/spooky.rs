//! SpookyHash V2 by Bob Jenkins (public domain), its first 64 bits, with seed 0.

const MAGIC: u64 = 0xdead_beef_dead_beef;
/// Bytes of a block of a long message.
const BLOCK: usize = 96;

pub(super) fn spooky(bytes: &[u8]) -> u64 {
    if bytes.len() < 2 * BLOCK { short(bytes) } else { long(bytes) }
}

/// Up to eight bytes as a number, the lowest first.
fn word(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

fn short(bytes: &[u8]) -> u64 {
    let mut h = [0, 0, MAGIC, MAGIC];
    let mut rest = bytes;
    while rest.len() >= 32 {
        h[2] = h[2].wrapping_add(word(rest));
        h[3] = h[3].wrapping_add(word(&rest[8..]));
        short_mix(&mut h);
        h[0] = h[0].wrapping_add(word(&rest[16..]));
        h[1] = h[1].wrapping_add(word(&rest[24..]));
        rest = &rest[32..];
    }
    if rest.len() >= 16 {
        h[2] = h[2].wrapping_add(word(rest));
        h[3] = h[3].wrapping_add(word(&rest[8..]));
        short_mix(&mut h);
        rest = &rest[16..];
    }
    h[3] = h[3].wrapping_add((bytes.len() as u64) << 56);
    if rest.is_empty() {
        h[2] = h[2].wrapping_add(MAGIC);
        h[3] = h[3].wrapping_add(MAGIC);
    } else {
        h[2] = h[2].wrapping_add(word(rest));
        h[3] = h[3].wrapping_add(word(rest.get(8..).unwrap_or_default()));
    }
    short_end(&mut h);
    h[0]
}

fn short_mix(h: &mut [u64; 4]) {
    for (round, turn) in [50, 52, 30, 41, 54, 48, 38, 37, 62, 34, 5, 36].into_iter().enumerate() {
        let (a, b, c) = ((round + 2) % 4, (round + 3) % 4, round % 4);
        h[a] = h[a].rotate_left(turn).wrapping_add(h[b]);
        h[c] ^= h[a];
    }
}

fn short_end(h: &mut [u64; 4]) {
    for (round, turn) in [15, 52, 26, 51, 28, 9, 47, 54, 32, 25, 63].into_iter().enumerate() {
        let (a, b) = ((round + 3) % 4, (round + 2) % 4);
        h[a] ^= h[b];
        h[b] = h[b].rotate_left(turn);
        h[a] = h[a].wrapping_add(h[b]);
    }
}

fn long(bytes: &[u8]) -> u64 {
    let mut h = [0, 0, MAGIC, 0, 0, MAGIC, 0, 0, MAGIC, 0, 0, MAGIC];
    let blocks = bytes.chunks_exact(BLOCK);
    let rest = blocks.remainder();
    for block in blocks {
        for (at, turn) in [11, 32, 43, 31, 17, 28, 39, 57, 55, 54, 22, 46].into_iter().enumerate() {
            h[at] = h[at].wrapping_add(word(&block[8 * at..]));
            h[(at + 2) % 12] ^= h[(at + 10) % 12];
            h[(at + 11) % 12] ^= h[at];
            h[at] = h[at].rotate_left(turn);
            h[(at + 11) % 12] = h[(at + 11) % 12].wrapping_add(h[(at + 1) % 12]);
        }
    }
    let mut last = [0; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    last[BLOCK - 1] = rest.len() as u8;
    for (at, part) in last.chunks(8).enumerate() {
        h[at] = h[at].wrapping_add(word(part));
    }
    for _ in 0..3 {
        for (at, turn) in [44, 15, 34, 21, 38, 33, 10, 13, 38, 53, 42, 54].into_iter().enumerate() {
            h[(at + 11) % 12] = h[(at + 11) % 12].wrapping_add(h[(at + 1) % 12]);
            h[(at + 2) % 12] ^= h[(at + 11) % 12];
            h[(at + 1) % 12] = h[(at + 1) % 12].rotate_left(turn);
        }
    }
    h[0]
}

#[cfg(test)]
mod tests {
    use super::spooky;

    #[test]
    fn known_hashes() {
        assert_eq!(spooky(b""), 0x2327_06fc_6bf5_0919);
        assert_eq!(spooky(b"hello"), 0x3768_826a_d382_e6ca);
    }
}
