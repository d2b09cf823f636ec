//! `rootward import xml`.

use clap::Args;
use rootward_import::{Place, XmlOptions, xml};

use super::{Asked, FromTo};

/// XML in which nesting is the hierarchy, such as ICD-10-CM: the parent of a node is the node around it.
///
/// A PLACE is the name of a child element, several with / between them, or @ and the name of an attribute:
/// `name`, `in/note`, `@id`, `concept[@main=yes]/note`. Where --id or --title is given several times, the first place
/// that an element has counts.
#[derive(Args)]
#[command(
    after_help = "Example:\n  rootward import xml tabular.xml --node chapter --node section --node diag --id name --id @id \
                        --title desc --out icd"
)]
pub(crate) struct Xml {
    #[command(flatten)]
    files: FromTo,
    /// Name of the elements that are nodes; give it again for more.
    #[arg(long = "node", value_name = "NAME", required = true)]
    nodes: Vec<String>,
    /// Where a node's id stands.
    #[arg(long = "id", value_name = "PLACE", required = true)]
    ids: Vec<Place>,
    /// Where its title stands.
    #[arg(long = "title", value_name = "PLACE")]
    titles: Vec<Place>,
    /// Where its text stands; all that there are make one text.
    #[arg(long = "text", value_name = "PLACE")]
    texts: Vec<Place>,
    /// Where its synonyms stand; each is one.
    #[arg(long = "synonym", value_name = "PLACE")]
    synonyms: Vec<Place>,
    #[command(flatten)]
    asked: Asked,
}

impl Xml {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let queries = self.asked.queries();
        let Xml { files, nodes, ids, titles, texts, synonyms, .. } = self;
        let options = XmlOptions { nodes, ids, titles, texts, synonyms, queries };
        files.run(|source| xml(source, &options))
    }
}
