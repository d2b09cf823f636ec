//! A full disk: writes fail with one error, what stood there before is unharmed, and no half file stays.
//!
//! A limit on the size of files stands for the disk: the kernel then refuses writes just as it does on a full one.
#![cfg(target_os = "linux")]

use std::process::{Command, Output};

use crate::program::{Folder, error_of};
use crate::small::{TRAIN, data_noun, with_model, with_tree};

/// Runs a command that may write files of so many KiB at most.
fn limited(folder: &Folder, kib: u32, line: &str) -> Output {
    let program = folder.command(line);
    let mut limited = Command::new("bash");
    limited.args(["-c", "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\"", &kib.to_string()]);
    limited.arg(program.get_program()).args(program.get_args());
    limited.current_dir(folder.at("")).output().unwrap()
}

fn fails(folder: &Folder, kib: u32, line: &str, path: &str) {
    let error = error_of(&limited(folder, kib, line));
    assert!(error.contains(&format!("{path} could not be written: File too large")), "{error}");
}

#[test]
fn an_import_leaves_nothing() {
    let folder = Folder::new();
    folder.write("dict/data.noun", data_noun());
    for how in ["", " --gzip"] {
        let error = error_of(&limited(&folder, 0, &format!("import wordnet dict --out out{how}")));
        assert!(error.contains("could not be written"), "{error}");
        let names: Vec<String> = folder.files("").into_keys().collect();
        assert_eq!(names, ["dict/data.noun"]);
    }
}

#[test]
fn a_run_that_cannot_save_its_checkpoint_can_be_begun_again() {
    let folder = with_tree();
    fails(&folder, 4, &format!("{TRAIN} --out model"), "model/checkpoint.safetensors");
    let names: Vec<String> = folder.files("model").into_keys().collect();
    assert_eq!(names, ["recipe.toml", "report.jsonl"]);
    folder.done(&format!("{TRAIN} --out model"));
    folder.done(&format!("{TRAIN} --out whole"));
    assert_eq!(folder.model("model"), folder.model("whole"));
}

#[test]
fn a_run_that_cannot_write_its_report_goes_on_when_there_is_room() {
    let folder = with_tree();
    let long = "train --data tree --recipe standard --set encoder.dim=8 --set stages.0.steps=900 --out model";
    fails(&folder, 24, long, "model/report.jsonl");
    folder.done(&format!("{long} --resume"));
    folder.done(&long.replace("--out model", "--out whole"));
    assert_eq!(folder.model("model"), folder.model("whole"));
}

#[test]
fn a_ranking_that_cannot_be_written_leaves_the_old_one() {
    let folder = with_model();
    folder.write("out/old.txt", "as it was");
    for flag in ["--run-out", "--per-query"] {
        fails(&folder, 0, &format!("eval --data tree --model model {flag} out/old.txt"), "out/old.txt");
        assert_eq!(folder.files("out"), [("old.txt".to_owned(), b"as it was".to_vec())].into());
    }
}

#[test]
fn data_that_cannot_be_printed_fail_and_lost_messages_do_not() {
    let folder = with_tree();
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = folder.command("inspect tree").stdout(full()).output().unwrap();
    assert!(error_of(&output).contains("No space left on device"));
    let output = folder.command(&format!("{TRAIN} --out model")).stderr(full()).output().unwrap();
    assert!(output.status.success());
}
