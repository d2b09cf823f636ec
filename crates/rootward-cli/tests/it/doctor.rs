//! Everything that is wrong with a folder, told at once and mended where that is safe, from the command line.

use serde_json::{Value, json};

use crate::program::{Folder, stderr};
use crate::small::{corpus, hierarchy, with_tree};

/// The tree with an edge that repeats, one to nowhere, and a document that is there twice.
fn broken() -> Folder {
    let folder = with_tree();
    folder.write("tree/hierarchy.tsv", format!("{}n1\tn0\r\nn1\tn99\n", hierarchy()));
    folder.write("tree/corpus.jsonl", format!("{}{}\n", corpus(), corpus().lines().last().unwrap()));
    folder
}

#[test]
fn a_sound_folder_has_its_counts_and_no_problems() {
    let folder = with_tree();
    assert!(folder.done("inspect tree").ends_with("\n\nno problems found\n"));
    assert_eq!(folder.json("inspect tree")["problems"], json!([]));
}

#[test]
fn all_errors_of_a_folder_are_told_at_once_and_it_exits_1() {
    let folder = broken();
    let output = folder.run("inspect tree");
    let page = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1));
    for words in [
        "error: edges that an earlier line has: 1\n  hierarchy.tsv:64: ",
        "hierarchy.tsv:65: ",
        "corpus.jsonl:64: ",
    ] {
        assert!(page.contains(words), "`{words}` was expected in:\n{page}");
    }
    assert!(stderr(&output).contains("tree does not open"), "{}", stderr(&output));
    let output = folder.run("inspect tree --json");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let kinds: Vec<&Value> = found["problems"].as_array().unwrap().iter().map(|p| &p["kind"]).collect();
    assert_eq!(
        (output.status.code(), kinds),
        (Some(1), vec![&json!("repeated_line"), &json!("unknown_in_edge"), &json!("repeated_edge")])
    );
}

#[test]
fn a_warning_stands_below_the_counts() {
    let folder = with_tree();
    folder.write("tree/hierarchy.tsv", format!("{}n3\tn0\n", hierarchy()));
    let page = folder.done("inspect tree");
    assert!(
        page.contains("edges                    63") && page.contains("warning: edges to an ancestor"),
        "{page}"
    );
    assert_eq!(folder.json("inspect tree")["problems"][0]["kind"], "transitive_edge");
}

#[test]
fn a_mended_copy_opens_and_says_what_was_done() {
    let folder = broken();
    let before = folder.files("tree");
    let said = stderr(&folder.run("inspect tree --fix --out mended"));
    assert!(
        said.contains("mended: repeated edges dropped: 1\n") && said.contains("wrote mended\n"),
        "{said}"
    );
    let sound = with_tree();
    assert!(folder.files("mended") == sound.files("tree") && folder.files("tree") == before);
    let changes = folder.json("inspect tree --fix --out again")["changes"].clone();
    assert_eq!(changes[0], json!({"count": 1, "what": "repeated lines dropped"}));
}

#[test]
fn what_cannot_be_mended_is_named_and_nothing_is_written() {
    let folder = broken();
    folder.write("tree/hierarchy.tsv", format!("{}n0\tn5\n", hierarchy()));
    let error = folder.fails("inspect tree --fix --out mended");
    assert!(error.contains("hierarchy.tsv:64: n0 → n5 → n2 → n0"), "{error}");
    assert!(!error.contains("repeated") && !folder.at("mended").exists(), "{error}");
    let error = with_tree().fails("inspect tree --fix --out tree");
    assert!(error.contains("is there already and not empty"), "{error}");
}
