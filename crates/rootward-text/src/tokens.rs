//! Texts as sequences of token ids, by the tokenizer that the model comes with.
//!
//! Unlike [`rootward::tokens`], which cuts a text into bare tokens, a sequence has the special tokens that the network
//! was trained with, and keeps them when a long text is cut. Texts are taken in parallel and come back in their order.

use std::path::Path;

use rayon::prelude::*;
use rootward::tokens::TokensError;
use tokenizers::{PostProcessor, Tokenizer, TruncationParams};

use crate::error::OpenError;

/// A tokenizer, set up for one model.
#[derive(Clone)]
pub(crate) struct Sequences {
    tokenizer: Tokenizer,
    case: Case,
}

/// What is done to the case of letters before the tokenizer sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// Nothing.
    Kept,
    /// Capitals become small.
    Lower,
}

impl Sequences {
    /// Reads the bytes of a `tokenizer.json`; sequences will have at most `longest` tokens. `path` is for errors.
    pub(crate) fn parse(bytes: &[u8], longest: usize, case: Case, path: &Path) -> Result<Self, OpenError> {
        let wrong = |cause| TokensError::Format { path: path.to_owned(), cause };
        let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(wrong)?;
        let added = tokenizer.get_post_processor().map_or(0, |processor| processor.added_tokens(false));
        if longest <= added {
            let expected = format!(
                "more than the {added} special tokens of every sequence; it is the least of the recipe's max_tokens and \
                 of max_seq_length, model_max_length and max_position_embeddings beside it"
            );
            let (path, found) = (path.to_owned(), longest.to_string());
            return Err(OpenError::Setting {
                path,
                name: "the length of the longest sequence",
                found,
                expected,
            });
        }
        let cut = TruncationParams { max_length: longest, ..TruncationParams::default() };
        tokenizer.with_truncation(Some(cut)).map_err(wrong)?;
        tokenizer.with_padding(None);
        Ok(Sequences { tokenizer, case })
    }

    /// The greatest id that can come out, with its token.
    pub(crate) fn greatest(&self) -> Option<(u32, String)> {
        self.tokenizer.get_vocab(true).into_iter().map(|(token, id)| (id, token)).max()
    }

    /// The ids of each text behind a prompt.
    pub(crate) fn of(&self, prompt: &str, texts: &[&str]) -> Result<Vec<Vec<u32>>, TokensError> {
        let ids = |text: &&str| {
            let mut whole = [prompt, text].concat();
            if self.case == Case::Lower {
                whole = whole.to_lowercase();
            }
            let length = whole.len();
            let found = self.tokenizer.encode_fast(whole, true);
            let found = found.map_err(|cause| TokensError::Text { length, cause })?;
            Ok(found.get_ids().to_vec())
        };
        texts.par_iter().map(ids).collect()
    }
}
