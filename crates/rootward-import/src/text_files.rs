//! Folders of text files, such as notes, manuals and pages: each `.txt` or `.md` is a document, or several passages.
//!
//! Files are read in the order of their paths, so that the same folder gives the same data. A file's id is its path without
//! the ending; its title is what stands at its top. Only regular files are read, and links to folders are not followed.

mod passages;
mod titled;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rootward::dataset::{DataError, Document, Fault, excerpt};

use crate::draft::{Draft, Imported, Undefined};
use crate::source::Source;

use passages::passages;
use titled::{Titled, titled};

/// How a folder of texts is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextFilesOptions {
    /// What a document is.
    pub unit: TextUnit,
    /// What lies above what.
    pub above: FolderUse,
}

/// What of a file is a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextUnit {
    /// All of it.
    File,
    /// Where it is longer, runs of paragraphs of at most this many words, each under the file's title.
    Passages {
        /// Words of a passage; a paragraph of more than twice as many is cut between words.
        words: usize,
    },
}

/// What becomes of the folders that files lie in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FolderUse {
    /// Nothing: there is no hierarchy.
    Ignore,
    /// Each below the topmost is a document over what lies in it.
    Hierarchy,
}

/// Reads all text files in a folder and the folders in it.
///
/// A document's id is the path of its file from the folder, with `/` and without the ending, which is kept only where two
/// files differ in nothing else; of a passage it is followed by `#1`, `#2`, ... A folder's id ends in `/`. The title is the
/// first heading of Markdown where the file begins with it, or a short first line, or else the name of the file if it has
/// more letters than digits. Files and folders whose names begin with a dot are skipped; other files, empty ones and links
/// to folders are left out and counted.
///
/// # Errors
/// When there is no text file or all are empty, a file or folder cannot be read, a file is no UTF-8, or a file and a passage
/// of another have the same id.
pub fn text_files(source: &Source<'_>, options: TextFilesOptions) -> Result<Imported, DataError> {
    let top = source.path();
    let mut draft = Draft::new(top);
    let mut files = files_in(top, &mut draft)?;
    if files.is_empty() {
        let what = ".txt or .md files".to_owned();
        let remedy = if top.is_file() {
            "it is a file; unpack it where it is an archive, and name the folder"
        } else {
            "name a folder with some, in it or in its folders"
        };
        return Err(DataError::Lacks { path: top.to_owned(), what, remedy });
    }
    // By the parts of paths, so that what lies in a folder stays together.
    files.sort_by(|a, b| a.components().cmp(b.components()));
    let ids = ids_of(&files, top, &mut draft);
    let mut folders = BTreeSet::new();
    for (path, id) in files.iter().zip(&ids) {
        let lines = lines_of(source, path)?;
        draft.reads(path);
        if lines.iter().all(|line| line.trim().is_empty()) {
            draft.note("files without text left out", id);
            continue;
        }
        let parent = match options.above {
            FolderUse::Ignore => None,
            FolderUse::Hierarchy => folder_of(&relative(path, top), &mut folders, &mut draft)?,
        };
        if id.contains(char::is_whitespace) {
            draft.note("files whose ids hold blanks, which runs and files of TREC cannot hold", id);
        }
        let Titled { title, text, had_metadata } = titled(&lines, has_ending(path, "md"));
        if had_metadata {
            draft.note("blocks of metadata at the top of Markdown files left out", id);
        }
        let stem = || path.file_stem().map(|stem| safe(&stem.to_string_lossy())).unwrap_or_default();
        let title = title.or_else(|| Some(stem()).filter(|stem| says_something(stem))).unwrap_or_default();
        let texts = match options.unit {
            TextUnit::File => vec![text],
            TextUnit::Passages { words } => passages(&text, words),
        };
        let cut = texts.len() > 1;
        for (number, text) in (1..).zip(texts) {
            let id = if cut { format!("{id}#{number}") } else { id.clone() };
            add(
                Document { id, title: title.clone(), text, synonyms: Vec::new() },
                parent.as_deref(),
                &mut draft,
            )?;
        }
    }
    // What is wrong from here on is wrong with the folder.
    draft.reads(top);
    draft.finish(Undefined::Refuse)
}

