//! What a doc tree promises, on small and odd inputs.

use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;
use rayon::ThreadPoolBuilder;

use super::*;
use crate::hierarchy::{Edge, Hierarchy};
use crate::random::{Purpose, fill_normal, stream};

const SHAPE: TreeShape = TreeShape { branching: 4, leaf_size: 3, balance: 1.5, iterations: 8, sample: 64 };

fn matrix(rows: &[&[f32]]) -> Matrix {
    Matrix::new(rows.len(), rows[0].len(), rows.concat()).unwrap()
}

fn random(n_rows: usize, dim: usize, seed: u64) -> Matrix {
    let mut vectors = Matrix::zeros(n_rows, dim);
    fill_normal(vectors.values_mut(), 1.0, &mut stream(seed, Purpose::Init));
    vectors
}

/// Clusters of clusters: document `i` is of the inner cluster `i / 8` and the outer one `i / 32`.
fn planted(n_rows: usize, dim: usize, seed: u64) -> Matrix {
    let (outer, inner, own) =
        (random(n_rows, dim, seed), random(n_rows, dim, seed + 1), random(n_rows, dim, seed + 2));
    let mut vectors = Matrix::zeros(n_rows, dim);
    for row in 0..n_rows {
        for at in 0..dim {
            vectors.row_mut(row)[at] =
                outer.row(row / 32)[at] + 0.4 * inner.row(row / 8)[at] + 0.05 * own.row(row)[at];
        }
    }
    vectors
}

/// Checks all that a tree promises, and that its means are those of these vectors.
fn check(tree: &DocTree, vectors: &Matrix, docs: &[u32]) {
    check_places(tree, docs);
    let means = tree.means();
    let centroids = tree.centroids();
    for (at, node) in tree.nodes() {
        let below: Vec<u32> =
            docs.iter().copied().filter(|doc| tree.path(DocIdx(*doc)).contains(&at)).collect();
        assert_eq!(node.n_docs, below.len(), "{at:?}");
        let mut length = 0.0;
        for place in 0..tree.dim() {
            let sum: f64 = below.iter().map(|doc| f64::from(vectors.row(*doc as usize)[place])).sum();
            let mean = sum / below.len().max(1) as f64;
            assert!(
                (f64::from(means.row(at.at())[place]) - mean).abs() < 1e-5 * (1.0 + mean.abs()),
                "{at:?}"
            );
            length += f64::from(centroids.row(at.at())[place]).powi(2);
        }
        assert!(length.abs() < 1e-5 || (length - 1.0).abs() < 1e-5, "{at:?} has length {length}");
    }
}

fn check_places(tree: &DocTree, docs: &[u32]) {
    let mut owned: Vec<u32> = tree.nodes().flat_map(|(_, node)| node.docs.iter().map(|doc| doc.0)).collect();
    owned.sort_unstable();
    assert_eq!((owned.as_slice(), tree.n_docs()), (docs, docs.len()));
    let mut seen = vec![false; tree.n_slots()];
    for (at, node) in tree.nodes() {
        assert!(!std::mem::replace(&mut seen[at.at()], true));
        assert!(
            node.parent.is_none_or(|parent| seen[parent.at()] && tree.node(parent).children.contains(&at))
        );
        assert!(node.children.iter().all(|child| tree.node(*child).parent == Some(at)));
        assert!(node.docs.is_sorted() && node.children.is_sorted());
        assert!(
            node.docs.iter().all(|doc| tree.home(*doc) == Some(at) && tree.path(*doc).last() == Some(&at))
        );
        assert!(node.docs.len() <= tree.shape().leaf_size, "{at:?} owns {}", node.docs.len());
        assert!(node.n_docs > 0 || at == DocTree::ROOT, "{at:?} is empty");
        assert!(!node.docs.is_empty() || node.children.len() != 1, "{at:?} is a link of a chain");
        assert!(at != DocTree::ROOT || node.parent.is_none());
    }
    let vacant: Vec<usize> = (0..tree.n_slots()).filter(|at| !seen[*at]).collect();
    assert_eq!(tree.vacant.iter().map(|node| node.at()).collect::<Vec<_>>(), vacant);
}

