//! `rootward index build`: a data folder in, an index out.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::bail;
use clap::Args;
use rootward::dataset::{DOCUMENT_LINE, Dataset, Document, Split, from_json};
use rootward::digits::grouped;
use rootward::encoder::{Input, Side};
use rootward::ids::{DocIdx, QueryIdx};
use rootward::matrix::Matrix;
use rootward::random::{Purpose, shuffled, stream};
use rootward_import::Source;
use rootward_index::store::{self, ModelName, Reader, Record};
use rootward_index::{Edit, Editor, IndexError, Tuning};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::regrow::{in_words, recall};
use crate::array;
use crate::interrupt;
use crate::output::{print_json, say, shell_word};
use crate::progress::Bar;
use crate::vectors_from::{Maker, VectorsFrom, encode};

/// Make an index of the documents of a data folder.
///
/// It holds titles, texts, synonyms, the `metadata` of each line of corpus.jsonl, the hierarchy, and a vector for each
/// document. Search down its tree is as wide as it takes to find the share of the exact best hits that --recall asks for:
/// measured on the queries of train and dev, where the folder has such, or on documents that are asked for among the others.
/// FILE appears when all is done.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  rootward index build --data DATA --index docs.index --encoder builtin\n  \
                  rootward index build --data DATA --index docs.index --model MODEL --recall 0.95 --replace\n  \
                  rootward index build --data DATA --index docs.index --vectors docs.npy --queries asked.npy"
)]
pub(crate) struct Build {
    /// Folder of the data set.
    #[arg(long, value_name = "DATA")]
    data: PathBuf,
    /// File to write.
    #[arg(long, value_name = "FILE")]
    index: PathBuf,
    #[command(flatten)]
    from: VectorsFrom,
    /// Share of the exact best hits that search down the tree is to find.
    #[arg(long, value_name = "SHARE", default_value = "0.99", value_parser = recall)]
    recall: f64,
    /// Array of the vectors of queries to measure that on, in place of those of the data set.
    #[arg(long, value_name = "FILE.npy")]
    queries: Option<PathBuf>,
    /// Take the place of an index that is there already.
    #[arg(long)]
    replace: bool,
    /// Print one JSON object when done.
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Done {
    index: PathBuf,
    documents: usize,
    edges: usize,
    dim: usize,
    model: Option<ModelName>,
    bytes: u64,
    tuning: Tuning,
    seconds: f64,
}

/// An index that is being built: gone unless it is complete.
struct Aside(PathBuf);

/// Documents of a transaction.
const TOGETHER: usize = 50_000;
/// Queries that recall is measured on, at most.
const ASKED: usize = 1000;
/// What queries to measure on are drawn by, where there are more.
const SEED: u64 = 7;

impl Build {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let began = Instant::now();
        if self.index.is_dir() {
            return Err(IndexError::Folder { path: self.index }.into());
        }
        if self.index.exists() && !self.replace {
            bail!(
                "{} is there already: --replace takes its place when the new one is complete, `rootward index put` changes \
                 its documents",
                self.index.display()
            );
        }
        if let Err(error @ (IndexError::NotAnIndex { .. } | IndexError::Newer { .. })) =
            Reader::open(&self.index)
        {
            return Err(error.into());
        }
        let data = Dataset::open_documents(&self.data)?;
        let maker = self.from.open()?;
        let rows = match &maker {
            Maker::Model(model, _) => {
                model.belongs_to(&data)?;
                Vec::new()
            }
            Maker::Array(array) => array.rows_of(data.docs.iter().map(|doc| &*doc.id))?,
        };
        let metadata = Metadata::read(&self.data)?;
        let queries = self.queries(&data, &maker)?;
        interrupt::watch()?;
        let aside = Aside::new(&self.index)?;
        let settings = maker.settings();
        let mut editor = Editor::create(&aside.0, &settings)?;
        let mut bar = Bar::new("index", data.docs.len());
        let mut metadata = metadata.of.into_iter();
        for first in (0..data.docs.len()).step_by(TOGETHER) {
            let docs = &data.docs[first..(first + TOGETHER).min(data.docs.len())];
            let mut said = |done: usize| {
                bar.at(first + done);
                let rate = (first + done) as f64 / began.elapsed().as_secs_f64().max(1e-9);
                bar.note(format!("{} documents a second", grouped(rate as usize)));
            };
            let vectors = match &maker {
                Maker::Model(model, _) => {
                    let inputs = (first..first + docs.len()).map(|at| Input::doc(&data, DocIdx(at as u32)));
                    encode(model, Side::Document, &inputs.collect::<Vec<_>>(), &mut said)?
                }
                Maker::Array(array) => {
                    let rows = &rows[first..first + docs.len()];
                    let values = rows.iter().flat_map(|row| array.vectors.row(*row)).copied().collect();
                    Matrix::new(rows.len(), array.vectors.dim(), values)
                        .expect("each row has as many numbers")
                }
            }; // (docs, dim)
            let records = docs.iter().zip(0..).zip(metadata.by_ref());
            let edits: Vec<Edit> = records
                .map(|((doc, row), metadata)| Edit::Add(record(doc, metadata, vectors.row(row))))
                .collect();
            editor.apply(&edits)?;
            if interrupt::asked() {
                bail!("stopped");
            }
        }
        let id = |doc: DocIdx| &*data.docs[doc.at()].id;
        editor.set_hierarchy(data.hierarchy.edges().map(|edge| (id(edge.child), id(edge.parent))))?;
        bar.note("growing and measuring the tree".to_owned());
        if data.docs.len() > TOGETHER {
            editor.regrow()?;
        }
        let tuning = editor.tune(self.recall, queries.as_ref())?;
        bar.clear();
        // The last connection takes the log into the file.
        drop(editor);
        store::move_to(&aside.0, &self.index)?;
        let done = Done {
            bytes: std::fs::metadata(&self.index)?.len(),
            index: self.index.clone(),
            documents: data.docs.len(),
            edges: data.hierarchy.n_edges(),
            dim: settings.dim,
            model: settings.model,
            tuning,
            seconds: began.elapsed().as_secs_f64(),
        };
        self.tell(&done, &maker)
    }

