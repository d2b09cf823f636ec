//! The one order of every ranking: greater score first, and equal scores by document id, last in the alphabet first.
//!
//! This is trec_eval's order, ties included, so that our numbers are its numbers. Evaluation, search and run files
//! all rank by this file; two places that broke ties differently would disagree about the same model.
//! Scores here are never NaN: `eval::scores` and the readers refuse it. The two zeros are equal.

use std::cmp::Ordering;

use rootward_kernels::count_above;

use crate::ids::DocIdx;

/// The ids of a data set as its user knows them, and the order of documents of equal score that follows from them.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// The id of every query; [`crate::ids::QueryIdx`] points in here.
    pub queries: &'a [&'a str],
    /// The id of every document; [`DocIdx`] points in here.
    pub docs: &'a [&'a str],
    /// What [`tie_order`] says of `docs`.
    pub tie_order: &'a [u32],
}

/// Each document's place, from 0, among documents of equal score: ids in descending order of their bytes.
///
/// # Panics
/// When there are more than `u32::MAX` documents.
pub fn tie_order(doc_ids: &[&str]) -> Vec<u32> {
    let n_docs = u32::try_from(doc_ids.len()).expect("documents are numbered in 32 bits");
    let mut descending: Vec<u32> = (0..n_docs).collect();
    descending.sort_unstable_by_key(|doc| std::cmp::Reverse(doc_ids[*doc as usize]));
    let mut order = vec![0; doc_ids.len()];
    for (place, doc) in (0..).zip(descending) {
        order[doc as usize] = place;
    }
    order
}

/// What a document scores that a query does not find at all, as one without a word of it: this or less is in no ranking.
pub const NOT_FOUND: f32 = -1e30;

/// So many scores at a time are passed over where none can be among the best.
const CHUNK: usize = 64;

/// The `k` best documents with their scores, best first; all that are [found](NOT_FOUND) where there are fewer than `k`.
///
/// # Shapes
/// - `scores`: `(documents)`, none of them NaN
/// - `tie_order`: `(documents)`, from [`tie_order`]
///
/// # Panics
/// When `tie_order` is shorter than `scores`.
pub fn top_k(scores: &[f32], tie_order: &[u32], k: usize) -> Vec<(DocIdx, f32)> {
    let mut best: Vec<(DocIdx, f32)> = Vec::new();
    if k == 0 {
        return best;
    }
    // The worst of the best so far; nothing behind it can be among them.
    let (mut floor, mut place) = (NOT_FOUND, 0);
    for (first, scores) in (0..).step_by(CHUNK).zip(scores.chunks(CHUNK)) {
        // Without an early exit, so that it takes many at once; few chunks pass once the floor has risen.
        if !scores.iter().fold(false, |any, score| any | (*score >= floor)) {
            continue;
        }
        let docs = (first..).map(DocIdx);
        let is_ahead =
            |(doc, score): &(DocIdx, f32)| *score > floor || (*score == floor && tie_order[doc.at()] < place);
        best.extend(docs.zip(scores.iter().copied()).filter(is_ahead));
        if best.len() >= k.saturating_mul(2) {
            best.select_nth_unstable_by(k - 1, |a, b| best_first(tie_order, *a, *b));
            best.truncate(k);
            (floor, place) = (best[k - 1].1, tie_order[best[k - 1].0.at()]);
        }
    }
    best.sort_unstable_by(|a, b| best_first(tie_order, *a, *b));
    best.truncate(k);
    best
}

/// How two documents with their scores stand in a ranking.
pub(crate) fn best_first(tie_order: &[u32], a: (DocIdx, f32), b: (DocIdx, f32)) -> Ordering {
    // Adding zero makes -0 into 0, which the total order would set apart.
    (b.1 + 0.0).total_cmp(&(a.1 + 0.0)).then_with(|| tie_order[a.0.at()].cmp(&tie_order[b.0.at()]))
}

/// The place of a document, from 1, in the ranking of all documents.
///
/// Counted rather than sorted: a few relevant documents need a few passes over the scores.
pub(crate) fn rank(scores: &[f32], tie_order: &[u32], doc: DocIdx) -> usize {
    let (score, place) = (scores[doc.at()], tie_order[doc.at()]);
    let (greater, equal) = count_above(scores, score);
    if equal == 1 {
        return 1 + greater;
    }
    let ahead = scores.iter().zip(tie_order).filter(|(s, p)| **s == score && **p < place).count();
    1 + greater + ahead
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn equal_scores_put_the_last_id_of_the_alphabet_first() {
        let order = tie_order(&["b", "é", "a", "B"]);
        let docs: Vec<u32> = top_k(&[1.0, 1.0, 2.0, 1.0], &order, 9).iter().map(|(doc, _)| doc.0).collect();
        assert_eq!((order, docs), (vec![1, 0, 2, 3], vec![2, 1, 0, 3]));
    }

    #[test]
    fn the_two_zeros_are_equal() {
        let scores = [-0.0, 0.0];
        assert_eq!(top_k(&scores, &[0, 1], 1)[0].0, DocIdx(0));
        assert_eq!([rank(&scores, &[0, 1], DocIdx(0)), rank(&scores, &[0, 1], DocIdx(1))], [1, 2]);
    }

    proptest! {
        #[test]
        fn the_top_is_the_head_of_the_sorted_list(
            scores in proptest::collection::vec((-3i8..4).prop_map(f32::from), 0..200),
            k in 0usize..210,
        ) {
            // What is not found is in no list, and before nothing.
            let scores: Vec<f32> = scores.into_iter().map(|s| if s == -3.0 { NOT_FOUND } else { s }).collect();
            let ids: Vec<String> = (0..scores.len()).map(|doc| (doc * 7 % 211).to_string()).collect();
            let order = tie_order(&ids.iter().map(String::as_str).collect::<Vec<_>>());
            let mut sorted: Vec<usize> = (0..scores.len()).collect();
            sorted.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(ids[*b].cmp(&ids[*a])));
            let top: Vec<usize> = top_k(&scores, &order, k).iter().map(|(doc, _)| doc.at()).collect();
            sorted.retain(|doc| scores[*doc] > NOT_FOUND);
            prop_assert_eq!(&top[..], &sorted[..k.min(sorted.len())]);
            for (place, doc) in sorted.into_iter().enumerate() {
                prop_assert_eq!(rank(&scores, &order, DocIdx(u32::try_from(doc).unwrap())), place + 1);
            }
        }
    }
}
