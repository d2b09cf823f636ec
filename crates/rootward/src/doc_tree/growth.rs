//! Growing trees: what a node would own too much of is divided among children, level by level, down to the leaves.
//!
//! The nodes of a level are divided at the same time, and each draws from a stream of its own, named by its place; so
//! the tree depends on the seed and not on threads.

use rayon::prelude::*;

use super::clustering::cluster;
use super::{DocTree, DocVectors, NodeIdx, TreeError, TreeShape, check_row};
use crate::hierarchy::Hierarchy;
use crate::ids::DocIdx;
use crate::matrix::Matrix;
use crate::random::{Purpose, stream};

/// Documents that a node would own, in ascending order.
type Owned = (NodeIdx, Vec<DocIdx>);

impl DocTree {
    /// The tree of all rows of `vectors`, row `i` being document `i`, by top-down spherical k-means  [HCE §2].
    ///
    /// Only directions count: lengths matter to [`DocTree::means`] alone. Vectors of length zero have none and go
    /// where there is room. Documents of the same direction are divided evenly.
    ///
    /// # Errors
    /// When the shape makes no sense, or a vector is not finite.
    pub fn grow(vectors: &Matrix, shape: TreeShape, seed: u64) -> Result<DocTree, TreeError> {
        let docs: Vec<DocIdx> = (0..vectors.n_rows() as u32).map(DocIdx).collect();
        DocTree::grow_among(vectors, &docs, shape, seed)
    }

    /// As [`DocTree::grow`], of some documents only, in any order.
    ///
    /// # Errors
    /// As there, and when a document is given twice or has no vector.
    pub fn grow_among(
        vectors: &dyn DocVectors,
        docs: &[DocIdx],
        shape: TreeShape,
        seed: u64,
    ) -> Result<DocTree, TreeError> {
        let mut docs = docs.to_vec();
        docs.sort_unstable();
        if let Some(twice) = docs.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(TreeError::Present { doc: twice[0] });
        }
        let mut tree = DocTree::sprout(vectors, &docs, shape, seed)?;
        tree.divide(vec![(DocTree::ROOT, docs)], vectors);
        tree.recount(vectors);
        Ok(tree)
    }

    /// The given hierarchy as a tree: a node for every document that has children, which owns this document and those
    /// of its children that have none.
    ///
    /// A document of several parents stands below the first of them. A single root is the root of the tree; several
    /// hang below it. A node that would own more documents than a leaf may has them clustered below it.
    ///
    /// # Errors
    /// When the shape makes no sense, or a document has no vector or one that is not finite.
    pub fn of_hierarchy(
        hierarchy: &Hierarchy,
        vectors: &Matrix,
        shape: TreeShape,
        seed: u64,
    ) -> Result<DocTree, TreeError> {
        let docs: Vec<DocIdx> = hierarchy.docs().collect();
        let mut tree = DocTree::sprout(vectors, &docs, shape, seed)?;
        let single_root = hierarchy.roots().nth(1).is_none();
        let mut owned: Vec<Owned> = vec![(DocTree::ROOT, Vec::new())];
        let mut node_of = vec![DocTree::ROOT; hierarchy.n_docs()];
        for doc in hierarchy.topological() {
            let above = hierarchy.parents(*doc).first();
            let parent = above.map_or(DocTree::ROOT, |parent| node_of[parent.at()]);
            let stays = hierarchy.children(*doc).is_empty() || (above.is_none() && single_root);
            let node = if stays { parent } else { tree.add_node(parent) };
            node_of[doc.at()] = node;
            owned.resize_with(tree.n_slots(), || (node, Vec::new()));
            owned[node.at()].1.push(*doc);
        }
        owned.iter_mut().for_each(|(_, docs)| docs.sort_unstable());
        tree.divide(owned, vectors);
        tree.recount(vectors);
        Ok(tree)
    }

    /// A root without documents yet, once everything that is to grow below it was found to be in order.
    fn sprout(
        vectors: &dyn DocVectors,
        docs: &[DocIdx],
        shape: TreeShape,
        seed: u64,
    ) -> Result<DocTree, TreeError> {
        shape.check()?;
        if vectors.dim() == 0 {
            return Err(TreeError::NoNumbers);
        }
        let bad = docs.par_iter().find_map_first(|doc| check_row(*doc, vectors).err());
        bad.map_or_else(|| Ok(DocTree::bare(vectors.dim(), shape, seed)), Err)
    }

    /// Makes nodes the owners of documents; below those that would own too many, new nodes own them.
    fn divide(&mut self, mut level: Vec<Owned>, vectors: &dyn DocVectors) {
        let shape = self.shape;
        while !level.is_empty() {
            let (fit, overfull): (Vec<Owned>, Vec<Owned>) =
                level.into_iter().partition(|(_, docs)| docs.len() <= shape.leaf_size);
            fit.into_iter().for_each(|(node, docs)| self.own(node, docs));
            let parts: Vec<Vec<Vec<DocIdx>>> =
                overfull.par_iter().map(|(node, docs)| self.parts(*node, docs, vectors)).collect();
            level = Vec::new();
            for ((parent, _), parts) in overfull.into_iter().zip(parts) {
                level.extend(parts.into_iter().map(|docs| (self.add_node(parent), docs)));
            }
        }
    }

    /// What a node's documents are divided into.
    pub(super) fn parts(&self, node: NodeIdx, docs: &[DocIdx], vectors: &dyn DocVectors) -> Vec<Vec<DocIdx>> {
        cluster(vectors, docs, self.shape, &mut stream(self.seed, Purpose::Cluster { node: node.at() }))
    }
}
