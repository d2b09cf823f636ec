//! `rootward index switch`: the vectors of another model, made beside those that are searched.
//!
//! Texts are encoded while nobody holds the index, and each batch of vectors is written on its own: others may change
//! documents meanwhile, and what was begun is gone on with. A vector is only written when its document is still the one
//! that was encoded.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{anyhow, bail};
use clap::Args;
use rootward::digits::grouped;
use rootward::encoder::{Input, Side, Text};
use rootward::ids::DocIdx;
use rootward_index::store::{ModelName, Reader, SetId, Settings, Stored, Writer};
use rootward_index::{Editor, Snapshot, Tuning};
use serde::Serialize;
use serde_json::Value;

use super::build::SYNONYMS;
use super::regrow::{RECALL, in_words, recall};
use crate::array;
use crate::interrupt;
use crate::output::{chain, print_json, say};
use crate::progress::Bar;
use crate::vectors_from::{Maker, VectorsFrom, encode};

/// Give an index the vectors of another model, while it is asked and changed.
///
/// All documents are encoded into a second set of vectors beside the first, then those that came meanwhile, until none is
/// missing; then searches find the new set from one moment to the next, and the old one is dropped. Stop with Ctrl-C
/// whenever you like: the same command goes on. A weight that `rootward index fit` found was of the old model and goes
/// with it.
#[derive(Args)]
pub(crate) struct Switch {
    /// The index.
    #[arg(long, value_name = "FILE")]
    index: PathBuf,
    #[command(flatten)]
    from: VectorsFrom,
    /// Share of the exact best hits that search down the tree is to find; left out, what was asked for before.
    #[arg(long, value_name = "SHARE", value_parser = recall)]
    recall: Option<f64>,
    /// Array of the vectors of queries to measure that on; left out, documents are asked for among the others.
    #[arg(long, value_name = "FILE.npy")]
    queries: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Done {
    generation: u64,
    dim: usize,
    model: Option<ModelName>,
    /// Documents whose vectors were made now.
    encoded: usize,
    tuning: Tuning,
}

/// Documents of a transaction.
const TOGETHER: usize = 10_000;

impl Switch {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let maker = self.from.open()?;
        let settings = maker.settings();
        let of_width = |path| array::read_queries(path, settings.dim);
        let queries = self.queries.as_deref().map(of_width).transpose()?;
        if let Maker::Model(model, name) = &maker
            && !model.encoder().reads_texts(Side::Document)
        {
            bail!(
                "{} has vectors of its own for the documents that it was trained on, and reads no others",
                name.name
            );
        }
        interrupt::watch()?;
        let set = self.begun(&settings)?;
        let encoded = self.fill(set, &maker).map_err(|error| match &maker {
            Maker::Model(..) => {
                anyhow!("{}; what was encoded stays, and the same command goes on with it", chain(&error))
            }
            // Nobody knows whether the same command will be given the same array.
            Maker::Array(_) => {
                // What cannot be dropped now is by the next switch.
                let _ = Writer::open(&self.index).and_then(|mut writer| writer.drop_set(set));
                anyhow!("{}; the index is searched as before", chain(&error))
            }
        })?;
        let mut editor = Editor::open(&self.index)?;
        let before = editor.index().tuning()?.map(|tuning| tuning.recall);
        let mut bar = Bar::endless("switch");
        bar.note("growing the tree".to_owned());
        editor.switch(set)?;
        bar.note("measuring".to_owned());
        let tuning = editor.tune(self.recall.or(before).unwrap_or(RECALL), queries.as_ref())?;
        bar.clear();
        let generation = editor.index().with_snapshot(Snapshot::generation)?;
        if self.json {
            let Settings { dim, model } = settings;
            return print_json(&Done { generation, dim, model, encoded, tuning });
        }
        say(format_args!(
            "{} holds vectors of {} numbers now, {}",
            self.index.display(),
            settings.dim,
            maker.origin()
        ));
        say(in_words(&tuning));
        Ok(())
    }

