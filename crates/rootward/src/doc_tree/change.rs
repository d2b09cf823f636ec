//! Documents that come and go, one at a time, without growing the rest anew.
//!
//! A document that comes goes to its best home, and a home that then owns too much is divided; a node that everybody
//! left vanishes, and where one child is all that is left of a node, the child takes its place.

use std::mem::take;

use super::{DocTree, DocVectors, Node, NodeIdx, TreeError, add};
use crate::ids::DocIdx;

impl DocTree {
    /// Adds a document, which has a vector by now, to its best home; the nodes that own other documents than before.
    ///
    /// A home that owns too many documents then is divided: a leaf among its siblings where the node above may have more
    /// children, and below itself otherwise. All other nodes stay as they are. For `beam` see [`DocTree::route`].
    ///
    /// # Errors
    /// When the document is in the tree already, has no vector, or one of another width or that is not finite.
    pub fn insert(
        &mut self,
        doc: DocIdx,
        vectors: &dyn DocVectors,
        beam: usize,
    ) -> Result<Vec<NodeIdx>, TreeError> {
        self.check_vector(doc, vectors)?;
        let home = self.best_home(vectors.row(doc), beam);
        self.insert_into(doc, home, vectors)
    }

    /// As [`DocTree::insert`], to a home that [`DocTree::homes_for`] found before; it may have been a better one then.
    ///
    /// # Errors
    /// As there.
    ///
    /// # Panics
    /// When the node is no home, see [`DocTree::is_home`].
    pub fn insert_into(
        &mut self,
        doc: DocIdx,
        home: NodeIdx,
        vectors: &dyn DocVectors,
    ) -> Result<Vec<NodeIdx>, TreeError> {
        self.check_vector(doc, vectors)?;
        assert!(self.is_home(home), "{home:?} is no home");
        if self.home(doc).is_some() {
            return Err(TreeError::Present { doc });
        }
        self.put(doc, home, vectors.row(doc));
        let mut touched = vec![home];
        if self.node(home).docs.len() > self.shape.leaf_size {
            touched.extend(self.split(home, vectors));
        }
        Ok(touched)
    }

    /// Takes a document out; the nodes that own other documents than before, those that are vacant now among them.
    ///
    /// Its vector must be the one that it was added with, or the means are off by the difference.
    ///
    /// # Errors
    /// When the document is not in the tree, has no vector, or one of another width or that is not finite.
    pub fn remove(&mut self, doc: DocIdx, vectors: &dyn DocVectors) -> Result<Vec<NodeIdx>, TreeError> {
        if self.home(doc).is_none() {
            return Err(TreeError::Absent { doc });
        }
        self.check_vector(doc, vectors)?;
        let home = self.take(doc, vectors.row(doc));
        let mut touched = vec![home];
        touched.extend(self.prune(vec![home]));
        Ok(touched)
    }

    /// Makes a node the home of one more document.
    fn put(&mut self, doc: DocIdx, home: NodeIdx, vector: &[f32]) {
        self.seat(doc, home);
        self.tell_upwards(home, |node, sum| {
            node.n_docs += 1;
            add(vector, sum);
        });
    }

    /// Takes a document, which is in the tree, out of its home, which is returned and may own nothing then.
    fn take(&mut self, doc: DocIdx, vector: &[f32]) -> NodeIdx {
        let home = self.unseat(doc);
        self.tell_upwards(home, |node, sum| {
            node.n_docs -= 1;
            sum.iter_mut().zip(vector).for_each(|(sum, x)| *sum -= f64::from(*x));
            if node.n_docs == 0 {
                sum.fill(0.0);
            }
        });
        home
    }

    /// Makes a node the home of one more document, without counting or adding it up.
    pub(super) fn seat(&mut self, doc: DocIdx, home: NodeIdx) {
        let docs = &mut self.node_mut(home).docs;
        docs.insert(docs.partition_point(|other| *other < doc), doc);
        self.homes.resize(self.homes.len().max(doc.at() + 1), None);
        self.homes[doc.at()] = Some(home);
    }

    /// Undoes [`DocTree::seat`], and returns the home.
    pub(super) fn unseat(&mut self, doc: DocIdx) -> NodeIdx {
        let home = self.homes[doc.at()].take().expect("a document that leaves has a home");
        self.node_mut(home).docs.retain(|other| *other != doc);
        home
    }

