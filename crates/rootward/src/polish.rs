//! Query vectors without a single error, where the document vectors allow it.
//!
//! Training ends with a few queries that rank something wrong. With the documents fixed each query is alone: it is right
//! when one vector scores all of S(q) above every other document, which is to separate two sets of points by a
//! hyperplane. That has an answer or has none, and both can be found: the difference of the nearest points of the two
//! convex hulls separates best of all, and hulls that touch cannot be separated by any vector. Only the documents that
//! a vector gets wrong are added to the second set, so that few of all are ever looked at closely.
//!
//! Queries that are right are never touched. Of the 82,115 queries of WordNet nouns the recipe climb-small leaves 15 wrong
//! in 32 dimensions and 80 in 16 (one run each), polishing none. Ranking all of S(q) first is the same as a sign in one dimension more: give
//! every document a coordinate 1, and each query minus a threshold between its two sets.

use rayon::prelude::*;
use rootward_kernels::{dot, normalise_rows};

use crate::eval::{NanRow, Vectors, for_each_query};
use crate::matrix::Matrix;
use crate::pairs::Pairs;
use crate::tally::Tally;

/// What polishing made of the queries.
#[derive(Clone, Debug)]
pub struct Polished {
    /// Shape `(queries, dim)`: the vectors as they were, but unit vectors that are right where they were wrong and could
    /// be separated.
    pub queries: Matrix,
    /// Rows that were wrong before, in ascending order.
    pub wrong_before: Vec<usize>,
    /// Rows that still are: those that no vector was found for.
    pub wrong_after: Vec<usize>,
}

/// Why nothing can be polished.
#[derive(Debug, thiserror::Error)]
pub enum PolishError {
    /// The vectors do not belong to these pairs.
    #[error(
        "{expected} query vectors of {dim} numbers were expected, {got} of {got_dim} were found; do all parts come from the same model?"
    )]
    Shape {
        /// Queries with pairs.
        expected: usize,
        /// Rows of the query vectors.
        got: usize,
        /// Numbers in a document's vector.
        dim: usize,
        /// Numbers in a query's vector.
        got_dim: usize,
    },
    /// A vector holds something that is not a number, or its scores overflow to it.
    #[error(
        "a score of the query in row {row} is not a number; the model may have diverged: try a lower rate"
    )]
    Nan {
        /// The row of the query.
        row: usize,
    },
}

/// Other documents that are added to a query's second set at once.
const ADDED: usize = 32;
/// How often that is done before a query counts as inseparable.
const MOST_ROUNDS: usize = 100;
/// Moves of the nearest points in one round.
const MOST_MOVES: usize = 20_000;
/// Hulls at most this far from each other, of unit vectors, are taken to touch: `f32` cannot rank more finely.
const TOUCHING: f64 = 1e-5;
/// A separation is good enough when it has this part of the distance of the hulls.
const ENOUGH: f64 = 0.5;

