//! `rootward study`: the experiments behind the claims, each a command.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use rootward::files::write_aside;

use crate::interrupt;
use crate::output::{command_line, print, print_json, say};
use crate::studies::engine::{self, Run};
use crate::studies::summary::Results;
use crate::studies::{Asked, STUDIES, Study, figure};

/// Run a study: many training runs that show one thing. Without a name, list them.
///
/// Writes results.json, table.md and figure.svg into DIR, and a file for each finished run into DIR/cells. Stop with
/// Ctrl-C whenever you like: the same command goes on from there, and one with more seeds adds to what is there.
#[derive(Args)]
#[command(name = "study")]
#[command(after_help = "Examples:\n  rootward study\n  rootward study tree --out studies/tree\n  \
                  rootward study wordnet --only 'd = 64' --seeds 1 --out studies/wordnet")]
pub(crate) struct StudyCommand {
    /// Which study.
    #[arg(value_name = "NAME", requires = "out")]
    name: Option<String>,
    /// Folder for what comes of it.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Run every cell with the seeds 1 to N.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,
    /// Data set folder instead of the study's own data.
    #[arg(long, value_name = "DATA")]
    data: Option<PathBuf>,
    /// Run only the cell of this name, or where there is none, those whose names contain it; may be given several times.
    /// Cells that finished before in DIR stand in the table beside them.
    #[arg(long, value_name = "PATTERN")]
    only: Vec<String>,
    /// The judgements for the study `hyperlex`: hyperlex-all.txt, or a file with the same columns.
    #[arg(long, value_name = "FILE")]
    hyperlex: Option<PathBuf>,
    /// Folder of a Transformer for the studies `corpus`, `contrast` and `change`, in place of the static encoder.
    #[arg(long, value_name = "FOLDER")]
    encoder: Option<PathBuf>,
    /// Change a value of every recipe of the study, as `rootward train --set` does; may be given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// A study among somebody else's files would be taken for one of them.
fn refuse_other_folder(folder: &Path) -> anyhow::Result<()> {
    let is_empty = || fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
    if folder.exists() && !folder.join("cells").exists() && !is_empty() {
        bail!("{} holds other files: choose another --out", folder.display());
    }
    Ok(())
}

impl StudyCommand {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let (Some(name), Some(folder)) = (&self.name, &self.out) else {
            return self.list();
        };
        let known = STUDIES.iter().find(|study| study.name == name);
        let study = known.with_context(|| {
            let names: Vec<&str> = STUDIES.iter().map(|study| study.name).collect();
            format!("there is no study {name}: expected one of {}", names.join(", "))
        })?;
        if self.hyperlex.is_some() && study.name != "hyperlex" {
            bail!("--hyperlex is for the study hyperlex, not for {name}");
        }
        refuse_other_folder(folder)?;
        interrupt::watch()?;
        if self.encoder.is_some() && !["corpus", "contrast", "change"].contains(&study.name) {
            bail!("--encoder is for the studies corpus, contrast and change, not for {name}");
        }
        let asked = Asked { data: self.data, encoder: self.encoder, hyperlex: self.hyperlex, set: self.set };
        let plan = (study.plan)(&asked)?;
        let run = Run { study: study.name, seeds: self.seeds, only: &self.only, folder };
        let finished = engine::run(&plan, &run)?;
        let results = Results::of(study, &plan, &finished, command_line());
        let write =
            |name: &str, text: &str| write_aside(&folder.join(name), |file| file.write_all(text.as_bytes()));
        let table = results.table(&plan);
        write("table.md", &table)?;
        write("figure.svg", &figure::draw(&plan, &results.rows)?)?;
        write("results.json", &format!("{}\n", serde_json::to_string_pretty(&results)?))?;
        if self.json {
            return print_json(&results);
        }
        print(&table)?;
        say(format_args!("wrote {}: results.json, table.md, figure.svg", folder.display()));
        Ok(())
    }

    fn list(&self) -> anyhow::Result<()> {
        if self.json {
            let entry = |study: &Study| serde_json::json!({"name": study.name, "shows": study.shows, "takes": study.takes});
            return print_json(&STUDIES.iter().map(entry).collect::<Vec<_>>());
        }
        let line = |study: &Study| format!("{:<11} {:<11} {}", study.name, study.takes, study.shows);
        let lines: Vec<String> = STUDIES.iter().map(line).collect();
        print(&format!("{:<11} {:<11} shows\n{}", "study", "takes about", lines.join("\n")))
    }
}