/// The documents of each node that owns some.
fn owned(tree: &DocTree) -> BTreeMap<NodeIdx, Vec<DocIdx>> {
    let owners = tree.nodes().filter(|(_, node)| !node.docs.is_empty());
    owners.map(|(at, node)| (at, node.docs.clone())).collect()
}

/// The nodes that own others than before.
fn changed(before: &BTreeMap<NodeIdx, Vec<DocIdx>>, after: &BTreeMap<NodeIdx, Vec<DocIdx>>) -> Vec<NodeIdx> {
    let all: BTreeSet<NodeIdx> = before.keys().chain(after.keys()).copied().collect();
    all.into_iter().filter(|node| before.get(node) != after.get(node)).collect()
}

fn all(n_docs: usize) -> Vec<u32> {
    (0..n_docs as u32).collect()
}

fn grown(vectors: &Matrix, shape: TreeShape) -> DocTree {
    let tree = DocTree::grow(vectors, shape, 7).unwrap();
    check(&tree, vectors, &all(vectors.n_rows()));
    tree
}

#[test]
fn planted_clusters_are_found() {
    let vectors = planted(256, 16, 1);
    let tree =
        grown(&vectors, TreeShape { branching: 8, leaf_size: 40, balance: 2.0, iterations: 20, sample: 64 });
    for doc in 0..256 {
        let cluster = tree.home(DocIdx(doc / 32 * 32));
        assert_eq!(tree.home(DocIdx(doc)), cluster, "document {doc}");
    }
    assert_eq!((tree.depth(), tree.node(DocTree::ROOT).children.len()), (1, 8));
}

#[test]
fn no_child_has_more_than_its_share() {
    let vectors = random(500, 8, 1);
    let tree = grown(&vectors, TreeShape { balance: 1.0, ..SHAPE });
    let sizes: Vec<usize> =
        tree.node(DocTree::ROOT).children.iter().map(|child| tree.node(*child).n_docs).collect();
    assert_eq!(sizes, [125; 4]);
}

#[test]
fn duplicates_are_divided_evenly_whatever_the_balance() {
    for row in [&[1.0, 2.0][..], &[0.0, 0.0]] {
        let vectors = matrix(&vec![row; 300]);
        for balance in [1.0, 2.0, 3.99] {
            let tree = grown(&vectors, TreeShape { balance, ..SHAPE });
            assert!(tree.depth() <= 5, "{} levels at balance {balance}", tree.depth());
        }
    }
}

#[test]
fn fewer_directions_than_children_and_vectors_of_length_zero_are_no_matter() {
    let rows: Vec<[f32; 2]> = (0..100u8).map(|i| [f32::from(i % 3), f32::from(i % 2)]).collect();
    let rows: Vec<&[f32]> = rows.iter().map(|row| &row[..]).collect();
    for (branching, leaf_size) in [(2, 1), (10, 1), (64, 3), (3, 99), (3, 100)] {
        grown(&matrix(&rows), TreeShape { branching, leaf_size, ..SHAPE });
    }
}

#[test]
fn nothing_and_one_document_are_trees() {
    for n_docs in [0, 1] {
        let tree = grown(&random(n_docs, 3, 1), SHAPE);
        assert_eq!((tree.depth(), tree.n_slots(), tree.n_docs()), (0, 1, n_docs));
        assert_eq!(tree.route(&random(2, 3, 2), 4), [DocTree::ROOT; 2]);
    }
    assert_eq!(grown(&random(1, 3, 1), SHAPE).path(DocIdx(0)), [DocTree::ROOT]);
    assert!(grown(&random(1, 3, 1), SHAPE).path(DocIdx(5)).is_empty());
}

