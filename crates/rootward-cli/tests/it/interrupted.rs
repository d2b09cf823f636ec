//! Runs that end before their time go on to exactly what they would have been.
#![cfg(unix)]

use std::os::unix::process::ExitStatusExt;

use crate::program::{Folder, error_of, signal, until};
use crate::small::{TRAIN, with_tree};

/// Seconds of training in two stages, the second with early stopping: long enough to be caught in the middle.
const LONG: &str = "train --data tree --recipe pretrain-finetune --set encoder.dim=8 --set validation.every=500 \
    --set stages.0.steps=3000 --set stages.1.steps=1500 --set stages.1.early_stop.patience=9 \
    --set stages.0.loss.temperature_rate=0.1";

const SIGKILL: i32 = 9;

/// Starts the run in `cut`, and ends it by a signal once the report in it holds so many bytes.
fn cut_at(folder: &Folder, resume: &str, bytes: usize, name: &str) -> std::process::Output {
    let child = folder.start(&format!("{LONG} --out cut{resume}"));
    let report = folder.at("cut/report.jsonl");
    let length = || std::fs::metadata(&report).map_or(0, |known| known.len());
    until("the checkpoint and the report", || {
        folder.at("cut/checkpoint.safetensors").exists() && length() >= bytes as u64
    });
    signal(&child, name);
    child.wait_with_output().unwrap()
}

#[test]
fn a_run_killed_again_and_again_ends_as_if_nothing_had_happened() {
    let folder = with_tree();
    folder.done(&format!("{LONG} --out whole"));
    let whole = folder.model("whole");
    let length = whole["report.jsonl"].len();

    // At once, in the first stage, by Ctrl-C later in it, and in the second stage.
    assert_eq!(cut_at(&folder, "", 0, "KILL").status.signal(), Some(SIGKILL));
    assert_eq!(cut_at(&folder, " --resume", length / 8, "KILL").status.signal(), Some(SIGKILL));
    let error = error_of(&cut_at(&folder, " --resume", length / 3, "INT"));
    assert!(error.starts_with("stopped; "), "{error}");
    assert_eq!(cut_at(&folder, " --resume", length * 3 / 4, "KILL").status.signal(), Some(SIGKILL));
    let error = folder.fails(&format!("{LONG} --out cut"));
    assert!(error.contains("holds an unfinished run: continue it with --resume"), "{error}");
    folder.done(&format!("{LONG} --out cut --resume"));
    // What a killed process was just writing may lie there still, under a name of its own.
    let cut = folder.model("cut");
    for (name, content) in whole {
        assert!(cut[&name] == content, "{name} differs");
    }
    let card = folder.text("cut/README.md");
    assert!(card.contains(" s, in 5 runs that went on from each other |"), "{card}");
}

#[test]
fn ctrl_c_names_the_flag_that_goes_on() {
    let folder = with_tree();
    let error = error_of(&cut_at(&folder, "", 1, "INT"));
    assert!(error.contains("--resume"), "{error}");
    let names: Vec<String> = folder.files("cut").into_keys().collect();
    assert_eq!(names, ["checkpoint.safetensors", "recipe.toml", "report.jsonl"]);
}

#[test]
fn resuming_what_was_never_begun_begins_it_and_what_is_done_stays() {
    let folder = with_tree();
    folder.done(&format!("{TRAIN} --out model --resume"));
    let model = folder.files("model");
    folder.done(&format!("{TRAIN} --out model --resume"));
    assert_eq!(folder.files("model"), model);
}

#[test]
fn a_run_is_resumed_with_its_own_recipe_and_data_only() {
    let folder = with_tree();
    error_of(&cut_at(&folder, "", 1, "INT"));
    let error = folder.fails(&format!("{LONG} --out cut --resume --seed 8"));
    assert!(error.contains("made by another recipe"), "{error}");
    // One edge hangs elsewhere: the tables have the same shapes all the same.
    folder.write("tree/hierarchy.tsv", folder.text("tree/hierarchy.tsv").replace("n62\tn30", "n62\tn29"));
    let error = folder.fails(&format!("{LONG} --out cut --resume"));
    assert!(error.contains("made on other data"), "{error}");
}

#[test]
fn a_finished_model_is_not_taken_for_one_of_other_data() {
    let folder = with_tree();
    folder.done(&format!("{TRAIN} --out model"));
    folder.write("tree/hierarchy.tsv", folder.text("tree/hierarchy.tsv").replace("n62\tn30", "n62\tn29"));
    let error = folder.fails(&format!("{TRAIN} --out model --resume"));
    assert!(error.contains("the model was trained on `tree`"), "{error}");
}

#[test]
fn a_model_that_could_not_be_saved_is_saved_by_resuming() {
    let folder = with_tree();
    folder.done(&format!("{TRAIN} --out whole"));
    folder.write("cut/recipe.toml", folder.text("whole/recipe.toml"));
    folder.write("cut/model.safetensors/in-the-way", "");
    let error = folder.fails(&format!("{TRAIN} --out cut"));
    assert!(error.contains("cut/model.safetensors could not be written"), "{error}");
    std::fs::remove_dir_all(folder.at("cut/model.safetensors")).unwrap();
    folder.done(&format!("{TRAIN} --out cut --resume"));
    assert_eq!(folder.model("cut"), folder.model("whole"));
}
