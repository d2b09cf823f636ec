//! A tree as people read it: its numbers, then a line for each node, indented by level.

use std::fmt::{self, Write};

use rootward::digits::grouped;

use super::{Branch, Representative, View, count, cut};

/// Characters of a title on a line, at most.
const TITLE: usize = 36;

/// The numbers of a tree and so many levels of it.
pub(crate) fn page(view: &View, levels: usize) -> String {
    let mut text = String::new();
    write_all(&mut text, view, levels).expect("a string takes all text");
    text
}

fn write_all(text: &mut String, view: &View, levels: usize) -> fmt::Result {
    let figures = &view.figures;
    let mut row = |name: &str, value: String| writeln!(text, "{name:<24}{value}");
    row("documents", grouped(figures.documents))?;
    row("nodes", format!("{}, leaves {}", grouped(figures.nodes), grouped(figures.leaves)))?;
    row("depth", figures.depth.to_string())?;
    let sizes = &figures.leaf_sizes;
    row("documents of a leaf", format!("{} to {}, median {}", sizes.least, sizes.greatest, sizes.median))?;
    let balance = &figures.balance;
    let mean =
        format!("{:.2} times its equal share in the mean, {:.2} at most", balance.mean, balance.greatest);
    row("largest child", mean)?;
    let drift = &figures.drift;
    let moved = format!("{} documents ({:.1} %)", grouped(drift.documents), 100.0 * drift.share);
    row("drift", format!("{moved} whose best leaf is not theirs"))?;
    row("cosine with own leaf", format!("{:.3}, the mean over documents", figures.mean_cosine))?;
    writeln!(text, "\n{}: {}", view.data, view.origin)?;
    write_branch(text, &view.tree, 0, levels)
}

/// A node, and so many levels below it.
fn write_branch(text: &mut String, branch: &Branch, indent: usize, levels: usize) -> fmt::Result {
    let documents = count(branch.documents, "document", "documents");
    match (indent, branch.path.0.is_empty()) {
        (0, true) => write!(text, "{documents}")?,
        (0, false) => write!(text, "{}  {documents}", branch.path)?,
        _ => write!(text, "{:indent$}{}  {}", "", branch.path, grouped(branch.documents))?,
    }
    if branch.own > 0 && branch.n_below() > 0 {
        write!(text, " ({} in no node below)", grouped(branch.own))?;
    }
    let words: Vec<&str> = branch.terms.iter().map(|term| &*term.word).collect();
    // Passages of one file have one title, and are told apart by their ids.
    let is_alone =
        |title: &str| branch.representatives.iter().filter(|other| other.title == title).count() < 2;
    let called = |document: &Representative| {
        cut(if is_alone(&document.title) { &document.title } else { &document.id }, TITLE)
    };
    let titles: Vec<String> = branch.representatives.iter().map(called).collect();
    if !words.is_empty() {
        write!(text, "  {}", words.join(", "))?;
    }
    if !titles.is_empty() {
        write!(text, "  | {}", titles.join("; "))?;
    }
    let shown = if levels == 0 { &[][..] } else { &branch.children };
    let left_out = branch.n_below();
    if shown.is_empty() && left_out > 0 {
        write!(text, "  (+{})", count(left_out, "node", "nodes"))?;
    }
    writeln!(text)?;
    shown.iter().try_for_each(|child| write_branch(text, child, indent + 2, levels - 1))
}
