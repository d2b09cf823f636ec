//! Reading a folder leniently: every fault is counted, and the rest is read on.
//!
//! What the strict reader refuses is a fault here too; both share the ways in which lines, headers, ids and numbers are
//! judged. A broken line whose id can still be made out gives its id away, so that what refers to it is not told as a
//! fault of its own.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::Kind;
use super::encoding::as_windows_1252;
use super::findings::Findings;
use crate::dataset::{
    DOCUMENT_LINE, DataError, Document, Fault, GUESSES_HEADER, HIERARCHY_HEADER, Judgement, Names,
    QRELS_HEADER, QUERY_LINE, Query, Split, each_raw_line, either, excerpt, from_json, probability, text_of,
};
use crate::hierarchy::Edge;
use crate::ids::{DocIdx, QueryIdx};

/// What could be read of a folder.
pub(super) struct Read {
    /// The documents, each with its line in the corpus; each id once.
    pub(super) docs: Vec<(Document, u64)>,
    /// The queries, each with its line; each id once; none where the folder has no file of them.
    pub(super) queries: Vec<(Query, u64)>,
    /// Sound edges, each once, with their lines; there may be cycles.
    pub(super) edges: Vec<(Edge, u64)>,
    /// The sound judgements of each split.
    pub(super) judged: [Vec<Judgement>; 3],
    /// Whether each document is its own query.
    pub(super) closed: bool,
    /// The name of the corpus.
    pub(super) corpus: String,
    /// The name of the file of edges.
    pub(super) hierarchy: String,
    /// The name of the file of queries.
    pub(super) queries_file: String,
}

/// What the reader lets pass and a copy does not have.
#[derive(Default)]
pub(super) struct Tidied {
    pub(super) byte_order_marks: u64,
    pub(super) windows_lines: u64,
    pub(super) empty_lines: u64,
}

/// A line of JSON with an id.
trait Record: DeserializeOwned + PartialEq {
    /// What a good line is.
    const EXPECTED: &str;
    /// Its name in files.
    fn id(&self) -> &str;
    /// What stands in for a line of which only the id could be read.
    fn named(id: &str) -> Self;
}

impl Record for Document {
    const EXPECTED: &str = DOCUMENT_LINE;

    fn id(&self) -> &str {
        &self.id
    }

    fn named(id: &str) -> Self {
        Document { id: id.to_owned(), title: id.to_owned(), ..Document::default() }
    }
}

impl Record for Query {
    const EXPECTED: &str = QUERY_LINE;

    fn id(&self) -> &str {
        &self.id
    }

    fn named(id: &str) -> Self {
        Query::new(id, id)
    }
}

/// What becomes of a line.
enum Line {
    Kept,
    Replaced(String),
    Dropped,
}

/// A fault of a row: its kind and its words.
type Bad = (Kind, String);

/// Reads a folder to its end, counting every fault, and gives each good line to `keep` with the name of its file.
pub(super) fn read(
    folder: &Path,
    findings: &mut Findings,
    keep: &mut dyn FnMut(&str, &str),
) -> (Read, Tidied) {
    let mut reader = Reader { folder, findings, keep, tidied: Tidied::default() };
    let read = reader.folder();
    (read, reader.tidied)
}

struct Reader<'a> {
    folder: &'a Path,
    findings: &'a mut Findings,
    keep: &'a mut dyn FnMut(&str, &str),
    tidied: Tidied,
}

