//! An answer as people read it: by level, the most special documents first, with the way up to the root.
//!
//! A level is a document's distance from the root and not from the best hit: every document has one, whatever was
//! asked, and it is what thresholds are fitted for. A way up is printed once: a document that stands on one that was
//! printed above has none of its own.

use std::collections::HashSet;
use std::fmt;

use rootward::dataset::Document;

use super::{Answer, Hit};

/// What a document is called: its title, or its id where it has none.
pub(super) fn called(document: &Document) -> String {
    let name = if document.title.is_empty() { &document.id } else { &document.title };
    name.replace(char::is_control, " ")
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.text, self.query)?;
        if !self.definition.is_empty() {
            let first = self.definition.split(';').next().unwrap_or_default();
            write!(f, ": {first}")?;
        }
        let right = self.hits.iter().filter(|hit| hit.distance.is_some()).count();
        let hits = self.hits.len();
        if self.relevant == 0 {
            writeln!(f, "\n{hits} retrieved")?;
        } else {
            writeln!(f, "\n{right} of {hits} retrieved are right, {} are relevant", self.relevant)?;
        }
        let mut by_level: Vec<&Hit> = self.hits.iter().collect();
        by_level.sort_by_key(|hit| std::cmp::Reverse(hit.level)); // keeps the order within a level
        if by_level.is_empty() {
            return Ok(());
        }
        writeln!(f, "  level     score")?;
        let (mut shown, mut level): (HashSet<&str>, Option<u32>) = (HashSet::new(), None);
        for hit in by_level {
            let label = if level == Some(hit.level) { String::new() } else { hit.level.to_string() };
            level = Some(hit.level);
            write!(f, "{label:>7}")?;
            write!(f, "  {:8.3}", hit.score)?;
            let good = if hit.accepted == Some(true) { "*" } else { " " };
            write!(f, "{}", if hit.accepted.is_some() { good } else { "" })?;
            if self.relevant > 0 {
                let mark =
                    hit.distance.map_or(String::from("wrong"), |distance| format!("right, {distance} up"));
                write!(f, "  {mark:<12}")?;
            }
            write!(f, "  {}  ({})", hit.title, hit.id)?;
            if shown.insert(&hit.id) {
                hit.path_titles.iter().try_for_each(|title| write!(f, " < {title}"))?;
            }
            shown.extend(hit.path.iter().map(String::as_str));
            writeln!(f)?;
        }
        if self.hits.iter().any(|hit| hit.accepted.is_some()) {
            let good = self.hits.iter().filter(|hit| hit.accepted == Some(true)).count();
            writeln!(f, "{good} are good enough for their level (*)")?;
        }
        Ok(())
    }
}