#[test]
fn vectors_of_any_length_that_a_number_can_have_are_grown() {
    let rows: Vec<[f32; 2]> = (0..40).map(|i| [10f32.powi(i - 20), -(10f32.powi(20 - i))]).collect();
    let rows: Vec<&[f32]> = rows.iter().map(|row| &row[..]).collect();
    let tree = DocTree::grow(&matrix(&rows), SHAPE, 1).unwrap();
    check_places(&tree, &all(40));
    assert!(tree.centroids().values().iter().all(|x| x.is_finite()));
}

#[test]
fn only_the_documents_asked_for_are_in_the_tree() {
    let vectors = random(50, 4, 1);
    let docs: Vec<DocIdx> = (10..50).rev().step_by(2).map(DocIdx).collect();
    let tree = DocTree::grow_among(&vectors, &docs, SHAPE, 7).unwrap();
    check(&tree, &vectors, &(10..50).filter(|doc| doc % 2 == 1).collect::<Vec<_>>());
    assert_eq!(tree.home(DocIdx(0)), None);
}

#[test]
fn what_makes_no_tree_is_refused() {
    let vectors = matrix(&[&[1.0], &[f32::NAN], &[2.0]]);
    let refused = |docs: &[u32], shape| {
        let docs: Vec<DocIdx> = docs.iter().copied().map(DocIdx).collect();
        DocTree::grow_among(&vectors, &docs, shape, 7).unwrap_err().to_string()
    };
    assert_eq!(refused(&[0, 1], SHAPE), "the vector of document 1 is not finite");
    assert_eq!(refused(&[0, 2, 0], SHAPE), "document 0 is in the tree already");
    assert_eq!(refused(&[0, 9], SHAPE), "document 9 has no vector");
    let shape = |branching, balance| TreeShape { branching, balance, ..SHAPE };
    assert_eq!(refused(&[0], shape(1, 1.0)), "the tree's branching is 1, expected at least 2");
    for balance in [0.5, 4.0, f32::NAN] {
        let message =
            format!("the tree's balance is {balance}, expected at least 1 and less than the branching");
        assert_eq!(refused(&[0], shape(4, balance)), message);
    }
    let error = DocTree::grow(&Matrix::zeros(2, 0), SHAPE, 7).unwrap_err();
    assert_eq!(error.to_string(), "the vectors have 0 numbers, expected at least 1");
}

#[test]
fn threads_change_nothing() {
    let vectors = planted(6000, 8, 3);
    let moved = random(6000, 8, 4);
    let on = |n_threads| {
        let pool = ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| {
            let shape = TreeShape { branching: 8, leaf_size: 16, sample: 100, ..SHAPE };
            let mut tree = DocTree::grow(&vectors, shape, 7).unwrap();
            let moves = tree.reassign(&moved, 0.5, 2);
            (tree.drift(&vectors, 2), moves, tree)
        })
    };
    assert!(on(1) == on(2));
}

#[test]
fn another_seed_grows_another_tree() {
    let vectors = random(200, 4, 1);
    assert_ne!(DocTree::grow(&vectors, SHAPE, 1).unwrap(), DocTree::grow(&vectors, SHAPE, 2).unwrap());
}

#[test]
fn documents_find_their_homes() {
    let vectors = planted(256, 16, 1);
    let tree =
        grown(&vectors, TreeShape { branching: 8, leaf_size: 8, balance: 2.0, iterations: 20, sample: 64 });
    let homes = tree.route(&vectors, 3);
    let home = (0..256u32).filter(|doc| tree.home(DocIdx(*doc)) == Some(homes[*doc as usize])).count();
    assert!(home > 240, "{home} of 256");
    let drift = tree.drift(&vectors, 3);
    assert_eq!((drift.moved, drift.of), (256 - home, 256));
    assert_eq!(drift.share(), (256 - home) as f64 / 256.0);
}

