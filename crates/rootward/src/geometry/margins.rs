//! How well vectors separate the relevant documents of each query from the others, beside what theory predicts.
//!
//! Recall says how many pairs are right; margins say by how much, and whether one score could part relevant from other
//! documents for all queries at once. Scores are the evaluator's, over the whole corpus, and ties break as everywhere.

use std::sync::Mutex;

use serde::Serialize;

use crate::eval::order::rank;
use crate::eval::{EvalError, Names, NanRow, Share, Vectors, check_vectors, for_each_query};
use crate::ids::DocIdx;
use crate::pairs::{Pairs, Relevant};

/// What [`margins`] found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Margins {
    /// Numbers in a vector.
    pub dim: usize,
    /// Queries measured.
    pub queries: usize,
    /// The pairs whose document is among the first |S(q)|.
    pub recalled: Share,
    /// The queries whose first |S(q)| are S(q).
    pub separated: Share,
    /// A query's margin: its least relevant score minus its greatest other. Queries to which every document is
    /// relevant have none.
    pub margin: Option<Quantiles>,
    /// The threshold that parts relevant from other documents for all queries with the fewest errors.
    pub threshold: Threshold,
    /// Mean score of a relevant document, and the mean of `1/√|S(q)|` over the pairs, where it concentrates in the
    /// construction.
    pub relevant: Concentration,
    /// Deviation from 0 of the score of any other document, and `1/√d`, the construction's.
    pub others: Concentration,
    /// `1/(2√s)`, half of what the largest relevant set leaves for a score: its threshold  [HR, theorem].
    pub predicted_threshold: f64,
}

/// A number for each of five shares of the queries, from the least to the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quantiles {
    /// The least.
    pub least: f32,
    /// Exceeded by 95 % of the queries.
    pub percent_5: f32,
    /// Exceeded by half of them.
    pub median: f32,
    /// Exceeded by 5 %.
    pub percent_95: f32,
    /// The greatest.
    pub greatest: f32,
}

/// One score for all queries: documents at or above it are taken for relevant.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Threshold {
    /// The score: of those 1/4,096 apart from -1 to just above 1, the least that makes the fewest errors.
    pub score: f32,
    /// Relevant documents below it.
    pub false_negatives: usize,
    /// Other documents at or above it.
    pub false_positives: usize,
    /// Pairs of a query and any document.
    pub of: usize,
}

/// A measured number and what theory predicts of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Concentration {
    /// What was measured.
    pub measured: f64,
    /// What was predicted.
    pub predicted: f64,
}

/// Bins that scores are counted in, the first from -1 and the last from 1; each is a threshold where it begins.
const BINS: usize = 2 * PER_UNIT + 1;

/// Bins in a stretch of length 1.
const PER_UNIT: usize = 4096;

/// What is kept of one query.
struct QueryMargin {
    least_relevant: f32,
    /// None where every document is relevant.
    greatest_other: Option<f32>,
    recalled: usize,
    relevant_sum: f64,
    other_squares: f64,
}

/// How many scores of each kind lie in each bin.
struct Histogram {
    relevant: Vec<usize>,
    others: Vec<usize>,
}

/// Measures how vectors of norm 1 separate the relevant documents of each query from all others.
///
/// Row `i` of the query vectors belongs to row `i` of the pairs. `progress` is told how many queries are done, as in
/// [`evaluate`](crate::eval::evaluate). The result is the same on any number of threads.
///
/// # Errors
/// When there is no query, when vectors, pairs and ids do not fit together, or when a score is not a number.
pub fn margins(
    vectors: Vectors<'_>,
    pairs: &Pairs,
    names: Names<'_>,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Margins, EvalError> {
    let queries = pairs.queries();
    if queries.is_empty() {
        return Err(EvalError::NoQueries);
    }
    check_vectors(vectors, queries, names)?;
    let histogram = Mutex::new(Histogram { relevant: vec![0; BINS], others: vec![0; BINS] });
    let found = for_each_query(vectors, progress, |row, scores| {
        let relevant = pairs.relevant(row);
        count_scores(relevant, scores, &histogram);
        query_margin(relevant, scores, names.tie_order)
    })
    .map_err(|NanRow(row)| EvalError::Nan { query: names.queries[queries[row].at()].to_owned() })?;

    let sum = |of: fn(&QueryMargin) -> f64| found.iter().map(of).sum::<f64>();
    let n_all = queries.len() * names.docs.len();
    let n_others = n_all - pairs.n_pairs();
    let inverse_roots = (0..queries.len()).map(|row| (pairs.relevant(row).len() as f64).sqrt()).sum::<f64>();
    let n_recalled = found.iter().map(|query| query.recalled).sum();
    let is_separated = |(row, query): &(usize, &QueryMargin)| query.recalled == pairs.relevant(*row).len();
    let histogram = histogram.into_inner().expect("a panic elsewhere has already ended this work");
    Ok(Margins {
        dim: vectors.docs.dim(),
        queries: queries.len(),
        recalled: Share { found: n_recalled, of: pairs.n_pairs() },
        separated: Share { found: found.iter().enumerate().filter(is_separated).count(), of: queries.len() },
        margin: Quantiles::of(found.iter().filter_map(QueryMargin::value).collect()),
        threshold: best_threshold(&histogram),
        relevant: Concentration {
            measured: sum(|query| query.relevant_sum) / pairs.n_pairs() as f64,
            predicted: inverse_roots / pairs.n_pairs() as f64,
        },
        others: Concentration {
            measured: (sum(|query| query.other_squares) / n_others.max(1) as f64).sqrt(),
            predicted: 1.0 / (vectors.docs.dim() as f64).sqrt(),
        },
        predicted_threshold: 0.5 / (pairs.largest_set() as f64).sqrt(),
    })
}

