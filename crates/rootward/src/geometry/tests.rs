//! The construction and its margins against naive twins, and against what the paper proves of them.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rayon::ThreadPoolBuilder;

use super::*;
use crate::eval::order::tie_order;
use crate::eval::{Judge, Names};
use crate::hierarchy::{Edge, Hierarchy};
use crate::ids::{DocIdx, QueryIdx};

/// A hierarchy in which every document is its own query, with ids.
#[derive(Debug)]
struct World {
    ids: Vec<String>,
    pairs: Pairs,
}

impl World {
    /// Document `i + 1` lies under each of `parents[i]`, which come before it.
    fn new(parents: &[Vec<usize>]) -> Self {
        let n_docs = parents.len() + 1;
        let idx = |doc: usize| DocIdx(u32::try_from(doc).unwrap());
        let above = |(child, parents): (usize, &Vec<usize>)| {
            parents
                .iter()
                .map(|parent| Edge { child: idx(child + 1), parent: idx(*parent) })
                .collect::<Vec<_>>()
        };
        let edges: Vec<Edge> = parents.iter().enumerate().flat_map(above).collect();
        let hierarchy = Hierarchy::new(n_docs, &edges).unwrap();
        let exact: Vec<_> = (0..n_docs).map(|doc| (QueryIdx(idx(doc).0), vec![idx(doc)])).collect();
        let pairs = Pairs::of_exact_matches(&exact, &hierarchy);
        World { ids: (0..n_docs).map(|doc| format!("n{doc}")).collect(), pairs }
    }

    /// The perfect tree of a width, of `levels` levels.
    fn tree(levels: u32, width: usize) -> Self {
        let n_inner: usize = (0..levels - 1).map(|level| width.pow(level)).sum();
        World::new(&(0..n_inner * width).map(|child| vec![child / width]).collect::<Vec<_>>())
    }

