//! What a run's report showed: whether recall still rose when training ended, and whether the near was forgotten.
//!
//! The course of a run is the recall of the states that it passed through on the way to the one that it kept.
//! Measurements of states that early stopping threw away are no part of it.

use crate::trainer::{Ended, Event, Measured};

/// The course of a finished run, read from its events.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// Place of the last stage in the recipe.
    pub stage: usize,
    /// Its name.
    pub name: String,
    /// Recall of the state that was kept in the end.
    pub last: Measured,
    /// By how much recall of all pairs rose over the last quarter of the last stage, 0 to 1; 0 where the state that was
    /// kept is older than the end of the stage, `None` where nothing was measured before that quarter.
    ///
    /// Recall is interpolated between measurements. What it was before the first step of a run nobody knows: an encoder
    /// of texts that is trained begins where others taught it.
    pub rise: Option<f64>,
    /// The fall of near recall since its highest; none where the run ended with that.
    pub fall: Option<Fall>,
}

/// Near recall that was lost again, and what far recall did meanwhile.
#[derive(Clone, Debug, PartialEq)]
pub struct Fall {
    /// Place of the stage in which it began.
    pub stage: usize,
    /// Its name.
    pub name: String,
    /// Why that stage ended.
    pub ended: Ended,
    /// Highest near recall, and the far recall beside it.
    pub before: NearFar,
    /// The two at the end of the run.
    pub after: NearFar,
}

/// Recall of near and of far pairs at one moment, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NearFar {
    /// Of pairs nearer than the recipe's `far_from`.
    pub near: f64,
    /// Of pairs from there on.
    pub far: f64,
}

/// The part of a stage that counts for what is looked at last.
pub(super) const LAST_QUARTER: f64 = 0.25;

/// What is known of one stage.
struct Stage {
    place: usize,
    name: String,
    steps: usize,
    measured: Vec<(usize, Measured)>,
    end: Option<(Ended, usize)>,
}

impl Course {
    /// The course that these events of a whole run tell; none where the run is unfinished or nothing was measured.
    pub fn of(events: impl IntoIterator<Item = Event>) -> Option<Course> {
        let mut stages: Vec<Stage> = Vec::new();
        for event in events {
            match (event, stages.last_mut()) {
                (Event::Stage { stage, name, steps }, _) => {
                    stages.push(Stage { place: stage, name, steps, measured: Vec::new(), end: None });
                }
                (Event::Recall { step, measured, .. }, Some(stage)) => stage.measured.push((step, measured)),
                (Event::StageEnd { reason, kept, .. }, Some(stage)) => stage.end = Some((reason, kept)),
                _ => {}
            }
        }
        for stage in &mut stages {
            let (_, kept) = stage.end?;
            stage.measured.retain(|(step, _)| *step <= kept);
        }
        let (final_stage, before) = stages.split_last()?;
        let (_, last) = stages.iter().flat_map(|stage| &stage.measured).next_back()?;
        let start = before.iter().flat_map(|stage| &stage.measured).next_back();
        let start = start.map(|(_, measured)| measured.recall);
        Some(Course {
            stage: final_stage.place,
            name: final_stage.name.clone(),
            last: last.clone(),
            rise: final_stage.rise(start),
            fall: fall(&stages, last),
        })
    }
}

impl Stage {
    /// See [`Course::rise`]; `start` is the recall before the first step, where that is known.
    fn rise(&self, start: Option<f64>) -> Option<f64> {
        let Some((end, last)) = self.measured.last().filter(|(step, _)| *step == self.steps) else {
            return Some(0.0);
        };
        let from = *end as f64 * (1.0 - LAST_QUARTER);
        let measured = self.measured.iter().map(|(step, measured)| (*step, measured.recall));
        let known: Vec<(usize, f64)> = start.map(|start| (0, start)).into_iter().chain(measured).collect();
        let before = known.iter().rposition(|(step, _)| *step as f64 <= from)?;
        let &[left, right] = known.get(before..before + 2)? else { return None };
        let way = (from - left.0 as f64) / (right.0 - left.0) as f64;
        Some(last.recall - (left.1 + way * (right.1 - left.1)))
    }
}

