//! What a model's `config.json` says of its shape; models that are not of the BERT family are refused by name.

use std::path::Path;

use rootward_kernels::Gelu;
use serde::Deserialize;

use crate::error::OpenError;

/// The shape of a Transformer encoder of the BERT family.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Rows of the table of word embeddings.
    pub vocabulary: usize,
    /// Numbers of a token's vector between layers.
    pub hidden: usize,
    /// Heads of attention; a head has `hidden / heads` numbers.
    pub heads: usize,
    /// Numbers between the two dense layers of a block.
    pub inner: usize,
    /// How many blocks of attention and dense layers there are.
    pub layers: usize,
    /// Rows of the table of positions.
    pub positions: usize,
    /// The row of the first token's position: 0 for BERT, after the padding's for RoBERTa.
    pub first_position: usize,
    /// Rows of the table of token types, of which the first is used.
    pub token_types: usize,
    /// Added to a variance before its root is taken.
    pub epsilon: f32,
    /// The unit between the two dense layers of a block.
    pub activation: Gelu,
    /// How much training drops.
    pub dropout: DropoutRates,
}

/// Which shares of activations training drops, each in `[0, 1)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DropoutRates {
    /// Of the embeddings, and of what attention and the dense layers add to the residual stream.
    pub hidden: f32,
    /// Of the shares of attention.
    pub attention: f32,
}

impl DropoutRates {
    /// Nothing is dropped.
    pub const NONE: DropoutRates = DropoutRates { hidden: 0.0, attention: 0.0 };
}

/// The keys of `config.json` that matter; the file has many more.
#[derive(Deserialize)]
struct Raw {
    vocab_size: usize,
    hidden_size: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    max_position_embeddings: usize,
    type_vocab_size: usize,
    #[serde(default = "usual_epsilon")]
    layer_norm_eps: f32,
    hidden_act: String,
    #[serde(default = "usual_dropout")]
    hidden_dropout_prob: f32,
    #[serde(default = "usual_dropout")]
    attention_probs_dropout_prob: f32,
    #[serde(default)]
    pad_token_id: Option<usize>,
    #[serde(default)]
    position_embedding_type: Option<String>,
    #[serde(default)]
    is_decoder: bool,
}

fn usual_epsilon() -> f32 {
    1e-12
}

fn usual_dropout() -> f32 {
    0.1
}

impl Config {
    /// Reads the text of `config.json`; `path` is for errors.
    ///
    /// # Errors
    /// When it does not parse, describes a model of another architecture, or makes no sense.
    pub fn parse(text: &[u8], path: &Path) -> Result<Self, OpenError> {
        let json = |cause| OpenError::Json { path: path.to_owned(), cause };
        // The architecture first: a file of another one lacks keys, which would say less.
        let value: serde_json::Value = serde_json::from_slice(text).map_err(json)?;
        let found =
            value.get("model_type").and_then(serde_json::Value::as_str).unwrap_or("missing").to_owned();
        let roman = match found.as_str() {
            "bert" => false,
            "roberta" | "xlm-roberta" => true,
            _ => return Err(unsupported(path, "model_type", found, "bert, roberta, xlm-roberta")),
        };
        let raw: Raw = serde_json::from_value(value).map_err(json)?;
        let activation = match raw.hidden_act.as_str() {
            "gelu" => Gelu::Erf,
            "gelu_new" | "gelu_pytorch_tanh" => Gelu::Tanh,
            _ => {
                return Err(unsupported(
                    path,
                    "hidden_act",
                    raw.hidden_act,
                    "gelu, gelu_new, gelu_pytorch_tanh",
                ));
            }
        };
        if let Some(kind) = raw.position_embedding_type.filter(|kind| kind != "absolute") {
            return Err(unsupported(path, "position_embedding_type", kind, "absolute"));
        }
        if raw.is_decoder {
            return Err(unsupported(path, "is_decoder", "true".to_owned(), "false"));
        }
        let config = Config {
            vocabulary: raw.vocab_size,
            hidden: raw.hidden_size,
            heads: raw.num_attention_heads,
            inner: raw.intermediate_size,
            layers: raw.num_hidden_layers,
            positions: raw.max_position_embeddings,
            first_position: if roman { raw.pad_token_id.unwrap_or(1).saturating_add(1) } else { 0 },
            token_types: raw.type_vocab_size,
            epsilon: raw.layer_norm_eps,
            activation,
            dropout: DropoutRates {
                hidden: raw.hidden_dropout_prob,
                attention: raw.attention_probs_dropout_prob,
            },
        };
        config.check(path)?;
        Ok(config)
    }

    /// The longest sequence that the table of positions has rows for.
    pub fn longest(&self) -> usize {
        self.positions - self.first_position
    }

