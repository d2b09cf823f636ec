//! All documents as they are at one moment, in memory, to be searched by any number of threads.
//!
//! A snapshot never changes. The one after it shares with it whatever stayed as it was: chunks of vectors, ids and homes,
//! and the blocks of all leaves that nothing happened to.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use rootward::doc_tree::{DocVectors, NodeIdx};
use rootward::ids::DocIdx;
use rootward::matrix::Matrix;

use crate::allowed::Allowed;
use crate::block::Block;
use crate::descent::{self, Beam, Descent, Routing};
use crate::exact::{self, Documents, Scored};
use crate::homes::Homes;
use crate::ids::Ids;
use crate::vectors::Vectors;

/// All documents of one generation.
pub struct Snapshot {
    generation: u64,
    n_docs: usize,
    vectors: Vectors,
    ids: Ids,
    homes: Homes,
    /// By slot of the tree.
    blocks: Vec<Option<Arc<Block>>>,
    /// By slot the node above, as in an [`Outline`](rootward::doc_tree::Outline).
    parents: Arc<Vec<u32>>,
    routing: Routing,
}

/// What came between two snapshots, ready to be searched.
pub struct Step<'a> {
    /// The generation after it.
    pub generation: u64,
    /// Documents that came, moved to another leaf, or have another vector than before.
    pub put: Vec<Placed<'a>>,
    /// Documents that are gone.
    pub removed: &'a [DocIdx],
    /// The tree after it.
    pub parents: Arc<Vec<u32>>,
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
    /// No documents, of vectors of `dim` numbers.
    pub fn empty(dim: usize) -> Self {
        let (vectors, ids) = (Vectors::new(dim), Ids::default());
        let parents = Arc::new(vec![u32::MAX]);
        let routing = Routing::of(&parents, Documents { blocks: &[], vectors: &vectors, ids: &ids });
        Snapshot {
            generation: 0,
            n_docs: 0,
            vectors,
            ids,
            homes: Homes::default(),
            blocks: Vec::new(),
            parents,
            routing,
        }
    }

    /// The snapshot after a step.
    ///
    /// # Panics
    /// When a document that is to go is not there, a vector has another width, or a home is not in the tree.
    pub fn after(&self, step: &Step<'_>) -> Snapshot {
        let mut next = Snapshot {
            generation: step.generation,
            n_docs: self.n_docs,
            vectors: self.vectors.clone(),
            ids: self.ids.clone(),
            homes: self.homes.clone(),
            blocks: self.blocks.clone(),
            parents: step.parents.clone(),
            routing: Routing::default(),
        };
        let mut traffic: BTreeMap<NodeIdx, Traffic> = BTreeMap::new();
        for doc in step.removed {
            let home = next.homes.put(*doc, None).expect("a document that goes was there");
            traffic.entry(home).or_default().gone.push(*doc);
            next.n_docs -= 1;
        }
        for Placed { doc, id, home, vector } in &step.put {
            match next.homes.put(*doc, Some(*home)) {
                Some(before) => {
                    traffic.entry(before).or_default().gone.push(*doc);
                    // Who only moved costs no copy of a chunk.
                    if next.vectors.row(*doc) != *vector {
                        next.vectors.put(*doc, vector);
                    }
                }
                None => {
                    next.vectors.put(*doc, vector);
                    next.ids.put(*doc, id);
                    next.n_docs += 1;
                }
            }
            traffic.entry(*home).or_default().come.push(*doc);
        }
        next.blocks.resize(step.parents.len(), None);
        let vectors = &next.vectors;
        let changed: Vec<(NodeIdx, Option<Arc<Block>>)> = traffic
            .into_par_iter()
            .map(|(node, Traffic { gone, come })| {
                let block = match &next.blocks[node.at()] {
                    Some(block) => block.changed(&gone, &come, vectors),
                    None => Block::of(&come, vectors),
                };
                (node, (!block.docs().is_empty()).then(|| Arc::new(block)))
            })
            .collect();
        for (node, block) in changed {
            next.blocks[node.at()] = block;
        }
        next.routing = Routing::of(&next.parents, next.documents());
        next
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

    /// By slot of the tree the node above, as in an [`Outline`](rootward::doc_tree::Outline).
    pub fn parents(&self) -> &Arc<Vec<u32>> {
        &self.parents
    }

    /// What is searched.
    pub fn documents(&self) -> Documents<'_> {
        Documents { blocks: &self.blocks, vectors: &self.vectors, ids: &self.ids }
    }

    /// Where the leaves are.
    pub fn routing(&self) -> &Routing {
        &self.routing
    }

    /// The nodes at or below a node of the tree; none where there is no such node.
    pub fn nodes_below(&self, node: NodeIdx) -> Vec<NodeIdx> {
        // Parents may have greater slots than their children, so every way up is followed.
        let is_below = |slot: u32| {
            let mut at = slot;
            while at != node.0 {
                match self.parents.get(at as usize) {
                    Some(above) if (*above as usize) < self.parents.len() => at = *above,
                    _ => return false,
                }
            }
            true
        };
        let slots = 0..self.parents.len() as u32;
        slots.filter(|slot| self.parents[*slot as usize] != u32::MAX - 1 && is_below(*slot)).map(NodeIdx).collect()
    }

    /// The best `k` documents of each query of those allowed, exactly: see [`exact::top_k`].
    pub fn exactly(&self, queries: &Matrix, k: usize, allowed: Option<&Allowed>) -> Vec<Vec<Scored>> {
        exact::top_k(self.documents(), queries, k, allowed)
    }

    /// The best `k` documents of each query of those allowed that a beam finds: see [`descent::top_k`].
    pub fn by_tree(&self, queries: &Matrix, k: usize, beam: Beam, allowed: Option<&Allowed>) -> Vec<Vec<Scored>> {
        descent::top_k(Descent { routing: &self.routing, beam }, self.documents(), queries, k, allowed)
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
