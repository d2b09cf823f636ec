//! What can be wrong with data, in words that lead to the fix.
//!
//! One error names one place: the file, the line, what was expected there and what was found.

use std::io;
use std::path::{Path, PathBuf};

use crate::files::WriteError;
use crate::hierarchy::HierarchyError;
use crate::ids::DocIdx;

/// Data could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// A line is wrong.
    #[error("{}:{line}: {fault}", file.display())]
    Line {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        #[source]
        fault: Fault,
    },
    /// The operating system did not let a file be read.
    #[error("{} could not be read: {cause}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },
    /// There is no such folder.
    #[error("{} is no folder; a data set is a folder with corpus.jsonl in it, and `rootward import` makes one",
            folder.display())]
    NoFolder {
        /// The folder asked for.
        folder: PathBuf,
    },
    /// The folder holds no documents.
    #[error("{} holds neither corpus.jsonl nor corpus.jsonl.gz; a data set needs one, with a line \
             {{\"_id\": \"..\", \"title\": \"..\", \"text\": \"..\"}} for each document", folder.display())]
    NoCorpus {
        /// The folder.
        folder: PathBuf,
    },
    /// A file or folder lacks what its kind must have.
    #[error("{} holds no {what}; {remedy}", path.display())]
    Lacks {
        /// The file or folder.
        path: PathBuf,
        /// What is not there.
        what: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A file is there both as it is and compressed.
    #[error("{} and {}.gz are both there; delete the one that is out of date", plain.display(), plain.display())]
    Twice {
        /// The file that is not compressed.
        plain: PathBuf,
    },
    /// A file that must hold something holds nothing.
    #[error("{} holds no {what}; at least one was expected", file.display())]
    Empty {
        /// The file.
        file: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// There are queries, but nothing says what answers them.
    #[error("{} has queries but no judgements; add qrels/train.tsv, qrels/dev.tsv or qrels/test.tsv, or delete \
             the queries to ask for each document by its title", folder.display())]
    NoJudgements {
        /// The folder.
        folder: PathBuf,
    },
    /// There are judgements, but not the queries that they are about.
    #[error("{} has judgements but no queries; add queries.jsonl, or delete qrels to ask for each document by its \
             title", folder.display())]
    NoQueries {
        /// The folder.
        folder: PathBuf,
    },
    /// Files of a data folder are asked of a data set that is in none.
    #[error(
        "data set `{name}` is in no folder, and generated queries are files of one; take `generated` out of \
             `learn_from`"
    )]
    NotInFolder {
        /// Its name.
        name: String,
    },
    /// There is nothing to learn: neither queries nor a hierarchy.
    #[error("{} has neither queries nor a hierarchy; add queries.jsonl with qrels, or hierarchy.tsv with the header \
             child<TAB>parent; the recipe hce-unsupervised learns from documents alone", folder.display())]
    NothingToLearn {
        /// The folder.
        folder: PathBuf,
    },
    /// Going up the hierarchy from a document leads back to it.
    #[error("{} has a cycle: {}; delete one of these edges", file.display(), ids.join(" → "))]
    Cycle {
        /// The file.
        file: PathBuf,
        /// The documents of the cycle, the first of them again at the end.
        ids: Vec<String>,
    },
    /// The edges form no hierarchy that can be held.
    #[error("{}: {cause}", file.display())]
    Hierarchy {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        cause: HierarchyError,
    },
    /// The folder to write is taken.
    #[error("{} is there already and not empty; name a new folder, or delete that one first", folder.display())]
    Taken {
        /// The folder.
        folder: PathBuf,
    },
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl DataError {
    /// The error of a hierarchy, told by the names of its documents and the lines of its edges, which count from 0.
    pub fn of_hierarchy(
        error: HierarchyError,
        file: &Path,
        id: &dyn Fn(DocIdx) -> String,
        line: &dyn Fn(usize) -> u64,
    ) -> Self {
        let file = file.to_owned();
        match error {
            HierarchyError::SelfEdge { at, doc } => {
                DataError::Line { file, line: line(at), fault: Fault::SelfEdge { id: excerpt(&id(doc)) } }
            }
            HierarchyError::RepeatedEdge { at, first, edge } => {
                let (child, parent) = (excerpt(&id(edge.child)), excerpt(&id(edge.parent)));
                let fault = Fault::RepeatedEdge { child, parent, first: line(first) };
                DataError::Line { file, line: line(at), fault }
            }
            HierarchyError::Cycle { docs: cycle } => {
                let ids = cycle.iter().chain(cycle.first()).map(|doc| id(*doc)).collect();
                DataError::Cycle { file, ids }
            }
            cause @ (HierarchyError::NoDocument { .. } | HierarchyError::TooLarge { .. }) => {
                DataError::Hierarchy { file, cause }
            }
        }
    }
}

