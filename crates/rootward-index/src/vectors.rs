//! The `f32` vectors of all documents by place, in chunks that snapshots share.
//!
//! A change copies the chunks that it writes into and no others, so that a snapshot costs what changed since the one
//! before it. Places of documents that are gone hold zeros or what was there; nobody asks for them.

use std::sync::Arc;

use rootward::ids::DocIdx;

/// Documents of a chunk.
const CHUNK: usize = 256;

/// Vectors by document.
#[derive(Clone, Debug)]
pub struct Vectors {
    dim: usize,
    /// `CHUNK` vectors each, end to end.
    chunks: Vec<Arc<Vec<f32>>>,
}

impl Vectors {
    /// No vectors, of `dim` numbers each.
    pub fn new(dim: usize) -> Self {
        Vectors { dim, chunks: Vec::new() }
    }

    /// How many numbers a vector has.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The vector that was put at a place; zeros where none was, and a place beyond it was.
    ///
    /// # Panics
    /// When no vector was put there or beyond.
    pub fn row(&self, doc: DocIdx) -> &[f32] {
        &self.chunks[doc.at() / CHUNK][doc.at() % CHUNK * self.dim..][..self.dim]
    }

    /// Puts a vector at a place.
    ///
    /// # Panics
    /// When it is of another width.
    pub fn put(&mut self, doc: DocIdx, vector: &[f32]) {
        while self.chunks.len() <= doc.at() / CHUNK {
            self.chunks.push(Arc::new(vec![0.0; CHUNK * self.dim]));
        }
        let chunk = Arc::make_mut(&mut self.chunks[doc.at() / CHUNK]);
        chunk[doc.at() % CHUNK * self.dim..][..self.dim].copy_from_slice(vector);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_does_not_see_later_vectors() {
        let mut vectors = Vectors::new(2);
        vectors.put(DocIdx(300), &[1.0, 2.0]);
        let before = vectors.clone();
        vectors.put(DocIdx(300), &[3.0, 4.0]);
        assert_eq!((before.row(DocIdx(300)), vectors.row(DocIdx(300))), (&[1.0, 2.0][..], &[3.0, 4.0][..]));
        assert_eq!(before.row(DocIdx(0)), [0.0, 0.0]);
    }
}
