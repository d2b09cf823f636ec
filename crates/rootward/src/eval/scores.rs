//! The scores of all documents, for a few queries at a time.
//!
//! The corpus is packed once and shared; a thread holds the scores of one block of queries and hands them on row by
//! row. Memory is bounded by the corpus, never by queries times documents, and the bits of a score do not depend on
//! the number of threads.

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

/// A score of this row of the queries is not a number.
pub(crate) struct NanRow(pub(crate) usize);

/// At most this many scores are held by a thread, unless one query alone has more.
const STRIP: usize = 1 << 23;

/// At most this many queries are scored together: more do not make the product faster.
const BLOCK: usize = 48;

/// What `visit` makes of each query's scores, in the order of the queries.
///
/// `visit` takes the row of the query and the scores of all documents. `progress` is told how many queries are done in
/// all, in ascending order, from whichever thread finished a block.
///
/// # Panics
/// When queries and documents differ in their `dim`.
pub(crate) fn for_each_query<T: Send>(
    vectors: Vectors<'_>,
    progress: &(dyn Fn(usize) + Sync),
    visit: impl Fn(usize, &[f32]) -> T + Sync,
) -> Result<Vec<T>, NanRow> {
    let Vectors { queries, docs } = vectors;
    let (n_queries, n_docs, dim) = (queries.n_rows(), docs.n_rows(), docs.dim());
    assert_eq!(queries.dim(), dim, "queries and documents have one dim");
    let mut corpus = Packed::default();
    corpus.pack(dim, n_docs, Strided::transposed(docs.values(), dim)); // (dim, documents)

    let block = (STRIP / n_docs.max(1)).clamp(1, BLOCK);
    let tally = Tally::new(progress);
    let blocks: Vec<Result<Vec<T>, NanRow>> = (0..n_queries.div_ceil(block))
        .into_par_iter()
        .map_init(Vec::new, |strip, at| {
            let rows = at * block..n_queries.min((at + 1) * block);
            strip.resize(rows.len() * n_docs, 0.0); // (block, documents)
            let vectors = &queries.values()[rows.start * dim..rows.end * dim];
            product(Store::Set, rows.len(), Strided::rows(vectors, dim), &corpus, strip, n_docs);
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
