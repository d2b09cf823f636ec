//! Asking an index: by vectors, by words or by both, all documents or some.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::ValueEnum;
use rootward::doc_tree::{DocTree, NodeIdx};
use rootward::encoder::{Side, Text};
use rootward::eval::Names;
use rootward::ids::{DocIdx, QueryIdx};
use rootward::matrix::Matrix;
use rootward::run::Run;
use rootward_index::store::Reader;
use rootward_index::{Blend, Filter, Hit, Index, Question, Search, Snapshot};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::conditions::Condition;
use crate::index_model::IndexModel;
use crate::output::{print, print_json, say};
use crate::progress::Bar;
use crate::tree_view::{NodePath, find};

/// What an index is asked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    /// Inner products of vectors.
    Vectors,
    /// BM25.
    Words,
    /// The two together: by their ranks, or by the weight that `rootward index fit` found.
    Both,
}

/// Where an index looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Down its tree, as wide as it was tuned to.
    Tree,
    /// At all documents.
    Everywhere,
}

/// How an index is asked.
pub(crate) struct Asking {
    pub(crate) by: By,
    pub(crate) look: Look,
    pub(crate) k: usize,
    pub(crate) filter: Option<Filter>,
}

/// What is asked.
pub(crate) struct Asked {
    pub(crate) id: String,
    pub(crate) text: String,
    /// Its vector, where it is not to be encoded.
    pub(crate) vector: Option<Vec<f32>>,
}

/// Which documents may be found.
pub(crate) struct Among<'a> {
    pub(crate) conditions: &'a [Condition],
    pub(crate) below: Option<&'a str>,
    pub(crate) node: Option<&'a NodePath>,
}

/// What was found for one question.
#[derive(Serialize)]
pub(crate) struct Found {
    query: String,
    text: String,
    hits: Vec<Shown>,
}

#[derive(Serialize)]
struct Shown {
    id: String,
    title: String,
    score: f32,
    metadata: Map<String, Value>,
}

/// Questions that are answered together.
const TOGETHER: usize = 1024;
/// Documents that are held to be shown.
const SHOWN_TOGETHER: usize = 16 * TOGETHER;

impl Among<'_> {
    /// The filter that lets these documents through; none where all may be found.
    ///
    /// # Errors
    /// When the index's tree has no such node.
    pub(crate) fn filter(&self, index: &Index) -> anyhow::Result<Option<Filter>> {
        self.note_unknown_keys(index)?;
        let mut all: Vec<Filter> = self.conditions.iter().map(|condition| condition.0.clone()).collect();
        all.extend(self.below.map(|id| Filter::Below(id.to_owned())));
        if let Some(path) = self.node {
            all.push(Filter::Node(node(index, path)?));
        }
        Ok(match all.len() {
            0 => None,
            1 => all.pop(),
            _ => Some(Filter::All(all)),
        })
    }
}

impl Among<'_> {
    /// Says which keys no document has: nothing can be found by them.
    fn note_unknown_keys(&self, index: &Index) -> anyhow::Result<()> {
        if self.conditions.is_empty() {
            return Ok(());
        }
        let mut reader = Reader::open(index.path())?;
        let known = reader.snapshot()?.keys()?;
        let asked = self.conditions.iter().filter_map(Condition::key);
        for key in asked.filter(|key| !known.iter().any(|known| known == key)) {
            let there = match known.is_empty() {
                true => "none has any metadata".to_owned(),
                false => format!("there are {}", known.join(", ")),
            };
            say(format_args!("note: no document has `{key}` in its metadata; {there}"));
        }
        Ok(())
    }
}

/// The node at the end of a path.
fn node(index: &Index, path: &NodePath) -> anyhow::Result<NodeIdx> {
    index.with_snapshot(|snapshot| {
        let tree = DocTree::from_outline(&snapshot.outline(), snapshot)?;
        find(&tree, path)
    })?
}

/// Asks all questions and prints what is found.
///
/// # Errors
/// When a text cannot be encoded or the index cannot be asked.
pub(crate) fn print_answers(
    index: &Index,
    model: &mut IndexModel,
    asked: &[Asked],
    asking: &Asking,
    json: bool,
) -> anyhow::Result<()> {
    // What documents say is held until it is printed, so that fewer are asked together the more each wants.
    let n_together = (SHOWN_TOGETHER / asking.k.max(1)).clamp(1, TOGETHER);
    for together in asked.chunks(n_together) {
        for (Asked { id, text, .. }, hits) in together.iter().zip(shown(index, model, together, asking)?) {
            let found = Found { query: id.clone(), text: text.clone(), hits };
            if json { print_json(&found)? } else { print(&format!("{found}\n"))? }
        }
    }
    Ok(())
}

