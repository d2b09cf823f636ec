//! `rootward import mesh`.

use clap::Args;
use rootward_import::mesh;

use super::{Asked, FromTo};

/// Medical Subject Headings: descriptors as XML (desc2017.xml), or a list of tree numbers (mtrees2017.bin).
///
/// A descriptor's parents are those whose tree numbers its own extend; above them stand the sixteen categories.
#[derive(Args)]
pub(crate) struct Mesh {
    #[command(flatten)]
    files: FromTo,
    #[command(flatten)]
    asked: Asked,
}

impl Mesh {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let queries = self.asked.queries();
        self.files.run(|source| mesh(source, queries))
    }
}
