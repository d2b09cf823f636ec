//! Pairs of a query and a document that it should retrieve, with the distance between them.
//!
//! Everything that trains or measures works on pairs; only this file knows that they come from a query's exact
//! matches and the hierarchy above them. A query's documents are sorted by distance, then by document.

use rand_pcg::Pcg64;
use std::collections::BTreeMap;

use crate::hierarchy::Hierarchy;
use crate::ids::{DocIdx, QueryIdx};
use crate::random::shuffled;
use crate::rows::Rows;

/// A document that a query should retrieve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Relevant {
    /// Edges from the nearest exact match of the query up to the document; 0 for an exact match.
    pub distance: u32,
    /// The document.
    pub doc: DocIdx,
}

/// A document that a query may have to retrieve: somebody's guess, not knowledge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guess {
    /// The document.
    pub doc: DocIdx,
    /// How likely it is, in (0, 1).
    pub probability: f32,
}

/// The relevant set S(q) of every query  [HR §2].
#[derive(Clone, Debug)]
pub struct Pairs {
    queries: Vec<QueryIdx>,
    relevant: Rows<Relevant>,
    /// For each query the documents that are guessed; no rows where nothing is.
    guesses: Rows<Guess>,
}

impl Pairs {
    /// Each query's exact matches and every ancestor of theirs, at the shortest distance from any of them.
    ///
    /// Queries without an exact match are left out.
    pub fn of_exact_matches(exact: &[(QueryIdx, Vec<DocIdx>)], hierarchy: &Hierarchy) -> Self {
        let matched = exact.iter().filter(|(_, docs)| !docs.is_empty());
        let rows = matched.map(|(query, docs)| {
            let mut row: Vec<Relevant> = docs
                .iter()
                .flat_map(|doc| hierarchy.ancestors(*doc))
                .map(|a| Relevant { distance: a.distance, doc: a.doc })
                .collect();
            row.sort_by_key(|r| (r.doc, r.distance));
            row.dedup_by_key(|r| r.doc);
            (*query, row)
        });
        Pairs::of_rows(rows)
    }

    /// S(q) of each query as it is given, in the order given; sorted here by distance, then by document.
    pub fn of_rows(rows: impl IntoIterator<Item = (QueryIdx, Vec<Relevant>)>) -> Self {
        let mut pairs = Pairs { queries: Vec::new(), relevant: Rows::empty(), guesses: Rows::empty() };
        for (query, mut row) in rows {
            row.sort_unstable();
            pairs.queries.push(query);
            pairs.relevant.push(row);
        }
        pairs
    }

    /// The same, knowing what is only guessed to lie above each document: a pair that no exact match brings for sure is
    /// taken out of the relevant set and put among the [guesses](Pairs::guesses), with those that were not in it at all.
    ///
    /// # Panics
    /// When there is no row of guesses for a document that is an exact match.
    pub fn with_guesses(
        mut self,
        exact: &[(QueryIdx, Vec<DocIdx>)],
        hierarchy: &Hierarchy,
        above: &Rows<Guess>,
    ) -> Self {
        let (mut relevant, mut guesses) = (Rows::empty(), Rows::empty());
        for (row, (_, docs)) in exact.iter().filter(|(_, docs)| !docs.is_empty()).enumerate() {
            let mut best: BTreeMap<DocIdx, f32> = BTreeMap::new();
            for doc in docs {
                let mut own: BTreeMap<DocIdx, f32> =
                    hierarchy.ancestors(*doc).iter().map(|ancestor| (ancestor.doc, 1.0)).collect();
                own.extend(above.row(doc.at()).iter().map(|guess| (guess.doc, guess.probability)));
                for (doc, probability) in own {
                    let known = best.entry(doc).or_default();
                    *known = known.max(probability);
                }
            }
            let is_sure = |doc: DocIdx| best[&doc] >= 1.0;
            relevant
                .push(self.relevant.row(row).iter().filter(|r| is_sure(r.doc)).copied().collect::<Vec<_>>());
            let unsure = best.iter().filter(|(_, probability)| **probability < 1.0);
            guesses.push(unsure.map(|(&doc, &probability)| Guess { doc, probability }).collect::<Vec<_>>());
        }
        (self.relevant, self.guesses) = (relevant, guesses);
        self
    }

    /// What the query in a row may have to retrieve beside its S(q), by document.
    pub fn guesses(&self, row: usize) -> &[Guess] {
        if self.guesses.is_empty() { &[] } else { self.guesses.row(row) }
    }

    /// How many queries have pairs.
    pub fn n_queries(&self) -> usize {
        self.queries.len()
    }

    /// How many pairs there are in all.
    pub fn n_pairs(&self) -> usize {
        self.relevant.values().len()
    }

    /// The queries, in the order of the rows.
    pub fn queries(&self) -> &[QueryIdx] {
        &self.queries
    }

    /// S(q) of the query in a row, nearest first.
    pub fn relevant(&self, row: usize) -> &[Relevant] {
        self.relevant.row(row)
    }

    /// The pairs of all rows, row after row.
    pub fn all(&self) -> &[Relevant] {
        self.relevant.values()
    }

    /// How many pairs there are at distance 0, 1, 2, ...
    pub fn by_distance(&self) -> Vec<usize> {
        let mut counts = Vec::new();
        for pair in self.all() {
            let distance = pair.distance as usize;
            if counts.len() <= distance {
                counts.resize(distance + 1, 0);
            }
            counts[distance] += 1;
        }
        counts
    }

