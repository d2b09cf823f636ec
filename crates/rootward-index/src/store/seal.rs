//! Checksums of rows, and of all rows together.
//!
//! A row that changed on disk no longer fits its own checksum. A row that vanished, or came back, is told by its table's
//! *seal*: how many rows there are and the sum of a hash of each, which a change keeps up without looking at the others.

use crc32fast::Hasher;
use serde::{Deserialize, Serialize};

/// How many rows there are, and the sum of their hashes, which wraps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Seal {
    pub(super) n: u64,
    pub(super) sum: u64,
}

impl Seal {
    /// Takes a row in.
    pub(super) fn put(&mut self, row: u64, checksum: u32) {
        self.n = self.n.wrapping_add(1);
        self.sum = self.sum.wrapping_add(mix(row, checksum));
    }

    /// Lets a row go.
    pub(super) fn take(&mut self, row: u64, checksum: u32) {
        self.n = self.n.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(mix(row, checksum));
    }

    /// Takes in what another seal holds.
    pub(super) fn merge(&mut self, other: Seal) {
        self.n = self.n.wrapping_add(other.n);
        self.sum = self.sum.wrapping_add(other.sum);
    }
}

/// A hash of 64 bits whose bits each depend on all of both; the finaliser of SplitMix64  [Steele et al. 2014].
fn mix(row: u64, checksum: u32) -> u64 {
    let mut hash =
        row.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (u64::from(checksum) << 32 | u64::from(checksum));
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// The most fields of a row.
const FIELDS: usize = 4;

/// The checksum of a row with several fields, none of which can pass for the end of another: their lengths come first.
pub(super) fn checksum<const N: usize>(row: u64, fields: &[&[u8]; N]) -> u32 {
    const { assert!(N <= FIELDS) };
    let mut head = [0; 8 * (1 + FIELDS)];
    head[..8].copy_from_slice(&row.to_le_bytes());
    for (length, field) in head[8..].chunks_exact_mut(8).zip(fields) {
        length.copy_from_slice(&(field.len() as u64).to_le_bytes());
    }
    let mut hasher = Hasher::new();
    hasher.update(&head[..8 * (1 + N)]);
    fields.iter().for_each(|field| hasher.update(field));
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_and_goes_leaves_no_trace() {
        let mut seal = Seal::default();
        seal.put(1, 7);
        let one = seal;
        seal.put(2, 7);
        seal.take(2, 7);
        assert_eq!(seal, one);
        seal.take(1, 7);
        assert_eq!(seal, Seal::default());
    }

    #[test]
    fn rows_that_changed_places_are_noticed() {
        let (mut a, mut b) = (Seal::default(), Seal::default());
        [(1, 7), (2, 9)].into_iter().for_each(|(row, sum)| a.put(row, sum));
        [(2, 7), (1, 9)].into_iter().for_each(|(row, sum)| b.put(row, sum));
        assert_ne!(a, b);
        assert_ne!(checksum(1, &[b"ab", b""]), checksum(1, &[b"a", b"b"]));
    }
}
