//! A data set: documents, the hierarchy over them, and queries with their judgements.
//!
//! On disk it is the folder of the BEIR benchmark plus one file, `hierarchy.tsv`; see [`Dataset::open`]. Everything
//! that trains or measures takes this one type, wherever the data came from. Always true: the hierarchy is over
//! exactly these documents, and every judgement names a query and a document that exist.

mod error;
mod lines;
mod parts;
mod read;
mod teaching;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::hierarchy::Hierarchy;
use crate::ids::{DocIdx, QueryIdx};
use crate::pairs::{Guess, Pairs, Relevant};
use crate::rows::Rows;

pub use error::{DataError, Fault, excerpt};
pub(crate) use lines::{Names, each_raw_line, each_row, either, text_of};
pub use lines::{check_id, each_line_in, next_line_in, unreadable, utf8};
pub use parts::{Asked, Parts};
pub use read::{DOCUMENT_LINE, from_json};
pub(crate) use read::{GUESSES_HEADER, HIERARCHY_HEADER, QRELS_HEADER, QUERY_LINE, probability};
pub use write::{Compress, write_folder};

/// Something to retrieve, as one line of `corpus.jsonl`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Its name in files; never empty, without tabs and line breaks.
    #[serde(rename = "_id")]
    pub id: String,
    /// What a person calls it; may be empty.
    #[serde(default)]
    pub title: String,
    /// What it says, or a definition of it; may be empty.
    #[serde(default)]
    pub text: String,
    /// Other words for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub synonyms: Vec<String>,
}

/// Something asked, as one line of `queries.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// Its name in files; never empty, without tabs and line breaks.
    #[serde(rename = "_id")]
    pub id: String,
    /// What is asked.
    pub text: String,
    /// What it is about, where that matters: queries of one group stay together when a data set is split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// A part of the judgements that is kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Split {
    /// What a model learns from.
    Train,
    /// What choices are made on, such as when to stop.
    Dev,
    /// What is reported.
    Test,
}

/// How well a document answers a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Judgement {
    /// The query.
    pub query: QueryIdx,
    /// The document.
    pub doc: DocIdx,
    /// Above 0 for a document that answers, and the better the greater; 0 and below for one known not to.
    pub grade: i32,
}

/// The judgements of each split that there is, sorted by query, then by document, each pair of the two once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgements {
    /// Of [`Split::Train`].
    pub train: Option<Vec<Judgement>>,
    /// Of [`Split::Dev`].
    pub dev: Option<Vec<Judgement>>,
    /// Of [`Split::Test`].
    pub test: Option<Vec<Judgement>>,
}

/// Documents, the hierarchy over them, and what is asked of them.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// What reports call it: the name of its folder.
    pub name: String,
    /// The documents; [`DocIdx`] counts them.
    pub docs: Vec<Document>,
    /// The queries; [`QueryIdx`] counts them.
    pub queries: Vec<Query>,
    /// What lies above what, over `docs`; without edges where the folder has none.
    pub hierarchy: Hierarchy,
    judgements: Judgements,
    closed: bool,
    /// For each document what is guessed to lie above it; no rows where nothing is.
    guesses: Rows<Guess>,
    /// The folder that it was read from; `None` where it was made in memory.
    folder: Option<PathBuf>,
}

impl Split {
    /// Every split, in the order of use.
    pub const ALL: [Split; 3] = [Split::Train, Split::Dev, Split::Test];

    /// Its name, which is that of its file in `qrels/`.
    pub fn name(self) -> &'static str {
        match self {
            Split::Train => "train",
            Split::Dev => "dev",
            Split::Test => "test",
        }
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A word that names no split.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("train, dev or test was expected, `{found}` was found")]
pub struct SplitError {
    /// The word.
    pub found: String,
}

impl FromStr for Split {
    type Err = SplitError;

    fn from_str(name: &str) -> Result<Self, SplitError> {
        let found = Split::ALL.into_iter().find(|split| split.name() == name);
        found.ok_or_else(|| SplitError { found: excerpt(name) })
    }
}

