//! The hierarchy over the documents: a directed acyclic graph of edges from child to parent.
//!
//! What a query should retrieve is its exact match and everything above it  [HR §2]; every loss, measure and sampler
//! asks for that set again and again, so it is worked out once, when the hierarchy is made. Always true of a value of
//! this type: no cycle, no repeated edge, no edge from a document to itself. Nothing here recurses, so that depth
//! costs no stack.

mod graph;

use crate::ids::DocIdx;
use crate::rows::Rows;

pub use graph::Graph;

/// One step up: `parent` is relevant wherever `child` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edge {
    /// The more special document.
    pub child: DocIdx,
    /// The more general document.
    pub parent: DocIdx,
}

/// A document reached by going up; ordered by distance, then by document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ancestor {
    /// Edges on the shortest way up to it; 0 for the document itself.
    pub distance: u32,
    /// The document reached.
    pub doc: DocIdx,
}

/// A document reached by going down; ordered by distance, then by document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Descendant {
    /// Edges on the shortest way down to it; 0 for the document itself.
    pub distance: u32,
    /// The document reached.
    pub doc: DocIdx,
}

/// Edges that make no hierarchy. Places are those of the edges as given, from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HierarchyError {
    /// An edge names a document that does not exist.
    #[error("edge {at} names document {}, but there are {n_docs} documents", doc.0)]
    NoDocument {
        /// Place of the edge.
        at: usize,
        /// The document named.
        doc: DocIdx,
        /// How many documents there are.
        n_docs: usize,
    },
    /// A document is given as its own parent.
    #[error("edge {at} makes document {} its own parent", doc.0)]
    SelfEdge {
        /// Place of the edge.
        at: usize,
        /// The document.
        doc: DocIdx,
    },
    /// The same edge is given twice.
    #[error("edge {at} repeats edge {first}, from document {} to its parent {}", edge.child.0, edge.parent.0)]
    RepeatedEdge {
        /// Place of the repetition.
        at: usize,
        /// Place of the edge that it repeats.
        first: usize,
        /// The edge.
        edge: Edge,
    },
    /// Going up from a document leads back to it.
    #[error("the edges form a cycle: {}", in_circle(docs))]
    Cycle {
        /// The documents of the cycle, each followed by a parent of it; the first is a parent of the last.
        docs: Vec<DocIdx>,
    },
    /// Too many ancestors to list.
    #[error(
        "at least {at_least} pairs of a document and an ancestor were found, at most {} can be held; \
             a hierarchy this deep may be a sequence by mistake",
        MOST_PAIRS
    )]
    TooLarge {
        /// A lower bound on the pairs there are.
        at_least: u64,
    },
}

/// Pairs of a document and an ancestor that are held, at 8 bytes each.
const MOST_PAIRS: u64 = 1 << 28;

/// "1 → 2 → 1", by number: the readers of files name the documents instead.
fn in_circle(docs: &[DocIdx]) -> String {
    let steps: Vec<String> = docs.iter().chain(docs.first()).map(|doc| doc.0.to_string()).collect();
    steps.join(" → ")
}

/// A [`Graph`] with the ancestors of every document.
#[derive(Clone, Debug)]
pub struct Hierarchy {
    graph: Graph,
    /// In the order of `graph.topological()`, in which they are found.
    ancestors: Rows<Ancestor>,
}

impl Hierarchy {
    /// The hierarchy of the given edges over documents `0..n_docs`, whatever the order of the edges.
    ///
    /// # Errors
    /// Those of [`Graph::new`] and of [`Hierarchy::of`].
    ///
    /// # Panics
    /// When `n_docs` is more than `u32::MAX`.
    pub fn new(n_docs: usize, edges: &[Edge]) -> Result<Self, HierarchyError> {
        Hierarchy::of(Graph::new(n_docs, edges)?)
    }

    /// The graph with the ancestors of every document listed.
    ///
    /// Memory is proportional to the pairs of a document and an ancestor, which on a chain is the square of its
    /// length: a hierarchy in which they would not fit is refused before they are listed.
    ///
    /// # Errors
    /// When there are more than 2^28 pairs of a document and an ancestor, 2 GiB.
    pub fn of(graph: Graph) -> Result<Self, HierarchyError> {
        let ancestors = list_ancestors(&graph)?;
        Ok(Hierarchy { graph, ancestors })
    }

