//! Writing a data set as the folder that [`Dataset::open`] reads.
//!
//! The folder is prepared under another name beside its place and renamed when every file in it is on disk: a failed
//! write leaves nothing that could be taken for a data set.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

use super::error::DataError;
use super::read::{GUESSES_HEADER, HIERARCHY_HEADER, QRELS_HEADER};
use super::{Dataset, Document, Judgement, Judgements, Parts, Query, Split};
use crate::files::{self, WriteError, write_aside};
use crate::hierarchy::Graph;
use crate::ids::DocIdx;
use crate::pairs::Guess;
use crate::rows::Rows;

/// How the files of a data set are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compress {
    /// As text that any editor opens.
    None,
    /// As `.gz` at the best compression, without a time stamp: the same data give the same bytes.
    Gzip,
}

impl Dataset {
    /// Writes the data set into a folder of its own, from which [`Dataset::open`] reads the same again.
    ///
    /// A [closed](Dataset::closed) data set is written without queries, one without edges without a hierarchy,
    /// unless it has nothing else.
    ///
    /// # Errors
    /// When the folder is there and not empty, or cannot be written; then no part of it remains.
    pub fn write(&self, folder: &Path, compress: Compress) -> Result<(), DataError> {
        let asked = (!self.is_closed()).then_some((&self.queries[..], &self.judgements));
        let (docs, graph) = (&self.docs[..], self.hierarchy.graph());
        let content = Content { docs, graph, guesses: &self.guesses, asked };
        write_folder(folder, |aside| Ok(content.write_files(aside, compress)?))
    }
}

impl Parts {
    /// Writes the parts as [`Dataset::write`] does; [`Dataset::open`] reads them where their ancestors can be listed.
    ///
    /// # Errors
    /// When the folder is there and not empty, or cannot be written; then no part of it remains.
    pub fn write(&self, folder: &Path, compress: Compress) -> Result<(), DataError> {
        let asked = self.asked.as_ref().map(|asked| (&asked.queries[..], &asked.judgements));
        let (docs, graph) = (&self.docs[..], &self.graph);
        let content = Content { docs, graph, guesses: &Rows::empty(), asked };
        write_folder(folder, |aside| Ok(content.write_files(aside, compress)?))
    }
}

/// Fills a folder by way of another beside it, which takes its name when everything is in it.
///
/// # Errors
/// When the folder is there and not empty, or cannot be written, or `fill` fails; then no part of it remains.
pub fn write_folder<E: From<DataError>>(
    folder: &Path,
    fill: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    if folder.exists() && !is_empty_folder(folder) {
        return Err(DataError::Taken { folder: folder.to_owned() }.into());
    }
    let unwritable = |cause| DataError::Write(WriteError { path: folder.to_owned(), cause });
    let aside = aside_of(folder).map_err(unwritable)?;
    let done = fill(&aside).and_then(|()| {
        // Not every system renames onto a folder, be it empty.
        if folder.exists() {
            fs::remove_dir(folder).map_err(unwritable)?;
        }
        Ok(fs::rename(&aside, folder).map_err(unwritable)?)
    });
    if done.is_err() {
        // It may not have been made at all: what the user must know is why.
        let _ = fs::remove_dir_all(&aside);
    }
    done
}

/// What the files of a folder hold.
struct Content<'a> {
    docs: &'a [Document],
    graph: &'a Graph,
    guesses: &'a Rows<Guess>,
    /// `None` where every document is its own query.
    asked: Option<(&'a [Query], &'a Judgements)>,
}

