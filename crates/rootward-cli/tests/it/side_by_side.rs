//! Baselines and comparisons: rankings in one table, and what is said of their differences.

use serde_json::{Value, json};

use crate::program::{Folder, stderr};
use crate::small::{NODES, with_model, with_tree};

/// The names of the rows of a comparison.
fn names(found: &Value) -> Vec<&str> {
    found["rows"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect()
}

#[test]
fn on_a_tree_looking_ancestors_up_behind_the_words_finds_everything_and_beats_the_rest() {
    let found = with_tree().json("baselines --data tree");
    assert_eq!(names(&found), ["popularity", "bm25", "bm25, look-up"]);
    assert_eq!((&found["queries"], &found["pairs"]), (&json!(NODES), &json!(321)));
    let rows = &found["rows"];
    // The root is relevant to every query, so popularity finds it for each of the 32 leaves, 5 edges below.
    assert_eq!(rows[0]["recall_by_distance"]["5"], json!(1.0));
    assert_eq!(rows[1]["recall_by_distance"]["0"], json!(1.0));
    assert_eq!((&rows[2]["recall"], &rows[2]["exact_sets"]), (&json!(1.0), &json!(1.0)));
    assert_eq!(rows[2]["beats"], json!(["popularity", "bm25"]));
    for tested in found["differences"].as_array().unwrap() {
        assert!(tested["p"].as_f64().unwrap() <= tested["p_corrected"].as_f64().unwrap(), "{tested}");
        let (low, high) = (tested["interval"][0].as_f64().unwrap(), tested["interval"][1].as_f64().unwrap());
        assert!((low..=high).contains(&tested["mean"].as_f64().unwrap()), "{tested}");
    }
}

#[test]
fn people_get_the_same_as_a_table() {
    let shown = with_tree().done("baselines --data tree --draws 1000 --seed 3");
    let row = shown.lines().find(|line| line.starts_with("c  bm25, look-up")).unwrap();
    assert!(row.contains("100.0") && row.ends_with("a b"), "{shown}");
    assert!(
        shown.contains("corrected for 3 differences by Holm") && shown.ends_with("1,000 draws, seed 3\n"),
        "{shown}"
    );
}

#[test]
fn what_a_data_set_has_no_means_for_is_left_out_and_said() {
    let folder = with_tree();
    std::fs::remove_file(folder.at("tree/hierarchy.tsv")).unwrap();
    folder.write("tree/queries.jsonl", "{\"_id\":\"q\",\"text\":\"alias 7\"}\n");
    folder.write("tree/qrels/test.tsv", "query-id\tcorpus-id\tscore\nq\tn7\t1\n");
    let output = folder.run("baselines --data tree --json");
    let said = stderr(&output);
    assert!(said.contains("no popularity: ") && said.contains("no look-up: "), "{said}");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((names(&found), &found["rows"][0]["recall"]), (vec!["bm25"], &json!(1.0)));
    assert_eq!(found["differences"], json!([]));
}

#[test]
fn a_model_and_the_run_it_wrote_are_equals() {
    let folder = with_model();
    folder.done("eval --data tree --model model --run-out model.run");
    let found = folder.json("compare --data tree model model.run");
    assert_eq!(names(&found), ["model", "model.run"]);
    let tested = &found["differences"][0];
    assert_eq!((&tested["mean"], &tested["p"]), (&json!(0.0), &json!(1.0)));
    assert_eq!((&found["rows"][0]["beats"], &found["rows"][1]["beats"]), (&json!([]), &json!([])));
    let alone = folder.json("eval --data tree --model model");
    for key in ["recall", "recall_by_distance", "exact_sets", "ndcg@10"] {
        assert_eq!(found["rows"][0][key], alone[key], "{key}");
    }
    let both = folder.json("baselines --data tree --model model --run model.run");
    assert_eq!(names(&both)[3..], ["model", "model, look-up", "model.run", "model.run, look-up"]);
    assert_eq!(both["rows"][4]["recall"], both["rows"][6]["recall"]);
}

#[test]
fn a_recipe_trained_on_the_spot_is_the_model_that_train_makes() {
    let folder = with_model();
    let found = folder.json("baselines --data tree --recipe model/recipe.toml");
    assert_eq!(names(&found)[3], "recipe.toml");
    assert_eq!(found["rows"][3]["recall"], folder.json("eval --data tree --model model")["recall"]);
}

#[test]
fn one_and_two_threads_print_the_same() {
    let folder = with_model();
    let on = |n| folder.done(&format!("baselines --data tree --model model --json --threads {n}"));
    assert_eq!(on(1), on(2));
}

#[test]
fn what_cannot_be_compared_is_named() {
    let folder = with_model();
    folder.write("a/same.run", "n1 Q0 n1 1 1 t\n");
    folder.write("b/same.run", "n1 Q0 n1 1 1 t\n");
    folder.write("empty.run", "");
    let fails = |rest: &str| folder.fails(&format!("compare --data tree {rest}"));
    assert!(fails("a/same.run b/same.run").starts_with("two rankings are called `same.run`"));
    assert!(fails("empty.run").starts_with("empty.run lists no query of this split"));
    assert!(fails("none.run").starts_with("none.run could not be opened"));
    assert!(fails("tree").starts_with("tree is no model"));
    assert!(fails("model --split dev").contains("no dev judgements"));
}

#[test]
fn a_table_is_not_measured_on_queries_that_it_was_not_trained_on() {
    let folder = Folder::new();
    folder.write(
        "data/corpus.jsonl",
        "{\"_id\":\"a\",\"title\":\"apple\"}\n{\"_id\":\"b\",\"title\":\"fruit\"}\n",
    );
    folder.write("data/hierarchy.tsv", "child\tparent\na\tb\n");
    folder.write(
        "data/queries.jsonl",
        "{\"_id\":\"q\",\"text\":\"apples\"}\n{\"_id\":\"r\",\"text\":\"an apple\"}\n",
    );
    folder.write("data/qrels/train.tsv", "query-id\tcorpus-id\tscore\nq\ta\t1\n");
    folder.write("data/qrels/test.tsv", "query-id\tcorpus-id\tscore\nr\ta\t1\n");
    let error = folder.fails("baselines --data data --recipe standard");
    assert!(error.starts_with("1 of 1 queries were not trained, first `r`"), "{error}");
    assert_eq!(folder.json("baselines --data data")["rows"][2]["recall"], json!(1.0));
}
