//! How gradients move parameters: Adam and plain gradient descent, one row of a table at a time.
//!
//! A step touches the rows of its batch and no others ("lazy"), so its cost does not depend on the size of the table.
//! Each row counts its own steps, so that a row seen for the first time late in training is corrected for the start of
//! its moments as any other row was; with every row in every step this is Adam as published [Kingma & Ba 2015, alg. 1].

use rootward_kernels::{AdamStep, adam_row, add_scaled};
use serde::{Deserialize, Serialize};

use crate::matrix::Matrix;

/// Which rule moves the parameters. The learning rate comes with every step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Optimiser {
    /// Adam with bias correction by each row's own step count.
    Adam {
        /// Decay of the mean of the gradients, in `[0, 1)`; 0.9 is usual.
        beta1: f32,
        /// Decay of the mean of their squares, in `[0, 1)`; 0.999 is usual.
        beta2: f32,
        /// Added to the root of the second moment, above 0.
        epsilon: f32,
    },
    /// `parameter -= rate * gradient`.
    Sgd {},
}

/// What Adam remembers of a table; empty for gradient descent.
#[derive(Clone, Debug)]
pub(crate) struct Moments {
    /// Running mean of the gradients, in the shape of the table.
    pub(crate) first: Matrix,
    /// Running mean of their squares, in the shape of the table.
    pub(crate) second: Matrix,
    /// Steps that each row has taken.
    pub(crate) steps: Vec<u32>,
}

impl Moments {
    /// The state before the first step of an optimiser on a table of shape `(n_rows, dim)`.
    pub(crate) fn start(optimiser: Optimiser, n_rows: usize, dim: usize) -> Self {
        let kept = match optimiser {
            Optimiser::Adam { .. } => n_rows,
            Optimiser::Sgd {} => 0,
        };
        Moments { first: Matrix::zeros(kept, dim), second: Matrix::zeros(kept, dim), steps: vec![0; kept] }
    }
}

impl Optimiser {
    /// Moves one row of a table by its gradient.
    pub(crate) fn step_row(
        self,
        moments: &mut Moments,
        row: usize,
        params: &mut [f32],
        grad: &[f32],
        rate: f32,
    ) {
        match self {
            Optimiser::Adam { beta1, beta2, epsilon } => {
                moments.steps[row] += 1;
                let steps = moments.steps[row] as f32;
                let correction1 = 1.0 - beta1.powf(steps);
                let correction2 = 1.0 - beta2.powf(steps);
                let step = AdamStep { rate, beta1, beta2, epsilon, correction1, correction2 };
                adam_row(&step, params, moments.first.row_mut(row), moments.second.row_mut(row), grad);
            }
            Optimiser::Sgd {} => add_scaled(-rate, grad, params),
        }
    }
}
