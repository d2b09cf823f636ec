//! Tree search: down the tree to the likeliest leaves, and the best of their documents.
//!
//! The tree is cut into groups of leaves that are near to each other. A query looks at the groups, then at the leaves of the
//! likeliest groups, then at the documents of the likeliest leaves, of which it takes the best as exact search would.
//! How likely a node is to hold a query's best documents is told by its mean and its spread, `q·mean + weight |q| spread`:
//! vectors are not normalised, and a leaf may have a few that are long.

mod calibration;
mod routes;

use rayon::prelude::*;
use rootward::doc_tree::TreeShape;
use rootward::matrix::Matrix;
use rootward_kernels::QueryCodes;

use crate::allowed::Allowed;
use crate::exact::{self, Candidates, Documents, Scored, Visits};

pub use calibration::{Calibrated, calibrate};
pub use routes::Routing;

/// Queries whose leaves are scanned together, at most.
const QUERIES: usize = 256;

/// How much of a tree is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beam {
    /// Leaves for each query, at least 1.
    pub leaves: usize,
}

/// The tree that serves search best over so many documents.
///
/// Leaves of 128 to 512 documents cost a search the same within a tenth, and larger ones make a change dearer.
pub fn search_shape(n_docs: usize) -> TreeShape {
    let leaf_size = if n_docs < 20_000 { 128 } else { 256 };
    TreeShape { branching: 64, leaf_size, balance: 2.0, iterations: 6, sample: 64 }
}

/// For each query the `k` documents with the greatest scores of those in its likeliest leaves, in the order of
/// [`exact::top_k`].
///
/// There are `k`, or as many as there are, or are allowed: a filter widens the beam by the share of documents that it
/// lets through, and queries that find fewer are searched for exactly. Nothing depends on threads, nor an answer on the
/// queries beside it.
///
/// # Shapes
/// - `queries`: `(queries, dim)`
///
/// # Panics
/// When queries and documents differ in width, or the routing was made of another tree than the blocks.
pub fn top_k(
    of: Documents<'_>,
    beam: Beam,
    queries: &Matrix,
    k: usize,
    allowed: Option<&Allowed>,
) -> Vec<Vec<Scored>> {
    let n_docs = of.routing.n_docs();
    let wanted = k.min(allowed.map_or(n_docs, Allowed::len));
    let leaves =
        allowed.map_or(beam.leaves, |allowed| beam.leaves.saturating_mul(n_docs) / allowed.len().max(1));
    if wanted == 0 || leaves.saturating_mul(2) > of.routing.n_leaves() {
        return exact::top_k(of, queries, k, allowed);
    }
    let threads = rayon::current_num_threads();
    let size = queries.n_rows().div_ceil(threads).clamp(1, QUERIES);
    let dim = queries.dim();
    let found: Vec<Vec<Vec<Scored>>> = queries
        .values()
        .par_chunks(size * dim)
        .map(|queries| {
            let queries =
                Matrix::new(queries.len() / dim, dim, queries.to_vec()).expect("these are whole rows");
            few(of, leaves, &queries, k, allowed)
        })
        .collect();
    let mut found: Vec<Vec<Scored>> = found.into_iter().flatten().collect();
    let short: Vec<usize> = (0..found.len()).filter(|query| found[*query].len() < wanted).collect();
    if !short.is_empty() {
        let rows = short.iter().flat_map(|query| queries.row(*query)).copied().collect();
        let again = Matrix::new(short.len(), dim, rows).expect("these are whole rows");
        for (query, exactly) in short.into_iter().zip(exact::top_k(of, &again, k, allowed)) {
            found[query] = exactly;
        }
    }
    found
}

/// [`top_k`] of a few queries, by one thread; empty answers of those that do not take part in scans.
fn few(
    of: Documents<'_>,
    leaves: usize,
    queries: &Matrix,
    k: usize,
    allowed: Option<&Allowed>,
) -> Vec<Vec<Scored>> {
    let codes = QueryCodes::of(queries.dim(), queries.values());
    let mut candidates: Vec<Candidates> = vec![Candidates::of(k); queries.n_rows()];
    Visits::of(of.routing.likeliest(queries, leaves)).scan(of, &codes, allowed, &mut candidates);
    let best = candidates.into_iter().enumerate().map(|(query, candidates)| {
        let scale = codes.scale(query)?;
        Some(candidates.best(of, queries.row(query), scale))
    });
    best.map(Option::unwrap_or_default).collect()
}

#[cfg(test)]
mod tests;
