//! Answers for people: which queries a word may mean, and what a model retrieves for them.

use std::collections::{HashMap, HashSet};
use std::fmt;

use anyhow::bail;
use rootward::dataset::{Dataset, Split};
use rootward::encoder::{EncodeError, Encoder, Input, Side};
use rootward::eval::{NameTable, Vectors};
use rootward::ids::QueryIdx;
use rootward::matrix::Matrix;
use rootward::model::Model;
use rootward::pairs::{Pairs, Relevant};
use rootward::run::Run;
use serde::Serialize;

/// A model's document vectors, and the words by which its queries are known.
pub(crate) struct Answers<'a> {
    model: &'a Model,
    data: &'a Dataset,
    docs: Matrix,
    names: NameTable<'a>,
    pairs: Pairs,
    /// Row in `pairs` of each query that has one.
    rows: HashMap<QueryIdx, usize>,
    trained: HashSet<QueryIdx>,
    words: HashMap<String, Vec<QueryIdx>>,
}

/// What a model retrieves for one query.
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
}

/// The vectors of some queries: `(queries, dim)`.
pub(crate) fn query_vectors<E: Encoder + ?Sized>(
    encoder: &E,
    data: &Dataset,
    queries: &[QueryIdx],
) -> Result<Matrix, EncodeError> {
    encoder.encode(Side::Query, &Input::queries(data, queries))
}

/// The queries that a model of this data set was trained on.
pub(crate) fn trained_queries(data: &Dataset) -> HashSet<QueryIdx> {
    data.pairs(Split::Train).iter().flat_map(Pairs::queries).copied().collect()
}

/// Makes sure that the model was trained on every one of these queries.
///
/// # Errors
/// When it was not: a table's vector of another query is the random one that it began with.
pub(crate) fn all_trained(
    data: &Dataset,
    trained: &HashSet<QueryIdx>,
    queries: &[QueryIdx],
) -> anyhow::Result<()> {
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

impl<'a> Answers<'a> {
    /// Encodes the documents once.
    pub(crate) fn new(model: &'a Model, data: &'a Dataset) -> anyhow::Result<Self> {
        let pairs = data.pairs_of(&Split::ALL);
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
        Ok(Answers {
            model,
            data,
            docs: doc_vectors(&*model.encoder, data)?,
            names: NameTable::of(data),
            pairs,
            rows,
            trained: trained_queries(data),
            words,
        })
    }

    /// The queries that a word may mean.
    pub(crate) fn find(&self, word: &str) -> anyhow::Result<Vec<QueryIdx>> {
        let asked = plain(word);
        if let Some(queries) = self.words.get(&asked) {
            return Ok(queries.clone());
        }
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

    /// The `k` best documents of a query; as many as its relevant set has where `k` is left out.
    pub(crate) fn answer(&self, query: QueryIdx, k: Option<usize>) -> anyhow::Result<Answer> {
        all_trained(self.data, &self.trained, &[query])?;
        let relevant: &[Relevant] = self.rows.get(&query).map_or(&[], |row| self.pairs.relevant(*row));
        let queries = query_vectors(&*self.model.encoder, self.data, &[query])?; // (1, dim)
        let vectors = Vectors { queries: &queries, docs: &self.docs };
        let k = k.unwrap_or(relevant.len().max(1));
        let run = Run::of_vectors(vectors, &[query], self.names.names(), k, &|_| {})?;
        let hit = |(doc, score): &(rootward::ids::DocIdx, f32)| Hit {
            id: self.data.docs[doc.at()].id.clone(),
            title: self.data.docs[doc.at()].title.clone(),
            score: *score,
            distance: relevant.iter().find(|r| r.doc == *doc).map(|r| r.distance),
        };
        let asked = &self.data.queries[query.at()];
        let definition =
            if self.data.is_closed() { self.data.docs[query.at()].text.clone() } else { String::new() };
        Ok(Answer {
            query: asked.id.clone(),
            text: asked.text.clone(),
            definition,
            relevant: relevant.len(),
            hits: run.list(query).iter().map(hit).collect(),
        })
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let right = self.hits.iter().filter(|hit| hit.distance.is_some()).count();
        write!(f, "{} ({})", self.text, self.query)?;
        if !self.definition.is_empty() {
            let first = self.definition.split(';').next().unwrap_or_default();
            write!(f, ": {first}")?;
        }
        writeln!(f, "\n{right} of {} retrieved are right, {} are relevant", self.hits.len(), self.relevant)?;
        for hit in &self.hits {
            let mark = match hit.distance {
                Some(distance) => format!("right, {distance} up"),
                None => "wrong".to_owned(),
            };
            writeln!(f, "  {:8.3}  {mark:<12} {}  ({})", hit.score, hit.title, hit.id)?;
        }
        Ok(())
    }
}

/// How words are compared: without regard to case, underscores as blanks.
pub(crate) fn plain(word: &str) -> String {
    word.trim().replace('_', " ").to_lowercase()
}
