//! Opening a data set: the files of a folder, put together and checked against each other.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::error::{DataError, Fault, excerpt};
use super::lines::{Names, each_line, each_row, either};
use super::{Dataset, Document, Judgement, Judgements, Query, Split};
use crate::hierarchy::{Edge, Hierarchy};
use crate::ids::{DocIdx, QueryIdx};
use crate::pairs::Guess;
use crate::rows::Rows;

/// The header of `hierarchy.tsv`.
pub(crate) const HIERARCHY_HEADER: [&str; 2] = ["child", "parent"];
/// The header of `guesses.tsv`.
pub(crate) const GUESSES_HEADER: [&str; 3] = ["child", "ancestor", "probability"];
/// The header of the files in `qrels/`.
pub(crate) const QRELS_HEADER: [&str; 3] = ["query-id", "corpus-id", "score"];
/// What a line of `corpus.jsonl` is.
pub const DOCUMENT_LINE: &str = r#"an object {"_id": "..", "title": "..", "text": ".."}"#;
/// What a line of `queries.jsonl` is.
pub(crate) const QUERY_LINE: &str = r#"an object {"_id": "..", "text": ".."}"#;

/// What is done with a folder in which nothing says what belongs to what: documents, and queries or none.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Alone {
    Refused,
    Taken,
}

impl Dataset {
    /// Reads a folder, each file of which may also be compressed and end in `.gz`:
    ///
    /// - `corpus.jsonl`: a line `{"_id", "title", "text", "synonyms"}` for each document, of which only the id must
    ///   be there; other keys are ignored;
    /// - `hierarchy.tsv`: a table with the header `child`, `parent` of ids of documents; without it there are no edges;
    /// - `guesses.tsv`: a table with the header `child`, `ancestor`, `probability` of what is only guessed to lie above a
    ///   document, be it by way of the hierarchy's edges or not; training takes such a pair as often as it is likely;
    /// - `queries.jsonl`: a line `{"_id", "text"}` for each query;
    /// - `qrels/train.tsv`, `qrels/dev.tsv`, `qrels/test.tsv`: tables with the header `query-id`, `corpus-id`,
    ///   `score`, at least one of them if there are queries. Score 0 and those below, as some TREC collections have
    ///   them, say that a document does not answer.
    ///
    /// A folder without queries is [closed](Dataset::closed): each document is asked for by its title.
    ///
    /// # Errors
    /// At the first thing that is wrong: a file that is missing, empty, no text or damaged, a line that cannot be
    /// read, an id that is repeated or unknown, an edge or a judgement that is repeated, a cycle.
    pub fn open(folder: &Path) -> Result<Self, DataError> {
        Dataset::read(folder, Alone::Refused)
    }

    /// As [`Dataset::open`], for those who have no need of judgements or a hierarchy: a folder with documents alone will do,
    /// and is [closed](Dataset::closed), and so will one with queries that nobody judged.
    ///
    /// # Errors
    /// As there.
    pub fn open_documents(folder: &Path) -> Result<Self, DataError> {
        Dataset::read(folder, Alone::Taken)
    }

    fn read(folder: &Path, alone: Alone) -> Result<Self, DataError> {
        if !folder.is_dir() {
            return Err(DataError::NoFolder { folder: folder.to_owned() });
        }
        let corpus_file = either(folder, "corpus.jsonl")?;
        let corpus_file = corpus_file.ok_or_else(|| DataError::NoCorpus { folder: folder.to_owned() })?;
        let (docs, doc_names) = read_docs(&corpus_file)?;
        let hierarchy_file = either(folder, "hierarchy.tsv")?;
        let hierarchy = match &hierarchy_file {
            Some(file) => read_hierarchy(file, &docs, &doc_names)?,
            None => Hierarchy::new(docs.len(), &[]).expect("no edges are always a hierarchy"),
        };
        let qrels_files = QrelsFiles::of(folder)?;
        let guesses = match either(folder, "guesses.tsv")? {
            Some(file) => read_guesses(&file, docs.len(), &doc_names)?,
            None => Rows::empty(),
        };
        let name = name_of(folder);
        let data = match (either(folder, "queries.jsonl")?, qrels_files.is_empty()) {
            (Some(_), true) if alone == Alone::Refused => {
                Err(DataError::NoJudgements { folder: folder.to_owned() })
            }
            (None, false) => Err(DataError::NoQueries { folder: folder.to_owned() }),
            (None, true) if hierarchy_file.is_none() && alone == Alone::Refused => {
                Err(DataError::NothingToLearn { folder: folder.to_owned() })
            }
            (None, true) => Ok(Dataset::closed(name, docs, hierarchy)),
            (Some(file), _) => {
                let (queries, query_names) = read_queries(&file)?;
                let judgements = qrels_files.read(&query_names, &doc_names)?;
                Ok(Dataset::judged(name, docs, hierarchy, queries, judgements))
            }
        }?;
        let data = Dataset { folder: Some(folder.to_owned()), ..data };
        Ok(if guesses.is_empty() { data } else { data.with_guesses(guesses) })
    }
}

