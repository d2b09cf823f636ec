//! stdout holds data and nothing else, stderr everything else, and exit codes tell misuse from failure.

use std::process::Stdio;

use crate::program::stderr;
use crate::small::{TRAIN, with_model, with_tree};

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let folder = with_model();
    let words: Vec<String> = (0..63).map(|i| format!("n{i}")).collect();
    let line = format!("search --data tree --model model --k 63 {}", words.join(" "));
    let mut child = folder.command(&line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stderr(&output), "");
}

#[test]
fn work_prints_nothing_on_stdout_and_questions_nothing_on_stderr() {
    let folder = with_tree();
    let silent = folder.run(&format!("{TRAIN} --out model"));
    assert!(silent.stdout.is_empty());
    assert!(stderr(&silent).contains("next: rootward eval --data tree --model model"), "{}", stderr(&silent));
    for line in [
        "inspect tree",
        "inspect model",
        "eval --data tree --model model",
        "search --data tree --model model n3",
    ] {
        for json in ["", " --json"] {
            let output = folder.run(&format!("{line}{json}"));
            assert!(output.status.success() && !output.stdout.is_empty(), "{line}");
            assert_eq!(stderr(&output), "", "{line}");
        }
    }
}

#[test]
fn misuse_exits_2_and_says_how_to_go_on() {
    let folder = with_tree();
    let cases = [
        ("", "Usage: rootward"),
        ("fly", "unrecognized subcommand 'fly'"),
        ("train --data tree", "--recipe <FILE>"),
        ("train --dat tree", "'--data'"),
        ("eval --data tree", "--run <FILE>"),
        ("eval --data tree --model m --run r", "cannot be used with"),
        ("eval --data tree --model m --split best", "train, dev or test was expected"),
        ("eval --data tree --model m --run-out r --depth 0", "--depth"),
        ("search --data tree --model m", "<TEXT>"),
        ("search --data tree --model m x --k 0", "--k"),
        ("import wordned dict --out out", "wordnet"),
        ("inspect tree --threads 0", "--threads"),
    ];
    for (line, words) in cases {
        let output = folder.run(line);
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert!(output.stdout.is_empty() && stderr(&output).contains(words), "{line}: {}", stderr(&output));
    }
}

#[test]
fn help_and_version_are_data() {
    let folder = with_tree();
    assert!(folder.done("--version").starts_with("rootward "));
    for verb in ["", "demo", "inspect", "geometry", "import", "train", "eval", "search"] {
        let help = folder.done(&format!("{verb} --help"));
        assert!(help.contains("Usage: rootward"), "{help}");
    }
}
