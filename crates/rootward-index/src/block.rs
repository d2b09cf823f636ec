//! The documents of one leaf as numbers of 8 bits, one behind the other.
//!
//! A block is never changed; a leaf that changes gets another, which shares with it what is large: who goes is struck out,
//! who comes stands apart, and only when these have become many is everything written anew.

use std::sync::Arc;

use rootward::ids::DocIdx;
use rootward_kernels::Codes;

use crate::vectors::Vectors;

/// Stands for a document that is gone.
const GONE: DocIdx = DocIdx(u32::MAX);

/// A block is written anew when so large a part of it is gone or stands apart.
const CHANGED: usize = 4;

/// Documents that are scanned together.
#[derive(Clone)]
pub struct Block {
    /// By place, first those of `codes`, then those of `later`.
    docs: Vec<DocIdx>,
    codes: Arc<Codes>,
    later: Codes,
    n_docs: usize,
    /// The sum of their vectors.
    sum: Vec<f64>,
    /// The sum of the squares of their lengths.
    squares: f64,
}

impl Block {
    /// A block of some documents, in their order.
    pub fn of(docs: &[DocIdx], vectors: &Vectors) -> Self {
        let dim = vectors.dim();
        let mut codes = Codes::with_capacity(dim, docs.len());
        codes.extend(docs.iter().map(|doc| vectors.row(*doc)));
        let (codes, later) = (Arc::new(codes), Codes::with_capacity(dim, 0));
        let mut block = Block {
            docs: docs.to_vec(),
            codes,
            later,
            n_docs: docs.len(),
            sum: vec![0.0; dim],
            squares: 0.0,
        };
        docs.iter().for_each(|doc| block.add(1.0, vectors.row(*doc)));
        block
    }

    /// This block once some documents have gone and others have come.
    ///
    /// A document that moved to another vector has gone and come.
    pub fn changed(&self, gone: &[DocIdx], come: &[DocIdx], vectors: &Vectors) -> Self {
        let mut block = self.clone();
        for place in &mut block.docs {
            if gone.contains(place) {
                *place = GONE;
            }
        }
        block.docs.extend(come);
        block.n_docs = block.n_docs + come.len() - gone.len();
        let (n_apart, n_gone) = (block.docs.len() - block.codes.len(), block.docs.len() - block.n_docs);
        if CHANGED * (n_apart + n_gone) > block.docs.len() {
            return Block::of(&block.docs().collect::<Vec<_>>(), vectors);
        }
        block.later.extend(come.iter().map(|doc| vectors.row(*doc)));
        gone.iter().for_each(|doc| block.add(-1.0, vectors.row(*doc)));
        come.iter().for_each(|doc| block.add(1.0, vectors.row(*doc)));
        block
    }

    /// Adds a vector so many times to the sums.
    fn add(&mut self, times: f64, vector: &[f32]) {
        for (sum, x) in self.sum.iter_mut().zip(vector) {
            *sum += times * f64::from(*x);
            self.squares += times * f64::from(*x) * f64::from(*x);
        }
    }

    /// How many documents there are.
    pub fn n_docs(&self) -> usize {
        self.n_docs
    }

    /// The documents.
    pub fn docs(&self) -> impl Iterator<Item = DocIdx> + '_ {
        self.docs.iter().copied().filter(|doc| *doc != GONE)
    }

    /// Codes to be scanned, each with the documents by place; none where one is gone.
    pub fn parts(&self) -> [(&Codes, Places<'_>); 2] {
        let (docs, later) = self.docs.split_at(self.codes.len());
        [(&self.codes, Places(docs)), (&self.later, Places(later))]
    }

    /// The sum of their vectors.
    pub fn sum(&self) -> &[f64] {
        &self.sum
    }

    /// The sum of the squares of their lengths.
    pub fn squares(&self) -> f64 {
        self.squares
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        size_of_val(&self.docs[..]) + size_of_val(&self.sum[..]) + self.codes.bytes() + self.later.bytes()
    }
}

/// Documents by place.
#[derive(Clone, Copy)]
pub struct Places<'a>(&'a [DocIdx]);

impl Places<'_> {
    /// The document at a place; none where it is gone.
    pub fn at(&self, place: u32) -> Option<DocIdx> {
        Some(self.0[place as usize]).filter(|doc| *doc != GONE)
    }
}
