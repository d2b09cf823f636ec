//! The exact encoder: vectors that nobody trained, and whose inner products have the right sign for *every* pair.
//!
//! A score is positive where the document is the query's own or an ancestor of it, and negative everywhere else. What
//! training reaches approximately, and [HR, theorem] with high probability in `O(s log m)` dimensions for `s` relevant
//! documents out of `m`, is reached here with certainty in a dimension that depends on the shape of the hierarchy only.
//!
//! - **Forests: d = 3.** A document is an interval of a tour, a query a place on it, and `(p - a)(b - p)` is an inner
//!   product (Gokhale et al., arXiv 2606.18520). All numbers are integers, doubled so that none is 0.
//! - **Any hierarchy: d = 2k + 1.** Put the documents on a circle; `S(q)` then fills some runs of neighbours. With `k`
//!   runs at most, a trigonometric polynomial of degree `k` changes sign at both ends of each run of `q` and nowhere
//!   else, and it is an inner product of its `2k + 1` coefficients, the query, with a point of the moment curve, the
//!   document. The same with the roles exchanged: queries on the circle, and runs of each document's descendants.
//!   `k` is 1 for a forest, and never more than the size of the largest `S(q)`, whatever the number of documents.
//!
//! So the dimension is found by looking for an order with few runs (`order`); the nouns of WordNet, with |S(q)| up to
//! 35, have one with `k = 9`, which is 19 dimensions. That much is arithmetic of real numbers; whether `f64` suffices
//! depends on how near to each other the roots are. [`ExactEncoder::is_proven`] tells by a bound on all rounding
//! errors, [`ExactEncoder::errors`] by trying every pair. The `k` found is an upper bound: another order may need less.

mod curve;
mod order;

use rayon::prelude::*;

use crate::exact::curve::{Circle, Polynomial, inner, point};
use crate::hierarchy::Hierarchy;
use crate::ids::DocIdx;
use crate::rows::Rows;
use crate::tally::Tally;

/// Which side is put in order, and which side's vectors change sign along that order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Construction {
    /// Queries are places of a tour, documents intervals of it. For forests.
    Interval,
    /// Queries lie on the circle, documents carry polynomials over the runs of their descendants.
    RunsOfDescendants,
    /// Documents lie on the circle, queries carry polynomials over the runs of their ancestors.
    RunsOfAncestors,
}

/// A vector of `f64` for each node of a hierarchy as a query, and one for it as a document.
#[derive(Clone, Debug)]
pub struct ExactEncoder {
    construction: Construction,
    runs: usize,
    dim: usize,
    proven: bool,
    /// Shape `(documents, dim)`.
    queries: Vec<f64>,
    /// Shape `(documents, dim)`.
    docs: Vec<f64>,
}

/// How many times more a query counts in the greedy order for each run more that it has; the best of these is taken.
/// Small ones look at all queries, great ones at the worst.
const BASES: [f64; 4] = [2.0, 3.0, 4.0, 6.0];

/// Up to this many places of a tour all integers of the interval construction are below 2^53.
const MOST_PLACES: usize = 1 << 25;