/// See [`Course::fall`].
fn fall(stages: &[Stage], last: &Measured) -> Option<Fall> {
    let near_far = |measured: &Measured| NearFar { near: measured.near, far: measured.far };
    let course = || stages.iter().flat_map(|stage| stage.measured.iter().map(move |(_, m)| (stage, m)));
    // Of equals the latest, so that the fall is laid to the stage in which it began.
    let (peak, (_, before)) = course().enumerate().max_by(|a, b| a.1.1.near.total_cmp(&b.1.1.near))?;
    let (stage, _) = course().nth(peak + 1)?;
    let (ended, _) = stage.end?;
    Some(Fall {
        stage: stage.place,
        name: stage.name.clone(),
        ended,
        before: near_far(before),
        after: near_far(last),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(stage: usize, steps: usize) -> Event {
        Event::Stage { stage, name: format!("stage {stage}"), steps }
    }

    /// Recall of all pairs is the mean of the two.
    fn recall(step: usize, near: f64, far: f64) -> Event {
        let measured = Measured { recall: (near + far) / 2.0, near, far, by_distance: vec![near, far] };
        Event::Recall { stage: 0, step, measured, best: false }
    }

    fn end(stage: usize, kept: usize, reason: Ended) -> Event {
        Event::StageEnd { stage, reason, kept }
    }

    /// The rise over the last quarter of one stage of 100 steps with these recalls of all pairs.
    fn check_rise(recalls: &[(usize, f64)], expected: impl Into<Option<f64>>) {
        let measured = recalls.iter().map(|(step, all)| recall(*step, *all, *all));
        let events = [stage(0, 100)].into_iter().chain(measured).chain([end(0, 100, Ended::Length)]);
        let (found, expected) = (Course::of(events).unwrap().rise, expected.into());
        let rounded = |rise: Option<f64>| rise.map(|rise| (rise * 1e9).round());
        assert_eq!(rounded(found), rounded(expected));
    }

    #[test]
    fn the_rise_is_that_of_the_last_quarter_between_measurements() {
        check_rise(&[(50, 0.4), (75, 0.5), (100, 0.7)], 0.2);
        check_rise(&[(50, 0.4), (100, 0.6)], 0.1);
        check_rise(&[(50, 0.6), (100, 0.6)], 0.0);
    }

    #[test]
    fn a_run_that_was_not_measured_before_its_last_quarter_is_not_said_to_rise() {
        check_rise(&[(100, 0.4)], None);
        check_rise(&[(80, 0.3), (100, 0.4)], None);
        check_rise(&[(0, 0.2), (100, 0.4)], 0.05);
    }

    #[test]
    fn a_later_stage_rises_from_where_the_one_before_it_ended() {
        let events = [
            stage(0, 10),
            recall(10, 0.4, 0.4),
            end(0, 10, Ended::Length),
            stage(1, 10),
            recall(10, 0.8, 0.8),
            end(1, 10, Ended::Length),
        ];
        let found = Course::of(events).unwrap();
        assert!((found.rise.unwrap() - 0.1).abs() < 1e-12);
        assert_eq!((found.stage, &*found.name, found.last.near), (1, "stage 1", 0.8));
    }

    #[test]
    fn near_recall_that_fell_is_laid_to_the_stage_after_its_peak() {
        let events = [
            stage(0, 10),
            recall(10, 0.9, 0.1),
            end(0, 10, Ended::Length),
            stage(1, 30),
            recall(0, 0.9, 0.1),
            recall(10, 0.8, 0.5),
            recall(20, 0.2, 0.9),
            end(1, 10, Ended::Forgetting),
        ];
        let found = Course::of(events).unwrap();
        let fall = found.fall.unwrap();
        assert_eq!((fall.stage, &*fall.name, fall.ended), (1, "stage 1", Ended::Forgetting));
        assert_eq!(fall.before, NearFar { near: 0.9, far: 0.1 });
        assert_eq!(fall.after, NearFar { near: 0.8, far: 0.5 });
        assert_eq!(found.rise, Some(0.0), "the state that was kept is not the last one");
    }

    #[test]
    fn a_run_that_ends_at_its_best_has_not_fallen() {
        let events = [stage(0, 9), recall(5, 0.1, 0.1), recall(9, 0.2, 0.1), end(0, 9, Ended::Length)];
        assert_eq!(Course::of(events).unwrap().fall, None);
    }

    #[test]
    fn an_unfinished_run_has_no_course() {
        assert_eq!(Course::of([stage(0, 9), recall(5, 0.1, 0.1)]), None);
        assert_eq!(Course::of([]), None);
    }
}
