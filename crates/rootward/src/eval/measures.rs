//! From the places of a query's relevant documents in a ranking to its measures.
//!
//! The one place that knows what a measure means: rankings by vectors and rankings read from files both end here.
//! Set measures ask for S(q) among the first |S(q)|; ranking measures are trec_eval's, and ask for what was judged.

use serde::Serialize;

use crate::ids::{DocIdx, QueryIdx};
use crate::pairs::Relevant;

/// The first ranks that count for nDCG, recall@10 and MRR.
const TOP: usize = 10;

/// A document whose place in the ranking of a query counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) doc: DocIdx,
    /// Its distance where it belongs to S(q).
    pub(crate) distance: Option<u32>,
    /// What the ranking measures gain by it; 0 for nothing.
    pub(crate) grade: i32,
}

/// What became of one query.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryResult {
    /// The query.
    pub query: QueryIdx,
    /// How many documents it should find: |S(q)|.
    pub set_size: usize,
    /// Those of S(q) that are not among the first |S(q)|, in the order of S(q).
    pub missed: Vec<Relevant>,
    /// The documents that stand among the first |S(q)| in their place, in ranking order; fewer of them than missed
    /// ones only where the ranking does not list so many documents.
    pub false_hits: Vec<DocIdx>,
    /// The ranking measures; none where no document was judged relevant.
    pub ranking: Option<RankingMeasures>,
}

impl QueryResult {
    /// The share of S(q) that is among the first |S(q)|.
    pub fn recall(&self) -> f64 {
        ratio(self.set_size - self.missed.len(), self.set_size)
    }

    /// Whether the first |S(q)| are S(q).
    pub fn is_exact(&self) -> bool {
        self.missed.is_empty()
    }
}

/// Measures of a whole ranking, equal to trec_eval's; of one query, or as means over queries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct RankingMeasures {
    /// Normalised discounted cumulative gain of the first 10: gain = grade, discounted by log2(rank + 1), relative to
    /// the best order of all that was judged.
    #[serde(rename = "ndcg@10")]
    pub ndcg_at_10: f64,
    /// The share of the documents judged relevant that comes first.
    #[serde(rename = "recall@1")]
    pub recall_at_1: f64,
    /// The share of the documents judged relevant that is among the first 10.
    #[serde(rename = "recall@10")]
    pub recall_at_10: f64,
    /// The share of the documents judged relevant that is among the first 100.
    #[serde(rename = "recall@100")]
    pub recall_at_100: f64,
    /// One over the rank of the first relevant document; 0 where that rank is above 10.
    #[serde(rename = "mrr@10")]
    pub mrr_at_10: f64,
    /// Mean over the documents judged relevant of the precision at their ranks; 0 for those not ranked at all.
    pub map: f64,
}

/// What a ranking makes of one query.
///
/// `rank_of` says the place of a document in the ranking, from 1; nothing where the ranking does not list it. `first`
/// lists the first so many documents of the ranking; it is asked only where one of S(q) is missed.
pub(crate) fn measure(
    query: QueryIdx,
    targets: &[Target],
    rank_of: impl Fn(DocIdx) -> Option<usize>,
    first: impl FnOnce(usize) -> Vec<DocIdx>,
) -> QueryResult {
    let ranks: Vec<Option<usize>> = targets.iter().map(|target| rank_of(target.doc)).collect();
    let set_size = targets.iter().filter(|target| target.distance.is_some()).count();
    let missed: Vec<Relevant> = targets
        .iter()
        .zip(&ranks)
        .filter(|(_, rank)| rank.is_none_or(|rank| rank > set_size))
        .filter_map(|(target, _)| target.distance.map(|distance| Relevant { distance, doc: target.doc }))
        .collect();
    let mut false_hits = if missed.is_empty() { Vec::new() } else { first(set_size) };
    false_hits.retain(|doc| !targets.iter().any(|target| target.doc == *doc && target.distance.is_some()));
    QueryResult { query, set_size, missed, false_hits, ranking: ranking(targets, &ranks) }
}

/// The ranking measures of one query, from the ranks of its targets.
fn ranking(targets: &[Target], ranks: &[Option<usize>]) -> Option<RankingMeasures> {
    let mut grades: Vec<i32> = targets.iter().map(|target| target.grade).filter(|grade| *grade > 0).collect();
    if grades.is_empty() {
        return None;
    }
    let mut found: Vec<(usize, i32)> = targets
        .iter()
        .zip(ranks)
        .filter(|(target, _)| target.grade > 0)
        .filter_map(|(target, rank)| rank.map(|rank| (rank, target.grade)))
        .collect();
    // In the order of the ranks, so that sums do not depend on the order of the judgements.
    found.sort_unstable();
    grades.sort_unstable_by(|a, b| b.cmp(a));

    let ideal: f64 = gain((1..).zip(grades.iter().copied()));
    let n_within = |k: usize| found.iter().filter(|(rank, _)| *rank <= k).count();
    let precisions = found.iter().enumerate().map(|(before, (rank, _))| ratio(before + 1, *rank));
    Some(RankingMeasures {
        ndcg_at_10: gain(found.iter().copied()) / ideal,
        recall_at_1: ratio(n_within(1), grades.len()),
        recall_at_10: ratio(n_within(10), grades.len()),
        recall_at_100: ratio(n_within(100), grades.len()),
        mrr_at_10: found.first().filter(|(rank, _)| *rank <= TOP).map_or(0.0, |(rank, _)| ratio(1, *rank)),
        map: precisions.fold(0.0, |sum, precision| sum + precision) / grades.len() as f64,
    })
}

/// Discounted cumulative gain of the `(rank, grade)` among the first 10.
fn gain(graded: impl Iterator<Item = (usize, i32)>) -> f64 {
    graded
        .filter(|(rank, _)| *rank <= TOP)
        .map(|(rank, grade)| f64::from(grade) / ((rank + 1) as f64).log2())
        .fold(0.0, |sum, gain| sum + gain) // An empty sum is 0, not -0.
}

/// One count in relation to another.
pub(super) fn ratio(part: usize, of: usize) -> f64 {
    part as f64 / of as f64
}