    fn with<T>(&self, f: impl FnOnce(&Truth<'_>) -> T) -> T {
        let ids: Vec<&str> = self.ids.iter().map(String::as_str).collect();
        let order = tie_order(&ids);
        let names = Names { queries: &ids, docs: &ids, tie_order: &order };
        f(&Truth { pairs: &self.pairs, judge: Judge::Ancestors, names })
    }

    fn draw(&self, dim: usize, seed: u64) -> Draw {
        Draw { n_docs: self.ids.len(), dim, seed }
    }

    fn margins(&self, vectors: Vectors<'_>) -> Margins {
        self.with(|truth| margins(vectors, truth.pairs, truth.names, &|_| ())).unwrap()
    }
}

/// Random hierarchies of up to 40 documents with up to two parents each; those without are roots.
fn worlds() -> impl Strategy<Value = World> {
    let above = proptest::collection::vec(any::<proptest::sample::Index>(), 0..3);
    proptest::collection::vec(above, 1..40).prop_map(|all| {
        let parents = |(child, above): (usize, Vec<proptest::sample::Index>)| {
            let distinct: BTreeSet<usize> = above.iter().map(|parent| parent.index(child + 1)).collect();
            distinct.into_iter().collect()
        };
        World::new(&all.into_iter().enumerate().map(parents).collect::<Vec<_>>())
    })
}

fn norm(vector: &[f64]) -> f64 {
    vector.iter().map(|x| x * x).sum::<f64>().sqrt()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_query_is_the_normalised_sum_of_its_documents_before_they_are_normalised(
        world in worlds(), dim in 1usize..20, seed in 0u64..100,
    ) {
        let found = construction(&world.pairs, world.draw(dim, seed));
        let mut raw = Vec::new();
        for doc in 0..world.ids.len() {
            let mut vector = vec![0.0; dim];
            fill_normal(&mut vector, 1.0, &mut stream(seed, Purpose::Construction { doc }));
            let vector: Vec<f64> = vector.into_iter().map(f64::from).collect();
            for (found, wanted) in found.docs.row(doc).iter().zip(&vector) {
                prop_assert!((f64::from(*found) - wanted / norm(&vector)).abs() < 1e-6);
            }
            raw.push(vector);
        }
        for row in 0..world.pairs.n_queries() {
            let sum = |at: usize| world.pairs.relevant(row).iter().map(|pair| raw[pair.doc.at()][at]).sum();
            let sums: Vec<f64> = (0..dim).map(sum).collect();
            for (found, wanted) in found.queries.row(row).iter().zip(&sums) {
                // In one dimension terms may cancel to nearly nothing, and only the sign is left.
                prop_assert!((f64::from(*found) - wanted / norm(&sums)).abs() < 1e-5 / norm(&sums).min(1.0));
            }
        }
    }

    #[test]
    fn margins_are_what_sorting_all_scores_finds(world in worlds(), dim in 1usize..20) {
        let made = construction(&world.pairs, world.draw(dim, 1));
        let found = world.margins(made.vectors());
        let (mut values, mut scored) = (Vec::new(), Vec::new());
        for row in 0..world.pairs.n_queries() {
            let own: Vec<DocIdx> = world.pairs.relevant(row).iter().map(|pair| pair.doc).collect();
            let query = made.queries.row(row);
            let score = |doc: usize| query.iter().zip(made.docs.row(doc)).map(|(a, b)| a * b).sum::<f32>();
            let scores: Vec<(f32, bool)> = (0..world.ids.len())
                .map(|doc| (score(doc), own.contains(&DocIdx(u32::try_from(doc).unwrap()))))
                .collect();
            let of = |kind| scores.iter().filter(move |(_, own)| *own == kind).map(|(score, _)| *score);
            if own.len() < scores.len() {
                values.push(of(true).fold(f32::INFINITY, f32::min) - of(false).fold(f32::NEG_INFINITY, f32::max));
            }
            scored.extend(scores);
        }
        values.sort_by(f32::total_cmp);
        let close = |a: f32, b: f32| (a - b).abs() < 1e-5;
        match found.margin {
            Some(margin) => {
                prop_assert!(close(margin.least, values[0]) && close(margin.greatest, *values.last().unwrap()));
                let half = ((values.len() - 1) as f64 * 0.5).round() as usize;
                prop_assert!(close(margin.median, values[half]));
            }
            None => prop_assert!(values.is_empty()),
        }
        let errors = |threshold: f32| scored.iter().filter(|(score, own)| (*score >= threshold) != *own).count();
        prop_assert_eq!(found.threshold.of, scored.len());
        // A score on the edge of a bin may fall on either side of it, by rounding.
        let on_edge = |threshold: f32| scored.iter().filter(|(score, _)| (score - threshold).abs() < 1e-5).count();
        let best = found.threshold;
        prop_assert!(errors(best.score).abs_diff(best.errors()) <= on_edge(best.score));
        let thresholds = (0..=8193).map(|step| step as f32 / 4096.0 - 1.0);
        let least = thresholds.map(|threshold| errors(threshold) + on_edge(threshold)).min().unwrap();
        prop_assert!(best.errors() <= least, "{best:?} {least}");
    }

    #[test]
    fn margins_count_the_pairs_and_queries_that_the_evaluation_counts(world in worlds(), dim in 1usize..20) {
        let found = world.margins(construction(&world.pairs, world.draw(dim, 1)).vectors());
        let evaluation = world.with(|truth| evaluate_construction(truth, dim, 1, &|_| ())).unwrap();
        prop_assert_eq!((found.recalled, found.separated), (evaluation.recall, evaluation.exact_sets));
    }
}

#[test]
fn the_construction_is_the_same_on_any_number_of_threads() {
    let world = World::tree(6, 2);
    let on = |n_threads| {
        let pool = ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| {
            let made = construction(&world.pairs, world.draw(33, 5));
            let found = world.margins(made.vectors());
            (made, found)
        })
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn another_seed_draws_other_vectors() {
    let world = World::tree(3, 2);
    let draw = |seed| construction(&world.pairs, world.draw(4, seed)).docs;
    assert_ne!(draw(1), draw(2));
}

#[test]
fn at_our_bound_every_query_is_separated_by_one_threshold() {
    let world = World::tree(5, 3);
    let bound = Bound::of(&world.pairs, world.ids.len()).unwrap();
    assert_eq!((bound.most_relevant, bound.documents, bound.queries), (5, 121, 121));
    assert_eq!(bound.dimension.one_threshold, (40.0 * 2.0 * 121f64.ln()).ceil() as usize);
    assert!((bound.s_log_m - 5.0 * 121f64.ln()).abs() < 1e-9 && bound.margin_log_m == 4.0 * bound.s_log_m);
    for seed in 1..4 {
        let dim = bound.dimension.one_threshold;
        let found = world.margins(construction(&world.pairs, world.draw(dim, seed)).vectors());
        assert_eq!((found.separated.value(), found.threshold.errors()), (1.0, 0), "{found:?}");
        assert!(found.margin.unwrap().least > 0.0);
        let apart = |one: &Concentration| (one.measured / one.predicted - 1.0).abs();
        assert!(apart(&found.relevant) < 0.1 && apart(&found.others) < 0.1, "{found:?}");
        assert!((found.predicted_threshold - 0.5 / 5f64.sqrt()).abs() < 1e-9);
    }
}

#[test]
fn a_query_to_which_everything_is_relevant_has_no_margin() {
    let world = World::new(&[]);
    let found = world.margins(construction(&world.pairs, world.draw(2, 1)).vectors());
    assert_eq!((found.margin, found.separated.value(), found.threshold.errors()), (None, 1.0, 0));
}

#[test]
fn without_queries_there_is_neither_a_bound_nor_a_margin() {
    let world = World::tree(2, 2);
    let none = world.pairs.subset(&[]);
    let made = construction(&none, world.draw(2, 1));
    assert_eq!((made.queries.n_rows(), Bound::of(&none, 3)), (0, None));
    let failed = world.with(|truth| margins(made.vectors(), &none, truth.names, &|_| ()));
    assert!(matches!(failed, Err(EvalError::NoQueries)));
}

/// A twin in NumPy, with its own generator and a sort for each query, found 49 and 70 as the mean of 100 seeds.
#[test]
fn the_smallest_dimensions_of_a_tree_are_those_of_a_twin_in_another_language() {
    let world = World::tree(4, 3);
    let seeds: Vec<u64> = (1..=60).collect();
    let search = Search { targets: &[0.95, 0.99], seeds: &seeds, first: 16, most: 1024 };
    let recall = |dim, seed| {
        world.with(|truth| evaluate_construction(truth, dim, seed, &|_| ())).map(|found| found.recall.value())
    };
    let found = smallest_dims(&search, recall, |_| ()).unwrap();
    for (found, twin) in found.iter().zip([49.0, 70.0]) {
        let dim = found.dim().unwrap() as f64;
        assert!((dim / twin - 1.0).abs() < 0.12, "{dim} {twin}");
    }
}
