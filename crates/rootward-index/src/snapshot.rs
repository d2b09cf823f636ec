//! All documents as they are at one moment, in memory, to be searched by any number of threads.
//!
//! A snapshot never changes. The one after it shares with it whatever stayed as it was: chunks of vectors, ids and homes,
//! and the blocks of all leaves that nothing happened to.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use rootward::doc_tree::{DocVectors, NodeIdx, Outline};
use rootward::ids::DocIdx;
use rootward::matrix::Matrix;

use crate::allowed::Allowed;
use crate::block::Block;
use crate::descent::{self, Beam, Routing};
use crate::exact::{self, Documents, Scored};
use crate::homes::Homes;
use crate::ids::Ids;
use crate::store::SavedTree;
use crate::vectors::Vectors;

/// All documents of one generation.
pub struct Snapshot {
    generation: u64,
    n_docs: usize,
    pub(crate) vectors: Vectors,
    ids: Ids,
    homes: Homes,
    /// By slot of the tree.
    blocks: Vec<Option<Arc<Block>>>,
    tree: Arc<SavedTree>,
    routing: Routing,
}

/// What came between two snapshots.
pub struct Step<'a> {
    /// The generation after it.
    pub generation: u64,
    /// Documents that came.
    pub added: Vec<Placed<'a>>,
    /// Documents that are gone.
    pub removed: Vec<DocIdx>,
    /// Documents that were there and have another leaf now.
    pub moved: Vec<(DocIdx, NodeIdx)>,
    /// The tree after it.
    pub tree: Arc<SavedTree>,
}

/// A document and where it stands.
#[derive(Clone, Copy)]
pub struct Placed<'a> {
    /// Its place.
    pub doc: DocIdx,
    /// Its id.
    pub id: &'a str,
    /// The leaf that owns it.
    pub home: NodeIdx,
    /// Its vector.
    pub vector: &'a [f32],
}

/// The documents that a leaf loses and gets.
#[derive(Default)]
struct Traffic {
    gone: Vec<DocIdx>,
    come: Vec<DocIdx>,
}

impl Snapshot {
    /// All documents at once.
    ///
    /// # Panics
    /// When a document has no vector or its home is not in the tree.
    pub(crate) fn of(generation: u64, vectors: Vectors, ids: Ids, homes: Homes, tree: SavedTree) -> Self {
        let mut owned: Vec<Vec<DocIdx>> = vec![Vec::new(); tree.parents.len()];
        homes.docs().for_each(|(doc, home)| owned[home.at()].push(doc));
        let n_docs = owned.iter().map(Vec::len).sum();
        let block = |docs: &Vec<DocIdx>| (!docs.is_empty()).then(|| Arc::new(Block::of(docs, &vectors)));
        let blocks: Vec<Option<Arc<Block>>> = owned.par_iter().map(block).collect();
        let routing = Routing::of(vectors.dim(), &tree.parents, &blocks);
        Snapshot { generation, n_docs, vectors, ids, homes, blocks, tree: Arc::new(tree), routing }
    }

    /// The snapshot after a step.
    ///
    /// # Panics
    /// When a document that goes or moves is not there, one that comes is, a vector has another width, or a home is not
    /// in the tree.
    pub fn after(&self, step: &Step<'_>) -> Snapshot {
        let Step { generation, added, removed, moved, tree } = step;
        let (mut vectors, mut ids, mut homes) = (self.vectors.clone(), self.ids.clone(), self.homes.clone());
        let mut traffic: BTreeMap<NodeIdx, Traffic> = BTreeMap::new();
        for doc in removed {
            let home = homes.put(*doc, None).expect("a document that goes was there");
            traffic.entry(home).or_default().gone.push(*doc);
        }
        for (doc, home) in moved {
            let before = homes.put(*doc, Some(*home)).expect("a document that moves was there");
            traffic.entry(before).or_default().gone.push(*doc);
            traffic.entry(*home).or_default().come.push(*doc);
        }
        for Placed { doc, id, home, vector } in added {
            vectors.put(*doc, vector);
            ids.put(*doc, id);
            assert!(homes.put(*doc, Some(*home)).is_none(), "a document that comes was not there");
            traffic.entry(*home).or_default().come.push(*doc);
        }
        let mut blocks = self.blocks.clone();
        blocks.resize(tree.parents.len().max(blocks.len()), None);
        let changed: Vec<(NodeIdx, Block)> = traffic
            .into_par_iter()
            .map(|(node, Traffic { gone, come })| {
                let block = match &blocks[node.at()] {
                    Some(block) => block.changed(&gone, &come, &vectors),
                    None => Block::of(&come, &vectors),
                };
                (node, block)
            })
            .collect();
        for (node, block) in changed {
            blocks[node.at()] = (block.n_docs() > 0).then(|| Arc::new(block));
        }
        blocks.truncate(tree.parents.len());
        let routing = Routing::of(vectors.dim(), &tree.parents, &blocks);
        let (generation, tree) = (*generation, tree.clone());
        let n_docs = self.n_docs + added.len() - removed.len();
        Snapshot { generation, n_docs, vectors, ids, homes, blocks, tree, routing }
    }

