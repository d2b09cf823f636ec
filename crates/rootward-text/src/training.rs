//! How a text encoder is trained, apart from the rule that moves its parameters.

use crate::config::DropoutRates;

/// What training needs to know; a recipe states all of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Training {
    /// What the masks of dropout follow from.
    pub seed: u64,
    /// How much is dropped; [`Config::dropout`](crate::config::Config::dropout) says what the model was made for.
    pub dropout: DropoutRates,
    /// Which parameters stay as they are.
    pub frozen: Frozen,
    /// What is kept from the way forward to the way back.
    pub activations: Activations,
    /// Tokens that are differentiated at a time, at least; bounds the memory that activations take.
    pub chunk_tokens: usize,
    /// The greatest norm that the gradient of all parameters together may have; a longer one is scaled down to it.
    /// Infinity lets all gradients pass.
    pub greatest_norm: f32,
}

/// Which parameters stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frozen {
    /// Whether the tables of words, positions and token types and their norm do.
    pub embeddings: bool,
    /// How many layers do, counted from the embeddings.
    pub layers: usize,
}

/// What is kept from the way forward to the way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activations {
    /// All that the way back needs.
    Kept,
    /// What each layer was given; the rest is computed again: a third more work, an eighth of the memory.
    Recomputed,
}

impl Frozen {
    /// Everything moves.
    pub const NOTHING: Frozen = Frozen { embeddings: false, layers: 0 };
}
