//! Numbers that wait for their turn, the least of them first.
//!
//! A bit for each number, and above every 64 bits one that says whether any of them is set: for ten million numbers
//! that is a megabyte, which stays in the cache where a heap of them would not.

/// A set of numbers below a bound.
pub(super) struct Ready {
    /// The bits of the numbers, then of the words below, up to a level of one word.
    levels: Vec<Vec<u64>>,
}

impl Ready {
    /// No number, of `0..bound`.
    pub(super) fn none_of(bound: usize) -> Self {
        let mut levels = vec![vec![0; bound.div_ceil(64).max(1)]];
        while let Some(last) = levels.last().filter(|last| last.len() > 1) {
            levels.push(vec![0; last.len().div_ceil(64)]);
        }
        Ready { levels }
    }

    /// Adds a number.
    pub(super) fn insert(&mut self, number: usize) {
        let mut at = number;
        for level in &mut self.levels {
            level[at / 64] |= 1 << (at % 64);
            at /= 64;
        }
    }

    /// Takes the least number out, if there is any.
    pub(super) fn take_least(&mut self) -> Option<usize> {
        let mut word = 0;
        for level in self.levels.iter().rev() {
            let bits = level[word];
            if bits == 0 {
                return None; // Only the highest level can be empty: a bit there promises one below.
            }
            word = word * 64 + bits.trailing_zeros() as usize;
        }
        let mut at = word;
        for level in &mut self.levels {
            level[at / 64] &= !(1 << (at % 64));
            if level[at / 64] != 0 {
                break;
            }
            at /= 64;
        }
        Some(word)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_gives_what_a_sorted_set_gives(steps in prop::collection::vec((0usize..9_000, 0usize..3), 0..200)) {
            let (mut ready, mut set) = (Ready::none_of(9_000), BTreeSet::new());
            for (number, n_taken) in steps {
                ready.insert(number);
                set.insert(number);
                for _ in 0..n_taken {
                    prop_assert_eq!(ready.take_least(), set.pop_first());
                }
            }
        }
    }

    #[test]
    fn nothing_comes_of_nothing() {
        for bound in [0, 1, 64, 65, 5_000] {
            assert_eq!(Ready::none_of(bound).take_least(), None);
        }
    }
}