impl Query {
    /// A query of no group.
    pub fn new(id: &str, text: &str) -> Self {
        Query { id: id.to_owned(), text: text.to_owned(), group: None }
    }
}

impl Judgements {
    /// The judgements of a split, if there are any.
    pub fn of(&self, split: Split) -> Option<&[Judgement]> {
        match split {
            Split::Train => self.train.as_deref(),
            Split::Dev => self.dev.as_deref(),
            Split::Test => self.test.as_deref(),
        }
    }

    /// The same, to be changed.
    pub fn of_mut(&mut self, split: Split) -> &mut Option<Vec<Judgement>> {
        match split {
            Split::Train => &mut self.train,
            Split::Dev => &mut self.dev,
            Split::Test => &mut self.test,
        }
    }
}

impl Dataset {
    /// A data set in which every document is asked for by its own title: query `i` is document `i`, with its id, and
    /// its one exact match is document `i`, in training as in test.
    ///
    /// # Panics
    /// When the hierarchy is not over these documents.
    pub fn closed(name: String, docs: Vec<Document>, hierarchy: Hierarchy) -> Self {
        let queries = docs.iter().map(|doc| Query::new(&doc.id, &doc.title)).collect();
        let own = |i| Judgement { query: QueryIdx(i), doc: DocIdx(i), grade: 1 };
        let identity: Vec<Judgement> = numbers(docs.len()).map(own).collect();
        let judgements = Judgements { train: Some(identity.clone()), dev: None, test: Some(identity) };
        Dataset { closed: true, ..Dataset::judged(name, docs, hierarchy, queries, judgements) }
    }

    /// A data set with queries of its own.
    ///
    /// # Panics
    /// When the hierarchy is not over these documents, or a judgement names a query or a document that is not there.
    pub fn judged(
        name: String,
        docs: Vec<Document>,
        hierarchy: Hierarchy,
        queries: Vec<Query>,
        judgements: Judgements,
    ) -> Self {
        assert_eq!(hierarchy.n_docs(), docs.len(), "the hierarchy is over the documents");
        let all = Split::ALL.iter().filter_map(|split| judgements.of(*split)).flatten();
        for judgement in all {
            assert!(judgement.query.at() < queries.len(), "there is no query {}", judgement.query.0);
            assert!(judgement.doc.at() < docs.len(), "there is no document {}", judgement.doc.0);
        }
        Dataset {
            name,
            docs,
            queries,
            hierarchy,
            judgements,
            closed: false,
            guesses: Rows::empty(),
            folder: None,
        }
    }

    /// The judgements of a split, sorted by query, then by document; `None` where the data set has no such split.
    pub fn judgements(&self, split: Split) -> Option<&[Judgement]> {
        self.judgements.of(split)
    }

    /// Each query of a split with its relevant documents; `None` where the data set has no such split.
    ///
    /// With a hierarchy they are its exact matches, which are those of a grade above 0, and all their ancestors.
    /// Without one they are those of a grade above 0, and their distance is the rank of the grade among those of the
    /// whole data set: 0 for the best.
    pub fn pairs(&self, split: Split) -> Option<Pairs> {
        self.judgements(split).map(|_| self.pairs_of(&[split]))
    }

    /// The pairs of several splits together; a query of two splits has the exact matches of both, and a split that
    /// the data set does not have adds nothing.
    pub fn pairs_of(&self, splits: &[Split]) -> Pairs {
        if self.hierarchy.n_edges() == 0 {
            return self.graded_pairs(splits);
        }
        Pairs::of_exact_matches(&self.exact_matches(splits), &self.hierarchy)
    }

