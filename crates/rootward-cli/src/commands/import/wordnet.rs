//! `rootward import wordnet`.

use clap::Args;
use rootward_import::wordnet;

use super::FromTo;

/// The nouns of Princeton `WordNet`: hypernyms and instance hypernyms are the parents.
///
/// SRC is the folder that holds data.noun.
#[derive(Args)]
pub(crate) struct Wordnet {
    #[command(flatten)]
    files: FromTo,
}

impl Wordnet {
    pub(super) fn run(self) -> anyhow::Result<()> {
        self.files.run(wordnet)
    }
}
