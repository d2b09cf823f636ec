//! Exact search: the documents with the greatest scores of all.
//!
//! A score is [`dot`](rootward_kernels::dot) of two `f32` vectors, and the answer is that of a loop that works out all of
//! them and sorts. Scanned are numbers of 8 bits, which say between which bounds each score lies: `k` documents are known
//! whose least possible scores reach a threshold, so whoever cannot reach it is not among the best `k`. The others are
//! scored in `f32`, those that may have the greatest scores first, until none may reach the worst of `k` scores that
//! are known. Equal scores are never cut: a document is left out only where its score is *less*, and ties are
//! decided by id among all that are not. So the answer is exact whatever blocks and threads are; vectors too long or
//! too short for bounds are compared in `f32` from the beginning.

mod candidates;
mod plain;

use std::sync::Arc;

use rayon::prelude::*;
use rootward::ids::DocIdx;
use rootward::matrix::Matrix;
use rootward_kernels::QueryCodes;

use crate::allowed::Allowed;
use crate::block::Block;
use crate::descent::Routing;
use crate::ids::Ids;
use crate::vectors::Vectors;

pub(crate) use candidates::{Candidates, Visits, scan_block};

/// Queries that are scanned for together.
const QUERIES: usize = 64;

/// Documents of likely blocks that are looked at first, as multiples of `k`.
const LIKELY: usize = 3;

/// Documents of a part, at least.
const PART: usize = 8_192;

/// What is searched.
#[derive(Clone, Copy)]
pub struct Documents<'a> {
    /// By slot of the tree, the documents that a node owns itself; none where there are none. No document twice.
    pub blocks: &'a [Option<Arc<Block>>],
    /// Of all documents of the blocks.
    pub vectors: &'a Vectors,
    /// Of all documents of the blocks.
    pub ids: &'a Ids,
    /// The way to the blocks, made of them.
    pub routing: &'a Routing,
}

/// A document and its score.
pub type Scored = (DocIdx, f32);

impl<'a> Documents<'a> {
    /// The blocks that are there.
    pub(crate) fn all_blocks(&self) -> impl Iterator<Item = &'a Block> + use<'a> {
        self.blocks.iter().flatten().map(|block| &**block)
    }
}

/// For each query the `k` documents with the greatest scores, the greatest first, equal scores by id in descending order.
///
/// There are fewer where there are fewer documents, or fewer that are allowed.
///
/// # Shapes
/// - `queries`: `(queries, dim)`
///
/// # Panics
/// When queries and documents differ in width.
pub fn top_k(of: Documents<'_>, queries: &Matrix, k: usize, allowed: Option<&Allowed>) -> Vec<Vec<Scored>> {
    if k == 0 || queries.n_rows() == 0 {
        return vec![Vec::new(); queries.n_rows()];
    }
    let n_docs = of.routing.n_docs();
    if let Some(allowed) = allowed.filter(|allowed| allowed.len() <= (2 * k).max(n_docs / 64)) {
        let docs = plain::docs(of, Some(allowed));
        return (0..queries.n_rows()).map(|query| plain::top_k(of, &docs, queries.row(query), k)).collect();
    }
    let parts = parts(of, n_docs, queries.n_rows());
    let few: Vec<Few> = queries
        .values()
        .chunks(QUERIES * queries.dim())
        .map(|rows| {
            Few::of(
                Matrix::new(rows.len() / queries.dim(), queries.dim(), rows.to_vec()).expect("whole rows"),
            )
        })
        .collect();
    let thresholds: Vec<Vec<f32>> = few.par_iter().map(|few| few.thresholds(of, k, allowed)).collect();
    let tasks: Vec<(&Few, &[f32], &[&Block])> = few
        .iter()
        .zip(&thresholds)
        .flat_map(|(few, thresholds)| parts.iter().map(move |part| (few, &thresholds[..], &part[..])))
        .collect();
    let found: Vec<Vec<Candidates>> =
        tasks.into_par_iter().map(|(few, thresholds, part)| few.scan(part, k, allowed, thresholds)).collect();
    let takes_part = |query: usize| few[query / QUERIES].codes.scale(query % QUERIES);
    let all_take_part = (0..queries.n_rows()).all(|query| takes_part(query).is_some());
    let everything = if all_take_part { Vec::new() } else { plain::docs(of, allowed) };
    (0..queries.n_rows())
        .into_par_iter()
        .map(|query| {
            let vector = queries.row(query);
            let Some(scale) = takes_part(query) else { return plain::top_k(of, &everything, vector, k) };
            let of_parts = &found[query / QUERIES * parts.len()..][..parts.len()];
            Candidates::joined(of_parts.iter().map(|found| &found[query % QUERIES]), k)
                .best(of, vector, scale)
        })
        .collect()
}

/// Queries that are scanned for together.
struct Few {
    vectors: Matrix,
    codes: QueryCodes,
    /// Those that take part.
    rows: Vec<u32>,
}

impl Few {
    fn of(vectors: Matrix) -> Self {
        let codes = QueryCodes::of(vectors.dim(), vectors.values());
        let rows = (0..codes.len() as u32).filter(|row| codes.scale(*row as usize).is_some()).collect();
        Few { vectors, codes, rows }
    }

    /// The candidates of each query in some blocks.
    fn scan(
        &self,
        blocks: &[&Block],
        k: usize,
        allowed: Option<&Allowed>,
        thresholds: &[f32],
    ) -> Vec<Candidates> {
        let mut candidates: Vec<Candidates> =
            thresholds.iter().map(|threshold| Candidates::above(*threshold, k)).collect();
        let (mut thresholds, mut found) = (thresholds.to_vec(), Vec::new());
        for block in blocks {
            scan_block(block, &self.codes, &self.rows, allowed, &mut thresholds, &mut candidates, &mut found);
        }
        candidates
    }

    /// For each query what `k` documents of likely leaves score at least, so that few candidates are met in the scan.
    fn thresholds(&self, of: Documents<'_>, k: usize, allowed: Option<&Allowed>) -> Vec<f32> {
        let (n_docs, n_leaves) = (of.routing.n_docs(), of.routing.n_leaves());
        let leaves = (LIKELY * k).saturating_mul(n_leaves).div_ceil(n_docs.max(1));
        let visits = Visits::of(of.routing.likeliest(&self.vectors, leaves));
        let mut candidates = vec![Candidates::of(k); self.codes.len()];
        visits.scan(of, &self.codes, allowed, &mut candidates);
        candidates.iter_mut().map(Candidates::threshold).collect()
    }
}

/// Blocks that are scanned by one thread: all for many queries, more parts for few.
fn parts(of: Documents<'_>, n_docs: usize, n_queries: usize) -> Vec<Vec<&Block>> {
    let threads = rayon::current_num_threads();
    let wanted = if threads == 1 { 1 } else { (2 * threads).div_ceil(n_queries.div_ceil(QUERIES)) };
    let size = n_docs.div_ceil(wanted).max(PART);
    let (mut parts, mut held) = (vec![Vec::new()], 0);
    for block in of.all_blocks() {
        if held >= size {
            parts.push(Vec::new());
            held = 0;
        }
        held += block.n_docs();
        parts.last_mut().expect("there is one from the beginning").push(block);
    }
    parts
}

#[cfg(test)]
mod tests;
