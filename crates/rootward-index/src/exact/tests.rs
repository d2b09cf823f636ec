//! Exact search against a loop over all documents, with vectors that are hard on bounds.

use proptest::prelude::*;
use rootward::doc_tree::{DocTree, TreeShape};
use rootward_kernels::dot;

use super::*;

/// Vectors, few of them different, so that scores are often equal; zeros, huge, tiny, and one large number among small ones.
fn vector(dim: usize) -> impl Strategy<Value = Vec<f32>> {
    let scale = prop_oneof![8 => Just(1.0f32), 1 => Just(1e30), 1 => Just(1e-30), 1 => Just(0.0), 1 => Just(1e-42), 1 => Just(1e18)];
    let number = prop_oneof![1 => (-2i8..3).prop_map(f32::from), 1 => -1f32..1.0];
    let outlier = prop_oneof![5 => Just(1.0f32), 1 => Just(1e4)];
    (prop::collection::vec(number, dim), scale, outlier).prop_map(|(mut numbers, scale, outlier)| {
        numbers[0] *= outlier;
        numbers.iter().map(|x| x * scale).collect()
    })
}

/// Documents, how many of each block, queries, and which documents are allowed.
#[derive(Debug)]
struct Case {
    docs: Vec<Vec<f32>>,
    size: usize,
    queries: Vec<Vec<f32>>,
    allowed: Vec<bool>,
}

fn case() -> impl Strategy<Value = Case> {
    (1usize..20, 0usize..300).prop_flat_map(|(dim, n_docs)| {
        let few = prop::collection::vec(vector(dim), 1..40);
        let docs = (few, prop::collection::vec(any::<prop::sample::Index>(), n_docs))
            .prop_map(|(few, which)| which.iter().map(|at| at.get(&few).clone()).collect());
        let different = prop::collection::vec(vector(dim), n_docs);
        let (queries, allowed) =
            (prop::collection::vec(vector(dim), 0..12), prop::collection::vec(any::<bool>(), n_docs));
        (prop_oneof![docs, different], 1usize..100, queries, allowed)
            .prop_map(|(docs, size, queries, allowed)| Case { docs, size, queries, allowed })
    })
}

struct Held {
    blocks: Vec<Option<Arc<Block>>>,
    vectors: Vectors,
    ids: Ids,
    routing: Routing,
}

impl Held {
    fn of(docs: &[Vec<f32>], size: usize) -> Self {
        let (mut vectors, mut ids) = (Vectors::new(docs.first().map_or(1, Vec::len)), Ids::default());
        for (at, doc) in docs.iter().enumerate() {
            vectors.put(DocIdx(at as u32), doc);
            // In another order than places.
            ids.put(DocIdx(at as u32), &format!("{}", at * 7 % 1_000));
        }
        let shape = TreeShape { branching: 4, leaf_size: size, balance: 2.0, iterations: 2, sample: 16 };
        let tree = DocTree::grow(&matrix(docs, vectors.dim()), shape, 1).unwrap();
        let mut blocks = vec![None; tree.n_slots()];
        for (at, node) in tree.nodes().filter(|(_, node)| !node.docs.is_empty()) {
            blocks[at.at()] = Some(Arc::new(Block::of(&node.docs, &vectors)));
        }
        let routing = Routing::of(tree.dim(), &tree.parents(), &blocks);
        Held { blocks, vectors, ids, routing }
    }

    fn documents(&self) -> Documents<'_> {
        Documents { blocks: &self.blocks, vectors: &self.vectors, ids: &self.ids, routing: &self.routing }
    }
}

fn naive(docs: &[Vec<f32>], query: &[f32], k: usize, allowed: impl Fn(usize) -> bool) -> Vec<(DocIdx, u32)> {
    let scored = docs.iter().enumerate().filter(|(at, _)| allowed(*at));
    let mut scored: Vec<(f32, String, usize)> =
        scored.map(|(at, doc)| (dot(query, doc), format!("{}", at * 7 % 1_000), at)).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| b.1.cmp(&a.1)));
    scored.iter().take(k).map(|(score, _, at)| (DocIdx(*at as u32), score.to_bits())).collect()
}

fn bits(found: &[Vec<Scored>]) -> Vec<Vec<(DocIdx, u32)>> {
    found.iter().map(|found| found.iter().map(|(doc, score)| (*doc, score.to_bits())).collect()).collect()
}

fn matrix(rows: &[Vec<f32>], dim: usize) -> Matrix {
    Matrix::new(rows.len(), dim, rows.concat()).unwrap()
}

proptest! {
    #[test]
    fn the_best_are_those_of_a_loop_over_all(case in case(), k in 0usize..40, filtered: bool) {
        let held = Held::of(&case.docs, case.size);
        let queries = matrix(&case.queries, case.queries.first().map_or(1, Vec::len));
        prop_assume!(case.docs.is_empty() || case.queries.is_empty() || queries.dim() == case.docs[0].len());
        let is_allowed = |at: usize| !filtered || case.allowed[at];
        let allowed = Allowed::of((0..case.docs.len()).filter(|at| is_allowed(*at)).map(|at| DocIdx(at as u32)));
        let expected: Vec<_> = case.queries.iter().map(|query| naive(&case.docs, query, k, is_allowed)).collect();
        if !case.docs.is_empty() {
            let found = top_k(held.documents(), &queries, k, filtered.then_some(&allowed));
            prop_assert_eq!(bits(&found), expected);
        }
    }
}

#[test]
fn no_documents_give_empty_answers() {
    let held = Held::of(&[], 1);
    assert_eq!(top_k(held.documents(), &Matrix::zeros(2, 1), 3, None), [vec![], vec![]]);
}

#[test]
fn a_block_that_changed_finds_as_one_made_anew() {
    let docs: Vec<Vec<f32>> = (0..100).map(|at| vec![(at * 37 % 100) as f32, 1.0]).collect();
    let mut held = Held::of(&docs, 100);
    let slot = held.blocks.iter().position(Option::is_some).unwrap();
    let block = Block::of(&(0..60).map(DocIdx).collect::<Vec<_>>(), &held.vectors);
    let gone: Vec<DocIdx> = (0..60).step_by(3).map(DocIdx).collect();
    let come: Vec<DocIdx> = (60..100).map(DocIdx).collect();
    held.blocks = vec![None; held.blocks.len()];
    held.blocks[slot] = Some(Arc::new(block.changed(&gone, &come, &held.vectors)));
    let found = top_k(held.documents(), &matrix(&[vec![1.0, 0.5]], 2), 5, None);
    let is_there = |at: usize| at >= 60 || !at.is_multiple_of(3);
    assert_eq!(bits(&found), [naive(&docs, &[1.0, 0.5], 5, is_there)]);
}
