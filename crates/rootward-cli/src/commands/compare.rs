//! `rootward compare`: models and runs side by side, by distance, with significance.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use rootward::dataset::{Dataset, Split};
use rootward::eval::{Judge, NameTable, Truth};

use super::baselines::{as_judged, name_of, no_split};
use crate::comparison::{Comparison, Contender, Testing};
use crate::output::{print, print_json};
use crate::ranked::Ranked;

/// Compare models and TREC runs, by distance and with significance.
///
/// Each is measured as by `rootward eval`, and every two are tested on their recall by query: which differences are more
/// than luck with these queries? A folder is a model, a file is a run: `rootward eval --run-out` writes runs, and so does
/// every other retrieval program.
#[derive(Args)]
#[command(after_help = "Example:\n  rootward compare --data data/wordnet-nouns demo/standard demo/climb\n  \
                  rootward compare --data DATA mine.run theirs.run")]
pub(crate) struct Compare {
    /// Folder of the data set.
    #[arg(long, value_name = "DATA")]
    data: PathBuf,
    /// Models and runs to compare.
    #[arg(value_name = "RUN|MODEL", required = true)]
    ranked: Vec<PathBuf>,
    /// Queries to measure on.
    #[arg(long, value_name = "SPLIT", default_value = "test")]
    split: Split,
    /// Let nDCG take all of S(q) as relevant, ancestors included, with grade 1.
    #[arg(long)]
    ancestors: bool,
    #[command(flatten)]
    testing: Testing,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

impl Compare {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let data = Dataset::open(&self.data)?;
        let pairs = data.pairs(self.split).with_context(|| no_split(&data, self.split))?;
        let table = NameTable::of(&data);
        let judge = if self.ancestors { Judge::Ancestors } else { as_judged(&data, self.split) };
        let truth = Truth { pairs: &pairs, judge, names: table.names() };
        let mut contenders = Vec::new();
        for path in &self.ranked {
            let name = name_of(path);
            let evaluation = Ranked::open(path, &data, &truth)?.evaluate(&name, &truth)?;
            contenders.push(Contender { name, evaluation });
        }
        let found = Comparison::of(contenders, &self.testing)?;
        if self.json { print_json(&found) } else { print(&found.to_string()) }
    }
}
