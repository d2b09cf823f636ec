//! A dual encoder that reads: one network or two, a linear map behind each tower, and vectors of its own for documents.
//!
//! A query nobody has seen has a vector because it has words. Relevance is asymmetric, so the towers may differ: in a
//! linear *head* on a network that they share, or in the whole network. The documents of a closed hierarchy are known,
//! so they may have free vectors in place of encoded ones, or beside them.

use std::borrow::Cow;
use std::path::Path;

use rayon::prelude::*;
use rootward_kernels::{Packed, Store, Strided, product};

use crate::body::{Body, OpenBody, OpenError, Start};
use crate::encoder::{EncodeError, Encoder, Input, Keep, PARAMETERS, Side, Trainable};
use crate::files::WriteError;
use crate::learned::LearnedRows;
use crate::matrix::Matrix;
use crate::optimiser::Optimiser;
use crate::random::{Purpose, fill_normal, stream};
use crate::recipe::{Documents, HeadConfig, TextConfig, Towers};
use crate::table::{Score, gather, side_name};
use crate::tensors::{TensorError, Tensors};

/// A dual encoder of texts.
pub struct TextEncoder {
    score: Score,
    /// One network for both sides, or that of queries and that of documents.
    bodies: Vec<Box<dyn Body>>,
    /// The map of queries and that of documents, where there are any.
    heads: Option<[Head; 2]>,
    docs: OwnVectors,
    /// What the bodies gave for the queries and for the documents that training differentiates.
    given: [Option<Matrix>; 2],
}

/// A linear map from a network's vectors to those of the encoder: `(dim, body dim)`, without a bias.
struct Head {
    weights: LearnedRows,
    speed: f32,
}

/// What a document has beside or in place of its words.
enum OwnVectors {
    None,
    Instead(LearnedRows, f32),
    Beside(LearnedRows, f32),
}

impl TextEncoder {
    /// An encoder as a recipe starts it, for a data set with so many documents.
    ///
    /// # Errors
    /// When a network cannot be opened, or is narrower than the head behind it.
    pub fn new(config: &TextConfig, n_docs: usize, seed: u64, open: OpenBody<'_>) -> Result<Self, OpenError> {
        let fresh = || open(&config.body, Start::Fresh { seed });
        let bodies = match config.towers {
            Towers::One => vec![fresh()?],
            Towers::Two => vec![fresh()?, fresh()?],
        };
        Self::around(bodies, config, n_docs, seed)
    }

    /// An encoder read from the folder of a model: networks from their own folders in it, the rest from `tensors`.
    ///
    /// # Errors
    /// When a network cannot be opened, or a tensor is missing or of another shape.
    pub fn open(
        config: &TextConfig,
        n_docs: usize,
        folder: &Path,
        tensors: &Tensors,
        open: OpenBody<'_>,
    ) -> Result<Self, OpenError> {
        let names = match config.towers {
            Towers::One => ONE_BODY,
            Towers::Two => TWO_BODIES,
        };
        let saved = |name: &&str| open(&config.body, Start::Saved(&folder.join(name)));
        let bodies = names.iter().map(saved).collect::<Result<Vec<_>, _>>()?;
        let mut encoder = Self::around(bodies, config, n_docs, 0)?;
        encoder.restore_own(tensors)?;
        Ok(encoder)
    }

    fn around(
        bodies: Vec<Box<dyn Body>>,
        config: &TextConfig,
        n_docs: usize,
        seed: u64,
    ) -> Result<Self, OpenError> {
        let width = bodies[0].dim();
        let heads = config.head.map(|head| Head::new(head, width)).transpose()?;
        let dim = heads.as_ref().map_or(width, |[head, _]| head.weights.rows().n_rows());
        let table = |init: f32| {
            let mut rows = Matrix::zeros(n_docs, dim);
            fill_normal(rows.values_mut(), init, &mut stream(seed, Purpose::Init));
            LearnedRows::new(rows)
        };
        let docs = match config.documents {
            Documents::Encoded {} => OwnVectors::None,
            Documents::Table { init, speed } => OwnVectors::Instead(table(init), speed),
            Documents::Both { speed } => OwnVectors::Beside(table(0.0), speed),
        };
        Ok(TextEncoder { score: config.score, bodies, heads, docs, given: [None, None] })
    }