impl Reader<'_> {
    fn folder(&mut self) -> Read {
        let corpus = self.find("corpus.jsonl");
        let hierarchy = self.find("hierarchy.tsv");
        let guesses = self.find("guesses.tsv");
        let queries_file = self.find("queries.jsonl");
        let qrels = Split::ALL.map(|split| self.find(&format!("qrels/{split}.tsv")));
        let judged = qrels.iter().any(Option::is_some);
        self.find_what_is_missing(&corpus, &hierarchy, &queries_file, judged);
        self.find_unread_files();

        let mut docs = Known::default();
        if let Some(file) = &corpus {
            docs = self.records(file);
        }
        let mut edges = Vec::new();
        if let Some(file) = &hierarchy {
            edges = self.edges(file, &docs);
        }
        if let Some(file) = &guesses {
            self.guesses(file, &docs);
        }
        let mut queries = Known::default();
        if let Some(file) = &queries_file {
            queries = self.records(file);
        }
        let of = |file: Option<String>| {
            file.map(|file| self.judgements(&file, &queries, &docs)).unwrap_or_default()
        };
        Read {
            judged: qrels.map(of),
            closed: queries_file.is_none() && !judged,
            docs: docs.records,
            queries: queries.records,
            edges,
            corpus: corpus.unwrap_or_default(),
            hierarchy: hierarchy.unwrap_or_default(),
            queries_file: queries_file.unwrap_or_default(),
        }
    }

    /// The name of a file, compressed or not; the plain one where there are both.
    fn find(&mut self, name: &str) -> Option<String> {
        let found: Option<PathBuf> = match either(self.folder, name) {
            Ok(found) => found,
            Err(_) => {
                self.findings.file(Kind::PlainAndCompressed, name, || format!("{name}.gz is there too"));
                return Some(name.to_owned());
            }
        };
        let compressed = found?.extension().is_some_and(|extension| extension == "gz");
        Some(if compressed { format!("{name}.gz") } else { name.to_owned() })
    }

    fn find_what_is_missing(
        &mut self,
        corpus: &Option<String>,
        hierarchy: &Option<String>,
        queries: &Option<String>,
        judged: bool,
    ) {
        if !self.folder.is_dir() {
            let folder = self.folder.display();
            return self.findings.file(Kind::MissingFolder, "", || format!("{folder} is no folder"));
        }
        if corpus.is_none() {
            let what = "neither corpus.jsonl nor corpus.jsonl.gz is there";
            self.findings.file(Kind::MissingCorpus, "", || what.to_owned());
        }
        match (queries, judged, hierarchy) {
            (Some(file), false, _) => {
                self.findings.file(Kind::MissingJudgements, file, || "there are no qrels".to_owned());
            }
            (None, true, _) => {
                self.findings.file(Kind::MissingQueries, "qrels", || "there is no queries.jsonl".to_owned());
            }
            (None, false, None) => {
                let what = "neither queries.jsonl nor hierarchy.tsv is there";
                self.findings.file(Kind::NothingToLearn, "", || what.to_owned());
            }
            _ => {}
        }
    }

    /// Tables beside those of the splits, which may be splits by another name.
    fn find_unread_files(&mut self) {
        let read = |name: &str| {
            Split::ALL.iter().any(|split| name.strip_suffix(".gz").unwrap_or(name) == format!("{split}.tsv"))
        };
        let table =
            |name: &str| [".tsv", ".txt", ".csv", ".gz", ".qrels"].iter().any(|end| name.ends_with(end));
        let entries = fs::read_dir(self.folder.join("qrels")).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.filter(|name| table(name) && !read(name)).collect();
        names.sort();
        for name in names {
            self.findings
                .file(Kind::UnreadFile, &format!("qrels/{name}"), || "no split has this name".to_owned());
        }
    }

    /// Calls `take` with every line that can be made a text of, and keeps what it says; whether the file could be read
    /// to its end.
    fn lines(&mut self, file: &str, mut take: impl FnMut(&mut Self, &str, u64) -> Line) -> bool {
        let path = self.folder.join(file);
        let done = each_raw_line(&path, |bytes, number| {
            self.tidied.byte_order_marks += u64::from(number == 1 && bytes.starts_with(BYTE_ORDER_MARK));
            self.tidied.windows_lines += u64::from(bytes.ends_with(b"\r\n"));
            match text_of(bytes, number) {
                Ok("") => self.tidied.empty_lines += 1,
                Ok(line) => self.take(file, line, number, &mut take),
                Err(fault @ Fault::GzipByAnotherName) => return Err(fault),
                Err(fault @ Fault::NotUtf8 { .. }) => match as_windows_1252(without_ends(bytes, number)) {
                    Some(line) => {
                        self.findings.line(Kind::NotUtf8, file, number, || fault.to_string());
                        self.take(file, &line, number, &mut take);
                    }
                    None => self.findings.line(Kind::NotText, file, number, || fault.to_string()),
                },
                Err(fault) => self.findings.line(kind_of(&fault), file, number, || fault.to_string()),
            }
            Ok(())
        });
        match &done {
            Ok(()) => {}
            Err(DataError::Line { line, fault, .. }) => {
                self.findings.line(kind_of(fault), file, *line, || fault.to_string());
            }
            Err(DataError::Read { cause, .. }) => {
                self.findings.file(Kind::Unreadable, file, || cause.to_string());
            }
            Err(other) => self.findings.file(Kind::Unreadable, file, || other.to_string()),
        }
        done.is_ok()
    }

    fn take(
        &mut self,
        file: &str,
        line: &str,
        number: u64,
        take: &mut impl FnMut(&mut Self, &str, u64) -> Line,
    ) {
        match take(self, line, number) {
            Line::Kept => (self.keep)(file, line),
            Line::Replaced(instead) => (self.keep)(file, &instead),
            Line::Dropped => {}
        }
    }

    /// The documents or the queries.
    fn records<T: Record>(&mut self, file: &str) -> Known<T> {
        let mut known = Known::default();
        let mut n_lines = 0;
        let whole = self.lines(file, |reader, line, number| {
            n_lines += 1;
            match from_json::<T>(line, T::EXPECTED) {
                Ok(record) => match known.add(record, number) {
                    Ok(()) => Line::Kept,
                    Err((kind, what)) => {
                        reader.findings.line(kind, file, number, || what);
                        Line::Dropped
                    }
                },
                Err(fault) => {
                    reader.findings.line(Kind::Json, file, number, || fault.to_string());
                    // Another fault of a line that is broken anyway is not worth telling.
                    let _ = id_of(line).map(|id| known.add(T::named(&id), number));
                    Line::Dropped
                }
            }
        });
        if whole && n_lines == 0 {
            self.findings.file(Kind::EmptyFile, file, || "there is no line in it".to_owned());
        }
        known.whole = whole;
        known
    }

    /// Calls `take` with the columns of every row, and once more without the blanks around them where it finds a fault;
    /// how many rows there are, or nothing where the table could not be read to its end.
    fn rows<const N: usize>(
        &mut self,
        file: &str,
        header: [&str; N],
        mut take: impl FnMut([&str; N], u64) -> Result<(), Bad>,
    ) -> Option<u64> {
        let (mut has_header, mut n_rows) = (false, 0);
        let whole = self.lines(file, |reader, line, number| {
            let bad = if has_header {
                n_rows += 1;
                match columns::<N>(line).map(|columns| take(columns, number)) {
                    Some(Ok(())) => return Line::Kept,
                    Some(Err(bad)) => bad,
                    None => {
                        let got = line.split('\t').count();
                        let fault = Fault::Columns { expected: N, got, found: excerpt(line) };
                        (Kind::Columns, fault.to_string())
                    }
                }
            } else {
                if columns(line) == Some(header) {
                    has_header = true;
                    return Line::Kept;
                }
                let fault = Fault::Header { expected: header.join("<TAB>"), found: excerpt(line) };
                (Kind::Header, fault.to_string())
            };
            let trimmed = line.split('\t').map(str::trim).collect::<Vec<_>>().join("\t");
            let trimmed = trimmed.trim();
            if trimmed != line
                && let Some(columns) = columns::<N>(trimmed)
            {
                let good = if has_header { take(columns, number).is_ok() } else { columns == header };
                if good {
                    has_header = true;
                    reader.findings.line(Kind::StrayBlanks, file, number, || bad.1);
                    return Line::Replaced(trimmed.to_owned());
                }
            }
            has_header = true;
            reader.findings.line(bad.0, file, number, || bad.1);
            Line::Dropped
        });
        if whole && !has_header {
            let fault = Fault::Header { expected: header.join("<TAB>"), found: "end of file".to_owned() };
            self.findings.line(Kind::Header, file, 1, || fault.to_string());
            return None;
        }
        whole.then_some(n_rows)
    }

    fn edges(&mut self, file: &str, docs: &Known<Document>) -> Vec<(Edge, u64)> {
        let (mut edges, mut lines) = (Vec::new(), HashMap::new());
        self.rows(file, HIERARCHY_HEADER, |[child, parent], number| {
            let edge = Edge {
                child: DocIdx(docs.find_doc(child, Kind::UnknownInEdge)?),
                parent: DocIdx(docs.find_doc(parent, Kind::UnknownInEdge)?),
            };
            if !docs.whole {
                return Ok(());
            }
            if edge.child == edge.parent {
                return Err((Kind::SelfEdge, Fault::SelfEdge { id: excerpt(child) }.to_string()));
            }
            if let Some(&first) = lines.get(&edge) {
                let (child, parent) = (excerpt(child), excerpt(parent));
                return Err((Kind::RepeatedEdge, Fault::RepeatedEdge { child, parent, first }.to_string()));
            }
            lines.insert(edge, number);
            edges.push((edge, number));
            Ok(())
        });
        edges
    }

    fn guesses(&mut self, file: &str, docs: &Known<Document>) {
        let mut lines = HashMap::new();
        self.rows(file, GUESSES_HEADER, |[child, ancestor, text], number| {
            let low = docs.find_doc(child, Kind::BadGuess)?;
            let high = docs.find_doc(ancestor, Kind::BadGuess)?;
            probability(text).map_err(|fault| (Kind::BadGuess, fault.to_string()))?;
            if let Some(&first) = lines.get(&(low, high)).filter(|_| docs.whole) {
                let (child, parent) = (excerpt(child), excerpt(ancestor));
                return Err((Kind::BadGuess, Fault::RepeatedEdge { child, parent, first }.to_string()));
            }
            lines.insert((low, high), number);
            Ok(())
        });
    }

    fn judgements(&mut self, file: &str, queries: &Known<Query>, docs: &Known<Document>) -> Vec<Judgement> {
        let (mut judgements, mut firsts) = (Vec::new(), HashMap::new());
        let n_rows = self.rows(file, QRELS_HEADER, |[query_id, doc_id, score], number| {
            let unknown = || Fault::UnknownQuery { id: excerpt(query_id) }.to_string();
            let query =
                QueryIdx(queries.find(query_id).ok_or_else(|| (Kind::UnknownInJudgement, unknown()))?);
            let doc = DocIdx(docs.find_doc(doc_id, Kind::UnknownInJudgement)?);
            let no_score = |_| (Kind::Score, Fault::Score { found: excerpt(score) }.to_string());
            let grade: i32 = score.parse().map_err(no_score)?;
            if !queries.whole || !docs.whole {
                return Ok(());
            }
            if let Some(&(first, of_first)) = firsts.get(&(query, doc)) {
                let (query, doc) = (excerpt(query_id), excerpt(doc_id));
                return Err(if grade == of_first {
                    (Kind::RepeatedJudgement, Fault::RepeatedJudgement { query, doc, first }.to_string())
                } else {
                    let what =
                        format!("`{doc}` for `{query}` has score {grade}, in line {first} it has {of_first}");
                    (Kind::ContradictingJudgement, what)
                });
            }
            firsts.insert((query, doc), (number, grade));
            judgements.push(Judgement { query, doc, grade });
            Ok(())
        });
        if n_rows == Some(0) {
            self.findings.file(Kind::EmptyFile, file, || "there is no judgement in it".to_owned());
        }
        judgements
    }
}

