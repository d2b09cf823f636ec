//! The leaf of each document by place, in chunks that snapshots share.

use std::sync::Arc;

use rootward::doc_tree::NodeIdx;
use rootward::ids::DocIdx;

/// Documents of a chunk.
const CHUNK: usize = 512;

/// Stands for the leaf of no document.
const NONE: u32 = u32::MAX;

/// Leaves by document.
#[derive(Clone, Debug, Default)]
pub struct Homes {
    chunks: Vec<Arc<Vec<u32>>>,
}

impl Homes {
    /// The node that owns a document; none of a document that is not there.
    pub fn home(&self, doc: DocIdx) -> Option<NodeIdx> {
        let home = self.chunks.get(doc.at() / CHUNK)?[doc.at() % CHUNK];
        (home != NONE).then_some(NodeIdx(home))
    }

    /// Says which node owns a document from now on, or that it is gone; the node that owned it before.
    pub fn put(&mut self, doc: DocIdx, home: Option<NodeIdx>) -> Option<NodeIdx> {
        while self.chunks.len() <= doc.at() / CHUNK {
            self.chunks.push(Arc::new(vec![NONE; CHUNK]));
        }
        let place = &mut Arc::make_mut(&mut self.chunks[doc.at() / CHUNK])[doc.at() % CHUNK];
        let before = std::mem::replace(place, home.map_or(NONE, |home| home.0));
        (before != NONE).then_some(NodeIdx(before))
    }

    /// All documents that are there, in ascending order, each with its home.
    pub fn docs(&self) -> impl Iterator<Item = (DocIdx, NodeIdx)> + '_ {
        self.docs_from(DocIdx(0))
    }

    /// Those from a place on.
    pub fn docs_from(&self, first: DocIdx) -> impl Iterator<Item = (DocIdx, NodeIdx)> + '_ {
        let whole = first.at() / CHUNK * CHUNK;
        let places = self.chunks.iter().skip(first.at() / CHUNK).flat_map(|chunk| chunk.iter());
        let docs = (whole as u32..).zip(places).skip(first.at() - whole);
        docs.filter(|(_, home)| **home != NONE).map(|(doc, home)| (DocIdx(doc), NodeIdx(*home)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_moves_leaves_the_snapshot_where_it_was() {
        let mut homes = Homes::default();
        assert_eq!(homes.put(DocIdx(5_000), Some(NodeIdx(3))), None);
        let before = homes.clone();
        assert_eq!(homes.put(DocIdx(5_000), None), Some(NodeIdx(3)));
        assert_eq!((before.home(DocIdx(5_000)), homes.home(DocIdx(5_000))), (Some(NodeIdx(3)), None));
        assert_eq!(before.docs().collect::<Vec<_>>(), [(DocIdx(5_000), NodeIdx(3))]);
        assert_eq!([4_000, 5_000, 5_001].map(|doc| before.docs_from(DocIdx(doc)).count()), [1, 1, 0]);
    }
}