    fn check(&self, path: &Path) -> Result<(), OpenError> {
        let wrong = |name, found: String, expected: &str| {
            Err(OpenError::Setting { path: path.to_owned(), name, found, expected: expected.to_owned() })
        };
        let sizes = [
            ("vocab_size", self.vocabulary),
            ("hidden_size", self.hidden),
            ("num_attention_heads", self.heads),
            ("intermediate_size", self.inner),
            ("num_hidden_layers", self.layers),
            ("type_vocab_size", self.token_types),
        ];
        if let Some((name, _)) = sizes.into_iter().find(|(_, size)| *size == 0) {
            return wrong(name, "0".to_owned(), "at least 1");
        }
        let great = |(_, size): &(&str, usize)| *size > GREATEST;
        if let Some((name, size)) =
            sizes.into_iter().chain([("max_position_embeddings", self.positions)]).find(great)
        {
            return wrong(name, size.to_string(), &format!("at most {GREATEST}"));
        }
        if self.layers > MOST_LAYERS {
            return wrong("num_hidden_layers", self.layers.to_string(), &format!("at most {MOST_LAYERS}"));
        }
        if !self.hidden.is_multiple_of(self.heads) {
            let expected = format!("a multiple of num_attention_heads, which is {}", self.heads);
            return wrong("hidden_size", self.hidden.to_string(), &expected);
        }
        if self.positions <= self.first_position {
            let expected = format!("more than {}", self.first_position);
            return wrong("max_position_embeddings", self.positions.to_string(), &expected);
        }
        if !(self.epsilon >= 0.0 && self.epsilon.is_finite()) {
            return wrong("layer_norm_eps", self.epsilon.to_string(), "a number of 0 or more");
        }
        let rates = [
            ("hidden_dropout_prob", self.dropout.hidden),
            ("attention_probs_dropout_prob", self.dropout.attention),
        ];
        match rates.into_iter().find(|(_, rate)| !(0.0..1.0).contains(rate)) {
            Some((name, rate)) => wrong(name, rate.to_string(), "a number in [0, 1)"),
            None => Ok(()),
        }
    }
}

/// The greatest size of a model, so that products of two sizes, over all layers, can be counted; far beyond any model.
pub(crate) const GREATEST: usize = 1 << 24;
/// Layers at the most, far beyond any model.
const MOST_LAYERS: usize = 1 << 10;

fn unsupported(path: &Path, what: &str, found: String, supported: &'static str) -> OpenError {
    OpenError::Unsupported { path: path.to_owned(), what: what.to_owned(), found, supported }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(changes: &Value) -> Result<Config, String> {
        let mut config = json!({
            "model_type": "bert", "vocab_size": 60, "hidden_size": 32, "num_attention_heads": 4,
            "intermediate_size": 64, "num_hidden_layers": 2, "max_position_embeddings": 40, "type_vocab_size": 2,
            "hidden_act": "gelu", "hidden_dropout_prob": 0.0, "layer_norm_eps": 1e-5, "use_cache": true
        });
        for (key, value) in changes.as_object().unwrap() {
            config[key] = value.clone();
        }
        Config::parse(config.to_string().as_bytes(), Path::new("config.json"))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_shape_is_read_and_other_keys_are_left_alone() {
        let config = check(&json!({})).unwrap();
        assert_eq!((config.hidden, config.heads, config.inner, config.layers), (32, 4, 64, 2));
        assert_eq!((config.epsilon, config.activation), (1e-5, Gelu::Erf));
        assert_eq!((config.dropout.hidden, config.dropout.attention), (0.0, 0.1));
    }

    #[test]
    fn positions_of_roberta_begin_after_that_of_the_padding() {
        let config = check(&json!({"model_type": "roberta", "pad_token_id": 1})).unwrap();
        assert_eq!((config.first_position, config.longest()), (2, 38));
    }

    #[test]
    fn another_architecture_is_refused_by_name() {
        let error = check(&json!({"model_type": "mpnet"})).unwrap_err();
        assert_eq!(error, "config.json: model_type is mpnet, supported: bert, roberta, xlm-roberta");
        let error = Config::parse(b"{}", Path::new("config.json")).unwrap_err().to_string();
        assert!(error.contains("model_type is missing"), "{error}");
    }

    #[test]
    fn what_would_compute_something_else_is_refused() {
        for (changes, expected) in [
            (
                json!({"hidden_act": "silu"}),
                "hidden_act is silu, supported: gelu, gelu_new, gelu_pytorch_tanh",
            ),
            (json!({"position_embedding_type": "relative_key"}), "relative_key, supported: absolute"),
            (json!({"is_decoder": true}), "is_decoder is true"),
            (
                json!({"num_attention_heads": 5}),
                "hidden_size is 32, expected a multiple of num_attention_heads",
            ),
            (json!({"num_hidden_layers": 0}), "num_hidden_layers is 0, expected at least 1"),
            (json!({"hidden_dropout_prob": 1.0}), "hidden_dropout_prob is 1, expected a number in [0, 1)"),
            (json!({"hidden_size": "many"}), "does not parse"),
            (json!({"hidden_size": 1u64 << 40}), "hidden_size is 1099511627776, expected at most 16777216"),
            (json!({"max_position_embeddings": 1u64 << 40}), "expected at most 16777216"),
            (json!({"num_hidden_layers": 1u64 << 20}), "num_hidden_layers is 1048576, expected at most 1024"),
        ] {
            let error = check(&changes).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
