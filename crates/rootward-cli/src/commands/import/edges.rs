//! `rootward import edges`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use rootward_import::{Direction, EdgesOptions, edges};

use super::FromTo;
use super::table::TableArgs;

/// A list of edges: a table with a child and its parent in each row.
///
/// SRC is CSV, TSV or parquet. The columns are found by names such as child and parent, id and `parent_id`, narrower and
/// broader; without names the first is the child. Edges that are repeated are counted, a cycle is refused and printed.
#[derive(Args)]
pub(crate) struct Edges {
    #[command(flatten)]
    files: FromTo,
    #[command(flatten)]
    table: TableArgs,
    /// Column of children, by name or by number from 1.
    #[arg(long, value_name = "COL")]
    child: Option<String>,
    /// Column of parents, by name or by number from 1.
    #[arg(long, value_name = "COL")]
    parent: Option<String>,
    /// Which way rows lead where columns have no names: up, from child to parent, or down [default: up].
    #[arg(long, value_enum, value_name = "WAY", hide_possible_values = true)]
    direction: Option<Way>,
    /// Column of weights, which must be numbers.
    #[arg(long, value_name = "COL")]
    weight: Option<String>,
    /// Leave out edges of less weight.
    #[arg(long, value_name = "X")]
    min_weight: Option<f64>,
    /// Table or JSON lines with id, title and text of nodes.
    #[arg(long, value_name = "FILE")]
    nodes: Option<PathBuf>,
    /// Column of titles, of the nodes if they have a file, else of the children.
    #[arg(long, value_name = "COL")]
    title: Option<String>,
    /// Column of texts, likewise.
    #[arg(long, value_name = "COL")]
    text: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Way {
    Up,
    Down,
}

impl Edges {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let Edges { files, table, child, parent, direction, weight, min_weight, nodes, title, text } = self;
        let table = table.options()?;
        let direction = direction.map(|way| match way {
            Way::Up => Direction::Up,
            Way::Down => Direction::Down,
        });
        let options =
            EdgesOptions { table, child, parent, direction, weight, min_weight, nodes, title, text };
        files.run(|source| edges(source, &options))
    }
}
