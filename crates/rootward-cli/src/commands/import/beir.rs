//! `rootward import beir`.

use clap::Args;
use rootward_import::beir;

use super::FromTo;

/// A test collection of BEIR: corpus.jsonl, queries.jsonl and qrels/*.tsv.
///
/// SRC is the folder or the zip archive as it is downloaded. Judgements of queries and documents that are not there are
/// left out and counted; hierarchy.tsv is kept where it is there.
#[derive(Args)]
#[command(after_help = "Example:\n  rootward import beir scifact.zip --out scifact")]
pub(crate) struct Beir {
    #[command(flatten)]
    files: FromTo,
}

impl Beir {
    pub(super) fn run(self) -> anyhow::Result<()> {
        self.files.run(beir)
    }
}
