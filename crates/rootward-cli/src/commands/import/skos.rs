//! `rootward import skos`.

use clap::{Args, ValueEnum};
use rootward_import::{Above, Ids, SkosOptions, skos};

use super::{Asked, FromTo};

/// SKOS thesauri and OWL ontologies, as RDF/XML, Turtle or N-Triples: broader concepts are the parents.
///
/// The preferred label becomes the title, the definition or else the scope note the text, other labels are synonyms:
/// each in the language asked for, else without a language, else in the first by its tag.
#[derive(Args)]
pub(crate) struct Skos {
    #[command(flatten)]
    files: FromTo,
    /// What gives the parents: skos:broader and skos:narrower, or rdfs:subClassOf between classes of RDFS and OWL.
    #[arg(long, value_name = "NAME", value_enum, default_value_t = Relation::Broader)]
    relation: Relation,
    /// Language of titles, texts and synonyms.
    #[arg(long, value_name = "TAG", default_value = "en")]
    language: String,
    /// Call a document by what follows the last # or / of its name, where no other has the same.
    #[arg(long)]
    short_ids: bool,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Clone, Copy, ValueEnum)]
enum Relation {
    Broader,
    #[value(name = "subClassOf")]
    SubClassOf,
}

impl Skos {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let above = match self.relation {
            Relation::Broader => Above::Broader,
            Relation::SubClassOf => Above::Superclass,
        };
        let ids = if self.short_ids { Ids::Short } else { Ids::Whole };
        let options = SkosOptions { above, language: self.language, ids, queries: self.asked.queries() };
        self.files.run(|source| skos(source, &options))
    }
}
