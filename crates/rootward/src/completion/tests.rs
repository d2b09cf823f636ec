//! What is whole stays whole, and what is missing is found better than by transitivity alone.

use std::collections::HashSet;

use super::*;
use crate::dataset::{Dataset, Split};
use crate::held_out::{Given, Hide, hide};

fn hierarchy(n_docs: usize, edges: &[(u32, u32)]) -> Hierarchy {
    let edge = |&(child, parent)| Edge { child: DocIdx(child), parent: DocIdx(parent) };
    Hierarchy::new(n_docs, &edges.iter().map(edge).collect::<Vec<_>>()).unwrap()
}

fn doc(title: &str, text: &str) -> Document {
    Document { id: title.to_owned(), title: title.to_owned(), text: text.to_owned(), synonyms: Vec::new() }
}

/// A perfect tree, every document's parent being (i - 1) / width.
fn tree(n_docs: u32, width: u32) -> Dataset {
    let edges: Vec<(u32, u32)> = (1..n_docs).map(|i| (i, (i - 1) / width)).collect();
    let docs = (0..n_docs).map(|i| doc(&format!("d{i}"), "")).collect();
    Dataset::closed("tree".to_owned(), docs, hierarchy(n_docs as usize, &edges))
}

/// The share of hidden pairs that the completed hierarchy has.
fn recall(data: &Dataset, left: &Dataset, completed: &Completion) -> f64 {
    let (mut found, mut hidden) = (0usize, 0usize);
    for doc in (0..data.docs.len() as u32).map(DocIdx) {
        let set = |h: &Hierarchy| h.ancestors(doc).iter().map(|a| a.doc).collect::<HashSet<_>>();
        let given: HashSet<DocIdx> = left.hierarchy.parents(doc).iter().copied().chain([doc]).collect();
        let (all, ours) = (set(&data.hierarchy), set(&completed.hierarchy));
        hidden += all.difference(&given).count();
        found += all.difference(&given).filter(|above| ours.contains(above)).count();
    }
    found as f64 / hidden as f64
}

#[test]
fn what_is_whole_is_left_as_it_is() {
    let data = tree(156, 5);
    let completed = complete(&data.hierarchy, None, &|_| ());
    assert!(completed.hierarchy.edges().eq(data.hierarchy.edges()));
}

#[test]
fn edges_that_others_imply_are_taken_out() {
    let all = hierarchy(4, &[(0, 1), (1, 2), (0, 2), (2, 3), (0, 3)]);
    assert!(reduced(&all).edges().eq(hierarchy(4, &[(0, 1), (1, 2), (2, 3)]).edges()));
}

#[test]
fn the_missing_share_is_estimated_from_the_pairs_alone() {
    let data = tree(20_000, 3);
    for share in [0.1, 0.5] {
        let (left, _) = hide(&data, Hide::Pairs(share), Given::Edges, 7);
        assert!((share_missing(&left.hierarchy) - share).abs() < 0.02, "{share}");
    }
}

#[test]
fn documents_that_share_descendants_are_put_in_order() {
    // 0 is under 1 and 2, and so are its three children; that 1 is under 2 was not told.
    let known = hierarchy(7, &[(0, 1), (0, 2), (3, 0), (4, 0), (5, 0), (6, 2)]);
    let completed = complete(&known, None, &|_| ());
    assert!(is_above(&completed.hierarchy, DocIdx(1), DocIdx(2)));
    assert!(completed.guesses.row(1).iter().any(|guess| guess.doc == DocIdx(2)));
}

#[test]
fn hidden_pairs_of_a_tree_are_found_better_than_by_transitivity() {
    let data = tree(3_906, 5);
    let (left, _) = hide(&data, Hide::Pairs(0.2), Given::Edges, 7);
    let completed = complete(&left.hierarchy, None, &|_| ());
    let nothing = Completion { hierarchy: left.hierarchy.clone(), guesses: Rows::empty(), missing: 0.0 };
    let (ours, closure) = (recall(&data, &left, &completed), recall(&data, &left, &nothing));
    assert!(ours > closure + 0.05, "{ours} {closure}");
}

#[test]
fn words_tell_under_which_sibling_a_document_stands() {
    // 1 and 2 are under 0; the parent of 9 was not told, but it is called an oak.
    let titles =
        ["plant", "oak", "rose", "red oak", "white oak", "cork oak", "dog rose", "tea rose", "musk rose"];
    let mut docs: Vec<Document> = titles.iter().map(|title| doc(title, "")).collect();
    docs.push(doc("holm oak", "an oak with leaves like those of holly"));
    let known = hierarchy(10, &[(1, 0), (2, 0), (3, 1), (4, 1), (5, 1), (6, 2), (7, 2), (8, 2), (9, 0)]);
    let completed = complete(&known, Some(&docs), &|_| ());
    let best =
        completed.guesses.row(9).iter().max_by(|a, b| a.probability.total_cmp(&b.probability)).unwrap();
    assert_eq!(best.doc, DocIdx(1));
    assert!(completed.guesses.row(9).iter().all(|guess| guess.probability > 0.0 && guess.probability < 1.0));
}

#[test]
fn progress_counts_every_pass_and_threads_change_nothing() {
    let data = tree(3_906, 5);
    let (left, _) = hide(&data, Hide::Pairs(0.3), Given::Edges, 7);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| complete(&left.hierarchy, None, &|done| assert!(done <= PASSES * 3_906)))
    };
    let (one, two) = (run(1), run(2));
    assert!(one.hierarchy.edges().eq(two.hierarchy.edges()));
    assert_eq!(one.guesses, two.guesses);
    let completed = Dataset::closed("c".to_owned(), left.docs, one.hierarchy).with_guesses(one.guesses);
    let pairs = completed.training_pairs().unwrap();
    let sure = completed.pairs(Split::Train).unwrap();
    // What is guessed is not among what is sure.
    assert!(pairs.n_pairs() < sure.n_pairs());
    assert!((0..pairs.n_queries()).any(|row| !pairs.guesses(row).is_empty()));
}
