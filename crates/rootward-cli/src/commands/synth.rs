//! `rootward synth`: a hierarchy made to order.

use std::path::PathBuf;

use clap::Args;
use rootward::dataset::Compress;
use rootward::synth::{FanOut, Shape, synth};

use crate::output::say;

/// Make a tree, or a graph with extra parents, as a data set folder.
///
/// Every node is a document and its own query; its id is the way down to it, such as `1.3.2`. The same numbers and seed
/// make the same files.
#[derive(Args)]
#[command(after_help = "Example:\n  rootward synth --height 4 --width 5 --out tree")]
pub(crate) struct Synth {
    /// Levels, the root's included: height 4 and width 5 are 1 + 5 + 25 + 125 nodes.
    #[arg(long, value_name = "H")]
    height: usize,
    /// Nodes of a level for each node of the level above.
    #[arg(long, value_name = "W")]
    width: usize,
    /// Folder to write; it must not exist, or be empty.
    #[arg(long, value_name = "DATA")]
    out: PathBuf,
    /// Give this share of the nodes two or more levels below the root a second parent.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    extra_parents: f64,
    /// Share children out unevenly: the r-th node of a level is drawn as parent in proportion to r^-S.
    #[arg(long, value_name = "S")]
    skew: Option<f64>,
    /// Everything random follows from it.
    #[arg(long, value_name = "N", default_value_t = 7)]
    seed: u64,
}

impl Synth {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let fan_out = self.skew.map_or(FanOut::Even, |skew| FanOut::Skewed { skew });
        let Synth { height, width, extra_parents, .. } = self;
        let data = synth(&Shape { height, width, fan_out, extra_parents }, self.seed)?;
        data.write(&self.out, Compress::None)?;
        let (docs, edges) = (data.docs.len(), data.hierarchy.n_edges());
        say(format_args!("wrote {}: {docs} documents, {edges} edges", self.out.display()));
        say(format_args!("next: rootward inspect {}", self.out.display()));
        Ok(())
    }
}
