//! Results depend neither on the number of threads nor, where numbers allow, on the instruction set.

use std::collections::BTreeMap;

use rootward::Level;

use crate::program::{Folder, error_of};
use crate::small::{TRAIN, with_tree};

type Files = BTreeMap<String, Vec<u8>>;

/// The model and the rankings that come of one instruction set.
fn with_level(folder: &Folder, level: &str) -> (Files, Vec<u8>) {
    let run = |line: &str| {
        assert!(folder.command(line).env("ROOTWARD_CPU", level).output().unwrap().status.success());
    };
    run(&format!("{TRAIN} --out {level}"));
    run(&format!("eval --data tree --model {level} --run-out {level}.txt"));
    (folder.model(level), folder.read(&format!("{level}.txt")))
}

#[test]
fn one_thread_and_several_give_the_same_bytes() {
    let folder = with_tree();
    let with_threads = |threads: u32| {
        folder.done(&format!("{TRAIN} --out model{threads} --threads {threads}"));
        folder.done(&format!(
            "eval --data tree --model model{threads} --run-out {threads}.txt --threads {threads}"
        ));
        (folder.model(&format!("model{threads}")), folder.read(&format!("{threads}.txt")))
    };
    let one = with_threads(1);
    assert!(one == with_threads(2) && one == with_threads(5));
}

#[test]
fn levels_with_fused_multiply_add_give_the_same_bytes() {
    let folder = with_tree();
    let fused = Level::available().filter(|level| *level > Level::Baseline);
    let all: Vec<_> = fused.map(|level| with_level(&folder, level.name())).collect();
    assert!(all.iter().all(|one| *one == all[0]));
}

#[test]
fn the_oldest_machine_learns_as_well() {
    let folder = with_tree();
    with_level(&folder, "baseline");
    folder.done(&format!("{TRAIN} --out best"));
    let recall =
        |model| folder.json(&format!("eval --data tree --model {model}"))["recall"].as_f64().unwrap();
    let (baseline, best) = (recall("baseline"), recall("best"));
    assert!((baseline - best).abs() < 0.05, "{baseline} and {best}");
}

#[test]
fn an_unknown_instruction_set_is_an_error_that_names_the_known_ones() {
    let folder = with_tree();
    let error = error_of(&folder.command("inspect tree").env("ROOTWARD_CPU", "mmx").output().unwrap());
    assert_eq!(
        error,
        "ROOTWARD_CPU must be baseline, avx2, avx512 or amx, found \"mmx\"; unset it to use the best"
    );
}

#[cfg(unix)]
#[test]
fn an_instruction_set_that_is_no_text_is_an_error_too() {
    use std::os::unix::ffi::OsStrExt;
    let folder = with_tree();
    let value = std::ffi::OsStr::from_bytes(b"\xff");
    let error =
        error_of(&folder.command(&format!("{TRAIN} --out m")).env("ROOTWARD_CPU", value).output().unwrap());
    assert!(error.starts_with("ROOTWARD_CPU must be"), "{error}");
}
