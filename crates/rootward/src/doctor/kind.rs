//! The ways in which data can be wrong: how bad each is, and what to do about it.

use std::fmt;

use serde::Serialize;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The folder does not open.
    Error,
    /// It opens, but something in it is not as it seems.
    Warning,
    /// Worth knowing.
    Hint,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Hint => "hint",
        })
    }
}

/// A way in which data can be wrong, in the order in which problems are told. Its name in JSON is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Missing folders.
    MissingFolder,
    /// Missing corpora.
    MissingCorpus,
    /// Sets of queries without judgements.
    MissingJudgements,
    /// Sets of judgements without queries.
    MissingQueries,
    /// Folders with neither queries nor a hierarchy.
    NothingToLearn,
    /// Files that are there both plain and compressed.
    PlainAndCompressed,
    /// Files that could not be read.
    Unreadable,
    /// Files without the lines that they need.
    EmptyFile,
    /// Compressed files that are damaged.
    Damaged,
    /// Compressed files whose names do not say so.
    GzipByAnotherName,
    /// Files with a line too long to be one.
    LongLine,
    /// Lines with zero bytes.
    ZeroByte,
    /// Lines that are not UTF-8.
    NotUtf8,
    /// Lines in no encoding that is known here.
    NotText,
    /// Lines that are not JSON of the expected shape.
    Json,
    /// Tables without their header.
    Header,
    /// Rows with the wrong number of columns.
    Columns,
    /// Rows with blanks around a column.
    StrayBlanks,
    /// Ids that are empty or have tabs or line breaks.
    BadId,
    /// Lines that say again what an earlier line says.
    RepeatedLine,
    /// Ids that stand for two different things.
    DuplicateId,
    /// Edges to documents that are not in the corpus.
    UnknownInEdge,
    /// Documents given as their own parent.
    SelfEdge,
    /// Edges that an earlier line has.
    RepeatedEdge,
    /// Knots of documents that lie above each other.
    Cycle,
    /// Hierarchies with more ancestors than can be held (2^28).
    TooManyAncestors,
    /// Rows of guesses.tsv that cannot be used.
    BadGuess,
    /// Judgements of queries or documents that are not there.
    UnknownInJudgement,
    /// Scores that are no whole numbers.
    Score,
    /// Judgements that an earlier line has.
    RepeatedJudgement,
    /// Judgements that contradict an earlier line.
    ContradictingJudgement,
    /// Queries that are judged in two splits.
    LeakedQuery,
    /// Queries whose text another query has in another split.
    LeakedText,
    /// Groups with queries in two splits.
    LeakedGroup,
    /// Documents with the title and text of an earlier one.
    DuplicateDocument,
    /// Queries with the text of an earlier one of the same split.
    DuplicateQuery,
    /// Documents with neither title nor text.
    EmptyDocument,
    /// Queries without text.
    EmptyQuery,
    /// Texts that were read in the wrong encoding once.
    Mojibake,
    /// Queries without a judgement.
    UnjudgedQuery,
    /// Queries with judgements of which none is above 0.
    UnansweredQuery,
    /// Documents that are relevant to more than nine queries in ten.
    LabelOfNearlyAll,
    /// Documents without any edge, while others have some.
    IsolatedDocument,
    /// Edges to an ancestor that other edges lead to as well.
    TransitiveEdge,
    /// Files that are not read.
    UnreadFile,
    /// Roots with documents under them.
    SeveralRoots,
}

impl Kind {
    /// Whether a folder with such a problem opens.
    pub fn severity(self) -> Severity {
        match self {
            kind if kind < Kind::LeakedQuery => Severity::Error,
            Kind::SeveralRoots => Severity::Hint,
            _ => Severity::Warning,
        }
    }

