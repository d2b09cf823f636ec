//! Finding the way down the tree, and letting documents move to where it leads.
//!
//! A beam search keeps the best few nodes of each level by inner product with their centroids; of all the nodes met
//! that own documents, or have nothing below them, the best is a vector's home. When an encoder learns, vectors move:
//! centroids follow, documents change homes, and nodes stay what they are.

use std::cmp::Ordering;

use rayon::prelude::*;
use rootward_kernels::{Packed, Store, Strided, dot, product};

use super::{DocTree, DocVectors, Node, NodeIdx};
use crate::ids::DocIdx;
use crate::matrix::Matrix;

/// Vectors that go down together.
const TOGETHER: usize = 512;

/// A node and its inner product with what was asked for.
#[derive(Clone, Copy, Debug)]
struct Scored {
    node: NodeIdx,
    score: f32,
}

/// How many documents are no longer where the way down the tree leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drift {
    /// Documents whose best home is another.
    pub moved: usize,
    /// Documents of the tree.
    pub of: usize,
}

impl Drift {
    /// The share of documents that moved; 0 of an empty tree.
    pub fn share(self) -> f64 {
        if self.of == 0 { 0.0 } else { self.moved as f64 / self.of as f64 }
    }
}

impl DocTree {
    /// The best home of each row, by beam search from the root.
    ///
    /// `beam`: how many nodes of a level are looked below, at least 1. Of equal nodes the first is taken.
    ///
    /// # Panics
    /// When vectors are of another width than the tree's.
    pub fn route(&self, vectors: &Matrix, beam: usize) -> Vec<NodeIdx> {
        assert_eq!(vectors.dim(), self.dim, "vectors and the tree have one dim");
        let parts = vectors.values().par_chunks(TOGETHER * self.dim);
        parts.flat_map_iter(|rows| self.best_homes(rows, beam)).collect()
    }

    /// The best home of each of some documents, which need not be in the tree: see [`DocTree::route`].
    ///
    /// # Panics
    /// When a document has no vector, or one of another width than the tree's.
    pub fn homes_for(&self, docs: &[DocIdx], vectors: &dyn DocVectors, beam: usize) -> Vec<NodeIdx> {
        assert_eq!(vectors.dim(), self.dim, "vectors and the tree have one dim");
        let homes = |docs: &[DocIdx]| {
            let rows: Vec<f32> = docs.iter().flat_map(|doc| vectors.row(*doc)).copied().collect();
            self.best_homes(&rows, beam)
        };
        docs.par_chunks(TOGETHER).flat_map_iter(homes).collect()
    }

    /// Whether a node is one that documents go to: it owns some, or nothing is below it. A vacant slot is none.
    pub fn is_home(&self, node: NodeIdx) -> bool {
        let node = self.nodes.get(node.at()).and_then(Option::as_ref);
        node.is_some_and(|node| !node.docs.is_empty() || node.children.is_empty())
    }

    /// How many documents the way down the tree leads elsewhere than home, given vectors as they are now.
    ///
    /// A few do so in a tree that was just grown: those whom a full child turned away, and those that a narrow beam
    /// misses.
    ///
    /// # Panics
    /// When a document of the tree has no vector, or vectors are of another width.
    pub fn drift(&self, vectors: &dyn DocVectors, beam: usize) -> Drift {
        let docs = self.docs();
        let at: Vec<DocIdx> = docs.iter().map(|(doc, _)| *doc).collect();
        let homes = self.homes_for(&at, vectors, beam);
        let moved = docs.iter().zip(homes).filter(|((_, home), best)| home != best);
        Drift { moved: moved.count(), of: docs.len() }
    }

    /// Mean cosine of the documents with the centroid of the node that owns them, given vectors as they are now: how tight
    /// the leaves are. A document whose vector is zero has 0, an empty tree 0.
    ///
    /// # Panics
    /// When a document of the tree has no vector, or vectors are of another width.
    pub fn mean_cosine(&self, vectors: &dyn DocVectors) -> f64 {
        let centroids = self.centroids(); // (slots, dim)
        let dot =
            |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
        let cosine = |doc: &DocIdx, centroid: &[f32]| {
            let vector = vectors.row(*doc);
            let length = dot(vector, vector).sqrt();
            if length > 0.0 { dot(vector, centroid) / length } else { 0.0 }
        };
        let nodes: Vec<(NodeIdx, &Node)> = self.nodes().collect();
        let of_node = |(at, node): &(NodeIdx, &Node)| {
            node.docs.iter().map(|doc| cosine(doc, centroids.row(at.at()))).sum::<f64>()
        };
        // Collected first: the order of the additions must not depend on threads.
        let sums: Vec<f64> = nodes.par_iter().map(of_node).collect();
        sums.iter().sum::<f64>() / (self.n_docs() as f64).max(1.0)
    }

