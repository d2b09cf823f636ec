//! Everything that is wrong with a data folder, found in one pass and told with a remedy.
//!
//! [`Dataset::open`](crate::dataset::Dataset::open) stops at the first thing that it must not misread; who repairs a
//! folder wants the whole list. [`examine`] reads on after every fault, groups what it finds by [`Kind`], counts it and
//! keeps the first examples; [`mend`] writes a copy without what can be removed safely. Always true: a folder opens
//! exactly when its examination has no error. Nothing here panics on any bytes, and memory is bounded by the folder.

mod advice;
mod encoding;
mod findings;
mod kind;
mod leaks;
mod mending;
mod reading;
mod shape;

use std::fmt;
use std::path::Path;

use serde::Serialize;

use crate::digits::grouped;

use findings::Findings;
use reading::read;

pub use kind::{Kind, Severity};
pub use leaks::plain;
pub use leaks::{Leakage, leakage};
pub use mending::{Change, MendError, Mended, mend};

/// What [`examine`] found: errors first, then warnings, then hints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Examination {
    /// Each kind of problem once.
    pub problems: Vec<Problem>,
}

/// All that is wrong in one way. As JSON its keys are the names of the fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// In which way.
    pub kind: Kind,
    /// Whether the folder opens all the same.
    pub severity: Severity,
    /// How often.
    pub count: u64,
    /// What is counted, in the plural.
    pub what: &'static str,
    /// The first few.
    pub examples: Vec<Place>,
    /// What to do about it.
    pub remedy: &'static str,
}

/// Where a problem shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file, as seen from the folder; empty for the folder itself.
    pub file: String,
    /// The line, from 1; `None` where the whole file is meant.
    pub line: Option<u64>,
    /// What is there.
    pub what: String,
}

/// Finds every problem of a data folder.
pub fn examine(folder: &Path) -> Examination {
    examine_keeping(folder, &mut |_, _| {}).0
}

/// The same, with every line that can be kept given to `keep` together with the name of its file, mended where that is
/// safe; and how many lines only needed tidying.
fn examine_keeping(folder: &Path, keep: &mut dyn FnMut(&str, &str)) -> (Examination, reading::Tidied) {
    let mut findings = Findings::default();
    let (read, tidied) = read(folder, &mut findings, keep);
    let hierarchy = shape::examine(&read, &mut findings);
    advice::examine(&read, hierarchy.as_ref(), &mut findings);
    (Examination { problems: findings.into_problems() }, tidied)
}

impl Examination {
    /// The problems for which the folder does not open.
    pub fn errors(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(|problem| problem.severity == Severity::Error)
    }

    /// Whether [`Dataset::open`](crate::dataset::Dataset::open) reads the folder.
    pub fn opens(&self) -> bool {
        self.errors().next().is_none()
    }
}

impl fmt::Display for Examination {
    /// A list for people; it may change, the JSON does not.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.problems.is_empty() {
            return writeln!(f, "no problems found");
        }
        let mut between = "";
        for problem in &self.problems {
            write!(f, "{between}{problem}")?;
            between = "\n";
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.severity, Told(self))
    }
}

/// A problem without its severity, where all have the same.
struct Told<'a>(&'a Problem);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { count, what, examples, remedy, .. } = self.0;
        writeln!(f, "{what}: {}", grouped(usize::try_from(*count).unwrap_or(usize::MAX)))?;
        for place in examples {
            writeln!(f, "  {place}")?;
        }
        if *count > examples.len() as u64 {
            writeln!(f, "  …")?;
        }
        writeln!(f, "  remedy: {remedy}")
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file[..], self.line) {
            ("", _) => f.write_str(&self.what),
            (file, None) => write!(f, "{file}: {}", self.what),
            (file, Some(line)) => write!(f, "{file}:{line}: {}", self.what),
        }
    }
}

#[cfg(test)]
mod tests;