    /// The size of the largest S(q); 0 where there are no queries.
    pub fn largest_set(&self) -> usize {
        (0..self.n_queries()).map(|row| self.relevant(row).len()).max().unwrap_or(0)
    }

    /// The pairs of `n` rows drawn at random, in the order of the rows; of all where there are no more.
    pub fn sample(&self, n: usize, rng: &mut Pcg64) -> Pairs {
        let mut rows: Vec<usize> =
            shuffled(self.n_queries(), rng).into_iter().map(|row| row as usize).collect();
        rows.truncate(n);
        rows.sort_unstable();
        self.subset(&rows)
    }

    /// The pairs of some rows only, in that order, without guesses.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn subset(&self, rows: &[usize]) -> Pairs {
        Pairs {
            queries: rows.iter().map(|row| self.queries[*row]).collect(),
            relevant: rows.iter().map(|row| self.relevant.row(*row).to_vec()).collect(),
            guesses: Rows::empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hierarchy::Edge;
    use crate::random::{Purpose, stream};

    /// The pairs of queries with these exact matches, over 0 under 1 under 2 and under 3, 3 under 2, and 4 alone.
    fn pairs(exact: &[&[u32]]) -> Pairs {
        let edge = |(child, parent)| Edge { child: DocIdx(child), parent: DocIdx(parent) };
        let hierarchy = Hierarchy::new(5, &[(0, 1), (1, 2), (0, 3), (3, 2)].map(edge)).unwrap();
        let docs = exact.iter().map(|docs| docs.iter().map(|doc| DocIdx(*doc)).collect());
        Pairs::of_exact_matches(&(0..).map(QueryIdx).zip(docs).collect::<Vec<_>>(), &hierarchy)
    }

    /// (distance, document) of each pair of a row.
    fn row(pairs: &Pairs, row: usize) -> Vec<(u32, u32)> {
        pairs.relevant(row).iter().map(|r| (r.distance, r.doc.0)).collect()
    }

    #[test]
    fn a_query_should_retrieve_its_match_and_every_ancestor_nearest_first() {
        assert_eq!(row(&pairs(&[&[0]]), 0), [(0, 0), (1, 1), (1, 3), (2, 2)]);
    }

    #[test]
    fn distance_is_counted_from_the_nearest_exact_match() {
        let pairs = pairs(&[&[4, 0, 3]]);
        assert_eq!(row(&pairs, 0), [(0, 0), (0, 3), (0, 4), (1, 1), (1, 2)]);
        assert_eq!(pairs.by_distance(), [3, 2]);
    }

    #[test]
    fn a_query_without_an_exact_match_is_left_out() {
        let pairs = pairs(&[&[4], &[], &[2]]);
        assert_eq!(pairs.queries(), [QueryIdx(0), QueryIdx(2)]);
        assert_eq!((pairs.n_queries(), pairs.n_pairs(), row(&pairs, 1)), (2, 2, vec![(0, 2)]));
        assert_eq!(pairs.all().len(), 2);
    }

    #[test]
    fn a_sample_keeps_the_order_of_the_rows_and_is_all_of_them_where_there_are_no_more() {
        let all = pairs(&[&[4], &[1], &[2], &[0]]);
        let draw = |n, seed| all.sample(n, &mut stream(seed, Purpose::Validation)).queries().to_vec();
        assert_eq!((draw(9, 1), draw(0, 1)), (all.queries().to_vec(), Vec::new()));
        assert!((0..20).all(|seed| draw(2, seed).is_sorted() && draw(2, seed).len() == 2));
        assert!((1..20).any(|seed| draw(2, seed) != draw(2, 0)));
    }

    #[test]
    fn a_subset_has_the_rows_that_were_asked_for_in_that_order() {
        let all = pairs(&[&[4], &[1], &[2]]);
        let some = all.subset(&[2, 1]);
        assert_eq!(some.queries(), [QueryIdx(2), QueryIdx(1)]);
        assert_eq!((row(&some, 0), row(&some, 1)), (row(&all, 2), row(&all, 1)));
        assert_eq!(all.subset(&[]).by_distance(), [0; 0]);
        assert_eq!((all.largest_set(), all.subset(&[]).largest_set()), (2, 0));
    }

    #[test]
    fn what_is_only_guessed_is_kept_apart_from_what_is_sure() {
        let exact = [(QueryIdx(0), vec![DocIdx(0)]), (QueryIdx(1), vec![DocIdx(0), DocIdx(1)])];
        let edge = |(child, parent)| Edge { child: DocIdx(child), parent: DocIdx(parent) };
        let hierarchy = Hierarchy::new(4, &[(0, 1), (1, 2)].map(edge)).unwrap();
        let guess = |doc, probability| Guess { doc: DocIdx(doc), probability };
        // 1 is only guessed to lie above 0, and 3 perhaps too.
        let above = vec![vec![guess(1, 0.7), guess(3, 0.2)], vec![guess(3, 0.4)], vec![], vec![]];
        let pairs = Pairs::of_exact_matches(&exact, &hierarchy);
        let pairs = pairs.with_guesses(&exact, &hierarchy, &above.into_iter().collect());
        assert_eq!((row(&pairs, 0), row(&pairs, 1)), (vec![(0, 0), (2, 2)], vec![(0, 0), (0, 1), (1, 2)]));
        assert_eq!(pairs.guesses(0), [guess(1, 0.7), guess(3, 0.2)]);
        // One exact match brings it for sure, the other's guess is the better one.
        assert_eq!(pairs.guesses(1), [guess(3, 0.4)]);
        assert_eq!(pairs.subset(&[0]).guesses(0), []);
    }
}