/// The folder's own name, also when it is given as `.` or `data/..`.
fn name_of(folder: &Path) -> String {
    let full = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    full.file_name().map_or_else(|| "data".to_owned(), |name| name.to_string_lossy().into_owned())
}

fn read_docs(file: &Path) -> Result<(Vec<Document>, Names), DataError> {
    let (mut docs, mut names) = (Vec::new(), Names::default());
    each_line(file, |line, number| {
        let doc: Document = from_json(line, DOCUMENT_LINE)?;
        names.add(&doc.id, number)?;
        docs.push(doc);
        Ok(())
    })?;
    if docs.is_empty() {
        return Err(DataError::Empty { file: file.to_owned(), what: "document" });
    }
    Ok((docs, names))
}

pub(super) fn read_queries(file: &Path) -> Result<(Vec<Query>, Names), DataError> {
    let (mut queries, mut names) = (Vec::new(), Names::default());
    each_line(file, |line, number| {
        let query: Query = from_json(line, QUERY_LINE)?;
        names.add(&query.id, number)?;
        queries.push(query);
        Ok(())
    })?;
    if queries.is_empty() {
        return Err(DataError::Empty { file: file.to_owned(), what: "query" });
    }
    Ok((queries, names))
}

/// What a line of JSON says, where `expected` is how a good line looks.
///
/// # Errors
/// When it is no JSON, or of another shape.
pub fn from_json<T: DeserializeOwned>(line: &str, expected: &'static str) -> Result<T, Fault> {
    serde_json::from_str(line).map_err(|error| {
        // The parser sees one line only, so its "at line 1 column 7" would mislead.
        let problem = error.to_string();
        let problem = problem.split(" at line ").next().unwrap_or_default().to_owned();
        Fault::Json { expected, problem, column: error.column(), found: excerpt(line) }
    })
}

fn read_hierarchy(file: &Path, docs: &[Document], names: &Names) -> Result<Hierarchy, DataError> {
    let (mut edges, mut lines) = (Vec::new(), Vec::new());
    each_row(file, HIERARCHY_HEADER, |[child, parent], number| {
        edges.push(Edge { child: find_doc(names, child)?, parent: find_doc(names, parent)? });
        lines.push(number);
        Ok(())
    })?;
    Hierarchy::new(docs.len(), &edges).map_err(|error| {
        DataError::of_hierarchy(error, file, &|doc| docs[doc.at()].id.clone(), &|edge| lines[edge])
    })
}

fn read_guesses(file: &Path, n_docs: usize, names: &Names) -> Result<Rows<Guess>, DataError> {
    let (mut guesses, mut lines) = (Vec::new(), HashMap::new());
    each_row(file, GUESSES_HEADER, |[child, ancestor, text], number| {
        let (low, high) = (find_doc(names, child)?, find_doc(names, ancestor)?);
        let probability = probability(text)?;
        if let Some(first) = lines.insert((low, high), number) {
            let (child, parent) = (excerpt(child), excerpt(ancestor));
            return Err(Fault::RepeatedEdge { child, parent, first });
        }
        guesses.push((low.at(), Guess { doc: high, probability }));
        Ok(())
    })?;
    guesses.sort_by_key(|(low, guess)| (*low, guess.doc));
    Ok(Rows::group(n_docs, guesses.into_iter()))
}

