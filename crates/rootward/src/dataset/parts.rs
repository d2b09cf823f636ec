//! What the files of a folder say, before the ancestors of its documents are listed.
//!
//! Importers make this: a hierarchy may be imported, looked at and written that is too large to be trained on.

use super::{Dataset, Document, Judgements, Query};
use crate::hierarchy::{Graph, Hierarchy, HierarchyError};

/// Documents, the edges between them, and what is asked of them.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The documents, numbered as the graph numbers them.
    pub docs: Vec<Document>,
    /// What lies directly above what.
    pub graph: Graph,
    /// The queries; `None` where every document is asked for by its title.
    pub asked: Option<Asked>,
}

/// Queries and what answers them.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The queries, numbered as the judgements number them.
    pub queries: Vec<Query>,
    /// What answers them.
    pub judgements: Judgements,
}

impl Parts {
    /// The data set of these parts.
    ///
    /// # Errors
    /// When there are more pairs of a document and an ancestor than can be held.
    ///
    /// # Panics
    /// When the graph is not over these documents, or a judgement names a query or a document that is not there.
    pub fn into_dataset(self, name: String) -> Result<Dataset, HierarchyError> {
        let hierarchy = Hierarchy::of(self.graph)?;
        Ok(match self.asked {
            None => Dataset::closed(name, self.docs, hierarchy),
            Some(asked) => Dataset::judged(name, self.docs, hierarchy, asked.queries, asked.judgements),
        })
    }
}