    /// How many documents have vectors of their own; `None` where every document is encoded.
    pub fn n_own(&self) -> Option<usize> {
        match &self.docs {
            OwnVectors::None => None,
            OwnVectors::Instead(table, _) | OwnVectors::Beside(table, _) => Some(table.rows().n_rows()),
        }
    }

    /// Whether the vectors of a side come out of its network.
    fn is_encoded(&self, side: Side) -> bool {
        side == Side::Query || !matches!(self.docs, OwnVectors::Instead(..))
    }

    fn body(&self, side: Side) -> &dyn Body {
        &*self.bodies[tower(side).min(self.bodies.len() - 1)]
    }

    fn body_mut(&mut self, side: Side) -> &mut dyn Body {
        let place = tower(side).min(self.bodies.len() - 1);
        &mut *self.bodies[place]
    }

    /// From the vectors of the network to those before the score: shape `(n, body dim)` becomes `(n, dim)`.
    fn map(&self, side: Side, given: Matrix, inputs: &[Input<'_>]) -> Result<Matrix, EncodeError> {
        let mut mapped = match &self.heads {
            Some(heads) => heads[tower(side)].apply(&given),
            None => given,
        };
        if let (Side::Document, OwnVectors::Beside(table, _)) = (side, &self.docs) {
            let own = gather(side, table.rows(), inputs)?; // (n, dim)
            mapped.values_mut().iter_mut().zip(own.values()).for_each(|(x, own)| *x += own);
        }
        Ok(mapped)
    }

    /// The vectors before the score, given those of the network: shape `(n, dim)`.
    fn rows(&self, side: Side, given: Option<Matrix>, inputs: &[Input<'_>]) -> Result<Matrix, EncodeError> {
        match (given, &self.docs) {
            (Some(given), _) => self.map(side, given, inputs),
            (None, OwnVectors::Instead(table, _)) => gather(side, table.rows(), inputs),
            (None, _) => unreachable!("a side without vectors of its own is encoded"),
        }
    }

    fn body_names(&self) -> &'static [&'static str] {
        if self.bodies.len() == 1 { ONE_BODY } else { TWO_BODIES }
    }

    /// Heads and the documents' own vectors.
    fn own_tensors(&self, keep: Keep) -> Tensors {
        let mut tensors = Tensors::default();
        for (head, side) in self.heads.iter().flatten().zip(SIDES) {
            head.weights.save(&head_name(side), keep, &mut tensors);
        }
        if let OwnVectors::Instead(table, _) | OwnVectors::Beside(table, _) = &self.docs {
            table.save(OWN, keep, &mut tensors);
        }
        tensors
    }

    /// Takes back what [`TextEncoder::own_tensors`] gave.
    fn restore_own(&mut self, tensors: &Tensors) -> Result<(), TensorError> {
        for (head, side) in self.heads.iter_mut().flatten().zip(SIDES) {
            head.weights.restore(&head_name(side), tensors)?;
        }
        match &mut self.docs {
            OwnVectors::None => Ok(()),
            OwnVectors::Instead(table, _) | OwnVectors::Beside(table, _) => table.restore(OWN, tensors),
        }
    }
}

impl Encoder for TextEncoder {
    fn dim(&self) -> usize {
        self.heads.as_ref().map_or_else(|| self.bodies[0].dim(), |[head, _]| head.weights.rows().n_rows())
    }