/// The probability of a guess.
///
/// # Errors
/// When it is no number above 0 and below 1.
pub(crate) fn probability(text: &str) -> Result<f32, Fault> {
    let found = text.parse().ok().filter(|p: &f32| *p > 0.0 && *p < 1.0);
    found.ok_or_else(|| Fault::Number { what: "a probability above 0 and below 1", found: excerpt(text) })
}

fn find_doc(names: &Names, id: &str) -> Result<DocIdx, Fault> {
    names.get(id).map(DocIdx).ok_or_else(|| Fault::UnknownDocument { id: excerpt(id) })
}

/// The files of the splits that are there.
struct QrelsFiles {
    train: Option<PathBuf>,
    dev: Option<PathBuf>,
    test: Option<PathBuf>,
}

impl QrelsFiles {
    fn of(folder: &Path) -> Result<Self, DataError> {
        let file_of = |split: Split| either(&folder.join("qrels"), &format!("{split}.tsv"));
        Ok(QrelsFiles {
            train: file_of(Split::Train)?,
            dev: file_of(Split::Dev)?,
            test: file_of(Split::Test)?,
        })
    }

    fn is_empty(&self) -> bool {
        self.train.is_none() && self.dev.is_none() && self.test.is_none()
    }

    fn read(&self, queries: &Names, docs: &Names) -> Result<Judgements, DataError> {
        let read =
            |file: &Option<PathBuf>| file.as_deref().map(|f| read_judgements(f, queries, docs)).transpose();
        Ok(Judgements { train: read(&self.train)?, dev: read(&self.dev)?, test: read(&self.test)? })
    }
}

