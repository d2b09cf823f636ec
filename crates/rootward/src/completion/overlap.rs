//! Which inner documents lie under which others, by the descendants that they share.

use std::collections::HashMap;

use super::is_above;
use crate::hierarchy::{Edge, Hierarchy};
use crate::ids::DocIdx;

/// Edges between documents that share descendants and of which neither is known to be above the other.
///
/// Of the two the one with more descendants is above, of equals the one with fewer ancestors; and it must have at least
/// half of the other's descendants under it. As both numbers grow strictly along every edge, no cycle comes of it.
pub(super) fn edges_below(known: &Hierarchy) -> Vec<Edge> {
    let n_docs = known.n_docs();
    let mut below = vec![0u32; n_docs];
    let mut shared: HashMap<(u32, u32), u32> = HashMap::new();
    let mut above: Vec<u32> = Vec::new();
    let related = |a: u32, b: u32| {
        let (a, b) = (DocIdx(a), DocIdx(b));
        is_above(known, a, b) || is_above(known, b, a)
    };
    let mut unrelated: HashMap<(u32, u32), bool> = HashMap::new();
    for doc in known.docs() {
        above.clear();
        above.extend(known.ancestors(doc)[1..].iter().map(|a| a.doc.0));
        above.sort_unstable();
        above.iter().for_each(|a| below[*a as usize] += 1);
        for (place, &a) in above.iter().enumerate() {
            for &b in &above[place + 1..] {
                if *unrelated.entry((a, b)).or_insert_with(|| !related(a, b)) {
                    *shared.entry((a, b)).or_default() += 1;
                }
            }
        }
    }
    let height = |doc: u32| (below[doc as usize], std::cmp::Reverse(known.ancestors(DocIdx(doc)).len()));
    let mut edges: Vec<Edge> = shared
        .into_iter()
        .filter(|((a, b), _)| height(*a) != height(*b))
        .filter_map(|((a, b), shared)| {
            let (low, high) = if height(a) < height(b) { (a, b) } else { (b, a) };
            let enough = 2 * shared >= below[low as usize];
            enough.then_some(Edge { child: DocIdx(low), parent: DocIdx(high) })
        })
        .collect();
    edges.sort_unstable();
    edges
}
