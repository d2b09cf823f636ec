//! Documents and the edges between them, sound but without the ancestors that follow from them.
//!
//! An importer of many millions of edges needs no more than this; [`Hierarchy`](super::Hierarchy) adds the ancestors.

mod ready;

use super::{Edge, HierarchyError, refuse_if_too_many};
use crate::ids::DocIdx;
use crate::rows::Rows;
use ready::Ready;

/// A directed acyclic graph over documents `0..n_docs`; a document may have several parents, or none.
#[derive(Clone, Debug)]
pub struct Graph {
    parents: Rows<DocIdx>,
    children: Rows<DocIdx>,
    topological: Vec<DocIdx>,
    /// Where each document stands in `topological`.
    rank: Vec<u32>,
}

impl Graph {
    /// The graph of the given edges over documents `0..n_docs`, whatever the order of the edges.
    ///
    /// # Errors
    /// When an edge leads to no document, repeats another or joins a document to itself, and when the edges form a
    /// cycle.
    ///
    /// # Panics
    /// When `n_docs` is more than `u32::MAX`.
    pub fn new(n_docs: usize, edges: &[Edge]) -> Result<Self, HierarchyError> {
        let parents = all_parents(n_docs, edges)?;
        if repeated(&parents).next().is_some() {
            return Err(first_repetition(edges));
        }
        Graph::of(parents)
    }

    /// The graph of the given edges, of which some may be repeated, and the repetitions, by child, then by parent.
    ///
    /// # Errors
    /// As [`Graph::new`], but for repetitions.
    ///
    /// # Panics
    /// When `n_docs` is more than `u32::MAX`.
    pub fn merged(n_docs: usize, edges: &[Edge]) -> Result<(Self, Vec<Edge>), HierarchyError> {
        let mut parents = all_parents(n_docs, edges)?;
        let repeated: Vec<Edge> = repeated(&parents).collect();
        if !repeated.is_empty() {
            let mut distinct = Rows::empty();
            for row in parents.iter() {
                distinct.push(row.chunk_by(|one, next| one == next).map(|same| same[0]));
            }
            parents = distinct;
        }
        Ok((Graph::of(parents)?, repeated))
    }

    /// The graph in which each document has these parents, sorted and each of them once.
    fn of(parents: Rows<DocIdx>) -> Result<Self, HierarchyError> {
        let children =
            Rows::group(parents.len(), steps(&parents).map(|(child, parent)| (parent.at(), child)));
        let topological = topological_order(&parents, &children)?;
        let mut rank = vec![0; parents.len()];
        for (place, doc) in (0..).zip(&topological) {
            rank[doc.at()] = place;
        }
        Ok(Graph { parents, children, topological, rank })
    }

    /// Where a document stands in the topological order.
    pub(crate) fn rank(&self, doc: DocIdx) -> usize {
        self.rank[doc.at()] as usize
    }

    /// How many documents there are, those without an edge included.
    pub fn n_docs(&self) -> usize {
        self.parents.len()
    }

    /// How many edges there are.
    pub fn n_edges(&self) -> usize {
        self.parents.values().len()
    }

    /// All edges, by child, then by parent.
    pub fn edges(&self) -> impl Iterator<Item = Edge> + '_ {
        self.docs().flat_map(|child| self.parents(child).iter().map(move |&parent| Edge { child, parent }))
    }

    /// The documents one step up, in ascending order.
    ///
    /// # Panics
    /// When there is no such document.
    pub fn parents(&self, doc: DocIdx) -> &[DocIdx] {
        self.parents.row(doc.at())
    }

    /// The documents one step down, in ascending order.
    ///
    /// # Panics
    /// When there is no such document.
    pub fn children(&self, doc: DocIdx) -> &[DocIdx] {
        self.children.row(doc.at())
    }

    /// All documents, parents before children; of those whose parents have all come, the least comes next.
    pub fn topological(&self) -> &[DocIdx] {
        &self.topological
    }

    /// The documents without a parent, in ascending order.
    pub fn roots(&self) -> impl Iterator<Item = DocIdx> + '_ {
        self.docs().filter(|doc| self.parents(*doc).is_empty())
    }

    /// The documents without a child, in ascending order; one without any edge is a root and a leaf.
    pub fn leaves(&self) -> impl Iterator<Item = DocIdx> + '_ {
        self.docs().filter(|doc| self.children(*doc).is_empty())
    }

    /// That there are too many ancestors to list, where that can be seen without listing them: a document has at
    /// least as many as the longest way up from it has edges, and in a tree it has no others.
    ///
    /// # Errors
    /// When at least so many are more than [`Hierarchy::of`](super::Hierarchy::of) lists.
    pub fn refuse_if_too_deep(&self) -> Result<(), HierarchyError> {
        let mut longest = vec![1u32; self.n_docs()];
        for doc in &self.topological {
            let above = self.parents(*doc).iter().map(|parent| longest[parent.at()]).max();
            longest[doc.at()] = 1 + above.unwrap_or(0);
        }
        refuse_if_too_many(longest.into_iter().map(u64::from).sum())
    }

    /// All documents, in ascending order.
    pub fn docs(&self) -> impl Iterator<Item = DocIdx> + use<> {
        let n_docs = u32::try_from(self.n_docs()).expect("`new` has numbered them in 32 bits");
        (0..n_docs).map(DocIdx)
    }
}

