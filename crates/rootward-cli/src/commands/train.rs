//! `rootward train`: a recipe, a data set, a model.

use std::path::PathBuf;

use clap::Args;
use rootward::dataset::{Dataset, Document, Split};
use rootward::recipe::{BodyConfig, Documents, EncoderConfig, Recipe, TextConfig};
use serde::Serialize;

use crate::builtin::read_recipe;
use crate::diagnosis::{Maker, page};
use crate::interrupt;
use crate::output::{print_json, say, shell_word};
use crate::training::{self, Existing};

/// Train a model by a recipe.
///
/// Writes the folder MODEL: model.safetensors, config.json, recipe.toml (everything as it was run), report.jsonl (every
/// step's numbers) and README.md (the model's card: data, command, time, the last validation). Stop with Ctrl-C whenever you like: --resume goes on from the last checkpoint to exactly the
/// same result, even after a power cut.
#[derive(Args)]
#[command(
    after_help = "Example:\n  rootward train --data data/wordnet-nouns --recipe climb --out model --set encoder.dim=32"
)]
pub(crate) struct Train {
    /// Folder of the data set.
    #[arg(long, value_name = "DATA")]
    data: PathBuf,
    /// Recipe: a TOML file, or one that comes with the program: standard, pretrain-finetune, climb, climb-small,
    /// hyperbolic, hyperbolic-pretrain-finetune, rebalanced, long-only, curriculum, distance-weighted, even-distances,
    /// distance-reweighted, adaptive-temperature; text-standard, text-pretrain-finetune, text-climb, text-joint
    /// for queries that nobody has seen, with a Transformer transformer-standard, transformer-climb; hce-supervised,
    /// hce-unsupervised, hce-joint for a corpus and a tree of it, and each of these as transformer-hce-..; and
    /// tree-standard, tree-rebalanced, tree-pretrain-finetune, tree-climb for the paper's small tree.
    #[arg(long, value_name = "FILE")]
    recipe: PathBuf,
    /// Folder to write the model to.
    #[arg(long, value_name = "MODEL")]
    out: PathBuf,
    /// Change a value of the recipe, such as `stages.0.epochs=5`; may be given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Seed instead of the recipe's; everything random follows from it.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Go on with the run that was interrupted in MODEL, or begin it.
    #[arg(long)]
    resume: bool,
    /// Print one JSON object when done.
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Trained {
    model: PathBuf,
    data: String,
    dim: usize,
    seed: u64,
    seconds: Option<f64>,
}

impl Train {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let mut recipe = read_recipe(&self.recipe, &self.set)?;
        recipe.reseed(self.seed)?;
        let data = match recipe.learns_from_documents() {
            true => Dataset::open_documents(&self.data)?,
            false => Dataset::open(&self.data)?,
        };
        let wants_judged = recipe.learn_from.iter().any(|from| !from.is_made_of_documents());
        let judged = data.judgements(Split::Train).unwrap_or_default();
        if wants_judged && data.has_documents_alone() {
            say(format_args!(
                "note: `{}` has no judged queries: in their place each document asks for itself; hce-unsupervised learns \
                 from documents alone",
                data.name
            ));
        } else if wants_judged
            && recipe.learns_from_documents()
            && !data.is_closed()
            && judged.iter().all(|judgement| judgement.grade <= 0)
        {
            say(format_args!(
                "note: `{}` has no training judgements above 0, expected in qrels/train.tsv: what is made of its documents \
                 is learned alone",
                data.name
            ));
        }
        if let Some((share, most)) = cut_off(&recipe, &data) {
            say(format_args!(
                "note: {:.0} % of the documents have more words than the {most} tokens that the encoder reads; nothing is \
                 found by what stands behind. Cut them (`rootward import texts --passages`) or raise \
                 encoder.body.max_tokens",
                100.0 * share
            ));
        }
        let existing = if self.resume { Existing::Resume } else { Existing::Refuse };
        interrupt::watch()?;
        let finished = training::train(&data, &recipe, &self.recipe.to_string_lossy(), &self.out, existing)?;
        if self.json {
            return print_json(&Trained {
                model: self.out,
                data: data.name,
                dim: finished.dim,
                seed: recipe.seed,
                seconds: finished.seconds,
            });
        }
        match finished.seconds {
            Some(seconds) => say(format_args!("trained {} in {seconds:.1} s", self.out.display())),
            None => say(format_args!("{} was trained already", self.out.display())),
        }
        let findings =
            Maker::model(&self.out, finished.dim).explain_training(recipe.validation.far_from, &data);
        if !findings.is_empty() {
            say(page("what the last validation says:\n", &findings));
        }
        let (data_folder, model) = (shell_word(self.data.as_os_str()), shell_word(self.out.as_os_str()));
        let is_judged = data.is_closed() || data.judgements(Split::Test).is_some();
        // A table has vectors for what it was trained on alone.
        let is_table = matches!(recipe.encoder, EncoderConfig::Table(_));
        let next = if is_table && !data.is_closed() {
            format!("rootward eval --data {data_folder} --model {model} --split train")
        } else if !is_table && (data.has_documents_alone() || !is_judged) {
            format!("rootward search --data {data_folder} --model {model} \"some words\"")
        } else {
            format!("rootward eval --data {data_folder} --model {model}")
        };
        say(format_args!("next: {next}"));
        Ok(())
    }
}

/// From what share of documents on it is said that they are read in part.
const MANY: f64 = 0.1;

/// The share of documents that have more words than their encoder reads tokens, where these are many, and how many it
/// reads. A word is a token or more.
fn cut_off(recipe: &Recipe, data: &Dataset) -> Option<(f64, usize)> {
    let EncoderConfig::Text(TextConfig { body, documents, .. }) = &recipe.encoder else { return None };
    let (BodyConfig::Static { max_tokens, .. } | BodyConfig::Transformer { max_tokens, .. }) = body;
    if let Documents::Table { .. } = documents {
        return None;
    }
    let words = |text: &str| text.split_whitespace().take(max_tokens + 1).count();
    let is_cut = |doc: &&Document| words(&doc.title) + words(&doc.text) > *max_tokens;
    let share = data.docs.iter().filter(is_cut).count() as f64 / data.docs.len().max(1) as f64;
    (share >= MANY).then_some((share, *max_tokens))
}
