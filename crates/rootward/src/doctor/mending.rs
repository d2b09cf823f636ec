//! A copy of a folder without what can be removed safely.
//!
//! Lines are copied as they are, with every key that they have; what a line means is only changed where no other meaning
//! is possible. The copy opens, or it is not made.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

use super::{Problem, Told, examine, examine_keeping};
use crate::dataset::{DataError, write_folder};
use crate::digits::grouped;
use crate::files::WriteError;

/// What [`mend`] did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mended {
    /// What the copy has otherwise than the folder.
    pub changes: Vec<Change>,
    /// What is still to be known about the copy: warnings and hints, no errors.
    pub left: Vec<Problem>,
}

/// Something that was mended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// How often.
    pub count: u64,
    /// What was done.
    pub what: &'static str,
}

/// A folder could not be mended; nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum MendError {
    /// It has problems that only a person can solve.
    #[error("nothing was written, because this cannot be mended safely:\n\n{}", listed(problems))]
    Unsafe {
        /// These.
        problems: Vec<Problem>,
    },
    /// The folder could not be read, or the copy not be written.
    #[error(transparent)]
    Data(#[from] DataError),
}

fn listed(problems: &[Problem]) -> String {
    problems.iter().map(|problem| Told(problem).to_string()).collect::<Vec<_>>().join("\n")
}

/// Writes a copy of a folder without repeated lines, edges and judgements, edges from a document to itself, edges and
/// judgements of what is not there, byte order marks, line ends of Windows, empty lines, and blanks around columns; bytes
/// that are not UTF-8 are read as Windows-1252 where that gives text. Files that are no part of a data set are left out.
///
/// # Errors
/// When something else is wrong, which is not touched because no program can know what was meant; when the folder to
/// write is there and not empty, or cannot be written. Then nothing is written.
pub fn mend(folder: &Path, out: &Path) -> Result<Mended, MendError> {
    let found = examine(folder);
    let unsafe_ones: Vec<Problem> = found.errors().filter(|p| p.kind.mended().is_none()).cloned().collect();
    if !unsafe_ones.is_empty() {
        return Err(MendError::Unsafe { problems: unsafe_ones });
    }
    let mut mended = Mended { changes: Vec::new(), left: Vec::new() };
    write_folder(out, |aside| {
        let mut copy = Copy { folder: aside, current: None, done: Ok(()) };
        let (found, tidied) = examine_keeping(folder, &mut |file, line| copy.line(file, line));
        copy.finish()?;
        let left = examine(aside);
        if !left.opens() {
            return Err(MendError::Unsafe { problems: left.errors().cloned().collect() });
        }
        let change = |problem: &Problem| Some(Change { count: problem.count, what: problem.kind.mended()? });
        let tidied = [
            (tidied.byte_order_marks, "byte order marks dropped"),
            (tidied.windows_lines, "line ends of Windows made plain"),
            (tidied.empty_lines, "empty lines dropped"),
        ];
        let tidied = tidied.into_iter().filter(|(count, _)| *count > 0);
        let tidied = tidied.map(|(count, what)| Change { count, what });
        mended.changes = found.problems.iter().filter_map(change).chain(tidied).collect();
        mended.left = left.problems;
        Ok(())
    })?;
    Ok(mended)
}

/// The files of the copy, one after the other.
struct Copy<'a> {
    folder: &'a Path,
    current: Option<(String, Out)>,
    done: Result<(), WriteError>,
}

enum Out {
    Plain(BufWriter<File>),
    Gzip(BufWriter<GzEncoder<File>>),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, grouped(usize::try_from(self.count).unwrap_or(usize::MAX)))
    }
}

impl Copy<'_> {
    /// Adds a line to a file; lines of one file come together.
    fn line(&mut self, file: &str, line: &str) {
        if self.done.is_err() {
            return;
        }
        let written = self.open(file).and_then(|out| {
            let out: &mut dyn Write = match out {
                Out::Plain(out) => out,
                Out::Gzip(out) => out,
            };
            out.write_all(line.as_bytes()).and_then(|()| out.write_all(b"\n"))
        });
        self.note(file, written);
    }

    fn open(&mut self, file: &str) -> io::Result<&mut Out> {
        if self.current.as_ref().is_none_or(|(name, _)| name != file) {
            self.close()?;
            let path = self.folder.join(file);
            fs::create_dir_all(path.parent().unwrap_or(self.folder))?;
            let created = File::create(&path)?;
            let out = if file.ends_with(".gz") {
                Out::Gzip(BufWriter::new(GzEncoder::new(created, Compression::best())))
            } else {
                Out::Plain(BufWriter::new(created))
            };
            self.current = Some((file.to_owned(), out));
        }
        let (_, out) = self.current.as_mut().expect("it was just opened");
        Ok(out)
    }

    fn close(&mut self) -> io::Result<()> {
        let file = match self.current.take() {
            None => return Ok(()),
            Some((_, Out::Plain(out))) => out.into_inner().map_err(io::IntoInnerError::into_error)?,
            Some((_, Out::Gzip(out))) => {
                out.into_inner().map_err(io::IntoInnerError::into_error)?.finish()?
            }
        };
        file.sync_all()
    }

    fn note(&mut self, file: &str, written: io::Result<()>) {
        if let Err(cause) = written {
            self.done = Err(WriteError { path: self.folder.join(file), cause });
        }
    }

    fn finish(mut self) -> Result<(), DataError> {
        let closed = self.close();
        self.note("", closed);
        Ok(self.done?)
    }
}
