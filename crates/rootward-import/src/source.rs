//! What a user has on disk: a file or a folder, compressed or not, read as a stream.
//!
//! Gzip, zstd and zip are told by their first bytes, never by a name. Nothing is unpacked to disk and no file is held
//! in memory.

mod counted;
mod zipped;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;
use rootward::dataset::{DataError, Fault, each_line_in, excerpt, next_line_in, unreadable};

use counted::{Lines, Metered};

/// How much of the files opened so far has been read, in bytes as they lie on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BytesRead {
    /// Bytes read.
    pub done: u64,
    /// Bytes of all files that were opened.
    pub of: u64,
}

/// Is told now and then how far reading has come.
pub type Progress<'a> = dyn Fn(BytesRead) + 'a;

/// A file or folder to import, and who is told how far reading has come.
pub struct Source<'a> {
    path: PathBuf,
    progress: &'a Progress<'a>,
    done: Rc<Cell<u64>>,
    of: Rc<Cell<u64>>,
}

/// A stream of text out of a source, which knows its line.
pub struct Text<'a> {
    /// What errors call it.
    name: PathBuf,
    reader: Lines<Box<dyn BufRead + 'a>>,
    /// How it was compressed.
    compression: Option<&'static str>,
}

impl<'a> Source<'a> {
    /// The file or folder of this name.
    pub fn new(path: &Path, progress: &'a Progress<'a>) -> Self {
        Source { path: path.to_owned(), progress, done: Rc::default(), of: Rc::default() }
    }

    /// The same file or folder, for a second reading or another thread of work.
    pub(crate) fn again(&self) -> Self {
        Source {
            path: self.path.clone(),
            progress: self.progress,
            done: Rc::clone(&self.done),
            of: Rc::clone(&self.of),
        }
    }

    /// Another file or folder that is read for the same import.
    pub(crate) fn beside(&self, path: &Path) -> Self {
        Source { path: path.to_owned(), ..self.again() }
    }

    /// Tells how far a reader of its own has come.
    pub(crate) fn report(&self, done: u64, of: u64) {
        (self.progress)(BytesRead { done, of });
    }

    /// What it is called.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is a folder.
    pub fn is_folder(&self) -> bool {
        self.path.is_dir()
    }

    /// Whether its file begins with these bytes; never where it is a folder or cannot be read, or a pipe, of which what is
    /// read is gone.
    pub fn begins_with(&self, magic: &[u8]) -> bool {
        let mut first = vec![0; magic.len()];
        self.path.is_file()
            && File::open(&self.path)
                .is_ok_and(|mut file| file.read_exact(&mut first).is_ok() && first == magic)
    }

    /// The text of the one file that this is: of a zip archive the only member with one of these endings, or the only
    /// member at all.
    ///
    /// # Errors
    /// When it cannot be read, or an archive does not say which of its members is meant.
    pub fn text(&self, endings: &[&str]) -> Result<Text<'a>, DataError> {
        if self.begins_with(zipped::MAGIC) {
            let member = zipped::only_member(&self.path, endings)?;
            return self.member(&member);
        }
        self.open(&self.path)
    }

    /// The text of a file in this folder or archive; it may be compressed, with `.gz` or `.zst` after its name or not.
    ///
    /// # Errors
    /// When it cannot be read; `None` when there is no such file.
    pub fn file(&self, name: &str) -> Result<Option<Text<'a>>, DataError> {
        if self.is_folder() {
            let names = [name.to_owned(), format!("{name}.gz"), format!("{name}.zst")];
            let found = names.iter().map(|name| self.path.join(name)).find(|path| path.is_file());
            return found.map(|path| self.open(&path)).transpose();
        }
        if self.begins_with(zipped::MAGIC) {
            let within = format!("/{name}");
            let mut members = zipped::members(&self.path)?.into_iter();
            let member = members.find(|member| member.name == name || member.name.ends_with(&within));
            return member.map(|member| self.member(&member)).transpose();
        }
        Ok(None)
    }

    /// The names of the files in a folder of this folder or archive, sorted, without `.gz` or `.zst`; none where there
    /// is no such folder.
    ///
    /// # Errors
    /// When the folder or archive cannot be read.
    pub(crate) fn names_in(&self, folder: &str) -> Result<Vec<String>, DataError> {
        let mut names = BTreeSet::new();
        let mut add = |name: &str| {
            let plain = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(name);
            names.insert(plain.to_owned());
        };
        if self.is_folder() {
            let path = self.path.join(folder);
            let cannot = |cause| DataError::Read { path: path.clone(), cause };
            if path.is_dir() {
                for entry in std::fs::read_dir(&path).map_err(cannot)? {
                    add(&entry.map_err(cannot)?.file_name().to_string_lossy());
                }
            }
        } else if self.begins_with(zipped::MAGIC) {
            for member in zipped::members(&self.path)? {
                let mut parts = member.name.rsplit('/');
                let (name, parent) = (parts.next().unwrap_or_default(), parts.next());
                if parent == Some(folder) {
                    add(name);
                }
            }
        }
        Ok(names.into_iter().collect())
    }

    /// A file of this folder as a source of its own.
    pub(crate) fn inside(&self, name: &str) -> Self {
        Source { path: self.path.join(name), ..self.again() }
    }

    /// The text of a file of that name, as [`Source::file`] finds it.
    ///
    /// # Errors
    /// When it is not there, or cannot be read.
    pub fn needed_file(&self, name: &str, remedy: &'static str) -> Result<Text<'a>, DataError> {
        let lacks = || DataError::Lacks { path: self.path.clone(), what: name.to_owned(), remedy };
        self.file(name)?.ok_or_else(lacks)
    }

    /// The text of a file by its own path, with this source's progress.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(&self, path: &Path) -> Result<Text<'a>, DataError> {
        let cannot = |cause| DataError::Read { path: path.to_owned(), cause };
        let file = File::open(path).map_err(cannot)?;
        // A folder opens, and fails only when it is read.
        let length = file.metadata().map_err(cannot)?.len();
        Text::new(path.to_owned(), self.metered(file, length)).map_err(cannot)
    }

    fn member(&self, member: &zipped::Member) -> Result<Text<'a>, DataError> {
        // The name is only shown, and may be anything: a message stays on one line.
        let name = self.path.join(excerpt(member.name.trim_start_matches('/')));
        let cannot = |cause| DataError::Read { path: name.clone(), cause };
        let mut file = File::open(&self.path).map_err(cannot)?;
        file.seek(io::SeekFrom::Start(member.start)).map_err(cannot)?;
        let bytes = self.metered(file, member.length);
        let mut text = Text::new(name.clone(), member.unpack(bytes)).map_err(cannot)?;
        text.compression = Some("zip");
        Ok(text)
    }

    fn metered(&self, file: File, length: u64) -> Metered<'a, File> {
        self.of.set(self.of.get() + length);
        Metered::new(file, self.progress, Rc::clone(&self.done), self.of.get())
    }
}