/// New vectors for the queries that rank any document of S(q) at or below another.
///
/// `progress` is told how many queries that were wrong are done and how many there are.
///
/// # Shapes
/// - `vectors.queries`: `(queries, dim)`, row `i` belongs to row `i` of the pairs
/// - `vectors.docs`: `(documents, dim)`, all documents of the pairs
///
/// # Errors
/// When the vectors do not belong to the pairs or hold something that is not a number.
pub fn polish(
    vectors: Vectors<'_>,
    pairs: &Pairs,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Polished, PolishError> {
    let wrong_before = wrong_queries(vectors, pairs)?;
    let progress = |done| progress(done, wrong_before.len());
    let tally = Tally::new(&progress);
    let separated = |row: &usize| {
        let found = separate(vectors.docs, &relevant(pairs, *row), vectors.queries.row(*row));
        tally.add(1);
        found
    };
    let found: Vec<Option<Vec<f32>>> = wrong_before.par_iter().map(separated).collect();
    let mut queries = vectors.queries.clone();
    for (row, vector) in wrong_before.iter().zip(found) {
        if let Some(vector) = vector {
            queries.row_mut(*row).copy_from_slice(&vector);
        }
    }
    let tried: Vec<f32> = wrong_before.iter().flat_map(|row| queries.row(*row)).copied().collect();
    let tried = Matrix::new(wrong_before.len(), vectors.docs.dim(), tried).expect("rows are of one dim");
    let left = wrong_queries(Vectors { queries: &tried, docs: vectors.docs }, &pairs.subset(&wrong_before))?;
    let wrong_after = left.into_iter().map(|at| wrong_before[at]).collect();
    Ok(Polished { queries, wrong_before, wrong_after })
}

/// The rows of all queries that rank some document of S(q) at or below another, in ascending order.
///
/// # Errors
/// When the vectors do not belong to the pairs or hold something that is not a number.
pub fn wrong_queries(vectors: Vectors<'_>, pairs: &Pairs) -> Result<Vec<usize>, PolishError> {
    let (expected, got) = (pairs.n_queries(), vectors.queries.n_rows());
    let (dim, got_dim) = (vectors.docs.dim(), vectors.queries.dim());
    if expected != got || dim != got_dim {
        return Err(PolishError::Shape { expected, got, dim, got_dim });
    }
    let is_wrong = |row: usize, scores: &[f32]| {
        let wanted = pairs.relevant(row);
        let least = wanted.iter().map(|pair| scores[pair.doc.at()]).fold(f32::INFINITY, f32::min);
        scores.iter().filter(|score| **score >= least).count() > wanted.len()
    };
    let wrong = for_each_query(vectors, &|_| (), is_wrong).map_err(|NanRow(row)| PolishError::Nan { row })?;
    Ok((0..got).filter(|row| wrong[*row]).collect())
}

/// S(q) as places of documents, in ascending order.
fn relevant(pairs: &Pairs, row: usize) -> Vec<usize> {
    let mut docs: Vec<usize> = pairs.relevant(row).iter().map(|pair| pair.doc.at()).collect();
    docs.sort_unstable();
    docs
}

/// A unit vector that scores the wanted documents above all others; `None` when there is none, or none was found.
fn separate(docs: &Matrix, wanted: &[usize], start: &[f32]) -> Option<Vec<f32>> {
    let mut vector = start.to_vec();
    let mut others: Vec<usize> = Vec::new();
    let mut hulls = Hulls::new(docs, wanted[0]);
    wanted[1..].iter().for_each(|doc| hulls.add(docs, Set::Wanted, *doc));
    for _ in 0..MOST_ROUNDS {
        let wrong = best_others(docs, wanted, &vector);
        if wrong.is_empty() {
            return Some(vector);
        }
        let known = others.len();
        for doc in wrong {
            if !others.contains(&doc) {
                others.push(doc);
                hulls.add(docs, Set::Other, doc);
            }
        }
        // A separation in `f64` that `f32` has lost gives no new documents.
        if others.len() == known || !hulls.separate() {
            return None;
        }
        vector = hulls.difference.iter().map(|value| *value as f32).collect();
        normalise_rows(&mut vector, docs.dim(), &mut [0.0]);
    }
    None
}

/// At most [`ADDED`] documents with the greatest scores of those that are not wanted and not below all that are.
fn best_others(docs: &Matrix, wanted: &[usize], query: &[f32]) -> Vec<usize> {
    let scores: Vec<f32> = docs.values().chunks_exact(docs.dim()).map(|doc| dot(query, doc)).collect();
    let least = wanted.iter().map(|doc| scores[*doc]).fold(f32::INFINITY, f32::min);
    // A little more than the rounding of a score, in whatever order it is added up.
    let bound = least - least.abs().max(1.0) * 4.0 * f32::EPSILON;
    let mut wrong: Vec<usize> =
        (0..scores.len()).filter(|doc| scores[*doc] >= bound && wanted.binary_search(doc).is_err()).collect();
    wrong.sort_unstable_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
    wrong.truncate(ADDED);
    wrong
}

/// Which of the two sets a point belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    Wanted,
    Other,
}

