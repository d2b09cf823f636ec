//! Which leaves are likely to hold a query's best documents.

use std::borrow::Cow;
use std::sync::Arc;

use rayon::prelude::*;
use rootward::matrix::Matrix;
use rootward_kernels::{Packed, Store, Strided, dot, product};

use crate::block::Block;

/// How much a spread counts beside a mean.
const SPREAD: f32 = 2.0;

/// Groups are looked into until they have this many times the leaves that are wanted,
const WIDE: usize = 4;

/// and at least this part of all leaves.
const SHARE: usize = 4;

/// Where the leaves of a tree are.
pub struct Routing {
    dim: usize,
    n_docs: usize,
    n_leaves: usize,
    groups: Nodes,
    /// By group.
    leaves: Vec<Leaves>,
}

/// Nodes that are compared with queries together.
struct Nodes {
    means: Packed,
    spreads: Vec<f32>,
}

/// The leaves of a group.
struct Leaves {
    slots: Vec<u32>,
    nodes: Nodes,
}

/// Sums over the documents of a node.
struct Sums<'a> {
    n_docs: f64,
    vectors: Cow<'a, [f64]>,
    /// Of their squared lengths.
    squares: f64,
}

impl Routing {
    /// The way to the blocks of a tree's nodes, of vectors of `dim` numbers.
    ///
    /// `parents`: by slot the node above, as in an [`Outline`](rootward::doc_tree::Outline).
    ///
    /// # Panics
    /// When there is a block of a slot that the tree does not have.
    pub fn of(dim: usize, parents: &[u32], blocks: &[Option<Arc<Block>>]) -> Self {
        assert!(blocks.len() <= parents.len(), "every block is that of a node");
        let block = |slot: u32| blocks.get(slot as usize).and_then(Option::as_ref);
        let sums = |slot: u32| {
            let block = block(slot).expect("leaves have blocks");
            let (n_docs, vectors) = (block.n_docs() as f64, Cow::from(block.sum()));
            Sums { n_docs, vectors, squares: block.squares() }
        };
        let (groups, n_leaves) = groups(parents, |slot| block(slot).is_some());
        let group = |slots: Vec<u32>| {
            let of_leaves: Vec<Sums<'_>> = slots.iter().map(|slot| sums(*slot)).collect();
            (Sums::joined(&of_leaves, dim), Leaves { slots, nodes: Nodes::of(&of_leaves, dim) })
        };
        let (tops, leaves): (Vec<Sums<'_>>, Vec<Leaves>) = groups.into_par_iter().map(group).unzip();
        let n_docs = blocks.iter().flatten().map(|block| block.n_docs()).sum();
        Routing { dim, n_docs, n_leaves, groups: Nodes::of(&tops, dim), leaves }
    }

    /// How many documents there are in all blocks.
    pub fn n_docs(&self) -> usize {
        self.n_docs
    }

    /// How many leaves there are: nodes that own documents.
    pub fn n_leaves(&self) -> usize {
        self.n_leaves
    }

    /// Slots of the likeliest leaves of each query, the likeliest first and the others in any order.
    pub(crate) fn likeliest(&self, queries: &Matrix, n_leaves: usize) -> Vec<Vec<u32>> {
        assert!(queries.dim() == self.dim, "queries of {} numbers, a tree of {}", queries.dim(), self.dim);
        let norms: Vec<f32> =
            (0..queries.n_rows()).map(|row| dot(queries.row(row), queries.row(row)).sqrt()).collect();
        let wanted = n_leaves.saturating_mul(WIDE).max(self.n_leaves / SHARE);
        let mut asked: Vec<Vec<u32>> = vec![Vec::new(); self.leaves.len()];
        let mut scores = Vec::new();
        self.groups.score(queries.values(), &norms, &mut scores);
        let mut order: Vec<(f32, u32)> = Vec::new();
        for (query, scores) in scores.chunks_exact(self.leaves.len().max(1)).enumerate() {
            order.clear();
            order.extend(scores.iter().copied().zip(0..));
            order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            let mut seen = 0;
            for (_, group) in &order {
                if seen >= wanted {
                    break;
                }
                asked[*group as usize].push(query as u32);
                seen += self.leaves[*group as usize].slots.len();
            }
        }
        let mut found: Vec<Vec<(f32, u32)>> = vec![Vec::new(); queries.n_rows()];
        let (mut rows, mut some) = (Vec::new(), Vec::new());
        for (Leaves { slots, nodes }, asked) in self.leaves.iter().zip(asked) {
            rows.clear();
            some.clear();
            for query in &asked {
                rows.extend_from_slice(queries.row(*query as usize));
                some.push(norms[*query as usize]);
            }
            nodes.score(&rows, &some, &mut scores);
            for (query, scores) in asked.iter().zip(scores.chunks_exact(slots.len())) {
                found[*query as usize].extend(scores.iter().copied().zip(slots.iter().copied()));
            }
        }
        found.into_iter().map(|found| best(found, n_leaves)).collect()
    }
}

/// The best of some nodes, the very best first.
fn best(mut found: Vec<(f32, u32)>, n_leaves: usize) -> Vec<u32> {
    let order = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    if found.len() > n_leaves {
        found.select_nth_unstable_by(n_leaves.max(1) - 1, order);
        found.truncate(n_leaves.max(1));
    }
    if let Some(first) = (0..found.len()).min_by(|a, b| order(&found[*a], &found[*b])) {
        found.swap(0, first);
    }
    found.into_iter().map(|(_, slot)| slot).collect()
}

impl Nodes {
    fn of(sums: &[Sums<'_>], dim: usize) -> Self {
        let rows: Vec<f32> = sums.iter().flat_map(|sums| sums.mean().map(|x| x as f32)).collect();
        let mut means = Packed::default();
        means.pack(dim, sums.len(), Strided::transposed(&rows, dim));
        Nodes { means, spreads: sums.iter().map(Sums::spread).collect() }
    }

    /// Writes how likely each node is for each query, `(queries, nodes)`.
    fn score(&self, queries: &[f32], norms: &[f32], scores: &mut Vec<f32>) {
        let (n_nodes, dim) = (self.spreads.len(), self.means.k());
        scores.clear();
        scores.resize(norms.len() * n_nodes, 0.0);
        product(Store::Set, norms.len(), Strided::rows(queries, dim), &self.means, scores, n_nodes);
        for (scores, norm) in scores.chunks_exact_mut(n_nodes.max(1)).zip(norms) {
            for (score, spread) in scores.iter_mut().zip(&self.spreads) {
                *score += SPREAD * norm * spread;
            }
        }
    }
}

impl Sums<'_> {
    fn joined(parts: &[Sums<'_>], dim: usize) -> Self {
        let (mut n_docs, mut vectors, mut squares) = (0.0, vec![0.0; dim], 0.0);
        for part in parts {
            n_docs += part.n_docs;
            vectors.iter_mut().zip(&*part.vectors).for_each(|(sum, x)| *sum += x);
            squares += part.squares;
        }
        Sums { n_docs, vectors: Cow::from(vectors), squares }
    }

    fn mean(&self) -> impl Iterator<Item = f64> {
        let n_docs = self.n_docs.max(1.0);
        self.vectors.iter().map(move |x| x / n_docs)
    }

    /// The deviation of documents from their mean along any one direction.
    fn spread(&self) -> f32 {
        let square: f64 = self.mean().map(|x| x * x).sum();
        let variance = (self.squares / self.n_docs.max(1.0) - square).max(0.0);
        (variance / self.vectors.len().max(1) as f64).sqrt() as f32
    }
}

/// Leaves in groups: those below a node, where these are not too many, or of small nodes that are siblings.
fn groups(parents: &[u32], has_block: impl Fn(u32) -> bool) -> (Vec<Vec<u32>>, usize) {
    let mut below: Vec<Vec<u32>> = vec![Vec::new(); parents.len()];
    let n_leaves = (0..parents.len() as u32).filter(|slot| has_block(*slot)).count();
    let side = (n_leaves as f64).sqrt().ceil() as usize;
    let mut groups = Vec::new();
    for slot in upwards(parents) {
        let mut leaves = std::mem::take(&mut below[slot as usize]);
        if has_block(slot) {
            leaves.push(slot);
        }
        let Some(above) = below.get_mut(parents[slot as usize] as usize) else {
            groups.extend(leaves.chunks(side.max(1)).map(<[u32]>::to_vec));
            continue;
        };
        // Large enough to stand alone; smaller ones join their siblings'.
        if leaves.len() > side / 2 {
            groups.push(leaves);
        } else {
            above.extend(leaves);
        }
    }
    (groups, n_leaves)
}

/// The nodes of a tree, children before their parents.
fn upwards(parents: &[u32]) -> Vec<u32> {
    let mut children: Vec<Vec<u32>> = vec![Vec::new(); parents.len()];
    for (slot, parent) in (0u32..).zip(parents) {
        if let Some(children) = children.get_mut(*parent as usize) {
            children.push(slot);
        }
    }
    let mut order = vec![0];
    let mut done = 0;
    while let Some(node) = order.get(done) {
        order.extend_from_slice(&children[*node as usize]);
        done += 1;
    }
    order.reverse();
    order
}
