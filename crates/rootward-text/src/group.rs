//! Groups of whole sequences that walk through the network together, end to end and without padding.
//!
//! A group is small enough for its activations to stay in the near caches, and large enough for its products to be
//! worth a pass over the weights. Which texts share a group changes no vector.

use std::ops::Range;

/// Whole sequences, end to end.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// The ids of all tokens.
    pub(crate) ids: Vec<u32>,
    /// The tokens of each sequence, as places among those of the group.
    pub(crate) bounds: Vec<Range<usize>>,
}

impl Group {
    pub(crate) fn new(sequences: &[Vec<u32>]) -> Self {
        let mut begin = 0;
        let bounds = sequences.iter().map(|ids| {
            begin += ids.len();
            begin - ids.len()..begin
        });
        let bounds = bounds.collect();
        Group { ids: sequences.concat(), bounds }
    }

    /// How many tokens there are in all.
    pub(crate) fn n_tokens(&self) -> usize {
        self.ids.len()
    }
}

/// Cuts sequences into runs of at least `n_tokens` tokens each, but for the last.
pub(crate) fn runs(sequences: &[Vec<u32>], n_tokens: usize) -> Vec<Range<usize>> {
    let (mut runs, mut begin, mut found) = (Vec::new(), 0, 0);
    for (at, sequence) in sequences.iter().enumerate() {
        found += sequence.len();
        if found >= n_tokens || at + 1 == sequences.len() {
            runs.push(begin..at + 1);
            (begin, found) = (at + 1, 0);
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_hold_whole_sequences_and_leave_none_out() {
        let sequences: Vec<Vec<u32>> = [5, 0, 3, 9, 1].map(|length| vec![7; length]).to_vec();
        assert_eq!(runs(&sequences, 8), [0..3, 3..4, 4..5]);
        assert_eq!(runs(&sequences, 100), vec![0..5]);
        assert!(runs(&[], 8).is_empty());
        let group = Group::new(&sequences[..3]);
        assert_eq!((group.n_tokens(), group.bounds), (8, vec![0..5, 5..5, 5..8]));
    }
}
