//! Runs the cells of a study, each once.
//!
//! A finished cell is a file under `cells/`, written wholly or not at all and named by its row, its seed and a checksum
//! of everything that its numbers depend on: data, recipe, and what the study adds. What is there already is not run
//! again, so a study that was stopped goes on where it was, and a changed recipe is run anew beside the old one.

use std::cell::RefCell;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail};
use rootward::dataset::Dataset;
use rootward::eval::NameTable;
use rootward::files::write_aside;
use rootward::recipe::Recipe;
use serde::{Deserialize, Serialize};

use super::{Bench, Cell, Found, Numbers, Plan, Row};
use crate::in_memory::Steps;
use crate::interrupt;
use crate::progress::Bar;

/// Which cells are run, and where they are kept.
pub(crate) struct Run<'a> {
    /// Name of the study.
    pub(crate) study: &'a str,
    /// Every cell is run with the seeds from 1 to this.
    pub(crate) seeds: u64,
    /// Only the cell of this name, or where there is none, those whose names contain it.
    pub(crate) only: &'a [String],
    /// Folder of the study.
    pub(crate) folder: &'a Path,
}

/// A cell that was run, as its file has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Finished {
    #[serde(flatten)]
    pub(crate) row: Row,
    pub(crate) seed: u64,
    /// Name of the data set.
    data: String,
    /// Checksum of all that the data set holds.
    fingerprint: u32,
    depends_on: String,
    /// The recipe as it was run.
    recipe: String,
    /// Of training and measuring.
    pub(crate) seconds: f64,
    pub(crate) numbers: Numbers,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) per_query: Vec<f64>,
}

/// A cell with one seed, run or not.
struct Task<'a> {
    cell: &'a Cell,
    data: &'a Dataset,
    recipe: Recipe,
    /// What its file holds, but for what is not known yet.
    blank: Finished,
    path: PathBuf,
}

/// Runs what is not there yet, seed after seed, and gives back all cells in that order.
///
/// # Errors
/// When no cell has such a name, a cell fails, its file cannot be written, or the user asked to stop.
pub(crate) fn run(plan: &Plan, run: &Run<'_>) -> anyhow::Result<Vec<Finished>> {
    let named = |fits: &dyn Fn(&str) -> bool| -> Vec<&Cell> {
        plan.cells.iter().filter(|cell| fits(&cell.row.name())).collect()
    };
    let mut chosen: Vec<String> = Vec::new();
    for part in run.only {
        let found = match named(&|name| name == part) {
            none if none.is_empty() => named(&|name| name.contains(part.as_str())),
            exact => exact,
        };
        if found.is_empty() {
            let names: Vec<String> = plan.cells.iter().map(|cell| cell.row.name()).collect();
            bail!("no cell of `{}` is named like `{part}`; there are: {}", run.study, names.join("; "));
        }
        chosen.extend(found.into_iter().map(|cell| cell.row.name()));
    }
    let is_chosen = |cell: &Cell| run.only.is_empty() || chosen.contains(&cell.row.name());
    let fingerprints: Vec<u32> = plan.data.iter().map(Dataset::contents_fingerprint).collect();
    let mut tasks = Vec::new();
    for seed in 1..=run.seeds {
        for cell in &plan.cells {
            let task = Task::new(cell, &plan.data[cell.data], fingerprints[cell.data], seed, run.folder)?;
            // What an earlier command left there stands in the table too.
            if is_chosen(cell) || task.path.is_file() {
                tasks.push(task);
            }
        }
    }
    let known: Vec<Option<Finished>> = tasks.iter().map(Task::read).collect::<anyhow::Result<_>>()?;
    let n_left = known.iter().filter(|known| known.is_none()).count();

    let beginnings = run.folder.join("beginnings");
    let bar = RefCell::new(Bar::new(run.study, PARTS * n_left));
    let (mut all, mut n_done) = (Vec::with_capacity(tasks.len()), 0);
    for (task, known) in tasks.iter().zip(known) {
        let finished = match known {
            Some(finished) => finished,
            None => {
                let at = n_done;
                let show = |steps: Steps| task.show(&mut bar.borrow_mut(), at, n_left, steps);
                n_done += 1;
                task.run(&beginnings, &show).map_err(|error| {
                    bar.borrow().clear();
                    stopped_or(error).context(format!("{}, seed {}", task.cell.row.name(), task.blank.seed))
                })?
            }
        };
        all.push(finished);
    }
    bar.borrow().clear();
    match fs::remove_dir_all(&beginnings) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => {
            Err(cause).with_context(|| format!("{} could not be removed", beginnings.display()))
        }
        _ => Ok(all),
    }
}

