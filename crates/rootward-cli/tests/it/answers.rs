//! Search for people: levels, ways up, consistent order, subtrees, batches, thresholds.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::program::{Folder, stderr};
use crate::small::{NODES, with_model, with_tree};

/// The ids of the hits of an answer, in their order.
fn ids(answer: &Value) -> Vec<&str> {
    answer["hits"].as_array().unwrap().iter().map(|hit| hit["id"].as_str().unwrap()).collect()
}

/// The one answer to a text that may hold blanks.
fn ask(folder: &Folder, how: &str, text: &str) -> Value {
    let printed = folder.command(&format!("search --data tree --json {how}")).arg(text).output().unwrap();
    assert!(printed.status.success(), "{}", stderr(&printed));
    serde_json::from_slice(&printed.stdout).unwrap()
}

/// The lines of `queries.jsonl`, as a closed data set asks them.
fn all_queries() -> String {
    (0..NODES).map(|i| format!("{{\"_id\":\"n{i}\",\"text\":\"node {i}\"}}\n")).collect()
}

#[test]
fn every_hit_has_its_level_and_its_way_up_to_the_root() {
    let found = ask(&with_model(), "--model model", "n40");
    let hit = &found["hits"].as_array().unwrap().iter().find(|hit| hit["id"] == "n40").unwrap();
    assert_eq!((&hit["level"], &hit["path"]), (&json!(5), &json!(["n19", "n9", "n4", "n1", "n0"])));
    assert!(hit.get("accepted").is_none());
}

#[test]
fn people_see_levels_from_special_to_general_and_each_way_up_once() {
    let shown = with_model().done("search --data tree --model model n40 --consistent");
    let levels: Vec<u32> = shown.lines().filter_map(|line| line.get(..7)?.trim().parse().ok()).collect();
    assert!(levels.len() > 1 && levels.is_sorted_by(|a, b| a > b), "{shown}");
    assert!(shown.contains("node 40  (n40) < node 19 < node 9 < node 4 < node 1 < node 0\n"), "{shown}");
    assert!(shown.contains("node 19  (n19)\n"), "{shown}");
}

#[test]
fn in_a_consistent_answer_all_that_lies_above_a_hit_stands_before_it() {
    let folder = with_tree();
    assert_eq!(ids(&ask(&folder, "--bm25 --k 3", "alias 40 alias 9"))[..2], ["n9", "n40"]);
    let found = ask(&folder, "--bm25 --k 9 --consistent", "alias 40 alias 40 alias 12");
    assert_eq!(ids(&found), ["n0", "n1", "n4", "n9", "n19", "n40", "n2", "n5", "n12"]);
}

#[test]
fn within_a_document_only_what_lies_below_it_is_found() {
    let folder = with_tree();
    let found = ask(&folder, "--bm25 --k 9 --within n9", "node 40");
    let below = ["n9", "n19", "n20", "n39", "n40", "n41", "n42"];
    assert_eq!(ids(&found)[0], "n40");
    assert_eq!(ids(&found).into_iter().collect::<BTreeSet<_>>(), below.into_iter().collect());
    let found = ask(&folder, "--bm25 --k 3 --within n9 --consistent", "node 40");
    assert_eq!(ids(&found), ["n9", "n19", "n40"]);
    let error = folder.fails("search --data tree --bm25 --within nowhere n1");
    assert!(error.starts_with("data set `tree` has no document `nowhere`"), "{error}");
}

#[test]
fn words_that_no_query_has_are_answered_by_bm25() {
    let folder = with_tree();
    let found = ask(&folder, "--bm25", "anything about number 17");
    assert_eq!((&found["query"], ids(&found)[0], ids(&found).len()), (&json!("1"), "n17", 10));
    assert_eq!((&found["relevant"], &found["hits"][0]["distance"]), (&json!(0), &Value::Null));
    let known = ask(&folder, "--bm25", "node 17");
    assert_eq!((&known["query"], &known["hits"][0]["distance"]), (&json!("n17"), &json!(0)));
}

#[test]
fn a_batch_written_as_a_run_is_the_run_that_eval_writes() {
    let folder = with_model();
    folder.write("queries.jsonl", all_queries());
    folder.done("eval --data tree --model model --run-out eval.run --depth 12");
    let printed =
        folder.done("search --data tree --model model --batch queries.jsonl --k 12 --run-out search.run");
    assert_eq!((printed.as_str(), folder.text("search.run")), ("", folder.text("eval.run")));
    folder.done("search --data tree --model model --batch queries.jsonl --k 12 --run-out c.run --consistent");
    let recall =
        |run: &str| folder.json(&format!("eval --data tree --run {run}"))["recall"].as_f64().unwrap();
    assert!(recall("c.run") > 0.9, "{}", recall("c.run"));
}

