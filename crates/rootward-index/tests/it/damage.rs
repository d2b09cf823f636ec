//! Files that were damaged: every answer is the truth or an error, and verify says what is wrong.

use std::fs;
use std::path::{Path, PathBuf};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rootward_index::store::{Reader, Store, Writer, accept, verify};

use crate::model::{DIM, Model, settings};
use crate::truth::{self, Answers};

/// Files that stand beside an index.
const BESIDE: [&str; 4] = ["", "-wal", "-shm", "-ack"];

fn beside(path: &Path, ending: &str) -> PathBuf {
    PathBuf::from(format!("{}{ending}", path.display()))
}

/// Changes an index by the plan of a seed; the writer stays open, so that the log does.
fn grow(path: &Path, seed: u64, n_steps: u64) -> (Model, Writer) {
    let mut writer = Store::create(path, &settings(DIM)).unwrap();
    let mut reader = Reader::open(path).unwrap();
    let mut model = Model::default();
    for step in 0..n_steps {
        let change = model.plan(seed, step);
        model.perform(&mut writer, &mut reader, &change).unwrap();
        model.step(&change);
    }
    (model, writer)
}

/// Copies an index with all that stands beside it, as a crash would leave it.
fn copy(from: &Path, to: &Path) {
    for ending in BESIDE {
        let _ = fs::remove_file(beside(to, ending));
        if ending != "-shm" && beside(from, ending).exists() {
            fs::copy(beside(from, ending), beside(to, ending)).unwrap();
        }
    }
}

/// Panics where an answer is neither the truth nor an error; returns whether there was an error.
fn noticed(path: &Path, model: &Model, truth: &Answers, what: &str) -> bool {
    let mut errors = 0;
    for (question, answer) in truth::answers(path, model) {
        match answer {
            Ok(answer) => assert_eq!(Ok(answer), truth[&question], "{what}: {question}"),
            Err(_) => errors += 1,
        }
    }
    errors > 0
}

fn verified(path: &Path) -> bool {
    verify(path).is_ok_and(|report| report.problems.is_empty())
}

#[test]
fn a_flipped_byte_is_never_served_as_truth() {
    let rounds: usize = std::env::var("ROOTWARD_FLIPS").map_or(150, |rounds| rounds.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let (path, bad) = (dir.path().join("index"), dir.path().join("bad"));
    let (model, writer) = grow(&path, 21, 70);
    drop(writer);
    let (bytes, truth) = (fs::read(&path).unwrap(), truth::truth(&model));
    assert!(verified(&path) && !noticed(&path, &model, &truth, "whole"));
    let mut random = Pcg64Mcg::seed_from_u64(1);
    let (mut by_answers, mut by_verify) = (0, 0);
    for _ in 0..rounds {
        copy(&path, &bad);
        let (at, flip) = (random.random_range(0..bytes.len()), random.random_range(1..=255u8));
        let mut changed = bytes.clone();
        changed[at] ^= flip;
        fs::write(&bad, changed).unwrap();
        let by_answer = noticed(&bad, &model, &truth, &format!("byte {at} ^ {flip}"));
        copy(&path, &bad);
        let mut changed = bytes.clone();
        changed[at] ^= flip;
        fs::write(&bad, changed).unwrap();
        let by_report = !verified(&bad);
        assert!(by_report || !by_answer, "byte {at} ^ {flip}: an error that verify does not list");
        by_answers += usize::from(by_answer);
        by_verify += usize::from(by_report);
    }
    println!("{rounds} bytes of {}: answers noticed {by_answers}, verify {by_verify}", bytes.len());
    assert!(by_verify * 4 > rounds, "verify noticed {by_verify} of {rounds}");
}

#[test]
fn a_log_that_was_cut_short_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let (path, bad) = (dir.path().join("index"), dir.path().join("bad"));
    let (model, _writer) = grow(&path, 4, 40);
    let log = fs::read(beside(&path, "-wal")).unwrap();
    let truth = truth::truth(&model);
    copy(&path, &bad);
    assert!(!noticed(&bad, &model, &truth, "whole"));
    let mut random = Pcg64Mcg::seed_from_u64(2);
    for _ in 0..20 {
        copy(&path, &bad);
        let length = random.random_range(0..log.len());
        fs::write(beside(&bad, "-wal"), &log[..length]).unwrap();
        let error = Reader::open(&bad).unwrap_err().to_string();
        assert!(error.contains("has lost acknowledged changes") || length == 0, "{error}");
        assert!(!verified(&bad));
        assert!(Writer::open(&bad).is_err());
    }
}

#[test]
fn a_log_that_was_damaged_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let (path, bad) = (dir.path().join("index"), dir.path().join("bad"));
    let (model, _writer) = grow(&path, 6, 25);
    let log = fs::read(beside(&path, "-wal")).unwrap();
    let truth = truth::truth(&model);
    let mut random = Pcg64Mcg::seed_from_u64(3);
    for _ in 0..30 {
        copy(&path, &bad);
        let mut changed = log.clone();
        let at = random.random_range(0..log.len());
        changed[at] ^= random.random_range(1..=255u8);
        fs::write(beside(&bad, "-wal"), &changed).unwrap();
        noticed(&bad, &model, &truth, &format!("byte {at} of the log"));
    }
}

#[test]
fn a_damaged_record_of_acknowledgements_is_told_and_can_be_accepted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("index");
    let (model, writer) = grow(&path, 8, 10);
    drop(writer);
    fs::write(beside(&path, "-ack"), b"something else").unwrap();
    assert!(Reader::open(&path).unwrap_err().to_string().contains("verify --accept"));
    assert!(Writer::open(&path).is_err() && !verified(&path));
    assert_eq!(accept(&path).unwrap(), 10);
    truth::check(&path, &model);
    fs::remove_file(beside(&path, "-ack")).unwrap();
    truth::check(&path, &model);
}

#[test]
fn lost_changes_can_be_accepted() {
    let dir = tempfile::tempdir().unwrap();
    let (path, bad) = (dir.path().join("index"), dir.path().join("bad"));
    let (_, writer) = grow(&path, 8, 10);
    writer.checkpoint().unwrap();
    copy(&path, &bad);
    let mut writer = writer;
    let mut changes = writer.begin().unwrap();
    changes.add_edges([("a", "b")]).unwrap();
    changes.commit().unwrap();
    fs::copy(beside(&path, "-ack"), beside(&bad, "-ack")).unwrap();
    let error = Writer::open(&bad).unwrap_err().to_string();
    assert!(error.contains("generation 10, 11 was acknowledged"), "{error}");
    assert_eq!(accept(&bad).unwrap(), 10);
    truth::check(&bad, &crate::crash::model(8, 10));
}
