//! The simplest dual encoder: a free vector for every query and one for every document.
//!
//! This is the encoder of [HR §5]: it has all the freedom that its dimension allows and no notion of text, so what it
//! can and cannot retrieve is due to geometry, loss and sampling alone. It knows the queries and documents that it was
//! made for and no others.

mod chart;

use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::encoder::{EncodeError, Encoder, Input, Keep, Side, Trainable};
use crate::learned::LearnedRows;
use crate::matrix::Matrix;
use crate::optimiser::Optimiser;
use crate::random::fill_normal;
use crate::tensors::{TensorError, Tensors};

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

/// One tower.
#[derive(Clone, Debug)]
struct Table {
    side: Side,
    learned: LearnedRows,
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
        self.table(side).learned.rows().n_rows()
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
        self.score.width(self.queries.learned.rows().dim())
    }

    fn encode(&self, side: Side, inputs: &[Input<'_>]) -> Result<Matrix, EncodeError> {
        let rows = self.table(side).gather(inputs)?; // (inputs, row numbers)
        Ok(self.score.vectors(side, rows))
    }

    fn reads_texts(&self, _side: Side) -> bool {
        false
    }
}

impl Trainable for TableEncoder {
    fn backward(&mut self, side: Side, inputs: &[Input<'_>], grad: &Matrix) -> Result<(), EncodeError> {
        EncodeError::check_gradient(inputs.len(), self.dim(), grad)?;
        let rows = self.table(side).gather(inputs)?; // (inputs, row numbers)
        let grad = self.score.pull_back(side, rows, grad); // (inputs, row numbers)
        let learned = &mut self.table_mut(side).learned;
        inputs.iter().enumerate().for_each(|(i, input)| learned.add(input.idx, grad.row(i)));
        Ok(())
    }

    fn step(&mut self, rate: f32) {
        rayon::join(|| self.queries.learned.step(rate), || self.docs.learned.step(rate));
    }

    fn start_optimiser(&mut self, optimiser: Optimiser) {
        self.queries.learned.start_optimiser(optimiser);
        self.docs.learned.start_optimiser(optimiser);
    }

    fn tensors(&self, keep: Keep) -> Tensors {
        let mut tensors = Tensors::default();
        for table in [&self.queries, &self.docs] {
            table.learned.save(side_name(table.side), keep, &mut tensors);
        }
        tensors
    }

    fn restore(&mut self, tensors: &Tensors) -> Result<(), TensorError> {
        for table in [&mut self.queries, &mut self.docs] {
            table.learned.restore(side_name(table.side), tensors)?;
        }
        Ok(())
    }
}

impl Table {
    fn new(side: Side, rows: Matrix) -> Self {
        Table { side, learned: LearnedRows::new(rows) }
    }

    /// Copies of the rows of the inputs: shape `(inputs.len(), dim)`.
    fn gather(&self, inputs: &[Input<'_>]) -> Result<Matrix, EncodeError> {
        gather(self.side, self.learned.rows(), inputs)
    }
}

/// Copies of the rows that stand at the places of the inputs: shape `(inputs.len(), dim)`.
///
/// # Errors
/// When there is no row for an input.
pub(crate) fn gather(side: Side, rows: &Matrix, inputs: &[Input<'_>]) -> Result<Matrix, EncodeError> {
    let (n_rows, dim) = (rows.n_rows(), rows.dim());
    if let Some(Input { idx, .. }) = inputs.iter().find(|input| input.idx as usize >= n_rows) {
        return Err(EncodeError::NoRow { side: side_name(side), n_rows, idx: *idx });
    }
    let mut values = Vec::with_capacity(inputs.len() * dim);
    for input in inputs {
        values.extend_from_slice(rows.row(input.idx as usize));
    }
    Ok(Matrix::new(inputs.len(), dim, values).expect("every input gave one row"))
}

pub(crate) fn side_name(side: Side) -> &'static str {
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
