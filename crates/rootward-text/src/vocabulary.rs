//! The vectors of a model's own tokens, each as a text of its own.

use rootward::encoder::{EncodeError, Side};
use rootward::matrix::Matrix;

use crate::model::TextModel;
use crate::network::{Operands, Precision};

/// Tokens that are encoded between two reports of progress.
const TOGETHER: usize = 1024;

impl TextModel {
    /// The vector of every token of the vocabulary between the special tokens of a text: shape `(tokens, dim)`.
    ///
    /// `progress` is told how many tokens are done.
    ///
    /// # Errors
    /// When the tokenizer cannot read an empty text.
    pub fn token_vectors(&self, progress: &dyn Fn(usize)) -> Result<Matrix, EncodeError> {
        let around = &self.sequences(Side::Document, &[""])?[0];
        let (before, after) = around.split_at(around.len() / 2);
        let operands = Operands::default();
        let network = operands.network(&self.config, &self.layout, &self.parameters, Precision::Single);
        let n_tokens = self.n_tokens();
        let mut values = Vec::with_capacity(n_tokens * self.dim());
        for first in (0..n_tokens).step_by(TOGETHER) {
            let tokens = first..n_tokens.min(first + TOGETHER);
            let sequences: Vec<Vec<u32>> =
                tokens.map(|token| [before, &[token as u32], after].concat()).collect();
            values.extend_from_slice(self.vectors(network, &sequences, None).values());
            progress(first + sequences.len());
        }
        Ok(Matrix::new(n_tokens, self.dim(), values).expect("every token gave one vector"))
    }

    /// How many tokens the vocabulary has.
    pub fn n_tokens(&self) -> usize {
        self.config.vocabulary
    }
}