fn query_margin(relevant: &[Relevant], scores: &[f32], tie_order: &[u32]) -> QueryMargin {
    let own = || relevant.iter().map(|pair| scores[pair.doc.at()]);
    let is_recalled = |pair: &&Relevant| rank(scores, tie_order, pair.doc) <= relevant.len();
    let (mut greatest_other, mut other_squares) = (None, 0.0);
    for others in gaps(relevant, scores) {
        let greatest = others.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        greatest_other = Some(greatest_other.map_or(greatest, |so_far: f32| so_far.max(greatest)));
        other_squares += others.iter().map(|score| f64::from(*score) * f64::from(*score)).sum::<f64>();
    }
    QueryMargin {
        least_relevant: own().fold(f32::INFINITY, f32::min),
        greatest_other,
        recalled: relevant.iter().filter(is_recalled).count(),
        relevant_sum: own().map(f64::from).sum(),
        other_squares,
    }
}

impl QueryMargin {
    fn value(&self) -> Option<f32> {
        self.greatest_other.map(|other| self.least_relevant - other)
    }
}

/// The scores of the documents that are not relevant, as the stretches between those that are; none is empty.
fn gaps<'a>(relevant: &[Relevant], scores: &'a [f32]) -> Vec<&'a [f32]> {
    let mut docs: Vec<DocIdx> = relevant.iter().map(|pair| pair.doc).collect();
    docs.sort_unstable();
    let starts = std::iter::once(0).chain(docs.iter().map(|doc| doc.at() + 1));
    let ends = docs.iter().map(|doc| doc.at()).chain([scores.len()]);
    starts.zip(ends).filter(|(start, end)| start < end).map(|(start, end)| &scores[start..end]).collect()
}

/// Adds the scores of a query; whole numbers, so that the order of the queries does not matter.
fn count_scores(relevant: &[Relevant], scores: &[f32], histogram: &Mutex<Histogram>) {
    let mut counts = vec![0u32; BINS];
    scores.iter().for_each(|score| counts[bin(*score)] += 1);
    let mut histogram = histogram.lock().expect("a panic elsewhere has already ended this work");
    histogram.others.iter_mut().zip(&counts).for_each(|(all, count)| *all += *count as usize);
    for pair in relevant {
        let bin = bin(scores[pair.doc.at()]);
        histogram.others[bin] -= 1;
        histogram.relevant[bin] += 1;
    }
}

/// The bin of a score; rounding may bring a score beyond -1 or 1.
fn bin(score: f32) -> usize {
    (((score + 1.0) * PER_UNIT as f32) as usize).min(BINS - 1)
}

fn best_threshold(histogram: &Histogram) -> Threshold {
    let (mut false_negatives, mut false_positives) = (0, histogram.others.iter().sum::<usize>());
    let of = false_positives + histogram.relevant.iter().sum::<usize>();
    let score = |bin: usize| bin as f32 / PER_UNIT as f32 - 1.0;
    let mut best = Threshold { score: score(0), false_negatives, false_positives, of };
    for bin in 0..BINS {
        false_negatives += histogram.relevant[bin];
        false_positives -= histogram.others[bin];
        if false_negatives + false_positives < best.errors() {
            best = Threshold { score: score(bin + 1), false_negatives, false_positives, of };
        }
    }
    best
}

impl Threshold {
    /// Pairs on the wrong side.
    pub fn errors(&self) -> usize {
        self.false_negatives + self.false_positives
    }
}

impl Quantiles {
    /// None of no values.
    fn of(mut values: Vec<f32>) -> Option<Self> {
        values.sort_unstable_by(f32::total_cmp);
        let last = values.len().checked_sub(1)?;
        let at = |share: f64| values[(share * last as f64).round() as usize];
        let (least, greatest) = (values[0], values[last]);
        Some(Quantiles { least, percent_5: at(0.05), median: at(0.5), percent_95: at(0.95), greatest })
    }
}
