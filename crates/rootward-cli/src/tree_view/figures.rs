//! What a document tree is, in numbers.

use rootward::doc_tree::{DocTree, Node, NodeIdx};
use rootward::matrix::Matrix;
use serde::Serialize;

/// The numbers of a whole tree.
#[derive(Serialize)]
pub(super) struct Figures {
    pub(super) documents: usize,
    pub(super) nodes: usize,
    /// Nodes with nothing below them.
    pub(super) leaves: usize,
    pub(super) depth: usize,
    pub(super) leaf_sizes: Sizes,
    pub(super) balance: Balance,
    pub(super) drift: Drifted,
    /// Mean cosine of the documents with the centroid of the node that owns them.
    pub(super) mean_cosine: f64,
}

/// Documents of a leaf.
#[derive(Serialize)]
pub(super) struct Sizes {
    pub(super) least: usize,
    pub(super) median: usize,
    pub(super) greatest: usize,
}

/// How many times its equal share of documents the largest child of a node has: 1 where all siblings are alike.
#[derive(Serialize)]
pub(super) struct Balance {
    /// Over the nodes that have children.
    pub(super) mean: f64,
    pub(super) greatest: f64,
}

/// Documents whose best leaf is not the one that they are in.
#[derive(Serialize)]
pub(super) struct Drifted {
    pub(super) documents: usize,
    pub(super) share: f64,
}

/// The nodes of a level that a document is compared with when its best leaf is looked for, as in training.
const BEAM: usize = 4;

impl Figures {
    /// Counts and measures a tree over documents with these vectors, all of them finite and as wide as the tree's.
    pub(super) fn of(tree: &DocTree, vectors: &Matrix) -> Self {
        let nodes: Vec<(NodeIdx, &Node)> = tree.nodes().collect();
        let mut sizes: Vec<usize> =
            nodes.iter().filter(|(_, node)| node.children.is_empty()).map(|(_, node)| node.n_docs).collect();
        sizes.sort_unstable();
        let drift = tree.drift(vectors, BEAM);
        Figures {
            documents: tree.n_docs(),
            nodes: nodes.len(),
            leaves: sizes.len(),
            depth: tree.depth(),
            leaf_sizes: Sizes {
                least: sizes[0],
                median: sizes[sizes.len() / 2],
                greatest: sizes[sizes.len() - 1],
            },
            balance: balance(tree, &nodes),
            drift: Drifted { documents: drift.moved, share: drift.share() },
            mean_cosine: tree.mean_cosine(vectors),
        }
    }
}

fn balance(tree: &DocTree, nodes: &[(NodeIdx, &Node)]) -> Balance {
    let largest = |(_, node): &(NodeIdx, &Node)| {
        let sizes: Vec<usize> = node.children.iter().map(|child| tree.node(*child).n_docs).collect();
        let (sum, greatest) = (sizes.iter().sum::<usize>(), *sizes.iter().max()?);
        Some(greatest as f64 * sizes.len() as f64 / sum as f64)
    };
    let largest: Vec<f64> = nodes.iter().filter_map(largest).collect();
    // A root alone is as even as can be.
    Balance {
        mean: if largest.is_empty() { 1.0 } else { largest.iter().sum::<f64>() / largest.len() as f64 },
        greatest: largest.iter().copied().fold(1.0, f64::max),
    }
}