    /// Lets centroids follow vectors that moved, then documents go to better homes where there is room; how many went.
    ///
    /// `mean = momentum · old + (1 - momentum) · new`, of the documents that are there in the end: `momentum` 0 takes the
    /// means of the vectors as they are now, 1 leaves all means as they were. Who gains most goes first, and as often as
    /// somebody left room the others are asked again. Nodes keep their [`NodeIdx`]; those that everybody left vanish.
    ///
    /// # Panics
    /// When a document of the tree has no vector or one that is not finite, vectors are of another width, or `momentum`
    /// is not from 0 to 1.
    pub fn reassign(&mut self, vectors: &Matrix, momentum: f32, beam: usize) -> usize {
        assert!((0.0..=1.0).contains(&momentum), "momentum is from 0 to 1");
        assert_eq!(vectors.dim(), self.dim, "vectors and the tree have one dim");
        let docs = self.docs();
        let finite = |doc: DocIdx| vectors.row(doc.at()).iter().all(|x| x.is_finite());
        assert!(docs.par_iter().all(|(doc, _)| finite(*doc)), "every vector is finite");
        let old = self.exact_means();
        self.follow(vectors, &old, momentum);
        let left = self.migrate(self.wishes(&docs, vectors, beam));
        self.count();
        self.follow(vectors, &old, momentum);
        // Who went twice went once.
        let moved = left.chunk_by(|(doc, _), (next, _)| doc == next).count();
        self.prune(left.into_iter().map(|(_, from)| from).collect());
        moved
    }

    /// The mean of each slot, `(n_slots, dim)`.
    fn exact_means(&self) -> Vec<f64> {
        let mut means = self.sums.clone();
        for (mean, node) in means.chunks_exact_mut(self.dim).zip(&self.nodes) {
            let n_docs = node.as_ref().map_or(0, |node| node.n_docs).max(1) as f64;
            mean.iter_mut().for_each(|x| *x /= n_docs);
        }
        means
    }

    /// Moves every mean from an old one towards that of the vectors at or below the node.
    fn follow(&mut self, vectors: &Matrix, old: &[f64], momentum: f32) {
        let momentum = f64::from(momentum);
        let mut sums = self.sums_of(vectors);
        let slots = sums.chunks_exact_mut(self.dim).zip(old.chunks_exact(self.dim)).zip(&self.nodes);
        for ((sum, old), node) in slots {
            let n_docs = node.as_ref().map_or(0, |node| node.n_docs) as f64;
            for (sum, old) in sum.iter_mut().zip(old) {
                *sum = momentum * n_docs * old + (1.0 - momentum) * *sum;
            }
        }
        self.sums = sums;
        self.refresh_all();
    }

    /// All documents with their homes, in ascending order.
    pub(super) fn docs(&self) -> Vec<(DocIdx, NodeIdx)> {
        (0..).zip(&self.homes).filter_map(|(doc, home)| Some((DocIdx(doc), (*home)?))).collect()
    }

    /// The best home of a vector.
    pub(super) fn best_home(&self, vector: &[f32], beam: usize) -> NodeIdx {
        let mut best: Option<Scored> = None;
        self.descend(vector, beam, |met| {
            if best.is_none_or(|best| better(&met, &best).is_lt()) {
                best = Some(met);
            }
        });
        best.expect("every way down ends at a node with nothing below it").node
    }

