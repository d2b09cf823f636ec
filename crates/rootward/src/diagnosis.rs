//! What the numbers mean: from an evaluation and the course of a run to sentences with a remedy.
//!
//! Every finding follows from numbers by a rule with a stated threshold, and carries these numbers. Where the numbers do
//! not tell two causes apart the finding names both, and what would. There is always at least one finding: that nothing
//! is wrong is one too.

mod course;
mod popularity;
mod words;

use serde::Serialize;

use crate::eval::{Evaluation, Share};
use crate::trainer::{Ended, Measured};

use course::LAST_QUARTER;
pub use course::{Course, Fall, NearFar};
pub use popularity::{FalseHit, Popularity};
pub use words::{Told, told};

/// Recall of all pairs from which on nothing is wrong: fewer than one in a hundred is missed.
const SOUND: f64 = 0.99;

/// Recall that each part of the pairs must have besides, so that a small part cannot fail unseen among many pairs.
const SOUND_PART: f64 = 0.95;

/// A difference in recall that is a finding. Recipes that work differ between near and far by less than 0.01 on WordNet,
/// standard training by 0.7; a sample of 1,000 queries is uncertain by about 0.01.
const DIFFERENT: f64 = 0.1;

/// A change of recall within one run that is a finding: the same queries are measured again, so that less is needed.
const FALLEN: f64 = 0.02;

/// A rise of recall over the last quarter of a stage that counts as still rising ...
const RISING: f64 = 0.01;

/// ... where the stage once more, at that pace, would bring this share of what is missing; otherwise training longer is
/// no remedy.
const WORTH_IT: f64 = 0.1;

/// Frequent documents are pushed up where they are false hits this many times as often as chance has it ...
const TIMES_CHANCE: f64 = 10.0;

/// ... and at least this share of all false hits, below which others matter more.
const INTRUDING: f64 = 0.1;

/// Documents are too many to be called frequent where they are more than this share of all.
const FEW: f64 = 0.1;

/// What is known of a model, or of a ranking by another program.
#[derive(Clone, Debug)]
pub struct Known {
    /// How much was found.
    pub recall: Recall,
    /// How frequent documents fared; none where only recall was measured.
    pub popularity: Option<Popularity>,
    /// How many documents there are.
    pub documents: usize,
    /// Numbers in a vector; none for a ranking by another program.
    pub dim: Option<usize>,
    /// How training went; none where there is no report of it.
    pub course: Option<Course>,
}

/// Recall of the parts of the pairs, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Recall {
    /// Distance from which a pair is far.
    pub far_from: u32,
    /// Of all pairs.
    pub all: f64,
    /// Of exact matches: distance 0.
    pub exact: f64,
    /// Of pairs nearer than `far_from`.
    pub near: f64,
    /// Of pairs from there on; none where there are none.
    pub far: Option<f64>,
}

/// One thing that the numbers say. All shares are from 0 to 1; its text is a sentence and a remedy.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Finding {
    /// At least 0.99 of all pairs are found, and 0.95 of exact matches, of near and of far pairs.
    Sound(Recall),
    /// Recall of far pairs is below that of near ones by 0.1 or more.
    LostInDistance(Recall),
    /// Near recall has fallen by 0.02 or more since its highest, while far recall rose.
    Forgetting {
        /// Place of the stage in which the fall began.
        stage: usize,
        /// Its name.
        name: String,
        /// Why that stage ended.
        ended: Ended,
        /// Highest near recall.
        near_before: f64,
        /// Near recall at the end of the run.
        near: f64,
        /// Far recall beside the highest near recall.
        far_before: f64,
        /// Far recall at the end of the run.
        far: f64,
    },
    /// Recall of all pairs was still rising: by 0.01 or more over the last quarter of the last stage, and so that the
    /// stage once more, at that pace, would bring a tenth of what is missing.
    Undertrained {
        /// Place of the last stage.
        stage: usize,
        /// Its name.
        name: String,
        /// The rise.
        rise: f64,
    },
    /// Near recall is below 0.95, the dimension is below [`enough`], and recall was not still rising.
    DimensionTooSmall {
        /// The dimension.
        dim: usize,
        /// See [`enough`].
        enough: usize,
        /// Near recall.
        near: f64,
        /// The rise of recall over the last quarter of the last stage.
        rise: f64,
    },
    /// The same, with recall still rising or without a report that says whether it was: the two cannot be told apart.
    DimensionOrTraining {
        /// The dimension.
        dim: usize,
        /// See [`enough`].
        enough: usize,
        /// Near recall.
        near: f64,
        /// The rise of recall over the last quarter of the last stage, where there is a report.
        rise: Option<f64>,
        /// Place of the last stage, where there is a report.
        stage: Option<usize>,
    },
    /// At the same distance, frequent documents are found less often than others by 0.1 or more.
    PopularPushedDown(Popularity),
    /// Frequent documents are at least 0.1 of all false hits, and ten times as many of them as by chance.
    PopularPushedUp(Popularity),
    /// Pairs are missed and no other rule applies.
    Unexplained {
        /// What was found.
        #[serde(flatten)]
        recall: Recall,
        /// The rise of recall over the last quarter of the last stage, where there is a report.
        rise: Option<f64>,
    },
}