    /// What is counted, in the plural.
    pub fn what(self) -> &'static str {
        self.words().0
    }

    /// What to do about it.
    pub fn remedy(self) -> &'static str {
        self.words().1
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Kind::MissingFolder => {
                ("missing folders", "name a folder with corpus.jsonl in it; `rootward import` makes one")
            }
            Kind::MissingCorpus => (
                "missing corpora",
                r#"write corpus.jsonl with a line {"_id": "..", "title": "..", "text": ".."} for each document"#,
            ),
            Kind::MissingJudgements => (
                "sets of queries without judgements",
                "add qrels/train.tsv, qrels/dev.tsv or qrels/test.tsv, or delete the queries to ask for each document by its title",
            ),
            Kind::MissingQueries => (
                "sets of judgements without queries",
                "add queries.jsonl, or delete qrels to ask for each document by its title",
            ),
            Kind::NothingToLearn => (
                "folders with neither queries nor a hierarchy",
                "it is enough for what learns from documents alone, as the recipe hce-unsupervised, for search and for trees; \
                 for all else add queries.jsonl with qrels, or hierarchy.tsv with the header child<TAB>parent",
            ),
            Kind::PlainAndCompressed => {
                ("files that are there both plain and compressed", "delete the one that is out of date")
            }
            Kind::Unreadable => ("files that could not be read", "look at their permissions and at the disk"),
            Kind::EmptyFile => ("files without the lines that they need", "fill the file, or delete it"),
            Kind::Damaged => (
                "compressed files that are damaged",
                "fetch or make the file again; what was examined ends where the damage begins",
            ),
            Kind::GzipByAnotherName => {
                ("compressed files whose names do not say so", "add .gz to the file's name")
            }
            Kind::LongLine => {
                ("files with a line too long to be one", "one record on each line; is this the right file?")
            }
            Kind::ZeroByte => {
                ("lines with zero bytes", "these are not lines of text: export the file again, as UTF-8")
            }
            Kind::NotUtf8 => (
                "lines that are not UTF-8",
                "`iconv -f cp1252 -t utf-8` converts most older files; --fix reads such bytes as Windows-1252 where that gives text",
            ),
            Kind::NotText => (
                "lines in no encoding that is known here",
                "find out how the file was written, and export it as UTF-8",
            ),
            Kind::Json => (
                "lines that are not JSON of the expected shape",
                "write the line again: one object on each line, every text in quotation marks",
            ),
            Kind::Header => ("tables without their header", "put the header above the first row"),
            Kind::Columns => (
                "rows with the wrong number of columns",
                "part the columns with one tab each; texts with tabs or line breaks do not belong into these tables",
            ),
            Kind::StrayBlanks => ("rows with blanks around a column", "delete the blanks; --fix does"),
            Kind::BadId => (
                "ids that are empty or have tabs or line breaks",
                "give each its own id in one word, and use it in the hierarchy and in the judgements",
            ),
            Kind::RepeatedLine => {
                ("lines that say again what an earlier line says", "delete the later one; --fix does")
            }
            Kind::DuplicateId => (
                "ids that stand for two different things",
                "rename one of the two and what refers to it, or delete one: no program can know which is meant",
            ),
            Kind::UnknownInEdge => (
                "edges to documents that are not in the corpus",
                "add the documents, or delete the edges; --fix deletes",
            ),
            Kind::SelfEdge => ("documents given as their own parent", "delete the line; --fix does"),
            Kind::RepeatedEdge => ("edges that an earlier line has", "delete the later one; --fix does"),
            Kind::Cycle => (
                "knots of documents that lie above each other",
                "delete one edge of each circle; which one is wrong no program can know",
            ),
            Kind::TooManyAncestors => (
                "hierarchies with more ancestors than can be held (2^28)",
                "is it a sequence by mistake? cut long chains, or take a part of it",
            ),
            Kind::BadGuess => (
                "rows of guesses.tsv that cannot be used",
                "delete them, or make the file again with `rootward complete`",
            ),
            Kind::UnknownInJudgement => (
                "judgements of queries or documents that are not there",
                "add what is missing, or delete the judgements; --fix deletes",
            ),
            Kind::Score => (
                "scores that are no whole numbers",
                "write 1 for a document that answers, 0 for one that does not; more for better answers",
            ),
            Kind::RepeatedJudgement => {
                ("judgements that an earlier line has", "delete the later one; --fix does")
            }
            Kind::ContradictingJudgement => (
                "judgements that contradict an earlier line",
                "delete the wrong one: no program can know which",
            ),
            Kind::LeakedQuery => (
                "queries that are judged in two splits",
                "what is tested must not be trained on: `rootward split DATA --by query --out OUT` divides anew",
            ),
            Kind::LeakedText => (
                "queries whose text, but for capitals and blanks, another query has in another split",
                "what is tested must not be trained on: `rootward split DATA --by query --out OUT` keeps the same texts together",
            ),
            Kind::LeakedGroup => (
                "groups with queries in two splits",
                "`rootward split DATA --by group --out OUT` keeps groups together",
            ),
            Kind::DuplicateDocument => (
                "documents with the title and text of an earlier one",
                "nothing tells them apart: merge them, or make their texts differ",
            ),
            Kind::DuplicateQuery => (
                "queries with the text, but for capitals and blanks, of an earlier one of the same split",
                "merge them and their judgements, or leave them if the repetition is meant",
            ),
            Kind::EmptyDocument => (
                "documents with neither title nor text",
                "a model that reads texts has nothing to go by: give each at least a title",
            ),
            Kind::EmptyQuery => ("queries without text", "write what is asked, or delete them"),
            Kind::Mojibake => (
                "texts that were read in the wrong encoding once",
                "export again from the source as UTF-8; what was lost to � cannot be brought back",
            ),
            Kind::UnjudgedQuery => (
                "queries without a judgement",
                "judge them, or delete them; nothing trains on them or measures them",
            ),
            Kind::UnansweredQuery => (
                "queries with judgements of which none is above 0",
                "judge a document that answers, or delete them; nothing trains on them or measures them",
            ),
            Kind::LabelOfNearlyAll => (
                "documents that are relevant to more than nine queries in ten",
                "such a label says nothing: delete it, or split what is under it",
            ),
            Kind::IsolatedDocument => (
                "documents without any edge, while others have some",
                "give each a parent, or delete it if it is not part of the hierarchy",
            ),
            Kind::TransitiveEdge => (
                "edges to an ancestor that other edges lead to as well",
                "they shorten distances: delete them unless the short way is meant; --fix leaves them",
            ),
            Kind::UnreadFile => (
                "files that are not read",
                "judgements are read from train.tsv, dev.tsv and test.tsv, plain or .gz: rename the file if it is one of these",
            ),
            Kind::SeveralRoots => (
                "roots with documents under them",
                "no fault; add a document above them if they are one hierarchy",
            ),
        }
    }

    /// What [`mend`](super::mend) does about it; `None` where it is not safe to do
    /// anything.
    pub(super) fn mended(self) -> Option<&'static str> {
        Some(match self {
            Kind::NotUtf8 => "lines read as Windows-1252",
            Kind::StrayBlanks => "rows freed of blanks around their columns",
            Kind::RepeatedLine => "repeated lines dropped",
            Kind::UnknownInEdge => "edges to unknown documents dropped",
            Kind::SelfEdge => "edges from a document to itself dropped",
            Kind::RepeatedEdge => "repeated edges dropped",
            Kind::UnknownInJudgement => "judgements of unknown queries or documents dropped",
            Kind::RepeatedJudgement => "repeated judgements dropped",
            _ => return None,
        })
    }
}