    /// Its documents and edges.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// How many documents there are, those without an edge included.
    pub fn n_docs(&self) -> usize {
        self.graph.n_docs()
    }

    /// How many edges there are.
    pub fn n_edges(&self) -> usize {
        self.graph.n_edges()
    }

    /// All edges, by child, then by parent.
    pub fn edges(&self) -> impl Iterator<Item = Edge> + '_ {
        self.graph.edges()
    }

    /// The documents one step up, in ascending order.
    ///
    /// # Panics
    /// When there is no such document.
    pub fn parents(&self, doc: DocIdx) -> &[DocIdx] {
        self.graph.parents(doc)
    }

    /// The documents one step down, in ascending order.
    ///
    /// # Panics
    /// When there is no such document.
    pub fn children(&self, doc: DocIdx) -> &[DocIdx] {
        self.graph.children(doc)
    }

    /// The document itself, then everything above it, by shortest distance, then by document.
    ///
    /// # Panics
    /// When there is no such document.
    pub fn ancestors(&self, doc: DocIdx) -> &[Ancestor] {
        self.ancestors.row(self.graph.rank(doc))
    }

    /// The document itself, then everything below it, by shortest distance, then by document.
    ///
    /// Unlike the ancestors these are searched for at every call, in time proportional to the number of documents.
    ///
    /// # Panics
    /// When there is no such document.
    pub fn descendants(&self, doc: DocIdx) -> Vec<Descendant> {
        let mut seen = vec![false; self.n_docs()];
        seen[doc.at()] = true;
        let mut found = Vec::new();
        let mut level = vec![doc];
        for distance in 0.. {
            if level.is_empty() {
                break;
            }
            level.sort_unstable();
            found.extend(level.iter().map(|&doc| Descendant { distance, doc }));
            let below = level.iter().flat_map(|doc| self.children(*doc)).copied();
            level = below.filter(|child| !std::mem::replace(&mut seen[child.at()], true)).collect();
        }
        found
    }

    /// How many pairs of a document and an ancestor there are, each document with itself included.
    pub fn n_ancestor_pairs(&self) -> usize {
        self.ancestors.values().len()
    }

    /// All documents, parents before children; of those whose parents have all come, the least comes next.
    pub fn topological(&self) -> &[DocIdx] {
        self.graph.topological()
    }

    /// The documents without a parent, in ascending order.
    pub fn roots(&self) -> impl Iterator<Item = DocIdx> + '_ {
        self.graph.roots()
    }

    /// The documents without a child, in ascending order; one without any edge is a root and a leaf.
    pub fn leaves(&self) -> impl Iterator<Item = DocIdx> + '_ {
        self.graph.leaves()
    }

    /// Edges on the shortest way up to any root; 0 for a root.
    ///
    /// # Panics
    /// When there is no such document.
    pub fn depth(&self, doc: DocIdx) -> u32 {
        let nearest_root = self.ancestors(doc).iter().find(|ancestor| self.parents(ancestor.doc).is_empty());
        nearest_root.expect("without a cycle every way up ends at a root").distance
    }

    /// All documents, in ascending order.
    pub fn docs(&self) -> impl Iterator<Item = DocIdx> + use<> {
        self.graph.docs()
    }
}

/// The ancestors of each document, itself included, nearest first; rows follow the topological order.
fn list_ancestors(graph: &Graph) -> Result<Rows<Ancestor>, HierarchyError> {
    // Before anything is listed.
    graph.refuse_if_too_deep()?;
    let mut all: Rows<Ancestor> = Rows::empty();
    let mut row = Vec::new();
    for &doc in graph.topological() {
        row.clear();
        row.push(Ancestor { distance: 0, doc });
        for parent in graph.parents(doc) {
            let above = all.row(graph.rank(*parent));
            row.extend(above.iter().map(|a| Ancestor { distance: a.distance + 1, doc: a.doc }));
        }
        // One parent's ancestors are in order already; those of several overlap.
        if graph.parents(doc).len() > 1 {
            row.sort_unstable_by_key(|a| (a.doc, a.distance));
            row.dedup_by_key(|a| a.doc);
            row.sort_unstable();
        }
        refuse_if_too_many((all.values().len() + row.len()) as u64)?;
        all.push(row.iter().copied());
    }
    Ok(all)
}

