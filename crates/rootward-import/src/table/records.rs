//! Rows of text, cell by cell, by the rules of CSV.
//!
//! A row is a line, or more of them where a quoted cell holds line ends. One row is held at a time and it has a
//! greatest length, so that a quote that is never closed cannot take the whole file into memory.

use std::io::{self, BufRead, Read};

use rootward::dataset::Fault;

/// The most bytes of a row.
const LONGEST: usize = 1 << 26;

/// A reader of rows; it holds the last one.
pub(super) struct Records<R> {
    reader: R,
    delimiter: u8,
    /// Whether cells may be quoted.
    quoting: bool,
    longest: usize,
    /// The cells of the row, with one byte after each but the last.
    cells: Vec<u8>,
    /// Where each cell ends.
    ends: Vec<usize>,
    /// The line at which the row begins, from 1.
    line: u64,
    /// The lines that were read.
    n_lines: u64,
}

/// Why there is no next row.
#[derive(Debug)]
pub(super) enum Broken {
    /// The reader failed.
    Reader(io::Error),
    /// The row that was begun is wrong.
    Row(Fault),
}

impl<R: BufRead> Records<R> {
    /// The rows of a reader.
    pub(super) fn new(reader: R, delimiter: u8, quoting: bool) -> Self {
        let (cells, ends) = (Vec::new(), Vec::new());
        Records { reader, delimiter, quoting, longest: LONGEST, cells, ends, line: 0, n_lines: 0 }
    }

    /// The line at which the row begins, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// How many cells the row has.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// A cell of the row.
    pub(super) fn cell(&self, at: usize) -> Option<&[u8]> {
        let end = *self.ends.get(at)?;
        let start = if at == 0 { 0 } else { self.ends[at - 1] + 1 };
        Some(&self.cells[start..end])
    }

    /// The whole row, as messages show it.
    pub(super) fn shown(&self) -> String {
        String::from_utf8_lossy(&self.cells).into_owned()
    }

