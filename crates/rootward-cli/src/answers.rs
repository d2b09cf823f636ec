//! Answers for people: which queries a word may mean, and what a ranking makes of each.

mod page;

use std::collections::{HashMap, HashSet};

use anyhow::bail;
use rootward::calibration::{Calibration, levels};
use rootward::dataset::{Dataset, Split};
use rootward::encoder::{EncodeError, Encoder, Input, Side, Text};
use rootward::eval::NameTable;
use rootward::ids::{DocIdx, QueryIdx};
use rootward::matrix::Matrix;
use rootward::pairs::{Pairs, Relevant};
use rootward::ranking::{best_among, consistent};
use serde::Serialize;

/// What is known of a data set to answer questions: words, relevant sets, levels, thresholds.
pub(crate) struct Answers<'a> {
    data: &'a Dataset,
    names: NameTable<'a>,
    pairs: Pairs,
    /// Row in `pairs` of each query that has one.
    rows: HashMap<QueryIdx, usize>,
    words: HashMap<String, Vec<QueryIdx>>,
    /// For each document the edges on the shortest way up to a root.
    levels: Vec<u32>,
    thresholds: Option<Calibration>,
}

/// Something asked.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) id: String,
    pub(crate) text: String,
    /// The query of the data set that it is, if it is one.
    pub(crate) query: Option<QueryIdx>,
}

/// Which answers are wanted, and in which order.
pub(crate) struct Wanted {
    /// How many; without it as many as the relevant set has, or 10.
    pub(crate) k: Option<usize>,
    /// The documents to choose from; without it all.
    pub(crate) within: Option<Vec<DocIdx>>,
    pub(crate) order: Order,
}

/// In which order answers stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// By their scores.
    Score,
    /// By their scores, but no ancestor after its descendant.
    Consistent,
}

/// What is retrieved for one question.
#[derive(Serialize)]
pub(crate) struct Answer {
    query: String,
    text: String,
    definition: String,
    relevant: usize,
    hits: Vec<Hit>,
}

/// One retrieved document.
#[derive(Serialize)]
struct Hit {
    id: String,
    title: String,
    score: f32,
    /// Edges up from the exact match; none where the document is not relevant.
    distance: Option<u32>,
    /// Edges on the shortest way up to a root.
    level: u32,
    /// The ids on that way, from the parent to the root.
    path: Vec<String>,
    /// Whether the score is at or above the threshold of the level, where there are thresholds.
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted: Option<bool>,
    /// The titles of `path`.
    #[serde(skip)]
    path_titles: Vec<String>,
    #[serde(skip)]
    doc: DocIdx,
}

/// Documents for a question whose relevant set is not known.
const USUAL: usize = 10;

/// The vectors of some queries: `(queries, dim)`.
pub(crate) fn query_vectors<E: Encoder + ?Sized>(
    encoder: &E,
    data: &Dataset,
    queries: &[QueryIdx],
) -> Result<Matrix, EncodeError> {
    encoder.encode(Side::Query, &Input::queries(data, queries))
}

/// Makes sure that an encoder has a vector for every one of these queries: a table that it was trained on them.
///
/// # Errors
/// When it was not: a table's vector of another query is the random one that it began with.
pub(crate) fn can_answer<E: Encoder + ?Sized>(
    encoder: &E,
    data: &Dataset,
    queries: &[QueryIdx],
) -> anyhow::Result<()> {
    if encoder.reads_texts(Side::Query) { Ok(()) } else { all_trained(data, queries) }
}

/// Makes sure that the training split has every one of these queries.
///
/// # Errors
/// When it has not: a model of tables has no vector for the others.
pub(crate) fn all_trained(data: &Dataset, queries: &[QueryIdx]) -> anyhow::Result<()> {
    let trained: HashSet<QueryIdx> =
        data.pairs(Split::Train).iter().flat_map(Pairs::queries).copied().collect();
    let unknown: Vec<&QueryIdx> = queries.iter().filter(|query| !trained.contains(query)).collect();
    match unknown.first() {
        None => Ok(()),
        Some(first) => bail!(
            "{} of {} queries were not trained, first `{}`: a model of tables has no vector for them; \
             measure on --split train, or a run of another program with --run",
            unknown.len(),
            queries.len(),
            data.queries[first.at()].id
        ),
    }
}

