//! Tables with a row on each line (CSV, TSV and their kin) or in columns (parquet), read row by row.
//!
//! Which delimiter a text uses is told by its first line, and which of its columns is which by their names, by the
//! user, or by their places. Cells of parquet are read as the text that they would be in a CSV file.

mod columnar;

use std::io::BufRead;
use std::path::{Path, PathBuf};

use csv::{ByteRecord, ReaderBuilder, Terminator};
use rootward::dataset::{DataError, Fault, excerpt};

use crate::source::{LineOf, Source};
use columnar::Columnar;

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
        reader: csv::Reader<Box<dyn BufRead + 'a>>,
        /// The first row, where it is no header.
        first: Option<ByteRecord>,
        line: LineOf,
    },
    Columnar(Columnar<'a>),
}

impl<'a> Table<'a> {
    /// Opens a table; `known` are the names of columns by which a header is told from a row.
    ///
    /// # Errors
    /// When it cannot be read, or is empty.
    pub(crate) fn open(
        source: &Source<'a>,
        options: TableOptions,
        known: &[&str],
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
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            // Line ends of Windows leave a `\r` in the last cell, but the lines are counted right.
            .terminator(Terminator::Any(b'\n'))
            .quoting(!matches!(delimiter, b'\t' | b'|'))
            .from_reader(bytes);
        let mut first = ByteRecord::new();
        if !reader.read_byte_record(&mut first).map_err(|error| told(error, &line))? {
            return Err(DataError::Empty { file: name, what: "row" });
        }
        let cells: Vec<String> = first
            .iter()
            .map(|cell| String::from_utf8_lossy(cell).trim_start_matches('\u{feff}').trim().to_owned())
            .collect();
        let is_known = |cell: &String| known.iter().any(|name| name.eq_ignore_ascii_case(cell));
        let is_header = match options.header {
            Header::Present => true,
            Header::Absent => false,
            Header::Detect => cells.iter().any(is_known),
        };
        let header = is_header.then_some(cells);
        let rows = Rows::Text { reader, first: (!is_header).then_some(first), line };
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
            let found = named.or_else(numbered);
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
        let (mut reader, first, line_of) = match self.rows {
            Rows::Columnar(columnar) => return columnar.each(columns, take),
            Rows::Text { reader, first, line } => (reader, first, line),
        };
        let name = self.name;
        let mut take_record = |record: &ByteRecord, line: u64| {
            let at = |fault| DataError::Line { file: name.clone(), line, fault };
            let mut cells = [""; N];
            for (cell, column) in cells.iter_mut().zip(columns) {
                let Some(column) = column else { continue };
                let too_short = || {
                    let expected = columns.iter().flatten().max().map_or(0, |most| most + 1);
                    let found = String::from_utf8_lossy(record.as_slice());
                    Fault::TooFewColumns { expected, got: record.len(), found: excerpt(&found) }
                };
                let bytes = record.get(column).ok_or_else(too_short).map_err(at)?;
                let is_last = column + 1 == record.len();
                let end = if is_last { bytes.strip_suffix(b"\r").unwrap_or(bytes) } else { bytes };
                *cell = text_of(end).map_err(at)?;
            }
            take(cells, line).map_err(at)
        };
        if let Some(first) = first {
            take_record(&without_mark(&first), 1)?;
        }
        let mut record = ByteRecord::new();
        while reader.read_byte_record(&mut record).map_err(|error| told(error, &line_of))? {
            let line = record.position().map_or(0, csv::Position::line);
            if record.as_slice() != b"\r" {
                take_record(&record, line)?;
            }
        }
        Ok(())
    }
}

/// The row without the byte order mark before its first cell.
fn without_mark(record: &ByteRecord) -> ByteRecord {
    let mut cells = record.iter();
    let first = cells.next().unwrap_or_default();
    let first = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first);
    std::iter::once(first).chain(cells).collect()
}

fn text_of(bytes: &[u8]) -> Result<&str, Fault> {
    if bytes.contains(&0) {
        return Err(Fault::Binary);
    }
    str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        Fault::NotUtf8 { byte: bytes[at], column: at + 1 }
    })
}

/// The likely delimiter of a text, by its first line; a tab where it has none of them.
fn delimiter_of(text: &[u8]) -> u8 {
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |delimiter: u8| line.iter().filter(|byte| **byte == delimiter).count();
    let (mut best, mut most) = (b'\t', 0);
    for delimiter in *b"\t,;|" {
        if count(delimiter) > most {
            (best, most) = (delimiter, count(delimiter));
        }
    }
    best
}

/// The error of the CSV reader.
fn told(error: csv::Error, line: &LineOf) -> DataError {
    match error.into_kind() {
        csv::ErrorKind::Io(cause) => line.unreadable(cause),
        other => line.fault(Fault::Syntax { format: "CSV", problem: format!("the reader says {other:?}") }),
    }
}

#[cfg(test)]
mod tests;
