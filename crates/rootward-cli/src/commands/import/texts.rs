//! `rootward import texts`.

use clap::Args;
use rootward_import::{FolderUse, TextFilesOptions, TextUnit, text_files};

use super::FromTo;

/// A folder of .txt and .md files: each is a document, called by what stands at its top.
///
/// SRC is the folder; files of the folders in it are read too. A document's id is the path of its file without the ending.
/// The title is the heading that a Markdown file begins with, or a short first line, or the name of the file. Files whose
/// names begin with a dot are skipped.
#[derive(Args)]
pub(crate) struct Texts {
    #[command(flatten)]
    files: FromTo,
    /// Cut files of more than N words at their paragraphs, into passages of at most about N.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    passages: Option<u32>,
    /// Make folders a hierarchy: each is a document over what lies in it.
    #[arg(long)]
    folders: bool,
}

impl Texts {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let unit = self.passages.map_or(TextUnit::File, |words| TextUnit::Passages { words: words as usize });
        let above = if self.folders { FolderUse::Hierarchy } else { FolderUse::Ignore };
        self.files.run(|source| text_files(source, TextFilesOptions { unit, above }))
    }
}
