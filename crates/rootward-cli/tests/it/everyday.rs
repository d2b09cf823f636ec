//! Import, inspect, train, evaluate, search: each verb does what it promises.

use serde_json::{Value, json};

use crate::program::{Folder, stderr};
use crate::small::{NODES, TRAIN, data_noun, with_model, with_tree};

/// The keys of an object, sorted.
fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

/// A folder with the tree imported as `plain` and as `gzip`.
fn imported() -> Folder {
    let folder = Folder::new();
    folder.write("dict/data.noun", data_noun());
    folder.done("import wordnet dict --out plain");
    folder.done("import wordnet dict --out gzip --gzip");
    folder
}

#[test]
fn an_imported_wordnet_is_inspected_to_the_numbers_of_its_tree() {
    let found = imported().json("inspect plain");
    assert_eq!((&found["documents"], &found["closed"]), (&json!(NODES), &json!(true)));
    let tree = &found["hierarchy"];
    assert_eq!((&tree["edges"], &tree["roots"], &tree["leaves"]), (&json!(62), &json!(1), &json!(32)));
    assert_eq!((&tree["max_depth"], &tree["max_fan_out"]), (&json!(5), &json!(2)));
    // At distance d: all nodes but those of the d upper levels.
    assert_eq!(found["relevant"]["by_distance"], json!([63, 62, 60, 56, 48, 32]));
}

#[test]
fn inspect_shows_people_the_same_numbers() {
    let shown = imported().done("inspect plain");
    for words in [
        "documents                63",
        "edges                    62",
        "leaves                   32",
        "most 5",
    ] {
        assert!(shown.contains(words), "`{words}` was expected in:\n{shown}");
    }
}

#[test]
fn plain_and_compressed_folders_give_the_same_model() {
    let folder = imported();
    assert!(folder.files("gzip").keys().eq(["corpus.jsonl.gz", "hierarchy.tsv.gz"]));
    let model = |data| {
        folder.done(&format!(
            "train --data {data} --recipe climb --set encoder.dim=4 --set stages.0.steps=9 --out {data}-model"
        ));
        folder.read(&format!("{data}-model/model.safetensors"))
    };
    assert!(model("plain") == model("gzip"));
}

#[test]
fn a_trained_model_is_a_folder_of_five_files_and_knows_its_data() {
    let folder = with_model();
    let names: Vec<String> = folder.files("model").into_keys().collect();
    assert_eq!(names, ["README.md", "config.json", "model.safetensors", "recipe.toml", "report.jsonl"]);
    let found = folder.json("inspect model");
    assert_eq!(found["encoder"]["dim"], 8);
    assert_eq!((&found["data"]["name"], &found["data"]["queries"]), (&json!("tree"), &json!(NODES)));
    let shown = folder.done("inspect model");
    assert!(shown.contains("tree"), "{shown}");
}

#[test]
fn the_recipe_beside_a_model_trains_the_same_model_again() {
    let folder = with_model();
    folder.done("train --data tree --recipe model/recipe.toml --out again");
    assert_eq!(folder.model("again"), folder.model("model"));
}

#[test]
fn train_reports_every_step_as_json_lines() {
    let report = with_model().text("model/report.jsonl");
    let events: Vec<Value> = report.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let count = |kind| events.iter().filter(|event| event["event"] == kind).count();
    assert_eq!((count("stage"), count("step"), count("stage_end")), (3, 124, 3));
    assert!(count("recall") >= 2);
}

#[test]
fn train_prints_one_object_of_what_it_did() {
    let found = with_tree().json(&format!("{TRAIN} --seed 3 --out model"));
    assert_eq!(keys(&found), ["data", "dim", "model", "seconds", "seed"]);
    assert_eq!((&found["dim"], &found["seed"]), (&json!(8), &json!(3)));
}

#[test]
fn a_seed_makes_another_model_and_the_same_seed_the_same() {
    let folder = with_model();
    folder.done(&format!("{TRAIN} --seed 7 --out same"));
    folder.done(&format!("{TRAIN} --seed 8 --out other"));
    assert_eq!(folder.model("same"), folder.model("model"));
    assert_ne!(folder.read("other/model.safetensors"), folder.read("model/model.safetensors"));
}

#[test]
fn eval_prints_exactly_the_promised_keys_and_a_small_tree_is_learned() {
    let found = with_model().json("eval --data tree --model model");
    let promised = [
        "diagnosis",
        "exact_sets",
        "map",
        "mrr@10",
        "ndcg@10",
        "pairs",
        "queries",
        "recall",
        "recall@1",
        "recall@10",
        "recall@100",
        "recall_by_distance",
    ];
    assert_eq!(keys(&found), promised);
    assert_eq!(keys(&found["recall_by_distance"]), ["0", "1", "2", "3", "4", "5"]);
    assert_eq!((&found["queries"], &found["pairs"]), (&json!(63), &json!(321)));
    assert!(found["recall"].as_f64().unwrap() > 0.9, "{found}");
}

