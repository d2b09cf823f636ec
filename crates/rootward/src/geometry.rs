//! The geometry of retrieval on a hierarchy: which dimension is enough, by theory and by measurement.
//!
//! The paper proves that vectors exist which retrieve every relevant set, by constructing them at random  [HR,
//! theorem]. This is that construction, without any training, and what says how well vectors separate: their
//! [`margins`], and the [`smallest_dims`] in which a recall is reached. The search takes any measurement, so that
//! constructed and trained vectors are compared by one rule.

use rayon::prelude::*;
use rootward_kernels::{add_scaled, normalise_rows};
use serde::Serialize;

use crate::eval::{EvalError, Evaluation, Truth, Vectors, evaluate};
use crate::inspect::Dimension;
use crate::matrix::Matrix;
use crate::pairs::Pairs;
use crate::random::{Purpose, fill_normal, stream};

mod margins;
mod search;

pub use margins::{Concentration, Margins, Quantiles, Threshold, margins};
pub use search::{Search, SmallestDim, Trial, smallest_dims};

/// What a construction is drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// Documents there are, relevant to a query or not.
    pub n_docs: usize,
    /// Numbers in a vector.
    pub dim: usize,
    /// Everything random follows from it.
    pub seed: u64,
}

/// Vectors that were constructed, all of norm 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Constructed {
    /// Shape `(queries, dim)`: row `i` belongs to row `i` of the pairs.
    pub queries: Matrix,
    /// Shape `(documents, dim)`.
    pub docs: Matrix,
}

impl Constructed {
    /// The same, borrowed for scoring.
    pub fn vectors(&self) -> Vectors<'_> {
        Vectors { queries: &self.queries, docs: &self.docs }
    }
}

/// The paper's vectors: a random one for each document, and for each query the sum of those of its relevant set.
///
/// `x̂_j ~ N(0, I_d)`; document `j` is `x̂_j / ‖x̂_j‖`; query `q` is `Σ_{j ∈ S(q)} x̂_j`, normalised  [HR, theorem]. The
/// sum runs over the vectors before they are normalised.
///
/// Each document draws from a stream of its own, so the result is the same on any number of threads, and under one
/// seed `x̂_j` in fewer dimensions is the beginning of `x̂_j` in more.
///
/// # Panics
/// When `dim` is 0, or a pair names a document that is not there.
pub fn construction(pairs: &Pairs, draw: Draw) -> Constructed {
    let Draw { n_docs, dim, seed } = draw;
    assert!(dim > 0, "vectors have at least one number");
    let mut docs = Matrix::zeros(n_docs, dim);
    docs.values_mut().par_chunks_mut(dim).enumerate().for_each(|(doc, vector)| {
        fill_normal(vector, 1.0, &mut stream(seed, Purpose::Construction { doc }));
    });
    let mut queries = Matrix::zeros(pairs.n_queries(), dim);
    queries.values_mut().par_chunks_mut(dim).enumerate().for_each(|(row, sum)| {
        pairs.relevant(row).iter().for_each(|relevant| add_scaled(1.0, docs.row(relevant.doc.at()), sum));
    });
    for side in [&mut queries, &mut docs] {
        side.values_mut().par_chunks_mut(dim).for_each(|vector| normalise_rows(vector, dim, &mut [0.0]));
    }
    Constructed { queries, docs }
}

/// Constructs vectors of `dim` numbers for the queries of `truth`, and evaluates them.
///
/// # Errors
/// As [`evaluate`].
///
/// # Panics
/// When `dim` is 0.
pub fn evaluate_construction(
    truth: &Truth<'_>,
    dim: usize,
    seed: u64,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Evaluation, EvalError> {
    let n_docs = truth.names.docs.len();
    evaluate(construction(truth.pairs, Draw { n_docs, dim, seed }).vectors(), truth, progress)
}

/// The paper's bound on the dimension, in the numbers of one hierarchy.
///
/// If no query has more than `s` relevant documents among `m`, unit vectors with `<q, x> >= r + ε` for relevant and
/// `<q, x> <= r - ε` for other documents exist in `d = O(max(s log m, ε⁻² log m))` dimensions  [HR, theorem].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bound {
    /// `s`: the most documents relevant to one query.
    pub most_relevant: usize,
    /// `m`: documents.
    pub documents: usize,
    /// `n`: queries.
    pub queries: usize,
    /// `s ln m`, without the constant that the theorem leaves open.
    pub s_log_m: f64,
    /// `ε⁻² ln m` at `ε = 1 / (2 √s)`, the greatest margin that the construction can have; without its constant.
    pub margin_log_m: f64,
    /// With constants, which are ours.
    #[serde(flatten)]
    pub dimension: Dimension,
}

impl Bound {
    /// The bound for these queries over so many documents; `None` where nothing is relevant to any.
    pub fn of(pairs: &Pairs, n_docs: usize) -> Option<Bound> {
        let dimension = Dimension::of(pairs, n_docs)?;
        let most_relevant = pairs.largest_set();
        let s_log_m = most_relevant as f64 * (n_docs as f64).ln();
        let margin_log_m = 4.0 * s_log_m;
        let queries = pairs.n_queries();
        Some(Bound { most_relevant, documents: n_docs, queries, s_log_m, margin_log_m, dimension })
    }
}

#[cfg(test)]
mod tests;
