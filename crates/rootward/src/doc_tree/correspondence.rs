//! Which nodes of a tree continue those of an earlier one over the same documents.
//!
//! What was learned for a node is carried over to the node that took its place.

use std::cmp::Ordering;

use super::{DocTree, NodeIdx};
use crate::ids::DocIdx;

/// Two nodes, one of each tree, that have documents in common.
struct Overlap {
    node: NodeIdx,
    earlier: NodeIdx,
    /// Documents of both over documents of either, at or below.
    jaccard: f64,
    /// By how many levels they differ.
    levels_apart: usize,
}

impl DocTree {
    /// For each slot the earlier node that it continues; none where there is no such node, or the slot is vacant.
    ///
    /// Roots continue each other. Of all other pairs the one that shares the greatest part of its documents comes first
    /// (those at or below one node and the other, over those of either), of equal ones that of the nearest levels, then
    /// that of the first nodes; each node is in one pair at most.
    pub fn continues(&self, earlier: &DocTree) -> Vec<Option<NodeIdx>> {
        let mut overlaps = self.overlaps(earlier);
        overlaps.sort_unstable_by(nearer);
        let mut continued = vec![None; self.n_slots()];
        let mut taken = vec![false; earlier.n_slots()];
        continued[Self::ROOT.at()] = Some(Self::ROOT);
        taken[Self::ROOT.at()] = true;
        for Overlap { node, earlier, .. } in overlaps {
            if continued[node.at()].is_none() && !taken[earlier.at()] {
                continued[node.at()] = Some(earlier);
                taken[earlier.at()] = true;
            }
        }
        continued
    }

    fn overlaps(&self, earlier: &DocTree) -> Vec<Overlap> {
        let mut shared: Vec<(NodeIdx, NodeIdx)> = Vec::new();
        for doc in (0..self.homes.len() as u32).map(DocIdx) {
            let theirs = earlier.path(doc);
            for node in self.path(doc) {
                shared.extend(theirs.iter().map(|earlier| (node, *earlier)));
            }
        }
        shared.sort_unstable();
        let (depths, their_depths) = (self.depths(), earlier.depths());
        let overlap = |pairs: &[(NodeIdx, NodeIdx)]| {
            let (node, theirs) = pairs[0];
            let either = self.node(node).n_docs + earlier.node(theirs).n_docs - pairs.len();
            let levels_apart = depths[node.at()].abs_diff(their_depths[theirs.at()]);
            Overlap { node, earlier: theirs, jaccard: pairs.len() as f64 / either as f64, levels_apart }
        };
        shared.chunk_by(|a, b| a == b).map(overlap).collect()
    }
}

/// More in common first, then levels, then places.
fn nearer(a: &Overlap, b: &Overlap) -> Ordering {
    let places = |overlap: &Overlap| (overlap.levels_apart, overlap.node, overlap.earlier);
    b.jaccard.total_cmp(&a.jaccard).then(places(a).cmp(&places(b)))
}