#[test]
fn a_wide_beam_finds_the_best_home_of_all() {
    let vectors = random(200, 6, 1);
    let tree = grown(&vectors, SHAPE);
    let centroids = tree.centroids();
    let product = |row: usize, at: NodeIdx| rootward_kernels::dot(vectors.row(row), centroids.row(at.at()));
    for (row, found) in tree.route(&vectors, usize::MAX).into_iter().enumerate() {
        let homes = tree.nodes().filter(|(_, node)| !node.docs.is_empty()).map(|(at, _)| product(row, at));
        assert_eq!(product(row, found), homes.fold(f32::NEG_INFINITY, f32::max));
    }
}

#[test]
fn centroids_follow_and_documents_move_while_nodes_stay() {
    let (before, after) = (planted(256, 16, 1), random(256, 16, 9));
    let mut tree = grown(&before, TreeShape { leaf_size: 8, balance: 2.0, ..SHAPE });
    let earlier = tree.clone();
    let moved = tree.reassign(&after, 0.0, 4);
    assert!(moved > 100, "{moved} moved");
    check(&tree, &after, &all(256));
    let changed = (0..256).filter(|doc| tree.home(DocIdx(*doc)) != earlier.home(DocIdx(*doc))).count();
    assert_eq!(moved, changed);
    let mut unmoved = earlier.clone();
    unmoved.reassign(&after, 1.0, 4);
    // With all of the momentum documents go, and means stay where they were.
    let (old, kept) = (earlier.means(), unmoved.means());
    for (at, _) in unmoved.nodes() {
        for (old, kept) in old.row(at.at()).iter().zip(kept.row(at.at())) {
            assert!((old - kept).abs() < 1e-5, "{at:?}");
        }
    }
    assert!(tree.drift(&after, 4).moved < earlier.drift(&after, 4).moved);
}

#[test]
fn means_move_by_momentum() {
    let mut tree = DocTree::grow(&matrix(&[&[1.0, 0.0]]), SHAPE, 7).unwrap();
    tree.reassign(&matrix(&[&[0.0, 2.0]]), 0.75, 1);
    assert_eq!(tree.means().values(), [0.75, 0.5]);
    let (before, after) = (planted(256, 16, 1), random(256, 16, 9));
    let grown = grown(&before, SHAPE);
    let (mut half, mut all) = (grown.clone(), grown.clone());
    all.reassign(&before, 1.0, 4);
    assert!(half.reassign(&after, 0.5, 4) > 0);
    let (old, means) = (grown.means(), half.means());
    for (at, node) in half.nodes().filter(|(_, node)| node.children.is_empty()) {
        for place in 0..16 {
            let new: f32 = node.docs.iter().map(|doc| after.row(doc.at())[place]).sum::<f32>();
            let expected = 0.5 * old.row(at.at())[place] + 0.5 * new / node.n_docs as f32;
            assert!((means.row(at.at())[place] - expected).abs() < 1e-5, "{at:?}");
        }
    }
    let stayed = all.means();
    for (at, _) in all.nodes() {
        let pairs = stayed.row(at.at()).iter().zip(old.row(at.at()));
        assert!(pairs.fold(0.0, |most: f32, (a, b)| most.max((a - b).abs())) < 1e-6, "{at:?}");
    }
}

/// Edges of a child and a parent.
fn hierarchy(n_docs: usize, edges: &[(u32, u32)]) -> Hierarchy {
    let edge = |(child, parent): &(u32, u32)| Edge { child: DocIdx(*child), parent: DocIdx(*parent) };
    Hierarchy::new(n_docs, &edges.iter().map(edge).collect::<Vec<_>>()).unwrap()
}

