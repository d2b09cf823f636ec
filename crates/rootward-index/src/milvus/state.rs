//! What is kept with a collection beside its documents, and changes: the generation it is level with, a load under way,
//! and how long lists of metadata are.
//!
//! It is one property of the collection, which the server keeps with the schema: it is written at once or not at all, it goes when
//! the collection goes, and reading it asks no index. It is never ahead of the documents, but for the lengths of
//! lists, which are never behind them.

use serde::{Deserialize, Serialize};

use super::error::MilvusError;
use super::expression::Longest;
use super::messages::{AlterCollection, KeyValue, Status};
use super::schema::pair;
use super::server::Server;

/// The name of the property.
const PROPERTY: &str = "rootward.state";

/// What is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    /// The generation of the source that the documents are those of; none before the first.
    pub(super) generation: Option<u64>,
    /// How many loads were begun.
    pub(super) loads: i64,
    /// The checksum of the documents, where they are those of a load that is through and no change came behind it.
    pub(super) checksum: Option<u32>,
    /// The load that is not through.
    pub(super) unfinished: Option<Unfinished>,
    /// The lengths of lists.
    pub(super) longest: Longest,
}

/// How far a load came.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Unfinished {
    /// Of what is loaded.
    pub(super) generation: u64,
    /// How many documents are on the server.
    pub(super) done: u64,
    /// Their checksum, by which the same source is known again.
    pub(super) checksum: u32,
}

impl State {
    /// What the properties of a collection say; nothing yet where they are silent.
    ///
    /// # Errors
    /// When they were written by something else.
    pub(super) fn of(server: &Server, properties: &[KeyValue]) -> Result<Self, MilvusError> {
        let Some(found) = properties.iter().find(|pair| pair.key == PROPERTY) else {
            return Ok(State::default());
        };
        serde_json::from_str(&found.value).map_err(|_| MilvusError::Foreign {
            address: server.address(),
            collection: server.collection(),
            what: "property rootward.state",
            expected: "one of Rootward's".to_owned(),
            got: format!("`{}`", found.value),
        })
    }

    /// Writes it to the server.
    ///
    /// # Errors
    /// When the server does not take it.
    pub(super) fn write(&self, server: &Server) -> Result<(), MilvusError> {
        let state = serde_json::to_string(self).expect("numbers and texts are JSON");
        let properties = vec![pair(PROPERTY, &state)];
        let request = AlterCollection { collection_name: server.collection(), properties };
        server.call::<_, Status>("AlterCollection", request).map(|_| ())
    }

    /// Whether there are longer lists than those it knows.
    pub(super) fn is_shorter(&self, longest: &Longest) -> bool {
        longest.iter().any(|(key, length)| self.longest.get(key).is_none_or(|known| known < length))
    }

    /// Takes longer lists over.
    pub(super) fn lengthen(&mut self, longest: &Longest) {
        for (key, length) in longest {
            let known = self.longest.entry(key.clone()).or_default();
            *known = (*known).max(*length);
        }
    }
}
