//! Tests of polishing, with points in the plane.

use proptest::prelude::*;

use super::*;
use crate::hierarchy::{Edge, Hierarchy};
use crate::ids::{DocIdx, QueryIdx};

/// Each document's own query, over `(child, parent)` edges.
fn pairs(n_docs: u32, edges: &[(u32, u32)]) -> Pairs {
    let edges: Vec<Edge> =
        edges.iter().map(|(child, parent)| Edge { child: DocIdx(*child), parent: DocIdx(*parent) }).collect();
    let hierarchy = Hierarchy::new(n_docs as usize, &edges).unwrap();
    let exact: Vec<_> = (0..n_docs).map(|doc| (QueryIdx(doc), vec![DocIdx(doc)])).collect();
    Pairs::of_exact_matches(&exact, &hierarchy)
}

/// How many queries are wrong before and after polishing, with these vectors.
fn check(n_docs: u32, edges: &[(u32, u32)], queries: &[f32], docs: &[f32]) -> (usize, usize) {
    let pairs = pairs(n_docs, edges);
    let n_rows = n_docs as usize;
    let matrix = |values: &[f32]| Matrix::new(n_rows, values.len() / n_rows, values.to_vec()).unwrap();
    let (queries, docs) = (matrix(queries), matrix(docs));
    let polished = polish(Vectors { queries: &queries, docs: &docs }, &pairs, &|_, _| ()).unwrap();
    (polished.wrong_before.len(), polished.wrong_after.len())
}

#[test]
fn a_query_that_looks_the_wrong_way_is_turned_around() {
    assert_eq!(check(2, &[], &[-1.0, 0.0, -1.0, 0.0], &[1.0, 0.0, -1.0, 0.0]), (1, 0));
}

#[test]
fn a_document_between_two_that_are_wanted_cannot_be_left_out() {
    // 0 is under 1; document 2 lies between them on the circle's chord, so no line cuts it off.
    let docs = [1.0, 0.0, 0.0, 1.0, 0.5, 0.5];
    assert_eq!(check(3, &[(0, 1)], &[1.0, 1.0, 0.0, 1.0, 1.0, 1.0], &docs), (2, 2));
}

#[test]
fn a_tie_is_wrong() {
    assert_eq!(check(2, &[], &[0.0, 1.0, -1.0, 0.0], &[1.0, 0.0, -1.0, 0.0]), (1, 0));
}

#[test]
fn queries_that_are_right_keep_their_vectors() {
    let pairs = pairs(2, &[]);
    let queries = Matrix::new(2, 2, vec![0.3, 0.1, 0.7, 0.2]).unwrap();
    let docs = Matrix::new(2, 2, vec![1.0, 0.0, -1.0, 0.0]).unwrap();
    let polished = polish(Vectors { queries: &queries, docs: &docs }, &pairs, &|_, _| ()).unwrap();
    assert_eq!(polished.queries.row(0), queries.row(0));
    assert_eq!((polished.wrong_before, polished.wrong_after), (vec![1], vec![]));
}

#[test]
fn vectors_of_another_model_are_refused() {
    let pairs = pairs(2, &[]);
    let (queries, docs) = (Matrix::zeros(1, 2), Matrix::zeros(2, 3));
    let error = wrong_queries(Vectors { queries: &queries, docs: &docs }, &pairs).unwrap_err();
    assert_eq!(
        error.to_string(),
        "2 query vectors of 3 numbers were expected, 1 of 2 were found; do all parts come from the same model?"
    );
}

proptest! {
    #[test]
    fn points_of_a_circle_can_always_be_told_apart(
        angles in prop::collection::btree_set(0u16..200, 1..40),
        start in prop::collection::vec(-1.0f32..1.0, 2),
    ) {
        let angles = angles.iter().map(|angle| f32::from(*angle) * std::f32::consts::TAU / 200.0);
        let docs: Vec<f32> = angles.flat_map(|angle| [angle.cos(), angle.sin()]).collect();
        let n_docs = docs.len() / 2;
        let (_, after) = check(n_docs as u32, &[], &start.repeat(n_docs), &docs);
        prop_assert_eq!(after, 0);
    }
}
