//! Orders of the documents in which relevant sets are few runs of neighbours: what the dimension of the exact encoder
//! is made of.
//!
//! [`tour`] keeps the descendants of each document together, which in a tree is one run for each. [`blocks`] keeps the
//! ancestors of each document together as far as it can, in blocks whose order is free; [`spread`] uses that freedom to
//! keep those blocks apart on the circle that hold documents of one query.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::f64::consts::PI;

use crate::hierarchy::{Edge, Hierarchy};
use crate::ids::DocIdx;
use crate::rows::Rows;

/// The documents under each document, itself included.
pub(crate) fn descendants(hierarchy: &Hierarchy) -> Rows<u32> {
    let pairs = (0..hierarchy.n_docs() as u32).flat_map(|below| {
        hierarchy.ancestors(DocIdx(below)).iter().map(move |above| (above.doc.at(), below))
    });
    Rows::group(hierarchy.n_docs(), pairs)
}

/// All documents, each followed by what is below it, where it is not below another parent of theirs.
///
/// A document with several parents follows the one with the fewest descendants: its other parents' descendants are cut
/// into one run more, and those with many are likely to be ancestors of the one chosen, which have it in their run.
pub(crate) fn tour(hierarchy: &Hierarchy, below: &Rows<u32>) -> Vec<u32> {
    let size = |doc: &DocIdx| below.row(doc.at()).len();
    let chosen = |child: DocIdx| hierarchy.parents(child).iter().copied().min_by_key(size);
    let mut order = Vec::with_capacity(hierarchy.n_docs());
    let mut waiting: Vec<DocIdx> = hierarchy.roots().collect();
    waiting.reverse();
    while let Some(doc) = waiting.pop() {
        order.push(doc.0);
        let children = hierarchy.children(doc).iter().rev();
        waiting.extend(children.filter(|child| chosen(**child) == Some(doc)));
    }
    order
}

/// All documents in blocks, so that the ancestors of any document fill one run of each of few blocks.
///
/// A block rises along edges from a document to a summit and falls again. What is above an ancestor is an ancestor too,
/// so those of a query that are in a block reach from the summit some way down on either side: one run. Every edge that
/// is taken saves a run to each query at or below the child. Edges are taken greedily by what they save, where a query
/// counts `base` times as much for each run more that it has: `base` says how much the worst query matters.
pub(crate) fn blocks(hierarchy: &Hierarchy, below: &Rows<u32>, base: f64) -> Vec<Vec<u32>> {
    let edges: Vec<Edge> = hierarchy.edges().collect();
    let n_runs = |doc| hierarchy.ancestors(DocIdx(doc)).len() as i32;
    let n_docs = hierarchy.n_docs();
    let most = (0..n_docs as u32).map(n_runs).max().unwrap_or(0);
    let mut weight: Vec<f64> = (0..n_docs as u32).map(|doc| base.powi(n_runs(doc) - most)).collect();
    // Bits of non-negative numbers are ordered as the numbers are.
    let saved = |weight: &[f64], edge: Edge| {
        below.row(edge.child.at()).iter().map(|query| weight[*query as usize]).sum::<f64>().to_bits()
    };
    let mut best: BinaryHeap<(u64, Reverse<usize>)> =
        (0..edges.len()).map(|at| (saved(&weight, edges[at]), Reverse(at))).collect();
    let mut slopes = Slopes { up: vec![None; n_docs], down: vec![Vec::new(); n_docs] };
    while let Some((_, Reverse(at))) = best.pop() {
        let edge = edges[at];
        if !slopes.may_take(edge) {
            continue;
        }
        // What an edge saves only falls as others are taken: it is worked out again when it is met.
        let now = saved(&weight, edge);
        if best.peek().is_some_and(|(next, _)| now < *next) {
            best.push((now, Reverse(at)));
            continue;
        }
        slopes.take(edge);
        below.row(edge.child.at()).iter().for_each(|query| weight[*query as usize] /= base);
    }
    slopes.blocks()
}

