//! Retrieval by walking down a tree, as generative models do that name a document by its path  [HCE §2].
//!
//! What a node owns and has below it, documents and nodes, competes in one softmax; a document's probability is the
//! product of those on its path, so over all documents they add up to 1. A beam keeps the likeliest nodes of a level
//! and looks at nothing else, which is what makes it cheap, and what makes it err: a document is lost when any node
//! above it is. The plain search over all documents is what to compare it with.

use std::fmt;
use std::ops::Range;

use rootward_kernels::dot;

use super::{DocTree, NodeIdx};
use crate::eval::{NOT_FOUND, Scorer};
use crate::matrix::Matrix;

/// What takes part in a decoding, all of one width.
#[derive(Clone, Copy, Debug)]
pub struct Compared<'a> {
    /// Shape `(queries, dim)`.
    pub queries: &'a Matrix,
    /// By slot, shape `(slots, dim)`: [`DocTree::centroids`], or vectors that were learned for the nodes.
    pub nodes: &'a Matrix,
    /// Shape `(documents, dim)`, at least up to the last document of the tree.
    pub docs: &'a Matrix,
}

/// How a query walks down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Walk {
    /// The nodes of a level that are looked into, at least 1.
    pub beam: usize,
    /// Inner products are divided by it, above 0.
    pub temperature: f32,
}

/// Queries that walk down a tree; the score of a document is the logarithm of its probability.
pub struct Decoder<'a> {
    tree: &'a DocTree,
    compared: Compared<'a>,
    walk: Walk,
}

/// Vectors or settings with which no query finds its way.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Vectors do not go with the tree or with each other.
    #[error("{what}: expected {expected}, got {got}")]
    Shape {
        /// What was counted.
        what: &'static str,
        /// What the tree or the queries ask for.
        expected: usize,
        /// What was given.
        got: usize,
    },
    /// A temperature that cannot divide.
    #[error("the temperature is {0}, expected a number above 0; inner products are divided by it")]
    Temperature(f32),
    /// A beam of nothing.
    #[error("the beam is 0 nodes wide, expected at least 1")]
    Beam,
}

/// A node and the logarithm of its probability.
#[derive(Clone, Copy)]
struct Reached {
    node: NodeIdx,
    log_probability: f64,
}

impl<'a> Decoder<'a> {
    /// Queries, documents and nodes brought together.
    ///
    /// # Errors
    /// When widths differ, there is no vector for each slot and each document of the tree, the beam is 0, or the
    /// temperature is not above 0.
    pub fn new(tree: &'a DocTree, compared: Compared<'a>, walk: Walk) -> Result<Self, DecodeError> {
        let Compared { queries, nodes, docs } = compared;
        let same = |what, expected, got| {
            if expected == got { Ok(()) } else { Err(DecodeError::Shape { what, expected, got }) }
        };
        same("numbers of a node's vector", queries.dim(), nodes.dim())?;
        same("numbers of a document's vector", queries.dim(), docs.dim())?;
        same("vectors of nodes", tree.n_slots(), nodes.n_rows())?;
        let expected = tree.homes.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        if docs.n_rows() < expected {
            let what = "vectors of documents, at least";
            return Err(DecodeError::Shape { what, expected, got: docs.n_rows() });
        }
        if walk.beam == 0 {
            return Err(DecodeError::Beam);
        }
        if !(walk.temperature > 0.0 && walk.temperature.is_finite()) {
            return Err(DecodeError::Temperature(walk.temperature));
        }
        Ok(Decoder { tree, compared, walk })
    }

