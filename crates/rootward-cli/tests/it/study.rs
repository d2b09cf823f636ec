//! Studies: small ones to the end, stopped and gone on with, and asked for wrongly.

use crate::program::{Folder, error_of, until};
use crate::small::with_tree;

/// Moments of training, to be followed by `--only` and `--out`.
const QUICK: &str = "study tree --seeds 1 --set stages.0.steps=5 --set validation.every=5";

/// The cells of one stage, 6 of them.
const REBALANCED: &str = "--only rebalanced --out out";

#[test]
fn a_study_writes_its_numbers_its_table_and_its_picture() {
    let folder = Folder::new();
    let table = folder.done(&format!("{QUICK} {REBALANCED}"));
    assert_eq!(folder.text("out/table.md"), table);
    for words in ["| rebalanced, p = 0.03 |", "| rebalanced, p = 0.9 ", "the paper", "- recall of all"] {
        assert!(table.contains(words), "`{words}` was expected in:\n{table}");
    }
    assert!(folder.text("out/figure.svg").starts_with("<svg"));
    let results: serde_json::Value = serde_json::from_slice(&folder.read("out/results.json")).unwrap();
    assert_eq!(results["rows"].as_array().unwrap().len(), 6);
    assert_eq!(results["rows"][0]["numbers"]["all"]["deviation"], 0.0);
    let command = results["command"].as_str().unwrap();
    assert!(command.starts_with("rootward study tree"), "{command}");
    assert_eq!(folder.files("out/cells").len(), 6);
}

#[test]
fn a_cell_is_run_once_and_a_changed_recipe_anew() {
    let folder = Folder::new();
    let line = format!("{QUICK} {REBALANCED}");
    folder.done(&line);
    let cells = folder.files("out/cells");
    folder.done(&format!("{line} --seeds 2").replace("--seeds 1 ", ""));
    let more = folder.files("out/cells");
    assert_eq!(more.len(), 2 * cells.len());
    assert!(cells.iter().all(|(name, content)| more[name] == *content));
    folder.done(&format!("{line} --set encoder.dim=4"));
    assert_eq!(folder.files("out/cells").len(), 3 * cells.len());
}

/// The numbers of a study, without the seconds and the command.
fn numbers(folder: &Folder, out: &str) -> Vec<serde_json::Value> {
    let results: serde_json::Value =
        serde_json::from_slice(&folder.read(&format!("{out}/results.json"))).unwrap();
    results["rows"].as_array().unwrap().iter().map(|row| row["numbers"].clone()).collect()
}

/// Cells of a tenth of a second each, that begin with the same stage.
const SHARED: &str = "study finetune --seeds 1 --only with --set stages.0.steps=200 --set stages.1.steps=40 \
    --set validation.every=20";

#[test]
#[cfg(unix)]
fn a_study_that_was_stopped_goes_on_to_the_same_numbers() {
    let folder = Folder::new();
    folder.done(&format!("{SHARED} --out whole"));
    let child = folder.start(&format!("{SHARED} --out cut"));
    until("a few cells", || folder.files("cut/cells").len() > 3);
    crate::program::signal(&child, "INT");
    let error = error_of(&child.wait_with_output().unwrap());
    assert!(error.contains("stopped; the same command goes on from here"), "{error}");
    assert!(!folder.at("cut/results.json").exists());
    let before = folder.files("cut/cells");
    assert!(before.len() < folder.files("whole/cells").len());
    folder.done(&format!("{SHARED} --out cut"));
    let after = folder.files("cut/cells");
    assert!(before.iter().all(|(name, content)| after[name] == *content));
    assert_eq!(numbers(&folder, "cut"), numbers(&folder, "whole"));
    assert!(!folder.at("cut/beginnings").exists());
}

#[test]
fn correlation_is_measured_on_the_noun_pairs_that_are_known() {
    let folder = with_tree();
    let degrees = "WORD1 WORD2 POS TYPE AVG_SCORE STD\n\
        alias_40 node_19 N hyp-1 6.0 0\n\
        Node_19 node_9 N hyp-1 5.5 0\n\
        node_9 node_40 N r-hyp-2 1.0 0\n\
        node_9 unicorn N no-rel 0.0 0\n\
        node_9 node_1 V hyp-2 4.0 0\n";
    folder.write("degrees.txt", degrees);
    let line = "study hyperlex --data tree --hyperlex degrees.txt --seeds 1 --only climb --out out";
    let found = folder.json(&format!("{line} --set stages.0.steps=20"));
    assert_eq!(found["findings"][0]["value"], 3.0, "{found}");
    let best = found["rows"][0]["numbers"]["best senses"]["mean"].as_f64().unwrap();
    assert!((-1.0..=1.0).contains(&best), "{best}");
    folder.write("degrees.txt", degrees.replace("5.5", "much"));
    let error = folder.fails(line);
    assert!(error.contains("degrees.txt:3: a number was expected as AVG_SCORE"), "{error}");
}

