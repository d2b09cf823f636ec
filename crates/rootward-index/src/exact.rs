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
use crate::ids::Ids;
use crate::vectors::Vectors;

pub(crate) use candidates::{Candidates, scan_block};

/// Queries that are scanned for together.
const QUERIES: usize = 64;

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
}

/// A document and its score.
pub type Scored = (DocIdx, f32);

impl<'a> Documents<'a> {
    /// How many documents there are.
    pub fn len(&self) -> usize {
        self.all_blocks().map(|block| block.docs().len()).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

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
    let n_docs = of.len();
    if let Some(allowed) = allowed.filter(|allowed| allowed.len() <= (2 * k).max(n_docs / 64)) {
        let docs = plain::docs(of, Some(allowed));
        return (0..queries.n_rows()).map(|query| plain::top_k(of, &docs, queries.row(query), k)).collect();
    }
    let parts = parts(of, n_docs, queries.n_rows());
    let few: Vec<Few> =
        queries.values().chunks(QUERIES * queries.dim()).map(|rows| Few::of(queries.dim(), rows)).collect();
    let tasks: Vec<(&Few, &[&Block])> =
        few.iter().flat_map(|few| parts.iter().map(move |part| (few, &part[..]))).collect();
    let found: Vec<Vec<Candidates>> =
        tasks.into_par_iter().map(|(few, part)| few.scan(part, k, allowed)).collect();
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
    codes: QueryCodes,
    rows: Vec<u32>,
}

impl Few {
    fn of(dim: usize, queries: &[f32]) -> Self {
        let codes = QueryCodes::of(dim, queries);
        let rows = (0..codes.len() as u32).filter(|row| codes.scale(*row as usize).is_some()).collect();
        Few { codes, rows }
    }

    /// The candidates of each query in some blocks.
    fn scan(&self, blocks: &[&Block], k: usize, allowed: Option<&Allowed>) -> Vec<Candidates> {
        let mut candidates = vec![Candidates::of(k); self.codes.len()];
        let mut thresholds = vec![f32::NEG_INFINITY; self.codes.len()];
        for block in blocks {
            scan_block(block, &self.codes, &self.rows, allowed, &mut thresholds, &mut candidates);
        }
        candidates
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
        held += block.docs().len();
        parts.last_mut().expect("there is one from the beginning").push(block);
    }
    parts
}

#[cfg(test)]
mod tests;
