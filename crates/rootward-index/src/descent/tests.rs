//! Tree search beside exact search.

use std::sync::Arc;

use rand::RngExt;
use rand::SeedableRng;
use rand_pcg::Pcg64;
use rootward::doc_tree::DocTree;
use rootward::ids::DocIdx;

use super::*;
use crate::block::Block;
use crate::ids::Ids;
use crate::tuning::ERRORS;
use crate::vectors::Vectors;

const DIM: usize = 8;

struct Held {
    routing: Routing,
    blocks: Vec<Option<Arc<Block>>>,
    vectors: Vectors,
    ids: Ids,
}

fn random(n_rows: usize, seed: u64) -> Matrix {
    let mut rng = Pcg64::seed_from_u64(seed);
    let values = (0..n_rows * DIM).map(|_| rng.random_range(-1.0..1.0)).collect();
    Matrix::new(n_rows, DIM, values).unwrap()
}

impl Held {
    fn of(n_docs: usize) -> Self {
        let rows = random(n_docs, 1);
        let shape = TreeShape { branching: 8, leaf_size: 16, balance: 2.0, iterations: 5, sample: 64 };
        let tree = DocTree::grow(&rows, shape, 3).unwrap();
        let (mut vectors, mut ids) = (Vectors::new(DIM), Ids::default());
        for doc in 0..n_docs {
            vectors.put(DocIdx(doc as u32), rows.row(doc));
            ids.put(DocIdx(doc as u32), &doc.to_string());
        }
        let mut blocks = vec![None; tree.n_slots()];
        for (at, node) in tree.nodes().filter(|(_, node)| !node.docs.is_empty()) {
            blocks[at.at()] = Some(Arc::new(Block::of(&node.docs, &vectors)));
        }
        Held { routing: Routing::of(tree.dim(), &tree.parents(), &blocks), blocks, vectors, ids }
    }

    fn documents(&self) -> Documents<'_> {
        Documents { blocks: &self.blocks, vectors: &self.vectors, ids: &self.ids, routing: &self.routing }
    }
}

#[test]
fn the_least_beam_that_finds_enough_is_chosen() {
    let held = Held::of(3_000);
    let queries = random(100, 2);
    let surely = calibrate(held.documents(), &queries, 10, 0.9, ERRORS);
    let found = calibrate(held.documents(), &queries, 10, 0.9, 0.0);
    assert!(surely.beam.leaves > found.beam.leaves && surely.recall > found.recall, "{surely:?} {found:?}");
    assert!(found.recall >= 0.9 && found.beam.leaves < held.routing.n_leaves() / 2, "{found:?}");
    assert_eq!(found.n_queries, 100);
    let beam = Beam { leaves: found.beam.leaves - 1 };
    let truth = exact::top_k(held.documents(), &queries, 10, None);
    let hits = top_k(held.documents(), beam, &queries, 10, None)
        .iter()
        .zip(&truth)
        .map(|(found, truth)| truth.iter().filter(|scored| found.contains(scored)).count())
        .sum::<usize>();
    assert!(hits < 900, "{hits}");
}

#[test]
fn what_is_found_has_its_exact_score_in_order() {
    let held = Held::of(3_000);
    let queries = random(20, 2);
    let beam = Beam { leaves: 5 };
    let everything = exact::top_k(held.documents(), &queries, 3_000, None);
    for (found, all) in top_k(held.documents(), beam, &queries, 10, None).iter().zip(everything) {
        assert_eq!(found.len(), 10);
        let places: Vec<usize> =
            found.iter().map(|hit| all.iter().position(|other| other == hit).unwrap()).collect();
        assert!(places.is_sorted(), "{places:?}");
    }
}

#[test]
fn answers_depend_neither_on_threads_nor_on_other_queries() {
    let held = Held::of(3_000);
    let queries = random(40, 2);
    let beam = Beam { leaves: 4 };
    let together = top_k(held.documents(), beam, &queries, 10, None);
    let threads = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    assert_eq!(threads.install(|| top_k(held.documents(), beam, &queries, 10, None)), together);
    let alone = Matrix::new(1, DIM, queries.row(7).to_vec()).unwrap();
    assert_eq!(top_k(held.documents(), beam, &alone, 10, None)[0], together[7]);
}

#[test]
fn a_filter_never_costs_results() {
    let held = Held::of(3_000);
    let queries = random(10, 2);
    let beam = Beam { leaves: 1 };
    for step in [1, 2, 10, 100, 700] {
        let allowed = Allowed::of((0..3_000).step_by(step).map(DocIdx));
        for k in [1, 10, 100] {
            for found in top_k(held.documents(), beam, &queries, k, Some(&allowed)) {
                assert_eq!(found.len(), k.min(allowed.len()));
                assert!(found.iter().all(|(doc, _)| allowed.contains(*doc)));
            }
        }
    }
}
