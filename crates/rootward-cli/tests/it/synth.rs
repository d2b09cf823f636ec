//! Hierarchies made to order, from the command line.

use crate::program::Folder;

#[test]
fn a_tree_made_to_order_is_read_and_trained_on_like_any_other() {
    let folder = Folder::new();
    folder.done("synth --height 4 --width 5 --out tree");
    let found = folder.json("inspect tree");
    assert_eq!((&found["documents"], &found["hierarchy"]["edges"]), (&156.into(), &155.into()), "{found}");
    folder.done("train --data tree --recipe climb --out model --set stages.0.epochs=1");
}

#[test]
fn the_same_seed_makes_the_same_files_and_another_seed_others() {
    let folder = Folder::new();
    let line = "synth --height 5 --width 3 --skew 1 --extra-parents 0.2 --seed";
    for (seed, out) in [(1, "a"), (1, "b"), (2, "c")] {
        folder.done(&format!("{line} {seed} --out {out}"));
    }
    assert!(folder.files("a") == folder.files("b"));
    assert!(folder.files("a") != folder.files("c"));
}

#[test]
fn a_shape_that_does_not_exist_names_the_number_that_is_wrong() {
    let folder = Folder::new();
    let error = folder.fails("synth --height 4 --width 5 --extra-parents 2 --out tree");
    assert_eq!(error, "`extra-parents` is 2, expected 0 to 1");
    assert!(!folder.at("tree").exists());
}
