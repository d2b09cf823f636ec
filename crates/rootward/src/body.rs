//! What a text encoder is made of: a network that turns texts into vectors, static or a Transformer.
//!
//! A body knows texts and no places in a data set, no heads and no tables: [`TextEncoder`](crate::text_encoder) adds
//! those. It is the seam behind which crates of their own bring networks of their own.

use std::path::Path;

use crate::encoder::{EncodeError, Keep, Side};
use crate::files::WriteError;
use crate::matrix::Matrix;
use crate::optimiser::Optimiser;
use crate::recipe::BodyConfig;
use crate::tensors::{TensorError, Tensors};

/// A network that turns texts into vectors and learns from the gradients of these.
pub trait Body: Send + Sync {
    /// How many numbers a vector has.
    fn dim(&self) -> usize;

    /// The vectors of texts, for use: shape `(texts.len(), dim)`, not normalised.
    ///
    /// The same text gives the same vector, whatever stands beside it and however many threads run. A side may have a
    /// prompt of its own that is put before its texts.
    ///
    /// # Errors
    /// When a text cannot be cut into tokens.
    fn encode(&self, side: Side, texts: &[&str]) -> Result<Matrix, EncodeError>;

    /// The vectors of texts as the coming [`Body::backward`] with the same side and texts differentiates them: with
    /// dropout, where there is any.
    ///
    /// # Errors
    /// When a text cannot be cut into tokens.
    fn encode_in_training(&mut self, side: Side, texts: &[&str]) -> Result<Matrix, EncodeError> {
        self.encode(side, texts)
    }

    /// Collects `d loss / d encode_in_training(side, texts)` until the next [`Body::step`].
    ///
    /// # Errors
    /// When `grad` is not of shape `(texts.len(), dim)`, or a text cannot be cut into tokens.
    fn backward(&mut self, side: Side, texts: &[&str], grad: &Matrix) -> Result<(), EncodeError>;

    /// Moves the parameters by the gradients collected since the last step, at this learning rate, and forgets them.
    fn step(&mut self, rate: f32);

    /// Forgets what the optimiser remembers and continues with another one, as at the start of a stage.
    fn start_optimiser(&mut self, optimiser: Optimiser);

    /// The parameters, and with [`Keep::Training`] also what the optimiser remembers.
    fn tensors(&self, keep: Keep) -> Tensors;

    /// Takes back what [`Body::tensors`] gave.
    ///
    /// # Errors
    /// When a tensor has another shape than the network's, or the parameters are missing.
    fn restore(&mut self, tensors: &Tensors) -> Result<(), TensorError>;

    /// Writes the whole network into a folder, from which it can be opened again.
    ///
    /// # Errors
    /// When a file cannot be written.
    fn save(&self, folder: &Path) -> Result<(), WriteError>;
}

/// Where a network begins.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a> {
    /// As its configuration says; what is random follows from the seed.
    Fresh {
        /// The seed of the run.
        seed: u64,
    },
    /// From the folder that [`Body::save`] wrote.
    Saved(&'a Path),
}

/// A network could not be opened.
pub type OpenError = Box<dyn std::error::Error + Send + Sync>;

/// What opens networks: which kinds there are, a program knows and this crate does not.
pub type OpenBody<'a> = &'a dyn Fn(&BodyConfig, Start<'_>) -> Result<Box<dyn Body>, OpenError>;
