//! Model folders of sentence-transformers and of Hugging Face, in and out.
//!
//! `modules.json` lists what a text goes through: a Transformer, a pooling, perhaps dense layers, perhaps a
//! normalisation. A folder without it is a plain Transformer, whose tokens are pooled by their mean. A folder of the
//! hub's cache (`models--org--name`) stands for the snapshot that it has in use.

mod modules;
mod save;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::config::Config;
use crate::error::OpenError;
use crate::layout::Layout;
use crate::model::{Prompts, TextModel};
use crate::tokens::{Case, Sequences};
use crate::weights;

use modules::Modules;

const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.safetensors";
const TOKENIZER: &str = "tokenizer.json";
const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
const MODULES: &str = "modules.json";
const SENTENCE_CONFIG: &str = "config_sentence_transformers.json";
/// The file of the longest sequence, under the names that different versions gave it.
const LENGTH_CONFIGS: [&str; 3] =
    ["sentence_bert_config.json", "sentence_roberta_config.json", "sentence_xlm-roberta_config.json"];

/// Files that are carried from folder to folder as they are.
const CARRIED: [&str; 9] = [
    CONFIG,
    TOKENIZER,
    TOKENIZER_CONFIG,
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "sentencepiece.bpe.model",
];

/// What a folder says of the longest sequence and of capitals.
#[derive(Default, Deserialize)]
struct LengthConfig {
    #[serde(default)]
    max_seq_length: Option<usize>,
    #[serde(default)]
    do_lower_case: bool,
}

impl TextModel {
    /// Opens the model in a folder; of a text it will read `most` tokens, or as many as the folder says where that is
    /// less.
    ///
    /// # Errors
    /// When a file is missing, does not parse or does not fit the others, or the model is of a kind that this crate
    /// does not compute.
    pub fn open(folder: &Path, most: usize) -> Result<Self, OpenError> {
        let folder = snapshot(folder)?;
        let modules = Modules::read(&folder)?;
        let inner = folder.join(&modules.transformer);
        let path = inner.join(CONFIG);
        if !path.is_file() {
            return Err(OpenError::NotAModel {
                path: inner,
                expected: "config.json beside model.safetensors",
            });
        }
        let config = Config::parse(&read(&path)?, &path)?;
        modules.check_widths(config.hidden)?;

        let shapes: Vec<_> = modules.head.iter().map(|(_, layer)| layer.shape).collect();
        let layout = Layout::new(&config, &shapes);
        let mut parameters = Vec::new();
        let path = inner.join(WEIGHTS);
        if !path.is_file() {
            let expected = "model.safetensors (other formats can be saved again as that)";
            return Err(OpenError::NotAModel { path: inner, expected });
        }
        let places: Vec<_> = layout.tensors().iter().filter(weights::in_encoder).collect();
        let beside = weights::read(&path, &places, &mut parameters)?;
        for (at, (place, _)) in modules.head.iter().enumerate() {
            let path = place.join(WEIGHTS);
            let places: Vec<_> = weights::of_head(&layout, at).collect();
            weights::read(&path, &places, &mut parameters)?;
        }

        let length = length_config(&inner)?;
        let written = length.max_seq_length.map_or_else(|| longest_of_tokenizer(&inner), |n| Ok(Some(n)))?;
        let longest = written.unwrap_or(usize::MAX).min(config.longest()).min(most);
        let case = if length.do_lower_case { Case::Lower } else { Case::Kept };
        let path = inner.join(TOKENIZER);
        if !path.is_file() {
            let expected = "tokenizer.json (a tokenizer of another format can be saved again as that)";
            return Err(OpenError::NotAModel { path: inner, expected });
        }
        let sequences = Sequences::parse(&read(&path)?, longest, case, &path)?;
        if let Some((greatest, token)) =
            sequences.greatest().filter(|(id, _)| *id as usize >= config.vocabulary)
        {
            let (tensor, rows) = ("embeddings.word_embeddings.weight", config.vocabulary);
            return Err(OpenError::Vocabulary { path, greatest, token, tensor, rows });
        }

        let mut files = BTreeMap::new();
        for name in CARRIED {
            if inner.join(name).is_file() {
                files.insert(name.to_owned(), read(&inner.join(name))?);
            }
        }
        Ok(TextModel {
            layout,
            parameters,
            pooling: modules.pooling,
            head: modules.head.into_iter().map(|(_, layer)| layer).collect(),
            length: modules.length,
            prompts: prompts(&folder)?,
            sequences,
            case,
            longest,
            files,
            beside,
            config,
        })
    }
}

/// The folder itself, or the snapshot that a folder of the hub's cache has in use.
fn snapshot(folder: &Path) -> Result<PathBuf, OpenError> {
    let snapshots = folder.join("snapshots");
    if folder.join(CONFIG).exists() || folder.join(MODULES).exists() || !snapshots.is_dir() {
        return Ok(folder.to_owned());
    }
    if let Ok(name) = std::fs::read_to_string(folder.join("refs/main")) {
        let named = snapshots.join(name.trim());
        if named.is_dir() {
            return Ok(named);
        }
    }
    let unread = |cause| OpenError::Read { path: snapshots.clone(), cause };
    let entries = std::fs::read_dir(&snapshots).map_err(unread)?;
    let found: Vec<PathBuf> =
        entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    match &found[..] {
        [only] => Ok(only.clone()),
        _ => Err(OpenError::Snapshots { path: folder.to_owned(), found: found.len() }),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, OpenError> {
    std::fs::read(path).map_err(|cause| OpenError::Read { path: path.to_owned(), cause })
}

/// What a JSON file holds.
fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, OpenError> {
    serde_json::from_slice(&read(path)?).map_err(|cause| OpenError::Json { path: path.to_owned(), cause })
}

fn length_config(folder: &Path) -> Result<LengthConfig, OpenError> {
    let there = LENGTH_CONFIGS.iter().map(|name| folder.join(name)).find(|path| path.is_file());
    there.map_or_else(|| Ok(LengthConfig::default()), |path| read_json(&path))
}

/// The longest sequence that the tokenizer's configuration allows; `None` where it names none, or a number that stands
/// for none.
fn longest_of_tokenizer(folder: &Path) -> Result<Option<usize>, OpenError> {
    let path = folder.join(TOKENIZER_CONFIG);
    if !path.is_file() {
        return Ok(None);
    }
    let config: Value = read_json(&path)?;
    let longest = config.get("model_max_length").and_then(Value::as_f64);
    Ok(longest.filter(|n| (1.0..1e9).contains(n)).map(|n| n as usize))
}

/// What is put before texts: the prompts of sentence-transformers, under the names that it looks for.
fn prompts(folder: &Path) -> Result<Prompts, OpenError> {
    let path = folder.join(SENTENCE_CONFIG);
    if !path.is_file() {
        return Ok(Prompts::default());
    }
    let config: Value = read_json(&path)?;
    let prompt = |name: &str| config.get("prompts")?.get(name)?.as_str().map(str::to_owned);
    let usual = config.get("default_prompt_name").and_then(Value::as_str).and_then(prompt);
    let first =
        |names: &[&str]| names.iter().find_map(|name| prompt(name)).or(usual.clone()).unwrap_or_default();
    Ok(Prompts { query: first(&["query"]), document: first(&["document", "passage", "corpus"]) })
}
