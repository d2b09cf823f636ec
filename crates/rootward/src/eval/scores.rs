//! The scores of all documents, for a few queries at a time.
//!
//! What scores is shared; a thread holds the scores of one block of queries and hands them on row by row. Memory is
//! bounded by the corpus, never by queries times documents, and the bits of a score do not depend on the number of
//! threads.

use std::fmt;
use std::ops::Range;

use rayon::prelude::*;
use rootward_kernels::{Packed, Store, Strided, product};

use crate::matrix::Matrix;
use crate::tally::Tally;

/// Queries and documents as vectors; a score is the inner product of the two.
#[derive(Clone, Copy, Debug)]
pub struct Vectors<'a> {
    /// Shape `(queries, dim)`.
    pub queries: &'a Matrix,
    /// Shape `(documents, dim)`: all documents, in the order of [`crate::ids::DocIdx`].
    pub docs: &'a Matrix,
}

/// What scores all documents for each of some queries: vectors, words, or anything else that ranks a whole corpus.
///
/// The same row has the same scores, bit for bit, whatever rows are asked for with it and on whichever thread. A
/// greater score is better, and documents of equal score are ordered by [`super::order`]; what scores
/// [`super::NOT_FOUND`] is in no ranking. A score that is not a number is refused by whoever asked for it.
pub trait Scorer: Sync {
    /// How many queries there are.
    fn n_queries(&self) -> usize;

    /// How many documents each query has a score for.
    fn n_docs(&self) -> usize;

    /// Writes the scores of some rows of queries over what stands in `scores`, in shape `(rows.len(), documents)`.
    fn score(&self, rows: Range<usize>, scores: &mut [f32]);
}

/// The inner products of vectors, with the documents laid out once for all queries.
pub struct Products<'a> {
    queries: &'a Matrix,
    n_docs: usize,
    corpus: Packed,
}

/// A score of this row of the queries is not a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a score of the query in row {0} is not a number")]
pub struct NanRow(pub usize);

impl<'a> Products<'a> {
    /// Lays out the documents.
    ///
    /// # Panics
    /// When queries and documents differ in their `dim`.
    pub fn new(vectors: Vectors<'a>) -> Self {
        let Vectors { queries, docs } = vectors;
        let (n_docs, dim) = (docs.n_rows(), docs.dim());
        assert_eq!(queries.dim(), dim, "queries and documents have one dim");
        let mut corpus = Packed::default();
        corpus.pack(dim, n_docs, Strided::transposed(docs.values(), dim)); // (dim, documents)
        Products { queries, n_docs, corpus }
    }
}

impl fmt::Debug for Products<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Products({} queries, {} documents)", self.queries.n_rows(), self.n_docs)
    }
}

impl Scorer for Products<'_> {
    fn n_queries(&self) -> usize {
        self.queries.n_rows()
    }

    fn n_docs(&self) -> usize {
        self.n_docs
    }

    fn score(&self, rows: Range<usize>, scores: &mut [f32]) {
        let dim = self.queries.dim();
        let vectors = &self.queries.values()[rows.start * dim..rows.end * dim];
        product(Store::Set, rows.len(), Strided::rows(vectors, dim), &self.corpus, scores, self.n_docs);
    }
}

/// At most this many scores are held by a thread, unless one query alone has more.
const STRIP: usize = 1 << 23;

/// At most this many queries are scored together: more do not make the product faster.
const BLOCK: usize = 48;

/// What `visit` makes of each query's scores by inner product, in the order of the queries; see [`each_row`].
///
/// # Errors
/// When a score is not a number: the first row with one.
///
/// # Panics
/// When queries and documents differ in their `dim`.
pub(crate) fn for_each_query<T: Send>(
    vectors: Vectors<'_>,
    progress: &(dyn Fn(usize) + Sync),
    visit: impl Fn(usize, &[f32]) -> T + Sync,
) -> Result<Vec<T>, NanRow> {
    each_row(&Products::new(vectors), progress, visit)
}

/// What `visit` makes of each query's scores, in the order of the queries.
///
/// `visit` takes the row of the query and the scores of all documents. `progress` is told how many queries are done in
/// all, in ascending order, from whichever thread finished a block.
///
/// # Errors
/// When a score is not a number: the first row with one.
pub fn each_row<T: Send>(
    scorer: &dyn Scorer,
    progress: &(dyn Fn(usize) + Sync),
    visit: impl Fn(usize, &[f32]) -> T + Sync,
) -> Result<Vec<T>, NanRow> {
    let (n_queries, n_docs) = (scorer.n_queries(), scorer.n_docs());
    let block = (STRIP / n_docs.max(1)).clamp(1, BLOCK);
    let tally = Tally::new(progress);
    let blocks: Vec<Result<Vec<T>, NanRow>> = (0..n_queries.div_ceil(block))
        .into_par_iter()
        .map_init(Vec::new, |strip, at| {
            let rows = at * block..n_queries.min((at + 1) * block);
            strip.resize(rows.len() * n_docs, 0.0); // (block, documents)
            scorer.score(rows.clone(), strip);
            let visited = (0..rows.len()).map(|place| {
                let scores = &strip[place * n_docs..(place + 1) * n_docs];
                let row = rows.start + place;
                if has_nan(scores) { Err(NanRow(row)) } else { Ok(visit(row, scores)) }
            });
            let visited = visited.collect();
            tally.add(rows.len());
            visited
        })
        .collect();
    // One after the other, so that of several bad queries it is always the first that is named.
    let mut all = Vec::with_capacity(n_queries);
    for block in blocks {
        all.extend(block?);
    }
    Ok(all)
}

/// Whether any score is not a number; without an early exit, so that it takes many at once.
fn has_nan(scores: &[f32]) -> bool {
    scores.iter().fold(false, |found, score| found | score.is_nan())
}
