//! `rootward inspect`: what a data set or a model is.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use rootward::dataset::Dataset;
use rootward::inspect::inspect;
use rootward::model::{self, Model};

use crate::output::{print, print_json};
use crate::training::CHECKPOINT;

/// Show what a data set or a model is.
///
/// Of a data set: counts, depth, fan-out, the sizes of relevant sets, pairs by distance, and the dimension that theory
/// asks for. Of a model: what it is and what it was trained on.
#[derive(Args)]
pub(crate) struct Inspect {
    /// Folder of a data set or of a model.
    #[arg(value_name = "DATA|MODEL")]
    folder: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        if model::exists(&self.folder) {
            let config = Model::open(&self.folder)?.config;
            return if self.json {
                print_json(&config)
            } else {
                print(&serde_json::to_string_pretty(&config)?)
            };
        }
        if self.folder.join(CHECKPOINT).is_file() {
            bail!(
                "{} holds an unfinished run: finish it with `rootward train --resume`",
                self.folder.display()
            );
        }
        let found = inspect(&Dataset::open(&self.folder)?);
        if self.json { print_json(&found) } else { print(&found.to_string()) }
    }
}
