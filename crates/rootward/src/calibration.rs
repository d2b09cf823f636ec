//! Which score is good enough: a threshold for each level of a hierarchy, fitted on queries whose answers are known.
//!
//! Scores of general documents run higher or lower than those of special ones, so one threshold would serve no level
//! well. A document's level is the length of the shortest way up to a root, 0 for a root. Each level gets the threshold
//! with the best F1 over all its documents and all queries, found exactly, without storing a score for each of them:
//! the best threshold is always the score of a relevant document.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use crate::eval::{EvalError, NOT_FOUND, Names, Scorer, check_scorer, each_row};
use crate::files::{WriteError, write_aside};
use crate::hierarchy::Hierarchy;
use crate::pairs::Pairs;

/// The thresholds of all levels, and what they were fitted on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Version of the file's layout; this program reads and writes 1.
    pub format: u32,
    /// Checksum of the data set, as in a model's description.
    pub fingerprint: String,
    /// Name of the split.
    pub split: String,
    /// How many of its queries were taken.
    pub queries: usize,
    /// One for each level that a relevant document is at, in ascending order.
    pub levels: Vec<Threshold>,
}

/// The threshold of a level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// Edges on the shortest way up to a root.
    pub level: u32,
    /// The least score that is accepted.
    pub score: f32,
    /// What is accepted of the queries that it was fitted on.
    pub fitted: Accepted,
}

/// What a threshold accepts at one level, over all queries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// Pairs of a query and a document whose score is at or above the threshold.
    pub accepted: u64,
    /// Those of them that are relevant.
    pub right: u64,
    /// Relevant pairs that there are.
    pub relevant: u64,
}

/// Thresholds could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CalibrationError {
    /// The file could not be read.
    #[error("{} could not be read: {cause}; `rootward calibrate` makes it", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },
    /// The file holds something else.
    #[error("{}: {cause}; expected thresholds of format {FORMAT}, as `rootward calibrate` writes them", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Line, column and what is wrong there.
        #[source]
        cause: serde_json::Error,
    },
    /// The file was written by another version of the program.
    #[error("{} is of format {got}, this program reads format {FORMAT}; run `rootward calibrate` again", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        got: u32,
    },
    /// The thresholds belong to other data.
    #[error(
        "thresholds were fitted on data of fingerprint {expected}, this is {got}; run `rootward calibrate` again"
    )]
    OtherData {
        /// What they were fitted on.
        expected: String,
        /// What they were to be used on.
        got: String,
    },
}

const FORMAT: u32 = 1;

impl Accepted {
    /// The share of what is accepted that is relevant; 0 where nothing is accepted.
    pub fn precision(self) -> f64 {
        share(self.right, self.accepted)
    }

    /// The share of what is relevant that is accepted; 0 where nothing is relevant.
    pub fn recall(self) -> f64 {
        share(self.right, self.relevant)
    }

    /// The harmonic mean of precision and recall.
    pub fn f1(self) -> f64 {
        share(2 * self.right, self.accepted + self.relevant)
    }
}

fn share(part: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { part as f64 / of as f64 }
}

/// The level of every document: edges on the shortest way up to a root.
pub fn levels(hierarchy: &Hierarchy) -> Vec<u32> {
    hierarchy.docs().map(|doc| hierarchy.depth(doc)).collect()
}