/// Asks all questions and writes what is found as a TREC run.
///
/// # Errors
/// When a question is asked twice, a text cannot be encoded, the index cannot be asked, or the file cannot be written.
pub(crate) fn write_run(
    index: &Index,
    model: &mut IndexModel,
    asked: &[Asked],
    asking: &Asking,
    path: &Path,
) -> anyhow::Result<()> {
    let mut seen = HashSet::new();
    if let Some(twice) = asked.iter().find(|asked| !seen.insert(&asked.id)) {
        bail!("`{}` is asked twice: a run has one list for each query", twice.id);
    }
    let bar = Bar::new("search", asked.len());
    let mut docs: HashMap<String, DocIdx> = HashMap::new();
    let mut lists = Vec::new();
    for together in asked.chunks(TOGETHER) {
        for hits in answers(index, model, together, asking)? {
            let mut list = Vec::with_capacity(hits.len());
            for Hit { id, score } in hits {
                let next = DocIdx(docs.len() as u32);
                list.push((*docs.entry(id).or_insert(next), score));
            }
            lists.push((QueryIdx(lists.len() as u32), list));
            bar.at(lists.len());
        }
    }
    bar.clear();
    let mut ids: Vec<(&str, DocIdx)> = docs.iter().map(|(id, doc)| (&**id, *doc)).collect();
    ids.sort_unstable_by_key(|(_, doc)| *doc);
    let ids: Vec<&str> = ids.into_iter().map(|(id, _)| id).collect();
    let queries: Vec<&str> = asked.iter().map(|asked| &*asked.id).collect();
    let names = Names { queries: &queries, docs: &ids, tie_order: &[] };
    Run::of_lists(lists).write(path, names, asking.by.name())?;
    say(format_args!("wrote {}", path.display()));
    Ok(())
}

/// The hits of each question.
fn answers(
    index: &Index,
    model: &mut IndexModel,
    asked: &[Asked],
    Asking { by, look, k, filter }: &Asking,
) -> anyhow::Result<Vec<Vec<Hit>>> {
    let (k, filter) = (*k, filter.as_ref());
    if *by == By::Words {
        return asked.iter().map(|asked| Ok(index.by_words(&asked.text, k, filter)?)).collect();
    }
    let queries = vectors(index, model, asked)?; // (asked, dim)
    if *by == By::Vectors {
        let search: &dyn Search = match look {
            Look::Tree => &index.by_tree(),
            Look::Everywhere => &index.exact(),
        };
        return Ok(search.search(&queries, k, filter)?);
    }
    let weight = index.tuning()?.and_then(|tuning| tuning.weight);
    let blend = weight.map_or(Blend::Ranks, Blend::Weight);
    let both = |(row, asked): (usize, &Asked)| {
        let question = Question { text: &asked.text, vector: queries.row(row) };
        Ok(match look {
            Look::Tree => index.blended(question, k, blend, filter)?,
            Look::Everywhere => index.blended_exactly(question, k, blend, filter)?,
        })
    };
    asked.iter().enumerate().map(both).collect()
}

/// The vectors of questions, those that came with them or the model's.
fn vectors(index: &Index, model: &mut IndexModel, asked: &[Asked]) -> anyhow::Result<Matrix> {
    let dim = index.settings()?.dim;
    let bare: Vec<&Asked> = asked.iter().filter(|asked| asked.vector.is_none()).collect();
    let texts: Vec<Text<'_>> = bare.iter().map(|asked| Text::plain(&asked.text)).collect();
    let encoded = match texts.is_empty() {
        true => Matrix::zeros(0, dim),
        false => model.encode(index, Side::Query, &texts)?,
    };
    let mut values = Vec::with_capacity(asked.len() * dim);
    let mut row = 0;
    for Asked { id, vector, .. } in asked {
        match vector {
            Some(vector) if vector.len() == dim => values.extend(vector),
            Some(vector) => {
                bail!("the vector of query `{id}` has {} numbers, the index holds {dim}", vector.len())
            }
            None => {
                values.extend(encoded.row(row));
                row += 1;
            }
        }
    }
    Ok(Matrix::new(asked.len(), dim, values).expect("each question has a row"))
}

/// The hits of each question with what their documents say, all of one moment: what was changed meanwhile is asked again,
/// question by question.
fn shown(
    index: &Index,
    model: &mut IndexModel,
    asked: &[Asked],
    asking: &Asking,
) -> anyhow::Result<Vec<Vec<Shown>>> {
    loop {
        let before = index.with_snapshot(Snapshot::generation)?;
        let answers = answers(index, model, asked, asking)?;
        let ids: Vec<&str> = answers.iter().flatten().map(|hit| &*hit.id).collect();
        let mut docs = index.documents(&ids)?.into_iter();
        if index.with_snapshot(Snapshot::generation)? == before {
            let mut with_document = |Hit { id, score }| {
                let doc = docs.next().flatten()?;
                Some(Shown { id, title: doc.title, score, metadata: doc.metadata })
            };
            let of_one = |hits: Vec<Hit>| hits.into_iter().filter_map(&mut with_document).collect();
            return Ok(answers.into_iter().map(of_one).collect());
        }
        if asked.len() > 1 {
            let one =
                |asked: &Asked| Ok(shown(index, model, std::slice::from_ref(asked), asking)?.swap_remove(0));
            return asked.iter().map(one).collect();
        }
    }
}

impl By {
    /// What the tag of a run is.
    fn name(self) -> &'static str {
        match self {
            By::Vectors => "vectors",
            By::Words => "words",
            By::Both => "both",
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({})\n{} retrieved", self.text, self.query, self.hits.len())?;
        if !self.hits.is_empty() {
            writeln!(f, "   rank     score")?;
        }
        for (rank, Shown { id, title, score, .. }) in (1..).zip(&self.hits) {
            let title = if title.is_empty() { id } else { title };
            writeln!(f, "{rank:>7}  {score:8.3}  {title}  ({id})")?;
        }
        Ok(())
    }
}

/// Where an index is, and its model.
pub(crate) fn open(path: &Path, model: Option<PathBuf>) -> anyhow::Result<(Index, IndexModel)> {
    Ok((Index::open(path)?, IndexModel::new(model)))
}
