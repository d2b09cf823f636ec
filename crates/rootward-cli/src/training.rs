//! A training run with its folder: checkpoints on the way, the model at the end.
//!
//! The folder holds `checkpoint.safetensors` while the run is unfinished and a whole model with its card once it is done.
//! Killed at any moment, a run goes on from its last checkpoint to the same losses, bit for bit. A run that diverges
//! leaves the last checkpoint that holds numbers.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use rootward::dataset::Dataset;
use rootward::eval::NameTable;
use rootward::files::{ASIDE, write_aside};
use rootward::model::{self, Model, TrainedOn};
use rootward::pairs::Pairs;
use rootward::recipe::Recipe;
use rootward::tensors::Tensors;
use rootward::trainer::{Event, TrainError, Trainer};

use crate::bodies::open_body;
use crate::card::{self, Asked, CARD, Card, Spent};
use crate::diagnosis::events;
use crate::in_memory::{new_encoder, training_pairs};
use crate::interrupt;
use crate::output::command_line;
use crate::progress::Bar;

/// What to do with a folder that already holds something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// Refuse it.
    Refuse,
    /// Go on with an unfinished run; a finished one is left as it is.
    Resume,
}

/// A run that came to its end.
pub(crate) struct Finished {
    /// Seconds of training in this process; none where the model was there already.
    pub(crate) seconds: Option<f64>,
    /// Numbers in a vector of the model.
    pub(crate) dim: usize,
}

/// Between two checkpoints.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(20);
pub(crate) const CHECKPOINT: &str = "checkpoint.safetensors";
pub(crate) const REPORT: &str = "report.jsonl";
const LOCK: &str = "lock";
/// Notes of a checkpoint on what the run has taken so far.
const SECONDS: &str = "seconds";
const RUNS: &str = "runs";

/// Trains a recipe, known under a name, on a data set into a folder.
pub(crate) fn train(
    data: &Dataset,
    recipe: &Recipe,
    recipe_name: &str,
    folder: &Path,
    existing: Existing,
) -> anyhow::Result<Finished> {
    let checkpoint = folder.join(CHECKPOINT);
    let unfinished = checkpoint.is_file();
    match existing {
        Existing::Refuse if unfinished => {
            bail!(
                "{} holds an unfinished run: continue it with --resume, or choose another --out",
                folder.display()
            )
        }
        Existing::Refuse if model::exists(folder) => {
            bail!("{} holds a model already: choose another --out", folder.display())
        }
        Existing::Resume if !unfinished && model::exists(folder) => {
            let text = model::recipe_text(folder)
                .with_context(|| format!("the recipe in {} could not be read", folder.display()))?;
            if text != recipe.to_toml() {
                bail!("{} holds a model of another recipe: choose another --out", folder.display());
            }
            let model = Model::open(folder, &open_body)?;
            model.belongs_to(data)?;
            let (trained, given) = (&model.config.data, TrainedOn::of(data));
            if trained.fingerprint != given.fingerprint {
                bail!(
                    "{} holds a model that was trained on other data, `{}` ({} documents, {} queries), than `{}` is now ({}, \
                     {}): choose another --out",
                    folder.display(),
                    trained.name,
                    trained.documents,
                    trained.queries,
                    given.name,
                    given.documents,
                    given.queries
                );
            }
            return Ok(Finished { seconds: None, dim: model.dim() });
        }
        _ if unfinished => {}
        _ => refuse_other_files(folder, recipe)?,
    }

    let taught = data.teaching(&recipe.learn_from, recipe.seed)?;
    let train = training_pairs(&taught)?;
    let table = NameTable::of(&taught);
    let names = table.names();
    let encoder = new_encoder(recipe, data)?;
    let mut trainer = Trainer::new(encoder, &taught, &train, &names, recipe.clone())?;
    // A stage that cannot run is told before the ones before it have taken their hours.
    (0..recipe.stages.len()).try_for_each(|place| trainer.stage_steps(place).map(drop))?;
    let mut clock = Clock::new();
    if unfinished {
        let resumed = Tensors::read(&checkpoint).map_err(TrainError::from).and_then(|read| {
            clock = Clock::after(&read);
            trainer.resume(&read)
        });
        resumed
            .with_context(|| format!("{} cannot be used; delete it to begin anew", checkpoint.display()))?;
    }
    model::save_recipe(folder, recipe)?;
    let _lock = lock(folder)?;
    let mut report = Report::open(folder, trainer.progress().events)?;
    let mut saved = Saved { path: checkpoint, when: Instant::now(), words: String::new() };
    let began = Instant::now();
    saved.save(&trainer, &mut report, &clock)?;

    let mut show = Show::default();
    while let Some(event) = trainer.advance().map_err(|error| saved.explain(error))? {
        report.write(&event)?;
        show.event(&trainer, &event)?;
        if interrupt::asked() {
            saved.save(&trainer, &mut report, &clock)?;
            show.clear();
            match existing {
                Existing::Refuse => bail!("stopped; the same command with --resume goes on from here"),
                Existing::Resume => bail!("stopped; the same command goes on from here"),
            }
        }
        let ended = matches!(event, Event::StageEnd { .. });
        if ended || saved.when.elapsed() >= CHECKPOINT_EVERY {
            saved.save(&trainer, &mut report, &clock)?;
        }
    }
    report.flush()?;
    let card = Card {
        trained_on: TrainedOn::of(data),
        edges: data.hierarchy.n_edges(),
        recipe,
        recipe_name,
        dim: trainer.encoder().dim(),
        command: command_line(),
        day: card::today(),
        spent: clock.spent(),
        events: events(&folder.join(REPORT)),
        validated: asked(trainer.validation(), &train),
    };
    // Before the model: a folder is a model only when its card is there too.
    write_aside(&card::path(folder), |file| file.write_all(card::page(&card).as_bytes()))?;
    trainer.finish_tree()?;
    if let Some((tree, nodes)) = trainer.tree() {
        model::save_tree(folder, tree, &nodes)?;
    }
    model::save(folder, trainer.encoder(), recipe, data)?;
    let checkpoint = saved.path;
    fs::remove_file(&checkpoint).with_context(|| format!("{} could not be removed", checkpoint.display()))?;
    let seconds = Some(began.elapsed().as_secs_f64());
    Ok(Finished { seconds, dim: trainer.encoder().dim() })
}

