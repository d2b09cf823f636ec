//! Tables that have a column of paths, or a column for each level.

use rootward::dataset::{DataError, Fault};

use super::PathsOptions;
use super::found::Found;
use super::lines::{Form, parts};
use crate::draft::Imported;
use crate::source::Source;
use crate::table::{Table, Wanted};

/// How files with paths in them may end, where an archive holds several.
pub(super) const ENDINGS: [&str; 4] = [".txt", ".csv", ".tsv", ".tab"];

/// What columns of whole paths are usually called.
const PATHS: [&str; 6] = ["path", "full_path", "category_path", "full_name", "category", "breadcrumb"];

/// What columns of ids are usually called.
const IDS: [&str; 4] = ["id", "_id", "category_id", "node_id"];

/// How the names of columns of levels end, before a number.
const LEVELS: [&str; 5] = ["lvl", "level", "tier", "category", "depth"];

/// Whether the user asks for columns.
pub(super) fn are_asked(options: &PathsOptions) -> bool {
    !options.levels.is_empty() || options.path.is_some() || options.id.is_some()
}

/// Whether it is a table of columns.
pub(super) fn is_columnar(source: &Source<'_>) -> bool {
    source.begins_with(b"PAR1")
}

/// Whether a line names columns of levels, or one of paths beside one of ids.
pub(super) fn is_header(line: &str, options: &PathsOptions) -> bool {
    let cells: Vec<String> =
        line.split([',', '\t', ';', '|']).map(|cell| cell.trim().trim_matches('"').to_owned()).collect();
    names_columns(&cells, options)
}

fn names_columns(cells: &[String], options: &PathsOptions) -> bool {
    let has =
        |names: &[&str]| names.iter().any(|name| cells.iter().any(|cell| cell.eq_ignore_ascii_case(name)));
    let asked = options.levels.iter().chain(&options.path).chain(&options.id);
    let mut asked = asked.filter(|name| name.parse::<usize>().is_err());
    asked.any(|name| cells.contains(name)) || !levels_of(cells).is_empty() || has(&PATHS) && has(&IDS)
}

/// The places of columns of levels, highest first; none where fewer than two are named.
fn levels_of(cells: &[String]) -> Vec<usize> {
    let level = |(at, name): (usize, &String)| {
        let name = name.to_ascii_lowercase();
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let number = name[stem.len()..].parse::<u32>().ok()?;
        let stem = stem.trim_end_matches(['_', '-', '.', ' ']);
        LEVELS.iter().any(|level| stem.ends_with(level)).then(|| (stem.to_owned(), number, at))
    };
    let mut found: Vec<(String, u32, usize)> = cells.iter().enumerate().filter_map(level).collect();
    found.sort_unstable();
    let first = found.first().map(|(stem, ..)| stem.clone());
    found.retain(|(stem, ..)| Some(stem) == first.as_ref());
    if found.len() < 2 { Vec::new() } else { found.into_iter().map(|(.., at)| at).collect() }
}

/// Reads a table.
pub(super) fn read(source: &Source<'_>, options: &PathsOptions) -> Result<Imported, DataError> {
    let table = Table::open_by(source, options.table, &|cells| names_columns(cells, options))?;
    let asked = |name: &String| table.needed(Wanted { asked: Some(name.as_str()), names: &[], place: None });
    let id_names: &[&str] = if table.header().is_some() { &IDS } else { &[] };
    let id = table.column(Wanted { asked: options.id.as_deref(), names: id_names, place: None })?;
    let levels: Vec<usize> = options.levels.iter().map(asked).collect::<Result<_, _>>()?;
    let levels = match table.header() {
        Some(header) if levels.is_empty() && options.path.is_none() => levels_of(header),
        _ => levels,
    };
    if !levels.is_empty() {
        return read_levels(table, &levels, id, options.separator.as_deref().unwrap_or(" > "));
    }
    let place = (0..2).find(|place| Some(*place) != id);
    let path = table.needed(Wanted { asked: options.path.as_deref(), names: &PATHS, place })?;
    read_column(table, path, id, options.separator.as_deref())
}

fn read_levels(
    table: Table<'_>,
    levels: &[usize],
    id: Option<usize>,
    separator: &str,
) -> Result<Imported, DataError> {
    let mut found = Found::new(table.name(), separator);
    let columns: Vec<Option<usize>> = std::iter::once(id).chain(levels.iter().copied().map(Some)).collect();
    table.each_of(&columns, |cells, line| {
        let mut way = String::new();
        let mut row: Vec<&str> = Vec::new();
        let mut gaps = 0;
        for cell in cells[1..].iter().map(|cell| cell.trim()) {
            if cell.is_empty() {
                gaps += 1;
                continue;
            }
            if gaps > 0 {
                found.note("rows with an empty level above another, passed over", cell);
                gaps = 0;
            }
            // A level may hold the whole way to it: `A`, then `A > B`.
            let below = cell.strip_prefix(way.as_str()).and_then(|rest| rest.strip_prefix(separator));
            let part = below.filter(|_| !way.is_empty()).unwrap_or(cell).trim();
            way = if way.is_empty() { part.to_owned() } else { [&*way, part].join(separator) };
            row.push(part);
        }
        if row.is_empty() {
            let expected = "a level that is not empty";
            return Err(Fault::Field { expected, found: cells.join(",") });
        }
        found.path(&row, own(cells[0]), line)
    })?;
    found.finish()
}

/// Reads a column of paths, whose separator is told by its first rows.
fn read_column(
    table: Table<'_>,
    path: usize,
    id: Option<usize>,
    separator: Option<&str>,
) -> Result<Imported, DataError> {
    let name = table.name().to_owned();
    let mut first: Vec<(String, String, u64)> = Vec::new();
    let mut found: Option<(Found, String)> = None;
    table.each([Some(path), id], |[path, id], line| {
        let (path, id) = (path.trim(), id.trim());
        if let Some((found, separator)) = &mut found {
            return found.path(&parts(path, separator), own(id), line);
        }
        first.push((path.to_owned(), id.to_owned(), line));
        if first.len() == super::LOOKED_AT {
            found = Some(begun(&name, &std::mem::take(&mut first), separator)?);
        }
        Ok(())
    })?;
    let last_line = first.last().map_or(1, |(.., line)| *line);
    let at = |fault| DataError::Line { file: name.clone(), line: last_line, fault };
    let (found, _) = found.map_or_else(|| begun(&name, &first, separator).map_err(at), Ok)?;
    found.finish()
}

/// The first rows, and the separator that they have.
fn begun(
    file: &std::path::Path,
    first: &[(String, String, u64)],
    separator: Option<&str>,
) -> Result<(Found, String), Fault> {
    let lines: Vec<String> = first.iter().map(|(path, ..)| path.clone()).collect();
    let separator = match Form::of(&lines, separator) {
        Form::Paths { separator, .. } => separator,
        Form::Intervals => return Err(Fault::Field { expected: "a path", found: lines.concat() }),
    };
    let mut found = Found::new(file, &separator);
    for (path, id, line) in first {
        found.path(&parts(path, &separator), own(id), *line)?;
    }
    Ok((found, separator))
}

/// An id, if the row has one.
fn own(id: &str) -> Option<&str> {
    Some(id.trim()).filter(|id| !id.is_empty())
}
