//! The store at 1,000,000 documents of 64 numbers: adding, opening and changing them, and the file's size; then its words.
//!
//! `cargo bench -p rootward-index --bench store` prints a table; arguments after `--` name another number of documents,
//! `--folder FOLDER` where the file is made, and `--words FOLDER` a BEIR folder whose test queries are asked by words.
//! Documents have ids such as `d123456`, no text and vectors of random numbers; they are added 10,000 at a time. A change
//! removes 1,000 documents from anywhere and adds 1,000. Medians of several runs.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::Instant;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rootward::doc_tree::{NodeIdx, TreeShape};
use rootward::ids::DocIdx;
use rootward_index::store::{Reader, Record, SavedTree, SetId, Settings, Store, Writer};
use serde_json::{Map, Value};

const DIM: usize = 64;
const BATCH: usize = 10_000;
const CHANGED: usize = 1_000;
const RUNS: usize = 9;
const LEAF: u32 = 256;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let after =
        |name| arguments.iter().position(|argument| argument == name).map(|at| arguments[at + 1].clone());
    let n_docs = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    let folder = match after("--folder") {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    };
    let folder = folder.expect("a folder can be made");
    match after("--words") {
        Some(corpus) => words(&folder.path().join("words"), Path::new(&corpus)),
        None => vectors(&folder.path().join("index"), n_docs),
    }
}

fn record(number: usize, random: &mut Pcg64Mcg) -> Record {
    let vector = (0..DIM).map(|_| random.random_range(-1.0f32..1.0)).collect();
    Record {
        id: format!("d{number}"),
        title: String::new(),
        text: String::new(),
        metadata: Map::new(),
        vector,
    }
}

fn say(what: &str, value: f64, unit: &str) {
    println!("{what:<60}{value:>12.3} {unit}");
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// How long something takes, in seconds.
fn timed<T>(f: impl FnOnce() -> T) -> (T, f64) {
    let begin = Instant::now();
    let value = f();
    (value, begin.elapsed().as_secs_f64())
}

fn vectors(path: &Path, n_docs: usize) {
    let mut random = Pcg64Mcg::seed_from_u64(1);
    let mut writer = Store::create(path, &Settings { dim: DIM, model: None }).expect("the folder is empty");
    let set = SetId(1);
    let mut added = 0.0;
    for begin in (0..n_docs).step_by(BATCH) {
        let records: Vec<Record> =
            (begin..n_docs.min(begin + BATCH)).map(|n| record(n, &mut random)).collect();
        added += timed(|| add(&mut writer, &records)).1;
    }
    say("add all, in batches of 10,000", added, "s");
    let n_leaves = (n_docs as u32).div_ceil(LEAF);
    let tree = SavedTree {
        parents: std::iter::once(SavedTree::ROOT).chain((0..n_leaves).map(|_| 0)).collect(),
        shape: TreeShape {
            branching: 32,
            leaf_size: LEAF as usize,
            balance: 1.5,
            iterations: 10,
            sample: 256,
        },
        seed: 1,
        calibration: Value::Null,
    };
    let (_, homes_s) = timed(|| {
        let mut changes = writer.begin().expect("one writer");
        changes.set_tree(set, &tree).expect("a tree");
        let homes = (0..n_docs as u32).map(|row| (DocIdx(row), NodeIdx(1 + row / LEAF)));
        changes.set_homes(set, homes).expect("documents");
        changes.commit().expect("room on the disk");
    });
    say("write the tree and all homes", homes_s, "s");
    let (_, checkpoint_s) = timed(|| writer.checkpoint().expect("nobody reads"));
    say("move the log into the file", checkpoint_s, "s");
    say("file", fs::metadata(path).expect("it is there").len() as f64 / 1e6, "MB");
    for threads in [1, 2, 1, 2] {
        let seconds = median((0..3).map(|_| timed(|| open(path, set, threads)).1).collect());
        say(&format!("open, read and check all vectors and ids, {threads} threads"), seconds, "s");
    }
    drop(writer);
    let (opened, seconds) = timed(|| Writer::open(path).expect("nobody writes"));
    let mut writer = opened;
    say("open to write", seconds, "s");
    let mut reader = Reader::open(path).expect("it is there");
    let mut generation = reader.snapshot().expect("it is whole").generation();
    let mut next = n_docs;
    let mut alive: Vec<usize> = (0..n_docs).collect();
    let (mut change_s, mut refresh_s) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let gone: Vec<String> = (0..CHANGED)
            .map(|_| format!("d{}", alive.swap_remove(random.random_range(0..alive.len()))))
            .collect();
        let records: Vec<Record> = (next..next + CHANGED).map(|n| record(n, &mut random)).collect();
        alive.extend(next..next + CHANGED);
        next += CHANGED;
        change_s.push(timed(|| change(&mut writer, &gone, &records, set)).1);
        let (changed, seconds) = timed(|| {
            let reading = reader.snapshot().expect("it is whole");
            let changed =
                reading.changes_since(generation).expect("it is whole").expect("nothing was trimmed");
            generation = reading.generation();
            changed
        });
        assert_eq!((changed.put.len(), changed.removed.len()), (CHANGED, CHANGED));
        refresh_s.push(seconds);
    }
    say("remove 1,000 and add 1,000, median", 1e3 * median(change_s.clone()), "ms");
    say("remove 1,000 and add 1,000, worst", 1e3 * change_s.iter().copied().fold(0.0, f64::max), "ms");
    say("read what was changed, median", 1e3 * median(refresh_s), "ms");
    drop(reader);
    let (_, compact_s) = timed(|| writer.compact(|_| ()).expect("room on the disk"));
    say("compact", compact_s, "s");
}

