//! Lines that are paths, with an id before them or without, and lines that are nested intervals.

use rootward::dataset::{DataError, Document, Fault, excerpt};

use super::found::Found;
use crate::draft::{Draft, Imported, Undefined};
use crate::source::Source;

/// What stands between the parts of paths, those that are told apart most surely first.
const SEPARATORS: [&str; 5] = [" > ", ">", "::", "|", "/"];

/// What lines are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `A > B > C`, after an id and one of [`AFTER_ID`] if there is one.
    Paths { separator: String, after_id: Option<&'static str> },
    /// `7 | [12- 15] | C`: an id, the interval of all that is below, and a title.
    Intervals,
}

/// What stands between an id and a path.
const AFTER_ID: [&str; 2] = [" : ", " - "];

impl Form {
    /// The form of the first lines of a file.
    pub(super) fn of(first: &[String], separator: Option<&str>) -> Self {
        if separator.is_none() && !first.is_empty() && first.iter().all(|line| interval(line).is_ok()) {
            return Form::Intervals;
        }
        let all_have = |after: &&str| first.iter().all(|line| split_id(line, after).is_some());
        let after_id = AFTER_ID.into_iter().find(all_have);
        let path = |line: &String| {
            after_id.and_then(|after| split_id(line, after)).map_or(line.clone(), |(_, path)| path.to_owned())
        };
        let lines_with = |separator: &str| first.iter().filter(|line| path(line).contains(separator)).count();
        let most = SEPARATORS.iter().map(|separator| lines_with(separator)).max().unwrap_or(0);
        // A sign that is in half as many lines as another may be in titles; of several, the surest is meant.
        let detected = SEPARATORS.iter().find(|separator| lines_with(separator) * 2 > most);
        let separator = separator.or(detected.copied()).unwrap_or(SEPARATORS[0]).to_owned();
        Form::Paths { separator, after_id }
    }
}

/// Reads lines of a form.
pub(super) fn read(source: &Source<'_>, form: &Form) -> Result<Imported, DataError> {
    match form {
        Form::Paths { separator, after_id } => read_paths(source, separator, *after_id),
        Form::Intervals => read_intervals(source),
    }
}

fn read_paths(
    source: &Source<'_>,
    separator: &str,
    after_id: Option<&'static str>,
) -> Result<Imported, DataError> {
    let text = source.text(&super::rows::ENDINGS)?;
    let mut found = Found::new(text.name(), separator);
    text.each_line(|line, number| {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        let (id, path) = match after_id {
            None => (None, line),
            Some(after) => {
                let expected = "an id and a path after it, as in the first lines,";
                let (id, path) =
                    split_id(line, after).ok_or_else(|| Fault::Field { expected, found: excerpt(line) })?;
                (Some(id), path)
            }
        };
        found.path(&parts(path, separator), id, number)
    })?;
    found.finish()
}

/// The parts of a path; it may begin and end with the separator.
pub(super) fn parts<'a>(path: &'a str, separator: &str) -> Vec<&'a str> {
    let path = path.strip_prefix(separator).unwrap_or(path);
    let path = path.strip_suffix(separator).unwrap_or(path);
    path.split(separator).map(str::trim).collect()
}

/// An id and the path after it; an id has no blanks.
fn split_id<'a>(line: &'a str, after: &str) -> Option<(&'a str, &'a str)> {
    let (id, path) = line.split_once(after)?;
    let id = id.trim();
    // What is no number and stands before a hyphen is the beginning of a title.
    let is_id = !id.is_empty() && !id.contains(char::is_whitespace);
    let is_id = is_id && (after != " - " || id.bytes().all(|byte| byte.is_ascii_digit()));
    is_id.then_some((id, path.trim()))
}

fn read_intervals(source: &Source<'_>) -> Result<Imported, DataError> {
    let text = source.text(&super::rows::ENDINGS)?;
    let mut draft = Draft::new(text.name());
    // By beginning: lines may stand in another order.
    let mut intervals: Vec<(u64, u64, u64, String)> = Vec::new();
    text.each_line(|line, number| {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        let Interval { id, start, end, title } = interval(line)?;
        intervals.push((start, end, number, id.to_owned()));
        let (id, title) = (id.to_owned(), title.to_owned());
        draft.doc(Document { id, title, ..Document::default() }, number)?;
        Ok(())
    })?;
    intervals.sort_unstable();
    // The intervals that the next one may lie in, widest first.
    let mut above: Vec<&(u64, u64, u64, String)> = Vec::new();
    let mut last_start = None;
    for node @ (start, end, line, id) in &intervals {
        let wrong = |expected| Fault::Field { expected, found: format!("[{start}-{end}]") };
        if end < start || last_start.replace(start) == Some(start) {
            let expected = "an interval of its own, whose end is after its beginning,";
            return Err(draft.at(*line, wrong(expected)));
        }
        while above.pop_if(|(_, last, ..)| last < start).is_some() {}
        if let Some((_, last, _, parent)) = above.last() {
            if end > last {
                let expected = "an interval that ends within the one that it begins in";
                return Err(draft.at(*line, wrong(expected)));
            }
            draft.edge(id, parent, *line).map_err(|fault| draft.at(*line, fault))?;
        }
        above.push(node);
    }
    draft.finish(Undefined::Refuse)
}

/// A line of nested intervals.
struct Interval<'a> {
    id: &'a str,
    start: u64,
    end: u64,
    title: &'a str,
}

fn interval(line: &str) -> Result<Interval<'_>, Fault> {
    let parse = || {
        let mut fields = line.splitn(3, '|').map(str::trim);
        let (id, range, title) = (fields.next()?, fields.next()?, fields.next()?);
        let (start, end) = range.strip_prefix('[')?.strip_suffix(']')?.split_once('-')?;
        let (start, end) = (start.trim().parse().ok()?, end.trim().parse().ok()?);
        Some(Interval { id, start, end, title })
    };
    parse().ok_or_else(|| Fault::Field { expected: "`id | [start-end] | title`", found: excerpt(line) })
}
