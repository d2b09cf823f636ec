//! Which documents may be found: by their metadata, by what lies above them, or by their place in the tree.
//!
//! Metadata is a JSON object of strings, numbers and booleans, or lists of these, and a document matches when one of a
//! list does. A document that lacks the key matches nothing but [`Filter::Not`].

use rootward::doc_tree::NodeIdx;
use serde::{Deserialize, Serialize};

/// A condition on documents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Filter {
    /// The value of a key is this one.
    Equals {
        /// The key.
        key: String,
        /// The value.
        value: Value,
    },
    /// The value of a key is one of these.
    In {
        /// The key.
        key: String,
        /// The values; where there are none, nothing matches.
        values: Vec<Value>,
    },
    /// The value of a key is a number, or a string by its bytes, from `least` to `most`, both included.
    Range {
        /// The key.
        key: String,
        /// Nothing below it; none where there is no such bound.
        least: Option<Value>,
        /// Nothing above it; none where there is no such bound. Of the same type as `least`.
        most: Option<Value>,
    },
    /// The document of this id, or what lies below it in the given hierarchy.
    Below(String),
    /// The documents at or below a node of the tree.
    Node(#[serde(with = "node")] NodeIdx),
    /// All of these.
    All(Vec<Filter>),
    /// At least one of these.
    Any(Vec<Filter>),
    /// Not this.
    Not(Box<Filter>),
}

/// A value of metadata.
#[derive(Clone, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A number; whole and broken ones are compared as one kind.
    Number(f64),
    /// A text.
    Text(String),
}

mod node {
    use rootward::doc_tree::NodeIdx;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(node: &NodeIdx, to: S) -> Result<S::Ok, S::Error> {
        node.0.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<NodeIdx, D::Error> {
        u32::deserialize(from).map(NodeIdx)
    }
}
