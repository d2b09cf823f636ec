//! Findings in words: one sentence that says what is the case, and what to do about it.
//!
//! Numbers in a sentence are those of the finding; a remedy names keys of the recipe as `--set` takes them.

use std::fmt;

use serde::Serialize;

use super::{FalseHit, Finding, Popularity, Recall};
use crate::digits::grouped;
use crate::trainer::Ended;

/// A finding as JSON: its kind and its numbers, and the same in words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Told<'a> {
    #[serde(flatten)]
    finding: &'a Finding,
    sentence: String,
    /// None where nothing is wrong.
    remedy: Option<String>,
}

/// The findings as JSON has them.
pub fn told(findings: &[Finding]) -> Vec<Told<'_>> {
    let told = |finding| Told { finding, sentence: Finding::sentence(finding), remedy: finding.remedy() };
    findings.iter().map(told).collect()
}

/// A share in percent.
struct Percent(f64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} %", 100.0 * self.0)
    }
}

/// A difference of two shares in percentage points.
struct Points(f64);

impl fmt::Display for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} points", 100.0 * self.0)
    }
}

/// The sentence, and after it the remedy.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.", self.sentence())?;
        self.remedy().map_or(Ok(()), |remedy| write!(f, " Remedy: {remedy}."))
    }
}

impl Finding {
    /// What is the case, without a final period.
    pub fn sentence(&self) -> String {
        match self {
            Finding::Sound(recall) => format!("Nothing is wrong: {}", found(recall)),
            Finding::LostInDistance(recall) => format!("Lost in the long distance: {}", found(recall)),
            Finding::Forgetting { stage, name, ended, near_before, near, far_before, far } => {
                let how = match ended {
                    Ended::Forgetting => ", which ended it early",
                    Ended::Length | Ended::NotRising => "",
                };
                format!(
                    "Forgetting of the near: from stage {stage} (`{name}`) on, near recall fell from {} to {}{how}, while \
                     far recall rose from {} to {}",
                    Percent(*near_before),
                    Percent(*near),
                    Percent(*far_before),
                    Percent(*far)
                )
            }
            Finding::Undertrained { stage, name, rise } => format!(
                "Undertrained: recall was still rising at the end, by {} over the last quarter of stage {stage} (`{name}`)",
                Points(*rise)
            ),
            Finding::DimensionTooSmall { dim, enough, near, rise } => format!(
                "The dimension is probably too small: {} of the near pairs are found, {}, and {}",
                Percent(*near),
                numbers(*dim, *enough),
                at_end(Some(*rise))
            ),
            Finding::DimensionOrTraining { dim, enough, near, rise, .. } => format!(
                "Either the dimension is too small or the training too short: {} of the near pairs are found, {}, and {}",
                Percent(*near),
                numbers(*dim, *enough),
                at_end(*rise)
            ),
            Finding::PopularPushedDown(popularity) => {
                let Popularity { frequent, recall_frequent, recall_others, gap, .. } = popularity;
                format!(
                    "Popularity bias, frequent documents pushed down: the {} that make up half of all pairs are found in {} \
                     of theirs, the others in {}; at the same distance that is {} less{}",
                    grouped(*frequent),
                    Percent(*recall_frequent),
                    Percent(*recall_others),
                    Points(*gap),
                    named(&popularity.top)
                )
            }
            Finding::PopularPushedUp(popularity) => {
                let Popularity { frequent, false_hits, false_frequent, chance, .. } = popularity;
                format!(
                    "Popularity bias, frequent documents pushed up: the {} that make up half of all pairs are {} of the {} \
                     false hits, where chance would make them {:.2} %{}",
                    grouped(*frequent),
                    Percent(*false_frequent),
                    grouped(*false_hits),
                    100.0 * chance,
                    named(&popularity.top)
                )
            }
            Finding::Unexplained { recall, rise } => format!(
                "Pairs are missed for another reason than distance, frequency or dimension: {}; {}",
                found(recall),
                at_end(*rise)
            ),
        }
    }

    /// What to do about it, without a final period; none where nothing is wrong.
    pub fn remedy(&self) -> Option<String> {
        Some(match self {
            Finding::Sound(_) => return None,
            Finding::LostInDistance(_) => String::from(
                "use the recipe `climb`, or `text-climb` for texts, or where they are not set, `negatives.deduplicate` and \
                 `negatives.mask_known`, so that an ancestor is no negative of its own descendants",
            ),
            Finding::Forgetting { stage, .. } => format!(
                "lower `stages.{stage}.rate`, or shorten the stage; use the recipe `climb`, which needs no such trade; where \
                 far recall matters more, leave it so"
            ),
            Finding::Undertrained { stage, .. } => {
                format!("train longer: raise `stages.{stage}.epochs` or `stages.{stage}.steps`")
            }
            Finding::DimensionTooSmall { enough, .. } => {
                format!("train with `encoder.dim={enough}` or more; below 32 with the recipe `climb-small`")
            }
            Finding::DimensionOrTraining { enough, stage, .. } => {
                let stage = stage.map_or(String::from("N"), |stage| stage.to_string());
                format!(
                    "double `stages.{stage}.epochs` or `stages.{stage}.steps`, which tells them apart: where recall then stays, \
                     train with `encoder.dim={enough}` or more"
                )
            }
            Finding::PopularPushedDown(_) => String::from(
                "set `negatives.deduplicate`, or `negatives.alpha=0` (logQ), so that a frequent document is no stronger a \
                 negative than a rare one",
            ),
            Finding::PopularPushedUp(_) => String::from(
                "set `negatives.ancestor_siblings`, which brings frequent documents as negatives of queries that do not want \
                 them, or bring `negatives.alpha` nearer to 1",
            ),
            Finding::Unexplained { rise: Some(_), .. } => String::from(
                "add a last stage with a lower temperature and more `negatives.siblings`; where recall stays, more dimensions",
            ),
            Finding::Unexplained { rise: None, .. } => String::from(
                "set `validation.every` to a quarter of the steps or less, or train twice as long, which tells the causes \
                 apart: where recall stays, add a last stage with a lower temperature and more `negatives.siblings`, or more \
                 dimensions",
            ),
        })
    }
}

/// How much is found, in all, at distance 0, near and far.
fn found(recall: &Recall) -> String {
    let Recall { far_from, all, exact, near, far } = *recall;
    let parts = far.map_or(String::new(), |far| {
        format!(", {} nearer than distance {far_from} and {} from there on", Percent(near), Percent(far))
    });
    format!("{} of all pairs are found, {} of the exact matches{parts}", Percent(all), Percent(exact))
}

/// That the dimension is smaller than one that was seen to suffice.
fn numbers(dim: usize, enough: usize) -> String {
    format!(
        "{dim} numbers are fewer than the {enough} (log2 of the number of documents) that were seen to suffice"
    )
}

/// What recall did at the end of training.
fn at_end(rise: Option<f64>) -> String {
    match rise {
        Some(rise) => format!("over the last quarter of the last stage recall rose by {}", Points(rise)),
        None => String::from("whether recall was still rising was not measured"),
    }
}

/// The top false hits, as the end of a sentence.
fn named(top: &[FalseHit]) -> String {
    if top.is_empty() {
        return String::new();
    }
    let name = |hit: &FalseHit| {
        let name = if hit.title.is_empty() { &hit.id } else { &hit.title };
        format!("`{name}` {} times (relevant to {})", grouped(hit.queries), grouped(hit.relevant_to))
    };
    format!("; most often found by mistake: {}", top.iter().map(name).collect::<Vec<_>>().join(", "))
}
