//! The simplest dual encoder: a free vector for every query and one for every document.
//!
//! This is the encoder of [HR §5]: it has all the freedom that its dimension allows and no notion of text, so what it
//! can and cannot retrieve is due to geometry, loss and sampling alone. It knows the queries and documents that it was
//! made for and no others.

mod chart;

use rand::Rng;
use rootward_kernels::add_scaled;
use serde::{Deserialize, Serialize};

use crate::encoder::{EncodeError, Encoder, Input, Keep, Side, Trainable};
use crate::matrix::Matrix;
use crate::optimiser::{Gradients, Moments, NO_SLOT, Optimiser};
use crate::random::fill_normal;
use crate::tensors::{Tensor, TensorError, Tensors};

pub use chart::Score;

/// What a table encoder is made of.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableConfig {
    /// Numbers in a row: those of a vector, but for hyperbolic scores, whose vectors have one more.
    pub dim: usize,
    /// How rows become vectors, and so what a score is.
    pub score: Score,
    /// Standard deviation of the normal distribution that the numbers start from.
    pub init: f32,
}

/// Two tables of vectors, one for queries and one for documents.
#[derive(Clone, Debug)]
pub struct TableEncoder {
    score: Score,
    queries: Table,
    docs: Table,
}

/// One tower: the vectors, the gradients collected for the coming step, and what the optimiser remembers.
#[derive(Clone, Debug)]
struct Table {
    side: Side,
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

impl TableEncoder {
    /// Tables of normally distributed numbers for so many queries and documents.
    pub fn new(n_queries: usize, n_docs: usize, config: TableConfig, rng: &mut impl Rng) -> Self {
        let mut table = |side, n_rows| Table::new(side, random_rows(n_rows, config, rng));
        TableEncoder {
            score: config.score,
            queries: table(Side::Query, n_queries),
            docs: table(Side::Document, n_docs),
        }
    }

    /// Tables read from a model.
    ///
    /// # Errors
    /// When a table is missing, is not a matrix, or the two are not of one width.
    pub fn from_tensors(score: Score, tensors: &Tensors) -> Result<Self, TensorError> {
        let queries = tensors.matrix("query")?;
        let docs = tensors.matrix_of_width("document", queries.dim())?;
        Ok(TableEncoder {
            score,
            queries: Table::new(Side::Query, queries),
            docs: Table::new(Side::Document, docs),
        })
    }

    /// How many queries and documents it knows.
    pub fn n_rows(&self, side: Side) -> usize {
        self.table(side).rows.n_rows()
    }

    fn table(&self, side: Side) -> &Table {
        match side {
            Side::Query => &self.queries,
            Side::Document => &self.docs,
        }
    }

    fn table_mut(&mut self, side: Side) -> &mut Table {
        match side {
            Side::Query => &mut self.queries,
            Side::Document => &mut self.docs,
        }
    }
}

impl Encoder for TableEncoder {
    fn dim(&self) -> usize {
        self.score.width(self.queries.rows.dim())
    }