impl Content<'_> {
    fn write_files(&self, folder: &Path, compress: Compress) -> Result<(), WriteError> {
        let has_hierarchy = self.asked.is_none() || self.graph.n_edges() > 0;
        let corpus = || write_text(folder, "corpus.jsonl", compress, |out| write_json_lines(out, self.docs));
        let hierarchy = || write_text(folder, "hierarchy.tsv", compress, |out| self.write_hierarchy(out));
        // These two can be gigabytes, and take as long as each other.
        let (corpus, hierarchy) = rayon::join(corpus, || if has_hierarchy { hierarchy() } else { Ok(()) });
        corpus.and(hierarchy)?;
        if !self.guesses.is_empty() {
            write_text(folder, "guesses.tsv", compress, |out| self.write_guesses(out))?;
        }
        let Some((queries, judgements)) = self.asked else {
            return Ok(());
        };
        write_text(folder, "queries.jsonl", compress, |out| write_json_lines(out, queries))?;
        for split in Split::ALL {
            if let Some(judged) = judgements.of(split) {
                let name = format!("qrels/{split}.tsv");
                write_text(folder, &name, compress, |out| self.write_judgements(queries, judged, out))?;
            }
        }
        Ok(())
    }

    fn write_hierarchy(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", HIERARCHY_HEADER.join("\t"))?;
        let ids = Ids::of(self.docs);
        let mut lines = Vec::new();
        for child in self.graph.docs() {
            for parent in self.graph.parents(child) {
                lines.extend_from_slice(ids.get(child));
                lines.push(b'\t');
                lines.extend_from_slice(ids.get(*parent));
                lines.push(b'\n');
            }
            write_if_long(out, &mut lines)?;
        }
        out.write_all(&lines)
    }

    fn write_guesses(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", GUESSES_HEADER.join("\t"))?;
        for (doc, row) in self.docs.iter().zip(self.guesses.iter()) {
            for guess in row {
                writeln!(out, "{}\t{}\t{:.4}", doc.id, self.docs[guess.doc.at()].id, guess.probability)?;
            }
        }
        Ok(())
    }

    fn write_judgements(
        &self,
        queries: &[Query],
        judged: &[Judgement],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        writeln!(out, "{}", QRELS_HEADER.join("\t"))?;
        for judgement in judged {
            let (query, doc) = (&queries[judgement.query.at()], &self.docs[judgement.doc.at()]);
            writeln!(out, "{}\t{}\t{}", query.id, doc.id, judgement.grade)?;
        }
        Ok(())
    }
}

fn write_json_lines<T: Serialize>(out: &mut dyn Write, values: &[T]) -> io::Result<()> {
    let mut lines = Vec::new();
    for value in values {
        serde_json::to_writer(&mut lines, value)?;
        lines.push(b'\n');
        write_if_long(out, &mut lines)?;
    }
    out.write_all(&lines)
}

/// Writes lines once they are worth a call.
fn write_if_long(out: &mut dyn Write, lines: &mut Vec<u8>) -> io::Result<()> {
    if lines.len() >= 1 << 16 {
        out.write_all(lines)?;
        lines.clear();
    }
    Ok(())
}