/// The parents of each document in ascending order, once each edge is known to be sound; some may be repeated.
///
/// Grouping by parent and then by child sorts them, in time that grows with their number only.
fn all_parents(n_docs: usize, edges: &[Edge]) -> Result<Rows<DocIdx>, HierarchyError> {
    assert!(u32::try_from(n_docs).is_ok(), "documents are numbered in 32 bits, {n_docs} were given");
    for (at, edge) in edges.iter().enumerate() {
        if let Some(doc) = [edge.child, edge.parent].into_iter().find(|doc| doc.at() >= n_docs) {
            return Err(HierarchyError::NoDocument { at, doc, n_docs });
        }
        if edge.child == edge.parent {
            return Err(HierarchyError::SelfEdge { at, doc: edge.child });
        }
    }
    let children = Rows::group(n_docs, edges.iter().map(|edge| (edge.parent.at(), edge.child)));
    Ok(Rows::group(n_docs, steps(&children).map(|(parent, child)| (child.at(), parent))))
}

/// Each row's document with each of its values.
fn steps(rows: &Rows<DocIdx>) -> impl Iterator<Item = (DocIdx, DocIdx)> + Clone + '_ {
    (0..).map(DocIdx).zip(rows.iter()).flat_map(|(doc, row)| row.iter().map(move |value| (doc, *value)))
}

/// The edges that are there once more than once, as often as they are too many.
fn repeated(parents: &Rows<DocIdx>) -> impl Iterator<Item = Edge> + '_ {
    (0..).map(DocIdx).zip(parents.iter()).flat_map(|(child, row)| {
        let again = row.windows(2).filter(|two| two[0] == two[1]);
        again.map(move |two| Edge { child, parent: two[1] })
    })
}

/// The first edge that repeats an earlier one.
fn first_repetition(edges: &[Edge]) -> HierarchyError {
    let mut sorted: Vec<(Edge, usize)> = edges.iter().copied().zip(0..).collect();
    sorted.sort_unstable();
    let repeated = sorted.windows(2).filter(|two| two[0].0 == two[1].0).min_by_key(|two| two[1].1);
    let Some(&[(edge, first), (_, at)]) = repeated else {
        unreachable!("it is asked for only where there is one");
    };
    HierarchyError::RepeatedEdge { at, first, edge }
}

/// Parents before children, ties by number; or the cycle that makes it impossible.
fn topological_order(parents: &Rows<DocIdx>, children: &Rows<DocIdx>) -> Result<Vec<DocIdx>, HierarchyError> {
    let count = |row: &[DocIdx]| u32::try_from(row.len()).expect("rows hold at most u32::MAX values");
    let mut missing: Vec<u32> = parents.iter().map(count).collect();
    let mut ready = Ready::none_of(parents.len());
    for (at, _) in missing.iter().enumerate().filter(|(_, missing)| **missing == 0) {
        ready.insert(at);
    }
    let mut order = Vec::with_capacity(parents.len());
    while let Some(at) = ready.take_least() {
        order.push(DocIdx(u32::try_from(at).expect("documents are numbered in 32 bits")));
        for child in children.row(at) {
            missing[child.at()] -= 1;
            if missing[child.at()] == 0 {
                ready.insert(child.at());
            }
        }
    }
    match (0..).map(DocIdx).zip(&missing).find(|(_, missing)| **missing > 0) {
        None => Ok(order),
        Some((stuck, _)) => Err(HierarchyError::Cycle { docs: cycle_above(stuck, parents, &missing) }),
    }
}

/// A cycle that is reached by going up from a document whose parents never all came; it begins with its least document.
fn cycle_above(stuck: DocIdx, parents: &Rows<DocIdx>, missing: &[u32]) -> Vec<DocIdx> {
    let mut way = Vec::new();
    let mut place = vec![None; parents.len()];
    let mut doc = stuck;
    while place[doc.at()].is_none() {
        place[doc.at()] = Some(way.len());
        way.push(doc);
        let waits_for = parents.row(doc.at()).iter().find(|parent| missing[parent.at()] > 0);
        doc = *waits_for.expect("a document is stuck only below another that is");
    }
    let mut cycle = way.split_off(place[doc.at()].expect("the loop ends at a document that it has met"));
    let least = (0..cycle.len()).min_by_key(|&at| cycle[at]).expect("a cycle has a document");
    cycle.rotate_left(least);
    cycle
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_edges_are_merged_and_returned() {
        let edges = [(2, 1), (2, 0), (2, 1), (1, 0), (2, 1)];
        let edges = edges.map(|(child, parent)| Edge { child: DocIdx(child), parent: DocIdx(parent) });
        let (graph, repeated) = Graph::merged(3, &edges).unwrap();
        assert_eq!(repeated, [edges[0], edges[0]]);
        assert_eq!(graph.edges().collect::<Vec<_>>(), [edges[3], edges[1], edges[0]]);
        let again = HierarchyError::RepeatedEdge { at: 2, first: 0, edge: edges[0] };
        assert_eq!(Graph::new(3, &edges).unwrap_err(), again);
    }
}