/// A point of a hull, and its weight in the point of that hull that is nearest to the other one.
struct Corner {
    side: Set,
    point: Vec<f64>,
    weight: f64,
}

/// The convex hulls of two sets of points, and a point of either; moved towards each other by the method of Mitchell,
/// Demyanov and Malozemov (SIAM J. Control 12, 1974), which shifts weight from the corner that is furthest back to the
/// one that is furthest ahead.
struct Hulls {
    corners: Vec<Corner>,
    /// From the point of the others to the point of the wanted.
    difference: Vec<f64>,
}

impl Hulls {
    fn new(docs: &Matrix, wanted: usize) -> Self {
        let mut hulls = Hulls { corners: Vec::new(), difference: vec![0.0; docs.dim()] };
        hulls.add(docs, Set::Wanted, wanted);
        hulls
    }

    /// Adds a corner: with all weight when it is the first of its side, otherwise with none.
    fn add(&mut self, docs: &Matrix, side: Set, doc: usize) {
        let point: Vec<f64> = docs.row(doc).iter().map(|value| f64::from(*value)).collect();
        let is_first = self.corners.iter().all(|corner| corner.side != side);
        let weight = if is_first { 1.0 } else { 0.0 };
        let sign = if side == Set::Wanted { weight } else { -weight };
        self.difference.iter_mut().zip(&point).for_each(|(d, p)| *d += sign * p);
        self.corners.push(Corner { side, point, weight });
    }

    /// Moves the points until their difference separates the two sets well; `false` when the hulls touch.
    fn separate(&mut self) -> bool {
        for _ in 0..MOST_MOVES {
            let square: f64 = self.difference.iter().map(|d| d * d).sum();
            if square < TOUCHING * TOUCHING {
                return false;
            }
            let scores: Vec<f64> = self
                .corners
                .iter()
                .map(|c| c.point.iter().zip(&self.difference).map(|(p, d)| p * d).sum())
                .collect();
            let wanted = self.step(Set::Wanted, &scores);
            let other = self.step(Set::Other, &scores);
            if scores[wanted.to] - scores[other.to] >= ENOUGH * square {
                return true;
            }
            self.shift(if wanted.gain >= other.gain { wanted } else { other });
        }
        false
    }

    /// The best shift of weight on one side: to the corner nearest to the other side, from the furthest with weight.
    fn step(&self, side: Set, scores: &[f64]) -> Step {
        // Greater is further from the other side.
        let back = |at: usize| if side == Set::Wanted { scores[at] } else { -scores[at] };
        let mine = (0..self.corners.len()).filter(|at| self.corners[*at].side == side);
        let to = mine.clone().min_by(|a, b| back(*a).total_cmp(&back(*b)));
        let from =
            mine.filter(|at| self.corners[*at].weight > 0.0).max_by(|a, b| back(*a).total_cmp(&back(*b)));
        let (to, from) = (to.expect("a side has a corner"), from.expect("the weights of a side add up to 1"));
        Step { from, to, gain: back(from) - back(to) }
    }

    /// Moves as much weight as brings the difference nearest to 0.
    fn shift(&mut self, Step { from, to, gain }: Step) {
        let way: Vec<f64> =
            self.corners[to].point.iter().zip(&self.corners[from].point).map(|(t, f)| t - f).collect();
        let square: f64 = way.iter().map(|w| w * w).sum();
        let weight = self.corners[from].weight;
        let moved = if square > 0.0 { (gain / square).min(weight) } else { weight };
        self.corners[from].weight = if moved == weight { 0.0 } else { weight - moved };
        self.corners[to].weight += moved;
        let sign = if self.corners[to].side == Set::Wanted { moved } else { -moved };
        self.difference.iter_mut().zip(&way).for_each(|(d, w)| *d += sign * w);
    }
}

/// A shift of weight between two corners of one side, and how much further back the first of them is.
#[derive(Clone, Copy)]
struct Step {
    from: usize,
    to: usize,
    gain: f64,
}

#[cfg(test)]
mod tests;
