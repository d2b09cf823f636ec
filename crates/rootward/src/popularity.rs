//! The ranking that knows no query: documents by how often they were asked for.
//!
//! The least that a model must beat. Where nearly every query has the same far ancestors, this alone finds many of
//! them, so that recall at a far distance says little until it is held against it.

use std::ops::Range;

use crate::eval::Scorer;
use crate::pairs::Pairs;

/// Every query is answered by the same documents, those first that are in most relevant sets of other queries.
#[derive(Clone, Debug)]
pub struct Popularity {
    n_queries: usize,
    counts: Vec<f32>,
}

impl Popularity {
    /// Counts the relevant sets of the pairs learned from that each document is in; asks `n_queries` queries.
    ///
    /// # Panics
    /// When a pair is of a document that is not below `n_docs`.
    pub fn new(learned: &Pairs, n_docs: usize, n_queries: usize) -> Self {
        let mut counts = vec![0u32; n_docs];
        learned.all().iter().for_each(|pair| counts[pair.doc.at()] += 1);
        // Counts above 2^24 would tie with their neighbours, which changes nothing that anybody can see.
        Popularity { n_queries, counts: counts.into_iter().map(|count| count as f32).collect() }
    }
}

impl Scorer for Popularity {
    fn n_queries(&self) -> usize {
        self.n_queries
    }

    fn n_docs(&self) -> usize {
        self.counts.len()
    }

    fn score(&self, rows: Range<usize>, scores: &mut [f32]) {
        for place in 0..rows.len() {
            scores[place * self.counts.len()..][..self.counts.len()].copy_from_slice(&self.counts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::each_row;
    use crate::hierarchy::{Edge, Hierarchy};
    use crate::ids::{DocIdx, QueryIdx};

    #[test]
    fn every_query_gets_the_counts_of_the_relevant_sets() {
        let edges =
            [(0, 2), (1, 2)].map(|(child, parent)| Edge { child: DocIdx(child), parent: DocIdx(parent) });
        let exact = [(QueryIdx(0), vec![DocIdx(0)]), (QueryIdx(1), vec![DocIdx(0), DocIdx(1)])];
        let pairs = Pairs::of_exact_matches(&exact, &Hierarchy::new(4, &edges).unwrap());
        let found = each_row(&Popularity::new(&pairs, 4, 3), &|_| (), |_, scores| scores.to_vec()).unwrap();
        assert_eq!(found, vec![[2.0, 1.0, 2.0, 0.0]; 3]);
    }
}
