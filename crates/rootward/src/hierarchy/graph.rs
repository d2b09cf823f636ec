//! Documents and the edges between them, sound but without the ancestors that follow from them.
//!
//! An importer of many millions of edges needs no more than this; [`Hierarchy`](super::Hierarchy) adds the ancestors.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Edge, HierarchyError};
use crate::ids::DocIdx;
use crate::rows::Rows;

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
        assert!(u32::try_from(n_docs).is_ok(), "documents are numbered in 32 bits, {n_docs} were given");
        let sorted = sorted_edges(n_docs, edges)?;
        let up = sorted.iter().map(|edge| (edge.child.at(), edge.parent));
        let down = sorted.iter().map(|edge| (edge.parent.at(), edge.child));
        let (parents, children) = (Rows::group(n_docs, up), Rows::group(n_docs, down));
        drop(sorted);
        let topological = topological_order(&parents, &children)?;
        let mut rank = vec![0; n_docs];
        for (place, doc) in (0..).zip(&topological) {
            rank[doc.at()] = place;
        }
        Ok(Graph { parents, children, topological, rank })
    }

    /// Where a document stands in the topological order.
    pub(super) fn rank(&self, doc: DocIdx) -> usize {
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

    /// All documents, in ascending order.
    pub fn docs(&self) -> impl Iterator<Item = DocIdx> + use<> {
        let n_docs = u32::try_from(self.n_docs()).expect("`new` has numbered them in 32 bits");
        (0..n_docs).map(DocIdx)
    }
}

/// The edges by child, then by parent, once each of them is known to be sound.
fn sorted_edges(n_docs: usize, edges: &[Edge]) -> Result<Vec<Edge>, HierarchyError> {
    for (at, edge) in edges.iter().enumerate() {
        if let Some(doc) = [edge.child, edge.parent].into_iter().find(|doc| doc.at() >= n_docs) {
            return Err(HierarchyError::NoDocument { at, doc, n_docs });
        }
        if edge.child == edge.parent {
            return Err(HierarchyError::SelfEdge { at, doc: edge.child });
        }
    }
    let mut sorted: Vec<(Edge, usize)> = edges.iter().copied().zip(0..).collect();
    sorted.sort_unstable();
    let repeated = sorted.windows(2).filter(|two| two[0].0 == two[1].0).min_by_key(|two| two[1].1);
    if let Some(&[(edge, first), (_, at)]) = repeated {
        return Err(HierarchyError::RepeatedEdge { at, first, edge });
    }
    Ok(sorted.into_iter().map(|(edge, _)| edge).collect())
}

/// Parents before children, ties by number; or the cycle that makes it impossible.
fn topological_order(parents: &Rows<DocIdx>, children: &Rows<DocIdx>) -> Result<Vec<DocIdx>, HierarchyError> {
    let mut missing: Vec<usize> = parents.iter().map(<[DocIdx]>::len).collect();
    let mut ready: BinaryHeap<Reverse<DocIdx>> = (0..)
        .map(DocIdx)
        .zip(&missing)
        .filter(|(_, missing)| **missing == 0)
        .map(|(doc, _)| Reverse(doc))
        .collect();
    let mut order = Vec::with_capacity(parents.len());
    while let Some(Reverse(doc)) = ready.pop() {
        order.push(doc);
        for child in children.row(doc.at()) {
            missing[child.at()] -= 1;
            if missing[child.at()] == 0 {
                ready.push(Reverse(*child));
            }
        }
    }
    match (0..).map(DocIdx).zip(&missing).find(|(_, missing)| **missing > 0) {
        None => Ok(order),
        Some((stuck, _)) => Err(HierarchyError::Cycle { docs: cycle_above(stuck, parents, &missing) }),
    }
}

/// A cycle that is reached by going up from a document whose parents never all came; it begins with its least document.
fn cycle_above(stuck: DocIdx, parents: &Rows<DocIdx>, missing: &[usize]) -> Vec<DocIdx> {
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
