//! `rootward import obo`.

use clap::Args;
use rootward_import::{OboOptions, obo};

use super::{Asked, FromTo};

/// OBO flat files, such as the Gene Ontology: `is_a` gives the parents.
///
/// A term's name becomes the title, its definition the text. Obsolete terms are left out.
#[derive(Args)]
pub(crate) struct Obo {
    #[command(flatten)]
    files: FromTo,
    /// Relation that gives parents too, such as `part_of`, or `all`; give it again for more.
    #[arg(long = "relation", value_name = "NAME")]
    relations: Vec<String>,
    #[command(flatten)]
    asked: Asked,
}

impl Obo {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let options = OboOptions { relations: self.relations, queries: self.asked.queries() };
        self.files.run(|source| obo(source, &options))
    }
}