fn add(writer: &mut Writer, records: &[Record]) {
    let mut changes = writer.begin().expect("one writer");
    for record in records {
        changes.add(record).expect("new ids");
    }
    changes.commit().expect("room on the disk");
}

fn change(writer: &mut Writer, gone: &[String], records: &[Record], set: SetId) {
    let mut changes = writer.begin().expect("one writer");
    for id in gone {
        changes.remove(id).expect("known ids");
    }
    let docs: Vec<DocIdx> = records.iter().map(|record| changes.add(record).expect("new ids")).collect();
    changes.set_homes(set, docs.into_iter().map(|doc| (doc, NodeIdx(1)))).expect("documents");
    changes.commit().expect("room on the disk");
}

/// Reads all that a search in memory needs.
fn open(path: &Path, set: SetId, threads: usize) {
    let mut reader = Reader::open(path).expect("it is there");
    let reading = reader.snapshot().expect("it is whole");
    let read = reading.each_vector(set, threads, Vec::new, |all: &mut Vec<f32>, _, _, vector| {
        all.extend_from_slice(vector);
    });
    let n: usize = read.expect("it is whole").iter().map(Vec::len).sum();
    let mut bytes = 0;
    reading.each_id(|_, id| bytes += id.len()).expect("it is whole");
    assert!(n as u64 == reading.n_docs() * DIM as u64 && bytes > 0);
}

/// Lines of a JSON file.
fn lines(path: &Path) -> Vec<Value> {
    let file = BufReader::new(File::open(path).expect("a BEIR folder has it"));
    file.lines().map(|line| serde_json::from_str(&line.expect("text")).expect("JSON")).collect()
}

fn words(path: &Path, corpus: &Path) {
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let docs: Vec<Record> = lines(&corpus.join("corpus.jsonl"))
        .iter()
        .map(|doc| Record {
            id: text(doc, "_id"),
            title: text(doc, "title"),
            text: text(doc, "text"),
            metadata: Map::new(),
            vector: vec![0.0],
        })
        .collect();
    let queries: HashMap<String, String> = lines(&corpus.join("queries.jsonl"))
        .iter()
        .map(|query| (text(query, "_id"), text(query, "text")))
        .collect();
    let mut relevant: HashMap<String, HashMap<String, f64>> = HashMap::new();
    let judged = fs::read_to_string(corpus.join("qrels/test.tsv")).expect("a BEIR folder has it");
    for line in judged.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let grade = fields[2].trim().parse().expect("a grade");
        relevant.entry(fields[0].to_owned()).or_default().insert(fields[1].to_owned(), grade);
    }
    let mut writer = Store::create(path, &Settings { dim: 1, model: None }).expect("the folder is empty");
    let (_, seconds) = timed(|| docs.chunks(1_000).for_each(|docs| add(&mut writer, docs)));
    say(&format!("add {} documents with texts", docs.len()), seconds, "s");
    let mut reader = Reader::open(path).expect("it is there");
    let reading = reader.snapshot().expect("it is whole");
    let (_, first_s) = timed(|| reading.words("cell", 10, &|_| true).expect("it is whole"));
    say("first query, with the check of all words", 1e3 * first_s, "ms");
    let (mut gain, mut times) = (0.0, Vec::new());
    for (id, grades) in &relevant {
        let (found, seconds) = timed(|| reading.words(&queries[id], 10, &|_| true).expect("it is whole"));
        times.push(seconds);
        let discount = |at: usize| 1.0 / ((at + 2) as f64).log2();
        let stored =
            reading.documents(&found.iter().map(|(doc, _)| *doc).collect::<Vec<_>>()).expect("whole");
        let dcg: f64 = stored
            .iter()
            .flatten()
            .enumerate()
            .map(|(at, doc)| grades.get(&doc.id).copied().unwrap_or(0.0) * discount(at))
            .sum();
        let mut ideal: Vec<f64> = grades.values().copied().collect();
        ideal.sort_by(|a, b| b.total_cmp(a));
        let best: f64 = ideal.iter().take(10).enumerate().map(|(at, grade)| grade * discount(at)).sum();
        gain += dcg / best;
    }
    say(&format!("nDCG@10 of {} queries", relevant.len()), gain / relevant.len() as f64, "");
    say("query, mean", 1e3 * times.iter().sum::<f64>() / times.len() as f64, "ms");
    say("query, worst", 1e3 * times.iter().copied().fold(0.0, f64::max), "ms");
    say("query, median", 1e3 * median(times), "ms");
}