#[test]
fn a_given_hierarchy_is_a_tree() {
    // 0 above 1 and 2; 3 below both, so below 1 alone; 4 below 2; 5 alone; 6 above 7.
    let given = hierarchy(8, &[(1, 0), (2, 0), (3, 1), (3, 2), (4, 2), (7, 6)]);
    let vectors = random(8, 3, 1);
    let tree = DocTree::of_hierarchy(&given, &vectors, SHAPE, 7).unwrap();
    check(&tree, &vectors, &all(8));
    let mates =
        |doc| tree.node(tree.home(DocIdx(doc)).unwrap()).docs.iter().map(|doc| doc.0).collect::<Vec<_>>();
    assert_eq!([5, 0, 1, 2, 6].map(mates), [vec![5], vec![0], vec![1, 3], vec![2, 4], vec![6, 7]]);
    let lengths = [5, 0, 1, 3, 7].map(|doc| tree.path(DocIdx(doc)).len());
    assert_eq!(lengths, [1, 2, 3, 3, 2]);
}

#[test]
fn what_a_node_of_a_given_hierarchy_has_too_much_of_is_clustered_below_it() {
    let edges: Vec<(u32, u32)> = (1..30).map(|child| (child, 0)).chain([(31, 30), (30, 0)]).collect();
    let vectors = random(32, 3, 1);
    let tree = DocTree::of_hierarchy(&hierarchy(32, &edges), &vectors, SHAPE, 7).unwrap();
    check(&tree, &vectors, &all(32));
    assert_eq!(tree.node(DocTree::ROOT).children.len(), 5, "four clusters and document 30");
    assert_eq!(tree.path(DocIdx(31)).len(), 2);
}

#[test]
fn nodes_of_a_tree_grown_anew_continue_those_before() {
    let vectors = planted(256, 16, 1);
    let shape = TreeShape { branching: 8, leaf_size: 40, balance: 2.0, iterations: 20, sample: 64 };
    let (before, mut moved) = (DocTree::grow(&vectors, shape, 1).unwrap(), vectors.clone());
    let noise = random(256, 16, 5);
    moved.values_mut().iter_mut().zip(noise.values()).for_each(|(x, noise)| *x += 0.05 * noise);
    let after = DocTree::grow(&moved, shape, 2).unwrap();
    let continued = after.continues(&before);
    for (at, node) in after.nodes().filter(|(_, node)| !node.docs.is_empty()) {
        assert_eq!(before.home(node.docs[0]), continued[at.at()]);
    }
    assert_eq!(continued[0], Some(DocTree::ROOT));
    let itself: Vec<_> = (0..before.n_slots() as u32).map(|at| Some(NodeIdx(at))).collect();
    assert_eq!(before.continues(&before), itself);
}

#[test]
fn nodes_that_share_less_than_half_of_their_documents_do_not_continue_each_other() {
    let shape = TreeShape { branching: 4, leaf_size: 8, balance: 2.0, iterations: 10, sample: 64 };
    let grown = |seed| DocTree::grow(&random(256, 8, seed), shape, 1).unwrap();
    let (after, before) = (grown(1), grown(2));
    let below = |tree: &DocTree, node: NodeIdx| -> HashSet<u32> {
        (0..256).filter(|doc| tree.path(DocIdx(*doc)).contains(&node)).collect()
    };
    let others = after.nodes().filter(|(at, _)| *at != DocTree::ROOT).map(|(at, _)| at);
    let continued = after.continues(&before);
    for (at, earlier) in others.filter_map(|at| Some((at, continued[at.at()]?))) {
        let (own, theirs) = (below(&after, at), below(&before, earlier));
        assert!(2 * (&own & &theirs).len() >= (&own | &theirs).len(), "{at:?} {earlier:?}");
    }
    let n_continued = continued.iter().flatten().count();
    assert!(n_continued < after.nodes().count() / 4, "vectors that have nothing to do with each other");
}

#[test]
fn leaves_are_the_tighter_the_higher_the_mean_cosine() {
    let vectors = planted(128, 8, 1);
    let shape = |leaf_size| TreeShape { branching: 4, leaf_size, balance: 2.0, iterations: 10, sample: 64 };
    let cosine = |leaf_size| DocTree::grow(&vectors, shape(leaf_size), 1).unwrap().mean_cosine(&vectors);
    assert!((cosine(1) - 1.0).abs() < 1e-6, "a document alone is its own centroid");
    assert!(cosine(8) > cosine(128) && cosine(128) > 0.0, "{} {}", cosine(8), cosine(128));
    let none = DocTree::grow(&Matrix::zeros(0, 8), shape(1), 1).unwrap();
    assert_eq!(none.mean_cosine(&Matrix::zeros(0, 8)), 0.0);
}