/// Steps of the bar for a cell.
const PARTS: usize = 100;

/// That the user stopped it is no failure of the cell.
fn stopped_or(error: anyhow::Error) -> anyhow::Error {
    if interrupt::asked() {
        anyhow::anyhow!("stopped; the same command goes on from here, without the cell that was running")
    } else {
        error
    }
}

impl<'a> Task<'a> {
    fn new(
        cell: &'a Cell,
        data: &'a Dataset,
        fingerprint: u32,
        seed: u64,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let mut recipe = cell.recipe.clone();
        recipe.reseed(Some(seed))?;
        let blank = Finished {
            row: cell.row.clone(),
            seed,
            data: data.name.clone(),
            fingerprint,
            depends_on: cell.depends_on.clone(),
            recipe: recipe.to_toml(),
            seconds: 0.0,
            numbers: Numbers::new(),
            per_query: Vec::new(),
        };
        let sum = checksum(&[&fingerprint.to_string(), &blank.depends_on, &blank.recipe]);
        let name = format!("{}-seed-{seed}-{sum:016x}.json", readable(&cell.row.name()));
        Ok(Task { cell, data, recipe, blank, path: folder.join("cells").join(name) })
    }

    /// What an earlier run left, unless it is of another recipe all the same.
    fn read(&self) -> anyhow::Result<Option<Finished>> {
        let text = match fs::read_to_string(&self.path) {
            Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(None),
            read => read.with_context(|| format!("{} could not be read", self.path.display()))?,
        };
        let found: Finished = serde_json::from_str(&text).with_context(|| {
            format!("{} is damaged; remove it to run the cell again", self.path.display())
        })?;
        let blank =
            Finished { seconds: 0.0, numbers: Numbers::new(), per_query: Vec::new(), ..found.clone() };
        let same = Finished { data: blank.data.clone(), ..self.blank.clone() } == blank;
        Ok(same.then_some(found))
    }

    fn run(&self, beginnings: &Path, progress: &dyn Fn(Steps)) -> anyhow::Result<Finished> {
        let began = Instant::now();
        let table = NameTable::of(self.data);
        let (names, recipe) = (table.names(), &self.recipe);
        let bench = Bench { data: self.data, names: &names, recipe, beginnings, progress };
        let Found { numbers, per_query } = (self.cell.work)(&bench)?;
        let seconds = began.elapsed().as_secs_f64();
        let finished = Finished { seconds, numbers, per_query, ..self.blank.clone() };
        let text = serde_json::to_string_pretty(&finished)?;
        write_aside(&self.path, |file| writeln!(file, "{text}"))?;
        Ok(finished)
    }

    fn show(&self, bar: &mut Bar, n_done: usize, n_left: usize, steps: Steps) {
        bar.at(PARTS * n_done + PARTS * steps.done / steps.of.max(1));
        let (name, seed) = (self.cell.row.name(), self.blank.seed);
        bar.note(format!("cell {} of {n_left}: {name}, seed {seed}", n_done + 1));
    }
}

/// A name for a file: letters, digits, points and hyphens.
fn readable(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    let words: String = name.chars().map(plain).collect();
    words.split('-').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

/// A number that changes with any of the texts [FNV-1a, 64 bits].
pub(crate) fn checksum(texts: &[&str]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_readable_and_plain() {
        assert_eq!(readable("d = 64, pretrain-finetune, 0.03"), "d-64-pretrain-finetune-0.03");
    }

    #[test]
    fn a_checksum_tells_texts_and_their_borders_apart() {
        assert_ne!(checksum(&["ab", "c"]), checksum(&["a", "bc"]));
        assert_eq!(checksum(&["ab", "c"]), checksum(&["ab", "c"]));
    }
}
