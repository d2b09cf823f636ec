//! What the numbers mean, for a model with its report, a run, or a training that has just ended.
//!
//! The rules are the library's; this file only brings together what they need.

use std::fmt::Write;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use rootward::dataset::Dataset;
use rootward::diagnosis::{Course, Finding, Known, Popularity, Recall, diagnose};
use rootward::eval::Evaluation;
use rootward::pairs::Pairs;
use rootward::trainer::Event;

use crate::training::REPORT;

/// What is known of who made a ranking.
pub(crate) struct Maker {
    dim: Option<usize>,
    course: Option<Course>,
}

impl Maker {
    /// A model of vectors of this width, with the report in its folder.
    pub(crate) fn model(folder: &Path, dim: usize) -> Self {
        Maker { dim: Some(dim), course: events(&folder.join(REPORT)).and_then(Course::of) }
    }

    /// Another program, of which only the ranking is known.
    pub(crate) fn unknown() -> Self {
        Maker { dim: None, course: None }
    }

    /// What an evaluation on these pairs says.
    pub(crate) fn explain(self, evaluation: &Evaluation, pairs: &Pairs, data: &Dataset) -> Vec<Finding> {
        diagnose(&Known {
            recall: Recall::of(evaluation),
            popularity: Some(Popularity::of(evaluation, pairs, &data.docs)),
            documents: data.docs.len(),
            dim: self.dim,
            course: self.course,
        })
    }

    /// What the last validation of its training says, by a recipe whose far pairs begin at `far_from`; nothing where
    /// there is no report of it.
    pub(crate) fn explain_training(self, far_from: u32, data: &Dataset) -> Vec<Finding> {
        let Some(course) = &self.course else { return Vec::new() };
        let recall = Recall::of_measured(&course.last, far_from);
        let documents = data.docs.len();
        diagnose(&Known { recall, popularity: None, documents, dim: self.dim, course: self.course })
    }
}

/// The findings as lines of text under a heading; no text where there are none.
pub(crate) fn page(heading: &str, findings: &[Finding]) -> String {
    let mut text = String::new();
    for (place, finding) in findings.iter().enumerate() {
        let heading = if place == 0 { heading } else { "\n" };
        write!(text, "{heading}  {}.", finding.sentence()).expect("a string takes all text");
        if let Some(remedy) = finding.remedy() {
            write!(text, "\n    remedy: {remedy}").expect("a string takes all text");
        }
    }
    text
}

/// What a report tells; none where there is no report, or another version wrote it.
pub(crate) fn events(report: &Path) -> Option<Vec<Event>> {
    let lines = BufReader::new(File::open(report).ok()?).lines();
    lines.map(|line| serde_json::from_str(&line.ok()?).ok()).collect()
}