/// For each level the threshold with the best F1 on these queries, the highest of several; none for a level of which
/// nothing relevant is found.
///
/// Row `i` of the scorer belongs to row `i` of the pairs. The scores are asked for twice; `progress` is told how many
/// rows are done of both times together.
///
/// # Shapes
/// - `levels`: `(documents)`, from [`levels`]
///
/// # Errors
/// When there is no query, the scores are not of these queries and documents, or one is not a number.
pub fn fit(
    scorer: &dyn Scorer,
    pairs: &Pairs,
    levels: &[u32],
    names: Names<'_>,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Vec<Threshold>, EvalError> {
    let queries = pairs.queries();
    if queries.is_empty() {
        return Err(EvalError::NoQueries);
    }
    check_scorer(scorer, queries, names)?;
    let own = |row: usize, scores: &[f32]| -> Vec<(u32, f32)> {
        let relevant = pairs.relevant(row).iter();
        relevant.map(|pair| (levels[pair.doc.at()], scores[pair.doc.at()] + 0.0)).collect()
    };
    let found = each_row(scorer, progress, own).map_err(|nan| nan.of(queries, names))?;
    let mut at_level: BTreeMap<u32, Vec<f32>> = BTreeMap::new();
    for (level, score) in found.into_iter().flatten() {
        at_level.entry(level).or_default().push(score);
    }
    let steps: Vec<Steps> = at_level.into_iter().map(|(level, scores)| Steps::new(level, scores)).collect();

    let deepest = levels.iter().max().map_or(0, |level| *level as usize);
    let mut step_of: Vec<Option<&Steps>> = vec![None; deepest + 1];
    steps.iter().for_each(|steps| step_of[steps.level as usize] = Some(steps));
    let count = |_: usize, scores: &[f32]| {
        for (score, level) in scores.iter().zip(levels) {
            if let Some(steps) = step_of[*level as usize] {
                steps.count(*score);
            }
        }
    };
    let n = queries.len();
    each_row(scorer, &|done| progress(n + done), count).map_err(|nan| nan.of(queries, names))?;
    Ok(steps.into_iter().filter_map(Steps::best).collect())
}

/// What given thresholds accept of some queries, in the order of the thresholds.
///
/// # Errors
/// Those of [`fit`].
pub fn check(
    scorer: &dyn Scorer,
    pairs: &Pairs,
    levels: &[u32],
    names: Names<'_>,
    thresholds: &[Threshold],
) -> Result<Vec<Accepted>, EvalError> {
    let queries = pairs.queries();
    check_scorer(scorer, queries, names)?;
    let place: BTreeMap<u32, usize> = thresholds.iter().map(|t| t.level).zip(0..).collect();
    let of_row = |row: usize, scores: &[f32]| {
        let mut found = vec![Accepted::default(); thresholds.len()];
        for (score, level) in scores.iter().zip(levels) {
            if let Some(place) = place.get(level).filter(|place| *score >= thresholds[**place].score) {
                found[*place].accepted += 1;
            }
        }
        for pair in pairs.relevant(row) {
            if let Some(place) = place.get(&levels[pair.doc.at()]) {
                found[*place].relevant += 1;
                found[*place].right += u64::from(scores[pair.doc.at()] >= thresholds[*place].score);
            }
        }
        found
    };
    let mut all = vec![Accepted::default(); thresholds.len()];
    for row in each_row(scorer, &|_| (), of_row).map_err(|nan| nan.of(queries, names))? {
        for (all, own) in all.iter_mut().zip(row) {
            all.accepted += own.accepted;
            all.right += own.right;
            all.relevant += own.relevant;
        }
    }
    Ok(all)
}

/// The thresholds that a level may have, and what each accepts.
struct Steps {
    level: u32,
    /// The scores of relevant documents, each once, in descending order.
    scores: Vec<f32>,
    /// How many relevant pairs have each of them.
    right: Vec<u64>,
    /// How many pairs have a score from this one up to the next higher. Whole numbers may be added in any order.
    accepted: Vec<AtomicU64>,
}

impl Steps {
    fn new(level: u32, mut found: Vec<f32>) -> Self {
        found.sort_unstable_by(|a, b| b.total_cmp(a));
        let (mut scores, mut right) = (Vec::new(), Vec::new());
        for equal in found.chunk_by(|a, b| a == b) {
            scores.push(equal[0]);
            right.push(equal.len() as u64);
        }
        let accepted = scores.iter().map(|_| AtomicU64::new(0)).collect();
        Steps { level, scores, right, accepted }
    }

