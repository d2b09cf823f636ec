//! `rootward search`: ask a model.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use rootward::dataset::Dataset;
use rootward::model::Model;

use crate::answers::Answers;
use crate::bodies::open_body;
use crate::output::{print, print_json};

/// Ask a model: the exact match and its ancestors, best first.
///
/// A model of tables knows the queries it was trained on and no others. Each word is looked up among them, by id, text,
/// title or synonym; a word with several meanings is answered once for each.
#[derive(Args)]
#[command(
    after_help = "Example:\n  rootward search --data data/wordnet-nouns --model demo/climb sandal --k 12"
)]
pub(crate) struct Search {
    /// Folder of the data set.
    #[arg(long, value_name = "DATA")]
    data: PathBuf,
    /// Folder of the model.
    #[arg(long, value_name = "MODEL")]
    model: PathBuf,
    /// What to look for.
    #[arg(value_name = "TEXT", required_unless_present = "batch")]
    words: Vec<String>,
    /// File with one thing to look for on each line.
    #[arg(long, value_name = "FILE")]
    batch: Option<PathBuf>,
    /// Documents for each query; without it as many as its relevant set has.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    k: Option<u32>,
    /// Print one JSON object on a line for each answer.
    #[arg(long)]
    json: bool,
}

impl Search {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let data = Dataset::open(&self.data)?;
        let model = Model::open(&self.model, &open_body)?;
        model.belongs_to(&data)?;
        let mut words = self.words;
        if let Some(path) = &self.batch {
            let text =
                fs::read_to_string(path).with_context(|| format!("{} could not be read", path.display()))?;
            words.extend(text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned));
        }
        let answers = Answers::new(&model, &data)?;
        // A word that is not known fails before anything is printed: the output is whole or not there.
        let found = words.iter().map(|word| answers.find(word)).collect::<anyhow::Result<Vec<_>>>()?;
        for query in found.into_iter().flatten() {
            let answer = answers.answer(query, self.k.map(|k| k as usize))?;
            if self.json {
                print_json(&answer)?;
            } else {
                print(&format!("{answer}\n"))?;
            }
        }
        Ok(())
    }
}