/// The edges that were taken: at most two at a document, and one of them up. So there is no circle among them, at whose
/// lowest document two would lead up.
struct Slopes {
    up: Vec<Option<DocIdx>>,
    down: Vec<Vec<DocIdx>>,
}

impl Slopes {
    fn may_take(&self, Edge { child, parent }: Edge) -> bool {
        let n_taken = |doc: DocIdx| self.down[doc.at()].len() + usize::from(self.up[doc.at()].is_some());
        self.up[child.at()].is_none() && n_taken(child) < 2 && n_taken(parent) < 2
    }

    fn take(&mut self, Edge { child, parent }: Edge) {
        self.up[child.at()] = Some(parent);
        self.down[parent.at()].push(child);
    }

    /// The blocks from end to end, by their summits.
    fn blocks(&self) -> Vec<Vec<u32>> {
        let fall = |from: Option<&DocIdx>| {
            std::iter::successors(from.copied(), |doc| self.down[doc.at()].first().copied()).map(|doc| doc.0)
        };
        let summits = (0..self.up.len()).filter(|doc| self.up[*doc].is_none());
        let block = |summit: usize| {
            let mut block: Vec<u32> = fall(self.down[summit].first()).collect();
            block.reverse();
            block.push(summit as u32);
            block.extend(fall(self.down[summit].get(1)));
            block
        };
        summits.map(block).collect()
    }
}

/// What it counts that two blocks with documents of one query share an arc, where they may be any two neighbours.
const SAME_ARC: f64 = 1e6;

/// Blocks in so many arcs of a circle, so that those that one query has documents in are far from each other.
///
/// The polynomial of a query is small near a run of its by the product of `sin²` of half the distances of its other
/// runs. The inverse of that product is kept for each query and arc; blocks go, those of the most queries first, where
/// the sum over their queries is least, and fuller arcs, in which points are nearer to each other, count more.
pub(crate) fn spread(blocks: Vec<Vec<u32>>, below: &Rows<u32>, n_arcs: usize) -> Vec<Vec<u32>> {
    let crowding: Vec<f64> = (0..n_arcs)
        .map(|apart| match apart {
            0 => SAME_ARC,
            _ => (PI * apart as f64 / n_arcs as f64).sin().powi(-2),
        })
        .collect();
    let mut by_use: Vec<(Vec<u32>, Vec<u32>)> =
        blocks.into_iter().map(|block| (users(&block, below), block)).collect();
    by_use.sort_by_key(|(users, _)| Reverse(users.len()));
    let mut smallness = vec![1.0; below.len() * n_arcs]; // (queries, arcs)
    let mut arcs = vec![Vec::new(); n_arcs];
    for (users, block) in by_use {
        let cost = |arc: usize| {
            let smallness: f64 = users.iter().map(|query| smallness[*query as usize * n_arcs + arc]).sum();
            smallness * ((arcs[arc].len() + block.len()) as f64).powi(2)
        };
        let costs: Vec<f64> = (0..n_arcs).map(cost).collect();
        let best = (0..n_arcs).min_by(|a, b| costs[*a].total_cmp(&costs[*b])).expect("there is an arc");
        for query in users {
            let of_query = &mut smallness[query as usize * n_arcs..][..n_arcs];
            of_query.iter_mut().enumerate().for_each(|(arc, value)| *value *= crowding[arc.abs_diff(best)]);
        }
        arcs[best].extend(block);
    }
    arcs
}

/// The queries that have an ancestor among some documents, in ascending order.
fn users(docs: &[u32], below: &Rows<u32>) -> Vec<u32> {
    let mut users: Vec<u32> = docs.iter().flat_map(|doc| below.row(*doc as usize)).copied().collect();
    users.sort_unstable();
    users.dedup();
    users
}
