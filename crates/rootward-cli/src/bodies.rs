//! The networks that this program knows, and the static model that comes with it.

use std::path::Path;

use rootward::body::{Body, OpenBody, OpenError, Start};
use rootward::recipe::{BodyConfig, Documents, TextConfig, Towers};
use rootward::static_body::{Reading, StaticBody};
use rootward::table::Score;
use rootward::tensors::Tensors;
use rootward::text_encoder::TextEncoder;
use rootward::tokens::Tokens;
use rootward_text::body::TextBody;
use rootward_text::config::DropoutRates;
use rootward_text::model::TextModel;
use rootward_text::network::Precision;
use rootward_text::training::{Activations, Frozen, Training};

/// What recipes that come with the program have for the folder of a Transformer, which only the user knows.
const NO_FOLDER_YET: &str = "FOLDER";

/// Opens the network that a recipe or a model asks for.
///
/// # Errors
/// When its files cannot be read, or are not of one model.
pub(crate) fn open_body(config: &BodyConfig, start: Start<'_>) -> Result<Box<dyn Body>, OpenError> {
    open_body_in(Precision::Single, config, start)
}

/// The same with what products calculate with, unless the network was made for bfloat16; a static network has none.
///
/// # Errors
/// When its files cannot be read, or are not of one model.
pub(crate) fn open_body_in(
    precision: Precision,
    config: &BodyConfig,
    start: Start<'_>,
) -> Result<Box<dyn Body>, OpenError> {
    match (config, start) {
        (BodyConfig::Static { max_tokens, pairs, .. }, Start::Saved(folder)) => {
            Ok(Box::new(StaticBody::open(folder, None, reading(*max_tokens, *pairs))?))
        }
        (BodyConfig::Static { from, dim, max_tokens, pairs }, Start::Fresh { seed }) => {
            let reading = reading(*max_tokens, *pairs);
            Ok(Box::new(match (from.as_str(), dim) {
                ("random", dim) => {
                    let dim = dim.expect("a checked recipe states the width of random vectors");
                    StaticBody::random(builtin_tokens()?, dim, reading, seed)
                }
                ("builtin", dim) => {
                    let path = Path::new("the built-in static model");
                    let tensors = Tensors::parse(VECTORS, path)?;
                    StaticBody::from_parts(builtin_tokens()?, &tensors, path, *dim, reading)?
                }
                (folder, dim) => StaticBody::open(Path::new(folder), *dim, reading)?,
            }))
        }
        (BodyConfig::Transformer { from, .. }, Start::Fresh { .. }) if from == NO_FOLDER_YET => {
            Err("the recipe does not say which Transformer to begin with: --set encoder.body.from=DIR, the folder of a model \
                 of sentence-transformers or Hugging Face with config.json in it"
                .into())
        }
        (
            BodyConfig::Transformer { from, max_tokens, frozen_layers, dropout, clip, recompute, bf16 },
            start,
        ) => {
            let (folder, seed) = match start {
                Start::Fresh { seed } => (Path::new(from), seed),
                // Nobody trains a model that was saved: what a seed would say does not matter.
                Start::Saved(folder) => (folder, 0),
            };
            let model = TextModel::open(folder, *max_tokens)?;
            let own = model.config().dropout;
            let training = Training {
                seed,
                dropout: dropout.map_or(own, |hidden| DropoutRates { hidden, attention: hidden }),
                frozen: Frozen { embeddings: *frozen_layers > 0, layers: *frozen_layers },
                activations: if *recompute { Activations::Recomputed } else { Activations::Kept },
                chunk_tokens: CHUNK,
                greatest_norm: *clip,
            };
            let precision = if *bf16 { Precision::Half } else { precision };
            Ok(Box::new(TextBody::new(model, precision, training)))
        }
    }
}

/// An encoder of texts as it is, untrained: `builtin`, or the folder of a static model or a Transformer.
///
/// # Errors
/// When its files cannot be read, or are not of one model.
pub(crate) fn zero_shot(from: &Path, n_docs: usize, open: OpenBody<'_>) -> Result<TextEncoder, OpenError> {
    TextEncoder::new(&untrained(from), n_docs, 0, open)
}

/// What an untrained encoder of texts is made of.
pub(crate) fn untrained(from: &Path) -> TextConfig {
    let is_transformer =
        ["config.json", "modules.json", "snapshots"].iter().any(|name| from.join(name).exists());
    let from = from.to_string_lossy().into_owned();
    let body = match is_transformer {
        true => {
            let (frozen_layers, dropout, clip, recompute, bf16) = (0, None, 1.0, false, false);
            BodyConfig::Transformer { from, max_tokens: READ, frozen_layers, dropout, clip, recompute, bf16 }
        }
        false => BodyConfig::Static { from, dim: None, max_tokens: READ, pairs: 0 },
    };
    let (towers, head, documents, score) = (Towers::One, None, Documents::Encoded {}, Score::Cosine);
    TextConfig { body, towers, head, documents, score }
}

/// Tokens of a text that an untrained encoder reads, or as many as it was made for where these are less.
const READ: usize = 512;

/// Tokens whose activations are in memory at a time: about half a gigabyte of those of MiniLM.
const CHUNK: usize = 4096;

fn reading(max_tokens: usize, pairs: usize) -> Reading {
    Reading { max_tokens, pairs }
}

fn builtin_tokens() -> Result<Tokens, OpenError> {
    Ok(Tokens::from_json(TOKENIZER, Path::new("the built-in tokenizer"))?)
}

/// Distilled from a Transformer: `data/static-minilm/README.md` says how.
const VECTORS: &[u8] = include_bytes!("../../../data/static-minilm/model.safetensors");
const TOKENIZER: &[u8] = include_bytes!("../../../data/static-minilm/tokenizer.json");

#[cfg(test)]
mod tests {
    use super::*;
    use rootward::encoder::Side;

    fn config(from: &str, dim: Option<usize>) -> BodyConfig {
        BodyConfig::Static { from: from.to_owned(), dim, max_tokens: 64, pairs: 0 }
    }

    fn cosine(a: &[f32], b: &[f32]) -> f32 {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    }

    #[test]
    fn the_model_that_comes_with_the_program_knows_what_is_alike() {
        let body = open_body(&config("builtin", None), Start::Fresh { seed: 1 }).unwrap();
        let vectors = body.encode(Side::Query, &["sandals for kids", "children's shoes", "tax law"]).unwrap();
        let like = |other| cosine(vectors.row(0), vectors.row(other));
        assert!(like(1) > like(2) + 0.2, "{} {}", like(1), like(2));
    }

    #[test]
    fn random_vectors_are_as_wide_as_asked_for_and_follow_from_the_seed() {
        let encode = |seed| {
            let body = open_body(&config("random", Some(8)), Start::Fresh { seed }).unwrap();
            body.encode(Side::Document, &["a sandal"]).unwrap()
        };
        assert_eq!((encode(1).dim(), encode(1) == encode(1), encode(1) == encode(2)), (8, true, false));
    }

    #[test]
    fn a_folder_that_is_no_static_model_is_named() {
        let error = open_body(&config("no/such/folder", None), Start::Fresh { seed: 1 }).err().unwrap();
        assert!(error.to_string().contains("no/such/folder/model.safetensors could not be read"), "{error}");
    }
}
