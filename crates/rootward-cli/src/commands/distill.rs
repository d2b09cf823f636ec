//! `rootward distill`: a static model out of a Transformer.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use rootward::distillation::distil;
use rootward::encoder::PARAMETERS;
use rootward::static_body::{TOKENIZER, VECTORS};
use rootward::tensors::Tensors;
use rootward::tokens::Tokens;
use rootward_text::model::TextModel;

use crate::output::say;
use crate::progress::Bar;

/// Distil a static model, one vector for each token, out of a Transformer.
///
/// Every token of the vocabulary goes through the Transformer by itself; what comes out is turned on its principal axes, of
/// which the first are kept, all of the same spread, and weighed by how rare the token is. No text is needed. A model
/// of 30,000 tokens takes a minute or two; what it makes encodes texts hundreds of times as fast.
///
/// Writes model.safetensors (numbers of one byte, scaled by row) and tokenizer.json, for
/// `encoder.body = { kind = "static", from = "OUT", .. }` in a recipe.
#[derive(Args)]
#[command(after_help = "Example:\n  rootward distill --from all-MiniLM-L6-v2 --dim 128 --out static-minilm")]
pub(crate) struct Distill {
    /// Folder of the Transformer, of sentence-transformers or Hugging Face.
    #[arg(long, value_name = "MODEL")]
    from: PathBuf,
    /// Numbers in a token's vector; at most those of the Transformer's vectors.
    #[arg(long, value_name = "D")]
    dim: usize,
    /// Folder to write; it must not exist, or be empty.
    #[arg(long, value_name = "OUT")]
    out: PathBuf,
    /// Share of all text at which a token counts half of what a rare one does.
    #[arg(long, value_name = "SHARE", default_value_t = 5e-6)]
    half_weight: f64,
}

impl Distill {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        if self.out.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
            bail!("{} is not empty: choose another --out", self.out.display());
        }
        if !(self.half_weight > 0.0 && self.half_weight.is_finite()) {
            bail!("--half-weight is {}: a number above 0 was expected", self.half_weight);
        }
        let model = TextModel::open(&self.from, usize::MAX)?;
        if !(1..=model.dim()).contains(&self.dim) {
            bail!("--dim is {}: expected 1 to {}, the width of the model's vectors", self.dim, model.dim());
        }
        let tokens = Tokens::open(&self.from.join(TOKENIZER))
            .context("the tokenizer of the model is expected beside its config.json")?;
        let bar = Bar::new("distill", model.n_tokens());
        let vectors = model.token_vectors(&|done| bar.at(done))?; // (tokens, width)
        bar.clear();
        let small = distil(&vectors, self.dim, self.half_weight); // (tokens, dim)
        let mut tensors = Tensors::default();
        tensors.insert_as_bytes(VECTORS, &small);
        tensors.write(&self.out.join(PARAMETERS))?;
        tokens.write(&self.out.join(TOKENIZER))?;
        say(format_args!(
            "wrote {}: {} tokens, {} numbers each",
            self.out.display(),
            small.n_rows(),
            small.dim()
        ));
        Ok(())
    }
}
