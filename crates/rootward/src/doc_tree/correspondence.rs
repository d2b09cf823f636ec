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

/// Documents of both nodes over documents of either from which one node is taken to be the other: half of them.
///
/// Most nodes of a tree that was grown anew share something with one of the tree before. Where that is less, what was
/// learned of one is wrong for the other, and its new mean is the better beginning.
const ALIKE: f64 = 0.5;

impl DocTree {
    /// For each slot the earlier node that it continues; none where there is no such node, or the slot is vacant.
    ///
    /// Roots continue each other. Other nodes do that share at least half of their documents (those at or below one node
    /// and the other, over those of either): the pair that shares the greatest part comes first, of equal ones that of
    /// the nearest levels, then that of the first nodes; each node is in one pair at most.
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
        shared.chunk_by(|a, b| a == b).map(overlap).filter(|overlap| overlap.jaccard >= ALIKE).collect()
    }
}

/// More in common first, then levels, then places.
fn nearer(a: &Overlap, b: &Overlap) -> Ordering {
    let places = |overlap: &Overlap| (overlap.levels_apart, overlap.node, overlap.earlier);
    b.jaccard.total_cmp(&a.jaccard).then(places(a).cmp(&places(b)))
}
