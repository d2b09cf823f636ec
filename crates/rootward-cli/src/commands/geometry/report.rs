//! What `rootward geometry` prints: a page for people, the same as JSON for programs.

use std::fmt;

use rootward::digits::grouped;
use rootward::eval::Share;
use rootward::geometry::{Bound, Margins, Quantiles, SmallestDim, Trial};
use serde::{Serialize, Serializer};

/// Everything that was found.
#[derive(Serialize)]
pub(super) struct Report {
    /// Name of the data set.
    pub(super) data: String,
    pub(super) bound: Bound,
    /// Pairs of a query and a relevant document.
    pub(super) pairs: usize,
    /// Seeds of each dimension.
    pub(super) seeds: u64,
    pub(super) constructed: Smallest,
    /// None where nothing was trained.
    pub(super) trained: Option<Smallest>,
    pub(super) exact: Exact,
    /// Of the construction.
    pub(super) margins: Margins,
}

/// The smallest dimensions of one way to get vectors.
#[derive(Serialize)]
pub(super) struct Smallest {
    /// What makes the vectors: the construction, or a recipe.
    pub(super) by: String,
    /// The greatest dimension that would have been tried.
    pub(super) searched_to: usize,
    /// For each recall asked for.
    #[serde(serialize_with = "with_dims")]
    pub(super) found: Vec<SmallestDim>,
}

/// What the exact encoder needs for every document as its own query.
#[derive(Serialize)]
pub(super) struct Exact {
    pub(super) dim: usize,
    /// Runs of neighbours that a set fills at most, in the order that was found.
    pub(super) runs: usize,
    /// Pairs of a query and a document that `f64` gets wrong.
    pub(super) errors: u64,
}

/// Beside what was measured, the dimension itself, so that nobody has to look for it.
fn with_dims<S: Serializer>(found: &[SmallestDim], to: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct WithDim<'a> {
        dim: Option<usize>,
        #[serde(flatten)]
        found: &'a SmallestDim,
    }
    to.collect_seq(found.iter().map(|found| WithDim { dim: found.dim(), found }))
}

impl Smallest {
    /// The answer for the highest recall asked for.
    fn highest(&self) -> &SmallestDim {
        let by_target = |a: &&SmallestDim, b: &&SmallestDim| a.target.total_cmp(&b.target);
        self.found.iter().max_by(by_target).expect("at least one recall is asked for")
    }
}

impl Report {
    /// One sentence that follows from what was measured.
    fn advice(&self) -> String {
        let constructed = self.constructed.highest();
        let (recall, data) = (percent(constructed.target), &self.data);
        match (&self.trained, constructed.dim()) {
            (Some(trained), constructed) => match (trained.highest().dim(), constructed) {
                (Some(dim), Some(random)) => format!(
                    "d = {dim} is enough for {recall} on {data}: train with {}; random vectors need {random}.",
                    trained.by
                ),
                (Some(dim), None) => {
                    format!("d = {dim} is enough for {recall} on {data}: train with {}.", trained.by)
                }
                (None, _) => format!(
                    "{} does not reach {recall} on {data} up to d = {}: train it longer, or by another recipe.",
                    trained.by, trained.searched_to
                ),
            },
            (None, Some(dim)) => format!(
                "d = {dim} is enough for {recall} on {data} with random vectors; --train says what trained ones need."
            ),
            (None, None) => format!(
                "random vectors do not reach {recall} on {data} up to d = {}; --train says what trained ones need.",
                self.constructed.searched_to
            ),
        }
    }
}

impl fmt::Display for Report {
    /// A page for people; it may change, the JSON does not.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.data)?;
        self.bound(f)?;
        self.smallest(f)?;
        self.margins(f)?;
        write!(f, "\n{}", self.advice())
    }
}

impl Report {
    fn bound(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Bound { most_relevant, documents, queries, s_log_m, margin_log_m, dimension } = self.bound;
        writeln!(f, "\nthe bound of theory, d = O(max(s log m, log m / ε²))")?;
        row(f, "s, most relevant", &grouped(most_relevant))?;
        row(f, "m, documents", &grouped(documents))?;
        row(f, "n, queries", &grouped(queries))?;
        row(f, "s ln m", &grouped(s_log_m.round() as usize))?;
        row(f, "ln m / ε², ε = 1/(2√s)", &grouped(margin_log_m.round() as usize))?;
        let ours = |dim| format!("{:<8} constant ours", grouped(dim));
        row(f, "each query: 4 s ln(nm)", &ours(dimension.each_query))?;
        row(f, "one threshold: 8 s ln(nm)", &ours(dimension.one_threshold))
    }