#[test]
fn a_batch_that_cannot_be_asked_is_told_with_its_line() {
    let folder = with_tree();
    folder.write("bad.jsonl", "{\"_id\":\"n1\",\"text\":\"node 1\"}\n{\"_id\":\"n2\"}\n");
    let error = folder.fails("search --data tree --bm25 --batch bad.jsonl");
    assert!(error.starts_with("bad.jsonl, line 2: `{\"_id\": .., \"text\": ..}` was expected"), "{error}");
    folder.write("twice.txt", "n3\nnode 3\n");
    let error = folder.fails("search --data tree --bm25 --batch twice.txt --run-out out.run");
    assert!(error.starts_with("`n3` is asked twice"), "{error}");
}

#[test]
fn thresholds_are_fitted_beside_the_model_and_mark_what_is_good_enough() {
    let folder = with_model();
    let found = folder.json("calibrate --data tree --model model --split test");
    let levels = found["levels"].as_array().unwrap();
    assert_eq!(
        levels.iter().map(|line| line["level"].as_u64().unwrap()).collect::<Vec<_>>(),
        [0, 1, 2, 3, 4, 5]
    );
    assert_eq!((&levels[0]["fitted"]["relevant"], &found["queries"]), (&json!(NODES), &json!(NODES)));
    // All nodes have the root above them.
    assert_eq!(
        (&levels[0]["fitted"]["precision"], &levels[0]["fitted"]["recall"]),
        (&json!(1.0), &json!(1.0))
    );
    assert!(found["all"]["fitted"]["f1"].as_f64().unwrap() > 0.9 && found.get("check").is_none(), "{found}");

    let answer = ask(&folder, "--model model --k 12", "n40");
    let wrong = |hit: &&Value| hit["accepted"] != json!(hit["distance"].is_u64());
    assert!(answer["hits"].as_array().unwrap().iter().filter(wrong).count() <= 2, "{answer}");
    let shown = folder.done("search --data tree --model model n40");
    assert!(shown.contains(" are good enough for their level (*)\n"), "{shown}");
}

#[test]
fn thresholds_are_told_on_the_queries_they_were_fitted_on_and_on_others() {
    let folder = with_tree();
    let line = |i: usize, of: &str| format!("{{\"_id\":\"{of}{i}\",\"text\":\"alias {i}\"}}\n");
    let queries: String = (20..40).map(|i| line(i, "d")).chain((40..60).map(|i| line(i, "t"))).collect();
    folder.write("tree/queries.jsonl", queries);
    let qrels = |of: &str, from: usize| {
        let rows: String = (from..from + 20).map(|i| format!("{of}{i}\tn{i}\t1\n")).collect();
        format!("query-id\tcorpus-id\tscore\n{rows}")
    };
    folder.write("tree/qrels/dev.tsv", qrels("d", 20));
    folder.write("tree/qrels/test.tsv", qrels("t", 40));
    let shown = folder.done("calibrate --data tree --bm25 --out t.json");
    assert!(shown.starts_with("Thresholds with the best F1 on 20 queries of dev, in %:\n"), "{shown}");
    assert!(shown.lines().nth(1).unwrap().ends_with(" test"), "{shown}");
    let found = folder.json("calibrate --data tree --bm25 --out t.json");
    let deepest = &found["levels"][5];
    assert_eq!((&deepest["fitted"]["f1"], &deepest["checked"]["f1"]), (&json!(1.0), &json!(1.0)));
    let answer = ask(&folder, "--bm25 --thresholds t.json", "alias 50");
    assert_eq!((&answer["hits"][0]["id"], &answer["hits"][0]["accepted"]), (&json!("n50"), &json!(true)));
    // Other training judgements make another data set.
    folder.write("tree/qrels/train.tsv", "query-id\tcorpus-id\tscore\nd20\tn20\t1\n");
    let error = folder.fails("search --data tree --bm25 --thresholds t.json anything");
    assert!(error.starts_with("thresholds were fitted on data of fingerprint"), "{error}");
}

#[test]
fn bm25_has_no_folder_to_keep_thresholds_in() {
    let output = with_tree().run("calibrate --data tree --bm25 --split test");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--out"), "{}", stderr(&output));
}