    /// The relevant documents of a data set without edges: the better the grade, the nearer.
    fn graded_pairs(&self, splits: &[Split]) -> Pairs {
        let all = Split::ALL.iter().filter_map(|split| self.judgements(*split)).flatten();
        let all: BTreeSet<i32> = all.map(|judgement| judgement.grade).filter(|g| *g > 0).collect();
        let distances: BTreeMap<i32, u32> = all.into_iter().rev().zip(0..).collect();
        let mut rows: Vec<BTreeMap<DocIdx, u32>> = vec![BTreeMap::new(); self.queries.len()];
        for judgement in splits.iter().filter_map(|split| self.judgements(*split)).flatten() {
            if let Some(&distance) = distances.get(&judgement.grade) {
                let nearest = rows[judgement.query.at()].entry(judgement.doc).or_insert(distance);
                *nearest = distance.min(*nearest);
            }
        }
        let asked = (0..).map(QueryIdx).zip(rows).filter(|(_, row)| !row.is_empty());
        let relevant = |row: BTreeMap<DocIdx, u32>| {
            row.into_iter().map(|(doc, distance)| Relevant { distance, doc }).collect()
        };
        Pairs::of_rows(asked.map(|(query, row)| (query, relevant(row))))
    }

    /// The exact matches of every query in some splits.
    fn exact_matches(&self, splits: &[Split]) -> Vec<(QueryIdx, Vec<DocIdx>)> {
        let mut exact: Vec<(QueryIdx, Vec<DocIdx>)> =
            numbers(self.queries.len()).map(|query| (QueryIdx(query), Vec::new())).collect();
        let judgements = splits.iter().filter_map(|split| self.judgements(*split)).flatten();
        for judgement in judgements.filter(|judgement| judgement.grade > 0) {
            exact[judgement.query.at()].1.push(judgement.doc);
        }
        exact
    }

    /// What a model learns from: the pairs of the training split, of which those that are only guessed count as
    /// [guesses](Pairs::guesses); `None` where the data set has no such split.
    pub fn training_pairs(&self) -> Option<Pairs> {
        self.judgements(Split::Train)?;
        if self.guesses.is_empty() {
            return self.pairs(Split::Train);
        }
        let exact = self.exact_matches(&[Split::Train]);
        let pairs = Pairs::of_exact_matches(&exact, &self.hierarchy);
        Some(pairs.with_guesses(&exact, &self.hierarchy, &self.guesses))
    }

    /// The data set with what is guessed to lie above each document: pairs of its hierarchy that are not sure, and
    /// others that are not in it.
    ///
    /// # Panics
    /// When there is not one row for each document.
    pub fn with_guesses(self, guesses: Rows<Guess>) -> Self {
        assert_eq!(guesses.len(), self.docs.len(), "a row of guesses for each document");
        Dataset { guesses, ..self }
    }

    /// What is guessed to lie above each document; no rows where nothing is.
    pub fn guesses(&self) -> &Rows<Guess> {
        &self.guesses
    }

    /// Whether every document is its own query, because the folder holds no others.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether there is nothing but documents, of which none is above another: nobody asked anything, and each finds itself.
    pub fn has_documents_alone(&self) -> bool {
        self.closed && self.hierarchy.n_edges() == 0
    }

    /// A number that changes with the ids of the documents and their order.
    pub fn corpus_fingerprint(&self) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        for doc in &self.docs {
            hasher.update(doc.id.as_bytes());
            hasher.update(b"\n");
        }
        hasher.finalize()
    }

    /// A number that changes with the ids, their order, the hierarchy or the training judgements, so that a model can
    /// tell whether it is used with the data that it was trained on. Texts do not count: a model outlives their
    /// corrections.
    pub fn fingerprint(&self) -> u32 {
        self.hashed().finalize()
    }

    /// A number that changes with anything that a measurement depends on: texts, and what is judged in dev and test, beside
    /// what changes the [`Dataset::fingerprint`].
    pub fn contents_fingerprint(&self) -> u32 {
        let mut hasher = self.hashed();
        for doc in &self.docs {
            for words in [&doc.title, &doc.text].into_iter().chain(&doc.synonyms) {
                hasher.update(words.as_bytes());
                hasher.update(b"\0");
            }
            hasher.update(b"\n");
        }
        for query in &self.queries {
            hasher.update(query.text.as_bytes());
            hasher.update(b"\n");
        }
        for split in [Split::Dev, Split::Test] {
            hasher.update(split.to_string().as_bytes());
            hash_judgements(&mut hasher, self.judgements(split));
        }
        hasher.finalize()
    }

    fn hashed(&self) -> crc32fast::Hasher {
        let mut hasher = crc32fast::Hasher::new();
        let ids = self.docs.iter().map(|doc| &doc.id).chain(self.queries.iter().map(|query| &query.id));
        for id in ids {
            hasher.update(id.as_bytes());
            hasher.update(b"\n");
        }
        for edge in self.hierarchy.edges() {
            hasher.update(&edge.child.0.to_le_bytes());
            hasher.update(&edge.parent.0.to_le_bytes());
        }
        hash_judgements(&mut hasher, self.judgements(Split::Train));
        for (doc, row) in (0u32..).zip(self.guesses.iter()) {
            for guess in row {
                // As many digits as the file has, so that what is written is what is read again.
                let shown = (guess.probability * 1e4).round() as u32;
                for number in [doc, guess.doc.0, shown] {
                    hasher.update(&number.to_le_bytes());
                }
            }
        }
        hasher
    }
}

