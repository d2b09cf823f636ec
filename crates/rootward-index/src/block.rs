//! The documents of one leaf as numbers of 8 bits, one behind the other.
//!
//! A block is never changed; a leaf that changes gets another, which takes over what is still true.

use rootward::ids::DocIdx;
use rootward_kernels::Codes;

use crate::vectors::Vectors;

/// Documents that are scanned together.
#[derive(Clone)]
pub struct Block {
    docs: Vec<DocIdx>,
    codes: Codes,
    mean: Vec<f64>,
}

impl Block {
    /// A block of some documents, in their order.
    pub fn of(docs: &[DocIdx], vectors: &Vectors) -> Self {
        let mut codes = Codes::with_capacity(vectors.dim(), docs.len());
        codes.extend(docs.iter().map(|doc| vectors.row(*doc)));
        Block { docs: docs.to_vec(), codes, mean: mean(docs, vectors) }
    }

    /// This block once some documents have gone and others have come; only vectors of these are read.
    ///
    /// A document that moved to another vector has gone and come. Those that stay may change places.
    pub fn changed(&self, gone: &[DocIdx], come: &[DocIdx], vectors: &Vectors) -> Self {
        let Block { mut docs, mut codes, mut mean } = self.clone();
        mean.iter_mut().for_each(|sum| *sum *= docs.len() as f64);
        for place in (0..docs.len()).rev() {
            if gone.contains(&docs[place]) {
                add(&mut mean, -1.0, vectors.row(docs[place]));
                docs.swap_remove(place);
                codes.swap_remove(place);
            }
        }
        docs.extend(come);
        codes.extend(come.iter().map(|doc| vectors.row(*doc)));
        come.iter().for_each(|doc| add(&mut mean, 1.0, vectors.row(*doc)));
        mean.iter_mut().for_each(|sum| *sum /= docs.len().max(1) as f64);
        Block { docs, codes, mean }
    }

    /// The documents, by place.
    pub fn docs(&self) -> &[DocIdx] {
        &self.docs
    }

    /// The mean of their vectors; zeros where there are none.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Their codes, by place.
    pub fn codes(&self) -> &Codes {
        &self.codes
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        size_of_val(&self.docs[..]) + size_of_val(&self.mean[..]) + self.codes.bytes()
    }
}

/// The mean of the vectors of documents.
fn mean(docs: &[DocIdx], vectors: &Vectors) -> Vec<f64> {
    let mut mean = vec![0.0; vectors.dim()];
    docs.iter().for_each(|doc| add(&mut mean, 1.0, vectors.row(*doc)));
    mean.iter_mut().for_each(|sum| *sum /= docs.len().max(1) as f64);
    mean
}

/// Adds a vector so many times.
fn add(sum: &mut [f64], times: f64, vector: &[f32]) {
    sum.iter_mut().zip(vector).for_each(|(sum, x)| *sum += times * f64::from(*x));
}
