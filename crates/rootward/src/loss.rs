//! Losses: from vectors to a number and its gradients, knowing nothing of where the vectors come from.
//!
//! There is one kernel for whole batches, the corrected softmax, and one for lists of [siblings](sibling_softmax). What the literature treats as different losses (in-batch negatives,
//! several positives, masked false negatives, logQ correction, sampled or full softmax) differs in which columns are
//! positives, which are left out, and how much a positive or a negative counts, and all of that is data: see [`Targets`].
//!
//! The scores of a batch are never stored. A few queries at a time are scored against all documents, turned into
//! gradients in place and multiplied back, so memory grows with the documents and not with queries × documents.
//! The work is cut into [`GROUPS`] parts whose sums are added in a fixed order: results do not depend on the number of
//! threads, and more threads than parts do not help.

use std::ops::Range;

use rayon::prelude::*;
use rootward_kernels::{
    Packed, Store, Strided, add_scaled, exp_sum, negative_distances, product, scale_and_max, scale_by,
};

use crate::matrix::Matrix;
use crate::rows::Rows;

mod siblings;

pub use siblings::{Contests, sibling_softmax};

/// Queries that are scored at a time: a multiple of the row counts of the matrix tiles, few enough for a cache.
const BLOCK: usize = 24;

/// Parts that a batch is cut into.
pub const GROUPS: usize = 8;

/// What each query should retrieve, what it should not be pushed away from, and how much a document counts as negative.
#[derive(Clone, Copy, Debug)]
pub struct Targets<'a> {
    /// For each query the columns that it should retrieve; a query without any adds nothing to the loss.
    pub positives: &'a Rows<u32>,
    /// For each query the columns that are no negatives of it: its positives at least, every relevant one at best.
    pub known: &'a Rows<u32>,
    /// For each column the natural logarithm of its weight as a negative; `None` weighs all alike.
    pub log_weights: Option<&'a [f32]>,
    /// For each query how much the loss of each of its positives counts, finite and 0 or more; `None` counts all as 1.
    pub weights: Option<&'a Rows<f32>>,
}

/// A loss and its gradients.
#[derive(Clone, Debug)]
pub struct LossGrad {
    /// Mean over the batch.
    pub loss: f64,
    /// Gradient of the loss with respect to each query vector, shape of the queries.
    pub queries: Matrix,
    /// Gradient of the loss with respect to each document vector, shape of the documents.
    pub docs: Matrix,
}

impl LossGrad {
    /// The slope of the loss over the logarithm of the temperature, given the queries that the loss was given.
    ///
    /// A score is a query times a document over the temperature: scaling all queries up does what scaling the
    /// temperature down does, so the slope is `-<queries, gradient of the queries>`.
    ///
    /// # Panics
    /// When the queries are of another shape.
    pub fn slope_over_log_temperature(&self, queries: &Matrix) -> f64 {
        let shape = |matrix: &Matrix| (matrix.n_rows(), matrix.dim());
        assert_eq!(shape(queries), shape(&self.queries), "queries and their gradients are of one shape");
        let products = queries.values().iter().zip(self.queries.values());
        -products.map(|(x, grad)| f64::from(*x) * f64::from(*grad)).sum::<f64>()
    }
}

/// Vectors, targets and temperature that do not go together.
#[derive(Debug, thiserror::Error)]
pub enum LossError {
    /// Queries and documents are not of one space, or rows are missing.
    #[error("{what}: expected {expected}, got {got}")]
    Shape {
        /// What was counted.
        what: &'static str,
        /// What the other arguments ask for.
        expected: usize,
        /// What was given.
        got: usize,
    },
    /// A column that is not there.
    #[error("query {query} names document column {column}, the batch has {n_docs}")]
    Column {
        /// Row of the query.
        query: usize,
        /// The column.
        column: u32,
        /// Documents of the batch.
        n_docs: usize,
    },
    /// A loss that cannot count so much.
    #[error("a positive of query {query} counts {found}, expected a finite number, 0 or more")]
    Weight {
        /// Row of the query.
        query: usize,
        /// The weight.
        found: f32,
    },
    /// A temperature that cannot divide.
    #[error("the temperature is {0}, expected a number above 0; scores are divided by it")]
    Temperature(f32),
    /// A vector holds a NaN or an infinity.
    #[error(
        "{side} vector {row} is not finite: the training diverged; lower the learning rate or raise the temperature"
    )]
    Vector {
        /// "query" or "document".
        side: &'static str,
        /// Its row.
        row: usize,
    },
    /// Finite vectors have a product that is not.
    #[error(
        "a score of query {query} is not finite: the training diverged; lower the learning rate or raise the temperature"
    )]
    Diverged {
        /// Row of the query.
        query: usize,
    },
}

