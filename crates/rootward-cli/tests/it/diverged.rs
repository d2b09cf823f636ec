//! Training that leaves the numbers stops at once, says where and why, and leaves the last checkpoint that holds numbers.

use crate::program::Folder;
use crate::small::{TRAIN as TABLE, with_tree};
use crate::texts::{TRAIN as TEXTS, put_transformer, with_texts};

/// Runs a command that diverges in a stage, and again with `--resume`, with and without a change.
fn check(folder: &Folder, line: &str, stage: &str, kept: &str) {
    let line = format!("{line} --out out");
    let error = folder.fails(&line);
    let words = [stage, "is not finite: the training diverged; lower the learning rate", "another --out"];
    assert!(words.iter().all(|word| error.contains(word)), "{error}");
    let checkpoint = format!("out/checkpoint.safetensors keeps the state of {kept},");
    assert!(error.contains(&checkpoint) && error.lines().count() == 1, "{error}");
    assert!(!folder.at("out/config.json").exists() && !folder.at("out/README.md").exists());

    assert_eq!(
        folder.fails(&format!("{line} --resume")),
        error,
        "the checkpoint opens, and comes to the same end"
    );
    let changed = folder.fails(&format!("{line} --resume --set validation.every=3"));
    assert!(
        changed.contains("made by another recipe") && changed.contains("train into another folder"),
        "{changed}"
    );
}

/// Settings by which the rate of a stage is as great as a number can be.
fn at_once(stage: u32) -> String {
    format!("--set stages.{stage}.rate.start=3e38 --set stages.{stage}.rate.end=3e38")
}

#[test]
fn a_table_that_diverges_keeps_the_stage_before() {
    check(
        &with_tree(),
        &format!("{TABLE} {}", at_once(1)),
        "stage 1 (`middle`), step 2: ",
        "stage 1, step 0",
    );
}

#[test]
fn a_static_body_that_diverges_is_told() {
    check(
        &with_texts(),
        &format!("{TEXTS} {}", at_once(0)),
        "stage 0 (`climb`), step 2: ",
        "stage 0, step 0",
    );
}

#[test]
fn a_transformer_that_diverges_is_told() {
    let folder = with_texts();
    put_transformer(&folder, "bert");
    let body = "encoder.body={kind=\"transformer\",from=\"bert\",max_tokens=16,clip=1.0}";
    let line = format!("{TEXTS} --set {body} --set encoder.towers=one {}", at_once(0));
    check(&folder, &line, "stage 0 (`climb`), step 2: ", "stage 0, step 0");
}