    /// The best homes of the rows of a part, `(rows, dim)`: those who look below one node do so together.
    fn best_homes(&self, rows: &[f32], beam: usize) -> Vec<NodeIdx> {
        let (dim, n_rows) = (self.dim, rows.len() / self.dim);
        let row = |at: u32| &rows[at as usize * dim..][..dim];
        let root = |at: u32| vec![Scored { node: Self::ROOT, score: dot(row(at), self.unit(Self::ROOT)) }];
        let mut level: Vec<Vec<Scored>> = (0..n_rows as u32).map(root).collect();
        let mut best: Vec<Option<Scored>> = vec![None; n_rows];
        let (mut asked, mut some, mut units, mut scores) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut packed = Packed::default();
        loop {
            asked.clear();
            for ((at, met), best) in (0u32..).zip(&mut level).zip(&mut best) {
                let homes = met.iter().filter(|met| self.is_home(met.node)).chain(best.iter());
                *best = homes.min_by(|a, b| better(a, b)).copied();
                self.keep_best(met, beam);
                asked.extend(met.drain(..).map(|met| (met.node, at)));
            }
            if asked.is_empty() {
                break;
            }
            asked.sort_unstable();
            for who in asked.chunk_by(|a, b| a.0 == b.0) {
                let children = &self.node(who[0].0).children;
                some.clear();
                units.clear();
                who.iter().for_each(|(_, at)| some.extend_from_slice(row(*at)));
                children.iter().for_each(|child| units.extend_from_slice(self.unit(*child)));
                packed.pack(dim, children.len(), Strided::transposed(&units, dim)); // (dim, children)
                scores.clear();
                scores.resize(who.len() * children.len(), 0.0);
                let rows = Strided::rows(&some, dim);
                product(Store::Set, who.len(), rows, &packed, &mut scores, children.len());
                for ((_, at), scores) in who.iter().zip(scores.chunks_exact(children.len())) {
                    let met = children
                        .iter()
                        .zip(scores)
                        .map(|(node, score)| Scored { node: *node, score: *score });
                    level[*at as usize].extend(met);
                }
            }
        }
        best.into_iter().map(|best| best.expect("every way down ends at a home").node).collect()
    }

    /// Keeps the best nodes with something below them.
    fn keep_best(&self, met: &mut Vec<Scored>, beam: usize) {
        met.retain(|met| !self.node(met.node).children.is_empty());
        if met.len() > beam.max(1) {
            met.select_nth_unstable_by(beam.max(1) - 1, better);
            met.truncate(beam.max(1));
        }
    }

    /// Calls `visit` with every home that a beam search from the root meets.
    fn descend(&self, vector: &[f32], beam: usize, mut visit: impl FnMut(Scored)) {
        let scored = |node: NodeIdx| Scored { node, score: dot(vector, self.unit(node)) };
        let mut level = vec![scored(Self::ROOT)];
        while !level.is_empty() {
            level.iter().filter(|met| self.is_home(met.node)).for_each(|met| visit(*met));
            self.keep_best(&mut level, beam);
            level = level
                .iter()
                .flat_map(|met| &self.node(met.node).children)
                .map(|node| scored(*node))
                .collect();
        }
    }

    /// The documents with better homes than theirs, these best first; in the order of what they gain by the best.
    fn wishes(&self, docs: &[(DocIdx, NodeIdx)], vectors: &Matrix, beam: usize) -> Vec<Wish> {
        let wish = |(doc, home): &(DocIdx, NodeIdx)| {
            let vector = vectors.row(doc.at());
            let here = Scored { node: *home, score: dot(vector, self.unit(*home)) };
            let mut homes = Vec::new();
            self.descend(vector, beam, |met| {
                if better(&met, &here).is_lt() {
                    homes.push(met);
                }
            });
            homes.sort_unstable_by(better);
            homes.truncate(beam.max(1));
            let gain = homes.first()?.score - here.score;
            Some(Wish { doc: *doc, gain, homes: homes.into_iter().map(|met| met.node).collect() })
        };
        let mut wishes: Vec<Wish> = docs.par_iter().with_min_len(64).filter_map(wish).collect();
        wishes.sort_unstable_by(|a, b| b.gain.total_cmp(&a.gain).then(a.doc.cmp(&b.doc)));
        wishes
    }

    /// Moves documents to the best of the homes they wish for that has room; the homes that
    /// each left, by document. Nothing is counted or added up.
    fn migrate(&mut self, mut wishes: Vec<Wish>) -> Vec<(DocIdx, NodeIdx)> {
        let mut left = Vec::new();
        loop {
            let before: usize = wishes.iter().map(|wish| wish.homes.len()).sum();
            for Wish { doc, homes, .. } in &mut wishes {
                let has_room = |node: &NodeIdx| self.node(*node).docs.len() < self.shape.leaf_size;
                let Some(place) = homes.iter().position(has_room) else { continue };
                let from = self.unseat(*doc);
                self.seat(*doc, homes[place]);
                homes.truncate(place);
                left.push((*doc, from));
            }
            wishes.retain(|wish| !wish.homes.is_empty());
            if wishes.iter().map(|wish| wish.homes.len()).sum::<usize>() == before {
                break;
            }
        }
        left.sort_by_key(|(doc, _)| *doc);
        left
    }
}

/// A document, the homes that are better than its own, best first, and how much better the best is.
struct Wish {
    doc: DocIdx,
    gain: f32,
    homes: Vec<NodeIdx>,
}

/// Greater scores first, then the lesser place.
fn better(a: &Scored, b: &Scored) -> Ordering {
    b.score.total_cmp(&a.score).then(a.node.cmp(&b.node))
}