/// Memory that a loss works in, kept from step to step so that it is not asked for anew each time.
#[derive(Default)]
pub struct Scratch {
    docs_across: Packed,
    docs_along: Packed,
    groups: Vec<GroupScratch>,
}

#[derive(Default)]
struct GroupScratch {
    strip: Vec<f32>,
    slopes: Vec<f32>,
    queries: Packed,
    doc_grads: Vec<f32>,
}

/// Softmax cross-entropy of each query's positive against every document of the batch, with its gradients.
///
/// `-log( exp(s_bb / t) / sum_c exp(s_bc / t) )`, mean over the batch, `s = queries · docsᵀ`  [HR §3].
/// Every other row counts as a negative, even one that is relevant to the query too, even the same document once
/// more: this is the loss whose failure on far ancestors the paper describes. See [`corrected_softmax`] for the cure.
///
/// # Shapes
/// - `queries`, `docs`: `(batch, dim)`; row `b` of `docs` is the positive of query `b`
/// - result: the mean loss, and its gradients in the shapes of the inputs
///
/// # Errors
/// When the two shapes differ, the temperature is not above 0, or a vector or score is not finite.
pub fn in_batch_softmax(
    scratch: &mut Scratch,
    queries: &Matrix,
    docs: &Matrix,
    temperature: f32,
) -> Result<LossGrad, LossError> {
    if docs.n_rows() != queries.n_rows() {
        return Err(LossError::Shape { what: "documents", expected: queries.n_rows(), got: docs.n_rows() });
    }
    let diagonal: Rows<u32> = (0..queries.n_rows() as u32).map(|row| vec![row]).collect();
    let targets = Targets { positives: &diagonal, known: &diagonal, log_weights: None, weights: None };
    corrected_softmax(scratch, queries, docs, targets, temperature)
}

/// Softmax cross-entropy of each query's positives against its negatives, with its gradients.
///
/// For a query with positives P that count v, known documents K and weights of negatives w:
/// `mean over p in P of -v_p log( exp(s_p) / (exp(s_p) + sum over c not in K of w_c exp(s_c)) )`, mean over the batch,
/// `s = queries · docsᵀ / temperature`. Positives do not compete with each other. With P = K = the diagonal and v = w = 1
/// this is [`in_batch_softmax`]; with `w_c` = 1 / (how often `c` is drawn) it is a sampled softmax with logQ correction
/// [Yi et al., RecSys 2019], the positive itself left uncorrected as in [arXiv 2507.09331].
///
/// # Shapes
/// - `queries`: `(batch, dim)`, `docs`: `(n_docs, dim)`; targets have `batch` rows and columns below `n_docs`
/// - result: the mean loss, and its gradients in the shapes of the inputs
///
/// # Errors
/// When shapes or columns do not fit, the temperature is not above 0, or a vector or score is not finite.
pub fn corrected_softmax(
    scratch: &mut Scratch,
    queries: &Matrix,
    docs: &Matrix,
    targets: Targets<'_>,
    temperature: f32,
) -> Result<LossGrad, LossError> {
    softmax(scratch, queries, docs, targets, Scale { temperature, closeness: Closeness::Product })
}

/// [`corrected_softmax`] of minus the distances in hyperbolic space [Nickel & Kiela, NeurIPS 2017].
///
/// `s = -arcosh(-queries · docsᵀ) / temperature` for vectors whose plain inner product is the Lorentzian one: those of
/// [`Score::Hyperbolic`](crate::table::Score::Hyperbolic). Distances below about 0.0014 count as that.
///
/// # Shapes
/// As those of [`corrected_softmax`]; gradients are with respect to the vectors as they are given.
///
/// # Errors
/// As those of [`corrected_softmax`].
pub fn hyperbolic_softmax(
    scratch: &mut Scratch,
    queries: &Matrix,
    docs: &Matrix,
    targets: Targets<'_>,
    temperature: f32,
) -> Result<LossGrad, LossError> {
    softmax(scratch, queries, docs, targets, Scale { temperature, closeness: Closeness::HyperbolicDistance })
}

/// How products become the scores of a softmax.
#[derive(Clone, Copy)]
struct Scale {
    closeness: Closeness,
    temperature: f32,
}

/// What is divided by the temperature.
#[derive(Clone, Copy)]
enum Closeness {
    /// The inner product.
    Product,
    /// Minus the distance that a Lorentzian product stands for.
    HyperbolicDistance,
}