    /// As it is, with what search learned about its tree since.
    pub(crate) fn with_tree(&self, generation: u64, tree: SavedTree) -> Snapshot {
        self.after(&Step {
            generation,
            added: Vec::new(),
            removed: Vec::new(),
            moved: Vec::new(),
            tree: Arc::new(tree),
        })
    }

    /// How many changes of the store it has seen.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// How many documents there are.
    pub fn n_docs(&self) -> usize {
        self.n_docs
    }

    /// How many numbers a vector has.
    pub fn dim(&self) -> usize {
        self.vectors.dim()
    }

    /// The id of a document.
    pub fn id(&self, doc: DocIdx) -> &str {
        self.ids.id(doc)
    }

    /// The leaf that owns a document; none of a document that is not there.
    pub fn home(&self, doc: DocIdx) -> Option<NodeIdx> {
        self.homes.home(doc)
    }

    /// All documents, in ascending order, each with its leaf.
    pub fn docs(&self) -> impl Iterator<Item = (DocIdx, NodeIdx)> + '_ {
        self.homes.docs()
    }

    /// Those from a place on.
    pub(crate) fn docs_from(&self, first: DocIdx) -> impl Iterator<Item = (DocIdx, NodeIdx)> + '_ {
        self.homes.docs_from(first)
    }

    /// The tree whose leaves the documents stand in.
    pub fn tree(&self) -> &Arc<SavedTree> {
        &self.tree
    }

    /// The tree without the sums over its vectors.
    pub fn outline(&self) -> Outline {
        let end = self.docs().last().map_or(0, |(doc, _)| doc.at() + 1);
        let mut homes = vec![u32::MAX; end];
        self.docs().for_each(|(doc, home)| homes[doc.at()] = home.0);
        let SavedTree { parents, shape, seed, .. } = &*self.tree;
        Outline { shape: *shape, seed: *seed, parents: parents.clone(), homes }
    }

    /// What is searched.
    pub fn documents(&self) -> Documents<'_> {
        Documents { blocks: &self.blocks, vectors: &self.vectors, ids: &self.ids, routing: &self.routing }
    }

    /// The nodes at or below a node of the tree; none where there is no such node.
    pub fn nodes_below(&self, node: NodeIdx) -> Vec<NodeIdx> {
        // Parents may have greater slots than their children, so every way up is followed.
        let parents = &self.tree.parents;
        let is_below = |slot: u32| {
            let mut at = slot;
            while at != node.0 {
                match parents.get(at as usize) {
                    Some(above) if (*above as usize) < parents.len() => at = *above,
                    _ => return false,
                }
            }
            true
        };
        let slots = (0u32..).zip(parents).filter(|(_, parent)| **parent != SavedTree::VACANT);
        slots.map(|(slot, _)| slot).filter(|slot| is_below(*slot)).map(NodeIdx).collect()
    }

    /// The best `k` documents of each query of those allowed, exactly: see [`exact::top_k`].
    pub fn exactly(&self, queries: &Matrix, k: usize, allowed: Option<&Allowed>) -> Vec<Vec<Scored>> {
        exact::top_k(self.documents(), queries, k, allowed)
    }

    /// The best `k` documents of each query of those allowed that a beam finds: see [`descent::top_k`].
    pub fn by_tree(
        &self,
        queries: &Matrix,
        k: usize,
        beam: Beam,
        allowed: Option<&Allowed>,
    ) -> Vec<Vec<Scored>> {
        descent::top_k(self.documents(), beam, queries, k, allowed)
    }

    /// Bytes of the vectors, and of the blocks.
    pub fn bytes(&self) -> [usize; 2] {
        let vectors = self.n_docs * self.dim() * size_of::<f32>();
        [vectors, self.blocks.iter().flatten().map(|block| block.bytes()).sum()]
    }
}

impl DocVectors for Snapshot {
    fn dim(&self) -> usize {
        self.vectors.dim()
    }

    fn vector(&self, doc: DocIdx) -> Option<&[f32]> {
        self.home(doc).map(|_| self.vectors.row(doc))
    }
}
