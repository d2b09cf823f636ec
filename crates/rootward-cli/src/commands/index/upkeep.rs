//! `rootward index verify`, `compact` and `backup`: what is done to an index as a whole.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use rootward::digits::grouped;
use rootward_index::Editor;
use rootward_index::store::{self, Progress, Report};
use serde::Serialize;

use crate::output::{print, print_json, say};
use crate::progress::Bar;

/// Read all of an index and list whatever is wrong with it.
///
/// Pages, checksums of documents, vectors, words and the hierarchy, counts, whether vectors are finite, the tree, the log of
/// changes, and whether any change that was acknowledged is gone. The exit code is 1 where anything is wrong: restore a
/// backup then. Where changes are lost that a backup does not have either, --accept goes on without them.
#[derive(Args)]
pub(crate) struct Verify {
    /// The index.
    #[arg(long, value_name = "FILE")]
    index: PathBuf,
    /// Take the index as it is for what was acknowledged, then verify it.
    #[arg(long)]
    accept: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Give the space of what is gone back to the system, and number documents anew.
///
/// Needs room for the index twice more while it works; who searches goes on meanwhile.
#[derive(Args)]
pub(crate) struct Compact {
    /// The index.
    #[arg(long, value_name = "FILE")]
    index: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Copy an index as it is now, while others ask and change it.
///
/// The copy is one file, which is an index: whole or absent.
#[derive(Args)]
pub(crate) struct Backup {
    /// The index.
    #[arg(long, value_name = "FILE")]
    index: PathBuf,
    /// File to write, which must not be there.
    #[arg(long, value_name = "COPY")]
    to: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What `verify --json` prints.
#[derive(Serialize)]
struct Verified {
    generation: u64,
    documents: u64,
    bytes: u64,
    problems: Vec<String>,
}

/// What `compact --json` and `backup --json` print.
#[derive(Serialize)]
struct Written {
    generation: u64,
    bytes: u64,
}

impl Verify {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        if self.accept {
            let generation = store::accept(&self.index)?;
            say(format_args!("generation {generation} is taken for the last that was acknowledged"));
        }
        let Report { generation, n_docs, n_bytes, problems, .. } = store::verify(&self.index)?;
        let n = problems.len();
        if self.json {
            print_json(&Verified { generation, documents: n_docs, bytes: n_bytes, problems })?;
        } else if n > 0 {
            print(&problems.join("\n"))?;
        } else {
            let documents = grouped(n_docs as usize);
            print(&format!("all is right: {documents} documents at generation {generation}"))?;
        }
        match n {
            0 => Ok(()),
            n => bail!(
                "{}: {} wrong, see above; restore a backup",
                self.index.display(),
                if n == 1 { "one thing is".to_owned() } else { format!("{n} things are") }
            ),
        }
    }
}

impl Compact {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let mut editor = Editor::open(&self.index)?;
        let before = std::fs::metadata(&self.index)?.len();
        let (bar, progress) = (Bar::new("compact", 0), |bar: &Bar, Progress { done, all }| {
            bar.of(all as usize);
            bar.at(done as usize);
        });
        let generation = editor.compact(|now| progress(&bar, now))?;
        bar.clear();
        let bytes = std::fs::metadata(&self.index)?.len();
        if self.json {
            return print_json(&Written { generation, bytes });
        }
        let mb = |bytes: u64| bytes as f64 / 1e6;
        say(format_args!("{}: {:.1} MB, before {:.1} MB", self.index.display(), mb(bytes), mb(before)));
        Ok(())
    }
}

impl Backup {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let bar = Bar::of_bytes("backup");
        let generation = store::backup(&self.index, &self.to, |Progress { done, all }| {
            bar.at_bytes(done * PAGE_BYTES, all * PAGE_BYTES);
        })?;
        bar.clear();
        let bytes = std::fs::metadata(&self.to)?.len();
        if self.json {
            return print_json(&Written { generation, bytes });
        }
        say(format_args!(
            "wrote {}: generation {generation}, {:.1} MB",
            self.to.display(),
            bytes as f64 / 1e6
        ));
        Ok(())
    }
}

/// Of a page, in which the progress of a copy is told.
const PAGE_BYTES: u64 = 4096;