/// Documents or queries, and where they are by their ids.
struct Known<T> {
    records: Vec<(T, u64)>,
    names: Names,
    /// Whether all of them were read: otherwise nothing can be said of ids that are not here.
    whole: bool,
}

impl<T> Default for Known<T> {
    fn default() -> Self {
        Known { records: Vec::new(), names: Names::default(), whole: false }
    }
}

impl<T: Record> Known<T> {
    fn add(&mut self, record: T, number: u64) -> Result<(), Bad> {
        match self.names.add(record.id(), number) {
            Ok(_) => {
                self.records.push((record, number));
                Ok(())
            }
            Err(fault @ Fault::DuplicateId { .. }) => {
                let first = self.names.get(record.id()).map(|place| &self.records[place as usize]);
                match first {
                    Some((same, line)) if *same == record => {
                        let what = format!("line {line} says the same of `{}`", excerpt(record.id()));
                        Err((Kind::RepeatedLine, what))
                    }
                    _ => Err((Kind::DuplicateId, fault.to_string())),
                }
            }
            Err(fault) => Err((Kind::BadId, fault.to_string())),
        }
    }

    /// The number of an id; any where not all were read.
    fn find(&self, id: &str) -> Option<u32> {
        if self.whole { self.names.get(id) } else { Some(0) }
    }
}

