//! `rootward split`: a data set without some of its pairs, and the pairs that are missing from it.

use std::path::PathBuf;

use anyhow::bail;
use clap::{ArgGroup, Args};
use rootward::dataset::{Compress, Dataset};
use rootward::held_out::{FILE, Given, Hide, hide};
use serde::Serialize;

use crate::output::{print_json, say};

/// Hide pairs of a data set, so that it can be measured whether they are found.
///
/// Vectors of a hierarchy that was wholly given could be looked up; learning shows on pairs that were not. OUT holds the
/// same documents with the pairs that are left, each as an edge of its own, and held-out.tsv with all pairs, their
/// distance, and whether they were hidden: the file for `rootward eval --held-out`.
#[derive(Args)]
#[command(group(ArgGroup::new("what").args(["pairs", "queries", "edges_only"]).required(true)))]
#[command(
    after_help = "Example:\n  rootward split data/wordnet-nouns --pairs 0.2 --out hidden\n  rootward complete hidden --out completed"
)]
pub(crate) struct Split {
    /// Folder of the data set: a hierarchy without queries of its own.
    data: PathBuf,
    /// Hide this share of the pairs (document, ancestor) at distance 1 or more, each by itself.
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pairs: Option<f64>,
    /// Hide all pairs of this share of the documents without descendants.
    #[arg(long, value_name = "SHARE", value_parser = share)]
    queries: Option<f64>,
    /// Hide all pairs at distance 2 or more.
    #[arg(long)]
    edges_only: bool,
    /// Give the rest as judgements without a hierarchy, from which nothing follows by transitivity.
    #[arg(long)]
    flat: bool,
    /// Folder to write.
    #[arg(long, value_name = "OUT")]
    out: PathBuf,
    /// Seed of the draw.
    #[arg(long, value_name = "N", default_value_t = 7)]
    seed: u64,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Done {
    out: PathBuf,
    given: usize,
    hidden: usize,
}

impl Split {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let data = Dataset::open(&self.data)?;
        if !data.is_closed() {
            bail!(
                "`{}` has queries of its own: pairs are hidden where each document is its own query",
                data.name
            );
        }
        let what = match (self.pairs, self.queries) {
            (Some(share), _) => Hide::Pairs(share),
            (None, Some(share)) => Hide::Queries(share),
            (None, None) => Hide::AllButEdges,
        };
        let given = if self.flat { Given::Judgements } else { Given::Edges };
        let (left, held_out) = hide(&data, what, given, self.seed);
        left.write(&self.out, Compress::None)?;
        held_out.write(&self.out.join(FILE), &data)?;
        let hidden = held_out.n_hidden();
        let given = held_out.pairs.n_pairs() - held_out.pairs.n_queries() - hidden;
        if self.json {
            return print_json(&Done { out: self.out, given, hidden });
        }
        say(format_args!("{given} pairs are left in {}, {hidden} are hidden", self.out.display()));
        Ok(())
    }
}

/// A number from 0 to 1.
fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| format!("`{text}` is no share: a number from 0 to 1 was expected"))
}