/// The ids of documents side by side: the parents of millions of edges are looked up in any order, and so little
/// memory has to come for each.
struct Ids {
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Ids {
    fn of(docs: &[Document]) -> Self {
        let mut ids = Ids { text: Vec::new(), ends: Vec::with_capacity(docs.len() + 1) };
        ids.ends.push(0);
        for doc in docs {
            ids.text.extend_from_slice(doc.id.as_bytes());
            ids.ends.push(ids.text.len());
        }
        ids
    }

    fn get(&self, doc: DocIdx) -> &[u8] {
        &self.text[self.ends[doc.at()]..self.ends[doc.at() + 1]]
    }
}

/// Writes one file of the folder, compressed or not.
fn write_text(
    folder: &Path,
    name: &str,
    compress: Compress,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), WriteError> {
    match compress {
        Compress::None => write_aside(&folder.join(name), |file| content(file)),
        Compress::Gzip => write_aside(&folder.join(format!("{name}.gz")), |file| {
            let mut out = BufWriter::new(GzEncoder::new(file, Compression::best()));
            content(&mut out)?;
            out.into_inner().map_err(io::IntoInnerError::into_error)?.finish()?;
            Ok(())
        }),
    }
}

fn is_empty_folder(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

/// A name beside the folder, free or left over from a process of the same number, which has ended.
fn aside_of(folder: &Path) -> io::Result<PathBuf> {
    let full = std::path::absolute(folder)?;
    full.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    Ok(files::aside_of(&full))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hierarchy::{Edge, Hierarchy};
    use crate::ids::QueryIdx;

    /// Three documents, the first two under the third; with a query or without.
    fn docs() -> (Vec<Document>, Hierarchy) {
        let doc = |id: &str, synonyms: &[&str]| Document {
            id: id.to_owned(),
            title: format!("{id}, \"the\"\tt\u{ef}tle"),
            text: "two\nlines".to_owned(),
            synonyms: synonyms.iter().map(|&word| word.to_owned()).collect(),
        };
        let edges = [0, 1].map(|child| Edge { child: DocIdx(child), parent: DocIdx(2) });
        let docs = vec![doc("a a", &[]), doc("ü", &["u"]), doc("c", &["x", "y"])];
        (docs, Hierarchy::new(3, &edges).unwrap())
    }

    fn closed() -> Dataset {
        let (docs, hierarchy) = docs();
        Dataset::closed("data".to_owned(), docs, hierarchy)
    }

    fn judged() -> Dataset {
        let (docs, hierarchy) = docs();
        let queries = vec![Query::new("q", "who?")];
        let judgement = |doc, grade| Judgement { query: QueryIdx(0), doc: DocIdx(doc), grade };
        let (dev, test) = (Some(vec![judgement(1, 0)]), Some(vec![judgement(0, 2), judgement(2, 1)]));
        Dataset::judged("data".to_owned(), docs, hierarchy, queries, Judgements { train: None, dev, test })
    }

    fn names_in(folder: &Path) -> Vec<String> {
        let names =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_written_is_read_again() {
        for data in [closed(), judged()] {
            for compress in [Compress::None, Compress::Gzip] {
                let dir = tempfile::tempdir().unwrap();
                let folder = dir.path().join("data");
                data.write(&folder, compress).unwrap();
                let read = Dataset::open(&folder).unwrap();
                assert_eq!((&read.name, &read.docs, &read.queries), (&data.name, &data.docs, &data.queries));
                assert!(read.hierarchy.edges().eq(data.hierarchy.edges()));
                assert_eq!((&read.judgements, read.closed), (&data.judgements, data.closed));
                assert_eq!(read.fingerprint(), data.fingerprint());
                assert_eq!(names_in(dir.path()), ["data"]);
            }
        }
    }

    #[test]
    fn the_same_data_give_the_same_compressed_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let bytes = ["one", "two"].map(|name| {
            closed().write(&dir.path().join(name), Compress::Gzip).unwrap();
            fs::read(dir.path().join(name).join("corpus.jsonl.gz")).unwrap()
        });
        assert_eq!(bytes[0], bytes[1]);
        assert_eq!(bytes[0][4..8], [0; 4], "the time stamp of the header");
    }

    #[test]
    fn a_closed_data_set_is_written_without_queries() {
        let dir = tempfile::tempdir().unwrap();
        closed().write(&dir.path().join("data"), Compress::None).unwrap();
        assert_eq!(names_in(&dir.path().join("data")), ["corpus.jsonl", "hierarchy.tsv"]);
    }

    #[test]
    fn a_folder_with_something_in_it_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("data");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("mine.txt"), "mine").unwrap();
        let error = closed().write(&folder, Compress::None).unwrap_err().to_string();
        assert!(
            error.ends_with("is there already and not empty; name a new folder, or delete that one first")
        );
        assert_eq!(
            (names_in(dir.path()), names_in(&folder)),
            (vec!["data".to_owned()], vec!["mine.txt".to_owned()])
        );
    }

    #[test]
    fn an_empty_folder_is_filled() {
        let dir = tempfile::tempdir().unwrap();
        closed().write(dir.path(), Compress::None).unwrap();
        assert_eq!(names_in(dir.path()), ["corpus.jsonl", "hierarchy.tsv"]);
    }

    #[test]
    fn a_failed_write_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "no folder").unwrap();
        let error = closed().write(&file.join("data"), Compress::None).unwrap_err().to_string();
        assert!(error.contains("could not be written"), "{error}");
        assert_eq!(names_in(dir.path()), ["file"]);
    }
}