#[test]
fn eval_says_what_the_numbers_mean_and_train_does_at_its_end() {
    let folder = with_tree();
    let log = stderr(&folder.run("train --data tree --recipe standard --set encoder.dim=2 --out model"));
    assert!(log.contains("what the last validation says:\n") && log.contains("remedy: "), "{log}");
    let page = folder.done("eval --data tree --model model");
    let words = page.split_once("\n\nWhat the numbers mean:\n").map(|(_, words)| words);
    let found = folder.json("eval --data tree --model model");
    for finding in found["diagnosis"].as_array().unwrap() {
        assert!(words.unwrap().contains(finding["sentence"].as_str().unwrap()), "{finding} in {page}");
        assert!(finding["kind"].is_string() && finding["remedy"].is_string(), "{finding}");
    }
}

#[test]
fn a_model_whose_report_is_gone_is_measured_all_the_same() {
    let folder = with_model();
    let with_report = folder.json("eval --data tree --model model");
    std::fs::remove_file(folder.at("model/report.jsonl")).unwrap();
    let without = folder.json("eval --data tree --model model");
    assert_eq!(without["recall"], with_report["recall"]);
    assert!(!without["diagnosis"].as_array().unwrap().is_empty());
}

#[test]
fn a_written_run_is_measured_like_the_model_that_wrote_it() {
    let folder = with_model();
    for how in ["", " --ancestors"] {
        let mut of_model = folder.json(&format!("eval --data tree --model model --run-out out/run.txt{how}"));
        let mut of_run = folder.json(&format!("eval --data tree --run out/run.txt{how}"));
        // More is known of a model than of a run, so more can be said of it.
        for found in [&mut of_model, &mut of_run] {
            found.as_object_mut().unwrap().remove("diagnosis");
        }
        assert_eq!(of_run, of_model);
    }
    let run = folder.text("out/run.txt");
    assert_eq!(run.lines().count(), NODES * NODES);
    assert!(run.lines().all(|line| line.split(' ').count() == 6 && line.ends_with(" rootward")));
    folder.done("eval --data tree --model model --run-out out/short.txt --depth 5");
    assert_eq!(folder.text("out/short.txt").lines().count(), NODES * 5);
}

#[test]
fn eval_writes_a_line_for_each_query() {
    let folder = with_model();
    let shown = folder.done("eval --data tree --model model --per-query each.tsv");
    assert!(shown.contains("all pairs") && shown.contains("ndcg@10"), "{shown}");
    let rows = folder.text("each.tsv");
    assert_eq!(rows.lines().count(), NODES + 1);
    let columns = |line: &str| line.split('\t').count();
    let header = columns(rows.lines().next().unwrap());
    assert!(rows.lines().all(|line| columns(line) == header), "{rows}");
}

#[test]
fn queries_of_their_own_are_measured_by_split() {
    let folder = with_tree();
    folder.write(
        "tree/queries.jsonl",
        "{\"_id\":\"q\",\"text\":\"first\"}\n{\"_id\":\"r\",\"text\":\"second\"}\n",
    );
    folder.write("tree/qrels/train.tsv", "query-id\tcorpus-id\tscore\nq\tn31\t1\nr\tn62\t1\n");
    folder.write("tree/qrels/test.tsv", "query-id\tcorpus-id\tscore\nr\tn62\t1\n");
    folder.done(&format!("{TRAIN} --out model"));
    let queries =
        |split| folder.json(&format!("eval --data tree --model model --split {split}"))["queries"].clone();
    assert_eq!((queries("train"), queries("test")), (json!(2), json!(1)));
    let error = folder.fails("eval --data tree --model model --split dev");
    assert!(error.contains("no dev judgements: expected qrels/dev.tsv"), "{error}");
}

#[test]
fn search_finds_a_word_by_id_title_and_synonym() {
    let folder = with_model();
    let by = |word: &str| {
        let printed = folder.command("search --data tree --model model --json").arg(word).output().unwrap();
        serde_json::from_slice::<Value>(&printed.stdout).unwrap()
    };
    let found = by("n40");
    assert_eq!(keys(&found), ["definition", "hits", "query", "relevant", "text"]);
    assert_eq!((&found["query"], &found["relevant"]), (&json!("n40"), &json!(6)));
    assert_eq!(found["hits"].as_array().unwrap().len(), 6);
    assert_eq!((by("Node_40"), by("alias 40")), (found.clone(), found));
}

#[test]
fn search_shows_people_as_many_hits_as_they_ask_for() {
    let shown = with_model().done("search --data tree --model model n40 --k 3");
    assert!(shown.starts_with("node 40 (n40): number 40\n"), "{shown}");
    assert_eq!(shown.lines().filter(|line| line.starts_with("   ")).count(), 3, "{shown}");
}

#[test]
fn a_batch_is_answered_line_by_line() {
    let folder = with_model();
    folder.write("words.txt", "n3\n\nnode 5\n");
    let printed = folder.done("search --data tree --model model --batch words.txt --json");
    let query = |line| serde_json::from_str::<Value>(line).unwrap()["query"].clone();
    assert_eq!(printed.lines().map(query).collect::<Vec<_>>(), ["n3", "n5"]);
}

#[test]
fn an_unknown_word_is_told_the_nearest_ones_before_anything_is_printed() {
    let error = with_model().fails("search --data tree --model model n3 n4x");
    assert!(error.starts_with("`n4x` is not a query of `tree`"), "{error}");
    assert!(error.ends_with("the nearest are: n4, n40, n41"), "{error}");
}
