//! Text files, line by line: compressed or not, with every fault told by file and line.
//!
//! A byte order mark, line ends of Windows and empty lines are let pass: they carry no meaning that could be lost.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::error::{DataError, Fault, excerpt};

/// The most bytes of a line, which bounds the memory that a file which is no text can take.
const LONGEST_LINE: usize = 1 << 28;

/// Calls `take` with every line that is not empty and its number, from 1; a file whose name ends in `.gz` is
/// decompressed.
///
/// # Errors
/// When the file cannot be read or is no text, and the first fault that `take` finds.
pub(crate) fn each_line(
    file: &Path,
    mut take: impl FnMut(&str, u64) -> Result<(), Fault>,
) -> Result<(), DataError> {
    each_raw_line(file, |bytes, number| match text_of(bytes, number)? {
        "" => Ok(()),
        line => take(line, number),
    })
}

/// Calls `take` with the bytes of every line, be they text or not, its end included, and its number, from 1; a file
/// whose name ends in `.gz` is decompressed.
///
/// # Errors
/// When the file cannot be read, and the first fault that `take` finds.
pub(crate) fn each_raw_line(
    file: &Path,
    take: impl FnMut(&[u8], u64) -> Result<(), Fault>,
) -> Result<(), DataError> {
    let unreadable = |cause| DataError::Read { path: file.to_owned(), cause };
    let bytes = BufReader::with_capacity(1 << 16, File::open(file).map_err(unreadable)?);
    if file.extension() == Some(OsStr::new("gz")) {
        let mut reader = BufReader::new(MultiGzDecoder::new(bytes));
        each_raw_line_in(&mut reader, file, Some("gzip"), take)
    } else {
        each_raw_line_in(&mut { bytes }, file, None, take)
    }
}

/// Calls `take` with every line of a reader that is not empty and its number, from 1.
///
/// `file` is what errors call it, and `compression` how it was compressed, if it was.
///
/// # Errors
/// When the reader fails or has no text, and the first fault that `take` finds.
pub fn each_line_in(
    reader: &mut dyn BufRead,
    file: &Path,
    compression: Option<&'static str>,
    mut take: impl FnMut(&str, u64) -> Result<(), Fault>,
) -> Result<(), DataError> {
    each_raw_line_in(reader, file, compression, |bytes, number| match text_of(bytes, number)? {
        "" => Ok(()),
        line => take(line, number),
    })
}

fn each_raw_line_in(
    reader: &mut dyn BufRead,
    file: &Path,
    compression: Option<&'static str>,
    mut take: impl FnMut(&[u8], u64) -> Result<(), Fault>,
) -> Result<(), DataError> {
    let mut buffer = Vec::new();
    for number in 1.. {
        if !next_raw_line_in(reader, &mut buffer, file, number, compression)? {
            break;
        }
        let at = |fault| DataError::Line { file: file.to_owned(), line: number, fault };
        take(&buffer, number).map_err(at)?;
    }
    Ok(())
}

/// The next line of a reader, empty or not, without its end; `None` at the end of the reader.
///
/// `file` is what errors call it, `number` the line's, from 1, and `compression` how the file was compressed, if it was.
/// `buffer` is what the line is held in.
///
/// # Errors
/// When the reader fails or has no text.
pub fn next_line_in<'b>(
    reader: &mut dyn BufRead,
    buffer: &'b mut Vec<u8>,
    file: &Path,
    number: u64,
    compression: Option<&'static str>,
) -> Result<Option<&'b str>, DataError> {
    if !next_raw_line_in(reader, buffer, file, number, compression)? {
        return Ok(None);
    }
    let at = |fault| DataError::Line { file: file.to_owned(), line: number, fault };
    text_of(buffer, number).map(Some).map_err(at)
}

/// Puts the next line of a reader into `buffer`, its end included, and says whether there is one.
fn next_raw_line_in(
    reader: &mut dyn BufRead,
    buffer: &mut Vec<u8>,
    file: &Path,
    number: u64,
    compression: Option<&'static str>,
) -> Result<bool, DataError> {
    buffer.clear();
    match reader.take(LONGEST_LINE as u64 + 1).read_until(b'\n', buffer) {
        Ok(read) if read > LONGEST_LINE => {
            let fault = Fault::LongLine { most: LONGEST_LINE };
            Err(DataError::Line { file: file.to_owned(), line: number, fault })
        }
        Ok(read) => Ok(read > 0),
        Err(cause) => Err(unreadable(cause, file, number, compression)),
    }
}

