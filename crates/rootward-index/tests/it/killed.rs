//! A process that edits an index is killed at any moment, whatever it is at: documents that come and go, a tree that is
//! grown anew, search that is tuned, compaction, another model. What it was told is done must be found, and the tree fit.
//!
//! `ROOTWARD_CRASHES=200` says how many times, 6 without it.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rootward::matrix::Matrix;
use rootward_index::store::{Record, Settings, verify};
use rootward_index::{Edit, Editor, Index, IndexError, Search};

use crate::crash::listen;

const DIM: usize = 4;
const PATH: &str = "ROOTWARD_KILLED_PATH";
const SEED: &str = "ROOTWARD_KILLED_SEED";
const STEPS: u64 = 300;

/// What an index should hold: a vector for each id.
type Model = BTreeMap<String, Vec<f32>>;

enum Step {
    Edits(Vec<Edit>),
    Regrow,
    Tune,
    Compact,
    /// All vectors the other way round, as another model.
    Switch,
}

fn plan(seed: u64, step: u64) -> Step {
    let mut random = Pcg64Mcg::seed_from_u64(seed << 20 | step);
    match random.random_range(0..10) {
        0 => Step::Regrow,
        1 => Step::Tune,
        2 => Step::Compact,
        3 => Step::Switch,
        _ => Step::Edits((0..random.random_range(1..120)).map(|_| edit(&mut random)).collect()),
    }
}

fn edit(random: &mut Pcg64Mcg) -> Edit {
    let id = format!("d{}", random.random_range(0..600));
    if random.random_range(0..4) == 0 {
        return Edit::Discard(id);
    }
    let vector = (0..DIM).map(|_| f32::from(random.random_range(-9..=9i8))).collect();
    let text = format!("text of {id}");
    Edit::Put(Record { id, title: String::new(), text, metadata: serde_json::Map::new(), vector })
}

fn after(model: &mut Model, step: &Step) {
    match step {
        Step::Edits(edits) => {
            for edit in edits {
                match edit {
                    Edit::Put(record) => drop(model.insert(record.id.clone(), record.vector.clone())),
                    Edit::Discard(id) => drop(model.remove(id)),
                    _ => unreachable!("plans have no others"),
                }
            }
        }
        Step::Switch => model.values_mut().for_each(|vector| vector.reverse()),
        Step::Regrow | Step::Tune | Step::Compact => {}
    }
}

fn perform(editor: &mut Editor, model: &Model, step: &Step) -> Result<(), IndexError> {
    match step {
        Step::Edits(edits) => editor.apply(edits).map(drop),
        Step::Regrow => editor.regrow().map(drop),
        Step::Tune => editor.tune(0.9, None).map(drop),
        Step::Compact => editor.compact(|_| ()).map(drop),
        Step::Switch => {
            let set = editor.begin_set(&Settings { dim: DIM, model: None })?;
            let missing = editor.missing(set, usize::MAX)?;
            let ids = editor.index().with_snapshot(|now| {
                missing.iter().map(|doc| (*doc, now.id(*doc).to_owned())).collect::<Vec<_>>()
            })?;
            let reversed = |id: &String| model[id].iter().rev().copied().collect();
            let vectors: Vec<_> = ids.iter().map(|(doc, id)| (*doc, reversed(id))).collect();
            editor.put_vectors(set, &vectors)?;
            editor.switch(set).map(drop)
        }
    }
}

/// Works until it is killed; without its variables it is no test of anything.
#[test]
fn the_process_that_is_killed() {
    let (Ok(path), Ok(seed)) = (std::env::var(PATH), std::env::var(SEED)) else { return };
    if let Err(error) = work(&PathBuf::from(path), seed.parse().unwrap()) {
        println!("failed {error}");
        std::process::exit(3);
    }
}

fn work(path: &Path, seed: u64) -> Result<(), IndexError> {
    let mut editor = Editor::create(path, &Settings { dim: DIM, model: None })?;
    let (mut model, mut out) = (Model::new(), std::io::stdout());
    for number in 0..STEPS {
        let step = plan(seed, number);
        perform(&mut editor, &model, &step)?;
        after(&mut model, &step);
        writeln!(out, "done {}", number + 1).and_then(|()| out.flush()).unwrap();
    }
    Ok(())
}

/// The best of each query, by a scan of the map.
fn expected(model: &Model, queries: &Matrix) -> Vec<Vec<(String, f32)>> {
    let score = |query: &[f32], vector: &[f32]| query.iter().zip(vector).map(|(a, b)| a * b).sum::<f32>();
    let all = |row: usize| {
        let scores = model.iter().map(|(id, vector)| (id.clone(), score(queries.row(row), vector)));
        let mut scores: Vec<(String, f32)> = scores.collect();
        scores.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| b.0.cmp(&a.0)));
        scores
    };
    (0..queries.n_rows()).map(all).collect()
}

fn found(index: &Index, queries: &Matrix) -> Vec<Vec<(String, f32)>> {
    let found = index.exact().search(queries, 1_000, None).unwrap();
    found.into_iter().map(|hits| hits.into_iter().map(|hit| (hit.id, hit.score)).collect()).collect()
}

#[test]
fn an_index_is_whole_whatever_its_editor_was_at() {
    let rounds: u64 = std::env::var("ROOTWARD_CRASHES").map_or(6, |rounds| rounds.parse().unwrap());
    let queries = Matrix::new(2, DIM, vec![1.0, -2.0, 3.0, 0.0, 0.0, 1.0, 1.0, -5.0]).unwrap();
    let mut furthest = 0;
    for seed in 0..rounds {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index");
        let (n_steps, spins): (u64, u64) = (random.random_range(1..40), random.random_range(0..9_000_000));
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "killed::the_process_that_is_killed", "--nocapture", "--test-threads=1"]);
        command.env(PATH, &path).env(SEED, seed.to_string()).stdout(Stdio::piped()).stderr(Stdio::null());
        let heard = listen(command.spawn().unwrap(), n_steps, |process| {
            (0..spins).for_each(|spin| {
                std::hint::black_box(spin);
            });
            process.kill().unwrap();
        });
        assert_eq!(heard.failure, None);
        let last = heard.last.unwrap_or(0);
        furthest = furthest.max(last);
        let mut model = Model::new();
        (0..last).for_each(|number| after(&mut model, &plan(seed, number)));
        let mut next = model.clone();
        after(&mut next, &plan(seed, last));
        let there = found(&Index::open(&path).unwrap(), &queries);
        // The step that nobody acknowledged is there wholly or not at all.
        let model = if there == expected(&model, &queries) { model } else { next };
        assert_eq!(there, expected(&model, &queries), "seed {seed}, {last} steps were acknowledged");
        let mut editor = Editor::open(&path).unwrap();
        editor.drift().unwrap();
        editor.regrow().unwrap();
        assert_eq!(found(editor.index(), &queries), expected(&model, &queries));
        drop(editor);
        assert_eq!(verify(&path).unwrap().problems, Vec::<String>::new());
    }
    assert!(furthest > 5, "no process came further than {furthest} steps");
}
