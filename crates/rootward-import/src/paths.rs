//! Hierarchies written as paths: every line or row names a node and all that is above it.
//!
//! "Animals > Dogs > Puppies" is three nodes. The taxonomies of shops come in this form: those of Google and Shopify as
//! lines with an id before the path, those of many others as tables with a column for each level.

mod found;
mod lines;
mod rows;

use std::io::{BufRead, Read};

use rootward::dataset::DataError;

use crate::draft::Imported;
use crate::source::Source;
use crate::table::TableOptions;
use lines::Form;

/// How to read paths. A column is given by its name or its number, from 1.
#[derive(Clone, Debug)]
pub struct PathsOptions {
    /// What stands between the parts of a path; `None` finds it.
    pub separator: Option<String>,
    /// How to read a table, where it is one.
    pub table: TableOptions,
    /// The columns of the levels, highest first; where there are none they are found by names such as lvl0.
    pub levels: Vec<String>,
    /// The column of whole paths; `None` finds it by its name.
    pub path: Option<String>,
    /// The column of ids, in a table.
    pub id: Option<String>,
}

/// How many lines are looked at to tell what they are.
const LOOKED_AT: usize = 500;

/// Reads paths.
///
/// A document is a path or the beginning of one; its title is the last part. Its id is the one that a line gives it,
/// else the path. Lines that begin with `#` and empty ones are skipped.
///
/// # Errors
/// When a line is not of the form of the first ones, a path has an empty part, or two paths have one id.
pub fn paths(source: &Source<'_>, options: &PathsOptions) -> Result<Imported, DataError> {
    if rows::are_asked(options) || rows::is_columnar(source) {
        return rows::read(source, options);
    }
    let first = first_lines(source)?;
    if first.first().is_some_and(|line| rows::is_header(line, options)) {
        return rows::read(source, options);
    }
    let form = Form::of(&first, options.separator.as_deref());
    lines::read(source, &form)
}

/// The first lines that are no comments, as far as they are text.
fn first_lines(source: &Source<'_>) -> Result<Vec<String>, DataError> {
    const LONGEST: u64 = 1 << 20;
    let (mut reader, line) = source.text(&rows::ENDINGS)?.into_parts();
    let mut found = Vec::new();
    let mut bytes = Vec::new();
    while found.len() < LOOKED_AT {
        bytes.clear();
        let read = reader.by_ref().take(LONGEST).read_until(b'\n', &mut bytes);
        if read.map_err(|cause| line.unreadable(cause))? == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_start_matches('\u{feff}').trim();
        if !text.is_empty() && !text.starts_with('#') {
            found.push(text.to_owned());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