fn refuse_if_too_many(at_least: u64) -> Result<(), HierarchyError> {
    if at_least > MOST_PAIRS {
        return Err(HierarchyError::TooLarge { at_least });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    /// The hierarchy of `(child, parent)` edges.
    fn hierarchy(n_docs: usize, edges: &[(u32, u32)]) -> Result<Hierarchy, HierarchyError> {
        Hierarchy::new(n_docs, &edges_of(edges))
    }

    fn edges_of(edges: &[(u32, u32)]) -> Vec<Edge> {
        edges.iter().map(|&(child, parent)| Edge { child: DocIdx(child), parent: DocIdx(parent) }).collect()
    }

    fn numbers(docs: impl IntoIterator<Item = DocIdx>) -> Vec<u32> {
        docs.into_iter().map(|doc| doc.0).collect()
    }

    /// Breadth first, one document at a time: slow, plain, and the definition.
    fn reached(n_docs: usize, from: u32, steps: &[(u32, u32)]) -> Vec<(u32, u32)> {
        let mut distance = vec![None; n_docs];
        distance[from as usize] = Some(0);
        let mut queue = VecDeque::from([from]);
        while let Some(doc) = queue.pop_front() {
            for &(_, next) in steps.iter().filter(|(start, _)| *start == doc) {
                if distance[next as usize].is_none() {
                    distance[next as usize] = distance[doc as usize].map(|d: u32| d + 1);
                    queue.push_back(next);
                }
            }
        }
        let mut found: Vec<(u32, u32)> = (0..).zip(distance).filter_map(|(doc, d)| Some((d?, doc))).collect();
        found.sort_unstable();
        found
    }

    /// A diamond with a short cut: 0 under 1 and 2, both under 3, 3 under 4, 0 under 4 too.
    const DIAMOND: [(u32, u32); 6] = [(0, 2), (0, 1), (1, 3), (2, 3), (3, 4), (0, 4)];

    #[test]
    fn ancestors_come_nearest_first_and_each_once() {
        let diamond = hierarchy(6, &DIAMOND).unwrap();
        let ancestors: Vec<_> = diamond.ancestors(DocIdx(0)).iter().map(|a| (a.distance, a.doc.0)).collect();
        assert_eq!(ancestors, [(0, 0), (1, 1), (1, 2), (1, 4), (2, 3)]);
    }

    #[test]
    fn descendants_come_nearest_first_and_each_once() {
        let diamond = hierarchy(6, &DIAMOND).unwrap();
        let below: Vec<_> = diamond.descendants(DocIdx(4)).iter().map(|d| (d.distance, d.doc.0)).collect();
        assert_eq!(below, [(0, 4), (1, 0), (1, 3), (2, 1), (2, 2)]);
    }

    #[test]
    fn a_document_without_edges_is_a_root_and_a_leaf() {
        let diamond = hierarchy(6, &DIAMOND).unwrap();
        assert_eq!((numbers(diamond.roots()), numbers(diamond.leaves())), (vec![4, 5], vec![0, 5]));
        assert_eq!((diamond.depth(DocIdx(5)), diamond.depth(DocIdx(0)), diamond.depth(DocIdx(1))), (0, 1, 2));
    }

    #[test]
    fn neighbours_are_sorted_whatever_the_order_of_the_edges() {
        let diamond = hierarchy(6, &DIAMOND).unwrap();
        assert_eq!(numbers(diamond.parents(DocIdx(0)).to_vec()), [1, 2, 4]);
        assert_eq!(numbers(diamond.children(DocIdx(4)).to_vec()), [0, 3]);
        assert_eq!((diamond.n_docs(), diamond.n_edges(), diamond.n_ancestor_pairs()), (6, 6, 15));
        let mut given = edges_of(&DIAMOND);
        given.sort_unstable();
        assert_eq!(diamond.edges().collect::<Vec<_>>(), given);
    }

    #[test]
    fn parents_come_before_children_and_ties_by_number() {
        assert_eq!(numbers(hierarchy(6, &DIAMOND).unwrap().topological().to_vec()), [4, 3, 1, 2, 0, 5]);
        assert_eq!(numbers(hierarchy(3, &[]).unwrap().topological().to_vec()), [0, 1, 2]);
    }

    #[test]
    fn nothing_is_a_hierarchy() {
        assert_eq!(hierarchy(0, &[]).unwrap().n_docs(), 0);
    }

    #[test]
    fn edges_that_make_no_hierarchy_are_refused() {
        let cases: [(&[(u32, u32)], &str); 5] = [
            (&[(0, 1), (1, 9)], "edge 1 names document 9, but there are 4 documents"),
            (&[(0, 1), (2, 2)], "edge 1 makes document 2 its own parent"),
            (&[(0, 1), (2, 1), (0, 1)], "edge 2 repeats edge 0, from document 0 to its parent 1"),
            (&[(3, 1), (1, 2), (2, 1)], "the edges form a cycle: 1 → 2 → 1"),
            (&[(2, 0), (0, 3), (3, 2), (2, 1)], "the edges form a cycle: 0 → 3 → 2 → 0"),
        ];
        for (edges, message) in cases {
            assert_eq!(hierarchy(4, edges).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn a_long_chain_is_refused_before_its_ancestors_are_listed() {
        let chain: Vec<(u32, u32)> = (1..1_000_000).map(|child| (child, child - 1)).collect();
        let error = hierarchy(1_000_000, &chain).unwrap_err();
        assert_eq!(error, HierarchyError::TooLarge { at_least: 500_000_500_000 });
    }

    #[test]
    fn a_long_cycle_is_found_without_recursion() {
        let circle: Vec<(u32, u32)> = (0..1_000_000).map(|doc| (doc, (doc + 1) % 1_000_000)).collect();
        let HierarchyError::Cycle { docs } = hierarchy(1_000_000, &circle).unwrap_err() else {
            panic!("a circle is a cycle")
        };
        assert_eq!((docs.len(), docs[0], docs[999_999]), (1_000_000, DocIdx(0), DocIdx(999_999)));
    }

    prop_compose! {
        /// Edges up in a hidden order of the documents, so that there is no cycle.
        fn acyclic()(
            n_docs in 1usize..16,
        )(
            order in Just((0..n_docs as u32).collect::<Vec<_>>()).prop_shuffle(),
            pairs in prop::collection::btree_set((0..n_docs, 0..n_docs), 0..40),
        ) -> (usize, Vec<(u32, u32)>) {
            let up = pairs.into_iter().filter(|(low, high)| low < high);
            (order.len(), up.map(|(low, high)| (order[low], order[high])).collect())
        }
    }

    proptest! {
        #[test]
        fn ancestors_and_descendants_agree_with_a_plain_search((n_docs, edges) in acyclic()) {
            let made = hierarchy(n_docs, &edges).unwrap();
            let down: Vec<(u32, u32)> = edges.iter().map(|&(child, parent)| (parent, child)).collect();
            for doc in 0..n_docs as u32 {
                let above: Vec<_> = made.ancestors(DocIdx(doc)).iter().map(|a| (a.distance, a.doc.0)).collect();
                prop_assert_eq!(above, reached(n_docs, doc, &edges));
                let below: Vec<_> = made.descendants(DocIdx(doc)).iter().map(|d| (d.distance, d.doc.0)).collect();
                prop_assert_eq!(below, reached(n_docs, doc, &down));
            }
        }

        #[test]
        fn the_topological_order_holds_every_document_after_its_parents((n_docs, edges) in acyclic()) {
            let made = hierarchy(n_docs, &edges).unwrap();
            let mut place = vec![None; n_docs];
            for (at, doc) in made.topological().iter().enumerate() {
                prop_assert_eq!(place[doc.at()].replace(at), None);
            }
            for (child, parent) in edges {
                prop_assert!(place[parent as usize] < place[child as usize]);
            }
        }

        #[test]
        fn a_reported_cycle_is_one(
            n_docs in 2u32..10,
            pairs in prop::collection::btree_set((0u32..10, 0u32..10), 0..30),
        ) {
            let edges: Vec<_> = pairs.into_iter().filter(|(a, b)| a != b && *a < n_docs && *b < n_docs).collect();
            if let Err(HierarchyError::Cycle { docs }) = hierarchy(n_docs as usize, &edges) {
                for (at, doc) in docs.iter().enumerate() {
                    prop_assert!(edges.contains(&(doc.0, docs[(at + 1) % docs.len()].0)));
                }
            }
        }
    }
}
