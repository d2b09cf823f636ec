//! What a recipe says of encoders that read.

use serde::{Deserialize, Serialize};

use crate::table::Score;

/// What a text encoder is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextConfig {
    /// The network that turns texts into vectors.
    pub body: BodyConfig,
    /// Whether queries and documents go through the same network.
    pub towers: Towers,
    /// A linear map behind each tower; left out, vectors are those of the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<HeadConfig>,
    /// Where the vectors of documents come from.
    pub documents: Documents,
    /// What a score is: `dot` or `cosine`.
    pub score: Score,
}

/// A network that turns texts into vectors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum BodyConfig {
    /// The mean of the vectors of a text's tokens.
    Static {
        /// Where its vectors begin: `builtin` for the model that comes with the program, `random`, or the folder of a
        /// static model (`model.safetensors` and `tokenizer.json`).
        from: String,
        /// Numbers in a token's vector where these are random; else what the model has, or only the first so many.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dim: Option<usize>,
        /// Tokens that are read of a text; what comes after is not.
        max_tokens: usize,
        /// Rows that pairs of neighbouring tokens share, so that the order of words counts; 0, or left out, for none.
        #[serde(default)]
        pairs: usize,
    },
    /// A Transformer of the BERT family.
    Transformer {
        /// Folder of a sentence-transformers or Hugging Face model.
        from: String,
        /// Tokens that are read of a text; what comes after is not.
        max_tokens: usize,
        /// Layers, counted from the embeddings and with these, that stay as they are; 0, or left out, for none.
        #[serde(default)]
        frozen_layers: usize,
        /// Share of activations that training drops, 0 or more and below 1; left out, what the model was made for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dropout: Option<f32>,
        /// The greatest norm that the gradient of all its parameters may have in a step; a longer one is cut to it.
        clip: f32,
        /// Compute activations again on the way back instead of keeping them: an eighth of their memory for a third more
        /// work. What is learned is the same.
        #[serde(default)]
        recompute: bool,
        /// Multiply in bfloat16, in training and whenever the model is used: several times as fast where the machine has
        /// instructions for it, slower where it has not, and a little less exact. Parameters and sums are `f32` always.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        bf16: bool,
    },
}

/// Whether queries and documents go through the same network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Towers {
    /// They do; the towers differ in their heads, where there are any.
    One,
    /// Each side has a network of its own, which begin alike.
    Two,
}

/// A linear map behind each tower.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadConfig {
    /// Numbers in a vector that leaves it; at most those of the network's vectors, whose first ones it begins with.
    pub dim: usize,
    /// Its learning rate, as a multiple of the stage's.
    pub speed: f32,
}

/// Where the vectors of documents come from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Documents {
    /// From their texts: a document that is added later has a vector.
    Encoded {},
    /// From a table: each document is free, and no other can be added.
    Table {
        /// Standard deviation of the normal distribution that the numbers start from.
        init: f32,
        /// Its learning rate, as a multiple of the stage's.
        speed: f32,
    },
    /// From their texts, plus a table that begins with zeros.
    Both {
        /// The table's learning rate, as a multiple of the stage's.
        speed: f32,
    },
}

/// What queries are learned from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LearnFrom {
    /// The judgements of the training split.
    Judgements,
    /// The same, each of their queries standing several times in an epoch: a few judged queries are not lost among many
    /// that are made.
    RepeatedJudgements {
        /// How often.
        times: usize,
    },
    /// The title of each document, as a query whose exact match it is.
    Titles,
    /// Each of its synonyms.
    Synonyms,
    /// Its text.
    Texts,
    /// Runs of whole sentences of its text  [HCE, unsupervised; Lee et al., ACL 2019, inverse cloze].
    Spans(Runs),
    /// Runs of words, from anywhere in its title and text  [Izacard et al., TMLR 2022, Contriever].
    Crops(Runs),
    /// Queries that another program made for documents, in two files of the data folder  [Wang et al., NAACL 2022, GPL].
    Generated {
        /// What their names begin with: `NAME-queries.jsonl` and `NAME-qrels/train.tsv`.
        name: String,
    },
}

impl LearnFrom {
    /// Whether it is there without anybody having asked anything.
    pub fn is_made_of_documents(&self) -> bool {
        !matches!(self, LearnFrom::Judgements | LearnFrom::RepeatedJudgements { .. })
    }
}

/// Runs of words that are drawn from each document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Runs {
    /// How many; fewer where the document has not so many different ones.
    pub each: usize,
    /// Words that a run has at least; a shorter document has none.
    pub least: usize,
    /// Words that it has at most.
    pub most: usize,
    /// Words of the title and the text, from the beginning, that runs are drawn from: about as many as the encoder reads.
    /// All where it is `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<usize>,
}