    fn encode(&self, side: Side, inputs: &[Input<'_>]) -> Result<Matrix, EncodeError> {
        let given = match self.is_encoded(side) {
            true => Some(with_texts(inputs, |texts| self.body(side).encode(side, texts))?),
            false => None,
        };
        Ok(self.score.vectors(side, self.rows(side, given, inputs)?))
    }

    fn reads_texts(&self, side: Side) -> bool {
        side == Side::Query || matches!(self.docs, OwnVectors::None)
    }
}

impl Trainable for TextEncoder {
    fn encode_in_training(&mut self, side: Side, inputs: &[Input<'_>]) -> Result<Matrix, EncodeError> {
        let given = match self.is_encoded(side) {
            true => Some(with_texts(inputs, |texts| self.body_mut(side).encode_in_training(side, texts))?),
            false => None,
        };
        self.given[tower(side)].clone_from(&given);
        Ok(self.score.vectors(side, self.rows(side, given, inputs)?))
    }

    fn backward(&mut self, side: Side, inputs: &[Input<'_>], grad: &Matrix) -> Result<(), EncodeError> {
        EncodeError::check_gradient(inputs.len(), self.dim(), grad)?;
        if self.is_encoded(side) && self.given[tower(side)].is_none() {
            self.encode_in_training(side, inputs)?;
        }
        let given = self.given[tower(side)].take(); // (n, body dim)
        let rows = self.rows(side, given.clone(), inputs)?; // (n, dim)
        let grad = self.score.pull_back(side, rows, grad); // (n, dim)
        if let (Side::Document, OwnVectors::Instead(table, _) | OwnVectors::Beside(table, _)) =
            (side, &mut self.docs)
        {
            inputs.iter().enumerate().for_each(|(i, input)| table.add(input.idx, grad.row(i)));
        }
        let Some(given) = given else { return Ok(()) };
        let grad = match &mut self.heads {
            Some(heads) => heads[tower(side)].backward(&given, &grad), // (n, body dim)
            None => grad,
        };
        with_texts(inputs, |texts| self.body_mut(side).backward(side, texts, &grad))
    }

    fn step(&mut self, rate: f32) {
        self.bodies.iter_mut().for_each(|body| body.step(rate));
        self.heads.iter_mut().flatten().for_each(|head| head.weights.step(rate * head.speed));
        if let OwnVectors::Instead(table, speed) | OwnVectors::Beside(table, speed) = &mut self.docs {
            table.step(rate * *speed);
        }
    }

    fn start_optimiser(&mut self, optimiser: Optimiser) {
        self.bodies.iter_mut().for_each(|body| body.start_optimiser(optimiser));
        self.heads.iter_mut().flatten().for_each(|head| head.weights.start_optimiser(optimiser));
        if let OwnVectors::Instead(table, _) | OwnVectors::Beside(table, _) = &mut self.docs {
            table.start_optimiser(optimiser);
        }
    }

    fn tensors(&self, keep: Keep) -> Tensors {
        let mut tensors = self.own_tensors(keep);
        for (name, body) in self.body_names().iter().zip(&self.bodies) {
            tensors.nest(&format!("{name}."), body.tensors(keep));
        }
        tensors
    }

    fn restore(&mut self, tensors: &Tensors) -> Result<(), TensorError> {
        for (name, body) in self.body_names().iter().zip(&mut self.bodies) {
            body.restore(&tensors.nested(&format!("{name}.")).unwrap_or_default())?;
        }
        self.restore_own(tensors)
    }

    fn save(&self, folder: &Path) -> Result<(), WriteError> {
        for (name, body) in self.body_names().iter().zip(&self.bodies) {
            body.save(&folder.join(name))?;
        }
        self.own_tensors(Keep::Model).write(&folder.join(PARAMETERS))
    }
}

impl Head {
    /// The first numbers of the network's vectors, as they are: what is random would have to be unlearned.
    fn new(config: HeadConfig, width: usize) -> Result<[Head; 2], TooNarrow> {
        if config.dim > width {
            return Err(TooNarrow { width, dim: config.dim });
        }
        let mut weights = Matrix::zeros(config.dim, width);
        (0..config.dim).for_each(|i| weights.row_mut(i)[i] = 1.0);
        let head = || Head { weights: LearnedRows::new(weights.clone()), speed: config.speed };
        Ok([head(), head()])
    }

    /// Shape `(n, body dim)` becomes `(n, dim)`.
    fn apply(&self, given: &Matrix) -> Matrix {
        let weights = self.weights.rows();
        multiply(given.n_rows(), Strided::rows(given.values(), given.dim()), weights.dim(), |packed| {
            packed.pack(
                weights.dim(),
                weights.n_rows(),
                Strided::transposed(weights.values(), weights.dim()),
            );
        })
    }

    /// Collects the gradient of the weights; that of the network's vectors: shape `(n, dim)` becomes `(n, body dim)`.
    fn backward(&mut self, given: &Matrix, grad: &Matrix) -> Matrix {
        let (n, dim) = (grad.n_rows(), grad.dim());
        let weights = multiply(dim, Strided::transposed(grad.values(), dim), n, |packed| {
            packed.pack(n, given.dim(), Strided::rows(given.values(), given.dim()));
        }); // (dim, body dim)
        (0u32..).zip(0..dim).for_each(|(row, i)| self.weights.add(row, weights.row(i)));
        let weights = self.weights.rows();
        multiply(n, Strided::rows(grad.values(), dim), dim, |packed| {
            packed.pack(dim, weights.dim(), Strided::rows(weights.values(), weights.dim()));
        })
    }
}

/// A head cannot make a vector wider than it is.
#[derive(Debug, thiserror::Error)]
#[error(
    "`encoder.head.dim` is {dim}, but the network's vectors have {width} numbers; expected at most these"
)]
struct TooNarrow {
    width: usize,
    dim: usize,
}

/// The product of `m` rows of `k` numbers with a right operand, in parts of a fixed height on all threads.
fn multiply(m: usize, left: Strided<'_>, k: usize, pack: impl FnOnce(&mut Packed)) -> Matrix {
    let mut right = Packed::default();
    pack(&mut right);
    assert_eq!(right.k(), k, "the operands of a product fit");
    let n = right.n();
    let mut result = Matrix::zeros(m, n);
    result.values_mut().par_chunks_mut(PART * n).enumerate().for_each(|(part, rows)| {
        let data = &left.data[part * PART * left.row_stride..];
        product(Store::Set, rows.len() / n, Strided { data, ..left }, &right, rows, n);
    });
    result
}

/// Rows of a product that one task computes.
const PART: usize = 192;

/// Calls with the whole texts of the inputs.
fn with_texts<T>(inputs: &[Input<'_>], call: impl FnOnce(&[&str]) -> T) -> T {
    let texts: Vec<Cow<'_, str>> = inputs.iter().map(|input| input.text.whole()).collect();
    call(&texts.iter().map(|text| &**text).collect::<Vec<_>>())
}

fn tower(side: Side) -> usize {
    match side {
        Side::Query => 0,
        Side::Document => 1,
    }
}

fn head_name(side: Side) -> String {
    format!("{}_head", side_name(side))
}

const SIDES: [Side; 2] = [Side::Query, Side::Document];

/// The tensor of the documents' own vectors.
const OWN: &str = "document";

/// Folders of the networks in that of a model, and the beginnings of their tensors' names in a checkpoint.
const ONE_BODY: &[&str] = &["body"];
const TWO_BODIES: &[&str] = &["query_body", "document_body"];

/// Whether that is the name of the folder of a network in that of a model.
pub(crate) fn is_body(name: &str) -> bool {
    ONE_BODY.contains(&name) || TWO_BODIES.contains(&name)
}

#[cfg(test)]
mod tests;