pub(super) fn read_judgements(
    file: &Path,
    queries: &Names,
    docs: &Names,
) -> Result<Vec<Judgement>, DataError> {
    let (mut judgements, mut lines) = (Vec::new(), HashMap::new());
    each_row(file, QRELS_HEADER, |[query_id, doc_id, score], number| {
        let query = queries.get(query_id).map(QueryIdx);
        let query = query.ok_or_else(|| Fault::UnknownQuery { id: excerpt(query_id) })?;
        let doc = find_doc(docs, doc_id)?;
        let grade = score.parse().map_err(|_| Fault::Score { found: excerpt(score) })?;
        if let Some(first) = lines.insert((query, doc), number) {
            let (query, doc) = (excerpt(query_id), excerpt(doc_id));
            return Err(Fault::RepeatedJudgement { query, doc, first });
        }
        judgements.push(Judgement { query, doc, grade });
        Ok(())
    })?;
    if judgements.is_empty() {
        return Err(DataError::Empty { file: file.to_owned(), what: "judgement" });
    }
    judgements.sort_unstable();
    Ok(judgements)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const CORPUS: (&str, &str) =
        ("corpus.jsonl", "{\"_id\":\"a\",\"title\":\"A\"}\n{\"_id\":\"b\"}\n{\"_id\":\"c\"}\n");
    const HIERARCHY: (&str, &str) = ("hierarchy.tsv", "child\tparent\na\tb\n");
    const QUERIES: (&str, &str) = ("queries.jsonl", "{\"_id\":\"q\",\"text\":\"?\"}\n");
    const TEST: (&str, &str) = ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq\ta\t1\n");

    /// Opens a folder `data` of these files; in the message of an error its path is left out.
    fn open(files: &[(&str, &[u8])]) -> Result<Dataset, String> {
        open_by(Dataset::open, files)
    }

    fn open_by(
        open: impl Fn(&Path) -> Result<Dataset, DataError>,
        files: &[(&str, &[u8])],
    ) -> Result<Dataset, String> {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("data");
        fs::create_dir_all(folder.join("qrels")).unwrap();
        for (name, content) in files {
            fs::write(folder.join(name), content).unwrap();
        }
        let outside = format!("{}/", dir.path().display());
        open(&folder).map_err(|error| error.to_string().replace(&outside, ""))
    }

    fn open_text(files: &[(&str, &str)]) -> Result<Dataset, String> {
        let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
        open(&files)
    }

    /// The message for a good data set in which one file is another.
    fn message(bad: (&str, &[u8])) -> String {
        let good = [CORPUS, HIERARCHY, QUERIES, TEST].map(|(name, text)| (name, text.as_bytes()));
        let files: Vec<_> = good.into_iter().filter(|(name, _)| *name != bad.0).chain([bad]).collect();
        open(&files).expect_err(&String::from_utf8_lossy(bad.1))
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_folder_with_queries_is_opened() {
        let graded = ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq\tc\t0\nq\tb\t-1\nq\ta\t2\n");
        let data = open_text(&[CORPUS, HIERARCHY, QUERIES, graded]).unwrap();
        assert_eq!((&*data.name, &*data.docs[0].title, &*data.queries[0].text), ("data", "A", "?"));
        let grades: Vec<_> =
            data.judgements(Split::Test).unwrap().iter().map(|j| (j.doc.0, j.grade)).collect();
        assert_eq!(grades, [(0, 2), (1, -1), (2, 0)]);
        assert_eq!(data.pairs(Split::Test).unwrap().by_distance(), [1, 1]);
        assert!(
            !data.is_closed() && data.judgements(Split::Train).is_none() && data.pairs(Split::Dev).is_none()
        );
    }

    #[test]
    fn without_queries_every_document_is_its_own() {
        let data = open_text(&[CORPUS, HIERARCHY]).unwrap();
        assert!(data.is_closed() && data.judgements(Split::Dev).is_none());
        assert_eq!((&*data.queries[0].id, &*data.queries[0].text), ("a", "A"));
        assert_eq!(data.judgements(Split::Train), data.judgements(Split::Test));
        assert_eq!(data.pairs(Split::Test).unwrap().by_distance(), [3, 1]);
    }

    #[test]
    fn synonyms_are_read_and_other_keys_are_ignored() {
        let corpus = ("corpus.jsonl", r#"{"url": "x", "_id": "a", "synonyms": ["b", "c"], "metadata": {}}"#);
        assert_eq!(
            open_text(&[corpus, ("hierarchy.tsv", "child\tparent\n")]).unwrap().docs[0].synonyms,
            ["b", "c"]
        );
    }

    #[test]
    fn byte_order_marks_windows_lines_and_empty_lines_are_let_pass() {
        let hierarchy = ("hierarchy.tsv", "\u{feff}child\tparent\r\na\tb\r\n\r\nb\tc");
        assert_eq!(open_text(&[CORPUS, hierarchy]).unwrap().hierarchy.n_edges(), 2);
    }

    #[test]
    fn compressed_files_are_opened_even_in_several_parts() {
        let parts = [gzip(b"{\"_id\":\"a\"}\n"), gzip(b"{\"_id\":\"b\"}\n")].concat();
        let data =
            open(&[("corpus.jsonl.gz", &parts), ("hierarchy.tsv.gz", &gzip(b"child\tparent\na\tb\n"))]);
        assert_eq!(data.unwrap().hierarchy.n_edges(), 1);
    }

    #[test]
    fn documents_alone_are_enough_for_who_needs_no_more() {
        let data = open_by(Dataset::open_documents, &[(CORPUS.0, CORPUS.1.as_bytes())]).unwrap();
        assert!(data.is_closed() && data.docs.len() == 3 && data.hierarchy.n_edges() == 0);
        let asked = [CORPUS, QUERIES].map(|(name, content)| (name, content.as_bytes()));
        let data = open_by(Dataset::open_documents, &asked).unwrap();
        assert!(!data.is_closed() && !data.queries.is_empty());
        assert!(Split::ALL.iter().all(|split| data.pairs(*split).is_none()));
    }

    #[test]
    fn a_folder_that_is_no_data_set_is_told_what_it_lacks() {
        let cases: [(&[(&str, &str)], &str); 8] = [
            (
                &[],
                "data holds neither corpus.jsonl nor corpus.jsonl.gz; a data set needs one, with a line {\"_id\": \"..\", \"title\": \"..\", \"text\": \"..\"} for each document",
            ),
            (&[("corpus.jsonl", "")], "data/corpus.jsonl holds no document; at least one was expected"),
            (
                &[CORPUS],
                "data has neither queries nor a hierarchy; add queries.jsonl with qrels, or hierarchy.tsv with the header child<TAB>parent; the recipe hce-unsupervised learns from documents alone",
            ),
            (
                &[CORPUS, QUERIES],
                "data has queries but no judgements; add qrels/train.tsv, qrels/dev.tsv or qrels/test.tsv, or delete the queries to ask for each document by its title",
            ),
            (
                &[CORPUS, TEST],
                "data has judgements but no queries; add queries.jsonl, or delete qrels to ask for each document by its title",
            ),
            (
                &[CORPUS, TEST, ("queries.jsonl", "\n")],
                "data/queries.jsonl holds no query; at least one was expected",
            ),
            (
                &[CORPUS, QUERIES, ("qrels/dev.tsv", "query-id\tcorpus-id\tscore\n")],
                "data/qrels/dev.tsv holds no judgement; at least one was expected",
            ),
            (
                &[CORPUS, ("corpus.jsonl.gz", "")],
                "data/corpus.jsonl and data/corpus.jsonl.gz are both there; delete the one that is out of date",
            ),
        ];
        for (files, expected) in cases {
            assert_eq!(open_text(files).unwrap_err(), expected);
        }
    }

    #[test]
    fn a_missing_folder_is_told_how_to_make_one() {
        let error = Dataset::open(Path::new("no/such/folder")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no/such/folder is no folder; a data set is a folder with corpus.jsonl in it, and `rootward import` makes one"
        );
    }

    #[test]
    fn bad_lines_of_the_corpus_are_told_by_line() {
        let cases: [(&[u8], &str); 9] = [
            (
                b"{\"_id\":\"a\"}\n{\"_id\":\"b\"\n",
                "2: an object {\"_id\": \"..\", \"title\": \"..\", \"text\": \"..\"} was expected, but EOF while parsing an object at column 10, in `{\"_id\":\"b\"`",
            ),
            (
                b"{\"title\":\"a\"}",
                "1: an object {\"_id\": \"..\", \"title\": \"..\", \"text\": \"..\"} was expected, but missing field `_id` at column 13, in `{\"title\":\"a\"}`",
            ),
            (
                b"{\"_id\":7}",
                "1: an object {\"_id\": \"..\", \"title\": \"..\", \"text\": \"..\"} was expected, but invalid type: integer `7`, expected a string at column 8, in `{\"_id\":7}`",
            ),
            (
                b"{\"_id\":\"\"}",
                "1: an id without tabs and line breaks, not empty, was expected, `` was found",
            ),
            (
                b"{\"_id\":\"a\\tb\"}",
                "1: an id without tabs and line breaks, not empty, was expected, `a\\tb` was found",
            ),
            (
                b"{\"_id\":\"a\"}\n\n{\"_id\":\"b\"}\n{\"_id\":\"b\"}",
                "4: a new id was expected, `b` is that of line 3 too",
            ),
            (
                b"{\"_id\":\"a\"}\n{\"_id\":\"caf\xe9\"}",
                "2: UTF-8 was expected, byte 0xe9 at column 12 is none; `iconv -f latin1 -t utf-8` converts most older files",
            ),
            (
                b"PK\x03\x04\x00\x00",
                "1: text was expected, a zero byte was found; this is no text file: convert it to UTF-8, or take it away",
            ),
            (b"\x1f\x8b\x08", "1: text was expected, gzip was found; add .gz to the file's name"),
        ];
        for (content, expected) in cases {
            assert_eq!(message(("corpus.jsonl", content)), format!("data/corpus.jsonl:{expected}"));
        }
    }

    #[test]
    fn bad_lines_of_the_hierarchy_are_told_by_line() {
        let cases = [
            (
                "",
                ":1: the header `child<TAB>parent` was expected, `end of file` was found; put the header above the first row",
            ),
            (
                "a\tb\n",
                ":1: the header `child<TAB>parent` was expected, `a\\tb` was found; put the header above the first row",
            ),
            (
                "child\tparent\na b\n",
                ":2: 2 columns with tabs between them were expected, the line has 1: `a b`",
            ),
            (
                "child\tparent\na\tb\tc\n",
                ":2: 2 columns with tabs between them were expected, the line has 3: `a\\tb\\tc`",
            ),
            (
                "child\tparent\na\tz\n",
                ":2: the id of a document was expected, `z` is none; add it to the corpus, or delete this line",
            ),
            (
                "child\tparent\na\tb\n\na\tb\n",
                ":4: a new edge was expected, line 2 has `a` under `b` too; delete one of them",
            ),
            (
                "child\tparent\na\tb\nb\tb\n",
                ":3: two documents were expected, `b` is given as its own parent; delete this line",
            ),
            ("child\tparent\nb\ta\na\tb\n", " has a cycle: a → b → a; delete one of these edges"),
        ];
        for (content, expected) in cases {
            assert_eq!(
                message(("hierarchy.tsv", content.as_bytes())),
                format!("data/hierarchy.tsv{expected}")
            );
        }
    }

    #[test]
    fn bad_lines_of_queries_and_judgements_are_told_by_line() {
        let table = "query-id\tcorpus-id\tscore\n";
        let query = "{\"_id\":\"q\"}";
        let cases = [
            (
                "queries.jsonl",
                query.to_owned(),
                "1: an object {\"_id\": \"..\", \"text\": \"..\"} was expected, but missing field `text` at column 11, in `{\"_id\":\"q\"}`",
            ),
            (
                "qrels/test.tsv",
                "q\t0\ta\t1\n".to_owned(),
                "1: the header `query-id<TAB>corpus-id<TAB>score` was expected, `q\\t0\\ta\\t1` was found; put the header above the first row",
            ),
            (
                "qrels/test.tsv",
                format!("{table}q\t0\ta\t1\n"),
                "2: 3 columns with tabs between them were expected, the line has 4: `q\\t0\\ta\\t1`",
            ),
            (
                "qrels/test.tsv",
                format!("{table}x\ta\t1\n"),
                "2: the id of a query was expected, `x` is none; add it to queries.jsonl, or delete this line",
            ),
            (
                "qrels/test.tsv",
                format!("{table}q\tx\t1\n"),
                "2: the id of a document was expected, `x` is none; add it to the corpus, or delete this line",
            ),
            (
                "qrels/test.tsv",
                format!("{table}q\ta\thigh\n"),
                "2: a score, which is a whole number, was expected, `high` was found",
            ),
            (
                "qrels/test.tsv",
                format!("{table}q\ta\t1\nq\tb\t1\nq\ta\t0\n"),
                "4: one judgement of `a` for `q` was expected, line 2 has another; delete one of them",
            ),
        ];
        for (file, content, expected) in cases {
            assert_eq!(message((file, content.as_bytes())), format!("data/{file}:{expected}"));
        }
    }

    #[test]
    fn damaged_gzip_is_told_by_line() {
        let lines: String = (0..2_000).map(|i| format!("{{\"_id\":\"{}\"}}\n", i * 7_919)).collect();
        let whole = gzip(lines.as_bytes());
        let error = open(&[("corpus.jsonl.gz", &whole[..whole.len() - 9])]).unwrap_err();
        assert!(error.contains("gzip data were expected, but here they end or are damaged"), "{error}");
        let error = open(&[("corpus.jsonl.gz", b"{\"_id\":\"a\"}\n")]).unwrap_err();
        assert_eq!(
            error,
            "data/corpus.jsonl.gz:1: gzip data were expected, but here they end or are damaged (invalid gzip header); fetch or make the file again"
        );
        let error = open(&[("corpus.jsonl.gz", b"")]).unwrap_err();
        assert!(error.starts_with("data/corpus.jsonl.gz:1: gzip data were expected"), "{error}");
    }

    #[test]
    fn long_lines_are_shortened_in_messages() {
        let error = message(("corpus.jsonl", "x".repeat(1_000).as_bytes()));
        assert!(error.ends_with(&format!("in `{}…`", "x".repeat(60))), "{error}");
    }

    #[test]
    fn the_fingerprint_changes_with_ids_and_edges_and_not_with_texts() {
        let of = |corpus, edges| {
            open_text(&[("corpus.jsonl", corpus), ("hierarchy.tsv", edges)]).unwrap().fingerprint()
        };
        let (ab, ba) = ("{\"_id\":\"a\"}\n{\"_id\":\"b\"}", "{\"_id\":\"b\"}\n{\"_id\":\"a\"}");
        let first = of(ab, "child\tparent\na\tb\n");
        assert_eq!(first, of("{\"_id\":\"a\",\"title\":\"A\"}\n{\"_id\":\"b\"}", "child\tparent\na\tb\n"));
        assert_ne!(first, of(ba, "child\tparent\na\tb\n"));
        assert_ne!(first, of(ab, "child\tparent\nb\ta\n"));
    }
}
