//! What a recipe says of the contrast of siblings in a document tree.

use serde::{Deserialize, Serialize};

use super::is_zero;
use crate::doc_tree::TreeShape;

/// The contrast of siblings in a document tree, beside the loss of the stage or in its place  [HCE §3].
///
/// The way of a positive down the tree is a choice among siblings at every level, and each is a softmax: the vector of
/// the node on the way against those of its siblings, and at the end the document against others of its leaf. Nothing
/// that holds another document known to be relevant to the query is a rival.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreeContrast {
    /// Where the tree comes from.
    pub from: TreeFrom,
    /// What is grown.
    pub shape: TreeShape,
    /// What stands for a node.
    pub centroids: Centroids,
    /// When the tree is brought up to the encoder as it stands.
    pub renew: Renew,
    /// How much the contrast counts, above 0.
    pub weight: f32,
    /// How much the stage's own loss counts beside it; at 0 it is not computed.
    pub beside: f32,
    /// Scores of the contrast are *divided* by it.
    pub temperature: f32,
    /// A level counts so many times what the one below it counts; the documents of a leaf count 1.
    pub level_factor: f32,
    /// Documents of the leaf, drawn for each positive, that it is told apart from; with 0 only nodes are contrasted.
    pub documents: usize,
    /// Siblings of a node that it is told apart from at most; of more, so many are drawn. With 0 only documents are
    /// contrasted.
    pub nodes: usize,
    /// Rivals whose cosine with the winner is this or more are taken for the same thing and left out; left out, none
    /// are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub near_duplicates: Option<f32>,
    /// A rival with n documents below it weighs `(n / those of the winner)^size_power`: 1 makes the contrast of nodes
    /// stand for that of all their documents, 0, or left out, makes all siblings alike.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub size_power: f32,
}

/// Where a tree comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TreeFrom {
    /// Balanced k-means over the documents' vectors, top down.
    Clusters,
    /// The hierarchy of the data set, with clusters where a node has more children than a leaf may hold.
    Hierarchy,
}

/// What stands for a node of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Centroids {
    /// The mean of the vectors at or below it, as they were when the tree was last renewed.
    Members {},
    /// A vector that begins there and learns.
    Learned {
        /// Its learning rate, as a multiple of the stage's.
        speed: f32,
    },
}

/// When a tree is brought up to the encoder as it stands. It is always grown at the start of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Renew {
    /// Never: a frozen tree.
    Never {},
    /// It is grown anew; what is learned of a node goes on in one that shares half of its documents or more.
    Regrow {
        /// How often.
        every: Period,
    },
    /// Centroids move to the means of their documents, and documents to the best leaf with room.
    Move {
        /// How often.
        every: Period,
        /// What remains of a centroid, 0 or more and below 1; the rest is the mean as it stands.
        momentum: f32,
    },
}

/// A length within a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// So many steps.
    Steps(usize),
    /// So many times that all pairs or queries are gone through.
    Epochs(usize),
}

impl Period {
    /// Its length in steps, given those of an epoch.
    pub(crate) fn steps(self, per_epoch: usize) -> usize {
        match self {
            Period::Steps(steps) => steps,
            Period::Epochs(epochs) => epochs.saturating_mul(per_epoch),
        }
    }
}

impl Renew {
    /// How often, where it happens at all.
    pub fn every(self) -> Option<Period> {
        match self {
            Renew::Never {} => None,
            Renew::Regrow { every } | Renew::Move { every, .. } => Some(every),
        }
    }
}