/// Keeps a second process from training into the folder, until it is dropped or the process ends.
struct Lock {
    path: PathBuf,
    _file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // One that stays behind is not locked and hinders nobody.
        let _ = fs::remove_file(&self.path);
    }
}

fn lock(folder: &Path) -> anyhow::Result<Lock> {
    let path = folder.join(LOCK);
    let file = File::create(&path).with_context(|| format!("{} could not be written", path.display()))?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            bail!("another process trains into {}: wait for it, or choose another --out", folder.display())
        }
        // Where a file system has no locks there is none to respect.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(Lock { path, _file: file }),
    }
}

/// A model among somebody else's files would be taken for them, and they for it.
///
/// What a run of this recipe leaves that failed before its first checkpoint may stay.
fn refuse_other_files(folder: &Path, recipe: &Recipe) -> anyhow::Result<()> {
    if folder.exists() && !folder.is_dir() {
        bail!("{} is a file: choose a folder as --out", folder.display());
    }
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let name = entry.with_context(|| format!("{} could not be read", folder.display()))?.file_name();
        let name = name.to_string_lossy();
        let same_recipe = || model::recipe_text(folder).is_ok_and(|text| text == recipe.to_toml());
        let own = match &*name {
            REPORT | LOCK => true,
            name if name == CARD || model::is_part(name) => same_recipe(),
            name => name.ends_with(ASIDE),
        };
        if !own {
            bail!("{} holds other files ({name}): choose another --out", folder.display());
        }
    }
    Ok(())
}

/// Queries that are measured, and how many of them these pairs train.
fn asked(measured: &Pairs, train: &Pairs) -> Asked {
    let trained: HashSet<_> = train.queries().iter().collect();
    let both = measured.queries().iter().filter(|query| trained.contains(query)).count();
    Asked { queries: measured.n_queries(), trained: both }
}

/// The last checkpoint.
struct Saved {
    path: PathBuf,
    when: Instant,
    /// Where the run stood.
    words: String,
}

impl Saved {
    /// The report first: it may run ahead of a checkpoint, never behind it.
    fn save(&mut self, trainer: &Trainer<'_>, report: &mut Report, clock: &Clock) -> anyhow::Result<()> {
        report.flush()?;
        let mut checkpoint = trainer.checkpoint().map_err(|error| self.explain(error))?;
        clock.note(&mut checkpoint);
        checkpoint.write(&self.path)?;
        self.when = Instant::now();
        let at = trainer.progress();
        self.words = format!("stage {}, step {}", at.stage, at.step);
        Ok(())
    }

    /// An error that ends the run; of a run that diverged, with what is left of it.
    fn explain(&self, error: TrainError) -> anyhow::Error {
        if !error.is_divergence() || self.words.is_empty() {
            return error.into();
        }
        let (path, words) = (self.path.display(), &self.words);
        anyhow!(
            "{error}; {path} keeps the state of {words}, and a changed recipe is trained into another --out"
        )
    }
}

/// What the run has taken, this process and those before it.
struct Clock {
    began: Instant,
    before: Option<Spent>,
}

