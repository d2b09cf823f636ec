//! What every kind that is a table is asked.

use anyhow::bail;
use clap::{Args, ValueEnum};
use rootward_import::{Delimiter, Header, TableOptions};

/// How to read a table.
#[derive(Args)]
pub(super) struct TableArgs {
    /// What stands between cells: one ASCII character, or `tab`; told by the first line if left out.
    #[arg(long, value_name = "CHAR")]
    delimiter: Option<String>,
    /// Whether the first row names the columns: detect, yes or no.
    #[arg(long, value_enum, value_name = "WHETHER", default_value = "detect", hide_possible_values = true)]
    header: Whether,
}

#[derive(Clone, Copy, ValueEnum)]
enum Whether {
    Detect,
    Yes,
    No,
}

impl TableArgs {
    /// The options of the library.
    pub(super) fn options(&self) -> anyhow::Result<TableOptions> {
        let delimiter = match self.delimiter.as_deref() {
            None => Delimiter::Detect,
            Some("tab" | "\\t") => Delimiter::Is(b'\t'),
            Some(given) => match given.as_bytes() {
                [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Delimiter::Is(*byte),
                _ => bail!("--delimiter takes one ASCII character that is no quote, or `tab`, not `{given}`"),
            },
        };
        let header = match self.header {
            Whether::Detect => Header::Detect,
            Whether::Yes => Header::Present,
            Whether::No => Header::Absent,
        };
        Ok(TableOptions { delimiter, header })
    }
}
