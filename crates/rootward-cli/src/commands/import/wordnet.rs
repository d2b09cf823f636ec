//! `rootward import wordnet`.

use clap::{Args, ValueEnum};
use rootward_import::{PartOfSpeech, WordnetOptions, wordnet};

use super::{Asked, FromTo};

/// Princeton `WordNet`, any version: hypernyms and instance hypernyms are the parents.
///
/// SRC is the folder that holds data.noun, data.verb, data.adj and data.adv. The parent of an adjective that is the
/// satellite of another is that other one; adverbs have no parents.
#[derive(Args)]
pub(crate) struct Wordnet {
    #[command(flatten)]
    files: FromTo,
    /// Part of speech; give it again for more.
    #[arg(long, value_name = "POS", value_enum, default_values_t = [Pos::Noun])]
    pos: Vec<Pos>,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Clone, Copy, ValueEnum)]
enum Pos {
    Noun,
    Verb,
    Adj,
    Adv,
    All,
}

impl Wordnet {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let mut parts_of_speech: Vec<PartOfSpeech> =
            self.pos.iter().flat_map(|pos| pos.parts()).copied().collect();
        parts_of_speech.sort_unstable();
        parts_of_speech.dedup();
        let options = WordnetOptions { parts_of_speech, queries: self.asked.queries() };
        self.files.run(|source| wordnet(source, &options))
    }
}

impl Pos {
    fn parts(self) -> &'static [PartOfSpeech] {
        match self {
            Pos::Noun => &[PartOfSpeech::Noun],
            Pos::Verb => &[PartOfSpeech::Verb],
            Pos::Adj => &[PartOfSpeech::Adjective],
            Pos::Adv => &[PartOfSpeech::Adverb],
            Pos::All => &PartOfSpeech::ALL,
        }
    }
}
