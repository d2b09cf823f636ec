//! `rootward inspect`: what a data set or a model is, and what is wrong with a data set.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use rootward::dataset::{DataError, Dataset};
use rootward::doctor::{Examination, Mended, Problem, examine, mend};
use rootward::inspect::{Inspection, inspect};
use rootward::model::{self, Model};
use serde::Serialize;

use super::index::info;
use crate::bodies::open_body;
use crate::output::{print, print_json, say};
use crate::training::CHECKPOINT;

/// Show what a data set or a model is, and everything that is wrong with a data set.
///
/// Of a data set: counts, depth, fan-out, the sizes of relevant sets, pairs by distance, and the dimension that theory
/// asks for; then all problems, each with its count, the first places, and a remedy. With errors it does not open: then
/// there are problems only, and the exit code is 1. Of a model: what it is and what it was trained on. Of an index: what
/// `rootward index info` shows.
#[derive(Args)]
#[command(after_help = "Example:\n  rootward inspect DATA --fix --out MENDED")]
pub(crate) struct Inspect {
    /// Folder of a data set or of a model, or an index.
    #[arg(value_name = "DATA|MODEL|INDEX")]
    folder: PathBuf,
    /// Write a mended copy of a data set: without repeated lines, edges and judgements, edges from a document to itself,
    /// and what refers to nothing; as UTF-8, with plain line ends. What only a person can decide, such as which edge of a
    /// circle is wrong, is named, and nothing is written.
    #[arg(long, requires = "out")]
    fix: bool,
    /// Folder to write the mended copy to; it must not exist, or be empty.
    #[arg(long, value_name = "MENDED", requires = "fix")]
    out: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What `--json` prints of a data set that opens.
#[derive(Serialize)]
struct Found {
    #[serde(flatten)]
    counts: Inspection,
    problems: Vec<Problem>,
}

/// What `--json` prints of a mended copy.
#[derive(Serialize)]
struct Done {
    out: PathBuf,
    #[serde(flatten)]
    mended: Mended,
}

impl Inspect {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        if model::exists(&self.folder) {
            if self.fix {
                bail!("{} is a model: only data sets are mended", self.folder.display());
            }
            let config = Model::open(&self.folder, &open_body)?.config;
            return if self.json {
                print_json(&config)
            } else {
                print(&serde_json::to_string_pretty(&config)?)
            };
        }
        if self.folder.join(CHECKPOINT).is_file() {
            bail!(
                "{} holds an unfinished run: finish it with `rootward train --resume`",
                self.folder.display()
            );
        }
        if self.folder.is_file() {
            if self.fix {
                bail!("{} is a file: only data sets are mended", self.folder.display());
            }
            return info::show(&self.folder, self.json);
        }
        if !self.folder.is_dir() {
            return Err(DataError::NoFolder { folder: self.folder }.into());
        }
        match self.out {
            Some(out) => write_mended(&self.folder, out, self.json),
            None => show(&self.folder, self.json),
        }
    }
}

/// The counts of a data set, where it opens, and its problems.
fn show(folder: &Path, json: bool) -> anyhow::Result<()> {
    let found = examine(folder);
    if !found.opens() {
        if json {
            print_json(&found)?;
        } else {
            print(&found.to_string())?;
        }
        bail!(
            "{} does not open: solve the errors above; `--fix --out MENDED` writes a copy in which those are mended \
             that can be mended safely",
            folder.display()
        );
    }
    let counts = inspect(&Dataset::open(folder)?);
    if json {
        let Examination { problems } = found;
        return print_json(&Found { counts, problems });
    }
    print(&format!("{counts}\n{found}"))
}

fn write_mended(folder: &Path, out: PathBuf, json: bool) -> anyhow::Result<()> {
    let mended = mend(folder, &out)?;
    if json {
        return print_json(&Done { out, mended });
    }
    let Mended { changes, left } = mended;
    if changes.is_empty() {
        say("there was nothing to mend");
    }
    for change in changes {
        say(format_args!("mended: {change}"));
    }
    for Problem { what, count, remedy, .. } in left {
        say(format_args!("left as it is: {what}: {count}; {remedy}"));
    }
    say(format_args!("wrote {}", out.display()));
    say(format_args!("next: rootward inspect {}", out.display()));
    Ok(())
}
