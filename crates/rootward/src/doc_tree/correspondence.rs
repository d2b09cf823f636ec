//! Which nodes of a tree continue those of an earlier one over the same documents.
//!
//! What was learned for a node is carried over to the node that took its place.

use std::cmp::Ordering;
use std::collections::HashMap;

use rayon::prelude::*;

use super::{DocTree, Node, NodeIdx};

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

    /// The pairs of nodes that share enough. What is counted at a time are the earlier nodes of one node's documents: all
    /// pairs of a deep hierarchy would fill the memory.
    fn overlaps(&self, earlier: &DocTree) -> Vec<Overlap> {
        let (depths, their_depths) = (self.depths(), earlier.depths());
        let members = self.members();
        let of_node = |(node, own): (NodeIdx, &Node)| {
            let mut shared: HashMap<NodeIdx, usize> = HashMap::new();
            for theirs in members.row(node.at()).iter().flat_map(|doc| earlier.path(*doc)) {
                *shared.entry(theirs).or_insert(0) += 1;
            }
            let overlap = |(theirs, n_shared): (NodeIdx, usize)| {
                let either = own.n_docs + earlier.node(theirs).n_docs - n_shared;
                let levels_apart = depths[node.at()].abs_diff(their_depths[theirs.at()]);
                Overlap { node, earlier: theirs, jaccard: n_shared as f64 / either as f64, levels_apart }
            };
            shared.into_iter().map(overlap).filter(|overlap| overlap.jaccard >= ALIKE).collect::<Vec<_>>()
        };
        let nodes: Vec<_> = self.nodes().collect();
        nodes.into_par_iter().flat_map_iter(of_node).collect()
    }
}

/// More in common first, then levels, then places.
fn nearer(a: &Overlap, b: &Overlap) -> Ordering {
    let places = |overlap: &Overlap| (overlap.levels_apart, overlap.node, overlap.earlier);
    b.jaccard.total_cmp(&a.jaccard).then(places(a).cmp(&places(b)))
}