/// The vectors of all documents: `(documents, dim)`.
pub(crate) fn doc_vectors<E: Encoder + ?Sized>(encoder: &E, data: &Dataset) -> Result<Matrix, EncodeError> {
    encoder.encode(Side::Document, &Input::all_docs(data))
}

impl Question {
    /// What an encoder reads of it.
    pub(crate) fn input(&self) -> Input<'_> {
        Input { idx: self.query.map_or(u32::MAX, |query| query.0), text: Text::plain(&self.text) }
    }

    /// A query of a data set.
    pub(crate) fn of(data: &Dataset, query: QueryIdx) -> Self {
        let asked = &data.queries[query.at()];
        Question { id: asked.id.clone(), text: asked.text.clone(), query: Some(query) }
    }
}

impl<'a> Answers<'a> {
    /// Gathers the words by which queries are known.
    pub(crate) fn new(data: &'a Dataset) -> Self {
        // Where nobody asked anything, words that are a document's title may mean others too.
        let splits = if data.has_documents_alone() { &[][..] } else { &Split::ALL[..] };
        let pairs = data.pairs_of(splits);
        let rows = pairs.queries().iter().enumerate().map(|(row, query)| (*query, row)).collect();
        let mut words: HashMap<String, Vec<QueryIdx>> = HashMap::new();
        let mut known_by = |word: &str, query: QueryIdx| {
            let queries = words.entry(plain(word)).or_default();
            if queries.last() != Some(&query) {
                queries.push(query);
            }
        };
        for (place, query) in data.queries.iter().enumerate() {
            let idx = QueryIdx(place as u32);
            known_by(&query.id, idx);
            known_by(&query.text, idx);
            if data.is_closed() {
                data.docs[place].synonyms.iter().for_each(|synonym| known_by(synonym, idx));
            }
        }
        let (names, levels) = (NameTable::of(data), levels(&data.hierarchy));
        Answers { data, names, pairs, rows, words, levels, thresholds: None }
    }

    /// The same, saying of each answer whether its score is good enough.
    pub(crate) fn with_thresholds(self, thresholds: Option<Calibration>) -> Self {
        Answers { thresholds, ..self }
    }