    /// Goes to the next row that has a cell which is not empty; `false` at the end.
    pub(super) fn next(&mut self) -> Result<bool, Broken> {
        while self.read()? {
            if self.cells.len() + 1 > self.ends.len() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn read(&mut self) -> Result<bool, Broken> {
        self.cells.clear();
        self.ends.clear();
        self.line = self.n_lines + 1;
        if !self.read_line()? {
            return Ok(false);
        }
        if self.n_lines == 1 && self.cells.starts_with(b"\xef\xbb\xbf") {
            self.cells.drain(..3);
        }
        if self.quoting && self.cells.contains(&b'"') {
            self.unquote()?;
        } else {
            self.cells.truncate(self.cells.len() - line_end(&self.cells).len());
            let ends = self.cells.iter().enumerate().filter(|(_, byte)| **byte == self.delimiter);
            self.ends.extend(ends.map(|(at, _)| at));
            self.ends.push(self.cells.len());
        }
        Ok(true)
    }

    /// Adds a line to the row; `false` at the end.
    fn read_line(&mut self) -> Result<bool, Broken> {
        let room = (self.longest + 1).saturating_sub(self.cells.len()) as u64;
        let read = self.reader.by_ref().take(room).read_until(b'\n', &mut self.cells);
        let read = read.map_err(Broken::Reader)?;
        if self.cells.len() > self.longest {
            return Err(Broken::Row(Fault::LongLine { most: self.longest }));
        }
        self.n_lines += u64::from(read > 0);
        Ok(read > 0)
    }

    /// Parts a row with quotes, in place: what is left of its cells is never longer than it was.
    fn unquote(&mut self) -> Result<(), Broken> {
        let mut state = State::Start;
        let (mut from, mut to) = (0, 0);
        loop {
            let ending = line_end(&self.cells[from..]).len();
            let body = self.cells.len() - ending;
            while from < body {
                let byte = self.cells[from];
                from += 1;
                let kept = match (state, byte) {
                    (State::Start, b'"') => {
                        state = State::Quoted;
                        false
                    }
                    (State::Quoted, b'"') => {
                        state = State::Closed;
                        false
                    }
                    (State::Closed, b'"') => {
                        state = State::Quoted;
                        true
                    }
                    (State::Quoted, _) => true,
                    _ if byte == self.delimiter => {
                        self.ends.push(to);
                        state = State::Start;
                        true
                    }
                    _ => {
                        state = State::Plain;
                        true
                    }
                };
                if kept {
                    self.cells[to] = byte;
                    to += 1;
                }
            }
            if state != State::Quoted {
                self.cells.truncate(to);
                self.ends.push(to);
                return Ok(());
            }
            self.cells.copy_within(body.., to);
            self.cells.truncate(to + ending);
            from = to + ending;
            to = from;
            let problem =
                |problem: &str| Broken::Row(Fault::Syntax { format: "CSV", problem: problem.to_owned() });
            match self.read_line() {
                Ok(true) => {}
                Ok(false) => return Err(problem("a quote that begins a cell of this row is never closed")),
                Err(Broken::Row(_)) => {
                    let most = self.longest >> 20;
                    let said =
                        format!("a quote that begins a cell of this row is not closed within {most} MiB");
                    return Err(problem(&said));
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// Where in a cell the next byte stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Plain,
    Quoted,
    /// Behind a quote, which has closed the cell unless another follows.
    Closed,
}

/// The line end of a line, which the last of a file may lack.
fn line_end(line: &[u8]) -> &[u8] {
    let without = line.strip_suffix(b"\n").unwrap_or(line);
    let without = without.strip_suffix(b"\r").unwrap_or(without);
    &line[without.len()..]
}

#[cfg(test)]
mod tests {
    use csv::{ReaderBuilder, Terminator};
    use proptest::prelude::*;

    use super::*;

    type Rows = Vec<Vec<Vec<u8>>>;

    fn rows(text: &[u8], longest: usize) -> Result<Rows, String> {
        let mut records = Records::new(text, b',', true);
        records.longest = longest;
        let mut found = Vec::new();
        loop {
            match records.next() {
                Ok(true) => {
                    found.push((0..records.len()).map(|at| records.cell(at).unwrap().to_vec()).collect());
                }
                Ok(false) => return Ok(found),
                Err(Broken::Row(fault)) => return Err(format!("{}: {fault}", records.line())),
                Err(Broken::Reader(error)) => return Err(error.to_string()),
            }
        }
    }

    /// The same by the crate `csv`, which lets a quote stay open.
    fn naive(text: &[u8]) -> Rows {
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).terminator(Terminator::Any(b'\n'));
        let records = builder.from_reader(text).into_byte_records().map(Result::unwrap);
        let cells = records.map(|record| record.iter().map(<[u8]>::to_vec).collect::<Vec<_>>());
        cells.filter(|cells| cells.iter().any(|cell| !cell.is_empty())).collect()
    }

    proptest! {
        #[test]
        fn rows_are_those_of_the_crate_csv(bytes in prop::collection::vec(prop::sample::select(&b"ab,\"\"\n"[..]), 0..40)) {
            match rows(&bytes, 1_000) {
                Ok(found) => prop_assert_eq!(found, naive(&bytes)),
                Err(message) => prop_assert!(message.ends_with("is never closed"), "{}", message),
            }
        }
    }

    #[test]
    fn line_ends_of_windows_end_rows_and_stay_within_quotes() {
        let cell = |text: &str| text.as_bytes().to_vec();
        let found = rows(b"\xef\xbb\xbf\"a\r\nb\",c\r\n\r\n,\r\nd,\"e\"\r\n", 1_000);
        assert_eq!(found, Ok(vec![vec![cell("a\r\nb"), cell("c")], vec![cell("d"), cell("e")]]));
    }

    #[test]
    fn an_open_quote_and_an_endless_line_are_errors() {
        let open = rows(b"a\n\"b\nc\n", 100).unwrap_err();
        assert!(open.starts_with("2: ") && open.ends_with("is never closed"), "{open}");
        let large = rows(&[&b"a\n\"b\n"[..], &b"c\n".repeat(99)].concat(), 100).unwrap_err();
        assert!(large.starts_with("2: ") && large.ends_with("is not closed within 0 MiB"), "{large}");
        let long = rows(&b"c".repeat(101), 100).unwrap_err();
        assert!(long.starts_with("1: a line of at most 100 bytes was expected"), "{long}");
    }
}
