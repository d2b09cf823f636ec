//! Rows of numbers that learn: gradients are collected by row, and a step moves those that have any.
//!
//! Tables of vectors, token vectors and linear maps are all of this kind. What the optimiser remembers of each row is
//! kept beside it and saved with it.

use rootward_kernels::add_scaled;

use crate::encoder::Keep;
use crate::matrix::Matrix;
use crate::optimiser::{Gradients, Moments, NO_SLOT, Optimiser};
use crate::tensors::{Tensor, TensorError, Tensors};

/// Parameters in rows, the gradients collected for the coming step, and what the optimiser remembers.
#[derive(Clone, Debug)]
pub(crate) struct LearnedRows {
    rows: Matrix,
    optimiser: Optimiser,
    moments: Moments,
    pending: Pending,
}

/// Gradients of the rows that were touched since the last step.
#[derive(Clone, Debug)]
struct Pending {
    /// Where the gradient of each row stands in `grads`; `NO_SLOT` where it has none.
    slots: Vec<u32>,
    touched: Vec<u32>,
    grads: Vec<f32>,
}

impl LearnedRows {
    /// Rows that begin with these numbers.
    pub(crate) fn new(rows: Matrix) -> Self {
        let optimiser = Optimiser::Sgd {};
        let pending = Pending { slots: vec![NO_SLOT; rows.n_rows()], touched: Vec::new(), grads: Vec::new() };
        let moments = Moments::start(optimiser, rows.n_rows(), rows.dim());
        LearnedRows { rows, optimiser, moments, pending }
    }

    /// Other rows, some of which go on where a row of these stands: its numbers, and what the optimiser remembers of it.
    pub(crate) fn continued(&self, mut rows: Matrix, from: &[Option<usize>]) -> Self {
        let mut moments = Moments::start(self.optimiser, rows.n_rows(), rows.dim());
        for (row, earlier) in from.iter().enumerate().filter_map(|(row, from)| Some((row, (*from)?))) {
            rows.row_mut(row).copy_from_slice(self.rows.row(earlier));
            let parts =
                [(&mut moments.first, &self.moments.first), (&mut moments.second, &self.moments.second)];
            for (part, of) in parts.into_iter().filter(|(part, _)| part.n_rows() > 0) {
                part.row_mut(row).copy_from_slice(of.row(earlier));
            }
            if let Some(steps) = moments.steps.get_mut(row) {
                *steps = self.moments.steps[earlier];
            }
        }
        let mut continued = LearnedRows::new(rows);
        (continued.optimiser, continued.moments) = (self.optimiser, moments);
        continued
    }

    /// The numbers as they stand.
    pub(crate) fn rows(&self) -> &Matrix {
        &self.rows
    }

    /// Adds to the gradient of one row.
    pub(crate) fn add(&mut self, row: u32, grad: &[f32]) {
        let dim = self.rows.dim();
        let Pending { slots, touched, grads } = &mut self.pending;
        let slot = &mut slots[row as usize];
        if *slot == NO_SLOT {
            *slot = touched.len() as u32;
            touched.push(row);
            grads.extend_from_slice(grad);
        } else {
            let start = *slot as usize * dim;
            add_scaled(1.0, grad, &mut grads[start..start + dim]);
        }
    }

    /// Moves the rows by the gradients collected since the last step, and forgets these.
    pub(crate) fn step(&mut self, rate: f32) {
        let Pending { touched, slots, grads } = &mut self.pending;
        let gradients = Gradients { touched, slots, values: grads };
        self.optimiser.step(&mut self.rows, &mut self.moments, gradients, rate);
        for row in touched.drain(..) {
            slots[row as usize] = NO_SLOT;
        }
        grads.clear();
    }

    /// Forgets what the optimiser remembers and continues with another one.
    pub(crate) fn start_optimiser(&mut self, optimiser: Optimiser) {
        self.optimiser = optimiser;
        self.moments = Moments::start(optimiser, self.rows.n_rows(), self.rows.dim());
    }

    /// Adds the rows, and what the optimiser remembers where that is asked for, to tensors that begin with `name`.
    pub(crate) fn save(&self, name: &str, keep: Keep, tensors: &mut Tensors) {
        tensors.insert(name, Tensor::from(&self.rows));
        if keep == Keep::Training {
            tensors.insert(&format!("{name}.first"), Tensor::from(&self.moments.first));
            tensors.insert(&format!("{name}.second"), Tensor::from(&self.moments.second));
            tensors.insert(&format!("{name}.steps"), Tensor::from(&self.moments.steps[..]));
        }
    }

    /// Takes back what [`LearnedRows::save`] gave; what the optimiser remembered only where it is there.
    pub(crate) fn restore(&mut self, name: &str, tensors: &Tensors) -> Result<(), TensorError> {
        self.rows = tensors.matrix_like(name, &self.rows)?;
        if tensors.contains(&format!("{name}.steps")) {
            let moments = &mut self.moments;
            moments.first = tensors.matrix_like(&format!("{name}.first"), &moments.first)?;
            moments.second = tensors.matrix_like(&format!("{name}.second"), &moments.second)?;
            moments.steps = tensors.counts(&format!("{name}.steps"), moments.steps.len())?;
        }
        Ok(())
    }
}
