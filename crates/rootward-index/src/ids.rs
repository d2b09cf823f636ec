//! The ids of all documents by place, in chunks that snapshots share.

use std::sync::Arc;

use rootward::ids::DocIdx;

/// Documents of a chunk.
const CHUNK: usize = 1024;

/// Ids by document.
#[derive(Clone, Debug, Default)]
pub struct Ids {
    chunks: Vec<Arc<Chunk>>,
}

/// `CHUNK` ids in one text, so that a million of them are not a million allocations.
#[derive(Clone, Debug)]
struct Chunk {
    text: String,
    /// Where each id begins and ends.
    places: Vec<(u32, u32)>,
}

impl Ids {
    /// The id that was put at a place; empty where none was.
    pub fn id(&self, doc: DocIdx) -> &str {
        let Some(chunk) = self.chunks.get(doc.at() / CHUNK) else { return "" };
        let (from, to) = chunk.places[doc.at() % CHUNK];
        &chunk.text[from as usize..to as usize]
    }

    /// Puts an id at a place.
    ///
    /// # Panics
    /// When the ids of a chunk fill 4 GiB.
    pub fn put(&mut self, doc: DocIdx, id: &str) {
        while self.chunks.len() <= doc.at() / CHUNK {
            self.chunks.push(Arc::new(Chunk { text: String::new(), places: vec![(0, 0); CHUNK] }));
        }
        let chunk = Arc::make_mut(&mut self.chunks[doc.at() / CHUNK]);
        let place = |text: &String| u32::try_from(text.len()).expect("the ids of a chunk are short");
        let from = place(&chunk.text);
        chunk.text.push_str(id);
        chunk.places[doc.at() % CHUNK] = (from, place(&chunk.text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_where_they_were_put() {
        let mut ids = Ids::default();
        ids.put(DocIdx(2_000), "b");
        ids.put(DocIdx(0), "äa");
        let read = [0, 1, 2_000, 9_999].map(|doc| ids.id(DocIdx(doc)));
        assert_eq!(read, ["äa", "", "b", ""]);
    }
}