    /// Changes a node and all above it, each with its sum.
    fn tell_upwards(&mut self, from: NodeIdx, mut change: impl FnMut(&mut Node, &mut [f64])) {
        let mut next = Some(from);
        while let Some(at) = next {
            let node = self.nodes[at.at()].as_mut().expect("the nodes above a node are there");
            change(node, &mut self.sums[at.at() * self.dim..(at.at() + 1) * self.dim]);
            next = node.parent;
            self.refresh(at);
        }
    }

    /// Divides the documents of a node that owns one too many; the new nodes.
    fn split(&mut self, home: NodeIdx, vectors: &dyn DocVectors) -> Vec<NodeIdx> {
        let docs = take(&mut self.node_mut(home).docs);
        let mut parts = self.parts(home, &docs, vectors);
        let Node { parent, children, .. } = self.node(home);
        let beside = parent.filter(|parent| {
            children.is_empty() && self.node(*parent).children.len() + parts.len() - 1 <= self.shape.branching
        });
        let above = beside.unwrap_or(home);
        if beside.is_some() {
            // The largest part stays, so that most documents keep their home.
            let sizes = parts.iter().enumerate().map(|(at, docs)| (docs.len(), usize::MAX - at));
            let largest = sizes.max().map_or(0, |(_, at)| usize::MAX - at);
            let stays = parts.swap_remove(largest);
            self.own(home, stays);
            self.total(home, vectors);
        }
        let grow = |docs| {
            let node = self.add_node(above);
            self.own(node, docs);
            self.total(node, vectors);
            node
        };
        parts.into_iter().map(grow).collect()
    }

    /// Counts and adds up the documents of a node with nothing below it.
    fn total(&mut self, leaf: NodeIdx, vectors: &dyn DocVectors) {
        let node = self.nodes[leaf.at()].as_mut().expect("a node that was divided is there");
        node.n_docs = node.docs.len();
        let sum = &mut self.sums[leaf.at() * self.dim..(leaf.at() + 1) * self.dim];
        sum.fill(0.0);
        node.docs.iter().for_each(|doc| add(vectors.row(*doc), sum));
        self.refresh(leaf);
    }

    /// Lets nodes vanish that have no documents any more, and those that have but one child; given those that
    /// documents were taken from. The nodes that handed their documents on or got those of others.
    pub(super) fn prune(&mut self, mut left: Vec<NodeIdx>) -> Vec<NodeIdx> {
        if left.len() > 1 {
            // Children before their parents.
            let order = self.order();
            let mut place = vec![0; self.n_slots()];
            order.iter().enumerate().for_each(|(at, node)| place[node.at()] = at);
            left.sort_unstable_by_key(|node| usize::MAX - place[node.at()]);
            left.dedup();
        }
        let mut touched = Vec::new();
        for node in left {
            if self.nodes[node.at()].is_some() {
                touched.extend(self.prune_from(node).into_iter().flatten());
            }
        }
        touched
    }

    /// The two nodes of which the one took the documents of the other, where that was so.
    fn prune_from(&mut self, mut at: NodeIdx) -> Option<[NodeIdx; 2]> {
        // Another child may be empty as well; it comes later, and goes on upwards then.
        while let Node { parent: Some(parent), n_docs: 0, .. } = *self.node(at)
            && self.node(at).children.is_empty()
        {
            self.node_mut(parent).children.retain(|child| *child != at);
            self.vacate(at);
            at = parent;
        }
        let Node { parent, children, docs, n_docs } = self.node(at);
        let (&[only], true) = (&children[..], docs.is_empty() && *n_docs > 0) else { return None };
        match *parent {
            Some(parent) => {
                let siblings = &mut self.node_mut(parent).children;
                siblings.retain(|child| *child != at);
                siblings.insert(siblings.partition_point(|sibling| *sibling < only), only);
                self.node_mut(only).parent = Some(parent);
                self.vacate(at);
                None
            }
            None => {
                self.absorb(at, only);
                Some([at, only])
            }
        }
    }

    /// Makes the root what its only child is.
    fn absorb(&mut self, root: NodeIdx, only: NodeIdx) {
        let Node { children, docs, .. } = self.node_mut(only);
        let (children, docs) = (take(children), take(docs));
        self.vacate(only);
        for child in &children {
            self.node_mut(*child).parent = Some(root);
        }
        self.node_mut(root).children = children;
        self.own(root, docs);
    }

    fn vacate(&mut self, node: NodeIdx) {
        self.nodes[node.at()] = None;
        let place = node.at() * self.dim..(node.at() + 1) * self.dim;
        self.sums[place.clone()].fill(0.0);
        self.units[place].fill(0.0);
        self.vacant.insert(node);
    }
}