fn softmax(
    scratch: &mut Scratch,
    queries: &Matrix,
    docs: &Matrix,
    targets: Targets<'_>,
    scale: Scale,
) -> Result<LossGrad, LossError> {
    let Scale { temperature, closeness } = scale;
    check(queries, docs, targets, temperature)?;
    let (batch, n_docs, dim) = (queries.n_rows(), docs.n_rows(), queries.dim());
    let mut query_grads = Matrix::zeros(batch, dim);
    let mut doc_grads = Matrix::zeros(n_docs, dim);
    if batch == 0 || n_docs == 0 {
        return Ok(LossGrad { loss: 0.0, queries: query_grads, docs: doc_grads });
    }

    let Scratch { docs_across, docs_along, groups } = scratch;
    rayon::join(
        || docs_across.pack(dim, n_docs, Strided::transposed(docs.values(), dim)),
        || docs_along.pack(n_docs, dim, Strided::rows(docs.values(), dim)),
    );
    let problem = Problem { queries, docs_across, docs_along, targets, closeness, temperature };

    let per_group = batch.div_ceil(GROUPS).next_multiple_of(BLOCK).min(batch);
    let n_groups = batch.div_ceil(per_group);
    groups.resize_with(n_groups.max(groups.len()), GroupScratch::default);
    let groups = &mut groups[..n_groups];
    let losses: Vec<f64> = groups
        .par_iter_mut()
        .zip(query_grads.values_mut().par_chunks_mut(per_group * dim))
        .enumerate()
        .map(|(group, (scratch, query_grads))| {
            let first = group * per_group;
            problem.run_group(scratch, first..batch.min(first + per_group), query_grads)
        })
        .collect::<Result<_, _>>()?;

    doc_grads.values_mut().par_chunks_mut(REDUCE).enumerate().for_each(|(chunk, sum)| {
        for group in groups.iter() {
            add_scaled(1.0, &group.doc_grads[chunk * REDUCE..][..sum.len()], sum);
        }
    });
    Ok(LossGrad { loss: losses.iter().sum::<f64>() / batch as f64, queries: query_grads, docs: doc_grads })
}

/// Numbers of the document gradient that one task adds up.
const REDUCE: usize = 1 << 14;

/// What all parts of a batch share.
struct Problem<'a> {
    queries: &'a Matrix,
    /// Documents as the columns of a right operand: `(dim, n_docs)`.
    docs_across: &'a Packed,
    /// Documents as its rows: `(n_docs, dim)`.
    docs_along: &'a Packed,
    targets: Targets<'a>,
    closeness: Closeness,
    temperature: f32,
}

