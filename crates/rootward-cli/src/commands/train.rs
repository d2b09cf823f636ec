//! `rootward train`: a recipe, a data set, a model.

use std::path::PathBuf;

use clap::Args;
use rootward::dataset::Dataset;
use serde::Serialize;

use crate::builtin::read_recipe;
use crate::diagnosis::{Maker, page};
use crate::interrupt;
use crate::output::{print_json, say};
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
    /// distance-reweighted, adaptive-temperature; text-standard, text-pretrain-finetune, text-climb for queries that
    /// nobody has seen, with a Transformer transformer-standard, transformer-climb; hce-supervised, hce-unsupervised,
    /// hce-joint for a corpus and a tree of it, and each of these as transformer-hce-..; and tree-standard, tree-rebalanced, tree-pretrain-finetune, tree-climb
    /// for the paper's small tree.
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
        if data.has_documents_alone() && recipe.learn_from.iter().any(|from| !from.is_made_of_documents()) {
            say(format_args!(
                "note: `{}` has no judged queries: in their place each document asks for itself; hce-unsupervised learns \
                 from documents alone",
                data.name
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
        let (data_folder, model) = (self.data.display(), self.out.display());
        match data.has_documents_alone() {
            true => {
                say(format_args!("next: rootward search --data {data_folder} --model {model} \"some words\""))
            }
            false => say(format_args!("next: rootward eval --data {data_folder} --model {model}")),
        }
        Ok(())
    }
}
