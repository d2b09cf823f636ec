//! The live index as a whole: how long documents take to come, to be opened and to be found, and what who asks notices
//! of those who change it.
//!
//! `cargo bench -p rootward-index --bench live` adds 1,000,000 documents of 64 numbers (another number after `--`), opens
//! the index again, removes 1,000 and adds 1,000 and asks at once, replaces half of all documents and measures what tree
//! search finds then, and prints a table. `--minutes 10` then lets one writer
//! change documents at full rate for so long, while one thread asks the index that is changed and another one that was
//! opened beside it. Every answer is checked: documents that never go are always found, the two documents that each
//! change puts in place of two others come together or not at all, and no answer is older than what was acknowledged when
//! it was asked. `--folder FOLDER` says where the file is made.

#[path = "../../rootward/benches/system/process.rs"]
mod process;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rootward::matrix::Matrix;
use rootward_index::store::{self, Record, Settings};
use rootward_index::{Edit, Editor, Hit, Index, Search};
use serde_json::Map;

use process::{cpu_seconds, peak_bytes};

const DIM: usize = 64;
const BATCH: usize = 50_000;
const CHANGED: usize = 1_000;
const ROUNDS: usize = 9;
/// Documents that never go, and are the best answers to the question that is asked all the time.
const STAY: usize = 10;
/// Documents that a change of the long run removes and adds.
const SMALL: usize = 50;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let after =
        |name| arguments.iter().position(|argument| argument == name).map(|at| arguments[at + 1].clone());
    let minutes: f64 =
        after("--minutes").map_or(0.0, |minutes| minutes.parse().expect("a number of minutes"));
    let n_docs = arguments.first().and_then(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    let folder = after("--folder").map_or_else(tempfile::tempdir, tempfile::tempdir_in);
    let folder = folder.expect("a folder can be made");
    let path = folder.path().join("index");
    filled(&path, n_docs);
    let mut editor = opened(&path, n_docs);
    let next = changed(&mut editor, n_docs);
    let next = replaced(&mut editor, n_docs, next);
    if minutes > 0.0 {
        asked_meanwhile(editor, n_docs, next, Duration::from_secs_f64(60.0 * minutes));
    }
    let (report, seconds) = timed(|| store::verify(&path).expect("there is an index"));
    assert!(report.problems.is_empty(), "{report:?}");
    say("verify", seconds, "s");
}

fn say(what: &str, value: f64, unit: &str) {
    println!("{what:<64}{value:>12.3} {unit}");
}

/// How long something takes, in seconds.
fn timed<T>(f: impl FnOnce() -> T) -> (T, f64) {
    let begin = Instant::now();
    let value = f();
    (value, begin.elapsed().as_secs_f64())
}

/// The value below which a share of values lies.
fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share).round() as usize]
}

/// A document of one of 1,000 topics, of unequal length.
fn record(id: String, random: &mut Pcg64Mcg) -> Record {
    let mut topic = Pcg64Mcg::seed_from_u64(random.random_range(0..1_000));
    let length = random.random_range(0.5f32..2.0);
    let number = |random: &mut Pcg64Mcg| random.random_range(-1.0f32..1.0);
    let mut vector: Vec<f32> =
        (0..DIM).map(|_| length * (number(&mut topic) + 0.5 * number(random))).collect();
    vector[0] = 0.0;
    Record { id, title: String::new(), text: String::new(), metadata: Map::new(), vector }
}

/// A document that the question of the long run finds before all others, by its number.
fn marked(id: String, number: f32) -> Record {
    let mut vector = vec![0.0; DIM];
    vector[0] = number;
    Record { id, title: String::new(), text: String::new(), metadata: Map::new(), vector }
}

fn filled(path: &Path, n_docs: usize) {
    let mut random = Pcg64Mcg::seed_from_u64(1);
    let mut editor = Editor::create(path, &Settings { dim: DIM, model: None }).expect("the folder is empty");
    let (mut seconds, cpu) = (0.0, cpu_seconds());
    for begin in (0..n_docs).step_by(BATCH) {
        let numbers = begin..n_docs.min(begin + BATCH);
        let edits: Vec<Edit> =
            numbers.map(|number| Edit::Add(record(format!("d{number}"), &mut random))).collect();
        seconds += timed(|| editor.apply(&edits).expect("room on the disk")).1;
    }
    say(&format!("add {n_docs} documents, {BATCH} at a time"), seconds, "s");
    let (_, regrow_s) = timed(|| editor.regrow().expect("room on the disk"));
    say("grow the tree anew", regrow_s, "s");
    let (tuning, tune_s) = timed(|| editor.tune(0.99, None).expect("room on the disk"));
    say("tune it to a recall of .99", tune_s, "s");
    say("leaves for 10 hits", tuning.beam(10).map_or(f64::NAN, |beam| beam.leaves as f64), "");
    say("of that, processor", cpu_seconds() - cpu, "s");
    say("peak memory", peak_bytes() / 1e6, "MB");
    drop(editor);
    say("file", std::fs::metadata(path).expect("it is there").len() as f64 / 1e6, "MB");
}