fn hash_judgements(hasher: &mut crc32fast::Hasher, judgements: Option<&[Judgement]>) {
    for judgement in judgements.unwrap_or_default() {
        for number in [judgement.query.0, judgement.doc.0, judgement.grade.cast_unsigned()] {
            hasher.update(&number.to_le_bytes());
        }
    }
}

/// The numbers below a count of documents or queries.
fn numbers(count: usize) -> Range<u32> {
    0..u32::try_from(count).expect("documents and queries are numbered in 32 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A data set of two documents, the first under the second or not, with graded judgements of one query.
    fn graded(edges: &[(u32, u32)], train: &[(u32, i32)], test: &[(u32, i32)]) -> Dataset {
        let docs = ["a", "b", "c"].map(|id| Document { id: id.to_owned(), ..Document::default() }).to_vec();
        let edge = |&(child, parent)| crate::hierarchy::Edge { child: DocIdx(child), parent: DocIdx(parent) };
        let hierarchy = Hierarchy::new(3, &edges.iter().map(edge).collect::<Vec<_>>()).unwrap();
        let judged = |grades: &[(u32, i32)]| {
            Some(
                grades
                    .iter()
                    .map(|&(doc, grade)| Judgement { query: QueryIdx(0), doc: DocIdx(doc), grade })
                    .collect(),
            )
        };
        let judgements = Judgements { train: judged(train), dev: None, test: judged(test) };
        Dataset::judged("graded".to_owned(), docs, hierarchy, vec![Query::new("q", "?")], judgements)
    }

    fn distances(data: &Dataset, splits: &[Split]) -> Vec<(u32, u32)> {
        let pairs = data.pairs_of(splits);
        if pairs.n_queries() == 0 {
            return Vec::new();
        }
        pairs.relevant(0).iter().map(|relevant| (relevant.doc.0, relevant.distance)).collect()
    }

    #[test]
    fn without_a_hierarchy_the_rank_of_a_grade_is_the_distance() {
        let data = graded(&[], &[(0, 1), (1, 4), (2, 0)], &[(1, 2), (2, -1)]);
        assert_eq!(distances(&data, &[Split::Train]), [(1, 0), (0, 2)]);
        assert_eq!(distances(&data, &[Split::Test]), [(1, 1)]);
        assert_eq!(distances(&data, &Split::ALL), [(1, 0), (0, 2)]);
        assert_eq!(data.training_pairs().map(|pairs| pairs.n_pairs()), Some(2));
    }

    #[test]
    fn with_a_hierarchy_every_grade_above_zero_is_an_exact_match() {
        let data = graded(&[(0, 1)], &[(0, 1), (2, 4)], &[(1, -2)]);
        assert_eq!(distances(&data, &[Split::Train]), [(0, 0), (2, 0), (1, 1)]);
        assert_eq!(distances(&data, &[Split::Test]), []);
    }

    #[test]
    fn splits_are_named_like_their_files() {
        assert_eq!(Split::ALL.map(|split| split.to_string().parse()), Split::ALL.map(Ok));
        let error = "validation".parse::<Split>().unwrap_err();
        assert_eq!(error.to_string(), "train, dev or test was expected, `validation` was found");
    }
}