impl ExactEncoder {
    /// The vectors of a hierarchy in the smallest dimension that is found and is sure to be exact in `f64`.
    ///
    /// Where none is sure, those of the smallest dimension; [`ExactEncoder::is_proven`] is then false.
    ///
    /// Time and memory are proportional to the pairs of a document and an ancestor times the dimension, and in the
    /// worst case, long chains under many extra edges, to the sum of the squares of the numbers of descendants.
    pub fn of(hierarchy: &Hierarchy) -> Self {
        if hierarchy.docs().all(|doc| hierarchy.parents(doc).len() <= 1) {
            return intervals(hierarchy);
        }
        let below = order::descendants(hierarchy);
        let above: Rows<u32> = hierarchy
            .docs()
            .map(|doc| hierarchy.ancestors(doc).iter().map(|a| a.doc.0).collect::<Vec<u32>>())
            .collect();
        let tour = Circle::even(&order::tour(hierarchy, &below));
        let with_runs = |base: &f64| {
            let blocks = order::blocks(hierarchy, &below, *base);
            (most_runs(&Circle::even(&blocks.concat()), &above), blocks)
        };
        let tried: Vec<(usize, Vec<Vec<u32>>)> = BASES.par_iter().map(with_runs).collect();
        let (runs, blocks) = tried.into_iter().min_by_key(|(runs, _)| *runs).expect("there are bases");
        let blocks = Circle::arcs(&order::spread(blocks, &below, 2 * runs));
        let mut found = [
            (Construction::RunsOfDescendants, most_runs(&tour, &below), &tour, &below),
            (Construction::RunsOfAncestors, most_runs(&blocks, &above), &blocks, &above),
        ];
        found.sort_by_key(|(_, runs, _, _)| *runs);
        let [best, other] = found
            .map(|(construction, runs, circle, sets)| move || on_circle(construction, runs, circle, sets));
        let best = best();
        if best.proven {
            return best;
        }
        let other = other();
        if other.proven { other } else { best }
    }

    /// Numbers in a vector: twice [`ExactEncoder::runs`] and one.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The most runs that the set of any query, or any document, fills in the order that was found.
    pub fn runs(&self) -> usize {
        self.runs
    }

    /// Which side was put in order.
    pub fn construction(&self) -> Construction {
        self.construction
    }

    /// Whether a bound on all rounding errors shows that `f64` classifies every pair right.
    ///
    /// Where it is false nothing is known until [`ExactEncoder::errors`] has counted.
    pub fn is_proven(&self) -> bool {
        self.proven
    }

    /// The vector of a node as a query.
    ///
    /// # Panics
    /// When there is no such node.
    pub fn query(&self, node: DocIdx) -> &[f64] {
        &self.queries[node.at() * self.dim..][..self.dim]
    }

    /// The vector of a node as a document.
    ///
    /// # Panics
    /// When there is no such node.
    pub fn document(&self, node: DocIdx) -> &[f64] {
        &self.docs[node.at() * self.dim..][..self.dim]
    }

    /// The inner product, added up in rising order: positive means that the document should be retrieved.
    ///
    /// # Panics
    /// When there is no such query or document.
    pub fn score(&self, query: DocIdx, document: DocIdx) -> f64 {
        inner(self.query(query), self.document(document))
    }

    /// How many of all pairs of a query and a document get the wrong sign, counted one by one.
    ///
    /// `progress` is told how many queries are done in all, in ascending order, from whichever thread finished some.
    ///
    /// # Panics
    /// When the hierarchy has another number of documents than the one that this was made of.
    pub fn errors(&self, hierarchy: &Hierarchy, progress: &(dyn Fn(usize) + Sync)) -> u64 {
        let n_docs = hierarchy.n_docs();
        assert_eq!(n_docs * self.dim, self.docs.len(), "the encoder belongs to the hierarchy");
        let panels = panels(&self.docs, self.dim);
        let nodes: Vec<DocIdx> = hierarchy.docs().collect();
        let tally = Tally::new(progress);
        let wrong = |queries: &[DocIdx]| {
            let mut wrong = 0;
            for query in queries {
                let found = count_positive(self.query(*query), &panels);
                let relevant = hierarchy.ancestors(*query);
                let right = relevant.iter().filter(|a| self.score(*query, a.doc) > 0.0).count();
                wrong += (found - right) + (relevant.len() - right);
            }
            tally.add(queries.len());
            wrong as u64
        };
        nodes.par_chunks(64).map(wrong).sum()
    }
}

/// Documents beside each other in a panel.
const WIDTH: usize = 64;