/// Adds a document of the file that is being read, under another one or none.
fn add(doc: Document, parent: Option<&str>, draft: &mut Draft) -> Result<(), DataError> {
    let id = doc.id.clone();
    let taken =
        |_| Fault::Field { expected: "an id that no other file, passage or folder has", found: excerpt(&id) };
    draft.doc(doc, 1).map_err(taken).map_err(|fault| draft.at(1, fault))?;
    if let Some(parent) = parent {
        draft.edge(&id, parent, 1).map_err(|fault| draft.at(1, fault))?;
    }
    Ok(())
}

/// The id of the folder of a file, after adding it and those above it; `None` for what lies at the top.
fn folder_of(
    file: &str,
    folders: &mut BTreeSet<String>,
    draft: &mut Draft,
) -> Result<Option<String>, DataError> {
    let mut above: Option<String> = None;
    for (end, _) in file.match_indices('/') {
        let id = safe(&file[..=end]);
        if folders.insert(id.clone()) {
            let title = id.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
            add(Document { id: id.clone(), title, ..Document::default() }, above.as_deref(), draft)?;
        }
        above = Some(id);
    }
    Ok(above)
}

/// Whether the name of a file may be the title of what is in it: it has more letters than digits, where what a camera or
/// a scanner numbers has not.
fn says_something(stem: &str) -> bool {
    let count = |of: fn(char) -> bool| stem.chars().filter(|c| of(*c)).count();
    count(char::is_alphabetic) > count(char::is_numeric)
}

/// The text files of a folder and those in it, in no order.
fn files_in(top: &Path, draft: &mut Draft) -> Result<Vec<PathBuf>, DataError> {
    let (mut files, mut folders) = (Vec::new(), vec![top.to_owned()]);
    if top.is_file() {
        return Ok(files);
    }
    while let Some(folder) = folders.pop() {
        let cannot = |cause| DataError::Read { path: folder.clone(), cause };
        for entry in fs::read_dir(&folder).map_err(cannot)? {
            let entry = entry.map_err(cannot)?;
            let path = entry.path();
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            let kind = entry.file_type().map_err(cannot)?;
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_symlink() && path.is_dir() {
                draft.note("links to folders not followed", &relative(&path, top));
            } else if !has_ending(&path, "txt") && !has_ending(&path, "md") {
                draft.note("files that end in neither .txt nor .md left out", &relative(&path, top));
            } else {
                let told = match fs::metadata(&path) {
                    Err(cause) if kind.is_symlink() && cause.kind() == ErrorKind::NotFound => {
                        draft.note("links that lead nowhere left out", &relative(&path, top));
                        continue;
                    }
                    told => told.map_err(|cause| DataError::Read { path: path.clone(), cause })?,
                };
                // Reading from a pipe would wait for ever.
                if told.is_file() {
                    files.push(path);
                } else {
                    draft.note("pipes and devices left out", &relative(&path, top));
                }
            }
        }
    }
    Ok(files)
}

/// The id of each file.
fn ids_of(files: &[PathBuf], top: &Path, draft: &mut Draft) -> Vec<String> {
    let bare = |path: &PathBuf| safe(&relative(&path.with_extension(""), top));
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    files.iter().for_each(|path| *counts.entry(bare(path)).or_default() += 1);
    let id = |path| {
        let id = bare(path);
        if counts[&id] == 1 {
            return id;
        }
        let whole = safe(&relative(path, top));
        draft.note("files that differ only in their ending, which their ids keep", &whole);
        whole
    };
    files.iter().map(id).collect()
}

/// The lines of a file.
fn lines_of(source: &Source<'_>, path: &Path) -> Result<Vec<String>, DataError> {
    let (mut text, mut buffer, mut lines) = (source.open(path)?, Vec::new(), Vec::new());
    while let Some(line) = text.next_line(&mut buffer)? {
        lines.push(line.to_owned());
    }
    Ok(lines)
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending))
}

/// A path as seen from the top, with `/`.
fn relative(path: &Path, top: &Path) -> String {
    let within = path.strip_prefix(top).unwrap_or(path);
    within.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// A name as it can stand in a table.
fn safe(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests;
