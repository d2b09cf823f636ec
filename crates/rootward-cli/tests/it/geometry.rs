//! `rootward geometry`: the dimension that is enough, by theory, by construction and by training.

use std::io::{BufRead, BufReader};

use serde_json::{Value, json};

use crate::program::{signal, stderr};
use crate::small::{NODES, with_tree};

/// Trains for a moment in each dimension, to be followed by the settings of the stages.
const TRAIN: &str =
    "geometry tree --seeds 1 --recall 0.9 --train --set stages.0.steps=60 --set stages.1.steps=60";

/// The dimension found for each recall.
fn dims(found: &Value) -> Vec<u64> {
    found["found"].as_array().unwrap().iter().map(|found| found["dim"].as_u64().unwrap()).collect()
}

#[test]
fn the_bound_and_the_construction_are_those_of_the_tree() {
    let found = with_tree().json("geometry tree");
    let bound = &found["bound"];
    assert_eq!((&bound["most_relevant"], &bound["documents"]), (&json!(6), &json!(NODES)));
    assert_eq!(bound["each_query"], json!((24.0 * 2.0 * 63f64.ln()).ceil() as u64));
    let [first, last] = dims(&found["constructed"])[..] else { panic!("{found}") };
    assert!(first < last && last < bound["each_query"].as_u64().unwrap(), "{found}");
    let margins = &found["margins"];
    assert_eq!((&margins["dim"], &margins["queries"]), (&json!(last), &json!(NODES)));
    assert!(margins["recalled"].as_f64().unwrap() > 0.97, "{margins}");
    assert_eq!(found["trained"], Value::Null);
    assert_eq!(found["exact"], json!({"dim": 3, "runs": 1, "errors": 0}));
}

#[test]
fn people_get_a_page_that_ends_with_advice_from_the_numbers() {
    let folder = with_tree();
    let shown = folder.done("geometry tree --recall 0.9 --dim 40 --queries 20");
    for words in
        ["s, most relevant           6", "margins of the construction at d = 40, seed 1, on a sample of 20"]
    {
        assert!(shown.contains(words), "`{words}` was expected in:\n{shown}");
    }
    let dim = dims(&folder.json("geometry tree --recall 0.9 --queries 20")["constructed"])[0];
    assert!(
        shown.contains(&format!("\nd = {dim} is enough for 90 % on tree with random vectors")),
        "{shown}"
    );
}

#[test]
fn trained_vectors_need_fewer_dimensions_than_random_ones() {
    let folder = with_tree();
    let found = folder.json(TRAIN);
    let (constructed, trained) = (dims(&found["constructed"])[0], dims(&found["trained"])[0]);
    assert!(trained < constructed, "{trained} {constructed}");
    assert_eq!(found["trained"]["by"], "climb");
    let advice = format!("d = {trained} is enough for 90 % on tree: train with climb;");
    assert!(folder.done(TRAIN).contains(&advice), "{advice}");
}

#[test]
fn a_recipe_that_does_not_reach_the_recall_is_told_so() {
    let still = (0..3)
        .map(|stage| format!(" --set stages.{stage}.rate.start=1e-9 --set stages.{stage}.rate.end=0.0"));
    let shown = with_tree().done(&format!("{TRAIN}{}", still.collect::<String>()));
    assert!(shown.contains("climb does not reach 90 % on tree up to d = "), "{shown}");
}

#[test]
fn the_answer_does_not_depend_on_the_number_of_threads() {
    let folder = with_tree();
    assert_eq!(folder.done("geometry tree --threads 1"), folder.done("geometry tree --threads 3"));
}

#[test]
fn what_cannot_be_searched_is_refused() {
    let folder = with_tree();
    for line in ["--recall 0", "--recall 1.5", "--recall much", "--seeds 0", "--recipe climb", "--dim 0"] {
        let output = folder.run(&format!("geometry tree {line}"));
        assert_eq!(output.status.code(), Some(2), "{line}: {}", stderr(&output));
    }
    let error = folder.fails("geometry tree --train --recipe clim");
    assert!(error.contains("there is no recipe clim"), "{error}");
    folder.write("tree/queries.jsonl", "{\"_id\":\"q\",\"text\":\"first\"}\n");
    folder.write("tree/qrels/test.tsv", "query-id\tcorpus-id\tscore\nq\tn31\t1\n");
    let error = folder.fails("geometry tree");
    assert!(error.contains("no training queries: expected qrels/train.tsv"), "{error}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_search() {
    let folder = with_tree();
    let mut child = folder.start("geometry tree --train --set stages.0.steps=100000000");
    let mut first = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.contains("d = 16"), "{first}");
    signal(&child, "INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
}
