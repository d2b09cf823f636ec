//! `rootward eval`: how well a model or a run retrieves, by distance and by the measures of the field.

use std::collections::HashSet;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{ArgGroup, Args};
use rootward::dataset::{Dataset, Split};
use rootward::diagnosis::{Told, told};
use rootward::digits::grouped;
use rootward::eval::{Evaluation, Judge, NameTable, Truth, Vectors, evaluate, write_per_query};
use rootward::files::write_aside;
use rootward::held_out::{Found, HeldOut};
use rootward::ids::QueryIdx;
use rootward::model::Model;
use rootward::run::{Run, evaluate_run};
use serde::Serialize;

use crate::answers::{can_answer, doc_vectors, query_vectors};
use crate::bodies::open_body;
use crate::card::{self, section};
use crate::diagnosis::{Maker, page};
use crate::output::{command_line, print, print_json, say};
use crate::progress::Bar;
use crate::saved_tree::{Descent, decode};

/// Measure a model, or any TREC run, over the whole corpus.
///
/// Recall by distance is the share of pairs (query, document) at that distance whose document is among the first
/// |S(q)|, S(q) being the exact matches of the query and all their ancestors. nDCG, recall@k, MRR and MAP are those of
/// trec_eval on the judgements as they are, or on all of S(q) with --ancestors. Equal scores are ordered by document
/// id, descending, as trec_eval does. Below the tables stands what the numbers mean, and what to do about it.
#[derive(Args)]
#[command(group(ArgGroup::new("measured").args(["model", "run"]).required(true)))]
#[command(
    after_help = "Examples:\n  rootward eval --data data/wordnet-nouns --model demo/climb --ancestors\n  \
                  rootward eval --data DATA --model MODEL --decode 8"
)]
pub(crate) struct Eval {
    /// Folder of the data set.
    #[arg(long, value_name = "DATA")]
    data: PathBuf,
    /// Folder of the model to measure.
    #[arg(long, value_name = "MODEL")]
    model: Option<PathBuf>,
    /// TREC run to measure instead: lines of `query Q0 document rank score tag`.
    #[arg(long, value_name = "FILE")]
    run: Option<PathBuf>,
    /// Rank by walking down the document tree that the model was trained with, looking into so many nodes of each level,
    /// in place of comparing with all documents; what the walk does not reach is not found.
    #[arg(long, value_name = "BEAM", requires = "model", conflicts_with_all = ["run", "card"],
          value_parser = clap::value_parser!(u32).range(1..))]
    decode: Option<u32>,
    /// Queries to measure on.
    #[arg(long, value_name = "SPLIT", default_value = "test")]
    split: Split,
    /// Measure on the pairs of this file, and tell those that training was not given from the others: `held-out.tsv`
    /// beside the data, as `rootward split` writes it.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["split", "run_out"])]
    held_out: Option<PathBuf>,
    /// Let the ranking measures take all of S(q) as relevant, ancestors included, with grade 1.
    #[arg(long)]
    ancestors: bool,
    /// Write the ranking as a TREC run.
    #[arg(long, value_name = "FILE", conflicts_with = "run")]
    run_out: Option<PathBuf>,
    /// Documents for each query in the run that is written.
    #[arg(long, value_name = "N", default_value_t = 1000, requires = "run_out",
          value_parser = clap::value_parser!(u32).range(1..))]
    depth: u32,
    /// Write what became of each query, as TSV.
    #[arg(long, value_name = "FILE")]
    per_query: Option<PathBuf>,
    /// Put the numbers and this command into the model's card, README.md in its folder, in place of older ones on the
    /// same queries.
    #[arg(long, requires = "model", conflicts_with_all = ["run", "held_out"])]
    card: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Explained<'a> {
    #[serde(flatten)]
    evaluation: &'a Evaluation,
    diagnosis: Vec<Told<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    held_out: Option<Found>,
}

