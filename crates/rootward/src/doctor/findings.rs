//! Problems while they are being counted.

use std::collections::BTreeMap;

use super::{Kind, Place, Problem};

/// How many examples are kept of each kind.
const EXAMPLES: usize = 5;

/// How often each kind of problem was met, with the first examples.
#[derive(Default)]
pub(super) struct Findings {
    found: BTreeMap<Kind, (u64, Vec<Place>)>,
}

impl Findings {
    /// Counts a problem of a line; `what` is only called where the example is kept.
    pub(super) fn line(&mut self, kind: Kind, file: &str, line: u64, what: impl FnOnce() -> String) {
        self.add(kind, || Place { file: file.to_owned(), line: Some(line), what: what() });
    }

    /// Counts a problem of a whole file, or of the folder where `file` is empty.
    pub(super) fn file(&mut self, kind: Kind, file: &str, what: impl FnOnce() -> String) {
        self.add(kind, || Place { file: file.to_owned(), line: None, what: what() });
    }

    /// Counts a problem; `place` is only called where the example is kept.
    pub(super) fn add(&mut self, kind: Kind, place: impl FnOnce() -> Place) {
        let (count, examples) = self.found.entry(kind).or_default();
        *count += 1;
        if examples.len() < EXAMPLES {
            examples.push(place());
        }
    }

    /// The problems in the order of their kinds.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let problem = |(kind, (count, examples)): (Kind, (u64, Vec<Place>))| {
            let (severity, what, remedy) = (kind.severity(), kind.what(), kind.remedy());
            Problem { kind, severity, count, what, examples, remedy }
        };
        self.found.into_iter().map(problem).collect()
    }
}
