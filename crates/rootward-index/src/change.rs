//! What happens to documents: the stream of changes that brings one index level with another.
//!
//! A change says how a document is now, not how it came to be so; doing it twice is doing it once. Of several changes
//! of one document the last counts.

use serde_json::{Map, Value};

/// A document as another index keeps it: without its texts.
#[derive(Clone, Debug, PartialEq)]
pub struct Replica {
    /// Its id.
    pub id: String,
    /// Strings, numbers and booleans by key, or lists of these.
    pub metadata: Map<String, Value>,
    /// Its vector, not normalised.
    pub vector: Vec<f32>,
    /// The ids of its ancestors in the given hierarchy, without its own.
    pub above: Vec<String>,
}

/// How one document is from now on.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// It is there, and is this; whatever had its id is gone.
    Put(Replica),
    /// There is none of this id.
    Remove(String),
}

impl Change {
    /// The id of the document that it changes.
    pub fn id(&self) -> &str {
        match self {
            Change::Put(record) => &record.id,
            Change::Remove(id) => id,
        }
    }
}
