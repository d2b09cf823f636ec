//! Tests of the exact encoder: every pair of every hierarchy, counted.

use std::sync::Mutex;

use proptest::prelude::*;

use super::*;
use crate::hierarchy::Edge;

/// The encoder of `(child, parent)` edges, once every pair has turned out right.
fn check(n_docs: usize, edges: &[(u32, u32)]) -> ExactEncoder {
    let edges: Vec<Edge> =
        edges.iter().map(|(child, parent)| Edge { child: DocIdx(*child), parent: DocIdx(*parent) }).collect();
    let hierarchy = Hierarchy::new(n_docs, &edges).unwrap();
    let encoder = ExactEncoder::of(&hierarchy);
    assert_eq!(encoder.errors(&hierarchy, &|_| ()), 0, "{edges:?}");
    assert_eq!(encoder.dim(), 2 * encoder.runs() + 1);
    encoder
}

#[test]
fn a_single_node_retrieves_itself() {
    assert_eq!(check(1, &[]).dim(), 3);
}

#[test]
fn nothing_at_all_has_no_errors() {
    assert_eq!(check(0, &[]).dim(), 3);
}

#[test]
fn forests_paths_and_stars_take_three_dimensions() {
    let path: Vec<(u32, u32)> = (1..300).map(|doc| (doc, doc - 1)).collect();
    let star: Vec<(u32, u32)> = (1..300).map(|doc| (doc, 0)).collect();
    let forest = [(1, 0), (2, 0), (4, 3), (6, 5), (7, 6)];
    for (n_docs, edges) in [(300, &path[..]), (300, &star[..]), (9, &forest[..])] {
        let encoder = check(n_docs, edges);
        assert_eq!((encoder.dim(), encoder.construction()), (3, Construction::Interval));
        assert!(encoder.is_proven());
    }
}

#[test]
fn the_numbers_of_a_tree_are_integers() {
    let encoder = check(4, &[(1, 0), (2, 1), (3, 0)]);
    assert_eq!(
        (encoder.query(DocIdx(1)), encoder.document(DocIdx(1))),
        (&[-4.0, 2.0, 1.0][..], &[1.0, 6.0, -5.0][..])
    );
    assert_eq!(encoder.score(DocIdx(2), DocIdx(1)), 3.0);
}

#[test]
fn a_diamond_is_no_tree_and_takes_three_dimensions_all_the_same() {
    // 3 is under 1 and 2, which are under 0: in the order 0, 1, 3, 2 the descendants of each are neighbours.
    let encoder = check(4, &[(1, 0), (2, 0), (3, 1), (3, 2)]);
    assert_eq!((encoder.dim(), encoder.construction()), (3, Construction::RunsOfDescendants));
    assert!(encoder.is_proven());
}

#[test]
fn a_score_that_is_turned_around_is_an_error() {
    let edges = [(1, 0), (2, 1)].map(|(child, parent)| Edge { child: DocIdx(child), parent: DocIdx(parent) });
    let hierarchy = Hierarchy::new(3, &edges).unwrap();
    let mut encoder = ExactEncoder::of(&hierarchy);
    encoder.queries.iter_mut().for_each(|number| *number = -*number);
    assert_eq!(encoder.errors(&hierarchy, &|_| ()), 9);
}

#[test]
fn progress_ends_at_the_number_of_queries() {
    let hierarchy = Hierarchy::new(150, &[]).unwrap();
    let seen = Mutex::new(Vec::new());
    ExactEncoder::of(&hierarchy).errors(&hierarchy, &|done| seen.lock().unwrap().push(done));
    assert_eq!(*seen.lock().unwrap().last().unwrap(), 150);
}

/// A tree in which document `i` is under one of those before it, and some more edges up.
fn tree_and_more(most_docs: usize, more: usize) -> impl Strategy<Value = (usize, Vec<(u32, u32)>)> {
    let parents = prop::collection::vec(any::<prop::sample::Index>(), 0..most_docs);
    let extra = prop::collection::vec(any::<(prop::sample::Index, prop::sample::Index)>(), 0..=more);
    (parents, extra).prop_map(|(parents, extra)| {
        let n_docs = parents.len() + 1;
        let tree = (1..).zip(&parents).map(|(child, parent)| (child, parent.index(child as usize) as u32));
        let two = extra.iter().map(|(one, other)| (one.index(n_docs) as u32, other.index(n_docs) as u32));
        let upward =
            two.filter(|(one, other)| one != other).map(|(one, other)| (one.max(other), one.min(other)));
        let edges: std::collections::BTreeSet<(u32, u32)> = tree.chain(upward).collect();
        (n_docs, edges.into_iter().collect())
    })
}

proptest! {
    #[test]
    fn every_pair_of_a_tree_is_right((n_docs, edges) in tree_and_more(200, 0)) {
        prop_assert_eq!(check(n_docs, &edges).dim(), 3);
    }

    #[test]
    fn every_pair_of_a_tree_with_a_few_more_edges_is_right((n_docs, edges) in tree_and_more(200, 12)) {
        let encoder = check(n_docs, &edges);
        prop_assert!(encoder.is_proven(), "{} dimensions", encoder.dim());
    }

    #[test]
    fn no_order_has_more_runs_than_the_largest_set((n_docs, edges) in tree_and_more(60, 60)) {
        let encoder = check(n_docs, &edges);
        let edges: Vec<Edge> =
            edges.iter().map(|(child, parent)| Edge { child: DocIdx(*child), parent: DocIdx(*parent) }).collect();
        let hierarchy = Hierarchy::new(n_docs, &edges).unwrap();
        let largest = (0..n_docs as u32).map(|doc| hierarchy.ancestors(DocIdx(doc)).len()).max().unwrap();
        prop_assert!(encoder.runs() <= largest);
    }

    #[test]
    fn what_is_proven_of_one_circle_holds_at_all_its_places(
        runs in prop::collection::btree_set(0usize..400, 2..12),
    ) {
        let circle = Circle::even(&(0..400).collect::<Vec<u32>>());
        let ends: Vec<usize> = runs.into_iter().collect();
        let runs: Vec<_> = ends.chunks_exact(2).map(|two| two[0]..two[1]).collect();
        let polynomial = circle.polynomial(&runs, 6);
        if circle.is_certain(&polynomial, &runs) {
            for (place, angle) in circle.angles.iter().enumerate() {
                let value = inner(&polynomial.coefficients, &point(*angle, 6));
                prop_assert_eq!(value > 0.0, runs.iter().any(|run| run.contains(&place)));
            }
        }
    }
}