fn opened(path: &Path, n_docs: usize) -> Editor {
    let (index, seconds) = timed(|| Index::open(path).expect("it is whole"));
    assert_eq!(index.n_docs().expect("it is whole"), n_docs);
    say("open to ask", seconds, "s");
    let ([vectors, blocks], first) =
        timed(|| index.with_snapshot(rootward_index::Snapshot::bytes).expect("it is whole"));
    say("vectors in memory", vectors as f64 / 1e6, "MB");
    say("blocks in memory", blocks as f64 / 1e6, "MB");
    say("look at a snapshot", 1e3 * first, "ms");
    drop(index);
    let (editor, seconds) = timed(|| Editor::open(path).expect("nobody changes it"));
    say("open to change", seconds, "s");
    editor
}

/// Some documents go and as many come, and are looked for at once; the number of the next document.
fn changed(editor: &mut Editor, n_docs: usize) -> usize {
    let mut random = Pcg64Mcg::seed_from_u64(2);
    let (mut alive, mut next): (Vec<usize>, usize) = ((0..n_docs).collect(), n_docs);
    let other = Index::open(editor.index().path()).expect("it is whole");
    let (mut by_tree, mut exactly, mut outside) = (Vec::new(), Vec::new(), Vec::new());
    let mut found = 0;
    for _ in 0..=ROUNDS {
        let mut edits: Vec<Edit> = (0..CHANGED)
            .map(|_| Edit::Remove(format!("d{}", alive.swap_remove(random.random_range(0..alive.len())))))
            .collect();
        edits.extend(
            (next..next + CHANGED).map(|number| Edit::Add(record(format!("d{number}"), &mut random))),
        );
        let Some(Edit::Add(last)) = edits.last_mut() else { unreachable!("documents were added") };
        // Before all others that are not so marked, of which there are ten in the end; only such queries have this number.
        last.vector[0] = 4.0;
        let mut query = Matrix::new(1, DIM, last.vector.clone()).expect("a vector is a row");
        query.row_mut(0)[0] = 30.0;
        alive.extend(next..next + CHANGED);
        next += CHANGED;
        let (_, apply_s) = timed(|| editor.apply(&edits).expect("room on the disk"));
        let asked = |index: &dyn Search, before: f64, times: &mut Vec<f64>| {
            let (found, seconds) = timed(|| index.search(&query, 10, None).expect("it is whole"));
            times.push(before + seconds);
            found[0].iter().any(|hit| hit.id == format!("d{}", next - 1))
        };
        found += usize::from(asked(&editor.index().by_tree(), apply_s, &mut by_tree));
        assert!(asked(&editor.index().exact(), apply_s, &mut exactly), "what was added is found");
        asked(&other.by_tree(), 0.0, &mut outside);
        assert!(asked(&other.exact(), 0.0, &mut Vec::new()), "and from outside, too");
    }
    // The first round makes the tree of the one who changes, which is made once.
    exactly.remove(0);
    say("first change of who opened it", 1e3 * by_tree.remove(0), "ms");
    for (how, times) in [("by the tree", &mut by_tree), ("exactly", &mut exactly)] {
        say(&format!("remove 1,000, add 1,000 and ask {how}, median"), 1e3 * quantile(times, 0.5), "ms");
        say(&format!("remove 1,000, add 1,000 and ask {how}, worst"), 1e3 * quantile(times, 1.0), "ms");
    }
    say("of the documents that came last, found by the tree", found as f64 / (ROUNDS + 1) as f64, "");
    say("ask from outside after that, median", 1e3 * quantile(&mut outside, 0.5), "ms");
    next
}

/// Half of all documents go and as many come: whether tree search still finds as much as it was tuned to.
fn replaced(editor: &mut Editor, n_docs: usize, mut next: usize) -> usize {
    let mut random = Pcg64Mcg::seed_from_u64(4);
    say("recall at 10 by the tree", recall(editor.index(), &mut random), "");
    let before = next;
    let mut gone = 0;
    while next < before + n_docs / 2 {
        let mut edits: Vec<Edit> =
            (0..2 * CHANGED).map(|at| Edit::Discard(format!("d{}", gone + at))).collect();
        gone += 2 * CHANGED;
        edits.extend(
            (next..next + CHANGED).map(|number| Edit::Add(record(format!("d{number}"), &mut random))),
        );
        next += CHANGED;
        editor.apply(&edits).expect("room on the disk");
    }
    let drift = editor.drift().expect("it is whole");
    say("half of all replaced: documents that the tree leads elsewhere", 100.0 * drift.share(), "%");
    say("recall at 10 by the tree then", recall(editor.index(), &mut random), "");
    next
}

