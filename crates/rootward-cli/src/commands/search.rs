//! `rootward search`: ask a model, or the words of the documents.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::{Context, bail};
use clap::{ArgGroup, Args};
use rootward::calibration::Calibration;
use rootward::dataset::{Dataset, Query};
use rootward::eval::Names;
use rootward::ids::{DocIdx, QueryIdx};
use rootward::run::Run;
use serde::Deserialize;

use super::calibrate::{THRESHOLDS, fingerprint};
use crate::answers::{Answers, Order, Question, Wanted};
use crate::conditions::Condition;
use crate::index_search::{self, Among, Asked, Asking, By, Look};
use crate::output::{print, print_json, say};
use crate::progress::Bar;
use crate::ranker::Ranker;
use crate::tree_view::NodePath;

/// Ask a model or BM25, the exact match and its ancestors, by level; or ask an index that may change meanwhile.
///
/// Answers are grouped by level, the number of edges up to the root, the most special first, each with its way up. A
/// model of tables knows the queries it was trained on and no others: each word is looked up among them, by id, text,
/// title or synonym; a word with several meanings is answered once for each. BM25 takes any text. Where thresholds were
/// fitted by `rootward calibrate`, an answer that is good enough for its level is marked.
///
/// With --index answers are the best documents of the index by vectors, which its model makes of what is asked, by words or
/// by both.
#[derive(Args)]
#[command(group(ArgGroup::new("asked").args(["data", "index"]).required(true)))]
#[command(group(ArgGroup::new("ranker").args(["model", "bm25", "index"]).required(true).multiple(true)))]
#[command(
    override_usage = "rootward search --data <DATA> <--model <MODEL>|--bm25> [OPTIONS] [TEXT]...\n       \
                      rootward search --index <FILE> [OPTIONS] [TEXT]...",
    after_help = "Examples:\n  rootward search --data data/wordnet-nouns --model demo/climb sandal --k 12\n  \
                  rootward search --data data/wordnet-nouns --bm25 \"open shoe with straps\" --consistent\n  \
                  rootward search --data DATA --bm25 --batch queries.jsonl --run-out bm25.run --k 1000\n  \
                  rootward search --index docs.index \"open shoe\" --by both --where 'year >= 2020'"
)]
pub(crate) struct Search {
    /// Folder of the data set.
    #[arg(long, value_name = "DATA")]
    data: Option<PathBuf>,
    /// An index, as `rootward index build` makes it, in place of a data set.
    #[arg(long, value_name = "FILE")]
    index: Option<PathBuf>,
    /// Folder of the model; of an index's, if it is not where it was when the index was built.
    #[arg(long, value_name = "MODEL")]
    model: Option<PathBuf>,
    /// Compare words instead: no model is needed, and any text may be asked.
    #[arg(long, conflicts_with_all = ["model", "index"])]
    bm25: bool,
    /// What an index is asked by.
    #[arg(long, value_name = "BY", default_value = "vectors", conflicts_with = "data")]
    by: By,
    /// Look at all documents of an index, in place of the likeliest leaves of its tree.
    #[arg(long, conflicts_with = "data")]
    exact: bool,
    /// Only documents of an index whose metadata are so: `key = value`, `key != value`, `key >= value`, `key <= value` or
    /// `key in (value, value)`; of several all must hold.
    #[arg(long = "where", value_name = "CONDITION", conflicts_with = "data")]
    conditions: Vec<Condition>,
    /// Only documents at or below this node of an index's tree, by its path, as `rootward tree INDEX` shows it.
    #[arg(long, value_name = "PATH", conflicts_with = "data")]
    node: Option<NodePath>,
    /// What to look for.
    #[arg(value_name = "TEXT", required_unless_present = "batch")]
    words: Vec<String>,
    /// File with one thing to look for on each line, `-` for standard input; `{"_id": .., "text": ..}` where its name ends
    /// in .jsonl, to an index also with a `vector`, which may stand alone.
    #[arg(long, value_name = "FILE")]
    batch: Option<PathBuf>,
    /// Documents for each query; without it as many as its relevant set has, or 10 where that is not known, as in an
    /// index.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    k: Option<u32>,
    /// Put no ancestor after a descendant: every answer comes with all that lies above it, roots first.
    #[arg(long, conflicts_with = "index")]
    consistent: bool,
    /// Only this document, by id, and what lies below it.
    #[arg(long, value_name = "DOC")]
    within: Option<String>,
    /// Thresholds that `rootward calibrate` fitted; without it those beside the model, if there are any.
    #[arg(long, value_name = "FILE", conflicts_with = "index")]
    thresholds: Option<PathBuf>,
    /// Write a TREC run instead of printing answers.
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    run_out: Option<PathBuf>,
    /// Print one JSON object on a line for each answer.
    #[arg(long)]
    json: bool,
}

