//! A tree over documents that is learned from their vectors  [HCE §2].
//!
//! Generative retrieval names a document by its way down a tree and chooses among siblings at every step; here the same
//! tree gives a dense encoder its negatives. What always holds: every document of the tree is owned by exactly one
//! node, its home; no node owns more documents than a leaf may; every node but the root has documents at or below it;
//! and a node without documents of its own has at least two children. Children and documents stand in ascending order.
//! A node keeps its [`NodeIdx`] while documents come, go and move, and nothing depends on the number of threads.

mod assignment;
mod change;
mod clustering;
mod correspondence;
pub mod decode;
pub mod describe;
mod growth;
mod routing;
mod saved;
mod vectors;

use std::collections::BTreeSet;

use rayon::prelude::*;
use rootward_kernels::normalise_rows;
use serde::{Deserialize, Serialize};

use crate::ids::DocIdx;
use crate::matrix::Matrix;
use crate::rows::Rows;
use crate::tensors::TensorError;

pub use routing::Drift;
pub use saved::Outline;
pub use vectors::DocVectors;

/// The place of a node in its tree, from 0, which is the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeIdx(pub u32);

impl NodeIdx {
    /// This number as an index into a slice.
    pub fn at(self) -> usize {
        self.0 as usize
    }
}

/// What trees are grown to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreeShape {
    /// The most children of a node that is divided, at least 2.
    pub branching: usize,
    /// The most documents that a node owns, at least 1.
    pub leaf_size: usize,
    /// A child gets at most this many times its equal share of documents; at least 1 and less than `branching`.
    pub balance: f32,
    /// Rounds of k-means at each node, at least 1.
    pub iterations: usize,
    /// The documents per child that a round looks at, all where there are no more; at least 1.
    pub sample: usize,
}

/// A place in the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The node above; none of the root.
    pub parent: Option<NodeIdx>,
    /// The nodes below.
    pub children: Vec<NodeIdx>,
    /// The documents that it owns itself.
    pub docs: Vec<DocIdx>,
    /// How many documents there are at or below it.
    pub n_docs: usize,
}

/// A tree over documents.
#[derive(Clone, Debug, PartialEq)]
pub struct DocTree {
    shape: TreeShape,
    seed: u64,
    dim: usize,
    /// By slot; none where it is vacant.
    nodes: Vec<Option<Node>>,
    vacant: BTreeSet<NodeIdx>,
    /// By document, the node that owns it.
    homes: Vec<Option<NodeIdx>>,
    /// The sums of the vectors at or below each slot, `(n_slots, dim)`; so exact that coming and going leaves no trace.
    sums: Vec<f64>,
    /// The sums on the unit sphere, end to end, `(n_slots, dim)`.
    units: Vec<f32>,
}