    /// The set of vectors to be filled, which an interrupted switch may have begun.
    fn begun(&self, settings: &Settings) -> anyhow::Result<SetId> {
        let mut reader = Reader::open(&self.index)?;
        let reading = reader.snapshot()?;
        let is_this = |other: &Settings| match (&other.model, &settings.model) {
            (Some(other), Some(model)) => other.fingerprint == model.fingerprint,
            // Nobody knows whether two arrays are of one model.
            _ => false,
        };
        if is_this(reading.settings()) {
            bail!("{} holds the vectors of this model already", self.index.display());
        }
        let sets = reading.sets();
        let begun = sets.iter().filter(|(set, _)| **set != reading.current());
        let begun: Vec<(SetId, Settings)> = begun.map(|(set, (is, _))| (*set, (*is).clone())).collect();
        drop(reading);
        if let Some((set, _)) = begun.iter().find(|(_, begun)| is_this(begun)) {
            return Ok(*set);
        }
        let mut writer = Writer::open(&self.index)?;
        for (set, other) in begun {
            let name = other.model.map_or("an array".to_owned(), |model| model.name);
            say(format_args!("note: the vectors of {name}, which another switch had begun, are dropped"));
            writer.drop_set(set)?;
        }
        Ok(writer.begin_set(settings)?)
    }

    /// Makes the vectors of all documents that lack one, those that come meanwhile included; returns how many it made.
    fn fill(&self, set: SetId, maker: &Maker) -> anyhow::Result<usize> {
        let (began, mut encoded) = (Instant::now(), 0);
        let mut reader = Reader::open(&self.index)?;
        let mut bar = Bar::new("encode", reader.snapshot()?.n_docs() as usize);
        loop {
            let reading = reader.snapshot()?;
            let rows = reading.missing(set, TOGETHER)?;
            let there = reading.sets().get(&set).map_or(0, |(_, there)| *there as usize);
            bar.at(there);
            if rows.is_empty() {
                bar.clear();
                return Ok(encoded);
            }
            let docs = reading.documents(&rows)?;
            let known: Vec<(DocIdx, Stored)> =
                rows.into_iter().zip(docs).filter_map(|(row, doc)| Some((row, doc?))).collect();
            drop(reading);
            let vectors = vectors(maker, &known, &mut |done| bar.at(there + done))?;
            encoded += self.put(set, &known, &vectors)?;
            let rate = encoded as f64 / began.elapsed().as_secs_f64().max(1e-9);
            bar.note(format!("{} documents a second", grouped(rate as usize)));
        }
    }

    /// Writes vectors of documents that are still what they were; returns how many.
    fn put(&self, set: SetId, known: &[(DocIdx, Stored)], vectors: &[Vec<f32>]) -> anyhow::Result<usize> {
        let mut writer = Writer::open(&self.index)?;
        let rows: Vec<DocIdx> = known.iter().map(|(row, _)| *row).collect();
        // Nobody else changes the index from here on.
        let now = Reader::open(&self.index)?.snapshot()?.documents(&rows)?;
        let same = known.iter().zip(vectors).zip(&now);
        let same = same.filter(|(((_, then), _), now)| now.as_ref() == Some(then));
        let same: Vec<(DocIdx, &[f32])> = same.map(|(((row, _), vector), _)| (*row, &vector[..])).collect();
        let mut changes = writer.begin()?;
        changes.put_vectors(set, same.iter().copied())?;
        changes.commit()?;
        Ok(same.len())
    }
}

/// The vectors of documents.
fn vectors(
    maker: &Maker,
    docs: &[(DocIdx, Stored)],
    done: &mut dyn FnMut(usize),
) -> anyhow::Result<Vec<Vec<f32>>> {
    match maker {
        Maker::Array(array) => {
            let row = |(_, doc): &(DocIdx, Stored)| Ok(array.vectors.row(array.row_of(&doc.id)?).to_vec());
            docs.iter().map(row).collect()
        }
        Maker::Model(model, _) => {
            let synonyms: Vec<Vec<String>> = docs.iter().map(|(_, doc)| synonyms(doc)).collect();
            let inputs = docs.iter().zip(&synonyms).map(|((_, doc), synonyms)| {
                let text = Text { title: &doc.title, synonyms, body: &doc.text };
                Input { idx: u32::MAX, text }
            });
            let made = encode(model, Side::Document, &inputs.collect::<Vec<_>>(), done)?; // (docs, dim)
            Ok((0..made.n_rows()).map(|row| made.row(row).to_vec()).collect())
        }
    }
}

/// Other words for a document.
pub(crate) fn synonyms(doc: &Stored) -> Vec<String> {
    let list = doc.metadata.get(SYNONYMS).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