    /// The ids of the documents, and their order.
    pub(crate) fn names(&self) -> &NameTable<'a> {
        &self.names
    }

    /// The queries of the data set that a word may mean; none where it knows no such word.
    pub(crate) fn known(&self, word: &str) -> Vec<Question> {
        let queries = self.words.get(&plain(word)).map_or(&[][..], Vec::as_slice);
        queries.iter().map(|query| Question::of(self.data, *query)).collect()
    }

    /// The queries of the data set that a word may mean.
    ///
    /// # Errors
    /// When it means none; the nearest words are named.
    pub(crate) fn find(&self, word: &str) -> anyhow::Result<Vec<Question>> {
        let found = self.known(word);
        if !found.is_empty() {
            return Ok(found);
        }
        let asked = plain(word);
        let shared = |known: &str| known.chars().zip(asked.chars()).take_while(|(a, b)| a == b).count();
        let mut near: Vec<&String> = self.words.keys().collect();
        near.sort_by_key(|known| (std::cmp::Reverse(shared(known)), known.len(), *known));
        let near: Vec<&str> = near.into_iter().take(3).map(String::as_str).collect();
        bail!(
            "`{word}` is not a query of `{}`: a model of tables answers only those it was trained on; the nearest are: {}",
            self.data.name,
            near.join(", ")
        )
    }

    /// The query of the data set with this id.
    pub(crate) fn by_id(&self, id: &str) -> Option<Question> {
        let named = self.words.get(&plain(id))?.iter().find(|query| self.data.queries[query.at()].id == id);
        named.map(|query| Question::of(self.data, *query))
    }

    /// The best documents with their scores, in the order that is wanted.
    pub(crate) fn best(&self, question: &Question, scores: &[f32], wanted: &Wanted) -> Vec<(DocIdx, f32)> {
        let (hierarchy, tie_order) = (&self.data.hierarchy, self.names.names().tie_order);
        let k = wanted.k.unwrap_or_else(|| match self.relevant(question).len() {
            0 => USUAL,
            relevant => relevant,
        });
        let best = match &wanted.within {
            None => rootward::eval::order::top_k(scores, tie_order, k),
            Some(docs) => best_among(docs, scores, tie_order, k),
        };
        if wanted.order == Order::Score {
            return best;
        }
        let best: Vec<DocIdx> = best.into_iter().map(|(doc, _)| doc).collect();
        let mut list = consistent(&best, hierarchy, usize::MAX);
        if let Some(docs) = &wanted.within {
            list.retain(|doc| docs.contains(doc));
        }
        list.truncate(k);
        list.into_iter().map(|doc| (doc, scores[doc.at()])).collect()
    }

    /// The best documents, with all that a person wants to know of them.
    pub(crate) fn answer(&self, question: &Question, scores: &[f32], wanted: &Wanted) -> Answer {
        let relevant = self.relevant(question);
        let best = self.best(question, scores, wanted);
        let mut hits: Vec<Hit> =
            best.into_iter().map(|(doc, score)| self.hit(doc, score, relevant)).collect();
        if wanted.order == Order::Consistent {
            // What lies below an answer vouches for it.
            let good: HashSet<DocIdx> =
                hits.iter().filter(|hit| hit.accepted == Some(true)).map(|hit| hit.doc).collect();
            let above: HashSet<DocIdx> =
                good.iter().flat_map(|doc| self.data.hierarchy.ancestors(*doc)).map(|a| a.doc).collect();
            for hit in hits.iter_mut().filter(|hit| above.contains(&hit.doc)) {
                hit.accepted = Some(true);
            }
        }
        let definition = question.query.filter(|_| self.data.is_closed());
        let definition = definition.map_or(String::new(), |query| self.data.docs[query.at()].text.clone());
        Answer {
            query: question.id.clone(),
            text: question.text.clone(),
            definition,
            relevant: relevant.len(),
            hits,
        }
    }

    fn relevant(&self, question: &Question) -> &[Relevant] {
        let row = question.query.and_then(|query| self.rows.get(&query));
        row.map_or(&[], |row| self.pairs.relevant(*row))
    }

    fn hit(&self, doc: DocIdx, score: f32, relevant: &[Relevant]) -> Hit {
        let path = self.path(doc);
        let document = |doc: &DocIdx| &self.data.docs[doc.at()];
        let level = self.levels[doc.at()];
        Hit {
            id: document(&doc).id.clone(),
            title: document(&doc).title.clone(),
            score,
            distance: relevant.iter().find(|r| r.doc == doc).map(|r| r.distance),
            level,
            path: path.iter().map(|doc| document(doc).id.clone()).collect(),
            accepted: self.thresholds.as_ref().map(|thresholds| thresholds.accepts(level, score)),
            path_titles: path.iter().map(|doc| page::called(document(doc))).collect(),
            doc,
        }
    }

    /// A shortest way up to a root, without the document itself; of equally short ones that by the first parents.
    fn path(&self, doc: DocIdx) -> Vec<DocIdx> {
        let nearest = |doc: &DocIdx| {
            let parents = self.data.hierarchy.parents(*doc).iter().copied();
            parents.min_by_key(|parent| self.levels[parent.at()])
        };
        std::iter::successors(nearest(&doc), nearest).collect()
    }
}

/// How words are compared: without regard to case, underscores as blanks.
pub(crate) fn plain(word: &str) -> String {
    word.trim().replace('_', " ").to_lowercase()
}
