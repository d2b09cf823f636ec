//! The documents of a step, as columns.

use crate::ids::DocIdx;
use crate::recipe::{Negatives, Source};

/// Hands out columns to documents, and finds them again.
pub(super) struct Columns {
    docs: Vec<DocIdx>,
    /// The latest column of each document; `NONE` where it has none.
    latest: Vec<u32>,
    /// For each column the one before it of the same document.
    before: Vec<u32>,
    repeat: bool,
}

const NONE: u32 = u32::MAX;

impl Columns {
    pub(super) fn new(n_docs: usize) -> Self {
        Columns { docs: Vec::new(), latest: vec![NONE; n_docs], before: Vec::new(), repeat: false }
    }

    /// Forgets the last step. A step over the whole corpus begins with every document.
    pub(super) fn start(&mut self, negatives: Negatives, n_docs: usize) {
        for doc in self.docs.drain(..) {
            self.latest[doc.at()] = NONE;
        }
        self.before.clear();
        self.repeat = !negatives.deduplicate && negatives.from == Source::Batch;
        if negatives.from == Source::Corpus {
            (0..n_docs as u32).for_each(|doc| {
                self.bring(DocIdx(doc));
            });
        }
    }

    /// The column of a document; a new one where it has none, or where documents may repeat.
    pub(super) fn bring(&mut self, doc: DocIdx) -> u32 {
        let latest = self.latest[doc.at()];
        if latest != NONE && !self.repeat {
            return latest;
        }
        let column = self.docs.len() as u32;
        self.docs.push(doc);
        self.before.push(latest);
        self.latest[doc.at()] = column;
        column
    }

    /// All columns of a document, the latest first.
    pub(super) fn of(&self, doc: DocIdx) -> impl Iterator<Item = u32> {
        let some = |column: u32| (column != NONE).then_some(column);
        std::iter::successors(some(self.latest[doc.at()]), move |column| some(self.before[*column as usize]))
    }

    /// The documents, column by column.
    pub(super) fn docs(&self) -> &[DocIdx] {
        &self.docs
    }
}