impl Known<Document> {
    fn find_doc(&self, id: &str, kind: Kind) -> Result<u32, Bad> {
        self.find(id).ok_or_else(|| (kind, Fault::UnknownDocument { id: excerpt(id) }.to_string()))
    }
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The bytes of a line without its end and the byte order mark of the first.
fn without_ends(bytes: &[u8], number: u64) -> &[u8] {
    let bytes = if number == 1 { bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes) } else { bytes };
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

/// The columns of a row, if it has as many as it should.
fn columns<const N: usize>(line: &str) -> Option<[&str; N]> {
    let mut parts = line.split('\t');
    let mut columns = [""; N];
    for column in &mut columns {
        *column = parts.next()?;
    }
    parts.next().is_none().then_some(columns)
}

/// The id of a line that is JSON, but not of the right shape.
fn id_of(line: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(line).ok()?;
    value.get("_id")?.as_str().map(str::to_owned)
}

/// The kind of a fault that lines have before anything is known of their content.
fn kind_of(fault: &Fault) -> Kind {
    match fault {
        Fault::Binary => Kind::ZeroByte,
        Fault::GzipByAnotherName => Kind::GzipByAnotherName,
        Fault::NotUtf8 { .. } => Kind::NotUtf8,
        Fault::Damaged { .. } => Kind::Damaged,
        Fault::LongLine { .. } => Kind::LongLine,
        _ => Kind::Json,
    }
}