/// The share of the exact best 10 of 300 questions that the tree finds.
fn recall(index: &Index, random: &mut Pcg64Mcg) -> f64 {
    let rows = (0..300).flat_map(|_| record(String::new(), random).vector).collect();
    let queries = Matrix::new(300, DIM, rows).expect("vectors are rows");
    let exact = index.exact().search(&queries, 10, None).expect("it is whole");
    let found = index.by_tree().search(&queries, 10, None).expect("it is whole");
    let hits =
        exact.iter().zip(&found).map(|(exact, found)| exact.iter().filter(|hit| found.contains(hit)).count());
    hits.sum::<usize>() as f64 / 3_000.0
}

/// What all threads of the long run know.
struct Shared {
    /// The last pair that was acknowledged.
    pair: AtomicU64,
    stop: AtomicBool,
}

/// What one who asks saw.
struct Asked {
    seconds: Vec<f64>,
}

fn asked_meanwhile(mut editor: Editor, n_docs: usize, mut next: usize, time: Duration) {
    let stay = (0..STAY).map(|at| Edit::Add(marked(format!("stays {at}"), 1e4 + at as f32)));
    editor.apply(&stay.collect::<Vec<_>>()).expect("room on the disk");
    let shared = Shared { pair: AtomicU64::new(0), stop: AtomicBool::new(false) };
    editor.apply(&pair(0).map(Edit::Add)).expect("room on the disk");
    let inside: Arc<Index> = editor.index().clone();
    let outside = Index::open(inside.path()).expect("it is whole");
    let (mut random, mut oldest) = (Pcg64Mcg::seed_from_u64(3), next - SMALL);
    let (changes, asked) = std::thread::scope(|scope| {
        let readers = [&*inside, &outside].map(|index| scope.spawn(|| ask(index, &shared)));
        let (began, mut changes) = (Instant::now(), 0u64);
        while began.elapsed() < time {
            let number = changes + 1;
            let mut edits: Vec<Edit> = pair(number - 1).map(|record| Edit::Remove(record.id)).into();
            edits.extend(pair(number).map(Edit::Add));
            edits.extend((oldest..oldest + SMALL).map(|number| Edit::Remove(format!("d{number}"))));
            edits.extend(
                (next..next + SMALL).map(|number| Edit::Add(record(format!("d{number}"), &mut random))),
            );
            (oldest, next) = (oldest + SMALL, next + SMALL);
            editor.apply(&edits).expect("room on the disk");
            shared.pair.store(number, Ordering::SeqCst);
            changes = number;
        }
        shared.stop.store(true, Ordering::SeqCst);
        (changes, readers.map(|reader| reader.join().expect("no answer is wrong")))
    });
    assert!(n_docs > 0 && changes > 0);
    say("changes a second, of 51 documents out and 51 in", changes as f64 / time.as_secs_f64(), "");
    for (who, mut asked) in ["in the same process", "opened beside it"].into_iter().zip(asked) {
        say(&format!("questions, {who}"), asked.seconds.len() as f64, "");
        for (name, share) in [("median", 0.5), ("99 of 100 within", 0.99), ("worst", 1.0)] {
            say(&format!("  {name}"), 1e3 * quantile(&mut asked.seconds, share), "ms");
        }
    }
}

/// The two documents that one change adds and the next removes.
fn pair(number: u64) -> [Record; 2] {
    ["a", "b"].map(|half| marked(format!("pair {number} {half}"), 5e3))
}

fn ask(index: &Index, shared: &Shared) -> Asked {
    let mut query = Matrix::zeros(1, DIM);
    query.row_mut(0)[0] = 1.0;
    let mut seconds = Vec::new();
    while !shared.stop.load(Ordering::SeqCst) {
        let known = shared.pair.load(Ordering::SeqCst);
        let (found, took) = timed(|| {
            let search = index.exact();
            search.search(&query, STAY + 2, None).expect("every question has an answer")
        });
        seconds.push(took);
        check(&found[0], known);
    }
    Asked { seconds }
}

/// Panics where an answer is wrong: the documents that stay come first, then one pair, no older than what was known.
fn check(hits: &[Hit], known: u64) {
    let stay = (0..STAY).rev().map(|at| (format!("stays {at}"), 1e4 + at as f32));
    let first: Vec<(String, f32)> = hits[..STAY].iter().map(|hit| (hit.id.clone(), hit.score)).collect();
    assert_eq!(first, stay.collect::<Vec<_>>());
    let number = |hit: &Hit, half: &str| {
        hit.id
            .strip_prefix("pair ")
            .and_then(|id| id.strip_suffix(half))
            .and_then(|id| id.parse::<u64>().ok())
    };
    let (b, a) = (number(&hits[STAY], " b"), number(&hits[STAY + 1], " a"));
    assert!(a.is_some() && a == b && a >= Some(known), "{:?}, {known} was acknowledged", &hits[STAY..]);
}