#[test]
fn the_study_of_dimensions_makes_its_own_trees() {
    let folder = Folder::new();
    let mut command = folder.command("study dimension --json --seeds 1 --out out");
    let output = command.args(["--only", "constructed, 3"]).output().unwrap();
    assert!(output.status.success(), "{}", crate::program::stderr(&output));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let dim = |row: usize| found["rows"][row]["numbers"]["95 % recall"]["mean"].as_f64().unwrap();
    let (height_3, width_3) = (dim(0), dim(1));
    assert!((12.0..24.0).contains(&height_3) && (40.0..60.0).contains(&width_3), "{height_3} {width_3}");
    let error = folder.fails("study dimension --data tree --out out");
    assert!(error.contains("this study makes its own data: leave --data tree out"), "{error}");
}

/// A corpus of short texts, each asked for by two of its words, by half of them in training.
fn with_corpus() -> Folder {
    let folder = Folder::new();
    let words = ["harbour", "violin", "glacier", "pepper", "marble", "falcon", "lantern", "orchid"];
    let pair = |i: usize| (words[i % 8], words[(i / 8 + i + 1) % 8]);
    let lines = |of: &dyn Fn(usize) -> String| (0..48).map(of).collect::<String>();
    let text = |i: usize| {
        let (one, other) = pair(i);
        format!(
            "{{\"_id\": \"d{i}\", \"text\": \"A note of the {one} beside an old {other}, number {i} of the list.\"}}\n"
        )
    };
    folder.write("corpus/corpus.jsonl", lines(&text));
    let query = |i: usize| format!("{{\"_id\": \"q{i}\", \"text\": \"{} {} {i}\"}}\n", pair(i).0, pair(i).1);
    folder.write("corpus/queries.jsonl", lines(&query));
    let judged = |rest: usize| {
        let line = |i: usize| if i % 2 == rest { format!("q{i}\td{i}\t1\n") } else { String::new() };
        format!("query-id\tcorpus-id\tscore\n{}", lines(&line))
    };
    folder.write("corpus/qrels/train.tsv", judged(0));
    folder.write("corpus/qrels/test.tsv", judged(1));
    folder
}

