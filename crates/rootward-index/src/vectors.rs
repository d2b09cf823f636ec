//! The `f32` vectors of all documents by place, in chunks that snapshots share.
//!
//! A change copies the chunks that it writes into and no others, so that a snapshot costs what changed since the one
//! before it. A place of a document that is gone holds zeros or what was there; nobody asks for it.

use std::sync::Arc;

use rootward::doc_tree::DocVectors;
use rootward::ids::DocIdx;

/// Documents of a chunk.
const CHUNK: usize = 256;

/// Vectors by document.
#[derive(Clone, Debug)]
pub struct Vectors {
    dim: usize,
    /// `CHUNK` vectors each, end to end; empty where none was put.
    chunks: Vec<Arc<Vec<f32>>>,
}

impl Vectors {
    /// No vectors, of `dim` numbers each.
    pub fn new(dim: usize) -> Self {
        Vectors { dim, chunks: Vec::new() }
    }

    /// The vectors of several, which have no chunk in common.
    ///
    /// # Panics
    /// When they are of several widths.
    pub(crate) fn joined(dim: usize, parts: impl IntoIterator<Item = Vectors>) -> Self {
        let mut joined = Vectors::new(dim);
        for part in parts {
            assert_eq!(part.dim, dim, "all parts are of one width");
            joined.reach(part.chunks.len());
            for (chunk, other) in joined.chunks.iter_mut().zip(part.chunks) {
                if !other.is_empty() {
                    *chunk = other;
                }
            }
        }
        joined
    }

    /// How many numbers a vector has.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The vector that was put at a place.
    ///
    /// # Panics
    /// When none was put there or near to it.
    pub fn row(&self, doc: DocIdx) -> &[f32] {
        &self.chunks[doc.at() / CHUNK][doc.at() % CHUNK * self.dim..][..self.dim]
    }

    /// Puts a vector at a place.
    ///
    /// # Panics
    /// When it is of another width.
    pub fn put(&mut self, doc: DocIdx, vector: &[f32]) {
        self.reach(doc.at() / CHUNK + 1);
        let chunk = Arc::make_mut(&mut self.chunks[doc.at() / CHUNK]);
        chunk.resize(CHUNK * self.dim, 0.0);
        chunk[doc.at() % CHUNK * self.dim..][..self.dim].copy_from_slice(vector);
    }

    fn reach(&mut self, n_chunks: usize) {
        if self.chunks.len() < n_chunks {
            self.chunks.resize(n_chunks, Arc::default());
        }
    }
}

impl DocVectors for Vectors {
    fn dim(&self) -> usize {
        self.dim
    }

    fn vector(&self, doc: DocIdx) -> Option<&[f32]> {
        let chunk = self.chunks.get(doc.at() / CHUNK)?;
        (!chunk.is_empty()).then(|| self.row(doc))
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
        assert_eq!((before.vector(DocIdx(0)), before.vector(DocIdx(999))), (None, None));
    }

    #[test]
    fn parts_of_the_places_are_joined() {
        let (mut first, mut second) = (Vectors::new(1), Vectors::new(1));
        first.put(DocIdx(3), &[1.0]);
        second.put(DocIdx(256), &[2.0]);
        let joined = Vectors::joined(1, [second, first]);
        assert_eq!([3, 256].map(|doc| joined.row(DocIdx(doc))[0]), [1.0, 2.0]);
    }
}
