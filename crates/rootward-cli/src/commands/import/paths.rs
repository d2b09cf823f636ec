//! `rootward import paths`.

use clap::Args;
use rootward_import::{PathsOptions, paths};

use super::FromTo;
use super::table::TableArgs;

/// Paths such as "Animals > Dogs": lines, with ids or without, or columns of a table.
///
/// Read are the taxonomies of Google and Shopify, lines of `A/B/C`, nested intervals (`7 | [12-15] | C`), and tables with
/// a column for each level or one for the whole path. The beginning of a path is a node too.
#[derive(Args)]
pub(crate) struct Paths {
    #[command(flatten)]
    files: FromTo,
    #[command(flatten)]
    table: TableArgs,
    /// What stands between the parts of a path [default: the likeliest of ` > `, `>`, `::`, `|`, `/`].
    #[arg(long, value_name = "TEXT")]
    separator: Option<String>,
    /// Columns of the levels, highest first, by name or by number from 1.
    #[arg(long, value_name = "COL,COL,..", value_delimiter = ',', conflicts_with = "path")]
    levels: Vec<String>,
    /// Column of whole paths.
    #[arg(long, value_name = "COL")]
    path: Option<String>,
    /// Column of ids, in a table.
    #[arg(long, value_name = "COL")]
    id: Option<String>,
}

impl Paths {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let Paths { files, table, separator, levels, path, id } = self;
        let separator = separator.filter(|separator| !separator.is_empty());
        let options = PathsOptions { separator, table: table.options()?, levels, path, id };
        files.run(|source| paths(source, &options))
    }
}