    fn encode(&self, side: Side, inputs: &[Input<'_>]) -> Result<Matrix, EncodeError> {
        let rows = self.table(side).gather(inputs)?; // (inputs, row numbers)
        Ok(self.score.vectors(side, rows))
    }
}

impl Trainable for TableEncoder {
    fn backward(&mut self, side: Side, inputs: &[Input<'_>], grad: &Matrix) -> Result<(), EncodeError> {
        let dim = self.dim();
        if (grad.n_rows(), grad.dim()) != (inputs.len(), dim) {
            return Err(EncodeError::Gradient {
                expected_rows: inputs.len(),
                expected_dim: dim,
                got_rows: grad.n_rows(),
                got_dim: grad.dim(),
            });
        }
        let rows = self.table(side).gather(inputs)?; // (inputs, row numbers)
        let grad = self.score.pull_back(side, rows, grad); // (inputs, row numbers)
        self.table_mut(side).pending.add(inputs, &grad);
        Ok(())
    }

    fn step(&mut self, rate: f32) {
        rayon::join(|| self.queries.step(rate), || self.docs.step(rate));
    }

    fn start_optimiser(&mut self, optimiser: Optimiser) {
        for table in [&mut self.queries, &mut self.docs] {
            table.optimiser = optimiser;
            table.moments = Moments::start(optimiser, table.rows.n_rows(), table.rows.dim());
        }
    }

    fn tensors(&self, keep: Keep) -> Tensors {
        let mut tensors = Tensors::default();
        for table in [&self.queries, &self.docs] {
            let name = side_name(table.side);
            tensors.insert(name, Tensor::from(&table.rows));
            if keep == Keep::Training {
                tensors.insert(&format!("{name}.first"), Tensor::from(&table.moments.first));
                tensors.insert(&format!("{name}.second"), Tensor::from(&table.moments.second));
                tensors.insert(&format!("{name}.steps"), Tensor::from(&table.moments.steps[..]));
            }
        }
        tensors
    }

    fn restore(&mut self, tensors: &Tensors) -> Result<(), TensorError> {
        for table in [&mut self.queries, &mut self.docs] {
            let name = side_name(table.side);
            table.rows = tensors.matrix_like(name, &table.rows)?;
            if tensors.contains(&format!("{name}.steps")) {
                let moments = &mut table.moments;
                moments.first = tensors.matrix_like(&format!("{name}.first"), &moments.first)?;
                moments.second = tensors.matrix_like(&format!("{name}.second"), &moments.second)?;
                moments.steps = tensors.counts(&format!("{name}.steps"), moments.steps.len())?;
            }
        }
        Ok(())
    }
}

impl Table {
    fn new(side: Side, rows: Matrix) -> Self {
        let optimiser = Optimiser::Sgd {};
        let pending = Pending { slots: vec![NO_SLOT; rows.n_rows()], touched: Vec::new(), grads: Vec::new() };
        Table {
            side,
            moments: Moments::start(optimiser, rows.n_rows(), rows.dim()),
            rows,
            optimiser,
            pending,
        }
    }

    /// Copies of the rows of the inputs: shape `(inputs.len(), dim)`.
    fn gather(&self, inputs: &[Input<'_>]) -> Result<Matrix, EncodeError> {
        self.check(inputs)?;
        let dim = self.rows.dim();
        let mut values = Vec::with_capacity(inputs.len() * dim);
        for input in inputs {
            values.extend_from_slice(self.rows.row(input.idx as usize));
        }
        Ok(Matrix::new(inputs.len(), dim, values).expect("every input gave one row"))
    }

    /// Makes sure that there is a row for every input.
    fn check(&self, inputs: &[Input<'_>]) -> Result<(), EncodeError> {
        let n_rows = self.rows.n_rows();
        match inputs.iter().find(|input| input.idx as usize >= n_rows) {
            Some(Input { idx, .. }) => {
                Err(EncodeError::NoRow { side: side_name(self.side), n_rows, idx: *idx })
            }
            None => Ok(()),
        }
    }

    fn step(&mut self, rate: f32) {
        let Pending { touched, slots, grads } = &self.pending;
        let grads = Gradients { touched, slots, values: grads };
        self.optimiser.step(&mut self.rows, &mut self.moments, grads, rate);
        self.pending.clear();
    }
}

impl Pending {
    fn add(&mut self, inputs: &[Input<'_>], grad: &Matrix) {
        let dim = grad.dim();
        for (i, input) in inputs.iter().enumerate() {
            let slot = &mut self.slots[input.idx as usize];
            if *slot == NO_SLOT {
                *slot = self.touched.len() as u32;
                self.touched.push(input.idx);
                self.grads.extend_from_slice(grad.row(i));
            } else {
                let start = *slot as usize * dim;
                add_scaled(1.0, grad.row(i), &mut self.grads[start..start + dim]);
            }
        }
    }

    fn clear(&mut self) {
        for row in self.touched.drain(..) {
            self.slots[row as usize] = NO_SLOT;
        }
        self.grads.clear();
    }
}

fn side_name(side: Side) -> &'static str {
    match side {
        Side::Query => "query",
        Side::Document => "document",
    }
}

fn random_rows(n_rows: usize, config: TableConfig, rng: &mut impl Rng) -> Matrix {
    let mut rows = Matrix::zeros(n_rows, config.dim);
    fill_normal(rows.values_mut(), config.init, rng);
    rows
}

#[cfg(test)]
mod tests;
