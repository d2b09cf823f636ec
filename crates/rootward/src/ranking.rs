//! What a hierarchy makes of a ranking.
//!
//! Functions from a list of documents, best first, to another one: each document's ancestors right behind it, or in
//! front of it, and the best of a subtree alone. The first `n` documents of each result follow from the first `n` of
//! the ranking, so that the beginning of a ranking is all that is ever asked for.

use std::collections::HashSet;

use crate::eval::NOT_FOUND;
use crate::eval::order::best_first;
use crate::hierarchy::Hierarchy;
use crate::ids::DocIdx;

/// Each document of a ranking followed by its ancestors, nearest first, every document once; the first `n` of them.
///
/// The obvious competitor of a model that retrieves ancestors: match exactly, then look the rest up. Going down the
/// ranking instead of stopping at its first document, it has as many tries as there is room for.
pub fn look_up_ancestors(ranking: &[DocIdx], hierarchy: &Hierarchy, n: usize) -> Vec<DocIdx> {
    let mut list = Once::default();
    for doc in ranking {
        if list.docs.len() >= n {
            break;
        }
        // A document that is here has brought its ancestors, or they are about to come.
        if !list.seen.contains(doc) {
            hierarchy.ancestors(*doc).iter().for_each(|ancestor| list.put(ancestor.doc));
        }
    }
    list.first(n)
}

/// A ranking in which no ancestor comes after a descendant of it, and its first `n` documents.
///
/// Each document of the ranking is preceded by those of its ancestors that have not come yet, roots first. So an
/// ancestor takes the place of its best descendant where it had a worse one of its own, and the first `n` documents
/// hold every ancestor of each of them.
pub fn consistent(ranking: &[DocIdx], hierarchy: &Hierarchy, n: usize) -> Vec<DocIdx> {
    let mut list = Once::default();
    for doc in ranking {
        if list.docs.len() >= n {
            break;
        }
        let mut above: Vec<DocIdx> = hierarchy.ancestors(*doc).iter().map(|ancestor| ancestor.doc).collect();
        above.retain(|doc| !list.seen.contains(doc));
        above.sort_unstable_by_key(|doc| hierarchy.graph().rank(*doc));
        above.into_iter().for_each(|doc| list.put(doc));
    }
    list.first(n)
}

/// The `k` best of some documents with their scores, best first, in the one order of every ranking.
///
/// # Panics
/// When there is no score or no place in the order of ties for one of them.
pub fn best_among(docs: &[DocIdx], scores: &[f32], tie_order: &[u32], k: usize) -> Vec<(DocIdx, f32)> {
    let scored = docs.iter().map(|doc| (*doc, scores[doc.at()]));
    let mut best: Vec<(DocIdx, f32)> = scored.filter(|(_, score)| *score > NOT_FOUND).collect();
    if k > 0 && k < best.len() {
        best.select_nth_unstable_by(k - 1, |a, b| best_first(tie_order, *a, *b));
    }
    best.truncate(k);
    best.sort_unstable_by(|a, b| best_first(tie_order, *a, *b));
    best
}

/// A list that takes every document once.
#[derive(Default)]
struct Once {
    docs: Vec<DocIdx>,
    seen: HashSet<DocIdx>,
}

impl Once {
    fn put(&mut self, doc: DocIdx) {
        if self.seen.insert(doc) {
            self.docs.push(doc);
        }
    }