    fn tell(&self, done: &Done, maker: &Maker) -> anyhow::Result<()> {
        if self.json {
            return print_json(done);
        }
        say(format_args!(
            "wrote {}: {} documents, {} numbers each, {}, {:.1} MB, in {:.1} s",
            self.index.display(),
            grouped(done.documents),
            done.dim,
            maker.origin(),
            done.bytes as f64 / 1e6,
            done.seconds
        ));
        say(in_words(&done.tuning));
        // Whose vectors they are nobody said, so that no words can be asked by them.
        let by = if matches!(maker, Maker::Array(_)) { " --by words" } else { "" };
        let index = shell_word(self.index.as_os_str());
        say(format_args!("next: rootward search --index {index}{by} \"..\""));
        Ok(())
    }

    /// The vectors of the queries that recall is measured on; none where documents are to be asked for.
    fn queries(&self, data: &Dataset, maker: &Maker) -> anyhow::Result<Option<Matrix>> {
        if let Some(path) = &self.queries {
            return array::read_queries(path, maker.settings().dim).map(Some);
        }
        let Maker::Model(model, _) = maker else { return Ok(None) };
        if data.is_closed() {
            return Ok(None);
        }
        let asked = data.pairs_of(&[Split::Train, Split::Dev]);
        let all: &[QueryIdx] = asked.queries();
        let order = shuffled(all.len(), &mut stream(SEED, Purpose::Divide)).into_iter().take(ASKED);
        let inputs: Vec<Input<'_>> = order.map(|at| Input::query(data, all[at as usize])).collect();
        if inputs.is_empty() {
            return Ok(None);
        }
        encode(model, Side::Query, &inputs, &mut |_| ()).map(Some)
    }
}

impl Aside {
    /// The place of an index while it is built; what an earlier build left there is removed.
    fn new(index: &Path) -> anyhow::Result<Self> {
        let mut name = index.file_name().unwrap_or_default().to_owned();
        name.push(".building");
        let path = index.with_file_name(name);
        match store::discard(&path) {
            Err(IndexError::Locked { .. }) => {
                bail!("{} is being built by another process: wait until it is done", index.display())
            }
            discarded => discarded?,
        }
        Ok(Aside(path))
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // What cannot be removed now is when the index is built again.
        let _ = store::discard(&self.0);
    }
}

/// A document with its synonyms among the metadata, where words find them and another model reads them.
pub(super) fn record(doc: &Document, mut metadata: Map<String, Value>, vector: &[f32]) -> Record {
    if !doc.synonyms.is_empty() {
        metadata.insert(SYNONYMS.to_owned(), doc.synonyms.clone().into());
    }
    let Document { id, title, text, .. } = doc.clone();
    Record { id, title, text, metadata, vector: vector.to_vec() }
}

/// The key of metadata that holds the other words for a document.
pub(super) const SYNONYMS: &str = "synonyms";

/// The metadata of all documents, in their order.
struct Metadata {
    of: Vec<Map<String, Value>>,
}

/// What a line of `corpus.jsonl` has besides a document.
#[derive(Deserialize)]
struct Besides {
    #[serde(default)]
    metadata: Option<Value>,
}

impl Metadata {
    /// Reads it; what filters cannot ask for is left out, and said.
    fn read(folder: &Path) -> anyhow::Result<Self> {
        let source = Source::new(folder, &|_| ());
        let text = source.needed_file("corpus.jsonl", "a data set needs one")?;
        let (mut of, mut left_out) = (Vec::new(), LeftOut::default());
        text.each_line(|line, number| {
            let Besides { metadata } = from_json(line, DOCUMENT_LINE)?;
            let mut metadata = match metadata {
                Some(Value::Object(metadata)) => metadata,
                Some(_) => {
                    left_out.count(number, "`metadata` itself");
                    Map::new()
                }
                None => Map::new(),
            };
            metadata.retain(|key, value| {
                let kept = can_be_asked_for(value);
                if !kept {
                    left_out.count(number, &format!("`{key}`"));
                }
                kept
            });
            of.push(metadata);
            Ok(())
        })?;
        if let Some((number, first)) = &left_out.first {
            say(format_args!(
                "note: {} values of metadata were left out, since filters cannot ask for them: null, objects, and lists of such; \
                 the first is {first} in line {number} of corpus.jsonl",
                grouped(left_out.values)
            ));
        }
        Ok(Metadata { of })
    }
}

/// Values of metadata that filters cannot ask for.
#[derive(Default)]
struct LeftOut {
    values: usize,
    /// The line and the name of the first.
    first: Option<(u64, String)>,
}

impl LeftOut {
    fn count(&mut self, line: u64, name: &str) {
        self.values += 1;
        self.first.get_or_insert_with(|| (line, name.to_owned()));
    }
}

/// Whether a value is a text, a number, a boolean, or a list of these.
fn can_be_asked_for(value: &Value) -> bool {
    match value {
        Value::Array(values) => {
            values.iter().all(|value| !matches!(value, Value::Null | Value::Object(_) | Value::Array(_)))
        }
        value => !matches!(value, Value::Null | Value::Object(_)),
    }
}