#[test]
fn a_saved_tree_is_the_same_and_a_damaged_one_an_error() {
    let vectors = random(60, 4, 1);
    let mut tree = grown(&vectors, SHAPE);
    (0..20).for_each(|doc| drop(tree.remove(DocIdx(doc), &vectors).unwrap()));
    assert_eq!(DocTree::from_outline(&tree.outline(), &vectors).unwrap().outline(), tree.outline());
    let tensors = tree.tensors();
    assert_eq!(DocTree::from_tensors(&tensors).unwrap(), tree);
    let names: Vec<String> = tensors.names().map(str::to_owned).collect();
    for name in &names {
        let values = tensors.list(name).unwrap();
        let with = |values: &[u32]| {
            let mut damaged = tensors.clone();
            damaged.insert(name, crate::tensors::Tensor::from(values));
            DocTree::from_tensors(&damaged)
        };
        assert!(with(&values[1..]).is_err() || name == "homes", "{name} cut short");
        assert!(with(&[]).is_err(), "{name} left empty");
        for at in 0..values.len().min(80) {
            for bad in [0, 1, 2, u32::MAX, u32::MAX - 1, 1 << 30, 0x7fe0_0000] {
                let mut damaged = values.clone();
                damaged[at] = bad;
                // Some damage is a tree too; then it is one with all that trees promise.
                if let Ok(tree) = with(&damaged) {
                    let docs: Vec<u32> =
                        all(60).into_iter().filter(|doc| tree.home(DocIdx(*doc)).is_some()).collect();
                    check_places(&tree, &docs);
                    assert!(tree.means().values().iter().all(|x| x.is_finite()));
                }
            }
        }
    }
}

#[test]
fn a_saved_tree_without_nodes_is_an_error_however_wide() {
    let mut tensors = grown(&random(9, 4, 1), SHAPE).tensors();
    let mut settings = tensors.list("settings").unwrap();
    settings[9] = 1 << 28;
    for (name, values) in [("settings", &settings[..]), ("parents", &[]), ("sums", &[])] {
        tensors.insert(name, crate::tensors::Tensor::from(values));
    }
    let error = DocTree::from_tensors(&tensors).unwrap_err().to_string();
    assert_eq!(
        error,
        "the saved tree is damaged: node 0 should be the root; restore it from a copy or grow it again"
    );
}

#[test]
fn changes_that_cannot_be_are_refused() {
    let vectors = random(5, 4, 1);
    let docs = [0, 1, 2, 3].map(DocIdx);
    let mut tree = DocTree::grow_among(&vectors, &docs, SHAPE, 7).unwrap();
    let message = |result: Result<Vec<NodeIdx>, TreeError>| result.unwrap_err().to_string();
    assert_eq!(message(tree.insert(DocIdx(1), &vectors, 1)), "document 1 is in the tree already");
    assert_eq!(message(tree.remove(DocIdx(4), &vectors)), "document 4 is not in the tree");
    assert_eq!(message(tree.insert(DocIdx(5), &vectors, 1)), "document 5 has no vector");
    let narrow = random(5, 2, 1);
    let error = "the vectors have 2 numbers, the tree was grown from vectors of 4";
    assert_eq!(message(tree.insert(DocIdx(4), &narrow, 1)), error);
    assert_eq!(message(tree.remove(DocIdx(1), &narrow)), error);
    check(&tree, &vectors, &all(4));
}

