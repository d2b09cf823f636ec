//! Whether a ranking is for or against the documents that many queries want.
//!
//! Ancestors near the root are relevant to most queries, so they are the most frequent documents of a batch: as
//! positives, and with in-batch negatives also as negatives, which pushes them down. *Frequent* documents here are the
//! fewest that make up half of all pairs, so that both halves of the comparison weigh the same.

use serde::Serialize;

use crate::dataset::Document;
use crate::eval::Evaluation;
use crate::ids::DocIdx;
use crate::pairs::Pairs;

/// How a ranking treats frequent documents.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Popularity {
    /// How many documents are frequent: the fewest that make up half of all pairs.
    pub frequent: usize,
    /// How many documents there are.
    pub documents: usize,
    /// Recall of the pairs with a frequent document, 0 to 1.
    pub recall_frequent: f64,
    /// Recall of the other pairs.
    pub recall_others: f64,
    /// By how much frequent documents are found less often than others *at the same distance*, -1 to 1; 0 where no
    /// distance has both. A mean over the distances, each with the weight `f o / (f + o)` of its `f` pairs with
    /// frequent documents and `o` others, which is the precision of the difference.
    pub gap: f64,
    /// Documents among the first |S(q)| of a query that are not relevant to it, counted over all queries.
    pub false_hits: usize,
    /// The share of these that are frequent documents.
    pub false_frequent: f64,
    /// What that share would be if each false hit were any of the documents that are not relevant to its query.
    pub chance: f64,
    /// The documents that are false hits most often.
    pub top: Vec<FalseHit>,
}

/// A document that is often retrieved by mistake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FalseHit {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Queries that retrieve it by mistake.
    pub queries: usize,
    /// Queries that it is relevant to.
    pub relevant_to: usize,
}

/// So many of the false hits are named.
const NAMED: usize = 5;

/// Pairs, and those of them that were found, of frequent documents or of the others.
#[derive(Clone, Copy, Default)]
struct Count {
    pairs: usize,
    missed: usize,
}

impl Count {
    fn recall(self) -> f64 {
        if self.pairs == 0 { 0.0 } else { 1.0 - self.missed as f64 / self.pairs as f64 }
    }

    fn plus(self, other: Count) -> Count {
        Count { pairs: self.pairs + other.pairs, missed: self.missed + other.missed }
    }
}

impl Popularity {
    /// How the ranking that was evaluated on these pairs treats frequent documents; `docs` are all documents.
    ///
    /// # Panics
    /// When the evaluation is of other pairs, or a document of theirs is not among `docs`.
    pub fn of(evaluation: &Evaluation, pairs: &Pairs, docs: &[Document]) -> Popularity {
        assert_eq!(evaluation.per_query.len(), pairs.n_queries(), "the evaluation is of these pairs");
        let mut relevant_to = vec![0usize; docs.len()];
        pairs.all().iter().for_each(|pair| relevant_to[pair.doc.at()] += 1);
        let is_frequent = frequent(&relevant_to, pairs.n_pairs());
        let n_frequent = is_frequent.iter().filter(|frequent| **frequent).count();

        let mut counts = vec![[Count::default(); 2]; pairs.by_distance().len()];
        let mut wrongly = vec![0usize; docs.len()];
        let (mut false_frequent, mut expected) = (0, 0.0);
        for (row, result) in evaluation.per_query.iter().enumerate() {
            let own = pairs.relevant(row);
            for pair in own {
                counts[pair.distance as usize][usize::from(is_frequent[pair.doc.at()])].pairs += 1;
            }
            for pair in &result.missed {
                counts[pair.distance as usize][usize::from(is_frequent[pair.doc.at()])].missed += 1;
            }
            let own_frequent = own.iter().filter(|pair| is_frequent[pair.doc.at()]).count();
            let at_random = (n_frequent - own_frequent) as f64 / (docs.len() - own.len()).max(1) as f64;
            expected += at_random * result.false_hits.len() as f64;
            for doc in &result.false_hits {
                wrongly[doc.at()] += 1;
                false_frequent += usize::from(is_frequent[doc.at()]);
            }
        }
        let false_hits: usize = wrongly.iter().sum();
        let of_all = |part: usize| counts.iter().fold(Count::default(), |sum, both| sum.plus(both[part]));
        Popularity {
            frequent: n_frequent,
            documents: docs.len(),
            recall_frequent: of_all(1).recall(),
            recall_others: of_all(0).recall(),
            gap: gap(&counts),
            false_hits,
            false_frequent: false_frequent as f64 / false_hits.max(1) as f64,
            chance: expected / false_hits.max(1) as f64,
            top: top(&wrongly, &relevant_to, docs),
        }
    }
}

