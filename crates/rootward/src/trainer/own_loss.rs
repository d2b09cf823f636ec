//! The loss that a stage states, on the documents that its sampling and its negatives bring.

use std::borrow::Cow;

use crate::loss::{LossError, LossGrad, Scratch, Targets, corrected_softmax, hyperbolic_softmax};
use crate::matrix::Matrix;
use crate::recipe::{Distance, Loss};
use crate::sampling::Batch;

/// The stage's own loss on a batch.
pub(super) fn softmax(
    scratch: &mut Scratch,
    loss: Loss,
    batch: &Batch,
    queries: &Matrix,
    docs: &Matrix,
    temperature: f32,
) -> Result<LossGrad, LossError> {
    let targets = Targets {
        positives: &batch.positives,
        known: &batch.known,
        log_weights: batch.log_weights.as_deref(),
        weights: batch.weights.as_ref(),
    };
    let Loss::Softmax { distance, .. } = loss;
    let softmax = match distance {
        None => corrected_softmax,
        Some(Distance::Hyperbolic) => hyperbolic_softmax,
    };
    softmax(scratch, queries, docs, targets, temperature)
}

/// The first rows of a matrix: itself, where it has no more.
pub(super) fn first_rows(matrix: &Matrix, n: usize) -> Cow<'_, Matrix> {
    if matrix.n_rows() == n {
        return Cow::Borrowed(matrix);
    }
    let values = matrix.values()[..n * matrix.dim()].to_vec();
    Cow::Owned(Matrix::new(n, matrix.dim(), values).expect("so many rows"))
}
