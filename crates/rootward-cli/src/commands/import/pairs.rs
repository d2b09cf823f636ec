//! `rootward import pairs`.

use clap::Args;
use rootward_import::{Delimiter, Grades, Header, PairsOptions, TableOptions, pairs};

use super::FromTo;

/// Any table of queries, documents and grades: CSV, TSV or parquet.
///
/// A column is named by its header or by its number, from 1; those with usual names, such as query, document and score,
/// are found. Texts without ids get q0, q1, .. and d0, d1, ..: the same text is the same query. Every pair is for
/// training unless there is a column of splits; `rootward split` divides them.
#[derive(Args)]
#[command(
    after_help = "Example:\n  rootward import pairs clicks.csv --query search --document product --grade match --grades \
                  exact=2,close=1,no=0 --out clicks"
)]
pub(crate) struct Pairs {
    #[command(flatten)]
    files: FromTo,
    /// Column with the texts of queries.
    #[arg(long, value_name = "COL")]
    query: Option<String>,
    /// Column with the ids of queries.
    #[arg(long, value_name = "COL")]
    query_id: Option<String>,
    /// Column with the texts of documents.
    #[arg(long, value_name = "COL")]
    document: Option<String>,
    /// Column with the ids of documents.
    #[arg(long, value_name = "COL")]
    document_id: Option<String>,
    /// Column with the grades; without one every pair is graded 1.
    #[arg(long, value_name = "COL")]
    grade: Option<String>,
    /// What grades are worth where they are words, such as exact=3,partial=1: above 0 is relevant, and the greatest is
    /// the best.
    #[arg(long, value_name = "GRADE=N,..", allow_hyphen_values = true)]
    grades: Option<Grades>,
    /// Column with train, dev (or validation) or test.
    #[arg(long, value_name = "COL")]
    split: Option<String>,
    /// What stands between cells: tab, or a character; told from the first line where it is left out.
    #[arg(long, value_name = "SEP", alias = "delimiter", value_parser = separator)]
    sep: Option<u8>,
}

impl Pairs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let delimiter = self.sep.map_or(Delimiter::Detect, Delimiter::Is);
        let options = PairsOptions {
            table: TableOptions { delimiter, header: Header::Detect },
            query: self.query,
            query_id: self.query_id,
            document: self.document,
            document_id: self.document_id,
            grade: self.grade,
            split: self.split,
            grades: self.grades.unwrap_or_else(Grades::as_written),
        };
        self.files.run(|source| pairs(source, &options))
    }
}

/// The byte that a word means.
fn separator(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"tab" | b"\\t" => Ok(b'\t'),
        [byte] if !matches!(byte, b'\n' | b'\r' | b'"') => Ok(*byte),
        _ => Err(format!("`{text}` is no separator: tab or one character was expected")),
    }
}