    /// Writes the scores of the documents that one query reaches.
    fn walk_down(&self, query: &[f32], scores: &mut [f32]) {
        let Walk { beam, temperature } = self.walk;
        let score = |vector: &[f32]| f64::from(dot(query, vector)) / f64::from(temperature);
        let mut level = vec![Reached { node: DocTree::ROOT, log_probability: 0.0 }];
        while !level.is_empty() {
            let mut below: Vec<Reached> = Vec::new();
            for Reached { node, log_probability } in level {
                let node = self.tree.node(node);
                let children = node.children.iter().map(|child| score(self.compared.nodes.row(child.at())));
                let docs = node.docs.iter().map(|doc| score(self.compared.docs.row(doc.at())));
                let mut rivals: Vec<f64> = children.chain(docs).collect();
                to_log_softmax(&mut rivals);
                let (children, docs) = rivals.split_at(node.children.len());
                for (doc, own) in node.docs.iter().zip(docs) {
                    scores[doc.at()] = (log_probability + own) as f32;
                }
                let reached = |(child, own): (&NodeIdx, &f64)| Reached {
                    node: *child,
                    log_probability: log_probability + own,
                };
                below.extend(node.children.iter().zip(children).map(reached));
            }
            below.sort_unstable_by(|a, b| {
                b.log_probability.total_cmp(&a.log_probability).then(a.node.cmp(&b.node))
            });
            below.truncate(beam);
            level = below;
        }
    }
}

impl fmt::Debug for Decoder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decoder({} queries, {:?})", self.compared.queries.n_rows(), self.walk)
    }
}

impl Scorer for Decoder<'_> {
    fn n_queries(&self) -> usize {
        self.compared.queries.n_rows()
    }

    fn n_docs(&self) -> usize {
        self.compared.docs.n_rows()
    }

    fn score(&self, rows: Range<usize>, scores: &mut [f32]) {
        scores.fill(NOT_FOUND); // what the beam does not reach
        for (row, scores) in rows.zip(scores.chunks_exact_mut(self.n_docs().max(1))) {
            self.walk_down(self.compared.queries.row(row), scores);
        }
    }
}

