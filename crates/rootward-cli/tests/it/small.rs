//! Small hierarchies: a full binary tree as a data set folder and as a WordNet, and cheap ways to train on it.
//!
//! Node 0 is the root and node `i` hangs under node `(i - 1) / 2`, so every number that the program reports about the
//! tree can be counted by hand.

use std::fmt::Write;

use crate::program::Folder;

/// Nodes of the tree: depth 5, 32 leaves.
pub(crate) const NODES: usize = 63;

/// A command that trains for a moment, to be followed by `--out`.
pub(crate) const TRAIN: &str = "train --data tree --recipe climb --set encoder.dim=8 --set stages.0.steps=60 \
    --set stages.1.steps=60";

/// A folder with the tree as the data set `tree`.
pub(crate) fn with_tree() -> Folder {
    let folder = Folder::new();
    folder.write("tree/corpus.jsonl", corpus());
    folder.write("tree/hierarchy.tsv", hierarchy());
    folder
}

/// A folder with the tree and a model of it in `model`.
pub(crate) fn with_model() -> Folder {
    let folder = with_tree();
    folder.done(&format!("{TRAIN} --out model"));
    folder
}

/// The lines of `corpus.jsonl`.
pub(crate) fn corpus() -> String {
    let line = |i| {
        format!(
            "{{\"_id\":\"n{i}\",\"title\":\"node {i}\",\"text\":\"number {i}\",\"synonyms\":[\"alias {i}\"]}}\n"
        )
    };
    (0..NODES).map(line).collect()
}

/// The lines of `hierarchy.tsv`.
pub(crate) fn hierarchy() -> String {
    let mut lines = String::from("child\tparent\n");
    (1..NODES).for_each(|i| writeln!(lines, "n{i}\tn{}", (i - 1) / 2).unwrap());
    lines
}

/// The same tree in the format of WordNet's `data.noun`: node `i` is the set of synonyms at offset `i + 1`.
pub(crate) fn data_noun() -> String {
    let mut lines = String::from("  1 This stands for the licence.\n");
    for i in 0..NODES {
        let up = if i == 0 { "000".to_owned() } else { format!("001 @ {:08} n 0000", (i - 1) / 2 + 1) };
        writeln!(lines, "{:08} 03 n 02 node_{i} 0 alias_{i} 0 {up} | number {i}", i + 1).unwrap();
    }
    lines
}