/// A question of a file.
enum BatchLine<'a> {
    Plain(&'a str),
    /// With its vector, where it has one.
    Json(Query, Option<Vec<f32>>),
}

/// A question as a line of JSON.
#[derive(Deserialize)]
struct JsonLine {
    #[serde(rename = "_id")]
    id: String,
    /// May be left out beside a vector.
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    vector: Option<Vec<f32>>,
}

/// Documents that an index is asked for where nobody said how many.
const USUAL: usize = 10;
/// Questions that are answered together.
const TOGETHER: usize = 1024;

impl Search {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        if let (Some(run), Some(batch)) = (&self.run_out, &self.batch)
            && run == batch
        {
            bail!("--run-out would write over the questions of --batch; name another file");
        }
        match (&self.data, &self.index) {
            (Some(data), _) => self.ask_data(&Dataset::open_documents(data)?),
            (None, Some(index)) => self.ask_index(index),
            (None, None) => unreachable!("one of the two is given"),
        }
    }

    fn ask_index(&self, path: &Path) -> anyhow::Result<()> {
        let (index, mut model) = index_search::open(path, self.model.clone())?;
        let among =
            Among { conditions: &self.conditions, below: self.within.as_deref(), node: self.node.as_ref() };
        let asking = Asking {
            by: self.by,
            look: if self.exact { Look::Everywhere } else { Look::Tree },
            k: self.k.map_or(USUAL, |k| k as usize),
            filter: among.filter(&index)?,
        };
        let number = |asked: &Vec<Asked>| (asked.len() + 1).to_string();
        let mut asked = Vec::new();
        for text in &self.words {
            if text.trim().is_empty() {
                bail!("there is nothing to look for in an empty text");
            }
            asked.push(Asked { id: number(&asked), text: text.clone(), vector: None });
        }
        self.each_line(&mut |line| {
            asked.push(match line {
                BatchLine::Plain(text) => Asked { id: number(&asked), text: text.to_owned(), vector: None },
                BatchLine::Json(Query { id, text, .. }, vector) => Asked { id, text, vector },
            });
            Ok(())
        })?;
        match &self.run_out {
            Some(path) => index_search::write_run(&index, &mut model, &asked, &asking, path),
            None => index_search::print_answers(&index, &mut model, &asked, &asking, self.json),
        }
    }

    fn ask_data(&self, data: &Dataset) -> anyhow::Result<()> {
        let ranker = Ranker::open(self.model.as_deref(), data)?;
        let answers = Answers::new(data).with_thresholds(self.calibration(data)?);
        let wanted = Wanted {
            k: self.k.map(|k| k as usize),
            within: self.within.as_deref().map(|id| below(id, data)).transpose()?,
            order: if self.consistent { Order::Consistent } else { Order::Score },
        };
        // A word that is not known fails before anything is printed: the output is whole or not there.
        let questions = self.questions(&ranker, &answers)?;
        if let Some(path) = &self.run_out {
            return write_run(path, &ranker, &answers, &questions, &wanted, data);
        }
        for together in questions.chunks(TOGETHER) {
            let found =
                ranker.rank(data, together, |question, scores| answers.answer(question, scores, &wanted))?;
            for answer in found {
                if self.json {
                    print_json(&answer)?;
                } else {
                    print(&format!("{answer}\n"))?;
                }
            }
        }
        Ok(())
    }

    fn calibration(&self, data: &Dataset) -> anyhow::Result<Option<Calibration>> {
        let beside = self.model.as_ref().map(|folder| folder.join(THRESHOLDS)).filter(|path| path.is_file());
        let path = self.thresholds.clone().or(beside);
        Ok(path.map(|path| Calibration::read(&path, &fingerprint(data))).transpose()?)
    }

    /// What is asked, on the command line and in the file.
    fn questions(&self, ranker: &Ranker, answers: &Answers<'_>) -> anyhow::Result<Vec<Question>> {
        let mut found = Vec::new();
        for word in &self.words {
            found.extend(ranker.questions(answers, &(found.len() + 1).to_string(), word)?);
        }
        self.each_line(&mut |line| {
            match line {
                BatchLine::Plain(text) => {
                    found.extend(ranker.questions(answers, &(found.len() + 1).to_string(), text)?);
                }
                BatchLine::Json(Query { id, text, .. }, _) => match answers.by_id(&id) {
                    // A query of the data set is known by its id, whatever else its text may mean.
                    Some(question) => found.push(question),
                    None => found.extend(ranker.questions(answers, &id, &text)?),
                },
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Calls `take` with each line of the file of questions, if there is one.
    fn each_line(&self, take: &mut dyn FnMut(BatchLine<'_>) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let Some(path) = &self.batch else { return Ok(()) };
        let read =
            |text: io::Result<String>| text.with_context(|| format!("{} could not be read", path.display()));
        let (text, is_jsonl) = if path.as_os_str() == "-" {
            let text = read(io::read_to_string(io::stdin()))?;
            let is_jsonl = text.trim_start().starts_with('{');
            (text, is_jsonl)
        } else {
            (read(fs::read_to_string(path))?, path.extension().is_some_and(|ending| ending == "jsonl"))
        };
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
            if !is_jsonl {
                take(BatchLine::Plain(line.trim()))?;
                continue;
            }
            let expected =
                || format!("{}, line {number}: `{{\"_id\": .., \"text\": ..}}` was expected", path.display());
            let JsonLine { id, text, vector } = serde_json::from_str(line).with_context(expected)?;
            let text = match (text, &vector) {
                (Some(text), _) => text,
                (None, Some(_)) => String::new(),
                (None, None) => bail!("{}, and the line has neither text nor vector", expected()),
            };
            take(BatchLine::Json(Query::new(&id, &text), vector))?;
        }
        Ok(())
    }
}

/// A document and everything below it, in ascending order.
fn below(id: &str, data: &Dataset) -> anyhow::Result<Vec<DocIdx>> {
    let Some(place) = data.docs.iter().position(|doc| doc.id == id) else {
        bail!("data set `{}` has no document `{id}`: --within takes an id", data.name);
    };
    let mut docs: Vec<DocIdx> =
        data.hierarchy.descendants(DocIdx(place as u32)).into_iter().map(|below| below.doc).collect();
    docs.sort_unstable();
    Ok(docs)
}

/// Writes the best documents of all questions as a TREC run.
///
/// Where the order is not that of the scores the run has falling whole numbers instead, since a run is read by them.
fn write_run(
    path: &Path,
    ranker: &Ranker,
    answers: &Answers<'_>,
    questions: &[Question],
    wanted: &Wanted,
    data: &Dataset,
) -> anyhow::Result<()> {
    let mut ids = HashSet::new();
    if let Some(twice) = questions.iter().find(|question| !ids.insert(&question.id)) {
        bail!("`{}` is asked twice: a run has one list for each query", twice.id);
    }
    let bar = Bar::new("search", questions.len());
    let mut lists: Vec<(QueryIdx, Vec<(DocIdx, f32)>)> = Vec::new();
    for together in questions.chunks(TOGETHER) {
        for best in ranker.rank(data, together, |question, scores| answers.best(question, scores, wanted))? {
            let n = best.len();
            let falling = |(at, (doc, _)): (usize, (DocIdx, f32))| (doc, (n - at) as f32);
            let best = match wanted.order {
                Order::Score => best,
                Order::Consistent => best.into_iter().enumerate().map(falling).collect(),
            };
            lists.push((QueryIdx(lists.len() as u32), best));
        }
        bar.at(lists.len());
    }
    bar.clear();
    let ids: Vec<&str> = questions.iter().map(|question| question.id.as_str()).collect();
    Run::of_lists(lists).write(path, Names { queries: &ids, ..answers.names().names() }, ranker.tag())?;
    say(format_args!("wrote {}", path.display()));
    Ok(())
}
