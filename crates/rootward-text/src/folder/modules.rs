//! What a text goes through after the Transformer, as `modules.json` and the folders that it names say.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{MODULES, prompts, read_json};
use crate::config::GREATEST;
use crate::error::OpenError;
use crate::head::{HeadActivation, HeadLayer};
use crate::layout::HeadShape;
use crate::model::{Length, Prompts};
use crate::pooling::Pooling;

/// The modules of a model.
pub(super) struct Modules {
    /// The folder of the Transformer, from that of the model.
    pub(super) transformer: PathBuf,
    pub(super) pooling: Pooling,
    /// The dense layers, each with its folder.
    pub(super) head: Vec<(PathBuf, HeadLayer)>,
    pub(super) length: Length,
}

/// One entry of `modules.json`.
#[derive(Deserialize)]
struct Entry {
    path: String,
    #[serde(rename = "type")]
    kind: String,
}

/// The configuration of a dense layer.
#[derive(Deserialize)]
struct DenseConfig {
    in_features: usize,
    out_features: usize,
    #[serde(default = "usual_bias")]
    bias: bool,
    #[serde(default)]
    activation_function: Option<String>,
    #[serde(default)]
    use_residual: bool,
}

fn usual_bias() -> bool {
    true
}

/// What is supported, in the words of errors.
const SEQUENCE: &str = "Transformer, Pooling, then any number of Dense, then at most one Normalize";

impl Modules {
    /// The modules of the model in a folder; those of a plain Transformer where nothing lists them.
    pub(super) fn read(folder: &Path) -> Result<Self, OpenError> {
        let path = folder.join(MODULES);
        if !path.is_file() {
            let (transformer, head) = (PathBuf::new(), Vec::new());
            return Ok(Modules { transformer, pooling: Pooling::Mean, head, length: Length::Free });
        }
        let entries: Vec<Entry> = read_json(&path)?;
        let kinds: Vec<&str> =
            entries.iter().map(|entry| entry.kind.rsplit('.').next().unwrap_or_default()).collect();
        let (length, kinds) = match kinds.split_last() {
            Some((&"Normalize", rest)) => (Length::Unit, rest),
            _ => (Length::Free, &kinds[..]),
        };
        let whole = kinds.first() == Some(&"Transformer") && kinds.get(1) == Some(&"Pooling");
        if !whole || kinds[2..].iter().any(|kind| *kind != "Dense") {
            let found = kinds.join(", ");
            return Err(OpenError::Unsupported {
                path,
                what: "the list of modules".into(),
                found,
                supported: SEQUENCE,
            });
        }
        let listed = entries[1..kinds.len()].iter().map(|entry| folder.join(&entry.path));
        if let Some(path) = listed.into_iter().find(|place| !place.join("config.json").is_file()) {
            let expected = "config.json, because modules.json lists this folder";
            return Err(OpenError::NotAModel { path, expected });
        }
        let pooling = read_pooling(&folder.join(&entries[1].path).join("config.json"), &prompts(folder)?)?;
        let mut head = Vec::new();
        for entry in &entries[2..kinds.len()] {
            let place = folder.join(&entry.path);
            let layer = read_dense(&place.join("config.json"))?;
            head.push((place, layer));
        }
        Ok(Modules { transformer: PathBuf::from(&entries[0].path), pooling, head, length })
    }

    /// Makes sure that each dense layer takes what the one before it gives.
    pub(super) fn check_widths(&self, hidden: usize) -> Result<(), OpenError> {
        let mut width = hidden;
        for (place, HeadLayer { shape, .. }) in &self.head {
            if shape.inputs != width || !(1..=GREATEST).contains(&shape.outputs) {
                let path = place.join("config.json");
                let (name, found) = ("in_features", shape.inputs.to_string());
                return Err(OpenError::Setting {
                    path,
                    name,
                    found,
                    expected: format!("{width}, and 1 to {GREATEST} out"),
                });
            }
            width = shape.outputs;
        }
        Ok(())
    }
}

fn read_pooling(path: &Path, prompts: &Prompts) -> Result<Pooling, OpenError> {
    let config: Map<String, Value> = read_json(path)?;
    let unsupported = |what: &str, found: String, supported| {
        Err(OpenError::Unsupported { path: path.to_owned(), what: what.to_owned(), found, supported })
    };
    if config.get("include_prompt") == Some(&Value::Bool(false)) && *prompts != Prompts::default() {
        let supported = "true, or no prompts in config_sentence_transformers.json";
        return unsupported("include_prompt", "false".to_owned(), supported);
    }
    let mode = match config.get("pooling_mode") {
        Some(Value::String(mode)) => mode.clone(),
        Some(other) => other.to_string(),
        // Older files have a switch for each mode.
        None => {
            let on = |(key, value): (&String, &Value)| {
                let mode = key.strip_prefix("pooling_mode_")?;
                (*value == Value::Bool(true))
                    .then(|| mode.trim_end_matches("_tokens").trim_end_matches("_token").to_owned())
            };
            config.iter().filter_map(on).collect::<Vec<_>>().join(" and ")
        }
    };
    match mode.as_str() {
        "cls" => Ok(Pooling::Cls),
        "mean" => Ok(Pooling::Mean),
        "max" => Ok(Pooling::Max),
        _ => unsupported(
            "pooling_mode",
            if mode.is_empty() { "missing".to_owned() } else { mode },
            "cls, mean, max",
        ),
    }
}

fn read_dense(path: &Path) -> Result<HeadLayer, OpenError> {
    let config: DenseConfig = read_json(path)?;
    let unsupported = |what: &str, found: String, supported| {
        Err(OpenError::Unsupported { path: path.to_owned(), what: what.to_owned(), found, supported })
    };
    if config.use_residual {
        return unsupported("use_residual", "true".to_owned(), "false");
    }
    // The program that writes these files takes a hyperbolic tangent where nothing is said.
    let name = config.activation_function.unwrap_or_else(|| "Tanh".to_owned());
    let activation = match name.rsplit('.').next() {
        Some("Identity") => HeadActivation::Identity,
        Some("Tanh") => HeadActivation::Tanh,
        _ => return unsupported("activation_function", name, "Identity, Tanh"),
    };
    let shape = HeadShape { inputs: config.in_features, outputs: config.out_features, has_bias: config.bias };
    Ok(HeadLayer { shape, activation })
}
