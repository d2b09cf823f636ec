//! A set of rows, as a bit for each.

use rootward::ids::DocIdx;

/// Rows below a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RowSet {
    words: Vec<u64>,
}

impl RowSet {
    /// None of the rows below `n_rows`.
    pub(super) fn new(n_rows: u32) -> Self {
        RowSet { words: vec![0; (n_rows as usize).div_ceil(64)] }
    }

    /// Puts a row in; returns false, and does nothing, where it is too great.
    pub(super) fn put(&mut self, row: u32) -> bool {
        let word = self.words.get_mut(row as usize / 64);
        word.map(|word| *word |= 1 << (row % 64)).is_some()
    }

    pub(super) fn contains(&self, row: u32) -> bool {
        self.words.get(row as usize / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// Sets 64 rows at a time, from `64 * at`; those that are too great are left out.
    pub(super) fn fill_words(&mut self, at: usize, words: impl Iterator<Item = u64>) {
        self.words.iter_mut().skip(at).zip(words).for_each(|(word, from)| *word = from);
    }

    /// Keeps the rows that are in the other one, too.
    pub(super) fn intersect(&mut self, other: &RowSet) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    /// Takes in the rows of the other one.
    pub(super) fn unite(&mut self, other: &RowSet) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    /// Lets the rows of the other one go.
    pub(super) fn subtract(&mut self, other: &RowSet) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= !other);
    }

    pub(super) fn len(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// The rows in ascending order.
    pub(super) fn docs(&self) -> Vec<DocIdx> {
        let mut docs = Vec::with_capacity(self.len() as usize);
        for (at, word) in (0u32..).zip(&self.words) {
            let mut rest = *word;
            while rest != 0 {
                docs.push(DocIdx(at * 64 + rest.trailing_zeros()));
                rest &= rest - 1;
            }
        }
        docs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(rows: &[u32]) -> RowSet {
        let mut set = RowSet::new(130);
        assert!(rows.iter().all(|row| set.put(*row)));
        set
    }

    #[test]
    fn sets_are_united_intersected_and_subtracted() {
        let check = |change: fn(&mut RowSet, &RowSet), expected: &[u32]| {
            let mut a = set(&[0, 64, 129]);
            change(&mut a, &set(&[1, 64]));
            assert_eq!(a.docs(), expected.iter().map(|row| DocIdx(*row)).collect::<Vec<_>>());
        };
        check(RowSet::unite, &[0, 1, 64, 129]);
        check(RowSet::intersect, &[64]);
        check(RowSet::subtract, &[0, 129]);
    }

    #[test]
    fn a_row_that_is_too_great_is_refused() {
        assert!(!RowSet::new(64).put(64));
        assert!(!set(&[]).contains(1_000));
    }
}