impl Text<'static> {
    /// What another program sends, compressed or not.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn stdin() -> Result<Self, DataError> {
        let name = PathBuf::from("stdin");
        let cannot = |cause| DataError::Read { path: name.clone(), cause };
        Text::new(name.clone(), io::stdin().lock()).map_err(cannot)
    }
}

impl<'a> Text<'a> {
    fn new(name: PathBuf, bytes: impl Read + 'a) -> io::Result<Self> {
        let mut packed = BufReader::with_capacity(1 << 16, bytes);
        let first = packed.fill_buf()?;
        let (compression, reader): (_, Box<dyn BufRead + 'a>) = if first.starts_with(&[0x1f, 0x8b]) {
            (Some("gzip"), Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(packed))))
        } else if first.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            let decoder = zstd::Decoder::with_buffer(packed)?;
            (Some("zstd"), Box::new(BufReader::with_capacity(1 << 16, decoder)))
        } else {
            (None, Box::new(packed))
        };
        Ok(Text { name, reader: Lines::new(reader), compression })
    }

    /// What errors call it.
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// Its first bytes without a byte order mark and blanks, as many as there are at hand; they are still to be read.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn first_bytes(&mut self) -> Result<&[u8], DataError> {
        let (line, name, compression) = (self.reader.line(), &self.name, self.compression);
        let bytes = self.reader.fill_buf().map_err(|cause| unreadable(cause, name, line, compression))?;
        Ok(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start())
    }

    /// Calls `take` with every line that is not empty and its number, from 1.
    ///
    /// # Errors
    /// When it cannot be read or is no text, and the first fault that `take` finds.
    pub fn each_line(mut self, take: impl FnMut(&str, u64) -> Result<(), Fault>) -> Result<(), DataError> {
        each_line_in(&mut self.reader, &self.name, self.compression, take)
    }

    /// The next line, empty or not, without its end, held in `buffer`; `None` at the end.
    ///
    /// # Errors
    /// When it cannot be read or is no text.
    pub fn next_line<'b>(&mut self, buffer: &'b mut Vec<u8>) -> Result<Option<&'b str>, DataError> {
        let number = self.line();
        next_line_in(&mut self.reader, buffer, &self.name, number, self.compression)
    }

    /// Whether its next bytes are these.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn begins_with(&mut self, bytes: &[u8]) -> Result<bool, DataError> {
        let line = self.line();
        let first = self.reader.fill_buf();
        let first = first.map_err(|cause| unreadable(cause, &self.name, line, self.compression))?;
        Ok(first.starts_with(bytes))
    }

    /// The line that is being read, from 1.
    pub fn line(&self) -> u64 {
        self.reader.line()
    }

    /// Its bytes, for a parser that wants a reader; the line is asked of [`LineOf::get`] meanwhile.
    pub fn into_parts(self) -> (impl BufRead + 'a, LineOf) {
        let line = LineOf { at: self.reader.counter(), name: self.name, compression: self.compression };
        (self.reader, line)
    }
}

/// Where a reader stands that a parser has taken away.
#[derive(Clone, Debug)]
pub struct LineOf {
    at: Rc<Cell<u64>>,
    name: PathBuf,
    compression: Option<&'static str>,
}

impl LineOf {
    /// The line that is being read, from 1; a parser may have read a little ahead of what it tells.
    pub fn get(&self) -> u64 {
        self.at.get() + 1
    }

    /// An error at that line.
    pub fn fault(&self, fault: Fault) -> DataError {
        DataError::Line { file: self.name.clone(), line: self.get(), fault }
    }

    /// An error at another line.
    pub fn fault_at(&self, line: u64, fault: Fault) -> DataError {
        DataError::Line { file: self.name.clone(), line, fault }
    }

    /// The error of the reader at that line.
    pub fn unreadable(&self, cause: io::Error) -> DataError {
        unreadable(cause, &self.name, self.get(), self.compression)
    }
}

#[cfg(test)]
mod tests;
