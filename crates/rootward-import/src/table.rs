//! Tables with a row on each line (CSV, TSV and their kin) or in columns (parquet), read row by row.
//!
//! Which delimiter a text uses is told by its first line, and which of its columns is which by their names, by the
//! user, or by their places. Cells of parquet are read as the text that they would be in a CSV file.

mod columnar;
mod records;

use std::io::BufRead;
use std::path::{Path, PathBuf};

use rootward::dataset::{DataError, Fault, excerpt, utf8};

use crate::source::{LineOf, Source};
use columnar::Columnar;
use records::{Broken, Records};

/// What stands between the cells of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delimiter {
    /// Of tab, comma, semicolon and bar the one that the first line has most of.
    Detect,
    /// This byte. Cells may be quoted unless it is a tab or a bar.
    Is(u8),
}

/// Whether the first row names the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// It does if it has one of the names that the format knows, or that the user asks for.
    Detect,
    /// It does.
    Present,
    /// It does not: columns have numbers, from 1.
    Absent,
}

/// How to read a table.
#[derive(Clone, Copy, Debug)]
pub struct TableOptions {
    /// What stands between cells.
    pub delimiter: Delimiter,
    /// Whether there are names.
    pub header: Header,
}

/// A column that is looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    /// What the user calls it: a name, or a number from 1. It must be there then.
    pub(crate) asked: Option<&'a str>,
    /// What it is usually called, whatever the case.
    pub(crate) names: &'a [&'a str],
    /// Where it stands in a table without names, from 0.
    pub(crate) place: Option<usize>,
}

/// A table that was opened.
pub(crate) struct Table<'a> {
    name: PathBuf,
    header: Option<Vec<String>>,
    rows: Rows<'a>,
}

enum Rows<'a> {
    Text {
        records: Records<Box<dyn BufRead + 'a>>,
        /// Whether the row that it holds, the first, is still to be given.
        first: bool,
        line: LineOf,
    },
    Columnar(Columnar<'a>),
}

impl<'a> Table<'a> {
    /// Opens a table; `known` are the names of columns by which a header is told from a row: one is enough.
    ///
    /// # Errors
    /// When it cannot be read, or is empty.
    pub(crate) fn open(
        source: &Source<'a>,
        options: TableOptions,
        known: &[&str],
    ) -> Result<Self, DataError> {
        let is_known = |cell: &String| known.iter().any(|name| name.eq_ignore_ascii_case(cell));
        Table::open_by(source, options, &|cells| cells.iter().any(is_known))
    }

    /// Opens a table whose first row may be a header; `is_header` tells it from a row by its cells, without blanks
    /// around them.
    ///
    /// # Errors
    /// When it cannot be read, or is empty.
    pub(crate) fn open_by(
        source: &Source<'a>,
        options: TableOptions,
        is_header: &dyn Fn(&[String]) -> bool,
    ) -> Result<Self, DataError> {
        if source.begins_with(columnar::MAGIC) {
            let columnar = Columnar::open(source)?;
            let header = Some(columnar.names());
            return Ok(Table { name: source.path().to_owned(), header, rows: Rows::Columnar(columnar) });
        }
        let text = source.text(&[".csv", ".tsv", ".txt", ".tab"])?;
        let name = text.name().to_owned();
        let (mut bytes, line) = text.into_parts();
        let first_bytes = bytes.fill_buf().map_err(|cause| line.unreadable(cause))?;
        let delimiter = match options.delimiter {
            Delimiter::Is(delimiter) => delimiter,
            Delimiter::Detect => delimiter_of(first_bytes),
        };
        let bytes: Box<dyn BufRead + 'a> = Box::new(bytes);
        let mut records = Records::new(bytes, delimiter, !matches!(delimiter, b'\t' | b'|'));
        if !next(&mut records, &name, &line)? {
            return Err(DataError::Empty { file: name, what: "row" });
        }
        let cells = (0..records.len()).filter_map(|at| records.cell(at));
        let cells: Vec<String> = cells.map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect();
        let is_header = match options.header {
            Header::Present => true,
            Header::Absent => false,
            Header::Detect => is_header(&cells),
        };
        let header = is_header.then_some(cells);
        let rows = Rows::Text { records, first: !is_header, line };
        Ok(Table { name, header, rows })
    }

    /// What errors call it.
    pub(crate) fn name(&self) -> &Path {
        &self.name
    }

    /// The names of its columns, if it has names.
    pub(crate) fn header(&self) -> Option<&[String]> {
        self.header.as_deref()
    }

    /// The place of a column, if it is there.
    ///
    /// # Errors
    /// When the user asks for a column that is not there.
    pub(crate) fn column(&self, wanted: Wanted<'_>) -> Result<Option<usize>, DataError> {
        if let Some(asked) = wanted.asked {
            let named = self.header.as_ref().and_then(|names| names.iter().position(|name| name == asked));
            let numbered =
                || asked.parse::<usize>().ok().filter(|number| *number > 0).map(|number| number - 1);
            let is_there = |at: &usize| self.header.as_ref().is_none_or(|names| *at < names.len());
            let found = named.or_else(numbered).filter(is_there);
            return found.map(Some).ok_or_else(|| self.lacks(format!("column `{}`", excerpt(asked))));
        }
        let Some(header) = &self.header else {
            return Ok(wanted.place);
        };
        let of_name = |known: &&str| header.iter().position(|name| name.eq_ignore_ascii_case(known));
        Ok(wanted.names.iter().find_map(of_name))
    }

