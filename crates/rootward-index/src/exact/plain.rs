//! Search that works out every score in `f32`: for few documents, and where bounds fail.

use rayon::prelude::*;
use rootward::ids::DocIdx;
use rootward_kernels::dot;

use super::candidates::Best;
use super::{Documents, Scored};
use crate::allowed::Allowed;
use crate::block::Block;

/// Documents that are scored before the worse ones are dropped.
const AT_ONCE: usize = 4_096;

/// All documents that are allowed.
pub(super) fn docs(of: Documents<'_>, allowed: Option<&Allowed>) -> Vec<DocIdx> {
    let docs = of.all_blocks().flat_map(Block::docs);
    docs.filter(|doc| allowed.is_none_or(|allowed| allowed.contains(*doc))).collect()
}

/// The best `k` of some documents.
pub(super) fn top_k(of: Documents<'_>, docs: &[DocIdx], query: &[f32], k: usize) -> Vec<Scored> {
    let parts: Vec<Vec<Scored>> = docs
        .par_chunks(AT_ONCE)
        .map(|docs| {
            let mut best = Best::of(k, of.ids);
            best.extend(docs.iter().map(|doc| (*doc, dot(query, of.vectors.row(*doc)))));
            best.sorted()
        })
        .collect();
    let mut best = Best::of(k, of.ids);
    parts.into_iter().for_each(|part| best.extend(part.into_iter()));
    best.sorted()
}
