//! Trees as tensors, and back.
//!
//! Kept are the parent of each node, the home of each document, and the sums; everything else follows. What is read may
//! be damaged, so it is held against all that a tree promises.

use super::{DocTree, DocVectors, Node, NodeIdx, TreeError, TreeShape, check_row};
use crate::ids::DocIdx;
use crate::tensors::{Tensor, Tensors};

const SETTINGS: &str = "settings";
const BALANCE: &str = "balance";
const PARENTS: &str = "parents";
const HOMES: &str = "homes";
const SUMS: &str = "sums";

/// Stands for the parent of the root, and the home of a document that is not in the tree.
const NONE: u32 = u32::MAX;
/// Stands for the parent of a slot that is vacant.
const VACANT: u32 = u32::MAX - 1;

/// A tree without what follows from the vectors of its documents: what is kept where these are kept too.
#[derive(Clone, Debug, PartialEq)]
pub struct Outline {
    /// What the tree was grown to.
    pub shape: TreeShape,
    /// What it was grown by.
    pub seed: u64,
    /// By slot the node above; `u32::MAX` of the root, `u32::MAX - 1` of a slot that is vacant.
    pub parents: Vec<u32>,
    /// By document its home; `u32::MAX` of a document that is not in the tree.
    pub homes: Vec<u32>,
}

impl DocTree {
    /// All but the sums.
    pub fn outline(&self) -> Outline {
        let homes = self.homes.iter().map(|home| home.map_or(NONE, |home| home.0));
        Outline { shape: self.shape, seed: self.seed, parents: self.parents(), homes: homes.collect() }
    }

    /// By slot the node above, as in an [`Outline`].
    pub fn parents(&self) -> Vec<u32> {
        let parent = |node: &Option<Node>| match node {
            Some(node) => node.parent.map_or(NONE, |parent| parent.0),
            None => VACANT,
        };
        self.nodes.iter().map(parent).collect()
    }

    /// The tree of an outline and the vectors of its documents.
    ///
    /// # Errors
    /// When the outline is no tree, or a document of it has no vector or one that is not finite.
    pub fn from_outline(outline: &Outline, vectors: &dyn DocVectors) -> Result<DocTree, TreeError> {
        let mut tree = DocTree::framed(outline, vectors.dim())?;
        let lost = tree.docs().into_iter().find_map(|(doc, _)| check_row(doc, vectors).err());
        lost.map_or(Ok(()), Err)?;
        tree.recount(vectors);
        Ok(tree)
    }

    /// Everything that the tree is.
    pub fn tensors(&self) -> Tensors {
        let Outline { shape, seed, parents, homes } = self.outline();
        let TreeShape { branching, leaf_size, balance, iterations, sample } = shape;
        let settings = [branching, leaf_size, iterations, sample, self.dim].map(|setting| setting as u64);
        let settings: Vec<u32> = settings.into_iter().chain([seed]).flat_map(halves).collect();
        let sums: Vec<u32> = self.sums.iter().flat_map(|sum| halves(sum.to_bits())).collect();
        let mut tensors = Tensors::default();
        tensors.insert(SETTINGS, Tensor::from(&settings[..]));
        tensors.insert(BALANCE, Tensor::from(&[balance.to_bits()][..]));
        tensors.insert(PARENTS, Tensor::from(&parents[..]));
        tensors.insert(HOMES, Tensor::from(&homes[..]));
        tensors.insert(SUMS, Tensor::from(&sums[..]));
        tensors
    }

    /// Takes back what [`DocTree::tensors`] gave.
    ///
    /// # Errors
    /// When a tensor is missing or has another length than the others ask for, or what they hold is no tree.
    pub fn from_tensors(tensors: &Tensors) -> Result<DocTree, TreeError> {
        let settings: Vec<u64> = wholes(&tensors.counts(SETTINGS, 12)?).collect();
        let [branching, leaf_size, iterations, sample, dim] =
            [0, 1, 2, 3, 4].map(|at| usize::try_from(settings[at]).unwrap_or(usize::MAX));
        let balance = f32::from_bits(tensors.counts(BALANCE, 1)?[0]);
        let shape = TreeShape { branching, leaf_size, balance, iterations, sample };
        let (parents, homes) = (tensors.list(PARENTS)?, tensors.list(HOMES)?);
        let n_numbers = parents.len().checked_mul(dim).and_then(|n| n.checked_mul(2)).unwrap_or(usize::MAX);
        // Before anything is as wide as the settings say.
        let sums: Vec<f64> = wholes(&tensors.counts(SUMS, n_numbers)?).map(f64::from_bits).collect();
        let mut tree = DocTree::framed(&Outline { shape, seed: settings[5], parents, homes }, dim)?;
        for (at, (sums, node)) in sums.chunks_exact(dim).zip(&tree.nodes).enumerate() {
            let most = node.as_ref().map_or(0, |node| node.n_docs) as f64 * f64::from(f32::MAX);
            if !sums.iter().all(|sum| sum.abs() <= most) {
                return Err(TreeError::Damaged {
                    what: "node",
                    at,
                    problem: "has a sum that no documents have",
                });
            }
        }
        tree.sums = sums;
        tree.refresh_all();
        Ok(tree)
    }