/// Replaces scores by the logarithms of their softmax.
fn to_log_softmax(scores: &mut [f64]) {
    let greatest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = scores.iter().map(|score| (score - greatest).exp()).sum();
    let log_sum = greatest + sum.ln();
    scores.iter_mut().for_each(|score| *score -= log_sum);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doc_tree::TreeShape;
    use crate::eval::each_row;
    use crate::hierarchy::{Edge, Hierarchy};
    use crate::ids::DocIdx;
    use crate::random::{Purpose, fill_normal, stream};

    fn random(n_rows: usize, seed: u64) -> Matrix {
        let mut vectors = Matrix::zeros(n_rows, 5);
        fill_normal(vectors.values_mut(), 1.0, &mut stream(seed, Purpose::Init));
        vectors
    }

    /// A tree whose inner nodes own documents too.
    fn tree(docs: &Matrix) -> DocTree {
        let edges = [(1, 0), (2, 0), (3, 1), (4, 1), (5, 2), (6, 2), (7, 5)];
        let more = (8..docs.n_rows() as u32).map(|child| (child, child % 8));
        let edge = |(child, parent)| Edge { child: DocIdx(child), parent: DocIdx(parent) };
        let edges: Vec<Edge> = edges.into_iter().chain(more).map(edge).collect();
        let shape = TreeShape { branching: 3, leaf_size: 4, balance: 1.5, iterations: 5, sample: 50 };
        DocTree::of_hierarchy(&Hierarchy::new(docs.n_rows(), &edges).unwrap(), docs, shape, 7).unwrap()
    }

    fn scores(tree: &DocTree, compared: Compared<'_>, beam: usize) -> Vec<Vec<f32>> {
        let decoder = Decoder::new(tree, compared, Walk { beam, temperature: 0.5 }).unwrap();
        each_row(&decoder, &|_| {}, |_, scores| scores.to_vec()).unwrap()
    }

    /// The probability of a document by its path, node by node: the definition.
    fn probability(tree: &DocTree, compared: Compared<'_>, query: &[f32], doc: DocIdx) -> f64 {
        let exp = |vector: &[f32]| (f64::from(dot(query, vector)) / 0.5).exp();
        let path = tree.path(doc);
        let step = |(at, node): (usize, &NodeIdx)| {
            let node = tree.node(*node);
            let children: f64 = node.children.iter().map(|child| exp(compared.nodes.row(child.at()))).sum();
            let docs: f64 = node.docs.iter().map(|doc| exp(compared.docs.row(doc.at()))).sum();
            let next =
                path.get(at + 1).map_or(compared.docs.row(doc.at()), |next| compared.nodes.row(next.at()));
            exp(next) / (children + docs)
        };
        path.iter().enumerate().map(step).product()
    }

    #[test]
    fn an_unbounded_beam_gives_the_hierarchical_softmax() {
        let (queries, docs) = (random(4, 1), random(80, 2));
        let tree = tree(&docs);
        let compared = Compared { queries: &queries, nodes: &tree.centroids(), docs: &docs };
        for (row, scores) in scores(&tree, compared, usize::MAX).iter().enumerate() {
            let mut sum = 0.0;
            for (doc, score) in (0..).map(DocIdx).zip(scores) {
                let expected = probability(&tree, compared, queries.row(row), doc);
                assert!((f64::from(*score) - expected.ln()).abs() < 1e-4, "{doc:?}");
                sum += f64::from(*score).exp();
            }
            assert!((sum - 1.0).abs() < 1e-4, "{sum}");
        }
    }

    #[test]
    fn a_narrow_beam_reaches_a_part_and_scores_it_alike() {
        let (queries, docs) = (random(4, 1), random(80, 2));
        let tree = tree(&docs);
        let compared = Compared { queries: &queries, nodes: &tree.centroids(), docs: &docs };
        let (all, some) = (scores(&tree, compared, usize::MAX), scores(&tree, compared, 1));
        for (all, some) in all.iter().zip(some) {
            let reached: Vec<usize> = (0..80).filter(|doc| some[*doc] != NOT_FOUND).collect();
            assert!(!reached.is_empty() && reached.len() < 50, "{}", reached.len());
            assert!(reached.iter().all(|doc| some[*doc] == all[*doc]));
        }
    }

    #[test]
    fn a_query_has_the_same_scores_whatever_is_asked_with_it() {
        let (queries, docs) = (random(4, 1), random(80, 2));
        let tree = tree(&docs);
        let compared = Compared { queries: &queries, nodes: &tree.centroids(), docs: &docs };
        let decoder = Decoder::new(&tree, compared, Walk { beam: 2, temperature: 0.5 }).unwrap();
        let (mut all, mut one) = (vec![0.0; 4 * 80], vec![f32::NAN; 80]);
        decoder.score(0..4, &mut all);
        for row in 0..4 {
            decoder.score(row..row + 1, &mut one);
            assert_eq!(one, all[row * 80..(row + 1) * 80]);
        }
    }

    #[test]
    fn documents_outside_of_the_tree_are_not_reached() {
        let (queries, docs) = (random(1, 1), random(20, 2));
        let shape = TreeShape { branching: 3, leaf_size: 2, balance: 1.5, iterations: 5, sample: 50 };
        let within: Vec<DocIdx> = (0..10).map(DocIdx).collect();
        let tree = DocTree::grow_among(&docs, &within, shape, 7).unwrap();
        let found = scores(&tree, Compared { queries: &queries, nodes: &tree.centroids(), docs: &docs }, 99);
        assert!(found[0][..10].iter().all(|score| *score > NOT_FOUND));
        assert_eq!(found[0][10..], [NOT_FOUND; 10]);
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let (queries, docs, other) = (random(1, 1), random(20, 2), Matrix::zeros(20, 4));
        let (tree, walk) = (tree(&docs), Walk { beam: 1, temperature: 1.0 });
        let nodes = tree.centroids();
        let refused = |nodes, docs, walk| {
            Decoder::new(&tree, Compared { queries: &queries, nodes, docs }, walk).unwrap_err().to_string()
        };
        assert_eq!(refused(&nodes, &other, walk), "numbers of a document's vector: expected 5, got 4");
        let few = random(2, 1);
        let message = format!("vectors of nodes: expected {}, got 2", tree.n_slots());
        assert_eq!(refused(&few, &docs, walk), message);
        assert_eq!(refused(&nodes, &few, walk), "vectors of documents, at least: expected 20, got 2");
        assert_eq!(
            refused(&nodes, &docs, Walk { beam: 0, ..walk }),
            "the beam is 0 nodes wide, expected at least 1"
        );
        let message = "the temperature is 0, expected a number above 0; inner products are divided by it";
        assert_eq!(refused(&nodes, &docs, Walk { temperature: 0.0, ..walk }), message);
    }
}