/// Documents, vectors or settings of which no tree can be made.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// A setting makes no sense.
    #[error("the tree's {setting} is {found}, expected {expected}")]
    Shape {
        /// Which.
        setting: &'static str,
        /// What makes sense.
        expected: &'static str,
        /// What it is.
        found: f64,
    },
    /// Vectors without numbers.
    #[error("the vectors have 0 numbers, expected at least 1")]
    NoNumbers,
    /// Vectors of another space than the tree's.
    #[error("the vectors have {got} numbers, the tree was grown from vectors of {expected}")]
    Dim {
        /// Of the tree.
        expected: usize,
        /// Of the vectors.
        got: usize,
    },
    /// A document without a vector.
    #[error("document {} has no vector", doc.0)]
    NoVector {
        /// The document.
        doc: DocIdx,
    },
    /// A document without a text.
    #[error("document {} has no text, there are {n_docs}", doc.0)]
    NoText {
        /// The document.
        doc: DocIdx,
        /// How many texts there are.
        n_docs: usize,
    },
    /// A vector holds a NaN or an infinity.
    #[error("the vector of document {} is not finite", doc.0)]
    NotFinite {
        /// The document, and the row of its vector.
        doc: DocIdx,
    },
    /// A document is given a second time.
    #[error("document {} is in the tree already", doc.0)]
    Present {
        /// The document.
        doc: DocIdx,
    },
    /// A document is not in the tree.
    #[error("document {} is not in the tree", doc.0)]
    Absent {
        /// The document.
        doc: DocIdx,
    },
    /// A saved tree cannot be read.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// A saved tree is none.
    #[error("the saved tree is damaged: {what} {at} {problem}; restore it from a copy or grow it again")]
    Damaged {
        /// "node" or "document".
        what: &'static str,
        /// Which one.
        at: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl TreeShape {
    /// Refuses settings that make no sense.
    ///
    /// # Errors
    /// When a setting is out of the range that its description gives.
    pub fn check(self) -> Result<(), TreeError> {
        let at_least = |setting, expected, found: usize, least| {
            if found < least {
                Err(TreeError::Shape { setting, expected, found: found as f64 })
            } else {
                Ok(())
            }
        };
        at_least("branching", "at least 2", self.branching, 2)?;
        at_least("leaf_size", "at least 1", self.leaf_size, 1)?;
        at_least("iterations", "at least 1", self.iterations, 1)?;
        at_least("sample", "at least 1", self.sample, 1)?;
        if !(self.balance >= 1.0 && f64::from(self.balance) < self.branching as f64) {
            let expected = "at least 1 and less than the branching";
            return Err(TreeError::Shape { setting: "balance", expected, found: f64::from(self.balance) });
        }
        Ok(())
    }
}

impl DocTree {
    /// The node above all others.
    pub const ROOT: NodeIdx = NodeIdx(0);

    /// What it was grown to.
    pub fn shape(&self) -> TreeShape {
        self.shape
    }

    /// How many slots there are: every [`NodeIdx`] is below this number, and some may be vacant.
    pub fn n_slots(&self) -> usize {
        self.nodes.len()
    }

    /// All nodes, parents before children.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeIdx, &Node)> {
        self.order().into_iter().map(|node| (node, self.node(node)))
    }

    /// One node.
    ///
    /// # Panics
    /// When its slot is vacant or there is no such slot.
    pub fn node(&self, node: NodeIdx) -> &Node {
        self.nodes[node.at()].as_ref().expect("a node that is asked for is there")
    }

    /// The documents that a node owns itself; none where its slot is vacant.
    pub fn owned(&self, node: NodeIdx) -> &[DocIdx] {
        self.nodes.get(node.at()).and_then(Option::as_ref).map_or(&[], |node| &node.docs)
    }

    /// How many documents there are.
    pub fn n_docs(&self) -> usize {
        self.node(Self::ROOT).n_docs
    }

    /// How many numbers a vector has.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Steps down from the root to the deepest node; 0 where the root is the only one.
    pub fn depth(&self) -> usize {
        self.depths().into_iter().max().unwrap_or(0)
    }

    /// The node that owns a document; none where it is not in the tree.
    pub fn home(&self, doc: DocIdx) -> Option<NodeIdx> {
        self.homes.get(doc.at()).copied().flatten()
    }

    /// The nodes from the root to a document's home; none where it is not in the tree.
    pub fn path(&self, doc: DocIdx) -> Vec<NodeIdx> {
        let mut path: Vec<NodeIdx> =
            std::iter::successors(self.home(doc), |node| self.node(*node).parent).collect();
        path.reverse();
        path
    }

    /// The documents at or below each slot, ascending.
    fn members(&self) -> Rows<DocIdx> {
        let docs = (0..self.homes.len() as u32).map(DocIdx);
        let pairs: Vec<(usize, DocIdx)> =
            docs.flat_map(|doc| self.path(doc).into_iter().map(move |node| (node.at(), doc))).collect();
        Rows::group(self.n_slots(), pairs.iter().copied())
    }

    /// The mean of the vectors at or below each node, as they were given, `(n_slots, dim)`; zeros where it is vacant.
    pub fn means(&self) -> Matrix {
        let mut means = Matrix::zeros(self.n_slots(), self.dim);
        for (node, Node { n_docs, .. }) in self.nodes().filter(|(_, node)| node.n_docs > 0) {
            let sum = &self.sums[node.at() * self.dim..][..self.dim];
            for (mean, sum) in means.row_mut(node.at()).iter_mut().zip(sum) {
                *mean = (sum / *n_docs as f64) as f32;
            }
        }
        means
    }

    /// [`DocTree::means`] on the unit sphere; zeros where a mean is zero.
    pub fn centroids(&self) -> Matrix {
        Matrix::new(self.n_slots(), self.dim, self.units.clone()).expect("a slot has a centroid")
    }

    /// A root without documents.
    fn bare(dim: usize, shape: TreeShape, seed: u64) -> Self {
        let root = Node { parent: None, children: Vec::new(), docs: Vec::new(), n_docs: 0 };
        let vacant = BTreeSet::new();
        let (sums, units) = (vec![0.0; dim], vec![0.0; dim]);
        DocTree { shape, seed, dim, nodes: vec![Some(root)], vacant, homes: Vec::new(), sums, units }
    }

    fn node_mut(&mut self, node: NodeIdx) -> &mut Node {
        self.nodes[node.at()].as_mut().expect("a node that is changed is there")
    }

    /// All nodes, parents before children, by level.
    fn order(&self) -> Vec<NodeIdx> {
        let mut order = vec![Self::ROOT];
        let mut done = 0;
        while let Some(node) = order.get(done) {
            order.extend(&self.node(*node).children);
            done += 1;
        }
        order
    }

    /// Steps down from the root to each node; 0 of a vacant slot.
    fn depths(&self) -> Vec<usize> {
        let mut depths = vec![0; self.n_slots()];
        for (at, node) in self.nodes() {
            depths[at.at()] = node.parent.map_or(0, |parent| depths[parent.at()] + 1);
        }
        depths
    }

    /// A new node without documents, in the first vacant slot.
    fn add_node(&mut self, parent: NodeIdx) -> NodeIdx {
        let slot = self.vacant.pop_first().unwrap_or_else(|| {
            self.nodes.push(None);
            self.sums.resize(self.nodes.len() * self.dim, 0.0);
            self.units.resize(self.nodes.len() * self.dim, 0.0);
            NodeIdx(
                u32::try_from(self.nodes.len() - 1).expect("a tree has fewer nodes than twice its documents"),
            )
        });
        self.nodes[slot.at()] =
            Some(Node { parent: Some(parent), children: Vec::new(), docs: Vec::new(), n_docs: 0 });
        let siblings = &mut self.node_mut(parent).children;
        siblings.insert(siblings.partition_point(|sibling| *sibling < slot), slot);
        slot
    }

    /// Makes a node the owner of documents, given in ascending order.
    fn own(&mut self, node: NodeIdx, docs: Vec<DocIdx>) {
        if let Some(last) = docs.last() {
            self.homes.resize(self.homes.len().max(last.at() + 1), None);
        }
        for doc in &docs {
            self.homes[doc.at()] = Some(node);
        }
        self.node_mut(node).docs = docs;
    }

    /// Counts the documents at or below every node.
    fn count(&mut self) {
        for node in self.order().into_iter().rev() {
            let Node { children, docs, .. } = self.node(node);
            let below: usize = children.iter().map(|child| self.node(*child).n_docs).sum();
            self.node_mut(node).n_docs = below + docs.len();
        }
    }

    /// Counts and adds up what is at or below every node.
    fn recount(&mut self, vectors: &dyn DocVectors) {
        self.count();
        self.sums = self.sums_of(vectors);
        self.refresh_all();
    }

    /// The sums of the vectors at or below each node, `(n_slots, dim)`.
    fn sums_of(&self, vectors: &dyn DocVectors) -> Vec<f64> {
        let dim = self.dim;
        let mut sums = vec![0.0; self.n_slots() * dim];
        sums.par_chunks_mut(dim).zip(&self.nodes).for_each(|(sum, node)| {
            for doc in node.iter().flat_map(|node| &node.docs) {
                add(vectors.row(*doc), sum);
            }
        });
        for node in self.order().into_iter().rev() {
            let Some(parent) = self.node(node).parent else { continue };
            for at in 0..dim {
                sums[parent.at() * dim + at] += sums[node.at() * dim + at];
            }
        }
        sums
    }

    /// Puts all centroids where their sums are.
    fn refresh_all(&mut self) {
        self.units.resize(self.sums.len(), 0.0);
        self.units.par_chunks_mut(self.dim).zip(self.sums.par_chunks(self.dim)).for_each(|(unit, sum)| {
            to_sphere(sum, unit);
        });
    }

    /// Puts one centroid where its sum is.
    fn refresh(&mut self, node: NodeIdx) {
        let place = node.at() * self.dim..(node.at() + 1) * self.dim;
        to_sphere(&self.sums[place.clone()], &mut self.units[place]);
    }

    /// The direction of a node.
    fn unit(&self, node: NodeIdx) -> &[f32] {
        &self.units[node.at() * self.dim..(node.at() + 1) * self.dim]
    }

    /// Refuses a document without a vector that is fit for this tree.
    fn check_vector(&self, doc: DocIdx, vectors: &dyn DocVectors) -> Result<(), TreeError> {
        if vectors.dim() != self.dim {
            return Err(TreeError::Dim { expected: self.dim, got: vectors.dim() });
        }
        check_row(doc, vectors)
    }
}

/// Refuses a document whose vector is not there or not finite.
fn check_row(doc: DocIdx, vectors: &dyn DocVectors) -> Result<(), TreeError> {
    let vector = vectors.vector(doc).ok_or(TreeError::NoVector { doc })?;
    if !vector.iter().all(|x| x.is_finite()) {
        return Err(TreeError::NotFinite { doc });
    }
    Ok(())
}

/// Adds a vector to a sum.
fn add(vector: &[f32], sum: &mut [f64]) {
    for (sum, x) in sum.iter_mut().zip(vector) {
        *sum += f64::from(*x);
    }
}

/// Writes the direction of a sum; zeros where it has none.
fn to_sphere(sum: &[f64], unit: &mut [f32]) {
    // The greatest number becomes 1 first, so that no square leaves the range of f32.
    let greatest = sum.iter().fold(0.0f64, |greatest, x| greatest.max(x.abs()));
    let scale = if greatest > f64::from(f32::MIN_POSITIVE) { 1.0 / greatest } else { 0.0 };
    for (unit, x) in unit.iter_mut().zip(sum) {
        *unit = (x * scale) as f32;
    }
    normalise_rows(unit, sum.len(), &mut [0.0]);
}

#[cfg(test)]
mod tests;