/// The dimension from which on vectors were seen to hold a hierarchy of so many documents: log2 of their number.
///
/// A rule of thumb and no theorem: on the 82,115 nouns of WordNet, whose logarithm is 16.3, our recipe finds 99.99 % of
/// the pairs at 16 numbers and 97 % at 8 (`docs/recipes.md`). The construction of \[HR\] needs far more, see
/// [`Dimension`](crate::inspect::Dimension).
pub fn enough(documents: usize) -> usize {
    documents.max(2).ilog2() as usize
}

impl Recall {
    /// Recall of a whole evaluation; far begins at the least distance to which at least half of the pairs are nearer.
    pub fn of(evaluation: &Evaluation) -> Recall {
        let by_distance = &evaluation.recall_by_distance;
        let mut nearer = 0;
        let far_from = by_distance.iter().find_map(|(distance, share)| {
            let is_far = 2 * nearer >= evaluation.pairs;
            nearer += share.of;
            is_far.then_some(*distance)
        });
        let far_from = far_from.unwrap_or_else(|| by_distance.keys().next_back().map_or(0, |last| last + 1));
        let sum = |shares: &mut dyn Iterator<Item = &Share>| {
            shares.fold(Share::default(), |sum, s| Share { found: sum.found + s.found, of: sum.of + s.of })
        };
        let far = sum(&mut by_distance.range(far_from..).map(|(_, share)| share));
        Recall {
            far_from,
            all: evaluation.recall.value(),
            exact: by_distance.get(&0).copied().unwrap_or_default().value(),
            near: sum(&mut by_distance.range(..far_from).map(|(_, share)| share)).value(),
            far: (far.of > 0).then(|| far.value()),
        }
    }

    /// Recall as a run measured it on its way, by a recipe whose far pairs begin at `far_from`.
    pub fn of_measured(measured: &Measured, far_from: u32) -> Recall {
        let has_far = measured.by_distance.len() > far_from as usize;
        Recall {
            far_from,
            all: measured.recall,
            exact: measured.by_distance.first().copied().unwrap_or(0.0),
            near: measured.near,
            far: has_far.then_some(measured.far),
        }
    }

    fn is_sound(&self) -> bool {
        let parts = [Some(self.exact), (self.far_from > 0).then_some(self.near), self.far];
        self.all >= SOUND && parts.into_iter().flatten().all(|part| part >= SOUND_PART)
    }

    fn is_lost(&self) -> bool {
        self.far_from > 0 && self.far.is_some_and(|far| self.near - far >= DIFFERENT)
    }
}

/// What the numbers say, the most important first; never nothing.
pub fn diagnose(known: &Known) -> Vec<Finding> {
    let recall = known.recall;
    if recall.is_sound() {
        return vec![Finding::Sound(recall)];
    }
    let mut found = Vec::new();
    if recall.is_lost() {
        found.push(Finding::LostInDistance(recall));
    }
    found.extend(known.popularity.as_ref().and_then(popular));
    found.extend(known.course.as_ref().and_then(|course| course.fall.as_ref()).and_then(forgetting));
    let length = too_short_or_too_small(known);
    // Before the exact matches are in place, what else is wrong may pass with more training.
    let first = recall.exact < SOUND_PART;
    found.splice(if first { 0..0 } else { found.len()..found.len() }, length);
    if found.is_empty() {
        found.push(Finding::Unexplained {
            recall,
            rise: known.course.as_ref().and_then(|course| course.rise),
        });
    }
    found
}

fn popular(popularity: &Popularity) -> Option<Finding> {
    let Popularity { frequent, documents, gap, false_frequent, chance, .. } = *popularity;
    if frequent as f64 > FEW * documents as f64 {
        None
    } else if gap >= DIFFERENT {
        Some(Finding::PopularPushedDown(popularity.clone()))
    } else if false_frequent >= INTRUDING && false_frequent >= TIMES_CHANCE * chance {
        Some(Finding::PopularPushedUp(popularity.clone()))
    } else {
        None
    }
}

fn forgetting(fall: &Fall) -> Option<Finding> {
    let (before, after) = (fall.before, fall.after);
    (before.near - after.near >= FALLEN && after.far > before.far).then(|| Finding::Forgetting {
        stage: fall.stage,
        name: fall.name.clone(),
        ended: fall.ended,
        near_before: before.near,
        near: after.near,
        far_before: before.far,
        far: after.far,
    })
}

fn too_short_or_too_small(known: &Known) -> Option<Finding> {
    let (near, enough) = (known.recall.near, enough(known.documents));
    let missing = 1.0 - known.recall.all;
    let narrow = known.dim.filter(|dim| *dim < enough && near < SOUND_PART);
    let ended = known.course.as_ref().and_then(|course| Some((course, course.rise?)));
    let Some((Course { stage, name, .. }, rise)) = ended else {
        return narrow.map(|dim| Finding::DimensionOrTraining { dim, enough, near, rise: None, stage: None });
    };
    let rising = rise >= RISING && rise / LAST_QUARTER >= WORTH_IT * missing;
    match (narrow, rising) {
        (Some(dim), false) => Some(Finding::DimensionTooSmall { dim, enough, near, rise }),
        (Some(dim), true) => {
            Some(Finding::DimensionOrTraining { dim, enough, near, rise: Some(rise), stage: Some(*stage) })
        }
        (None, true) => Some(Finding::Undertrained { stage: *stage, name: name.clone(), rise }),
        (None, false) => None,
    }
}

#[cfg(test)]
mod tests;
