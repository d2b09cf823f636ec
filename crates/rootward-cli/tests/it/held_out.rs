//! Pairs that are hidden, found again, and measured, from the command line.

use crate::program::{Folder, stderr};

#[test]
fn hidden_pairs_are_completed_trained_on_and_measured_apart() {
    let folder = Folder::new();
    folder.done("synth --height 6 --width 4 --out whole");
    let split = folder.json("split whole --pairs 0.2 --out hidden --seed 1");
    let (given, hidden) = (split["given"].as_u64().unwrap(), split["hidden"].as_u64().unwrap());
    assert_eq!(
        given + hidden,
        folder.json("inspect whole")["hierarchy"]["strict_ancestor_pairs"].as_u64().unwrap()
    );

    let completed = folder.json("complete hidden --out completed");
    let missing = completed["missing"].as_f64().unwrap();
    assert!((0.15..0.25).contains(&missing), "{missing}");

    let train = "--recipe climb --set encoder.dim=16 --set stages.0.epochs=20 --set stages.1.epochs=20 --set stages.2.epochs=20";
    let mut recalls = Vec::new();
    for data in ["hidden", "completed"] {
        folder.done(&format!("train --data {data} --out model-{data} {train}"));
        let found =
            folder.json(&format!("eval --data {data} --model model-{data} --held-out {data}/held-out.tsv"));
        let held_out = &found["held_out"];
        assert!(held_out["given"].as_f64().unwrap() > 0.9, "{held_out}");
        assert!(held_out["hidden_by_distance"]["1"].is_number(), "{held_out}");
        recalls.push(held_out["hidden"].as_f64().unwrap());
    }
    assert!(recalls[1] > recalls[0], "{recalls:?}");
}

#[test]
fn a_flat_split_gives_judgements_and_no_hierarchy() {
    let folder = Folder::new();
    folder.done("synth --height 4 --width 3 --out whole");
    folder.done("split whole --edges-only --flat --out flat");
    let files = folder.files("flat");
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert!(names.contains(&"qrels/train.tsv") && !names.contains(&"hierarchy.tsv"), "{names:?}");
    let error = folder.fails("complete flat --out completed");
    assert!(error.contains("has queries of its own"), "{error}");
}

#[test]
fn a_bad_share_is_misuse_and_a_taken_folder_is_left_alone() {
    let folder = Folder::new();
    folder.done("synth --height 3 --width 2 --out whole");
    let output = folder.run("split whole --pairs 1.5 --out hidden");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("a number from 0 to 1 was expected"), "{}", stderr(&output));
    let before = folder.files("whole");
    let error = folder.fails("split whole --pairs 0.5 --out whole");
    assert!(error.contains("is there already and not empty"), "{error}");
    assert!(folder.files("whole") == before);
}
