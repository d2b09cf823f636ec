//! How gradients move parameters: Adam, Adagrad and gradient descent, flat or hyperbolic, one row of a table at a time.
//!
//! A lazy step touches the rows of its batch and no others, so its cost does not depend on the size of the table. Each
//! row counts its own steps, so that a row seen for the first time late in training is corrected for the start of its
//! moments as any other row was. Adam as published [Kingma & Ba 2015, alg. 1] moves every row in every step: a row goes
//! on by its momentum long after its batch, in all some thirty times as far, which is what makes rare rows learn.

mod geodesic;

use rayon::prelude::*;
use rootward_kernels::{AdamStep, adam_row, add_scaled, scale_by};
use serde::{Deserialize, Serialize};

use crate::matrix::Matrix;
use crate::recipe::is_zero;

use geodesic::RiemannianGradient;

/// Which rule moves the parameters. The learning rate comes with every step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Optimiser {
    /// Adam with bias correction.
    Adam {
        /// Decay of the mean of the gradients, in `[0, 1)`; 0.9 is usual.
        beta1: f32,
        /// Decay of the mean of their squares, in `[0, 1)`; 0.999 is usual.
        beta2: f32,
        /// Added to the root of the second moment, above 0.
        epsilon: f32,
        /// Whether a step moves only the rows of its batch, each by its own step count; else it moves all rows.
        lazy: bool,
        /// What a step takes from a moved parameter, as a share of itself times the rate: `AdamW` [Loshchilov & Hutter
        /// 2019]; 0 or more. Biases and norms of Transformers keep theirs.
        #[serde(default, skip_serializing_if = "is_zero")]
        decay: f32,
    },
    /// Adagrad: the rate is divided by the root of the sum of all squared gradients so far [Duchi et al., JMLR 2011].
    ///
    /// Rows seen often settle, rows seen rarely go on learning; a row that is not touched does not move.
    Adagrad {
        /// Added to the root, above 0.
        epsilon: f32,
    },
    /// `parameter -= rate * gradient`.
    Sgd {},
    /// Steps of `rate` times the Riemannian gradient along geodesics of hyperbolic space [Nickel & Kiela 2017].
    RiemannianSgd {
        /// The longest step, in units of distance, above 0.
        clip: f32,
    },
}

/// The gradients of the rows that a step touches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gradients<'a> {
    /// The rows, each once.
    pub(crate) touched: &'a [u32],
    /// For each row of the table the place of its gradient in `touched`; [`NO_SLOT`] where it has none.
    pub(crate) slots: &'a [u32],
    /// The gradients, one after the other in the order of `touched`.
    pub(crate) values: &'a [f32],
}

/// The slot of a row that the step does not touch.
pub(crate) const NO_SLOT: u32 = u32::MAX;

/// What an optimiser remembers of a table; parts that it does not need are empty.
#[derive(Clone, Debug)]
pub(crate) struct Moments {
    /// Running mean of the gradients, in the shape of the table.
    pub(crate) first: Matrix,
    /// Running mean of their squares, or their sum, in the shape of the table.
    pub(crate) second: Matrix,
    /// Steps that each row has taken.
    pub(crate) steps: Vec<u32>,
}

impl Moments {
    /// The state before the first step of an optimiser on a table of shape `(n_rows, dim)`.
    pub(crate) fn start(optimiser: Optimiser, n_rows: usize, dim: usize) -> Self {
        let (first, second) = match optimiser {
            Optimiser::Adam { .. } => (n_rows, n_rows),
            Optimiser::Adagrad { .. } => (0, n_rows),
            Optimiser::Sgd {} | Optimiser::RiemannianSgd { .. } => (0, 0),
        };
        Moments {
            first: Matrix::zeros(first, dim),
            second: Matrix::zeros(second, dim),
            steps: vec![0; first],
        }
    }
}

impl Optimiser {
    /// Whether it takes rows for points of hyperbolic space.
    pub(crate) fn is_riemannian(self) -> bool {
        matches!(self, Optimiser::RiemannianSgd { .. })
    }

    /// Moves rows of a table by their gradients.
    ///
    /// The result does not depend on the number of threads.
    pub(crate) fn step(self, rows: &mut Matrix, moments: &mut Moments, grads: Gradients<'_>, rate: f32) {
        let dim = rows.dim();
        let Gradients { touched, slots, values } = grads;
        match self {
            Optimiser::Sgd {} => {
                for (row, grad) in touched.iter().zip(values.chunks_exact(dim)) {
                    add_scaled(-rate, grad, rows.row_mut(*row as usize));
                }
            }
            Optimiser::Adagrad { epsilon } => {
                for (row, grad) in touched.iter().zip(values.chunks_exact(dim)) {
                    let (params, squares) =
                        (rows.row_mut(*row as usize), moments.second.row_mut(*row as usize));
                    for ((param, square), g) in params.iter_mut().zip(squares).zip(grad) {
                        *square += g * g;
                        *param -= rate * g / (square.sqrt() + epsilon);
                    }
                }
            }
            Optimiser::RiemannianSgd { clip } => {
                for (row, grad) in touched.iter().zip(values.chunks_exact(dim)) {
                    let row = rows.row_mut(*row as usize);
                    let gradient = RiemannianGradient::new(row, grad);
                    geodesic::descend(row, &gradient, (rate * gradient.norm).min(clip));
                }
            }
            Optimiser::Adam { beta1, beta2, epsilon, lazy, decay } => {
                let step = |taken: u32| {
                    let correction = |beta: f32| 1.0 - beta.powf(taken as f32);
                    let (correction1, correction2) = (correction(beta1), correction(beta2));
                    AdamStep { rate, beta1, beta2, epsilon, correction1, correction2 }
                };
                let Moments { first, second, steps } = moments;
                let shrink = |params: &mut [f32]| {
                    if decay > 0.0 {
                        scale_by(params, 1.0 - rate * decay);
                    }
                };
                if lazy {
                    for (row, grad) in touched.iter().zip(values.chunks_exact(dim)) {
                        let row = *row as usize;
                        steps[row] += 1;
                        let (mean, square) = (first.row_mut(row), second.row_mut(row));
                        shrink(rows.row_mut(row));
                        adam_row(&step(steps[row]), rows.row_mut(row), mean, square, grad);
                    }
                } else {
                    let still = vec![0.0; dim];
                    let moved =
                        rows.values_mut().par_chunks_mut(dim).zip(first.values_mut().par_chunks_mut(dim));
                    let moved = moved.zip(second.values_mut().par_chunks_mut(dim)).zip(steps.par_iter_mut());
                    moved.zip(slots).with_min_len(1024).for_each(
                        |((((params, mean), square), taken), slot)| {
                            *taken += 1;
                            shrink(params);
                            let start = *slot as usize * dim;
                            let grad = if *slot == NO_SLOT { &still } else { &values[start..start + dim] };
                            adam_row(&step(*taken), params, mean, square, grad);
                        },
                    );
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
