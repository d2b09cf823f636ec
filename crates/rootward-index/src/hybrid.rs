//! Words and vectors together: two rankings made into one.
//!
//! By their ranks alone (reciprocal rank fusion), which needs nothing, or by a weighted sum of their scores, whose weight
//! is fitted on queries with judgements.

use std::collections::BTreeMap;

use rootward::ids::DocIdx;

use crate::exact::Scored;

/// How slowly a rank's worth falls; 60 is what everybody takes  [Cormack et al., SIGIR 2009].
const RANKS: f32 = 60.0;

/// Weights that [`fit`] tries: 0, 1 / `STEPS`, and so on up to 1.
const STEPS: u16 = 20;

/// The two rankings of a query, each the best first.
#[derive(Clone, Debug)]
pub struct Rankings {
    /// By vectors.
    pub vectors: Vec<Scored>,
    /// By words.
    pub words: Vec<Scored>,
}

/// A weight, and how well it did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fitted {
    /// Of vectors, from 0 (words alone) to 1 (vectors alone).
    pub weight: f32,
    /// The measure with it.
    pub measure: f64,
}

impl Rankings {
    /// The best `k` by reciprocal rank fusion: a document's score is the sum of `1 / (60 + rank)` over the rankings that have
    /// it, the rank beginning with 1.
    ///
    /// `id` gives ids, by which equal scores are ordered, descending.
    pub fn fused<'a>(&self, k: usize, id: impl Fn(DocIdx) -> &'a str) -> Vec<Scored> {
        let worth = |list: &[Scored]| -> Vec<Scored> {
            (1u32..).zip(list).map(|(rank, (doc, _))| (*doc, 1.0 / (RANKS + rank as f32))).collect()
        };
        best(&[worth(&self.vectors), worth(&self.words)], k, id)
    }

    /// The best `k` by `weight · vectors + (1 - weight) · words`, of scores brought to the range from a step above 0,
    /// the worst of their ranking, to 1, its best; a document that a ranking lacks has 0 there. A step is the range of `n`
    /// scores by `n`.
    ///
    /// `weight`: from 0 to 1. For `id` see [`Rankings::fused`].
    pub fn weighted<'a>(&self, k: usize, weight: f32, id: impl Fn(DocIdx) -> &'a str) -> Vec<Scored> {
        best(&[even(&self.vectors, weight), even(&self.words, 1.0 - weight)], k, id)
    }
}

/// The weight with the greatest measure, of equal ones the nearest to 1/2 and then the least.
///
/// `measure` says how well queries are answered with a weight, such as nDCG@10 of [`Rankings::weighted`].
pub fn fit(measure: impl Fn(f32) -> f64) -> Fitted {
    let weights = (0..=STEPS).map(|step| f32::from(step) / f32::from(STEPS));
    let tried = weights.map(|weight| Fitted { weight, measure: measure(weight) });
    let middle = |fitted: &Fitted| (fitted.weight - 0.5).abs();
    tried
        .reduce(|best, next| {
            let order = next.measure.total_cmp(&best.measure).then(middle(&best).total_cmp(&middle(&next)));
            if order.is_gt() { next } else { best }
        })
        .expect("there are weights")
}

/// Scores from a step above 0, the worst of the list, to `most`, its best; `most` for all where they are equal.
fn even(list: &[Scored], most: f32) -> Vec<Scored> {
    let scores = || list.iter().map(|(_, score)| *score);
    let (least, greatest) =
        (scores().fold(f32::INFINITY, f32::min), scores().fold(f32::NEG_INFINITY, f32::max));
    let range = greatest - least;
    let step = range / list.len().max(1) as f32;
    let share = |score: f32| if range > 0.0 { (score - least + step) / (range + step) } else { 1.0 };
    list.iter().map(|(doc, score)| (*doc, most * share(*score))).collect()
}

/// The best `k` documents by the sums of their scores.
fn best<'a>(lists: &[Vec<Scored>], k: usize, id: impl Fn(DocIdx) -> &'a str) -> Vec<Scored> {
    let mut sums: BTreeMap<DocIdx, f32> = BTreeMap::new();
    for (doc, score) in lists.iter().flatten() {
        *sums.entry(*doc).or_default() += score;
    }
    let mut all: Vec<Scored> = sums.into_iter().collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| id(b.0).cmp(id(a.0))));
    all.truncate(k);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: [&str; 4] = ["a", "b", "c", "d"];

    fn rankings(vectors: &[(u32, f32)], words: &[(u32, f32)]) -> Rankings {
        let list = |list: &[(u32, f32)]| list.iter().map(|(doc, score)| (DocIdx(*doc), *score)).collect();
        Rankings { vectors: list(vectors), words: list(words) }
    }

    fn docs(list: &[Scored]) -> Vec<&'static str> {
        list.iter().map(|(doc, _)| IDS[doc.at()]).collect()
    }

    fn id(doc: DocIdx) -> &'static str {
        IDS[doc.at()]
    }

    #[test]
    fn who_is_high_in_both_rankings_is_first() {
        let both = rankings(&[(0, 9.0), (1, 8.0), (2, 7.0)], &[(3, 5.0), (1, 4.0)]);
        let fused = both.fused(9, id);
        assert_eq!(docs(&fused), ["b", "d", "a", "c"], "d and a are equal, and d is the greater id");
        assert_eq!(fused[0].1, 1.0 / 62.0 + 1.0 / 62.0);
        assert_eq!(docs(&both.fused(1, id)), ["b"]);
    }

    #[test]
    fn a_weight_leads_from_words_to_vectors() {
        let both = rankings(&[(0, 9.0), (1, 8.0), (2, 7.0)], &[(3, 5.0), (1, 4.0)]);
        assert_eq!(docs(&both.weighted(2, 1.0, id)), ["a", "b"]);
        assert_eq!(docs(&both.weighted(1, 0.0, id)), ["d"]);
        let (doc, score) = both.weighted(4, 0.5, id)[2];
        assert!(doc == DocIdx(1) && (score - (5.0 / 16.0 + 1.0 / 6.0)).abs() < 1e-6, "{score}");
        assert_eq!(
            docs(&both.weighted(2, 0.0, id)),
            ["d", "b"],
            "words alone, their worst hit before all others"
        );
    }

    #[test]
    fn rankings_may_be_long() {
        let long: Vec<(u32, f32)> = (0..70_000).map(|doc| (doc, -(doc as f32))).collect();
        assert_eq!(rankings(&long, &[]).fused(70_000, |_| "")[69_999].0, DocIdx(69_999));
    }

    #[test]
    fn one_ranking_may_be_empty() {
        let words = rankings(&[], &[(2, 1.0), (0, 1.0)]);
        assert_eq!(docs(&words.fused(5, id)), ["c", "a"]);
        assert_eq!(docs(&words.weighted(5, 0.5, id)), ["c", "a"]);
        assert!(rankings(&[], &[]).fused(5, id).is_empty());
    }

    #[test]
    fn the_weight_is_the_best_and_of_equals_the_middle() {
        assert_eq!(fit(|weight| f64::from(-(weight - 0.7).abs())).weight, 0.7);
        assert_eq!(fit(|_| 1.0).weight, 0.5);
        assert_eq!(fit(|weight| if weight == 0.5 { 0.0 } else { 1.0 }).weight, 0.45);
    }
}
