//! Where the vectors of documents come from: a matrix, or whatever keeps them otherwise.

use crate::ids::DocIdx;
use crate::matrix::Matrix;

/// Vectors by document, all of one width.
pub trait DocVectors: Sync {
    /// How many numbers a vector has.
    fn dim(&self) -> usize;

    /// The vector of a document, the same at each call; none where it has none.
    fn vector(&self, doc: DocIdx) -> Option<&[f32]>;
}

/// Row `i` is the vector of document `i`.
impl DocVectors for Matrix {
    fn dim(&self) -> usize {
        Matrix::dim(self)
    }

    fn vector(&self, doc: DocIdx) -> Option<&[f32]> {
        (doc.at() < self.n_rows()).then(|| self.row(doc.at()))
    }
}

impl dyn DocVectors + '_ {
    /// The vector of a document that has one.
    pub(super) fn row(&self, doc: DocIdx) -> &[f32] {
        self.vector(doc).expect("every document of a tree has a vector")
    }
}