    fn first(mut self, n: usize) -> Vec<DocIdx> {
        self.docs.truncate(n);
        self.docs
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::eval::order::{tie_order, top_k};
    use crate::hierarchy::Edge;

    /// The hierarchy of `(child, parent)` edges over documents `0..n_docs`.
    fn hierarchy(n_docs: usize, edges: &[(u32, u32)]) -> Hierarchy {
        let edge = |&(child, parent): &(u32, u32)| Edge { child: DocIdx(child), parent: DocIdx(parent) };
        Hierarchy::new(n_docs, &edges.iter().map(edge).collect::<Vec<_>>()).unwrap()
    }

    fn docs(numbers: &[u32]) -> Vec<DocIdx> {
        numbers.iter().copied().map(DocIdx).collect()
    }

    /// 0 under 1 under 2, and 3 under 2 too.
    fn small() -> Hierarchy {
        hierarchy(5, &[(0, 1), (1, 2), (3, 2)])
    }

    #[test]
    fn a_match_is_followed_by_its_ancestors_nearest_first() {
        assert_eq!(look_up_ancestors(&docs(&[3, 0, 4]), &small(), 9), docs(&[3, 2, 0, 1, 4]));
        assert_eq!(look_up_ancestors(&docs(&[0, 3]), &small(), 2), docs(&[0, 1]));
        assert_eq!(look_up_ancestors(&docs(&[0]), &small(), 0), []);
    }

    #[test]
    fn an_ancestor_is_brought_before_its_best_descendant() {
        assert_eq!(consistent(&docs(&[3, 0, 4, 2, 1]), &small(), 9), docs(&[2, 3, 1, 0, 4]));
        assert_eq!(consistent(&docs(&[0, 3]), &small(), 2), docs(&[2, 1]));
        assert_eq!(consistent(&[], &small(), 4), []);
    }

    /// A random hierarchy of 12 documents, whose edges lead to smaller numbers, and a ranking of all of them.
    fn worlds() -> impl Strategy<Value = (Hierarchy, Vec<DocIdx>)> {
        let edges = proptest::collection::vec((1..12u32, any::<proptest::sample::Index>()), 0..16);
        let ranking = Just((0..12).collect::<Vec<u32>>()).prop_shuffle();
        (edges, ranking).prop_map(|(edges, ranking)| {
            let edges: std::collections::BTreeSet<(u32, u32)> = edges
                .into_iter()
                .map(|(child, parent)| (child, parent.index(child as usize) as u32))
                .collect();
            (hierarchy(12, &edges.into_iter().collect::<Vec<_>>()), docs(&ranking))
        })
    }

    fn place(list: &[DocIdx], doc: DocIdx) -> usize {
        list.iter().position(|own| *own == doc).unwrap()
    }

    proptest! {
        #[test]
        fn in_a_consistent_ranking_no_ancestor_comes_after_its_descendant((hierarchy, ranking) in worlds()) {
            let found = consistent(&ranking, &hierarchy, 12);
            for (at, doc) in found.iter().enumerate() {
                let mut above = hierarchy.ancestors(*doc).iter();
                prop_assert!(above.all(|ancestor| found[..=at].contains(&ancestor.doc)));
            }
        }

        #[test]
        fn documents_stand_in_the_order_of_their_best_descendants((hierarchy, ranking) in worlds()) {
            let best = |doc: DocIdx| {
                let below = hierarchy.descendants(doc);
                below.into_iter().map(|d| place(&ranking, d.doc)).min().unwrap()
            };
            let found: Vec<usize> = consistent(&ranking, &hierarchy, 12).into_iter().map(best).collect();
            prop_assert!(found.is_sorted() && found.len() == 12, "{found:?}");
        }

        #[test]
        fn a_ranking_that_is_consistent_stays_as_it_is((hierarchy, ranking) in worlds()) {
            let once = consistent(&ranking, &hierarchy, 12);
            prop_assert_eq!(&consistent(&once, &hierarchy, 12), &once);
        }

        #[test]
        fn looked_up_ancestors_stand_where_a_plain_walk_puts_them((hierarchy, ranking) in worlds()) {
            let mut walked: Vec<DocIdx> = Vec::new();
            for doc in &ranking {
                for ancestor in hierarchy.ancestors(*doc) {
                    if !walked.contains(&ancestor.doc) {
                        walked.push(ancestor.doc);
                    }
                }
            }
            prop_assert_eq!(look_up_ancestors(&ranking, &hierarchy, 12), walked);
        }

        #[test]
        fn the_first_of_a_result_follow_from_the_first_of_the_ranking((hierarchy, ranking) in worlds(), n in 0..13usize) {
            for arrange in [look_up_ancestors, consistent] {
                let whole = arrange(&ranking, &hierarchy, 12);
                prop_assert_eq!(&arrange(&ranking[..n], &hierarchy, n), &whole[..n]);
            }
        }

        #[test]
        fn the_best_of_all_documents_are_the_best(scores in proptest::collection::vec(-2i8..3, 12), k in 0..14usize) {
            let scores: Vec<f32> = scores.into_iter().map(f32::from).collect();
            let ids: Vec<String> = (0..12).map(|doc| (doc * 7 % 12).to_string()).collect();
            let order = tie_order(&ids.iter().map(String::as_str).collect::<Vec<_>>());
            let all: Vec<DocIdx> = (0..12).map(DocIdx).collect();
            prop_assert_eq!(best_among(&all, &scores, &order, k), top_k(&scores, &order, k));
            let some: Vec<(DocIdx, f32)> =
                top_k(&scores, &order, 12).into_iter().filter(|(doc, _)| doc.0 % 3 == 0).take(k).collect();
            prop_assert_eq!(best_among(&docs(&[0, 3, 6, 9]), &scores, &order, k), some);
        }
    }
}