impl Eval {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let data = Dataset::open(&self.data)?;
        let held_out = self.held_out.as_ref().map(|file| HeldOut::read(file, &data)).transpose()?;
        let of_split = || data.pairs(self.split);
        let pairs = held_out.as_ref().map(|held_out| held_out.pairs.clone()).or_else(of_split).with_context(
            || {
                format!(
                    "data set `{}` has no {} judgements: expected qrels/{}.tsv in it",
                    data.name, self.split, self.split
                )
            },
        )?;
        let table = NameTable::of(&data);
        let judge = if self.ancestors {
            Judge::Ancestors
        } else {
            Judge::Qrels(data.judgements(self.split).unwrap_or_default())
        };
        let truth = Truth { pairs: &pairs, judge, names: table.names() };
        let (found, maker) = match (&self.model, &self.run) {
            (Some(folder), _) => {
                let model = Model::open(folder, &open_body)?;
                let found = match self.decode {
                    Some(beam) => self.evaluate_decoded(&data, &model, &truth, beam as usize)?,
                    None => self.evaluate_model(&data, &model, &truth)?,
                };
                if self.card {
                    self.put_on_card(folder, &model, &data, &found)?;
                }
                (found, Maker::model(folder, model.encoder.dim()))
            }
            (None, run) => {
                let run = run.as_ref().expect("the parser asks for a model or a run");
                let listed = Run::read(run, truth.names)?;
                let is_listed: HashSet<QueryIdx> = listed.queries().collect();
                let n_listed = pairs.queries().iter().filter(|query| is_listed.contains(query)).count();
                if is_listed.is_empty() {
                    bail!(
                        "{} is empty; lines of `query Q0 document rank score tag` were expected",
                        run.display()
                    );
                }
                if n_listed == 0 {
                    bail!(
                        "{} lists no query of the split {}; lines of `query Q0 document rank score tag` for its queries \
                         were expected: --split names another",
                        run.display(),
                        self.split
                    );
                }
                if n_listed < pairs.n_queries() {
                    say(format_args!(
                        "note: {} lists {} of the {} queries of {}; for the others nothing is found",
                        run.display(),
                        grouped(n_listed),
                        grouped(pairs.n_queries()),
                        self.split
                    ));
                }
                (evaluate_run(&listed, &truth)?, Maker::unknown())
            }
        };
        if let Some(path) = &self.per_query {
            write_per_query(path, &found, &truth.names)?;
        }
        if data.has_documents_alone() {
            say(format_args!(
                "note: nobody asks anything in `{}`: each document was asked for by itself, which any encoder answers; the \
                 study `contrast` asks by titles instead",
                data.name
            ));
        }
        let findings = maker.explain(&found, &pairs, &data);
        if self.json {
            let held_out = held_out.map(|held_out| held_out.measure(&found));
            return print_json(&Explained { evaluation: &found, diagnosis: told(&findings), held_out });
        }
        if let Some(held_out) = held_out {
            return print(&format!("{found}\n\n{}", held_out.measure(&found)));
        }
        print(&format!("{found}\n\n{}", page("What the numbers mean:\n", &findings)))
    }

    /// Puts what was found into the card in the model's folder, which is begun where there is none.
    fn put_on_card(
        &self,
        folder: &Path,
        model: &Model,
        data: &Dataset,
        found: &Evaluation,
    ) -> anyhow::Result<()> {
        let path = card::path(folder);
        let card = match fs::read_to_string(&path) {
            Err(cause) if cause.kind() == ErrorKind::NotFound => String::new(),
            read => read.with_context(|| format!("{} could not be read", path.display()))?,
        };
        let measured = section::Measured {
            found,
            split: self.split,
            ancestors: self.ancestors,
            queries: section::trained_on(found, data, &model.config.data),
            data: &data.name,
            command: command_line(),
        };
        let card = section::put(&card, &measured);
        write_aside(&path, |file| file.write_all(card.as_bytes()))?;
        say(format_args!("wrote the numbers into {}", path.display()));
        Ok(())
    }

    fn evaluate_model(&self, data: &Dataset, model: &Model, truth: &Truth<'_>) -> anyhow::Result<Evaluation> {
        model.belongs_to(data)?;
        can_answer(&*model.encoder, data, truth.pairs.queries())?;
        if let Some(path) = &self.run_out {
            let (queries, docs) = (
                query_vectors(&*model.encoder, data, truth.pairs.queries())?,
                doc_vectors(&*model.encoder, data)?,
            );
            let vectors = Vectors { queries: &queries, docs: &docs };
            let bar = Bar::new("rank", queries.n_rows());
            let (asked, depth) = (truth.pairs.queries(), self.depth as usize);
            let run = Run::of_vectors(vectors, asked, truth.names, depth, &|done| bar.at(done))?;
            bar.clear();
            run.write(path, truth.names, "rootward")?;
        }
        evaluate_model(model, data, truth)
    }

    /// Measures the rankings of a model's tree.
    fn evaluate_decoded(
        &self,
        data: &Dataset,
        model: &Model,
        truth: &Truth<'_>,
        beam: usize,
    ) -> anyhow::Result<Evaluation> {
        let folder = self.model.as_ref().expect("the parser asks for a model");
        let depth = self.depth as usize;
        let run = decode(folder, model, data, truth, Descent { beam, depth })?;
        if let Some(path) = &self.run_out {
            let first = |query| run.list(query).iter().copied().take(depth).collect();
            let first = Run::of_lists(run.queries().map(|query| (query, first(query))));
            first.write(path, truth.names, "rootward-tree")?;
        }
        Ok(evaluate_run(&run, truth)?)
    }
}

/// Measures a model, with a bar.
pub(crate) fn evaluate_model(model: &Model, data: &Dataset, truth: &Truth<'_>) -> anyhow::Result<Evaluation> {
    let queries = query_vectors(&*model.encoder, data, truth.pairs.queries())?; // (queries, dim)
    let docs = doc_vectors(&*model.encoder, data)?; // (documents, dim)
    let bar = Bar::new("evaluate", queries.n_rows());
    let found = evaluate(Vectors { queries: &queries, docs: &docs }, truth, &|done| bar.at(done))?;
    bar.clear();
    Ok(found)
}
