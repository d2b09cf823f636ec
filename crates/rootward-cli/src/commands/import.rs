//! `rootward import`: other people's files into a data set folder.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use rootward::dataset::Compress;
use rootward::import;

use crate::output::say;

/// Turn other files into a data set folder.
#[derive(Args)]
#[command(
    after_help = "Example:\n  rootward import wordnet /usr/share/wordnet --out data/wordnet-nouns --gzip"
)]
pub(crate) struct Import {
    /// What the files are.
    kind: Kind,
    /// Where they are: for wordnet, the folder that holds data.noun.
    #[arg(value_name = "SRC")]
    source: PathBuf,
    /// Folder to write; it must not exist, or be empty.
    #[arg(long, value_name = "DATA")]
    out: PathBuf,
    /// Write gzip files; they are read wherever plain ones are.
    #[arg(long)]
    gzip: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// The nouns of Princeton `WordNet`: hypernyms and instance hypernyms are the parents.
    Wordnet,
}

impl Import {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let data = match self.kind {
            Kind::Wordnet => import::wordnet(&self.source)?,
        };
        let compress = if self.gzip { Compress::Gzip } else { Compress::None };
        data.write(&self.out, compress)?;
        let (docs, edges) = (data.docs.len(), data.hierarchy.n_edges());
        say(format_args!("wrote {}: {docs} documents, {edges} edges", self.out.display()));
        say(format_args!("next: rootward inspect {}", self.out.display()));
        Ok(())
    }
}
