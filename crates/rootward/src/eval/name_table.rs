//! The ids of a data set, gathered once.

use super::order::{Names, tie_order};
use crate::dataset::Dataset;

/// The ids of a data set and the order of ties that follows from them; lends itself out as [`Names`].
#[derive(Clone, Debug)]
pub struct NameTable<'a> {
    queries: Vec<&'a str>,
    docs: Vec<&'a str>,
    tie_order: Vec<u32>,
}

impl<'a> NameTable<'a> {
    /// The ids of a data set.
    pub fn of(data: &'a Dataset) -> Self {
        let docs: Vec<&str> = data.docs.iter().map(|doc| doc.id.as_str()).collect();
        let queries = data.queries.iter().map(|query| query.id.as_str()).collect();
        NameTable { queries, tie_order: tie_order(&docs), docs }
    }

    /// The same, borrowed.
    pub fn names(&self) -> Names<'_> {
        Names { queries: &self.queries, docs: &self.docs, tie_order: &self.tie_order }
    }
}
