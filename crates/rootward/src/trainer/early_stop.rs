//! When a stage is over before its length: one recall must rise, the other may not fall.
//!
//! Finetuning on far pairs lifts far recall and, run too long, forgets the near ones [HR §4]. A one-sided rule sees only
//! half of that. This one keeps the state with the best raised recall among those that hold the other, and names which
//! of the two ended the stage.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::eval::Share;
use crate::recipe::{EarlyStop, Part};

/// Recall of the validation queries, 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Over all pairs.
    pub recall: f64,
    /// Over pairs nearer than the recipe's `far_from`.
    pub near: f64,
    /// Over pairs from there on.
    pub far: f64,
    /// At distance 0, 1, 2, ...
    pub by_distance: Vec<f64>,
}

/// Why a stage ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// All its steps were taken.
    Length,
    /// The recall to raise has not risen for as many measurements as the rule is patient: lost in the long distance.
    NotRising,
    /// The recall to hold has fallen further than the rule tolerates: forgetting.
    Forgetting,
}

/// What early stopping remembers of a stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct StopState {
    /// The recall to hold, before the first step.
    held: Option<f64>,
    /// Step and raised recall of the state to keep.
    best: Option<(usize, f64)>,
    /// Measurements since then.
    worse: usize,
}

/// What a measurement means for the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Keep this state.
    Best,
    /// Go on.
    Worse,
    /// The stage is over.
    End(Ended),
}

impl Measured {
    pub(super) fn new(found: &BTreeMap<u32, Share>, far_from: u32) -> Self {
        let pooled = |range: &mut dyn Iterator<Item = &Share>| {
            range
                .fold(Share::default(), |sum, s| Share { found: sum.found + s.found, of: sum.of + s.of })
                .value()
        };
        Measured {
            recall: pooled(&mut found.values()),
            near: pooled(&mut found.range(..far_from).map(|(_, s)| s)),
            far: pooled(&mut found.range(far_from..).map(|(_, s)| s)),
            by_distance: found.values().map(|s| s.value()).collect(),
        }
    }

    fn part(&self, part: Part) -> f64 {
        match part {
            Part::Near => self.near,
            Part::Far => self.far,
            Part::All => self.recall,
        }
    }
}

impl StopState {
    pub(super) fn judge(&mut self, rule: EarlyStop, step: usize, measured: &Measured) -> Verdict {
        let (raised, held) = (measured.part(rule.raise), measured.part(rule.hold));
        let floor = *self.held.get_or_insert(held) - rule.tolerance;
        let holds = held >= floor;
        if holds && self.best.is_none_or(|(_, best)| raised > best) {
            self.best = Some((step, raised));
            self.worse = 0;
            return Verdict::Best;
        }
        self.worse += 1;
        if self.worse < rule.patience {
            return Verdict::Worse;
        }
        Verdict::End(if holds { Ended::NotRising } else { Ended::Forgetting })
    }

    /// The step of the state to keep; 0 before any was measured.
    pub(super) fn best_step(&self) -> usize {
        self.best.map_or(0, |(step, _)| step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Judges (near, far) one after the other, ten steps apart.
    fn check(recalls: &[(f64, f64)], expected: &[Verdict]) {
        let rule = EarlyStop { raise: Part::Far, hold: Part::Near, tolerance: 0.05, patience: 2 };
        let mut state = StopState::default();
        let judge = |(i, (near, far)): (usize, &(f64, f64))| {
            let measured = Measured { recall: 0.0, near: *near, far: *far, by_distance: Vec::new() };
            state.judge(rule, i * 10, &measured)
        };
        assert_eq!(recalls.iter().enumerate().map(judge).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_stage_ends_when_far_recall_rises_no_more() {
        let ended = Verdict::End(Ended::NotRising);
        check(
            &[(0.9, 0.1), (0.9, 0.3), (0.9, 0.3), (0.9, 0.2)],
            &[Verdict::Best, Verdict::Best, Verdict::Worse, ended],
        );
    }

    #[test]
    fn a_stage_ends_when_near_recall_falls_however_far_recall_rises() {
        let ended = Verdict::End(Ended::Forgetting);
        check(
            &[(0.9, 0.1), (0.86, 0.3), (0.8, 0.5), (0.7, 0.9)],
            &[Verdict::Best, Verdict::Best, Verdict::Worse, ended],
        );
    }

    #[test]
    fn near_recall_that_recovers_is_forgiven() {
        check(&[(0.9, 0.1), (0.8, 0.5), (0.88, 0.4)], &[Verdict::Best, Verdict::Worse, Verdict::Best]);
    }

    #[test]
    fn recall_is_pooled_over_pairs_near_and_far() {
        let found = [(1, 2), (1, 2), (3, 4)].map(|(found, of)| Share { found, of });
        let measured = Measured::new(&(0..).zip(found).collect(), 1);
        assert_eq!((measured.near, measured.far, measured.recall), (0.5, 4.0 / 6.0, 5.0 / 8.0));
    }
}