impl Clock {
    fn new() -> Self {
        Clock { began: Instant::now(), before: Some(Spent::default()) }
    }

    /// Goes on from a checkpoint; one that does not tell its time leaves it unknown.
    fn after(checkpoint: &Tensors) -> Self {
        let note = |name: &str| checkpoint.notes.get(name);
        let seconds =
            note(SECONDS).and_then(|text| text.parse().ok()).filter(|seconds: &f64| seconds.is_finite());
        let runs = note(RUNS).and_then(|text| text.parse().ok());
        let before = seconds.zip(runs).map(|(seconds, runs)| Spent { seconds, runs });
        Clock { began: Instant::now(), before }
    }

    fn spent(&self) -> Option<Spent> {
        let Spent { seconds, runs } = self.before?;
        Some(Spent { seconds: seconds + self.began.elapsed().as_secs_f64(), runs: runs + 1 })
    }

    fn note(&self, checkpoint: &mut Tensors) {
        if let Some(Spent { seconds, runs }) = self.spent() {
            checkpoint.notes.insert(SECONDS.to_owned(), seconds.to_string());
            checkpoint.notes.insert(RUNS.to_owned(), runs.to_string());
        }
    }
}

/// `report.jsonl`: every event of the run, one line each.
struct Report {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Report {
    /// Continues the report of a run after so many events; what was written after its checkpoint is dropped.
    fn open(folder: &Path, events: usize) -> anyhow::Result<Self> {
        let path = folder.join(REPORT);
        let at = |path: &Path| format!("{} could not be written", path.display());
        let mut kept = Vec::new();
        if events > 0 {
            let old = File::open(&path).with_context(|| format!("{} could not be read", path.display()))?;
            for line in BufReader::new(old).split(b'\n').take(events) {
                kept.push(line.with_context(|| format!("{} could not be read", path.display()))?);
            }
            if kept.len() < events {
                bail!(
                    "{} has {} lines, the checkpoint expects {events}; remove both to start anew",
                    path.display(),
                    kept.len()
                );
            }
        }
        write_aside(&path, |file| {
            kept.iter().try_for_each(|line| file.write_all(line).and(file.write_all(b"\n")))
        })?;
        let file = OpenOptions::new().append(true).open(&path).with_context(|| at(&path))?;
        Ok(Report { path, file: BufWriter::new(file) })
    }

    fn write(&mut self, event: &Event) -> anyhow::Result<()> {
        let line = serde_json::to_string(event)?;
        writeln!(self.file, "{line}").with_context(|| format!("{} could not be written", self.path.display()))
    }

    fn flush(&mut self) -> anyhow::Result<()> {
        let written = self.file.flush().and_then(|()| self.file.get_ref().sync_data());
        written.with_context(|| format!("{} could not be written", self.path.display()))
    }
}

/// What a person sees of a run.
#[derive(Default)]
struct Show {
    bar: Option<Bar>,
    loss: f64,
    recall: String,
}

impl Show {
    fn event(&mut self, trainer: &Trainer<'_>, event: &Event) -> anyhow::Result<()> {
        match event {
            Event::Stage { name, steps, .. } => self.bar = Some(Bar::new(name, *steps)),
            Event::Mined { .. } | Event::Tree { .. } => {}
            Event::Step { loss, .. } => self.loss = *loss,
            Event::Recall { measured, .. } => {
                let (first, last) = (measured.near, measured.far);
                self.recall = format!("recall near {:.1} far {:.1} %", 100.0 * first, 100.0 * last);
            }
            Event::StageEnd { .. } => self.clear(),
        }
        let progress = trainer.progress();
        if self.bar.is_none() && !matches!(event, Event::StageEnd { .. }) {
            self.bar = Some(Bar::new("resumed", trainer.stage_steps(progress.stage)?));
        }
        if let Some(bar) = &mut self.bar {
            bar.at(progress.step);
            bar.note(format!("loss {:.3}  {}", self.loss, self.recall));
        }
        Ok(())
    }

    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_run_goes_on_from_that_of_its_checkpoint_or_stays_unknown() {
        let mut checkpoint = Tensors::default();
        assert_eq!(Clock::after(&checkpoint).spent(), None);
        let earlier = Clock { began: Instant::now(), before: Some(Spent { seconds: 90.5, runs: 2 }) };
        earlier.note(&mut checkpoint);
        let Spent { seconds, runs } = Clock::after(&checkpoint).spent().unwrap();
        assert!((90.5..100.0).contains(&seconds) && runs == 4, "{seconds} s, {runs} runs");
        checkpoint.notes.insert(SECONDS.to_owned(), "NaN".to_owned());
        assert_eq!(Clock::after(&checkpoint).spent(), None);
    }
}
