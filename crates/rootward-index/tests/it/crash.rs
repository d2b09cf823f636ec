//! A process that changes an index is killed at any moment; what it was told is done must be there.
//!
//! `ROOTWARD_CRASHES=200` says how many times, 12 without it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rootward_index::IndexError;
use rootward_index::store::{Reader, Store, Writer};

use crate::model::{DIM, Model, settings};
use crate::truth;

const PATH: &str = "ROOTWARD_CRASH_PATH";
const SEED: &str = "ROOTWARD_CRASH_SEED";
/// How a line begins that acknowledges a step.
const DONE: &str = "done ";
/// Steps of a process that nobody kills.
const STEPS: u64 = 400;

/// This very test, as a process of its own that changes an index.
pub(crate) fn child(path: &Path, seed: u64) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "crash::the_process_that_is_killed", "--nocapture", "--test-threads=1"]);
    command.env(PATH, path).env(SEED, seed.to_string()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// Works until it is killed; without its variables it is no test of anything.
#[test]
fn the_process_that_is_killed() {
    let (Ok(path), Ok(seed)) = (std::env::var(PATH), std::env::var(SEED)) else { return };
    let seed: u64 = seed.parse().unwrap();
    if let Err(error) = work(&PathBuf::from(path), seed) {
        println!("failed {error}");
        std::process::exit(3);
    }
}

fn work(path: &Path, seed: u64) -> Result<(), IndexError> {
    let mut writer = Store::create(path, &settings(DIM))?;
    let mut reader = Reader::open(path)?;
    let mut model = Model::default();
    let mut out = std::io::stdout();
    let mut say = |step: u64| writeln!(out, "{DONE}{step}").and_then(|()| out.flush());
    say(0).unwrap();
    for step in 0..STEPS {
        let change = model.plan(seed, step);
        model.perform(&mut writer, &mut reader, &change)?;
        model.step(&change);
        say(step + 1).unwrap();
    }
    Ok(())
}

/// What a process acknowledged last; none where it acknowledged nothing.
fn acknowledged(line: &str) -> Option<u64> {
    line.rsplit_once(DONE).and_then(|(_, step)| step.trim().parse().ok())
}

/// What was printed: the last step acknowledged, and what went wrong.
pub(crate) struct Heard {
    pub(crate) last: Option<u64>,
    pub(crate) failure: Option<String>,
}

/// Listens to a process until it has acknowledged so many steps, then calls `stop`, and listens to the end.
pub(crate) fn listen(mut process: Child, n_steps: u64, stop: impl FnOnce(&mut Child)) -> Heard {
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let (mut last, mut failure, mut stop) = (None, None, Some(stop));
    loop {
        if last.unwrap_or(0) >= n_steps
            && let Some(stop) = stop.take()
        {
            stop(&mut process);
        }
        let Some(Ok(line)) = lines.next() else { break };
        last = acknowledged(&line).or(last);
        failure = line.strip_prefix("failed ").map(str::to_owned).or(failure);
    }
    process.wait().unwrap();
    Heard { last, failure }
}

/// The model after so many steps.
pub(crate) fn model(seed: u64, n_steps: u64) -> Model {
    let mut model = Model::default();
    for step in 0..n_steps {
        let change = model.plan(seed, step);
        model.step(&change);
    }
    model
}

/// Panics unless an index holds what was acknowledged, and of the step after it all or nothing; then goes on with it.
pub(crate) fn check_and_go_on(path: &Path, seed: u64, last: u64) {
    let generation = Reader::open(path).unwrap().snapshot().unwrap().generation();
    assert!(generation == last || generation == last + 1, "{generation} is there, {last} was acknowledged");
    let mut model = model(seed, generation);
    truth::check(path, &model);
    let (mut writer, mut reader) = (Writer::open(path).unwrap(), Reader::open(path).unwrap());
    let change = model.plan(seed, generation);
    model.perform(&mut writer, &mut reader, &change).unwrap();
    model.step(&change);
    drop((writer, reader));
    truth::check(path, &model);
}

#[test]
fn what_was_acknowledged_survives_the_end_of_the_process() {
    let rounds: u64 = std::env::var("ROOTWARD_CRASHES").map_or(12, |rounds| rounds.parse().unwrap());
    let mut furthest = 0;
    for seed in 0..rounds {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("index");
        let n_steps = random.random_range(0..70);
        let spins: u64 = random.random_range(0..6_000_000);
        let heard = listen(child(&path, seed).spawn().unwrap(), n_steps, |process| {
            (0..spins).for_each(|spin| {
                std::hint::black_box(spin);
            });
            process.kill().unwrap();
        });
        assert_eq!(heard.failure, None);
        match heard.last {
            Some(last) => check_and_go_on(&path, seed, last),
            None => assert!(!path.exists() || Reader::open(&path).is_ok()),
        }
        furthest = furthest.max(heard.last.unwrap_or(0));
    }
    assert!(furthest > 30, "no process came further than {furthest} steps");
}