/// What is wrong with one line. Texts found are shortened.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Bytes that are no text.
    #[error(
        "text was expected, a zero byte was found; this is no text file: convert it to UTF-8, or take it away"
    )]
    Binary,
    /// Compressed bytes under a name that promises text.
    #[error("text was expected, gzip was found; add .gz to the file's name")]
    GzipByAnotherName,
    /// Text in some other encoding.
    #[error(
        "UTF-8 was expected, byte {byte:#04x} at column {column} is none; `iconv -f latin1 -t utf-8` converts \
             most older files"
    )]
    NotUtf8 {
        /// The first byte that does not fit.
        byte: u8,
        /// Where it stands in the line, in bytes from 1.
        column: usize,
    },
    /// Compressed data that end too early or are damaged.
    #[error(
        "{format} data were expected, but here they end or are damaged ({cause}); fetch or make the file again"
    )]
    Damaged {
        /// How they are compressed.
        format: &'static str,
        /// What the decompressor said.
        #[source]
        cause: io::Error,
    },
    /// A line that no file of its kind has.
    #[error("a line of at most {most} bytes was expected, this one is longer; this is no text file of lines")]
    LongLine {
        /// How many bytes are read.
        most: usize,
    },
    /// Text that breaks the rules of its format.
    #[error("well-formed {format} was expected, but {}", on_one_line(problem))]
    Syntax {
        /// The format.
        format: &'static str,
        /// What the parser said.
        problem: String,
    },
    /// No JSON, or not of the shape expected.
    #[error(
        "{expected} was expected, but {problem} at column {column}, in `{found}`{}",
        of_surrogates(problem)
    )]
    Json {
        /// The shape of a good line.
        expected: &'static str,
        /// What the parser said.
        problem: String,
        /// Where, in bytes from 1.
        column: usize,
        /// The line.
        found: String,
    },
    /// An id that is empty, or could not stand in a table.
    #[error("an id without tabs and line breaks, not empty, was expected, `{found}` was found")]
    Id {
        /// The id.
        found: String,
    },
    /// An id that an earlier line has.
    #[error("a new id was expected, `{id}` is that of line {first} too")]
    DuplicateId {
        /// The id.
        id: String,
        /// The earlier line.
        first: u64,
    },
    /// The first line of a table is something else.
    #[error("the header `{expected}` was expected, `{found}` was found; put the header above the first row")]
    Header {
        /// The header, with `<TAB>` for tabs.
        expected: String,
        /// The line.
        found: String,
    },
    /// A row of a table has too many or too few columns.
    #[error("{expected} columns with tabs between them were expected, the line has {got}: `{found}`")]
    Columns {
        /// How many there should be.
        expected: usize,
        /// How many there are.
        got: usize,
        /// The line.
        found: String,
    },
    /// A row of a table lacks a column that is needed.
    #[error("at least {expected} columns were expected, the line has {got}: `{found}`")]
    TooFewColumns {
        /// How many there should be at least.
        expected: usize,
        /// How many there are.
        got: usize,
        /// The line.
        found: String,
    },
    /// A row of a table has more cells than the table has columns.
    #[error(
        "{expected} columns were expected, the line has {got}: `{found}`; a cell that holds the delimiter stands in quotes"
    )]
    TooManyColumns {
        /// How many there should be.
        expected: usize,
        /// How many there are.
        got: usize,
        /// The line.
        found: String,
    },
    /// A number that is none, or not of the kind expected.
    #[error("{what} was expected, `{found}` was found")]
    Number {
        /// What was expected.
        what: &'static str,
        /// What was found.
        found: String,
    },
    /// A name that no document has.
    #[error("the id of a document was expected, `{id}` is none; add it to the corpus, or delete this line")]
    UnknownDocument {
        /// The name.
        id: String,
    },
    /// A name that no query has.
    #[error("the id of a query was expected, `{id}` is none; add it to queries.jsonl, or delete this line")]
    UnknownQuery {
        /// The name.
        id: String,
    },
    /// A name that no generated query has.
    #[error("the id of a query of {file} was expected, `{id}` is none; add it there, or delete this line")]
    UnknownGenerated {
        /// The name.
        id: String,
        /// The file of the generated queries.
        file: String,
    },
    /// The name of a generated query that another query has.
    #[error(
        "an id that no other query has was expected, `{id}` is that of a query of the data set; rename this one"
    )]
    TakenId {
        /// The name.
        id: String,
    },
    /// A score that is no whole number.
    #[error("a score, which is a whole number, was expected, `{found}` was found")]
    Score {
        /// What stands there.
        found: String,
    },
    /// A query and a document that an earlier line has judged.
    #[error(
        "one judgement of `{doc}` for `{query}` was expected, line {first} has another; delete one of them"
    )]
    RepeatedJudgement {
        /// The query.
        query: String,
        /// The document.
        doc: String,
        /// The earlier line.
        first: u64,
    },
    /// A document under itself.
    #[error("two documents were expected, `{id}` is given as its own parent; delete this line")]
    SelfEdge {
        /// The document.
        id: String,
    },
    /// An edge that an earlier line has.
    #[error("a new edge was expected, line {first} has `{child}` under `{parent}` too; delete one of them")]
    RepeatedEdge {
        /// The child.
        child: String,
        /// The parent.
        parent: String,
        /// The earlier line.
        first: u64,
    },
    /// A field that does not hold what it should.
    #[error("{expected} was expected, `{found}` was found")]
    Field {
        /// What it should hold.
        expected: &'static str,
        /// What it holds.
        found: String,
    },
}

/// What a foreign parser says, without the line ends and other controls of the file that it may repeat.
fn on_one_line(said: &str) -> String {
    said.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A text as messages show it: its first 60 characters, on one line.
pub fn excerpt(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown = String::new();
    for c in text.chars().take(LONGEST) {
        if c.is_control() { shown.extend(c.escape_debug()) } else { shown.push(c) }
    }
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}
/// What helps where JSON has half of a character, as programs write that cut texts between two halves.
fn of_surrogates(problem: &str) -> &'static str {
    match problem.contains("surrogate") || problem.contains("end of hex escape") {
        true => "; half of a surrogate pair is no character: write both halves, or U+FFFD in its place",
        false => "",
    }
}