#[test]
fn what_comes_and_goes_leaves_no_trace_in_the_means() {
    let vectors = random(100, 4, 1);
    let mut tree = DocTree::grow(&vectors, SHAPE, 7).unwrap();
    for round in 0..50 {
        for doc in (round % 3..100).step_by(3) {
            tree.remove(DocIdx(doc), &vectors).unwrap();
        }
        for doc in (round % 3..100).step_by(3) {
            tree.insert(DocIdx(doc), &vectors, 2).unwrap();
        }
    }
    check(&tree, &vectors, &all(100));
}

prop_compose! {
    /// Few directions, many duplicates, some of length zero.
    fn vectors()(dim in 1usize..4, rows in 1usize..40)(
        rows in Just(rows), dim in Just(dim), values in prop::collection::vec(-2i8..3, rows * dim),
    ) -> Matrix {
        Matrix::new(rows, dim, values.into_iter().map(f32::from).collect()).unwrap()
    }
}

prop_compose! {
    fn shapes()(branching in 2usize..6, leaf_size in 1usize..6, sample in 1usize..6, share in 0.0f32..0.99) -> TreeShape {
        let balance = 1.0 + share * (branching as f32 - 1.0);
        TreeShape { branching, leaf_size, balance, iterations: 3, sample }
    }
}

proptest! {
    #[test]
    fn every_promise_holds_after_every_change(
        (vectors, shape) in (vectors(), shapes()),
        changes in prop::collection::vec((any::<u32>(), 1usize..4), 0..60),
        beam in 1usize..4,
    ) {
        let n_docs = vectors.n_rows() as u32;
        let start: Vec<DocIdx> = (0..n_docs / 2).map(DocIdx).collect();
        let mut tree = DocTree::grow_among(&vectors, &start, shape, 3).unwrap();
        let mut docs: Vec<u32> = all(start.len());
        check(&tree, &vectors, &docs);
        for (pick, kind) in changes {
            let doc = pick % n_docs;
            let before = owned(&tree);
            let mut touched: Option<Vec<NodeIdx>> = None;
            match (docs.binary_search(&doc), kind) {
                (_, 3) => drop(tree.reassign(&vectors, 0.0, beam)),
                (Ok(at), _) => {
                    docs.remove(at);
                    touched = Some(tree.remove(DocIdx(doc), &vectors).unwrap());
                }
                (Err(at), _) => {
                    docs.insert(at, doc);
                    touched = Some(tree.insert(DocIdx(doc), &vectors, beam).unwrap());
                }
            }
            check(&tree, &vectors, &docs);
            if let Some(mut touched) = touched {
                touched.retain(|node| before.get(node) != owned(&tree).get(node));
                touched.sort_unstable();
                touched.dedup();
                prop_assert_eq!(touched, changed(&before, &owned(&tree)));
            }
        }
        prop_assert_eq!(DocTree::from_tensors(&tree.tensors()).unwrap(), tree);
    }

    #[test]
    fn any_hierarchy_is_a_tree(
        n_docs in 1u32..40,
        edges in prop::collection::btree_set((0u32..40, 0u32..40), 0..60),
        shape in shapes(),
    ) {
        let edges: Vec<(u32, u32)> = edges.into_iter().filter(|(child, parent)| parent < child && *child < n_docs).collect();
        let vectors = random(n_docs as usize, 3, 5);
        let mut tree = DocTree::of_hierarchy(&hierarchy(n_docs as usize, &edges), &vectors, shape, 7).unwrap();
        check(&tree, &vectors, &all(n_docs as usize));
        let (gone, stay): (Vec<u32>, Vec<u32>) = (0..n_docs).partition(|doc| doc % 3 > 0);
        for doc in &gone {
            tree.remove(DocIdx(*doc), &vectors).unwrap();
        }
        check(&tree, &vectors, &stay);
        for doc in &gone {
            tree.insert(DocIdx(*doc), &vectors, 2).unwrap();
        }
        tree.reassign(&vectors, 0.0, 2);
        check(&tree, &vectors, &all(n_docs as usize));
    }
}