/// Which documents are frequent; of documents relevant to as many queries the first are.
fn frequent(relevant_to: &[usize], n_pairs: usize) -> Vec<bool> {
    let mut order: Vec<usize> = (0..relevant_to.len()).collect();
    order.sort_by_key(|doc| std::cmp::Reverse(relevant_to[*doc]));
    let mut is_frequent = vec![false; relevant_to.len()];
    let mut covered = 0;
    for doc in order {
        if 2 * covered >= n_pairs {
            break;
        }
        covered += relevant_to[doc];
        is_frequent[doc] = true;
    }
    is_frequent
}

/// See [`Popularity::gap`]; each distance has its other documents first, then its frequent ones.
fn gap(counts: &[[Count; 2]]) -> f64 {
    let (mut sum, mut weights) = (0.0, 0.0);
    for [others, frequent] in counts.iter().filter(|both| both.iter().all(|count| count.pairs > 0)) {
        let (o, f) = (others.pairs as f64, frequent.pairs as f64);
        let weight = f * o / (f + o);
        sum += weight * (others.recall() - frequent.recall());
        weights += weight;
    }
    if weights == 0.0 { 0.0 } else { sum / weights }
}

/// The documents that are wrong most often, with ties in the order of the documents.
fn top(wrongly: &[usize], relevant_to: &[usize], docs: &[Document]) -> Vec<FalseHit> {
    let mut order: Vec<DocIdx> = (0..).map(DocIdx).take(docs.len()).collect();
    order.retain(|doc| wrongly[doc.at()] > 0);
    order.sort_by_key(|doc| std::cmp::Reverse(wrongly[doc.at()]));
    let named = order.into_iter().take(NAMED).map(|doc| FalseHit {
        id: docs[doc.at()].id.clone(),
        title: docs[doc.at()].title.clone(),
        queries: wrongly[doc.at()],
        relevant_to: relevant_to[doc.at()],
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::tests::{evaluated, star};

    #[test]
    fn frequent_documents_are_the_fewest_that_make_up_half_of_the_pairs() {
        assert_eq!(frequent(&[1, 5, 2, 2], 10), [false, true, false, false]);
        assert_eq!(frequent(&[1, 4, 2, 2], 9), [false, true, true, false]);
        assert_eq!(frequent(&[0, 0], 0), [false, false]);
    }

    #[test]
    fn a_frequent_document_that_is_never_found_shows_as_a_gap_at_its_distance() {
        let (pairs, docs) = star();
        let wrong = |row: usize, doc: u32| (row < 18 && (20..22).contains(&doc)).then(|| doc - 2);
        let found = Popularity::of(&evaluated(&pairs, wrong), &pairs, &docs);
        assert_eq!((found.frequent, found.documents, found.false_hits), (2, 23, 36));
        assert!((found.gap - 1.0).abs() < 1e-12, "{found:?}");
        assert_eq!((found.recall_frequent, found.recall_others, found.false_frequent), (0.0, 1.0, 0.0));
        let top =
            FalseHit { id: "d18".to_owned(), title: "title 18".to_owned(), queries: 18, relevant_to: 1 };
        assert_eq!((&found.top[0], found.top.len()), (&top, 2));
    }

    #[test]
    fn frequent_false_hits_are_compared_with_what_chance_would_give() {
        let (pairs, docs) = star();
        let found = Popularity::of(
            &evaluated(&pairs, |row, doc| (row == 19 && doc == 19).then_some(20)),
            &pairs,
            &docs,
        );
        assert_eq!((found.false_hits, found.false_frequent), (1, 1.0));
        // Two of the 21 documents that are not relevant to the query are frequent.
        assert!((found.chance - 2.0 / 21.0).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn nothing_missed_is_no_gap_and_no_false_hit() {
        let (pairs, docs) = star();
        let found = Popularity::of(&evaluated(&pairs, |_, _| None), &pairs, &docs);
        assert_eq!((found.gap, found.false_hits, found.false_frequent, found.chance), (0.0, 0, 0.0, 0.0));
        assert_eq!((found.recall_frequent, found.recall_others, &found.top[..]), (1.0, 1.0, &[][..]));
    }
}