    /// Takes the score of one pair into account.
    fn count(&self, score: f32) {
        let higher = self.scores.partition_point(|step| *step > score);
        if let Some(step) = self.accepted.get(higher) {
            step.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The best threshold; none where no relevant document is found at all.
    fn best(self) -> Option<Threshold> {
        let relevant = self.right.iter().sum();
        let (mut sum, mut best): (Accepted, Option<Threshold>) =
            (Accepted { relevant, ..Accepted::default() }, None);
        for ((score, right), accepted) in self.scores.into_iter().zip(self.right).zip(self.accepted) {
            sum.right += right;
            sum.accepted += accepted.into_inner();
            if score > NOT_FOUND && best.is_none_or(|best| sum.f1() > best.fitted.f1()) {
                best = Some(Threshold { level: self.level, score, fitted: sum });
            }
        }
        best
    }
}

impl Calibration {
    /// Thresholds fitted on so many queries of a split of the data set of this fingerprint.
    pub fn new(fingerprint: String, split: String, queries: usize, levels: Vec<Threshold>) -> Self {
        Calibration { format: FORMAT, fingerprint, split, queries, levels }
    }

    /// Whether a document of this level and score is accepted; none is at a level without a threshold.
    pub fn accepts(&self, level: u32, score: f32) -> bool {
        self.levels.iter().any(|threshold| threshold.level == level && score >= threshold.score)
    }

    /// Writes the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), WriteError> {
        write_aside(path, |file| {
            serde_json::to_writer_pretty(&mut *file, self)?;
            writeln!(file)
        })
    }

    /// Reads the file, and makes sure that it belongs to the data set of this fingerprint.
    ///
    /// # Errors
    /// When it cannot be read, holds something else, or belongs to other data.
    pub fn read(path: &Path, fingerprint: &str) -> Result<Self, CalibrationError> {
        let text = fs::read_to_string(path)
            .map_err(|cause| CalibrationError::Read { path: path.to_owned(), cause })?;
        let found: Calibration = serde_json::from_str(&text)
            .map_err(|cause| CalibrationError::Content { path: path.to_owned(), cause })?;
        if found.format != FORMAT {
            return Err(CalibrationError::Format { path: path.to_owned(), got: found.format });
        }
        if found.fingerprint != fingerprint {
            let (expected, got) = (found.fingerprint, fingerprint.to_owned());
            return Err(CalibrationError::OtherData { expected, got });
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::eval::order::tie_order;
    use crate::eval::{Products, Vectors};
    use crate::hierarchy::Edge;
    use crate::ids::{DocIdx, QueryIdx};
    use crate::matrix::Matrix;

    /// Scores given one by one: `(queries, documents)`.
    fn with_scores<T>(scores: &[Vec<f32>], f: impl FnOnce(&dyn Scorer, Names<'_>) -> T) -> T {
        let (n_queries, n_docs) = (scores.len(), scores[0].len());
        let mut queries = Matrix::zeros(n_queries, n_queries);
        (0..n_queries).for_each(|row| queries.row_mut(row)[row] = 1.0);
        let mut docs = Matrix::zeros(n_docs, n_queries);
        for (row, scores) in scores.iter().enumerate() {
            scores.iter().enumerate().for_each(|(doc, score)| docs.row_mut(doc)[row] = *score);
        }
        let ids: Vec<String> = (0..n_queries.max(n_docs)).map(|i| i.to_string()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let order = tie_order(&ids[..n_docs]);
        let names = Names { queries: &ids[..n_queries], docs: &ids[..n_docs], tie_order: &order };
        f(&Products::new(Vectors { queries: &queries, docs: &docs }), names)
    }

    /// 1 and 2 under 0, and 3 under 1.
    fn small() -> Hierarchy {
        let edges = [(1, 0), (2, 0), (3, 1)]
            .map(|(child, parent)| Edge { child: DocIdx(child), parent: DocIdx(parent) });
        Hierarchy::new(4, &edges).unwrap()
    }

    fn pairs(exact: &[u32]) -> Pairs {
        let exact: Vec<_> = (0..).map(QueryIdx).zip(exact.iter().map(|doc| vec![DocIdx(*doc)])).collect();
        Pairs::of_exact_matches(&exact, &small())
    }

    /// Level, score and what is accepted of each threshold, by trying every score there is.
    fn naive(scores: &[Vec<f32>], pairs: &Pairs, levels: &[u32]) -> Vec<Threshold> {
        let mut found = Vec::new();
        for level in 0..3 {
            let mut all: Vec<(f32, bool)> = Vec::new();
            for (row, scores) in scores.iter().enumerate() {
                for (doc, score) in scores.iter().enumerate().filter(|(doc, _)| levels[*doc] == level) {
                    all.push((*score, pairs.relevant(row).iter().any(|pair| pair.doc.at() == doc)));
                }
            }
            let relevant = all.iter().filter(|(_, right)| *right).count() as u64;
            let accepted = |at: f32| {
                let above: Vec<_> = all.iter().filter(|(score, _)| *score >= at).collect();
                let right = above.iter().filter(|(_, right)| *right).count() as u64;
                Accepted { accepted: above.len() as u64, right, relevant }
            };
            let tried =
                all.iter().map(|(score, _)| Threshold { level, score: *score, fitted: accepted(*score) });
            let best = tried
                .max_by(|a, b| a.fitted.f1().total_cmp(&b.fitted.f1()).then(a.score.total_cmp(&b.score)));
            found.extend(best.filter(|_| relevant > 0));
        }
        found
    }

    #[test]
    fn the_threshold_of_a_level_is_its_own() {
        // Query 0 wants 3, 1 and 0; query 1 wants 2 and 0. Roots score low, leaves high.
        let scores = [vec![0.2, 0.5, 0.4, 0.9], vec![0.3, 0.1, 0.6, 0.7]];
        let found = with_scores(&scores, |scorer, names| {
            fit(scorer, &pairs(&[3, 2]), &levels(&small()), names, &|_| ()).unwrap()
        });
        let shown: Vec<(u32, f32)> = found.iter().map(|t| (t.level, t.score)).collect();
        assert_eq!(shown, [(0, 0.2), (1, 0.5), (2, 0.9)]);
        assert!(found.iter().all(|t| t.fitted.precision() == 1.0 && t.fitted.recall() == 1.0));
        let calibration = Calibration::new(String::from("f"), String::from("dev"), 2, found);
        assert!(
            calibration.accepts(0, 0.25) && !calibration.accepts(1, 0.25) && !calibration.accepts(9, 9.0)
        );
    }

    #[test]
    fn thresholds_are_read_as_they_were_written_and_refused_by_other_data() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("thresholds.json");
        let fitted = Accepted { accepted: 4, right: 3, relevant: 5 };
        let levels = vec![Threshold { level: 2, score: 0.1, fitted }];
        let calibration = Calibration::new(String::from("f"), String::from("dev"), 9, levels);
        calibration.write(&path).unwrap();
        assert_eq!(Calibration::read(&path, "f").unwrap(), calibration);
        let error = Calibration::read(&path, "g").unwrap_err().to_string();
        assert!(error.starts_with("thresholds were fitted on data of fingerprint f, this is g"), "{error}");
        std::fs::write(&path, "{\"levels\": 3}").unwrap();
        let error = Calibration::read(&path, "f").unwrap_err().to_string();
        assert!(
            error.contains("thresholds.json") && error.contains("expected thresholds of format 1"),
            "{error}"
        );
        assert!(
            Calibration::read(&dir.path().join("none"), "f")
                .unwrap_err()
                .to_string()
                .contains("could not be read")
        );
    }

    proptest! {
        #[test]
        fn no_other_score_has_a_better_f1(
            drawn in proptest::collection::vec(proptest::collection::vec(-3i8..4, 4), 1..6),
            exact in proptest::collection::vec(0..4u32, 6),
        ) {
            let scores: Vec<Vec<f32>> =
                drawn.iter().map(|row| row.iter().copied().map(f32::from).collect()).collect();
            let (pairs, levels) = (pairs(&exact[..scores.len()]), levels(&small()));
            let (found, checked) = with_scores(&scores, |scorer, names| {
                let found = fit(scorer, &pairs, &levels, names, &|_| ()).unwrap();
                let checked = check(scorer, &pairs, &levels, names, &found).unwrap();
                (found, checked)
            });
            prop_assert_eq!(&found, &naive(&scores, &pairs, &levels));
            prop_assert_eq!(checked, found.iter().map(|threshold| threshold.fitted).collect::<Vec<_>>());
        }
    }
}