    /// The place of a column.
    ///
    /// # Errors
    /// When it is not there.
    pub(crate) fn needed(&self, wanted: Wanted<'_>) -> Result<usize, DataError> {
        let found = self.column(wanted)?;
        found.ok_or_else(|| self.lacks(format!("column called {}", wanted.names.join(" or "))))
    }

    fn lacks(&self, what: String) -> DataError {
        let remedy = "name the column by its header or by its number, from 1";
        DataError::Lacks { path: self.name.clone(), what, remedy }
    }

    /// Calls `take` with some cells of every row that is not empty, and its line; in a parquet file the row, from 1. A
    /// column of `None` is an empty cell.
    ///
    /// # Errors
    /// When it cannot be read or is no text, a row is too short, and the first fault that `take` finds.
    pub(crate) fn each<const N: usize>(
        self,
        columns: [Option<usize>; N],
        mut take: impl FnMut([&str; N], u64) -> Result<(), Fault>,
    ) -> Result<(), DataError> {
        match self.rows {
            Rows::Columnar(columnar) => columnar.each(&columns, |cells, row| {
                take(cells.try_into().expect("there is a cell for each column"), row)
            }),
            Rows::Text { records, first, line } => {
                each_record(&self.name, records, first, &line, |records| {
                    fits(records, self.header.as_deref())?;
                    let mut cells = [""; N];
                    for (cell, column) in cells.iter_mut().zip(columns) {
                        *cell = cell_of(records, column, &columns)?;
                    }
                    take(cells, records.line())
                })
            }
        }
    }

    /// The same for as many columns as there are.
    ///
    /// # Errors
    /// As [`Table::each`].
    pub(crate) fn each_of(
        self,
        columns: &[Option<usize>],
        mut take: impl FnMut(&[&str], u64) -> Result<(), Fault>,
    ) -> Result<(), DataError> {
        match self.rows {
            Rows::Columnar(columnar) => columnar.each(columns, take),
            Rows::Text { records, first, line } => {
                each_record(&self.name, records, first, &line, |records| {
                    fits(records, self.header.as_deref())?;
                    let cells = columns.iter().map(|column| cell_of(records, *column, columns));
                    take(&cells.collect::<Result<Vec<_>, _>>()?, records.line())
                })
            }
        }
    }
}

/// Calls `take` with every row, from the one that is held if that is still to be given.
fn each_record<'a>(
    name: &Path,
    mut records: Records<Box<dyn BufRead + 'a>>,
    first: bool,
    line: &LineOf,
    mut take: impl FnMut(&Records<Box<dyn BufRead + 'a>>) -> Result<(), Fault>,
) -> Result<(), DataError> {
    let mut is_there = first || next(&mut records, name, line)?;
    while is_there {
        let at = |fault| DataError::Line { file: name.to_owned(), line: records.line(), fault };
        take(&records).map_err(at)?;
        is_there = next(&mut records, name, line)?;
    }
    Ok(())
}

/// Goes to the next row.
fn next(records: &mut Records<Box<dyn BufRead + '_>>, name: &Path, line: &LineOf) -> Result<bool, DataError> {
    records.next().map_err(|broken| match broken {
        Broken::Reader(cause) => line.unreadable(cause),
        Broken::Row(fault) => DataError::Line { file: name.to_owned(), line: records.line(), fault },
    })
}

/// Refuses a row that has something behind the last column that has a name: its cells are others than they seem.
fn fits<R: BufRead>(records: &Records<R>, header: Option<&[String]>) -> Result<(), Fault> {
    let expected = header.map_or(usize::MAX, <[String]>::len);
    let mut behind = (expected..records.len()).filter_map(|at| records.cell(at));
    if behind.any(|cell| !cell.trim_ascii().is_empty()) {
        return Err(Fault::TooManyColumns { expected, got: records.len(), found: excerpt(&records.shown()) });
    }
    Ok(())
}

/// A cell of a row, of which several are needed.
fn cell_of<'r, R: BufRead>(
    records: &'r Records<R>,
    column: Option<usize>,
    needed: &[Option<usize>],
) -> Result<&'r str, Fault> {
    let Some(column) = column else { return Ok("") };
    let too_short = || {
        let expected = needed.iter().flatten().max().map_or(0, |most| most + 1);
        Fault::TooFewColumns { expected, got: records.len(), found: excerpt(&records.shown()) }
    };
    text_of(records.cell(column).ok_or_else(too_short)?)
}

fn text_of(bytes: &[u8]) -> Result<&str, Fault> {
    if bytes.contains(&0) {
        return Err(Fault::Binary);
    }
    utf8(bytes)
}

/// The likely delimiter of a text, by its first line that is not empty; a tab where it has none of them.
fn delimiter_of(text: &[u8]) -> u8 {
    let mut lines = text.split(|byte| *byte == b'\n');
    let line = lines.find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    let count = |delimiter: u8| line.iter().filter(|byte| **byte == delimiter).count();
    let (mut best, mut most) = (b'\t', 0);
    for delimiter in *b"\t,;|" {
        if count(delimiter) > most {
            (best, most) = (delimiter, count(delimiter));
        }
    }
    best
}

#[cfg(test)]
mod tests;