/// The error of a reader at a line: its decompressor's, if the disk is not to blame.
pub fn unreadable(cause: io::Error, file: &Path, line: u64, compression: Option<&'static str>) -> DataError {
    let file = file.to_owned();
    match compression {
        Some(format) if is_damage(&cause) => {
            DataError::Line { file, line, fault: Fault::Damaged { format, cause } }
        }
        _ => DataError::Read { path: file, cause },
    }
}

/// Calls `take` with every row of a table, split at its tabs, and its line; the first row must be the header.
///
/// # Errors
/// As [`each_line`], and when the header is missing or a row has another number of columns.
pub(crate) fn each_row<const N: usize>(
    file: &Path,
    header: [&str; N],
    mut take: impl FnMut([&str; N], u64) -> Result<(), Fault>,
) -> Result<(), DataError> {
    let mut has_header = false;
    let no_header = |found| Fault::Header { expected: header.join("<TAB>"), found };
    each_line(file, |line, number| {
        let columns: Vec<&str> = line.split('\t').collect();
        if !has_header {
            has_header = true;
            return if columns == header { Ok(()) } else { Err(no_header(excerpt(line))) };
        }
        let got = columns.len();
        let row = columns.try_into();
        take(row.map_err(|_| Fault::Columns { expected: N, got, found: excerpt(line) })?, number)
    })?;
    if has_header {
        return Ok(());
    }
    Err(DataError::Line { file: file.to_owned(), line: 1, fault: no_header("end of file".to_owned()) })
}

/// The one of `NAME` and `NAME.gz` that the folder holds.
///
/// # Errors
/// When it holds both.
pub(crate) fn either(folder: &Path, name: &str) -> Result<Option<PathBuf>, DataError> {
    let (plain, compressed) = (folder.join(name), folder.join(format!("{name}.gz")));
    match (plain.exists(), compressed.exists()) {
        (true, true) => Err(DataError::Twice { plain }),
        (true, false) => Ok(Some(plain)),
        (false, true) => Ok(Some(compressed)),
        (false, false) => Ok(None),
    }
}

/// The numbers of things by their ids, in the order in which they were added.
#[derive(Default)]
pub(crate) struct Names {
    numbers: HashMap<String, u32>,
    lines: Vec<u64>,
}

impl Names {
    /// Gives the next number to an id, and says which it is.
    ///
    /// # Errors
    /// When the id cannot stand in a table, or an earlier line has it.
    pub(crate) fn add(&mut self, id: &str, line: u64) -> Result<u32, Fault> {
        check_id(id)?;
        let next = u32::try_from(self.lines.len()).expect("a data set has fewer than 2^32 lines");
        match self.numbers.entry(id.to_owned()) {
            Entry::Occupied(first) => {
                Err(Fault::DuplicateId { id: excerpt(id), first: self.lines[*first.get() as usize] })
            }
            Entry::Vacant(place) => {
                place.insert(next);
                self.lines.push(line);
                Ok(next)
            }
        }
    }

    /// The line that an id is from.
    pub(crate) fn line(&self, id: &str) -> Option<u64> {
        self.get(id).map(|number| self.lines[number as usize])
    }

    /// The number of an id.
    pub(crate) fn get(&self, id: &str) -> Option<u32> {
        self.numbers.get(id).copied()
    }
}

/// The text of a line, without the end of line and the byte order mark of the first.
///
/// # Errors
/// When it is no text in UTF-8.
pub(crate) fn text_of(bytes: &[u8], number: u64) -> Result<&str, Fault> {
    if number == 1 && bytes.starts_with(&[0x1f, 0x8b]) {
        return Err(Fault::GzipByAnotherName);
    }
    if bytes.contains(&0) {
        return Err(Fault::Binary);
    }
    let text = utf8(bytes)?;
    let text = if number == 1 { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text };
    let text = text.strip_suffix('\n').unwrap_or(text);
    Ok(text.strip_suffix('\r').unwrap_or(text))
}

/// Refuses an id that could not stand in a table.
///
/// # Errors
/// When it is empty, or has a tab or a line end in it.
pub fn check_id(id: &str) -> Result<(), Fault> {
    if id.is_empty() || id.bytes().any(|byte| matches!(byte, b'\t' | b'\n' | b'\r')) {
        return Err(Fault::Id { found: excerpt(id) });
    }
    Ok(())
}

/// Bytes as text.
///
/// # Errors
/// When they are no UTF-8; columns count bytes from 1.
pub fn utf8(bytes: &[u8]) -> Result<&str, Fault> {
    str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        Fault::NotUtf8 { byte: bytes[at], column: at + 1 }
    })
}

/// Whether the decompressor, and not the disk, gave up.
fn is_damage(cause: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    matches!(cause.kind(), UnexpectedEof | InvalidInput | InvalidData | Other)
}