    /// The nodes and documents of an outline; sums and centroids are none yet.
    fn framed(outline: &Outline, dim: usize) -> Result<DocTree, TreeError> {
        let Outline { shape, seed, parents, homes } = outline;
        shape.check()?;
        if dim == 0 {
            return Err(TreeError::NoNumbers);
        }
        if parents.first() != Some(&NONE) {
            return Err(TreeError::Damaged { what: "node", at: 0, problem: "should be the root" });
        }
        let mut tree = DocTree::bare(dim, *shape, *seed);
        tree.hang(parents)?;
        tree.house(homes)?;
        Ok(tree)
    }

    /// Puts nodes below their parents.
    fn hang(&mut self, parents: &[u32]) -> Result<(), TreeError> {
        let bad = |at, problem| Err(TreeError::Damaged { what: "node", at, problem });
        let node = |parent| Node { parent, children: Vec::new(), docs: Vec::new(), n_docs: 0 };
        let below =
            parents[1..].iter().map(|parent| (*parent != VACANT).then(|| node(Some(NodeIdx(*parent)))));
        self.nodes = std::iter::once(Some(node(None))).chain(below).collect();
        for (at, parent) in parents.iter().enumerate().skip(1) {
            let slot = NodeIdx(at as u32);
            if *parent == VACANT {
                self.vacant.insert(slot);
                continue;
            }
            let Some(Some(parent)) = self.nodes.get_mut(*parent as usize) else {
                return bad(at, "has no node above it");
            };
            parent.children.push(slot);
        }
        // What goes round in a circle is not below the root.
        let mut reached = vec![false; parents.len()];
        self.order().iter().for_each(|node| reached[node.at()] = true);
        let lost = (0..parents.len()).find(|at| self.nodes[*at].is_some() && !reached[*at]);
        lost.map_or(Ok(()), |at| bad(at, "is not below the root"))
    }

    /// Puts documents into their homes.
    fn house(&mut self, homes: &[u32]) -> Result<(), TreeError> {
        let places = (0..).zip(homes).filter(|(_, home)| **home != NONE);
        for (doc, home) in places {
            let Some(Some(node)) = self.nodes.get_mut(*home as usize) else {
                let problem = "has a home that is not there";
                return Err(TreeError::Damaged { what: "document", at: doc as usize, problem });
            };
            node.docs.push(DocIdx(doc));
        }
        self.homes = homes.iter().map(|home| (*home != NONE).then_some(NodeIdx(*home))).collect();
        for at in self.order().into_iter().rev() {
            let node = self.node(at);
            let below: usize = node.children.iter().map(|child| self.node(*child).n_docs).sum();
            let n_docs = below + node.docs.len();
            let problem = if node.docs.len() > self.shape.leaf_size {
                "owns more documents than a leaf may"
            } else if n_docs == 0 && at != Self::ROOT {
                "has no documents"
            } else if node.docs.is_empty() && node.children.len() == 1 {
                "has one child and no documents of its own"
            } else {
                self.node_mut(at).n_docs = n_docs;
                continue;
            };
            return Err(TreeError::Damaged { what: "node", at: at.at(), problem });
        }
        Ok(())
    }
}

/// A number of 64 bits as two of 32, the lower one first.
fn halves(whole: u64) -> [u32; 2] {
    [whole as u32, (whole >> 32) as u32]
}

fn wholes(halves: &[u32]) -> impl Iterator<Item = u64> {
    halves.chunks_exact(2).map(|pair| u64::from(pair[0]) | u64::from(pair[1]) << 32)
}