/// The vectors of each [`WIDTH`] documents, transposed, so that many inner products are added up at once. What is
/// missing at the end is 0 and so never positive.
fn panels(vectors: &[f64], dim: usize) -> Vec<f64> {
    let n_panels = (vectors.len() / dim).div_ceil(WIDTH);
    let mut panels = vec![0.0; n_panels * dim * WIDTH]; // (panels, dim, WIDTH)
    for (at, vector) in vectors.chunks_exact(dim).enumerate() {
        let panel = &mut panels[at / WIDTH * dim * WIDTH..];
        vector.iter().enumerate().for_each(|(row, value)| panel[row * WIDTH + at % WIDTH] = *value);
    }
    panels
}

/// How many documents have a positive score; the sums are those of [`inner`], bit for bit.
fn count_positive(query: &[f64], panels: &[f64]) -> usize {
    let mut found = 0;
    for panel in panels.chunks_exact(query.len() * WIDTH) {
        let mut scores = [0.0; WIDTH];
        for (weight, row) in query.iter().zip(panel.chunks_exact(WIDTH)) {
            scores.iter_mut().zip(row).for_each(|(score, value)| *score += weight * value);
        }
        found += scores.iter().filter(|score| **score > 0.0).count();
    }
    found
}

/// The three dimensions of a forest.
fn intervals(hierarchy: &Hierarchy) -> ExactEncoder {
    let n_docs = hierarchy.n_docs();
    let mut size = vec![1u32; n_docs];
    for doc in hierarchy.topological().iter().rev() {
        for parent in hierarchy.parents(*doc) {
            size[parent.at()] += size[doc.at()];
        }
    }
    let (mut queries, mut docs) = (vec![0.0; n_docs * 3], vec![0.0; n_docs * 3]); // (documents, 3)
    let mut waiting: Vec<DocIdx> = hierarchy.roots().collect();
    waiting.reverse();
    let mut place = 0;
    while let Some(doc) = waiting.pop() {
        let (p, a, b) = (
            2.0 * f64::from(place),
            2.0 * f64::from(place) - 1.0,
            2.0 * f64::from(place + size[doc.at()]) - 1.0,
        );
        queries[doc.at() * 3..][..3].copy_from_slice(&[-p * p, p, 1.0]);
        docs[doc.at() * 3..][..3].copy_from_slice(&[1.0, a + b, -a * b]);
        waiting.extend(hierarchy.children(doc).iter().rev());
        place += 1;
    }
    ExactEncoder {
        construction: Construction::Interval,
        runs: 1,
        dim: 3,
        proven: n_docs <= MOST_PLACES,
        queries,
        docs,
    }
}

/// The most runs that any of the sets fills.
fn most_runs(circle: &Circle, sets: &Rows<u32>) -> usize {
    let count = |set: &[u32], places: &mut Vec<u32>| circle.runs(set, places).len();
    let rows = (0..sets.len()).into_par_iter();
    rows.map_init(Vec::new, |places, row| count(sets.row(row), places)).max().unwrap_or(0)
}

/// Polynomials over sets of items on a circle.
fn on_circle(construction: Construction, runs: usize, circle: &Circle, sets: &Rows<u32>) -> ExactEncoder {
    let dim = 2 * runs + 1;
    let made: Vec<(Polynomial, bool)> = (0..sets.len())
        .into_par_iter()
        .map_init(Vec::new, |places, row| {
            let runs_of_set = circle.runs(sets.row(row), places);
            let polynomial = circle.polynomial(&runs_of_set, runs);
            let certain = circle.is_certain(&polynomial, &runs_of_set);
            (polynomial, certain)
        })
        .collect();
    let proven = made.iter().all(|(_, certain)| *certain);
    let carriers: Vec<f64> = made.into_iter().flat_map(|(polynomial, _)| polynomial.coefficients).collect();
    let points: Vec<f64> =
        circle.place.iter().flat_map(|place| point(circle.angles[*place as usize], runs)).collect();
    let (queries, docs) = match construction {
        Construction::RunsOfAncestors => (carriers, points),
        Construction::RunsOfDescendants | Construction::Interval => (points, carriers),
    };
    ExactEncoder { construction, runs, dim, proven, queries, docs }
}

#[cfg(test)]
mod tests;