#[test]
fn a_corpus_is_studied_with_verdicts_that_are_tested() {
    let folder = with_corpus();
    let line =
        "study corpus --data corpus --seeds 1 --set stages.0.epochs=1 --set stages.0.batch=16 --out out";
    let found = folder.json(line);
    let rows: Vec<&str> =
        found["rows"].as_array().unwrap().iter().map(|row| row["label"].as_str().unwrap()).collect();
    assert_eq!(rows.len(), 19, "{rows:?}");
    for row in found["rows"].as_array().unwrap() {
        let ndcg = row["numbers"]["nDCG@10"]["mean"].as_f64().unwrap();
        assert!((1.0..=100.0).contains(&ndcg), "{row}");
    }
    let findings = found["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 11);
    assert!(findings.iter().all(|finding| (0.0..=1.0).contains(&finding["p"].as_f64().unwrap())));
    assert!(findings.iter().all(|finding| finding["seeds"] == 1));
    assert_eq!(found["sizes"][0]["documents"], 48);
    // What is learned or measured changed, so that nothing of it is known any more.
    let text = String::from_utf8(folder.read("corpus/corpus.jsonl")).unwrap();
    folder.write("corpus/corpus.jsonl", text.replacen("\"text\": \"", "\"text\": \"other ", 1));
    let again = folder.json(&format!("{line} --only BM25"));
    assert_eq!(again["rows"].as_array().unwrap().len(), 1, "{again}");
    folder.write("corpus/corpus.jsonl", text);
    let one = folder.json(&line.replace("--out out", "--only HCE --out one"));
    assert_eq!(one["rows"].as_array().unwrap().len(), 1, "a whole name is that row's alone");
    let more = folder.json(&line.replace("--out out", "--only BM25 --only zero-shot --out one"));
    assert_eq!(more["rows"].as_array().unwrap().len(), 3, "what was there before stands beside two more");
}

#[test]
fn titles_ask_where_nobody_else_does() {
    let folder = with_corpus();
    let titled = |n: usize| -> String {
        let corpus = String::from_utf8(folder.read("corpus/corpus.jsonl")).unwrap();
        let title = |(at, line): (usize, &str)| match at < n {
            true => line.replacen("\"text\"", &format!("\"title\": \"zeta{at}\", \"text\""), 1),
            false => line.to_owned(),
        };
        corpus.lines().enumerate().map(title).map(|line| line + "\n").collect()
    };
    folder.write("titled/corpus.jsonl", titled(48));
    let line = "study contrast --data titled --seeds 1 --only BM25 --only in-batch --set stages.0.epochs=1 --out out";
    let found = folder.json(line);
    let ndcg = |row: usize| found["rows"][row]["numbers"]["nDCG@10"]["mean"].as_f64().unwrap();
    // Titles are words that no text has: left in their documents, BM25 would find each.
    assert!(ndcg(0) < 30.0 && (1.0..=100.0).contains(&ndcg(1)), "{found}");
    folder.write("few/corpus.jsonl", titled(9));
    let error = folder.fails("study contrast --data few --out few-out");
    let expected = "data set `few` has no queries, and 9 titles of documents with a text";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn documents_that_come_later_are_measured_apart() {
    let folder = with_corpus();
    let line = "study change --data corpus --seeds 1 --set stages.0.epochs=1 --out out";
    let found = folder.json(line);
    let rows = found["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 11, "untrained, two in-batch, four with a tree in each of two ways");
    for row in rows {
        for column in ["nDCG@10, seen", "nDCG@10, unseen"] {
            let ndcg = row["numbers"][column]["mean"].as_f64().unwrap();
            assert!((1.0..=100.0).contains(&ndcg), "{row}");
        }
        let has_tree = row["label"].as_str().unwrap().starts_with("HCE");
        assert_eq!(row["numbers"]["drift %"].is_object(), has_tree, "{row}");
    }
    let all = (0..48).map(|doc| format!("q1\td{doc}\t1\n")).collect::<String>();
    folder.write("corpus/qrels/test.tsv", format!("query-id\tcorpus-id\tscore\n{all}"));
    let found = folder.json("study change --data corpus --seeds 1 --only zero-shot --out mixed");
    let numbers = &found["rows"][0]["numbers"];
    assert_eq!(numbers, &serde_json::json!({}), "no query has answers of one kind alone");
    let error = folder.fails("study climb-tree --data corpus --out climb");
    assert!(error.contains("data set `corpus` has no hierarchy"), "{error}");
    let error = folder.fails("study tree --encoder corpus --out out");
    assert!(error.contains("--encoder is for the studies corpus, contrast and change"), "{error}");
}

#[test]
fn what_is_asked_for_wrongly_is_said() {
    let folder = Folder::new();
    let error = folder.fails("study trees --out out");
    assert!(error.starts_with("there is no study trees: expected one of tree, "), "{error}");
    let error = folder.fails(&format!("{QUICK} --only nothing --out out"));
    assert!(error.contains("no cell of `tree` is named like `nothing`; there are: standard; "), "{error}");
    let error = folder.fails("study hyperlex --out out");
    assert!(error.contains("by --hyperlex"), "{error}");
    let error = folder.fails(&format!("{QUICK} --hyperlex file --out out"));
    assert!(error.contains("--hyperlex is for the study hyperlex"), "{error}");
    assert!(!folder.at("out").exists());
    folder.write("other/notes.txt", "somebody's");
    let error = folder.fails(&format!("{QUICK} --out other"));
    assert!(error.contains("other holds other files: choose another --out"), "{error}");
    folder.write("out/cells", "a file in the way");
    let error = folder.fails(&format!("{QUICK} --only climb --out out"));
    assert!(error.contains("out/cells"), "{error}");
}

#[test]
fn a_damaged_cell_is_named_and_not_taken_for_a_result() {
    let folder = Folder::new();
    let line = format!("{QUICK} --only climb --out out");
    folder.done(&line);
    let name = folder.files("out/cells").into_keys().next().unwrap();
    folder.write(&format!("out/cells/{name}"), "{");
    let error = folder.fails(&line);
    assert!(error.contains(&name) && error.contains("is damaged; remove it"), "{error}");
}

#[test]
fn without_a_name_the_studies_are_listed() {
    let folder = Folder::new();
    let list = folder.done("study");
    let names = ["tree", "dimension", "wordnet", "finetune", "alpha", "siblings", "hyperlex"];
    for name in names.into_iter().chain(["contrast", "corpus", "change", "climb-tree"]) {
        assert!(list.lines().any(|line| line.starts_with(name)), "{list}");
    }
    assert_eq!(folder.run("study tree").status.code(), Some(2));
}