impl Problem<'_> {
    /// The summed loss of some queries; writes their gradients, and what they add to the documents' into the scratch.
    fn run_group(
        &self,
        scratch: &mut GroupScratch,
        rows: Range<usize>,
        query_grads: &mut [f32],
    ) -> Result<f64, LossError> {
        let (n_docs, dim) = (self.docs_along.k(), self.queries.dim());
        let GroupScratch { strip, slopes, queries: packed_queries, doc_grads } = scratch;
        strip.resize(BLOCK * n_docs, 0.0);
        doc_grads.resize(n_docs * dim, 0.0);
        let mut loss = 0.0;
        for first in rows.clone().step_by(BLOCK) {
            let block = BLOCK.min(rows.end - first);
            let strip = &mut strip[..block * n_docs]; // (block, n_docs)
            let queries = Strided::rows(&self.queries.values()[first * dim..(first + block) * dim], dim);
            product(Store::Set, block, queries, self.docs_across, strip, n_docs);
            for (i, scores) in strip.chunks_exact_mut(n_docs).enumerate() {
                loss += match self.closeness {
                    Closeness::Product => self.scores_to_gradient(first + i, scores)?,
                    Closeness::HyperbolicDistance => {
                        slopes.resize(n_docs, 0.0);
                        negative_distances(scores, slopes);
                        let loss = self.scores_to_gradient(first + i, scores)?;
                        scores.iter_mut().zip(&*slopes).for_each(|(gradient, slope)| *gradient *= slope);
                        loss
                    }
                };
            }
            let place = (first - rows.start) * dim;
            let query_grads = &mut query_grads[place..place + block * dim];
            product(Store::Set, block, Strided::rows(strip, n_docs), self.docs_along, query_grads, dim);
            packed_queries.pack(block, dim, queries);
            let store = if first == rows.start { Store::Set } else { Store::Add };
            product(store, n_docs, Strided::transposed(strip, n_docs), packed_queries, doc_grads, dim);
        }
        Ok(loss)
    }

    /// The loss of one query; turns its scores into the gradient of the mean loss with respect to them.
    fn scores_to_gradient(&self, query: usize, scores: &mut [f32]) -> Result<f64, LossError> {
        let positives = self.targets.positives.row(query);
        if positives.is_empty() {
            scores.fill(0.0);
            return Ok(0.0);
        }
        let positive_scores: Vec<f32> =
            positives.iter().map(|column| scores[*column as usize] / self.temperature).collect();
        for column in self.targets.known.row(query) {
            scores[*column as usize] = f32::NEG_INFINITY;
        }
        let max = scale_and_max(scores, 1.0 / self.temperature, self.targets.log_weights);
        let sum = exp_sum(scores, max);
        let log_sum = f64::from(max) + f64::from(sum).ln();

        // With r = log(sum of the negatives / positive), a positive adds softplus(r) to the loss; its own score gets
        // the gradient -sigmoid(r), and the negatives share sigmoid(r) in proportion to their terms of the sum.
        let (mut loss, mut pushed) = (0.0, 0.0);
        let equal = 1.0 / positives.len() as f64;
        let weights = self.targets.weights.map(|weights| weights.row(query));
        let scale = 1.0 / (f64::from(self.temperature) * self.queries.n_rows() as f64);
        let mut pulls = Vec::with_capacity(positives.len());
        for (place, score) in positive_scores.iter().enumerate() {
            let share = weights.map_or(equal, |weights| f64::from(weights[place]) * equal);
            let r = log_sum - f64::from(*score);
            if !score.is_finite() || r.is_nan() {
                return Err(LossError::Diverged { query });
            }
            loss += share * softplus(r);
            let pull = share / (1.0 + (-r).exp());
            pushed += pull;
            pulls.push(-pull * scale);
        }
        // No negative at all (a sum of 0) leaves nothing to push: all pulls are 0 too.
        let factor = if sum > 0.0 { pushed * scale / f64::from(sum) } else { 0.0 };
        scale_by(scores, factor as f32);
        for (column, pull) in positives.iter().zip(pulls) {
            scores[*column as usize] += pull as f32;
        }
        Ok(loss)
    }
}

/// `log(1 + exp(x))` without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn check(queries: &Matrix, docs: &Matrix, targets: Targets<'_>, temperature: f32) -> Result<(), LossError> {
    check_temperature(temperature)?;
    let (batch, n_docs) = (queries.n_rows(), docs.n_rows());
    let counted = [
        ("rows of positives", batch, targets.positives.len()),
        ("rows of known documents", batch, targets.known.len()),
        ("weights of documents", n_docs, targets.log_weights.map_or(n_docs, <[f32]>::len)),
        ("rows of weights of positives", batch, targets.weights.map_or(batch, Rows::len)),
    ];
    for (what, expected, got) in counted {
        if expected != got {
            return Err(LossError::Shape { what, expected, got });
        }
    }
    check_vectors(queries, docs)?;
    for columns in [targets.positives, targets.known] {
        for (query, row) in columns.iter().enumerate() {
            if let Some(column) = row.iter().find(|c| **c as usize >= n_docs) {
                return Err(LossError::Column { query, column: *column, n_docs });
            }
        }
    }
    for (query, row) in targets.weights.iter().flat_map(|weights| weights.iter()).enumerate() {
        let expected = targets.positives.row(query).len();
        if row.len() != expected {
            return Err(LossError::Shape {
                what: "weights of a query's positives",
                expected,
                got: row.len(),
            });
        }
        if let Some(found) = row.iter().find(|weight| !(weight.is_finite() && **weight >= 0.0)) {
            return Err(LossError::Weight { query, found: *found });
        }
    }
    Ok(())
}

fn check_temperature(temperature: f32) -> Result<(), LossError> {
    match temperature > 0.0 && temperature.is_finite() {
        true => Ok(()),
        false => Err(LossError::Temperature(temperature)),
    }
}

fn check_vectors(queries: &Matrix, docs: &Matrix) -> Result<(), LossError> {
    let (expected, got) = (queries.dim(), docs.dim());
    if expected != got {
        return Err(LossError::Shape { what: "numbers in a document vector", expected, got });
    }
    for (side, vectors) in [("query", queries), ("document", docs)] {
        // A masked NaN leaves the loss alone and reaches the gradients all the same, as 0 times NaN.
        if let Some(place) = vectors.values().iter().position(|x| !x.is_finite()) {
            return Err(LossError::Vector { side, row: place / vectors.dim() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