    fn smallest(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seeds =
            if self.seeds == 1 { String::from("seed 1") } else { format!("seeds 1 to {}, mean", self.seeds) };
        writeln!(f, "\nsmallest d by recall of pairs, {seeds}; construction on {}", self.sample())?;
        writeln!(
            f,
            "  {:<24} {:>7} {:>7} {:>8} {:>13} {:>9}",
            "vectors", "recall", "d", "mean", "seeds", "before"
        )?;
        for smallest in std::iter::once(&self.constructed).chain(&self.trained) {
            for found in &smallest.found {
                let dim = found.dim().map_or(format!("> {}", smallest.searched_to), grouped);
                let mean = |trial: &Trial| format!("{:.2}", 100.0 * trial.mean());
                let there = found.reached.as_ref().map_or(String::from("-"), mean);
                let spread = found.reached.as_ref().map_or(String::from("-"), spread);
                let before = found.below.as_ref().map_or(String::from("-"), mean);
                let (by, target) = (&smallest.by, percent(found.target));
                writeln!(f, "  {by:<24} {target:>7} {dim:>7} {there:>8} {spread:>13} {before:>9}")?;
            }
        }
        let Exact { dim, runs, errors } = self.exact;
        let sure =
            if errors == 0 { String::from("every pair right") } else { format!("{errors} pairs wrong") };
        row(f, "exact encoder, f64", &format!("d = {dim}, from an order with {runs} runs: {sure}"))
    }

    fn margins(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = &self.margins;
        writeln!(f, "\nmargins of the construction at d = {}, seed 1, on {}", found.dim, self.sample())?;
        row(f, "pairs recalled", &share(found.recalled))?;
        row(f, "queries separated", &share(found.separated))?;
        if let Some(Quantiles { least, percent_5, median, percent_95, greatest }) = found.margin {
            let shown =
                format!("{least:.3} | {percent_5:.3} | {median:.3} | {percent_95:.3} | {greatest:.3}");
            row(f, "margin, 0|5|50|95|100 %", &shown)?;
        }
        let beside = |measured: f64, theory: &str, predicted: f64| {
            format!("{measured:<8.4} theory: {predicted:.4}, {theory}")
        };
        let Margins { relevant, others, threshold, predicted_threshold, .. } = found;
        row(f, "relevant, mean score", &beside(relevant.measured, "mean of 1/√|S(q)|", relevant.predicted))?;
        row(f, "others, deviation from 0", &beside(others.measured, "1/√d", others.predicted))?;
        row(f, "best threshold", &beside(threshold.score.into(), "1/(2√s)", *predicted_threshold))?;
        let [below, above, of] =
            [threshold.false_negatives, threshold.false_positives, threshold.of].map(grouped);
        row(f, "wrong by it", &format!("{below} relevant below, {above} others above, of {of} pairs"))
    }

    /// The queries that the construction is measured on.
    fn sample(&self) -> String {
        let (measured, all) = (self.margins.queries, self.bound.queries);
        if measured == all {
            String::from("all queries")
        } else {
            format!("a sample of {} queries", grouped(measured))
        }
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, value: &str) -> fmt::Result {
    writeln!(f, "  {name:<26} {value}")
}

/// The least and the greatest recall of any seed.
fn spread(trial: &Trial) -> String {
    let [least, greatest] = [f64::min as fn(f64, f64) -> f64, f64::max]
        .map(|pick| 100.0 * trial.recalls.iter().copied().reduce(pick).unwrap_or(0.0));
    format!("{least:.2}–{greatest:.2}")
}

fn share(share: Share) -> String {
    format!("{:.2} %  ({} of {})", 100.0 * share.value(), grouped(share.found), grouped(share.of))
}

/// A share as people say it: `99 %`, `99.5 %`.
fn percent(share: f64) -> String {
    let text = format!("{:.4}", 100.0 * share);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}
